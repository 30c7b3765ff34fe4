#include "jmap/contacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/name_words.h"
#include "jmap/private.h"

#define TOP_NOTE "contacts"
#define GONE_MAX 2000 /* destroyed objects that are remembered */

/* ---- notes ---- */

static json_t *read_note(struct account *mail, struct slice name, struct arena *arena, int *ret_rc)
{
	struct slice text = SLICE_NONE;
	int rc = mail->ops->note != NULL ? mail->ops->note(mail, name, arena, &text, NULL) : ERR_NOT_FOUND;
	json_t *value = rc == 0 ? json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, NULL) : NULL;

	*ret_rc = rc == ERR_NOT_FOUND ? 0 : rc;
	if (json_is_object(value))
		return value;
	json_decref(value);
	return json_object();
}

static int write_note(struct account *mail, struct slice name, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	int rc = text == NULL || slice_str(text).n > NOTE_MAX ? ERR_LIMIT
		: mail->ops->set_note != NULL ? mail->ops->set_note(mail, name, slice_str(text), NULL) : ERR_DENIED;

	free(text);
	return rc;
}

static unsigned bucket_of(struct slice id)
{
	return id.n > 2 ? (unsigned)(id.p[1] * 7 + id.p[2]) % JMAP_CONTACTS_BUCKETS : 0;
}

static struct slice bucket_name(unsigned at, struct arena *arena)
{
	return arena_printf(arena, TOP_NOTE ".%u", at);
}

static json_t *number_of(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* What a person begins with. */
static void complete(json_t *top)
{
	json_t *books = json_object_get(top, "books");

	if (!json_is_object(books))
		json_object_set_new(top, "books", books = json_object());
	if (!json_is_array(json_object_get(top, "gone")))
		json_object_set_new(top, "gone", json_array());
	if (json_object_get(books, JMAP_BOOK_DEFAULT) == NULL)
		json_object_set_new(books, JMAP_BOOK_DEFAULT, json_pack("{s:i, s:i, s:s, s:i, s:b, s:b}", "c", 0, "m", 0, "name", "Contacts", "sortOrder", 0,
			"isDefault", 1, "isSubscribed", 1));
}

int jmap_contacts_open(struct jmap_call *call, struct jmap_contacts *c)
{
	int rc;

	if (c->top != NULL)
		return 0;
	c->top = read_note(jmap_mail(call), SLICE(TOP_NOTE), &call->arena, &rc);
	complete(c->top);
	return rc;
}

void jmap_contacts_close(struct jmap_contacts *c)
{
	json_decref(c->top);
	c->top = NULL;
	for (unsigned i = 0; i < JMAP_CONTACTS_BUCKETS; i++) {
		json_decref(c->buckets[i]);
		c->buckets[i] = NULL;
	}
}

static int need(struct jmap_call *call, struct jmap_contacts *c, unsigned at)
{
	int rc = 0;

	if (c->buckets[at] == NULL) {
		struct arena arena = ARENA_INIT;

		c->buckets[at] = read_note(jmap_mail(call), bucket_name(at, &arena), &arena, &rc);
		arena_free(&arena);
	}
	return rc;
}

int jmap_contacts_read_all(struct jmap_call *call, struct jmap_contacts *c)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < JMAP_CONTACTS_BUCKETS; i++)
		rc = need(call, c, i);
	return rc;
}

int jmap_contacts_save(struct jmap_call *call, struct jmap_contacts *c)
{
	struct account *mail = jmap_mail(call);
	int rc = c->top_dirty ? write_note(mail, SLICE(TOP_NOTE), c->top) : 0;

	for (unsigned i = 0; rc == 0 && i < JMAP_CONTACTS_BUCKETS; i++)
		if (c->dirty[i]) {
			rc = write_note(mail, bucket_name(i, &call->arena), c->buckets[i]);
			c->dirty[i] = rc != 0;
		}
	c->top_dirty = c->top_dirty && rc != 0;
	return rc;
}

/* ---- numbers ---- */

static uint64_t top_number(const struct jmap_contacts *c, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(c->top, name));
}

uint64_t jmap_contacts_number(struct jmap_contacts *c)
{
	uint64_t n = top_number(c, "n") + 1;

	json_object_set_new(c->top, "n", number_of(n));
	c->top_dirty = true;
	return n;
}

