#include "role/mail_http.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "auth/permit.h"
#include "imap/session.h"
#include "mailbox/restricted.h"
#include "pop3/session.h"
#include "role/audit_out.h"
#include "sys/file.h"

#define INPUT_MAX 131072

/*
 * Bytes of a signed-in client. One of imap and pop3 is set. The session ends when the connection has ended and nothing deferred is under
 * way (`held`).
 */
struct mail_session {
	uint32_t magic;
	struct list_node node;
	struct mail_account *account;
	struct conn *conn;
	struct imap_session *imap;
	struct pop3_session *pop3;
	struct account *seen;       /* the account as the engine sees it */
	struct mail_use use;
	struct timer *idle;
	struct mail_standing stands;
	char cid[32], address[48];
	int64_t since, command_ms;
	int literal_fd;
	uint64_t literal_size; /* of literal_fd */
	unsigned held;
	bool run_soon, ended, finishing;
};

static void session_drop(struct mail_session *s);

static struct loop *loop_of(const struct mail_session *s)
{
	return s->account->role->ctx->loop;
}

/* ---- running the engine ---- */

static bool engine_hungry(const struct mail_session *s)
{
	return s->imap != NULL ? imap_session_hungry(s->imap) : pop3_session_hungry(s->pop3);
}

static bool engine_closing(const struct mail_session *s)
{
	return s->imap != NULL ? imap_session_closing(s->imap) : pop3_session_closing(s->pop3);
}

static void engine_run(struct mail_session *s)
{
	struct buf *in = conn_input(s->conn), *out = conn_output(s->conn);

	s->account->at_work = &s->use;
	if (s->imap != NULL)
		imap_session_run(s->imap, in, out, loop_now(loop_of(s)));
	else
		pop3_session_run(s->pop3, in, out);
	s->account->at_work = NULL;
}

static void engine_free(struct mail_session *s)
{
	imap_session_destroy(&s->imap);
	pop3_session_destroy(&s->pop3);
	restricted_account_destroy(&s->seen);
}

static void idle_start(struct mail_session *s)
{
	int64_t limit = s->imap != NULL ? imap_session_idle_limit(s->imap) : POP3_IDLE_MS;

	if (limit > 0)
		timer_start(s->idle, limit);
	else
		timer_stop(s->idle);
}

static void run_deferred(void *arg);

static void run_later(struct mail_session *s)
{
	if (s->run_soon || s->ended)
		return;
	s->run_soon = true;
	s->held++;
	loop_defer(loop_of(s), run_deferred, s);
}

static void session_finish(struct mail_session *s)
{
	if (s->finishing || s->conn == NULL)
		return;
	s->finishing = true;
	conn_finish(s->conn);
	timer_start(s->idle, MAIL_BYE_MS);
}

static void session_run(struct mail_session *s)
{
	if (s->ended || s->finishing)
		return;
	mail_account_runs(s->account);
	if (!conn_congested(s->conn))
		engine_run(s);
	conn_flush(s->conn);
	if (conn_output(s->conn)->failed) { /* larger than any answer may be: our bug, but only this session's */
		log_event(EV_INTERNAL, LOG_STR("cid", s->cid), LOG_STR("at", "session output"));
		session_finish(s);
		return;
	}
	if (engine_closing(s))
		session_finish(s);
	else if (engine_hungry(s) && !conn_congested(s->conn))
		run_later(s);
	if (!s->finishing)
		idle_start(s);
}

static void run_deferred(void *arg)
{
	struct mail_session *s = arg;

	s->run_soon = false;
	session_run(s);
	session_drop(s);
}

/* ---- events of the connection ---- */

static void on_readable(void *owner)
{
	session_run(owner);
}

static void on_ended(void *owner, enum conn_end why)
{
	struct mail_session *s = owner;

	if (s->ended)
		return;
	s->ended = true;
	session_drop(s);
}

