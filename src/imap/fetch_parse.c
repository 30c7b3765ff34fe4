/* fetch-att: RFC 9051 9, RFC 3501 9, RFC 3516 7, RFC 7162 7, RFC 8474 5, RFC 8514 4.3, RFC 8970 3. */
#include <string.h>
#include "base/ensure.h"
#include "imap/fetch.h"

static const struct {
	const char *name;
	enum fetch_kind kind;
	unsigned need;
} simple[] = {
	{"UID", FETCH_UID, 0},
	{"FLAGS", FETCH_FLAGS, 0},
	{"INTERNALDATE", FETCH_INTERNALDATE, 0},
	{"RFC822.SIZE", FETCH_SIZE, 0},
	{"MODSEQ", FETCH_MODSEQ, 0},
	{"SAVEDATE", FETCH_SAVEDATE, 0},
	{"EMAILID", FETCH_EMAILID, 0},
	{"THREADID", FETCH_THREADID, 0},
	{"ENVELOPE", FETCH_ENVELOPE, NEED_DIGEST},
	{"BODYSTRUCTURE", FETCH_BODYSTRUCTURE, NEED_DIGEST | NEED_STRUCTURE},
	{"RFC822.HEADER", FETCH_RFC822_HEADER, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES},
	{"RFC822.TEXT", FETCH_RFC822_TEXT, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES | NEED_SEEN},
	{"RFC822", FETCH_RFC822, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES | NEED_SEEN},
};

struct items {
	struct imap_session *session;
	struct fetch_item *first, **last;
	size_t count;
	unsigned need;
};

static struct fetch_item *add_item(struct imap_parser *p, struct items *items, enum fetch_kind kind, unsigned need)
{
	struct fetch_item *item = ARENA_NEW(p->arena, struct fetch_item);

	item->kind = kind;
	*items->last = item;
	items->last = &item->next;
	items->count++;
	items->need |= need;
	if (kind == FETCH_MODSEQ)
		items->session->enabled |= ENABLED_CONDSTORE;
	return item;
}

static bool parse_fields(struct imap_parser *p, struct fetch_item *item)
{
	if (!imap_parse_space(p) || !imap_parse_char(p, '('))
		return false;
	item->fields = arena_alloc_array(p->arena, FETCH_FIELDS_MAX, sizeof *item->fields);
	do {
		if (item->field_count == FETCH_FIELDS_MAX)
			return imap_parse_fail(p, "Too many header fields");
		if (!imap_parse_astring(p, &item->fields[item->field_count++]))
			return false;
	} while (imap_take(p, ' '));
	return imap_parse_char(p, ')');
}

static bool parse_section_text(struct imap_parser *p, struct fetch_item *item)
{
	static const struct {
		struct slice name;
		enum section_kind kind;
	} names[] = {
		{SLICE_INIT("HEADER.FIELDS.NOT"), SECTION_FIELDS_NOT}, {SLICE_INIT("HEADER.FIELDS"), SECTION_FIELDS}, {SLICE_INIT("HEADER"), SECTION_HEADER},
		{SLICE_INIT("TEXT"), SECTION_TEXT}, {SLICE_INIT("MIME"), SECTION_MIME},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!slice_starts_nocase(p->in, names[i].name))
			continue;
		p->in = slice_from(p->in, names[i].name.n);
		item->section = names[i].kind;
		if (item->section == SECTION_MIME && item->number_count == 0)
			return imap_parse_fail(p, "MIME needs a part number");
		return (item->section != SECTION_FIELDS && item->section != SECTION_FIELDS_NOT) || parse_fields(p, item);
	}
	return imap_parse_fail(p, "Bad section");
}

/* "[" [part *("." part)] ["." text] "]" */
static bool parse_section(struct imap_parser *p, struct fetch_item *item, bool numbers_only)
{
	if (!imap_parse_char(p, '['))
		return false;
	while (p->in.n > 0 && ascii_is_digit(p->in.p[0])) {
		if (item->number_count == SECTION_DEPTH_MAX)
			return imap_parse_fail(p, "Section too deep");
		if (!imap_parse_nz_number(p, &item->numbers[item->number_count++]))
			return false;
		if (!imap_take(p, '.'))
			return imap_parse_char(p, ']');
	}
	if (item->number_count == 0 && imap_take(p, ']'))
		return true;
	if (numbers_only)
		return imap_parse_fail(p, "Bad section");
	return parse_section_text(p, item) && imap_parse_char(p, ']');
}

