/*
 * Tables that came after version 2 of directory.db: TABLE(text), run in this order at every opening, so each says IF NOT EXISTS. A table
 * here is only ever added; who changes one gives it a new name or raises the version of the schema.
 *
 * Included once; no guard.
 */
TABLE("CREATE TABLE IF NOT EXISTS custom_role (name TEXT PRIMARY KEY, text TEXT NOT NULL, rights INTEGER NOT NULL, created INTEGER NOT NULL,"
      " author TEXT NOT NULL) WITHOUT ROWID")
/* state: 1 asked, 2 active, 3 ended. starts, ends: unix seconds; ends 0: no end. */
TABLE("CREATE TABLE IF NOT EXISTS role_grant (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " role TEXT NOT NULL, scope INTEGER NOT NULL, scope_value TEXT NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL,"
      " state INTEGER NOT NULL, author TEXT NOT NULL, approver TEXT NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL,"
      " reviewed INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS role_grant_account ON role_grant (account, state)")
/* state: 1 asked, 2 given, 3 refused, 4 withdrawn. args: JSON without secrets. */
TABLE("CREATE TABLE IF NOT EXISTS approval (id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, args TEXT NOT NULL, asker BLOB NOT NULL,"
      " asker_name TEXT NOT NULL, reason TEXT NOT NULL, state INTEGER NOT NULL, decider TEXT NOT NULL, created INTEGER NOT NULL,"
      " decided INTEGER NOT NULL, ends INTEGER NOT NULL)")
/* Sessions of API and web, and tokens: found by a keyed hash; wrap: the account's secrets under the token. docs/keys.md */
TABLE("CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " lookup BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, label TEXT NOT NULL, scopes INTEGER NOT NULL, factors INTEGER NOT NULL,"
      " wrap BLOB NOT NULL, device INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL, created INTEGER NOT NULL,"
      " used INTEGER NOT NULL, idle INTEGER NOT NULL, ends INTEGER NOT NULL, stepped_up INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS session_account ON session (account)")
TABLE("CREATE TABLE IF NOT EXISTS policy (name TEXT PRIMARY KEY, value TEXT NOT NULL, author TEXT NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID")
