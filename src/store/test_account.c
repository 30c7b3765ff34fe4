#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "mime/text.h"
#include "store/test_rig.h"
#include "sys/file.h"

#define OPS(r) ((r)->mailboxes->ops)
#define A(r) ((r)->mailboxes)

static const struct slice LETTER = SLICE_INIT("From: a@example.org\r\nSubject: Hello\r\nMessage-ID: <1@x>\r\n\r\nBody text here\r\n");
static const char PREFIX[] = "Return-Path: <s@example.org>\r\nDelivered-To: r@example.org\r\n";

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

static int collect_uid(void *arg, const struct message_row *row)
{
	uid_set_add(arg, row->uid);
	return 0;
}

static void expect_uids(struct rig *r, const char *mailbox, const char *want)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct uid_set set = {0};
	struct buf text = BUF_INIT(1000);

	assert_int_equal(OPS(r)->messages(A(r), &ref, 1, UINT32_MAX, 0, collect_uid, &set, NULL), 0);
	uid_set_print(&set, &text);
	buf_append_byte(&text, 0);
	assert_string_equal((const char *)buf_slice(&text).p, want);
	uid_set_free(&set);
	buf_free(&text);
}

static void expect_text(struct rig *r, const char *mailbox, uint32_t uid, struct slice want)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct buf out = BUF_INIT(1 << 20);

	assert_int_equal(OPS(r)->read(A(r), &ref, uid, 0, UINT64_MAX, &out, NULL), 0);
	assert_int_equal(buf_len(&out), want.n);
	assert_memory_equal(buf_slice(&out).p, want.p, want.n);
	buf_free(&out);
}

static void a_new_account_has_its_mailboxes(void **state)
{
	struct rig *r = *state;
	struct arena arena = ARENA_INIT;
	struct mailbox_info *list;
	size_t n;

	assert_int_equal(OPS(r)->list(A(r), &arena, &list, &n, NULL), 0);
	assert_int_equal(n, 6);
	assert_true(slice_eq(list[0].name, SLICE("INBOX")) && slice_eq(list[5].name, SLICE("Trash")));
	assert_int_equal(list[5].special_use, USE_TRASH);
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].subscribed && list[i].exists && list[i].uid_validity != 0);
	arena_free(&arena);
	assert_int_equal(rig_check(r), 0);
}

static void an_arrival_is_filed_and_read_with_its_prefix(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct buf want = BUF_INIT(4096), part = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct digest d;
	struct slice encoded;
	uint32_t prefix;

	rig_deliver(r, SLICE_NONE, LETTER);
	rig_deliver(r, SLICE("Archive"), LETTER);
	rig_deliver(r, SLICE("No such"), LETTER);
	rig_file(r);
	rig_file(r);
	expect_uids(r, "INBOX", "1:2");
	expect_uids(r, "Archive", "1");
	buf_append_str(&want, PREFIX);
	buf_append(&want, LETTER);
	expect_text(r, "INBOX", 1, buf_slice(&want));
	expect_text(r, "Archive", 1, buf_slice(&want));
	assert_int_equal(OPS(r)->read(A(r), &inbox, 1, 10, sizeof PREFIX, &part, NULL), 0);
	assert_true(slice_eq(buf_slice(&part), slice_sub(buf_slice(&want), 10, 10 + sizeof PREFIX)));
	assert_int_equal(OPS(r)->digest(A(r), &inbox, 1, true, &arena, &encoded, &prefix, NULL), 0);
	assert_int_equal(prefix, sizeof PREFIX - 1);
	assert_int_equal(digest_decode(encoded, &arena, &d), 0);
	assert_true(slice_eq(d.envelope.subject, SLICE("Hello")));
	assert_true(slice_search(d.search_text, SLICE("body text")) >= 0);
	assert_int_equal(rig_status(r, "INBOX").messages, 2);
	assert_int_equal(rig_status(r, "INBOX").unseen, 2);
	assert_int_equal(rig_status(r, "INBOX").size, 2 * want.end);
	assert_int_equal(rig_check(r), 0);
	arena_free(&arena);
	buf_free(&want);
	buf_free(&part);
}

