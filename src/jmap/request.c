/* One request: its envelope (RFC 8620 3.3), the calls one after the other, and their answers (3.4). */
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "jmap/elsewhere.h"

#define REQUEST_MAGIC 0x6a726571u

static const struct jmap_method methods[] = {
#define JMAP_METHOD(method_name, cap, function) {.name = method_name, .capability = JMAP_##cap, .run = function},
#include "jmap/methods.h"
#undef JMAP_METHOD
};

static const char *const urns[JMAP_CAPABILITY_COUNT] = {
#define JMAP_CAPABILITY(id, urn, session, account) [JMAP_##id] = urn,
#include "jmap/capabilities.h"
#undef JMAP_CAPABILITY
};

static const struct jmap_method elsewhere = {.name = "", .capability = JMAP_CORE, .run = jmap_elsewhere};

const char *jmap_capability_urn(enum jmap_capability capability)
{
	return urns[capability];
}

/* ---- life ---- */

struct jmap_request *jmap_request_create(struct jmap *j, const struct jmap_request_events *events, void *owner)
{
	struct jmap_request *r = memory_alloc(sizeof *r);

	r->magic = REQUEST_MAGIC;
	r->jmap = j;
	r->events = events;
	r->owner = owner;
	r->created = json_object();
	r->referred = json_object();
	buf_init(&r->out, JMAP_ANSWER_MAX);
	r->emit = EMIT_INIT(&r->out);
	j->requests++;
	return r;
}

static void request_free(struct jmap_request *r)
{
	struct jmap *j = r->jmap;

	jmap_call_free(&r->call);
	json_decref(r->message);
	json_decref(r->created);
	json_decref(r->referred);
	buf_free_secret(&r->out);
	r->magic = 0;
	memory_free(r);
	j->requests--;
	if (j->destroyed)
		jmap_destroy(&j);
}

void jmap_request_leave(struct jmap_request **request)
{
	struct jmap_request *r = *request;

	*request = NULL;
	if (r == NULL)
		return;
	ENSURE_MAGIC(r, REQUEST_MAGIC);
	ENSURE(!r->running);
	if (r->waiting)
		r->left = true;
	else
		request_free(r);
}

void jmap_call_free(struct jmap_call **call)
{
	struct jmap_call *c = *call;

	*call = NULL;
	if (c == NULL)
		return;
	if (c->forget != NULL)
		c->forget(c);
	jmap_set_forget(c);
	json_decref(c->args);
	arena_free(&c->arena);
	memory_free(c);
}

void jmap_call_resume(struct jmap_call *call)
{
	struct jmap_request *r = call->request;

	ENSURE_MAGIC(r, REQUEST_MAGIC);
	ENSURE(r->waiting && !r->running);
	r->waiting = false;
	if (r->left)
		request_free(r);
	else
		r->events->ready(r->owner);
}

/* ---- the envelope ---- */

static int refuse(struct jmap_problem *problem, const char *type, const char *limit, const char *detail)
{
	*problem = (struct jmap_problem){.type = type, .status = 400, .limit = limit};
	(void)strncpy(problem->detail, detail, sizeof problem->detail - 1);
	return ERR_INVALID;
}

static int take_using(struct jmap_request *r, const json_t *using, struct jmap_problem *problem)
{
	size_t i, k;
	json_t *one;

	if (!json_is_array(using))
		return refuse(problem, "notRequest", NULL, "\"using\" must be an array of texts.");
	json_array_foreach(using, i, one) {
		if (!json_is_string(one))
			return refuse(problem, "notRequest", NULL, "\"using\" must be an array of texts.");
		for (k = 0; k < JMAP_CAPABILITY_COUNT; k++)
			if (slice_eq(jmap_text(one), slice_str(urns[k])))
				break;
		if (k == JMAP_CAPABILITY_COUNT)
			return refuse(problem, "unknownCapability", NULL, "The server does not know a capability in \"using\".");
		r->uses[k] = true;
	}
	return 0;
}

