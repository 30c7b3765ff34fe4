#include "auth/contact.h"

#include <string.h>

int contact_resolve(struct directory *d, const uint8_t account[16], struct slice to, struct arena *arena, struct resolve_target *ret)
{
	struct resolve_result r;
	/* No moment: an exception that lets mail leave for a time (auth/forward.h) is none for codes. */
	resolve_recipient(d, to, true, SLICE_NONE, 0, arena, &r);
	if (r.status != AUTH_OK)
		return r.code >= 400 && r.code < 500 ? ERR_TEMPORARY : ERR_INVALID;
	for (size_t i = 0; i < r.count; i++)
		if (r.targets[i].local && memcmp(r.targets[i].account.id, account, 16) == 0)
			return ERR_DENIED;
	if (r.count != 1)
		return ERR_INVALID;
	*ret = r.targets[0];
	return 0;
}
