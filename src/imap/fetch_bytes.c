/* BODY[...], BINARY[...], RFC822: literals that may be longer than memory likes. */
#include <string.h>
#include "imap/fetch.h"

static int read_range(struct imap_session *s, const struct fetch_message *m, uint64_t at, uint64_t n, struct buf *out)
{
	size_t before = buf_len(out);
	int rc = s->account->ops->read(s->account, &s->view.mailbox, m->row.uid, at, n, out, NULL);

	if (rc < 0)
		return rc;
	return buf_len(out) - before == n ? 0 : ERR_DAMAGED;
}

/* A literal cannot carry NUL (RFC 9051 4.3.1); the length is announced already, so another byte stands in its place. BINARY gives the NUL. */
static void replace_nul(struct buf *out, size_t from)
{
	struct slice s = slice_from(buf_slice(out), from);
	uint8_t *p = (uint8_t *)s.p;

	for (ptrdiff_t at; (at = slice_find(s, 0)) >= 0; s = slice_from(s, (size_t)at + 1), p += at + 1)
		p[at] = 0x80;
}

static void begin_item(struct imap_session *s, const struct fetch_item *item)
{
	section_label(s, item, s->out);
	buf_append_byte(s->out, ' ');
}

/* The wanted part of [0, size). */
static void apply_partial(const struct fetch_item *item, uint64_t size, uint64_t *ret_start, uint64_t *ret_length)
{
	*ret_start = 0;
	*ret_length = size;
	if (!item->partial)
		return;
	*ret_start = item->offset < size ? item->offset : size;
	*ret_length = size - *ret_start < item->length ? size - *ret_start : item->length;
}

static void begin_literal(struct imap_session *s, uint64_t size, bool binary)
{
	buf_append_str(s->out, binary ? "~{" : "{");
	buf_append_u64(s->out, size);
	buf_append_str(s->out, "}\r\n");
}

static int begin_fields(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item, struct byte_range range)
{
	struct buf header = BUF_INIT(FETCH_HEADER_MAX), chosen = BUF_INIT(FETCH_HEADER_MAX + 2);
	uint64_t n = range.end - range.start, start, length;

	int rc = read_range(s, m, range.start, n < FETCH_HEADER_MAX ? n : FETCH_HEADER_MAX, &header);
	if (rc == 0) {
		section_fields(buf_slice(&header), item, &chosen);
		apply_partial(item, buf_len(&chosen), &start, &length);
		begin_item(s, item);
		begin_literal(s, length, false);
		replace_nul(&chosen, 0);
		buf_append(s->out, slice_sub(buf_slice(&chosen), (size_t)start, (size_t)(start + length)));
	}
	buf_free(&header);
	buf_free(&chosen);
	return rc;
}

static int begin_range(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item, struct byte_range range,
                       struct fetch_stream *stream)
{
	uint64_t start, length;

	apply_partial(item, range.end - range.start, &start, &length);
	if (length > FETCH_CHUNK && s->account->ops->check(s->account, &s->view.mailbox, m->row.uid, NULL) < 0)
		return ERR_DAMAGED; /* in the middle of the literal there would be no way to say so */
	begin_item(s, item);
	begin_literal(s, length, false);
	*stream = (struct fetch_stream){.on = length > 0, .at = range.start + start, .end = range.start + start + length};
	return length > 0 ? fetch_continue_bytes(s, m, stream) : 0;
}

/* One pass over the part: how long is it decoded, and is there a NUL? */
static int measure(struct imap_session *s, const struct fetch_message *m, struct byte_range range, enum transfer_encoding encoding,
                   uint64_t *ret_size, bool *ret_nul)
{
	struct buf raw = BUF_INIT(FETCH_CHUNK), decoded = BUF_INIT(HELD_ROOM);
	struct transfer_decoder decoder;
	int rc = 0;

	*ret_size = 0;
	*ret_nul = false;
	transfer_begin(&decoder, encoding);
	for (uint64_t at = range.start; rc == 0 && at < range.end;) {
		uint64_t n = range.end - at < FETCH_CHUNK ? range.end - at : FETCH_CHUNK;
		buf_clear(&raw);
		buf_clear(&decoded);
		rc = read_range(s, m, at, n, &raw);
		at += n;
		if (rc < 0)
			break;
		transfer_feed(&decoder, buf_slice(&raw), at == range.end, &decoded);
		*ret_size += buf_len(&decoded);
		*ret_nul = *ret_nul || slice_find(buf_slice(&decoded), 0) >= 0;
	}
	transfer_free(&decoder);
	buf_free(&raw);
	buf_free(&decoded);
	return rc;
}

