/* Tables of containment, as in auth/directory_schema.h. Included once; no guard. */
/* Mail that may leave by itself (auth/forward.h). ends: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS forward_exception (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, target TEXT NOT NULL,"
      " author TEXT NOT NULL, approver TEXT NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL, ends INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS forward_exception_source ON forward_exception (source, target)")
/* level: enum auth_restriction; automatic: 1 when the meter of sent mail did it. */
TABLE("CREATE TABLE IF NOT EXISTS containment (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, level INTEGER NOT NULL,"
      " automatic INTEGER NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID")
/* What a user is used to send: auth/meter.h. changed: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS send_habit (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, data BLOB NOT NULL,"
      " changed INTEGER NOT NULL) WITHOUT ROWID")
