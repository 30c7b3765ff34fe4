/* What scripts of recipients make of a letter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "filter/sort.h"
#include "mime/text.h"
#include "queue/bundle.h"
#include "sieve/sieve.h"
#include "store/profile.h"

static const uint8_t secret[32] = {7};
static const struct filter_settings settings = {.hostname = SLICE_INIT("mx.example.org"), .language = SLICE_INIT("en")};
static struct filter_epoch epoch = {.epoch = 5};
static uint8_t epoch_secret[32], reader_public[32], reader_secret[32];

static const char letter[] =
	"From: Out <out@side.test>\r\nTo: bob@example.org\r\nSubject: offer\r\nMessage-ID: <1@side.test>\r\n\r\ntext\r\n";
static const char listed[] =
	"From: Out <out@side.test>\r\nTo: bob@example.org\r\nSubject: offer\r\nList-Id: <l.side.test>\r\n\r\ntext\r\n";
static const char looped[] =
	"Delivered-To: bob@example.org\r\nFrom: Out <out@side.test>\r\nTo: bob@example.org\r\nSubject: offer\r\n\r\ntext\r\n";

struct fixture {
	struct arena arena;
	struct envelope envelope;
	struct buf recipients, profiles;
	struct facts facts;
	struct filter_sorting sorting;
	struct filter_result result;
	struct buf more;
	struct error err;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.envelope = {.source = ENVELOPE_SMTP, .received_ms = INT64_C(1751371200000), .cid = SLICE("c1"),
		.client_address = SLICE("192.0.2.1"), .helo = SLICE("client.test"), .protocol = SLICE("ESMTPS"), .hostname = SLICE("mx.example.org"),
		.reverse_path = SLICE("out@side.test")}};
	f.recipients = f.profiles = f.more = BUF_INIT(1 << 20);
	facts_init(&f.facts, &f.arena, 1751371200);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->recipients);
	buf_free(&f->profiles);
	buf_free(&f->more);
	buf_free(&f->result.record);
	filter_sorting_free(&f->sorting);
	facts_free(&f->facts);
	arena_free(&f->arena);
	return 0;
}

static struct slice profile_make(struct fixture *f, uint8_t account, const char *address, const char *script)
{
	struct profile_script scripts[] = {{SLICE_INIT("main"), slice_str(script)}};
	struct slice own[] = {slice_str(address)};
	struct delivery_profile p = {.account = {account}, .address = slice_str(address), .addresses = own, .address_count = 1, .scripts = scripts,
		.script_count = 1};
	struct buf out = BUF_INIT(100000);
	struct slice ret;

	profile_write(&out, &p, secret);
	ret = arena_dup(&f->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice fact_make(struct fixture *f, enum fact_kind kind, uint8_t account, const char *address, bool scripted)
{
	struct buf mark = BUF_INIT(16), out = BUF_INIT(8192);
	struct recipient_fact fact = {.kind = kind, .account = {account}, .generation = 1, .address = slice_str(address)};
	struct slice ret;

	if (scripted)
		profile_mark(&mark, 100);
	fact.profile = buf_slice(&mark);
	memcpy(fact.public_key, reader_public, sizeof fact.public_key);
	fact_write_recipient(&out, &fact, secret);
	ret = arena_dup(&f->arena, buf_slice(&out));
	buf_free(&mark);
	buf_free(&out);
	return ret;
}

static void add(struct fixture *f, uint8_t account, const char *address, const char *script)
{
	buf_append(&f->recipients, fact_make(f, FACT_LOCAL, account, address, script != NULL));
	f->envelope.recipient_count++;
	f->envelope.recipients = buf_slice(&f->recipients);
	if (script != NULL)
		buf_append(&f->profiles, profile_make(f, account, address, script));
}

static int sort(struct fixture *f, const char *message)
{
	static const struct filter_judgement judgement;

	facts_rerun(&f->facts);
	return filter_sort(&f->envelope, slice_str(message), &judgement, &settings, secret, buf_slice(&f->profiles), &f->facts, &f->arena,
		&f->sorting,
	                   &f->err);
}

static void make(struct fixture *f, const char *message)
{
	assert_int_equal(filter_message(&f->envelope, slice_str(message), NULL, &f->sorting, &settings, secret, &epoch, &f->arena, &f->result,
		&f->err), 0);
	buf_clear(&f->more);
	assert_int_equal(filter_sort_make(&f->envelope, &f->sorting, SLICE_NONE, &settings, secret, &epoch, &f->arena, &f->more, &f->err), 0);
}

static size_t filings(const struct filter_sorted *s, struct filing *ret)
{
	struct slice list = s->filings;
	size_t n = 0;

	while (filing_next(&list, &ret[n]) == 1)
		n++;
	return n;
}

static struct bundle opened(struct fixture *f)
{
	struct bundle bundle = {0};

	assert_int_equal(bundle_open(buf_slice(&f->more), secret, &bundle), 0);
	return bundle;
}

static struct job job_of(struct fixture *f, struct slice record)
{
	struct seal_face face;
	struct job job;

	assert_true(seal_verify(record, secret));
	assert_int_equal(seal_face(record, &f->arena, &face, &f->err), 0);
	assert_int_equal(job_decode(face.job, &f->arena, &job), 0);
	return job;
}

static void a_letter_is_filed_where_the_script_says(void **state)
{
	struct fixture *f = *state;
	struct filing list[4];
	struct filter_judgement none = {0}, junk = {.mailbox = SLICE("Junk")};

	add(f, 1, "bob@example.org", "require [\"fileinto\", \"imap4flags\", \"mailbox\"]; addflag \"\\\\Flagged\"; fileinto :create \"a/b\"; keep;");
	add(f, 2, "ann@example.org", NULL);
	assert_true(filter_sort_wanted(&f->envelope, &none));
	assert_false(filter_sort_wanted(&f->envelope, &junk));
	assert_int_equal(sort(f, letter), 1);
	assert_true(f->sorting.recipients[0].ran && !f->sorting.recipients[1].ran);
	assert_int_equal(filings(&f->sorting.recipients[0], list), 2);
	assert_true(slice_eq(list[0].mailbox, SLICE("a/b")) && list[0].create && slice_eq(list[0].flags, SLICE("\\Flagged")));
	assert_int_equal(list[1].mailbox.n, 0);
	assert_false(f->sorting.needs_epoch);
	make(f, letter);
	assert_int_equal(f->result.code, 250);
	assert_int_equal(job_of(f, buf_slice(&f->result.record)).recipient_count, 2);
	assert_int_equal(buf_len(&f->more), 0);
}

static void a_discarded_letter_has_no_record(void **state)
{
	struct fixture *f = *state;

	add(f, 1, "bob@example.org", "discard;");
	assert_int_equal(sort(f, letter), 1);
	make(f, letter);
	assert_int_equal(f->result.code, 250);
	assert_int_equal(buf_len(&f->result.record), 0);
	assert_int_equal(buf_len(&f->more), 0);
}

static void all_who_refuse_refuse_in_the_reply(void **state)
{
	struct fixture *f = *state;

	add(f, 1, "bob@example.org", "require \"ereject\"; ereject \"Not here,\nplease\";");
	assert_int_equal(sort(f, letter), 1);
	make(f, letter);
	assert_int_equal(f->result.code, 550);
	assert_true(slice_eq(f->result.text, SLICE("Not here, please")));
}

static void one_of_two_refuses_by_a_letter(void **state)
{
	struct fixture *f = *state;
	struct bundle_letter made;
	struct bundle bundle;
	struct job job;

	add(f, 1, "bob@example.org", "require \"reject\"; reject \"no\";");
	add(f, 2, "ann@example.org", NULL);
	assert_int_equal(sort(f, letter), 1);
	assert_true(f->sorting.needs_epoch);
	make(f, letter);
	assert_int_equal(f->result.code, 250);
	bundle = opened(f);
	assert_int_equal(bundle.letter_count, 1);
	assert_true(bundle_next_letter(&bundle.letters, &made));
	job = job_of(f, made.record);
	assert_true(job.is_dsn && job.reverse_path.n == 0);
	assert_true(slice_eq(job.recipients[0].address, SLICE("out@side.test")));
}

static struct slice redirect_name(struct fixture *f, const char *account, const char *target)
{
	return arena_printf(&f->arena, "%s000000000000000000000000000000 %s", account, target);
}

static void answer_redirect(struct fixture *f, const char *account, const char *target, enum dns_status status, struct slice facts,
	struct slice profiles)
{
	struct buf records = BUF_INIT(100000);

	buf_put_bytes(&records, facts);
	buf_put_bytes(&records, profiles);
	facts_answer(&f->facts, redirect_name(f, account, target), FACT_REDIRECT,
	             &(struct dns_answer){.status = status, .records = status == DNS_FOUND ? buf_slice(&records) : SLICE_NONE});
	buf_free(&records);
}

static void a_redirect_asks_and_goes(void **state)
{
	struct fixture *f = *state;
	struct bundle_letter made;
	struct bundle bundle;
	struct job job;

	add(f, 1, "bob@example.org", "redirect \"far@else.test\";");
	assert_int_equal(sort(f, letter), 0);
	assert_int_equal(facts_wanted(&f->facts), 1);
	answer_redirect(f, "01", "far@else.test", DNS_FOUND, fact_make(f, FACT_REMOTE, 0, "far@else.test", false), SLICE_NONE);
	assert_int_equal(sort(f, letter), 1);
	make(f, letter);
	assert_int_equal(buf_len(&f->result.record), 0);
	bundle = opened(f);
	assert_true(bundle_next_letter(&bundle.letters, &made));
	job = job_of(f, made.record);
	assert_true(slice_eq(job.reverse_path, SLICE("out@side.test")) && !job.recipients[0].local);
	assert_true(slice_eq(job.recipients[0].address, SLICE("far@else.test")));
}

static void a_redirect_that_may_not_be_is_kept(void **state)
{
	struct fixture *f = *state;
	struct filing list[4];
	struct bundle_letter made;
	struct bundle bundle;

	add(f, 1, "bob@example.org", "redirect \"far@else.test\";");
	answer_redirect(f, "01", "far@else.test", DNS_NODATA, SLICE_NONE, SLICE_NONE);
	assert_int_equal(sort(f, letter), 1);
	assert_int_equal(filings(&f->sorting.recipients[0], list), 1);
	make(f, letter);
	assert_true(buf_len(&f->result.record) > 0);
	bundle = opened(f); /* its owner is told, once a day */
	assert_true(bundle_next_letter(&bundle.letters, &made));
	assert_true(made.once.n > 0 && made.once_keep_s == 86400);
	assert_true(job_of(f, made.record).recipients[0].local);
}

