#include "role/check_codes.h"

#include <sys/stat.h>

#include "base/ensure.h"
#include "factor/gateway.h"
#include "http/url.h"
#include "role/fetch.h"

#define KEY_FILE_MAX 2000 /* as auth reads it */

struct kind {
	const char *url_option, *body_option, *key_option;
	struct slice url, body, key_file;
};

struct report {
	check_codes_fn *fn;
	void *arg;
};

static void say(const struct report *r, const char *option, const char *what)
{
	r->fn(r->arg, option, what);
}

/* A file of the service alone, of the configured size. Rights by groups and lists are not looked at: such a file is said only when it is surely unreadable. */
static const char *key_problem(struct slice path, unsigned uid)
{
	struct stat st;
	if (stat((const char *)path.p, &st) != 0 || !S_ISREG(st.st_mode))
		return "there is no such file";
	if (st.st_size == 0 || st.st_size > KEY_FILE_MAX)
		return "the file is empty or longer than 2000 bytes";
	bool any = (st.st_mode & 0044) != 0, own = uid == (unsigned)-1 || (st.st_uid == uid && (st.st_mode & 0400) != 0);
	return any || own ? NULL : "the user of the service cannot read the file";
}

static bool has(const struct kind *k, const char *what)
{
	return slice_search(k->url, slice_str(what)) >= 0 || slice_search(k->body, slice_str(what)) >= 0;
}

static void check_unused(const struct kind *k, const struct report *r)
{
	if (k->body.n > 0)
		say(r, k->body_option, "it has no effect without the address of a gateway");
	if (k->key_file.n > 0)
		say(r, k->key_option, "it has no effect without the address of a gateway");
}

static void check_kind(const struct config *config, const struct kind *k, unsigned uid, const struct report *r)
{
	const struct gateway gateway = {.url = k->url, .body = k->body};
	struct http_url url;
	struct error err = {0};
	const char *problem;
	if (k->url.n == 0) {
		check_unused(k, r);
		return;
	}
	if (gateway_check(&gateway, &err) != 0)
		say(r, k->url_option, err.private_text);
	else if (!has(k, "{to}"))
		say(r, k->url_option, "{to} stands neither in the address nor in the body: nobody is named");
	/* Where {to} and {code} stand must not matter for this: it ends before the first of them. */
	ptrdiff_t brace = slice_find(k->url, '{');
	if (http_url_parse(brace >= 0 ? slice_sub(k->url, 0, (size_t)brace) : k->url, &url) == 0
	    && !fetch_host_allowed(&config->fetch_allow, url.host, url.port))
		say(r, k->url_option, "its host and port do not stand in fetch.allow: no request goes there");
	if (k->key_file.n > 0 && (problem = key_problem(k->key_file, uid)) != NULL)
		say(r, k->key_option, problem);
}

void check_codes(const struct config *c, unsigned uid, check_codes_fn *fn, void *arg)
{
	const struct kind kinds[] = {
		{"auth.sms_url", "auth.sms_body", "auth.sms_key_file", c->auth_sms_url, c->auth_sms_body, c->auth_sms_key_file},
		{"auth.code_mail_url", "auth.code_mail_body", "auth.code_mail_key_file", c->auth_code_mail_url, c->auth_code_mail_body,
			c->auth_code_mail_key_file},
	};
	const struct report r = {fn, arg};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		check_kind(c, &kinds[i], uid, &r);
}
