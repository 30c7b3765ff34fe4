/*
 * The records of our domains in DNS: which there must be, whether they are there, and who is told when they are not. What a record must be
 * and how it is compared: trust/dns_records.h.
 */
#ifndef AUTH_DNS_H
#define AUTH_DNS_H

#include "auth/directory_dns.h"
#include "auth/dkim.h"
#include "auth/host.h"
#include "trust/client_setup.h"
#include "trust/dns_records.h"

#define AUTH_DNS_BAD_ENOUGH 2 /* checks in a row until somebody is told */

struct auth_dns_settings {
	struct dns_facts facts;   /* of the server; domain and keys are filled in */
	int64_t interval_s;       /* from one check of all domains to the next; 0: none */
	bool oauth;               /* mail programs may sign in with OAuth 2.0 */
};

struct auth_dns_result {
	struct dns_record record;
	enum dns_state state;
	struct slice current;     /* what is there */
	bool muted;
};
/* Is it wrong, and does it matter? */
static inline bool auth_dns_is_bad(const struct auth_dns_result *r)
{
	return !r->muted && (r->state == DNS_STATE_MISSING || r->state == DNS_STATE_DIFFERENT);
}

struct auth_dns;
/* Keeps directory, host and dkim by pointer; texts of the settings as well. */
struct auth_dns *auth_dns_create(struct directory *directory, const struct auth_host *host, const struct auth_dkim *dkim,
	const struct auth_dns_settings *settings);
void auth_dns_configure(struct auth_dns *d, const struct auth_dns_settings *settings);
void auth_dns_free(struct auth_dns **d); /* nothing may be under way */
const struct auth_dns_settings *auth_dns_settings_of(const struct auth_dns *d);

/* The number of records of one of our domains, or an error of the directory. Texts in the arena. */
int auth_dns_records(struct auth_dns *d, struct slice domain, struct arena *arena, struct dns_record ret[DNS_RECORDS_MAX]);

/* results are borrowed; rc: 0, or an error of the directory (then there are none). */
typedef void auth_dns_checked_fn(void *arg, int rc, const struct auth_dns_result *results, size_t count);
/* Asks DNS for all records of the domain; fn is called once, perhaps at once. Remembers nothing. */
void auth_dns_check(struct auth_dns *d, struct slice domain, auth_dns_checked_fn *fn, void *arg);
/* The record counts no more, or again (muted false). ERR_NOT_FOUND: the domain needs no such record. Opens its own change. */
int auth_dns_mute(struct auth_dns *d, struct slice domain, struct slice name, uint16_t type, bool muted, struct error *err);

/*
 * Checks all domains, one after the other; nothing when that is under way. What was wrong AUTH_DNS_BAD_ENOUGH times in a row is told
 * once (EV_DNS_WRONG), and when it is right again (EV_DNS_RIGHT). A check that follows too soon, as after a restart, does not count.
 */
void auth_dns_step(struct auth_dns *d);

/* Fills in what mail programs are told of the server. */
void auth_dns_setup(const struct auth_dns *d, struct slice domain, struct client_setup *ret);

#endif
