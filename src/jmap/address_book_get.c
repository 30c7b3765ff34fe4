/* AddressBook/get and AddressBook/changes (RFC 9610 2.1, 2.2). */
#include "jmap/contacts.h"

enum property { ID, NAME, DESCRIPTION, SORT_ORDER, IS_DEFAULT, IS_SUBSCRIBED, SHARE_WITH, MY_RIGHTS, PROPERTIES };
static const char *const names[PROPERTIES] = {"id", "name", "description", "sortOrder", "isDefault", "isSubscribed", "shareWith", "myRights"};

struct getting {
	struct jmap_contacts contacts;
	struct jmap_get get;
	struct jmap_changes changes;
};

static void forget(struct jmap_call *call)
{
	jmap_contacts_close(&((struct getting *)call->state)->contacts);
}

static struct getting *begin(struct jmap_call *call)
{
	struct getting *g = ARENA_NEW(&call->arena, struct getting);

	call->state = g;
	call->forget = forget;
	return g;
}

static void put_rights(struct jmap_call *call, const char *id)
{
	bool may = (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) == 0;
	struct emit *e = jmap_out(call);

	emit_key(e, names[MY_RIGHTS]);
	emit_object(e);
	emit_member_bool(e, "mayRead", true);
	emit_member_bool(e, "mayWrite", may);
	emit_member_bool(e, "mayShare", false);
	emit_member_bool(e, "mayDelete", may && !slice_eq(slice_str(id), SLICE(JMAP_BOOK_DEFAULT)));
	emit_object_end(e);
}

static void put_member(struct emit *e, const char *name, const json_t *value)
{
	emit_key(e, name);
	if (value == NULL)
		emit_null(e);
	else
		emit_json(e, value);
}

static void put_one(struct jmap_call *call, const struct jmap_get *get, const char *id, const json_t *book)
{
	struct emit *e = jmap_out(call);

	emit_object(e);
	emit_member_text(e, names[ID], slice_str(id));
	for (unsigned i = NAME; i <= SHARE_WITH; i++)
		if (jmap_wants(get, i))
			put_member(e, names[i], json_object_get(book, names[i]));
	if (jmap_wants(get, MY_RIGHTS))
		put_rights(call, id);
	emit_object_end(e);
}

enum jmap_step jmap_address_book_get(struct jmap_call *call)
{
	struct getting *g = begin(call);
	const char *key;
	json_t *book;
	struct slice id;
	int rc;

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &g->get))
		return JMAP_DONE;
	rc = jmap_contacts_open(call, &g->contacts);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_begin(call, jmap_contacts_state_text(call, &g->contacts));
	json_object_foreach(jmap_contacts_books(&g->contacts), key, book)
		if (g->get.all)
			put_one(call, &g->get, key, book);
	while (jmap_get_next(&g->get, &id)) {
		book = jmap_member(jmap_contacts_books(&g->contacts), id);
		if (book != NULL)
			put_one(call, &g->get, arena_dup_str(&call->arena, id), book);
		else
			jmap_get_missing(call, &g->get, id);
	}
	jmap_get_end(call, &g->get);
	return JMAP_DONE;
}

enum jmap_step jmap_address_book_changes(struct jmap_call *call)
{
	struct getting *g = begin(call);
	struct jmap_changes *ch = &g->changes;
	const char *key;
	json_t *book, *gone;
	uint64_t since;
	size_t i;
	int rc;

	if (!jmap_changes_args(call, NULL, ch))
		return JMAP_DONE;
	rc = jmap_contacts_open(call, &g->contacts);
	if (rc < 0)
		return jmap_error_code(call, rc);
	if (!jmap_contacts_since(&g->contacts, ch->since, &since))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	json_object_foreach(jmap_contacts_books(&g->contacts), key, book) {
		if ((uint64_t)json_integer_value(json_object_get(book, "m")) > since)
			json_array_append_new((uint64_t)json_integer_value(json_object_get(book, "c")) > since ? ch->created : ch->updated, json_string(key));
	}
	json_array_foreach(json_object_get(g->contacts.top, "gone"), i, gone) {
		struct slice id = jmap_text(json_array_get(gone, 2));

		if (id.n > 0 && id.p[0] == 'K' && (uint64_t)json_integer_value(json_array_get(gone, 0)) > since
		    && (uint64_t)json_integer_value(json_array_get(gone, 1)) <= since)
			json_array_append(ch->destroyed, json_array_get(gone, 2));
	}
	if (json_array_size(ch->created) + json_array_size(ch->updated) + json_array_size(ch->destroyed) > ch->max)
		return jmap_error(call, "cannotCalculateChanges", NULL);
	ch->state = jmap_contacts_state_text(call, &g->contacts);
	jmap_changes_begin(call, ch);
	jmap_answer_end(call);
	return JMAP_DONE;
}
