/*
 * Tables of devices, access and hygiene; part of auth/directory_schema.h. No guard.
 *
 * A device: what signs in. state: 1 pending, 2 approved, 3 blocked. proven, claimed: JSON; fingerprint: keyed hash over both, as approved;
 * lookup: keyed hash of the key that a browser keeps (else empty).
 */
TABLE("CREATE TABLE IF NOT EXISTS device (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " name TEXT NOT NULL, state INTEGER NOT NULL, proven TEXT NOT NULL, claimed TEXT NOT NULL, fingerprint BLOB NOT NULL, lookup BLOB NOT NULL,"
      " created INTEGER NOT NULL, used INTEGER NOT NULL, address TEXT NOT NULL, protocol INTEGER NOT NULL, approver TEXT NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS device_account ON device (account)")
TABLE("CREATE INDEX IF NOT EXISTS device_lookup ON device (lookup) WHERE length(lookup) > 0")
/* What a credential may be used for. protocols: bits 1 << protocol, 0: all; networks: prefixes separated by spaces, empty: all; ends 0: none. */
TABLE("CREATE TABLE IF NOT EXISTS credential_rule (credential INTEGER PRIMARY KEY, account BLOB NOT NULL REFERENCES account (id)"
      " ON DELETE CASCADE, device INTEGER NOT NULL, protocols INTEGER NOT NULL, networks TEXT NOT NULL, ends INTEGER NOT NULL,"
      " used INTEGER NOT NULL, address TEXT NOT NULL, uses INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS credential_rule_account ON credential_rule (account)")
TABLE("CREATE INDEX IF NOT EXISTS credential_rule_device ON credential_rule (device)")
/* Every sign-in of 30 days. network: /24 or /48 of the address; risk: bits of auth/condition.h; outcome: 1 ok, 2 refused, 3 by policy. */
TABLE("CREATE TABLE IF NOT EXISTS signin (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " time INTEGER NOT NULL, address TEXT NOT NULL, protocol INTEGER NOT NULL, device INTEGER NOT NULL, credential INTEGER NOT NULL,"
      " client TEXT NOT NULL, factors INTEGER NOT NULL, risk INTEGER NOT NULL, outcome INTEGER NOT NULL, rule TEXT NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS signin_account ON signin (account, id)")
TABLE("CREATE INDEX IF NOT EXISTS signin_time ON signin (time)")
TABLE("CREATE INDEX IF NOT EXISTS credential_rule_ends ON credential_rule (ends) WHERE ends > 0")
/* Sessions that rest on a token of an identity provider end at this time unless a newer one comes. */
TABLE("CREATE TABLE IF NOT EXISTS external_lease (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, credential INTEGER NOT NULL,"
      " ends INTEGER NOT NULL, PRIMARY KEY (account, credential)) WITHOUT ROWID")
/* The hours of a day in which an account signed in: bit h of hours, UTC. day: since 1970. */
TABLE("CREATE TABLE IF NOT EXISTS signin_day (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, day INTEGER NOT NULL,"
      " hours INTEGER NOT NULL, PRIMARY KEY (account, day)) WITHOUT ROWID")
/* Where an account has signed in from. */
TABLE("CREATE TABLE IF NOT EXISTS signin_place (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, network TEXT NOT NULL,"
      " used INTEGER NOT NULL, PRIMARY KEY (account, network)) WITHOUT ROWID")
TABLE("CREATE TABLE IF NOT EXISTS account_use (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, used INTEGER NOT NULL) WITHOUT ROWID")
/* What was unusual when a session began: bits of auth/condition.h. Sessions without a row: nothing. */
TABLE("CREATE TABLE IF NOT EXISTS session_risk (session INTEGER PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE, risk INTEGER NOT NULL)")
/* The review of rights: a snapshot of grants. decision: 0 open, 1 keep, 2 ended, 3 lapsed. ended 0: open. */
TABLE("CREATE TABLE IF NOT EXISTS review (id INTEGER PRIMARY KEY AUTOINCREMENT, author TEXT NOT NULL, started INTEGER NOT NULL, ends INTEGER NOT NULL,"
      " ended INTEGER NOT NULL)")
TABLE("CREATE TABLE IF NOT EXISTS review_row (review INTEGER NOT NULL REFERENCES review (id) ON DELETE CASCADE, granted INTEGER NOT NULL,"
      " decision INTEGER NOT NULL, signer TEXT NOT NULL, decided INTEGER NOT NULL, PRIMARY KEY (review, granted)) WITHOUT ROWID")
/* Third parties. ref: number of the token, or id of the OAuth client; empty for others. ends 0: no end. */
TABLE("CREATE TABLE IF NOT EXISTS party (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, kind INTEGER NOT NULL, owner BLOB NOT NULL,"
      " scope TEXT NOT NULL, ref TEXT NOT NULL, created INTEGER NOT NULL, ends INTEGER NOT NULL, used INTEGER NOT NULL, reviewed INTEGER NOT NULL,"
      " reviewer TEXT NOT NULL, ended INTEGER NOT NULL)")
