/* Statements of sessions of the web, as in auth/directory_queries.h. No guard. */
QUERY(SESSION_WEB_ADD, "INSERT INTO session_web (session, locked) VALUES (?1, 0)")
QUERY(SESSION_WEB_LOCK, "UPDATE session_web SET locked = ?2 WHERE session = ?1")
