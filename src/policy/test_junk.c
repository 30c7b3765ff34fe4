#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "mime/text.h"
#include "policy/bayes.h"
#include "policy/greylist.h"
#include "policy/ptr.h"
#include "policy/warm.h"

static struct arena arena = ARENA_INIT;
static const uint8_t key_a[TOKEN_KEY] = "key of one table", key_b[TOKEN_KEY] = "another table's.";

#define DAY 86400

/* ---- tokens ---- */

static bool join_token(void *arg, struct slice prefix, struct slice token)
{
	struct buf *out = arg;
	if (buf_len(out) > 0)
		buf_append_byte(out, '|');
	if (prefix.n > 0)
		buf_printf(out, "%.*s:", SLICE_ARG(prefix));
	buf_append(out, token);
	return true;
}

static void assert_tokens(const char *text, const char *wanted)
{
	struct buf out = BUF_INIT(4096);
	tokens_walk(mime_fold_arena(slice_str(text), &arena), SLICE_NONE, join_token, &out);
	if (!slice_eq(buf_slice(&out), slice_str(wanted)))
		fail_msg("\"%s\" gives %.*s", text, SLICE_ARG(buf_slice(&out)));
	buf_free(&out);
}

static void words_and_pairs_of_characters_are_tokens(void **state)
{
	(void)state;
	assert_tokens("Buy NOW, it's e-mail!", "buy|now|it's|e-mail");
	assert_tokens("发票代开", "发票|票代|代开");
	assert_tokens("ＶＩＡＧＲＡ 免费", "viagra|免费");
	assert_tokens("請立即付款3000元", "請立|立即|即付|付款|#4|元");
	assert_tokens("ﾊﾟｽﾜｰﾄﾞの変更", "パス|スワ|ワー|ード|ドの|の変|変更");
	assert_tokens("한국어", "한국|국어");
	assert_tokens("a b cd efg", "efg");
	assert_tokens("$100 €5", "$100|€5");
	assert_tokens("xxxxxxxxxxyyyyyyyyyyxxxxxxxxxxyyyyyyyyyyzz", "~4:xxxxxxxx");
	assert_tokens("", "");
}

static struct policy_letter letter(const char *text)
{
	struct policy_letter l = {0};
	policy_letter_read(&l, slice_str(text), NULL, NULL, &arena);
	return l;
}

static void a_letter_gives_each_token_once(void **state)
{
	struct policy_letter l = letter("From: \"Shop\" <a@shop.example>\r\nSubject: offer offer\r\n\r\n"
		"offer offer http://shop.example/ offer\r\n");
	struct tokens t;
	(void)state;
	tokens_make(&l, key_a, &arena, &t);
	assert_true(t.count > 5);
	for (size_t i = 0; i < t.count; i++)
		for (size_t k = i + 1; k < t.count; k++)
			assert_true(t.hashes[i] != t.hashes[k] && t.hashes[i] != 0);
}

static void a_long_letter_is_judged_by_its_front(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct policy_letter l = {0};
	(void)state;
	buf_append_str(&text, "From: a@b.example\r\n\r\n");
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&text, "http://h%u.example/ and more\r\n", i);
	policy_letter_read(&l, buf_slice(&text), NULL, NULL, &arena);
	assert_true(l.cut);
	assert_int_equal(l.url_count, LETTER_URLS_MAX);
	assert_true(l.text.n <= LETTER_TEXT_MAX);
	policy_letter_read(&l, SLICE("From: a@b.example\r\n\r\nshort\r\n"), NULL, NULL, &arena);
	assert_false(l.cut);
	assert_int_equal(l.url_count, 0);
	buf_free(&text);
}

static void tokens_of_a_long_letter_are_bounded(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct tokens t;
	(void)state;
	buf_append_str(&text, "From: a@b.example\r\n\r\n");
	for (unsigned i = 0; i < 8000; i++)
		buf_printf(&text, "word%ux ", i * 7919);
	struct policy_letter l = {0};
	policy_letter_read(&l, buf_slice(&text), NULL, NULL, &arena);
	tokens_make(&l, key_a, &arena, &t);
	assert_int_equal(t.count, TOKENS_MAX);
	assert_true(t.cut);
	buf_free(&text);
}

