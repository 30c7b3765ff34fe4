#include "trust/authres.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mime/header.h"
#include "trust/idn.h"

#define NAME "Authentication-Results: "
#define LINE_MAX_COLUMNS 78

struct authres_result *authres_add(struct authres *a, const char *method, const char *result)
{
	if (a->count == AUTHRES_RESULTS_MAX)
		return NULL;
	a->results[a->count] = (struct authres_result){.method = slice_str(method), .result = slice_str(result)};
	return &a->results[a->count++];
}

void authres_property(struct authres_result *r, const char *type, const char *name, struct slice value)
{
	if (r == NULL || value.n == 0 || r->property_count == AUTHRES_PROPERTIES_MAX)
		return;
	r->properties[r->property_count++] = (struct authres_property){.type = slice_str(type), .name = slice_str(name), .value = value};
}

/* ---- writing ---- */

struct writer {
	struct buf *out;
	size_t column;
	bool utf8;
};

/* One unbreakable word, on a new line when this one is full. */
static void put_word(struct writer *w, struct slice word)
{
	bool fold = w->column + 1 + word.n > LINE_MAX_COLUMNS && w->column > 1;
	buf_append_str(w->out, fold ? "\r\n\t" : " ");
	buf_append(w->out, word);
	w->column = (fold ? 1 : w->column + 1) + word.n;
}

static void put_line(struct writer *w, struct slice word)
{
	w->column = LINE_MAX_COLUMNS;
	put_word(w, word);
}

/* RFC 2045 5.1 token; with UTF-8 also what is beyond ASCII (RFC 8616 5). */
static bool is_token_char(uint8_t c)
{
	return c > 0x20 && c != 0x7f && slice_find(SLICE("()<>@,;:\\\"/[]?="), c) < 0;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* "local@domain", "@domain" */
static bool is_address(struct slice s)
{
	ptrdiff_t at = slice_find(s, '@');
	return at >= 0 && (at == 0 || is_token(slice_sub(s, 0, (size_t)at))) && is_token(slice_from(s, (size_t)at + 1));
}

/* Without controls and what is not UTF-8; at most AUTHRES_VALUE_MAX bytes. */
static void clean(struct slice s, bool utf8, struct buf *out)
{
	s = slice_sub(s, 0, AUTHRES_VALUE_MAX);
	while (s.n > 0) {
		uint32_t c = utf8_next(&s);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffd)
			continue;
		if (c < 0x80)
			buf_append_byte(out, (uint8_t)c);
		else if (utf8)
			utf8_append(out, c);
		else
			buf_append_byte(out, '?');
	}
}

static void append_value(struct slice value, bool utf8, bool address_allowed, struct buf *out)
{
	struct buf text = BUF_INIT(4 * AUTHRES_VALUE_MAX);
	clean(value, utf8, &text);
	struct slice s = buf_slice(&text);
	if (is_token(s) || (address_allowed && is_address(s))) {
		buf_append(out, s);
	} else {
		buf_append_byte(out, '"');
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] == '"' || s.p[i] == '\\')
				buf_append_byte(out, '\\');
			buf_append_byte(out, s.p[i]);
		}
		buf_append_byte(out, '"');
	}
	buf_free(&text);
}

static void put_comment(struct writer *w, struct slice comment)
{
	struct buf text = BUF_INIT(4 * AUTHRES_VALUE_MAX), word = BUF_INIT(4 * AUTHRES_VALUE_MAX);
	clean(comment, w->utf8, &text);
	struct slice s = buf_slice(&text), part;
	buf_append_byte(&word, '(');
	for (size_t i = 0; i < s.n; i++)
		if (slice_find(SLICE("()\\"), s.p[i]) < 0)
			buf_append_byte(&word, s.p[i]);
	buf_append_byte(&word, ')');
	struct slice rest = buf_slice(&word);
	while (slice_split(&rest, ' ', &part))
		if (part.n > 0)
			put_word(w, part);
	buf_free(&text);
	buf_free(&word);
}

static void put_reason(struct writer *w, struct slice reason)
{
	struct buf word = BUF_INIT(8 * AUTHRES_VALUE_MAX);
	buf_append_str(&word, "reason=");
	append_value(reason, w->utf8, false, &word);
	put_word(w, buf_slice(&word));
	buf_free(&word);
}

