/* Certificates in the role auth: what auth/tls.h needs of other processes, and the edges that wait for another table. */
#include "auth/tls.h"

#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "role/auth.h"
#include "role/fetch.h"
#include "role/table.h"
#include "sso/provider_row.h"
#include "sys/file.h"

#define STEP_MS MINUTES_MS(1)
#define FIRST_STEP_MS SECONDS_MS(5)
#define WAIT_MS SECONDS_MS(60)
#define STORAGE_MAX 49152
#define FIELDS "Content-Type: application/jose+json\nUser-Agent: letterlock\n"

/* A process that has the present table, and waits for the next. */
struct waiting_edge {
	struct list_node node;
	struct ipc_call *call;
	uint64_t generation;
};

struct auth_tls_process {
	struct auth_process *a;
	struct auth_certificates *tls;
	struct timer *step, *tick;
	struct list_node waiting;
	uint8_t storage[STORAGE_MAX];
};

/* ---- the role key ---- */

static enum ipc_outcome ask_key(struct auth_tls_process *p, enum ipc_type type, const void *request, void *reply)
{
	return ipc_request_sync(p->a->ctx->ipc, type, request, reply, p->storage, sizeof p->storage);
}

static int host_make(void *arg, bool acme, struct slice pem, uint32_t *ret_key, uint8_t ret_hash[32])
{
	struct auth_tls_process *p = arg;
	struct ipc_key_tls_make request = {.use = acme ? 2 : 1, .pem = pem};
	struct ipc_key_tls_make_reply reply = {0};
	if (ask_key(p, IPC_KEY_TLS_MAKE, &request, &reply) != IPC_OK || reply.status == 2)
		return ERR_TEMPORARY;
	if (reply.status != 0)
		return ERR_INVALID;
	*ret_key = reply.key;
	memcpy(ret_hash, reply.hash.b, 32);
	return 0;
}

static void dropped(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_key_tls_drop_reply *reply = message;
	if (outcome != IPC_OK || reply->status != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "the key of a certificate was not destroyed"));
}

static void host_drop(void *arg, uint32_t key)
{
	struct auth_tls_process *p = arg;
	ipc_request(p->a->ctx->ipc, IPC_KEY_TLS_DROP, IPC_ANY, &(struct ipc_key_tls_drop){.key = key}, dropped, NULL);
}

static int host_request(void *arg, uint32_t key, const struct slice *names, size_t count, bool must_staple, struct buf *out)
{
	struct auth_tls_process *p = arg;
	struct buf list = BUF_INIT(STORAGE_MAX / 2);
	struct ipc_key_tls_request_reply reply = {0};
	for (size_t i = 0; i < count; i++)
		buf_put_bytes(&list, names[i]);
	struct ipc_key_tls_request request = {.key = key, .names = buf_slice(&list), .must_staple = must_staple};
	int rc = !list.failed && ask_key(p, IPC_KEY_TLS_REQUEST, &request, &reply) == IPC_OK && reply.status == 0 ? 0 : ERR_TEMPORARY;
	if (rc == 0)
		buf_append(out, reply.request);
	buf_free(&list);
	return rc;
}

static int host_alpn(void *arg, uint32_t key, struct slice name, const uint8_t digest[32], struct buf *out)
{
	struct auth_tls_process *p = arg;
	struct ipc_key_tls_alpn request = {.key = key, .name = name};
	struct ipc_key_tls_alpn_reply reply = {0};
	memcpy(request.digest.b, digest, 32);
	if (ask_key(p, IPC_KEY_TLS_ALPN, &request, &reply) != IPC_OK || reply.status != 0)
		return ERR_TEMPORARY;
	buf_append(out, reply.chain);
	return 0;
}

static int host_sign(void *arg, uint32_t key, struct slice nonce, struct slice url, struct slice kid, struct slice payload, struct buf *out, struct buf *thumbprint)
{
	struct auth_tls_process *p = arg;
	struct ipc_key_acme request = {.key = key, .nonce = nonce, .url = url, .kid = kid, .payload = payload};
	struct ipc_key_acme_reply reply = {0};
	if (ask_key(p, IPC_KEY_ACME, &request, &reply) != IPC_OK || reply.status != 0)
		return ERR_TEMPORARY;
	buf_append(out, reply.request);
	buf_append(thumbprint, reply.thumbprint);
	return 0;
}

/* ---- the role fetch ---- */

struct fetching {
	acme_answer_fn *fn;
	void *arg;
};

static void fetched(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_fetch_reply *reply = message;
	struct fetching *f = arg;
	bool ok = outcome == IPC_OK && reply->error.n == 0 && reply->body.n <= ACME_ANSWER_MAX;
	if (outcome == IPC_OK && reply->error.n > 0)
		log_event(EV_TLS_FAILED, LOG_STR("service", "acme"), LOG_TEXT("why", reply->error));
	f->fn(f->arg, ok ? reply->code : 0, ok ? reply->headers : SLICE_NONE, ok ? reply->body : SLICE_NONE);
	memory_free(f);
}

