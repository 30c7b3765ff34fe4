/* Who must have a second factor: policy "factors" of the directory, and what always holds. */
#ifndef AUTH_FACTORS_POLICY_H
#define AUTH_FACTORS_POLICY_H

#include <jansson.h>

#include "auth/directory.h"
#include "base/clock.h"

#define FACTORS_POLICY "factors"
#define FACTORS_POLICY_LIST_MAX 200
#define FACTORS_GRACE_DAYS_MAX 365

/*
 * {"roles":["user",…],"groups":["all@example.org",…],"grace_days":14}: members of these roles (primary or granted) and groups need one,
 * after a time of grace that begins when the policy was set or the account was made. Roles that run the system need one always and at
 * once. Checks a new value and gives the form that is stored ("since" added); before: the stored value, empty when there is none.
 * ERR_INVALID: err says why.
 */
int factors_policy_check(struct directory *d, const json_t *value, struct slice before, int64_t now, json_t **ret_stored, struct error *err);

/* Is one demanded of the account; until when is there grace (unix seconds, 0: none)? 0 or negative. */
int factors_policy_demands(struct directory *d, const struct account *account, int64_t now, bool *ret_demanded, int64_t *ret_grace_ends);

#endif
