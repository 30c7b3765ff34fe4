#include "admin/remote.h"

#include <jansson.h>

#include "admin/call.h"
#include "admin/own.h"
#include "base/memory.h"

#define REPLY_RESULT_MAX 262000 /* what the row of ADMIN_CALL leaves for a result */

static void reply(struct ipc_call *call, enum admin_status status, struct slice result)
{
	ipc_reply(call, &(struct ipc_admin_call_reply){.status = (uint8_t)status, .result = result});
}

static void reply_error(struct ipc_call *call, enum admin_status status, const char *code, const char *text)
{
	struct buf result = BUF_INIT(4096);

	admin_error(&result, code, text);
	reply(call, status, buf_slice(&result));
	buf_free(&result);
}

static void on_done(void *arg, enum admin_status status, struct slice result)
{
	if (result.n <= REPLY_RESULT_MAX)
		reply(arg, status, result);
	else
		reply_error(arg, ADMIN_FAILED, "limit", "The answer is too large for this way; ask on the server itself.");
}

/* From the web only what is about oneself; the rest does not exist there. */
static bool is_offered(const struct ipc_call *call, const struct admin_request *request)
{
	unsigned index;

	return ipc_call_sender(call, &index) != ROLE_WEB || admin_operation_own(request->operation) != ADMIN_OWN_NOT;
}

static void on_call(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_admin_call *m = message;
	struct admin_evidence evidence = {.uid = ADMIN_UID_NONE, .token = m->token, .address = m->address, .agent = m->agent, .reason = m->reason};
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct error err = {0};
	int code = admin_request_make(m->op, m->args, &arena, &request, &err);

	request.key = m->key;
	if (code == 0 && !is_offered(call, &request))
		reply_error(call, ADMIN_NOT_FOUND, "unknown_operation", "There is no such operation.");
	else if (code != 0)
		reply_error(call, code == ERR_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_INVALID, code == ERR_NOT_FOUND ? "unknown_operation" : "invalid",
		            err.public_text);
	else if (m->key.n > ADMIN_KEY_MAX || m->token.n > ADMIN_TOKEN_MAX)
		reply_error(call, ADMIN_INVALID, "invalid", "Token or key are too long.");
	else
		admin_call(arg, &evidence, &request, on_done, call);
	arena_free(&arena);
}

/* ---- numbers of processes, for load balancers and metrics: nobody has to be signed in for them ---- */

struct health {
	struct ipc *ipc;
	struct ipc_call *call;
	struct buf status;
};

static void on_metrics(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_audit_admin_reply *answer = data;
	struct health *h = arg;
	struct ipc_admin_health_reply reply = {.status = ADMIN_OK, .result = buf_slice(&h->status)};
	bool good = outcome == IPC_OK && answer->status == ADMIN_OK;
	json_t *root = good ? json_loadb((const char *)answer->result.p, answer->result.n, 0, NULL) : NULL;
	const json_t *text = json_object_get(root, "text");

	if (json_is_string(text) && json_string_length(text) + buf_len(&h->status) <= REPLY_RESULT_MAX)
		reply.text = slice_make(json_string_value(text), json_string_length(text));
	ipc_reply(h->call, &reply);
	json_decref(root);
	buf_free(&h->status);
	memory_free(h);
}

static void on_status(void *arg, enum ipc_outcome outcome, const void *data)
{
	struct ipc_audit_admin request = {.subject = SLICE("health"), .op = SLICE("audit.metrics"), .args = SLICE("{}")};
	const struct ipc_parent_admin_reply *answer = data;
	struct health *h = arg;

	if (outcome == IPC_OK)
		buf_append(&h->status, answer->result);
	if (outcome == IPC_OK && answer->status == ADMIN_OK && !h->status.failed) {
		ipc_request(h->ipc, IPC_AUDIT_ADMIN, 0, &request, on_metrics, h);
		return;
	}
	ipc_reply(h->call, &(struct ipc_admin_health_reply){.status = ADMIN_UNAVAILABLE, .result = SLICE("{}")});
	buf_free(&h->status);
	memory_free(h);
}

static void on_health(void *arg, struct ipc_call *call, const void *message)
{
	struct ipc_parent_admin request = {.subject = SLICE("health"), .op = SLICE("status"), .args = SLICE("{}")};
	struct health *h = memory_alloc(sizeof *h);

	h->ipc = arg;
	h->call = call;
	buf_init(&h->status, REPLY_RESULT_MAX);
	ipc_request(arg, IPC_PARENT_ADMIN, 0, &request, on_status, h);
}

void admin_remote_register(struct ipc *ipc)
{
	ipc_handle(ipc, IPC_ADMIN_CALL, on_call, ipc);
	ipc_handle(ipc, IPC_ADMIN_HEALTH, on_health, ipc);
}
