#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "mime/text.h"
#include "store/search.h"
#include "store/test_rig.h"

#define LETTERS 120

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

static void index_some(struct rig *r, unsigned count)
{
	bool more = true;
	struct error err = {0};

	while (more && count > 0) {
		unsigned n = count < 7 ? count : 7;

		assert_int_equal(store_account_index(r->account, n, &more, &err), 0);
		count -= n;
	}
}

/* The slow reference: the definition itself, over the whole texts. */
static bool reference_matches(struct rig *r, uint32_t uid, enum search_scope scope, struct slice field, struct slice needle)
{
	static const char *const fields[] = {"subject", "from", "to", "cc", "bcc"};
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct arena arena = ARENA_INIT;
	struct slice encoded;
	struct digest d;
	uint32_t prefix;
	bool found;

	assert_int_equal(r->mailboxes->ops->digest(r->mailboxes, &inbox, uid, true, &arena, &encoded, &prefix, NULL), 0);
	assert_int_equal(digest_decode(encoded, &arena, &d), 0);
	found = scope != SEARCH_HEADER && slice_search(d.search_text, needle) >= 0;
	if (scope == SEARCH_TEXT)
		found = found || slice_search(d.search_header, needle) >= 0;
	for (size_t i = 0; scope == SEARCH_LETTER && !found && i < ARRAY_LEN(fields); i++)
		found = mime_search_field(d.search_header, slice_str(fields[i]), needle);
	if (scope == SEARCH_HEADER)
		found = mime_search_field(d.search_header, field, needle);
	arena_free(&arena);
	return found;
}

static void compare_words(struct rig *r, const struct search_words *what)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set all = {0}, got = {0};

	uid_set_add_range(&all, 1, LETTERS);
	assert_int_equal(r->mailboxes->ops->search(r->mailboxes, &inbox, &all, what, &got, NULL), 0);
	for (uint32_t uid = 1; uid <= LETTERS; uid++) {
		bool wanted = true;

		for (size_t i = 0; wanted && i < what->count; i++)
			wanted = reference_matches(r, uid, what->scope, what->field, what->needles[i]);
		if (uid_set_has(&got, uid) != wanted) {
			print_message("# scope %d %zu needles, first \"%.*s\" uid %u\n", what->scope, what->count, SLICE_ARG(what->needles[0]), uid);
			fail();
		}
	}
	uid_set_free(&all);
	uid_set_free(&got);
}

static void compare(struct rig *r, enum search_scope scope, struct slice field, struct slice needle)
{
	compare_words(r, &(struct search_words){scope, field, &needle, 1});
}

static uint32_t random_state = 12345;
static uint32_t next_random(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % below;
}

/* A piece of a random text, sometimes changed by one byte's worth. */
static struct slice random_needle(struct rig *r, struct arena *arena)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct slice encoded, text;
	struct digest d;
	uint32_t prefix, start, n;

	assert_int_equal(r->mailboxes->ops->digest(r->mailboxes, &inbox, 1 + next_random(LETTERS), true, arena, &encoded, &prefix, NULL), 0);
	assert_int_equal(digest_decode(encoded, arena, &d), 0);
	text = next_random(4) == 0 ? d.search_header : d.search_text;
	start = next_random((uint32_t)text.n - 1);
	while (start < text.n && (text.p[start] & 0xc0) == 0x80)
		start++;
	n = 1 + next_random(next_random(3) == 0 ? 40 : 9);
	text = utf8_prefix(slice_from(text, start), n);
	if (text.n > 0 && next_random(5) == 0) {
		text = arena_dup(arena, text);
		if (text.p[text.n - 1] < 0x80)
			((uint8_t *)(uintptr_t)text.p)[text.n - 1] = 'q';
	}
	return text;
}

static void compare_random(struct rig *r, unsigned rounds)
{
	static const enum search_scope scopes[] = {SEARCH_TEXT, SEARCH_BODY, SEARCH_LETTER};
	static const char *const fields[] = {"Subject", "From", "to", "CC", "Message-ID", "Subjec"};

	for (unsigned i = 0; i < rounds; i++) {
		struct arena arena = ARENA_INIT;
		struct slice needle = random_needle(r, &arena);

		if (needle.n != 0)
			compare(r, scopes[next_random(ARRAY_LEN(scopes))], SLICE_NONE, needle);
		compare(r, SEARCH_HEADER, slice_str(fields[next_random(ARRAY_LEN(fields))]), utf8_prefix(needle, 5));
		struct slice several[] = {needle, utf8_prefix(needle, 3), random_needle(r, &arena)};

		compare_words(r, &(struct search_words){scopes[next_random(ARRAY_LEN(scopes))], SLICE_NONE, several, needle.n == 0 ? 0 : 3});
		arena_free(&arena);
	}
}

static void a_search_without_index_is_exact(void **state)
{
	compare_random(*state, 40);
}

static void a_half_built_index_changes_no_answer(void **state)
{
	index_some(*state, LETTERS / 2);
	compare_random(*state, 120);
}

