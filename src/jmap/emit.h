/*
 * JSON written as it is made, without a tree: into a buffer that its owner may empty at any time. Commas come by themselves; what is written
 * between braces is the caller's care. Texts that are no UTF-8 get U+FFFD where they are not (RFC 7493 2.1).
 */
#ifndef JMAP_EMIT_H
#define JMAP_EMIT_H

#include <jansson.h>

#include "base/buf.h"

struct emit {
	struct buf *out;
	uint8_t last; /* the last byte of structure; 0: nothing was written yet */
};

#define EMIT_INIT(buffer) ((struct emit){.out = (buffer)})

void emit_object(struct emit *e);
void emit_object_end(struct emit *e);
void emit_array(struct emit *e);
void emit_array_end(struct emit *e);
void emit_key(struct emit *e, const char *name);
void emit_key_text(struct emit *e, struct slice name);
void emit_text(struct emit *e, struct slice text);
void emit_number(struct emit *e, int64_t value);
void emit_bool(struct emit *e, bool value);
void emit_null(struct emit *e);
/* One value that is JSON already. */
void emit_raw(struct emit *e, struct slice json);
void emit_json(struct emit *e, const json_t *value);
/* UTCDate (RFC 8620 1.4). */
void emit_date(struct emit *e, int64_t unix_seconds);
/* An id: the letter of its kind and 32 hexadecimal digits, as IMAP writes it (RFC 8474). */
void emit_id(struct emit *e, char kind, const uint8_t id[16]);

/* "name": value. */
void emit_member_text(struct emit *e, const char *name, struct slice text);
void emit_member_number(struct emit *e, const char *name, int64_t value);
void emit_member_bool(struct emit *e, const char *name, bool value);
void emit_member_null(struct emit *e, const char *name);

#endif
