/* The statements of single sign-on; part of auth/directory_queries.h. No guard. */
QUERY(OAUTH_CLIENT_ADD, "INSERT INTO oauth_client (id, name, redirects, scope, device, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(OAUTH_CLIENT_GET, "SELECT id, name, redirects, scope, device FROM oauth_client WHERE id = ?1")
QUERY(OAUTH_CLIENT_LIST, "SELECT id, name, redirects, scope, device FROM oauth_client WHERE id > ?1 ORDER BY id LIMIT ?2")
QUERY(OAUTH_CLIENT_REMOVE, "DELETE FROM oauth_client WHERE id = ?1")
#define OAUTH_GRANT_COLUMNS "oauth_grant.id, oauth_grant.account, client, scope, proven, oauth_grant.created"
QUERY(OAUTH_GRANT_ADD, "INSERT INTO oauth_grant (id, account, client, scope, proven, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(OAUTH_GRANT_GET, "SELECT " OAUTH_GRANT_COLUMNS " FROM oauth_grant WHERE id = ?1")
/* scope: of the token, which may be less than the grant's. */
QUERY(OAUTH_GRANT_OF_SESSION, "SELECT oauth_grant.id, oauth_grant.account, client, oauth_session.scope, proven, oauth_grant.created FROM oauth_grant JOIN oauth_session ON oauth_session.granted = oauth_grant.id "
	"WHERE oauth_session.session = ?1")
QUERY(OAUTH_GRANT_LIST, "SELECT " OAUTH_GRANT_COLUMNS " FROM oauth_grant WHERE account = ?1 ORDER BY id LIMIT ?2")
QUERY(OAUTH_GRANT_OF_CLIENT, "SELECT " OAUTH_GRANT_COLUMNS " FROM oauth_grant WHERE client = ?1 ORDER BY id LIMIT ?2")
QUERY(OAUTH_GRANT_REMOVE, "DELETE FROM oauth_grant WHERE id = ?1")
QUERY(OAUTH_SESSION_BIND, "INSERT INTO oauth_session (session, granted, scope) VALUES (?1, ?2, ?3)")
QUERY(OAUTH_SESSION_DROP, "DELETE FROM session WHERE id IN (SELECT session FROM oauth_session WHERE granted = ?1)")
QUERY(OAUTH_SPENT_ADD, "INSERT OR REPLACE INTO oauth_spent (lookup, granted, ends) VALUES (?1, ?2, ?3)")
QUERY(OAUTH_SPENT_FIND, "SELECT granted FROM oauth_spent WHERE lookup = ?1")
QUERY(OAUTH_SPENT_EXPIRE, "DELETE FROM oauth_spent WHERE ends < ?1")
QUERY(OAUTH_GRANT_EXPIRE, "DELETE FROM oauth_grant WHERE created < ?1 - 3600 "
	"AND NOT EXISTS (SELECT 1 FROM oauth_session WHERE oauth_session.granted = oauth_grant.id)")

#define IDENTITY_COLUMNS "issuer, subject, account, email, created, used"
QUERY(IDENTITY_ADD, "INSERT INTO external_identity (" IDENTITY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?5)")
QUERY(IDENTITY_GET, "SELECT " IDENTITY_COLUMNS " FROM external_identity WHERE issuer = ?1 AND subject = ?2")
QUERY(IDENTITY_LIST, "SELECT " IDENTITY_COLUMNS " FROM external_identity WHERE account = ?1 ORDER BY issuer, subject LIMIT ?2")
QUERY(IDENTITY_REMOVE, "DELETE FROM external_identity WHERE account = ?1 AND issuer = ?2 AND subject = ?3")

#define CERTIFICATE_COLUMNS "fingerprint, credential, account, label, not_after, created"
QUERY(CERTIFICATE_ADD, "INSERT INTO device_certificate (" CERTIFICATE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(CERTIFICATE_GET, "SELECT " CERTIFICATE_COLUMNS " FROM device_certificate WHERE fingerprint = ?1")
QUERY(CERTIFICATE_LIST, "SELECT " CERTIFICATE_COLUMNS " FROM device_certificate WHERE account = ?1 ORDER BY credential LIMIT ?2")

QUERY(LDAP_PERSON_PUT, "INSERT INTO ldap_person (key, account, dn, disabled, seen) VALUES (?1, ?2, ?3, ?4, ?5) "
	"ON CONFLICT (key) DO UPDATE SET account = ?2, dn = ?3, disabled = ?4, seen = ?5")
QUERY(LDAP_PERSON_LIST, "SELECT ldap_person.key, account.id, address.local || '@' || address.domain, account.name, account.department, "
	"account.state, ldap_person.disabled FROM ldap_person JOIN account ON account.id = ldap_person.account "
	"JOIN address ON address.account = account.id ORDER BY ldap_person.key LIMIT ?1")
QUERY(LDAP_PERSON_FIND, "SELECT account FROM ldap_person WHERE key = ?1")
QUERY(LDAP_PERSON_OF, "SELECT key FROM ldap_person WHERE account = ?1")
QUERY(LDAP_GROUP_PUT, "INSERT OR REPLACE INTO ldap_group (key, domain, local) VALUES (?1, ?2, ?3)")
QUERY(LDAP_GROUP_GET, "SELECT domain, local FROM ldap_group WHERE key = ?1")
QUERY(MEMBERS_CLEAR, "DELETE FROM member WHERE domain = ?1 AND local = ?2")