void jmap_contacts_print_state(const struct jmap_contacts *c, struct buf *out)
{
	const char *epoch = json_string_value(json_object_get(c->top, "e"));

	buf_printf(out, "%s-%llu", epoch != NULL ? epoch : "0", (unsigned long long)top_number(c, "n"));
}

struct slice jmap_contacts_state_text(struct jmap_call *call, const struct jmap_contacts *c)
{
	struct buf out = BUF_INIT(JMAP_STATE_MAX);
	struct slice ret;

	jmap_contacts_print_state(c, &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

int jmap_contacts_save_state(struct jmap_call *call, struct jmap_contacts *c, struct buf *out)
{
	int rc = jmap_contacts_save(call, c);

	if (rc == 0)
		jmap_contacts_print_state(c, out);
	return rc;
}

bool jmap_contacts_since(const struct jmap_contacts *c, struct slice state, uint64_t *ret)
{
	const json_t *epoch = json_object_get(c->top, "e");
	struct slice word;

	return slice_split(&state, '-', &word) && slice_eq(word, epoch != NULL ? jmap_text(epoch) : SLICE("0")) && slice_to_u64(state, ret) == 0
		&& *ret >= top_number(c, "floor") && *ret <= top_number(c, "n");
}

int jmap_contacts_state(struct jmap *j, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct jmap_contacts c = {.top = NULL};
	int rc;

	c.top = read_note(j->host.mail, SLICE(TOP_NOTE), &arena, &rc);
	jmap_contacts_print_state(&c, out);
	json_decref(c.top);
	arena_free(&arena);
	return rc;
}

void jmap_contacts_gone(struct jmap_contacts *c, uint64_t born, struct slice id)
{
	json_t *gone = json_object_get(c->top, "gone");

	json_array_append_new(gone, json_pack("[I, I, s%]", (json_int_t)jmap_contacts_number(c), (json_int_t)born, (const char *)id.p, id.n));
	while (json_array_size(gone) > GONE_MAX) {
		json_object_set(c->top, "floor", json_array_get(json_array_get(gone, 0), 0));
		json_array_remove(gone, 0);
	}
}

/* ---- cards ---- */

json_t *jmap_contact_find(struct jmap_call *call, struct jmap_contacts *c, struct slice id, int *ret_rc)
{
	unsigned at = bucket_of(id);

	*ret_rc = id.n > 0 ? need(call, c, at) : 0;
	return *ret_rc == 0 && id.n > 0 ? jmap_member(c->buckets[at], id) : NULL;
}

static void add_to_top(struct jmap_contacts *c, const char *name, int64_t more)
{
	json_object_set_new(c->top, name, json_integer(json_integer_value(json_object_get(c->top, name)) + more));
	c->top_dirty = true;
}

static int64_t size_of(const json_t *card)
{
	return card == NULL ? 0 : (int64_t)json_dumpb(card, NULL, 0, JSON_COMPACT);
}

static int check_limits(const struct jmap_contacts *c, int64_t size, int64_t former, bool is_new)
{
	return size > JMAP_CARD_MAX || (int64_t)top_number(c, "bytes") + size - former > JMAP_CONTACTS_BYTES_MAX
		|| (is_new && top_number(c, "count") >= JMAP_CONTACTS_MAX) ? ERR_LIMIT : 0;
}

int jmap_contact_put(struct jmap_call *call, struct jmap_contacts *c, struct slice id, json_t *card)
{
	int rc;
	json_t *entry = jmap_contact_find(call, c, id, &rc);
	int64_t size = size_of(card), former = size_of(json_object_get(entry, "card"));
	unsigned at = bucket_of(id);
	uint64_t number;

	if (rc == 0)
		rc = check_limits(c, size, former, entry == NULL);
	if (rc != 0) {
		json_decref(card);
		return rc;
	}
	if (json_object_get(c->top, "e") == NULL)
		json_object_set_new(c->top, "e", json_stringn((const char *)jmap_contacts_id(call, 'e').p, 9));
	number = jmap_contacts_number(c);
	add_to_top(c, "count", entry == NULL);
	add_to_top(c, "bytes", size - former);
	c->dirty[at] = true;
	if (entry == NULL) {
		entry = json_pack("{s:I}", "c", (json_int_t)number);
		json_object_setn_new(c->buckets[at], (const char *)id.p, id.n, entry);
	}
	json_object_set_new(entry, "m", number_of(number));
	json_object_set_new(entry, "card", card);
	return 0;
}

int jmap_contact_remove(struct jmap_call *call, struct jmap_contacts *c, struct slice id)
{
	int rc;
	json_t *entry = jmap_contact_find(call, c, id, &rc);
	unsigned at = bucket_of(id);

	if (rc != 0 || entry == NULL)
		return rc != 0 ? rc : ERR_NOT_FOUND;
	add_to_top(c, "count", -1);
	add_to_top(c, "bytes", -size_of(json_object_get(entry, "card")));
	jmap_contacts_gone(c, (uint64_t)json_integer_value(json_object_get(entry, "c")), id);
	json_object_deln(c->buckets[at], (const char *)id.p, id.n);
	c->dirty[at] = true;
	return 0;
}

void jmap_contacts_each(const struct jmap_contacts *c, jmap_contact_fn *fn, void *arg)
{
	const char *id;
	json_t *entry;

	for (unsigned i = 0; i < JMAP_CONTACTS_BUCKETS; i++)
		json_object_foreach(c->buckets[i], id, entry)
			fn(arg, id, entry);
}

struct slice jmap_contacts_id(struct jmap_call *call, char letter)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	uint8_t id[16];
	struct buf out = BUF_INIT(40);
	struct slice ret;

	host->random(host->arg, id, sizeof id);
	buf_append_byte(&out, (uint8_t)letter);
	hex_encode(slice_make(id, sizeof id), &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

json_t *jmap_contacts_books(const struct jmap_contacts *c)
{
	return json_object_get(c->top, "books");
}

/* ---- what a card says ---- */

struct slice jmap_card_name(const json_t *card, struct arena *arena)
{
	const json_t *name = json_object_get(card, "name"), *full = json_object_get(name, "full"), *components = json_object_get(name, "components"), *one;
	struct slice between = json_is_string(json_object_get(name, "defaultSeparator")) ? jmap_text(json_object_get(name, "defaultSeparator")) : SLICE(" ");
	struct buf out = BUF_INIT(1000);
	size_t i;

	if (json_is_string(full) && jmap_text(full).n > 0)
		return jmap_text(full);
	json_array_foreach(components, i, one) {
		if (!json_is_string(json_object_get(one, "value")) || slice_eq(jmap_text(json_object_get(one, "kind")), SLICE("separator")))
			continue;
		if (buf_len(&out) > 0)
			buf_append(&out, between);
		buf_append(&out, jmap_text(json_object_get(one, "value")));
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice first_text(const json_t *objects, const char *member)
{
	const char *key;
	json_t *one;

	json_object_foreach((json_t *)objects, key, one)
		if (json_is_string(json_object_get(one, member)))
			return jmap_text(json_object_get(one, member));
	return SLICE_NONE;
}

struct slice jmap_card_index(const json_t *card, struct arena *arena)
{
	const json_t *phones = json_object_get(card, "phones");
	struct name_texts texts = {.name = jmap_card_name(card, arena), .address = first_text(json_object_get(card, "emails"), "address"),
		.department = first_text(json_object_get(card, "organizations"), "name"), .phone = first_text(phones, "number")};
	struct name_words_found *words = ARENA_NEW(arena, struct name_words_found);
	struct buf out = BUF_INIT(NAME_WORDS_MAX * (NAME_WORD_BYTES_MAX + 1));
	size_t named;

	name_words_of(&texts, arena, words, &named);
	for (size_t i = 0; i < words->count; i++) {
		if (i > 0)
			buf_append_byte(&out, ' ');
		buf_append(&out, words->list[i]);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

/* RFC 9610 1.4.1. */
void jmap_contacts_account(struct jmap *j, struct emit *e)
{
	emit_object(e);
	emit_member_number(e, "maxAddressBooksPerCard", JMAP_BOOKS_MAX);
	emit_member_bool(e, "mayCreateAddressBook", (j->host.mail->refuses & ACCOUNT_REFUSES_CHANGE) == 0);
	emit_object_end(e);
}
