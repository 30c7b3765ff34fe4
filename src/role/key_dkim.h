/* DKIM in the role key: makes key pairs, signs digests with them, destroys them. */
#ifndef ROLE_KEY_DKIM_H
#define ROLE_KEY_DKIM_H

#include "auth/keystore.h"
#include "role/role.h"

/* Registers its requests. Lives as long as the process; keeps both by pointer. */
void key_dkim_start(struct role_context *ctx, const struct keystore *keys);

#endif
