#include "sso/form.h"

#include "base/ascii.h"
#include "base/ensure.h"

/* One character; negative when it is malformed or a control character. */
static int take(struct slice *text)
{
	int c = text->p[0];
	size_t used = 1;
	if (c == '+') {
		c = ' ';
	} else if (c == '%') {
		int high = text->n >= 3 ? ascii_hex_value(text->p[1]) : -1, low = high >= 0 ? ascii_hex_value(text->p[2]) : -1;
		if (low < 0)
			return -1;
		c = high << 4 | low;
		used = 3;
	}
	*text = slice_from(*text, used);
	return c < 0x20 || c == 0x7f ? -1 : c;
}

static int decode(struct slice text, struct arena *arena, struct slice *ret)
{
	uint8_t *out = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	while (text.n > 0) {
		int c = take(&text);
		if (c < 0)
			return ERR_INVALID;
		out[n++] = (uint8_t)c;
	}
	*ret = slice_make(out, n);
	return 0;
}

static bool known(const struct form *form, struct slice name)
{
	for (size_t i = 0; i < form->count; i++)
		if (slice_eq(form->fields[i].name, name))
			return true;
	return false;
}

int form_parse(struct slice text, struct arena *arena, struct form *ret)
{
	struct slice pair;
	ret->count = 0;
	if (text.n > FORM_MAX)
		return ERR_LIMIT;
	while (slice_split(&text, '&', &pair)) {
		struct form_field field;
		ptrdiff_t equals = slice_find(pair, '=');
		size_t end = equals < 0 ? pair.n : (size_t)equals;
		if (pair.n == 0)
			continue;
		if (decode(slice_sub(pair, 0, end), arena, &field.name) != 0 || decode(slice_from(pair, end + 1), arena, &field.value) != 0
		    || known(ret, field.name))
			return ERR_INVALID;
		if (ret->count == FORM_FIELDS_MAX)
			return ERR_LIMIT;
		ret->fields[ret->count++] = field;
	}
	return 0;
}

struct slice form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (slice_eq(form->fields[i].name, slice_str(name)))
			return form->fields[i].value;
	return SLICE_NONE;
}

void form_escape(struct slice text, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
			buf_append_byte(out, c);
		} else {
			buf_append_byte(out, '%');
			buf_append_byte(out, (uint8_t)digits[c >> 4]);
			buf_append_byte(out, (uint8_t)digits[c & 15]);
		}
	}
}

void form_put(struct buf *out, const char *name, struct slice value)
{
	struct slice before = buf_slice(out);
	if (before.n > 0 && before.p[before.n - 1] != '?')
		buf_append_byte(out, '&');
	buf_append_str(out, name);
	buf_append_byte(out, '=');
	form_escape(value, out);
}
