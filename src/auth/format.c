#include "auth/auth.h"

#include "base/utf8.h"

#define PROFILE_VERSION 1

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

void auth_profile_mailbox(struct buf *out, struct slice name)
{
	buf_put_bytes(out, name);
}

bool auth_profile_valid(struct slice profile)
{
	uint8_t version;
	struct slice name;
	size_t count = 0;
	if (profile.n > AUTH_PROFILE_MAX || !slice_get_u8(&profile, &version) || version != PROFILE_VERSION)
		return false;
	while (profile.n > 0)
		if (++count > AUTH_PROFILE_MAILBOXES_MAX || !slice_get_bytes(&profile, &name) || name.n == 0 || !utf8_valid(name))
			return false;
	return true;
}

struct slice auth_profile_find(struct slice profile, struct slice name)
{
	uint8_t version;
	struct slice at, near = SLICE_NONE;
	if (!slice_get_u8(&profile, &version) || version != PROFILE_VERSION)
		return SLICE_NONE;
	while (slice_get_bytes(&profile, &at)) {
		if (slice_eq(at, name))
			return at;
		if (near.n == 0 && slice_eq_nocase(at, name))
			near = at;
	}
	return near;
}
