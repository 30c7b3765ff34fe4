/* Inside of auth's LDAP: passwords (ldap.c), taking over (ldap_sync.c). */
#ifndef AUTH_LDAP_PRIVATE_H
#define AUTH_LDAP_PRIVATE_H

#include "auth/ldap.h"
#include "base/log.h"

struct auth_ldap {
	struct directory *directory;
	const struct auth_host *auth;
	struct ldap_host host;
	struct auth_ldap_settings settings;
	bool syncing;
};

int64_t ldap_unix(const struct auth_ldap *l);
void ldap_record_event(struct auth_ldap *l, enum log_event event, const struct log_field *fields);
/* A change of its own: the account is (not) active; disabled ones lose their sessions at once. */
int ldap_set_state(struct auth_ldap *l, const uint8_t account[16], struct slice key, struct slice dn, bool active, const char *why);

#endif
