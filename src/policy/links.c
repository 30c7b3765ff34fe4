#include "policy/links.h"

#include <string.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/html.h"

/* References that can hide the parts of a link. */
static const struct reference {
	const char *name;
	uint8_t c;
} references[] = {
	{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"colon", ':'}, {"sol", '/'}, {"bsol", '\\'}, {"period", '.'},
	{"commat", '@'}, {"num", '#'}, {"quest", '?'}, {"equals", '='}, {"percnt", '%'}, {"lowbar", '_'}, {"hyphen", '-'}, {"dash", '-'},
	{"Tab", '\t'}, {"NewLine", '\n'}, {"nbsp", ' '}, {"lpar", '('}, {"rpar", ')'}, {"comma", ','}, {"semi", ';'},
};

struct scan {
	struct arena *arena;
	struct policy_url *urls, *anchor; /* anchor: the open one */
	size_t count, max;
	size_t anchor_from;               /* where its text begins */
	struct slice base;
};

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* "&#x2f;" or "&#47" at the front of s: its length, 0 when it is none. */
static size_t numeric(struct slice s, uint32_t *ret)
{
	size_t i = 2;
	bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
	uint32_t code = 0;
	size_t from = i += hex;
	for (; i < s.n && i < from + 10; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		if (ascii_is_digit(c))
			code = code * (hex ? 16 : 10) + (c - '0');
		else if (hex && c >= 'a' && c <= 'f')
			code = code * 16 + (c - 'a' + 10u);
		else
			break;
		if (code > 0x10ffff)
			code = 0x110000;
	}
	*ret = code;
	return i == from ? 0 : i + (i < s.n && s.p[i] == ';');
}

static size_t named(struct slice s, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		struct slice name = slice_str(references[i].name);
		if (slice_starts(slice_from(s, 1), name) && s.n > name.n + 1 && s.p[name.n + 1] == ';') {
			*ret = references[i].c;
			return name.n + 2;
		}
	}
	return 0;
}

