/* The roles of letterlockd. */
#include "base/ensure.h"
#include "role/role.h"

static const struct role_ops *const programs[ROLE_COUNT] = {
	[ROLE_KEY] = &role_key, [ROLE_AUTH] = &role_auth, [ROLE_MX] = &role_mx, [ROLE_CLIENT] = &role_client, [ROLE_RESOLVER] = &role_resolver,
	[ROLE_FILTER] = &role_filter, [ROLE_QUEUE] = &role_queue, [ROLE_RELAY] = &role_relay, [ROLE_MAIL] = &role_mail, [ROLE_ADMIN] = &role_admin,
	[ROLE_AUDIT] = &role_audit, [ROLE_SHIP] = &role_ship, [ROLE_MANAGE] = &role_manage, [ROLE_WEB] = &role_web, [ROLE_FETCH] = &role_fetch,
	[ROLE_SCAN] = &role_scan, [ROLE_LDAP] = &role_ldap,
};

const struct role_ops *role_ops_of(enum role role)
{
	ENSURE(role < ROLE_COUNT);
	return programs[role];
}
