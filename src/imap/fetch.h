/* FETCH: items, their parsing, the pieces that print them. Not for others. */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "imap/session_internal.h"

#define SECTION_DEPTH_MAX 40        /* numbers in a section */
#define FETCH_ITEMS_MAX 200
#define FETCH_FIELDS_MAX 200        /* names in HEADER.FIELDS */
#define FETCH_HEADER_MAX (4u << 20) /* bytes of a header that HEADER.FIELDS looks at */
#define HELD_ROOM (FETCH_CHUNK * 4)  /* decoded from one chunk and a held line */
#define FETCH_BESIDE (FETCH_CHUNK * 4) /* output above IMAP_OUTPUT_HIGH that one message may take between its items */

enum fetch_kind {
	FETCH_UID, FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE, FETCH_MODSEQ, FETCH_SAVEDATE, FETCH_EMAILID, FETCH_THREADID,
	FETCH_ENVELOPE, FETCH_BODY, FETCH_BODYSTRUCTURE, FETCH_PREVIEW,
	FETCH_SECTION, FETCH_BINARY, FETCH_BINARY_SIZE, FETCH_RFC822, FETCH_RFC822_HEADER, FETCH_RFC822_TEXT,
};

enum section_kind { SECTION_ALL, SECTION_HEADER, SECTION_FIELDS, SECTION_FIELDS_NOT, SECTION_TEXT, SECTION_MIME };

struct fetch_item {
	enum fetch_kind kind;
	bool peek;
	enum section_kind section;
	uint32_t numbers[SECTION_DEPTH_MAX];
	size_t number_count;
	struct slice *fields;
	size_t field_count;
	bool partial;
	uint64_t offset, length;
	struct fetch_item *next;
};

/* What the items together need. */
enum { NEED_DIGEST = 1, NEED_STRUCTURE = 2, NEED_BYTES = 4, NEED_SEEN = 8 };

bool fetch_parse_items(struct imap_session *s, struct imap_parser *p, struct fetch_item **ret, unsigned *ret_need);

/* Where a header begins. Offsets of a digest are those of the sealed message; the reader sees `prefix` bytes in front of its header
 * (Return-Path, Delivered-To): everything moves but the beginning of the top header, which they belong to. */
static inline uint64_t fetch_shift(uint64_t header_start, uint32_t prefix)
{
	return header_start == 0 ? 0 : header_start + prefix;
}

struct byte_range { uint64_t start, end; }; /* of the message as the reader sees it */

/* The part that the numbers name (RFC 9051 6.4.5.1); NULL: none. */
const struct mime_part *section_part(const struct digest *d, const struct fetch_item *item);
/* The bytes of a section, for HEADER.FIELDS those of the whole header. false: there is no such section. */
bool section_range(const struct digest *d, uint32_t prefix, const struct fetch_item *item, struct byte_range *ret);
/* Appends the fields that the item asks for, with the empty line. */
void section_fields(struct slice header, const struct fetch_item *item, struct buf *out);
/* "BODY[1.HEADER.FIELDS (A B)]<0>" as it is answered. */
void section_label(const struct imap_session *s, const struct fetch_item *item, struct buf *out);

void write_envelope(const struct imap_session *s, const struct mime_envelope *e, struct buf *out);
void write_body_structure(const struct imap_session *s, const struct mime_part *part, bool extended, struct buf *out);

/* Content-Transfer-Encoding, undone in pieces. */
enum transfer_encoding { ENCODING_IDENTITY, ENCODING_BASE64, ENCODING_QUOTED_PRINTABLE, ENCODING_UNKNOWN };
struct transfer_decoder {
	enum transfer_encoding encoding;
	uint32_t bits;
	unsigned bit_count;
	struct buf held;     /* quoted-printable: an incomplete line */
	bool ended;          /* base64: padding was seen */
};
enum transfer_encoding transfer_encoding_of(const struct mime_part *part);
void transfer_begin(struct transfer_decoder *t, enum transfer_encoding encoding);
void transfer_feed(struct transfer_decoder *t, struct slice in, bool last, struct buf *out);
void transfer_free(struct transfer_decoder *t);

/* fetch_bytes.c: items that need bytes of the message. */
struct fetch_stream {
	bool on;
	uint64_t at, end;            /* bytes of the message still to be read */
	bool decoded;                /* through `decoder`, of whose output `skip` bytes are dropped and then `left` bytes wanted */
	struct transfer_decoder decoder;
	uint64_t skip, left;
};
struct fetch_message {
	struct message_row row;
	struct digest digest;
	uint32_t prefix;
};
/* Says which bytes the item is going to give, before anything of the message is written. 0; ERR_DENIED: the session may not have them. */
int fetch_give(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item);
/* Prints the item, up to the begin of a long literal, which `stream` then holds. 0; ERR_UNSUPPORTED: unknown encoding; other errors of read. */
int fetch_begin_bytes(struct imap_session *s, const struct fetch_message *m, const struct fetch_item *item, struct fetch_stream *stream);
/* Next piece of the literal. */
int fetch_continue_bytes(struct imap_session *s, const struct fetch_message *m, struct fetch_stream *stream);
void fetch_stream_end(struct fetch_stream *stream);

#endif
