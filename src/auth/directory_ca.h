/*
 * directory.db: the own authority for certificates of devices, and the ledger of every certificate. Private keys are in the role `key`. Tables:
 * auth/directory_schema_ca.h. Texts lie in the arena that was given.
 *
 * A certificate lives with its credential (WRAP_CERTIFICATE): whatever removes that, or stops the account, makes it revoked in the same change.
 */
#ifndef AUTH_DIRECTORY_CA_H
#define AUTH_DIRECTORY_CA_H

#include "auth/directory.h"
#include "crypt/mail_ca.h"

#define AUTHORITIES_MAX 100      /* listed, newest first */

enum authority_kind { AUTHORITY_ROOT = 1, AUTHORITY_ISSUING = 2 }; /* stored */
enum authority_state { /* stored */
	AUTHORITY_ACTIVE = 1,    /* issues */
	AUTHORITY_RETIRED = 2,   /* issues no more; what it issued is good */
	AUTHORITY_ENDED = 3,     /* nothing of it is good */
};
struct authority_row {
	uint32_t id, parent;     /* parent: the root above an issuing one */
	enum authority_kind kind;
	enum authority_state state;
	bool has_key;            /* key is in `key` */
	uint8_t key[16];
	enum mail_ca_algorithm algorithm;
	struct slice organisation, domains, certificate, author, approver;
	int64_t not_before, not_after, created;
	uint64_t crl_number;     /* 0: none yet */
	int64_t crl_made, crl_ends;
	bool crl_due;            /* something was revoked since */
};
int directory_authority_add(struct directory *d, struct authority_row *row, struct error *err); /* sets id */
int directory_authority_get(struct directory *d, uint32_t id, struct arena *arena, struct authority_row *ret);
/* The one that issues, or its root. ERR_NOT_FOUND: there is none. */
int directory_authority_active(struct directory *d, enum authority_kind kind, struct arena *arena, struct authority_row *ret);
int directory_authority_list(struct directory *d, struct arena *arena, struct authority_row *ret, size_t max);
int directory_authority_state(struct directory *d, uint32_t id, enum authority_state state, struct error *err);
int directory_authority_forget_key(struct directory *d, uint32_t id, struct error *err);
int directory_authority_due(struct directory *d, uint32_t id, struct error *err);
/* begun: what is revoked from now on needs a further list. */
int directory_authority_crl_begun(struct directory *d, uint32_t id, struct error *err);
int directory_authority_crl_set(struct directory *d, uint32_t id, struct slice crl, uint64_t number, int64_t made, int64_t ends, struct error *err);
/* The newest list in DER; empty: none yet. */
int directory_authority_crl(struct directory *d, uint32_t id, struct arena *arena, struct slice *ret);
/* Appends entries of crypt/mail_ca.h for those that have not ended by time. ERR_LIMIT: more than MAIL_CA_REVOKED_MAX. */
int directory_authority_revoked(struct directory *d, uint32_t id, int64_t now, struct buf *out);
/* Certificates in a state that have not ended by time; negative: ERR_IO. */
int directory_authority_count(struct directory *d, uint32_t id, unsigned state, int64_t now);
/* Inside a change: every certificate ends. */
int directory_authority_end_all(struct directory *d, enum mail_ca_reason reason, struct slice revoker, struct error *err);

enum issued_state { /* stored */
	ISSUED_REQUESTED = 1,    /* waits for the approval of its device */
	ISSUED_GOOD = 2,
	ISSUED_REVOKED = 3,
	ISSUED_WITHDRAWN = 4,    /* was never issued */
};
/* "requested", "good", "revoked", "withdrawn". */
const char *issued_state_name(enum issued_state state);
bool issued_state_find(struct slice name, enum issued_state *ret);

struct issued {
	uint32_t id, authority, credential, device;
	uint8_t serial[MAIL_CA_SERIAL_SIZE], account[16], key_hash[32], fingerprint[32];
	struct slice address, label, spki, certificate, approver, revoker;
	enum issued_state state;
	enum mail_ca_reason reason;
	unsigned days;           /* asked for */
	int64_t requested, issued, not_after, revoked;
	bool warned;
};
int directory_issued_add(struct directory *d, struct issued *row, struct error *err); /* as requested; sets id */
/* certificate, fingerprint, authority, issued, not_after, approver of the row. ERR_CONFLICT: it waits no more. */
int directory_issued_good(struct directory *d, const struct issued *row, struct error *err);
/* Why and by whom, before its credential is removed. */
int directory_issued_ending(struct directory *d, uint32_t id, enum mail_ca_reason reason, struct slice revoker, struct error *err);
/* Its state stands in the audit log; one that is revoked without a time was so at `now`. */
int directory_issued_told(struct directory *d, uint32_t id, enum mail_ca_reason reason, int64_t now, struct error *err);
int directory_issued_warned(struct directory *d, uint32_t id, struct error *err);
int directory_issued_get(struct directory *d, const uint8_t serial[MAIL_CA_SERIAL_SIZE], struct arena *arena, struct issued *ret);
int directory_issued_find(struct directory *d, const uint8_t fingerprint[32], struct arena *arena, struct issued *ret);
int directory_issued_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct issued *ret, size_t max);
/* Newest first, below `before`; state 0: any. */
int directory_issued_all(struct directory *d, unsigned state, uint32_t before, struct arena *arena, struct issued *ret, size_t max);
int directory_issued_waiting(struct directory *d, uint32_t device, struct arena *arena, struct issued *ret, size_t max);
int directory_issued_untold(struct directory *d, struct arena *arena, struct issued *ret, size_t max);
/* Good ones that end in (from, to]; all: also those whose owner was told. */
int directory_issued_ends(struct directory *d, int64_t from, int64_t to, bool all, struct arena *arena, struct issued *ret, size_t max);
/* 1: the key has a certificate of another account, or was stolen; 0: it may get one; negative: ERR_IO. */
int directory_issued_key_taken(struct directory *d, const uint8_t key_hash[32], const uint8_t account[16]);
/* Requests and good certificates of an account. */
int directory_issued_open(struct directory *d, const uint8_t account[16], int64_t now);

#endif
