/* directory.db: escrow shares, delegations, leavers, clearances. Tables: auth/directory_schema_keys.h. */
#ifndef AUTH_DIRECTORY_KEYS_H
#define AUTH_DIRECTORY_KEYS_H

#include "auth/directory.h"

/* ---- escrow ---- */
#define ESCROW_CUSTODIANS_MAX 15

struct escrow_share_row {
	uint32_t credential;
	uint8_t account[16], custodian[16];
	struct slice sealed;
};
int directory_share_add(struct directory *d, const struct escrow_share_row *row, struct error *err);
/* Of a credential; at most ESCROW_CUSTODIANS_MAX, the count or negative. */
int directory_share_list(struct directory *d, uint32_t credential, struct arena *arena, struct escrow_share_row *ret, size_t max);
/* 0, ERR_NOT_FOUND: the custodian has none of that credential; ERR_IO. */
int directory_share_get(struct directory *d, uint32_t credential, const uint8_t custodian[16], struct arena *arena, struct escrow_share_row *ret);
/* Shares that a custodian can open no more (the account lost its secrets). */
int directory_share_forget(struct directory *d, const uint8_t custodian[16], struct error *err);
/* Ends the escrow of everybody. */
int directory_escrow_clear(struct directory *d, struct error *err);
struct escrow_counts {
	uint64_t accounts, covered; /* people's accounts, and those with at least k shares of active custodians */
	uint64_t weak;              /* covered, but with fewer shares than were made */
	uint64_t lost;              /* with fewer than k */
	uint64_t none;              /* no escrow yet: made at the next sign-in */
};
int directory_escrow_count(struct directory *d, unsigned k, unsigned n, struct escrow_counts *ret);

/* ---- credentials by number ---- */
/* The delegations whose label is `label`, of whatever account: those that somebody received. The count or negative. */
int directory_delegations_to(struct directory *d, struct slice label, struct arena *arena, struct credential *ret, size_t max);
/* Of everybody, those after number `after`. */
int directory_delegations_all(struct directory *d, uint32_t after, struct arena *arena, struct credential *ret, size_t max);
int directory_credential_get(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, struct credential *ret);
int directory_credential_count(struct directory *d, const uint8_t account[16], enum wrap_kind kind);

/* ---- leavers ---- */
/* What ends when somebody leaves, one kind after the other; NULL past the last. */
const char *directory_leave_part(size_t index);
/* How many there are; negative on failure. */
int directory_leave_count(struct directory *d, size_t index, const uint8_t account[16], struct slice address);
/* Inside a change. Grants and delegations are ended by their own functions: nothing happens for these. */
int directory_leave_end(struct directory *d, size_t index, const uint8_t account[16], struct slice address, struct error *err);
/* Aliases that lead to `from` lead to `to`. */
int directory_aliases_move(struct directory *d, struct slice from, struct slice to, struct error *err);
struct directory_leaver {
	struct slice target; /* address that mail goes to; empty: it is refused */
	struct slice author;
	int64_t left;
};
int directory_leaver_set(struct directory *d, const uint8_t account[16], const struct directory_leaver *leaver, struct error *err);
int directory_leaver_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_leaver *ret); /* ERR_NOT_FOUND */
int directory_leaver_remove(struct directory *d, const uint8_t account[16], struct error *err);

struct former_key {
	uint32_t generation;
	uint8_t public_key[32];
};
/* Public keys before the one that the account has now, the newest first; kept by directory_account_update. The count or negative. */
int directory_former_keys(struct directory *d, const uint8_t account[16], struct former_key *ret, size_t max);
/* Moves the pages of the log into the file and empties it, so that no old page is left on disk (crypto-shredding). Outside a change. */
int directory_checkpoint(struct directory *d, struct error *err);

/* The certificate of destruction; the first one of an account stays. */
int directory_destruction_set(struct directory *d, const uint8_t account[16], struct slice address, struct slice text, int64_t now, struct error *err);
int directory_destruction_get(struct directory *d, struct slice address, struct arena *arena, struct slice *ret); /* ERR_NOT_FOUND */

/* ---- clearance ---- */
enum clearance_kind { CLEARANCE_USER = 1, CLEARANCE_GROUP = 2, CLEARANCE_DOMAIN = 3 };
struct clearance {
	enum clearance_kind kind;
	struct slice name;
	unsigned level;
	struct slice author;
	int64_t changed;
};
int directory_clearance_set(struct directory *d, const struct clearance *c, struct error *err);
int directory_clearance_remove(struct directory *d, enum clearance_kind kind, struct slice name, struct error *err); /* ERR_NOT_FOUND */
int directory_clearance_get(struct directory *d, enum clearance_kind kind, struct slice name, unsigned *ret_level); /* ERR_NOT_FOUND */
/* Those after (kind, name) in order. */
int directory_clearance_list(struct directory *d, unsigned kind, struct slice after, struct arena *arena, struct clearance *ret, size_t max);
/* The highest clearance of the groups that `member` belongs to. 0, ERR_NOT_FOUND, ERR_IO. */
int directory_clearance_of_groups(struct directory *d, struct slice member, unsigned *ret_level);

#endif
