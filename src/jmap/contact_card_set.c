/* ContactCard/set (RFC 9610 3.5): a card is kept as it is given; what is looked at is what the books, the searches and other programs rely on. */
#include <stdlib.h>
#include <string.h>

#include "jmap/contacts.h"
#include "jmap/date.h"

#define UID_MAX 255
#define NESTING_MAX 20

struct setting { struct jmap_contacts contacts; };

/* ---- what a card must be ---- */

static bool is_map_of_objects(const json_t *value)
{
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)value, key, one)
		if (!json_is_object(one))
			return false;
	return json_is_object(value);
}

static bool has_text(const json_t *map, const char *member)
{
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)map, key, one)
		if (!json_is_string(json_object_get(one, member)))
			return false;
	return true;
}

static bool is_set(const json_t *value)
{
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)value, key, one)
		if (!json_is_true(one))
			return false;
	return json_is_object(value);
}

/* Maps of objects, and the member that each of these must have; NULL: none (RFC 9553 2). */
static const struct { const char *name, *member; } maps[] = {
	{"emails", "address"}, {"phones", "number"}, {"nicknames", "name"}, {"organizations", NULL}, {"titles", "name"}, {"addresses", NULL},
	{"onlineServices", NULL}, {"notes", "note"}, {"links", "uri"}, {"media", NULL}, {"anniversaries", NULL}, {"relatedTo", NULL},
};

static void check_maps(struct jmap_set_item *item, const json_t *card)
{
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
		const json_t *value = json_object_get(card, maps[i].name);

		if (value != NULL && (!is_map_of_objects(value) || (maps[i].member != NULL && !has_text(value, maps[i].member))))
			(void)jmap_set_invalid(item, maps[i].name);
	}
}

static bool is_name(const json_t *value)
{
	const json_t *full = json_object_get(value, "full"), *components = json_object_get(value, "components"), *one;
	size_t i;

	json_array_foreach(components, i, one)
		if (!json_is_string(json_object_get(one, "kind")) || (!json_is_string(json_object_get(one, "value"))))
			return false;
	return json_is_object(value) && (full == NULL || json_is_string(full)) && (components == NULL || json_is_array(components));
}

static bool is_text_of(const json_t *value, size_t max)
{
	return json_is_string(value) && jmap_text(value).n > 0 && jmap_text(value).n <= max;
}

static bool is_date(const json_t *value)
{
	int64_t at;

	return json_is_string(value) && jmap_date_parse(jmap_text(value), true, &at) == 0;
}

static bool fits(const char *name, const json_t *value)
{
	if (strcmp(name, "@type") == 0)
		return slice_eq(jmap_text(value), SLICE("Card"));
	if (strcmp(name, "version") == 0)
		return slice_eq(jmap_text(value), SLICE("1.0"));
	if (strcmp(name, "uid") == 0)
		return is_text_of(value, UID_MAX);
	if (strcmp(name, "kind") == 0 || strcmp(name, "language") == 0)
		return is_text_of(value, 100);
	if (strcmp(name, "name") == 0)
		return is_name(value);
	if (strcmp(name, "members") == 0 || strcmp(name, "keywords") == 0)
		return is_set(value);
	if (strcmp(name, "created") == 0 || strcmp(name, "updated") == 0)
		return is_date(value);
	/* What the server makes is not given. */
	return strcmp(name, "id") != 0 && strcmp(name, JMAP_CARD_INDEX) != 0;
}

static unsigned nesting(const json_t *value, unsigned left)
{
	const char *key;
	json_t *one;
	size_t i;
	unsigned deepest = 0, found;

	if (left == 0)
		return NESTING_MAX + 1;
	json_object_foreach((json_t *)value, key, one)
		deepest = (found = nesting(one, left - 1)) > deepest ? found : deepest;
	json_array_foreach(value, i, one)
		deepest = (found = nesting(one, left - 1)) > deepest ? found : deepest;
	return deepest + 1;
}

/* addressBookIds: at least one, all of them books; "#creation" of a book resolved. JMAP_DONE with or without an error of the item. */
static void check_books(struct jmap_call *call, const struct jmap_contacts *c, struct jmap_set_item *item, json_t *card)
{
	json_t *given = json_object_get(card, "addressBookIds"), *books = json_object(), *value;
	const char *key;
	bool good = json_object_size(given) > 0 && json_object_size(given) <= JMAP_BOOKS_MAX && is_set(given);

	json_object_foreach(given, key, value) {
		struct slice id;

		if (!jmap_id_resolve(call, slice_str(key), &id) || jmap_member(jmap_contacts_books(c), id) == NULL)
			good = false;
		else
			json_object_setn_new(books, (const char *)id.p, id.n, json_true());
	}
	json_object_set_new(card, "addressBookIds", books);
	if (!good)
		(void)jmap_set_invalid(item, "addressBookIds");
}

