/* Tables of containment, as in auth/directory_schema.h. Included once; no guard. */
/* Mail that may leave by itself (auth/forward.h). ends: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS forward_exception (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, target TEXT NOT NULL,"
      " author TEXT NOT NULL, approver TEXT NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL, ends INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS forward_exception_source ON forward_exception (source, target)")
