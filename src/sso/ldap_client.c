#include "sso/ldap_client.h"

#include <ldap.h>
#include <openldap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"

#define ATTRIBUTES_MAX 60
#define VALUES_MAX 20000

struct ldap_client {
	LDAP *ld;
	struct timeval timeout;
};

void ldap_client_warm(void)
{
	LDAP *ld = NULL;
	if (ldap_initialize(&ld, "ldap://127.0.0.1") == LDAP_SUCCESS) /* connects to nobody yet */
		ldap_unbind_ext_s(ld, NULL, NULL);
}

static int fail(struct ldap_client *c, int rc, const char *what, struct error *err)
{
	enum error_code code = rc == LDAP_INVALID_CREDENTIALS || rc == LDAP_INAPPROPRIATE_AUTH || rc == LDAP_UNWILLING_TO_PERFORM
	                       || rc == LDAP_INSUFFICIENT_ACCESS || rc == LDAP_NO_SUCH_OBJECT ? ERR_DENIED : ERR_TEMPORARY;
	return error_set(err, code, "%s: %s", what, ldap_err2string(rc));
}

static void set_options(struct ldap_client *c)
{
	int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER;
	ber_len_t most = LDAP_CLIENT_INPUT_MAX;
	Sockbuf *sockbuf = NULL;
	ldap_set_option(c->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(c->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(c->ld, LDAP_OPT_DEREF, &never);
	ldap_set_option(c->ld, LDAP_OPT_TIMEOUT, &c->timeout);
	ldap_set_option(c->ld, LDAP_OPT_NETWORK_TIMEOUT, &c->timeout);
	if (ldap_get_option(c->ld, LDAP_OPT_SOCKBUF, &sockbuf) == LDAP_OPT_SUCCESS && sockbuf != NULL)
		ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &most);
}

int ldap_client_open(int fd, int64_t timeout_ms, struct ldap_client **ret, struct error *err)
{
	struct ldap_client *c = memory_alloc(sizeof *c);
	c->timeout = (struct timeval){timeout_ms / 1000, timeout_ms % 1000 * 1000};
	int rc = ldap_init_fd(fd, LDAP_PROTO_TCP, "ldap://127.0.0.1", &c->ld);
	if (rc != LDAP_SUCCESS) {
		close(fd);
		rc = fail(c, rc, "connection", err);
		memory_free(c);
		return rc;
	}
	set_options(c);
	*ret = c;
	return 0;
}

void ldap_client_close(struct ldap_client **client)
{
	if (*client == NULL)
		return;
	ldap_unbind_ext_s((*client)->ld, NULL, NULL);
	MEMORY_FREE(client);
}

int ldap_client_bind(struct ldap_client *c, struct slice name, struct slice password, struct error *err)
{
	struct berval secret = {.bv_len = password.n, .bv_val = (char *)password.p};
	if ((name.n > 0) != (password.n > 0))
		return error_set(err, ERR_DENIED, "a name without password binds nobody");
	char *dn = memory_dup_str(name);
	int rc = ldap_sasl_bind_s(c->ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
	memory_free(dn);
	return rc == LDAP_SUCCESS ? 0 : fail(c, rc, "bind", err);
}

/* ---- searching ---- */

struct reading {
	struct ldap_attribute attributes[ATTRIBUTES_MAX];
	struct berval **values[ATTRIBUTES_MAX];
	char *names[ATTRIBUTES_MAX];
	size_t count;
	struct arena arena;
};

static void read_attribute(struct reading *r, LDAP *ld, LDAPMessage *m, char *name)
{
	struct berval **values = ldap_get_values_len(ld, m, name);
	size_t count = (size_t)ldap_count_values_len(values);
	struct slice *list = arena_alloc_array(&r->arena, count < VALUES_MAX ? count : VALUES_MAX, sizeof *list);
	struct ldap_attribute *a = &r->attributes[r->count];
	*a = (struct ldap_attribute){.name = slice_str(name), .values = list};
	/* Large groups come in ranges, "member;range=0-1499", of which only the first is read. */
	ptrdiff_t option = slice_find(a->name, ';');
	if (option > 0)
		a->name = slice_sub(a->name, 0, (size_t)option);
	for (size_t i = 0; i < count && i < VALUES_MAX; i++)
		list[a->count++] = slice_make(values[i]->bv_val, values[i]->bv_len);
	r->values[r->count] = values;
	r->names[r->count++] = name;
}

static void reading_free(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++) {
		ldap_value_free_len(r->values[i]);
		ldap_memfree(r->names[i]);
	}
	arena_free(&r->arena);
}

static int read_entry(struct ldap_client *c, LDAPMessage *m, ldap_entry_fn *fn, void *arg)
{
	struct reading r = {0};
	BerElement *ber = NULL;
	char *dn = ldap_get_dn(c->ld, m);
	char *name = dn != NULL ? ldap_first_attribute(c->ld, m, &ber) : NULL;
	for (; name != NULL; name = ldap_next_attribute(c->ld, m, ber)) {
		if (r.count < ATTRIBUTES_MAX)
			read_attribute(&r, c->ld, m, name);
		else
			ldap_memfree(name);
	}
	ber_free(ber, 0);
	struct ldap_entry entry = {.dn = slice_str(dn), .attributes = r.attributes, .count = r.count};
	int rc = dn != NULL ? fn(arg, &entry) : 0;
	reading_free(&r);
	ldap_memfree(dn);
	return rc;
}

static int read_page(struct ldap_client *c, LDAPMessage *result, size_t *total, ldap_entry_fn *fn, void *arg, struct error *err)
{
	for (LDAPMessage *m = ldap_first_entry(c->ld, result); m != NULL; m = ldap_next_entry(c->ld, m)) {
		int rc = ++*total <= LDAP_CLIENT_ENTRIES_MAX ? read_entry(c, m, fn, arg) : error_set(err, ERR_LIMIT, "too many entries");
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The cookie of the next page; without one this was the last (a server without paging gives none either). */
static void next_page(struct ldap_client *c, LDAPMessage *result, struct berval *cookie)
{
	LDAPControl **controls = NULL;
	ber_int_t estimate;
	struct berval next = {0};
	int code;
	ber_memfree(cookie->bv_val);
	*cookie = (struct berval){0};
	if (ldap_parse_result(c->ld, result, &code, NULL, NULL, NULL, &controls, 0) != LDAP_SUCCESS || controls == NULL)
		return;
	LDAPControl *paged = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	if (paged != NULL && ldap_parse_pageresponse_control(c->ld, paged, &estimate, &next) == LDAP_SUCCESS)
		*cookie = next;
	ldap_controls_free(controls);
}

static int one_page(struct ldap_client *c, const char *base, const char *filter, const char *const *names, struct berval *cookie,
	LDAPMessage **ret)
{
	LDAPControl *page = NULL, *controls[2] = {0};
	int rc = ldap_create_page_control(c->ld, LDAP_CLIENT_PAGE, cookie->bv_len > 0 ? cookie : NULL, 0, &page);
	if (rc != LDAP_SUCCESS)
		return rc;
	controls[0] = page;
	rc = ldap_search_ext_s(c->ld, base, LDAP_SCOPE_SUBTREE, filter, (char **)(uintptr_t)names, 0, controls, NULL, &c->timeout, 0, ret);
	ldap_control_free(page);
	return rc;
}

int ldap_client_search(struct ldap_client *c, struct slice base, struct slice filter, const char *const *names, ldap_entry_fn *fn,
	void *arg,
	struct error *err)
{
	struct berval cookie = {0};
	size_t total = 0;
	char *base_text = memory_dup_str(base), *filter_text = memory_dup_str(filter);
	int rc = 0;
	do {
		LDAPMessage *result = NULL;
		int status = one_page(c, base_text, filter_text, names, &cookie, &result);
		/* Half of a result is none: people would seem to have left. */
		rc = status == LDAP_SUCCESS ? read_page(c, result, &total, fn, arg, err) : fail(c, status, "search", err);
		if (status == LDAP_SUCCESS)
			next_page(c, result, &cookie);
		ldap_msgfree(result);
	} while (rc == 0 && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	memory_free(base_text);
	memory_free(filter_text);
	return rc;
}

int ldap_client_matches(struct ldap_client *c, struct slice dn, struct slice filter, struct error *err)
{
	char *base = memory_dup_str(dn), *text = memory_dup_str(filter), none[] = LDAP_NO_ATTRS, *names[] = {none, NULL};
	LDAPMessage *result = NULL;
	int status = ldap_search_ext_s(c->ld, base, LDAP_SCOPE_BASE, text, names, 0, NULL, NULL, &c->timeout, 2, &result);
	int rc = status == LDAP_SUCCESS ? ldap_count_entries(c->ld, result) : status == LDAP_NO_SUCH_OBJECT ? 0 : fail(c, status, "search", err);
	ldap_msgfree(result);
	memory_free(base);
	memory_free(text);
	return rc;
}
