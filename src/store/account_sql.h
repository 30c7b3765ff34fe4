/* The statements of account.db: ACCOUNT_SQL(id, text). */
ACCOUNT_SQL(BEGIN, "BEGIN IMMEDIATE")
ACCOUNT_SQL(COMMIT, "COMMIT")

ACCOUNT_SQL(STATE_GET, "SELECT cursor, modseq, modseq_mark, uidvalidity, clean, indexed, used, bodies, salvaged, ledger, gone_floor FROM state")
ACCOUNT_SQL(STATE_SET, "UPDATE state SET cursor=?1, modseq=?2, modseq_mark=?3, uidvalidity=?4, clean=?5, used=?6, bodies=?7, ledger=?8, gone_floor=?9")
ACCOUNT_SQL(INDEXED_SET, "UPDATE state SET indexed=?1")

ACCOUNT_SQL(MAILBOX_ALL, "SELECT number, id, name, uidvalidity, uidnext, uid_mark, special, subscribed, live, modseq, messages, unseen, deleted,"
	" size, deleted_size, vanished_floor, created, changed, sort FROM mailbox")
ACCOUNT_SQL(MAILBOX_PUT, "INSERT OR REPLACE INTO mailbox(number, id, name, uidvalidity, uidnext, uid_mark, special, subscribed, live, modseq,"
	" messages, unseen, deleted, size, deleted_size, vanished_floor, created, changed, sort)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)")
ACCOUNT_SQL(MAILBOX_COUNTS, "UPDATE mailbox SET uidnext=?2, uid_mark=?3, modseq=?4, messages=?5, unseen=?6, deleted=?7, size=?8, deleted_size=?9,"
	" vanished_floor=?10 WHERE number=?1")
ACCOUNT_SQL(MAILBOX_DELETE, "DELETE FROM mailbox WHERE number=?1")

ACCOUNT_SQL(KEYWORD_ALL, "SELECT number, name FROM keyword ORDER BY number")
ACCOUNT_SQL(KEYWORD_PUT, "INSERT INTO keyword(number, name) VALUES(?1, ?2)")

#define MESSAGE_COLUMNS "m.uid, m.modseq, m.flags, m.keywords, m.size, m.internal, m.saved, m.email, m.thread, m.body"
ACCOUNT_SQL(MESSAGE_RANGE, "SELECT " MESSAGE_COLUMNS " FROM message m WHERE m.mailbox=?1 AND m.uid BETWEEN ?2 AND ?3 ORDER BY m.uid")
ACCOUNT_SQL(MESSAGE_FLAGS_RANGE, "SELECT uid, modseq, flags, keywords FROM message WHERE mailbox=?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid")
ACCOUNT_SQL(MESSAGE_DIGEST, "SELECT " MESSAGE_COLUMNS ", b.digest, b.prefix FROM message m JOIN body b ON b.number=m.body"
	" WHERE m.mailbox=?1 AND m.uid BETWEEN ?2 AND ?3 ORDER BY m.uid")
#define BODY_COLUMNS "b.number, b.pack, b.ordinal, b.offset, b.kind, b.data_key, b.prefix"
ACCOUNT_SQL(MESSAGE_ONE, "SELECT " MESSAGE_COLUMNS ", b.digest, " BODY_COLUMNS " FROM message m JOIN body b ON b.number=m.body"
	" WHERE m.mailbox=?1 AND m.uid=?2")
ACCOUNT_SQL(MESSAGE_CHANGED, "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_modseq WHERE m.mailbox=?1 AND m.modseq>?4"
	" AND m.uid BETWEEN ?2 AND ?3 ORDER BY m.uid")
/* An email came into the account with its first row. */
ACCOUNT_SQL(MESSAGE_PUT, "INSERT INTO message(mailbox, uid, modseq, flags, keywords, size, internal, saved, email, thread, body, created)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11, coalesce((SELECT e.created FROM message e WHERE e.email=?9 LIMIT 1), ?3))")
ACCOUNT_SQL(MESSAGE_FLAGS, "UPDATE message SET modseq=?3, flags=?4, keywords=?5 WHERE mailbox=?1 AND uid=?2")
ACCOUNT_SQL(MESSAGE_DELETE, "DELETE FROM message WHERE mailbox=?1 AND uid=?2")

