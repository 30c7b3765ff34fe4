/* Inside access: its state, shared by decision (access.c), notes (access_note.c) and claims (device_claims.c). */
#ifndef AUTH_ACCESS_PRIVATE_H
#define AUTH_ACCESS_PRIVATE_H

#include "auth/access.h"
#include "crypt/hash.h"

#define CONDITION_BEFORE "conditions.before" /* what comes back unless it is confirmed */
#define TRIES_SLOTS 4096

struct access {
	struct directory *directory;
	struct auth_host host;
	uint8_t key[HASH_KEY_SIZE]; /* of this run: places in the tables below cannot be foreseen */
	/* waiting to be written */
	struct signin notes[ACCESS_BUFFER_MAX];
	size_t note_count;
	struct arena texts; /* of the notes */
	bool scheduled;
	const struct place_base *places; /* NULL: none */
	int64_t watched; /* what ended up to this time was acted on */
	/* Wrong proofs, by account and by network. A busy slot is taken over: the tables stay small and forget at worst. */
	struct tries {
		uint64_t key;
		int64_t since; /* unix seconds */
		unsigned count;
		uint64_t names[ACCESS_SPRAYED];
	} accounts[TRIES_SLOTS], networks[TRIES_SLOTS];
};

int64_t access_now(const struct access *a);
void access_record(const struct access *a, enum log_event event, const struct log_field *fields);
#define access_event(a, event, ...) access_record((a), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,) LOG_END})
void access_note(struct access *a, const struct signin *s);
/* RISK_FAILED_TRIES, RISK_SPRAYING as they apply. */
unsigned access_tries_risk(struct access *a, struct slice address, struct slice place);
/* Adds to *risk what is unusual about the sign-in. 0, ERR_IO. */
int access_signals(struct access *a, const struct access_request *r, const json_t *conditions, unsigned *risk);
bool access_has_role(struct directory *d, const struct account *account, struct slice role, int64_t now);
/* "name/version os" of a device's claims. */
struct slice device_client_text(struct slice claimed, struct arena *arena);

#endif
