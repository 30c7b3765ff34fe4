/* What a reader moves into Junk and out of it teaches this account, and only what comes later shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/memory.h"
#include "crypt/crypt.h"
#include "mime/text.h"
#include "policy/bayes.h"
#include "store/account_internal.h"
#include "store/test_rig.h"
#include "sys/file.h"

#define OPS(r) ((r)->mailboxes->ops)
#define A(r) ((r)->mailboxes)
#define LETTERS 20

static int setup(void **state)
{
	struct rig *r = memory_alloc(sizeof *r);

	rig_start(r);
	r->learns = true;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(*state);
	memory_free(*state);
	return 0;
}

/* kind: the words that junk and good letters of the test are made of. points: what the checks gave it. */
static void deliver(struct rig *r, const char *mailbox, bool junk, unsigned number, int points, int phishing)
{
	static const char *const words[][4] = {
		{"meeting minutes budget", "project schedule review", "invoice attached contract", "holiday calendar office"},
		{"lottery jackpot winner", "cheap pharmacy tablets", "casino bonus freespins", "miracle weightloss diet"},
	};
	struct buf out = BUF_INIT(4096);

	buf_printf(&out, "X-Letterlock-Verdict: v1; verdict=%s; score=%d; phishing=%d; junk=50; quarantine=90; reject=0\r\nFrom: %s%u@%s.example\r\n"
		"Subject: %s\r\nMessage-ID: <%d.%u@x>\r\n\r\n", points >= 50 ? "junk" : "pass", points, phishing, junk ? "promo" : "colleague", number,
		junk ? "deals" : "partner", words[junk][number % 4], junk, number);
	for (unsigned i = 0; i < 4; i++)
		buf_printf(&out, "%s and %s number%u\r\n", words[junk][i], words[junk][(i + number) % 4], number);
	rig_deliver(r, slice_str(mailbox), buf_slice(&out));
	rig_file(r);
	buf_free(&out);
}

static void move(struct rig *r, const char *from, const char *to, uint32_t first, uint32_t last)
{
	struct mailbox_ref a = rig_mailbox(r, from), b = rig_mailbox(r, to);
	struct uid_set uids = {0};
	struct arena arena = ARENA_INIT;
	struct copy_result result;

	uid_set_add_range(&uids, first, last);
	assert_int_equal(OPS(r)->copy(A(r), &a, &uids, &b, true, &arena, &result, NULL), 0);
	uid_set_free(&uids);
	arena_free(&arena);
}

static void set_flags(struct rig *r, const char *mailbox, uint32_t system, const char *keyword, enum flag_change change)
{
	struct mailbox_ref ref = rig_mailbox(r, mailbox);
	struct flag_set flags = {.system = system};
	struct uid_set all = {0};
	unsigned index;
	uint64_t modseq;

	if (keyword != NULL) {
		assert_int_equal(OPS(r)->keyword(A(r), slice_str(keyword), true, &index, NULL), 0);
		flags.keywords = UINT64_C(1) << index;
	}
	uid_set_add_range(&all, 1, UINT32_MAX);
	assert_int_equal(OPS(r)->store(A(r), &ref, &all, change, flags, UINT64_MAX, NULL, &modseq, NULL), 0);
	uid_set_free(&all);
}

/* The number of batches it took. */
static unsigned learn(struct rig *r)
{
	bool more = true;
	unsigned batches = 0;

	for (; more; batches++)
		assert_int_equal(store_account_learn(r->account, 7, &more, NULL), 0);
	return batches;
}

/* Read letters in INBOX, junk in Junk: moved there and learnt. */
static void teach(struct rig *r)
{
	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", true, i, 25, 0);
	move(r, "INBOX", "Junk", 1, LETTERS);
	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", false, i, 5, 0);
	set_flags(r, "INBOX", FLAG_SEEN, NULL, FLAGS_ADD);
	assert_true(r->lessons > 0);
	assert_true(learn(r) > 1);
}

/* Where does the next one go? Moves it away again, to a place that teaches nothing. */
static bool goes_to_junk(struct rig *r, bool junk, const char *mailbox, int points, int phishing)
{
	static unsigned number = 1000;
	uint32_t before = rig_status(r, "Junk").messages, next = rig_status(r, "Junk").uid_next;

	deliver(r, mailbox, junk, number++, points, phishing);
	if (rig_status(r, "Junk").messages == before)
		return false;
	move(r, "Junk", "Trash", next, next);
	return true;
}

