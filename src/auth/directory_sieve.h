/* Sieve scripts of accounts as rows. Part of auth/directory.h. */
#ifndef AUTH_DIRECTORY_SIEVE_H
#define AUTH_DIRECTORY_SIEVE_H

#include "auth/directory.h"

struct sieve_row {
	struct slice name, text;   /* lists have no text */
	uint32_t bytes;
	bool active;
	int64_t changed;           /* unix seconds */
};

/* Inside a change. An active one stays active. */
int directory_sieve_put(struct directory *d, const uint8_t account[16], const struct sieve_row *row, struct error *err);
int directory_sieve_remove(struct directory *d, const uint8_t account[16], struct slice name, struct error *err);  /* ERR_NOT_FOUND */
int directory_sieve_rename(struct directory *d, const uint8_t account[16], struct slice from, struct slice to, struct error *err); /* ERR_NOT_FOUND, ERR_EXISTS */
/* An empty name: none is active from now on. ERR_NOT_FOUND. */
int directory_sieve_activate(struct directory *d, const uint8_t account[16], struct slice name, struct error *err);

int directory_sieve_get(struct directory *d, const uint8_t account[16], struct slice name, struct arena *arena, struct sieve_row *ret);
int directory_sieve_active(struct directory *d, const uint8_t account[16], struct arena *arena, struct sieve_row *ret); /* ERR_NOT_FOUND: none */
/* Length of the active one; 0: there is none, or it cannot be read. */
uint32_t directory_sieve_active_bytes(struct directory *d, const uint8_t account[16]);
int directory_sieve_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct sieve_row *ret, size_t max); /* the count */
/* Number and bytes of all but the one of that name. */
int directory_sieve_use(struct directory *d, const uint8_t account[16], struct slice but, uint32_t *ret_count, uint64_t *ret_bytes);

#endif
