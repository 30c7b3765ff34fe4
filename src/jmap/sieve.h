/*
 * What the methods of SieveScript share (RFC 9661). Scripts are kept by name elsewhere (the host asks); an id is made of the name, so a script is renamed by a
 * new one with another id.
 */
#ifndef JMAP_SIEVE_H
#define JMAP_SIEVE_H

#include "jmap/method.h"

#define JMAP_SIEVE_SCRIPTS_MAX 64     /* more than anybody may have */
#define JMAP_SIEVE_NAME_MAX 256
#define JMAP_SIEVE_SCRIPT_MAX 65536

enum jmap_sieve_op { JMAP_SIEVE_ROWS, JMAP_SIEVE_READ, JMAP_SIEVE_CHECK, JMAP_SIEVE_PUT, JMAP_SIEVE_ACTIVATE, JMAP_SIEVE_DELETE };
enum jmap_sieve_result {
	JMAP_SIEVE_OK,
	JMAP_SIEVE_REFUSED,               /* script or name is wrong: `why` says how */
	JMAP_SIEVE_NONE, JMAP_SIEVE_EXISTS, JMAP_SIEVE_ACTIVE_STAYS, JMAP_SIEVE_MANY, JMAP_SIEVE_LONG,
	JMAP_SIEVE_LATER,
	JMAP_SIEVE_FORBIDDEN,             /* only owners change their scripts */
};
/* One question of a call to the host. */
struct jmap_sieve {
	struct slice name, text;          /* copied by the host before it returns */
	enum jmap_sieve_result result;
	struct buf why, answer;           /* answer: a script, or rows: u8 active, u32 bytes, u64 changed, u32 length and bytes of the name */
};

struct jmap_script {
	struct slice name, id;            /* id: "S" and digits */
	uint32_t bytes;
	uint64_t changed;
	bool active;
};
struct jmap_scripts {
	struct jmap_script list[JMAP_SIEVE_SCRIPTS_MAX];
	size_t count;
};

/* In the arena of the call, freed with the call; sets call->forget. */
struct jmap_sieve *jmap_sieve_create(struct jmap_call *call);
/* Asks; then return JMAP_WAIT. False: the host cannot (serverUnavailable is for the caller to say). */
bool jmap_sieve_ask(struct jmap_call *call, struct jmap_sieve *q, enum jmap_sieve_op op, struct slice name, struct slice text);
/* Of an answer to JMAP_SIEVE_ROWS; texts in the arena. False: it is none; the error is given. */
bool jmap_scripts_take(struct jmap_call *call, const struct jmap_sieve *q, struct jmap_scripts *ret);
const struct jmap_script *jmap_script_by_id(const struct jmap_scripts *s, struct slice id);
const struct jmap_script *jmap_script_by_name(const struct jmap_scripts *s, struct slice name);
struct slice jmap_script_id(struct jmap_call *call, struct slice name);
struct slice jmap_scripts_state(struct jmap_call *call, const struct jmap_scripts *s);
/* The text behind a blob id. 0, or the error of RFC 9661: "blobNotFound", "tooLarge". */
const char *jmap_sieve_blob(struct jmap_call *call, struct slice id, struct buf *out);

#endif
