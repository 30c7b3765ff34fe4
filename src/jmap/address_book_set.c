/* AddressBook/set (RFC 9610 2.3). Books are not shared, so shareWith stays null. */
#include <string.h>

#include "jmap/contacts.h"

struct setting {
	struct jmap_contacts contacts;
	bool remove_contents;
};

static bool property_good(const char *name, const json_t *value)
{
	if (strcmp(name, "name") == 0)
		return json_is_string(value) && jmap_text(value).n > 0 && jmap_text(value).n <= JMAP_BOOK_NAME_MAX;
	if (strcmp(name, "description") == 0)
		return json_is_null(value) || (json_is_string(value) && jmap_text(value).n <= 10000);
	if (strcmp(name, "sortOrder") == 0)
		return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= INT32_MAX;
	return strcmp(name, "isSubscribed") == 0 ? json_is_boolean(value) : strcmp(name, "shareWith") == 0 && json_is_null(value);
}

static bool all_good(struct jmap_set_item *item)
{
	const char *name;
	json_t *value;

	json_object_foreach(item->object, name, value)
		if (!property_good(name, value))
			(void)jmap_set_invalid(item, name);
	return item->error == NULL;
}

static bool refused(struct jmap_call *call)
{
	return (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0;
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_contacts *c = &((struct setting *)call->state)->contacts;
	json_t *book;
	uint64_t number;

	if (refused(call))
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	if (json_object_get(item->object, "name") == NULL)
		return jmap_set_invalid(item, "name");
	if (!all_good(item))
		return JMAP_DONE;
	if (json_object_size(jmap_contacts_books(c)) >= JMAP_BOOKS_MAX)
		return jmap_set_error(item, "overQuota", SLICE_NONE);
	number = jmap_contacts_number(c);
	book = json_pack("{s:I, s:I, s:i, s:b, s:b}", "c", (json_int_t)number, "m", (json_int_t)number, "sortOrder", 0, "isDefault", 0, "isSubscribed", 1);
	json_object_update(book, item->object);
	item->id = jmap_contacts_id(call, 'K');
	item->members = SLICE("\"isDefault\":false,\"myRights\":{\"mayRead\":true,\"mayWrite\":true,\"mayShare\":false,\"mayDelete\":true}");
	json_object_setn_new(jmap_contacts_books(c), (const char *)item->id.p, item->id.n, book);
	return JMAP_DONE;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_contacts *c = &((struct setting *)call->state)->contacts;
	json_t *book = jmap_member(jmap_contacts_books(c), item->key);

	if (book == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (refused(call))
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	if (!all_good(item))
		return JMAP_DONE;
	json_object_update(book, item->object);
	json_object_set_new(book, "m", json_integer((json_int_t)jmap_contacts_number(c)));
	return JMAP_DONE;
}

/* ---- destroying ---- */

struct emptying {
	struct slice book;
	json_t *only, *also; /* ids of cards that are in it alone, or in others as well */
};

static void sort_out(void *arg, const char *id, const json_t *entry)
{
	struct emptying *x = arg;
	const json_t *books = json_object_get(json_object_get(entry, "card"), "addressBookIds");

	if (jmap_member(books, x->book) != NULL)
		json_array_append_new(json_object_size(books) > 1 ? x->also : x->only, json_string(id));
}

static int empty(struct jmap_call *call, struct jmap_contacts *c, const struct emptying *x)
{
	const json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach(x->only, i, one)
		rc = rc == 0 ? jmap_contact_remove(call, c, jmap_text(one)) : rc;
	json_array_foreach(x->also, i, one) {
		json_t *entry = rc == 0 ? jmap_contact_find(call, c, jmap_text(one), &rc) : NULL, *card;

		if (entry == NULL)
			continue;
		card = json_deep_copy(json_object_get(entry, "card"));
		json_object_deln(json_object_get(card, "addressBookIds"), (const char *)x->book.p, x->book.n);
		rc = jmap_contact_put(call, c, jmap_text(one), card);
	}
	return rc;
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *t = call->state;
	struct jmap_contacts *c = &t->contacts;
	json_t *book = jmap_member(jmap_contacts_books(c), item->key);
	struct emptying x = {item->key, json_array(), json_array()};
	int rc = jmap_contacts_read_all(call, c);
	enum jmap_step step = JMAP_DONE;

	jmap_contacts_each(c, sort_out, &x);
	if (book == NULL)
		step = jmap_set_error(item, "notFound", SLICE_NONE);
	else if (refused(call) || slice_eq(item->key, SLICE(JMAP_BOOK_DEFAULT)))
		step = jmap_set_error(item, "forbidden", SLICE_NONE);
	else if (rc == 0 && !t->remove_contents && json_array_size(x.only) + json_array_size(x.also) > 0)
		step = jmap_set_error(item, "addressBookHasContents", SLICE_NONE);
	else if (rc == 0 && (rc = empty(call, c, &x)) == 0) {
		jmap_contacts_gone(c, (uint64_t)json_integer_value(json_object_get(book, "c")), item->key);
		json_object_deln(jmap_contacts_books(c), (const char *)item->key.p, item->key.n);
	}
	json_decref(x.only);
	json_decref(x.also);
	return rc < 0 ? jmap_set_error_code(item, rc) : step;
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

enum jmap_step jmap_address_book_set(struct jmap_call *call)
{
	static const char *const more[] = {"onDestroyRemoveContents", "onSuccessSetIsDefault", NULL};
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy, .state = state, .more = more};
	struct setting *t = call->state;
	struct slice chosen = SLICE_NONE;
	int rc;

	if (t == NULL) {
		call->state = t = ARENA_NEW(&call->arena, struct setting);
		call->forget = forget;
		rc = jmap_contacts_open(call, &t->contacts);
		if (rc < 0)
			return jmap_error_code(call, rc);
		if (!jmap_arg_bool(call, "onDestroyRemoveContents", &t->remove_contents) || !jmap_arg_text(call, "onSuccessSetIsDefault", &chosen))
			return JMAP_DONE;
		/* The default book is the one that is always there (RFC 9610 2.3: the server may refuse). */
		if (chosen.n > 0 && !slice_eq(chosen, SLICE(JMAP_BOOK_DEFAULT)))
			return jmap_error(call, "invalidArguments", "The default address book stays what it is.");
	}
	return jmap_set_run(call, &ops);
}
