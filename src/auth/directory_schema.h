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
/* state: 1 asked, 2 given, 3 refused, 4 withdrawn. args: JSON without secrets. needs: right of the second person. */
TABLE("CREATE TABLE IF NOT EXISTS approval (id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, args TEXT NOT NULL, asker BLOB NOT NULL,"
      " asker_name TEXT NOT NULL, reason TEXT NOT NULL, state INTEGER NOT NULL, decider TEXT NOT NULL, created INTEGER NOT NULL,"
      " decided INTEGER NOT NULL, ends INTEGER NOT NULL, needs INTEGER NOT NULL)")
/* Sessions of API and web, and tokens: found by a keyed hash; wrap: the account's secrets under the token. docs/keys.md */
TABLE("CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " lookup BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, label TEXT NOT NULL, scopes INTEGER NOT NULL, factors INTEGER NOT NULL,"
      " wrap BLOB NOT NULL, device INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL, created INTEGER NOT NULL,"
      " used INTEGER NOT NULL, idle INTEGER NOT NULL, ends INTEGER NOT NULL, stepped_up INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS session_account ON session (account)")
/* Idempotency keys of a day (auth/once.h). state: 1 begun, 2 done. */
TABLE("CREATE TABLE IF NOT EXISTS call_once (id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL,"
      " state INTEGER NOT NULL, status INTEGER NOT NULL, result TEXT NOT NULL, created INTEGER NOT NULL, UNIQUE (subject, key))")
TABLE("CREATE INDEX IF NOT EXISTS call_once_created ON call_once (created)")
TABLE("CREATE TABLE IF NOT EXISTS policy (name TEXT PRIMARY KEY, value TEXT NOT NULL, author TEXT NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID")
/* Second factors (auth/factors.h). data: state, sealed with a key of the account's secrets; confirmed, used: unix seconds, 0: not yet. */
TABLE("CREATE TABLE IF NOT EXISTS factor (id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " kind INTEGER NOT NULL, label TEXT NOT NULL, lookup BLOB NOT NULL UNIQUE, data BLOB NOT NULL, confirmed INTEGER NOT NULL,"
      " created INTEGER NOT NULL, used INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS factor_account ON factor (account, kind)")
/* Codes that were sent; for WebAuthn, challenges that were answered. account: all zero when nobody was named. */
TABLE("CREATE TABLE IF NOT EXISTS factor_challenge (id BLOB PRIMARY KEY, account BLOB NOT NULL, kind INTEGER NOT NULL, factor INTEGER NOT NULL,"
      " data BLOB NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS factor_challenge_account ON factor_challenge (account)")
TABLE("CREATE TABLE IF NOT EXISTS factor_tries (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, count INTEGER NOT NULL,"
      " since INTEGER NOT NULL) WITHOUT ROWID")
/* How many codes an account had sent on one day (since 1970). */
TABLE("CREATE TABLE IF NOT EXISTS factor_sent (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, day INTEGER NOT NULL,"
      " count INTEGER NOT NULL) WITHOUT ROWID")
/* Former passwords: what only Argon2id and the pepper of `key` give again. */
TABLE("CREATE TABLE IF NOT EXISTS password_history (account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, credential INTEGER NOT NULL,"
      " salt BLOB NOT NULL, passes INTEGER NOT NULL, memory INTEGER NOT NULL, checks BLOB NOT NULL, created INTEGER NOT NULL,"
      " PRIMARY KEY (account, credential)) WITHOUT ROWID")
/* Password hashes of another system, until the first sign-in. */
TABLE("CREATE TABLE IF NOT EXISTS imported_password (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, hash TEXT NOT NULL,"
      " created INTEGER NOT NULL) WITHOUT ROWID")
/* Our authorization server (auth/oauth.h). granted: id of the grant. */
TABLE("CREATE TABLE IF NOT EXISTS oauth_client (id TEXT PRIMARY KEY, name TEXT NOT NULL, redirects TEXT NOT NULL, scope TEXT NOT NULL,"
      " device INTEGER NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID")
