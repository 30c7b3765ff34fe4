#include "admin/call.h"

#include <jansson.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

struct call {
	struct ipc *ipc;
	struct arena arena;
	struct admin_evidence evidence;
	const struct admin_operation *operation;
	struct slice args, key, subject;
	uint64_t once;             /* row of the key; 0: none */
	bool unknown;              /* nobody knows whether it was done */
	unsigned pending;          /* replies that are still to come */
	json_t *parts;             /* results of the shards */
	enum admin_status status;
	struct buf result;
	admin_call_fn *fn;
	void *arg;
};

void admin_error(struct buf *out, const char *code, const char *text)
{
	json_t *object = json_pack("{s:s, s:s}", "code", code, "error", text);
	char *dumped = json_dumps(object, JSON_COMPACT);

	buf_append_str(out, dumped != NULL ? dumped : "{\"code\":\"internal\",\"error\":\"\"}");
	free(dumped);
	json_decref(object);
}

/* ---- the end ---- */

static void call_free(struct call *c)
{
	json_decref(c->parts);
	buf_free_secret(&c->result); /* app passwords and recovery codes are among them */
	secret_wipe((void *)(uintptr_t)c->args.p, c->args.n);
	secret_wipe((void *)(uintptr_t)c->evidence.token.p, c->evidence.token.n);
	arena_free(&c->arena);
	memory_free(c);
}

static void call_end(struct call *c)
{
	c->fn(c->arg, c->status, buf_slice(&c->result));
	call_free(c);
}

static void call_set(struct call *c, enum admin_status status, struct slice result)
{
	c->status = status;
	buf_append(&c->result, result);
	if (c->result.failed) {
		buf_free_secret(&c->result);
		c->status = ADMIN_FAILED;
		admin_error(&c->result, "limit", "The answer is too large.");
	}
}

static void call_fail(struct call *c, enum admin_status status, const char *code, const char *text)
{
	c->status = status;
	buf_clear(&c->result);
	admin_error(&c->result, code, text);
}

static void call_unavailable(struct call *c, enum ipc_outcome outcome)
{
	c->unknown = outcome != IPC_BUSY && outcome != IPC_ABSENT;
	switch (outcome) {
	case IPC_BUSY:
		call_fail(c, ADMIN_UNAVAILABLE, "busy", "the role is busy; try again");
		return;
	case IPC_TIMEOUT:
		call_fail(c, ADMIN_UNAVAILABLE, "timeout", "the role did not answer in time");
		return;
	case IPC_GONE: case IPC_ABSENT: case IPC_OK: default:
		call_fail(c, ADMIN_UNAVAILABLE, "away", "the role is not running now; try again");
	}
}

/* ---- keys ---- */

static void on_once_done(void *arg, enum ipc_outcome outcome, const void *data)
{
	/* Not kept: then a repeated call learns that the outcome is unknown, and is not done again. */
	call_end(arg);
}

/* A refusal that changed nothing; when it became a request for approval, that is the outcome. */
static bool call_came_to_nothing(const struct call *c)
{
	json_t *result = json_loadb((const char *)buf_slice(&c->result).p, buf_len(&c->result), 0, NULL);
	bool asked = json_object_get(result, "approval") != NULL;

	json_decref(result);
	return c->status == ADMIN_UNAVAILABLE || (c->status == ADMIN_DENIED && !asked);
}

/* Keeps the outcome for calls that are repeated with this key; what may be shown only once is not kept. */
static void call_done(struct call *c)
{
	struct ipc_auth_once_done message = {.row = c->once, .status = (uint8_t)c->status};

	if (c->once == 0 || c->unknown) {
		call_end(c);
		return;
	}
	message.forget = call_came_to_nothing(c);
	if (!admin_result_find(c->operation->name)->secret && buf_len(&c->result) <= ADMIN_JSON_MAX)
		message.result = buf_slice(&c->result);
	ipc_request(c->ipc, IPC_AUTH_ONCE_DONE, 0, &message, on_once_done, c);
}

/* ---- the roles that do it ---- */

/* Every admin reply has the same shape; this view of it does not depend on the type. */
struct answer {
	enum ipc_outcome outcome;
	enum admin_status status;
	struct slice result;
};

