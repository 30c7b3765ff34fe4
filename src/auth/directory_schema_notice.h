/* Letters to persons without a mailbox, and who acts on this machine; part of auth/directory_schema.h. No guard. sealed: auth/notice_contact.h. */
TABLE("CREATE TABLE IF NOT EXISTS notice_contact (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, sealed BLOB NOT NULL,"
      " proven INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID")
/* The local users (uid) whose processes have shown a token of the account at the socket; used: unix seconds, by the hour. */
TABLE("CREATE TABLE IF NOT EXISTS local_use (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, uid INTEGER NOT NULL,"
      " used INTEGER NOT NULL, PRIMARY KEY (account, uid)) WITHOUT ROWID")
