#include "mime/build.h"

#include <string.h>

#include "base/codec.h"
#include "base/utf8.h"
#include "mime/limits.h"

#define LINE_GOAL 76
#define PIECE (57u * 1024)       /* of content: whole lines of base64 */
#define OUT_SIZE (256u * 1024)   /* gathered before the sink gets it */
#define DEPTH_MAX (MIME_DEPTH_MAX - 2)

struct writer {
	const struct build_message *message;
	build_sink_fn *sink;
	void *sink_arg;
	struct error *err;
	struct buf out;
	unsigned parts;
};

enum encoding { ENCODING_7BIT, ENCODING_8BIT, ENCODING_QP, ENCODING_BASE64 };

static int flush(struct writer *w)
{
	int rc = buf_len(&w->out) > 0 ? w->sink(w->sink_arg, buf_slice(&w->out), w->err) : 0;

	buf_clear(&w->out);
	return rc;
}

static int flush_some(struct writer *w)
{
	return buf_len(&w->out) > OUT_SIZE / 2 ? flush(w) : 0;
}

/* ---- fields ---- */

/* Breaks at blanks only, each of which is kept: what is unfolded is what was given. */
static void append_folded(struct buf *out, struct slice value, size_t column)
{
	struct slice word;
	bool first = true, blank = true; /* blank: the line has only blanks so far */

	while (slice_split(&value, ' ', &word)) {
		if (!first && !blank && word.n > 0 && column + 1 + word.n > LINE_GOAL) {
			buf_append(out, SLICE("\r\n "));
			column = 1;
		} else {
			buf_append_byte(out, ' ');
			column++;
		}
		buf_append(out, word);
		column += word.n;
		blank = first ? word.n == 0 : blank && word.n == 0;
		first = false;
	}
}

static void append_field(struct buf *out, struct slice name, struct slice value, bool raw)
{
	buf_append(out, name);
	buf_append_byte(out, ':');
	if (raw)
		buf_append(out, value);
	else
		append_folded(out, value, name.n + 1);
	buf_append(out, SLICE("\r\n"));
}

static void append_own(struct buf *out, const char *name, const struct buf *value)
{
	append_field(out, slice_str(name), buf_slice(value), false);
}

static int append_fields(struct writer *w, const struct build_field *fields)
{
	int rc = 0;

	for (const struct build_field *f = fields; f != NULL && rc == 0; f = f->next) {
		if (!build_name_ok(f->name) || f->value.n > BUILD_VALUE_MAX)
			return error_set(w->err, ERR_INVALID, "a field that cannot be written");
		append_field(&w->out, f->name, f->value, f->raw);
		rc = flush_some(w);
	}
	return rc;
}

/* ---- how a content is encoded ---- */

struct shape {
	uint64_t bytes, high, controls;
	size_t line, longest;
	bool bare;                       /* bare: a CR or LF of its own, or NUL */
	uint8_t last;
};

static void shape_add(struct shape *s, struct slice piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		uint8_t c = piece.p[i];

		if (c == '\n') {
			s->bare |= s->last != '\r';
			s->line = 0;
		} else {
			s->bare |= s->last == '\r' || c == 0;
			s->high += c >= 0x80;
			s->controls += c < ' ' && c != '\t' && c != '\r';
			if (c != '\r' && ++s->line > s->longest)
				s->longest = s->line;
		}
		s->last = c;
	}
	s->bytes += piece.n;
}

static bool shape_clean(const struct shape *s)
{
	return !s->bare && s->last != '\r' && s->longest <= BUILD_LINE_MAX;
}

static enum encoding shorter(const struct shape *s)
{
	return (s->high + s->controls) * 6 > s->bytes ? ENCODING_BASE64 : ENCODING_QP;
}

static enum encoding encoding_of(const struct build_part *part, const struct shape *s)
{
	bool message = slice_starts(part->type, SLICE("message/"));

	if (shape_clean(s) && s->high == 0 && s->controls == 0 && (part->is_text || message || slice_starts(part->type, SLICE("text/"))))
		return ENCODING_7BIT;
	if (message && shape_clean(s))
		return ENCODING_8BIT; /* RFC 2046 5.2.1: no other one is permitted */
	return part->is_text || slice_starts(part->type, SLICE("text/")) ? shorter(s) : ENCODING_BASE64;
}

static const char *encoding_name(enum encoding e)
{
	static const char *const names[] = {[ENCODING_7BIT] = "7bit", [ENCODING_8BIT] = "8bit", [ENCODING_QP] = "quoted-printable", [ENCODING_BASE64] = "base64"};
	return names[e];
}

/* ---- content ---- */

/* Line ends of any kind become CRLF. */
static void append_lines(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\r' || text.p[i] == '\n') {
			buf_append(out, SLICE("\r\n"));
			i += text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
		} else {
			buf_append_byte(out, text.p[i]);
		}
	}
}

