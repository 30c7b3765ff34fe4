/* The statements of spool.db: SQL(id, text). Each is prepared at first use and kept. docs/spool-db.md describes the tables. */
SQL(BEGIN, "BEGIN IMMEDIATE")
SQL(COMMIT, "COMMIT")
SQL(ROLLBACK, "ROLLBACK")
SQL(META_GET, "SELECT value FROM meta WHERE name = ?")
SQL(META_PUT, "INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value")

SQL(PACK_STATE, "SELECT state FROM pack WHERE number = ?")
SQL(PACK_LIST, "SELECT number, state, live, size FROM pack ORDER BY number")
SQL(PACK_PUT, "INSERT INTO pack(number, state, live, size) VALUES(?1, 0, 0, ?2) ON CONFLICT(number) DO UPDATE SET size = ?2")
SQL(PACK_CLOSE, "UPDATE pack SET state = 1 WHERE state = 0 AND number < ?")
SQL(PACK_LIVE, "INSERT INTO pack(number, state, live, size) VALUES(?1, 0, ?2, ?3) "
	"ON CONFLICT(number) DO UPDATE SET live = live + ?2, size = max(size, ?3)")
SQL(PACK_SIZE, "UPDATE pack SET size = ?2 WHERE number = ?1")
SQL(PACK_DEAD, "UPDATE pack SET state = 2 WHERE state = 1 AND live = 0")
SQL(PACK_DEAD_LIST, "SELECT number FROM pack WHERE state = 2 ORDER BY number LIMIT 64")
SQL(PACK_DELETE, "DELETE FROM pack WHERE number = ? AND state = 2")
SQL(PACK_NEXT, "SELECT number FROM pack WHERE state = 1 AND live > 0 AND size > live + 64 AND number > ?1 ORDER BY number LIMIT 1")
SQL(PACK_IDLE, "SELECT COUNT(*) FROM pack WHERE state = 0 AND size > live + 64")
SQL(PACK_WORST, "SELECT number, live, size FROM pack WHERE state = 1 AND live > 0 AND size > 2 * live + 65536 ORDER BY live - size LIMIT 1")

SQL(RECORD_PUT, "INSERT INTO record(id, offset, length, size, refs, accepted) VALUES(?, ?, ?, ?, ?, ?)")
SQL(RECORD_GET, "SELECT offset, length, size, refs, accepted FROM record WHERE id = ?")
SQL(RECORD_UNREF, "UPDATE record SET refs = refs - 1 WHERE id = ? RETURNING refs, length")
SQL(RECORD_DELETE, "DELETE FROM record WHERE id = ?")
SQL(RECORD_OF_PACK, "SELECT id FROM record WHERE id >= ?1 AND id < ?2 ORDER BY id")
SQL(RECORD_MOVE, "UPDATE record SET offset = ?2 WHERE id = ?1")
SQL(RECORD_STATS, "SELECT count(*), coalesce(sum(length), 0) FROM record")

SQL(REF_PUT, "INSERT INTO ref(account, seq, record, kind, size, flags) VALUES(?, ?, ?, ?, ?, ?)")
SQL(REF_GET, "SELECT record, size, drop_after FROM ref WHERE account = ? AND seq = ?")
SQL(REF_DROP, "UPDATE ref SET drop_after = ?3 WHERE account = ?1 AND seq = ?2 AND drop_after IS NULL RETURNING size")
SQL(REF_DROP_NOW, "UPDATE ref SET drop_after = ?3 WHERE account = ?1 AND seq = ?2 AND drop_after > ?3")
SQL(REF_KEEP, "UPDATE ref SET drop_after = NULL WHERE account = ?1 AND seq = ?2 AND drop_after > ?3 RETURNING size")
SQL(REF_DROP_ALL, "UPDATE ref SET drop_after = ?2 WHERE account = ?1 AND (drop_after IS NULL OR drop_after > ?2)")
SQL(REF_DUE, "SELECT account, seq, record FROM ref WHERE drop_after <= ? ORDER BY drop_after LIMIT ?")
SQL(REF_DELETE, "DELETE FROM ref WHERE account = ? AND seq = ?")
/* Arrivals, and between them orders about them (queue/recall.h). */
SQL(REF_AFTER, "SELECT r.seq, r.kind, r.record, r.size, r.flags, k.offset FROM ref r JOIN record k ON k.id = r.record "
	"WHERE r.account = ?1 AND r.seq > ?2 AND r.drop_after IS NULL AND r.kind IN (1, 2) "
	"UNION ALL SELECT seq, 16 + what, record, target, 0, 0 FROM recall WHERE account = ?1 AND seq > ?2 ORDER BY 1 LIMIT ?3")