ACCOUNT_SQL(BODY_PUT, "INSERT INTO body(seq, pack, ordinal, offset, size, refs, kind, cut, data_key, prefix, digest)"
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)")
ACCOUNT_SQL(BODY_ROWS, "SELECT " MESSAGE_COLUMNS ", m.mailbox FROM message m INDEXED BY message_body WHERE m.body=?1 ORDER BY m.mailbox, m.uid")
ACCOUNT_SQL(BODY_BY_SEQ, "SELECT number FROM body WHERE seq=?1")
ACCOUNT_SQL(BODY_OF, "SELECT b.digest, " BODY_COLUMNS " FROM message m JOIN body b ON b.number=m.body WHERE m.mailbox=?1 AND m.uid=?2")
ACCOUNT_SQL(BODY_ADD_REF, "UPDATE body SET refs=refs+1 WHERE number=?1")
ACCOUNT_SQL(BODY_DROP_REF, "UPDATE body SET refs=refs-1 WHERE number=?1 RETURNING refs, seq")
ACCOUNT_SQL(BODY_SIZE, "SELECT size FROM body WHERE number=?1")
ACCOUNT_SQL(BODY_DELETE, "DELETE FROM body WHERE number=?1")
ACCOUNT_SQL(DAMAGED_PUT, "INSERT OR IGNORE INTO damaged(body) VALUES(?1)")
ACCOUNT_SQL(DAMAGED_ANY, "SELECT EXISTS(SELECT 1 FROM damaged)")
ACCOUNT_SQL(DAMAGED_HAS, "SELECT d.body FROM damaged d JOIN message m ON m.body=d.body WHERE m.mailbox=?1 AND m.uid=?2")
ACCOUNT_SQL(DAMAGED_DELETE, "DELETE FROM damaged WHERE body=?1")
ACCOUNT_SQL(BODY_TOTAL, "SELECT coalesce(sum(size),0), count(*) FROM body WHERE refs>0")
ACCOUNT_SQL(BODY_PLACE, "SELECT pack, ordinal, offset, data_key FROM body WHERE number=?1")
ACCOUNT_SQL(BODY_NEXT, "SELECT number FROM body WHERE number>?1 ORDER BY number LIMIT ?2")
ACCOUNT_SQL(BODY_ALL, "SELECT number, seq, pack, ordinal, offset, data_key, refs, kind FROM body ORDER BY number")
ACCOUNT_SQL(BODY_REFS_CHECK, "SELECT b.number FROM body b WHERE b.refs <> (SELECT count(*) FROM message m WHERE m.body=b.number) LIMIT 1")
ACCOUNT_SQL(BODY_ORPHANS, "SELECT m.uid FROM message m WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.number=m.body) LIMIT 1")

/* What was expunged a short while ago: a body without rows, and the row that was its last one (account_bin.c). */
ACCOUNT_SQL(BIN_PUT, "INSERT OR REPLACE INTO bin(body, gone, was) VALUES(?1, ?2, ?3)")
ACCOUNT_SQL(BIN_ALL, "SELECT i.body, i.gone, i.was, b.size, b.digest, b.prefix FROM bin i JOIN body b ON b.number=i.body ORDER BY i.gone DESC, i.body DESC")
ACCOUNT_SQL(BIN_ONE, "SELECT i.body, i.gone, i.was, b.size, b.digest, b.prefix, b.seq FROM bin i JOIN body b ON b.number=i.body WHERE i.body=?1")
ACCOUNT_SQL(BIN_DELETE, "DELETE FROM bin WHERE body=?1")
ACCOUNT_SQL(BIN_OVER, "SELECT i.body, b.seq FROM bin i JOIN body b ON b.number=i.body WHERE i.gone<?1 OR substr(i.was, 1, 8)<?2 LIMIT ?3")
ACCOUNT_SQL(BIN_CHECK, "SELECT i.body FROM bin i WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.number=i.body AND b.refs=0) LIMIT 1")
ACCOUNT_SQL(SAVED_BEFORE, "SELECT uid FROM message WHERE mailbox=?1 AND saved<?2 ORDER BY uid LIMIT ?3")

ACCOUNT_SQL(TEXT_PUT, "INSERT INTO body_text(body, size, text) VALUES(?1, ?2, ?3)")
ACCOUNT_SQL(TEXT_GET, "SELECT size, text FROM body_text WHERE body=?1")
ACCOUNT_SQL(TEXT_DELETE, "DELETE FROM body_text WHERE body=?1")

ACCOUNT_SQL(VANISHED_PUT, "INSERT OR REPLACE INTO vanished(mailbox, modseq, first, last) VALUES(?1, ?2, ?3, ?4)")
ACCOUNT_SQL(VANISHED_SINCE, "SELECT first, last FROM vanished WHERE mailbox=?1 AND modseq>?2")
ACCOUNT_SQL(VANISHED_FLOOR, "SELECT modseq FROM vanished WHERE mailbox=?1 ORDER BY modseq LIMIT 1 OFFSET ?2")
ACCOUNT_SQL(VANISHED_TRIM, "DELETE FROM vanished WHERE mailbox=?1 AND modseq<=?2")

ACCOUNT_SQL(THREAD_GET, "SELECT thread FROM thread WHERE hash=?1")
ACCOUNT_SQL(THREAD_PUT, "INSERT OR IGNORE INTO thread(hash, thread) VALUES(?1, ?2)")