static void put_property(struct writer *w, const struct authres_property *p)
{
	struct buf word = BUF_INIT(8 * AUTHRES_VALUE_MAX);
	buf_printf(&word, "%.*s.%.*s=", SLICE_ARG(p->type), SLICE_ARG(p->name));
	append_value(p->value, w->utf8, true, &word);
	put_word(w, buf_slice(&word));
	buf_free(&word);
}

static void put_result(struct writer *w, const struct authres_result *r)
{
	struct buf word = BUF_INIT(8 * AUTHRES_VALUE_MAX);
	buf_printf(&word, "%.*s=%.*s", SLICE_ARG(r->method), SLICE_ARG(r->result));
	put_line(w, buf_slice(&word));
	buf_free(&word);
	if (r->comment.n > 0)
		put_comment(w, r->comment);
	if (r->reason.n > 0)
		put_reason(w, r->reason);
	for (size_t i = 0; i < r->property_count; i++)
		put_property(w, &r->properties[i]);
}

void authres_write_value(const struct authres *a, bool utf8, size_t first_used, struct buf *out)
{
	struct writer w = {.out = out, .column = first_used, .utf8 = utf8};
	size_t start = buf_len(out);
	append_value(a->id, utf8, false, out);
	buf_append_byte(out, ';');
	w.column += buf_len(out) - start;
	if (a->count == 0)
		put_word(&w, SLICE("none"));
	for (size_t i = 0; i < a->count; i++) {
		put_result(&w, &a->results[i]);
		if (i + 1 < a->count)
			buf_append_byte(out, ';');
	}
}

void authres_write(const struct authres *a, bool utf8, struct buf *out)
{
	buf_append_str(out, NAME);
	authres_write_value(a, utf8, sizeof NAME - 1, out);
	buf_append_str(out, "\r\n");
}

/* ---- reading ---- */

