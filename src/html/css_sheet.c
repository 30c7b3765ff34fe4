#include <string.h>

#include "base/ensure.h"
#include "html/css_block.h"
#include "html/element.h"

#define SELECTOR_MAX 1024     /* bytes of a list of selectors that is written */
#define SELECTOR_TOKENS_MAX 64
#define QUERY_MAX 512

static const char *const pseudo[] = {
	"active", "empty", "first-child", "first-of-type", "focus", "hover", "last-child", "last-of-type", "link", "only-child", "only-of-type",
	"visited",
};
static const char *const pseudo_functions[] = {"nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"};

static void rules_read(struct css_lex *l, size_t depth, const struct css_options *options, struct buf *out);

static bool listed(const struct css_token *t, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (css_name_is(t, list[i]))
			return true;
	return false;
}

/* ---- selectors ---- */

struct selector {
	struct buf out;
	size_t tokens;
	char joint;     /* the combinator before what comes next; 0: none */
	bool root;      /* it began with html or :root, which is not written when something follows */
	bool bad;
};

static void part(struct selector *s)
{
	if (buf_len(&s->out) > 0 && s->joint != 0)
		buf_append_byte(&s->out, (uint8_t)s->joint);
	s->joint = 0;
}

static void put_prefixed(struct selector *s, char mark, const struct css_token *t)
{
	s->bad = s->bad || t->name_length == 0;
	part(s);
	buf_printf(&s->out, "%cm-%s", mark, t->name);
}

static void put_element(struct selector *s, const struct css_token *t)
{
	const struct element *e = element_find(css_name(t));

	if (css_name_is(t, "html")) {
		s->root = true;
		s->bad = s->bad || buf_len(&s->out) > 0;
		return;
	}
	part(s);
	if (css_name_is(t, "body"))
		buf_append_str(&s->out, ".m-body");
	else if (e != NULL && e->treatment == ELEMENT_KEEP)
		buf_append_str(&s->out, e->name);
	else
		s->bad = true;
}

static void put_class(struct css_lex *l, struct selector *s)
{
	struct css_token t;

	css_next(l, &t);
	if (t.kind != CSS_IDENT)
		s->bad = true;
	put_prefixed(s, '.', &t);
}

static void put_argument(struct css_lex *l, struct selector *s, const struct css_token *function)
{
	struct css_token t;

	part(s);
	buf_printf(&s->out, ":%s(", function->name);
	for (css_next(l, &t); t.kind != CSS_CLOSE && t.kind != CSS_END; css_next(l, &t)) {
		if (css_closer(t.kind) != CSS_END)
			css_skip(l, css_closer(t.kind));
		if (t.kind == CSS_IDENT)
			buf_append(&s->out, css_name(&t));
		else if (t.kind == CSS_NUMBER || t.kind == CSS_DIMENSION)
			buf_printf(&s->out, "%.*s%s", SLICE_ARG(t.text), t.name);
		else if (t.kind == CSS_DELIMITER && (t.text.p[0] == '+' || t.text.p[0] == '-'))
			buf_append(&s->out, t.text);
		else if (t.kind != CSS_SPACE)
			s->bad = true;
	}
	buf_append_byte(&s->out, ')');
}

static void put_pseudo(struct css_lex *l, struct selector *s)
{
	struct css_token t;

	css_next(l, &t);
	if (t.kind == CSS_IDENT && css_name_is(&t, "root")) {
		s->root = true;
		s->bad = s->bad || buf_len(&s->out) > 0;
	} else if (t.kind == CSS_IDENT && listed(&t, pseudo, ARRAY_LEN(pseudo))) {
		part(s);
		buf_printf(&s->out, ":%s", t.name);
	} else if (t.kind == CSS_FUNCTION && listed(&t, pseudo_functions, ARRAY_LEN(pseudo_functions))) {
		put_argument(l, s, &t);
	} else {
		s->bad = true;
		if (css_closer(t.kind) != CSS_END)
			css_skip(l, css_closer(t.kind));
	}
}