static void an_arrival_is_filed_where_a_script_wants_it(void **state)
{
	static const struct filing several[] = {
		{.mailbox = SLICE_INIT("Archive"), .flags = SLICE_INIT("\\Seen work")}, {.mailbox = SLICE_INIT("new/one"), .create = true},
		{.mailbox = SLICE_INIT("No such")}, {.mailbox = SLICE_INIT("x"), .special_use = SLICE_INIT("\\junk")}, {.mailbox = SLICE_INIT("inbox")},
		{.mailbox = SLICE_INIT("//bad"), .create = true},
	};
	struct rig *r = *state;
	struct mailbox_ref archive;
	struct uid_set set = {0}, gone = {0};
	uint64_t seqs[4];
	unsigned keyword;

	rig_deliver_wanted(r, several, ARRAY_LEN(several), LETTER);
	rig_file(r);
	rig_run(r);
	expect_uids(r, "INBOX", "1");
	expect_uids(r, "Archive", "1");
	expect_uids(r, "new/one", "1");
	expect_uids(r, "Junk", "1");
	assert_int_equal(rig_status(r, "Archive").unseen, 0);
	assert_int_equal(rig_status(r, "Junk").unseen, 1);
	assert_int_equal(OPS(r)->keyword(A(r), SLICE("work"), false, &keyword, NULL), 0);
	assert_true(r->profiles > 0);
	/* One body: it is given back with its last row. */
	archive = rig_mailbox(r, "Archive");
	uid_set_add(&set, 1);
	assert_int_equal(OPS(r)->expunge(A(r), &archive, &set, true, &gone, NULL), 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 4), 0);
	assert_int_equal(rig_check(r), 0);
	uid_set_free(&set);
	uid_set_free(&gone);
}

/* The letters of a conversation; `wanted`: filed as that says. */
static void deliver_reply(struct rig *r, const char *number, const struct filing *wanted, size_t count)
{
	struct buf text = BUF_INIT(1000);

	buf_printf(&text, "From: a@example.org\r\nSubject: Re: Hello\r\nMessage-ID: <%s@x>\r\nReferences: <1@x>\r\n\r\nmore\r\n", number);
	if (count > 0)
		rig_deliver_wanted(r, wanted, count, buf_slice(&text));
	else
		rig_deliver(r, SLICE_NONE, buf_slice(&text));
	rig_file(r);
	rig_run(r);
	buf_free(&text);
}

static void what_comes_to_a_muted_conversation_passes_by_the_inbox(void **state)
{
	static const struct filing script[] = {{.mailbox = SLICE_INIT("INBOX"), .flags = SLICE_INIT("\\Flagged")}, {.mailbox = SLICE_INIT("Junk")}};
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), archive = rig_mailbox(r, "Archive");
	struct uid_set one = {0}, gone = {0};
	struct flag_set muted = {0};
	uint64_t modseq;
	unsigned keyword;

	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	assert_int_equal(OPS(r)->keyword(A(r), SLICE("$muted"), true, &keyword, NULL), 0);
	deliver_reply(r, "2", NULL, 0);
	expect_uids(r, "INBOX", "1:2"); /* nobody has said so yet */
	muted.keywords = UINT64_C(1) << keyword;
	uid_set_add(&one, 1);
	assert_int_equal(OPS(r)->store(A(r), &inbox, &one, FLAGS_ADD, muted, UINT64_MAX, NULL, &modseq, NULL), 0);
	deliver_reply(r, "3", NULL, 0);
	deliver_reply(r, "4", script, ARRAY_LEN(script));
	expect_uids(r, "INBOX", "1:2");
	expect_uids(r, "Archive", "1:2");
	expect_uids(r, "Junk", "1");
	assert_int_equal(rig_status(r, "Archive").unseen, 0);
	/* Others are not meant, and it ends with the keyword. */
	rig_deliver(r, SLICE_NONE, SLICE("From: b@example.org\r\nSubject: Else\r\nMessage-ID: <9@y>\r\n\r\nwords\r\n"));
	rig_file(r);
	expect_uids(r, "INBOX", "1:3");
	assert_int_equal(OPS(r)->store(A(r), &inbox, &one, FLAGS_REMOVE, muted, UINT64_MAX, NULL, &modseq, NULL), 0);
	deliver_reply(r, "5", NULL, 0);
	expect_uids(r, "INBOX", "1:4");
	/* Without an archive it stays where it is seen. */
	assert_int_equal(OPS(r)->store(A(r), &inbox, &one, FLAGS_ADD, muted, UINT64_MAX, NULL, &modseq, NULL), 0);
	assert_int_equal(OPS(r)->expunge(A(r), &archive, NULL, true, &gone, NULL), 0);
	assert_int_equal(OPS(r)->arrange(A(r), &archive, 0, 0, NULL), 0);
	deliver_reply(r, "6", NULL, 0);
	expect_uids(r, "INBOX", "1:5");
	assert_int_equal(rig_check(r), 0);
	uid_set_free(&one);
	uid_set_free(&gone);
}

