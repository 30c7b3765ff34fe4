/* Sieve scripts over JMAP: auth keeps them, as it does for ManageSieve. */
#include <string.h>

#include "auth/auth.h"
#include "base/memory.h"
#include "jmap/sieve.h"
#include "role/mail_http.h"

static enum jmap_sieve_result result_of(uint8_t status)
{
	static const enum jmap_sieve_result results[] = {
		[SIEVE_OK] = JMAP_SIEVE_OK, [SIEVE_REFUSED] = JMAP_SIEVE_REFUSED, [SIEVE_NONEXISTENT] = JMAP_SIEVE_NONE,
		[SIEVE_ALREADYEXISTS] = JMAP_SIEVE_EXISTS, [SIEVE_ACTIVE_STAYS] = JMAP_SIEVE_ACTIVE_STAYS, [SIEVE_TOO_MANY] = JMAP_SIEVE_MANY,
		[SIEVE_TOO_LONG] = JMAP_SIEVE_LONG, [SIEVE_LATER] = JMAP_SIEVE_LATER,
	};

	if (status == AUTH_SIEVE_GONE)
		return JMAP_SIEVE_FORBIDDEN;
	return status < ARRAY_LEN(results) ? results[status] : JMAP_SIEVE_LATER;
}

struct question {
	struct jmap_call *call;
	struct jmap_sieve *q;
};

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *question = arg;
	const struct ipc_auth_sieve_reply *reply = message;
	struct jmap_sieve *q = question->q;

	if (outcome == IPC_OK) {
		q->result = result_of(reply->status);
		buf_append(&q->why, reply->text);
		buf_append(&q->answer, reply->result);
	}
	jmap_call_resume(question->call);
	memory_free(question);
}

static void refuse_soon(void *arg)
{
	struct question *question = arg;

	question->q->result = JMAP_SIEVE_FORBIDDEN;
	jmap_call_resume(question->call);
	memory_free(question);
}

static bool is_change(enum jmap_sieve_op op)
{
	return op == JMAP_SIEVE_PUT || op == JMAP_SIEVE_ACTIVATE || op == JMAP_SIEVE_DELETE;
}

void mail_sieve_ask(void *arg, struct jmap_call *call, struct jmap_sieve *q, int op)
{
	static const enum auth_sieve_op ops[] = {
		[JMAP_SIEVE_ROWS] = AUTH_SIEVE_ROWS, [JMAP_SIEVE_READ] = AUTH_SIEVE_GET, [JMAP_SIEVE_CHECK] = AUTH_SIEVE_CHECK,
		[JMAP_SIEVE_PUT] = AUTH_SIEVE_PUT, [JMAP_SIEVE_ACTIVATE] = AUTH_SIEVE_ACTIVATE, [JMAP_SIEVE_DELETE] = AUTH_SIEVE_DELETE,
	};
	const struct mail_http *p = arg;
	struct role_context *ctx = p->account->role->ctx;
	struct question *question = memory_alloc(sizeof *question);
	struct ipc_auth_sieve request = {.cid = slice_str(p->cid), .op = (uint8_t)ops[op], .name = q->name, .text = q->text};

	*question = (struct question){call, q};
	/* As with ManageSieve: scripts are their owner's alone, and who may only read changes none. */
	if (p->use.actor[0] != 0 || (is_change((enum jmap_sieve_op)op) && (p->seen->refuses & ACCOUNT_REFUSES_CHANGE) != 0)) {
		loop_defer(ctx->loop, refuse_soon, question);
		return;
	}
	memcpy(request.session.b, p->account->id, sizeof request.session.b);
	ipc_request(ctx->ipc, IPC_AUTH_SIEVE, IPC_ANY, &request, on_answer, question);
}
