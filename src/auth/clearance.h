/*
 * Clearance: up to which class of letters somebody may see them. Of an account: its own, else the highest of its groups, else 1 (internal);
 * of an address elsewhere: its own, else that of its domain or the nearest domain above, else 0 (public).
 */
#ifndef AUTH_CLEARANCE_H
#define AUTH_CLEARANCE_H

#include "auth/directory_keys.h"

enum { CLEARANCE_PUBLIC, CLEARANCE_INTERNAL, CLEARANCE_CONFIDENTIAL, CLEARANCE_SECRET, CLEARANCE_COUNT };

const char *clearance_name(unsigned level); /* "public", …; NULL past the last */
bool clearance_parse(struct slice name, unsigned *ret);
const char *clearance_kind_name(enum clearance_kind kind); /* "user", "group", "domain" */
bool clearance_kind_parse(struct slice name, enum clearance_kind *ret);

/* Of an address in normal form. local: it belongs to an account here. ret_why (may be NULL): "own", "group", "domain", "default". */
int auth_clearance(struct directory *d, struct slice address, bool local, unsigned *ret_level, const char **ret_why);

#endif