static void flags_change_with_modseq_and_condition(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set set = {0}, skipped = {0};
	uint64_t before, modseq;
	unsigned keyword;

	rig_deliver_many(r, 3);
	rig_file(r);
	before = rig_status(r, "INBOX").highest_modseq;
	uid_set_add_range(&set, 1, 2);
	assert_int_equal(OPS(r)->keyword(A(r), SLICE("$Junk"), true, &keyword, NULL), 0);
	assert_int_equal(OPS(r)->store(A(r), &inbox, &set, FLAGS_ADD, (struct flag_set){FLAG_SEEN, 1u << keyword}, UINT64_MAX, NULL, &modseq, NULL), 0);
	assert_true(modseq > before);
	assert_int_equal(rig_status(r, "INBOX").unseen, 1);
	uid_set_add(&set, 3);
	assert_int_equal(OPS(r)->store(A(r), &inbox, &set, FLAGS_ADD, (struct flag_set){FLAG_DELETED, 0}, before, &skipped, &modseq, NULL), 0);
	assert_true(uid_set_has(&skipped, 1) && !uid_set_has(&skipped, 3));
	assert_int_equal(rig_status(r, "INBOX").deleted, 1);
	assert_int_equal(OPS(r)->store(A(r), &inbox, &set, FLAGS_REMOVE, (struct flag_set){FLAG_FLAGGED, 0}, UINT64_MAX, NULL, &modseq, NULL), 0);
	assert_int_equal(modseq, 0);
	rig_reopen(r);
	assert_int_equal(rig_status(r, "INBOX").deleted, 1);
	assert_int_equal(OPS(r)->keyword(A(r), SLICE("$junk"), false, &keyword, NULL), 0);
	assert_int_equal(rig_check(r), 0);
	uid_set_free(&set);
	uid_set_free(&skipped);
}

static void expunge_tells_what_vanished_and_gives_back(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), trash = rig_mailbox(r, "Trash");
	struct uid_set set = {0}, gone = {0}, vanished = {0};
	struct copy_result copied;
	struct arena arena = ARENA_INIT;
	uint64_t seqs[10], before;

	rig_deliver_many(r, 4);
	rig_file(r);
	uid_set_add_range(&set, 1, 2);
	assert_int_equal(OPS(r)->copy(A(r), &inbox, &set, &trash, false, &arena, &copied, NULL), 0);
	assert_int_equal(copied.count, 2);
	before = rig_status(r, "INBOX").highest_modseq;
	uid_set_add(&set, 3);
	assert_int_equal(OPS(r)->expunge(A(r), &inbox, &set, true, &gone, NULL), 0);
	assert_int_equal(uid_set_size(&gone), 3);
	assert_int_equal(OPS(r)->vanished(A(r), &inbox, before, &vanished, NULL), 0);
	assert_int_equal(uid_set_size(&vanished), 3);
	/* 1 and 2 live on in Trash; only 3 is given back. */
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 10), 1);
	assert_int_equal(seqs[0], 3);
	assert_int_equal(store_account_unrefs_done(r->account, false, seqs, 1, NULL), 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 10), 0);
	assert_int_equal(OPS(r)->copy(A(r), &inbox, &(struct uid_set){.ranges = (struct uid_range[]){{4, 4}}, .count = 1}, &trash, true, &arena, &copied, NULL), 0);
	expect_uids(r, "INBOX", "");
	expect_uids(r, "Trash", "1:3");
	assert_int_equal(rig_check(r), 0);
	uid_set_free(&set);
	uid_set_free(&gone);
	uid_set_free(&vanished);
	arena_free(&arena);
}