static void what_is_moved_to_junk_teaches(void **state)
{
	struct rig *r = *state;

	assert_false(goes_to_junk(r, true, "", 25, 0));
	teach(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	assert_false(goes_to_junk(r, false, "", 5, 0));
	assert_int_equal(rig_check(r), 0);
}

static void the_reason_stands_in_front_of_the_letter(void **state)
{
	struct rig *r = *state;
	struct buf out = BUF_INIT(1 << 20);
	struct mailbox_ref junk;
	uint32_t uid;

	teach(r);
	uid = rig_status(r, "Junk").uid_next;
	deliver(r, "", true, 500, 25, 0);
	junk = rig_mailbox(r, "Junk");
	assert_int_equal(OPS(r)->read(A(r), &junk, uid, 0, UINT64_MAX, &out, NULL), 0);
	assert_true(slice_search(buf_slice(&out), SLICE("\r\nX-Letterlock-Filed: v1; mailbox=junk; score=")) > 0);
	assert_true(slice_search(buf_slice(&out), SLICE("; judged=25; own=")) > 0);
	assert_true(slice_search(buf_slice(&out), SLICE("/learnt_junk percent=")) > 0);
	buf_free(&out);
}

static void what_its_reader_likes_comes_back_from_junk_but_deceit_does_not(void **state)
{
	struct rig *r = *state;

	teach(r);
	assert_false(goes_to_junk(r, false, "Junk", 55, 0));
	assert_true(goes_to_junk(r, false, "Junk", 95, 0));
	assert_true(goes_to_junk(r, false, "Junk", 55, 55));
	assert_true(goes_to_junk(r, false, "Junk", 20, 0)); /* DMARC put it there */
	assert_true(goes_to_junk(r, true, "", 25, 0));
	deliver(r, "Archive", true, 900, 25, 0);            /* it was meant for there */
	assert_int_equal(rig_status(r, "Archive").messages, 1);
}

static void moving_back_takes_it_back(void **state)
{
	struct rig *r = *state;

	teach(r);
	move(r, "Junk", "INBOX", 1, LETTERS);
	learn(r);
	assert_false(goes_to_junk(r, true, "", 25, 0));
	move(r, "INBOX", "Junk", 2 * LETTERS + 1, 3 * LETTERS);
	learn(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	assert_int_equal(rig_check(r), 0);
}

static void the_trash_and_other_mailboxes_teach_nothing(void **state)
{
	struct rig *r = *state;

	teach(r);
	r->lessons = 0;
	move(r, "Junk", "Trash", 1, LETTERS);
	move(r, "Trash", "Archive", 1, LETTERS);
	move(r, "INBOX", "Archive", 1, UINT32_MAX);
	assert_int_equal(r->lessons, 0);
	assert_true(goes_to_junk(r, true, "", 25, 0));
}

static void keywords_teach_as_moves_do(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "Archive", true, i, 25, 0);
	set_flags(r, "Archive", 0, "$Junk", FLAGS_ADD);
	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", false, i, 5, 0);
	set_flags(r, "INBOX", 0, "$NotJunk", FLAGS_ADD);
	learn(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	set_flags(r, "Archive", 0, "$Junk", FLAGS_REMOVE);
	learn(r);
	assert_false(goes_to_junk(r, true, "", 25, 0));
}

static void a_letter_is_learnt_once(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox, junk;
	struct uid_set uids = {0};
	struct arena arena = ARENA_INIT;
	struct copy_result result;

	/* One letter, copied twenty times, is one letter: too few to say anything. */
	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", false, i, 5, 0);
	set_flags(r, "INBOX", FLAG_SEEN, NULL, FLAGS_ADD);
	deliver(r, "", true, 1, 25, 0);
	inbox = rig_mailbox(r, "INBOX");
	junk = rig_mailbox(r, "Junk");
	uid_set_add_range(&uids, LETTERS + 1, LETTERS + 1);
	for (unsigned i = 0; i < LETTERS; i++)
		assert_int_equal(OPS(r)->copy(A(r), &inbox, &uids, &junk, false, &arena, &result, NULL), 0);
	learn(r);
	assert_false(goes_to_junk(r, true, "", 25, 0));
	uid_set_free(&uids);
	arena_free(&arena);
}

static void what_was_learnt_survives_a_crash_and_what_waits_too(void **state)
{
	struct rig *r = *state;
	bool more;

	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", true, i, 25, 0);
	for (unsigned i = 0; i < LETTERS; i++)
		deliver(r, "", false, i, 5, 0);
	set_flags(r, "INBOX", FLAG_SEEN, NULL, FLAGS_ADD);
	move(r, "INBOX", "Junk", 1, LETTERS);
	assert_int_equal(store_account_learn(r->account, 5, &more, NULL), 0);
	assert_true(more);
	rig_crash(r);
	assert_true(learn(r) > 1);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	store_account_park(r->account);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	rig_crash(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
}

static void it_can_be_forgotten_now_or_at_the_next_open(void **state)
{
	struct rig *r = *state;
	char path[128];
	struct error err = {0};

	teach(r);
	assert_int_equal(store_account_unlearn(r->account, &err), 0);
	assert_false(goes_to_junk(r, true, "", 25, 0));
	move(r, "Junk", "INBOX", 1, LETTERS);
	move(r, "INBOX", "Junk", 1, UINT32_MAX);
	learn(r);
	store_account_close(&r->account);
	snprintf(path, sizeof path, "%s/account/" STORE_UNLEARN, r->directory);
	assert_int_equal(file_create(path, SLICE_NONE, 0600, &err), 0);
	rig_open(r);
	assert_int_equal(access(path, F_OK), -1);
	assert_false(goes_to_junk(r, true, "", 25, 0));
}

static void who_does_not_want_it_is_not_learnt_from(void **state)
{
	struct rig *r = *state;

	teach(r);
	r->learns = false;
	assert_false(goes_to_junk(r, true, "", 25, 0));
	r->lessons = 0;
	move(r, "Junk", "INBOX", 1, LETTERS);
	assert_int_equal(r->lessons, 0);
}

/* ---- the organisation's table ---- */

static void house_learn(struct bayes *b, bool junk, unsigned number)
{
	static const char *const words[] = {"meeting minutes budget project schedule review invoice contract holiday calendar office colleague partner",
		"lottery jackpot winner cheap pharmacy tablets casino bonus freespins miracle weightloss diet promo deals"};
	struct arena arena = ARENA_INIT;
	struct tokens tokens;
	struct slice text = arena_printf(&arena, "%s number%u", words[junk], number);

	tokens_make_texts(SLICE_NONE, text, b->key, &arena, &tokens);
	bayes_train(b, &tokens, junk ? BAYES_JUNK : BAYES_HAM);
	arena_free(&arena);
}

static void house_begin(struct bayes *b)
{
	static const uint8_t key[TOKEN_KEY] = {9};

	bayes_init(b, key, BAYES_TOKENS_ORGANISATION, BAYES_LEARNT_ORGANISATION);
	for (unsigned i = 0; i < BAYES_LEARNT_ORGANISATION; i++) {
		house_learn(b, true, i);
		house_learn(b, false, i);
	}
}

static void the_house_speaks_where_the_reader_taught_nothing(void **state)
{
	struct rig *r = *state;
	struct bayes house;

	house_begin(&house);
	assert_false(goes_to_junk(r, true, "", 25, 0));
	r->house = &house;
	assert_true(goes_to_junk(r, true, "", 25, 0));
	assert_false(goes_to_junk(r, false, "", 5, 0));
	r->learns = false; /* who keeps no table of his own is spoken for too */
	assert_true(goes_to_junk(r, true, "", 25, 0));
	r->house = NULL;
	bayes_free(&house);
}

static void what_the_reader_teaches_the_house_hears(void **state)
{
	struct rig *r = *state;
	struct bayes house;

	house_begin(&house);
	teach(r);
	assert_int_equal(r->taught[1], 0); /* there was none */
	r->house = &house;
	move(r, "Junk", "INBOX", 1, 3);
	learn(r);
	assert_int_equal(r->taught[0], 3);
	r->house = NULL;
	bayes_free(&house);
}

/* ---- damage ---- */

static void salvage(struct rig *r)
{
	char command[200];

	store_account_close(&r->account);
	snprintf(command, sizeof command, "touch %s/account/damaged", r->directory);
	assert_int_equal(system(command), 0);
	rig_open(r);
	assert_int_equal(r->salvages, 1);
	rig_file(r);
}

static void what_was_learnt_survives_damage(void **state)
{
	struct rig *r = *state;

	teach(r);
	salvage(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	assert_false(goes_to_junk(r, false, "", 5, 0));
}

static void a_table_that_is_lost_is_learnt_again_from_its_letters(void **state)
{
	struct rig *r = *state;

	teach(r);
	assert_int_equal(sqlite3_exec(r->account->db.sqlite, "DELETE FROM junk WHERE kind=0", NULL, NULL, NULL), SQLITE_OK);
	salvage(r);
	assert_false(goes_to_junk(r, true, "", 25, 0));
	learn(r);
	assert_true(goes_to_junk(r, true, "", 25, 0));
	assert_false(goes_to_junk(r, false, "", 5, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_moved_to_junk_teaches),
		TEST(the_reason_stands_in_front_of_the_letter),
		TEST(what_its_reader_likes_comes_back_from_junk_but_deceit_does_not),
		TEST(moving_back_takes_it_back),
		TEST(the_trash_and_other_mailboxes_teach_nothing),
		TEST(keywords_teach_as_moves_do),
		TEST(a_letter_is_learnt_once),
		TEST(what_was_learnt_survives_a_crash_and_what_waits_too),
		TEST(it_can_be_forgotten_now_or_at_the_next_open),
		TEST(who_does_not_want_it_is_not_learnt_from),
		TEST(the_house_speaks_where_the_reader_taught_nothing),
		TEST(what_the_reader_teaches_the_house_hears),
		TEST(what_was_learnt_survives_damage),
		TEST(a_table_that_is_lost_is_learnt_again_from_its_letters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests_name("store_learn", tests, NULL, NULL);
}
