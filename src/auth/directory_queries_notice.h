/* Statements of letters to persons; included by directory_queries.h. */
QUERY(OFFICER_IDS, "SELECT id FROM account WHERE state = 1 AND (role = ?1 OR id IN (SELECT account FROM role_grant WHERE state = 2 AND role = ?2 "
	"AND starts <= ?3 AND (ends = 0 OR ends > ?3))) ORDER BY id LIMIT ?4")
QUERY(CHALLENGE_REPLACE, "DELETE FROM factor_challenge WHERE account = ?1 AND kind = ?2 AND kind <> 2")
QUERY(CONTACT_SET, "INSERT INTO notice_contact (account, sealed, proven, changed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (account) DO UPDATE SET "
	"sealed = ?2, proven = ?3, changed = ?4")
QUERY(CONTACT_GET, "SELECT sealed, proven FROM notice_contact WHERE account = ?1")
QUERY(CONTACT_REMOVE, "DELETE FROM notice_contact WHERE account = ?1")
QUERY(LOCAL_USE_SET, "INSERT INTO local_use (account, uid, used) VALUES (?1, ?2, ?3) ON CONFLICT (account, uid) DO UPDATE SET used = ?3 WHERE used < ?3 - 3600")
QUERY(LOCAL_USE_GET, "SELECT 1 FROM local_use WHERE account = ?1 AND uid = ?2 AND used >= ?3")
