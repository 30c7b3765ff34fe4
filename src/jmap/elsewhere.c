/*
 * Accounts of others in one session (RFC 8620 2): the engine has one account; a call for another one is given to the host, which asks the engine
 * of that account (jmap_host.ask), and what came out is given as it is. References are resolved here, before; creation ids go along and come back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "jmap/elsewhere.h"

struct jmap_others {
	struct arena arena;
	struct jmap_other *list;
	size_t count;
};

/* ---- which there are ---- */

void jmap_others(struct jmap *j, const struct jmap_other *list, size_t count)
{
	struct jmap_others *o = memory_alloc(sizeof *o);

	o->list = arena_alloc_array(&o->arena, count + 1, sizeof *o->list);
	o->count = count;
	for (size_t i = 0; i < count; i++) {
		o->list[i] = list[i];
		o->list[i].name = arena_dup(&o->arena, list[i].name);
		o->list[i].title = arena_dup(&o->arena, list[i].title);
		o->list[i].rights = arena_dup(&o->arena, list[i].rights);
	}
	jmap_others_free(j);
	j->others = o;
	buf_clear(&j->state);
}

void jmap_others_free(struct jmap *j)
{
	if (j->others == NULL)
		return;
	arena_free(&j->others->arena);
	MEMORY_FREE(&j->others);
}

const struct jmap_other *jmap_other_at(const struct jmap *j, size_t index)
{
	return j->others != NULL && index < j->others->count ? &j->others->list[index] : NULL;
}

/* ---- asking ---- */

static void asked_free(struct jmap_asked *a)
{
	json_decref(a->json);
	a->json = NULL;
	buf_free_secret(&a->answer);
}

static json_t *using(const struct jmap_request *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < JMAP_CAPABILITY_COUNT; i++)
		if (r->uses[i])
			json_array_append_new(list, json_string(jmap_capability_urn((enum jmap_capability)i)));
	return list;
}

enum jmap_step jmap_ask(struct jmap_call *call, const uint8_t account[16], const char *method, json_t *args, struct jmap_asked *ret)
{
	const struct jmap_host *host = &call->jmap->host;
	json_t *request = json_pack("{s:o, s:[[s, O, s]], s:O}", "using", using(call->request), "methodCalls", method, args, "c", "createdIds",
		call->request->created);
	char *text = json_dumps(request, JSON_COMPACT);
	struct buf body = BUF_INIT(JMAP_REQUEST_MAX * 2);

	asked_free(ret);
	*ret = (struct jmap_asked){.code = ERR_TEMPORARY, .answer = BUF_INIT(JMAP_ANSWER_MAX)};
	buf_append_str(&body, text != NULL ? text : "{}");
	host->ask(host->arg, call, account, &body, ret);
	free(text);
	json_decref(request);
	return JMAP_WAIT;
}

int jmap_ask_done(struct jmap_call *call, struct jmap_asked *asked)
{
	json_t *created, *value;
	const char *key;

	if (asked->code < 0)
		return asked->code;
	if (jmap_values_count(buf_slice(&asked->answer)) > JMAP_ASKED_VALUES_MAX)
		return ERR_LIMIT;
	asked->json = json_loadb((const char *)buf_slice(&asked->answer).p, buf_len(&asked->answer), JSON_ALLOW_NUL, NULL);
	buf_free_secret(&asked->answer);
	if (json_array_size(json_object_get(asked->json, "methodResponses")) == 0)
		return ERR_TEMPORARY;
	created = json_object_get(asked->json, "createdIds");
	json_object_foreach(created, key, value)
		jmap_id_created(call, slice_str(key), jmap_text(value));
	return 0;
}

json_t *jmap_asked_answer(const struct jmap_asked *asked, size_t index, const char **ret_name)
{
	const json_t *one = json_array_get(json_object_get(asked->json, "methodResponses"), index);
	const char *name = json_string_value(json_array_get(one, 0));

	*ret_name = name != NULL ? name : "error";
	return json_array_get(one, 1);
}

void jmap_asked_give(struct jmap_call *call, const struct jmap_asked *asked)
{
	struct emit *e = jmap_out(call);
	const char *name, *key;
	json_t *answer, *value;

	for (size_t i = 0; (answer = jmap_asked_answer(asked, i, &name)) != NULL; i++) {
		jmap_answer_begin(call, name);
		json_object_foreach(answer, key, value) {
			emit_key(e, key);
			emit_json(e, value);
		}
		jmap_answer_end(call);
	}
}

void jmap_asked_free(struct jmap_asked *asked)
{
	asked_free(asked);
}

/* ---- a call for another account ---- */

static bool stays_here(struct slice method)
{
	static const struct slice names[] = {SLICE_INIT("Core/echo"), SLICE_INIT("Email/copy"), SLICE_INIT("Blob/copy")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(names[i], method))
			return true;
	return false;
}

bool jmap_is_elsewhere(const struct jmap_call *call)
{
	struct slice account = jmap_text(json_object_get(call->args, "accountId"));
	uint8_t id[16];

	return call->jmap->host.ask != NULL && jmap_id_parse(account, 'A', id) && !slice_eq(account, jmap_account_name(call->jmap))
	       && !stays_here(call->method);
}

static void forget(struct jmap_call *call)
{
	jmap_asked_free(call->state);
}

enum jmap_step jmap_elsewhere(struct jmap_call *call)
{
	struct jmap_asked *asked = call->state;
	char method[100];
	uint8_t account[16];
	int rc;

	if (asked == NULL) {
		call->state = asked = ARENA_NEW(&call->arena, struct jmap_asked);
		call->forget = forget;
		(void)jmap_id_parse(jmap_text(json_object_get(call->args, "accountId")), 'A', account);
		(void)snprintf(method, sizeof method, "%.*s", SLICE_ARG(call->method));
		return jmap_ask(call, account, method, call->args, asked);
	}
	rc = jmap_ask_done(call, asked);
	if (rc == ERR_NOT_FOUND)
		return jmap_error(call, "accountNotFound", NULL);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_asked_give(call, asked);
	return JMAP_DONE;
}