static void put_delimiter(struct css_lex *l, struct selector *s, uint8_t c)
{
	if (c == '.') {
		put_class(l, s);
	} else if (c == '>' || c == '+' || c == '~') {
		s->bad = s->bad || (buf_len(&s->out) == 0 && !s->root);
		s->joint = (char)c;
	} else if (c == '*') {
		part(s);
		buf_append_byte(&s->out, '*');
	} else {
		s->bad = true;
	}
}

static void selector_token(struct css_lex *l, struct selector *s, const struct css_token *t)
{
	s->bad = s->bad || ++s->tokens > SELECTOR_TOKENS_MAX;
	if (t->kind == CSS_SPACE) {
		s->joint = s->joint == 0 ? ' ' : s->joint;
	} else if (t->kind == CSS_IDENT) {
		put_element(s, t);
	} else if (t->kind == CSS_HASH) {
		put_prefixed(s, '#', t);
	} else if (t->kind == CSS_COLON) {
		put_pseudo(l, s);
	} else if (t->kind == CSS_DELIMITER) {
		put_delimiter(l, s, t->text.p[0]);
	} else {
		s->bad = true;
		if (css_closer(t->kind) != CSS_END)
			css_skip(l, css_closer(t->kind));
	}
}

static void selector_end(struct selector *s, struct buf *list)
{
	/* A combinator without right side makes the browser drop the whole rule; a blank there is none. */
	if (s->joint != 0 && s->joint != ' ')
		s->bad = true;
	if (s->root && buf_len(&s->out) == 0)
		buf_append_str(&s->out, ".m-body");
	if (!s->bad && !s->out.failed && buf_len(&s->out) > 0) {
		if (buf_len(list) > 0)
			buf_append_byte(list, ',');
		buf_append(list, buf_slice(&s->out));
	}
	buf_clear(&s->out);
	s->tokens = 0;
	s->joint = 0;
	s->root = s->bad = false;
}

/* Up to and behind "{". False: the sheet or the block ended first. */
static bool selectors_read(struct css_lex *l, size_t depth, struct buf *list)
{
	struct selector s = {.out = BUF_INIT(SELECTOR_MAX)};
	bool found = false;

	for (;;) {
		size_t before = l->at;
		struct css_token t;

		css_next(l, &t);
		if (t.kind == CSS_END)
			break;
		if (t.kind == CSS_CURLY_END && depth > 0) {
			l->at = before;
			break;
		}
		if (t.kind == CSS_CURLY) {
			found = true;
			break;
		}
		if (t.kind == CSS_COMMA)
			selector_end(&s, list);
		else
			selector_token(l, &s, &t);
	}
	selector_end(&s, list);
	buf_free(&s.out);
	return found;
}

static void rule_read(struct css_lex *l, size_t depth, const struct css_options *options, struct buf *out)
{
	struct buf list = BUF_INIT(SELECTOR_MAX), block = BUF_INIT(SIZE_MAX / 4);

	if (selectors_read(l, depth, &list)) {
		css_declarations_read(l, true, options, &block);
		if (buf_len(&list) > 0 && !list.failed && buf_len(&block) > 0) {
			buf_append(&list, SLICE("{"));
			buf_append(&block, SLICE("}\n"));
			if (!list.failed && buf_len(out) + buf_len(&list) + buf_len(&block) <= out->max) {
				buf_append(out, buf_slice(&list));
				buf_append(out, buf_slice(&block));
			}
		}
	}
	buf_free(&list);
	buf_free(&block);
}

/* ---- @media ---- */

struct query {
	struct buf out;
	size_t depth;
	bool scheme;  /* "prefers-color-scheme" was read and is not written: its value decides */
	bool bad;
};

static void query_name(struct query *q, const struct css_token *t, const struct css_options *options)
{
	if (css_name_is(t, "prefers-color-scheme")) {
		q->scheme = true;
		q->bad = q->bad || q->depth == 0;
	} else if (q->scheme) {
		bool dark = css_name_is(t, "dark");

		if (dark && options->knows_dark != NULL)
			*options->knows_dark = true;
		q->bad = q->bad || (!dark && !css_name_is(t, "light"));
		buf_append_str(&q->out, dark == options->dark ? "min-width:0" : "min-width:99999px");
		q->scheme = false;
	} else {
		q->bad = q->bad || t->name_length == 0;
		buf_append(&q->out, css_name(t));
	}
}

