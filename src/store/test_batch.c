/* Changes that are made together (mailbox.h, begin), and Email/set, which does so (RFC 8621 4.6). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "crypt/crypt.h"
#include "jmap/jmap.h"
#include "mime/text.h"
#include "store/account_internal.h"
#include "store/test_rig.h"

#define LETTERS 40

static int setup(void **state)
{
	struct rig *r = memory_alloc(sizeof *r);

	rig_start(r);
	rig_deliver_many(r, LETTERS);
	rig_file(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(*state);
	memory_free(*state);
	return 0;
}

static uint64_t modseq(struct rig *r)
{
	struct account_state now;

	r->mailboxes->ops->state(r->mailboxes, &now);
	return now.modseq;
}

static int flag(struct rig *r, uint32_t uid)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set one = {0};
	uint64_t ignored;
	int rc;

	uid_set_add(&one, uid);
	rc = r->mailboxes->ops->store(r->mailboxes, &inbox, &one, FLAGS_ADD, (struct flag_set){.system = FLAG_SEEN}, UINT64_MAX, NULL, &ignored, NULL);
	uid_set_free(&one);
	return rc;
}

static int move(struct rig *r, uint32_t uid, const char *name)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX"), to = rig_mailbox(r, name);
	struct arena arena = ARENA_INIT;
	struct copy_result result;
	struct uid_set one = {0};
	int rc;

	uid_set_add(&one, uid);
	rc = r->mailboxes->ops->copy(r->mailboxes, &inbox, &one, &to, true, &arena, &result, NULL);
	uid_set_free(&one);
	arena_free(&arena);
	return rc;
}

static int expunge(struct rig *r, uint32_t uid)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set one = {0};
	int rc;

	uid_set_add(&one, uid);
	rc = r->mailboxes->ops->expunge(r->mailboxes, &inbox, &one, true, NULL, NULL);
	uid_set_free(&one);
	return rc;
}

/* All sorts of changes: ten are read, ten move, ten go. */
static void change_thirty(struct rig *r)
{
	for (uint32_t uid = 1; uid <= 10; uid++) {
		assert_int_equal(flag(r, uid), 0);
		assert_int_equal(move(r, uid + 10, "Archive"), 0);
		assert_int_equal(expunge(r, uid + 20), 0);
	}
}

static void expect(struct rig *r, uint32_t inbox, uint32_t unseen, uint32_t archive)
{
	assert_int_equal(rig_status(r, "INBOX").messages, inbox);
	assert_int_equal(rig_status(r, "INBOX").unseen, unseen);
	assert_int_equal(rig_status(r, "Archive").messages, archive);
	assert_int_equal(rig_check(r), 0);
}

static void changes_together_are_one_with_one_modseq(void **state)
{
	struct rig *r = *state;
	uint64_t before = modseq(r), seqs[LETTERS];

	assert_int_equal(r->mailboxes->ops->begin(r->mailboxes, NULL), 0);
	change_thirty(r);
	assert_int_equal(rig_status(r, "Archive").messages, 10); /* it can be seen already */
	assert_int_equal(r->mailboxes->ops->commit(r->mailboxes, NULL), 0);
	assert_int_equal(modseq(r), before + 1);
	expect(r, LETTERS - 20, LETTERS - 30, 10);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, LETTERS), 10);
	rig_reopen(r);
	expect(r, LETTERS - 20, LETTERS - 30, 10);
}

static void nothing_together_is_nothing(void **state)
{
	struct rig *r = *state;
	uint64_t before = modseq(r);

	assert_int_equal(r->mailboxes->ops->begin(r->mailboxes, NULL), 0);
	assert_int_equal(r->mailboxes->ops->commit(r->mailboxes, NULL), 0);
	assert_int_equal(modseq(r), before);
}

/* The process ends before `commit`. */
static void a_crash_in_the_midst_leaves_nothing(void **state)
{
	struct rig *r = *state;
	uint64_t seqs[LETTERS];
	int status;
	pid_t child;

	store_account_close(&r->account);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		rig_open(r);
		if (r->mailboxes->ops->begin(r->mailboxes, NULL) == 0)
			change_thirty(r);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	rig_open(r);
	expect(r, LETTERS, LETTERS, 0);
	assert_int_equal(store_account_unrefs(r->account, false, seqs, LETTERS), 0);
}

/* No UID is left in Archive, until it is read from the file again. */
static void exhaust(struct rig *r)
{
	mailbox_by_name(r->account, SLICE("Archive"))->uid_next = UINT32_MAX;
}

