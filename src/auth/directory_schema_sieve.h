/* Sieve scripts (auth/sieve.h); part of auth/directory_schema.h. No guard. active: 1 for one of an account at most; bytes: of text; changed: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS sieve_script (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, name TEXT NOT NULL,"
      " text BLOB NOT NULL, bytes INTEGER NOT NULL, active INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS sieve_script_active ON sieve_script (account, bytes) WHERE active = 1")
