/* Confidential letters: who may ask for them, what becomes of them, and what does not go with them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "filter/confidential.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "mime/header.h"
#include "mime/text.h"
#include "store/confidential.h"

#define NOW INT64_C(1790000000)
#define ROOM (1u << 24)

static const uint8_t secret[32] = {7};
static struct filter_settings settings = {.hostname = SLICE_INIT("mx.example.org"), .language = SLICE_INIT("en"), .confidential = true};
static struct filter_epoch epoch = {.epoch = 5};
static uint8_t epoch_secret[32], reader_public[32], reader_secret[32];

struct fixture {
	struct arena arena;
	struct envelope envelope;
	struct buf recipients, sender;
	struct filter_confidential made;
	struct filter_result result;
	struct error err;
};

static int setup(void **state)
{
	static struct fixture f;
	struct slice own[] = {SLICE_INIT("ann@example.org")};
	struct sender_fact sender = {.account = {9}, .login = SLICE("ann"), .addresses = own, .address_count = 1};

	f = (struct fixture){.envelope = {.source = ENVELOPE_SUBMISSION, .received_ms = NOW * 1000, .cid = SLICE("c1"), .protocol = SLICE("ESMTPSA"),
		.hostname = SLICE("mx.example.org"), .reverse_path = SLICE("ann@example.org")}};
	f.recipients = f.sender = BUF_INIT(1 << 20);
	settings.confidential = true;
	settings.confidential_longest_s = 0;
	fact_write_sender(&f.sender, &sender, secret);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	filter_confidential_free(&f->made);
	buf_free(&f->recipients);
	buf_free(&f->sender);
	buf_free(&f->result.record);
	arena_free(&f->arena);
	return 0;
}

static void add(struct fixture *f, enum fact_kind kind, const char *address, const char *original)
{
	struct recipient_fact fact = {.kind = kind, .account = {1}, .generation = 1, .address = slice_str(address), .original = slice_str(original)};

	memcpy(fact.public_key, reader_public, sizeof fact.public_key);
	fact_write_recipient(&f->recipients, &fact, secret);
	f->envelope.recipient_count++;
}

static void wrap(struct fixture *f, const char *message)
{
	f->envelope.recipients = buf_slice(&f->recipients);
	f->envelope.sender = buf_slice(&f->sender);
	filter_confidential_free(&f->made);
	assert_int_equal(filter_confidential(&f->envelope, slice_str(message), &settings, secret, &f->arena, &f->made, &f->err), 0);
}

static const struct digest_secret *wish(struct fixture *f, const char *value)
{
	struct slice message = arena_printf(&f->arena, "From: ann@example.org\r\nLetterlock-Confidential:%s\r\n\r\nx\r\n%c", value, 0);

	wrap(f, (const char *)message.p);
	assert_true(f->made.code == 0 || f->made.secret == NULL);
	return f->made.secret;
}

static bool has(struct slice in, const char *what)
{
	return memmem(in.p, in.n, what, strlen(what)) != NULL;
}

static void a_writer_asks_by_one_field(void **state)
{
	static const char *const wrong[] = {" no", "", " expires", " expires=", " expires=tomorrow", " expires=2026-12-01", " expires=2026-12-01T00:00:00+08:00",
		" yes, please", " expires=2001-01-01T00:00:00Z", " yes\r\nletterlock-confidential: yes"};
	struct fixture *f = *state;

	add(f, FACT_LOCAL, "bob@example.org", "");
	assert_false(wish(f, " yes")->ends);
	assert_false(wish(f, "\r\n YES ")->ends);
	assert_int_equal(wish(f, " expires=2026-12-01T00:00:00Z")->expires_unix, 1796083200);
	assert_true(wish(f, " Expires=2026-12-01T00:00:00Z")->ends);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_null(wish(f, wrong[i]));
		assert_int_equal(f->made.code, 550);
	}
	wrap(f, "From: ann@example.org\r\n\r\nLetterlock-Confidential: yes\r\n");
	assert_true(f->made.code == 0 && f->made.secret == NULL);
}

static void what_the_organisation_wants_counts(void **state)
{
	struct fixture *f = *state;

	add(f, FACT_LOCAL, "bob@example.org", "");
	settings.confidential_longest_s = 100;
	assert_int_equal(wish(f, " yes")->expires_unix, NOW + 100);
	assert_int_equal(wish(f, " expires=2099-01-01T00:00:00Z")->expires_unix, NOW + 100);
	settings.confidential_longest_s = INT64_C(86400) * 400;
	assert_int_equal(wish(f, " expires=2026-12-01T00:00:00Z")->expires_unix, 1796083200);
	settings.confidential = false;
	assert_null(wish(f, " yes"));
	assert_int_equal(f->made.code, 550);
	settings.confidential = true;
	settings.message_size = 10;
	assert_null(wish(f, " yes"));
	assert_int_equal(f->made.code, 552);
	settings.message_size = 0;
}

static void what_waits_is_over_only_after_it_was_sent(void **state)
{
	struct fixture *f = *state;

	add(f, FACT_LOCAL, "bob@example.org", "");
	f->envelope.due_ms = INT64_C(1796083200) * 1000;
	assert_null(wish(f, " expires=2026-12-01T00:00:00Z"));
	assert_int_equal(f->made.code, 550);
	assert_true(has(f->made.text, "before the letter is sent"));
	assert_int_equal(wish(f, " expires=2026-12-01T00:00:01Z")->expires_unix, 1796083201);
	settings.confidential_longest_s = 100;
	assert_int_equal(wish(f, " yes")->expires_unix, 1796083300);
	f->envelope.due_ms = 1;
	assert_int_equal(wish(f, " yes")->expires_unix, NOW + 100);
}

static void only_our_own_people_ask(void **state)
{
	static const enum envelope_source others[] = {ENVELOPE_SMTP, ENVELOPE_BEHIND, ENVELOPE_APPEND};
	struct fixture *f = *state;

	add(f, FACT_LOCAL, "bob@example.org", "");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		f->envelope.source = others[i];
		assert_null(wish(f, " yes"));
		assert_int_equal(f->made.code, 0);
	}
}

static void nobody_outside_is_written_to(void **state)
{
	struct fixture *f = *state;

	add(f, FACT_LOCAL, "bob@example.org", "");
	add(f, FACT_REMOTE, "far@side.test", "");
	add(f, FACT_REMOTE, "given@side.test", "rfc822;Given@side.test");
	assert_null(wish(f, " yes"));
	assert_int_equal(f->made.code, 550);
	assert_true(slice_eq(f->made.enhanced, SLICE("5.7.1")) && has(f->made.text, "far@side.test, given@side.test"));
}

static void where_an_alias_leads_is_not_whom_he_wrote_to(void **state)
{
	struct fixture *f = *state;

	add(f, FACT_REMOTE, "far@side.test", "rfc822;alias@example.org");
	assert_non_null(wish(f, " yes"));
}

static int read_record(void *arg, uint64_t offset, void *p, size_t n)
{
	memcpy(p, ((struct slice *)arg)->p + offset, n);
	return 0;
}

/* The blob and the digest of the record, for its reader. */
static struct slice opened(struct fixture *f, struct digest *ret)
{
	struct buf scratch = BUF_INIT(ROOM), out = BUF_INIT(ROOM), digest = BUF_INIT(ROOM);
	struct slice disk = seal_disk_form(buf_slice(&f->result.record), &scratch), blob;
	struct seal_source source = {.read = read_record, .arg = &disk, .size = disk.n};
	struct seal_reader_key key = {.generation = 1, .secret_key = reader_secret};
	struct sealed *sealed = NULL;
	struct filing_note note;
	uint8_t id[16] = {1};

