/* MTA-STS policies of our own domains (RFC 8461): what the directory holds of them, and the file that the class web serves. */
#ifndef AUTH_STS_H
#define AUTH_STS_H

#include "auth/directory.h"
#include "trust/mta_sts.h"

#define STS_TESTING_AGE_S 86400
#define STS_ENFORCE_AGE_S 604800

struct auth_sts {
	enum sts_mode mode;
	uint32_t max_age_s;
};
/* ERR_NOT_FOUND: the domain has no policy. */
int directory_sts_get(struct directory *d, struct slice domain, struct auth_sts *ret);
int directory_sts_set(struct directory *d, struct slice domain, const struct auth_sts *sts, struct error *err); /* adds or replaces */
int directory_sts_remove(struct directory *d, struct slice domain, struct error *err);

/* Appends the policy file of the domain, whose mail `host` takes. 0, ERR_NOT_FOUND, or an error of the directory. */
int auth_sts_policy(struct directory *d, struct slice domain, struct slice host, struct buf *out);

#endif