SQL(REF_WANTED, "SELECT 1 FROM ref WHERE account = ? AND seq = ? AND drop_after IS NULL")
SQL(REF_STATS, "SELECT count(*), count(drop_after) FROM ref")
SQL(REF_DANGLING, "SELECT count(*) FROM ref r LEFT JOIN record k ON k.id = r.record WHERE k.id IS NULL")
SQL(REF_MISCOUNT, "SELECT count(*) FROM record k WHERE k.refs <> "
	"(SELECT count(*) FROM ref r WHERE r.record = k.id) + (SELECT count(*) FROM message m WHERE m.record = k.id)"
	" + (SELECT count(*) FROM quarantine q WHERE q.record = k.id)")

SQL(USE_GET, "SELECT used, count FROM account_use WHERE account = ?")
SQL(USE_ADD, "INSERT INTO account_use(account, used, count) VALUES(?1, ?2, ?3) "
	"ON CONFLICT(account) DO UPDATE SET used = used + ?2, count = count + ?3")
SQL(USE_DELETE, "DELETE FROM account_use WHERE account = ?")

SQL(MESSAGE_PUT, "INSERT INTO message(record, job, size, epoch, created, hold) VALUES(?, ?, ?, ?, ?, 0)")
SQL(MESSAGE_GET, "SELECT job, size, epoch, created, hold FROM message WHERE record = ?")
SQL(MESSAGE_DELETE, "DELETE FROM message WHERE record = ? AND NOT EXISTS (SELECT 1 FROM outbound WHERE outbound.record = message.record)")
SQL(MESSAGE_HOLD, "UPDATE message SET hold = (hold & ~?2) | ?3 WHERE record = ?1")
SQL(MESSAGE_HELD, "SELECT record, hold FROM message WHERE hold <> 0 ORDER BY record LIMIT ?")
SQL(MESSAGE_AFTER, "SELECT record, job, size, created, hold FROM message WHERE record > ? ORDER BY record")
SQL(MESSAGE_EPOCHS, "SELECT epoch FROM message WHERE epoch > 0 UNION SELECT epoch FROM quarantine WHERE epoch > 0 ORDER BY epoch LIMIT ?")
SQL(MESSAGE_STATS, "SELECT count(*), coalesce(sum(size), 0), coalesce(min(created), 0), coalesce(sum(hold <> 0), 0) FROM message")

SQL(OUT_PUT, "INSERT INTO outbound(record, rcpt, state, destination, due) VALUES(?, ?, ?, ?, ?)")
SQL(OUT_GET, "SELECT rcpt, state, destination, due, attempts, delay, tried, code, enhanced, text, host FROM outbound WHERE record = ? ORDER BY rcpt")
SQL(OUT_SET, "UPDATE outbound SET state = ?3, due = ?4, attempts = ?5, tried = ?6, code = ?7, enhanced = ?8, text = ?9, host = ?10 "
	"WHERE record = ?1 AND rcpt = ?2")
