/* What is asked of the whole account, over the database; the RAM twin answers the same questions in src/jmap's tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/memory.h"
#include "store/account_db.h"
#include "store/test_rig.h"

#define OPS(r) ((r)->mailboxes->ops)
#define A(r) ((r)->mailboxes)
#define LETTER(id, subject, more) SLICE("From: a@example.org\r\nSubject: " subject "\r\nMessage-ID: <" id ">\r\n" more "\r\nText\r\n")

static int setup(void **state)
{
	struct rig *r = memory_alloc(sizeof *r);

	rig_start(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(*state);
	memory_free(*state);
	return 0;
}

static void sql(struct rig *r, const char *text)
{
	struct account_db db;
	char path[128];
	struct error err = {0};

	snprintf(path, sizeof path, "%s/account/account.db", r->directory);
	assert_int_equal(account_db_open(&db, path, r->database_key, &err), 0);
	assert_int_equal(sqlite3_exec(db.sqlite, text, NULL, NULL, NULL), SQLITE_OK);
	account_db_close(&db);
}

struct seen {
	struct seen_row { struct mailbox_ref mailbox; struct message_row row; } rows[200];
	size_t count, stop_at;
};

static int on_row(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct seen *s = arg;

	assert_in_range(s->count, 0, 199);
	s->rows[s->count++] = (struct seen_row){*m, *row};
	return s->count == s->stop_at ? 7 : 0;
}

static struct seen newest(struct rig *r, const char *mailbox)
{
	struct seen s = {.count = 0};
	struct mailbox_ref ref = mailbox == NULL ? (struct mailbox_ref){{0}} : rig_mailbox(r, mailbox);

	assert_int_equal(OPS(r)->newest(A(r), mailbox == NULL ? NULL : &ref, on_row, &s, NULL), 0);
	return s;
}

static void deliver_at(struct rig *r, const char *mailbox, int64_t date, struct slice letter)
{
	int64_t now = r->now;

	r->now = date;
	rig_deliver(r, slice_str(mailbox), letter);
	rig_file(r);
	r->now = now;
}

static void copy(struct rig *r, const char *from, uint32_t uid, const char *to, bool move)
{
	struct mailbox_ref source = rig_mailbox(r, from), target = rig_mailbox(r, to);
	struct uid_set set = {0};
	struct arena arena = ARENA_INIT;
	struct copy_result result;

	uid_set_add(&set, uid);
	assert_int_equal(OPS(r)->copy(A(r), &source, &set, &target, move, &arena, &result, NULL), 0);
	assert_int_equal(result.count, 1);
	uid_set_free(&set);
	arena_free(&arena);
}

static void flag(struct rig *r, const char *mailbox, uint32_t uid, enum flag_change change, uint32_t flags)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct uid_set set = {0};
	uint64_t modseq;

	uid_set_add(&set, uid);
	assert_int_equal(OPS(r)->store(A(r), &ref, &set, change, (struct flag_set){flags, 0}, UINT64_MAX, NULL, &modseq, NULL), 0);
	uid_set_free(&set);
}

static void expunge(struct rig *r, const char *mailbox, uint32_t first, uint32_t last)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct uid_set set = {0};

	uid_set_add_range(&set, first, last);
	assert_int_equal(OPS(r)->expunge(A(r), &ref, &set, true, NULL, NULL), 0);
	uid_set_free(&set);
}

static uint64_t modseq_now(struct rig *r)
{
	struct account_state state;

	OPS(r)->state(A(r), &state);
	return state.modseq;
}

static void an_email_has_a_row_in_each_of_its_mailboxes(void **state)
{
	struct rig *r = *state;
	struct seen s = {.count = 0}, none = {.count = 0};
	uint8_t id[16];

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "Hello", ""));
	copy(r, "INBOX", 1, "Archive", false);
	memcpy(id, newest(r, "INBOX").rows[0].row.email_id, sizeof id);
	assert_int_equal(OPS(r)->email(A(r), id, on_row, &s, NULL), 0);
	assert_int_equal(s.count, 2);
	assert_memory_equal(s.rows[0].row.email_id, s.rows[1].row.email_id, 16);
	assert_memory_not_equal(&s.rows[0].mailbox, &s.rows[1].mailbox, 16);
	id[0] ^= 1;
	assert_int_equal(OPS(r)->email(A(r), id, on_row, &none, NULL), 0);
	assert_int_equal(none.count, 0);
}

static void on_append(void *arg, enum error_code code, uint32_t validity, uint32_t uid)
{
	*(uint32_t *)arg = code == ERR_NONE ? uid : 0;
}

static uint32_t append(struct rig *r, const char *mailbox, struct slice letter)
{
	FILE *f = tmpfile();
	struct append_input in = {.mailbox = rig_mailbox(r, mailbox), .size = letter.n, .internal_date = 2000};
	uint32_t uid = 0;

	assert_non_null(f);
	assert_int_equal(fwrite(letter.p, 1, letter.n, f), letter.n);
	assert_int_equal(fflush(f), 0);
	rewind(f);
	in.fd = fileno(f);
	OPS(r)->append(A(r), &in, 1, on_append, &uid);
	rig_run(r);
	fclose(f);
	return uid;
}

static void an_answer_in_sent_is_in_the_thread_of_its_letter(void **state)
{
	struct rig *r = *state;
	struct seen s = {.count = 0};
	struct mailbox_ref sent = rig_mailbox(r, "Sent");
	uint8_t thread[16];

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "Hello", ""));
	memcpy(thread, newest(r, "INBOX").rows[0].row.thread_id, sizeof thread);
	assert_int_equal(append(r, "Sent", LETTER("2@x", "Re: Hello", "In-Reply-To: <1@x>\r\nReferences: <1@x>\r\n")), 1);
	deliver_at(r, "INBOX", 3000, LETTER("3@x", "RE: hello", "References: <1@x> <2@x>\r\n"));
	deliver_at(r, "INBOX", 4000, LETTER("4@x", "Something else", "References: <1@x>\r\n"));
	assert_int_equal(OPS(r)->thread(A(r), thread, on_row, &s, NULL), 0);
	assert_int_equal(s.count, 3);
	assert_memory_equal(&s.rows[1].mailbox, &sent, sizeof sent);
	assert_true(s.rows[0].row.internal_date == 1000 && s.rows[1].row.internal_date == 2000 && s.rows[2].row.internal_date == 3000);
}

static void the_newest_come_first_and_deleted_ones_not_at_all(void **state)
{
	struct rig *r = *state;
	struct seen s, some = {.stop_at = 2};

	deliver_at(r, "INBOX", 3000, LETTER("1@x", "a", ""));
	deliver_at(r, "Archive", 1000, LETTER("2@x", "b", ""));
	deliver_at(r, "INBOX", 2000, LETTER("3@x", "c", ""));
	copy(r, "INBOX", 2, "Archive", false);
	s = newest(r, NULL);
	assert_int_equal(s.count, 4);
	assert_true(s.rows[0].row.internal_date == 3000 && s.rows[1].row.internal_date == 2000 && s.rows[2].row.internal_date == 2000);
	assert_memory_equal(s.rows[1].row.email_id, s.rows[2].row.email_id, 16);
	assert_int_equal(newest(r, "Archive").count, 2);
	flag(r, "INBOX", 1, FLAGS_ADD, FLAG_DELETED);
	assert_int_equal(newest(r, "INBOX").count, 1);
	assert_int_equal(newest(r, NULL).count, 3);
	flag(r, "INBOX", 1, FLAGS_REMOVE, FLAG_DELETED);
	assert_int_equal(newest(r, NULL).count, 4);
	assert_int_equal(OPS(r)->newest(A(r), NULL, on_row, &some, NULL), 7);
	assert_int_equal(some.count, 2);
	assert_int_equal(rig_check(r), 0);
}

struct told {
	unsigned created, updated, destroyed, passing;
	uint64_t since;
};

static void on_change(void *arg, const struct email_change *change)
{
	struct told *t = arg;
	bool old = change->created <= t->since;

	assert_true(change->modseq > t->since);
	if (change->visible)
		*(old ? &t->updated : &t->created) += 1;
	else
		*(old ? &t->destroyed : &t->passing) += 1;
}

static struct told changes(struct rig *r, uint64_t since)
{
	struct told t = {.since = since};

	assert_int_equal(OPS(r)->email_changes(A(r), since, on_change, &t, NULL), 0);
	return t;
}

static void changes_of_emails_are_told_as_what_they_are(void **state)
{
	struct rig *r = *state;
	struct told t;
	uint64_t since;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	deliver_at(r, "INBOX", 1001, LETTER("2@x", "b", ""));
	deliver_at(r, "INBOX", 1002, LETTER("3@x", "c", ""));
	since = modseq_now(r);
	t = changes(r, since);
	assert_true(t.created + t.updated + t.destroyed + t.passing == 0);
	copy(r, "INBOX", 1, "Archive", true);
	t = changes(r, since);
	assert_true(t.updated == 1 && t.created + t.destroyed == 0);
	expunge(r, "INBOX", 2, 2);
	t = changes(r, since);
	assert_true(t.updated == 1 && t.destroyed == 1);
	flag(r, "INBOX", 3, FLAGS_ADD, FLAG_DELETED);
	t = changes(r, since);
	assert_true(t.updated == 1 && t.destroyed == 2);
	deliver_at(r, "INBOX", 1003, LETTER("4@x", "d", ""));
	copy(r, "INBOX", 4, "Archive", false);
	expunge(r, "INBOX", 4, 4);
	t = changes(r, since);
	assert_true(t.created == 2 && t.updated == 1 && t.destroyed == 2); /* of 4: the row in Archive and the one that left */
	since = modseq_now(r);
	assert_int_equal(OPS(r)->email_changes(A(r), since + 1, on_change, &t, NULL), ERR_NOT_FOUND);
	rig_reopen(r);
	t = changes(r, since);
	assert_true(t.created + t.updated + t.destroyed + t.passing == 0);
	assert_int_equal(rig_check(r), 0);
}

