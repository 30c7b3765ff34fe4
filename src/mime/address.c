#include <string.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/limits.h"

struct parser {
	struct slice rest;
	struct arena *arena;
	struct mime_address *first, **last;
	unsigned count;
};

/* Text between specials: an RFC 5322 atom, dots and 8-bit bytes included (RFC 6532). */
static bool is_atom_byte(uint8_t c)
{
	return c > ' ' && c != 0x7f && memchr("()<>[]:;@\\,\"", c, 12) == NULL;
}

static struct mime_address *add(struct parser *p)
{
	struct mime_address *a;

	if (p->count++ >= MIME_ADDRESSES_MAX)
		return NULL;
	a = ARENA_NEW(p->arena, struct mime_address);
	*p->last = a;
	p->last = &a->next;
	return a;
}

static void add_marker(struct parser *p, struct slice group)
{
	struct mime_address *a = add(p);

	if (a == NULL)
		return;
	a->mailbox = group;
	a->has_mailbox = group.n > 0;
}

static void add_mailbox(struct parser *p, struct slice name, struct slice local, struct slice host)
{
	struct mime_address *a = add(p);

	if (a == NULL)
		return;
	a->name = slice_trim(name);
	a->has_name = a->name.n > 0;
	a->mailbox = local;
	a->host = host;
	a->has_mailbox = true;
	/* NIL would make it a group marker (RFC 9051 7.5.2). */
	a->has_host = true;
}

/*
 * Words of a phrase or local part up to a special, joined by WORD_BREAK: in a phrase it becomes one blank, in a local part or domain it
 * goes (RFC 5322 4.4). Quotes are taken off; blanks inside them stay.
 */
#define WORD_BREAK '\n' /* occurs in no unfolded value */

struct words {
	uint8_t *text;
	size_t n;
	size_t room;
	bool blank;     /* blanks were skipped since the last word */
	bool any;       /* there was a word, perhaps an empty quoted one */
	struct slice comment;
};

static void words_add(struct words *w, struct slice word)
{
	if (w->blank && w->n > 0 && w->n < w->room)
		w->text[w->n++] = WORD_BREAK;
	w->blank = false;
	w->any = true;
	if (word.n > w->room - w->n)
		word.n = w->room - w->n;
	if (word.n > 0)
		memcpy(w->text + w->n, word.p, word.n);
	w->n += word.n;
}

/* The text of the comment at the front, without its parentheses; moves on behind it. */
static struct slice take_comment(struct slice *rest)
{
	struct slice before = *rest, whole;
	struct slice only;

	mime_skip_cfws(rest);
	whole = slice_trim(slice_sub(before, 0, before.n - rest->n));
	only = whole;
	if (only.n > 0 && only.p[0] == '(')
		only = slice_from(only, 1);
	if (only.n > 0 && only.p[only.n - 1] == ')')
		only.n--;
	return slice_trim(only);
}

/* How many bytes the words at the front reach: the room they need at most. */
static size_t words_extent(struct slice s)
{
	size_t before = s.n;
	bool quoted = false;

	while (s.n > 0) {
		uint8_t c = s.p[0];

		if (!quoted && c == '(') {
			mime_skip_cfws(&s);
			continue;
		}
		if (!quoted && memchr("<>@,;:", c, 6) != NULL)
			break;
		if (c == '"')
			quoted = !quoted;
		s = slice_from(s, c == '\\' && quoted ? 2 : 1);
	}
	return before - s.n;
}

static struct words take_words(struct parser *p)
{
	struct words w = {.room = words_extent(p->rest)};

	w.text = arena_alloc(p->arena, w.room + 1);
	while (p->rest.n > 0) {
		uint8_t c = p->rest.p[0];
		size_t n = 0;

		if (c == '(') {
			w.comment = take_comment(&p->rest);
			w.blank = true;
		} else if (c == '"') {
			words_add(&w, mime_take_quoted(&p->rest, p->arena));
		} else if (is_atom_byte(c)) {
			while (n < p->rest.n && is_atom_byte(p->rest.p[n]))
				n++;
			words_add(&w, slice_sub(p->rest, 0, n));
			p->rest = slice_from(p->rest, n);
		} else if (c <= ' ' || c == 0x7f) {
			w.blank = true;
			p->rest = slice_from(p->rest, 1);
		} else if (c == '[' || c == ']' || c == '\\' || c == ')') {
			words_add(&w, slice_sub(p->rest, 0, 1));
			p->rest = slice_from(p->rest, 1);
		} else {
			break;
		}
	}
	return w;
}

static struct slice words_phrase(const struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->text[i] == WORD_BREAK)
			w->text[i] = ' ';
	return slice_make(w->text, w->n);
}

