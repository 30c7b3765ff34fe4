#include "trust/message.h"

#include <string.h>

#include "crypt/digest.h"
#include "mime/limits.h"
#include "trust/tags.h"

void message_init(struct trust_message *m, struct slice message, struct arena *arena)
{
	size_t length = mime_header_length(message);
	message_init_parts(m, slice_sub(message, 0, length), slice_from(message, length), arena);
	m->whole = message;
}

void message_init_parts(struct trust_message *m, struct slice header, struct slice body, struct arena *arena)
{
	struct slice rest = header;
	*m = (struct trust_message){.header = header, .body = body, .arena = arena};
	m->too_big = header.n > MIME_HEADER_MAX;
	if (m->too_big)
		return;
	m->fields = arena_alloc_array(arena, MIME_FIELDS_MAX, sizeof *m->fields);
	while (m->field_count < MIME_FIELDS_MAX && mime_field_next(&rest, &m->fields[m->field_count]))
		m->field_count++;
	struct mime_field more;
	m->too_big = m->field_count == MIME_FIELDS_MAX && mime_field_next(&rest, &more);
}

/* ---- body ---- */

struct body_variant *message_want_body(struct trust_message *m, bool relaxed, uint64_t limit)
{
	for (size_t i = 0; i < m->variant_count; i++)
		if (m->variants[i].relaxed == relaxed && m->variants[i].limit == limit)
			return &m->variants[i];
	if (m->variant_count == MESSAGE_VARIANTS_MAX)
		return NULL;
	m->variants[m->variant_count] = (struct body_variant){.relaxed = relaxed, .limit = limit};
	return &m->variants[m->variant_count++];
}

/* The hashes of one canonicalisation that are not known yet. */
struct body_hashes {
	struct body_variant *variants[MESSAGE_VARIANTS_MAX];
	struct digest_run *runs[MESSAGE_VARIANTS_MAX];
	size_t count;
	uint64_t length;
	uint8_t scratch[4096];
	size_t held;          /* bytes in scratch */
};

static void hash_piece(struct body_hashes *h, struct slice piece)
{
	for (size_t i = 0; i < h->count; i++) {
		uint64_t limit = h->variants[i]->limit, room = limit > h->length ? limit - h->length : 0;
		digest_update(h->runs[i], slice_sub(piece, 0, room < piece.n ? (size_t)room : piece.n));
	}
	h->length += piece.n;
}

static void flush(struct body_hashes *h)
{
	struct slice piece = slice_make(h->scratch, h->held);
	h->held = 0;
	hash_piece(h, piece);
}

static void emit(struct body_hashes *h, struct slice piece)
{
	if (piece.n > sizeof h->scratch - h->held)
		flush(h);
	if (piece.n > sizeof h->scratch) {
		hash_piece(h, piece);
		return;
	}
	if (piece.n > 0)
		memcpy(h->scratch + h->held, piece.p, piece.n);
	h->held += piece.n;
}

/* The line at the front without its CRLF, which alone ends a line. */
static struct slice take_line(struct slice *rest)
{
	size_t from = 0;
	for (;;) {
		const uint8_t *nl = from < rest->n ? memchr(rest->p + from, '\n', rest->n - from) : NULL;
		if (nl == NULL) {
			struct slice line = *rest;
			*rest = SLICE_NONE;
			return line;
		}
		size_t at = (size_t)(nl - rest->p);
		if (at > 0 && rest->p[at - 1] == '\r') {
			struct slice line = slice_sub(*rest, 0, at - 1);
			*rest = slice_from(*rest, at + 1);
			return line;
		}
		from = at + 1;
	}
}

/* RFC 6376 3.4.4 a: runs of white space become one space, none at the end of the line. */
static void emit_relaxed_line(struct body_hashes *h, struct slice line)
{
	while (line.n > 0) {
		size_t word = 0, space;
		while (word < line.n && !ascii_is_wsp(line.p[word]))
			word++;
		emit(h, slice_sub(line, 0, word));
		for (space = word; space < line.n && ascii_is_wsp(line.p[space]); space++)
			;
		line = slice_from(line, space);
		if (line.n > 0 && space > word)
			emit(h, SLICE(" "));
	}
}

static struct slice without_trailing_space(struct slice line)
{
	while (line.n > 0 && ascii_is_wsp(line.p[line.n - 1]))
		line.n--;
	return line;
}