static bool is_keyword_char(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

static bool take_keyword(struct slice *s, struct arena *arena, struct slice *ret)
{
	size_t n = 0;
	mime_skip_cfws(s);
	while (n < s->n && is_keyword_char(s->p[n]))
		n++;
	*ret = ascii_dup_lower(arena, slice_sub(*s, 0, n));
	*s = slice_from(*s, n);
	mime_skip_cfws(s);
	return n > 0;
}

static bool take_char(struct slice *s, uint8_t c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* A quoted string, or what stands up to white space, a comment or the end of the result. */
static bool take_value(struct slice *s, struct arena *arena, struct slice *ret)
{
	size_t n = 0;
	mime_skip_cfws(s);
	if (s->n > 0 && s->p[0] == '"') {
		*ret = mime_take_quoted(s, arena);
	} else {
		while (n < s->n && s->p[n] > 0x20 && s->p[n] != 0x7f && slice_find(SLICE("();\""), s->p[n]) < 0)
			n++;
		*ret = arena_dup(arena, slice_sub(*s, 0, n));
		*s = slice_from(*s, n);
		if (n == 0)
			return false;
	}
	/* A quoted local part: "a b"@example.org */
	if (s->n > 0 && s->p[0] == '@') {
		struct slice domain;
		if (!take_value(s, arena, &domain))
			return false;
		*ret = arena_printf(arena, "%.*s%.*s", SLICE_ARG(*ret), SLICE_ARG(domain));
	}
	mime_skip_cfws(s);
	return true;
}

static bool take_version(struct slice *s)
{
	while (s->n > 0 && ascii_is_digit(s->p[0]))
		*s = slice_from(*s, 1);
	mime_skip_cfws(s);
	return true;
}

static bool take_property(struct slice *s, struct slice type, struct arena *arena, struct authres_result *r)
{
	struct authres_property p = {.type = type};
	if (!take_char(s, '.') || !take_keyword(s, arena, &p.name) || !take_char(s, '=') || !take_value(s, arena, &p.value))
		return false;
	if (r->property_count < AUTHRES_PROPERTIES_MAX)
		r->properties[r->property_count++] = p;
	return true;
}

static bool take_result(struct slice *s, struct arena *arena, struct authres_result *r)
{
	struct slice word;
	if (!take_keyword(s, arena, &r->method))
		return false;
	if (take_char(s, '/')) {
		mime_skip_cfws(s);
		take_version(s);
	}
	if (!take_char(s, '=') || !take_keyword(s, arena, &r->result))
		return false;
	while (s->n > 0 && s->p[0] != ';') {
		if (!take_keyword(s, arena, &word))
			return false;
		if (slice_eq(word, SLICE("reason")) && take_char(s, '=')) {
			if (!take_value(s, arena, &r->reason))
				return false;
		} else if (!take_property(s, word, arena, r)) {
			return false;
		}
	}
	return true;
}

static bool take_none(struct slice *s)
{
	struct slice rest = *s;
	if (!slice_starts_nocase(rest, SLICE("none")))
		return false;
	rest = slice_from(rest, 4);
	mime_skip_cfws(&rest);
	if (rest.n > 0 && rest.p[0] != ';')
		return false;
	*s = rest;
	return true;
}

bool authres_parse(struct slice value, struct arena *arena, struct authres *ret)
{
	struct slice s = value;
	*ret = (struct authres){0};
	if (value.n > AUTHRES_FIELD_MAX)
		return false;
	s = mime_unfold(arena, s);
	if (!take_value(&s, arena, &ret->id) || !take_version(&s))
		return false;
	while (take_char(&s, ';')) {
		mime_skip_cfws(&s);
		if (s.n == 0 || take_none(&s))
			continue;
		struct authres_result r = {0};
		if (!take_result(&s, arena, &r))
			return false;
		if (ret->count < AUTHRES_RESULTS_MAX)
			ret->results[ret->count++] = r;
	}
	return s.n == 0;
}

const struct authres_result *authres_find(const struct authres *a, const char *method)
{
	for (size_t i = 0; i < a->count; i++)
		if (slice_eq(a->results[i].method, slice_str(method)))
			return &a->results[i];
	return NULL;
}

struct slice authres_value(const struct authres_result *r, const char *type, const char *name)
{
	for (size_t i = 0; i < r->property_count; i++)
		if (slice_eq(r->properties[i].type, slice_str(type)) && slice_eq(r->properties[i].name, slice_str(name)))
			return r->properties[i].value;
	return SLICE_NONE;
}

/* ---- forged fields ---- */

/* All that stands before the first ";", without comments, white space and quotes: what a lenient reader could make of it. */
static struct slice joined_id(struct slice s, struct arena *arena)
{
	struct buf out = BUF_INIT(AUTHRES_FIELD_MAX);
	struct slice id, part;
	mime_skip_cfws(&s);
	while (s.n > 0 && s.p[0] != ';') {
		if (s.p[0] == '"') {
			part = mime_take_quoted(&s, arena);
			buf_append(&out, part);
		} else {
			buf_append_byte(&out, s.p[0]);
			s = slice_from(s, 1);
		}
		mime_skip_cfws(&s);
	}
	id = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return id;
}

static bool same_id(struct slice id, struct slice ours, struct arena *arena)
{
	struct slice a, b;
	if (slice_eq_nocase(id, ours))
		return true;
	return trust_domain_ascii(arena, id, &a) && trust_domain_ascii(arena, ours, &b) && slice_eq(a, b);
}

static bool is_forged(struct slice value, const struct slice *ids, size_t id_count, struct arena *arena)
{
	struct slice s = mime_unfold(arena, slice_sub(value, 0, AUTHRES_FIELD_MAX)), first, joined = joined_id(s, arena);
	if (!take_value(&s, arena, &first))
		return true;
	for (size_t i = 0; i < id_count; i++)
		if (same_id(first, ids[i], arena) || same_id(joined, ids[i], arena))
			return true;
	return false;
}

bool authres_forged_next(struct slice *header, const struct slice *ids, size_t id_count, struct slice *ret_field)
{
	struct arena arena = ARENA_INIT;
	struct mime_field field;
	bool found = false;
	while (!found && mime_field_next(header, &field)) {
		found = slice_eq_nocase(field.name, SLICE("Authentication-Results")) && is_forged(field.value, ids, id_count, &arena);
		if (found)
			*ret_field = field.whole;
		arena_reset(&arena);
	}
	arena_free(&arena);
	return found;
}
