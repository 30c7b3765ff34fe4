/* What the checks of look-alike domains share. */
#ifndef POLICY_LIKE_H
#define POLICY_LIKE_H

#include "policy/check.h"
#include "policy/lookalike.h"

/* Makes `r` a hit for that likeness, its score scaled by how sure it is, when it is worse than what r says already. */
void like_hit(struct check_result *r, int full_score, enum likeness like, struct slice domain, const struct target *target);

#endif
