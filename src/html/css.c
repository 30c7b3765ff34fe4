#include "html/css.h"

#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "html/css_block.h"

#define NEST_MAX 64

enum { PICTURE = 1, FONTS = 2 };
static const struct property {
	const char *name;
	unsigned flags;
} properties[] = {
#define PROPERTY(name, flags) {#name, flags},
#include "html/properties.h"
#undef PROPERTY
};

/* They compute a number, a length, a colour or a picture of colours, of their arguments only. */
static const char *const functions[] = {
	"calc", "clamp", "hsl", "hsla", "hwb", "linear-gradient", "max", "min", "radial-gradient", "repeating-linear-gradient",
	"repeating-radial-gradient", "rgb", "rgba",
};

struct value {
	struct buf out;
	unsigned flags;
	size_t depth;
	bool bad;
	const struct css_options *options;
};

static const struct property *property_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(properties); i++)
		if (slice_eq_nocase(name, slice_str(properties[i].name)))
			return &properties[i];
	return NULL;
}

static bool function_is_known(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (slice_eq_nocase(name, slice_str(functions[i])))
			return true;
	return false;
}

enum css_kind css_closer(enum css_kind kind)
{
	if (kind == CSS_OPEN || kind == CSS_FUNCTION)
		return CSS_CLOSE;
	return kind == CSS_SQUARE ? CSS_SQUARE_END : kind == CSS_CURLY ? CSS_CURLY_END : CSS_END;
}

void css_skip(struct css_lex *l, enum css_kind closes)
{
	enum css_kind open[NEST_MAX];
	size_t depth = 0;
	struct css_token t;

	open[depth++] = closes;
	while (depth > 0) {
		css_next(l, &t);
		if (t.kind == CSS_END)
			return;
		if (t.kind == open[depth - 1]) {
			depth--;
		} else if (css_closer(t.kind) != CSS_END) {
			if (depth == NEST_MAX) {
				l->at = l->in.n;
				return;
			}
			open[depth++] = css_closer(t.kind);
		}
	}
}

/* ---- values ---- */

static void put_space(struct value *v)
{
	struct slice s = buf_slice(&v->out);

	if (s.n > 0 && s.p[s.n - 1] != ' ' && s.p[s.n - 1] != '(')
		buf_append_byte(&v->out, ' ');
}

static void put_name(struct value *v, const struct css_token *t)
{
	v->bad = v->bad || t->name_length == 0;
	buf_append(&v->out, css_name(t));
}

/* Names of fonts: no escapes, no marks of any language but commas and dots. */
static void put_string(struct value *v, struct slice s)
{
	buf_append_byte(&v->out, '\'');
	while (s.n > 0) {
		uint32_t c = utf8_next(&s);
		if (c >= ' ' && c != 0x7f && (c >= 0x80 || strchr("\\'\"<>&;@{}()", (int)c) == NULL))
			utf8_append(&v->out, c);
	}
	buf_append_byte(&v->out, '\'');
}

static void put_picture(struct value *v, struct slice address)
{
	if ((v->flags & PICTURE) == 0 || v->depth > 0)
		v->bad = true;
	else if (v->options->picture != NULL)
		v->options->picture(v->options->arg, address, &v->out);
}

/* "url(" with a quoted address. */
static void read_url(struct css_lex *l, struct value *v)
{
	struct css_token t;

	do
		css_next(l, &t);
	while (t.kind == CSS_SPACE);
	if (t.kind == CSS_STRING)
		put_picture(v, t.text);
	else
		v->bad = true;
	if (t.kind != CSS_CLOSE && t.kind != CSS_END)
		css_skip(l, CSS_CLOSE);
}

static void read_function(struct css_lex *l, struct value *v, const struct css_token *t)
{
	if (css_name_is(t, "url")) {
		read_url(l, v);
	} else if (!function_is_known(css_name(t)) || v->depth >= CSS_DEPTH_MAX) {
		v->bad = true;
		css_skip(l, CSS_CLOSE);
	} else {
		buf_append(&v->out, css_name(t));
		buf_append_byte(&v->out, '(');
		v->depth++;
	}
}

static void read_bracket(struct css_lex *l, struct value *v, const struct css_token *t)
{
	if (t->kind == CSS_OPEN && v->depth < CSS_DEPTH_MAX && v->depth > 0) {
		buf_append_byte(&v->out, '(');
		v->depth++;
		return;
	}
	v->bad = true;
	css_skip(l, css_closer(t->kind));
}

static void read_close(struct value *v)
{
	if (v->depth == 0) {
		v->bad = true;
		return;
	}
	v->depth--;
	buf_append_byte(&v->out, ')');
}

