#include "jmap/email_header.h"

#include "base/list.h"
#include "jmap/date.h"
#include "mime/address.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/limits.h"

/* ---- names ---- */

static const struct { const char *name; enum jmap_header_form form; } forms[] = {
	{"asRaw", JMAP_FORM_RAW}, {"asText", JMAP_FORM_TEXT}, {"asAddresses", JMAP_FORM_ADDRESSES}, {"asGroupedAddresses", JMAP_FORM_GROUPED},
	{"asMessageIds", JMAP_FORM_MESSAGE_IDS}, {"asDate", JMAP_FORM_DATE}, {"asURLs", JMAP_FORM_URLS},
};

/* Fields that RFC 5322 and RFC 2369 define have the forms that fit them; any other one has all. */
static const struct { const char *name; unsigned forms; } fields[] = {
#define BIT(form) (1u << JMAP_FORM_##form)
#define ADDRESSED (BIT(ADDRESSES) | BIT(GROUPED))
	{"from", ADDRESSED}, {"sender", ADDRESSED}, {"reply-to", ADDRESSED}, {"to", ADDRESSED}, {"cc", ADDRESSED}, {"bcc", ADDRESSED},
	{"resent-from", ADDRESSED}, {"resent-sender", ADDRESSED}, {"resent-reply-to", ADDRESSED}, {"resent-to", ADDRESSED},
	{"resent-cc", ADDRESSED}, {"resent-bcc", ADDRESSED}, {"subject", BIT(TEXT)}, {"comments", BIT(TEXT)}, {"keywords", BIT(TEXT)},
	{"list-id", BIT(TEXT)}, {"message-id", BIT(MESSAGE_IDS)}, {"in-reply-to", BIT(MESSAGE_IDS)}, {"references", BIT(MESSAGE_IDS)},
	{"resent-message-id", BIT(MESSAGE_IDS)}, {"date", BIT(DATE)}, {"resent-date", BIT(DATE)}, {"list-help", BIT(URLS)},
	{"list-unsubscribe", BIT(URLS)}, {"list-subscribe", BIT(URLS)}, {"list-post", BIT(URLS)}, {"list-owner", BIT(URLS)},
	{"list-archive", BIT(URLS)}, {"return-path", 0}, {"received", 0},
};

static bool form_fits(struct slice name, enum jmap_header_form form)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (slice_eq_nocase(name, slice_str(fields[i].name)))
			return form == JMAP_FORM_RAW || (fields[i].forms >> form & 1) != 0;
	}
	return true;
}

static bool name_valid(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 33 || name.p[i] > 126)
			return false;
	}
	return name.n > 0 && name.n <= 255;
}

static bool take_form(struct slice text, enum jmap_header_form *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (slice_eq(text, slice_str(forms[i].name))) {
			*ret = forms[i].form;
			return true;
		}
	}
	return false;
}

bool jmap_header_parse(struct slice property, struct jmap_header_property *ret)
{
	struct slice rest = slice_from(property, 7), part;

	*ret = (struct jmap_header_property){.form = JMAP_FORM_RAW};
	if (!slice_starts(property, SLICE("header:")) || slice_ends(property, SLICE(":")) || !slice_split(&rest, ':', &ret->name)
	    || !name_valid(ret->name))
		return false;
	if (rest.n > 0 && !slice_eq(rest, SLICE("all"))) {
		if (!slice_split(&rest, ':', &part) || !take_form(part, &ret->form))
			return false;
	}
	ret->all = slice_eq(rest, SLICE("all"));
	return (rest.n == 0 || ret->all) && form_fits(ret->name, ret->form);
}

/* ---- forms ---- */

static void print_text(struct emit *e, struct slice value, struct arena *arena)
{
	emit_text(e, slice_trim(mime_words_decode_arena(mime_unfold(arena, value), arena)));
}

static void print_address(struct emit *e, const struct mime_address *a, struct arena *arena)
{
	struct slice name = a->has_name ? mime_words_decode_arena(a->name, arena) : SLICE_NONE;

	emit_object(e);
	if (name.n > 0)
		emit_member_text(e, "name", name);
	else
		emit_member_null(e, "name");
	emit_member_text(e, "email", a->has_host ? mime_address_spec(a, arena) : a->mailbox);
	emit_object_end(e);
}

static bool is_group_start(const struct mime_address *a)
{
	return a->has_mailbox && !a->has_host;
}

/* A parser's address without host is the start of a group when an end follows, else a text that is no address. */
static bool group_ends(const struct mime_address *a)
{
	for (a = a->next; a != NULL; a = a->next) {
		if (!a->has_mailbox)
			return true;
		if (is_group_start(a))
			return false;
	}
	return false;
}

void jmap_addresses_print(struct emit *e, const struct mime_address *list, struct arena *arena)
{
	emit_array(e);
	for (const struct mime_address *a = list; a != NULL; a = a->next) {
		if (a->has_mailbox && (a->has_host || !group_ends(a)))
			print_address(e, a, arena);
	}
	emit_array_end(e);
}

