/* What is asked of an LDAP directory in one piece: does this password fit, who is there. Blocking, over an open client. */
#ifndef SSO_LDAP_WORK_H
#define SSO_LDAP_WORK_H

#include "sso/ldap_client.h"

struct ldap_settings { /* borrowed */
	struct slice base, bind, password;
	struct slice login_filter, login_group, people_filter, group_filter, recipient_filter;
	struct ldap_mapping mapping;
};

/*
 * Finds the person (search with the service's name), then binds as that person. 0: the password is right and the person may sign in; the
 * record says who it is. ERR_DENIED: wrong password, no such person or more than one, not in the group; ERR_CLOSED: right, but the
 * person is disabled (the record is filled); ERR_TEMPORARY. An empty password is never asked about.
 */
int ldap_verify(struct ldap_client *client, const struct ldap_settings *settings, struct slice name, struct slice password,
	struct arena *arena,
	struct ldap_record *ret, struct error *err);
/*
 * Does an entry with this mail address exist (recipient_filter); when not, one with the address without its detail ("ann+news@x")? 0, ERR_NOT_FOUND,
 * ERR_TEMPORARY.
 */
int ldap_find_recipient(struct ldap_client *client, const struct ldap_settings *settings, struct slice address, struct arena *arena,
	struct error *err);
/* Appends the records (sso/ldap_record.h) of all people and groups. *ret_left_out: entries without key or address. */
int ldap_collect(struct ldap_client *client, const struct ldap_settings *settings, struct buf *out, size_t *ret_left_out,
	struct error *err);

#endif
