/* The runner of /set (RFC 8620 5.3): creations, then updates, then destructions. */
#include <string.h>

#include "base/ensure.h"
#include "jmap/private.h"

#define STATE_MAX 4096 /* bytes; of types that are pushed JMAP_STATE_MAX */

enum kind { CREATE, UPDATE, DESTROY, KINDS };

struct set {
	const struct jmap_set_ops *ops;
	struct jmap_set_item *items;
	size_t count, at;
	struct slice old_state;
	bool progress;       /* something was done since the first of the items that wait for others */
	bool postponed;      /* some item waits for others */
	bool worked, settled, answered;
	bool apart;          /* what is changed together was undone: one after the other */
	json_t *properties;  /* keeps what items own */
};

static struct set *set_of(const struct jmap_call *call)
{
	return call->helper;
}

void jmap_set_forget(struct jmap_call *call)
{
	struct set *s = set_of(call);

	if (s != NULL)
		json_decref(s->properties);
	call->helper = NULL;
}

/* ---- what an operation says ---- */

enum jmap_step jmap_set_error(struct jmap_set_item *item, const char *type, struct slice description)
{
	item->error = type;
	item->description = description;
	return JMAP_DONE;
}

enum jmap_step jmap_set_invalid(struct jmap_set_item *item, const char *property)
{
	item->error = "invalidProperties";
	json_array_append_new(item->properties, json_string(property));
	return JMAP_DONE;
}

enum jmap_step jmap_set_error_code(struct jmap_set_item *item, int code)
{
	switch (code) {
	case ERR_NOT_FOUND: return jmap_set_error(item, "notFound", SLICE_NONE);
	case ERR_DENIED: return jmap_set_error(item, "forbidden", SLICE_NONE);
	case ERR_NO_SPACE: return jmap_set_error(item, "overQuota", SLICE_NONE);
	case ERR_LIMIT: return jmap_set_error(item, "tooLarge", SLICE_NONE);
	case ERR_TEMPORARY: return jmap_set_error(item, "rateLimit", SLICE_NONE);
	case ERR_INVALID: return jmap_set_error(item, "invalidProperties", SLICE_NONE);
	default: return jmap_set_error(item, "serverFail", SLICE_NONE);
	}
}

/* ---- what is to be done ---- */

static void add(struct set *s, enum kind kind, struct slice key, json_t *object)
{
	struct jmap_set_item *item = &s->items[s->count++];

	*item = (struct jmap_set_item){.kind = kind, .key = key, .object = object, .properties = json_array()};
	json_array_append_new(s->properties, item->properties);
}

static struct slice id_of(const struct jmap_call *call, struct slice key)
{
	struct slice id;

	return jmap_id_resolve(call, key, &id) ? id : key;
}

static bool take_items(struct jmap_call *call, struct set *s)
{
	json_t *create = NULL, *update = NULL, *destroy = NULL, *value;
	const char *key;
	size_t i, n;

	if (!jmap_arg_object(call, "create", &create) || !jmap_arg_object(call, "update", &update) || !jmap_arg_texts(call, "destroy", &destroy))
		return false;
	n = json_object_size(create) + json_object_size(update) + json_array_size(destroy);
	if (n > JMAP_SET_MAX) {
		(void)jmap_error(call, "requestTooLarge", NULL);
		return false;
	}
	s->items = arena_alloc_array(&call->arena, n + 1, sizeof *s->items);
	json_object_foreach(create, key, value)
		add(s, CREATE, slice_str(key), value);
	json_object_foreach(update, key, value)
		add(s, UPDATE, slice_str(key), value);
	json_array_foreach(destroy, i, value)
		add(s, DESTROY, jmap_text(value), NULL);
	for (i = 0; i < s->count; i++)
		if (s->items[i].kind != DESTROY && !json_is_object(s->items[i].object)) {
			(void)jmap_error(call, "invalidArguments", "An object of \"create\" or \"update\" is none.");
			return false;
		}
	return true;
}

static bool state_now(struct jmap_call *call, const struct set *s, struct slice *ret)
{
	struct buf text = BUF_INIT(STATE_MAX);
	int rc = s->ops->state != NULL ? s->ops->state(call, &text) : 0;

	*ret = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&text);
	if (rc < 0)
		(void)jmap_error_code(call, rc);
	return rc >= 0;
}

static bool check_state(struct jmap_call *call, struct set *s)
{
	struct slice wanted = {NULL, 0};

	if (s->ops->state == NULL && json_object_get(call->args, "ifInState") != NULL) {
		(void)jmap_error(call, "invalidArguments", "There is no state.");
		return false;
	}
	if (!jmap_arg_text(call, "ifInState", &wanted) || !state_now(call, s, &s->old_state))
		return false;
	if (wanted.p == NULL || slice_eq(wanted, s->old_state))
		return true;
	(void)jmap_error(call, "stateMismatch", NULL);
	return false;
}

