/* Who receives mail for an address: aliases, groups, subaddresses, catch-all, postmaster. */
#ifndef AUTH_RESOLVE_H
#define AUTH_RESOLVE_H

#include "auth/auth.h"
#include "auth/directory.h"

#define RESOLVE_DEPTH_MAX 10     /* aliases and groups inside each other */
#define RESOLVE_TARGETS_MAX 1000
#define RESOLVE_STEPS_MAX 5000   /* addresses looked at for one recipient */

struct resolve_target {
	bool local;
	bool outside;           /* neither here nor at a relay domain of ours */
	struct account account; /* local */
	struct slice address;   /* final address */
	struct slice mailbox;   /* local: from the subaddress; empty: INBOX */
	struct directory_relay_policy policy; /* of the relay domain */
	uint32_t script;        /* local: about how long the profile with its active Sieve script is; 0: it has none */
};

/* What is known of an address that only the server behind, or the LDAP directory, knows. */
enum resolve_behind { RESOLVE_ASK, RESOLVE_KNOWN, RESOLVE_UNKNOWN };

struct resolve_result {
	bool ask;                /* nothing is decided: whether `asked` exists must be found out first (RESOLVE_ASK only) */
	struct slice asked;      /* the address as it would be sent on */
	struct slice asked_domain;
	struct directory_relay relay; /* of the domain of `asked` */
	enum auth_status status; /* AUTH_OK or AUTH_REFUSED */
	uint16_t code;           /* when refused: what to answer at RCPT */
	const char *enhanced;    /* RFC 3463 */
	const char *text;
	struct resolve_target *targets;
	size_t count;
	bool changed;            /* a target's address differs from the one given */
	size_t withheld;         /* addresses outside that mail may not be passed on to (auth/forward.h); they are no targets */
	struct slice withheld_from; /* the address that would have passed it on to the first of them */
};

/*
 * recipient: as given at RCPT, or "postmaster" (RFC 5321 4.5.1). signed_in: may send to hosts outside. hostname: whose domain a bare
 * postmaster belongs to when it is one of ours. now: unix seconds. Everything in `arena`.
 */
void resolve_recipient(struct directory *d, struct slice recipient, bool signed_in, struct slice hostname, int64_t now, struct arena *arena,
                       struct resolve_result *ret);

/*
 * The same for who can find out what exists behind relay domains. behind: what was found out of result->asked of an earlier call with
 * RESOLVE_ASK; addresses that aliases, groups and other targets name are taken without asking. resolve_recipient takes all as known.
 */
void resolve_recipient_asking(struct directory *d, struct slice recipient, bool signed_in, struct slice hostname, int64_t now,
	enum resolve_behind behind, struct arena *arena, struct resolve_result *ret);

/* The addresses an account may send as: its own and the aliases that lead to it alone. At most `max`; the count or negative. */
int resolve_own_addresses(struct directory *d, const struct account *account, struct arena *arena, struct slice *ret, size_t max);
/* May the account use this reverse-path? The null reverse-path: yes (notifications). 1, 0 or negative. */
int resolve_sender_allowed(struct directory *d, const struct account *account, struct slice reverse_path, struct arena *arena);

#endif