SQL(OUT_DELAY, "UPDATE outbound SET delay = ?3 WHERE record = ?1 AND rcpt = ?2 AND delay < ?3")
SQL(OUT_STATE, "UPDATE outbound SET state = ?3 WHERE record = ?1 AND rcpt = ?2 AND state = 0")
SQL(OUT_DUE, "UPDATE outbound SET due = ?2 WHERE record = ?1 AND state = 0")
SQL(OUT_DELETE, "DELETE FROM outbound WHERE record = ? AND rcpt = ?")
SQL(OUT_DELETE_ALL, "DELETE FROM outbound WHERE record = ?")
SQL(OUT_OWED, "SELECT DISTINCT record FROM outbound WHERE state > 0 OR delay = 1")
SQL(REPORT_OUT_PUT, "INSERT INTO report_out(day, domain, kind, hash, count, data) VALUES(?1, ?2, ?3, ?4, 1, ?5) "
	"ON CONFLICT(day, domain, kind, hash) DO UPDATE SET count = count + 1, data = ?5")
SQL(REPORT_OUT_ROWS, "SELECT count(*) FROM report_out")
SQL(REPORT_OUT_OLD, "DELETE FROM report_out WHERE day < ?")
SQL(REPORT_OUT_DROP, "DELETE FROM report_out WHERE day = ?1 AND domain = ?2 AND kind BETWEEN ?3 AND ?4")
SQL(REPORT_OUT_NEXT, "SELECT day, domain, data FROM report_out WHERE day < ?1 AND (day, domain) > (?2, ?3) AND kind = ?4 ORDER BY day, domain LIMIT 1")
SQL(REPORT_OUT_LIST, "SELECT count, data FROM report_out WHERE day = ?1 AND domain = ?2 AND kind = ?4 ORDER BY count DESC LIMIT ?3")
SQL(REPORT_IN_PUT, "INSERT OR REPLACE INTO report_in(domain, day, report, source, kind, reporter, policy, passed, failed) "
	"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
SQL(REPORT_IN_ROWS, "SELECT count(*) FROM report_in")
SQL(REPORT_IN_OLD, "DELETE FROM report_in WHERE day < ?")
SQL(REPORT_IN_LIST, "SELECT source, kind, sum(passed), sum(failed), min(day), max(day), count(DISTINCT report), max(policy), max(reporter) FROM report_in "
	"WHERE domain = ?1 AND day >= ?2 GROUP BY kind, source ORDER BY sum(failed) DESC, sum(passed) DESC LIMIT ?3")
SQL(REPORT_IN_FAILING, "SELECT kind, sum(passed), sum(failed) FROM report_in WHERE domain = ?1 AND day >= ?2 GROUP BY kind "
	"HAVING sum(failed) * 100 > (sum(passed) + sum(failed)) * ?3 ORDER BY kind")
SQL(MEMORY_GET, "SELECT value FROM memory WHERE key = ?1 AND ends > ?2")
SQL(MEMORY_PUT, "INSERT INTO memory(key, value, ends) VALUES(?1, ?2, ?3) ON CONFLICT(key) DO UPDATE SET value = ?2, ends = ?3")
SQL(MEMORY_DROP, "DELETE FROM memory WHERE key = ?")
SQL(MEMORY_ROWS, "SELECT rows FROM memory_use")
SQL(MEMORY_SWEEP, "DELETE FROM memory WHERE key IN (SELECT key FROM memory WHERE ends <= ?1 ORDER BY ends LIMIT ?2)")

SQL(QUARANTINE_PUT, "INSERT INTO quarantine(record, job, readers, size, epoch, created) VALUES(?, ?, ?, ?, ?, ?)")
SQL(QUARANTINE_GET, "SELECT job, readers, size, epoch, created, record IN (SELECT record FROM scheduled) FROM quarantine WHERE record = ?")
SQL(QUARANTINE_AFTER, "SELECT record FROM quarantine WHERE record > ? AND record NOT IN (SELECT record FROM scheduled) ORDER BY record LIMIT 1")
SQL(QUARANTINE_BEFORE, "SELECT record FROM quarantine WHERE created < ? AND record NOT IN (SELECT record FROM scheduled) ORDER BY created LIMIT ?")
SQL(QUARANTINE_DELETE, "DELETE FROM quarantine WHERE record = ?")
SQL(QUARANTINE_STATS, "SELECT count(*) FROM quarantine WHERE record NOT IN (SELECT record FROM scheduled)")

SQL(SCHEDULED_PUT, "INSERT INTO scheduled(record, submission, due, hold, once) VALUES(?, ?, ?, 0, ?)")
SQL(SCHEDULED_DELETE, "DELETE FROM scheduled WHERE record = ?")
SQL(SCHEDULED_OF, "SELECT record, once FROM scheduled WHERE submission = ? LIMIT 1")
SQL(SCHEDULED_DUE, "SELECT s.record, q.size FROM scheduled s JOIN quarantine q ON q.record = s.record WHERE s.hold = 0 AND s.due <= ? ORDER BY s.due, s.record LIMIT ?")
SQL(SCHEDULED_NEXT, "SELECT min(due) FROM scheduled WHERE hold = 0")
SQL(SCHEDULED_HOLD, "UPDATE scheduled SET hold = ?2 WHERE submission IN (SELECT id FROM submission WHERE account = ?1)")
SQL(SCHEDULED_HELD_OF, "SELECT m.id FROM submission m JOIN scheduled s ON s.submission = m.id WHERE m.account = ?1 AND s.hold >= ?2 LIMIT 1")
SQL(SUBMISSION_PUT, "INSERT INTO submission(id, account, state, due, created, record, data, path, born, change, gone) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, n, n, 0 "
	"FROM (SELECT coalesce(max(change), 0) + 1 AS n FROM submission) WHERE true "
	"ON CONFLICT(id) DO UPDATE SET state = ?3, record = ?6, change = (SELECT max(change) + 1 FROM submission) WHERE account = ?2")
SQL(SUBMISSION_STATE, "UPDATE submission SET state = ?2, change = (SELECT max(change) + 1 FROM submission) WHERE id = ?1 AND state = 0")
SQL(SUBMISSION_TOUCH, "UPDATE submission SET change = (SELECT max(change) + 1 FROM submission) WHERE id = ?")
SQL(SUBMISSION_FORGET, "UPDATE submission SET gone = 1, change = (SELECT max(change) + 1 FROM submission) WHERE id = ?1 AND account = ?2 AND gone = 0")
SQL(SUBMISSION_FIND, "SELECT state FROM submission WHERE id = ?1 AND account = ?2 AND gone = 0")
SQL(SUBMISSION_OF, "SELECT id, account FROM submission WHERE record = ?1 AND record <> 0")
SQL(SUBMISSION_GET, "SELECT id, state, gone, due, created, change, data, path, born FROM submission WHERE id = ?1 AND account = ?2 AND gone = 0")
SQL(SUBMISSION_LIST, "SELECT id, state, gone, due, created, change, data, path, born FROM submission WHERE account = ?1 AND change > ?2 ORDER BY change LIMIT ?3")
SQL(SUBMISSION_NOW, "SELECT coalesce(max(change), 0) FROM submission WHERE account = ?")
SQL(SUBMISSION_REMOVE, "DELETE FROM submission WHERE account = ?")
SQL(SUBMISSION_REMOVE_RCPTS, "DELETE FROM submission_rcpt WHERE id IN (SELECT id FROM submission WHERE account = ?)")
SQL(SUBMISSION_OLD, "SELECT id, change FROM submission WHERE created < ?1 AND state <> 0 AND change < (SELECT max(change) FROM submission) ORDER BY created LIMIT ?2")
SQL(SUBMISSION_DELETE, "DELETE FROM submission WHERE id = ?")
SQL(SUBMISSION_RCPT_PUT, "INSERT OR IGNORE INTO submission_rcpt(id, rcpt, address, local) VALUES(?, ?, ?, ?)")
SQL(SUBMISSION_RCPT_LOCAL, "UPDATE submission_rcpt SET state = 1 WHERE id = ? AND local = 1 AND state = 0")
SQL(SUBMISSION_RCPT_MARK, "UPDATE submission_rcpt SET state = ?3, code = ?4, enhanced = ?5, text = ?6 WHERE id = ?1 AND rcpt = ?2 AND state = 0")
SQL(SUBMISSION_RCPT_LIST, "SELECT address, state, code, enhanced, text, local, (SELECT max(f.state) FROM recall_ref f WHERE f.submission = r.id AND f.rcpt = r.rcpt)"
	" FROM submission_rcpt r WHERE id = ? ORDER BY rcpt")
SQL(SUBMISSION_RCPT_DELETE, "DELETE FROM submission_rcpt WHERE id = ?")

SQL(SUBMISSION_SENT, "SELECT max(created, due) FROM submission WHERE id = ?1 AND account = ?2 AND state = 1 AND gone = 0")
SQL(SUBMISSION_WHOSE, "SELECT account FROM submission WHERE id = ?")

/* A script's answer to the writer is no copy (rcpt -1). */
SQL(RECALL_REF_PUT, "INSERT OR IGNORE INTO recall_ref(submission, rcpt, account, seq, record, state) SELECT ?1, ?2, ?3, ?4, ?5, ?6 "
	"WHERE ?2 >= 0 OR NOT EXISTS (SELECT 1 FROM submission WHERE id = ?1 AND account = ?3)")
SQL(RECALL_TARGETS, "SELECT DISTINCT account, seq, record FROM recall_ref f WHERE submission = ?1 AND (state IN (0, 5) OR ?2 AND state IN (1, 3) AND NOT EXISTS "
    "(SELECT 1 FROM recall o WHERE o.account = f.account AND o.target = f.seq AND o.what = 1 AND o.answer = 0))")
SQL(RECALL_STATE, "UPDATE recall_ref SET state = ?4 WHERE submission = ?1 AND account = ?2 AND seq = ?3")
SQL(RECALL_GONE, "UPDATE recall_ref SET state = 4 WHERE submission = ?1 AND account = ?2 AND seq = ?3 AND state = 1")
SQL(RECALL_REF_DELETE, "DELETE FROM recall_ref WHERE submission = ?")
SQL(RECALL_COPIES, "SELECT coalesce(sum(state = 6), 0), coalesce(sum(state <> 6), 0), coalesce(sum(state NOT IN (2, 4, 6)), 0) FROM recall_ref "
	"WHERE submission = ? AND rcpt = -1")
SQL(RECALL_PUT, "INSERT INTO recall(account, seq, target, record, what, submission, asked, answer) VALUES(?, ?, ?, ?, ?, ?, ?, 0)")
SQL(RECALL_FIND, "SELECT seq, target, submission FROM recall WHERE account = ?1 AND seq < ?2 AND seq > ?2 - ?3")
SQL(RECALL_ANSWERED, "UPDATE recall SET answer = ?3 WHERE account = ?1 AND seq = ?2")
SQL(RECALL_OPEN, "SELECT DISTINCT account FROM recall WHERE answer = 0 LIMIT ?")
SQL(RECALL_OLD, "DELETE FROM recall WHERE asked < ? AND answer <> 0")
SQL(RECALL_LEFT, "UPDATE recall_ref SET state = 5 WHERE submission IN (SELECT submission FROM recall WHERE account = ?1 AND answer = 0) AND account = ?1 AND state = 1")
SQL(RECALL_REMOVE, "DELETE FROM recall WHERE account = ?")
SQL(RECALL_REMOVE_REFS, "DELETE FROM recall_ref WHERE submission IN (SELECT id FROM submission WHERE account = ?)")
SQL(RECALL_REMOVE_ASKED, "DELETE FROM recall_asked WHERE submission IN (SELECT id FROM submission WHERE account = ?)")
SQL(RECALL_ASKED_PUT, "INSERT OR IGNORE INTO recall_asked(submission, asked) VALUES(?, ?)")
SQL(RECALL_ASKED_GET, "SELECT asked FROM recall_asked WHERE submission = ?")
SQL(RECALL_ASKED_DELETE, "DELETE FROM recall_asked WHERE submission = ?")

SQL(OUT_STATS, "SELECT count(*) FROM outbound WHERE state = 0")