static void on_nothing(void *arg, const struct email_change *change)
{
	assert_true(change->modseq > *(uint64_t *)arg);
}

static void what_is_further_back_than_remembered_is_said(void **state)
{
	struct rig *r = *state;
	uint64_t since, before;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	since = modseq_now(r);
	before = since - 1;
	store_account_close(&r->account);
	sql(r, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<30000)"
	    "INSERT INTO gone SELECT (SELECT modseq FROM state), 0, randomblob(16), randomblob(16), 0 FROM n");
	rig_open(r);
	assert_int_equal(OPS(r)->email_changes(A(r), before, on_nothing, &before, NULL), 0);
	expunge(r, "INBOX", 1, 1);
	assert_int_equal(OPS(r)->email_changes(A(r), before, on_nothing, &before, NULL), ERR_NOT_FOUND);
	rig_reopen(r);
	assert_int_equal(OPS(r)->email_changes(A(r), before, on_nothing, &before, NULL), ERR_NOT_FOUND);
	assert_int_equal(changes(r, since).destroyed, 1);
	assert_int_equal(rig_check(r), 0);
}

static struct mailbox_counts counts(struct rig *r, const char *mailbox)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct mailbox_counts c;

	assert_int_equal(OPS(r)->counts(A(r), &ref, &c, NULL), 0);
	return c;
}

