/* What of the configuration of codes that are sent cannot work, for `letterlock check`. */
#ifndef ROLE_CHECK_CODES_H
#define ROLE_CHECK_CODES_H

#include "conf/config.h"

/* Called for each problem: the option, and a sentence. */
typedef void check_codes_fn(void *arg, const char *option, const char *what);
/* uid: of the service, for files that it reads; (uid_t)-1: ours. Looks at files, asks no server. */
void check_codes(const struct config *config, unsigned uid, check_codes_fn *fn, void *arg);

#endif