static struct slice words_solid(struct words *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->text[i] != WORD_BREAK)
			w->text[n++] = w->text[i];
	w->n = n;
	return slice_make(w->text, n);
}

/* After '@': a domain or literal, blanks and comments inside dropped (obs-domain). */
static struct slice take_domain(struct parser *p, struct slice *ret_comment)
{
	struct words w = take_words(p);

	if (w.comment.n > 0)
		*ret_comment = w.comment;
	if (w.n > 0 && w.text[0] == '[' && p->rest.n > 0 && p->rest.p[0] == ':') {
		/* "[IPv6:…]": the colon belongs to the literal. */
		ptrdiff_t end = slice_find(p->rest, ']');
		size_t tail = end < 0 ? p->rest.n : (size_t)end + 1;
		uint8_t *joined = arena_alloc(p->arena, w.n + tail);

		words_solid(&w);
		memcpy(joined, w.text, w.n);
		memcpy(joined + w.n, p->rest.p, tail);
		p->rest = slice_from(p->rest, tail);
		return slice_make(joined, w.n + tail);
	}
	return words_solid(&w);
}

/* "@a,@b:" in front of an addr-spec (obs-route) is dropped. */
static void skip_route(struct parser *p)
{
	mime_skip_cfws(&p->rest);
	while (p->rest.n > 0 && (p->rest.p[0] == '@' || p->rest.p[0] == ',')) {
		p->rest = slice_from(p->rest, 1);
		take_words(p);
	}
	if (p->rest.n > 0 && p->rest.p[0] == ':')
		p->rest = slice_from(p->rest, 1);
}

/* Behind '<'. */
static void take_angle(struct parser *p, struct slice name)
{
	struct slice comment = SLICE_NONE, host = SLICE_NONE;
	struct words local;

	mime_skip_cfws(&p->rest);
	if (p->rest.n > 0 && p->rest.p[0] == '@')
		skip_route(p);
	local = take_words(p);
	if (p->rest.n > 0 && p->rest.p[0] == '@') {
		p->rest = slice_from(p->rest, 1);
		host = take_domain(p, &comment);
	}
	while (p->rest.n > 0 && p->rest.p[0] != '>' && p->rest.p[0] != ',')
		p->rest = slice_from(p->rest, 1);
	if (p->rest.n > 0 && p->rest.p[0] == '>')
		p->rest = slice_from(p->rest, 1);
	add_mailbox(p, name, words_solid(&local), host);
}

static void take_at(struct parser *p, struct words *local)
{
	struct slice comment = local->comment, host;

	p->rest = slice_from(p->rest, 1);
	host = take_domain(p, &comment);
	add_mailbox(p, comment, words_solid(local), host);
}

/* Trailing text of a broken address up to the next separator. */
static void skip_to_separator(struct parser *p)
{
	while (p->rest.n > 0 && p->rest.p[0] != ',' && p->rest.p[0] != ';') {
		if (p->rest.p[0] == '"')
			mime_take_quoted(&p->rest, p->arena);
		else if (p->rest.p[0] == '(')
			mime_skip_cfws(&p->rest);
		else
			p->rest = slice_from(p->rest, 1);
	}
}

/* "a@b"; either may hold any byte. */
static struct slice join_at(struct slice a, struct slice b, struct arena *arena)
{
	uint8_t *to = arena_alloc(arena, a.n + 1 + b.n);

	if (a.n > 0)
		memcpy(to, a.p, a.n);
	to[a.n] = '@';
	if (b.n > 0)
		memcpy(to + a.n + 1, b.p, b.n);
	return slice_make(to, a.n + 1 + b.n);
}

/* One address, up to its separator; a group start stands alone. */
static void take_address(struct parser *p, bool *in_group)
{
	struct words w = take_words(p);
	uint8_t next = p->rest.n > 0 ? p->rest.p[0] : ',';

	if (next == '<') {
		p->rest = slice_from(p->rest, 1);
		take_angle(p, words_phrase(&w));
		skip_to_separator(p);
	} else if (next == '@') {
		take_at(p, &w);
		if (p->rest.n > 0 && p->rest.p[0] == '<') {
			/* "a@b <a@b>": the unquoted address was a name. */
			struct mime_address *a = CONTAINER_OF(p->last, struct mime_address, next);

			p->rest = slice_from(p->rest, 1);
			if (p->count <= MIME_ADDRESSES_MAX && a->host.n > 0) {
				struct slice name = join_at(a->mailbox, a->host, p->arena);
				struct parser inner = {.rest = p->rest, .arena = p->arena, .last = &inner.first};

				take_angle(&inner, name);
				p->rest = inner.rest;
				if (inner.first != NULL)
					*a = *inner.first;
			}
		}
		skip_to_separator(p);
	} else if (next == ':') {
		p->rest = slice_from(p->rest, 1);
		if (*in_group)
			add_marker(p, SLICE_NONE);
		*in_group = w.n > 0;
		if (w.n > 0)
			add_marker(p, words_phrase(&w));
	} else if (w.any) {
		add_mailbox(p, w.comment, words_phrase(&w), SLICE_NONE);
	} else if (w.comment.n > 0 && !*in_group) { /* in a group a lone comment is only that */
		add_mailbox(p, w.comment, SLICE_NONE, SLICE_NONE);
	}
}

