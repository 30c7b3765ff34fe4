/* Keys of DKIM; part of auth/directory_schema.h. No guard. id: of the key in the role `key`; state, algorithm: auth/directory_dkim.h. */
TABLE("CREATE TABLE IF NOT EXISTS dkim_key (id BLOB PRIMARY KEY, domain TEXT NOT NULL REFERENCES domain (name) ON DELETE CASCADE,"
      " selector TEXT NOT NULL, algorithm INTEGER NOT NULL, public BLOB NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,"
      " seen INTEGER NOT NULL, activated INTEGER NOT NULL, retired INTEGER NOT NULL, UNIQUE (domain, selector)) WITHOUT ROWID")