static void mailboxes_are_made_renamed_removed(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref ref, again;
	struct error err;

	assert_int_equal(OPS(r)->create(A(r), SLICE("a/b/c"), 0, &ref, NULL), 0);
	assert_int_equal(OPS(r)->find(A(r), SLICE("a/b"), &again, NULL), 0);
	assert_int_equal(OPS(r)->create(A(r), SLICE("a/b/c"), 0, &ref, &err), ERR_EXISTS);
	assert_int_equal(OPS(r)->create(A(r), SLICE("a//c"), 0, &ref, &err), ERR_INVALID);
	rig_deliver(r, SLICE("a/b/c"), LETTER);
	rig_file(r);
	assert_int_equal(OPS(r)->rename(A(r), SLICE("a"), SLICE("z/y"), NULL), 0);
	expect_uids(r, "z/y/b/c", "1");
	assert_int_equal(OPS(r)->find(A(r), SLICE("a"), &again, &err), ERR_NOT_FOUND);
	assert_int_equal(OPS(r)->remove(A(r), SLICE("z/y/b"), NULL), 0);
	expect_uids(r, "z/y/b/c", "1");
	assert_int_equal(OPS(r)->remove(A(r), SLICE("INBOX"), &err), ERR_DENIED);
	assert_int_equal(OPS(r)->remove(A(r), SLICE("z/y/b/c"), NULL), 0);
	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	assert_int_equal(OPS(r)->rename(A(r), SLICE("inbox"), SLICE("Old"), NULL), 0);
	expect_uids(r, "Old", "1");
	expect_uids(r, "INBOX", "");
	rig_reopen(r);
	expect_uids(r, "Old", "1");
	assert_int_equal(rig_check(r), 0);
}

struct appended {
	int calls;
	enum error_code code;
	uint32_t uid[4];
};

static void on_append(void *arg, enum error_code code, uint32_t validity, uint32_t uid)
{
	struct appended *got = arg;

	got->code = code;
	got->uid[got->calls++] = uid;
}

static void append_two(struct rig *r, struct appended *got)
{
	int fd = memfd_from_slice("m", LETTER, NULL);
	struct append_input in[2] = {{.mailbox = rig_mailbox(r, "Drafts"), .fd = fd, .size = LETTER.n, .flags = {FLAG_DRAFT, 0}, .internal_date = 99}};

	in[1] = in[0];
	OPS(r)->append(A(r), in, 2, on_append, got);
	assert_int_equal(got->calls, 0);
	close(fd);
	rig_run(r);
	assert_int_equal(got->calls, 2);
}

static void append_is_all_or_nothing(void **state)
{
	struct rig *r = *state;
	struct appended good = {0}, bad = {0};
	uint64_t seqs[4];

	append_two(r, &good);
	assert_int_equal(good.code, 0);
	assert_int_equal(good.uid[1], 2);
	expect_text(r, "Drafts", 2, LETTER);
	r->append_fails = true;
	append_two(r, &bad);
	assert_int_equal(bad.code, ERR_NO_SPACE);
	assert_int_equal(bad.uid[0], 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 4), 1);
	rig_file(r);
	assert_int_equal(r->recovered, 0);
	expect_uids(r, "Drafts", "1:2");
	assert_int_equal(rig_check(r), 0);
}

static void an_own_ref_nobody_knows_is_recovered(void **state)
{
	struct rig *r = *state;
	struct store_arrival *arrival = rig_deliver(r, SLICE_NONE, LETTER);
	struct appended got = {0};

	(void)arrival;
	append_two(r, &got);
	rig_file(r);
	/* The database as it was before all of this. */
	store_account_close(&r->account);
	{
		char path[128];

		snprintf(path, sizeof path, "%s/account/account.db", r->directory);
		assert_int_equal(unlink(path), 0);
	}
	rig_open(r);
	rig_file(r);
	rig_run(r);
	assert_int_equal(r->recovered, 2);
	expect_uids(r, "Recovered", "1:2");
	expect_uids(r, "INBOX", "1");
	assert_int_equal(rig_check(r), 0);
}

static void after_a_crash_no_uid_is_given_twice(void **state)
{
	struct rig *r = *state;
	uint64_t modseq;

	rig_deliver_many(r, 3);
	rig_file(r);
	modseq = rig_status(r, "INBOX").highest_modseq;
	rig_crash(r);
	assert_int_equal(rig_status(r, "INBOX").messages, 3);
	assert_true(rig_status(r, "INBOX").uid_next >= 1001);
	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	assert_true(rig_status(r, "INBOX").highest_modseq > modseq + 900);
	assert_int_equal(rig_check(r), 0);
	rig_reopen(r);
	assert_int_equal(rig_status(r, "INBOX").uid_next, 1002);
	assert_int_equal(rig_check(r), 0);
}

