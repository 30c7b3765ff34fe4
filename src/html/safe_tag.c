/* Attributes. */
#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "html/image.h"
#include "html/link.h"
#include "html/reference.h"
#include "html/safe_in.h"

#define SHORT_TEXT_MAX 1024
#define WORD_MAX 64
#define CLASSES_MAX 32
#define ANCHOR_TEXT_MAX 512      /* bytes of shown text that a link is compared with */
#define ANCHOR_INSIDE_MAX 8192   /* bytes of HTML that it is taken from */
#define STYLE_MAX (HTML_IMAGE_MAX * 2)

static void put_attribute(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, " %s=\"", name);
	html_escape(value, out);
	buf_append_byte(out, '"');
}

static bool all(struct slice s, size_t max, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && (s.p[i] == 0 || strchr(more, s.p[i]) == NULL))
			return false;
	return s.n > 0 && s.n <= max;
}

static bool is_number(struct slice s)
{
	uint32_t value;

	return s.n <= 4 && slice_to_u32(s, &value) == 0;
}

static bool is_length(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && strchr("+-.%*", s.p[i]) == NULL)
			return false;
	return s.n > 0 && s.n <= 16 && (ascii_is_digit(s.p[0]) || strchr("+-.", s.p[0]) != NULL);
}

static void put_classes(struct buf *out, struct slice value, const char *first)
{
	struct slice name;
	size_t count = 0, from = buf_len(out);

	buf_printf(out, " class=\"%s", first);
	size_t empty = buf_len(out);
	for (size_t i = 0; i < value.n && count < CLASSES_MAX; i++) {
		size_t start = i;

		while (i < value.n && !html_is_space(value.p[i]))
			i++;
		name = slice_sub(value, start, i);
		if (!all(name, WORD_MAX, "-_"))
			continue;
		buf_printf(out, "%sm-%.*s", count > 0 || first[0] != 0 ? " " : "", SLICE_ARG(name));
		count++;
	}
	if (buf_len(out) == empty && first[0] == 0)
		buf_truncate(out, from);
	else
		buf_append_byte(out, '"');
}

/* ---- links ---- */

/* What a person sees of the anchor that begins at the current token: up to its end tag, the next anchor, or the limits. */
static struct slice anchor_text(const struct safe *s)
{
	struct html_tokens ahead = s->tokens;
	struct html_token token;
	struct buf text = BUF_INIT(ANCHOR_TEXT_MAX);
	const struct element *raw = NULL;
	struct slice result;

	ahead.in = slice_sub(ahead.in, 0, ahead.at + ANCHOR_INSIDE_MAX);
	for (html_token_next(&ahead, &token); token.kind != HTML_END && !text.failed; html_token_next(&ahead, &token)) {
		const struct element *e = token.kind == HTML_TEXT ? NULL : element_find(token.name);

		if (element_is(e, "a"))
			break;
		if (token.kind == HTML_TEXT && raw == NULL) {
			struct slice piece = html_decoded(token.text, false, s->arena);
			buf_append(&text, utf8_prefix(piece, ANCHOR_TEXT_MAX - buf_len(&text)));
		}
		raw = NULL;
		if (token.kind == HTML_START_TAG && e != NULL && (e->treatment == ELEMENT_RAW || e->treatment == ELEMENT_STYLE)) {
			html_tokens_raw(&ahead, HTML_TEXT_RAW, token.name);
			raw = e;
		}
	}
	result = arena_dup(s->arena, buf_slice(&text));
	buf_free(&text);
	return result;
}

static void put_query(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "%s=", name);
	for (size_t i = 0; i < value.n; i++) {
		if (ascii_is_alnum(value.p[i]) || value.p[i] == '-' || value.p[i] == '.')
			buf_append_byte(out, value.p[i]);
		else
			buf_printf(out, "%%%02X", value.p[i]);
	}
}

/* The address of the page that warns. */
static struct slice leave_address(struct safe *s, const struct link *link, struct slice shown)
{
	struct buf out = BUF_INIT(LINK_LENGTH_MAX * 12);
	struct slice result;

	buf_append(&out, s->options->leave);
	put_query(&out, "?to", link->target);
	put_query(&out, "&shown", shown);
	put_query(&out, "&lang", s->options->language);
	result = arena_dup(s->arena, buf_slice(&out));
	buf_free(&out);
	return result;
}

