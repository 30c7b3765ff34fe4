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
SQL(REF_DROP_ALL, "UPDATE ref SET drop_after = ?2 WHERE account = ?1 AND (drop_after IS NULL OR drop_after > ?2)")
SQL(REF_DUE, "SELECT account, seq, record FROM ref WHERE drop_after <= ? ORDER BY drop_after LIMIT ?")
SQL(REF_DELETE, "DELETE FROM ref WHERE account = ? AND seq = ?")
SQL(REF_AFTER, "SELECT r.seq, r.kind, r.record, r.size, r.flags, k.offset FROM ref r JOIN record k ON k.id = r.record "
	"WHERE r.account = ?1 AND r.seq > ?2 AND r.drop_after IS NULL AND r.kind IN (1, 2) ORDER BY r.seq LIMIT ?3")
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
SQL(MESSAGE_HOLD, "UPDATE message SET hold = ?2 WHERE record = ?1")
SQL(MESSAGE_HELD, "SELECT record FROM message WHERE hold <> 0 ORDER BY record LIMIT ?")
SQL(MESSAGE_AFTER, "SELECT record, job, size, created, hold FROM message WHERE record > ? ORDER BY record")
SQL(MESSAGE_EPOCHS, "SELECT epoch FROM message WHERE epoch > 0 UNION SELECT epoch FROM quarantine WHERE epoch > 0 ORDER BY epoch LIMIT ?")
SQL(MESSAGE_STATS, "SELECT count(*), coalesce(sum(size), 0), coalesce(min(created), 0), coalesce(sum(hold), 0) FROM message")

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
SQL(REPORT_OUT_DROP, "DELETE FROM report_out WHERE day = ?1 AND domain = ?2")
SQL(REPORT_OUT_NEXT, "SELECT day, domain, data FROM report_out WHERE day < ?1 AND (day, domain) > (?2, ?3) AND kind = 0 ORDER BY day, domain LIMIT 1")
SQL(REPORT_OUT_LIST, "SELECT count, data FROM report_out WHERE day = ?1 AND domain = ?2 AND kind = 1 ORDER BY count DESC LIMIT ?3")
SQL(REPORT_IN_PUT, "INSERT OR REPLACE INTO report_in(domain, day, report, source, kind, reporter, policy, passed, failed) "
	"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
SQL(REPORT_IN_ROWS, "SELECT count(*) FROM report_in")
SQL(REPORT_IN_OLD, "DELETE FROM report_in WHERE day < ?")
SQL(REPORT_IN_LIST, "SELECT source, kind, sum(passed), sum(failed), min(day), max(day), count(DISTINCT report), max(policy), max(reporter) FROM report_in "
	"WHERE domain = ?1 AND day >= ?2 GROUP BY kind, source ORDER BY sum(failed) DESC, sum(passed) DESC LIMIT ?3")
SQL(MEMORY_GET, "SELECT value FROM memory WHERE key = ?1 AND ends > ?2")
SQL(MEMORY_PUT, "INSERT INTO memory(key, value, ends) VALUES(?1, ?2, ?3) ON CONFLICT(key) DO UPDATE SET value = ?2, ends = ?3")
SQL(MEMORY_DROP, "DELETE FROM memory WHERE key = ?")
SQL(MEMORY_ROWS, "SELECT rows FROM memory_use")
SQL(MEMORY_SWEEP, "DELETE FROM memory WHERE key IN (SELECT key FROM memory WHERE ends <= ?1 ORDER BY ends LIMIT ?2)")

SQL(QUARANTINE_PUT, "INSERT INTO quarantine(record, job, readers, size, epoch, created, told) VALUES(?, ?, ?, ?, ?, ?, 0)")
SQL(QUARANTINE_GET, "SELECT job, readers, size, epoch, created, told FROM quarantine WHERE record = ?")
SQL(QUARANTINE_AFTER, "SELECT record FROM quarantine WHERE record > ? ORDER BY record LIMIT 1")
SQL(QUARANTINE_BEFORE, "SELECT record FROM quarantine WHERE created < ? ORDER BY created LIMIT ?")
SQL(QUARANTINE_DELETE, "DELETE FROM quarantine WHERE record = ?")
SQL(QUARANTINE_STATS, "SELECT count(*) FROM quarantine")

SQL(OUT_STATS, "SELECT count(*) FROM outbound WHERE state = 0")
