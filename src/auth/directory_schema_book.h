/*
 * The address book of the organisation (auth/directory_book.h); part of auth/directory_schema.h. No guard. path: levels with "/" between; place: among its
 * siblings; sees: enum book_sees; viewers: paths, one in a line.
 */
TABLE("CREATE TABLE IF NOT EXISTS book_department (path TEXT PRIMARY KEY, place INTEGER NOT NULL, sees INTEGER NOT NULL, viewers TEXT NOT NULL) WITHOUT ROWID")
/* One row for each account, made with it. named: what the words of the row were made of. */
TABLE("CREATE TABLE IF NOT EXISTS book_person (account BLOB PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, department TEXT NOT NULL,"
      " place INTEGER NOT NULL, sort TEXT NOT NULL, hidden INTEGER NOT NULL, position TEXT NOT NULL, phone TEXT NOT NULL, mobile TEXT NOT NULL,"
      " staff TEXT NOT NULL, reading TEXT NOT NULL, named TEXT NOT NULL) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS book_person_place ON book_person (department, place, sort, account)")
TABLE("CREATE INDEX IF NOT EXISTS book_person_sort ON book_person (sort, account)")
TABLE("CREATE TABLE IF NOT EXISTS book_word (word TEXT NOT NULL, account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
      " PRIMARY KEY (word, account)) WITHOUT ROWID")
TABLE("CREATE INDEX IF NOT EXISTS book_word_account ON book_word (account, word)")
