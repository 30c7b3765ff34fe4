/*
 * Mail that would leave the organisation by itself: aliases, groups, catch-all and postmaster addresses of a domain, the target of a leaver, and
 * redirects of people's scripts. Refused, unless an officer has allowed it for a time with a second person (forward.allow), or the policy
 * "forward" says otherwise: {"outside":true}.
 *
 * forward_allowed is the one answer for all of them. Who executes a redirect asks it with the owner's address as source.
 */
#ifndef AUTH_FORWARD_H
#define AUTH_FORWARD_H

#include <jansson.h>

#include "auth/directory.h"

#define FORWARD_POLICY "forward"
#define FORWARD_DAYS_MAX 366 /* of one exception */

/*
 * May letters to `source` be passed on to `target` without a person doing it? source: the address that forwards, in normal form; "@domain" for a
 * catch-all or postmaster address. target: any valid address; one of our own domains (relay domains count) is always allowed. now: unix
 * seconds. 1, 0, ERR_INVALID (target is no address) or an error of the directory.
 */
int forward_allowed(struct directory *d, struct slice source, struct slice target, int64_t now);

/* Is the value of the policy right? 0, or ERR_INVALID with the reason. */
int forward_policy_check(const json_t *value, struct error *err);

/* ---- exceptions ---- */
struct forward_exception {
	uint32_t id;
	struct slice source;           /* as above */
	struct slice target;           /* an address, or "@domain" for all of a domain; in normal form */
	struct slice author, approver; /* approver: the second person */
	struct slice reason;
	int64_t created, ends;         /* unix seconds */
};
/* Inside a change. */
int directory_forward_add(struct directory *d, const struct forward_exception *e, uint32_t *ret_id, struct error *err);
int directory_forward_end(struct directory *d, uint32_t id, struct error *err); /* ERR_NOT_FOUND */
int directory_forward_get(struct directory *d, uint32_t id, struct arena *arena, struct forward_exception *ret); /* ERR_NOT_FOUND */
/* Those after number `after`, ended ones too; the count or negative. */
int directory_forward_list(struct directory *d, uint32_t after, struct arena *arena, struct forward_exception *ret, size_t max);

#endif