static int begin_binary(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item, struct byte_range range,
                        struct fetch_stream *stream)
{
	const struct mime_part *part = section_part(&m->digest, item);
	enum transfer_encoding encoding = item->number_count == 0 ? ENCODING_IDENTITY : transfer_encoding_of(part);
	uint64_t size, start, length;
	bool nul;

	if (encoding == ENCODING_UNKNOWN)
		return ERR_UNSUPPORTED;
	int rc = measure(s, m, range, encoding, &size, &nul);
	if (rc < 0)
		return rc;
	begin_item(s, item);
	if (item->kind == FETCH_BINARY_SIZE) {
		buf_append_u64(s->out, size);
		return 0;
	}
	apply_partial(item, size, &start, &length);
	begin_literal(s, length, nul);
	*stream = (struct fetch_stream){.on = length > 0, .at = range.start, .end = range.end, .decoded = true, .skip = start, .left = length};
	transfer_begin(&stream->decoder, encoding);
	return 0;
}

/* The obsolete names are sections of another spelling. */
static struct fetch_item as_section(const struct fetch_item *item)
{
	struct fetch_item section = *item;

	if (item->kind == FETCH_RFC822_HEADER)
		section.section = SECTION_HEADER;
	else if (item->kind == FETCH_RFC822_TEXT)
		section.section = SECTION_TEXT;
	return section;
}

int fetch_give(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item)
{
	struct fetch_item section = as_section(item);
	struct byte_range range;
	uint64_t start, length;

	if (s->account->ops->give == NULL || item->kind == FETCH_BINARY_SIZE || !section_range(&m->digest, m->prefix, &section, &range))
		return 0;
	start = 0;
	length = range.end - range.start;
	if (item->kind != FETCH_BINARY && section.section != SECTION_FIELDS && section.section != SECTION_FIELDS_NOT)
		apply_partial(&section, length, &start, &length);
	return s->account->ops->give(s->account, &s->view.mailbox, m->row.uid, range.start + start, length, NULL);
}

int fetch_begin_bytes(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item, struct fetch_stream *stream)
{
	struct fetch_item section = as_section(item);
	struct byte_range range;

	*stream = (struct fetch_stream){0};
	if (!section_range(&m->digest, m->prefix, &section, &range)) {
		begin_item(s, item);
		buf_append_str(s->out, item->kind == FETCH_BINARY_SIZE ? "0" : "NIL");
		return 0;
	}
	if (item->kind == FETCH_BINARY || item->kind == FETCH_BINARY_SIZE)
		return begin_binary(s, m, item, range, stream);
	if (section.section == SECTION_FIELDS || section.section == SECTION_FIELDS_NOT)
		return begin_fields(s, m, item, range);
	return begin_range(s, m, &section, range, stream);
}

static void append_wanted(struct imap_session *s, struct fetch_stream *stream, struct slice decoded)
{
	size_t skip = stream->skip < decoded.n ? (size_t)stream->skip : decoded.n;

	stream->skip -= skip;
	decoded = slice_from(decoded, skip);
	if (decoded.n > stream->left)
		decoded.n = (size_t)stream->left;
	buf_append(s->out, decoded);
	stream->left -= decoded.n;
}

static int continue_decoded(struct imap_session *s, const struct fetch_message *m, struct fetch_stream *stream, uint64_t n)
{
	struct buf raw = BUF_INIT(FETCH_CHUNK), decoded = BUF_INIT(HELD_ROOM);
	int rc = read_range(s, m, stream->at, n, &raw);

	if (rc == 0) {
		transfer_feed(&stream->decoder, buf_slice(&raw), stream->at + n == stream->end, &decoded);
		append_wanted(s, stream, buf_slice(&decoded));
	}
	buf_free(&raw);
	buf_free(&decoded);
	return rc;
}

static int continue_raw(struct imap_session *s, const struct fetch_message *m, struct fetch_stream *stream, uint64_t n)
{
	size_t before = buf_len(s->out);
	int rc = read_range(s, m, stream->at, n, s->out);

	replace_nul(s->out, before < buf_len(s->out) ? before : buf_len(s->out));
	return rc;
}

int fetch_continue_bytes(struct imap_session *s, const struct fetch_message *m, struct fetch_stream *stream)
{
	uint64_t n = stream->end - stream->at < FETCH_CHUNK ? stream->end - stream->at : FETCH_CHUNK;
	int rc = stream->decoded ? continue_decoded(s, m, stream, n) : continue_raw(s, m, stream, n);

	stream->at += n;
	if (rc < 0 || stream->at == stream->end || (stream->decoded && stream->left == 0))
		fetch_stream_end(stream);
	return rc;
}

void fetch_stream_end(struct fetch_stream *stream)
{
	transfer_free(&stream->decoder);
	stream->on = false;
}
