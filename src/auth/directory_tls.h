/* Certificates of the server and accounts at certification authorities. Part of auth/directory.h. Private keys are in `key`, under a number. */
#ifndef AUTH_DIRECTORY_TLS_H
#define AUTH_DIRECTORY_TLS_H

#include "auth/directory.h"

#define TLS_ROWS_MAX 64
#define TLS_NAMES_BYTES 16384 /* all names of a certificate, with spaces between */

enum tls_source { TLS_ORDERED = 1, TLS_IMPORTED = 2, TLS_REQUESTED = 3 }; /* stored. REQUESTED: by CSR, of an authority without ACME */

struct tls_row {
	int64_t id;
	struct slice names;            /* with spaces between */
	uint32_t key;
	uint8_t key_hash[32];
	enum tls_source source;
	struct slice chain;            /* PEM; empty: there is none yet */
	int64_t starts, ends, created; /* unix seconds; ends 0: no chain */
	int64_t attempt;               /* when it is to be ordered next; 0: never */
	unsigned failures;             /* in a row */
	struct slice error;            /* of the last order */
	bool must_staple;
	struct slice ocsp;             /* the newest answer; empty: none */
	int64_t ocsp_next;             /* when it is asked for again */
	int64_t told;                  /* when its end was told; 0: not */
};

/* id 0: adds, and sets *ret_id; else replaces everything but id, source and created. */
int directory_tls_set(struct directory *d, const struct tls_row *row, int64_t *ret_id, struct error *err);
int directory_tls_remove(struct directory *d, int64_t id, struct error *err);
int directory_tls_get(struct directory *d, int64_t id, struct arena *arena, struct tls_row *ret);
/* In the order they were made; the number. */
int directory_tls_list(struct directory *d, struct arena *arena, struct tls_row ret[TLS_ROWS_MAX]);

/* ERR_NOT_FOUND: there is no account at that directory of ACME. url is empty as long as the authority has not made it. */
int directory_acme_get(struct directory *d, struct slice directory, struct arena *arena, uint32_t *ret_key, struct slice *ret_url);
int directory_acme_set(struct directory *d, struct slice directory, uint32_t key, struct slice url, struct error *err);

#endif
