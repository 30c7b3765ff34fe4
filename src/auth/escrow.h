/*
 * Escrow: a quorum of custodians (k of n) can open an account whose owner lost the password, or who has left. Each account has a random
 * escrow key that wraps its secrets; the key is split (factor/shamir.h), every share sealed to a custodian's own key, so the directory holds
 * nothing that fewer than k people could open. docs/keys.md.
 *
 * What a quorum is asked for is kept in memory only, and so are the shares that were given: no disk ever holds them. A restart forgets the
 * requests, and people ask again.
 */
#ifndef AUTH_ESCROW_H
#define AUTH_ESCROW_H

#include "auth/directory_keys.h"
#include "auth/kek.h"

#define ESCROW_POLICY "escrow"
#define ESCROW_KEY_SIZE 32
#define ESCROW_REQUESTS_MAX 100
#define ESCROW_REQUESTS_ACCOUNT_MAX 3 /* of one kind; the oldest goes */
#define ESCROW_REQUEST_S 86400
#define ESCROW_CHECK_SIZE 9           /* "1234-5678" */
#define ESCROW_CHECK_TRIES 5          /* wrong digits, then the request is gone */

struct escrow_policy {
	unsigned k, n;           /* k 0: no escrow */
	uint8_t custodians[ESCROW_CUSTODIANS_MAX][16];
	char stamp[17];          /* tells an escrow that was made under another policy */
};
/* 0 also when there is none; ERR_IO, ERR_DAMAGED. */
int escrow_policy_load(struct directory *d, struct escrow_policy *ret);
/* The text that is stored; appended to out. */
void escrow_policy_text(const struct escrow_policy *policy, struct buf *out);
/* How many custodians can hold a share of this account: nobody holds one of his own. */
unsigned escrow_custodians_of(const struct escrow_policy *policy, const uint8_t account[16]);

/*
 * Inside a change: gives the account a new escrow key with new shares; the old one ends. Nothing happens without a policy, or when fewer than
 * k custodians are there. ERR_IO, ERR_LIMIT.
 */
int escrow_add(struct directory *d, const struct account *account, const struct secrets *secrets, int64_t now, struct error *err);
/* At a sign-in, a change of its own: an escrow by the policy that holds now, when there is none. What fails is tried at the next sign-in. */
void escrow_ensure(struct directory *d, const struct account *account, const struct secrets *secrets, int64_t now);
/* The escrow credential of the account. 0, ERR_NOT_FOUND, ERR_IO. */
int escrow_credential(struct directory *d, const uint8_t account[16], struct arena *arena, struct credential *ret);

/* ---- requests ---- */

enum escrow_kind { ESCROW_RESET, ESCROW_HAND_OVER };

struct escrow_request {
	uint32_t id;             /* random, 0: none */
	enum escrow_kind kind;
	uint8_t account[16], target[16], asker[16];
	char address[330], target_address[330], asker_name[330], approver[330], reason[DIRECTORY_NAME_MAX + 1];
	uint32_t days;           /* of a hand-over; 0: no end */
	int64_t created;         /* unix seconds */
	char check[ESCROW_CHECK_SIZE + 1];
	unsigned wrong;
	/* of a reset: the new password, stretched */
	struct kek_request password;
	struct kek_result *kek;  /* owned, wiped */
	bool reused;             /* it is a former one, which only who gives a share is told */
	uint32_t credential;     /* the escrow that the shares are of */
	unsigned given, needed;
	struct escrow_given {
		uint8_t custodian[16];
		uint8_t number, threshold, size, set[8];
		uint8_t *value;      /* a cell of the slab */
	} shares[ESCROW_CUSTODIANS_MAX];
};
struct escrow_requests;
struct escrow_requests *escrow_requests_create(void);
void escrow_requests_destroy(struct escrow_requests **requests);
/* A text of a request: cut to its room. */
void escrow_text(struct slice text, char *ret, size_t room);
/* An empty request with number and check digits. When there are too many, the oldest goes that nobody has given a share for. */
struct escrow_request *escrow_request_add(struct escrow_requests *requests, enum escrow_kind kind, const uint8_t account[16], int64_t now);
/* NULL: no such request, or too old. */
struct escrow_request *escrow_request_find(struct escrow_requests *requests, uint32_t id, int64_t now);
/* In no order; NULL past the last. Index below ESCROW_REQUESTS_MAX; empty places are passed over. */
struct escrow_request *escrow_request_at(struct escrow_requests *requests, size_t *index, int64_t now);
void escrow_request_drop(struct escrow_request *request); /* wipes */
void escrow_check_make(char ret[ESCROW_CHECK_SIZE + 1]);
/* Digits as a person types them: spaces and hyphens do not matter. */
bool escrow_check_right(const struct escrow_request *request, struct slice typed);

bool escrow_has_given(const struct escrow_request *request, const uint8_t custodian[16]);
/*
 * Opens the custodian's share with the custodian's secrets and keeps it in the request. ERR_NOT_FOUND: the custodian holds none of this
 * escrow (it was made before or after); ERR_DENIED: it does not open; ERR_EXISTS: given already; ERR_TEMPORARY.
 */
int escrow_give(struct directory *d, struct escrow_request *request, const uint8_t custodian[16], const struct secrets *custodian_secrets,
	struct error *err);
/*
 * With k shares: the account's secrets. ERR_NOT_FOUND: shares are missing; ERR_DENIED: the escrow was replaced meanwhile, or the shares do not
 * fit; ERR_DAMAGED, ERR_IO.
 */
int escrow_open(struct directory *d, const struct escrow_request *request, struct secrets *ret, struct error *err);

#endif
