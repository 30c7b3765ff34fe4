/* Statements of letters to persons; included by directory_queries.h. */
QUERY(OFFICER_IDS, "SELECT id FROM account WHERE state = 1 AND (role = ?1 OR id IN (SELECT account FROM role_grant WHERE state = 2 AND role = ?2 "
	"AND starts <= ?3 AND (ends = 0 OR ends > ?3))) ORDER BY id LIMIT ?4")
QUERY(CHALLENGE_REPLACE, "DELETE FROM factor_challenge WHERE account = ?1 AND kind = ?2 AND kind <> 2")