static int take_calls(struct jmap_request *r, json_t *calls, struct jmap_problem *problem)
{
	size_t i;
	json_t *call;

	if (!json_is_array(calls))
		return refuse(problem, "notRequest", NULL, "\"methodCalls\" must be an array.");
	if (json_array_size(calls) > JMAP_CALLS_MAX)
		return refuse(problem, "limit", "maxCallsInRequest", "There are too many calls in the request.");
	json_array_foreach(calls, i, call) {
		if (!json_is_array(call) || json_array_size(call) != 3 || !json_is_string(json_array_get(call, 0))
		    || !json_is_object(json_array_get(call, 1)) || !json_is_string(json_array_get(call, 2)))
			return refuse(problem, "notRequest", NULL, "A call must be an array of name, arguments and id.");
		jmap_references_note(json_array_get(call, 1), r->referred);
	}
	r->calls = calls;
	return 0;
}

static int take_created(struct jmap_request *r, const json_t *created, struct jmap_problem *problem)
{
	const char *key;
	json_t *value;

	if (created == NULL || json_is_null(created))
		return 0;
	if (!json_is_object(created) || json_object_size(created) > JMAP_CREATED_MAX)
		return refuse(problem, "notRequest", NULL, "\"createdIds\" must be an object of ids.");
	json_object_foreach((json_t *)created, key, value) {
		if (!json_is_string(value))
			return refuse(problem, "notRequest", NULL, "\"createdIds\" must be an object of ids.");
		json_object_set(r->created, key, value);
	}
	r->give_created = true;
	return 0;
}

static int take_message(struct jmap_request *r, struct jmap_problem *problem)
{
	int rc;

	if (!json_is_object(r->message))
		return refuse(problem, "notRequest", NULL, "The request must be an object.");
	if (r->jmap->requests > JMAP_REQUESTS_MAX)
		return refuse(problem, "limit", "maxConcurrentRequests", "There are too many requests at a time.");
	rc = take_using(r, json_object_get(r->message, "using"), problem);
	if (rc == 0)
		rc = take_calls(r, json_object_get(r->message, "methodCalls"), problem);
	return rc == 0 ? take_created(r, json_object_get(r->message, "createdIds"), problem) : rc;
}