static void a_redirect_that_cannot_be_found_out_waits(void **state)
{
	struct fixture *f = *state;

	add(f, 1, "bob@example.org", "redirect \"far@else.test\";");
	answer_redirect(f, "01", "far@else.test", DNS_FAILED, SLICE_NONE, SLICE_NONE);
	assert_int_equal(sort(f, letter), ERR_TEMPORARY);
}

static void what_came_round_stays(void **state)
{
	struct fixture *f = *state;
	struct filing list[4];

	add(f, 1, "bob@example.org", "redirect \"far@else.test\";");
	assert_int_equal(sort(f, looped), 1);
	assert_int_equal(filings(&f->sorting.recipients[0], list), 1);
	assert_null(f->sorting.offspring);
}

/* bob -> ann, whose script files it; and back to bob, where it stays. */
static void scripts_of_the_house_meet_redirected_letters(void **state)
{
	struct fixture *f = *state;
	struct filing list[4];

	add(f, 1, "bob@example.org", "redirect \"ann@example.org\";");
	answer_redirect(f, "01", "ann@example.org", DNS_FOUND, fact_make(f, FACT_LOCAL, 2, "ann@example.org", true),
	                profile_make(f, 2, "ann@example.org",
		"require [\"fileinto\", \"copy\"]; fileinto \"x\"; redirect :copy \"bob@example.org\";"));
	answer_redirect(f, "02", "bob@example.org", DNS_FOUND, fact_make(f, FACT_LOCAL, 1, "bob@example.org", true),
	                profile_make(f, 1, "bob@example.org", "redirect \"ann@example.org\";"));
	assert_int_equal(sort(f, letter), 1);
	assert_int_equal(f->sorting.recipients[0].filings.n, 0);
	assert_int_equal(f->sorting.offspring_count, 2);
	assert_int_equal(filings(&f->sorting.offspring->sorted[0], list), 1);
	assert_true(slice_eq(list[0].mailbox, SLICE("x")));
	assert_int_equal(filings(&f->sorting.offspring->next->sorted[0], list), 1);
	assert_int_equal(list[0].mailbox.n, 0);
	make(f, letter);
	assert_int_equal(opened(f).letter_count, 2);
}