static void put_link(struct safe *s, struct slice value)
{
	struct link link;
	struct slice shown;

	if (value.n > 1 && value.p[0] == '#' && s->options->profile == HTML_VIEW && all(slice_from(value, 1), WORD_MAX, "-_.:")) {
		buf_printf(&s->tag, " href=\"#m-%.*s\"", SLICE_ARG(slice_from(value, 1)));
		return;
	}
	if (s->report->addresses >= HTML_ADDRESSES_MAX)
		return;
	s->report->addresses++;
	link = link_read(value, s->arena);
	if (link.scheme == LINK_NONE)
		return;
	s->report->links++;
	if (s->options->profile == HTML_QUOTE) {
		put_attribute(&s->tag, "href", link.target);
		return;
	}
	bool deceives = link_deceives(&link, anchor_text(s), s->arena, &shown);
	s->report->deceiving += deceives;
	put_attribute(&s->tag, "href", deceives && s->options->leave.n > 0 ? leave_address(s, &link, shown) : link.target);
	buf_append(&s->tag, SLICE(" target=\"_blank\" rel=\"noopener noreferrer nofollow\""));
	if (link.scheme != LINK_MAILTO)
		put_attribute(&s->tag, "data-host", link.shown_host);
	if (deceives)
		put_attribute(&s->tag, "data-shows", shown);
}

/* ---- images ---- */

static void put_source(struct safe *s, struct slice value)
{
	struct image image = image_read(value, s->options, s->report, s->arena);
	struct slice id = slice_trim(value);

	/* An editor takes the part itself along. */
	if (image.kind == IMAGE_INSIDE && s->options->profile == HTML_QUOTE && slice_starts_nocase(id, SLICE("cid:")))
		put_attribute(&s->tag, "data-cid", slice_from(id, 4));
	else if (image.kind == IMAGE_INSIDE || (image.kind == IMAGE_REMOTE && s->options->images && s->options->profile == HTML_VIEW))
		put_attribute(&s->tag, "src", image.address);
	else if (image.kind == IMAGE_REMOTE && s->options->profile == HTML_QUOTE)
		put_attribute(&s->tag, "data-remote", image.address);
}

static void picture(struct safe *s, struct slice address, struct buf *out)
{
	struct image image = image_read(address, s->options, s->report, s->arena);

	if (s->options->profile == HTML_VIEW && (image.kind == IMAGE_INSIDE || (image.kind == IMAGE_REMOTE && s->options->images)))
		buf_printf(out, "url(%.*s)", SLICE_ARG(image.address));
}

void safe_picture(void *arg, struct slice address, struct buf *out)
{
	picture(arg, address, out);
}

/* ---- one tag ---- */

/* Colours of attributes are read loosely; only names and hexadecimal ones pass. */
static void style_colour(struct buf *style, const char *property, struct slice value)
{
	struct slice digits = value.n > 0 && value.p[0] == '#' ? slice_from(value, 1) : value;
	bool hex = digits.n == 3 || digits.n == 6;

	if (!all(digits, 32, ""))
		return;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = ascii_lower(digits.p[i]);
		hex = hex && (ascii_is_digit(c) || (c >= 'a' && c <= 'f'));
	}
	buf_printf(style, "%s:%s%.*s;", property, hex ? "#" : "", SLICE_ARG(digits));
}

static void style_background(struct safe *s, struct buf *style, struct slice value)
{
	struct buf address = BUF_INIT(STYLE_MAX);

	picture(s, value, &address);
	if (buf_len(&address) > 0) {
		buf_append(style, SLICE("background-image:"));
		buf_append(style, buf_slice(&address));
		buf_append_byte(style, ';');
	}
	buf_free(&address);
}

static void put_style(struct safe *s, struct slice value, struct buf *style)
{
	struct buf own = BUF_INIT(STYLE_MAX);

	css_declarations(value, &s->css, &own);
	buf_append(style, buf_slice(&own));
	buf_free(&own);
}

