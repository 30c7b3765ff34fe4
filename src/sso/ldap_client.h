/*
 * Questions to an LDAP directory over a connected stream, in plain bytes: TLS is somebody else's work. Calls block, for at most the time
 * given:
 * for a thread of the pool. The library reads no configuration file and follows no referral.
 */
#ifndef SSO_LDAP_CLIENT_H
#define SSO_LDAP_CLIENT_H

#include "sso/ldap_record.h"

struct ldap_client;

#define LDAP_CLIENT_INPUT_MAX (8 << 20) /* bytes of one message of the server */
#define LDAP_CLIENT_PAGE 500            /* entries of a page (RFC 2696) */
#define LDAP_CLIENT_ENTRIES_MAX 250000  /* of one search */

/* Before the jail closes, once. */
void ldap_client_warm(void);
/* Takes the descriptor over, whatever the result is. */
int ldap_client_open(int fd, int64_t timeout_ms, struct ldap_client **ret, struct error *err);
void ldap_client_close(struct ldap_client **client);
/*
 * Simple bind; name and password empty: anonymous. ERR_DENIED: wrong, or refused; also for a name without password, which a server would
 * take for an anonymous bind and call a success (RFC 4513 5.1.2). ERR_TEMPORARY: everything else.
 */
int ldap_client_bind(struct ldap_client *client, struct slice name, struct slice password, struct error *err);

typedef int ldap_entry_fn(void *arg, const struct ldap_entry *entry); /* negative ends the search with that code */
/* The whole subtree, in pages. names: attributes, ends with NULL. 0, ERR_LIMIT, ERR_TEMPORARY, or what fn said. */
int ldap_client_search(struct ldap_client *client, struct slice base, struct slice filter, const char *const *names, ldap_entry_fn *fn,
	void *arg,
	struct error *err);
/* Is the entry itself found by this filter? 1, 0 or negative. */
int ldap_client_matches(struct ldap_client *client, struct slice dn, struct slice filter, struct error *err);

#endif