static json_t *object_of(struct slice result)
{
	json_t *value = result.n > 0 ? json_loadb((const char *)result.p, result.n, JSON_REJECT_DUPLICATES, NULL) : json_object();

	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

static void take_part(struct call *c, const struct answer *a)
{
	json_t *part = a->outcome == IPC_OK ? object_of(a->result) : NULL;

	if (part == NULL)
		part = json_pack("{s:s}", "error", "the shard did not answer");
	json_array_append_new(c->parts, part);
	if (a->outcome != IPC_OK || a->status != ADMIN_OK)
		c->status = ADMIN_PARTIAL;
}

static void end_parts(struct call *c)
{
	json_t *all = json_pack("{s:O}", "shards", c->parts);
	char *text = json_dumps(all, JSON_COMPACT);

	call_set(c, c->status, slice_str(text));
	free(text);
	json_decref(all);
}

static void take_one(struct call *c, const struct answer *a)
{
	json_t *value = a->outcome == IPC_OK ? object_of(a->result) : NULL;

	if (a->outcome != IPC_OK)
		call_unavailable(c, a->outcome);
	else if (value == NULL)
		call_fail(c, ADMIN_FAILED, "internal", "the role gave no answer that can be shown");
	else
		call_set(c, a->status, a->result.n > 0 ? a->result : SLICE("{}"));
	json_decref(value);
}

static void on_answer(struct call *c, const struct answer *a)
{
	if (c->parts != NULL)
		take_part(c, a);
	else
		take_one(c, a);
	if (--c->pending > 0)
		return;
	if (c->parts != NULL)
		end_parts(c);
	call_done(c);
}

#define REPLY(lname) \
	static void on_##lname(void *arg, enum ipc_outcome outcome, const void *data) \
	{ \
		const struct ipc_##lname##_reply *reply = data; \
		struct answer a = {outcome, ADMIN_UNAVAILABLE, SLICE_NONE}; \
		if (reply != NULL) { \
			a.status = (enum admin_status)reply->status; \
			a.result = reply->result; \
		} \
		on_answer(arg, &a); \
	}
/* Roles that take the word of auth for who asks. */
#define PASS(lname) \
	REPLY(lname) \
	static void ask_##lname(struct call *c, enum ipc_type type, unsigned index) \
	{ \
		struct ipc_##lname message = {.subject = c->subject, .op = c->operation->name, .args = c->args}; \
		ipc_request(c->ipc, type, index, &message, on_##lname, c); \
	}
REPLY(auth_admin)
PASS(queue_admin)
PASS(mail_admin)
PASS(parent_admin)
PASS(audit_admin)

/* auth decides itself. */
static void ask_auth_admin(struct call *c, enum ipc_type type, unsigned index)
{
	struct ipc_auth_admin message = {
		.uid = c->evidence.uid, .token = c->evidence.token, .address = c->evidence.address, .agent = c->evidence.agent,
		.reason = c->evidence.reason, .op = c->operation->name, .args = c->args,
	};
	ipc_request(c->ipc, type, index, &message, on_auth_admin, c);
}

static const struct target {
	enum role role;
	enum ipc_type type;
	bool all; /* every instance is asked */
	void (*ask)(struct call *c, enum ipc_type type, unsigned index);
} targets[] = {
	{ROLE_AUTH, IPC_AUTH_ADMIN, false, ask_auth_admin},
	{ROLE_QUEUE, IPC_QUEUE_ADMIN, false, ask_queue_admin},
	{ROLE_MAIL, IPC_MAIL_ADMIN, true, ask_mail_admin},
	{ROLE_PARENT, IPC_PARENT_ADMIN, false, ask_parent_admin},
	{ROLE_AUDIT, IPC_AUDIT_ADMIN, false, ask_audit_admin},
};

static const struct target *target_of(enum role role)
{
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (targets[i].role == role)
			return &targets[i];
	UNREACHABLE();
}

static void call_pass(struct call *c)
{
	const struct target *t = target_of(c->operation->role);
	unsigned count = t->all ? ipc_instances(c->ipc, t->role) : 1;

	c->parts = t->all ? json_array() : NULL;
	c->pending = count;
	for (unsigned i = 0; i < count; i++)
		t->ask(c, t->type, i);
}

/* ---- who asks ---- */

/* While auth is away somebody on the machine still sees what its processes do: nothing else tells why. */
static bool shows_processes(const struct call *c)
{
	return c->evidence.uid != ADMIN_UID_NONE && c->operation->role == ROLE_PARENT && c->operation->kind == OPERATION_READS;
}

/* Operations of other roles: auth has to allow them first. */
static void on_authorize(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_auth_authorize_reply *reply = data;
	struct call *c = arg;

	if (outcome == IPC_OK && reply->status == ADMIN_OK) {
		c->subject = arena_dup(&c->arena, reply->subject);
		call_pass(c);
		return;
	}
	if (outcome != IPC_OK && shows_processes(c)) {
		c->subject = arena_printf(&c->arena, "unix:%u", c->evidence.uid);
		call_pass(c);
		return;
	}
	if (outcome == IPC_OK)
		call_set(c, (enum admin_status)reply->status, reply->result);
	else
		call_unavailable(c, outcome);
	c->unknown = false; /* without a word of auth nothing was begun */
	call_done(c);
}

static void call_authorize(struct call *c)
{
	struct ipc_auth_authorize message = {
		.uid = c->evidence.uid, .token = c->evidence.token, .address = c->evidence.address, .agent = c->evidence.agent,
		.reason = c->evidence.reason, .op = c->operation->name, .args = c->args,
	};

	if (c->operation->role == ROLE_AUTH)
		call_pass(c);
	else
		ipc_request(c->ipc, IPC_AUTH_AUTHORIZE, 0, &message, on_authorize, c);
}

static void on_once(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_auth_once_reply *reply = data;
	struct call *c = arg;

	if (outcome != IPC_OK) {
		call_unavailable(c, outcome);
		call_end(c);
		return;
	}
	switch ((enum admin_once)reply->verdict) {
	case ADMIN_ONCE_FRESH:
		c->once = reply->row;
		call_authorize(c);
		return;
	case ADMIN_ONCE_DONE:
		if (reply->result.n > 0)
			call_set(c, (enum admin_status)reply->status, reply->result);
		else
			call_fail(c, ADMIN_FAILED, "done_before", "This was done; its result is shown only once.");
		break;
	case ADMIN_ONCE_BEGUN:
		call_fail(c, ADMIN_FAILED, "in_progress", "A call with this key was begun, and how it ended is not known: look before you repeat it.");
		break;
	case ADMIN_ONCE_OTHER:
		call_fail(c, ADMIN_INVALID, "key_reused", "This key was used for another request.");
		break;
	case ADMIN_ONCE_REFUSED: default:
		call_set(c, (enum admin_status)reply->status, reply->result);
	}
	call_end(c);
}

static void call_once(struct call *c)
{
	struct ipc_auth_once message = {
		.uid = c->evidence.uid, .token = c->evidence.token, .address = c->evidence.address, .agent = c->evidence.agent,
		.reason = c->evidence.reason, .op = c->operation->name, .key = c->key,
	};
	struct hash_state state;

	hash_start(&state, NULL);
	hash_update_field(&state, c->operation->name);
	hash_update_field(&state, c->args);
	hash_finish(&state, message.hash.b);
	ipc_request(c->ipc, IPC_AUTH_ONCE, 0, &message, on_once, c);
}

void admin_call(struct ipc *ipc, const struct admin_evidence *evidence, const struct admin_request *request, admin_call_fn *fn, void *arg)
{
	struct call *c = memory_alloc(sizeof *c);

	c->ipc = ipc;
	c->fn = fn;
	c->arg = arg;
	c->operation = request->operation;
	c->args = arena_dup(&c->arena, request->args);
	c->key = arena_dup(&c->arena, request->key);
	c->evidence = (struct admin_evidence){.uid = evidence->uid, .token = arena_dup(&c->arena, evidence->token),
		.address = arena_dup(&c->arena, evidence->address), .agent = arena_dup(&c->arena, evidence->agent),
		.reason = arena_dup(&c->arena, evidence->reason)};
	buf_init(&c->result, ADMIN_ANSWER_MAX);
	if (c->key.n > 0 && c->operation->kind == OPERATION_CHANGES)
		call_once(c);
	else
		call_authorize(c);
}