static const char vacation[] = "require \"vacation\"; vacation :days 3 \"I am away.\";";

static void an_absent_owner_answers_once(void **state)
{
	struct fixture *f = *state;
	struct bundle_letter made;
	struct bundle bundle;
	struct job job;

	add(f, 1, "bob@example.org", vacation);
	assert_int_equal(sort(f, letter), 1);
	assert_non_null(f->sorting.offspring);
	assert_true(slice_search(f->sorting.offspring->text, SLICE("Auto-Submitted: auto-replied")) >= 0);
	assert_true(slice_search(f->sorting.offspring->text, SLICE("Subject: Auto: offer\r\n")) >= 0);
	assert_true(slice_search(f->sorting.offspring->text, SLICE("In-Reply-To: <1@side.test>\r\n")) >= 0);
	make(f, letter);
	bundle = opened(f);
	assert_true(bundle_next_letter(&bundle.letters, &made));
	assert_int_equal(made.once_keep_s, 3 * 86400);
	assert_true(made.once.n > 0);
	job = job_of(f, made.record);
	assert_true(job.reverse_path.n == 0 && slice_eq(job.recipients[0].address, SLICE("out@side.test")));
}

static void nobody_answers(struct fixture *f, const char *message)
{
	assert_int_equal(sort(f, message), 1);
	assert_null(f->sorting.offspring);
}

