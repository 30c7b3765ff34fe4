#include "role/mail_http.h"
#include "role/mail_push.h"
#include "role/mail_scan.h"
#include "role/mail_submit.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "crypt/slab.h"
#include "ipc/admin.h"
#include "mime/text.h"

void mail_alive(struct mail_role *m)
{
	int64_t ms = mail_now(m) + loop_round_ms(m->ctx->loop);

	if (ms - m->alive_ms < MAIL_ALIVE_MS)
		return;
	m->alive_ms = ms;
	role_alive(m->ctx);
}

/* ---- tickets ---- */

void mail_ticket_free(struct mail_role *m, struct mail_ticket *t)
{
	map_remove(&m->tickets, slice_make(t->id.b, sizeof t->id.b));
	mail_account_drop(t->account);
	memory_free(t);
}

static enum auth_status ticket_take(struct mail_role *m, const struct ipc_mail_ticket *r, struct error *err)
{
	struct mail_account *a;
	struct mail_ticket *t, *old;

	if (auth_shard(r->account.b, ipc_instances(m->ctx->ipc, ROLE_MAIL)) != m->ctx->index)
		return AUTH_DENIED;
	if (m->stopping || m->tickets.count >= MAIL_TICKETS_MAX || mail_account_admit(m, r, &a, err) < 0)
		return AUTH_TEMPORARY;
	t = memory_alloc(sizeof *t);
	*t = (struct mail_ticket){.id = r->ticket, .account = a, .protocol = r->protocol, .rights = r->rights, .reading = r->reading,
	                          .stands = {.credential = r->credential, .proof = r->proof}, .until_ms = mail_now(m) + MAIL_TICKET_MS};
	memcpy(t->stands.delegate, r->delegate.b, sizeof t->stands.delegate);
	memcpy(t->actor, r->actor.n > 0 ? r->actor.p : (const uint8_t *)"", r->actor.n < sizeof t->actor ? r->actor.n : sizeof t->actor - 1);
	mail_account_hold(a);
	old = map_get(&m->tickets, slice_make(t->id.b, sizeof t->id.b));
	if (old != NULL)
		mail_ticket_free(m, old);
	map_put(&m->tickets, slice_make(t->id.b, sizeof t->id.b), t);
	return AUTH_OK;
}

static void on_ticket(void *arg, struct ipc_call *call, const void *request)
{
	struct error err = {0};
	struct ipc_mail_ticket_reply reply = {.status = (uint8_t)ticket_take(arg, request, &err)};

	if (reply.status != AUTH_OK)
		log_event(EV_STORE_OPEN_FAILED, LOG_STR("at", "ticket"), LOG_STR("why", err.private_text));
	ipc_reply(call, &reply);
}

/* ---- sessions ---- */

static enum auth_status attach(struct mail_role *m, const struct ipc_mail_attach *r, struct error *err)
{
	struct mail_ticket *t = map_get(&m->tickets, slice_make(r->ticket.b, sizeof r->ticket.b));
	int rc;

	if (t == NULL || t->protocol != r->protocol || t->until_ms < mail_now(m) || r->session < 0 || m->stopping) {
		if (r->session >= 0)
			close(r->session);
		error_set(err, ERR_DENIED, "no such ticket");
		return AUTH_DENIED;
	}
	if (m->ctx->config->limits_sessions_per_user > 0 && t->account->sessions >= m->ctx->config->limits_sessions_per_user) {
		close(r->session);
		mail_ticket_free(m, t);
		error_set(err, ERR_LIMIT, "sessions_per_user");
		return AUTH_THROTTLED;
	}
	mail_account_hold(t->account);
	rc = mail_session_start(t->account, t, r, err);
	mail_account_drop(t->account);
	mail_ticket_free(m, t); /* good for one session */
	return rc < 0 ? AUTH_TEMPORARY : AUTH_OK;
}

