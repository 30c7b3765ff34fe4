/* Tables of escrow, leavers and clearances, as in auth/directory_schema.h. Included once; no guard. */
/* A share of the escrow key of a WRAP_ESCROW credential, sealed to the custodian's public key. docs/keys.md */
TABLE("CREATE TABLE IF NOT EXISTS escrow_share (credential INTEGER NOT NULL REFERENCES credential (id) ON DELETE CASCADE,"
      " account BLOB NOT NULL, custodian BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, sealed BLOB NOT NULL,"
      " PRIMARY KEY (credential, custodian)) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS escrow_share_custodian ON escrow_share (custodian)")
/* Who has left; target: address that gets the mail, empty: it is refused. left_at: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS leaver (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, target TEXT NOT NULL,"
      " author TEXT NOT NULL, left_at INTEGER NOT NULL) WITHOUT ROWID")
/* kind: 1 user, 2 group, 3 partner domain; level: 0 public, 1 internal, 2 confidential, 3 secret. */
TABLE("CREATE TABLE IF NOT EXISTS clearance (kind INTEGER NOT NULL, name TEXT NOT NULL, level INTEGER NOT NULL, author TEXT NOT NULL,"
      " changed INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID")
/* Public keys of an account before the one that it has now. */
TABLE("CREATE TABLE IF NOT EXISTS former_key (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, generation INTEGER NOT NULL,"
      " public_key BLOB NOT NULL, PRIMARY KEY (account, generation)) WITHOUT ROWID")
/* Certificates of destruction, also of accounts that are removed since. body: the text that is signed. */
TABLE("CREATE TABLE IF NOT EXISTS destruction (account BLOB PRIMARY KEY, address TEXT NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL)"
      " WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS credential_label ON credential (kind, label) WHERE kind = 11")