int jmap_request_start(struct jmap_request *r, struct slice body, struct jmap_problem *problem)
{
	ENSURE(r->message == NULL);
	if (body.n > JMAP_REQUEST_MAX)
		return refuse(problem, "limit", "maxSizeRequest", "The request is too large.");
	if (jmap_values_count(body) > JMAP_VALUES_MAX)
		return refuse(problem, "limit", "maxSizeRequest", "There are too many values in the request.");
	r->message = json_loadb(body.n > 0 ? (const char *)body.p : "", body.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (r->message == NULL)
		return refuse(problem, "notJSON", NULL, "The request is no I-JSON.");
	return take_message(r, problem);
}

int jmap_request_start_message(struct jmap_request *r, json_t *message, struct jmap_problem *problem)
{
	ENSURE(r->message == NULL);
	r->message = message;
	r->envelope = true;
	return take_message(r, problem);
}

void jmap_problem_print(const struct jmap_problem *p, struct buf *out)
{
	struct emit e = EMIT_INIT(out);

	emit_object(&e);
	emit_key(&e, "type");
	buf_printf(out, "\"urn:ietf:params:jmap:error:%s\"", p->type);
	e.last = '"';
	emit_member_number(&e, "status", p->status);
	if (p->limit != NULL)
		emit_member_text(&e, "limit", slice_str(p->limit));
	emit_member_text(&e, "detail", slice_str(p->detail));
	emit_object_end(&e);
}

/* ---- answers ---- */

struct emit *jmap_out(struct jmap_call *call)
{
	return &call->request->emit;
}

bool jmap_room(const struct jmap_call *call)
{
	const struct jmap_request *r = call->request;

	return buf_len(&r->out) < (r->capture ? JMAP_ANSWER_MAX : JMAP_OUTPUT_HIGH);
}

void jmap_answer_begin(struct jmap_call *call, const char *name)
{
	struct jmap_request *r = call->request;
	char id[1024];
	size_t n = call->id.n < sizeof id - 1 ? call->id.n : 0;

	ENSURE(!r->answering);
	memcpy(id, call->id.p, n);
	id[n] = 0;
	r->answering = true;
	r->flushed = false;
	r->answer_start = buf_len(&r->out);
	r->answer_last = r->emit.last;
	r->capture = n > 0 && json_is_true(json_object_get(r->referred, id));
	emit_array(&r->emit);
	emit_text(&r->emit, name != NULL ? slice_str(name) : call->method);
	emit_object(&r->emit);
}

/* What is kept of an answer that a later call refers to. What would be too much is not: then the reference leads nowhere. */
static void keep_answer(struct jmap_request *r)
{
	struct slice text = slice_from(buf_slice(&r->out), r->answer_start);
	size_t values;
	json_t *answer;

	r->capture = false;
	if (text.n > 0 && text.p[0] == ',')
		text = slice_from(text, 1);
	values = jmap_values_count(text);
	if (text.n > JMAP_KEPT_MAX - r->kept_bytes || values > JMAP_VALUES_MAX - r->kept_values)
		return;
	r->kept_bytes += text.n;
	r->kept_values += values;
	answer = json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, NULL);
	if (answer != NULL)
		json_object_setn_new(r->referred, (const char *)r->call->id.p, r->call->id.n, answer);
}

static void take_back(struct jmap_request *r)
{
	buf_truncate(&r->out, r->answer_start);
	r->out.failed = false;
	r->emit.last = r->answer_last;
	r->answering = r->capture = false;
}

void jmap_answer_end(struct jmap_call *call)
{
	struct jmap_request *r = call->request;

	ENSURE(r->answering);
	emit_object_end(&r->emit);
	emit_text(&r->emit, call->id);
	emit_array_end(&r->emit);
	r->answered = true;
	if (r->out.failed) /* the end of the call sees it */
		return;
	if (r->capture)
		keep_answer(r);
	r->answering = false;
}

enum jmap_step jmap_error(struct jmap_call *call, const char *type, const char *description)
{
	struct jmap_request *r = call->request;

	if (r->answering && r->flushed) {
		r->broken = true;
		return JMAP_DONE;
	}
	if (r->answering)
		take_back(r);
	jmap_answer_begin(call, "error");
	emit_member_text(&r->emit, "type", slice_str(type));
	if (description != NULL)
		emit_member_text(&r->emit, "description", slice_str(description));
	jmap_answer_end(call);
	return JMAP_DONE;
}

/* ---- calls ---- */

static const struct jmap_method *method_find(const struct jmap_request *r, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (slice_eq(slice_str(methods[i].name), name))
			return r->uses[methods[i].capability] ? &methods[i] : NULL;
	return NULL;
}

static struct jmap_call *call_create(struct jmap_request *r, const json_t *invocation)
{
	struct jmap_call *call = memory_alloc(sizeof *call);

	call->jmap = r->jmap;
	call->request = r;
	call->method = jmap_text(json_array_get(invocation, 0));
	call->id = jmap_text(json_array_get(invocation, 2));
	return call;
}

/* The next call, or the error that it gets without being called. */
static void call_begin(struct jmap_request *r)
{
	const json_t *invocation = json_array_get(r->calls, r->at++);
	const char *error = NULL;

	r->call = call_create(r, invocation);
	r->answered = r->answering = false;
	r->method = method_find(r, r->call->method);
	if (r->method == NULL)
		error = "unknownMethod";
	else
		r->call->args = jmap_references_resolve(r, json_array_get(invocation, 1), &error);
	if (error == NULL && jmap_is_elsewhere(r->call))
		r->method = &elsewhere;
	if (error == NULL)
		return;
	(void)jmap_error(r->call, error, NULL);
	jmap_call_free(&r->call);
}