static void the_same_token_has_another_hash_in_another_table(void **state)
{
	struct policy_letter l = letter("From: a@b.example\r\n\r\nsome words here\r\n");
	struct tokens pair[TOKEN_TABLES], one;
	const uint8_t *keys[TOKEN_TABLES] = {key_a, key_b};
	(void)state;
	tokens_make_pair(&l, keys, &arena, pair);
	tokens_make(&l, key_b, &arena, &one);
	assert_int_equal(pair[0].count, pair[1].count);
	assert_memory_equal(pair[1].hashes, one.hashes, one.count * sizeof *one.hashes);
	for (size_t i = 0; i < one.count; i++)
		assert_true(pair[0].hashes[i] != one.hashes[i]);
}

/* ---- Bayes ---- */

static struct tokens words(uint64_t from, size_t count)
{
	struct tokens t = {.hashes = arena_alloc_array(&arena, count, sizeof *t.hashes), .count = count};
	for (size_t i = 0; i < count; i++)
		t.hashes[i] = siphash(key_a, map_key_u64(&(uint64_t){from + i})) | 1;
	return t;
}

static struct slice encoded(const struct bayes *b)
{
	struct buf out = BUF_INIT(BAYES_ENCODED_MAX);
	bayes_encode(b, &out);
	struct slice ret = arena_dup(&arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static void untraining_takes_back_exactly_what_was_trained(void **state)
{
	struct bayes b;
	struct bayes_receipt receipts[60];
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 5);
	struct slice before = encoded(&b);
	for (unsigned i = 0; i < 60; i++) {
		struct tokens t = words(i * 10, 40);
		receipts[i] = bayes_train(&b, &t, i % 3 == 0 ? BAYES_JUNK : BAYES_HAM);
	}
	assert_true(bayes_learnt(&b));
	for (unsigned i = 0; i < 60; i++) {
		unsigned k = (i * 37) % 60;
		struct tokens t = words(k * 10, 40);
		assert_int_equal(bayes_untrain(&b, &t, receipts[k]), 0);
	}
	assert_true(slice_eq(before, encoded(&b)));
	assert_int_equal(b.count, 0);
	bayes_free(&b);
}

static void a_receipt_holds_over_one_ageing_and_is_void_after_two(void **state)
{
	struct bayes b;
	struct tokens t = words(0, 20), u = words(10, 20);
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 5);
	bayes_train(&b, &u, BAYES_HAM);
	struct slice before = encoded(&b);
	struct bayes_receipt r = bayes_train(&b, &t, BAYES_JUNK);
	struct bayes_receipt first = r;
	bayes_age(&b);
	assert_int_equal(bayes_untrain(&b, &t, r), 0);
	r = bayes_train(&b, &t, BAYES_JUNK);
	assert_int_equal(bayes_untrain(&b, &t, r), 0);
	bayes_age(&b);
	assert_int_equal(b.count, 0);
	assert_int_equal(bayes_untrain(&b, &t, first), ERR_NOT_FOUND);
	assert_int_equal(bayes_untrain(&b, &t, (struct bayes_receipt){.epoch = 99}), ERR_CONFLICT);
	assert_false(slice_eq(before, encoded(&b)));
	bayes_free(&b);
}

static void untraining_what_was_not_trained_changes_nothing(void **state)
{
	struct bayes b;
	struct tokens t = words(0, 20), other = words(19, 3);
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 5);
	struct bayes_receipt r = bayes_train(&b, &t, BAYES_JUNK);
	struct slice before = encoded(&b);
	assert_int_equal(bayes_untrain(&b, &other, r), ERR_CONFLICT);
	r.class = BAYES_HAM;
	assert_int_equal(bayes_untrain(&b, &t, r), ERR_CONFLICT);
	assert_true(slice_eq(before, encoded(&b)));
	bayes_free(&b);
}

static void a_full_table_ages_and_goes_on(void **state)
{
	struct bayes b;
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 5);
	for (unsigned i = 0; i < 50; i++) {
		struct tokens t = words(i * 500, 500);
		bayes_train(&b, &t, BAYES_HAM);
		assert_true(b.count <= TOKENS_MAX);
	}
	assert_true(b.epoch > 2);
	struct tokens last = words(49 * 500, 500);
	for (size_t i = 0; i < last.count; i++)
		assert_non_null(bayes_find(&b, last.hashes[i]));
	bayes_free(&b);
}