static void an_older_database_reads_its_arrivals_again(void **state)
{
	struct rig *r = *state;
	char command[300];

	rig_deliver_many(r, 2);
	rig_file(r);
	store_account_close(&r->account);
	snprintf(command, sizeof command, "cp '%s/account/account.db' '%s/old.db'", r->directory, r->directory);
	assert_int_equal(system(command), 0);
	rig_open(r);
	rig_deliver_many(r, 3);
	rig_file(r);
	expect_uids(r, "INBOX", "1:5");
	store_account_close(&r->account);
	snprintf(command, sizeof command, "cp '%s/old.db' '%s/account/account.db'", r->directory, r->directory);
	assert_int_equal(system(command), 0);
	rig_open(r);
	expect_uids(r, "INBOX", "1:2");
	rig_file(r);
	expect_uids(r, "INBOX", "1:5");
	assert_int_equal(rig_check(r), 0);
}

static void a_wrong_key_sets_the_database_aside(void **state)
{
	struct rig *r = *state;

	rig_deliver_many(r, 2);
	rig_file(r);
	store_account_close(&r->account);
	r->database_key[0] ^= 1;
	rig_open(r);
	assert_true(r->aside);
	rig_file(r);
	expect_uids(r, "INBOX", "1:2");
}

static void flip(struct rig *r, const char *name, long offset)
{
	char path[128];
	FILE *f;
	int c;

	snprintf(path, sizeof path, "%s/%s", r->directory, name);
	f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, offset, SEEK_SET), 0);
	c = fgetc(f);
	fseek(f, offset, SEEK_SET);
	fputc(c ^ 1, f);
	fclose(f);
}

static void a_damaged_record_is_named_and_the_others_work(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct buf out = BUF_INIT(1 << 20);
	struct error err = {0};

	for (int i = 0; i < 3; i++)
		rig_deliver(r, SLICE_NONE, LETTER);
	flip(r, "packs/00000001.pack", (long)r->ledger[1].place.offset + 64 + 5 + 130);
	rig_file(r);
	assert_true(r->damaged >= 1);
	expect_uids(r, "INBOX", "1:3");
	assert_true(OPS(r)->read(A(r), &inbox, 2, 0, 100, &out, &err) == ERR_DAMAGED);
	buf_clear(&out);
	assert_int_equal(OPS(r)->read(A(r), &inbox, 3, 0, 1000, &out, NULL), 0);
	assert_int_equal(store_account_check(r->account, true, NULL, NULL), 1);
	buf_free(&out);
}

/* The first read finds the damage in the middle; from then on the check does, before anything was said. */
static void damage_that_a_read_met_is_known_before_the_next(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct buf letter = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	uint8_t noise[600000]; /* some chunks; binary, so that the digest holds no text of it */

	random_bytes(noise, sizeof noise);
	buf_append_str(&letter, "Subject: long\r\nContent-Type: application/zip\r\n\r\n");
	buf_append_bytes(&letter, noise, sizeof noise);
	for (int i = 0; i < 2; i++)
		rig_deliver(r, SLICE_NONE, buf_slice(&letter));
	rig_file(r);
	flip(r, "packs/00000001.pack", (long)r->ledger[1].place.offset + 500000);
	assert_int_equal(OPS(r)->check(A(r), &inbox, 2, NULL), 0);
	assert_int_equal(OPS(r)->read(A(r), &inbox, 2, 0, 1000, &out, NULL), 0);
	assert_int_equal(OPS(r)->read(A(r), &inbox, 2, 300000, 300000, &out, NULL), ERR_DAMAGED);
	assert_int_equal(OPS(r)->check(A(r), &inbox, 2, NULL), ERR_DAMAGED);
	assert_int_equal(OPS(r)->check(A(r), &inbox, 1, NULL), 0);
	rig_reopen(r);
	assert_int_equal(OPS(r)->check(A(r), &inbox, 2, NULL), ERR_DAMAGED);
	/* A pack that was put back from a copy is found good. */
	flip(r, "packs/00000001.pack", (long)r->ledger[1].place.offset + 500000);
	rig_reopen(r);
	assert_int_equal(OPS(r)->check(A(r), &inbox, 2, NULL), 0);
	assert_int_equal(rig_check(r), 0);
	buf_free(&letter);
	buf_free(&out);
}

