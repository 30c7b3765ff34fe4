/* The statements of the own authority; part of auth/directory_queries.h. No guard. */
#define AUTHORITY_COLUMNS "id, kind, parent, state, key, algorithm, organisation, domains, certificate, not_before, not_after, created, author, " \
	"approver, crl_number, crl_made, crl_ends, crl_due"
QUERY(AUTHORITY_ADD, "INSERT INTO ca_authority (kind, parent, state, key, algorithm, organisation, domains, certificate, not_before, not_after, "
	"created, author, approver, crl, crl_number, crl_made, crl_ends, crl_due) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, x'', 0, 0, 0, 1) RETURNING id")
QUERY(AUTHORITY_GET, "SELECT " AUTHORITY_COLUMNS " FROM ca_authority WHERE id = ?1")
QUERY(AUTHORITY_ACTIVE, "SELECT " AUTHORITY_COLUMNS " FROM ca_authority WHERE kind = ?1 AND state = 1 ORDER BY id DESC LIMIT 1")
QUERY(AUTHORITY_LIST, "SELECT " AUTHORITY_COLUMNS " FROM ca_authority ORDER BY id DESC LIMIT ?1")
QUERY(AUTHORITY_STATE, "UPDATE ca_authority SET state = ?2, crl_due = 1 WHERE id = ?1")
QUERY(AUTHORITY_FORGET_KEY, "UPDATE ca_authority SET key = x'' WHERE id = ?1")
QUERY(AUTHORITY_DUE, "UPDATE ca_authority SET crl_due = 1 WHERE id = ?1")
QUERY(AUTHORITY_CRL_SET, "UPDATE ca_authority SET crl = ?2, crl_number = ?3, crl_made = ?4, crl_ends = ?5 WHERE id = ?1")
QUERY(AUTHORITY_CRL_BEGUN, "UPDATE ca_authority SET crl_due = 0 WHERE id = ?1")
QUERY(AUTHORITY_CRL_GET, "SELECT crl FROM ca_authority WHERE id = ?1")
/* Those that ended by time are on no list. */
QUERY(AUTHORITY_REVOKED, "SELECT serial, revoked, reason FROM ca_certificate WHERE authority = ?1 AND state = 3 AND revoked > 0 AND not_after > ?2 "
	"LIMIT ?3")
QUERY(AUTHORITY_END_ALL, "DELETE FROM credential WHERE kind = 9 AND id IN (SELECT credential FROM ca_certificate WHERE state IN (1, 2))")
QUERY(AUTHORITY_END_REASON, "UPDATE ca_certificate SET reason = ?1, revoker = ?2 WHERE state IN (1, 2)")
QUERY(AUTHORITY_COUNT, "SELECT count(*) FROM ca_certificate WHERE authority = ?1 AND state = ?2 AND not_after > ?3")

#define ISSUED_COLUMNS "id, serial, authority, account, address, credential, device, label, state, reason, spki, key_hash, certificate, fingerprint, " \
	"days, requested, issued, not_after, revoked, approver, revoker, warned"
QUERY(ISSUED_ADD, "INSERT INTO ca_certificate (serial, authority, account, address, credential, device, label, state, reason, spki, key_hash, "
	"certificate, fingerprint, days, requested, issued, not_after, revoked, approver, revoker, told, warned) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, x'', x'', ?11, ?12, 0, 0, 0, '', '', 0, 0) RETURNING id")
QUERY(ISSUED_GOOD, "UPDATE ca_certificate SET state = 2, authority = ?2, certificate = ?3, fingerprint = ?4, issued = ?5, not_after = ?6, approver = ?7, "
	"told = 0 WHERE id = ?1 AND state = 1")
QUERY(ISSUED_ENDING, "UPDATE ca_certificate SET reason = ?2, revoker = ?3 WHERE id = ?1")
QUERY(ISSUED_TOLD, "UPDATE ca_certificate SET told = 1, reason = ?2, revoked = CASE WHEN state = 3 AND revoked = 0 THEN ?3 ELSE revoked END WHERE id = ?1")
QUERY(ISSUED_WARNED, "UPDATE ca_certificate SET warned = 1 WHERE id = ?1")
QUERY(ISSUED_GET, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE serial = ?1")
QUERY(ISSUED_FIND, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE fingerprint = ?1")
QUERY(ISSUED_LIST, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE account = ?1 ORDER BY id DESC LIMIT ?2")
QUERY(ISSUED_ALL, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE id < ?1 AND (?2 = 0 OR state = ?2) ORDER BY id DESC LIMIT ?3")
QUERY(ISSUED_WAITING, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE device = ?1 AND state = 1 ORDER BY id LIMIT ?2")
QUERY(ISSUED_UNTOLD, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE told = 0 ORDER BY id LIMIT ?1")
QUERY(ISSUED_ENDS, "SELECT " ISSUED_COLUMNS " FROM ca_certificate WHERE state = 2 AND not_after > ?1 AND not_after <= ?2 AND warned <= ?3 "
	"ORDER BY not_after LIMIT ?4")
/* A key belongs to one account, and not even to that when it was stolen. */
QUERY(ISSUED_KEY_TAKEN, "SELECT 1 FROM ca_certificate WHERE key_hash = ?1 AND (account <> ?2 OR reason = 1) LIMIT 1")
QUERY(ISSUED_OPEN, "SELECT count(*) FROM ca_certificate WHERE account = ?1 AND state IN (1, 2) AND (state = 1 OR not_after > ?2)")