static void expect_counts(struct rig *r, const char *mailbox, uint32_t emails, uint32_t unread, uint32_t threads, uint32_t unread_threads)
{
	struct mailbox_counts c = counts(r, mailbox);

	assert_int_equal(c.emails, emails);
	assert_int_equal(c.unread_emails, unread);
	assert_int_equal(c.threads, threads);
	assert_int_equal(c.unread_threads, unread_threads);
}

static void a_thread_is_unread_where_any_of_it_is(void **state)
{
	struct rig *r = *state;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	deliver_at(r, "INBOX", 1001, LETTER("2@x", "Re: a", "References: <1@x>\r\n"));
	deliver_at(r, "Archive", 1002, LETTER("3@x", "Re: a", "References: <1@x>\r\n"));
	deliver_at(r, "Trash", 1003, LETTER("4@x", "Re: a", "References: <1@x>\r\n"));
	deliver_at(r, "INBOX", 1004, LETTER("5@x", "b", ""));
	expect_counts(r, "INBOX", 3, 3, 2, 2);
	flag(r, "INBOX", 1, FLAGS_ADD, FLAG_SEEN);
	flag(r, "INBOX", 2, FLAGS_ADD, FLAG_DRAFT);
	expect_counts(r, "INBOX", 3, 1, 2, 2);
	flag(r, "Archive", 1, FLAGS_ADD, FLAG_SEEN);
	expect_counts(r, "INBOX", 3, 1, 2, 1); /* the one in the trash does not count here */
	expect_counts(r, "Trash", 1, 1, 1, 1);
	flag(r, "INBOX", 3, FLAGS_ADD, FLAG_DELETED);
	expect_counts(r, "INBOX", 2, 0, 1, 0);
	flag(r, "Trash", 1, FLAGS_ADD, FLAG_SEEN);
	expect_counts(r, "Trash", 1, 0, 1, 0);
	assert_int_equal(rig_check(r), 0);
}

