/*
 * The ldap role: asks the LDAP directory of the configuration, for auth. TLS and sockets are ours; the library speaks over one end of a
 * socket pair on a thread of the pool, and this loop carries the bytes between it and the server. What a malformed answer does to the
 * library it does in this process, which has neither keys nor files.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/list.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "net/address.h"
#include "net/conn.h"
#include "role/role.h"
#include "sso/ldap_starttls.h"
#include "sso/ldap_work.h"
#include "sso/url.h"

#define JOBS_MAX 3                    /* at work; the pool has four threads */
#define WAITING_MAX 200
#define CONNECT_MS 5000
#define ANSWER_MS 15000               /* of one answer of the server */
#define RECORDS_MAX (64 << 20)
#define CHUNK_MAX 200000              /* bytes of records in one reply */
#define RESULT_MS MINUTES_MS(2)       /* a collection waits so long to be fetched */
#define INPUT_MAX 65536
#define ADDRESSES_MAX 4

enum { TYPE_A = 1, TYPE_AAAA = 28 };

struct ldap_role {
	struct role_context *ctx;
	struct tls_context *tls;
	unsigned running, waiting_count;
	struct list_node waiting;
	/* the last collection, fetched in pieces */
	struct buf records;
	uint64_t cursor;        /* its number; 0: none */
	size_t left_out;
	struct timer *forget;
	uint64_t done, failed;
};

struct job {
	struct list_node node;
	struct ldap_role *role;
	struct ipc_call *call;
	enum ldap_question { LDAP_QUESTION_VERIFY, LDAP_QUESTION_COLLECT, LDAP_QUESTION_RECIPIENT } question;
	struct arena arena;
	struct ldap_settings settings;
	struct slice name, password;
	struct url url;
	bool secure, starttls;
	bool asked;              /* StartTLS was asked for and not answered yet */
	char why[300];           /* what went wrong with the address that was tried last */
	uint16_t port;
	char addresses[ADDRESSES_MAX][ADDRESS_TEXT_MAX];
	size_t address_count, next;
	unsigned questions;
	struct connector *connector;
	struct conn *far, *near; /* the server, and the library */
	int library_fd;
	bool working;            /* the thread has it */
	/* what the thread says */
	int rc;
	struct error err;
	struct ldap_record record;
	struct buf records;
	size_t left_out;
};

static void start_waiting(struct ldap_role *r);

static void job_free(struct job *j)
{
	if (j->library_fd >= 0)
		close(j->library_fd);
	if (j->password.n > 0)
		secret_wipe((void *)j->password.p, j->password.n);
	conn_destroy(&j->far);
	conn_destroy(&j->near);
	buf_free(&j->records);
	arena_free(&j->arena);
	memory_free(j);
}

static void forget_records(void *arg)
{
	struct ldap_role *r = arg;
	buf_free(&r->records);
	r->cursor = 0;
}

static void answer_chunk(struct ldap_role *r, struct ipc_call *call, size_t offset)
{
	struct slice rest = slice_from(buf_slice(&r->records), offset), chunk = slice_sub(rest, 0, CHUNK_MAX);
	bool more = chunk.n < rest.n;
	ipc_reply(call, &(struct ipc_ldap_sync_reply){.status = 0, .more = more, .cursor = r->cursor, .left_out = (uint32_t)r->left_out,
		.records = chunk});
	if (!more)
		forget_records(r);
}

static void answer_collect(struct job *j)
{
	struct ldap_role *r = j->role;
	if (j->rc != 0) {
		ipc_reply(j->call, &(struct ipc_ldap_sync_reply){.status = 1, .error = slice_str(j->err.private_text)});
		return;
	}
	buf_free(&r->records);
	r->records = j->records;
	j->records = BUF_INIT(0);
	r->left_out = j->left_out;
	do
		random_bytes(&r->cursor, sizeof r->cursor);
	while (r->cursor == 0);
	timer_start(r->forget, RESULT_MS);
	answer_chunk(r, j->call, 0);
}

