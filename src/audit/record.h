/*
 * One record of the audit log, in two forms.
 *
 * On its way from a process to `audit` (wire form, big-endian):
 *   u64 number | u64 wall clock ms | u16 event | u8 count | count of {u8 length, name | u8 1: u64 number, 0: u16 length, text}
 * In the log (canonical form): one line of compact JSON with a fixed order of members, so that equal records are equal bytes:
 *   {"n":17,"t":1763772736123,"e":"login.ok","c":"sign_in","l":"info","r":"client/0","s":"00c3a1…-42","k":"<salt>","f":{"cid":"…","size":12}}
 * n: index in the tree; s: start of the sending process (16 hexadecimal digits) and its count; k: 16 random bytes in base64url, so that nobody
 * can guess a removed record from its hash; f: fields in the order of the event's row. Control characters, '"' and '\' are escaped, text that
 * is no UTF-8 becomes U+FFFD.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"

#define AUDIT_FIELDS_MAX 16
#define AUDIT_VALUE_MAX 1000      /* bytes of one value; longer ones are cut */
#define AUDIT_WIRE_MAX 18000      /* bytes of one record on the wire */
#define AUDIT_TEXT_MAX 100000     /* bytes of one canonical record: every byte of a value may become six */
#define AUDIT_SALT_SIZE 16

/* As it came from a process. */
struct audit_event {
	uint64_t number;
	int64_t wall_ms;
	enum log_event event;
	size_t count;
	struct log_field fields[AUDIT_FIELDS_MAX]; /* key is the row's own text */
};
/* Appends the wire form. Fields behind the 16th are left out. */
void audit_event_encode(uint64_t number, int64_t wall_ms, enum log_event event, const struct log_field *fields, struct buf *out);
/* Takes one event off the front of *in; texts borrow from it. Fields that the event's row does not name are left out. ERR_INVALID: malformed, or
 * an event that is no record. */
int audit_event_decode(struct slice *in, struct audit_event *ret);

struct audit_origin {
	const char *role;
	unsigned instance;
	uint64_t start;      /* random, of this run of the process */
};
/* Appends the canonical form, without a line end. */
void audit_record_print(uint64_t n, const struct audit_origin *origin, const uint8_t salt[AUDIT_SALT_SIZE], const struct audit_event *event,
	struct buf *out);

/* The canonical form, read. Texts of fields are in the arena, everything else borrows from the record. */
struct audit_record {
	uint64_t n;
	int64_t wall_ms;
	struct slice event, class, level, role;
	uint64_t start, number;
	struct slice salt;   /* as printed */
	size_t count;
	struct {
		struct slice name, text;
		int64_t number;
		bool is_number;
	} fields[AUDIT_FIELDS_MAX];
};
/* Strict: only what audit_record_print can have made. 0 or ERR_INVALID. */
int audit_record_parse(struct slice text, struct arena *arena, struct audit_record *ret);
/* Only the index: 0 or ERR_INVALID. */
int audit_record_index(struct slice text, uint64_t *ret);
/* Appends a JSON string with its quotes, in the canonical way. */
void audit_json_text(struct buf *out, struct slice text);

#endif
