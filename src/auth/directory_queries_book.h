/* The statements of the address book; part of auth/directory_queries.h. No guard. */
QUERY(BOOK_DEPARTMENT_KEEP, "INSERT INTO book_department (path, place, sees, viewers) VALUES (?1, 0, 0, '') ON CONFLICT DO NOTHING")
QUERY(BOOK_DEPARTMENT_SET, "INSERT INTO book_department (path, place, sees, viewers) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (path) DO UPDATE SET place = ?2, sees = ?3, viewers = ?4")
QUERY(BOOK_DEPARTMENT_GET, "SELECT path, place, sees, viewers FROM book_department WHERE path = ?1")
QUERY(BOOK_DEPARTMENT_LIST, "SELECT path, place, sees, viewers FROM book_department WHERE path > ?1 ORDER BY path LIMIT ?2")
QUERY(BOOK_DEPARTMENT_RULES, "SELECT path, place, sees, viewers FROM book_department WHERE sees <> 0 ORDER BY path LIMIT ?1")
QUERY(BOOK_DEPARTMENT_COUNT, "SELECT COUNT(*) FROM book_department")
/* People, or departments, in it or below it. */
QUERY(BOOK_DEPARTMENT_USED, "SELECT EXISTS (SELECT 1 FROM book_person WHERE department = ?1 OR (department > ?1 || '/' AND department < ?1 || '0'))"
      " OR EXISTS (SELECT 1 FROM book_department WHERE path > ?1 || '/' AND path < ?1 || '0')")
QUERY(BOOK_DEPARTMENT_REMOVE, "DELETE FROM book_department WHERE path = ?1")
QUERY(BOOK_DEPARTMENT_RENAME, "UPDATE book_department SET path = ?2 || substr(path, length(?1) + 1)"
      " WHERE path = ?1 OR (path > ?1 || '/' AND path < ?1 || '0')")
QUERY(BOOK_DEPARTMENT_MOVED, "SELECT id FROM account WHERE id > ?2 AND (department = ?1 OR (department > ?1 || '/' AND department < ?1 || '0')) ORDER BY id LIMIT ?3")
QUERY(BOOK_ACCOUNT_RENAME, "UPDATE account SET department = ?2 || substr(department, length(?1) + 1)"
      " WHERE department = ?1 OR (department > ?1 || '/' AND department < ?1 || '0')")
QUERY(BOOK_GRANT_RENAME, "UPDATE role_grant SET scope_value = ?2 || substr(scope_value, length(?1) + 1)"
      " WHERE scope = 3 AND (scope_value = ?1 OR (scope_value > ?1 || '/' AND scope_value < ?1 || '0'))")

#define BOOK_COLUMNS "account.id, address.local || '@' || address.domain, account.name, book_person.department, account.state, account.role, " \
	"book_person.place, sort, hidden, position, phone, mobile, staff, reading"
#define BOOK_JOIN " JOIN account ON account.id = book_person.account JOIN address ON address.account = account.id AND address.kind = 1 "
QUERY(BOOK_PERSON_GET, "SELECT " BOOK_COLUMNS " FROM book_person" BOOK_JOIN "WHERE book_person.account = ?1")
QUERY(BOOK_PERSON_NAMED, "SELECT named FROM book_person WHERE account = ?1")
QUERY(BOOK_PERSON_PUT, "INSERT INTO book_person (account, department, place, sort, hidden, position, phone, mobile, staff, reading, named)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (account) DO UPDATE SET department = ?2, place = ?3, sort = ?4, hidden = ?5,"
      " position = ?6, phone = ?7, mobile = ?8, staff = ?9, reading = ?10, named = ?11")
QUERY(BOOK_PEOPLE_OF, "SELECT " BOOK_COLUMNS " FROM book_person CROSS" BOOK_JOIN "WHERE book_person.department = ?1"
      " AND (book_person.place, sort, book_person.account) > (?2, ?3, ?4) ORDER BY book_person.place, sort, book_person.account LIMIT ?5")
QUERY(BOOK_PEOPLE_ALL, "SELECT " BOOK_COLUMNS " FROM book_person CROSS" BOOK_JOIN "WHERE (sort, book_person.account) > (?1, ?2)"
      " ORDER BY sort, book_person.account LIMIT ?3")
/* Whose words begin with ?1 (up to ?2), and with each of the others that are given; each person once, at the first such word. */
#define BOOK_ALSO(from, to) " AND (" from " = '' OR EXISTS (SELECT 1 FROM book_word x WHERE x.account = book_word.account AND x.word >= " from " AND x.word < " to "))"
QUERY(BOOK_FIND, "SELECT " BOOK_COLUMNS ", book_word.word FROM book_word CROSS JOIN book_person ON book_person.account = book_word.account CROSS" BOOK_JOIN
      "WHERE book_word.word >= ?1 AND book_word.word < ?2 AND (book_word.word, book_word.account) > (?3, ?4)"
      " AND NOT EXISTS (SELECT 1 FROM book_word v WHERE v.account = book_word.account AND v.word >= ?1 AND v.word < book_word.word)"
      BOOK_ALSO("?6", "?7") BOOK_ALSO("?8", "?9") " ORDER BY book_word.word, book_word.account LIMIT ?5")
QUERY(BOOK_WORDS_FORGET, "DELETE FROM book_word WHERE account = ?1")
QUERY(BOOK_WORD_ADD, "INSERT INTO book_word (word, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
QUERY(BOOK_ACCOUNTS, "SELECT id FROM account WHERE id > ?1 ORDER BY id LIMIT ?2")
