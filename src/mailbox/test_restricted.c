#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailbox/restricted.h"
#include "sys/file.h"

#define PREFIX "Return-Path: <a@b>\r\n"
#define HEADER "From: a@b\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
#define TEXT_PART "--x\r\nContent-Type: text/plain\r\n\r\nthe text\r\n"
#define FILE_HEADER "--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=f.pdf\r\n\r\n"
#define FILE_BODY "JVBERi0xLjQK"
#define LETTER HEADER TEXT_PART FILE_HEADER FILE_BODY "\r\n--x--\r\n"

struct told {
	unsigned given[3], copied;
	uint64_t bytes;
	bool refuse;
};

struct rig {
	struct account *ram, *seen;
	struct mailbox_ref inbox;
	struct told told;
};

static bool on_given(void *arg, const struct mailbox_ref *m, uint32_t uid, enum account_given what, uint64_t n)
{
	struct told *t = arg;

	t->given[what]++;
	t->bytes += n;
	return !t->refuse;
}

static void on_copied(void *arg, const struct mailbox_ref *from, const struct mailbox_ref *to, size_t count)
{
	((struct told *)arg)->copied += (unsigned)count;
}

static const struct account_watch CLOSELY = {.closely = true, .given = on_given, .copied = on_copied}, COUNTING = {.given = on_given};

static void see(struct rig *r, unsigned refuses, const struct account_watch *watch)
{
	restricted_account_destroy(&r->seen);
	r->seen = restricted_account_create(r->ram, refuses, watch, &r->told);
}

static int setup(void **state)
{
	static struct rig r;

	r = (struct rig){.ram = ram_account_create()};
	ram_account_set_prefix(r.ram, SLICE(PREFIX));
	assert_int_equal(ram_account_deliver(r.ram, SLICE("INBOX"), SLICE(LETTER), 1), 0);
	assert_int_equal(ram_account_deliver(r.ram, SLICE("INBOX"), SLICE("Subject: plain\r\n\r\nonly text\r\n"), 2), 0);
	assert_int_equal(r.ram->ops->find(r.ram, SLICE("INBOX"), &r.inbox, NULL), 0);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	restricted_account_destroy(&r->seen);
	ram_account_destroy(&r->ram);
	return 0;
}

static int store(struct rig *r, struct account *a, uint32_t uid, enum flag_change change, uint32_t flags)
{
	struct uid_set uids = {0}, skipped = {0};
	uint64_t modseq;

	uid_set_add(&uids, uid);
	int rc = a->ops->store(a, &r->inbox, &uids, change, (struct flag_set){.system = flags}, UINT64_MAX, &skipped, &modseq, NULL);
	uid_set_free(&uids);
	uid_set_free(&skipped);
	return rc;
}

static int take_flags(void *arg, const struct message_row *row)
{
	*(uint32_t *)arg = row->flags.system;
	return 0;
}

static uint32_t flags_of(struct rig *r, uint32_t uid)
{
	uint32_t flags = 0;

	assert_int_equal(r->ram->ops->flags(r->ram, &r->inbox, uid, uid, take_flags, &flags, NULL), 0);
	return flags;
}

static int expunge(struct rig *r, bool force)
{
	struct uid_set all = {0}, gone = {0};

	uid_set_add_range(&all, 1, 2);
	int rc = r->seen->ops->expunge(r->seen, &r->inbox, &all, force, &gone, NULL);
	uid_set_free(&all);
	uid_set_free(&gone);
	return rc;
}

static int copy(struct rig *r, bool move)
{
	struct arena arena = ARENA_INIT;
	struct copy_result result;
	struct mailbox_ref to;
	struct uid_set all = {0};

	uid_set_add_range(&all, 1, 2);
	(void)r->ram->ops->create(r->ram, SLICE("Other"), 0, &to, NULL);
	assert_int_equal(r->ram->ops->find(r->ram, SLICE("Other"), &to, NULL), 0);
	int rc = r->seen->ops->copy(r->seen, &r->inbox, &all, &to, move, &arena, &result, NULL);
	uid_set_free(&all);
	arena_free(&arena);
	return rc;
}

