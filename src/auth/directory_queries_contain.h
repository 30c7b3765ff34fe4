/* Statements of containment, as in auth/directory_queries.h. No guard. */
#define FORWARD_COLUMNS "id, source, target, author, approver, reason, created, ends FROM forward_exception "
QUERY(FORWARD_ADD, "INSERT INTO forward_exception (source, target, author, approver, reason, created, ends) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id")
QUERY(FORWARD_END, "DELETE FROM forward_exception WHERE id = ?1")
QUERY(FORWARD_GET, "SELECT " FORWARD_COLUMNS "WHERE id = ?1")
QUERY(FORWARD_LIST, "SELECT " FORWARD_COLUMNS "WHERE id > ?1 ORDER BY id LIMIT ?2")
QUERY(FORWARD_FIND, "SELECT 1 FROM forward_exception WHERE source = ?1 AND target IN (?2, ?3) AND created <= ?4 AND ends > ?4 LIMIT 1")
QUERY(CONTAINMENT_GET, "SELECT level, automatic, reason, author, since FROM containment WHERE account = ?1")
QUERY(CONTAINMENT_REMOVE, "DELETE FROM containment WHERE account = ?1")
QUERY(CONTAINMENT_SET, "INSERT OR REPLACE INTO containment (account, level, automatic, reason, author, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(HABIT_GET, "SELECT data FROM send_habit WHERE account = ?1")
QUERY(HABIT_SET, "INSERT INTO send_habit (account, data, changed) SELECT id, ?2, ?3 FROM account WHERE id = ?1 "
	"ON CONFLICT (account) DO UPDATE SET data = ?2, changed = ?3")
