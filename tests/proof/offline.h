/*
 * The offline attack: somebody has the data directory, the configuration, the master key file and the TLS key of a server that does not
 * run, and no reader's credential. Built from the server's own libraries, so that it knows every format. Prints JSON lines.
 */
#ifndef PROOF_OFFLINE_H
#define PROOF_OFFLINE_H

#include <sqlite3.h>

#include "auth/keystore.h"
#include "auth/wrap.h"
#include "conf/config.h"

#define OFFLINE_KEYS_MAX 8192
#define OFFLINE_WRAPS_MAX 4096

/* Anything of 32 bytes that might be a key of something. */
struct offline_key {
	char name[96];
	uint8_t bytes[32];
};

/* The secrets of one account as far as some wrap could be opened. */
struct offline_secrets {
	uint8_t account[16];
	char how[96];
	struct secrets secrets;
};

struct offline {
	struct arena arena;
	struct config *config;
	const char *data;
	uint8_t master[32];
	struct keystore *keystore;
	sqlite3 *directory, *spool;
	struct offline_key *keys;
	size_t key_count;
	struct offline_secrets *opened;
	size_t opened_count;
	struct slice passwords; /* lines "address password" of the readers who help: the positive control */
	uint64_t records, readable, entries, databases, databases_open, wraps, wraps_open, waiting, sessions, sessions_open, factors, factors_open, shares, shares_open;
};

/* Ends the program: what a thief can do at least must work, or the test proves nothing. */
_Noreturn __attribute__((format(printf, 1, 2))) void offline_die(const char *format, ...);
const char *offline_path(struct offline *o, const char *below);
/* NULL when it does not open under the key. */
sqlite3 *offline_database(const char *path, const uint8_t key[32]);
struct slice offline_column(sqlite3_stmt *s, int column); /* borrowed until the next step */
struct slice offline_hex(struct offline *o, struct slice bytes);

/* ---- offline_keys.c: all that can be a key ---- */

void offline_key_add(struct offline *o, const uint8_t bytes[32], const char *format, ...) __attribute__((format(printf, 3, 4)));
void offline_take_keys(struct offline *o);
/* Tries every wrap of directory.db: with all keys, as codes from what is stored of them, with easy passwords, with those on stdin. */
void offline_try_wraps(struct offline *o);

/* ---- offline_auth.c: sessions and tokens, second factors, shares of escrow keys; after offline_try_wraps, whose secrets it tries ---- */

void offline_try_auth(struct offline *o);

/* ---- offline_mail.c: packs and account databases ---- */

void offline_try_packs(struct offline *o);
void offline_try_databases(struct offline *o);

#endif