static bool set_begin(struct jmap_call *call, const struct jmap_set_ops *ops)
{
	static const char *const own[] = {"ifInState", "create", "update", "destroy"};
	const char **names = arena_alloc_array(&call->arena, 32, sizeof *names);
	struct set *s = arena_alloc(&call->arena, sizeof *s);
	size_t n = ARRAY_LEN(own);

	memcpy(names, own, sizeof own);
	for (const char *const *more = ops->more; more != NULL && *more != NULL; more++)
		names[n++] = *more;
	s->ops = ops;
	s->properties = json_array();
	call->helper = s;
	return jmap_args_check(call, names) && take_items(call, s) && check_state(call, s) && (ops->begin == NULL || ops->begin(call));
}

/* ---- doing it ---- */

static enum jmap_step forbidden(struct jmap_call *call, struct jmap_set_item *item)
{
	return jmap_set_error(item, "forbidden", SLICE_NONE);
}

static bool will_be_destroyed(const struct set *s, struct slice id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].kind == DESTROY && slice_eq(s->items[i].key, id))
			return true;
	return false;
}

static enum jmap_step operate(struct jmap_call *call, struct set *s, struct jmap_set_item *item)
{
	enum jmap_step (*operation)(struct jmap_call *, struct jmap_set_item *) =
		item->kind == CREATE ? s->ops->create : item->kind == UPDATE ? s->ops->update : s->ops->destroy;
	enum jmap_step step;

	if (item->kind != CREATE && item->key.n > 0 && item->key.p[0] == '#')
		item->key = id_of(call, item->key);
	if (item->kind == UPDATE && will_be_destroyed(s, item->key))
		return jmap_set_error(item, "willDestroy", SLICE_NONE);
	step = (operation != NULL ? operation : forbidden)(call, item);
	if (step == JMAP_DONE && item->kind == CREATE && item->error == NULL)
		jmap_id_created(call, item->key, item->id);
	return step;
}

/* ---- updates and destructions together: one transaction for as many of them as the loop may be held up by ---- */

#define TOGETHER_MAX 500 /* updates, as many as a batch of arrivals */
#define DESTROY_COST 5   /* of one; the full-text index forgets the letter */

/* As if it had not been tried. */
static void undo(struct jmap_set_item *item)
{
	json_array_clear(item->properties);
	item->error = NULL;
	item->description = item->members = SLICE_NONE;
	item->state = NULL;
	item->over = false;
}

static enum jmap_step work_together(struct jmap_call *call, struct set *s)
{
	struct account *mail = jmap_mail(call);
	size_t first = s->at;

	s->apart = mail->ops->begin(mail, NULL) < 0;
	if (s->apart)
		return JMAP_AGAIN;
	for (unsigned cost = 0; s->at < s->count && cost < TOGETHER_MAX; s->at++) {
		cost += s->items[s->at].kind == DESTROY ? DESTROY_COST : 1;
		ENSURE(operate(call, s, &s->items[s->at]) == JMAP_DONE);
		s->items[s->at].over = true;
	}
	if (mail->ops->commit(mail, NULL) < 0) {
		s->apart = true;
		for (size_t i = first; i < s->at; i++)
			undo(&s->items[i]);
		s->at = first;
	}
	return s->at < s->count ? JMAP_AGAIN : JMAP_DONE;
}

/* ---- all of it ---- */

/* From `at` on; the creations that refer to others come again until nothing changes. */
static enum jmap_step work(struct jmap_call *call, struct set *s)
{
	for (; s->at < s->count; s->at++) {
		struct jmap_set_item *item = &s->items[s->at];
		enum jmap_step step;

		if (item->kind != CREATE && s->postponed) { /* all creations come before */
			s->at = s->count;
			break;
		}
		if (item->over)
			continue;
		if (item->kind != CREATE && s->ops->together && !s->apart)
			return work_together(call, s);
		step = operate(call, s, item);
		if (step == JMAP_WAIT)
			return JMAP_WAIT;
		if (step == JMAP_AGAIN && item->kind != CREATE)
			return JMAP_AGAIN;
		item->over = step == JMAP_DONE;
		s->progress |= item->over;
		s->postponed |= !item->over;
	}
	return JMAP_DONE;
}

static void give_up_postponed(struct set *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].kind == CREATE && !s->items[i].over) {
			s->items[i].over = true;
			if (s->items[i].error == NULL)
				(void)jmap_set_error(&s->items[i], "invalidProperties", SLICE("It refers to an object that is not there."));
		}
}

