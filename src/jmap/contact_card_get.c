/* ContactCard/get and ContactCard/changes (RFC 9610 3.1, 3.2). */
#include "jmap/contacts.h"

static const char *const names[] = {"id"};

struct getting {
	struct jmap_contacts contacts;
	struct jmap_get get;
	struct jmap_changes changes;
	uint64_t since;
	struct jmap_call *call;
};

static void forget(struct jmap_call *call)
{
	jmap_contacts_close(&((struct getting *)call->state)->contacts);
}

static struct getting *begin(struct jmap_call *call)
{
	struct getting *g = ARENA_NEW(&call->arena, struct getting);

	g->call = call;
	call->state = g;
	call->forget = forget;
	return g;
}

/* Cards may have any property (RFC 9553 1.5). */
static bool any_property(struct slice name)
{
	return name.n > 0;
}

static void put_wanted(struct jmap_call *call, const struct jmap_get *get, const json_t *card)
{
	struct emit *e = jmap_out(call);
	const json_t *one;
	size_t i;

	json_array_foreach(get->others, i, one) {
		const json_t *value = jmap_member(card, jmap_text(one));

		if (value == NULL && !slice_eq(jmap_text(one), SLICE(JMAP_CARD_INDEX)))
			continue;
		emit_key_text(e, jmap_text(one));
		if (value != NULL)
			emit_json(e, value);
		else
			emit_text(e, jmap_card_index(card, &call->arena));
	}
}

static void put_one(struct jmap_call *call, const struct jmap_get *get, struct slice id, const json_t *entry)
{
	const json_t *card = json_object_get(entry, "card");
	struct emit *e = jmap_out(call);
	const char *name;
	json_t *value;

	emit_object(e);
	emit_member_text(e, "id", id);
	put_wanted(call, get, card);
	if (!json_is_array(json_object_get(call->args, "properties")))
		json_object_foreach((json_t *)card, name, value) {
			emit_key(e, name);
			emit_json(e, value);
		}
	emit_object_end(e);
}

static void put_each(void *arg, const char *id, const json_t *entry)
{
	struct getting *g = arg;

	put_one(g->call, &g->get, slice_str(id), entry);
}

static enum jmap_step give(struct jmap_call *call, struct getting *g)
{
	struct slice id;

	jmap_get_begin(call, jmap_contacts_state_text(call, &g->contacts));
	if (g->get.all)
		jmap_contacts_each(&g->contacts, put_each, g);
	while (jmap_get_next(&g->get, &id)) {
		int rc;
		json_t *entry = jmap_contact_find(call, &g->contacts, id, &rc);

		if (rc < 0)
			return jmap_error_code(call, rc);
		if (entry != NULL)
			put_one(call, &g->get, id, entry);
		else
			jmap_get_missing(call, &g->get, id);
	}
	jmap_get_end(call, &g->get);
	return JMAP_DONE;
}

enum jmap_step jmap_contact_card_get(struct jmap_call *call)
{
	struct getting *g = begin(call);
	int rc;

	if (!jmap_get_args(call, names, 1, 1, any_property, NULL, &g->get))
		return JMAP_DONE;
	rc = jmap_contacts_open(call, &g->contacts);
	if (rc == 0 && g->get.all)
		rc = jmap_contacts_read_all(call, &g->contacts);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (g->get.all && json_integer_value(json_object_get(g->contacts.top, "count")) > JMAP_GET_MAX)
		return jmap_error(call, "requestTooLarge", NULL);
	return give(call, g);
}

/* ---- changes ---- */

static uint64_t number(const json_t *value)
{
	return (uint64_t)json_integer_value(value);
}

static void add_change(void *arg, const char *id, const json_t *entry)
{
	struct getting *g = arg;

	if (number(json_object_get(entry, "m")) > g->since)
		json_array_append_new(number(json_object_get(entry, "c")) > g->since ? g->changes.created : g->changes.updated, json_string(id));
}

static void add_gone(struct getting *g)
{
	const json_t *gone;
	size_t i;

	json_array_foreach(json_object_get(g->contacts.top, "gone"), i, gone) {
		struct slice id = jmap_text(json_array_get(gone, 2));

		if (id.n > 0 && id.p[0] == 'C' && number(json_array_get(gone, 0)) > g->since && number(json_array_get(gone, 1)) <= g->since)
			json_array_append(g->changes.destroyed, json_array_get(gone, 2));
	}
}

enum jmap_step jmap_contact_card_changes(struct jmap_call *call)
{
	struct getting *g = begin(call);
	struct jmap_changes *ch = &g->changes;
	int rc;

	if (!jmap_changes_args(call, NULL, ch))
		return JMAP_DONE;
	rc = jmap_contacts_open(call, &g->contacts);
	if (rc == 0)
		rc = jmap_contacts_read_all(call, &g->contacts);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (!jmap_contacts_since(&g->contacts, ch->since, &g->since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	jmap_contacts_each(&g->contacts, add_change, g);
	add_gone(g);
	/* There is no state in the middle of them. */
	if (json_array_size(ch->created) + json_array_size(ch->updated) + json_array_size(ch->destroyed) > ch->max)
		return jmap_error(call, "cannotCalculateChanges", NULL);
	ch->state = jmap_contacts_state_text(call, &g->contacts);
	jmap_changes_begin(call, ch);
	jmap_answer_end(call);
	return JMAP_DONE;
}
