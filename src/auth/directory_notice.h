/* directory.db: who is written to. */
#ifndef AUTH_DIRECTORY_NOTICE_H
#define AUTH_DIRECTORY_NOTICE_H

#include "auth/directory.h"
#include "factor/factor.h"

/* Active accounts that are officers now, by their role or by a grant in force; at most `max`, by id. The count or negative. */
int directory_officers(struct directory *d, int64_t now, uint8_t (*ret)[16], size_t max);
/* Inside a change: codes of that kind that were sent and wait for an answer count no more. */
int directory_challenge_replace(struct directory *d, const uint8_t account[16], enum factor_kind kind, struct error *err);

#endif