struct mime_address *mime_address_parse(struct slice value, struct arena *arena)
{
	struct parser p = {.rest = mime_unfold(arena, value), .arena = arena, .last = &p.first};
	bool in_group = false;

	while (p.rest.n > 0 && p.count < MIME_ADDRESSES_MAX) {
		uint8_t c = p.rest.p[0];

		if (c == ',' || c == '>') {
			p.rest = slice_from(p.rest, 1);
		} else if (c == ';') {
			p.rest = slice_from(p.rest, 1);
			if (in_group)
				add_marker(&p, SLICE_NONE);
			in_group = false;
		} else {
			take_address(&p, &in_group);
		}
	}
	if (in_group) {
		p.count = 0; /* the end of a group is never left out */
		add_marker(&p, SLICE_NONE);
	}
	return p.first;
}

const struct mime_address *mime_address_next(const struct mime_address *a)
{
	while (a != NULL && (a->mailbox.n == 0 || a->host.n == 0))
		a = a->next;
	return a;
}

static bool is_dot_atom(struct slice s)
{
	bool dot = true;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_atom_byte(s.p[i]) || (s.p[i] == '.' && dot))
			return false;
		dot = s.p[i] == '.';
	}
	return s.n > 0 && !dot;
}

static struct slice quoted_local(struct slice local, struct arena *arena)
{
	uint8_t *to = arena_alloc(arena, 2 * local.n + 2);
	size_t n = 0;

	to[n++] = '"';
	for (size_t i = 0; i < local.n; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			to[n++] = '\\';
		to[n++] = local.p[i];
	}
	to[n++] = '"';
	return slice_make(to, n);
}

struct slice mime_address_spec(const struct mime_address *a, struct arena *arena)
{
	struct slice local = a->mailbox;

	if (a->mailbox.n == 0 || a->host.n == 0)
		return SLICE_NONE;
	if (!is_dot_atom(local))
		local = quoted_local(local, arena);
	return join_at(local, ascii_dup_lower(arena, a->host), arena);
}

struct slice mime_address_display(const struct mime_address *a, struct arena *arena)
{
	if (a->name.n > 0)
		return mime_words_decode_arena(a->name, arena);
	if (a->host.n == 0)
		return mime_words_decode_arena(a->mailbox, arena);
	return mime_address_spec(a, arena);
}

/* RFC 5321 4.1.2 Domain with U-labels, or a literal in brackets. */
static bool domain_valid(struct slice d)
{
	size_t label = 0;

	if (d.n == 0 || d.n > 255)
		return false;
	if (d.p[0] == '[')
		return d.n > 2 && d.p[d.n - 1] == ']' && slice_find(slice_sub(d, 1, d.n - 1), '[') < 0 && slice_find(slice_sub(d, 1, d.n - 1), ']') < 0;
	for (size_t i = 0; i < d.n; i++) {
		uint8_t c = d.p[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (ascii_is_alnum(c) || c >= 0x80 || c == '_' || (c == '-' && label > 0)) {
			label++;
		} else {
			return false;
		}
	}
	return label > 0;
}

int mime_addrspec_split(struct slice spec, struct arena *arena, struct slice *ret_local, struct slice *ret_domain)
{
	ptrdiff_t at = slice_rfind(spec, '@');
	struct slice local, domain;

	if (at <= 0 || !utf8_valid(spec))
		return ERR_INVALID;
	local = slice_sub(spec, 0, (size_t)at);
	domain = slice_from(spec, (size_t)at + 1);
	if (local.p[0] == '"') {
		struct slice rest = local;

		local = mime_take_quoted(&rest, arena);
		if (rest.n > 0 || slice_sub(spec, (size_t)at - 1, (size_t)at).p[0] != '"' || at < 2)
			return ERR_INVALID;
		for (size_t i = 0; i < local.n; i++)
			if (local.p[i] < ' ' || local.p[i] == 0x7f)
				return ERR_INVALID;
	} else if (!is_dot_atom(local)) {
		return ERR_INVALID;
	}
	if (local.n == 0 || local.n > 64 || !domain_valid(domain))
		return ERR_INVALID;
	*ret_local = local;
	*ret_domain = ascii_dup_lower(arena, domain);
	return 0;
}
