/* The statements of the directory: QUERY(id, text). Included several times; no guard. */
QUERY(BEGIN, "BEGIN IMMEDIATE")
QUERY(COMMIT, "COMMIT")
QUERY(ROLLBACK, "ROLLBACK")
QUERY(SETTING_GET, "SELECT value FROM setting WHERE name = ?1")
QUERY(SETTING_SET, "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")

#define RELAY_COLUMNS "host, port, verify, tls, client_info, networks, judge, junk, size FROM domain LEFT JOIN relay_domain ON relay_domain.domain = domain.name " \
	"LEFT JOIN relay_server ON relay_server.domain = domain.name LEFT JOIN relay_policy ON relay_policy.domain = domain.name "
QUERY(DOMAIN_ADD, "INSERT INTO domain (name, catch_all, postmaster) VALUES (?1, ?2, ?3)")
QUERY(DOMAIN_GET, "SELECT name, catch_all, postmaster, 0, " RELAY_COLUMNS "WHERE name = ?1")
QUERY(DOMAIN_SET, "UPDATE domain SET catch_all = ?2, postmaster = ?3 WHERE name = ?1")
QUERY(DOMAIN_REMOVE, "DELETE FROM domain WHERE name = ?1")
QUERY(DOMAIN_LIST, "SELECT name, catch_all, postmaster, "
	"(SELECT count(*) FROM address WHERE address.domain = domain.name AND kind = 1), " RELAY_COLUMNS
	"WHERE name > ?1 ORDER BY name LIMIT ?2")
QUERY(DOMAIN_USED, "SELECT 1 FROM address WHERE domain = ?1 LIMIT 1")
QUERY(DOMAIN_HAS_MAILBOX, "SELECT 1 FROM address WHERE domain = ?1 AND kind = 1 LIMIT 1")
#define TLS_COLUMNS "names, key, key_hash, source, chain, starts, ends, created, attempt, failures, error, must_staple, ocsp, ocsp_next, told"
QUERY(TLS_ADD, "INSERT INTO tls_certificate (" TLS_COLUMNS ") VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")
QUERY(TLS_SET, "UPDATE tls_certificate SET names = ?2, key = ?3, key_hash = ?4, chain = ?6, starts = ?7, ends = ?8, attempt = ?10, failures = ?11,"
	" error = ?12, must_staple = ?13, ocsp = ?14, ocsp_next = ?15, told = ?16 WHERE id = ?1 AND ?5 >= 0 AND ?9 >= 0")
QUERY(TLS_REMOVE, "DELETE FROM tls_certificate WHERE id = ?1")
QUERY(TLS_GET, "SELECT id, " TLS_COLUMNS " FROM tls_certificate WHERE id = ?1")
QUERY(TLS_LIST, "SELECT id, " TLS_COLUMNS " FROM tls_certificate ORDER BY id LIMIT ?1")
QUERY(ACME_GET, "SELECT key, url FROM acme_account WHERE directory = ?1")
QUERY(ACME_SET, "INSERT OR REPLACE INTO acme_account (directory, key, url) VALUES (?1, ?2, ?3)")
QUERY(STS_SET, "INSERT OR REPLACE INTO domain_sts (domain, mode, max_age) VALUES (?1, ?2, ?3)")
QUERY(STS_REMOVE, "DELETE FROM domain_sts WHERE domain = ?1")
QUERY(STS_GET, "SELECT mode, max_age FROM domain_sts WHERE domain = ?1")
QUERY(RELAY_SET, "INSERT OR REPLACE INTO relay_domain (domain, host, port, verify, tls) VALUES (?1, ?2, ?3, ?4, ?5)")
QUERY(RELAY_SERVER_SET, "INSERT OR REPLACE INTO relay_server (domain, client_info, networks) VALUES (?1, ?2, ?3)")
QUERY(RELAY_SERVER_REMOVE, "DELETE FROM relay_server WHERE domain = ?1")
QUERY(RELAY_POLICY_SET, "INSERT OR REPLACE INTO relay_policy (domain, judge, junk, size) VALUES (?1, ?2, ?3, ?4)")
QUERY(RELAY_POLICY_REMOVE, "DELETE FROM relay_policy WHERE domain = ?1")
QUERY(RELAY_NETWORKS, "SELECT domain, networks FROM relay_server WHERE networks <> '' ORDER BY domain LIMIT ?1")
QUERY(RELAY_IS, "SELECT 1 FROM relay_domain WHERE domain = ?1")
QUERY(RELAY_REMOVE, "DELETE FROM relay_domain WHERE domain = ?1")
QUERY(RELAY_RECIPIENTS_REMOVE, "DELETE FROM address WHERE domain = ?1 AND kind = 4")