static void an_email_that_is_in_a_mailbox_twice_counts_once(void **state)
{
	struct rig *r = *state;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	deliver_at(r, "INBOX", 1001, LETTER("2@x", "b", ""));
	expect_counts(r, "INBOX", 2, 2, 2, 2);
	copy(r, "INBOX", 1, "INBOX", false);
	copy(r, "INBOX", 1, "Archive", false);
	for (int i = 0; i < 2; i++) { /* as they follow, as they are counted anew */
		expect_counts(r, "INBOX", 2, 2, 2, 2);
		expect_counts(r, "Archive", 1, 1, 1, 1);
		rig_crash(r);
	}
	flag(r, "INBOX", 1, FLAGS_ADD, FLAG_SEEN);
	expect_counts(r, "INBOX", 2, 2, 2, 2); /* it is unread still, by its other row */
	flag(r, "INBOX", 3, FLAGS_ADD, FLAG_SEEN);
	expect_counts(r, "INBOX", 2, 1, 2, 2); /* and in the archive */
	expunge(r, "INBOX", 1, 1);
	expect_counts(r, "INBOX", 2, 1, 2, 2);
	assert_int_equal(rig_check(r), 0);
}

static void counts_that_follow_are_those_of_counting(void **state)
{
	static const char *const boxes[] = {"INBOX", "Archive", "Trash"};
	static const struct slice family[] = {
		LETTER("1@x", "a", ""), LETTER("2@x", "Re: a", "References: <1@x>\r\n"), LETTER("3@x", "b", ""), LETTER("4@x", "Re: b", "References: <3@x>\r\n"),
	};
	static const uint32_t flags[] = {FLAG_SEEN, FLAG_DRAFT, FLAG_DELETED, FLAG_FLAGGED};
	struct rig *r = *state;
	uint32_t random = 1;

	for (unsigned round = 0; round < 12; round++) {
		struct mailbox_counts before[3], after[3];

		for (unsigned i = 0; i < 3; i++)
			before[i] = counts(r, boxes[i]);
		for (unsigned i = 0; i < 8; i++) {
			const char *from, *to;
			uint32_t uid;

			random = random * 1664525u + 1013904223u;
			from = boxes[(random >> 8) % 3];
			to = boxes[((random >> 8) + 1 + (random >> 12) % 2) % 3];
			deliver_at(r, from, 1000 + round, family[(random >> 16) % 4]);
			uid = rig_status(r, from).uid_next - 1 - ((random >> 20) & 1 ? 0 : rig_status(r, from).messages > 1);
			flag(r, from, uid, (random >> 24) % 3 == 0 ? FLAGS_REMOVE : FLAGS_ADD, flags[(random >> 26) % 4]);
			if ((random >> 28) % 4 == 0)
				expunge(r, from, 1, uid - 1);
			else if ((random >> 28) % 4 == 1)
				copy(r, from, rig_status(r, from).uid_next - 1, to, (random >> 30) & 1);
			else if ((random >> 28) % 4 == 2)
				copy(r, from, uid, from, false);
			if (i % 3 == 0)
				(void)counts(r, from);
		}
		for (unsigned i = 0; i < 3; i++)
			before[i] = counts(r, boxes[i]);
		store_account_close(&r->account);
		if (round % 2 == 0)
			sql(r, "DELETE FROM note"); /* they are counted anew */
		rig_open(r);
		for (unsigned i = 0; i < 3; i++) {
			after[i] = counts(r, boxes[i]);
			assert_memory_equal(&before[i], &after[i], sizeof after[i]);
		}
	}
	assert_int_equal(rig_check(r), 0);
}