/* The ledger lists everything again; what was expunged is given back, what is there or cannot be opened is not. */
static void a_new_ledger_is_told_again_what_was_expunged(void **state)
{
	const uint64_t next = UINT64_C(2500) << 48 | 1;
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set set = {0}, gone = {0};
	uint64_t seqs[10];

	rig_deliver_many(r, 5);
	rig_file(r);
	assert_int_equal(store_account_agrees(r->account, next - 1, NULL), 0);
	uid_set_add_range(&set, 2, 4);
	assert_int_equal(OPS(r)->expunge(A(r), &inbox, &set, true, &gone, NULL), 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 10), 3);
	assert_int_equal(store_account_unrefs_done(r->account, false, seqs, 3, NULL), 0);
	assert_false(store_account_disagrees(r->account, next));
	flip(r, "packs/00000001.pack", (long)r->ledger[2].place.offset + 64 + 5 + 130); /* cannot be opened: stays */
	rig_deliver_many(r, 1); /* not filed yet: is not given back */
	assert_true(store_account_disagrees(r->account, next + (UINT64_C(1) << 48)));
	assert_int_equal(store_account_compare(r->account, r->ledger, r->ledger_count, NULL), 0);
	assert_int_equal(store_account_agrees(r->account, next + (UINT64_C(1) << 48), NULL), 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, 10), 2);
	assert_int_equal(seqs[0], r->ledger[1].seq);
	assert_int_equal(seqs[1], r->ledger[3].seq);
	rig_reopen(r);
	assert_false(store_account_disagrees(r->account, next + (UINT64_C(1) << 48)));
	uid_set_free(&set);
	uid_set_free(&gone);
}

static void flipped_bytes_in_the_database_are_errors_not_lies(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");

	rig_deliver_many(r, 60);
	rig_file(r);
	store_account_close(&r->account);
	for (long page = 14; page < 40; page += 5)
		flip(r, "account/account.db", page * 4096 + 100);
	rig_open(r);
	if (!r->aside) {
		for (uint32_t uid = 1; uid <= 60; uid++) {
			struct buf out = BUF_INIT(1 << 20);
			struct error err = {0};
			int rc = OPS(r)->read(A(r), &inbox, uid, 0, UINT64_MAX, &out, &err);

			assert_true(rc == 0 || rc == ERR_DAMAGED || rc == ERR_NOT_FOUND || rc == ERR_IO);
			buf_free(&out);
		}
		assert_true(store_account_check(r->account, false, NULL, NULL) > 0);
	}
}

/* ---- damage inside of account.db ---- */

#define SALVAGE_LETTERS 40

static void shell(struct rig *r, const char *words)
{
	char command[600];

	setenv("RIG", r->directory, 1);
	snprintf(command, sizeof command, "cd \"$RIG\" && %s", words);
	assert_int_equal(system(command), 0);
}

static long database_pages(struct rig *r)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/account/account.db", r->directory);
	assert_int_equal(stat(path, &st), 0);
	return (long)(st.st_size / 4096);
}

/* Letters in INBOX, some moved to Archive, one of them expunged, flags and a keyword. */
static void salvage_fill(struct rig *r)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), archive = rig_mailbox(r, "Archive");
	struct flag_set flags = {.system = FLAG_FLAGGED};
	struct arena arena = ARENA_INIT;
	struct copy_result copied;
	struct uid_set set = {0}, gone = {0}, skipped = {0};
	unsigned keyword;
	uint64_t modseq;

	rig_deliver_many(r, SALVAGE_LETTERS + 1);
	rig_file(r);
	uid_set_add_range(&set, 11, 20);
	assert_int_equal(OPS(r)->copy(A(r), &inbox, &set, &archive, true, &arena, &copied, NULL), 0);
	uid_set_free(&set);
	uid_set_add_range(&set, 1, 1);
	assert_int_equal(OPS(r)->expunge(A(r), &inbox, &set, true, &gone, NULL), 0);
	assert_int_equal(OPS(r)->keyword(A(r), SLICE("$Work"), true, &keyword, NULL), 0);
	flags.keywords = UINT64_C(1) << keyword;
	uid_set_free(&set);
	uid_set_add_range(&set, 2, 9);
	assert_int_equal(OPS(r)->store(A(r), &inbox, &set, FLAGS_REPLACE, flags, UINT64_MAX, &skipped, &modseq, NULL), 0);
	uid_set_free(&set);
	uid_set_free(&gone);
	uid_set_free(&skipped);
	arena_free(&arena);
}

static uint32_t status_of(struct rig *r, const uint8_t id[16])
{
	struct mailbox_ref ref;
	struct mailbox_status status = {0};

	memcpy(ref.id, id, sizeof ref.id);
	assert_int_equal(OPS(r)->status(A(r), &ref, &status, NULL), 0);
	return status.messages;
}