static void read_delimiter(struct value *v, struct slice text)
{
	if (strchr("/+-*!", text.p[0]) != NULL && text.p[0] != 0)
		buf_append(&v->out, text);
	else
		v->bad = true;
}

static void read_number(struct value *v, const struct css_token *t)
{
	buf_append(&v->out, t->text);
	if (t->kind == CSS_PERCENT)
		buf_append_byte(&v->out, '%');
	else if (t->kind == CSS_DIMENSION)
		put_name(v, t);
}

static void read_token(struct css_lex *l, struct value *v, const struct css_token *t)
{
	switch (t->kind) {
	case CSS_SPACE: put_space(v); break;
	case CSS_IDENT: put_name(v, t); break;
	case CSS_FUNCTION: read_function(l, v, t); break;
	case CSS_HASH:
		buf_append_byte(&v->out, '#');
		put_name(v, t);
		break;
	case CSS_STRING:
		v->bad = v->bad || (v->flags & FONTS) == 0;
		put_string(v, t->text);
		break;
	case CSS_URL: put_picture(v, t->text); break;
	case CSS_NUMBER:
	case CSS_PERCENT:
	case CSS_DIMENSION: read_number(v, t); break;
	case CSS_COMMA: buf_append_byte(&v->out, ','); break;
	case CSS_OPEN:
	case CSS_SQUARE:
	case CSS_CURLY: read_bracket(l, v, t); break;
	case CSS_CLOSE: read_close(v); break;
	case CSS_DELIMITER: read_delimiter(v, t->text); break;
	case CSS_AT:
	case CSS_COLON:
	case CSS_SEMICOLON:
	case CSS_SQUARE_END:
	case CSS_CURLY_END:
	case CSS_MARK:
	case CSS_BAD: v->bad = true; break;
	case CSS_END: break;
	}
}

/* Up to the semicolon, which is taken, or the end of the block, which is not. */
static void read_value(struct css_lex *l, bool in_block, struct value *v)
{
	for (;;) {
		size_t before = l->at;
		struct css_token t;

		css_next(l, &t);
		if (t.kind == CSS_END || (t.kind == CSS_SEMICOLON && v->depth == 0))
			break;
		if (t.kind == CSS_CURLY_END && v->depth == 0 && in_block) {
			l->at = before;
			break;
		}
		read_token(l, v, &t);
	}
	v->bad = v->bad || v->depth > 0 || v->out.failed;
}

static struct slice trimmed(const struct value *v)
{
	return slice_trim(buf_slice(&v->out));
}

static void note_scheme(const struct css_options *options, const struct property *p, struct slice value)
{
	if (options->knows_dark != NULL && strcmp(p->name, "color-scheme") == 0 && slice_search_nocase(value, SLICE("dark")) >= 0)
		*options->knows_dark = true;
}

/* The name has been read; true: it was a declaration. */
static void declaration_read(struct css_lex *l, bool in_block, const struct css_token *name, const struct css_options *options,
	struct buf *out)
{
	const struct property *p = name->kind == CSS_IDENT ? property_find(css_name(name)) : NULL;
	struct value v = {.out = BUF_INIT(CSS_VALUE_MAX), .flags = p != NULL ? p->flags : 0, .options = options, .bad = p == NULL};
	struct css_token t;
	size_t before;

	do {
		before = l->at;
		css_next(l, &t);
	} while (t.kind == CSS_SPACE);
	if (t.kind != CSS_COLON) {
		v.bad = true;
		l->at = before;
	}
	/* Addresses may be long, when images lie within the text. */
	if ((v.flags & PICTURE) != 0)
		v.out.max = SIZE_MAX / 4;
	read_value(l, in_block, &v);
	if (!v.bad && trimmed(&v).n > 0) {
		if (buf_len(out) > 0 && buf_slice(out).p[buf_len(out) - 1] != '{')
			buf_append_byte(out, ';');
		buf_printf(out, "%s:", p->name);
		buf_append(out, trimmed(&v));
		note_scheme(options, p, trimmed(&v));
	}
	buf_free(&v.out);
}

void css_declarations_read(struct css_lex *l, bool in_block, const struct css_options *options, struct buf *out)
{
	struct css_token t;

	for (;;) {
		css_next(l, &t);
		if (t.kind == CSS_END || (t.kind == CSS_CURLY_END && in_block))
			return;
		if (t.kind == CSS_SPACE || t.kind == CSS_SEMICOLON)
			continue;
		if (css_closer(t.kind) != CSS_END)
			css_skip(l, css_closer(t.kind));
		declaration_read(l, in_block, &t, options, out);
	}
}

void css_declarations(struct slice css, const struct css_options *options, struct buf *out)
{
	struct css_lex l = {.in = css};

	css_declarations_read(&l, false, options, out);
}