static void on_attach(void *arg, struct ipc_call *call, const void *request)
{
	const struct ipc_mail_attach *r = request;
	struct error err = {0};
	bool http = r->protocol == AUTH_PROTOCOL_JMAP;
	struct ipc_mail_attach_reply reply = {.status = (uint8_t)(http ? mail_http_attach : attach)(arg, r, &err)};

	if (reply.status != AUTH_OK)
		log_event(EV_CONN_REFUSED, LOG_TEXT("cid", r->cid), LOG_STR("why", err.private_text));
	ipc_reply(call, &reply);
}

static void on_hint(void *arg, struct ipc_call *call, const void *request)
{
	const struct ipc_mail_hint *r = request;
	struct mail_account *a = mail_account_find(arg, r->account.b);

	if (r->arrival && (a == NULL || a->store == NULL))
		mail_push_arrived(arg, r->account.b, r->seq);
	if (a == NULL || a->store == NULL || (r->seq != 0 && r->seq <= store_account_cursor(a->store)))
		return;
	if (r->seq == 0)
		mail_letter_refresh(a);
	mail_account_touch(a);
	mail_arrivals_hint(a);
}

/* ---- administration ---- */

struct findings {
	json_t *list;
	struct slice login;
};

static void finding_add(void *arg, const char *text)
{
	struct findings *f = arg;

	if (json_array_size(f->list) < 100)
		json_array_append_new(f->list, json_pack("{s:s%, s:s}", "where", (const char *)f->login.p, f->login.n, "what", text));
}

/* Every account that is open here, as the keys of the others are not, and those that could not be opened. */
static enum admin_status admin_check(struct mail_role *m, struct buf *out)
{
	struct findings f = {.list = json_array()};
	unsigned accounts = 0, findings = 0;
	json_t *result;
	char *text;

	MAP_FOREACH(entry, &m->accounts) {
		struct mail_account *a = entry->value;

		if (a->store == NULL)
			continue;
		f.login = a->login;
		findings += store_account_check(a->store, true, finding_add, &f);
		mail_alive(m);
		accounts++;
	}
	MAP_FOREACH(entry, &m->broken) {
		const struct mail_broken *b = entry->value;
		struct buf what = BUF_INIT(400);

		buf_printf(&what, "cannot be opened: %s", b->why);
		buf_append_byte(&what, 0);
		f.login = slice_str(b->login);
		finding_add(&f, (const char *)buf_slice(&what).p);
		findings++;
		buf_free(&what);
	}
	result = json_pack("{s:o, s:{s:i}}", "problems", f.list, "checked", "accounts", (int)accounts);
	text = json_dumps(result, JSON_COMPACT);
	buf_append_str(out, text == NULL ? "{}" : text);
	free(text);
	json_decref(result);
	return findings == 0 ? ADMIN_OK : ADMIN_PARTIAL;
}

static void on_admin(void *arg, struct ipc_call *call, const void *request)
{
	struct mail_role *m = arg;
	const struct ipc_mail_admin *r = request;
	struct buf out = BUF_INIT(ADMIN_JSON_MAX);
	struct ipc_mail_admin_reply reply = {.status = ADMIN_OK};

	log_event(EV_ADMIN_REQUEST, LOG_TEXT("actor", r->subject), LOG_TEXT("op", r->op));
	if (slice_eq(r->op, SLICE("mail.remove"))) {
		mail_remove(m, call, r->args);
		return;
	}
	if (slice_eq(r->op, SLICE("mail.sessions"))) {
		buf_append_str(&out, "{\"sessions\":[");
		mail_session_list(m, &out);
		buf_append_str(&out, "]}");
	} else if (slice_eq(r->op, SLICE("mail.check"))) {
		reply.status = (uint8_t)admin_check(m, &out);
	} else {
		reply.status = ADMIN_NOT_FOUND;
		buf_append_str(&out, "{\"error\":\"no such operation\"}");
	}
	reply.result = buf_slice(&out);
	ipc_reply(call, &reply);
	buf_free(&out);
}

/* ---- life ---- */

