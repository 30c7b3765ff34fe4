/* The statements of DKIM keys; part of auth/directory_queries.h. No guard. */
#define DKIM_COLUMNS "id, domain, selector, algorithm, public, state, created, seen, activated, retired"
QUERY(DKIM_ADD, "INSERT INTO dkim_key (" DKIM_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
QUERY(DKIM_SET, "UPDATE dkim_key SET state = ?2, seen = ?3, activated = ?4, retired = ?5 WHERE id = ?1")
QUERY(DKIM_REMOVE, "DELETE FROM dkim_key WHERE id = ?1")
QUERY(DKIM_LIST, "SELECT " DKIM_COLUMNS " FROM dkim_key WHERE (?1 = '' OR domain = ?1) ORDER BY domain, created, selector LIMIT ?2")
QUERY(DKIM_GET, "SELECT " DKIM_COLUMNS " FROM dkim_key WHERE domain = ?1 AND selector = ?2")
QUERY(DKIM_ACTIVE, "SELECT " DKIM_COLUMNS " FROM dkim_key WHERE domain = ?1 AND state = 2 ORDER BY algorithm LIMIT ?2")