static void a_complete_index_changes_no_answer(void **state)
{
	struct rig *r = *state;

	index_some(r, LETTERS + 10);
	compare_random(r, 200);
	compare(r, SEARCH_BODY, SLICE_NONE, SLICE("fox jumps"));
	compare(r, SEARCH_BODY, SLICE_NONE, SLICE("会議"));
	compare(r, SEARCH_BODY, SLICE_NONE, SLICE("议"));
	compare(r, SEARCH_BODY, SLICE_NONE, SLICE("a"));
	compare(r, SEARCH_TEXT, SLICE_NONE, SLICE("x\"1"));
	compare(r, SEARCH_HEADER, SLICE("In-Reply-To"), SLICE_NONE);
	compare(r, SEARCH_HEADER, SLICE("X-None"), SLICE_NONE);
	compare(r, SEARCH_HEADER, SLICE("To"), SLICE_NONE);
	compare(r, SEARCH_HEADER, SLICE("Bcc"), SLICE_NONE);
	compare(r, SEARCH_HEADER, SLICE("Subject"), SLICE_NONE);
	compare(r, SEARCH_TEXT, SLICE_NONE, SLICE("subject: "));
	compare(r, SEARCH_TEXT, SLICE_NONE, SLICE("\nsubject:"));
	compare(r, SEARCH_TEXT, SLICE_NONE, SLICE("\nto:"));
	compare(r, SEARCH_LETTER, SLICE_NONE, SLICE("subject: "));
	compare(r, SEARCH_LETTER, SLICE_NONE, SLICE("example"));
	assert_int_equal(rig_check(r), 0);
}

static void expunged_messages_leave_the_index(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set some = {0}, got = {0};

	index_some(r, LETTERS + 10);
	uid_set_add_range(&some, 1, 50);
	assert_int_equal(r->mailboxes->ops->expunge(r->mailboxes, &inbox, &some, true, NULL, NULL), 0);
	assert_int_equal(r->mailboxes->ops->search(r->mailboxes, &inbox, &some, &(struct search_words){SEARCH_BODY, SLICE_NONE, &SLICE("fox"), 1}, &got, NULL), 0);
	assert_int_equal(uid_set_size(&got), 0);
	assert_int_equal(rig_check(r), 0);
	uid_set_free(&some);
	uid_set_free(&got);
}

/* A text above the limit of the digest is searched in the record itself. */
static void long_texts_are_searched_to_their_end(void **state)
{
	struct rig *r = *state;
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct buf letter = BUF_INIT(8 << 20);
	struct uid_set all = {0}, got = {0};

	buf_append_str(&letter, "Subject: long\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
	while (buf_len(&letter) < 3 << 20)
		buf_append_str(&letter, "nothing of interest stands in this line of many\r\n");
	buf_append_str(&letter, "Here Is The ENDING\r\n");
	rig_deliver(r, SLICE_NONE, buf_slice(&letter));
	rig_file(r);
	index_some(r, LETTERS + 10);
	uid_set_add_range(&all, 1, LETTERS + 1);
	assert_int_equal(r->mailboxes->ops->search(r->mailboxes, &inbox, &all, &(struct search_words){SEARCH_BODY, SLICE_NONE, &SLICE("the ending"), 1}, &got, NULL), 0);
	assert_int_equal(uid_set_size(&got), 1);
	assert_true(uid_set_has(&got, LETTERS + 1));
	buf_free(&letter);
	uid_set_free(&all);
	uid_set_free(&got);
}

/* As many words as a query may have, each as long as tokens count. */
static void many_words_are_one_search(void **state)
{
	struct rig *r = *state;
	struct slice needles[32];
	char text[32][61];

	index_some(r, LETTERS + 10);
	for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
		for (size_t k = 0; k < 60; k++)
			text[i][k] = (char)('a' + (i + k * 7) % 26);
		needles[i] = slice_make(text[i], 60);
	}
	compare_words(r, &(struct search_words){SEARCH_TEXT, SLICE_NONE, needles, ARRAY_LEN(needles)});
	compare_words(r, &(struct search_words){SEARCH_LETTER, SLICE_NONE, needles, ARRAY_LEN(needles)});
}

static int count_token(void *arg, struct slice token, size_t start, size_t end)
{
	struct buf *b = arg;

	buf_append(b, token);
	buf_append_byte(b, ' ');
	return 0;
}

static void tokens_are_trigrams_and_pairs(void **state)
{
	struct buf b = BUF_INIT(1000);

	search_tokens(SEARCH_PART_TEXT, SLICE("abcd e中文x"), count_token, &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("tabc tbcd t中 t中文 t文 ")));
	buf_free(&b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_search_without_index_is_exact), T(a_half_built_index_changes_no_answer), T(a_complete_index_changes_no_answer),
		T(expunged_messages_leave_the_index), T(long_texts_are_searched_to_their_end), T(many_words_are_one_search), cmocka_unit_test(tokens_are_trigrams_and_pairs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