static const struct conn_events EVENTS = {.readable = on_readable, .drained = on_readable, .ended = on_ended};

static void session_cut(struct mail_session *s)
{
	on_ended(s, CONN_LOCAL);
}

static void on_idle(void *arg)
{
	struct mail_session *s = arg;

	if (s->finishing) {
		session_cut(s);
		return;
	}
	if (s->imap != NULL && imap_session_timeout(s->imap, conn_output(s->conn), loop_now(loop_of(s)))) {
		conn_flush(s->conn);
		idle_start(s);
		return;
	}
	if (s->pop3 != NULL)
		pop3_session_bye(s->pop3, "idle for too long", conn_output(s->conn));
	session_finish(s);
}

/* ---- what the engine asks of us ---- */

/* Bytes of all messages that are being appended (limits.memory). Of the process, because an append may outlive its session. */
static uint64_t appending;

static void literal_drop(struct mail_session *s)
{
	appending -= s->literal_size;
	s->literal_size = 0;
	file_close(&s->literal_fd);
}

static int literal_begin(void *owner, uint64_t size)
{
	struct mail_session *s = owner;

	literal_drop(s);
	const struct role_context *ctx = s->account->role->ctx;
	if (appending + size > ctx->config->limits_memory || !audit_out_allows_mail(ctx->audit, ctx->config->audit_mail_without))
		return ERR_TEMPORARY;
	s->literal_fd = memfd_new("letter", NULL);
	return s->literal_fd < 0 ? ERR_TEMPORARY : 0;
}

static int literal_data(void *owner, struct slice data)
{
	struct mail_session *s = owner;

	if (s->literal_fd < 0 || appending + data.n > s->account->role->ctx->config->limits_memory)
		return ERR_TEMPORARY;
	if (file_write_all(s->literal_fd, data, NULL) < 0) {
		literal_drop(s);
		return ERR_TEMPORARY;
	}
	appending += data.n;
	s->literal_size += data.n;
	return 0;
}

static int literal_end(void *owner)
{
	struct mail_session *s = owner;
	int fd = s->literal_fd;

	if (fd < 0 || memfd_seal(fd, NULL) < 0) {
		literal_drop(s);
		return ERR_TEMPORARY;
	}
	s->literal_fd = -1;
	s->literal_size = 0; /* counted until literal_close */
	return fd;
}

static void literal_abort(void *owner)
{
	struct mail_session *s = owner;

	literal_drop(s);
}

static void literal_close(void *owner, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		appending -= (uint64_t)st.st_size;
	close(fd);
}

static void on_wake(void *owner)
{
	run_later(owner);
}

/* The register is told again at the next sign-in. */
static void on_claims_told(void *arg, enum ipc_outcome outcome, const void *message)
{
}

/* What the program says of itself (RFC 2971): for the register of devices. */
static void on_client_id(void *owner, struct slice list)
{
	const struct mail_session *s = owner;
	struct ipc_auth_claims request = {.credential = s->stands.credential, .list = list};

	memcpy(request.account.b, s->account->id, sizeof request.account.b);
	ipc_request(s->account->role->ctx->ipc, IPC_AUTH_CLAIMS, IPC_ANY, &request, on_claims_told, NULL);
}

static const struct imap_session_callbacks IMAP_CALLBACKS = {
	.literal_begin = literal_begin, .literal_data = literal_data, .literal_end = literal_end, .literal_abort = literal_abort,
	.literal_close = literal_close, .wake = on_wake, .client_id = on_client_id,
};
static const struct pop3_session_callbacks POP3_CALLBACKS = {.wake = on_wake};

/* ---- life ---- */

/* Who acts, where it is not the user. */
static struct log_field actor_of(const struct mail_session *s)
{
	return s->use.actor[0] != 0 ? LOG_STR("actor", s->use.actor) : LOG_END;
}