struct slice links_value(struct slice raw, struct arena *arena)
{
	struct buf out = BUF_INIT(URL_LENGTH_MAX * 4);
	if (slice_find(raw, '&') < 0)
		return raw;
	raw = slice_sub(raw, 0, URL_LENGTH_MAX * 3);
	while (raw.n > 0) {
		ptrdiff_t at = slice_find(raw, '&');
		size_t plain = at < 0 ? raw.n : (size_t)at, n;
		uint32_t code = '&';
		buf_append(&out, slice_sub(raw, 0, plain));
		raw = slice_from(raw, plain);
		if (raw.n == 0)
			break;
		n = raw.n > 1 && raw.p[1] == '#' ? numeric(raw, &code) : named(raw, &code);
		utf8_append(&out, n > 0 ? code : '&');
		raw = slice_from(raw, n > 0 ? n : 1);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

/* One attribute off the front of *s, which ends at the tag's ">". False at the end; *s is then behind it. */
static bool attribute_next(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	size_t i = 0, from;
	while (i < s->n && (is_space(s->p[i]) || s->p[i] == '/'))
		i++;
	if (i >= s->n || s->p[i] == '>') {
		*s = slice_from(*s, i + 1);
		return false;
	}
	from = i++;
	while (i < s->n && !is_space(s->p[i]) && s->p[i] != '/' && s->p[i] != '>' && s->p[i] != '=')
		i++;
	*ret_name = slice_sub(*s, from, i);
	*ret_value = SLICE_NONE;
	while (i < s->n && is_space(s->p[i]))
		i++;
	if (i < s->n && s->p[i] == '=') {
		i++;
		while (i < s->n && is_space(s->p[i]))
			i++;
		uint8_t quote = i < s->n && (s->p[i] == '"' || s->p[i] == '\'') ? s->p[i] : 0;
		from = i += quote != 0;
		while (i < s->n && (quote != 0 ? s->p[i] != quote : !is_space(s->p[i]) && s->p[i] != '>'))
			i++;
		*ret_value = slice_sub(*s, from, i);
		i += quote != 0 && i < s->n;
	}
	*s = slice_from(*s, i);
	return true;
}

/* The first attribute of that name; the tag's end moves *s. */
static struct slice attribute_of(struct slice *s, struct slice wanted)
{
	struct slice name, value, found = SLICE_NONE;
	unsigned count = 0;
	while (attribute_next(s, &name, &value))
		if (found.p == NULL && count++ < LINKS_ATTRIBUTES_MAX && slice_eq_nocase(name, wanted))
			found = value.p != NULL ? value : SLICE("");
	return found;
}

static struct policy_url *link_add(struct scan *c, struct slice raw, enum url_kind kind)
{
	struct policy_url url;
	if (raw.p == NULL || c->count >= c->max)
		return NULL;
	raw = links_value(raw, c->arena);
	if (!policy_url_parse(raw, c->arena, &url) && (c->base.n == 0 || !policy_url_parse(c->base, c->arena, &url)))
		return NULL;
	url.kind = kind;
	c->urls[c->count] = url;
	return &c->urls[c->count++];
}

static void anchor_close(struct scan *c, struct slice html, size_t end)
{
	if (c->anchor == NULL)
		return;
	struct html h = HTML_INIT;
	struct buf out = BUF_INIT(LINKS_INSIDE_MAX * 8);
	if (end - c->anchor_from > LINKS_INSIDE_MAX)
		end = c->anchor_from + LINKS_INSIDE_MAX;
	html_feed(&h, slice_sub(html, c->anchor_from, end), true, &out);
	c->anchor->text = arena_dup(c->arena, utf8_prefix(buf_slice(&out), LINKS_TEXT_MAX));
	buf_free(&out);
	c->anchor = NULL;
}

/* What a tag has a link in. */
static const struct tag {
	struct slice name, attribute;
	enum url_kind kind;
} tags[] = {
	{SLICE_INIT("a"), SLICE_INIT("href"), URL_ANCHOR}, {SLICE_INIT("area"), SLICE_INIT("href"), URL_ANCHOR},
	{SLICE_INIT("form"), SLICE_INIT("action"), URL_FORM}, {SLICE_INIT("button"), SLICE_INIT("formaction"), URL_FORM},
	{SLICE_INIT("img"), SLICE_INIT("src"), URL_IMAGE}, {SLICE_INIT("iframe"), SLICE_INIT("src"), URL_FORM},
};

/* Behind the end of an element whose content is no HTML. */
static size_t raw_end(struct slice html, size_t at, struct slice name)
{
	while (at < html.n) {
		ptrdiff_t lt = slice_search(slice_from(html, at), SLICE("</"));
		if (lt < 0)
			return html.n;
		at += (size_t)lt + 2;
		if (slice_starts_nocase(slice_from(html, at), name))
			return at - 2;
	}
	return html.n;
}

static size_t tag_open(struct scan *c, struct slice html, size_t start, struct slice name, struct slice rest)
{
	const struct tag *tag = NULL;
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (slice_eq_nocase(name, tags[i].name))
			tag = &tags[i];
	bool base = slice_eq_nocase(name, SLICE("base"));
	struct slice value = attribute_of(&rest, tag != NULL ? tag->attribute : SLICE("href"));
	size_t after = html.n - rest.n;
	if (base && c->base.n == 0)
		c->base = links_value(value, c->arena);
	if (slice_eq_nocase(name, SLICE("script")) || slice_eq_nocase(name, SLICE("style")))
		return raw_end(html, after, name);
	if (tag == NULL)
		return after;
	if (slice_eq_nocase(name, SLICE("a")))
		anchor_close(c, html, start);
	struct policy_url *added = link_add(c, value, tag->kind);
	if (added != NULL && slice_eq_nocase(name, SLICE("a"))) {
		c->anchor = added;
		c->anchor_from = after;
	}
	return after;
}

/* Behind a comment or declaration. */
static size_t markup_end(struct slice html, size_t at)
{
	struct slice rest = slice_from(html, at);
	bool comment = slice_starts(rest, SLICE("<!--"));
	ptrdiff_t end = comment ? slice_search(slice_from(rest, 2), SLICE("-->")) : slice_find(rest, '>');
	return end < 0 ? html.n : at + (size_t)end + (comment ? 5 : 1);
}

/* html.p[at] is "<": behind the tag. */
static size_t tag_scan(struct scan *c, struct slice html, size_t at)
{
	uint8_t next = at + 1 < html.n ? html.p[at + 1] : 0;
	bool closing = next == '/';
	size_t i = at + 1 + closing, from = i;
	if (next == '!' || next == '?')
		return markup_end(html, at);
	while (i < html.n && ascii_is_alnum(html.p[i]))
		i++;
	if (i == from)
		return at + 1;
	struct slice name = slice_sub(html, from, i), rest = slice_from(html, i);
	if (!closing)
		return tag_open(c, html, at, name, rest);
	if (slice_eq_nocase(name, SLICE("a")))
		anchor_close(c, html, at);
	attribute_of(&rest, SLICE("a"));
	return html.n - rest.n;
}

void links_scan(struct slice html, struct arena *arena, struct policy_url *urls, size_t *count, size_t max)
{
	struct scan c = {.arena = arena, .urls = urls, .count = *count, .max = max};
	size_t at = 0;
	while (at < html.n && (c.count < c.max || c.anchor != NULL)) {
		ptrdiff_t lt = slice_find(slice_from(html, at), '<');
		if (lt < 0)
			break;
		at = tag_scan(&c, html, at + (size_t)lt);
	}
	anchor_close(&c, html, at < html.n ? at : html.n);
	*count = c.count;
}
