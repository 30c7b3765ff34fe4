/* AUTH_ONCE and AUTH_ONCE_DONE: idempotency keys of administrative calls. */
#include <unistd.h>

#include "auth/once.h"
#include "auth/subject.h"
#include "base/log.h"
#include "role/auth.h"

static int64_t now_unix(const struct auth_process *a)
{
	return moment_unix(loop_now(a->ctx->loop));
}

static void on_once(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_once *m = message;
	struct auth_evidence evidence = {m->uid, m->token, m->address, m->agent, m->reason, false};
	struct auth_local local = {.own_uid = (unsigned)geteuid()};
	struct ipc_auth_once_reply reply = {.verdict = ADMIN_ONCE_REFUSED, .status = ADMIN_UNAVAILABLE,
		.result = SLICE("{\"code\":\"keys\",\"error\":\"The key cannot be kept now; try again later.\"}")};
	struct auth_subject subject = {0};
	struct session session;
	struct arena arena = ARENA_INIT;
	struct once once = {0};
	const char *why;

	if (auth_subject_load(a->directory, &evidence, &local, now_unix(a), &arena, &subject, &session, &why) != 0)
		goto out;
	if (subject.kind == AUTH_NOBODY) {
		/* Nothing is kept for strangers; the operation itself says what they may do. */
		reply = (struct ipc_auth_once_reply){.verdict = ADMIN_ONCE_FRESH};
		goto out;
	}
	enum admin_once verdict = once_begin(a->directory, subject.name, m->key, m->hash.b, now_unix(a), &arena, &once);
	if (verdict != ADMIN_ONCE_REFUSED)
		reply = (struct ipc_auth_once_reply){.verdict = (uint8_t)verdict, .row = once.row, .status = (uint8_t)once.status, .result = once.result};
out:
	ipc_reply(call, &reply);
	arena_free(&arena);
}

static void on_done(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_once_done *m = message;
	struct error err = {0};
	int rc = m->forget ? once_forget(a->directory, m->row, &err) : once_end(a->directory, m->row, m->status, m->result, &err);

	if (rc != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "idempotency key"), LOG_STR("why", err.private_text));
	ipc_reply(call, &(struct ipc_auth_once_done_reply){.status = rc == 0 ? 0 : 1});
}

void auth_once_register(struct auth_process *a)
{
	ipc_handle(a->ctx->ipc, IPC_AUTH_ONCE, on_once, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_ONCE_DONE, on_done, a);
}