static bool check_card(struct jmap_call *call, const struct jmap_contacts *c, struct jmap_set_item *item, json_t *card)
{
	const char *name;
	json_t *value;

	if (nesting(card, NESTING_MAX) > NESTING_MAX) {
		(void)jmap_set_error(item, "invalidProperties", SLICE("The card is nested too deeply."));
		return false;
	}
	json_object_foreach(card, name, value)
		if (!fits(name, value))
			(void)jmap_set_invalid(item, name);
	check_maps(item, card);
	check_books(call, c, item, card);
	return item->error == NULL;
}

/* ---- operations ---- */

static json_t *now_text(struct jmap_call *call)
{
	struct buf out = BUF_INIT(JMAP_DATE_MAX);
	json_t *ret;

	jmap_date_print(jmap_now(call), &out);
	ret = json_stringn((const char *)buf_slice(&out).p, buf_len(&out));
	buf_free(&out);
	return ret;
}

static json_t *new_uid(struct jmap_call *call)
{
	struct slice digits = slice_from(jmap_contacts_id(call, 'U'), 1);

	return json_sprintf("urn:uuid:%.8s-%.4s-4%.3s-a%.3s-%.12s", (const char *)digits.p, (const char *)digits.p + 8, (const char *)digits.p + 13,
		(const char *)digits.p + 17, (const char *)digits.p + 20);
}

static void set_missing(json_t *card, const char *name, json_t *value)
{
	if (json_object_get(card, name) == NULL)
		json_object_set(card, name, value);
	json_decref(value);
}

static bool refused(struct jmap_call *call)
{
	return (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0;
}

static enum jmap_step put(struct jmap_call *call, struct jmap_contacts *c, struct jmap_set_item *item, struct slice id, json_t *card)
{
	int rc = jmap_contact_put(call, c, id, card);

	if (rc == ERR_LIMIT)
		return jmap_set_error(item, "overQuota", SLICE("The card is too large, or there are too many."));
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_contacts *c = &((struct setting *)call->state)->contacts;
	json_t *card, *uid;
	char *text;

	if (refused(call))
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	card = json_deep_copy(item->object);
	set_missing(card, "@type", json_string("Card"));
	set_missing(card, "version", json_string("1.0"));
	set_missing(card, "uid", new_uid(call));
	set_missing(card, "created", now_text(call));
	set_missing(card, "updated", now_text(call));
	if (!check_card(call, c, item, card)) {
		json_decref(card);
		return JMAP_DONE;
	}
	item->id = jmap_contacts_id(call, 'C');
	uid = json_pack("{s:O, s:O, s:O}", "uid", json_object_get(card, "uid"), "created", json_object_get(card, "created"), "updated",
		json_object_get(card, "updated"));
	text = json_dumps(uid, JSON_COMPACT);
	json_decref(uid);
	/* Without its braces. */
	item->members = text != NULL ? arena_dup(&call->arena, slice_sub(slice_str(text), 1, slice_str(text).n - 1)) : SLICE_NONE;
	free(text);
	return put(call, c, item, item->id, card);
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_contacts *c = &((struct setting *)call->state)->contacts;
	int rc;
	json_t *entry = jmap_contact_find(call, c, item->key, &rc), *card;

	if (rc < 0)
		return jmap_set_error_code(item, rc);
	if (entry == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (refused(call))
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	card = jmap_patch(json_object_get(entry, "card"), item->object);
	if (card == NULL)
		return jmap_set_error(item, "invalidPatch", SLICE_NONE);
	/* The uid stays what it is (RFC 9553 2.1.9), as does the moment of its making. */
	if (!json_equal(json_object_get(card, "uid"), json_object_get(json_object_get(entry, "card"), "uid")))
		(void)jmap_set_invalid(item, "uid");
	if (json_object_get(item->object, "updated") == NULL)
		json_object_set_new(card, "updated", now_text(call));
	if (!check_card(call, c, item, card)) {
		json_decref(card);
		return JMAP_DONE;
	}
	return put(call, c, item, item->key, card);
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	int rc = refused(call) ? ERR_DENIED : jmap_contact_remove(call, &((struct setting *)call->state)->contacts, item->key);

	if (rc == ERR_NOT_FOUND)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

/* ---- the method ---- */

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_contacts_save_state(call, &((struct setting *)call->state)->contacts, out);
}

static void forget(struct jmap_call *call)
{
	jmap_contacts_close(&((struct setting *)call->state)->contacts);
}

enum jmap_step jmap_contact_card_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy, .state = state};
	struct setting *t = call->state;
	int rc;

	if (t == NULL) {
		call->state = t = ARENA_NEW(&call->arena, struct setting);
		call->forget = forget;
		rc = jmap_contacts_open(call, &t->contacts);
		if (rc < 0)
			return jmap_error_code(call, rc);
	}
	return jmap_set_run(call, &ops);
}
