#include "audit/record.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"

#define SALT_TEXT 22 /* characters of 16 bytes in base64url */

/* ---- wire form ---- */

static void encode_field(const struct log_field *f, struct buf *out)
{
	size_t name = strlen(f->key);
	ENSURE(name < 256);
	buf_put_u8(out, (uint8_t)name);
	buf_append_bytes(out, f->key, name);
	buf_put_u8(out, f->is_number);
	if (f->is_number) {
		buf_put_u64(out, (uint64_t)f->number);
		return;
	}
	struct slice text = utf8_prefix(f->text, AUDIT_VALUE_MAX);
	buf_put_u16(out, (uint16_t)text.n);
	buf_append(out, text);
}

void audit_event_encode(uint64_t number, int64_t wall_ms, enum log_event event, const struct log_field *fields, struct buf *out)
{
	size_t count = 0;
	while (count < AUDIT_FIELDS_MAX && fields[count].key != NULL)
		count++;
	buf_put_u64(out, number);
	buf_put_u64(out, (uint64_t)wall_ms);
	buf_put_u16(out, (uint16_t)event);
	buf_put_u8(out, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		encode_field(&fields[i], out);
}

/* The row's own text of a field name; NULL when the row does not have it. */
static const char *row_key(enum log_event event, struct slice name)
{
	const struct log_field_row *row = log_row_has(event, name) ? log_field_find(name) : NULL;
	return row != NULL && row->privacy != LOG_PRIVACY_NEVER ? row->name : NULL;
}

static bool get_run(struct slice *in, size_t n, struct slice *ret)
{
	if (in->n < n)
		return false;
	*ret = slice_sub(*in, 0, n);
	*in = slice_from(*in, n);
	return true;
}

static bool decode_field(struct slice *in, enum log_event event, struct log_field *f)
{
	struct slice name;
	uint8_t length, is_number;
	uint64_t number = 0;
	uint16_t n;
	*f = (struct log_field){0};
	if (!slice_get_u8(in, &length) || !get_run(in, length, &name) || !slice_get_u8(in, &is_number) || is_number > 1)
		return false;
	f->key = row_key(event, name);
	f->is_number = is_number;
	if (is_number ? !slice_get_u64(in, &number) : !slice_get_u16(in, &n) || n > AUDIT_VALUE_MAX || !get_run(in, n, &f->text))
		return false;
	f->number = (int64_t)number;
	return true;
}

int audit_event_decode(struct slice *in, struct audit_event *ret)
{
	uint64_t wall;
	uint16_t event;
	uint8_t count;
	ret->count = 0;
	if (!slice_get_u64(in, &ret->number) || !slice_get_u64(in, &wall) || !slice_get_u16(in, &event) || !slice_get_u8(in, &count))
		return ERR_INVALID;
	if (event >= EV_COUNT || log_row((enum log_event)event)->class == LOG_CLASS_NONE || count > AUDIT_FIELDS_MAX || (int64_t)wall < 0)
		return ERR_INVALID;
	ret->wall_ms = (int64_t)wall;
	ret->event = (enum log_event)event;
	for (uint8_t i = 0; i < count; i++) {
		if (!decode_field(in, ret->event, &ret->fields[ret->count]))
			return ERR_INVALID;
		ret->count += ret->fields[ret->count].key != NULL;
	}
	return 0;
}

/* ---- canonical form ---- */

static bool needs_care(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] >= 0x7f || text.p[i] == '"' || text.p[i] == '\\')
			return true;
	return false;
}

static void append_character(struct buf *out, uint32_t c)
{
	if (c == '"' || c == '\\') {
		buf_append_byte(out, '\\');
		buf_append_byte(out, (uint8_t)c);
	} else if (c < 0x20 || c == 0x7f) {
		buf_printf(out, "\\u%04x", (unsigned)c);
	} else {
		utf8_append(out, c);
	}
}

void audit_json_text(struct buf *out, struct slice text)
{
	buf_append_byte(out, '"');
	if (!needs_care(text))
		buf_append(out, text);
	else
		while (text.n > 0)
			append_character(out, utf8_next(&text));
	buf_append_byte(out, '"');
}

