#include "auth/auth.h"

#include "base/utf8.h"

#define PROFILE_NAMES 1   /* names only */
#define PROFILE_VERSION 2 /* name and special uses */

void auth_dsn_encode(struct slice notify, struct slice orcpt, struct buf *out)
{
	buf_put_bytes(out, notify);
	buf_put_bytes(out, orcpt);
}

bool auth_dsn_decode(struct slice data, struct slice *ret_notify, struct slice *ret_orcpt)
{
	*ret_notify = *ret_orcpt = SLICE_NONE;
	if (data.n == 0)
		return true;
	return slice_get_bytes(&data, ret_notify) && slice_get_bytes(&data, ret_orcpt) && data.n == 0;
}

bool auth_binding_wanted(struct slice message, struct slice *ret_type)
{
	*ret_type = SLICE_NONE;
	if (!slice_starts(message, SLICE("p=")))
		return false;
	ptrdiff_t comma = slice_find(message, ',');
	if (comma <= 2)
		return false;
	*ret_type = slice_sub(message, 2, (size_t)comma);
	return true;
}

void auth_profile_begin(struct buf *out)
{
	buf_put_u8(out, PROFILE_VERSION);
}

void auth_profile_mailbox(struct buf *out, struct slice name, struct slice special_use)
{
	buf_put_bytes(out, name);
	buf_put_bytes(out, special_use);
}

bool auth_profile_start(struct slice profile, struct auth_profile *ret)
{
	*ret = (struct auth_profile){.rest = profile};
	return slice_get_u8(&ret->rest, &ret->version) && (ret->version == PROFILE_NAMES || ret->version == PROFILE_VERSION);
}

bool auth_profile_next(struct auth_profile *p, struct slice *ret_name, struct slice *ret_special_use)
{
	*ret_special_use = SLICE_NONE;
	return slice_get_bytes(&p->rest, ret_name) && (p->version == PROFILE_NAMES || slice_get_bytes(&p->rest, ret_special_use));
}

bool auth_profile_valid(struct slice profile)
{
	struct auth_profile p;
	struct slice name, use;
	size_t count = 0;
	if (profile.n > AUTH_PROFILE_MAX || !auth_profile_start(profile, &p))
		return false;
	while (p.rest.n > 0)
		if (++count > AUTH_PROFILE_MAILBOXES_MAX || !auth_profile_next(&p, &name, &use) || name.n == 0 || !utf8_valid(name) || !utf8_valid(use))
			return false;
	return true;
}

struct slice auth_profile_find(struct slice profile, struct slice name)
{
	struct auth_profile p;
	struct slice at, use, near = SLICE_NONE;
	if (!auth_profile_start(profile, &p))
		return SLICE_NONE;
	while (auth_profile_next(&p, &at, &use)) {
		if (slice_eq(at, name))
			return at;
		if (near.n == 0 && slice_eq_nocase(at, name))
			near = at;
	}
	return near;
}
