/* The statements of Sieve scripts; part of auth/directory_queries.h. No guard. */
QUERY(SIEVE_PUT, "INSERT INTO sieve_script (account, name, text, bytes, active, changed) VALUES (?1, ?2, ?3, ?4, 0, ?5)"
      " ON CONFLICT (account, name) DO UPDATE SET text = ?3, bytes = ?4, changed = ?5")
QUERY(SIEVE_GET, "SELECT name, text, bytes, active, changed FROM sieve_script WHERE account = ?1 AND name = ?2")
QUERY(SIEVE_LIST, "SELECT name, '', bytes, active, changed FROM sieve_script WHERE account = ?1 ORDER BY name LIMIT ?2")
QUERY(SIEVE_ACTIVE, "SELECT name, text, bytes, active, changed FROM sieve_script WHERE account = ?1 AND active = 1")
QUERY(SIEVE_ACTIVE_BYTES, "SELECT bytes FROM sieve_script WHERE account = ?1 AND active = 1")
QUERY(SIEVE_USE, "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM sieve_script WHERE account = ?1 AND name <> ?2")
QUERY(SIEVE_DEACTIVATE, "UPDATE sieve_script SET active = 0 WHERE account = ?1 AND active = 1")
QUERY(SIEVE_ACTIVATE, "UPDATE sieve_script SET active = 1 WHERE account = ?1 AND name = ?2")
QUERY(SIEVE_REMOVE, "DELETE FROM sieve_script WHERE account = ?1 AND name = ?2")
QUERY(SIEVE_RENAME, "UPDATE sieve_script SET name = ?3 WHERE account = ?1 AND name = ?2")
