/* The statements of devices, access and hygiene; part of auth/directory_queries.h. No guard. */
#define DEVICE_COLUMNS "device.id, device.account, name, state, proven, claimed, fingerprint, device.created, device.used, device.address, " \
	"device.protocol, approver"
QUERY(DEVICE_ADD, "INSERT INTO device (account, name, state, proven, claimed, fingerprint, lookup, created, used, address, protocol, approver) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11) RETURNING id")
QUERY(DEVICE_GET, "SELECT " DEVICE_COLUMNS " FROM device WHERE id = ?1")
QUERY(DEVICE_FIND, "SELECT " DEVICE_COLUMNS " FROM device WHERE lookup = ?1 AND account = ?2")
QUERY(DEVICE_LIST, "SELECT " DEVICE_COLUMNS " FROM device WHERE account = ?1 ORDER BY id LIMIT ?2")
QUERY(DEVICE_WAITING, "SELECT " DEVICE_COLUMNS " FROM device WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3")
QUERY(DEVICE_ALL, "SELECT " DEVICE_COLUMNS " FROM device WHERE id > ?1 ORDER BY id LIMIT ?2")
QUERY(DEVICE_COUNT, "SELECT count(*) FROM device WHERE account = ?1")
QUERY(DEVICE_SET, "UPDATE device SET name = ?2, state = ?3, claimed = ?4, fingerprint = ?5, approver = ?6 WHERE id = ?1")
QUERY(DEVICE_USED, "UPDATE device SET used = ?2, address = ?3, protocol = ?4 WHERE id = ?1")
QUERY(DEVICE_REMOVE, "DELETE FROM device WHERE id = ?1")
#define RULE_COLUMNS "credential, credential_rule.account, credential_rule.device, protocols, networks, ends, credential_rule.used, " \
	"credential_rule.address, uses"
/* With the state of its device: one row at every sign-in. */
QUERY(RULE_GET, "SELECT " RULE_COLUMNS ", ifnull(device.state, 0), ifnull(device.created, 0), ifnull(device.approver, ''), "
	"ifnull(device.claimed, '') FROM credential_rule LEFT JOIN device ON device.id = credential_rule.device WHERE credential = ?1")
QUERY(RULE_LIST, "SELECT " RULE_COLUMNS ", 0, 0, '', '' FROM credential_rule WHERE device = ?1 ORDER BY credential LIMIT ?2")
QUERY(RULE_SET, "INSERT INTO credential_rule (credential, account, device, protocols, networks, ends, used, address, uses) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '', 0) ON CONFLICT (credential) DO UPDATE SET device = ?3, protocols = ?4, networks = ?5, ends = ?6")
QUERY(RULE_USED, "INSERT INTO credential_rule (credential, account, device, protocols, networks, ends, used, address, uses) "
	"VALUES (?1, ?2, 0, 0, '', 0, ?3, ?4, 1) ON CONFLICT (credential) DO UPDATE SET used = ?3, address = ?4, uses = uses + 1")
/* Ended by time: rules (app passwords), certificates, tokens of an identity provider. */
#define SESSION_END "min(ends, CASE WHEN idle > 0 THEN used + idle ELSE ends END)"
QUERY(CREDENTIAL_ENDED, "SELECT account, credential FROM credential_rule WHERE ends > max(?1, 0) AND ends <= ?2 UNION "
	"SELECT account, credential FROM device_certificate WHERE not_after > ?1 AND not_after <= ?2 UNION "
	"SELECT account, id FROM session JOIN session_web ON session_web.session = session.id "
	"WHERE " SESSION_END " > ?1 AND " SESSION_END " <= ?2 UNION "
	"SELECT account, credential FROM external_lease WHERE ends <= ?2")
QUERY(CREDENTIAL_LIVES, "SELECT EXISTS (SELECT 1 FROM credential_rule WHERE credential = ?2 AND ends > 0 AND ends <= ?3) "
	"OR EXISTS (SELECT 1 FROM device_certificate WHERE credential = ?2 AND not_after <= ?3) "
	"OR EXISTS (SELECT 1 FROM session WHERE account = ?1 AND id = ?2 AND " SESSION_END " <= ?3) "
	"OR EXISTS (SELECT 1 FROM external_lease WHERE account = ?1 AND credential = ?2 AND ends <= ?3)")
QUERY(LEASE_SET, "INSERT INTO external_lease (account, credential, ends) VALUES (?1, ?2, ?3) "
	"ON CONFLICT (account, credential) DO UPDATE SET ends = ?3 WHERE ends < ?3")