static void lists_machines_and_strangers_get_no_answer(void **state)
{
	struct fixture *f = *state;
	static const char *const senders[] = {"", "MAILER-DAEMON@side.test", "owner-l@side.test", "l-request@side.test", "bob@example.org",
		"noreply@x.org"};

	add(f, 1, "bob@example.org", vacation);
	nobody_answers(f, listed);
	nobody_answers(f, "From: x@y\r\nTo: somebody@else.test\r\n\r\nx\r\n");
	nobody_answers(f, "From: x@y\r\nTo: bob@example.org\r\nAuto-Submitted: auto-generated\r\n\r\nx\r\n");
	nobody_answers(f, "From: x@y\r\nTo: bob@example.org\r\nPrecedence: bulk\r\n\r\nx\r\n");
	for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
		f->envelope.reverse_path = slice_str(senders[i]);
		nobody_answers(f, letter);
	}
}

static void a_broken_script_keeps_the_letter_and_tells_its_owner(void **state)
{
	struct fixture *f = *state;
	struct filing list[4];

	add(f, 1, "bob@example.org", "require \"include\"; discard;\ninclude \"none\";");
	assert_int_equal(sort(f, letter), 1);
	assert_int_equal(filings(&f->sorting.recipients[0], list), 1);
	assert_int_equal(list[0].mailbox.n, 0);
	assert_int_equal(f->sorting.offspring->kind, SORT_NOTICE);
	assert_int_equal(f->sorting.acts->line, 2);
	make(f, letter);
	assert_int_equal(opened(f).letter_count, 1);
}

static void a_duplicate_is_asked_and_claimed(void **state)
{
	struct fixture *f = *state;
	struct bundle_claim claim;
	struct bundle bundle;
	struct slice name;

	add(f, 1, "bob@example.org", "require \"duplicate\"; if duplicate { discard; }");
	assert_int_equal(sort(f, letter), 0);
	assert_int_equal(facts_wanted(&f->facts), 1);
	name = f->facts.wanted[0].name;
	facts_answer(&f->facts, name, FACT_MEMORY, &(struct dns_answer){.status = DNS_NODATA});
	assert_int_equal(sort(f, letter), 1);
	make(f, letter);
	assert_true(buf_len(&f->result.record) > 0);
	bundle = opened(f);
	assert_true(bundle_next_claim(&bundle.claims, &claim));
	assert_true(claim.fresh && slice_eq(claim.key, name));
}

static void a_profile_that_is_not_ours_is_refused(void **state)
{
	struct fixture *f = *state;

	add(f, 1, "bob@example.org", "discard;");
	f->profiles.data[f->profiles.start + 30] ^= 1;
	assert_int_equal(sort(f, letter), ERR_DENIED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_letter_is_filed_where_the_script_says), T(a_discarded_letter_has_no_record), T(all_who_refuse_refuse_in_the_reply),
		T(one_of_two_refuses_by_a_letter), T(a_redirect_asks_and_goes), T(a_redirect_that_may_not_be_is_kept),
		T(a_redirect_that_cannot_be_found_out_waits), T(what_came_round_stays), T(scripts_of_the_house_meet_redirected_letters),
		T(an_absent_owner_answers_once), T(lists_machines_and_strangers_get_no_answer), T(a_broken_script_keeps_the_letter_and_tells_its_owner),
		T(a_duplicate_is_asked_and_claimed), T(a_profile_that_is_not_ours_is_refused),
	};

	crypt_init();
	mime_warm();
	sieve_warm();
	kx_keypair(epoch.public_key, epoch_secret);
	kx_keypair(reader_public, reader_secret);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