static void on_sweep(void *arg)
{
	struct mail_role *m = arg;

	MAP_FOREACH(entry, &m->tickets) {
		struct mail_ticket *t = entry->value;

		if (t->until_ms < mail_now(m))
			mail_ticket_free(m, t);
	}
	MAP_FOREACH(account, &m->accounts)
		mail_account_sweep(account->value);
	mail_use_sweep(m);
	if (m->trim)
		malloc_trim(0); /* thousands of pages of 4 KB, between which others live */
	m->trim = false;
	timer_start(m->sweep, MAIL_SWEEP_MS);
}

static int mail_start(struct role_context *ctx, struct error *err)
{
	struct mail_role *m = memory_alloc(sizeof *m);

	crypt_init();
	slab_setup(MAIL_SLAB_CELLS);
	mime_warm();
	m->ctx = ctx;
	list_init(&m->sessions);
	list_init(&m->people);
	list_init(&m->visits);
	random_bytes(m->blob_secret, sizeof m->blob_secret);
	json_object_seed(0); /* before the jail closes: it reads the system's random source */
	m->exchanges = kx_cache_new(MAIL_EXCHANGES);
	ctx->state = m;
	ipc_handle(ctx->ipc, IPC_MAIL_TICKET, on_ticket, m);
	ipc_handle(ctx->ipc, IPC_MAIL_ATTACH, on_attach, m);
	mail_revoke_register(m);
	mail_unlearn_register(m);
	ipc_handle(ctx->ipc, IPC_MAIL_HINT, on_hint, m);
	ipc_handle(ctx->ipc, IPC_MAIL_ADMIN, on_admin, m);
	m->sweep = timer_create_on(ctx->loop, on_sweep, m);
	mail_account_setup(m);
	mail_index_start(m);
	mail_submit_setup(m);
	mail_scan_setup(m);
	mail_push_start(m);
	return 0;
}

static void mail_run(struct role_context *ctx)
{
	struct mail_role *m = ctx->state;

	timer_start(m->sweep, MAIL_SWEEP_MS);
	mail_lessons_start(m);
}

/* Sessions are cut MAIL_BYE_MS after their goodbye; accounts close cleanly with the last one. */
static void stop_when_quiet(void *arg)
{
	struct mail_role *m = arg;

	MAP_FOREACH(entry, &m->accounts) {
		struct mail_account *a = entry->value;

		if (a->store != NULL && a->sessions == 0)
			store_account_park(a->store);
	}
	if (m->session_count != 0 || ipc_outstanding(m->ctx->ipc) != 0 || !list_empty(&m->closing)) {
		timer_start(m->sweep, 100);
		return;
	}
	role_stopped(m->ctx);
}

static void mail_stop(struct role_context *ctx)
{
	struct mail_role *m = ctx->state;

	m->stopping = true;
	MAP_FOREACH(entry, &m->tickets)
		mail_ticket_free(m, entry->value);
	mail_session_end(m, NULL, 0, "The server is stopping");
	timer_destroy(&m->sweep);
	m->sweep = timer_create_on(ctx->loop, stop_when_quiet, m);
	timer_start(m->sweep, 1);
}

static void mail_status(struct role_context *ctx, struct buf *out)
{
	struct mail_role *m = ctx->state;
	size_t open = 0;

	MAP_FOREACH(entry, &m->accounts) {
		struct mail_account *a = entry->value;

		open += a->store != NULL && !store_account_parked(a->store);
	}
	buf_printf(out, "\"sessions\":%zu,\"sessions_total\":%zu,\"accounts\":%zu,\"accounts_open\":%zu,\"tickets\":%zu,\"filed\":%zu,"
	           "\"secrets\":%zu,\"locked\":%s", m->session_count, m->session_total, m->accounts.count, open, m->tickets.count, m->filed,
	           slab_used(), slab_locked() ? "true" : "false");
}

const struct role_ops role_mail = {.start = mail_start, .run = mail_run, .stop = mail_stop, .status = mail_status};