static void call_end(struct jmap_request *r)
{
	if (r->out.failed && r->flushed) {
		r->broken = true;
	} else if (r->out.failed) {
		take_back(r);
		(void)jmap_error(r->call, "serverFail", "The answer would be too large.");
	} else if (!r->answered || r->answering) {
		(void)jmap_error(r->call, "serverFail", NULL);
	}
	jmap_call_free(&r->call);
}

static void answer_head(struct jmap_request *r)
{
	const json_t *id = json_object_get(r->message, "id");

	r->begun = true;
	emit_object(&r->emit);
	if (r->envelope)
		emit_member_text(&r->emit, "@type", SLICE("Response"));
	if (r->envelope && json_is_string(id))
		emit_member_text(&r->emit, "requestId", jmap_text(id));
	emit_key(&r->emit, "methodResponses");
	emit_array(&r->emit);
}

static void answer_tail(struct jmap_request *r)
{
	r->ended = true;
	emit_array_end(&r->emit);
	if (r->give_created) {
		emit_key(&r->emit, "createdIds");
		emit_json(&r->emit, r->created);
	}
	emit_member_text(&r->emit, "sessionState", jmap_session_state(r->jmap));
	emit_object_end(&r->emit);
}

/* One step; false: it has to stop here. */
static bool step(struct jmap_request *r, enum jmap_progress *ret)
{
	*ret = JMAP_RUN_AGAIN;
	if (!r->begun)
		answer_head(r);
	if (r->call == NULL && r->at == json_array_size(r->calls)) {
		answer_tail(r);
		*ret = JMAP_RUN_DONE;
		return false;
	}
	if (r->call == NULL) {
		call_begin(r);
		return buf_len(&r->out) < JMAP_OUTPUT_HIGH;
	}
	switch (r->method->run(r->call)) {
	case JMAP_DONE: call_end(r); break;
	case JMAP_AGAIN: return false;
	case JMAP_WAIT:
		r->waiting = true;
		*ret = JMAP_RUN_WAIT;
		return false;
	}
	return !r->broken && buf_len(&r->out) < JMAP_OUTPUT_HIGH;
}

/* An answer that is referred to stays whole until its end. */
static void give_out(struct jmap_request *r, struct buf *out)
{
	if ((r->answering && r->capture) || r->out.failed || buf_len(&r->out) == 0)
		return;
	r->flushed = r->answering;
	buf_move(out, &r->out);
}

enum jmap_progress jmap_request_run(struct jmap_request *r, struct buf *out)
{
	enum jmap_progress progress;

	ENSURE_MAGIC(r, REQUEST_MAGIC);
	ENSURE(r->message != NULL && !r->ended && !r->broken && !r->running);
	if (r->waiting)
		return JMAP_RUN_WAIT;
	r->running = true;
	while (step(r, &progress))
		continue;
	r->running = false;
	if (r->broken)
		return JMAP_RUN_BROKEN;
	give_out(r, out);
	return progress;
}

/* ---- creation ids ---- */

bool jmap_id_resolve(const struct jmap_call *call, struct slice text, struct slice *ret)
{
	json_t *id;

	*ret = text;
	if (text.n == 0 || text.p[0] != '#')
		return true;
	id = jmap_member(call->request->created, slice_from(text, 1));
	*ret = jmap_text(id);
	return id != NULL;
}

void jmap_id_created(struct jmap_call *call, struct slice creation_id, struct slice id)
{
	json_t *created = call->request->created;

	if (json_object_size(created) < JMAP_CREATED_MAX)
		json_object_setn_new(created, (const char *)creation_id.p, creation_id.n, json_stringn((const char *)id.p, id.n));
}
