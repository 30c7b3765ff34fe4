/* Records in DNS that are muted or were wrong (auth/directory_dns.h); part of auth/directory_schema.h. No guard. type: RFC 1035 3.2.2. */
TABLE("CREATE TABLE IF NOT EXISTS dns_note (domain TEXT NOT NULL REFERENCES domain (name) ON DELETE CASCADE, name TEXT NOT NULL,"
      " type INTEGER NOT NULL, muted INTEGER NOT NULL, bad INTEGER NOT NULL, checked INTEGER NOT NULL,"
      " PRIMARY KEY (domain, name, type)) WITHOUT ROWID")