static uint8_t verdict(int rc)
{
	switch (rc) {
	case 0: return 0;
	case ERR_DENIED: return 1;
	case ERR_CLOSED: return 2;
	default: return 3;
	}
}

static void answer_verify(struct job *j)
{
	struct buf record = BUF_INIT(60000);
	if (j->rc == 0 || j->rc == ERR_CLOSED)
		ldap_record_write(&j->record, &record);
	ipc_reply(j->call, &(struct ipc_ldap_verify_reply){.status = record.failed ? 3 : verdict(j->rc), .record = buf_slice(&record),
		.error = slice_str(j->err.private_text)});
	buf_free(&record);
}

static void answer_recipient(struct job *j)
{
	ipc_reply(j->call, &(struct ipc_ldap_recipient_reply){.status = j->rc == 0 ? 0 : j->rc == ERR_NOT_FOUND ? 1 : 2,
		.error = slice_str(j->err.private_text)});
}

static void answer_job(struct job *j)
{
	switch (j->question) {
	case LDAP_QUESTION_VERIFY:
		answer_verify(j);
		break;
	case LDAP_QUESTION_COLLECT:
		answer_collect(j);
		break;
	case LDAP_QUESTION_RECIPIENT:
		answer_recipient(j);
		break;
	}
}

static void job_end(struct job *j)
{
	struct ldap_role *r = j->role;
	bool unusable = j->rc != 0 && j->rc != ERR_DENIED && j->rc != ERR_CLOSED && j->rc != ERR_NOT_FOUND;
	if (unusable)
		log_event(EV_LDAP_FAILED, LOG_TEXT("host", j->url.host), LOG_STR("why", j->err.private_text));
	r->done += !unusable;
	r->failed += unusable;
	answer_job(j);
	r->running--;
	job_free(j);
	start_waiting(r);
}

static void job_fail(struct job *j, const char *why)
{
	j->rc = error_set(&j->err, ERR_TEMPORARY, "%s", why);
	job_end(j);
}

/* ---- the library, on its thread ---- */

static void work(void *arg)
{
	struct job *j = arg;
	struct ldap_client *client = NULL;
	int fd = j->library_fd;
	j->library_fd = -1;
	j->rc = ldap_client_open(fd, ANSWER_MS, &client, &j->err);
	if (j->rc == 0 && j->question == LDAP_QUESTION_COLLECT)
		j->rc = ldap_collect(client, &j->settings, &j->records, &j->left_out, &j->err);
	else if (j->rc == 0 && j->question == LDAP_QUESTION_RECIPIENT)
		j->rc = ldap_find_recipient(client, &j->settings, j->name, &j->arena, &j->err);
	else if (j->rc == 0)
		j->rc = ldap_verify(client, &j->settings, j->name, j->password, &j->arena, &j->record, &j->err);
	ldap_client_close(&client);
}

static void worked(void *arg)
{
	job_end(arg);
}

/* ---- bytes between the server and the library ---- */

static void connect_next(struct job *j);

static void carry(struct conn *from, struct conn *to)
{
	if (from == NULL || to == NULL || conn_congested(to))
		return;
	buf_move(conn_output(to), conn_input(from));
	conn_flush(to);
	conn_flush(from); /* there is room to read again */
}

static void start_handshake(struct job *j)
{
	conn_secure_client(j->far, j->role->tls, j->url.host);
}

/* Before the handshake: nothing but the answer to StartTLS may come. */
static void starttls_readable(struct job *j)
{
	struct error err = {0};
	int rc = ldap_starttls_answer(buf_slice(conn_input(j->far)), &err);
	if (rc > 0)
		return;
	j->asked = false;
	if (rc == 0) {
		buf_clear(conn_input(j->far));
		conn_idle_limit(j->far, 0);
		start_handshake(j);
		return;
	}
	(void)snprintf(j->why, sizeof j->why, "%s", err.private_text);
	conn_destroy(&j->far);
	connect_next(j);
}

