/* The parts of an email as JMAP shows them (RFC 8621 4.1.4). */
#ifndef JMAP_EMAIL_BODY_H
#define JMAP_EMAIL_BODY_H

#include "jmap/mail.h"

#define JMAP_VALUE_MAX (8u << 20)  /* bytes of one text that are given at once; it is cut behind them */

/* RFC 8621 4.1.4, the properties of a part; the order is that of jmap_part_names. */
enum jmap_part_property {
	JMAP_PART_ID, JMAP_PART_BLOB, JMAP_PART_SIZE, JMAP_PART_HEADERS, JMAP_PART_NAME, JMAP_PART_TYPE, JMAP_PART_CHARSET, JMAP_PART_DISPOSITION,
	JMAP_PART_CID, JMAP_PART_LANGUAGE, JMAP_PART_LOCATION, JMAP_PART_SUBPARTS, JMAP_PART_PROPERTIES,
};

/* bodyProperties. */
struct jmap_part_wish {
	unsigned wanted;        /* bits of the above */
	const json_t *headers;  /* "header:…", an array or NULL */
};
/* False: one of them is none (invalidArguments is given). */
bool jmap_part_wish_take(struct jmap_call *call, struct jmap_part_wish *ret);

/* A message that is no email of the account (Email/parse): the bytes of a blob. */
struct jmap_parsed_message {
	struct slice blob;              /* its id */
	struct jmap_letter *letter;     /* in the hands of the host */
	uint64_t size;
};

/* An email that is being shown. */
struct jmap_shown {
	struct jmap_call *call;
	struct arena *arena;            /* of this email */
	const struct jmap_email *email; /* NULL: it is `parsed` */
	const struct jmap_parsed_message *parsed;
	struct digest *digest;
	uint32_t prefix;
	bool asked, refused;            /* whether the reader may have its header */
	struct slice header;            /* of the whole email as the reader sees it; p NULL: not read yet */
};
/* Reads the row's digest. 0 or negative. */
int jmap_shown_open(struct jmap_shown *s);
/* Bytes [from, from + n) of the message as its reader sees it; give: they go to the reader (ERR_DENIED: this view of the account does not give them). */
int jmap_shown_give(struct jmap_shown *s, uint64_t from, uint64_t n);
int jmap_shown_read(struct jmap_shown *s, uint64_t from, uint64_t n, struct buf *out);
/* The header, read when it is wanted first; empty when it cannot be read. */
struct slice jmap_shown_header(struct jmap_shown *s);

/* A list of parts. */
struct jmap_parts {
	const struct mime_part **list;
	size_t count;
};
struct jmap_bodies { struct jmap_parts text, html, attachments; };
void jmap_bodies_find(const struct mime_part *root, struct arena *arena, struct jmap_bodies *ret);

void jmap_part_print(struct jmap_shown *s, const struct mime_part *part, const struct jmap_part_wish *wish);
void jmap_parts_print(struct jmap_shown *s, const struct jmap_parts *parts, const struct jmap_part_wish *wish);

/* Bytes of the part without its transfer encoding; of a long base64 one as its lines tell. */
uint64_t jmap_part_size(struct jmap_shown *s, const struct mime_part *part);

/* "partId": {"value", "isEncodingProblem", "isTruncated"}. max: maxBodyValueBytes, 0: no limit. */
void jmap_value_print(struct jmap_shown *s, const struct mime_part *part, uint64_t max);
/*
 * The text of a part as UTF-8 with LF, at most `max` bytes of it read; ret_cut: there was more; ret_odd: it had ill-formed places or an unknown
 * encoding. 0, or ERR_DENIED (the view does not give it) and other codes of `read`.
 */
int jmap_part_text(struct jmap_shown *s, const struct mime_part *part, uint64_t max, struct buf *out, bool *ret_cut, bool *ret_odd);

#endif
