/*
 * The digest of a message: everything that a mailbox needs of it, made once by `filter`, so that the process that holds keys
 * never parses hostile MIME. Pure data; encoded form in docs/digest.md. Offsets are relative to the message as it was sealed
 * (the *blob*: trace headers that we add included, Return-Path and Delivered-To not included).
 */
#ifndef MIME_DIGEST_H
#define MIME_DIGEST_H

#include "base/arena.h"
#include "base/buf.h"

#define DIGEST_VERSION 2       /* the newest that is known */
#define DIGEST_VERSION_PLAIN 1 /* of every letter that is not confidential */
#define DIGEST_SECRET_KEY_SIZE 32

struct mime_address {
	struct mime_address *next;
	/* RFC 9051 7.5.2 address structure; group markers: start has mailbox and no host, end has neither. Decoded to UTF-8 separately. */
	struct slice name;     /* as it stands in the header (encoded words kept) */
	struct slice mailbox;  /* local part or group name */
	struct slice host;
	bool has_name, has_mailbox, has_host; /* false: NIL */
};

/* The header fields of RFC 9051 7.5.2, raw (unfolded, encoded words kept); `has_` false: NIL. */
struct mime_envelope {
	struct slice date, subject, in_reply_to, message_id;
	bool has_date, has_subject, has_in_reply_to, has_message_id;
	struct mime_address *from, *sender, *reply_to, *to, *cc, *bcc;
};

struct mime_param {
	struct mime_param *next;
	struct slice name;  /* lower case */
	struct slice value; /* as in the header, RFC 2231 continuations joined; charset'...' decoded to UTF-8 when name was extended */
	bool extended;
};

struct mime_part {
	struct mime_part *parent, *children, *next;
	struct slice type, subtype;         /* lower case: "text", "plain" */
	struct mime_param *params;          /* of Content-Type */
	struct slice id, description, encoding /* lower case; "7bit" when absent */, md5, language, location;
	bool has_id, has_description, has_md5, has_language, has_location, has_disposition;
	struct slice disposition;           /* lower case */
	struct mime_param *disposition_params;
	uint64_t header_start, body_start, body_end; /* [header_start, body_start) header with its empty line; [body_start, body_end) body */
	uint32_t lines;                     /* of the body, text and message/rfc822 */
	bool encoded_message;               /* it is application/octet-stream because of its encoding (mime/enclosed.h); not in the encoding of a digest */
	struct mime_envelope *envelope;     /* message/rfc822 and message/global: of the message inside; its body part is `children` */
};

/* Of a confidential letter: what opens the letter inside (store/confidential.h). It stands nowhere else, and goes to no client. */
struct digest_secret {
	bool ends;
	int64_t expires_unix;               /* when it ends: not opened any more */
	uint8_t key[DIGEST_SECRET_KEY_SIZE];
};

struct digest {
	uint8_t version;
	uint8_t email_id[16];
	uint64_t size;                      /* of the blob */
	uint64_t header_size;               /* [0, header_size) is the top header with its empty line */
	struct mime_envelope envelope;
	struct mime_part *root;
	int64_t sent_unix;                  /* Date header, or 0 */
	bool has_sent;
	bool has_attachment;                /* a part a person would call an attachment */
	bool opaque;                        /* sealed unparsed: one application/octet-stream part */
	struct slice base_subject;          /* RFC 5256 2.1, UTF-8, case folded */
	struct slice *references;           /* message ids of References, else In-Reply-To; without <> */
	size_t reference_count;
	struct slice message_id;            /* normalised, without <>; empty when absent */
	struct slice preview;               /* UTF-8, at most 256 characters, RFC 8970 */
	struct slice display_from, display_to, display_cc; /* RFC 5957 3, of the first address or group, UTF-8 */
	/* Folded text for SEARCH (mime/text.h mime_fold): header values decoded, then all text parts in order; 1 MiB at most. */
	struct slice search_header;         /* "name: value\n" for every field of the top header, decoded and folded */
	struct slice search_text;
	bool search_text_cut;               /* there is more text than fits: SEARCH scans the blob */
	const struct digest_secret *secret; /* NULL: an ordinary letter; not in digest_decode_envelope */
	bool search_text_of_body;           /* it is mime_body_text of the body and left out, here and in the encoding (mime/make.h) */
};

/* With search_text_of_body the encoding ends before the search text (and no decoder takes it until it is appended as u32 length and bytes). */
void digest_encode(const struct digest *d, struct buf *out);
/* Slices point into `data`. `data` was authenticated, yet is checked: 0 or ERR_DAMAGED / ERR_UNSUPPORTED (newer version). Depth, part
 * and parameter counts are bounded as at parsing. */
int digest_decode(struct slice data, struct arena *arena, struct digest *ret);
/* Fills only version, email_id, size, header_size, envelope, sent_unix, has_sent, has_attachment, opaque (FETCH ENVELOPE of a whole mailbox calls
 * it 10,000 times: target below 0.5 us): these stand first in the encoding. `root` stays NULL. Errors as digest_decode. */
int digest_decode_envelope(struct slice data, struct arena *arena, struct digest *ret);
/* Everything but the search texts, which stand last in the encoding and may be missing. */
int digest_decode_structure(struct slice data, struct arena *arena, struct digest *ret);
/* The front of an encoded digest without the search texts; every decoder takes it (the texts are empty then). Empty when damaged. */
struct slice digest_listing(struct slice data);
/* Its length as told by the first DIGEST_PREFIX bytes, for reading only that much from a store; 0: damaged. */
#define DIGEST_PREFIX 5
size_t digest_listing_length(struct slice prefix);

#endif