static uint32_t messages_everywhere(struct rig *r)
{
	struct arena arena = ARENA_INIT;
	struct mailbox_info *list;
	size_t count;
	uint32_t messages = 0;

	assert_int_equal(OPS(r)->list(A(r), &arena, &list, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		if (list[i].exists)
			messages += status_of(r, list[i].id);
	}
	arena_free(&arena);
	return messages;
}

/* Whatever page is damaged: the account opens, nothing that the ledger has is missing, every invariant holds, the old file is kept. */
static void damage_of_any_page_of_the_database_costs_no_message(void **state)
{
	struct rig *r = *state;
	unsigned mended = 0, kept = 0, unused = 0;
	long pages;

	salvage_fill(r);
	store_account_close(&r->account);
	pages = database_pages(r);
	assert_true(pages > 30);
	shell(r, "cp -r account whole");
	for (long page = 1; page < pages; page++) {
		shell(r, "rm -rf account && cp -r whole account");
		flip(r, "account/account.db", page * 4096 + 200);
		r->salvages = 0;
		rig_open(r);
		if (r->salvages == 0) { /* not a page that opening reads: it is found in use */
			(void)store_account_check(r->account, false, NULL, NULL);
			if (!store_account_broken(r->account)) { /* nor has it anything in it */
				unused++;
				store_account_close(&r->account);
				continue;
			}
			rig_reopen(r);
		}
		assert_false(r->aside);
		assert_false(store_account_broken(r->account));
		assert_int_equal(r->salvages, 1);
		rig_file(r);
		/* Letter 1 was expunged: what is not known to be gone comes again. */
		assert_in_range(messages_everywhere(r), SALVAGE_LETTERS, SALVAGE_LETTERS + 1);
		assert_int_equal(rig_check(r), 0);
		mended++;
		kept += r->salvaged.messages >= SALVAGE_LETTERS - 10;
		shell(r, "ls account/account.db.*.damaged > /dev/null");
		rig_reopen(r);
		assert_int_equal(r->salvages, 1);
		store_account_close(&r->account);
	}
	assert_in_range(unused, 0, 1);
	assert_int_equal(mended + unused, pages - 1);
	assert_true(kept > mended / 2); /* most pages are not those of rows */
	rig_open(r);
}

static void what_lost_its_row_is_filed_in_recovered_and_new_mail_is_not(void **state)
{
	struct rig *r = *state;
	uint32_t lost;
	long pages;

	salvage_fill(r);
	store_account_close(&r->account);
	pages = database_pages(r);
	shell(r, "cp -r account whole");
	for (long page = 2; page < pages; page++) {
		shell(r, "rm -rf account && cp -r whole account");
		flip(r, "account/account.db", page * 4096 + 200);
		shell(r, "touch account/damaged");
		rig_open(r);
		if (r->salvaged.messages != 0 && r->salvaged.messages < SALVAGE_LETTERS)
			break;
		store_account_close(&r->account);
	}
	assert_non_null(r->account);
	lost = SALVAGE_LETTERS - (uint32_t)r->salvaged.messages;
	assert_true(r->salvaged.lost >= lost);
	r->recovered = 0;
	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	assert_in_range(r->recovered, lost, lost + 1);
	assert_int_equal(rig_status(r, STORE_RECOVERED).messages, r->recovered);
	assert_int_equal(rig_status(r, "INBOX").messages + rig_status(r, "Archive").messages, r->salvaged.messages + 1);
	assert_int_equal(rig_check(r), 0);
}

static void a_salvage_that_was_interrupted_is_completed(void **state)
{
	struct rig *r = *state;

	rig_deliver_many(r, 3);
	rig_file(r);
	store_account_close(&r->account);
	/* The crash came between the two renames. */
	shell(r, "cd account && cp account.db account.db.rebuilt && mv account.db account.db.1.damaged");
	rig_open(r);
	expect_uids(r, "INBOX", "1:3");
	store_account_close(&r->account);
	/* The crash came before: what was begun is removed. */
	shell(r, "cd account && head -c 5000 /dev/zero > account.db.rebuilt");
	rig_open(r);
	expect_uids(r, "INBOX", "1:3");
	shell(r, "test ! -e account/account.db.rebuilt");
}

static void a_record_that_ended_its_reader_is_filed_opaque(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	char path[128];
	uint64_t seq;
	uint8_t mark[9] = {0};
	FILE *f;
	struct arena arena = ARENA_INIT;
	struct slice encoded;
	struct digest d;
	uint32_t prefix;

	seq = rig_deliver(r, SLICE_NONE, LETTER)->seq;
	store_account_close(&r->account);
	snprintf(path, sizeof path, "%s/account/opening", r->directory);
	memcpy(mark, &seq, 8);
	mark[8] = 1;
	f = fopen(path, "wb");
	fwrite(mark, 1, sizeof mark, f);
	fclose(f);
	rig_open(r);
	rig_file(r);
	assert_int_equal(OPS(r)->digest(A(r), &inbox, 1, false, &arena, &encoded, &prefix, NULL), 0);
	assert_int_equal(digest_decode(encoded, &arena, &d), 0);
	assert_true(d.opaque);
	assert_int_equal(d.size, LETTER.n);
	arena_free(&arena);
}

static int keep_row(void *arg, const struct message_row *row)
{
	*(struct message_row *)arg = *row;
	return 0;
}

static void replies_share_a_thread(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct message_row rows[3];
	struct slice letters[] = {
		SLICE("Subject: Plan\r\nMessage-ID: <1@x>\r\n\r\na\r\n"), SLICE("Subject: Re: plan\r\nMessage-ID: <2@x>\r\nReferences: <1@x>\r\n\r\nb\r\n"),
		SLICE("Subject: Other\r\nMessage-ID: <3@x>\r\nReferences: <1@x>\r\n\r\nc\r\n"),
	};

	for (int i = 0; i < 3; i++)
		rig_deliver(r, SLICE_NONE, letters[i]);
	rig_file(r);
	for (uint32_t i = 0; i < 3; i++) {
		OPS(r)->messages(A(r), &inbox, i + 1, i + 1, 0, keep_row, &rows[i], NULL);
	}
	assert_memory_equal(rows[0].thread_id, rows[1].thread_id, 16);
	assert_memory_not_equal(rows[0].thread_id, rows[2].thread_id, 16);
}

struct ear {
	struct account_listener listener;
	int lists, boxes;
};

static void on_change(struct account_listener *self, const struct mailbox_ref *mailbox)
{
	struct ear *ear = (struct ear *)self;

	if (mailbox == NULL)
		ear->lists++;
	else
		ear->boxes++;
}

static void listeners_hear_later_not_at_once(void **state)
{
	struct rig *r = *state;
	struct ear ear = {.listener = {.changed = on_change}};
	struct mailbox_ref ref;

	rig_run(r);
	OPS(r)->listen(A(r), &ear.listener);
	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	assert_int_equal(ear.boxes, 0);
	rig_run(r);
	assert_int_equal(ear.boxes, 1);
	OPS(r)->create(A(r), SLICE("n"), 0, &ref, NULL);
	rig_run(r);
	assert_int_equal(ear.lists, 1);
	OPS(r)->unlisten(A(r), &ear.listener);
	rig_deliver(r, SLICE_NONE, LETTER);
	rig_file(r);
	rig_run(r);
	assert_int_equal(ear.boxes, 1);
}

static void a_parked_account_wakes_where_it_stopped(void **state)
{
	struct rig *r = *state;

	rig_deliver_many(r, 2);
	rig_file(r);
	store_account_park(r->account);
	assert_true(store_account_parked(r->account));
	assert_int_equal(rig_status(r, "INBOX").messages, 2);
	store_account_park(r->account);
	rig_deliver_many(r, 1);
	rig_file(r);
	assert_false(store_account_parked(r->account));
	expect_uids(r, "INBOX", "1:3");
	assert_int_equal(rig_check(r), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_account_has_its_mailboxes), T(an_arrival_is_filed_and_read_with_its_prefix), T(an_arrival_is_filed_where_a_script_wants_it),
		T(what_comes_to_a_muted_conversation_passes_by_the_inbox),
		T(flags_change_with_modseq_and_condition),
		T(expunge_tells_what_vanished_and_gives_back), T(mailboxes_are_made_renamed_removed), T(append_is_all_or_nothing),
		T(an_own_ref_nobody_knows_is_recovered), T(after_a_crash_no_uid_is_given_twice), T(an_older_database_reads_its_arrivals_again),
		T(a_wrong_key_sets_the_database_aside), T(damage_of_any_page_of_the_database_costs_no_message),
		T(what_lost_its_row_is_filed_in_recovered_and_new_mail_is_not), T(a_salvage_that_was_interrupted_is_completed), T(a_damaged_record_is_named_and_the_others_work),
		T(flipped_bytes_in_the_database_are_errors_not_lies), T(a_new_ledger_is_told_again_what_was_expunged), T(damage_that_a_read_met_is_known_before_the_next), T(a_record_that_ended_its_reader_is_filed_opaque), T(replies_share_a_thread),
		T(listeners_hear_later_not_at_once), T(a_parked_account_wakes_where_it_stopped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
