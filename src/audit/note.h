/*
 * Signed tree heads as text, in the form that public logs and their witnesses use (C2SP signed-note, tlog-checkpoint, tlog-cosignature):
 *
 *   mail.example.org/audit
 *   1234
 *   <root, base64>
 *   time 1763772736
 *
 *   — mail.example.org/audit <base64 of 4 bytes key id, 64 bytes Ed25519 signature of the lines above the empty one>
 *   — witness.example.net <base64 of 4 bytes key id, u64 time, 64 bytes Ed25519 signature of "cosignature/v1\ntime <time>\n" and the lines>
 *
 * So a witness of another make can co-sign our heads, and the co-signatures of a second Letterlock host are of the same form.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/tree.h"
#include "base/arena.h"
#include "base/buf.h"

#define AUDIT_ORIGIN_MAX 300
#define AUDIT_NOTE_MAX 16384       /* bytes of a note with its signatures */
#define AUDIT_SIGNATURES_MAX 16
#define AUDIT_PUBLIC_SIZE 32
#define AUDIT_SIGNATURE_SIZE 64
#define AUDIT_KEY_TEXT_MAX 400

struct audit_head {
	struct slice origin;
	uint64_t size;
	struct audit_hash root;
	int64_t time;              /* seconds since 1970 */
};

enum audit_key_kind { AUDIT_KEY_LOG = 1, AUDIT_KEY_WITNESS = 4 }; /* the algorithm byte of a verifier key */
struct audit_key {
	struct slice name;         /* without spaces and '+' */
	enum audit_key_kind kind;
	uint8_t public_key[AUDIT_PUBLIC_SIZE];
};
/* "name+1a2b3c4d+<base64 of kind and key>". */
void audit_key_print(const struct audit_key *key, struct buf *out);
/* 0 or ERR_INVALID; the name borrows from text. */
int audit_key_parse(struct slice text, struct audit_key *ret);
bool audit_name_valid(struct slice name);

/* Appends the lines that are signed. */
void audit_head_print(const struct audit_head *head, struct buf *out);
/* Strict: exactly what audit_head_print makes. Texts borrow. */
int audit_head_parse(struct slice body, struct audit_head *ret);

/* Appends the signature line of the log for `body`, or of a witness at `time`. */
void audit_note_sign(struct slice body, const struct audit_key *key, const uint8_t seed[32], int64_t time, struct buf *out);
/* The same from a signature that was made elsewhere (AUDIT_KEY_LOG only). */
void audit_note_add(const struct audit_key *key, const uint8_t signature[AUDIT_SIGNATURE_SIZE], struct buf *out);

/* A whole note: body, empty line, signature lines. */
struct audit_note {
	struct slice body;
	size_t count;
	struct audit_signature {
		struct slice line;     /* without its line end */
		struct slice name;
		uint8_t blob[4 + 8 + AUDIT_SIGNATURE_SIZE];
		size_t size;           /* of blob: 68 or 76 */
	} signatures[AUDIT_SIGNATURES_MAX];
};
int audit_note_parse(struct slice text, struct audit_note *ret);
/* Does this line come from that key, and is it right? */
enum audit_verdict { AUDIT_OTHER_KEY, AUDIT_SIGNED, AUDIT_FORGED };
enum audit_verdict audit_signature_check(struct slice body, const struct audit_signature *signature, const struct audit_key *key);
/* The time that a witness put into its signature, in seconds. */
int64_t audit_signature_time(const struct audit_signature *signature);

#endif