	memcpy(key.public_key, reader_public, 32);
	assert_int_equal(sealed_open(&source, READER_ARRIVAL, id, &key, 1, &f->arena, &note, &sealed, &f->err), 0);
	assert_int_equal(sealed_read(sealed, 0, sealed_size(sealed), &out, &f->err), 0);
	assert_int_equal(sealed_digest(sealed, &digest, &f->err), 0);
	assert_int_equal(digest_decode(arena_dup(&f->arena, buf_slice(&digest)), &f->arena, ret), 0);
	sealed_close(&sealed);
	blob = arena_dup(&f->arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&digest);
	buf_free(&scratch);
	return blob;
}

/* What is inside of the part. */
static struct slice inside(struct fixture *f, struct slice blob, const struct digest *outside, struct digest *ret)
{
	const struct mime_part *part = outside->root->children->next;
	struct buf form = BUF_INIT(ROOM), plain = BUF_INIT(ROOM);
	struct confidential_reader r;
	struct slice digest, letter;

	assert_true(slice_eq(part->subtype, SLICE(CONFIDENTIAL_TYPE)) && part->next == NULL);
	assert_true(base64_decode_lenient(slice_sub(blob, part->body_start, part->body_end), &form));
	confidential_open(&r, outside->secret->key);
	assert_int_equal(confidential_read(&r, buf_slice(&form), &plain), 0);
	assert_true(confidential_is_whole(&r));
	confidential_close(&r);
	assert_int_equal(confidential_split(arena_dup(&f->arena, buf_slice(&plain)), &digest, &letter), 0);
	assert_int_equal(digest_decode(digest, &f->arena, ret), 0);
	buf_free(&form);
	buf_free(&plain);
	return letter;
}

