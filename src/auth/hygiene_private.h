/* Inside hygiene: what the directory finds for it. */
#ifndef AUTH_HYGIENE_PRIVATE_H
#define AUTH_HYGIENE_PRIVATE_H

#include "auth/hygiene.h"

/* Active accounts not used since `before`; what was never used counts from its making or from `since`, whichever is later. By id. */
int directory_accounts_stale(struct directory *d, int64_t since, int64_t before, const uint8_t after[16], struct arena *arena, struct account *ret,
	int64_t *ret_used, size_t max);
/* Active accounts with this primary role; negative: ERR_IO. */
int directory_role_holders(struct directory *d, enum auth_role role);
int directory_parties_past(struct directory *d, int64_t now, struct arena *arena, struct party *ret, size_t max);
int directory_party_ended(struct directory *d, uint32_t id, int64_t now, struct error *err);

#endif