QUERY(LEASE_EXPIRE, "DELETE FROM external_lease WHERE ends <= ?1")
QUERY(RULE_REMOVE, "DELETE FROM credential_rule WHERE credential = ?1")
QUERY(RULE_FORGET, "DELETE FROM credential_rule WHERE credential NOT IN (SELECT id FROM credential UNION ALL SELECT id FROM oauth_grant)")
/* App passwords and certificates; a password, recovery code or managed wrap stays. */
QUERY(CREDENTIAL_DROP, "DELETE FROM credential WHERE account = ?1 AND id = ?2 AND kind IN (3, 9)")
QUERY(SESSION_OF_DEVICE, "SELECT id FROM session WHERE account = ?1 AND device = ?2 LIMIT ?3")
QUERY(SIGNIN_ADD, "INSERT INTO signin (account, time, address, protocol, device, credential, client, factors, risk, outcome, rule) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
#define SIGNIN_COLUMNS "id, account, time, address, protocol, device, credential, client, factors, risk, outcome, rule"
QUERY(SIGNIN_LIST, "SELECT " SIGNIN_COLUMNS " FROM signin WHERE account = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
QUERY(SIGNIN_ALL, "SELECT " SIGNIN_COLUMNS " FROM signin WHERE time >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
QUERY(SIGNIN_EXPIRE, "DELETE FROM signin WHERE time < ?1")
QUERY(PLACE_HAS, "SELECT max(network = ?2) FROM signin_place WHERE account = ?1")
QUERY(PLACE_USED, "INSERT INTO signin_place (account, network, used) VALUES (?1, ?2, ?3) ON CONFLICT (account, network) DO UPDATE SET used = ?3")
QUERY(PLACE_LIST, "SELECT network FROM signin_place WHERE account = ?1 ORDER BY used DESC LIMIT ?2")
QUERY(DAY_USED, "INSERT INTO signin_day (account, day, hours) VALUES (?1, ?2, ?3) ON CONFLICT (account, day) DO UPDATE SET hours = hours | ?3 "
	"WHERE hours | ?3 <> hours")
QUERY(DAY_LIST, "SELECT day, hours FROM signin_day WHERE account = ?1 AND day >= ?2")
QUERY(DAY_EXPIRE, "DELETE FROM signin_day WHERE day < ?1")
QUERY(PLACE_EXPIRE, "DELETE FROM signin_place WHERE used < ?1")
QUERY(ACCOUNT_USED, "INSERT INTO account_use (account, used) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET used = ?2")
QUERY(ACCOUNT_STALE_IDS, "SELECT account.id, max(account.created, ?1, ifnull(account_use.used, 0)) AS last FROM account "
	"LEFT JOIN account_use ON account_use.account = account.id WHERE state = 1 AND last < ?2 AND account.id > ?3 ORDER BY account.id LIMIT ?4")
QUERY(ROLE_HOLDERS, "SELECT count(*) FROM account WHERE role = ?1 AND state = 1")
QUERY(CLIENT_REPORT, "SELECT client, protocol, count(DISTINCT account), count(*), max(time) FROM signin WHERE outcome = 1 AND client <> '' "
	"GROUP BY client, protocol ORDER BY client, protocol LIMIT ?1")
QUERY(REVIEW_ADD, "INSERT INTO review (author, started, ends, ended) VALUES (?1, ?2, ?3, 0) RETURNING id")
QUERY(REVIEW_OPEN, "SELECT id, author, started, ends, ended FROM review WHERE ended = 0 ORDER BY id LIMIT 1")
QUERY(REVIEW_LIST, "SELECT id, author, started, ends, ended FROM review ORDER BY id DESC LIMIT ?1")
QUERY(REVIEW_GET, "SELECT id, author, started, ends, ended FROM review WHERE id = ?1")
QUERY(REVIEW_END, "UPDATE review SET ended = ?2 WHERE id = ?1")
QUERY(REVIEW_FILL, "INSERT INTO review_row (review, granted, decision, signer, decided) SELECT ?1, id, 0, '', 0 FROM role_grant WHERE state = 2")
QUERY(REVIEW_ROWS, "SELECT granted, decision, signer, decided FROM review_row WHERE review = ?1 AND granted > ?2 ORDER BY granted LIMIT ?3")
QUERY(REVIEW_ROW, "SELECT granted, decision, signer, decided FROM review_row WHERE review = ?1 AND granted = ?2")
QUERY(REVIEW_DECIDE, "UPDATE review_row SET decision = ?3, signer = ?4, decided = ?5 WHERE review = ?1 AND granted = ?2 AND decision = 0")
#define PARTY_COLUMNS "id, name, kind, owner, scope, ref, created, ends, used, reviewed, reviewer, ended"
QUERY(PARTY_ADD, "INSERT INTO party (name, kind, owner, scope, ref, created, ends, used, reviewed, reviewer, ended) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?6, ?8, 0) RETURNING id")
QUERY(PARTY_GET, "SELECT " PARTY_COLUMNS " FROM party WHERE id = ?1")
QUERY(PARTY_OF_REF, "SELECT " PARTY_COLUMNS " FROM party WHERE kind = ?1 AND ref = ?2 AND ended = 0 ORDER BY id LIMIT 1")
QUERY(PARTY_LIST, "SELECT " PARTY_COLUMNS " FROM party WHERE id > ?1 AND (?2 OR ended = 0) ORDER BY id LIMIT ?3")
QUERY(PARTY_REVIEWED, "UPDATE party SET reviewed = ?2, reviewer = ?3, ends = ?4 WHERE id = ?1 AND ended = 0")
QUERY(PARTY_END, "UPDATE party SET ended = ?2 WHERE id = ?1 AND ended = 0")
QUERY(PARTY_PAST, "SELECT " PARTY_COLUMNS " FROM party WHERE ended = 0 AND ends > 0 AND ends <= ?1 ORDER BY id LIMIT ?2")
QUERY(TOKEN_ENDS, "UPDATE session SET ends = min(ends, ?2) WHERE id = ?1 AND kind = 2")
/* Tokens that nobody has registered by hand are in the register by themselves: their owner is who made them. */
QUERY(TOKEN_ALL, "SELECT " SESSION_COLUMNS " FROM session WHERE kind = 2 AND id > ?1 ORDER BY id LIMIT ?2")
QUERY(CREDENTIAL_WHAT, "SELECT kind, label FROM credential WHERE account = ?1 AND id = ?2 UNION ALL "
	"SELECT 0, client FROM oauth_grant WHERE account = ?1 AND id = ?2")