TABLE("CREATE TABLE IF NOT EXISTS oauth_grant (id INTEGER PRIMARY KEY, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " client TEXT NOT NULL, scope TEXT NOT NULL, proven INTEGER NOT NULL, created INTEGER NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS oauth_grant_account ON oauth_grant (account)")
TABLE("CREATE TABLE IF NOT EXISTS oauth_session (session INTEGER PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,"
      " granted INTEGER NOT NULL REFERENCES oauth_grant (id) ON DELETE CASCADE, scope TEXT NOT NULL)")
TABLE("CREATE INDEX IF NOT EXISTS oauth_session_granted ON oauth_session (granted)")
/* Refresh tokens that were used, by keyed hash; ends: unix seconds. */
TABLE("CREATE TABLE IF NOT EXISTS oauth_spent (lookup BLOB PRIMARY KEY, granted INTEGER NOT NULL REFERENCES oauth_grant (id) ON DELETE CASCADE,"
      " ends INTEGER NOT NULL) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS oauth_spent_granted ON oauth_spent (granted)")
TABLE("CREATE TABLE IF NOT EXISTS external_identity (issuer TEXT NOT NULL, subject TEXT NOT NULL,"
      " account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE, email TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,"
      " PRIMARY KEY (issuer, subject)) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS external_identity_account ON external_identity (account)")
TABLE("CREATE TABLE IF NOT EXISTS device_certificate (fingerprint BLOB PRIMARY KEY, credential INTEGER NOT NULL REFERENCES credential (id)"
      " ON DELETE CASCADE, account BLOB NOT NULL, label TEXT NOT NULL, not_after INTEGER NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS device_certificate_credential ON device_certificate (credential)")
/* disabled: it was this synchronisation that disabled the account. */
TABLE("CREATE TABLE IF NOT EXISTS ldap_person (key BLOB PRIMARY KEY, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " dn TEXT NOT NULL, disabled INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS ldap_person_account ON ldap_person (account)")
TABLE("CREATE TABLE IF NOT EXISTS ldap_group (key BLOB PRIMARY KEY, domain TEXT NOT NULL, local TEXT NOT NULL,"
      " FOREIGN KEY (domain, local) REFERENCES address (domain, local) ON DELETE CASCADE) WITHOUT ROWID")
/* Certificates of the server (auth/directory_tls.h); key: its number in `key`. And our accounts at directories of ACME. */
TABLE("CREATE TABLE IF NOT EXISTS tls_certificate (id INTEGER PRIMARY KEY AUTOINCREMENT, names TEXT NOT NULL, key INTEGER NOT NULL, key_hash BLOB NOT NULL,"
      " source INTEGER NOT NULL, chain TEXT NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL, created INTEGER NOT NULL, attempt INTEGER NOT NULL,"
      " failures INTEGER NOT NULL, error TEXT NOT NULL, must_staple INTEGER NOT NULL, ocsp BLOB NOT NULL, ocsp_next INTEGER NOT NULL, told INTEGER NOT NULL)")
TABLE("CREATE TABLE IF NOT EXISTS acme_account (directory TEXT PRIMARY KEY, key INTEGER NOT NULL, url TEXT NOT NULL) WITHOUT ROWID")
/* MTA-STS of a domain (RFC 8461); mode: enum sts_mode. No row: no policy. */
TABLE("CREATE TABLE IF NOT EXISTS domain_sts (domain TEXT PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE, mode INTEGER NOT NULL,"
      " max_age INTEGER NOT NULL) WITHOUT ROWID")
/* Domains whose mail goes to another server. verify: 1 none, 2 list, 3 call, 4 ldap; tls: 1 with a certificate for the name. */
TABLE("CREATE TABLE IF NOT EXISTS relay_domain (domain TEXT PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE, host TEXT NOT NULL,"
      " port INTEGER NOT NULL, verify INTEGER NOT NULL, tls INTEGER NOT NULL) WITHOUT ROWID")
/* The server behind a relay domain. client_info: 0 none, 1 PROXY, 2 XCLIENT; networks: prefixes with spaces between them. */
TABLE("CREATE TABLE IF NOT EXISTS relay_server (domain TEXT PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE,"
      " client_info INTEGER NOT NULL, networks TEXT NOT NULL) WITHOUT ROWID")
/* What is done with letters to a relay domain. judge: 0 no, 1 yes; junk: 0 tag, 1 reject, 2 hold; size: bytes, 0: no limit. */
TABLE("CREATE TABLE IF NOT EXISTS relay_policy (domain TEXT PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE,"
      " judge INTEGER NOT NULL, junk INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID")
#include "auth/directory_schema_book.h"
#include "auth/directory_schema_contain.h"
#include "auth/directory_schema_ca.h"
#include "auth/directory_schema_sieve.h"
#include "auth/directory_schema_device.h"
#include "auth/directory_schema_dkim.h"
#include "auth/directory_schema_dns.h"
#include "auth/directory_schema_keys.h"
#include "auth/directory_schema_notice.h"
#include "auth/directory_schema_web.h"
