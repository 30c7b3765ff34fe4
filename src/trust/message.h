/*
 * A message as signatures see it: fields by number and hashes of its body. Made once per message; the checks of DKIM and ARC share it, and
 * no body is hashed twice the same way, not even when the checks run again.
 */
#ifndef TRUST_MESSAGE_H
#define TRUST_MESSAGE_H

#include "base/buf.h"
#include "mime/header.h"

#define MESSAGE_VARIANTS_MAX 16        /* ways to hash one body: two canonicalisations, each with lengths */
#define MESSAGE_NO_LIMIT UINT64_MAX

struct body_variant {
	bool relaxed;
	uint64_t limit;                /* l=, or MESSAGE_NO_LIMIT */
	bool known;
	uint8_t digest[32];            /* SHA-256 */
	uint64_t length;               /* of the canonical body, all of it */
};

struct trust_message {
	struct slice whole, header, body;
	struct mime_field *fields;
	size_t field_count;
	bool too_big;                  /* more header than MIME_HEADER_MAX or MIME_FIELDS_MAX: nothing can be verified */
	struct body_variant variants[MESSAGE_VARIANTS_MAX];
	size_t variant_count;
	struct arena *arena;
};

/* Borrows `message` (lines end with CRLF); the index of fields is in the arena. */
void message_init(struct trust_message *m, struct slice message, struct arena *arena);
/* Likewise of a header (with its empty line, or without) and a body that do not stand together; `whole` is empty. */
void message_init_parts(struct trust_message *m, struct slice header, struct slice body, struct arena *arena);
/* Asks for a hash of the body; message_hash_bodies computes all that are asked for in one pass. NULL: too many ways. */
struct body_variant *message_want_body(struct trust_message *m, bool relaxed, uint64_t limit);
void message_hash_bodies(struct trust_message *m);

/* Appends one field in canonical form (RFC 6376 3.4.1, 3.4.2), with its CRLF. */
void message_canonical_field(const struct mime_field *field, bool relaxed, struct buf *out);
/*
 * Appends the signature field itself: with the value of the tag whose text is `b` (inside of the field) left out and without the last line
 * break (RFC 6376 3.7).
 */
void message_canonical_signature(const struct mime_field *field, struct slice b, bool relaxed, struct buf *out);
/*
 * Appends the fields that `h` (a colon list) names, each name from the bottom up (RFC 6376 5.4.2); a name beyond the last field adds
 * nothing. Field number `except` is not there (SIZE_MAX: none).
 */
void message_canonical_fields(const struct trust_message *m, struct slice h, size_t except, bool relaxed, struct buf *out);

#endif
