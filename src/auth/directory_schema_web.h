/* Tables of sessions of the web, as in auth/directory_schema.h. Included once; no guard. */
/* Sessions without a row were not begun at the web. locked: 1 until the person proves again who it is. */
TABLE("CREATE TABLE IF NOT EXISTS session_web (session INTEGER PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,"
      " locked INTEGER NOT NULL)")