static void hash_relaxed(struct body_hashes *h, struct slice body)
{
	uint64_t empty = 0;
	while (body.n > 0) {
		struct slice line = without_trailing_space(take_line(&body));
		if (line.n == 0) {
			empty++;
			continue;
		}
		for (; empty > 0; empty--)
			emit(h, SLICE("\r\n"));
		emit_relaxed_line(h, line);
		emit(h, SLICE("\r\n"));
	}
	flush(h);
}

/* RFC 6376 3.4.3: exactly one CRLF at the end. */
static void hash_simple(struct body_hashes *h, struct slice body)
{
	while (slice_ends(body, SLICE("\r\n")))
		body.n -= 2;
	hash_piece(h, body);
	hash_piece(h, SLICE("\r\n"));
}

static void hash_all(struct trust_message *m, bool relaxed)
{
	struct body_hashes h = {0};
	uint8_t digest[DIGEST_MAX];
	for (size_t i = 0; i < m->variant_count; i++)
		if (!m->variants[i].known && m->variants[i].relaxed == relaxed) {
			h.variants[h.count] = &m->variants[i];
			h.runs[h.count++] = digest_start(DIGEST_SHA256);
		}
	if (h.count == 0)
		return;
	(relaxed ? hash_relaxed : hash_simple)(&h, m->body);
	for (size_t i = 0; i < h.count; i++) {
		digest_finish(&h.runs[i], digest);
		memcpy(h.variants[i]->digest, digest, sizeof h.variants[i]->digest);
		h.variants[i]->length = h.length;
		h.variants[i]->known = true;
	}
}

void message_hash_bodies(struct trust_message *m)
{
	hash_all(m, true);
	hash_all(m, false);
}

/* ---- header ---- */

static struct slice without_break(struct slice s)
{
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* What was written of a value so far, and whether white space came behind it. */
struct relaxing {
	struct buf *out;
	bool space, any;
};

static size_t word_length(struct slice s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n' && !ascii_is_wsp(s.p[n]))
		n++;
	return n;
}

static void relax(struct relaxing *r, struct slice piece)
{
	while (piece.n > 0) {
		size_t n = word_length(piece);
		if (n == 0) {
			r->space = r->space || ascii_is_wsp(piece.p[0]);
			piece = slice_from(piece, 1);
			continue;
		}
		if (r->space && r->any)
			buf_append_byte(r->out, ' ');
		buf_append(r->out, slice_sub(piece, 0, n));
		*r = (struct relaxing){.out = r->out, .any = true};
		piece = slice_from(piece, n);
	}
}

/* RFC 6376 3.4.2: unfolded, white space reduced, none around the value. The parts a and b are one value. */
static void append_relaxed_value(struct slice a, struct slice b, struct buf *out)
{
	struct relaxing r = {.out = out};
	relax(&r, a);
	relax(&r, b);
}

static void append_relaxed(const struct mime_field *field, struct slice a, struct slice b, struct buf *out)
{
	for (size_t i = 0; i < field->name.n; i++)
		buf_append_byte(out, ascii_lower(field->name.p[i]));
	buf_append_byte(out, ':');
	append_relaxed_value(a, b, out);
}

void message_canonical_field(const struct mime_field *field, bool relaxed, struct buf *out)
{
	if (relaxed)
		append_relaxed(field, field->value, SLICE_NONE, out);
	else
		buf_append(out, without_break(field->whole));
	buf_append_str(out, "\r\n");
}

void message_canonical_signature(const struct mime_field *field, struct slice b, bool relaxed, struct buf *out)
{
	size_t from = (size_t)(b.p - field->value.p);
	struct slice before = slice_sub(field->value, 0, from), after = slice_from(field->value, from + b.n);
	if (relaxed) {
		append_relaxed(field, before, after, out);
		return;
	}
	buf_append(out, slice_sub(field->whole, 0, (size_t)(b.p - field->whole.p)));
	buf_append(out, after);
}

/* Which field a name in h= means: the last of that name that was not taken yet. */
static const struct mime_field *take_field(const struct trust_message *m, struct slice name, size_t except, bool *taken)
{
	for (size_t i = m->field_count; i-- > 0;)
		if (i != except && !taken[i] && slice_eq_nocase(m->fields[i].name, name)) {
			taken[i] = true;
			return &m->fields[i];
		}
	return NULL;
}

void message_canonical_fields(const struct trust_message *m, struct slice h, size_t except, bool relaxed, struct buf *out)
{
	bool taken[MIME_FIELDS_MAX] = {0};
	struct slice name;
	while (tags_item_next(&h, ':', &name)) {
		const struct mime_field *field = take_field(m, name, except, taken);
		if (field != NULL)
			message_canonical_field(field, relaxed, out);
	}
}