ACCOUNT_SQL(UNREF_PUT, "INSERT OR IGNORE INTO unref(seq, now) VALUES(?1, 0)")
ACCOUNT_SQL(UNREF_NOW, "INSERT OR REPLACE INTO unref(seq, now) VALUES(?1, 1)")
ACCOUNT_SQL(UNREF_FORGET, "DELETE FROM unref WHERE seq=?1")
ACCOUNT_SQL(UNREF_HAS, "SELECT 1 FROM unref WHERE seq=?1")
ACCOUNT_SQL(UNREF_LIST, "SELECT seq FROM unref WHERE now=?2 ORDER BY seq LIMIT ?1")
ACCOUNT_SQL(UNREF_DELETE, "DELETE FROM unref WHERE seq=?1 AND now<=?2")

ACCOUNT_SQL(INDEX_PUT, "INSERT INTO search(rowid, text) VALUES(?1, ?2)")
ACCOUNT_SQL(INDEX_DELETE, "DELETE FROM search WHERE rowid=?1")
ACCOUNT_SQL(INDEX_MATCH, "SELECT m.uid, m.body FROM search s JOIN message m ON m.body=s.rowid AND m.mailbox=?2 WHERE s.search MATCH ?1"
	" AND s.rowid BETWEEN ?3 AND ?4")
ACCOUNT_SQL(INDEX_RANGE, "SELECT coalesce(min(body),1), coalesce(max(body),0) FROM message WHERE mailbox=?1 AND uid BETWEEN ?2 AND ?3")
ACCOUNT_SQL(INDEX_CUT, "SELECT m.uid, m.body FROM body b INDEXED BY body_cut JOIN message m ON m.body=b.number WHERE b.cut<>0 AND m.mailbox=?1"
	" AND b.number<=?2")
ACCOUNT_SQL(INDEX_ABOVE, "SELECT uid, body FROM message INDEXED BY message_body WHERE mailbox=?1 AND body>?2")
ACCOUNT_SQL(SEARCH_ROWS, "SELECT uid, body FROM message WHERE mailbox=?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid")
ACCOUNT_SQL(CHECK_COUNTS, "SELECT count(*), coalesce(sum((flags & 1)=0),0), coalesce(sum((flags & 8)<>0),0), coalesce(sum(size),0),"
	" coalesce(max(uid),0), coalesce(max(modseq),0) FROM message WHERE mailbox=?1")

/* Table junk: what waits to be learnt, what was learnt of a letter, the table of tokens (docs/account-db.md). */
ACCOUNT_SQL(TODO_PUT, "INSERT INTO junk(kind, key, data, body, value) VALUES(2, (SELECT coalesce(max(key),0)+1 FROM junk WHERE kind=2), ?1, ?2, ?3)")
ACCOUNT_SQL(TODO_NEXT, "SELECT key, data, body, value FROM junk WHERE kind=2 ORDER BY key LIMIT 1")
ACCOUNT_SQL(LESSON_COUNT, "SELECT count(*) FROM junk WHERE kind=2")
ACCOUNT_SQL(TODO_DELETE, "DELETE FROM junk WHERE kind=2 AND key=?1")
ACCOUNT_SQL(LEARNT_GET, "SELECT body, value FROM junk WHERE kind=1 AND key=?1")
ACCOUNT_SQL(LEARNT_PUT, "INSERT OR REPLACE INTO junk(kind, key, body, value) VALUES(1, ?1, ?2, ?3)")
ACCOUNT_SQL(LEARNT_DELETE, "DELETE FROM junk WHERE kind=1 AND key=?1")
ACCOUNT_SQL(LEARNT_TRIM, "DELETE FROM junk WHERE kind=1 AND body<?1")
ACCOUNT_SQL(TABLE_LEARNT, "SELECT coalesce(max(value),0) FROM junk WHERE kind=0")
ACCOUNT_SQL(TABLE_GET, "SELECT value, body, data FROM junk WHERE kind=0")
ACCOUNT_SQL(TABLE_PUT, "INSERT OR REPLACE INTO junk(kind, key, value, body, data) VALUES(0, 0, ?1, ?2, ?3)")
ACCOUNT_SQL(JUNK_CLEAR, "DELETE FROM junk")
ACCOUNT_SQL(LEARN_GOOD, "SELECT m.email, m.body FROM message m WHERE m.mailbox=?1 AND (m.flags & 1)<>0 AND (m.flags & 8)=0 AND (m.keywords & ?3)=0"
	" AND NOT EXISTS(SELECT 1 FROM junk l WHERE l.kind=1 AND l.key=m.email) ORDER BY m.uid DESC LIMIT ?2")