static void append_number(struct buf *out, int64_t value)
{
	if (value < 0)
		buf_append_byte(out, '-');
	buf_append_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void append_hex(struct buf *out, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	for (int shift = 60; shift >= 0; shift -= 4)
		buf_append_byte(out, (uint8_t)digits[value >> shift & 15]);
}

static void append_fields(const struct audit_event *e, struct buf *out)
{
	struct slice rest = slice_str(log_row(e->event)->fields), name;
	const char *comma = "";
	while (slice_split(&rest, ' ', &name)) {
		for (size_t i = 0; i < e->count; i++) {
			const struct log_field *f = &e->fields[i];
			if (!slice_eq(slice_str(f->key), name))
				continue;
			buf_append_str(out, comma);
			buf_append_byte(out, '"');
			buf_append(out, name);
			buf_append_str(out, "\":");
			if (f->is_number)
				append_number(out, f->number);
			else
				audit_json_text(out, f->text);
			comma = ",";
			break;
		}
	}
}

void audit_record_print(uint64_t n, const struct audit_origin *origin, const uint8_t salt[AUDIT_SALT_SIZE], const struct audit_event *event,
	struct buf *out)
{
	const struct log_row *row = log_row(event->event);
	buf_append_str(out, "{\"n\":");
	buf_append_u64(out, n);
	buf_append_str(out, ",\"t\":");
	append_number(out, event->wall_ms);
	buf_append_str(out, ",\"e\":\"");
	buf_append_str(out, row->name);
	buf_append_str(out, "\",\"c\":\"");
	buf_append_str(out, log_class_name(row->class));
	buf_append_str(out, "\",\"l\":\"");
	buf_append_str(out, log_level_name(row->level));
	buf_append_str(out, "\",\"r\":\"");
	buf_append_str(out, origin->role);
	buf_append_byte(out, '/');
	buf_append_u64(out, origin->instance);
	buf_append_str(out, "\",\"s\":\"");
	append_hex(out, origin->start);
	buf_append_byte(out, '-');
	buf_append_u64(out, event->number);
	buf_append_str(out, "\",\"k\":\"");
	base64url_encode(slice_make(salt, AUDIT_SALT_SIZE), out);
	buf_append_str(out, "\",\"f\":{");
	append_fields(event, out);
	buf_append_str(out, "}}");
}

/* ---- reading ---- */

static bool take(struct slice *in, const char *literal)
{
	struct slice want = slice_str(literal);
	if (!slice_starts(*in, want))
		return false;
	*in = slice_from(*in, want.n);
	return true;
}

/* Decimal without leading zeros. */
static bool take_u64(struct slice *in, uint64_t *ret)
{
	size_t n = 0;
	while (n < in->n && ascii_is_digit(in->p[n]))
		n++;
	struct slice digits = slice_sub(*in, 0, n);
	if (n == 0 || (n > 1 && digits.p[0] == '0') || slice_to_u64(digits, ret) < 0)
		return false;
	*in = slice_from(*in, n);
	return true;
}

static bool take_number(struct slice *in, int64_t *ret)
{
	uint64_t value;
	bool negative = take(in, "-");
	if (!take_u64(in, &value) || value > (uint64_t)INT64_MAX + negative || (negative && value == 0))
		return false;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

static int hex_value(uint8_t c)
{
	return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(struct slice *in, unsigned digits, uint64_t *ret)
{
	*ret = 0;
	if (in->n < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		int value = hex_value(in->p[i]);
		if (value < 0)
			return false;
		*ret = *ret << 4 | (uint64_t)value;
	}
	*in = slice_from(*in, digits);
	return true;
}

/* Behind a backslash. */
static bool take_escape(struct slice *in, struct buf *out)
{
	uint64_t value;
	if (take(in, "\"")) {
		buf_append_byte(out, '"');
	} else if (take(in, "\\")) {
		buf_append_byte(out, '\\');
	} else if (take(in, "u") && take_hex(in, 4, &value) && (value < 0x20 || value == 0x7f)) {
		buf_append_byte(out, (uint8_t)value);
	} else {
		return false;
	}
	return true;
}

/* The text up to the closing quote, which is taken too. */
static bool take_text(struct slice *in, struct arena *arena, struct slice *ret)
{
	struct buf out = BUF_INIT(AUDIT_TEXT_MAX);
	bool ok = true;
	while (ok && in->n > 0 && in->p[0] != '"') {
		uint8_t c = in->p[0];
		*in = slice_from(*in, 1);
		if (c == '\\')
			ok = take_escape(in, &out);
		else if (c < 0x20 || c == 0x7f)
			ok = false;
		else
			buf_append_byte(&out, c);
	}
	ok = ok && take(in, "\"") && !out.failed && utf8_valid(buf_slice(&out));
	if (ok)
		*ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ok;
}

/* A text that never has to be escaped. */
static bool take_word(struct slice *in, struct slice *ret)
{
	ptrdiff_t end = slice_find(*in, '"');
	if (end < 0)
		return false;
	*ret = slice_sub(*in, 0, (size_t)end);
	for (size_t i = 0; i < ret->n; i++)
		if (!ascii_is_alnum(ret->p[i]) && slice_find(SLICE("._/-"), ret->p[i]) < 0)
			return false;
	*in = slice_from(*in, (size_t)end + 1);
	return ret->n > 0;
}

static bool take_field(struct slice *in, struct arena *arena, struct audit_record *r)
{
	if (r->count == AUDIT_FIELDS_MAX || !take(in, "\"") || !take_word(in, &r->fields[r->count].name) || !take(in, ":"))
		return false;
	r->fields[r->count].is_number = !take(in, "\"");
	bool ok = r->fields[r->count].is_number ? take_number(in, &r->fields[r->count].number) : take_text(in, arena, &r->fields[r->count].text);
	r->count += ok;
	return ok;
}

static bool take_fields(struct slice *in, struct arena *arena, struct audit_record *r)
{
	r->count = 0;
	if (!take(in, "{"))
		return false;
	if (take(in, "}"))
		return true;
	do {
		if (!take_field(in, arena, r))
			return false;
	} while (take(in, ","));
	return take(in, "}");
}

static bool take_salt(struct slice *in, struct slice *ret)
{
	struct buf bytes = BUF_INIT(AUDIT_SALT_SIZE), again = BUF_INIT(4 * SALT_TEXT);
	*ret = slice_sub(*in, 0, SALT_TEXT);
	bool ok = base64url_decode_strict(*ret, &bytes) == 0 && buf_len(&bytes) == AUDIT_SALT_SIZE;
	base64url_encode(buf_slice(&bytes), &again);
	ok = ok && slice_eq(buf_slice(&again), *ret);
	*in = slice_from(*in, SALT_TEXT);
	buf_free(&bytes);
	buf_free(&again);
	return ok && take(in, "\"");
}

int audit_record_parse(struct slice text, struct arena *arena, struct audit_record *ret)
{
	struct slice in = text;
	bool ok = text.n <= AUDIT_TEXT_MAX && take(&in, "{\"n\":") && take_u64(&in, &ret->n) && take(&in, ",\"t\":")
		&& take_number(&in, &ret->wall_ms) && take(&in, ",\"e\":\"") && take_word(&in, &ret->event) && take(&in, ",\"c\":\"")
		&& take_word(&in, &ret->class) && take(&in, ",\"l\":\"") && take_word(&in, &ret->level) && take(&in, ",\"r\":\"")
		&& take_word(&in, &ret->role) && take(&in, ",\"s\":\"") && take_hex(&in, 16, &ret->start) && take(&in, "-")
		&& take_u64(&in, &ret->number) && take(&in, "\",\"k\":\"") && take_salt(&in, &ret->salt) && take(&in, ",\"f\":")
		&& take_fields(&in, arena, ret) && take(&in, "}") && in.n == 0;
	return ok ? 0 : ERR_INVALID;
}

int audit_record_index(struct slice text, uint64_t *ret)
{
	return take(&text, "{\"n\":") && take_u64(&text, ret) && take(&text, ",\"t\":") ? 0 : ERR_INVALID;
}