/* What nobody but a test does, changing rows behind the account's back, shows which counts are given. */
static void counts_are_kept_while_the_account_is_closed(void **state)
{
	struct rig *r = *state;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	deliver_at(r, "INBOX", 1001, LETTER("2@x", "b", ""));
	expect_counts(r, "INBOX", 2, 2, 2, 2);
	store_account_close(&r->account);
	sql(r, "UPDATE message SET flags=1 WHERE uid=1");
	rig_open(r);
	expect_counts(r, "INBOX", 2, 2, 2, 2);
	deliver_at(r, "INBOX", 1002, LETTER("3@x", "c", ""));
	expect_counts(r, "INBOX", 3, 3, 3, 3);
	rig_crash(r);
	expect_counts(r, "INBOX", 3, 2, 3, 2);
	rig_reopen(r);
	expect_counts(r, "INBOX", 3, 2, 3, 2);
	assert_int_equal(rig_check(r), 1); /* a mailbox that is not what its row says */
}

static void counts_of_another_time_are_not_taken(void **state)
{
	struct rig *r = *state;

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	expect_counts(r, "INBOX", 1, 1, 1, 1);
	store_account_close(&r->account);
	sql(r, "UPDATE state SET modseq=modseq+1");
	sql(r, "UPDATE message SET flags=1");
	rig_open(r);
	expect_counts(r, "INBOX", 1, 0, 1, 0);
	store_account_close(&r->account);
	sql(r, "UPDATE note SET value=substr(value, 1, 20)");
	sql(r, "UPDATE message SET flags=0");
	rig_open(r);
	expect_counts(r, "INBOX", 1, 1, 1, 1);
}

static void on_mailbox(void *arg, const struct mailbox_change *change)
{
	((unsigned *)arg)[change->kind]++;
}