static void a_table_comes_back_as_it_was_stored(void **state)
{
	struct bayes b, again;
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 5);
	for (unsigned i = 0; i < 30; i++) {
		struct tokens t = words(i * 7, 50);
		bayes_train(&b, &t, i % 2 ? BAYES_JUNK : BAYES_HAM);
		if (i == 15)
			bayes_age(&b);
	}
	struct slice stored = encoded(&b);
	assert_int_equal(bayes_decode(stored, TOKENS_MAX, 5, &again), 0);
	assert_true(slice_eq(stored, encoded(&again)));
	assert_int_equal(again.epoch, 2);
	bayes_free(&again);
	bayes_free(&b);
}

static void a_damaged_table_is_refused(void **state)
{
	struct bayes b, again;
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX + 10, 5);
	for (unsigned i = 0; i < 3; i++) {
		struct tokens t = words(i * 1001, 1001);
		bayes_train(&b, &t, BAYES_HAM);
	}
	struct slice stored = encoded(&b);
	uint8_t *copy = (uint8_t *)arena_dup(&arena, stored).p;
	for (size_t i = 0; i < stored.n; i += 37) {
		copy[i] ^= 1;
		assert_true(bayes_decode(slice_make(copy, stored.n), TOKENS_MAX + 10, 5, &again) < 0);
		copy[i] ^= 1;
	}
	assert_int_equal(bayes_decode(slice_sub(stored, 0, stored.n - 1), TOKENS_MAX + 10, 5, &again), ERR_DAMAGED);
	assert_int_equal(bayes_decode(SLICE_NONE, TOKENS_MAX, 5, &again), ERR_DAMAGED);
	assert_int_equal(bayes_decode(stored, TOKENS_MAX, 5, &again), ERR_LIMIT);
	copy[4] = 2;
	assert_int_equal(bayes_decode(slice_make(copy, stored.n), TOKENS_MAX + 10, 5, &again), ERR_UNSUPPORTED);
	bayes_free(&b);
}

static struct policy_letter junk_letter(unsigned i)
{
	char text[400];
	snprintf(text, sizeof text, "From: s%u@deals.example\r\nSubject: discount casino\r\n\r\n"
		"win money casino bonus free spins number%u jackpot 免费领取奖金\r\n", i, i);
	return letter((const char *)arena_dup(&arena, slice_str(text)).p);
}

static struct policy_letter ham_letter(unsigned i)
{
	char text[400];
	snprintf(text, sizeof text, "From: p%u@partner.example\r\nSubject: meeting minutes\r\n\r\n"
		"please find the agenda and contract draft project%u schedule 会议纪要附件\r\n", i, i);
	return letter((const char *)arena_dup(&arena, slice_str(text)).p);
}

static void teach(struct bayes *b, unsigned count, bool swapped)
{
	for (unsigned i = 0; i < count; i++) {
		struct policy_letter junk = junk_letter(i), ham = ham_letter(i);
		struct tokens t;
		tokens_make(&junk, b->key, &arena, &t);
		bayes_train(b, &t, swapped ? BAYES_HAM : BAYES_JUNK);
		tokens_make(&ham, b->key, &arena, &t);
		bayes_train(b, &t, swapped ? BAYES_JUNK : BAYES_HAM);
	}
}

static void what_is_learnt_is_told_apart(void **state)
{
	struct bayes b;
	struct bayes_result r;
	struct policy_letter junk = junk_letter(900), ham = ham_letter(900),
		other = letter("From: x@y.example\r\n\r\nnothing that was ever seen\r\n");
	(void)state;
	bayes_init(&b, key_a, TOKENS_MAX, 20);
	teach(&b, 19, false);
	bayes_score(&b, NULL, &junk, &arena, &r);
	assert_false(r.known);
	teach(&b, 20, false);
	bayes_score(&b, NULL, &junk, &arena, &r);
	assert_true(r.known && r.percent > 95 && r.confidence > 60);
	bayes_score(&b, NULL, &ham, &arena, &r);
	assert_true(r.known && r.percent < 5 && r.confidence > 60);
	bayes_score(&b, NULL, &other, &arena, &r);
	assert_true(r.confidence < 50);
	bayes_free(&b);
}