/* "<" offset "." length ">" */
static bool parse_partial(struct imap_parser *p, struct fetch_item *item)
{
	if (!imap_take(p, '<'))
		return true;
	item->partial = true;
	if (!imap_parse_number64(p, &item->offset) || !imap_parse_char(p, '.') || !imap_parse_number64(p, &item->length) || !imap_parse_char(p, '>'))
		return false;
	return item->length > 0 || imap_parse_fail(p, "Empty partial range");
}

static bool take_prefix(struct imap_parser *p, const char *prefix)
{
	struct slice s = slice_str(prefix);

	if (!slice_starts_nocase(p->in, s))
		return false;
	p->in = slice_from(p->in, s.n);
	return true;
}

static bool take_before_bracket(struct imap_parser *p, const char *name)
{
	struct slice s = slice_str(name);

	if (!slice_starts_nocase(p->in, s) || p->in.n == s.n || p->in.p[s.n] != '[')
		return false;
	p->in = slice_from(p->in, s.n);
	return true;
}

static bool parse_body(struct imap_parser *p, struct items *items, bool peek)
{
	struct fetch_item *item = add_item(p, items, FETCH_SECTION, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES);

	item->peek = peek;
	items->need |= peek ? 0 : NEED_SEEN;
	return parse_section(p, item, false) && parse_partial(p, item);
}

static bool parse_binary(struct imap_parser *p, struct items *items, bool peek)
{
	struct fetch_item *item = add_item(p, items, FETCH_BINARY, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES);

	item->peek = peek;
	items->need |= peek ? 0 : NEED_SEEN;
	return parse_section(p, item, true) && parse_partial(p, item);
}

static bool parse_item(struct imap_parser *p, struct items *items)
{
	if (items->count >= FETCH_ITEMS_MAX)
		return imap_parse_fail(p, "Too many items");
	for (size_t i = 0; i < ARRAY_LEN(simple); i++) {
		if (imap_take_word(p, simple[i].name)) {
			add_item(p, items, simple[i].kind, simple[i].need);
			return true;
		}
	}
	if (take_before_bracket(p, "BODY.PEEK"))
		return parse_body(p, items, true);
	if (take_before_bracket(p, "BODY"))
		return parse_body(p, items, false);
	if (take_before_bracket(p, "BINARY.PEEK"))
		return parse_binary(p, items, true);
	if (take_before_bracket(p, "BINARY.SIZE")) {
		struct fetch_item *item = add_item(p, items, FETCH_BINARY_SIZE, NEED_DIGEST | NEED_STRUCTURE | NEED_BYTES);
		return parse_section(p, item, true);
	}
	if (take_before_bracket(p, "BINARY"))
		return parse_binary(p, items, false);
	if (imap_take_word(p, "BODY")) {
		add_item(p, items, FETCH_BODY, NEED_DIGEST | NEED_STRUCTURE);
		return true;
	}
	if (imap_take_word(p, "PREVIEW")) {
		add_item(p, items, FETCH_PREVIEW, NEED_DIGEST | NEED_STRUCTURE);
		/* LAZY: previews are always there at once. */
		return !take_prefix(p, " (") || (imap_take_word(p, "LAZY") && imap_parse_char(p, ')'));
	}
	return imap_parse_fail(p, "Unknown FETCH item");
}

/* ALL, FAST, FULL (RFC 9051 6.4.5). */
static bool parse_macro(struct imap_parser *p, struct items *items)
{
	bool all = imap_take_word(p, "ALL"), full = !all && imap_take_word(p, "FULL");

	if (!all && !full && !imap_take_word(p, "FAST"))
		return false;
	add_item(p, items, FETCH_FLAGS, 0);
	add_item(p, items, FETCH_INTERNALDATE, 0);
	add_item(p, items, FETCH_SIZE, 0);
	if (all || full)
		add_item(p, items, FETCH_ENVELOPE, NEED_DIGEST);
	if (full)
		add_item(p, items, FETCH_BODY, NEED_DIGEST | NEED_STRUCTURE);
	return true;
}

bool fetch_parse_items(struct imap_session *s, struct imap_parser *p, struct fetch_item **ret, unsigned *ret_need)
{
	struct items items = {.session = s};

	items.last = &items.first;
	if (imap_take(p, '(')) {
		do {
			if (!parse_item(p, &items))
				return false;
		} while (imap_take(p, ' '));
		if (!imap_parse_char(p, ')'))
			return false;
	} else if (!parse_macro(p, &items) && !parse_item(p, &items)) {
		return false;
	}
	*ret = items.first;
	*ret_need = items.need;
	return true;
}