static void changes_of_mailboxes_are_told(void **state)
{
	struct rig *r = *state;
	uint64_t since;
	struct mailbox_ref ref, other;
	unsigned told[4] = {0};

	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	assert_int_equal(OPS(r)->create(A(r), SLICE("Old"), 0, &ref, NULL), 0);
	since = modseq_now(r);
	assert_int_equal(OPS(r)->mailbox_changes(A(r), since, on_mailbox, told, NULL), 0);
	assert_int_equal(told[MAILBOX_COUNTED] + told[MAILBOX_CHANGED] + told[MAILBOX_CREATED] + told[MAILBOX_GONE], 0);
	assert_int_equal(OPS(r)->create(A(r), SLICE("New"), 0, &ref, NULL), 0);
	assert_int_equal(OPS(r)->create(A(r), SLICE("Brief"), 0, &other, NULL), 0);
	assert_int_equal(OPS(r)->remove(A(r), SLICE("Brief"), NULL), 0);
	assert_int_equal(OPS(r)->remove(A(r), SLICE("Old"), NULL), 0);
	assert_int_equal(OPS(r)->rename(A(r), SLICE("Archive"), SLICE("Kept"), NULL), 0);
	other = rig_mailbox(r, "Sent");
	assert_int_equal(OPS(r)->arrange(A(r), &other, USE_SENT, 30, NULL), 0);
	assert_int_equal(OPS(r)->mailbox_changes(A(r), since, on_mailbox, told, NULL), 0);
	assert_int_equal(told[MAILBOX_CREATED], 1);
	assert_int_equal(told[MAILBOX_CHANGED], 2);
	assert_int_equal(told[MAILBOX_GONE], 1);
	flag(r, "INBOX", 1, FLAGS_ADD, FLAG_SEEN);
	memset(told, 0, sizeof told);
	assert_int_equal(OPS(r)->mailbox_changes(A(r), modseq_now(r) - 1, on_mailbox, told, NULL), 0);
	assert_true(told[MAILBOX_COUNTED] > 0 && told[MAILBOX_CHANGED] == 0);
	rig_reopen(r);
	memset(told, 0, sizeof told);
	assert_int_equal(OPS(r)->mailbox_changes(A(r), since, on_mailbox, told, NULL), 0);
	assert_int_equal(told[MAILBOX_CREATED], 1);
	assert_int_equal(told[MAILBOX_GONE], 1);
	assert_int_equal(rig_check(r), 0);
}

static void order_and_role_are_kept(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref ref = rig_mailbox(r, "Sent");
	struct arena arena = ARENA_INIT;
	struct mailbox_info *list;
	size_t count;
	bool found = false;

	assert_int_equal(OPS(r)->arrange(A(r), &ref, USE_IMPORTANT, 7, NULL), 0);
	rig_reopen(r);
	assert_int_equal(OPS(r)->list(A(r), &arena, &list, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		found = found || (slice_eq(list[i].name, SLICE("Sent")) && list[i].special_use == USE_IMPORTANT && list[i].sort_order == 7);
	assert_true(found);
	arena_free(&arena);
}

static void an_account_of_schema_4_is_taken_over(void **state)
{
	struct rig *r = *state;
	struct told t;
	uint64_t since;

	rig_deliver_many(r, 20);
	rig_file(r);
	store_account_close(&r->account);
	sql(r, "DROP INDEX message_email; DROP INDEX message_thread; DROP INDEX message_newest; DROP INDEX message_all; DROP INDEX message_unread;"
	    "DROP TABLE gone; DROP TABLE note; ALTER TABLE message DROP COLUMN created; ALTER TABLE mailbox DROP COLUMN created; ALTER TABLE mailbox DROP COLUMN changed;"
	    "ALTER TABLE mailbox DROP COLUMN sort; ALTER TABLE state DROP COLUMN gone_floor; DROP TABLE bin; ALTER TABLE unref DROP COLUMN now; PRAGMA user_version=4;");
	rig_open(r);
	assert_int_equal(newest(r, "INBOX").count, 20);
	assert_int_equal(counts(r, "INBOX").emails, 20);
	since = modseq_now(r);
	expunge(r, "INBOX", 1, 1);
	deliver_at(r, "INBOX", 1000, LETTER("1@x", "a", ""));
	t = changes(r, since);
	assert_true(t.destroyed == 1 && t.created == 1 && t.updated == 0);
	rig_reopen(r);
	assert_int_equal(newest(r, NULL).count, 20);
	assert_int_equal(rig_check(r), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_email_has_a_row_in_each_of_its_mailboxes), T(an_answer_in_sent_is_in_the_thread_of_its_letter),
		T(the_newest_come_first_and_deleted_ones_not_at_all), T(changes_of_emails_are_told_as_what_they_are),
		T(what_is_further_back_than_remembered_is_said), T(a_thread_is_unread_where_any_of_it_is), T(an_email_that_is_in_a_mailbox_twice_counts_once),
		T(counts_that_follow_are_those_of_counting),
		T(counts_are_kept_while_the_account_is_closed), T(counts_of_another_time_are_not_taken), T(changes_of_mailboxes_are_told),
		T(order_and_role_are_kept), T(an_account_of_schema_4_is_taken_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
