/*
 * Conditional access: ordered rules over the facts of one sign-in; the first that fits decides, without any it is allowed. Pure: no
 * directory, no clock. Rules are JSON, as the policy "conditions" keeps them (docs/access.md):
 *
 *   {"rules":[{"name":"…","if":{…},"then":"allow|step_up|read_only|deny"}], "hours":{"days":[…],"from":"08:00","to":"18:00","zone":"…"}}
 *   if: all members must fit, one value of each is enough:
 *     roles, groups, devices (none, pending, approved, blocked), protocols (submission, imap, pop3, web), networks, outside (prefixes that the
 *     address is in none of), risk (new_address, new_device, failed_tries, spraying, off_hours, unusual_hour,
 *     new_place, impossible_travel), countries (ISO 3166-1, or unknown), outside_countries, regions (ISO 3166-2), days (mon … sun), from and to (hh:mm, to may be
 *     less than from: over midnight) in zone (IANA name; default UTC), second_factor (true, false)
 *   hours: outside of them a sign-in has the risk off_hours
 */
#ifndef AUTH_CONDITION_H
#define AUTH_CONDITION_H

#include <jansson.h>

#include "auth/directory_device.h"
#include "base/error.h"

#define CONDITION_POLICY "conditions"
#define CONDITION_RULES_MAX 100
#define CONDITION_LIST_MAX 100
#define CONDITION_NAME_MAX 60

enum condition_action { CONDITION_ALLOW, CONDITION_STEP_UP, CONDITION_READ_ONLY, CONDITION_DENY, CONDITION_ACTION_COUNT };
const char *condition_action_name(enum condition_action action);

enum { /* stored in sign-ins; the values never change */
	RISK_NEW_ADDRESS = 1,  /* a network that the account never signed in from */
	RISK_NEW_DEVICE = 2,
	RISK_FAILED_TRIES = 4, /* several wrong proofs for the account within minutes */
	RISK_SPRAYING = 8,     /* wrong proofs for many accounts from this network */
	RISK_OFF_HOURS = 16,
	RISK_UNUSUAL_HOUR = 32, /* an hour of the day in which the account did not sign in within 30 days */
	RISK_NEW_PLACE = 64,   /* a country that the account was never in */
	RISK_TRAVEL = 128,     /* too far from the last sign-in for the time between */
};
#define RISK_COUNT 8
const char *condition_risk_name(unsigned bit); /* by number, 0 … RISK_COUNT - 1 */

struct condition_facts {
	struct slice address;
	struct slice country, region; /* "DE" or "unknown"; "DE-BE" or empty */
	unsigned protocol;        /* 1 … ACCESS_PROTOCOL_COUNT - 1 */
	enum device_state device;
	unsigned risk;
	bool second_factor;       /* shown for this session, or for the making of this credential */
	int64_t now;              /* unix seconds */
	/* Asked only when a rule wants to know. */
	bool (*has_role)(void *arg, struct slice role);
	bool (*in_group)(void *arg, struct slice group);
	void *arg;
};

/* Are these rules right? ERR_INVALID: err says which and why. Nothing else of this header takes rules that were not checked. */
int condition_check(const json_t *policy, struct error *err);
/* ret_name: the rule that decided, borrowed from the policy; empty: none. policy NULL: no rules. */
enum condition_action condition_evaluate(const json_t *policy, const struct condition_facts *facts, struct slice *ret_name);
/* Do the rules ask where an address is? */
bool condition_needs_places(const json_t *policy);
/* Outside of "hours"? False without any. */
bool condition_off_hours(const json_t *policy, int64_t now);

#endif