#define ACCOUNT_COLUMNS "account.id, address.local || '@' || address.domain, account.name, department, language, state, " \
	"role, flags, quota, generation, public_key, scram_salt, created, " \
	"coalesce((SELECT level FROM containment WHERE containment.account = account.id), 0)"
QUERY(ACCOUNT_ADD, "INSERT INTO account "
	"(id, name, department, language, state, role, flags, quota, generation, public_key, scram_salt, created) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
QUERY(ACCOUNT_GET, "SELECT " ACCOUNT_COLUMNS " FROM account JOIN address ON address.account = account.id WHERE account.id = ?1")
QUERY(ACCOUNT_UPDATE, "UPDATE account SET name = ?2, department = ?3, language = ?4, state = ?5, role = ?6, flags = ?7, quota = ?8, "
	"generation = ?9, public_key = ?10 WHERE id = ?1")
QUERY(ACCOUNT_REMOVE, "DELETE FROM account WHERE id = ?1")
QUERY(ACCOUNT_LIST, "SELECT " ACCOUNT_COLUMNS " FROM address JOIN account ON account.id = address.account "
	"WHERE (?1 = '' OR address.domain = ?1) AND address.kind = 1 AND (address.domain, address.local) > (?2, ?3) "
	"ORDER BY address.domain, address.local LIMIT ?4")
QUERY(ACCOUNT_FIRST, "SELECT account.id FROM account JOIN address ON address.account = account.id "
	"WHERE (?1 = '' OR address.domain = ?1) AND state = 1 AND role <> 3 ORDER BY account.number LIMIT 1")

QUERY(ADDRESS_ADD, "INSERT INTO address (domain, local, kind, account, target, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(ADDRESS_GET, "SELECT kind, account, target, name FROM address WHERE domain = ?1 AND local = ?2")
QUERY(ADDRESS_REMOVE, "DELETE FROM address WHERE domain = ?1 AND local = ?2 AND kind = ?3")
QUERY(ADDRESS_LIST, "SELECT kind, account, target, name, local || '@' || domain FROM address "
	"WHERE kind = ?1 AND (?2 = '' OR domain = ?2) AND (domain, local) > (?3, ?4) ORDER BY domain, local LIMIT ?5")
QUERY(ALIASES_FORGET, "DELETE FROM address WHERE target = ?1")
QUERY(MEMBER_FORGET, "DELETE FROM member WHERE member = ?1")
QUERY(ALIASES_OF, "SELECT local || '@' || domain FROM address WHERE target = ?1 ORDER BY domain, local LIMIT ?2")

QUERY(MEMBER_ADD, "INSERT INTO member (domain, local, member) VALUES (?1, ?2, ?3)")
QUERY(MEMBER_COUNT, "SELECT count(*) FROM member WHERE domain = ?1 AND local = ?2")
QUERY(MEMBER_REMOVE, "DELETE FROM member WHERE domain = ?1 AND local = ?2 AND member = ?3")
QUERY(MEMBERS, "SELECT member FROM member WHERE domain = ?1 AND local = ?2 ORDER BY member LIMIT ?3")

#define CREDENTIAL_COLUMNS "id, account, kind, label, lookup, salt, passes, memory, wrap, created"
QUERY(CREDENTIAL_NUMBER, "UPDATE setting SET value = value + 1 WHERE name = 'credential' RETURNING value")
QUERY(CREDENTIAL_ADD, "INSERT INTO credential (" CREDENTIAL_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
QUERY(CREDENTIAL_CODE, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE account = ?1 AND kind = ?2 AND lookup = ?3")
QUERY(CREDENTIAL_KIND, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE account = ?1 AND kind = ?2 ORDER BY id LIMIT ?3")
QUERY(CREDENTIAL_REMOVE, "DELETE FROM credential WHERE account = ?1 AND id = ?2 AND kind = ?3")
QUERY(CREDENTIAL_REMOVE_ALL, "DELETE FROM credential WHERE account = ?1")
/* Numbers of grants are numbers of credentials; a grant lives as long as one of its tokens. */
QUERY(CREDENTIAL_EXISTS, "SELECT 1 FROM credential WHERE account = ?1 AND id = ?2 UNION ALL "
	"SELECT 1 FROM oauth_grant WHERE account = ?1 AND id = ?2 AND EXISTS (SELECT 1 FROM oauth_session WHERE granted = ?2) UNION ALL "
	"SELECT 1 FROM session JOIN session_web ON session_web.session = session.id WHERE account = ?1 AND id = ?2 AND locked = 0")
QUERY(SCRAM_ADD, "INSERT INTO scram (account, credential, keys, wrap) VALUES (?1, ?2, ?3, ?4)")
QUERY(SCRAM_LIST, "SELECT scram.credential, scram.keys, scram.wrap FROM scram JOIN credential ON credential.id = scram.credential "
	"WHERE scram.account = ?1 AND (?2 OR credential.kind <> 1) LIMIT ?3")
QUERY(SCRAM_COUNT, "SELECT count(*) FROM scram WHERE credential = ?1")
QUERY(SCRAM_FORGET, "DELETE FROM scram WHERE credential IN (SELECT id FROM credential WHERE kind = 1)")

QUERY(PROFILE_SET, "INSERT INTO profile (account, data) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET data = ?2")
QUERY(PROFILE_GET, "SELECT data FROM profile WHERE account = ?1")

#define GRANT_COLUMNS "role_grant.id, account, role, scope, scope_value, starts, ends, state, author, approver, reason, created, reviewed"
QUERY(GRANT_ADD, "INSERT INTO role_grant (account, role, scope, scope_value, starts, ends, state, author, approver, reason, created, reviewed) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11) RETURNING id")
QUERY(GRANT_GET, "SELECT " GRANT_COLUMNS " FROM role_grant WHERE id = ?1")
QUERY(GRANT_OF, "SELECT " GRANT_COLUMNS " FROM role_grant WHERE account = ?1 AND state = ?2 ORDER BY id LIMIT ?3")
QUERY(GRANT_LIST, "SELECT " GRANT_COLUMNS " FROM role_grant WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3")
QUERY(GRANT_END, "UPDATE role_grant SET state = 3, ends = ?2 WHERE id = ?1 AND state <> 3")
QUERY(GRANT_END_ALL, "UPDATE role_grant SET state = 3, ends = ?2 WHERE account = ?1 AND state <> 3")
QUERY(GRANT_REVIEWED, "UPDATE role_grant SET reviewed = ?2 WHERE id = ?1")
QUERY(GRANT_USES_ROLE, "SELECT 1 FROM role_grant WHERE role = ?1 AND state <> 3 LIMIT 1")
QUERY(ROLE_ADD, "INSERT INTO custom_role (name, text, rights, created, author) VALUES (?1, ?2, ?3, ?4, ?5)")
QUERY(ROLE_GET, "SELECT name, text, rights, created, author FROM custom_role WHERE name = ?1")
QUERY(ROLE_LIST, "SELECT name, text, rights, created, author FROM custom_role ORDER BY name LIMIT ?1")
QUERY(ROLE_REMOVE, "DELETE FROM custom_role WHERE name = ?1")

#define APPROVAL_COLUMNS "id, operation, args, asker, asker_name, reason, state, decider, created, decided, ends, needs"
QUERY(APPROVAL_ADD, "INSERT INTO approval (operation, args, asker, asker_name, reason, state, decider, created, decided, ends, needs) "
	"VALUES (?1, ?2, ?3, ?4, ?5, 1, '', ?6, 0, ?7, ?8) RETURNING id")
QUERY(APPROVAL_GET, "SELECT " APPROVAL_COLUMNS " FROM approval WHERE id = ?1")
QUERY(APPROVAL_LIST, "SELECT " APPROVAL_COLUMNS " FROM approval WHERE (?1 = 0 OR state = ?1) AND id > ?2 ORDER BY id LIMIT ?3")
QUERY(APPROVAL_DECIDE, "UPDATE approval SET state = ?2, decider = ?3, decided = ?4 WHERE id = ?1 AND state = 1")

#define SESSION_COLUMNS "session.id, session.account, kind, label, scopes, factors, wrap, device, address, agent, created, used, idle, ends, stepped_up, " \
	"(SELECT risk FROM session_risk WHERE session_risk.session = session.id), (SELECT locked FROM session_web WHERE session_web.session = session.id)"
QUERY(SESSION_RISK_ADD, "INSERT INTO session_risk (session, risk) VALUES (?1, ?2)")
QUERY(SESSION_ADD, "INSERT INTO session (id, account, lookup, kind, label, scopes, factors, wrap, device, address, agent, created, used, idle, "
	"ends, stepped_up) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14, ?15)")
QUERY(SESSION_FIND, "SELECT " SESSION_COLUMNS " FROM session WHERE lookup = ?1")
QUERY(SESSION_LIST, "SELECT " SESSION_COLUMNS " FROM session WHERE account = ?1 AND (?2 = 0 OR kind = ?2) ORDER BY id LIMIT ?3")
QUERY(SESSION_USED, "UPDATE session SET used = ?2, address = ?3, agent = ?4 WHERE id = ?1")
QUERY(SESSION_PROVEN, "UPDATE session SET factors = factors | ?2, stepped_up = ?3 WHERE id = ?1")
QUERY(SESSION_REMOVE, "DELETE FROM session WHERE id = ?1 AND account = ?2")
QUERY(SESSION_REMOVE_ALL, "DELETE FROM session WHERE account = ?1")
QUERY(SESSION_COUNT, "SELECT count(*) FROM session WHERE account = ?1")
QUERY(SESSION_EXPIRE, "DELETE FROM session WHERE ends < ?1 OR (idle > 0 AND used + idle < ?1)")

QUERY(POLICY_GET, "SELECT value, author, changed FROM policy WHERE name = ?1")
QUERY(POLICY_SET, "INSERT INTO policy (name, value, author, changed) VALUES (?1, ?2, ?3, ?4) "
	"ON CONFLICT (name) DO UPDATE SET value = ?2, author = ?3, changed = ?4")
/* An administrator who is a person: own password, a confirmed second factor. */
QUERY(ADMINISTRATOR_READY, "SELECT 1 FROM account WHERE state = 1 AND role = 3 AND (flags & 1) = 0 "
	"AND EXISTS (SELECT 1 FROM factor WHERE factor.account = account.id AND factor.confirmed > 0) LIMIT 1")

#include "auth/directory_queries_sso.h"

#define FACTOR_COLUMNS "id, account, kind, label, lookup, data, confirmed, created, used"
QUERY(FACTOR_ADD, "INSERT INTO factor (account, kind, label, lookup, data, confirmed, created, used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)")
QUERY(FACTOR_GET, "SELECT " FACTOR_COLUMNS " FROM factor WHERE account = ?1 AND id = ?2")
QUERY(FACTOR_FIND, "SELECT " FACTOR_COLUMNS " FROM factor WHERE lookup = ?1 AND confirmed > 0")
QUERY(FACTOR_LIST, "SELECT " FACTOR_COLUMNS " FROM factor WHERE account = ?1 AND (?2 = 0 OR kind = ?2) ORDER BY id LIMIT ?3")
QUERY(FACTOR_SET, "UPDATE factor SET data = ?2, confirmed = ?3, used = ?4 WHERE id = ?1")
QUERY(FACTOR_REMOVE, "DELETE FROM factor WHERE account = ?1 AND id = ?2")
QUERY(FACTOR_REMOVE_KINDS, "DELETE FROM factor WHERE account = ?1 AND (?2 >> kind & 1)")
QUERY(FACTOR_KINDS, "SELECT DISTINCT kind FROM factor WHERE account = ?1 AND confirmed > 0")
QUERY(CHALLENGE_ADD, "INSERT INTO factor_challenge (id, account, kind, factor, data, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(CHALLENGE_GET, "SELECT id, account, kind, factor, data, ends FROM factor_challenge WHERE account = ?1 AND id = ?2")
QUERY(CHALLENGE_SET, "UPDATE factor_challenge SET data = ?2 WHERE id = ?1")
QUERY(CHALLENGE_REMOVE, "DELETE FROM factor_challenge WHERE id = ?1")
QUERY(CHALLENGE_EXPIRE, "DELETE FROM factor_challenge WHERE ends <= ?1")
/* Answered ones (kind 2, WebAuthn) stay until they end, else they could be answered again. */
QUERY(CHALLENGE_TRIM, "DELETE FROM factor_challenge WHERE account = ?1 AND kind <> 2 AND id NOT IN "
	"(SELECT id FROM factor_challenge WHERE account = ?1 AND kind <> 2 ORDER BY ends DESC LIMIT ?2)")
QUERY(TRIES_GET, "SELECT count, since FROM factor_tries WHERE account = ?1")
QUERY(TRIES_SET, "INSERT INTO factor_tries (account, count, since) VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE SET count = ?2, since = ?3")
QUERY(TRIES_REMOVE, "DELETE FROM factor_tries WHERE account = ?1")
QUERY(SENT_GET, "SELECT day, count FROM factor_sent WHERE account = ?1")
QUERY(SENT_SET, "INSERT INTO factor_sent (account, day, count) VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE SET day = ?2, count = ?3")
QUERY(HISTORY_ADD, "INSERT INTO password_history (account, credential, salt, passes, memory, checks, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
QUERY(HISTORY_LIST, "SELECT credential, salt, passes, memory, checks FROM password_history WHERE account = ?1 ORDER BY credential DESC LIMIT ?2")
QUERY(HISTORY_TRIM, "DELETE FROM password_history WHERE account = ?1 AND credential NOT IN "
	"(SELECT credential FROM password_history WHERE account = ?1 ORDER BY credential DESC LIMIT ?2)")
QUERY(IMPORTED_SET, "INSERT INTO imported_password (account, hash, created) VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE SET hash = ?2")
QUERY(IMPORTED_GET, "SELECT hash FROM imported_password WHERE account = ?1")
QUERY(IMPORTED_REMOVE, "DELETE FROM imported_password WHERE account = ?1")
QUERY(ONCE_GET, "SELECT hash, state, status, result FROM call_once WHERE subject = ?1 AND key = ?2")
QUERY(ONCE_COUNT, "SELECT count(*) FROM call_once WHERE subject = ?1")
QUERY(ONCE_ADD, "INSERT INTO call_once (subject, key, hash, state, status, result, created) VALUES (?1, ?2, ?3, ?4, 0, '', ?5)")
QUERY(ONCE_END, "UPDATE call_once SET state = ?2, status = ?3, result = ?4 WHERE id = ?1")
QUERY(ONCE_FORGET, "DELETE FROM call_once WHERE id = ?1")
QUERY(ONCE_EXPIRE, "DELETE FROM call_once WHERE created < ?1")
QUERY(MEMBER_IS, "SELECT 1 FROM member WHERE domain = ?1 AND local = ?2 AND member = ?3")
QUERY(SCRAM_FORGET_ONE, "DELETE FROM scram WHERE account = ?1 AND credential IN (SELECT id FROM credential WHERE account = ?1 AND kind = 1)")
#include "auth/directory_queries_book.h"
#include "auth/directory_queries_contain.h"
#include "auth/directory_queries_ca.h"
#include "auth/directory_queries_sieve.h"
#include "auth/directory_queries_device.h"
#include "auth/directory_queries_dkim.h"
#include "auth/directory_queries_dns.h"
#include "auth/directory_queries_keys.h"
#include "auth/directory_queries_notice.h"
#include "auth/directory_queries_web.h"