static void far_readable(void *owner)
{
	struct job *j = owner;
	if (j->asked)
		starttls_readable(j);
	else
		carry(j->far, j->near);
}

static void ask_starttls(struct job *j)
{
	j->asked = true;
	conn_idle_limit(j->far, ANSWER_MS);
	ldap_starttls_request(conn_output(j->far));
	conn_flush(j->far);
}

static void near_readable(void *owner)
{
	struct job *j = owner;
	carry(j->near, j->far);
}

/* The library sees the end of its stream and gives up; before it has begun, the next address has its turn. */
static void far_ended(void *owner, enum conn_end why);

static void near_ended(void *owner, enum conn_end why)
{
	struct job *j = owner;
	conn_destroy(&j->near);
}

static void begin_work(struct job *j)
{
	static const struct conn_events near_events = {.readable = near_readable, .drained = far_readable, .ended = near_ended};
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		job_fail(j, "no socket pair");
		return;
	}
	j->near = conn_create(j->role->ctx->loop, pair[0], INPUT_MAX, &near_events, j);
	j->library_fd = pair[1];
	j->working = true;
	loop_work(j->role->ctx->loop, work, worked, j);
}

static void far_secured(void *owner)
{
	begin_work(owner);
}

static const struct conn_events far_events = {.readable = far_readable, .drained = near_readable, .secured = far_secured,
	.ended = far_ended};

static void on_connect(void *arg, int fd, int error)
{
	struct job *j = arg;
	j->connector = NULL;
	if (fd < 0) {
		(void)snprintf(j->why, sizeof j->why, "port %u of the server: %s", j->port, strerror(error));
		connect_next(j);
		return;
	}
	j->far = conn_create(j->role->ctx->loop, fd, INPUT_MAX, &far_events, j);
	if (j->secure)
		start_handshake(j);
	else if (j->starttls)
		ask_starttls(j);
	else
		begin_work(j);
}

/* For the operator: whose fault it is, and what to look at. */
static void say_why(struct job *j, enum conn_end why)
{
	const struct tls_session *tls = conn_tls(j->far);
	struct slice problem = tls != NULL ? tls_peer_problem(tls) : SLICE_NONE;
	if (problem.n > 0)
		(void)snprintf(j->why, sizeof j->why, "the server's certificate does not hold (tls.ca, ldap.url): %.*s", SLICE_ARG(problem));
	else if (tls != NULL)
		(void)snprintf(j->why, sizeof j->why, "the TLS handshake failed: %.*s", SLICE_ARG(tls_error_text(tls)));
	else
		(void)snprintf(j->why, sizeof j->why, why == CONN_TIMEOUT ? "the server does not answer" : "the server closed the connection");
}

static void far_ended(void *owner, enum conn_end why)
{
	struct job *j = owner;
	if (!j->working)
		say_why(j, why);
	conn_destroy(&j->far);
	j->asked = false;
	if (j->near != NULL)
		conn_finish(j->near);
	else if (!j->working)
		connect_next(j);
}

static void connect_next(struct job *j)
{
	if (j->next == j->address_count) {
		job_fail(j, j->why[0] != '\0' ? j->why : "the server's name has no address");
		return;
	}
	struct slice address = slice_str(j->addresses[j->next++]);
	j->connector = connector_start(j->role->ctx->loop, address, j->port, CONNECT_MS, on_connect, j);
}

/* ---- where the server is ---- */

static void add_address(struct job *j, struct slice text)
{
	if (j->address_count < ADDRESSES_MAX && text.n < sizeof j->addresses[0])
		memcpy(j->addresses[j->address_count++], text.p, text.n);
}

static struct slice address_text_of(struct slice data, char text[ADDRESS_TEXT_MAX])
{
	const char *made = inet_ntop(data.n == 4 ? AF_INET : AF_INET6, data.p, text, ADDRESS_TEXT_MAX);
	return slice_str(made);
}