/* Held by the connection until it ends and by a deferred run: the last one frees. */
static void session_drop(struct mail_session *s)
{
	struct mail_account *a = s->account;

	ENSURE_MAGIC(s, MAIL_SESSION_MAGIC);
	ENSURE(s->held > 0);
	if (--s->held > 0)
		return;
	list_remove(&s->node);
	engine_free(s);
	conn_destroy(&s->conn);
	timer_destroy(&s->idle);
	literal_drop(s);
	a->role->session_count--;
	a->sessions--;
	int64_t ms = (moment_unix(loop_now(a->role->ctx->loop)) - s->since) * 1000;
	mail_use_end(&s->use, ms);
	log_event(EV_SESSION_END, LOG_STR("cid", s->cid), LOG_STR("ip", s->address), LOG_TEXT("user", a->login),
	          LOG_NUM("messages", s->use.letters), LOG_NUM("bytes", s->use.bytes), LOG_NUM("ms", ms), actor_of(s));
	s->magic = 0;
	memory_free(s);
	mail_account_drop(a);
}

static void copy_text(char *to, size_t size, struct slice from)
{
	size_t n = from.n < size - 1 ? from.n : size - 1;

	memcpy(to, n == 0 ? (const void *)"" : from.p, n);
	to[n] = 0;
}

/* The account as the session may use it: all of it, without deleting for good, only to be looked at, or without attachments. */
static void open_account(struct mail_session *s, uint64_t rights)
{
	const uint64_t changing = AUTH_BIT(AUTH_MAIL_SEND) | AUTH_BIT(AUTH_MAIL_FORWARD) | AUTH_BIT(AUTH_MAIL_DELETE);
	unsigned refuses = ((rights & AUTH_BIT(AUTH_MAIL_DELETE)) == 0 ? ACCOUNT_REFUSES_DELETE : 0u)
		| ((rights & changing) == 0 ? ACCOUNT_REFUSES_CHANGE : 0u)
		| ((rights & AUTH_BIT(AUTH_MAIL_DOWNLOAD)) == 0 ? ACCOUNT_REFUSES_DOWNLOAD : 0u);

	s->seen = restricted_account_create(store_account_mailboxes(s->account->store), refuses, mail_use_watch(&s->use), &s->use);
	restricted_account_author(s->seen, slice_str(s->use.actor));
}

static void engine_start(struct mail_session *s, uint8_t protocol, struct slice tag, uint64_t rights)
{
	struct mail_account *a = s->account;
	const struct config *config = a->role->ctx->config;
	struct imap_session_settings settings = {.append_limit = config->message_size, .server_name = SLICE("Letterlock"), .user = a->login};

	open_account(s, rights);
	if (protocol == AUTH_PROTOCOL_POP3) {
		s->pop3 = pop3_session_create(s->seen, &POP3_CALLBACKS, s);
		pop3_session_hello(s->pop3, slice_eq(tag, SLICE("UTF8")));
		return;
	}
	s->imap = imap_session_create(s->seen, &settings, &IMAP_CALLBACKS, s);
	imap_session_hello(s->imap, tag, conn_output(s->conn));
}

