#include "html/token.h"

#include <string.h>

void html_tokens_init(struct html_tokens *t, struct slice in)
{
	*t = (struct html_tokens){.in = in};
	if (slice_starts(in, SLICE("\xef\xbb\xbf")))
		t->at = 3;
}

void html_tokens_raw(struct html_tokens *t, enum html_text_kind kind, struct slice name)
{
	if (t->foreign)
		return;
	t->kind = kind;
	t->ends = name;
}

bool html_token_attribute(const struct html_token *token, struct slice name, struct slice *ret)
{
	for (size_t i = 0; i < token->attribute_count; i++)
		if (slice_eq_nocase(token->attributes[i].name, name)) {
			*ret = token->attributes[i].value;
			return true;
		}
	return false;
}

static uint8_t byte_at(const struct html_tokens *t, size_t i)
{
	return i < t->in.n ? t->in.p[i] : 0;
}

static void skip_spaces(struct html_tokens *t)
{
	while (t->at < t->in.n && html_is_space(t->in.p[t->at]))
		t->at++;
}

/* Behind the next '>', or at the end. */
static void skip_bogus(struct html_tokens *t)
{
	const uint8_t *end = t->at < t->in.n ? memchr(t->in.p + t->at, '>', t->in.n - t->at) : NULL;

	t->at = end != NULL ? (size_t)(end - t->in.p) + 1 : t->in.n;
}

static struct slice rest(const struct html_tokens *t)
{
	return slice_from(t->in, t->at);
}

/* Behind "<!--": it ends by "-->" or "--!>", and at once by ">" or "->". */
static void skip_comment(struct html_tokens *t)
{
	if (slice_starts(rest(t), SLICE(">")) || slice_starts(rest(t), SLICE("->"))) {
		skip_bogus(t);
		return;
	}
	while (t->at < t->in.n) {
		const uint8_t *dash = memchr(t->in.p + t->at, '-', t->in.n - t->at);

		if (dash == NULL)
			break;
		t->at = (size_t)(dash - t->in.p);
		if (slice_starts(rest(t), SLICE("-->")) || slice_starts(rest(t), SLICE("--!>"))) {
			skip_bogus(t);
			return;
		}
		t->at++;
	}
	t->at = t->in.n;
}

/* Behind "<!" or "<?" or "</" that begins no tag. CDATA is text and is left to text_next. */
static void skip_markup(struct html_tokens *t)
{
	if (slice_starts(rest(t), SLICE("!--"))) {
		t->at += 3;
		skip_comment(t);
	} else {
		skip_bogus(t);
	}
}

/* ---- tags ---- */

static bool is_tag_end(uint8_t c)
{
	return html_is_space(c) || c == '/' || c == '>';
}

static struct slice attribute_name(struct html_tokens *t)
{
	size_t from = t->at;

	/* An equals sign at the front belongs to the name. */
	if (byte_at(t, t->at) == '=')
		t->at++;
	while (t->at < t->in.n && !is_tag_end(t->in.p[t->at]) && t->in.p[t->at] != '=')
		t->at++;
	return slice_sub(t->in, from, t->at);
}

static struct slice quoted_value(struct html_tokens *t, uint8_t quote)
{
	size_t from = ++t->at;
	const uint8_t *end = from < t->in.n ? memchr(t->in.p + from, quote, t->in.n - from) : NULL;

	t->at = end != NULL ? (size_t)(end - t->in.p) + 1 : t->in.n;
	return slice_sub(t->in, from, end != NULL ? t->at - 1 : t->at);
}

static struct slice attribute_value(struct html_tokens *t)
{
	size_t from = t->at;
	uint8_t c = byte_at(t, t->at);

	if (c == '"' || c == '\'')
		return quoted_value(t, c);
	while (t->at < t->in.n && !html_is_space(t->in.p[t->at]) && t->in.p[t->at] != '>')
		t->at++;
	return slice_sub(t->in, from, t->at);
}

static void attribute_next(struct html_tokens *t, struct html_token *token)
{
	struct html_attribute a = {.name = attribute_name(t)};

	skip_spaces(t);
	if (byte_at(t, t->at) == '=' && t->at < t->in.n) {
		t->at++;
		skip_spaces(t);
		a.value = byte_at(t, t->at) == '>' ? SLICE_NONE : attribute_value(t);
	}
	if (token->attribute_count < HTML_ATTRIBUTES_MAX)
		token->attributes[token->attribute_count++] = a;
}

/* From the first letter of the name on; false: the input ended inside, there is no tag. */
static bool tag_next(struct html_tokens *t, struct html_token *token)
{
	size_t from = t->at;

	while (t->at < t->in.n && !is_tag_end(t->in.p[t->at]))
		t->at++;
	token->name = slice_sub(t->in, from, t->at);
	token->attribute_count = 0;
	token->self_closing = false;
	while (t->at < t->in.n) {
		uint8_t c = t->in.p[t->at];

		if (c == '>') {
			t->at++;
			return true;
		}
		token->self_closing = c == '/' && byte_at(t, t->at + 1) == '>';
		if (is_tag_end(c))
			t->at++;
		else
			attribute_next(t, token);
	}
	return false;
}

