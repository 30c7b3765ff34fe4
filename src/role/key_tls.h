/* Keys of certificates in the role `key`. */
#ifndef ROLE_KEY_TLS_H
#define ROLE_KEY_TLS_H

#include "auth/keystore_tls.h"
#include "role/role.h"

struct key_tls;
struct key_tls *key_tls_start(struct role_context *ctx, const struct keystore *keys); /* registers its handlers */
/* The key of that number for handshakes; NULL: none. */
struct tls_key *key_tls_find(struct key_tls *k, uint32_t number);
/* The key of tls.key, number 0; taken over. NULL: none. */
void key_tls_configured(struct key_tls *k, struct tls_key *key);

#endif