static void take_records(struct job *j, struct slice records)
{
	uint16_t count;
	struct slice data;
	char text[ADDRESS_TEXT_MAX];
	if (!slice_get_u16(&records, &count))
		return;
	while (count-- > 0 && slice_get_bytes(&records, &data)) {
		struct slice address = data.n == 4 || data.n == 16 ? address_text_of(data, text) : SLICE_NONE;
		if (address.n > 0)
			add_address(j, address);
	}
}

static void resolved(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct job *j = arg;
	const struct ipc_resolve_reply *reply = message;
	if (outcome == IPC_OK && reply->status == 0)
		take_records(j, reply->records);
	if (--j->questions == 0)
		connect_next(j);
}

static void resolve(struct job *j)
{
	struct sockaddr_storage ignored;
	if (net_address_parse(j->url.host, j->port, &ignored) > 0) {
		add_address(j, j->url.host);
		connect_next(j);
		return;
	}
	j->questions = 2;
	ipc_request(j->role->ctx->ipc, IPC_RESOLVE, IPC_ANY, &(struct ipc_resolve){.name = j->url.host, .type = TYPE_A}, resolved, j);
	ipc_request(j->role->ctx->ipc, IPC_RESOLVE, IPC_ANY, &(struct ipc_resolve){.name = j->url.host, .type = TYPE_AAAA}, resolved, j);
}

/* Passwords go to nobody without TLS, except on this machine. */
static const char *check_url(struct job *j)
{
	const struct config *c = j->role->ctx->config;
	uint32_t port = 0;
	if (c->ldap_url.n == 0)
		return "no LDAP directory is configured (ldap.url)";
	if (!url_parse(arena_dup(&j->arena, c->ldap_url), &j->url))
		return "ldap.url is malformed";
	j->secure = slice_eq(j->url.scheme, SLICE("ldaps"));
	bool local = slice_eq(j->url.host, SLICE("127.0.0.1")) || slice_eq(j->url.host, SLICE("::1"));
	j->starttls = !j->secure && c->ldap_starttls;
	if (!j->secure && !slice_eq(j->url.scheme, SLICE("ldap")))
		return "ldap.url must begin with ldaps:// or ldap://";
	if (!j->secure && !j->starttls && !local)
		return "ldap:// to another machine needs ldap.starttls: passwords go to nobody without TLS";
	if (j->url.port.n > 0)
		(void)slice_to_u32(j->url.port, &port);
	j->port = (uint16_t)(port > 0 ? port : j->secure ? 636 : 389);
	return (j->secure || j->starttls) && j->role->tls == NULL ? "no certificates to trust (tls.ca)" : NULL;
}

/* A reload may replace the configuration while the thread works. */
static void copy_settings(struct job *j)
{
	const struct config *c = j->role->ctx->config;
	struct ldap_settings *s = &j->settings;
	*s = (struct ldap_settings){c->ldap_base, c->ldap_bind, j->role->ctx->password, c->ldap_login_filter, c->ldap_login_group,
		c->ldap_people_filter, c->ldap_group_filter, c->ldap_recipient_filter,
		{slice_eq(c->ldap_kind, SLICE("active_directory")), c->ldap_mail, c->ldap_name, c->ldap_department, c->ldap_disabled,
			moment_unix(loop_now(j->role->ctx->loop))}};
	struct slice *const texts[] = {&s->base, &s->bind, &s->password, &s->login_filter, &s->login_group, &s->people_filter, &s->group_filter, &s->recipient_filter,
		&s->mapping.mail, &s->mapping.name, &s->mapping.department, &s->mapping.disabled};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = texts[i]->n > 0 ? arena_dup(&j->arena, *texts[i]) : SLICE_NONE;
}

static void job_start(struct job *j)
{
	const char *why = check_url(j);
	j->role->running++;
	copy_settings(j);
	if (why != NULL)
		job_fail(j, why);
	else
		resolve(j);
}

static void start_waiting(struct ldap_role *r)
{
	while (r->running < JOBS_MAX && !list_empty(&r->waiting)) {
		struct job *j = LIST_ITEM(r->waiting.next, struct job, node);
		list_remove(&j->node);
		r->waiting_count--;
		job_start(j);
	}
}