static int read_piece(struct writer *w, const struct build_part *part, uint64_t offset, struct buf *piece)
{
	size_t n = part->size - offset < PIECE ? (size_t)(part->size - offset) : PIECE;

	buf_clear(piece);
	int rc = part->read(part->read_arg, offset, n, piece, w->err);
	return rc == 0 && buf_len(piece) != n ? error_set(w->err, ERR_IO, "a part is shorter than announced") : rc;
}

static int measure(struct writer *w, const struct build_part *part, struct shape *ret)
{
	struct buf piece = BUF_INIT(PIECE);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && part->read != NULL && at < part->size; at += buf_len(&piece))
		if ((rc = read_piece(w, part, at, &piece)) == 0)
			shape_add(ret, buf_slice(&piece));
	buf_free(&piece);
	return rc;
}

static void encode(enum encoding e, struct slice content, struct buf *out)
{
	if (e == ENCODING_BASE64)
		base64_encode_lines(content, out);
	else if (e == ENCODING_QP)
		quoted_printable_encode(content, out);
	else
		buf_append(out, content);
}

/* Quoted-printable looks one byte ahead, so that no piece may end inside of a line. */
static int write_read_quoted(struct writer *w, const struct build_part *part)
{
	struct buf all = BUF_INIT((size_t)part->size + 1), piece = BUF_INIT(PIECE), encoded = BUF_INIT(4 * (size_t)part->size + 16);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < part->size; at += buf_len(&piece))
		if ((rc = read_piece(w, part, at, &piece)) == 0)
			buf_append(&all, buf_slice(&piece));
	quoted_printable_encode(buf_slice(&all), &encoded);
	if (rc == 0)
		rc = flush(w);
	if (rc == 0 && buf_len(&encoded) > 0)
		rc = w->sink(w->sink_arg, buf_slice(&encoded), w->err);
	buf_free(&all);
	buf_free(&piece);
	buf_free(&encoded);
	return rc;
}

static int write_read(struct writer *w, const struct build_part *part, enum encoding e)
{
	struct buf piece = BUF_INIT(PIECE);
	int rc = 0;

	if (e == ENCODING_QP)
		return write_read_quoted(w, part);
	for (uint64_t at = 0; rc == 0 && part->read != NULL && at < part->size; at += buf_len(&piece)) {
		if ((rc = read_piece(w, part, at, &piece)) == 0) {
			encode(e, buf_slice(&piece), &w->out);
			rc = flush_some(w);
		}
	}
	buf_free(&piece);
	return rc;
}

static void append_encoding(struct writer *w, enum encoding e)
{
	buf_append_str(&w->out, "Content-Transfer-Encoding: ");
	buf_append_str(&w->out, encoding_name(e));
	buf_append(&w->out, SLICE("\r\n\r\n"));
}

static int write_text(struct writer *w, const struct build_part *part)
{
	struct buf lines = BUF_INIT(2 * part->text.n + 2), encoded = BUF_INIT(8 * part->text.n + 16);
	struct shape shape = {0};

	append_lines(part->text, &lines);
	shape_add(&shape, buf_slice(&lines));
	enum encoding e = encoding_of(part, &shape);
	append_encoding(w, e);
	encode(e, buf_slice(&lines), &encoded);
	int rc = flush(w);
	if (rc == 0 && buf_len(&encoded) > 0)
		rc = w->sink(w->sink_arg, buf_slice(&encoded), w->err);
	buf_free(&lines);
	buf_free(&encoded);
	return rc;
}

static int write_content(struct writer *w, const struct build_part *part)
{
	struct shape shape = {0};
	int rc;

	if (part->is_text)
		return write_text(w, part);
	if ((rc = measure(w, part, &shape)) < 0)
		return rc;
	enum encoding e = encoding_of(part, &shape);
	append_encoding(w, e);
	return write_read(w, part, e);
}

/* ---- parts ---- */

static void boundary_of(const struct writer *w, unsigned number, struct buf *out)
{
	buf_append_str(out, "=_"); /* in no quoted-printable and in no base64 */
	hex_encode(slice_make(w->message->seed, sizeof w->message->seed), out);
	buf_printf(out, "_%u", number);
}

static bool is_type(struct slice type)
{
	ptrdiff_t slash = slice_find(type, '/');

	for (size_t i = 0; i < type.n; i++)
		if (!ascii_is_alnum(type.p[i]) && slice_find(SLICE("!#$&-^_.+/"), type.p[i]) < 0)
			return false;
	return slash > 0 && (size_t)slash + 1 < type.n && slice_find(slice_from(type, (size_t)slash + 1), '/') < 0 && type.n <= 127;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && slice_find(SLICE("-_.+:"), s.p[i]) < 0)
			return false;
	return s.n <= 100;
}