static enum jmap_step work_all(struct jmap_call *call, struct set *s)
{
	enum jmap_step step;

	while ((step = work(call, s)) == JMAP_DONE && s->postponed) {
		if (!s->progress)
			give_up_postponed(s);
		s->at = 0;
		s->progress = s->postponed = false;
	}
	return step;
}

/* ---- the answer ---- */

static void put_error(struct emit *e, const struct jmap_set_item *item)
{
	emit_object(e);
	emit_member_text(e, "type", slice_str(item->error));
	if (item->description.n > 0)
		emit_member_text(e, "description", item->description);
	if (json_array_size(item->properties) > 0) {
		emit_key(e, "properties");
		emit_json(e, item->properties);
	}
	if (item->members.n > 0)
		emit_raw(e, item->members);
	emit_object_end(e);
}

static void put_created(struct emit *e, const struct jmap_set_item *item)
{
	emit_object(e);
	emit_member_text(e, "id", item->id);
	if (item->members.n > 0)
		emit_raw(e, item->members);
	emit_object_end(e);
}

static void put_updated(struct emit *e, const struct jmap_set_item *item)
{
	if (item->members.n == 0) {
		emit_null(e);
		return;
	}
	emit_object(e);
	emit_raw(e, item->members);
	emit_object_end(e);
}

static size_t count_of(const struct set *s, enum kind kind, bool failed)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->items[i].kind == kind && (s->items[i].error != NULL) == failed;
	return n;
}

/* One member of the answer: null when there is nothing in it. */
static void put_section(struct emit *e, const struct set *s, const char *name, enum kind kind, bool failed)
{
	bool array = kind == DESTROY && !failed;

	emit_key(e, name);
	if (count_of(s, kind, failed) == 0) {
		emit_null(e);
		return;
	}
	(array ? emit_array : emit_object)(e);
	for (size_t i = 0; i < s->count; i++) {
		const struct jmap_set_item *item = &s->items[i];

		if (item->kind != kind || (item->error != NULL) != failed)
			continue;
		if (array) {
			emit_text(e, item->key);
			continue;
		}
		emit_key_text(e, item->key);
		(failed ? put_error : kind == CREATE ? put_created : put_updated)(e, item);
	}
	(array ? emit_array_end : emit_object_end)(e);
}

static bool put_answer(struct jmap_call *call, struct set *s)
{
	struct emit *e = jmap_out(call);
	struct slice state;

	if (!state_now(call, s, &state))
		return false;
	jmap_answer_begin(call, NULL);
	if (!jmap_without_account(call)) {
		emit_member_text(e, "accountId", jmap_account_name(call->jmap));
		emit_member_text(e, "oldState", s->old_state);
		emit_member_text(e, "newState", state);
	}
	put_section(e, s, "created", CREATE, false);
	put_section(e, s, "updated", UPDATE, false);
	put_section(e, s, "destroyed", DESTROY, false);
	put_section(e, s, "notCreated", CREATE, true);
	put_section(e, s, "notUpdated", UPDATE, true);
	put_section(e, s, "notDestroyed", DESTROY, true);
	jmap_answer_end(call);
	return true;
}

enum jmap_step jmap_set_run(struct jmap_call *call, const struct jmap_set_ops *ops)
{
	struct set *s = set_of(call);
	enum jmap_step step;

	if (s == NULL && !set_begin(call, ops))
		return JMAP_DONE;
	s = set_of(call);
	step = s->worked ? JMAP_DONE : work_all(call, s);
	s->worked = step == JMAP_DONE;
	if (step == JMAP_DONE && !s->settled && ops->settle != NULL)
		step = ops->settle(call);
	s->settled = s->worked && step == JMAP_DONE;
	if (step != JMAP_DONE)
		return step;
	if (!s->answered && !put_answer(call, s))
		return JMAP_DONE;
	s->answered = true;
	return ops->finish != NULL ? ops->finish(call) : JMAP_DONE;
}

bool jmap_set_all_done(const struct jmap_call *call)
{
	const struct set *s = set_of(call);

	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].error != NULL)
			return false;
	return true;
}

static const struct jmap_set_item *find(const struct jmap_call *call, struct slice key, bool created)
{
	const struct set *s = set_of(call);

	for (size_t i = 0; s != NULL && i < s->count; i++)
		if ((s->items[i].kind == CREATE) == created && slice_eq(s->items[i].key, key))
			return &s->items[i];
	return NULL;
}

const struct jmap_set_item *jmap_set_created(const struct jmap_call *call, struct slice creation_id)
{
	return find(call, creation_id, true);
}

const struct jmap_set_item *jmap_set_find(const struct jmap_call *call, struct slice id)
{
	return find(call, id, false);
}
