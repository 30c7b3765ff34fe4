#include "role/fetch.h"

#include <arpa/inet.h>

#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/client.h"
#include "http/url.h"
#include "net/conn.h"
#include "net/prefix.h"

enum { TYPE_A = 1, TYPE_AAAA = 28 };
#define INPUT_MAX 65536

struct fetch {
	struct role_context *ctx;
	struct tls_context *tls;
	struct list_node jobs;
	uint64_t done, failed, refused;
};

struct job {
	struct list_node node;
	struct fetch *fetch;
	struct ipc_call *call;     /* NULL: answered */
	struct arena arena;
	struct ipc_fetch request;  /* texts in the arena */
	struct http_url url;
	size_t body_max;           /* of the answer */
	struct slice addresses[FETCH_ADDRESSES_MAX];
	size_t address_count, next;
	unsigned questions;        /* answers of the resolver that are still to come */
	struct connector *connector;
	struct conn *conn;
	struct http_client *client;
	struct timer *deadline;
	struct buf head, body;
	uint16_t code;
	bool over;                 /* the engine said done or failed */
	const char *error;         /* why it failed */
};

/* ---- the end of a job ---- */

static void job_free(struct job *j)
{
	list_remove(&j->node);
	connector_cancel(&j->connector);
	http_client_destroy(&j->client);
	conn_destroy(&j->conn);
	timer_destroy(&j->deadline);
	buf_free_secret(&j->head);
	buf_free_secret(&j->body);
	arena_free(&j->arena);
	memory_free(j);
}

/* Answers. The job stays while the resolver is asked. */
static void job_end(struct job *j, const char *error)
{
	struct ipc_fetch_reply reply = {.code = j->code, .headers = buf_slice(&j->head), .body = buf_slice(&j->body)};

	if (error != NULL) {
		reply = (struct ipc_fetch_reply){.error = slice_str(error)};
		j->fetch->failed++;
		log_event(EV_FETCH_FAILED, LOG_TEXT("host", j->url.host), LOG_STR("why", error));
	} else {
		j->fetch->done++;
	}
	ipc_reply(j->call, &reply);
	j->call = NULL;
	if (j->questions == 0)
		job_free(j);
}

static void on_deadline(void *arg)
{
	struct job *j = arg;

	if (j->call != NULL)
		job_end(j, "it took too long");
}

/* ---- the connection ---- */

static void job_connect(struct job *j);

static void on_head(void *owner, unsigned status, const struct http_field *fields, size_t count)
{
	struct job *j = owner;

	j->code = (uint16_t)status;
	for (size_t i = 0; i < count; i++)
		buf_printf(&j->head, "%.*s: %.*s\n", SLICE_ARG(fields[i].name), SLICE_ARG(fields[i].value));
}

static void on_body(void *owner, struct slice bytes)
{
	buf_append(&((struct job *)owner)->body, bytes);
}

static void on_done(void *owner, bool reusable)
{
	((struct job *)owner)->over = true;
}

static void on_failed(void *owner, enum http_client_error why)
{
	static const char *const texts[] = {
		[HTTP_CLIENT_SYNTAX] = "the answer is malformed", [HTTP_CLIENT_LARGE] = "the answer is too large",
		[HTTP_CLIENT_CLOSED] = "the connection ended before the answer did",
	};
	struct job *j = owner;

	if (!j->over)
		j->error = texts[why];
	j->over = true;
}

static const struct http_client_events client_events = {on_head, on_body, on_done, on_failed};

/* The engine may not be freed by its own events: what it said is acted on here. */
static void job_pump(struct job *j)
{
	http_client_pump(j->client, conn_input(j->conn), conn_output(j->conn));
	if (j->over)
		job_end(j, j->head.failed || j->body.failed ? "the answer is too large" : j->error);
	else
		conn_flush(j->conn);
}

static void on_readable(void *owner)
{
	struct job *j = owner;

	if (j->call != NULL && j->client != NULL)
		job_pump(j);
}