static void the_user_may_see_it_differently(void **state)
{
	struct bayes organisation, user;
	struct bayes_result r;
	struct policy_letter junk = junk_letter(900);
	(void)state;
	bayes_init(&organisation, key_a, TOKENS_MAX, 20);
	bayes_init(&user, key_b, TOKENS_MAX, 10);
	teach(&organisation, 40, false);
	teach(&user, 9, true);
	bayes_score(&organisation, &user, &junk, &arena, &r);
	assert_true(r.percent > 90);
	teach(&user, 20, true);
	bayes_score(&organisation, &user, &junk, &arena, &r);
	assert_true(r.percent < 20);
	bayes_score(NULL, &user, &junk, &arena, &r);
	assert_true(r.known && r.percent < 10);
	bayes_free(&organisation);
	bayes_free(&user);
}

/* ---- records ---- */

static void reputation_fades_by_half_in_thirty_days(void **state)
{
	struct reputation r = {0}, again;
	uint8_t stored[REPUTATION_ENCODED];
	(void)state;
	assert_int_equal(reputation_percent(&r, 1000), 0);
	reputation_note(&r, 0, 20, 1000 * DAY);
	assert_int_equal(reputation_percent(&r, 1000 * DAY), -80);
	assert_int_equal(reputation_percent(&r, 1030 * DAY), -67);
	assert_int_equal(reputation_percent(&r, 2000 * DAY), 0);
	assert_int_equal(reputation_percent(&r, 900 * DAY), -80);
	reputation_note(&r, 20, -20, 1000 * DAY);
	assert_int_equal(reputation_percent(&r, 1000 * DAY), 80);
	reputation_note(&r, -100, 0, 1000 * DAY);
	assert_int_equal(reputation_percent(&r, 1000 * DAY), 0);
	reputation_note(&r, 1e12, 3.5, 1001 * DAY);
	reputation_encode(&r, stored);
	assert_true(reputation_decode(stored, &again));
	assert_int_equal(again.updated_s, 1001 * DAY);
	assert_int_equal(reputation_percent(&again, 1001 * DAY), 100);
	memset(stored, 0xff, 8);
	assert_false(reputation_decode(stored, &again));
}

static void habits_are_what_was_always_so(void **state)
{
	struct habit h = {0}, again;
	uint8_t stored[HABIT_ENCODED];
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		habit_note(&h, 11, true);
	assert_false(habit_always_signs(&h));
	assert_false(habit_other_origin(&h, 12));
	habit_note(&h, 11, true);
	assert_true(habit_always_signs(&h));
	assert_true(habit_other_origin(&h, 12));
	assert_false(habit_other_origin(&h, 11));
	assert_false(habit_other_origin(&h, 0));
	habit_note(&h, 13, false);
	assert_false(habit_always_signs(&h));
	assert_false(habit_other_origin(&h, 13));
	for (unsigned i = 0; i < 3000; i++)
		habit_note(&h, 11 + i % 3, true);
	assert_true(h.letters <= HABIT_LETTERS_MAX);
	assert_true(habit_always_signs(&h));
	habit_encode(&h, stored);
	assert_true(habit_decode(stored, &again));
	assert_memory_equal(&h, &again, sizeof h);
	put_u16(stored, 1);
	assert_false(habit_decode(stored, &again));
}

static void who_comes_from_everywhere_has_no_place(void **state)
{
	struct habit h = {0};
	(void)state;
	for (unsigned i = 1; i < 200; i++)
		habit_note(&h, i, false);
	assert_false(habit_other_origin(&h, 1000));
}

/* ---- lists ---- */

static void answer_a(struct facts *f, const char *name, uint32_t address)
{
	struct buf records = BUF_INIT(100);
	buf_put_u32(&records, 4);
	buf_put_u32(&records, address);
	struct dns_answer a = {.status = DNS_FOUND, .records = buf_slice(&records)};
	facts_answer(f, slice_str(name), DNS_A, &a);
	buf_free(&records);
}

static const struct list_zone zone = {.name = SLICE_INIT("zen.example"), .kinds = LIST_ADDRESSES | LIST_DOMAINS, .points = 40};
static const struct list_zone coded = {.name = SLICE_INIT("zen.example"), .kinds = LIST_ADDRESSES, .code_count = 2,
	.codes = {{.address = 0x7f000002, .mask = 0xffffffff, .points = 50}, {.address = 0x7f00000a, .mask = 0xfffffffe, .points = 10}}};

