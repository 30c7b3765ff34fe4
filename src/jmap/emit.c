#include "jmap/emit.h"

#include "base/codec.h"
#include "base/utf8.h"
#include "jmap/date.h"

/* Where a value or a key begins: behind another one stands a comma. */
static void begin(struct emit *e)
{
	if (e->last != 0 && e->last != '{' && e->last != '[' && e->last != ':')
		buf_append_byte(e->out, ',');
}

static void structure(struct emit *e, uint8_t c)
{
	buf_append_byte(e->out, c);
	e->last = c;
}

void emit_object(struct emit *e)
{
	begin(e);
	structure(e, '{');
}

void emit_object_end(struct emit *e)
{
	structure(e, '}');
}

void emit_array(struct emit *e)
{
	begin(e);
	structure(e, '[');
}

void emit_array_end(struct emit *e)
{
	structure(e, ']');
}

static void put_special(struct buf *out, uint8_t c)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

	for (size_t i = 0; i < sizeof names - 1; i++)
		if ((uint8_t)names[i] == c) {
			buf_append_byte(out, '\\');
			buf_append_byte(out, (uint8_t)letters[i]);
			return;
		}
	buf_printf(out, "\\u%04x", c);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static size_t plain_run(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_plain(s.p[at + n]))
		n++;
	return n;
}

static void put_text(struct buf *out, struct slice s)
{
	size_t i = 0;

	buf_append_byte(out, '"');
	while (i < s.n) {
		struct slice rest;
		size_t n = plain_run(s, i);

		buf_append_bytes(out, s.p + i, n);
		i += n;
		if (i == s.n)
			break;
		if (s.p[i] < 0x80) {
			put_special(out, s.p[i++]);
			continue;
		}
		rest = slice_from(s, i);
		utf8_append(out, utf8_next(&rest));
		i = s.n - rest.n;
	}
	buf_append_byte(out, '"');
}

void emit_key_text(struct emit *e, struct slice name)
{
	begin(e);
	put_text(e->out, name);
	structure(e, ':');
}

void emit_key(struct emit *e, const char *name)
{
	emit_key_text(e, slice_str(name));
}

void emit_text(struct emit *e, struct slice text)
{
	begin(e);
	put_text(e->out, text);
	e->last = '"';
}

void emit_number(struct emit *e, int64_t value)
{
	begin(e);
	buf_printf(e->out, "%lld", (long long)value);
	e->last = '0';
}

void emit_raw(struct emit *e, struct slice json)
{
	begin(e);
	buf_append(e->out, json);
	e->last = '0';
}

void emit_bool(struct emit *e, bool value)
{
	emit_raw(e, value ? SLICE("true") : SLICE("false"));
}

void emit_null(struct emit *e)
{
	emit_raw(e, SLICE("null"));
}

static int put_piece(const char *bytes, size_t size, void *arg)
{
	struct buf *out = arg;

	buf_append_bytes(out, bytes, size);
	return out->failed ? -1 : 0;
}

void emit_json(struct emit *e, const json_t *value)
{
	begin(e);
	(void)json_dump_callback(value, put_piece, e->out, JSON_COMPACT | JSON_ENCODE_ANY);
	e->last = '0';
}

void emit_date(struct emit *e, int64_t unix_seconds)
{
	struct buf text = BUF_INIT(JMAP_DATE_MAX);

	jmap_date_print(unix_seconds, &text);
	emit_text(e, buf_slice(&text));
	buf_free(&text);
}

void emit_id(struct emit *e, char kind, const uint8_t id[16])
{
	struct buf text = BUF_INIT(64);

	buf_append_byte(&text, (uint8_t)kind);
	hex_encode(slice_make(id, 16), &text);
	emit_text(e, buf_slice(&text));
	buf_free(&text);
}

void emit_member_text(struct emit *e, const char *name, struct slice text)
{
	emit_key(e, name);
	emit_text(e, text);
}

void emit_member_number(struct emit *e, const char *name, int64_t value)
{
	emit_key(e, name);
	emit_number(e, value);
}

void emit_member_bool(struct emit *e, const char *name, bool value)
{
	emit_key(e, name);
	emit_bool(e, value);
}

void emit_member_null(struct emit *e, const char *name)
{
	emit_key(e, name);
	emit_null(e);
}
