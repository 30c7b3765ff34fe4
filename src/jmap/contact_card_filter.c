/* Conditions of ContactCard/query (RFC 9610 3.3.1). Texts are found in any case and width; "text" also finds beginnings in pinyin. */
#include <string.h>

#include "jmap/contacts.h"
#include "jmap/date.h"
#include "mime/text.h"

enum kind { BOOK, UID, MEMBER, KIND, BEFORE, AFTER, TEXT, NAME, COMPONENT, IN_MAP, ALL_OF };
/* where: the property of the card; member: of each object of a map, or the kind of a component of the name; NULL: any text in it. */
static const struct condition {
	const char *name;
	enum kind kind;
	const char *where, *member;
} conditions[] = {
	{"inAddressBook", BOOK, NULL, NULL}, {"uid", UID, NULL, NULL}, {"hasMember", MEMBER, NULL, NULL}, {"kind", KIND, NULL, NULL},
	{"createdBefore", BEFORE, "created", NULL}, {"createdAfter", AFTER, "created", NULL}, {"updatedBefore", BEFORE, "updated", NULL},
	{"updatedAfter", AFTER, "updated", NULL}, {"text", TEXT, NULL, NULL}, {"name", NAME, NULL, NULL}, {"name/given", COMPONENT, NULL, "given"},
	{"name/surname", COMPONENT, NULL, "surname"}, {"name/surname2", COMPONENT, NULL, "surname2"}, {"nickname", IN_MAP, "nicknames", "name"},
	{"organization", ALL_OF, "organizations", NULL}, {"email", ALL_OF, "emails", NULL}, {"phone", ALL_OF, "phones", NULL},
	{"onlineService", ALL_OF, "onlineServices", NULL}, {"address", ALL_OF, "addresses", NULL}, {"note", IN_MAP, "notes", "note"},
};

static const struct condition *find(const char *name)
{
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
		if (strcmp(conditions[i].name, name) == 0)
			return &conditions[i];
	return NULL;
}

const char *jmap_card_condition_check(struct jmap_call *call, const json_t *condition)
{
	const char *key;
	json_t *value;
	int64_t at;

	(void)call;
	json_object_foreach((json_t *)condition, key, value) {
		const struct condition *c = find(key);

		if (c == NULL)
			return "unsupportedFilter";
		if (!json_is_string(value) || ((c->kind == BEFORE || c->kind == AFTER) && jmap_date_parse(jmap_text(value), true, &at) != 0))
			return "invalidArguments";
	}
	return NULL;
}

static bool has(const struct jmap_card_question *q, struct slice text, struct slice folded)
{
	return slice_search(mime_fold_arena(text, &q->call->arena), folded) >= 0;
}

/* Any text in the value, at any depth (which is limited when the card is stored). */
static bool any_text(const struct jmap_card_question *q, const json_t *value, struct slice folded)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_string(value))
		return has(q, jmap_text(value), folded);
	json_object_foreach((json_t *)value, key, one)
		if (key[0] != '@' && any_text(q, one, folded))
			return true;
	json_array_foreach(value, i, one)
		if (any_text(q, one, folded))
			return true;
	return false;
}

static bool in_members(const struct jmap_card_question *q, const json_t *map, const char *member, struct slice folded)
{
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)map, key, one)
		if (any_text(q, json_object_get(one, member), folded))
			return true;
	return false;
}

static bool in_component(const struct jmap_card_question *q, const json_t *card, const char *kind, struct slice folded)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(card, "name"), "components"), i, one)
		if (slice_eq(jmap_text(json_object_get(one, "kind")), slice_str(kind)) && any_text(q, json_object_get(one, "value"), folded))
			return true;
	return false;
}

/* A word of the index begins so; `text` may be several of them. */
static bool begins(const struct jmap_card_question *q, const json_t *card, struct slice folded)
{
	struct slice rest = jmap_card_index(card, &q->call->arena), word;

	while (rest.n > 0 && slice_split(&rest, ' ', &word))
		if (slice_starts(word, folded))
			return true;
	return false;
}

static bool in_text(const struct jmap_card_question *q, const json_t *card, struct slice folded)
{
	static const char *const where[] = {"name", "nicknames", "organizations", "titles", "emails", "phones", "onlineServices", "addresses", "notes", "keywords"};

	for (size_t i = 0; i < sizeof where / sizeof where[0]; i++)
		if (any_text(q, json_object_get(card, where[i]), folded))
			return true;
	return begins(q, card, folded);
}

static bool in_time(const struct condition *c, const json_t *card, struct slice limit)
{
	int64_t at, border;

	if (jmap_date_parse(jmap_text(json_object_get(card, c->where)), true, &at) != 0 || jmap_date_parse(limit, true, &border) != 0)
		return false;
	return c->kind == BEFORE ? at < border : at >= border;
}

static bool holds(const struct jmap_card_question *q, const struct condition *c, struct slice value)
{
	const json_t *card = json_object_get(q->entry, "card"), *kind = json_object_get(card, "kind");
	struct slice folded = mime_fold_arena(value, &q->call->arena);

	switch (c->kind) {
	case BOOK: return jmap_member(json_object_get(card, "addressBookIds"), value) != NULL;
	case UID: return slice_eq(jmap_text(json_object_get(card, "uid")), value);
	case MEMBER: return jmap_member(json_object_get(card, "members"), value) != NULL;
	case KIND: return slice_eq(kind != NULL ? jmap_text(kind) : SLICE("individual"), value);
	case BEFORE:
	case AFTER: return in_time(c, card, value);
	case TEXT: return in_text(q, card, folded);
	case NAME: return any_text(q, json_object_get(card, "name"), folded);
	case COMPONENT: return in_component(q, card, c->member, folded);
	case IN_MAP: return in_members(q, json_object_get(card, c->where), c->member, folded);
	case ALL_OF: return any_text(q, json_object_get(card, c->where), folded);
	}
	return false;
}

bool jmap_card_fits(void *question, const json_t *condition)
{
	const struct jmap_card_question *q = question;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)condition, key, value)
		if (!holds(q, find(key), jmap_text(value)))
			return false;
	return true;
}
