/* The statements of records in DNS; part of auth/directory_queries.h. No guard. */
QUERY(DNS_SET, "INSERT OR REPLACE INTO dns_note (domain, name, type, muted, bad, checked) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
QUERY(DNS_CLEAR, "DELETE FROM dns_note WHERE domain = ?1 AND muted = 0")
QUERY(DNS_LIST, "SELECT name, type, muted, bad, checked FROM dns_note WHERE domain = ?1 ORDER BY name, type LIMIT ?2")
