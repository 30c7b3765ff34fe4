/*
 * What is done once a day without anybody asking: accounts that nobody uses are disabled, reviews of rights end, third parties past their
 * end stop, old notes go. Policy "hygiene" (docs/access.md).
 */
#ifndef AUTH_HYGIENE_H
#define AUTH_HYGIENE_H

#include <jansson.h>

#include "auth/directory_device.h"
#include "auth/host.h"

#define HYGIENE_POLICY "hygiene"
#define HYGIENE_DAYS 90        /* without the policy: then an unused account is disabled */
#define HYGIENE_WARN_DAYS 14   /* before that its owner is told */
#define HYGIENE_BATCH 500      /* accounts of one run */
#define REVIEW_DAYS 30         /* a review is open so long, unless it says otherwise */
#define REVIEW_ROWS_MAX 5000

int hygiene_policy_check(const json_t *value, struct error *err);

struct hygiene_result {
	unsigned disabled;  /* accounts (or that would be) */
	unsigned lapsed;    /* grants */
	unsigned ended;     /* third parties */
	json_t *accounts;   /* [{"address","used","kept"}]: stale ones; kept: true for the last of a role that runs the system */
};
/* dry: says what would happen to accounts, changes nothing. result->accounts is the caller's. A change of its own each. */
int hygiene_run(struct directory *d, const struct auth_host *host, bool dry, struct hygiene_result *result, struct error *err);
/* Has the day's run been done? Then nothing; else it is done now. Errors are recorded. */
void hygiene_daily(struct directory *d, const struct auth_host *host);

/* ---- reviews of rights (auth/admin_hygiene.c) ---- */
enum review_decision { REVIEW_OPEN = 0, REVIEW_KEEP = 1, REVIEW_ENDED = 2, REVIEW_LAPSED = 3 }; /* stored */
struct review { uint32_t id; struct slice author; int64_t started, ends, ended; };
struct review_row { uint32_t grant; enum review_decision decision; struct slice signer; int64_t decided; };
/* A snapshot of all grants in force. ERR_CONFLICT while one is open. Inside a change. */
int directory_review_start(struct directory *d, struct slice author, int64_t now, int64_t ends, uint32_t *ret_id, struct error *err);
int directory_review_open(struct directory *d, struct arena *arena, struct review *ret); /* 0, ERR_NOT_FOUND, ERR_IO */
int directory_review_get(struct directory *d, uint32_t id, struct arena *arena, struct review *ret);
int directory_review_list(struct directory *d, struct arena *arena, struct review *ret, size_t max);
int directory_review_rows(struct directory *d, uint32_t review, uint32_t after, struct arena *arena, struct review_row *ret, size_t max);
/* ERR_NOT_FOUND: no such row, or decided before. */
int directory_review_decide(struct directory *d, uint32_t review, uint32_t grant, enum review_decision decision, struct slice signer, int64_t now,
	struct error *err);
int directory_review_end(struct directory *d, uint32_t id, int64_t now, struct error *err);

/* ---- third parties ---- */
enum party_kind { /* stored */
	PARTY_TOKEN = 1, PARTY_WEBHOOK, PARTY_CA, PARTY_SMS, PARTY_SIEM, PARTY_RELAY, PARTY_OAUTH_CLIENT, PARTY_ISSUER, PARTY_KIND_COUNT
};
const char *party_kind_name(enum party_kind kind);
bool party_kind_parse(struct slice name, enum party_kind *ret);
struct party {
	uint32_t id;
	enum party_kind kind;
	uint8_t owner[16];
	struct slice name, scope, ref, reviewer;
	int64_t created, ends, used, reviewed, ended;
};
int directory_party_add(struct directory *d, struct party *party, struct error *err);
int directory_party_get(struct directory *d, uint32_t id, struct arena *arena, struct party *ret);
/* The entry that is open of a token or client. */
int directory_party_of(struct directory *d, enum party_kind kind, struct slice ref, struct arena *arena, struct party *ret);
int directory_party_list(struct directory *d, uint32_t after, bool all, struct arena *arena, struct party *ret, size_t max);
int directory_party_reviewed(struct directory *d, const struct party *party, struct slice reviewer, int64_t now, struct error *err);
/* The entry ends, and with it the token or the tokens of the OAuth client that it names. */
int party_end(struct directory *d, const struct auth_host *host, const struct party *party, int64_t now, struct error *err);

#endif
