/* The own authority in the role key: makes and signs authorities, certificates of devices and lists of revoked ones, and nothing else. */
#ifndef ROLE_KEY_CA_H
#define ROLE_KEY_CA_H

#include "auth/keystore.h"
#include "role/role.h"

/* keys: kept by pointer. */
void key_ca_start(struct role_context *ctx, const struct keystore *keys);

#endif