static void enqueue(struct ldap_role *r, struct ipc_call *call, enum ldap_question question, struct slice name, struct slice password)
{
	struct job *j = memory_alloc(sizeof *j);
	j->role = r;
	j->call = call;
	j->question = question;
	j->library_fd = -1;
	buf_init(&j->records, RECORDS_MAX);
	j->name = arena_dup(&j->arena, name);
	j->password = arena_dup(&j->arena, password);
	list_append(&r->waiting, &j->node);
	r->waiting_count++;
	start_waiting(r);
}

/* ---- requests ---- */

static void on_verify(void *arg, struct ipc_call *call, const void *message)
{
	struct ldap_role *r = arg;
	const struct ipc_ldap_verify *request = message;
	if (r->waiting_count >= WAITING_MAX)
		ipc_reply(call, &(struct ipc_ldap_verify_reply){.status = 3, .error = SLICE("too many questions wait")});
	else
		enqueue(r, call, LDAP_QUESTION_VERIFY, request->name, request->password);
}

static void on_sync(void *arg, struct ipc_call *call, const void *message)
{
	struct ldap_role *r = arg;
	const struct ipc_ldap_sync *request = message;
	if (request->cursor == 0 && r->waiting_count < WAITING_MAX)
		enqueue(r, call, LDAP_QUESTION_COLLECT, SLICE_NONE, SLICE_NONE);
	else if (request->cursor != 0 && request->cursor == r->cursor && request->offset <= buf_len(&r->records))
		answer_chunk(r, call, (size_t)request->offset);
	else
		ipc_reply(call, &(struct ipc_ldap_sync_reply){.status = 1, .error = SLICE("the collection is not there any more")});
}

static void on_find(void *arg, struct ipc_call *call, const void *message)
{
	struct ldap_role *r = arg;
	const struct ipc_ldap_recipient *request = message;
	if (r->waiting_count >= WAITING_MAX)
		ipc_reply(call, &(struct ipc_ldap_recipient_reply){.status = 2, .error = SLICE("too many questions wait")});
	else
		enqueue(r, call, LDAP_QUESTION_RECIPIENT, request->address, SLICE_NONE);
}

/* ---- life ---- */

static void load_tls(struct ldap_role *r)
{
	struct error err = {0};
	struct tls_context *fresh = tls_context_client(true, r->ctx->tls_ca, &err);
	if (fresh == NULL) {
		log_event(EV_TLS_FAILED, LOG_STR("why", err.private_text));
		return;
	}
	tls_context_free(&r->tls);
	r->tls = fresh;
}

static int ldap_start(struct role_context *ctx, struct error *err)
{
	struct ldap_role *r = memory_alloc(sizeof *r);
	crypt_init();
	(void)setenv("LDAPNOINIT", "1", 1); /* the library reads no configuration of its own */
	ldap_client_warm();
	ctx->state = r;
	r->ctx = ctx;
	list_init(&r->waiting);
	r->forget = timer_create_on(ctx->loop, forget_records, r);
	load_tls(r);
	ipc_handle(ctx->ipc, IPC_LDAP_VERIFY, on_verify, r);
	ipc_handle(ctx->ipc, IPC_LDAP_SYNC, on_sync, r);
	ipc_handle(ctx->ipc, IPC_LDAP_RECIPIENT, on_find, r);
	return 0;
}

static void ldap_reload(struct role_context *ctx)
{
	load_tls(ctx->state);
}

static void ldap_status(struct role_context *ctx, struct buf *out)
{
	const struct ldap_role *r = ctx->state;
	buf_printf(out, "\"done\":%llu,\"failed\":%llu,\"running\":%u,\"waiting\":%u", (unsigned long long)r->done,
		(unsigned long long)r->failed, r->running,
	           r->waiting_count);
}

const struct role_ops role_ldap = {.start = ldap_start, .reload = ldap_reload, .status = ldap_status};
