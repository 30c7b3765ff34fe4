/* Calendar entries (RFC 5545): attachments, links, alarms that run something. */
#include "base/codec.h"
#include "inspect/url.h"
#include "inspect/walk.h"

#define LINE_MAX 8192 /* bytes of an unfolded line that are read as text; what it holds beyond is looked at as data */

struct property {
	struct slice name, parameters, value;
};

/* RFC 5545 3.1: the line with its folds, as it stands. */
static bool take_line(struct slice *rest, struct slice *line)
{
	size_t at = 0;
	if (rest->n == 0)
		return false;
	for (;;) {
		ptrdiff_t end = slice_find(slice_from(*rest, at), '\n');
		at = end < 0 ? rest->n : at + (size_t)end + 1;
		if (at >= rest->n || (rest->p[at] != ' ' && rest->p[at] != '\t'))
			break;
	}
	*line = slice_sub(*rest, 0, at);
	*rest = slice_from(*rest, at);
	return true;
}

static void unfold(struct slice line, struct buf *out)
{
	for (size_t i = 0; i < line.n && !out->failed; i++)
		if (line.p[i] == '\n')
			i += i + 1 < line.n;
		else if (line.p[i] != '\r')
			buf_append_byte(out, line.p[i]);
}

static bool take_property(struct slice line, struct property *p)
{
	bool quoted = false;
	size_t name = 0, i = 0;
	for (; i < line.n; i++) {
		if (line.p[i] == '"')
			quoted = !quoted;
		if (!quoted && (line.p[i] == ':' || line.p[i] == ';') && name == 0)
			name = i;
		if (!quoted && line.p[i] == ':')
			break;
	}
	if (i == line.n || name == 0)
		return false;
	*p = (struct property){slice_sub(line, 0, name), slice_sub(line, name, i), slice_from(line, i + 1)};
	return true;
}

static void on_attachment(struct walk *w, const struct property *p)
{
	if (slice_search_nocase(p->parameters, SLICE("BASE64")) < 0) {
		walk_find(w, FOUND_calendar_attachment, p->value);
		if (url_is_unc(p->value))
			walk_find(w, FOUND_external_object, p->value);
		return;
	}
	struct buf out;
	walk_buf(w, &out);
	base64_decode_lenient(p->value, &out);
	ptrdiff_t at = slice_search_nocase(p->parameters, SLICE("FILENAME="));
	struct slice name = at >= 0 ? slice_from(p->parameters, (size_t)at + 9) : SLICE("attachment");
	if (slice_find(name, ';') >= 0)
		name = slice_sub(name, 0, (size_t)slice_find(name, ';'));
	while (name.n > 1 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = slice_sub(name, 1, name.n - 1);
	walk_find(w, FOUND_calendar_attachment, name);
	if (walk_unpacked(w, p->value.n, buf_len(&out)) && walk_entry(w))
		walk_member(w, INSPECT_PIECE_EMBEDDED, name, buf_slice(&out));
	buf_free(&out);
}

static void find_links(struct walk *w, struct slice text)
{
	ptrdiff_t at = slice_search_nocase(text, SLICE("http"));
	struct slice url = at >= 0 ? slice_from(text, (size_t)at) : SLICE_NONE;
	size_t n = 0;
	while (n < url.n && url.p[n] > ' ' && url.p[n] != '"' && url.p[n] != '>' && url.p[n] != '\\')
		n++;
	if (slice_starts_nocase(url, SLICE("http:")) || slice_starts_nocase(url, SLICE("https:")))
		walk_find(w, FOUND_calendar_link, slice_sub(url, 0, n));
}

struct calendar {
	bool alarm;
};

static void on_property(struct walk *w, struct calendar *c, const struct property *p)
{
	if (slice_eq_nocase(p->name, SLICE("BEGIN")))
		c->alarm = slice_eq_nocase(p->value, SLICE("VALARM"));
	else if (slice_eq_nocase(p->name, SLICE("ACTION")) && c->alarm && slice_eq_nocase(p->value, SLICE("PROCEDURE")))
		walk_find(w, FOUND_calendar_procedure, p->value);
	else if (slice_eq_nocase(p->name, SLICE("PALARM")))
		walk_find(w, FOUND_calendar_procedure, p->value);
	else if (slice_eq_nocase(p->name, SLICE("ATTACH")))
		on_attachment(w, p);
	else if (slice_eq_nocase(p->name, SLICE("X-ALT-DESC")) && slice_search_nocase(p->value, SLICE("<script")) >= 0)
		walk_find_str(w, FOUND_page_script, "X-ALT-DESC");
	else
		find_links(w, slice_sub(p->value, 0, LINE_MAX));
}

void inspect_calendar(struct walk *w, struct slice content)
{
	struct calendar c = {0};
	struct slice rest = content, line;
	struct property p;
	if (!walk_steps(w, 2 * content.n))
		return;
	while (take_line(&rest, &line) && walk_steps(w, WALK_FOLLOW / 4)) {
		struct buf whole;
		walk_buf(w, &whole);
		unfold(line, &whole);
		if (take_property(buf_slice(&whole), &p))
			on_property(w, &c, &p);
		buf_free(&whole);
	}
}