static void query_bracket(struct query *q, enum css_kind kind)
{
	if (kind == CSS_OPEN)
		q->depth++;
	else if (q->depth > 0)
		q->depth--;
	else
		q->bad = true;
	q->bad = q->bad || q->depth > CSS_DEPTH_MAX || (q->scheme && kind == CSS_CLOSE);
	buf_append_byte(&q->out, kind == CSS_OPEN ? '(' : ')');
}

static void query_token(struct css_lex *l, struct query *q, const struct css_token *t, const struct css_options *options)
{
	if (t->kind == CSS_IDENT) {
		query_name(q, t, options);
	} else if (t->kind == CSS_OPEN || t->kind == CSS_CLOSE) {
		query_bracket(q, t->kind);
	} else if (t->kind == CSS_NUMBER || t->kind == CSS_DIMENSION) {
		buf_printf(&q->out, "%.*s%s", SLICE_ARG(t->text), t->name);
	} else if (t->kind == CSS_SPACE) {
		buf_append_byte(&q->out, ' ');
	} else if (t->kind == CSS_COMMA || (t->kind == CSS_DELIMITER && t->text.p[0] == '/')) {
		buf_append_byte(&q->out, t->kind == CSS_COMMA ? ',' : '/');
	} else if (t->kind == CSS_COLON) {
		if (!q->scheme)
			buf_append_byte(&q->out, ':');
	} else {
		q->bad = true;
		if (css_closer(t->kind) != CSS_END)
			css_skip(l, css_closer(t->kind));
	}
}

/* Up to and behind "{"; false: there is no block. */
static bool query_read(struct css_lex *l, struct query *q, const struct css_options *options)
{
	struct css_token t;

	for (css_next(l, &t); t.kind != CSS_END && t.kind != CSS_SEMICOLON && t.kind != CSS_CURLY; css_next(l, &t))
		query_token(l, q, &t, options);
	q->bad = q->bad || q->depth > 0 || q->scheme || q->out.failed;
	return t.kind == CSS_CURLY;
}

static void media_read(struct css_lex *l, size_t depth, const struct css_options *options, struct buf *out)
{
	struct query q = {.out = BUF_INIT(QUERY_MAX)};
	struct buf inner = BUF_INIT(out->max);

	if (query_read(l, &q, options)) {
		if (q.bad || depth >= CSS_DEPTH_MAX)
			css_skip(l, CSS_CURLY_END);
		else
			rules_read(l, depth + 1, options, &inner);
	}
	if (buf_len(&inner) > 0 && buf_len(out) + buf_len(&inner) + buf_len(&q.out) + 16 <= out->max) {
		buf_append(out, SLICE("@media "));
		buf_append(out, slice_trim(buf_slice(&q.out)));
		buf_append(out, SLICE("{"));
		buf_append(out, buf_slice(&inner));
		buf_append(out, SLICE("}\n"));
	}
	buf_free(&inner);
	buf_free(&q.out);
}

static void at_rule_read(struct css_lex *l, size_t depth, const struct css_token *name, const struct css_options *options, struct buf *out)
{
	struct css_token t;

	if (css_name_is(name, "media")) {
		media_read(l, depth, options, out);
		return;
	}
	for (css_next(l, &t); t.kind != CSS_END && t.kind != CSS_SEMICOLON; css_next(l, &t)) {
		if (css_closer(t.kind) != CSS_END)
			css_skip(l, css_closer(t.kind));
		if (t.kind == CSS_CURLY)
			return;
	}
}

static void rules_read(struct css_lex *l, size_t depth, const struct css_options *options, struct buf *out)
{
	for (;;) {
		size_t before = l->at;
		struct css_token t;

		css_next(l, &t);
		if (t.kind == CSS_END || (t.kind == CSS_CURLY_END && depth > 0))
			return;
		if (t.kind == CSS_SPACE || t.kind == CSS_MARK)
			continue;
		if (t.kind == CSS_AT) {
			at_rule_read(l, depth, &t, options, out);
		} else {
			l->at = before;
			rule_read(l, depth, options, out);
		}
	}
}

void css_sheet(struct slice css, const struct css_options *options, struct buf *out)
{
	struct css_lex l = {.in = css};

	rules_read(&l, 0, options, out);
}