static void who_may_only_read_changes_nothing(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref m;
	unsigned index;

	see(r, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE, NULL);
	assert_int_equal(store(r, r->seen, 1, FLAGS_ADD, FLAG_SEEN), ERR_DENIED);
	assert_int_equal(store(r, r->seen, 1, FLAGS_REPLACE, 0), ERR_DENIED);
	assert_int_equal(expunge(r, false), ERR_DENIED);
	assert_int_equal(copy(r, false), ERR_DENIED);
	assert_int_equal(r->seen->ops->create(r->seen, SLICE("New"), 0, &m, NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->subscribe(r->seen, SLICE("INBOX"), true, NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->keyword(r->seen, SLICE("new"), true, &index, NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->arrange(r->seen, &r->inbox, USE_JUNK, 3, NULL), ERR_DENIED);
	assert_int_equal(flags_of(r, 1), 0);
}

static void without_the_right_to_delete_nothing_goes(void **state)
{
	struct rig *r = *state;

	see(r, ACCOUNT_REFUSES_DELETE, NULL);
	assert_int_equal(store(r, r->seen, 1, FLAGS_ADD, FLAG_FLAGGED), 0);
	assert_int_equal(store(r, r->seen, 1, FLAGS_ADD, FLAG_DELETED), ERR_DENIED);
	assert_int_equal(store(r, r->seen, 1, FLAGS_REPLACE, FLAG_DELETED | FLAG_SEEN), ERR_DENIED);
	assert_int_equal(expunge(r, true), ERR_DENIED);
	assert_int_equal(copy(r, true), ERR_DENIED);
	assert_int_equal(copy(r, false), 0);
	assert_int_equal(r->seen->ops->remove(r->seen, SLICE("Other"), NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->rename(r->seen, SLICE("INBOX"), SLICE("Gone"), NULL), ERR_DENIED);
	assert_int_equal(flags_of(r, 1), FLAG_FLAGGED);
}

static int go(struct rig *r, const char *mailbox, uint32_t uid, const char *to)
{
	struct arena arena = ARENA_INIT;
	struct copy_result result;
	struct mailbox_ref from, target;
	struct uid_set one = {0}, gone = {0};
	int rc = r->ram->ops->find(r->ram, slice_str(mailbox), &from, NULL);

	uid_set_add(&one, uid);
	if (rc == 0 && to == NULL)
		rc = r->seen->ops->expunge(r->seen, &from, &one, true, &gone, NULL);
	else if (rc == 0 && (rc = r->ram->ops->find(r->ram, slice_str(to), &target, NULL)) == 0)
		rc = r->seen->ops->copy(r->seen, &from, &one, &target, true, &arena, &result, NULL);
	uid_set_free(&one);
	uid_set_free(&gone);
	arena_free(&arena);
	return rc;
}

static void ones_own_drafts_may_go_and_nothing_else(void **state)
{
	static const char own[] = "From: boss@x.test\r\nSender: Ann <Ann@x.test>\r\nSubject: d\r\n\r\ntext\r\n";
	static const char others[] = "From: boss@x.test\r\nSubject: ann@x.test\r\n\r\nann@x.test\r\n";
	struct rig *r = *state;
	struct mailbox_ref drafts, sent;

	assert_int_equal(r->ram->ops->create(r->ram, SLICE("Drafts"), USE_DRAFTS, &drafts, NULL), 0);
	assert_int_equal(r->ram->ops->create(r->ram, SLICE("Sent"), USE_SENT, &sent, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ram_account_deliver(r->ram, SLICE("Drafts"), slice_str(own), 3), 0);
		assert_int_equal(ram_account_deliver(r->ram, SLICE("Drafts"), slice_str(others), 3), 0);
	}
	assert_int_equal(ram_account_deliver(r->ram, SLICE("Sent"), slice_str(own), 3), 0);
	see(r, ACCOUNT_REFUSES_DELETE, NULL);
	assert_int_equal(go(r, "Drafts", 1, NULL), ERR_DENIED);
	restricted_account_author(r->seen, SLICE("ann@x.test"));
	assert_int_equal(r->seen->ops->expunge(r->seen, &drafts, NULL, false, NULL, NULL), ERR_DENIED);
	assert_int_equal(go(r, "Drafts", 2, NULL), ERR_DENIED);
	assert_int_equal(go(r, "Drafts", 2, "Sent"), ERR_DENIED);
	assert_int_equal(go(r, "Sent", 1, NULL), ERR_DENIED);
	assert_int_equal(go(r, "Sent", 1, "Drafts"), ERR_DENIED);
	assert_int_equal(r->seen->ops->arrange(r->seen, &sent, USE_SENT | USE_DRAFTS, 3, NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->arrange(r->seen, &drafts, USE_DRAFTS, 3, NULL), 0);
	assert_int_equal(go(r, "Drafts", 1, NULL), 0);
	assert_int_equal(go(r, "Drafts", 3, "Sent"), 0);
	see(r, ACCOUNT_REFUSES_DELETE | ACCOUNT_REFUSES_CHANGE, NULL);
	restricted_account_author(r->seen, SLICE("boss@x.test"));
	assert_int_equal(go(r, "Drafts", 2, NULL), ERR_DENIED);
}

/* RFC 4314 4: what the owner has marked stays marked. */
static void a_mark_of_the_owner_survives_new_flags(void **state)
{
	struct rig *r = *state;
	struct uid_set both = {0}, skipped = {0};
	uint64_t modseq = 0;

	assert_int_equal(store(r, r->ram, 1, FLAGS_ADD, FLAG_DELETED | FLAG_FLAGGED), 0);
	see(r, ACCOUNT_REFUSES_DELETE, NULL);
	assert_int_equal(store(r, r->seen, 1, FLAGS_REMOVE, FLAG_DELETED), ERR_DENIED);
	uid_set_add_range(&both, 1, 2);
	assert_int_equal(r->seen->ops->store(r->seen, &r->inbox, &both, FLAGS_REPLACE, (struct flag_set){.system = FLAG_SEEN}, UINT64_MAX, &skipped,
		&modseq, NULL), 0);
	assert_true(modseq > 0);
	assert_int_equal(flags_of(r, 1), FLAG_SEEN | FLAG_DELETED);
	assert_int_equal(flags_of(r, 2), FLAG_SEEN);
	uid_set_free(&both);
	uid_set_free(&skipped);
}

static int give(struct rig *r, uint32_t uid, uint64_t offset, uint64_t n)
{
	return r->seen->ops->give(r->seen, &r->inbox, uid, offset, n, NULL);
}

#define LEN(text) (sizeof(text) - 1)

static void bytes_of_an_attachment_are_a_download(void **state)
{
	struct rig *r = *state;
	uint64_t header = LEN(PREFIX) + LEN(HEADER), file = header + LEN(TEXT_PART) + LEN(FILE_HEADER), whole = LEN(PREFIX) + LEN(LETTER);
	struct buf out = BUF_INIT(10000);

	see(r, ACCOUNT_REFUSES_DOWNLOAD, &CLOSELY);
	assert_int_equal(give(r, 1, 0, header), 0);
	assert_int_equal(r->told.given[GIVEN_LISTED], 1);
	assert_int_equal(give(r, 1, header, LEN(TEXT_PART)), 0);
	assert_int_equal(give(r, 1, header, file - header), 0); /* with the header of the file's part */
	assert_int_equal(r->told.given[GIVEN_VIEWED], 2);
	assert_int_equal(give(r, 1, 0, whole), ERR_DENIED);
	assert_int_equal(give(r, 1, file, 1), ERR_DENIED);
	assert_int_equal(give(r, 1, file + LEN(FILE_BODY) - 1, UINT64_MAX), ERR_DENIED);
	assert_int_equal(give(r, 1, file + LEN(FILE_BODY) + 2, 3), 0);
	assert_int_equal(r->told.given[GIVEN_DOWNLOADED], 0);
	assert_int_equal(r->seen->ops->read(r->seen, &r->inbox, 1, 0, whole, &out, NULL), ERR_DENIED);
	assert_int_equal(r->seen->ops->read(r->seen, &r->inbox, 1, file, 2, &out, NULL), ERR_DENIED);
	assert_int_equal(buf_len(&out), 0);
	assert_int_equal(r->seen->ops->read(r->seen, &r->inbox, 1, header, LEN(TEXT_PART), &out, NULL), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE(TEXT_PART)));
	/* As pictures it is seen, not taken. */
	restricted_account_depict(r->seen, true);
	assert_int_equal(give(r, 1, file, 1), 0);
	assert_int_equal(r->told.given[GIVEN_DOWNLOADED], 0);
	buf_clear(&out);
	assert_int_equal(r->seen->ops->read(r->seen, &r->inbox, 1, file, 2, &out, NULL), 0);
	assert_int_equal(buf_len(&out), 2);
	restricted_account_depict(r->seen, false);
	assert_int_equal(r->seen->ops->read(r->seen, &r->inbox, 1, file, 2, &out, NULL), ERR_DENIED);
	/* A letter of texts alone is viewed as a whole; one that is not there is refused. */
	assert_int_equal(give(r, 2, 0, 10000), 0);
	assert_int_equal(give(r, 77, 0, 1), ERR_DENIED);
	buf_free(&out);
}

static void a_watch_is_told_and_may_refuse(void **state)
{
	struct rig *r = *state;
	uint64_t whole = LEN(PREFIX) + LEN(LETTER);

	see(r, 0, &CLOSELY);
	assert_int_equal(give(r, 1, 0, whole), 0);
	assert_int_equal(r->told.given[GIVEN_DOWNLOADED], 1);
	assert_int_equal(r->told.bytes, whole);
	assert_int_equal(copy(r, false), 0);
	assert_int_equal(r->told.copied, 2);
	assert_int_equal(copy(r, true), 0);
	assert_int_equal(r->told.copied, 2);
	r->told.refuse = true;
	assert_int_equal(give(r, 1, 0, 1), ERR_DENIED);
	r->told = (struct told){0};
	see(r, 0, &COUNTING);
	assert_int_equal(give(r, 1, 0, whole), 0);
	assert_int_equal(r->told.given[GIVEN_LISTED], 1);
	see(r, 0, NULL);
	assert_int_equal(give(r, 1, 0, whole), 0);
	assert_int_equal(r->told.given[GIVEN_LISTED], 1);
}

static void on_append(void *arg, enum error_code code, uint32_t uid_validity, uint32_t uid)
{
	assert_int_equal(code, 0);
	*(uint32_t *)arg = uid;
}

static void what_is_appended_is_not_marked_for_deletion(void **state)
{
	struct rig *r = *state;
	int fd = memfd_new("letter", NULL);
	struct append_input input = {.mailbox = r->inbox, .fd = fd, .size = 5, .flags = {.system = FLAG_DELETED | FLAG_SEEN}};
	uint32_t uid = 0;

	assert_int_equal(file_write_all(fd, SLICE("A: b\n"), NULL), 0);
	assert_int_equal(memfd_seal(fd, NULL), 0);
	see(r, ACCOUNT_REFUSES_DELETE, NULL);
	r->seen->ops->append(r->seen, &input, 1, on_append, &uid);
	while (ram_account_run(r->ram) > 0)
		;
	assert_true(uid > 0);
	assert_int_equal(flags_of(r, uid), FLAG_SEEN);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_may_only_read_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(without_the_right_to_delete_nothing_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(ones_own_drafts_may_go_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mark_of_the_owner_survives_new_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_of_an_attachment_are_a_download, setup, teardown),
		cmocka_unit_test_setup_teardown(a_watch_is_told_and_may_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_appended_is_not_marked_for_deletion, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