int mail_session_start(struct mail_account *a, const struct mail_ticket *ticket, const struct ipc_mail_attach *request, struct error *err)
{
	struct mail_session *s;
	int rc = a->sessions >= MAIL_SESSIONS_PER_ACCOUNT ? error_set(err, ERR_LIMIT, "more than %d sessions", MAIL_SESSIONS_PER_ACCOUNT)
		: mail_account_open(a, err);

	if (rc < 0) {
		close(request->session);
		return rc;
	}
	s = memory_alloc(sizeof *s);
	s->magic = MAIL_SESSION_MAGIC;
	s->account = a;
	s->stands = ticket->stands;
	s->literal_fd = -1;
	s->held = 1; /* the connection */
	s->since = moment_unix(loop_now(a->role->ctx->loop));
	copy_text(s->cid, sizeof s->cid, request->cid);
	copy_text(s->address, sizeof s->address, request->address);
	mail_use_begin(&s->use, a, ticket, s->cid, s->address);
	mail_account_hold(a);
	a->sessions++;
	a->role->session_count++;
	a->role->session_total++;
	list_append(&a->role->sessions, &s->node);
	s->idle = timer_create_on(a->role->ctx->loop, on_idle, s);
	s->conn = conn_create(a->role->ctx->loop, request->session, INPUT_MAX, &EVENTS, s);
	conn_output(s->conn)->max = IMAP_OUTPUT_MAX * 2;
	buf_append(conn_input(s->conn), request->pending);
	engine_start(s, request->protocol, request->tag, ticket->rights);
	run_later(s);
	log_event(EV_SESSION_START, LOG_STR("cid", s->cid), LOG_STR("service", s->imap != NULL ? "imap" : "pop3"), LOG_STR("ip", s->address),
	          LOG_TEXT("user", a->login), LOG_NUM("credential", s->stands.credential), actor_of(s));
	return 0;
}

static void session_bye(struct mail_session *s, const char *text)
{
	if (s->ended || s->finishing)
		return;
	if (s->imap != NULL)
		imap_session_bye(s->imap, text, conn_output(s->conn));
	else
		pop3_session_bye(s->pop3, text, conn_output(s->conn));
	session_finish(s);
}

bool mail_stands_on(const struct mail_account *a, const struct mail_standing *s, const uint8_t account[16], uint32_t credential)
{
	return (memcmp(a->id, account, 16) == 0 && (credential == 0 || credential == s->credential))
	       || (memcmp(s->delegate, account, 16) == 0 && (credential == 0 || credential == s->proof));
}

void mail_session_end(struct mail_role *m, const uint8_t *account, uint32_t credential, const char *text)
{
	LIST_FOREACH(it, &m->sessions) {
		struct mail_session *s = LIST_ITEM(it, struct mail_session, node);

		if (account == NULL || mail_stands_on(s->account, &s->stands, account, credential))
			session_bye(s, text);
	}
	mail_http_revoke(m, account, credential);
}

void mail_standing_pairs(const struct mail_account *a, const struct mail_standing *s, struct buf *out)
{
	static const uint8_t nobody[16];

	buf_append_bytes(out, a->id, 16);
	buf_put_u32(out, s->credential);
	if (memcmp(s->delegate, nobody, sizeof nobody) == 0)
		return;
	buf_append_bytes(out, s->delegate, 16);
	buf_put_u32(out, s->proof);
}

void mail_session_pairs(struct mail_role *m, struct buf *out)
{
	LIST_FOREACH(it, &m->sessions) {
		struct mail_session *s = LIST_ITEM(it, struct mail_session, node);

		mail_standing_pairs(s->account, &s->stands, out);
	}
	mail_http_pairs(m, out);
}

/* A JSON string; control characters are left out. */
static void put_json(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "\"%s\":\"", name);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_append_byte(out, '\\');
		if (text.p[i] >= 0x20)
			buf_append_byte(out, text.p[i]);
	}
	buf_append_str(out, "\",");
}

void mail_session_list(struct mail_role *m, struct buf *out)
{
	const char *comma = "";

	LIST_FOREACH(it, &m->sessions) {
		struct mail_session *s = LIST_ITEM(it, struct mail_session, node);

		if (buf_len(out) > 50000)
			return;
		buf_printf(out, "%s{", comma);
		put_json(out, "cid", slice_str(s->cid));
		put_json(out, "protocol", slice_str(s->imap != NULL ? "imap" : "pop3"));
		put_json(out, "address", slice_str(s->address));
		put_json(out, "user", s->account->login);
		put_json(out, "actor", slice_str(s->use.actor));
		buf_printf(out, "\"since\":%lld}", (long long)s->since);
		comma = ",";
	}
	mail_http_list(m, out, &comma);
}
