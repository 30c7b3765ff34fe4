/* Until factors.c is there: nobody has a second factor. */
#include "auth/factors.h"

int auth_factors_needed(struct directory *d, const struct account *account, struct moment now, unsigned *ret_kinds, bool *ret_enforced,
	bool *ret_in_grace)
{
	*ret_kinds = 0;
	*ret_enforced = *ret_in_grace = false;
	return 0;
}

int auth_factors_challenge(struct directory *d, const struct account *account, const struct secrets *opened, enum factor_kind kind,
	const struct auth_origin *origin, struct moment now, json_t **ret_challenge, struct auth_factor_send *ret_send, struct error *err)
{
	return ERR_NOT_FOUND;
}

int auth_factors_check(struct directory *d, const struct account *account, const struct secrets *opened, const json_t *proof,
	const struct auth_origin *origin, struct moment now, enum factor_kind *ret_kind, const char **ret_why, struct error *err)
{
	return ERR_DENIED;
}
