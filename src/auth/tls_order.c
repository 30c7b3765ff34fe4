/* One order of a certificate: between the engine of ACME and the other processes. */
#include "auth/tls_private.h"

#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "trust/facts.h"

#define REQUEST_MAX 40000
#define SHOWN_POLL_MS 100
#define SHOWN_POLLS_MAX 100         /* until every process of the class web has the certificate of a challenge */
#define DNS_POLL_MS 15000
#define DNS_POLLS_MAX 5760          /* a day, for a person to put a record into DNS */
#define RETRY_FIRST_S 300           /* doubles with each failure … */
#define RETRY_MAX_S 86400           /* … up to a day */
#define ERROR_MAX 500

/* ---- challenges ---- */

struct showing {
	struct auth_certificates *t;
	acme_shown_fn *fn;
	void *arg;
	struct tls_challenge *challenge;
	unsigned polls;
};

static void hide_all(void *arg)
{
	struct auth_certificates *t = arg;
	bool table = false;
	while (t->challenges != NULL) {
		struct tls_challenge *c = t->challenges;
		t->challenges = c->next;
		table |= c->kind == ACME_TLS_ALPN_01;
		arena_free(&c->arena);
		memory_free(c);
	}
	if (table)
		auth_tls_changed(t);
}

static struct tls_challenge *challenge_add(struct auth_certificates *t, enum acme_challenge kind, struct slice name, struct slice token, struct slice text)
{
	struct tls_challenge *c = memory_alloc(sizeof *c);
	c->kind = kind;
	c->name = arena_dup(&c->arena, name);
	c->token = arena_dup(&c->arena, token);
	c->text = arena_dup(&c->arena, text);
	c->next = t->challenges;
	t->challenges = c;
	return c;
}

static void end_showing(struct showing *s, bool ok)
{
	s->fn(s->arg, ok);
	memory_free(s);
}

static void shown_at_once(void *arg)
{
	end_showing(arg, true);
}

static void look_at_edges(void *arg)
{
	struct showing *s = arg;
	if (s->t->tls.shown(s->t->tls.arg))
		end_showing(s, true);
	else if (++s->polls > SHOWN_POLLS_MAX)
		end_showing(s, false);
	else
		s->t->host->after(s->t->host->arg, SHOWN_POLL_MS, look_at_edges, s);
}

static bool make_alpn(struct auth_certificates *t, struct tls_challenge *c)
{
	struct buf chain = BUF_INIT(REQUEST_MAX);
	bool ok = c->text.n == 32 && t->tls.alpn(t->tls.arg, t->ordering_key, c->name, c->text.p, &chain) == 0;
	if (ok)
		c->text = arena_dup(&c->arena, buf_slice(&chain));
	else
		c->kind = ACME_CHALLENGES; /* nobody is shown it */
	buf_free(&chain);
	if (ok)
		auth_tls_changed(t);
	return ok;
}

/* ---- DNS-01: somebody puts the record there; we look until it is ---- */

static void look_at_dns(void *arg);

static void looked(void *arg, bool ok, struct slice records)
{
	struct showing *s = arg;
	struct arena arena = ARENA_INIT;
	struct slice rdata, text;
	bool found = false;
	while (ok && !found && dns_record_next(&records, &rdata))
		found = dns_txt_join(&arena, rdata, &text) && slice_eq(text, s->challenge->text);
	arena_free(&arena);
	if (found)
		end_showing(s, true);
	else if (++s->polls > DNS_POLLS_MAX)
		end_showing(s, false);
	else
		s->t->host->after(s->t->host->arg, DNS_POLL_MS, look_at_dns, s);
}

static void look_at_dns(void *arg)
{
	struct showing *s = arg;
	struct arena arena = ARENA_INIT;
	s->t->host->look_up(s->t->host->arg, arena_printf(&arena, "_acme-challenge.%.*s", SLICE_ARG(s->challenge->name)), DNS_TXT, looked, s);
	arena_free(&arena);
}

/* What has to be done stands where the error would. */
static void ask_for_record(struct auth_certificates *t, const struct tls_challenge *c)
{
	struct arena arena = ARENA_INIT;
	struct tls_row row;
	struct error err = {0};
	int64_t id = t->ordering;
	if (directory_tls_get(t->directory, id, &arena, &row) == 0) {
		row.error = arena_printf(&arena, "waits for _acme-challenge.%.*s TXT \"%.*s\"", SLICE_ARG(c->name), SLICE_ARG(c->text));
		(void)auth_tls_save(t, &row, &id, &err);
	}
	arena_free(&arena);
}

static void host_show(void *arg, enum acme_challenge kind, struct slice name, struct slice token, struct slice text, acme_shown_fn *fn, void *fn_arg)
{
	struct auth_certificates *t = arg;
	struct showing *s = memory_alloc(sizeof *s);
	*s = (struct showing){.t = t, .fn = fn, .arg = fn_arg, .challenge = challenge_add(t, kind, name, token, text)};
	if (kind == ACME_DNS_01) {
		ask_for_record(t, s->challenge);
		t->host->after(t->host->arg, 0, look_at_dns, s);
	} else if (kind == ACME_TLS_ALPN_01 && make_alpn(t, s->challenge)) {
		t->host->after(t->host->arg, SHOWN_POLL_MS, look_at_edges, s);
	} else {
		s->polls = SHOWN_POLLS_MAX; /* ALPN that could not be made: the authority says so */
		t->host->after(t->host->arg, 0, shown_at_once, s);
	}
}