static void addresses_are_asked_backwards(void **state)
{
	struct facts f;
	struct policy_ip v4 = {0}, v6 = {0};
	(void)state;
	facts_init(&f, &arena, 0);
	assert_true(policy_ip_parse(SLICE("192.0.2.99"), &v4) && policy_ip_parse(SLICE("2001:db8::567:89ab"), &v6));
	assert_true(list_address(&zone, v4, &f).waits);
	assert_true(list_address(&zone, v6, &f).waits);
	assert_true(slice_eq(f.wanted[0].name, SLICE("99.2.0.192.zen.example")));
	assert_true(slice_eq(f.wanted[1].name, SLICE("b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example")));
	facts_free(&f);
}

static void only_answers_that_mean_something_count(void **state)
{
	static const struct { uint32_t answer; int any, codes; } rows[] = {
		{0x7f000002, 40, 50}, {0x7f00000a, 40, 10}, {0x7f00000b, 40, 10}, {0x7f000003, 40, 0}, {0x7fffff01, 0, 0}, {0x7fffffff, 0, 0},
		{0x7fffff02, 0, 0}, {0xc0000201, 0, 0}, {0x08080808, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(list_code_points(&zone, rows[i].answer), rows[i].any);
		assert_int_equal(list_code_points(&coded, rows[i].answer), rows[i].codes);
	}
}

static void a_listed_address_has_the_points_of_its_answer(void **state)
{
	struct facts f;
	struct policy_ip ip;
	(void)state;
	facts_init(&f, &arena, 0);
	policy_ip_parse(SLICE("192.0.2.99"), &ip);
	answer_a(&f, "99.2.0.192.zen.example", 0x7f000002);
	struct list_hit hit = list_address(&coded, ip, &f);
	assert_ptr_equal(hit.zone, &coded);
	assert_int_equal(hit.points, 50);
	assert_null(list_domain(&coded, SLICE("x.example"), &f).zone);
	facts_free(&f);
}

static void answer_ptr(struct facts *f, const char *name, struct slice wire_name)
{
	struct buf records = BUF_INIT(300);
	buf_put_bytes(&records, wire_name);
	struct dns_answer a = {.status = DNS_FOUND, .records = buf_slice(&records)};
	facts_answer(f, slice_str(name), DNS_PTR, &a);
	buf_free(&records);
}

static void a_client_has_the_name_that_resolves_back(void **state)
{
	struct facts f;
	struct policy_ip ip = {0}, other = {0}, none = {0};
	struct slice name;
	(void)state;
	facts_init(&f, &arena, 0);
	policy_ip_parse(SLICE("192.0.2.1"), &ip);
	policy_ip_parse(SLICE("192.0.2.2"), &other);
	assert_false(policy_ptr(&f, ip, &name));
	answer_ptr(&f, "1.2.0.192.in-addr.arpa", SLICE("\2mx\1a\4test\0"));
	answer_ptr(&f, "2.2.0.192.in-addr.arpa", SLICE("\2mx\1a\4test\0"));
	assert_false(policy_ptr(&f, ip, &name));
	assert_true(slice_eq(f.wanted[f.wanted_count - 1].name, SLICE("mx.a.test")));
	answer_a(&f, "mx.a.test", 0xc0000201);
	assert_true(policy_ptr(&f, ip, &name) && slice_eq(name, SLICE("mx.a.test")));
	assert_true(policy_ptr(&f, other, &name) && name.n == 0);
	assert_true(policy_ptr(&f, none, &name) && name.n == 0);
	facts_free(&f);
}

/* ---- greylisting ---- */

static void a_stranger_is_asked_to_come_again(void **state)
{
	struct greylist_options o = GREYLIST_DEFAULT;
	struct policy_letter l = {.reverse_path = SLICE("a@b.example")};
	struct known_sender s = {.given = true};
	struct greylist_record r = {0};
	enum greylist_why why;
	(void)state;
	policy_ip_parse(SLICE("192.0.2.1"), &l.client);
	assert_int_equal(greylist_decide(&o, &l, &s, 1000, &r, &why), GREYLIST_WAIT);
	assert_int_equal(why, GREYLIST_NEW);
	assert_int_equal(greylist_decide(&o, &l, &s, 1100, &r, &why), GREYLIST_WAIT);
	assert_int_equal(why, GREYLIST_EARLY);
	assert_int_equal(greylist_decide(&o, &l, &s, 1300, &r, &why), GREYLIST_PASS);
	assert_int_equal(why, GREYLIST_CAME_AGAIN);
	assert_int_equal(greylist_decide(&o, &l, &s, 1300 + 30 * DAY, &r, &why), GREYLIST_PASS);
	assert_int_equal(greylist_decide(&o, &l, &s, 1300 + 90 * DAY, &r, &why), GREYLIST_WAIT);
	r = (struct greylist_record){0};
	greylist_decide(&o, &l, &s, 1000, &r, &why);
	assert_int_equal(greylist_decide(&o, &l, &s, 1000 + 2 * DAY, &r, &why), GREYLIST_WAIT);
	assert_int_equal(why, GREYLIST_NEW);
}

static enum greylist_decision first_time(const struct greylist_options *o, const struct policy_letter *l, const struct known_sender *s)
{
	struct greylist_record r = {0};
	enum greylist_why why;
	return greylist_decide(o, l, s, 1000, &r, &why);
}

static void whom_we_know_does_not_wait(void **state)
{
	struct greylist_options o = GREYLIST_DEFAULT, off = {0};
	struct policy_letter l = {.reverse_path = SLICE("a@b.example")}, signed_letter = l, own = l, spf = l;
	struct known_sender none = {.given = true}, partner = none, wrote = none, answers = none, good = none;
	(void)state;
	signed_letter.trust = (struct letter_trust){.given = true, .dmarc = LETTER_PASS};
	spf.trust = (struct letter_trust){.given = true, .spf = LETTER_PASS};
	own.authenticated = true;
	partner.signed_partner = wrote.reply = true;
	answers.letters_out = 1;
	good.domain = (struct reputation){.good = 50, .updated_s = 1000};
	assert_int_equal(first_time(&o, &l, &none), GREYLIST_WAIT);
	assert_int_equal(first_time(&off, &l, &none), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &signed_letter, &none), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &own, &none), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &l, &partner), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &l, &wrote), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &l, &answers), GREYLIST_PASS);
	assert_int_equal(first_time(&o, &spf, &none), GREYLIST_WAIT);
	assert_int_equal(first_time(&o, &spf, &good), GREYLIST_PASS);
}

