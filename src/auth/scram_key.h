/*
 * SCRAM keys at rest. StoredKey and ServerKey of a password are sealed, and the wrap under ClientKey is made, with a pepper of the account
 * that only `key` computes: nothing in the directory lets anybody try a password. docs/keys.md.
 */
#ifndef AUTH_SCRAM_KEY_H
#define AUTH_SCRAM_KEY_H

#include "auth/directory.h"
#include "auth/scram.h"

/* All credentials of an account share salt and count; unknown names show the same count. RFC 7677 4 asks for at least 4096. */
#define SCRAM_ITERATIONS 65536
#define SCRAM_TEXTS_MAX 2
#define SCRAM_PEPPER_SIZE 32

/* The keys of one text (scram_keys). */
struct scram_material {
	uint8_t client_key[SCRAM_KEY_SIZE], stored_key[SCRAM_KEY_SIZE], server_key[SCRAM_KEY_SIZE];
};

/* What `key` computes the pepper over (label "pepper"): 21 bytes, so it never equals the data of a password's pepper. */
#define SCRAM_PEPPER_DATA_SIZE 21
void scram_pepper_data(const uint8_t account[16], uint8_t ret[SCRAM_PEPPER_DATA_SIZE]);

/*
 * The texts that a password is computed with: prepared (RFC 4013), and as it is when that differs, because many programs do not prepare.
 * `prepared` keeps the first and must live as long. Returns how many, at least one.
 */
size_t scram_texts(struct slice password, struct buf *prepared, struct slice ret[SCRAM_TEXTS_MAX]);

/* Adds one row per text for a credential of the account. Inside a change. */
int scram_rows_add(struct directory *d, const uint8_t account[16], uint32_t credential, const uint8_t pepper[SCRAM_PEPPER_SIZE],
	const struct scram_material *material, size_t count, const struct secrets *secrets, struct error *err);

/* Opens the two keys of a row: only stored_key and server_key are set. */
bool scram_row_open(const uint8_t account[16], const struct scram_row *row, const uint8_t pepper[SCRAM_PEPPER_SIZE],
	struct scram_material *ret);

#endif
