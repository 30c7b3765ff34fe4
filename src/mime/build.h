/*
 * A message from its parts: what a person wrote and attached becomes RFC 5322 and MIME. Pure; bytes go out in pieces, attachments come in pieces,
 * so that the memory is bounded. What is written parses (mime/structure.h) to what was given.
 *
 * Lines have at most 998 bytes (RFC 5322 2.1.1) and end with CRLF. Text is 7bit where it can be, else quoted-printable or base64, whichever is
 * shorter; other content base64; enclosed messages as they are. Header text outside ASCII becomes encoded words (RFC 2047), parameters RFC 2231;
 * only addresses outside ASCII stay UTF-8 (RFC 6532).
 */
#ifndef MIME_BUILD_H
#define MIME_BUILD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define BUILD_NAME_MAX 76       /* bytes of the name of a field */
#define BUILD_VALUE_MAX 60000   /* bytes of the value of one field, as written */
#define BUILD_LINE_MAX 998
#define BUILD_ID_MAX 900        /* bytes of one message id */
#define BUILD_PARAM_MAX 1000    /* bytes of a file name and of other parameters, before encoding */

/* Appends up to n bytes of the content from `offset` on. 0 or negative. */
typedef int build_read_fn(void *arg, uint64_t offset, size_t n, struct buf *out, struct error *err);
/* Takes the next bytes of the message. 0, or a negative code that ends the work. */
typedef int build_sink_fn(void *arg, struct slice bytes, struct error *err);

/* A field of a header. `value` as it is written behind the colon and a blank, not yet folded (build_…_value below); raw: all behind the colon, with its
 * own folding. */
struct build_field {
	struct build_field *next;
	struct slice name, value;
	bool raw;
};

struct build_part {
	struct build_part *children, *next;
	struct slice type;              /* "text/plain", lower case; a part with children is multipart/… */
	struct build_field *fields;     /* in front of those that are made here; none of Content-Transfer-Encoding */
	struct slice charset;           /* of text: empty: none is said. With is_text it is utf-8 */
	struct slice name;              /* of the file; empty: none */
	struct slice disposition;       /* "attachment", "inline", empty: none is said */
	struct slice cid;               /* without <>; empty: none */
	struct slice location;          /* empty: none */
	struct slice languages;         /* "en, zh-CN"; empty: none */
	struct slice report_type;       /* of multipart/report (RFC 6522): "disposition-notification"; else empty */
	bool own_type, own_disposition; /* `fields` has Content-Type, Content-Disposition */
	bool is_text;                   /* the content is `text` */
	struct slice text;              /* UTF-8, line ends of any kind */
	build_read_fn *read;            /* else it comes from here; NULL: it is empty */
	void *read_arg;
	uint64_t size;                  /* of what is read */
};

struct build_message {
	struct build_field *fields;     /* of the message, in their order */
	struct build_part *root;        /* NULL: an empty text */
	uint8_t seed[16];               /* random: boundaries are made of it */
};

/* Writes the message. 0, ERR_INVALID (a part that cannot be written: err says which, for the person too), or what read and sink gave. */
int build_message(const struct build_message *message, build_sink_fn *sink, void *sink_arg, struct error *err);

/* ---- values of fields; all append to `out` ---- */

struct build_address {
	struct slice name, email;       /* name: UTF-8, empty: none. email: as it is written between <> */
};
struct build_group {
	struct slice name;              /* empty: its addresses stand alone */
	const struct build_address *addresses;
	size_t count;
};

/* Is it a name of a field (RFC 5322 3.6.8)? */
bool build_name_ok(struct slice name);
/* Is it an address, or what a draft may have instead of one: anything without controls, blanks and angle brackets? */
bool build_email_ok(struct slice email);
/* Unstructured text. Controls become blanks. */
void build_text_value(struct slice utf8, struct buf *out);
void build_address_value(const struct build_group *groups, size_t count, struct buf *out);
/* "<a> <b>". ERR_INVALID: one of them is no id. */
int build_ids_value(const struct slice *ids, size_t count, struct buf *out);
/* RFC 2369: "<a>, <b>". ERR_INVALID. */
int build_urls_value(const struct slice *urls, size_t count, struct buf *out);
/* RFC 5322 3.3 in a zone, which is `zone_s` seconds east of UTC. */
void build_date_value(int64_t unix_seconds, int zone_s, struct buf *out);
/* A value with its own folding, behind the colon: no line of it ends the header or is too long. ERR_INVALID. */
int build_raw_check(struct slice value);
/* "; name=value" with RFC 2231 where it has to be. */
void build_param(struct slice name, struct slice utf8, struct buf *out);

#endif
