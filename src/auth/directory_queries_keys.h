/* Statements of directory_keys.c, as in auth/directory_queries.h. No guard. */
QUERY(SHARE_ADD, "INSERT INTO escrow_share (credential, account, custodian, sealed) VALUES (?1, ?2, ?3, ?4)")
QUERY(SHARE_LIST, "SELECT credential, account, custodian, sealed FROM escrow_share WHERE credential = ?1 ORDER BY custodian LIMIT ?2")
QUERY(SHARE_GET, "SELECT credential, account, custodian, sealed FROM escrow_share WHERE credential = ?1 AND custodian = ?2")
QUERY(SHARE_FORGET, "DELETE FROM escrow_share WHERE custodian = ?1")
QUERY(ESCROW_CLEAR, "DELETE FROM credential WHERE kind = 10")
/* One row per account with its shares of active custodians; NULL: no escrow. */
QUERY(ESCROW_COUNT, "SELECT count(*), coalesce(sum(shares >= ?1), 0), coalesce(sum(shares >= ?1 AND shares < ?2), 0), "
	"coalesce(sum(shares < ?1), 0), coalesce(sum(shares IS NULL), 0) FROM (SELECT (SELECT (SELECT count(*) FROM escrow_share "
	"JOIN account AS custodian ON custodian.id = escrow_share.custodian WHERE escrow_share.credential = credential.id AND custodian.state = 1) "
	"FROM credential WHERE credential.account = account.id AND kind = 10 ORDER BY credential.id DESC LIMIT 1) AS shares FROM account "
	"WHERE role IN (1, 2) AND EXISTS (SELECT 1 FROM credential WHERE credential.account = account.id))")
QUERY(DELEGATIONS_TO, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE kind = 11 AND label = ?1 ORDER BY id LIMIT ?2")
QUERY(DELEGATIONS_ALL, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE kind = 11 AND id > ?1 ORDER BY id LIMIT ?2")
QUERY(CREDENTIAL_GET, "SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE account = ?1 AND id = ?2")
QUERY(CREDENTIAL_COUNT, "SELECT count(*) FROM credential WHERE account = ?1 AND kind = ?2")
QUERY(LEAVER_SET, "INSERT INTO leaver (account, target, author, left_at) VALUES (?1, ?2, ?3, ?4) "
	"ON CONFLICT (account) DO UPDATE SET target = ?2, author = ?3, left_at = ?4")
QUERY(LEAVER_GET, "SELECT target, author, left_at FROM leaver WHERE account = ?1")
QUERY(LEAVER_REMOVE, "DELETE FROM leaver WHERE account = ?1")
QUERY(CHECKPOINT, "PRAGMA wal_checkpoint(TRUNCATE)")
QUERY(CLEARANCE_SET, "INSERT INTO clearance (kind, name, level, author, changed) VALUES (?1, ?2, ?3, ?4, ?5) "
	"ON CONFLICT (kind, name) DO UPDATE SET level = ?3, author = ?4, changed = ?5")
QUERY(CLEARANCE_REMOVE, "DELETE FROM clearance WHERE kind = ?1 AND name = ?2")
QUERY(CLEARANCE_GET, "SELECT level FROM clearance WHERE kind = ?1 AND name = ?2")
QUERY(CLEARANCE_LIST, "SELECT kind, name, level, author, changed FROM clearance WHERE (kind, name) > (?1, ?2) ORDER BY kind, name LIMIT ?3")
QUERY(CLEARANCE_GROUPS, "SELECT max(level) FROM member JOIN clearance ON clearance.kind = 2 "
	"AND clearance.name = member.local || '@' || member.domain WHERE member = ?1")