ACCOUNT_SQL(NOTE_GET, "SELECT value FROM note WHERE name=?1")
ACCOUNT_SQL(NOTE_PUT, "INSERT INTO note(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value=?2")

/* Questions about the whole account (account_email.c). Visible: without \\Deleted (8); unread: without \\Seen, \\Deleted, \\Draft (25). */
ACCOUNT_SQL(EMAIL_ROWS, "SELECT " MESSAGE_COLUMNS ", m.mailbox FROM message m INDEXED BY message_email WHERE m.email=?1 ORDER BY m.mailbox, m.uid")
ACCOUNT_SQL(THREAD_ROWS, "SELECT " MESSAGE_COLUMNS ", m.mailbox FROM message m INDEXED BY message_thread WHERE m.thread=?1"
	" ORDER BY m.internal, m.created, m.email, m.mailbox, m.uid")
ACCOUNT_SQL(THREAD_KEYWORD, "SELECT 1 FROM message INDEXED BY message_thread WHERE thread=?1 AND keywords & ?2 LIMIT 1")
ACCOUNT_SQL(NEWEST_ONE, "SELECT uid, internal, email, thread, mailbox FROM message INDEXED BY message_newest WHERE mailbox=?1 AND flags&8=0"
	" ORDER BY internal DESC, email DESC")
ACCOUNT_SQL(NEWEST_ALL, "SELECT uid, internal, email, thread, mailbox FROM message INDEXED BY message_all WHERE flags&8=0"
	" ORDER BY internal DESC, email DESC")
ACCOUNT_SQL(CHANGED_ROWS, "SELECT modseq, created, email, thread, flags&8=0 OR EXISTS(SELECT 1 FROM message e WHERE e.email=m.email AND e.flags&8=0)"
	" FROM message m INDEXED BY message_modseq WHERE mailbox=?1 AND modseq>?2")
ACCOUNT_SQL(CHANGED_GONE, "SELECT modseq, created, id, thread, EXISTS(SELECT 1 FROM message e WHERE e.email=g.id AND e.flags&8=0) FROM gone g"
	" WHERE modseq>?1 AND kind=0")
ACCOUNT_SQL(CHANGED_THREADS, "SELECT DISTINCT t.mailbox FROM message m INDEXED BY message_modseq JOIN message t INDEXED BY message_thread"
	" ON t.thread=m.thread WHERE m.mailbox=?1 AND m.modseq>?2")
ACCOUNT_SQL(CHANGED_THREADS_GONE, "SELECT DISTINCT t.mailbox FROM gone g JOIN message t INDEXED BY message_thread ON t.thread=g.thread"
	" WHERE g.modseq>?1 AND g.kind=0")
ACCOUNT_SQL(GONE_MAILBOXES, "SELECT modseq, created, id FROM gone WHERE modseq>?1 AND kind=1")
ACCOUNT_SQL(GONE_EMAIL, "INSERT OR REPLACE INTO gone SELECT ?3, 0, email, thread, created FROM message WHERE mailbox=?1 AND uid=?2")
ACCOUNT_SQL(GONE_MAILBOX, "INSERT OR REPLACE INTO gone VALUES(?1, 1, ?2, NULL, ?3)")
ACCOUNT_SQL(GONE_COUNT, "SELECT count(*) FROM gone")
ACCOUNT_SQL(GONE_FLOOR, "SELECT modseq FROM gone ORDER BY modseq DESC LIMIT 1 OFFSET ?1")
ACCOUNT_SQL(GONE_TRIM, "DELETE FROM gone WHERE modseq<=?1")
ACCOUNT_SQL(COUNT_THREADS, "SELECT thread, mailbox FROM message INDEXED BY message_thread ORDER BY thread")
/* The same where there are rows that are not visible: the index does not know them. */
ACCOUNT_SQL(COUNT_VISIBLE, "SELECT thread, mailbox FROM message INDEXED BY message_thread WHERE flags&8=0 ORDER BY thread")
/* Emails that are in a mailbox more than once, and how often each is unread there. */
ACCOUNT_SQL(COUNT_REPEATED, "SELECT mailbox, email, count(*) FROM message INDEXED BY message_newest WHERE flags&8=0 GROUP BY mailbox, internal, email"
	" HAVING count(*)>1")
ACCOUNT_SQL(COUNT_REPEATED_UNREAD, "SELECT count(*) FROM message INDEXED BY message_email WHERE email=?1 AND mailbox=?2 AND flags&25=0")
ACCOUNT_SQL(COUNT_THREAD, "SELECT mailbox, flags, email FROM message INDEXED BY message_thread WHERE thread=?1 AND flags&8=0")
ACCOUNT_SQL(COUNT_UNREAD, "SELECT mailbox, thread FROM message INDEXED BY message_unread WHERE flags&25=0 ORDER BY mailbox, thread")