static void a_network_is_one_triplet(void **state)
{
	static const uint8_t secret[16] = "a secret";
	struct policy_letter l = {.reverse_path = SLICE("a@b.example")};
	uint8_t one[GREYLIST_KEY], two[GREYLIST_KEY];
	(void)state;
	policy_ip_parse(SLICE("192.0.2.1"), &l.client);
	greylist_key(&l, SLICE("x@y.example"), secret, one);
	policy_ip_parse(SLICE("192.0.2.200"), &l.client);
	l.reverse_path = SLICE("other@B.example");
	greylist_key(&l, SLICE("x@y.example"), secret, two);
	assert_memory_equal(one, two, sizeof one);
	policy_ip_parse(SLICE("192.0.3.1"), &l.client);
	greylist_key(&l, SLICE("x@y.example"), secret, two);
	assert_memory_not_equal(one, two, sizeof one);
}

static int clean_up(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_pairs_of_characters_are_tokens), cmocka_unit_test(a_letter_gives_each_token_once),
		cmocka_unit_test(a_long_letter_is_judged_by_its_front), cmocka_unit_test(tokens_of_a_long_letter_are_bounded),
		cmocka_unit_test(the_same_token_has_another_hash_in_another_table),
		cmocka_unit_test(untraining_takes_back_exactly_what_was_trained), cmocka_unit_test(a_receipt_holds_over_one_ageing_and_is_void_after_two),
		cmocka_unit_test(untraining_what_was_not_trained_changes_nothing), cmocka_unit_test(a_full_table_ages_and_goes_on),
		cmocka_unit_test(a_table_comes_back_as_it_was_stored), cmocka_unit_test(a_damaged_table_is_refused),
		cmocka_unit_test(what_is_learnt_is_told_apart), cmocka_unit_test(the_user_may_see_it_differently),
		cmocka_unit_test(reputation_fades_by_half_in_thirty_days), cmocka_unit_test(habits_are_what_was_always_so),
		cmocka_unit_test(who_comes_from_everywhere_has_no_place), cmocka_unit_test(addresses_are_asked_backwards),
		cmocka_unit_test(only_answers_that_mean_something_count), cmocka_unit_test(a_listed_address_has_the_points_of_its_answer),
		cmocka_unit_test(a_client_has_the_name_that_resolves_back), cmocka_unit_test(a_stranger_is_asked_to_come_again),
			cmocka_unit_test(whom_we_know_does_not_wait), cmocka_unit_test(a_network_is_one_triplet),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	policy_warm();
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