static void host_fetch(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg)
{
	struct auth_tls_process *p = arg;
	struct fetching *f = memory_alloc(sizeof *f);
	struct ipc_fetch request = {.method = method, .url = url, .fields = body.n > 0 ? SLICE(FIELDS) : SLICE("User-Agent: letterlock\n"), .body = body};
	*f = (struct fetching){fn, fn_arg};
	ipc_request(p->a->ctx->ipc, IPC_FETCH, IPC_ANY, &request, fetched, f);
}

static void host_ask_ocsp(void *arg, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg)
{
	struct auth_tls_process *p = arg;
	struct fetching *f = memory_alloc(sizeof *f);
	struct ipc_fetch request = {.method = SLICE("POST"), .url = url, .fields = SLICE(FETCH_OCSP_FIELDS), .body = body};
	*f = (struct fetching){fn, fn_arg};
	ipc_request(p->a->ctx->ipc, IPC_FETCH, IPC_ANY, &request, fetched, f);
}

/* ---- the edges ---- */

static void answer(struct auth_tls_process *p, struct waiting_edge *w, int fd)
{
	ipc_reply(w->call, &(struct ipc_auth_certificates_reply){.generation = fd >= 0 ? auth_tls_generation(p->tls) : w->generation, .list = fd});
	list_remove(&w->node);
	memory_free(w);
}

static int table_file(struct auth_tls_process *p)
{
	struct buf table = BUF_INIT(AUTH_TLS_TABLE_MAX);
	struct error err = {0};
	int fd = auth_tls_table(p->tls, &table) == 0 ? memfd_from_slice("certificates", buf_slice(&table), &err) : -1;
	buf_free(&table);
	return fd;
}

static void host_changed(void *arg)
{
	struct auth_tls_process *p = arg;
	int fd = list_empty(&p->waiting) ? -1 : table_file(p);
	LIST_FOREACH(node, &p->waiting)
		answer(p, LIST_ITEM(node, struct waiting_edge, node), fd);
	file_close(&fd);
}

/* Those of the class web that ask for what comes behind the present table have it. */
static bool host_shown(void *arg)
{
	struct auth_tls_process *p = arg;
	unsigned found = 0, index;
	LIST_FOREACH(node, &p->waiting) {
		const struct waiting_edge *w = LIST_ITEM(node, struct waiting_edge, node);
		found += w->generation == auth_tls_generation(p->tls) && ipc_call_sender(w->call, &index) == ROLE_WEB;
	}
	return found >= ipc_instances(p->a->ctx->ipc, ROLE_WEB);
}

static void on_certificates(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_tls_process *p = arg;
	const struct ipc_auth_certificates *request = message;
	struct waiting_edge *w = memory_alloc(sizeof *w);
	*w = (struct waiting_edge){.call = call, .generation = request->generation};
	list_append(&p->waiting, &w->node);
	if (request->generation != auth_tls_generation(p->tls)) {
		int fd = table_file(p);
		answer(p, w, fd);
		file_close(&fd);
	}
}

/* Nobody waits longer than the row of the message allows. */
static void tick(void *arg)
{
	struct auth_tls_process *p = arg;
	LIST_FOREACH(node, &p->waiting)
		answer(p, LIST_ITEM(node, struct waiting_edge, node), -1);
	timer_start(p->tick, WAIT_MS);
}

static void on_challenge(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_tls_process *p = arg;
	const struct ipc_auth_challenge *request = message;
	ipc_reply(call, &(struct ipc_auth_challenge_reply){.text = auth_tls_challenge(p->tls, request->host, request->token)});
}

/* ---- life ---- */

static struct auth_tls_settings settings_of(const struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	struct auth_tls_settings s = {.directory = c->tls_acme, .hostname = c->hostname, .must_staple = c->tls_must_staple,
		.binding = provider_secret(a->ctx->password, SLICE(ROLE_PASSWORD_ACME))};
	if (!acme_challenge_find(c->tls_acme_challenge, &s.challenge))
		s.challenge = ACME_HTTP_01;
	return s;
}

static void step(void *arg)
{
	struct auth_tls_process *p = arg;
	auth_tls_step(p->tls);
	timer_start(p->step, STEP_MS);
}

void auth_tls_start(struct auth_process *a)
{
	struct auth_tls_process *p = memory_alloc(sizeof *p);
	const struct auth_tls_host host = {p, host_make, host_drop, host_request, host_alpn, host_sign, host_fetch, host_ask_ocsp, host_changed, host_shown};
	struct auth_tls_settings settings = settings_of(a);
	p->a = a;
	list_init(&p->waiting);
	p->tls = auth_tls_create(a->directory, &a->host, &host, &settings);
	p->step = timer_create_on(a->ctx->loop, step, p);
	p->tick = timer_create_on(a->ctx->loop, tick, p);
	timer_start(p->step, FIRST_STEP_MS);
	timer_start(p->tick, WAIT_MS);
	auth_admin_tls(a->admin, p->tls);
	a->tls = p->tls;
	ipc_handle(a->ctx->ipc, IPC_AUTH_CERTIFICATES, on_certificates, p);
	ipc_handle(a->ctx->ipc, IPC_AUTH_CHALLENGE, on_challenge, p);
}

void auth_tls_reload(struct auth_process *a)
{
	struct auth_tls_settings settings = settings_of(a);
	auth_tls_configure(a->tls, &settings);
}