static void on_secured(void *owner)
{
	struct job *j = owner;
	struct http_field fields[FETCH_FIELDS_MAX];
	int count = fetch_fields_parse(j->request.fields, fields, FETCH_FIELDS_MAX);
	struct http_client_request request = {
		.method = j->request.method, .target = j->url.path.n > 0 ? j->url.path : SLICE("/"), .host = j->url.authority, .fields = fields,
		.field_count = count > 0 ? (size_t)count : 0, .body = j->request.body,
	};

	j->client = http_client_create(j->body_max, &client_events, j);
	if (count < 0 || http_client_send(j->client, &request) != 0)
		job_end(j, "the request is malformed");
	else
		job_pump(j);
}

static void on_ended(void *owner, enum conn_end why)
{
	struct job *j = owner;

	if (j->call == NULL)
		return;
	if (j->client == NULL) {
		/* No handshake: perhaps another address does better. */
		conn_destroy(&j->conn);
		j->error = FETCH_TLS_FAILED;
		job_connect(j);
		return;
	}
	/* Only an orderly end may be the end of a body. */
	if (why == CONN_EOF)
		http_client_end(j->client);
	job_end(j, j->over ? j->error : "the connection broke");
}

static const struct conn_events conn_events = {.readable = on_readable, .secured = on_secured, .ended = on_ended};

static void on_connect(void *arg, int fd, int error)
{
	struct job *j = arg;

	j->connector = NULL;
	if (fd < 0) {
		j->error = "the host cannot be reached";
		job_connect(j);
		return;
	}
	j->conn = conn_create(j->fetch->ctx->loop, fd, INPUT_MAX, &conn_events, j);
	if (j->url.secure)
		conn_secure_client(j->conn, j->fetch->tls, j->url.host);
	else
		on_secured(j);
}

static void job_connect(struct job *j)
{
	const config_texts *allow = &j->fetch->ctx->config->fetch_allow;

	while (j->next < j->address_count) {
		struct slice address = j->addresses[j->next++];

		if (!fetch_address_allowed(allow, address)) {
			j->error = "the host has an address that fetch.allow does not allow";
			continue;
		}
		j->connector = connector_start(j->fetch->ctx->loop, address, j->url.port, FETCH_CONNECT_MS, on_connect, j);
		return;
	}
	job_end(j, j->error != NULL ? j->error : "the host has no address");
}

/* ---- addresses ---- */

static void add_address(struct job *j, struct slice rdata)
{
	char text[INET6_ADDRSTRLEN];

	if ((rdata.n != 4 && rdata.n != 16) || j->address_count == FETCH_ADDRESSES_MAX)
		return;
	if (inet_ntop(rdata.n == 4 ? AF_INET : AF_INET6, rdata.p, text, sizeof text) != NULL)
		j->addresses[j->address_count++] = arena_dup(&j->arena, slice_str(text));
}

static void on_resolved(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_resolve_reply *reply = message;
	struct job *j = arg;
	struct slice list = outcome == IPC_OK && reply->status == 0 ? reply->records : SLICE_NONE, rdata;
	uint16_t count = 0;

	slice_get_u16(&list, &count);
	for (uint16_t i = 0; i < count && slice_get_bytes(&list, &rdata); i++)
		add_address(j, rdata);
	if (--j->questions > 0)
		return;
	if (j->call == NULL)
		job_free(j);
	else
		job_connect(j);
}

static void ask(struct job *j, uint16_t type)
{
	struct ipc_resolve request = {.name = j->url.host, .type = type};

	j->questions++;
	ipc_request(j->fetch->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, on_resolved, j);
}

/* ---- the role ---- */

static void refuse(struct fetch *f, struct ipc_call *call, const char *why)
{
	f->refused++;
	log_event(EV_FETCH_FAILED, LOG_STR("why", why));
	ipc_reply(call, &(struct ipc_fetch_reply){.error = slice_str(why)});
}

static struct job *job_create(struct fetch *f, struct ipc_call *call, const struct ipc_fetch *request, size_t body_max)
{
	struct job *j = memory_alloc(sizeof *j);

