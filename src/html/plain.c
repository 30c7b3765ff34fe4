/* Text to HTML. */
#include <string.h>

#include "html/safe.h"
#include "html/text.h"
#include "policy/url.h"

#define FOLD_LINES_MIN 3 /* shorter quotes are not folded */

struct line {
	struct slice text;   /* without quote marks */
	unsigned level;
	bool flows;          /* the next line goes on with it (RFC 3676 4.1) */
};

struct plain {
	const struct html_plain *how;
	struct buf *out;
	unsigned level;
	bool folded, bare;   /* inside of <details>; the output stands at the front of a block */
	bool joined;         /* the line before flows into this one */
};

/* Takes a line off the front of *rest. */
static struct line line_next(struct slice *rest, const struct html_plain *how)
{
	struct line line = {0};
	struct slice s;

	slice_split(rest, '\n', &s);
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	while (s.n > 0 && s.p[0] == '>') {
		line.level += line.level < HTML_QUOTE_LEVELS_MAX;
		s = slice_from(s, 1);
		if (!how->flowed && s.n > 1 && s.p[0] == ' ' && s.p[1] == '>')
			s = slice_from(s, 1);
	}
	if ((how->flowed || line.level > 0) && s.n > 0 && s.p[0] == ' ')
		s = slice_from(s, 1);
	line.flows = how->flowed && s.n > 0 && s.p[s.n - 1] == ' ' && !slice_eq(s, SLICE("-- "));
	if (line.flows && how->delsp)
		s.n--;
	line.text = s;
	return line;
}

/* ---- links ---- */

static bool is_address_byte(uint8_t c)
{
	return ascii_is_alnum(c) || (c != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* "name@host.example" around the '@' at `at`; empty: none. */
static struct slice address_at(struct slice s, size_t at)
{
	size_t from = at, to = at + 1;
	bool dot = false;

	while (from > 0 && at - from < 64 && is_address_byte(s.p[from - 1]))
		from--;
	while (to < s.n && to - at < 254 && (ascii_is_alnum(s.p[to]) || s.p[to] == '-' || s.p[to] == '.'))
		to++;
	while (to > at + 1 && !ascii_is_alnum(s.p[to - 1]))
		to--;
	for (size_t i = at + 1; i < to; i++)
		dot = dot || s.p[i] == '.';
	return dot && from < at ? slice_sub(s, from, to) : SLICE_NONE;
}

static struct slice address_find(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '@') {
			struct slice found = address_at(s, i);
			if (found.n > 0)
				return found;
		}
	return SLICE_NONE;
}

static void put_anchor(struct buf *out, const char *scheme, struct slice s)
{
	buf_printf(out, "<a href=\"%s", scheme);
	html_escape(s, out);
	buf_append(out, SLICE("\">"));
	html_escape(s, out);
	buf_append(out, SLICE("</a>"));
}

static void put_addresses(struct buf *out, struct slice s)
{
	while (s.n > 0) {
		struct slice address = address_find(s);
		size_t at = address.n > 0 ? (size_t)(address.p - s.p) : s.n;

		html_escape(slice_sub(s, 0, at), out);
		if (address.n > 0)
			put_anchor(out, "mailto:", address);
		s = slice_from(s, at + address.n);
	}
}

static void put_line(struct buf *out, struct slice s)
{
	while (s.n > 0) {
		struct slice link = policy_url_find(s);
		size_t at = link.n > 0 ? (size_t)(link.p - s.p) : s.n;

		put_addresses(out, slice_sub(s, 0, at));
		if (link.n > 0)
			put_anchor(out, ascii_lower(link.p[0]) == 'w' ? "http://" : "", link);
		s = slice_from(s, at + link.n);
	}
}

/* ---- quotes ---- */

/* Lines of the quote that begins here, and whether anything but quotes and blank lines follows it. */
static size_t quote_lines(struct slice rest, const struct html_plain *how, bool *ret_last)
{
	size_t count = 0;
	bool inside = true;

	*ret_last = true;
	while (rest.n > 0 && (inside || *ret_last)) {
		struct line line = line_next(&rest, how);

		inside = inside && line.level > 0;
		count += inside;
		*ret_last = *ret_last && (line.level > 0 || slice_trim(line.text).n == 0);
	}
	return count;
}

/* Where the quotes at the end begin; everything before is not folded. One pass from the front. */
static struct slice tail_find(struct slice text, const struct html_plain *how)
{
	struct slice rest = text, tail = SLICE_NONE;
	bool quoting = false;

	while (rest.n > 0) {
		struct slice before = rest;
		struct line line = line_next(&rest, how);

		if (line.level == 0 && slice_trim(line.text).n > 0) {
			quoting = false;
		} else if (line.level > 0 && !quoting) {
			quoting = true;
			tail = before;
		}
	}
	return quoting ? tail : SLICE_NONE;
}

static void fold_begin(struct plain *p, struct slice here)
{
	bool last;
	size_t lines = quote_lines(here, p->how, &last);

	p->folded = !p->how->unfold && lines >= FOLD_LINES_MIN;
	if (p->folded)
		buf_printf(p->out, "<details class=\"q\"><summary>\xc2\xb7\xc2\xb7\xc2\xb7 %zu</summary>", lines);
}

static void level_set(struct plain *p, unsigned level)
{
	for (; p->level > level; p->level--) {
		buf_append(p->out, SLICE("</blockquote>"));
		p->bare = true;
	}
	if (level == 0 && p->folded) {
		buf_append(p->out, SLICE("</details>"));
		p->folded = false;
	}
	for (; p->level < level; p->level++) {
		buf_append(p->out, SLICE("<blockquote class=\"q\">"));
		p->bare = true;
	}
}

void html_from_text(struct slice text, const struct html_plain *how, struct buf *out)
{
	struct plain p = {.how = how, .out = out, .bare = true};
	struct slice rest = text, tail = tail_find(text, how);

	buf_append(out, SLICE("<div class=\"t\">"));
	while (rest.n > 0) {
		const uint8_t *here = rest.p;
		struct slice before = rest;
		struct line line = line_next(&rest, how);

		if (here == tail.p && tail.n > 0)
			fold_begin(&p, before);
		if (line.level != p.level)
			level_set(&p, line.level);
		if (!p.bare && !p.joined)
			buf_append_byte(out, '\n');
		p.bare = false;
		put_line(out, line.text);
		p.joined = line.flows;
	}
	level_set(&p, 0);
	buf_append(out, SLICE("</div>"));
}