static void what_fails_undoes_what_was_done_with_it(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->mailboxes->ops->begin(r->mailboxes, NULL), 0);
	assert_int_equal(flag(r, 1), 0);
	exhaust(r);
	assert_true(move(r, 2, "Archive") < 0);
	assert_true(flag(r, 3) < 0);
	assert_true(r->mailboxes->ops->commit(r->mailboxes, NULL) < 0);
	expect(r, LETTERS, LETTERS, 0);
	assert_int_equal(flag(r, 3), 0); /* and life goes on */
	expect(r, LETTERS, LETTERS - 1, 0);
}

/* ---- Email/set ---- */

static void ready(void *owner)
{
}

static int64_t now(void *arg)
{
	return 1700000000;
}

static void ask(struct jmap *j, struct slice body, struct buf *out)
{
	static const struct jmap_request_events events = {.ready = ready};
	struct jmap_request *request = jmap_request_create(j, &events, NULL);
	struct jmap_problem problem;

	assert_int_equal(jmap_request_start(request, body, &problem), 0);
	while (jmap_request_run(request, out) == JMAP_RUN_AGAIN)
		continue;
	jmap_request_leave(&request);
}

struct listing { struct buf *to; const char *format; size_t from, count, at; };

static int list_one(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct listing *l = arg;
	char id[34] = "M";

	if (l->at++ < l->from || l->at > l->from + l->count)
		return 0;
	for (int i = 0; i < 16; i++)
		snprintf(id + 1 + i * 2, 3, "%02x", row->email_id[i]);
	if (l->at > l->from + 1)
		buf_append_byte(l->to, ',');
	buf_printf(l->to, "\"%s\"%s", id, l->format);
	return 0;
}

/* `count` emails behind the first `from`, each with `value` behind it. */
static void list(struct rig *r, struct buf *to, size_t from, size_t count, const char *value)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct listing l = {.to = to, .format = value, .from = from, .count = count};

	assert_int_equal(r->mailboxes->ops->newest(r->mailboxes, &inbox, list_one, &l, NULL), 0);
}

/* One Email/set: ten are read, ten move, ten go. */
static void set_thirty(struct rig *r, struct buf *out)
{
	struct jmap_host host = {.mail = r->mailboxes, .address = SLICE("a@example.org"), .username = SLICE("a@example.org"), .upload_max = 1 << 20, .now = now};
	struct jmap *j = jmap_create(&host);
	struct mailbox_ref archive = rig_mailbox(r, "Archive");
	struct buf body = BUF_INIT(1 << 20), value = BUF_INIT(1000);

	buf_append_str(&value, ":{\"mailboxIds\":{\"F");
	for (int i = 0; i < 16; i++)
		buf_printf(&value, "%02x", archive.id[i]);
	buf_append_str(&value, "\":true}}");
	buf_append_byte(&value, 0);
	buf_printf(&body, "{\"using\":[\"urn:ietf:params:jmap:mail\"],\"methodCalls\":[[\"Email/set\",{\"accountId\":\"%.*s\",\"update\":{",
	           SLICE_ARG(jmap_account_name(j)));
	list(r, &body, 0, 10, ":{\"keywords/$seen\":true}");
	buf_append_byte(&body, ',');
	list(r, &body, 10, 10, (const char *)buf_slice(&value).p);
	buf_append_str(&body, "},\"destroy\":[");
	list(r, &body, 20, 10, "");
	buf_append_str(&body, "]},\"s\"]]}");
	ask(j, buf_slice(&body), out);
	buf_free(&body);
	buf_free(&value);
	jmap_destroy(&j);
}

static void email_set_is_one_transaction(void **state)
{
	struct rig *r = *state;
	struct buf out = BUF_INIT(1 << 20);
	uint64_t before = modseq(r);

	set_thirty(r, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("\"notUpdated\":null,\"notDestroyed\":null")) >= 0);
	assert_int_equal(modseq(r), before + 1);
	expect(r, LETTERS - 20, LETTERS - 30, 10);
	buf_free(&out);
}

static void email_set_that_was_undone_is_done_one_by_one(void **state)
{
	struct rig *r = *state;
	struct buf out = BUF_INIT(1 << 20);

	exhaust(r);
	set_thirty(r, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("\"notUpdated\":null,\"notDestroyed\":null")) >= 0);
	expect(r, LETTERS - 20, LETTERS - 30, 10);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_together_are_one_with_one_modseq, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_together_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crash_in_the_midst_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_fails_undoes_what_was_done_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(email_set_is_one_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(email_set_that_was_undone_is_done_one_by_one, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