static void put_plain(struct safe *s, const struct attribute *a, struct slice value)
{
	bool good = false;

	switch (a->kind) {
	case ATTRIBUTE_WORD: good = all(value, WORD_MAX, "-_"); break;
	case ATTRIBUTE_TEXT:
		value = utf8_prefix(value, SHORT_TEXT_MAX);
		good = true;
		break;
	case ATTRIBUTE_LENGTH: good = is_length(value); break;
	case ATTRIBUTE_NUMBER: good = is_number(value); break;
	case ATTRIBUTE_COLOUR: good = all(value, 32, "#"); break;
	case ATTRIBUTE_FACE:
		value = utf8_prefix(value, SHORT_TEXT_MAX);
		good = true;
		break;
	case ATTRIBUTE_FLAG:
		value = SLICE_NONE;
		good = true;
		break;
	case ATTRIBUTE_CLASS:
	case ATTRIBUTE_ID:
	case ATTRIBUTE_STYLE:
	case ATTRIBUTE_LINK:
	case ATTRIBUTE_SOURCE:
	case ATTRIBUTE_BACKGROUND: break;
	}
	if (good)
		put_attribute(&s->tag, a->name, value);
}

static void put_kind(struct safe *s, const struct attribute *a, struct slice value, struct buf *style)
{
	bool view = s->options->profile == HTML_VIEW;

	if (a->kind == ATTRIBUTE_CLASS) {
		if (view)
			put_classes(&s->tag, value, "");
	} else if (a->kind == ATTRIBUTE_ID) {
		if (view && all(value, WORD_MAX, "-_.:"))
			buf_printf(&s->tag, " %s=\"m-%.*s\"", a->name, SLICE_ARG(value));
	} else if (a->kind == ATTRIBUTE_STYLE) {
		put_style(s, value, style);
	} else if (a->kind == ATTRIBUTE_LINK) {
		put_link(s, value);
	} else if (a->kind == ATTRIBUTE_SOURCE) {
		put_source(s, value);
	} else if (a->kind == ATTRIBUTE_BACKGROUND) {
		style_background(s, style, value);
	} else {
		put_plain(s, a, slice_trim(value));
	}
}

/* Of attributes with one name the first counts. */
static bool is_first(const struct html_token *token, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_eq_nocase(token->attributes[k].name, token->attributes[i].name))
			return false;
	return true;
}

static const struct attribute *attribute_at(const struct safe *s, size_t i, const struct element *e, struct slice *ret_value)
{
	const struct html_attribute *raw = &s->token.attributes[i];
	const struct attribute *a = is_first(&s->token, i) ? attribute_find(raw->name, e) : NULL;

	if (a != NULL)
		*ret_value = html_decoded(raw->value, true, s->arena);
	return a;
}

static void put_style_attribute(struct safe *s, const struct buf *style)
{
	if (buf_len(style) > 0)
		put_attribute(&s->tag, "style", buf_slice(style));
}

void safe_tag_write(struct safe *s, const struct element *e)
{
	struct buf style = BUF_INIT(STYLE_MAX);

	buf_clear(&s->tag);
	buf_printf(&s->tag, "<%s", e->name);
	for (size_t i = 0; i < s->token.attribute_count; i++) {
		struct slice value;
		const struct attribute *a = attribute_at(s, i, e, &value);

		if (a != NULL)
			put_kind(s, a, value, &style);
	}
	put_style_attribute(s, &style);
	buf_append_byte(&s->tag, '>');
	buf_free(&style);
}

void safe_outer_write(struct safe *s, const struct element *body)
{
	struct buf style = BUF_INIT(STYLE_MAX);
	struct slice classes = SLICE_NONE;

	buf_clear(&s->tag);
	buf_append(&s->tag, SLICE("<div"));
	for (size_t i = 0; body != NULL && i < s->token.attribute_count; i++) {
		struct slice value;
		const struct attribute *a = attribute_at(s, i, body, &value);

		if (a == NULL)
			continue;
		if (a->kind == ATTRIBUTE_CLASS)
			classes = value;
		else if (a->kind == ATTRIBUTE_COLOUR)
			style_colour(&style, strcmp(a->name, "text") == 0 ? "color" : "background-color", slice_trim(value));
		else
			put_kind(s, a, value, &style);
	}
	if (s->options->profile == HTML_VIEW)
		put_classes(&s->tag, classes, "m-body");
	put_style_attribute(s, &style);
	buf_append_byte(&s->tag, '>');
	buf_free(&style);
}