static void the_letter_is_inside_and_its_key_in_the_digest(void **state)
{
	static const char message[] =
		"From: ann@example.org\r\nTo: bob@example.org\r\nBcc: hidden@example.org\r\nSubject: seen\r\nLetterlock-Confidential: yes\r\nX-Mine: nobody\r\n"
		"Content-Type: text/html\r\n\r\n<p>what nobody sees</p>\r\n";
	struct fixture *f = *state;
	struct filter_judgement judgement = {0};
	struct digest outer, inner;
	struct slice blob, letter;

	add(f, FACT_LOCAL, "bob@example.org", "");
	wrap(f, message);
	assert_non_null(f->made.secret);
	judgement.secret = f->made.secret;
	assert_int_equal(filter_message(&f->envelope, buf_slice(&f->made.letter), &judgement, NULL, &settings, secret, &epoch, &f->arena, &f->result, &f->err), 0);
	assert_int_equal(f->result.code, 250);
	blob = opened(f, &outer);
	assert_true(slice_eq(outer.envelope.subject, SLICE("seen")) && outer.envelope.has_message_id && outer.envelope.has_date);
	assert_true(has(outer.preview, "confidential letter") && has(outer.search_text, "confidential letter"));
	assert_false(has(blob, "nobody") || has(blob, "Bcc") || has(blob, CONFIDENTIAL_FIELD) || has(outer.search_text, "nobody") || has(outer.search_header, "nobody"));
	letter = inside(f, blob, &outer, &inner);
	assert_true(has(letter, "what nobody sees") && has(letter, "X-Mine: nobody"));
	assert_false(has(letter, "hidden@") || has(letter, CONFIDENTIAL_FIELD));
	assert_true(inner.size == letter.n && inner.secret == NULL && slice_eq(inner.root->subtype, SLICE("html")));
	assert_true(slice_eq(inner.message_id, outer.message_id));
	assert_true(has(slice_sub(letter, inner.root->body_start, inner.root->body_end), "what nobody sees"));
	/* The bytes that lie there, without what says their key. */
	assert_false(has(buf_slice(&f->result.record), "nobody"));
}

static void two_letters_have_two_keys(void **state)
{
	struct fixture *f = *state;
	uint8_t first[DIGEST_SECRET_KEY_SIZE];

	add(f, FACT_LOCAL, "bob@example.org", "");
	memcpy(first, wish(f, " yes")->key, sizeof first);
	assert_memory_not_equal(first, wish(f, " yes")->key, sizeof first);
}

static void from_elsewhere_the_field_is_taken_out(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT(1000);

	filter_append_header(SLICE("From: a@b\r\nLetterlock-Confidential: yes\r\nTo: c@d\r\n\r\n"), SLICE("mx.example.org"), &out);
	assert_true(slice_eq(buf_slice(&out), SLICE("From: a@b\r\nTo: c@d\r\n\r\n")));
	assert_int_equal(f->made.code, 0);
	buf_free(&out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_writer_asks_by_one_field), T(what_the_organisation_wants_counts), T(what_waits_is_over_only_after_it_was_sent), T(only_our_own_people_ask), T(nobody_outside_is_written_to),
		T(where_an_alias_leads_is_not_whom_he_wrote_to), T(the_letter_is_inside_and_its_key_in_the_digest), T(two_letters_have_two_keys),
		T(from_elsewhere_the_field_is_taken_out),
	};

	crypt_init();
	mime_warm();
	kx_keypair(reader_public, reader_secret);
	kx_keypair(epoch.public_key, epoch_secret);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