/* At a '<'. True: *token is a tag. False with t->at moved: markup without content. False and not moved: the '<' is text. */
static bool markup_next(struct html_tokens *t, struct html_token *token)
{
	uint8_t next = byte_at(t, t->at + 1), after = byte_at(t, t->at + 2);

	if (ascii_is_alpha(next) || (next == '/' && ascii_is_alpha(after))) {
		token->kind = next == '/' ? HTML_END_TAG : HTML_START_TAG;
		t->at += next == '/' ? 2 : 1;
		return tag_next(t, token);
	}
	if (next == '!' || next == '?' || (next == '/' && t->at + 2 < t->in.n)) {
		t->at += next == '/' ? 2 : 1;
		skip_markup(t);
	}
	return false;
}

/* ---- text ---- */

static void text_token(struct html_tokens *t, struct html_token *token, size_t from, size_t to, bool references)
{
	token->kind = HTML_TEXT;
	token->text = slice_sub(t->in, from, to);
	token->references = references;
}

/* At a '<': the end tag of the raw element? */
static bool at_end_tag(const struct html_tokens *t, size_t i, struct slice name)
{
	struct slice s = slice_from(t->in, i);

	return s.n > 2 + name.n && s.p[1] == '/' && slice_eq_nocase(slice_sub(s, 2, 2 + name.n), name) && is_tag_end(s.p[2 + name.n]);
}

static size_t find_angle(const struct html_tokens *t, size_t from)
{
	const uint8_t *p = from < t->in.n ? memchr(t->in.p + from, '<', t->in.n - from) : NULL;

	return p != NULL ? (size_t)(p - t->in.p) : t->in.n;
}

static size_t raw_end(const struct html_tokens *t)
{
	size_t i = find_angle(t, t->at);

	while (i < t->in.n && !at_end_tag(t, i, t->ends))
		i = find_angle(t, i + 1);
	return i;
}

/* Script: behind "<!--" a "<script" hides the next "</script" (HTML 13.2.5.15 to 31). */
static size_t script_end(const struct html_tokens *t)
{
	enum { PLAIN, ESCAPED, DOUBLE } state = PLAIN;

	for (size_t i = t->at; i < t->in.n; i++) {
		struct slice s = slice_from(t->in, i);

		if (s.p[0] != '<' && s.p[0] != '-')
			continue;
		if (state == PLAIN && slice_starts(s, SLICE("<!--"))) {
			state = ESCAPED;
			i++; /* the dashes may be those of "-->" as well */
		} else if (state != PLAIN && slice_starts(s, SLICE("-->"))) {
			state = PLAIN;
		} else if (state == ESCAPED && s.n > 7 && slice_starts_nocase(s, SLICE("<script")) && is_tag_end(s.p[7])) {
			state = DOUBLE;
		} else if (s.p[0] == '<' && at_end_tag(t, i, SLICE("script"))) {
			if (state != DOUBLE)
				return i;
			state = ESCAPED;
		}
	}
	return t->in.n;
}

static bool raw_next(struct html_tokens *t, struct html_token *token)
{
	size_t from = t->at;

	t->at = t->kind == HTML_TEXT_PLAIN ? t->in.n : t->kind == HTML_TEXT_SCRIPT ? script_end(t) : raw_end(t);
	text_token(t, token, from, t->at, t->kind == HTML_TEXT_RCDATA);
	t->kind = HTML_TEXT_DATA;
	return token->text.n > 0;
}

static bool cdata_next(struct html_tokens *t, struct html_token *token)
{
	if (!t->foreign || !slice_starts(rest(t), SLICE("<![CDATA[")))
		return false;
	size_t from = t->at + 9;
	ptrdiff_t end = slice_search(slice_from(t->in, from), SLICE("]]>"));
	text_token(t, token, from, end >= 0 ? from + (size_t)end : t->in.n, false);
	t->at = end >= 0 ? from + (size_t)end + 3 : t->in.n;
	return true;
}

void html_token_next(struct html_tokens *t, struct html_token *ret)
{
	if (t->kind != HTML_TEXT_DATA && raw_next(t, ret))
		return;
	while (t->at < t->in.n) {
		size_t from = t->at, end;

		if (t->in.p[from] == '<' && (cdata_next(t, ret) || markup_next(t, ret)))
			return;
		if (t->at > from)
			continue;
		/* A '<' that begins nothing is text. */
		end = find_angle(t, from + (t->in.p[from] == '<'));
		text_token(t, ret, from, end, true);
		t->at = end;
		return;
	}
	ret->kind = HTML_END;
}
