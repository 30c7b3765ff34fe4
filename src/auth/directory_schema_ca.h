/*
 * The own authority (auth/directory_ca.h); part of auth/directory_schema.h. No guard. key: id in the role `key`, empty when it is destroyed there.
 */
TABLE("CREATE TABLE IF NOT EXISTS ca_authority (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, parent INTEGER NOT NULL,"
      " state INTEGER NOT NULL, key BLOB NOT NULL, algorithm INTEGER NOT NULL, organisation TEXT NOT NULL, domains TEXT NOT NULL,"
      " certificate BLOB NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, created INTEGER NOT NULL, author TEXT NOT NULL,"
      " approver TEXT NOT NULL, crl BLOB NOT NULL, crl_number INTEGER NOT NULL, crl_made INTEGER NOT NULL, crl_ends INTEGER NOT NULL,"
      " crl_due INTEGER NOT NULL)")
/* The ledger: every certificate that was asked for, also of accounts that are removed since. told: its state stands in the audit log. */
TABLE("CREATE TABLE IF NOT EXISTS ca_certificate (id INTEGER PRIMARY KEY AUTOINCREMENT, serial BLOB NOT NULL UNIQUE, authority INTEGER NOT NULL,"
      " account BLOB NOT NULL, address TEXT NOT NULL, credential INTEGER NOT NULL, device INTEGER NOT NULL, label TEXT NOT NULL,"
      " state INTEGER NOT NULL, reason INTEGER NOT NULL, spki BLOB NOT NULL, key_hash BLOB NOT NULL, certificate BLOB NOT NULL,"
      " fingerprint BLOB NOT NULL, days INTEGER NOT NULL, requested INTEGER NOT NULL, issued INTEGER NOT NULL, not_after INTEGER NOT NULL,"
      " revoked INTEGER NOT NULL, approver TEXT NOT NULL, revoker TEXT NOT NULL, told INTEGER NOT NULL, warned INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_account ON ca_certificate (account)")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_credential ON ca_certificate (credential)")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_key ON ca_certificate (key_hash)")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_authority ON ca_certificate (authority, state)")
TABLE("CREATE UNIQUE INDEX IF NOT EXISTS ca_certificate_fingerprint ON ca_certificate (fingerprint) WHERE length(fingerprint) > 0")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_waiting ON ca_certificate (device) WHERE state = 1")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_told ON ca_certificate (told) WHERE told = 0")
TABLE("CREATE INDEX IF NOT EXISTS ca_certificate_ends ON ca_certificate (not_after) WHERE state = 2")
/* reason: auth/directory_ca.h. Whatever ends a credential ends its certificate, in the same change; no way out of an account has to remember it. */
TABLE("CREATE TRIGGER IF NOT EXISTS ca_credential_gone AFTER DELETE ON credential WHEN OLD.kind = 9 BEGIN"
      " UPDATE ca_certificate SET state = CASE state WHEN 2 THEN 3 ELSE 4 END, reason = CASE WHEN reason = 0 AND revoker = '' THEN 5 ELSE reason END,"
      " told = 0 WHERE credential = OLD.id AND state IN (1, 2); END")
TABLE("CREATE TRIGGER IF NOT EXISTS ca_account_stopped AFTER UPDATE OF state ON account WHEN NEW.state <> 1 AND OLD.state = 1 BEGIN"
      " UPDATE ca_certificate SET reason = 3 WHERE account = NEW.id AND state IN (1, 2);"
      " DELETE FROM credential WHERE account = NEW.id AND kind = 9"
      " AND id IN (SELECT credential FROM ca_certificate WHERE account = NEW.id AND state IN (1, 2)); END")