	j->fetch = f;
	j->call = call;
	j->request = (struct ipc_fetch){.method = arena_dup(&j->arena, request->method), .url = arena_dup(&j->arena, request->url),
		.fields = arena_dup(&j->arena, request->fields), .body = arena_dup(&j->arena, request->body)};
	buf_init(&j->head, HTTP_HEAD_MAX);
	j->body_max = body_max;
	buf_init(&j->body, body_max);
	j->deadline = timer_create_on(f->ctx->loop, on_deadline, j);
	list_append(&f->jobs, &j->node);
	return j;
}

static bool comes_from(const struct ipc_call *call, enum role role)
{
	unsigned index;

	return ipc_call_sender(call, &index) == role;
}

static bool host_allowed(const struct fetch *f, const struct http_url *url)
{
	const struct config *c = f->ctx->config;

	return fetch_acme_allowed(c->tls_acme, url->host, url->port) || fetch_host_allowed(&c->fetch_allow, url->host, url->port);
}

static void on_fetch(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_fetch *request = message;
	struct fetch *f = arg;
	struct http_url url;

	bool ocsp = comes_from(call, ROLE_AUTH) && fetch_ocsp_allowed(request);
	if (http_url_parse(request->url, &url) != 0 || (!url.secure && !ocsp)) {
		refuse(f, call, "not an https URL");
		return;
	}
	bool policy = comes_from(call, ROLE_RELAY);
	if (policy && !fetch_policy_allowed(request, &url, (uint16_t)f->ctx->config->relay_sts_port)) {
		refuse(f, call, "not a policy of MTA-STS");
		return;
	}
	bool report = comes_from(call, ROLE_QUEUE);
	if (report && !fetch_report_allowed(request, &url, &f->ctx->config->fetch_allow)) {
		refuse(f, call, "not a report of TLS");
		return;
	}
	bool push = comes_from(call, ROLE_MAIL);
	if (push && !fetch_push_allowed(request, &url, &f->ctx->config->fetch_allow)) {
		refuse(f, call, "not a push message");
		return;
	}
	if (!policy && !ocsp && !report && !push && !host_allowed(f, &url)) {
		refuse(f, call, "fetch.allow does not name the host");
		return;
	}
	struct job *j = job_create(f, call, request, policy ? FETCH_POLICY_MAX : push ? FETCH_PUSH_ANSWER_MAX : FETCH_BODY_MAX);
	http_url_parse(j->request.url, &j->url);
	timer_start(j->deadline, FETCH_MS);
	if (net_prefix_valid(j->url.host)) {
		j->addresses[j->address_count++] = j->url.host;
		job_connect(j);
		return;
	}
	ask(j, TYPE_AAAA);
	ask(j, TYPE_A);
}

static int context_load(struct fetch *f, struct error *err)
{
	struct tls_context *fresh = tls_context_client(true, f->ctx->tls_ca, err);

	if (fresh == NULL)
		return ERR_INVALID;
	tls_context_free(&f->tls);
	f->tls = fresh;
	return 0;
}

static int fetch_start(struct role_context *ctx, struct error *err)
{
	struct fetch *f = memory_alloc(sizeof *f);

	f->ctx = ctx;
	list_init(&f->jobs);
	ctx->state = f;
	ipc_handle(ctx->ipc, IPC_FETCH, on_fetch, f);
	return context_load(f, err);
}

static void fetch_reload(struct role_context *ctx)
{
	struct error err = {0};

	if (context_load(ctx->state, &err) < 0)
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
}

void fetch_free(struct fetch *f)
{
	ENSURE(list_empty(&f->jobs));
	tls_context_free(&f->tls);
	memory_free(f);
}

static void fetch_status(struct role_context *ctx, struct buf *out)
{
	const struct fetch *f = ctx->state;

	buf_printf(out, "\"requests\":%llu,\"failed\":%llu,\"refused\":%llu", (unsigned long long)f->done, (unsigned long long)f->failed,
	           (unsigned long long)f->refused);
}

const struct role_ops role_fetch = {.start = fetch_start, .reload = fetch_reload, .status = fetch_status};