static void open_group(struct emit *e, const struct mime_address *start, struct arena *arena)
{
	emit_object(e);
	if (start != NULL)
		emit_member_text(e, "name", mime_words_decode_arena(start->mailbox, arena));
	else
		emit_member_null(e, "name");
	emit_key(e, "addresses");
	emit_array(e);
}

static void close_group(struct emit *e)
{
	emit_array_end(e);
	emit_object_end(e);
}

/* Neighbours outside of any group are one of their own, without name. */
static void print_grouped(struct emit *e, const struct mime_address *a, struct arena *arena)
{
	bool open = false, named = false;

	emit_array(e);
	for (; a != NULL; a = a->next) {
		bool start = is_group_start(a) && group_ends(a), end = !a->has_mailbox;

		if (open && (start || (end && named))) {
			close_group(e);
			open = named = false;
		}
		if (end)
			continue;
		if (!open)
			open_group(e, start ? a : NULL, arena);
		open = true;
		named = named || start;
		if (!start)
			print_address(e, a, arena);
	}
	if (open)
		close_group(e);
	emit_array_end(e);
}

/* What stands between '<' and '>'; a text with anything else than that and comments is not parsed: null. */
static void print_angled(struct emit *e, struct slice value, bool urls, struct arena *arena)
{
	struct slice rest = mime_unfold(arena, value);
	unsigned count = 0;
	ptrdiff_t open, end;

	for (; (open = slice_find(rest, '<')) >= 0; count++) {
		struct slice inner = slice_from(rest, (size_t)open + 1);

		end = slice_find(inner, '>');
		if (end < 0)
			break;
		rest = slice_from(inner, (size_t)end + 1);
		if (count == 0)
			emit_array(e);
		inner = slice_trim(slice_sub(inner, 0, (size_t)end));
		emit_text(e, inner);
	}
	if (count > 0) {
		emit_array_end(e);
		return;
	}
	rest = slice_trim(rest);
	if (urls || rest.n == 0 || slice_find(rest, ' ') >= 0 || slice_find(rest, '@') < 0) {
		emit_null(e);
		return;
	}
	emit_array(e); /* one id that lacks its brackets */
	emit_text(e, rest);
	emit_array_end(e);
}

static void print_date(struct emit *e, struct slice value, struct arena *arena)
{
	struct buf text = BUF_INIT(JMAP_DATE_MAX);
	int64_t seconds;
	int zone;

	if (mime_date_parse_zone(mime_unfold(arena, value), &seconds, &zone) < 0) {
		emit_null(e);
		return;
	}
	if (zone % 60 != 0 || zone <= -86400 || zone >= 86400)
		zone = 0;
	jmap_date_print(seconds + zone, &text);
	if (zone != 0) {
		buf_truncate(&text, buf_len(&text) - 1);
		buf_printf(&text, "%c%02d:%02d", zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 3600, (zone < 0 ? -zone : zone) / 60 % 60);
	}
	emit_text(e, buf_slice(&text));
	buf_free(&text);
}

void jmap_form_print(struct emit *e, enum jmap_header_form form, struct slice value, struct arena *arena)
{
	switch (form) {
	case JMAP_FORM_RAW:
		emit_text(e, value);
		return;
	case JMAP_FORM_TEXT:
		print_text(e, value, arena);
		return;
	case JMAP_FORM_ADDRESSES:
		jmap_addresses_print(e, mime_address_parse(value, arena), arena);
		return;
	case JMAP_FORM_GROUPED:
		print_grouped(e, mime_address_parse(value, arena), arena);
		return;
	case JMAP_FORM_MESSAGE_IDS:
	case JMAP_FORM_URLS:
		print_angled(e, value, form == JMAP_FORM_URLS, arena);
		return;
	case JMAP_FORM_DATE:
		print_date(e, value, arena);
		return;
	}
}

void jmap_header_print(struct emit *e, const struct jmap_header_property *p, struct slice header, struct arena *arena)
{
	struct mime_field field, last;
	bool found = false;
	unsigned seen = 0;

	if (p->all)
		emit_array(e);
	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		if (!slice_eq_nocase(field.name, p->name))
			continue;
		if (p->all)
			jmap_form_print(e, p->form, field.value, arena);
		last = field;
		found = true;
	}
	if (p->all)
		emit_array_end(e);
	else if (found)
		jmap_form_print(e, p->form, last.value, arena);
	else
		emit_null(e);
}

void jmap_headers_print(struct emit *e, struct slice header)
{
	struct mime_field field;
	unsigned seen = 0;

	emit_array(e);
	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		emit_object(e);
		emit_member_text(e, "name", field.name);
		emit_member_text(e, "value", field.value);
		emit_object_end(e);
	}
	emit_array_end(e);
}