static void append_type(struct writer *w, const struct build_part *part, struct slice boundary)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);

	buf_append(&value, part->type);
	if (part->report_type.n > 0)
		build_param(SLICE("report-type"), part->report_type, &value);
	if (part->children != NULL)
		build_param(SLICE("boundary"), boundary, &value);
	else if (part->is_text || part->charset.n > 0)
		buf_printf(&value, "; charset=%.*s", SLICE_ARG(part->is_text ? SLICE("utf-8") : part->charset));
	if (part->name.n > 0)
		build_param(SLICE("name"), part->name, &value);
	append_own(&w->out, "Content-Type", &value);
	buf_free(&value);
}

static void append_disposition(struct writer *w, const struct build_part *part)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);

	buf_append(&value, part->disposition.n > 0 ? part->disposition : SLICE("attachment"));
	if (part->name.n > 0)
		build_param(SLICE("filename"), part->name, &value);
	append_own(&w->out, "Content-Disposition", &value);
	buf_free(&value);
}

static int append_cid(struct writer *w, struct slice cid)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);
	int rc = build_ids_value(&cid, 1, &value);

	if (rc == 0)
		append_own(&w->out, "Content-ID", &value);
	buf_free(&value);
	return rc < 0 ? error_set(w->err, ERR_INVALID, "a Content-ID that cannot be written") : 0;
}

static void append_text_field(struct writer *w, const char *name, struct slice text)
{
	struct buf value = BUF_INIT(BUILD_VALUE_MAX);

	build_text_value(text, &value);
	if (text.n > 0)
		append_own(&w->out, name, &value);
	buf_free(&value);
}

/* What describes the content; then what the caller wants besides. */
static int append_part_head(struct writer *w, const struct build_part *part, struct slice boundary)
{
	if (!is_type(part->type) || !is_token(part->charset) || !is_token(part->disposition))
		return error_set(w->err, ERR_INVALID, "a media type, charset or disposition that cannot be written");
	int rc = append_fields(w, part->fields);
	if (rc == 0 && !part->own_type)
		append_type(w, part, boundary);
	if (rc == 0 && !part->own_disposition && (part->disposition.n > 0 || (part->name.n > 0 && part->children == NULL)))
		append_disposition(w, part);
	if (rc == 0 && part->cid.n > 0)
		rc = append_cid(w, part->cid);
	if (rc == 0) {
		append_text_field(w, "Content-Language", part->languages);
		append_text_field(w, "Content-Location", part->location);
	}
	return rc;
}

static int write_part(struct writer *w, const struct build_part *part, unsigned depth);

static int write_children(struct writer *w, const struct build_part *part, struct slice boundary, unsigned depth)
{
	int rc = 0;

	buf_append(&w->out, SLICE("\r\n"));
	for (const struct build_part *p = part->children; p != NULL && rc == 0; p = p->next) {
		buf_printf(&w->out, "--%.*s\r\n", SLICE_ARG(boundary));
		rc = write_part(w, p, depth + 1);
		buf_append(&w->out, SLICE("\r\n"));
	}
	buf_printf(&w->out, "--%.*s--\r\n", SLICE_ARG(boundary));
	return rc;
}

static int write_part(struct writer *w, const struct build_part *part, unsigned depth)
{
	struct buf boundary = BUF_INIT(100);
	bool multipart = slice_starts(part->type, SLICE("multipart/"));

	if (depth > DEPTH_MAX || ++w->parts > MIME_PARTS_MAX)
		return error_set(w->err, ERR_LIMIT, "too many parts, or too deep");
	if (multipart != (part->children != NULL))
		return error_set(w->err, ERR_INVALID, "parts inside of what is no multipart, or a multipart without parts");
	boundary_of(w, w->parts, &boundary);
	int rc = append_part_head(w, part, buf_slice(&boundary));
	if (rc == 0)
		rc = multipart ? write_children(w, part, buf_slice(&boundary), depth) : write_content(w, part);
	buf_free(&boundary);
	return rc;
}

int build_message(const struct build_message *message, build_sink_fn *sink, void *sink_arg, struct error *err)
{
	static const struct build_part nothing = {.type = SLICE_INIT("text/plain"), .is_text = true};
	struct writer w = {.message = message, .sink = sink, .sink_arg = sink_arg, .err = err};

	buf_init(&w.out, SIZE_MAX / 2);
	int rc = append_fields(&w, message->fields);
	if (rc == 0) {
		buf_append(&w.out, SLICE("MIME-Version: 1.0\r\n"));
		rc = write_part(&w, message->root != NULL ? message->root : &nothing, 0);
	}
	if (rc == 0)
		rc = flush(&w);
	buf_free(&w.out);
	return rc;
}