/* ---- signing and fetching ---- */

static void host_sign(void *arg, struct slice nonce, struct slice url, struct slice kid, struct slice payload, acme_signed_fn *fn, void *fn_arg)
{
	struct auth_certificates *t = arg;
	struct buf out = BUF_INIT(REQUEST_MAX), thumbprint = BUF_INIT(100);
	bool ok = t->tls.sign(t->tls.arg, t->account_key, nonce, url, kid, payload, &out, &thumbprint) == 0 && !out.failed;
	fn(fn_arg, ok ? buf_slice(&out) : SLICE_NONE, buf_slice(&thumbprint));
	buf_free(&out);
	buf_free(&thumbprint);
}

static void host_fetch(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg)
{
	struct auth_certificates *t = arg;
	t->tls.fetch(t->tls.arg, method, url, body, fn, fn_arg);
}

static void host_after(void *arg, int64_t ms, acme_call_fn *fn, void *fn_arg)
{
	struct auth_certificates *t = arg;
	t->host->after(t->host->arg, ms, fn, fn_arg);
}

/* ---- outcome ---- */

static int64_t retry_s(unsigned failures)
{
	int64_t s = RETRY_FIRST_S;
	for (unsigned i = 1; i < failures && s < RETRY_MAX_S; i++)
		s *= 2;
	return s > RETRY_MAX_S ? RETRY_MAX_S : s;
}

static void failed(struct auth_certificates *t, struct tls_row *row, const char *why, struct slice detail, int64_t after_s)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	int64_t id = row->id, wait;
	row->failures++;
	wait = retry_s(row->failures);
	row->attempt = auth_tls_now(t) + (after_s > wait ? after_s : wait);
	row->error = slice_sub(arena_printf(&arena, "%s%s%.*s", why, detail.n > 0 ? ": " : "", SLICE_ARG(detail)), 0, ERROR_MAX);
	(void)auth_tls_save(t, row, &id, &err);
	auth_tls_tell(t, EV_TLS_ORDER_FAILED, row, slice_str(why), detail);
	arena_free(&arena);
}

static int keep_account(struct auth_certificates *t, struct slice url)
{
	struct error err = {0};
	int rc = directory_begin(t->directory, &err);
	if (rc == 0)
		rc = directory_acme_set(t->directory, t->settings.directory, t->account_key, url, &err);
	if (rc == 0)
		rc = directory_commit(t->directory, &err);
	if (rc != 0)
		directory_rollback(t->directory);
	return rc;
}

static void ordered(void *arg, const struct acme_result *result)
{
	struct auth_certificates *t = arg;
	struct arena arena = ARENA_INIT;
	struct tls_row row;
	struct error err = {0};
	int64_t id = t->ordering;
	t->ordering = 0;
	if (result->account.n > 0)
		(void)keep_account(t, result->account);
	if (directory_tls_get(t->directory, id, &arena, &row) == 0) {
		if (result->chain.n == 0) {
			failed(t, &row, result->why, result->detail, result->retry_after_s);
		} else {
			struct tls_row fresh = row;
			if (auth_tls_install(t, &fresh, result->chain, &id, &err) != 0)
				failed(t, &row, "the certificate is not usable", slice_str(err.private_text), 0);
		}
	}
	arena_free(&arena);
	arena_free(&t->arena);
	auth_tls_step(t);
}

/* The account's key, made for the first order. */
static int find_account(struct auth_certificates *t, struct slice *ret_url)
{
	uint8_t hash[32];
	*ret_url = SLICE_NONE;
	int rc = directory_acme_get(t->directory, t->settings.directory, &t->arena, &t->account_key, ret_url);
	if (rc != ERR_NOT_FOUND)
		return rc;
	rc = t->tls.make(t->tls.arg, true, SLICE_NONE, &t->account_key, hash);
	return rc == 0 ? keep_account(t, SLICE_NONE) : rc;
}

void auth_tls_order_begin(struct auth_certificates *t, const struct tls_row *row)
{
	static const struct acme_host host = {.fetch = host_fetch, .sign = host_sign, .after = host_after, .show = host_show, .hide = hide_all};
	struct acme_host own = host;
	struct slice names[ACME_NAMES_MAX];
	struct acme_settings settings = {.directory = t->settings.directory, .challenge = t->settings.challenge, .names = names,
		.name_count = auth_tls_names(row->names, names)};
	struct buf request = BUF_INIT(REQUEST_MAX);
	struct tls_row copy = *row;
	own.arg = t;
	int rc = settings.name_count > 0 ? find_account(t, &settings.account) : ERR_INVALID;
	if (rc == 0)
		rc = t->tls.request(t->tls.arg, row->key, names, settings.name_count, t->settings.must_staple, &request);
	settings.request = buf_slice(&request);
	settings.binding = t->settings.binding;
	/* Without it once the authority has said no, for whatever reason. */
	if (row->failures == 0)
		settings.replaces = auth_tls_renewal_id(row, &t->arena);
	if (rc == 0) {
		t->ordering = row->id;
		t->ordering_key = row->key;
		(void)acme_order_start(&own, &settings, ordered, t);
	} else {
		failed(t, &copy, "the role key does not answer", SLICE_NONE, 0);
		arena_free(&t->arena);
	}
	buf_free(&request);
}
