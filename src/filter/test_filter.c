#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "filter/filter_internal.h"
#include "mime/digest.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/text.h"

static const uint8_t secret[32] = {7};
static const struct filter_settings settings = {.hostname = SLICE_INIT("mx.example.org"), .language = SLICE_INIT("en")};
static struct filter_epoch epoch = {.epoch = 5};
static uint8_t epoch_secret[32], reader_public[32], reader_secret[32];

/* One letter on its way. */
struct fixture {
	struct arena arena;
	struct envelope envelope;
	struct buf recipients, sender;
	struct filter_result result;
	struct error err;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.envelope = {.source = ENVELOPE_SMTP, .received_ms = INT64_C(946684800000), .cid = SLICE("c1"),
		.client_address = SLICE("192.0.2.1"), .helo = SLICE("client.test"), .protocol = SLICE("ESMTPS"), .tls = SLICE("TLSv1.3 AES_256"),
		.hostname = SLICE("mx.example.org"), .reverse_path = SLICE("out@side.test")}};
	f.recipients = f.sender = BUF_INIT(1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->recipients);
	buf_free(&f->sender);
	buf_free(&f->result.record);
	arena_free(&f->arena);
	return 0;
}

static void add_recipient(struct fixture *f, enum fact_kind kind, uint8_t account, const char *address, const char *notify)
{
	struct recipient_fact fact = {.kind = kind, .account = {account}, .generation = 1, .address = slice_str(address), .notify = slice_str(notify)};

	memcpy(fact.public_key, reader_public, sizeof fact.public_key);
	fact_write_recipient(&f->recipients, &fact, secret);
	f->envelope.recipient_count++;
}

static void add_sender_with(struct fixture *f, const char *actor)
{
	struct slice own[] = {SLICE_INIT("ann@example.org"), SLICE_INIT("@ann.example")};
	struct sender_fact sender = {.account = {9}, .login = SLICE("ann"), .actor = slice_str(actor), .addresses = own,
		.address_count = 2};
	struct recipient_fact self = {.kind = FACT_LOCAL, .account = {9}, .generation = 1, .address = own[0]};

	memcpy(self.public_key, reader_public, sizeof self.public_key);
	fact_write_sender(&f->sender, &sender, secret);
	fact_write_recipient(&f->sender, &self, secret);
	f->envelope.source = ENVELOPE_SUBMISSION;
	f->envelope.reverse_path = own[0];
	f->envelope.protocol = SLICE("ESMTPSA");
}

static void add_sender(struct fixture *f)
{
	add_sender_with(f, "");
}

static int run(struct fixture *f, const char *message)
{
	f->envelope.recipients = buf_slice(&f->recipients);
	f->envelope.sender = buf_slice(&f->sender);
	buf_free(&f->result.record);
	return filter_message(&f->envelope, slice_str(message), NULL, NULL, &settings, secret, &epoch, &f->arena, &f->result, &f->err);
}

static int read_record(void *arg, uint64_t offset, void *p, size_t n)
{
	struct slice *record = arg;

	memcpy(p, record->p + offset, n);
	return 0;
}

/* The sealed message as a reader sees it. */
static struct slice opened(struct fixture *f, enum reader_kind kind, uint8_t account, struct filing_note *note)
{
	struct buf scratch = BUF_INIT(1 << 24), out = BUF_INIT(1 << 24);
	struct slice disk = seal_disk_form(buf_slice(&f->result.record), &scratch), ret;
	struct seal_source source = {.read = read_record, .arg = &disk, .size = disk.n};
	struct seal_reader_key key = {.generation = 1, .secret_key = reader_secret};
	uint8_t id[16] = {account};
	struct sealed *sealed = NULL;

	memcpy(key.public_key, reader_public, 32);
	if (kind == READER_OUTBOUND) {
		key.generation = epoch.epoch;
		key.secret_key = epoch_secret;
		memcpy(key.public_key, epoch.public_key, 32);
	}
	assert_true(seal_verify(buf_slice(&f->result.record), secret));
	assert_int_equal(sealed_open(&source, kind, id, &key, 1, &f->arena, note, &sealed, &f->err), 0);
	assert_int_equal(sealed_read(sealed, 0, sealed_size(sealed), &out, &f->err), 0);
	assert_int_equal(out.failed, 0);
	sealed_close(&sealed);
	ret = arena_dup(&f->arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&scratch);
	return ret;
}

static struct job job_of(struct fixture *f)
{
	struct seal_face face;
	struct job job;

	assert_int_equal(seal_face(buf_slice(&f->result.record), &f->arena, &face, &f->err), 0);
	assert_int_equal(job_decode(face.job, &f->arena, &job), 0);
	return job;
}

static void mail_from_outside_keeps_its_bytes_behind_the_trace(void **state)
{
	static const char message[] = "From: x@y\r\nBcc: keep@it\r\n\r\n\xff\x01 raw\r\n";
	struct fixture *f = *state;
	struct filing_note note;
	struct slice got;
	struct job job;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	assert_int_equal(run(f, message), 0);
	assert_int_equal(f->result.code, 250);
	got = opened(f, READER_ARRIVAL, 1, &note);
	assert_true(slice_starts(got, SLICE("Received: from client.test ([192.0.2.1])\r\n\t(using TLSv1.3 AES_256)\r\n\tby mx.example.org with ESMTPS id c1;"
	                                    "\r\n\tSat, 01 Jan 2000 00:00:00 +0000\r\nFrom: x@y\r\n")));
	assert_true(slice_ends(got, slice_str(message)));
	assert_true(slice_eq(note.return_path, SLICE("out@side.test")));
	assert_true(slice_eq(note.delivered_to, SLICE("ann@example.org")));
	job = job_of(f);
	assert_int_equal(job.recipient_count, 1);
	assert_true(job.recipients[0].local);
	assert_true(job.dsn_fact.n > 0);
	assert_false(job.is_dsn);
}

static void facts_that_are_not_ours_are_refused(void **state)
{
	struct fixture *f = *state;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	f->recipients.data[f->recipients.start + 30] ^= 1;
	assert_int_equal(run(f, "From: x@y\r\n\r\n"), ERR_DENIED);
	assert_int_equal(f->result.record.end, 0);
}

static void a_count_that_lies_is_refused(void **state)
{
	struct fixture *f = *state;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	f->envelope.recipient_count = 2;
	assert_int_equal(run(f, "From: x@y\r\n\r\n"), ERR_INVALID);
	f->envelope.source = ENVELOPE_APPEND;
	f->envelope.recipient_count = 1;
	assert_int_equal(run(f, "From: x@y\r\n\r\n"), ERR_INVALID);
}

static void a_loop_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf message = BUF_INIT(100000);

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	for (int i = 0; i <= FILTER_RECEIVED_MAX; i++)
		buf_append_str(&message, "Received: by x\r\n");
	buf_append_str(&message, "\r\n");
	buf_append_byte(&message, 0);
	assert_int_equal(run(f, (const char *)buf_slice(&message).p), 0);
	assert_int_equal(f->result.code, 554);
	assert_true(slice_eq(f->result.enhanced, SLICE("5.4.6")));
	buf_free(&message);
}

static void several_authors_fields_are_refused_none_is_let_through(void **state)
{
	struct fixture *f = *state;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	assert_int_equal(run(f, "From: x@y\r\nFrom: z@y\r\n\r\n"), 0);
	assert_int_equal(f->result.code, 550);
	assert_int_equal(run(f, "Subject: none\r\n\r\n"), 0);
	assert_int_equal(f->result.code, 250);
}

static void a_submission_is_mended_and_hides_its_origin(void **state)
{
	struct fixture *f = *state;
	struct filing_note note;
	struct slice got;
	struct job job;

	add_sender(f);
	add_recipient(f, FACT_LOCAL, 1, "bob@example.org", "");
	add_recipient(f, FACT_REMOTE, 0, "out@side.test", "FAILURE,DELAY");
	assert_int_equal(run(f, "From: Ann <Ann+x@Example.org>\r\nBcc: secret@x,\r\n more@y\r\nTo: t@u\r\n\r\nHi\r\n"), 0);
	assert_int_equal(f->result.code, 250);
	got = opened(f, READER_ARRIVAL, 1, &note);
	assert_true(slice_starts(got, SLICE("Received: by mx.example.org with ESMTPSA id c1;\r\n\t")));
	assert_int_equal(slice_search(got, SLICE("192.0.2.1")), -1);
	assert_int_equal(slice_search(got, SLICE("secret")), -1);
	assert_int_equal(slice_search(got, SLICE("more@y")), -1);
	assert_true(slice_search(got, SLICE("\r\nDate: Sat, 01 Jan 2000")) > 0);
	assert_true(slice_search(got, SLICE("\r\nMessage-ID: <")) > 0);
	assert_true(slice_ends(got, SLICE("From: Ann <Ann+x@Example.org>\r\nTo: t@u\r\n\r\nHi\r\n")));
	assert_true(slice_eq(opened(f, READER_OUTBOUND, 0, &note), got));
	job = job_of(f);
	assert_int_equal(job.recipient_count, 2);
	assert_int_equal(job.recipients[1].notify, NOTIFY_FAILURE | NOTIFY_DELAY);
	assert_int_equal(job.sender_account[0], 9);
	assert_true(job.dsn_fact.n > 0);
}

static void a_submission_speaks_for_its_sender_only(void **state)
{
	static const struct {
		const char *header;
		uint16_t code;
	} cases[] = {
		{"From: ann@example.org\r\n", 250},
		{"From: any@ann.example\r\n", 250},
		{"From: bob@example.org\r\n", 550},
		{"From: ann@example.org, bob@example.org\r\n", 550},
		{"From: ann@example.org, x@ann.example\r\n", 550},
		{"From: ann@example.org, x@ann.example\r\nSender: ann@example.org\r\n", 250},
		{"From: ann@example.org\r\nSender: bob@example.org\r\n", 550},
		{"From: ann@example.org\r\nFrom: ann@example.org\r\n", 550},
		{"From: Ann: ann@example.org;\r\n", 550},
		{"From: ann\r\n", 550},
		{"Subject: none\r\n", 550},
		{"From: \"ann@example.org\" <bob@x>\r\n", 550},
		{"From: ann@example.org <bob@x>\r\n", 550},
		{"From: ann@example.org (c) bob@x\r\n", 550},
	};
	struct fixture *f = *state;

	add_sender(f);
	add_recipient(f, FACT_REMOTE, 0, "out@side.test", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice message = arena_printf(&f->arena, "%s\r\nx\r\n", cases[i].header);

		assert_int_equal(run(f, (const char *)message.p), 0);
		assert_int_equal(f->result.code, cases[i].code);
	}
}

static void an_appended_message_is_sealed_as_it_is(void **state)
{
	static const char message[] = "no header at all";
	struct fixture *f = *state;
	struct filing_note note;

	f->envelope.source = ENVELOPE_APPEND;
	f->envelope.mailbox_id = SLICE("0123456789abcdef");
	f->envelope.flags = SLICE("\\Seen");
	f->envelope.internal_date = 77;
	add_recipient(f, FACT_OWN, 3, "ann@example.org", "");
	assert_int_equal(run(f, message), 0);
	assert_int_equal(f->result.code, 250);
	assert_true(slice_eq(opened(f, READER_OWN, 3, &note), slice_str(message)));
	assert_true(slice_eq(note.flags, SLICE("\\Seen")));
	assert_int_equal(note.internal_date, 77);
	assert_false(note.has_return_path);
	assert_int_equal(f->result.size, sizeof message - 1);
	assert_false(filter_needs_epoch(&f->envelope));
}

static void a_person_gets_a_letter_once(void **state)
{
	struct fixture *f = *state;
	struct seal_face face;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	add_recipient(f, FACT_LOCAL, 1, "sales@example.org", "");
	add_recipient(f, FACT_LOCAL, 2, "bob@example.org", "SUCCESS");
	assert_int_equal(run(f, "From: x@y\r\n\r\n"), 0);
	assert_int_equal(seal_face(buf_slice(&f->result.record), &f->arena, &face, &f->err), 0);
	assert_int_equal(face.reader_count, 3); /* two persons, and the queue for the confirmation */
	assert_int_equal(face.readers[2].kind, READER_OUTBOUND);
	assert_int_equal(job_of(f).recipient_count, 2);
}

static void an_opaque_message_is_not_parsed(void **state)
{
	struct fixture *f = *state;
	struct filing_note note;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	f->envelope.opaque = true;
	assert_int_equal(run(f, "From: x@y\r\nFrom: z@y\r\n\r\nbody"), 0);
	assert_int_equal(f->result.code, 250);
	assert_true(slice_ends(opened(f, READER_ARRIVAL, 1, &note), SLICE("\r\n\r\nbody")));
	add_sender(f);
	assert_int_equal(run(f, "From: ann@example.org\r\n\r\nbody"), 0);
	assert_int_equal(f->result.code, 554);
}

static struct dsn_report report_for(struct fixture *f, struct dsn_recipient *recipients, size_t count)
{
	struct buf encoded = BUF_INIT(1 << 20);
	struct dsn_report report = {
		.kind = DSN_FAILURE, .fact = buf_slice(&f->recipients), .envid = SLICE("id+2B1"), .cid = SLICE("q1"), .queue_id = SLICE("1-2a"),
		.arrival_ms = 1000, .now_ms = INT64_C(946684800000), .recipients = recipients, .recipient_count = count,
	}, decoded;
	struct slice copy;

	/* As it travels. */
	dsn_report_encode(&report, &encoded);
	copy = arena_dup(&f->arena, buf_slice(&encoded));
	assert_int_equal(dsn_report_decode(copy, &f->arena, &decoded), 0);
	for (size_t n = 0; n < copy.n; n++)
		assert_int_equal(dsn_report_decode(slice_sub(copy, 0, n), &f->arena, &report), ERR_INVALID);
	buf_free(&encoded);
	return decoded;
}

static struct slice subject_of(struct fixture *f, const char *reader, const char *organisation)
{
	struct filter_settings s = {.hostname = SLICE("mx.example.org"), .language = slice_str(organisation)};
	struct dsn_recipient recipient = {.action = DSN_FAILED, .final = SLICE("bob@side.test")};
	struct dsn_report report = report_for(f, &recipient, 1);
	struct buf out = BUF_INIT(1 << 20);
	struct mime_field field = {0};

	report.language = slice_str(reader);
	filter_dsn_compose(&report, SLICE("ann@example.org"), SLICE("Subject: s\r\n\r\n"), false, &s, SLICE("=_b"), &out);
	assert_true(mime_header_find(slice_sub(buf_slice(&out), 0, mime_header_length(buf_slice(&out))), SLICE("Subject"), &field));
	struct slice ret = arena_dup(&f->arena, field.value);
	buf_free(&out);
	return ret;
}

static void a_notification_is_in_the_language_of_its_reader(void **state)
{
	struct fixture *f = *state;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "");
	assert_true(slice_eq(subject_of(f, "zh-CN", "en"), subject_of(f, "", "zh-CN")));
	assert_true(slice_eq(subject_of(f, "en", "zh-CN"), subject_of(f, "", "en")));
	assert_false(slice_eq(subject_of(f, "zh-CN", "en"), subject_of(f, "zh-TW", "en")));
}

static void a_notification_reports_what_happened(void **state)
{
	struct fixture *f = *state;
	struct dsn_recipient recipients[] = {
		{.action = DSN_FAILED, .final = SLICE("bob@side.test"), .original = SLICE("rfc822;b+2Bob@side.test"), .status = SLICE("5.1.1"), .code = 550,
			.diagnostic = SLICE("5.1.1 no such\r\nX-Evil: user"), .remote = SLICE("mx.side.test [192.0.2.9]"), .last_attempt_ms = 5000},
		{.action = DSN_DELAYED, .final = SLICE("eve@side.test"), .retry_until_ms = 9000},
	};
	struct filing_note note;
	struct mime_part *root, *status;
	struct slice got, text;
	struct job job;
	struct dsn_report report;

	add_recipient(f, FACT_LOCAL, 1, "ann@example.org", "SUCCESS");
	report = report_for(f, recipients, 2);
	assert_int_equal(filter_dsn(&report, SLICE("Subject: original\r\n\r\nbody\r\n"), false, &settings, secret, NULL, &f->arena, &f->result, &f->err), 0);
	got = opened(f, READER_ARRIVAL, 1, &note);
	assert_true(note.has_return_path && note.return_path.n == 0);
	root = mime_structure_parse(got, &f->arena);
	assert_true(mime_part_is(root, SLICE("multipart"), SLICE("report")));
	status = root->children->next;
	assert_true(mime_part_is(status, SLICE("message"), SLICE("delivery-status")));
	text = slice_sub(got, status->body_start, status->body_end);
	assert_true(slice_starts(text, SLICE("Original-Envelope-Id: id+1\r\nReporting-MTA: dns; mx.example.org\r\nArrival-Date: ")));
	assert_true(slice_search(text, SLICE("\r\n\r\nOriginal-Recipient: rfc822; b+ob@side.test\r\nFinal-Recipient: rfc822; bob@side.test\r\n"
	                                     "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.side.test [192.0.2.9]\r\n")) > 0);
	assert_true(slice_search(text, SLICE("Will-Retry-Until: ")) > 0);
	assert_int_equal(slice_search(got, SLICE("\nX-Evil")), -1);
	assert_true(mime_part_is(status->next, SLICE("text"), SLICE("rfc822-headers")));
	assert_int_equal(slice_search(got, SLICE("body\r\n")), -1);
	assert_null(status->next->next);
	job = job_of(f);
	assert_true(job.is_dsn);
	assert_int_equal(job.reverse_path.n, 0);
	assert_int_equal(job.dsn_fact.n, 0);
}

static void a_notification_speaks_the_configured_language(void **state)
{
	static const char *const languages[] = {"en", "zh-CN", "zh-TW", "xx"};
	struct fixture *f = *state;
	struct dsn_recipient recipient = {.action = DSN_FAILED, .final = SLICE("b\xc3\xb6" "b@side.test")};
	struct dsn_report report;

	add_recipient(f, FACT_REMOTE, 0, "ann@else.test", "");
	report = report_for(f, &recipient, 1);
	for (int kind = DSN_FAILURE; kind <= DSN_SUCCESS; kind++) {
		for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
			struct filter_settings s = {.hostname = SLICE("mx.example.org"), .language = slice_str(languages[i])};
			struct buf out = BUF_INIT(1 << 20);
			struct mime_part *root;

			report.kind = (enum dsn_kind)kind;
			filter_dsn_compose(&report, SLICE("ann@else.test"), SLICE("Subject: s\r\n\r\nbody\r\n"), true, &s, SLICE("=_b"), &out);
			root = mime_structure_parse(buf_slice(&out), &f->arena);
			assert_true(mime_part_is(root->children->next->next, SLICE("message"), SLICE("rfc822")));
			assert_true(mime_part_is(root->children->next, SLICE("message"), SLICE("global-delivery-status")));
			buf_free(&out);
		}
	}
	assert_int_equal(filter_dsn(&report, SLICE_NONE, false, &settings, secret, NULL, &f->arena, &f->result, &f->err), ERR_TEMPORARY);
	assert_int_equal(filter_dsn(&report, SLICE_NONE, false, &settings, secret, &epoch, &f->arena, &f->result, &f->err), 0);
}

static int sign(void *arg, const uint8_t key[16], enum mail_algorithm algorithm, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	buf_append_str(out, "signature");
	return *(int *)arg;
}

static void a_notification_that_leaves_is_signed_by_our_domain(void **state)
{
	static const uint8_t forged[32] = {8};
	struct fixture *f = *state;
	struct dsn_recipient recipient = {.action = DSN_FAILED, .final = SLICE("bob@side.test")};
	struct slice own = SLICE("@example.org"), got;
	struct sender_key key = {.algorithm = MAIL_ED25519_SHA256, .domain = SLICE("example.org"), .selector = SLICE("s1")};
	struct sender_fact sender = {.addresses = &own, .address_count = 1, .keys = &key, .key_count = 1};
	struct buf fact = BUF_INIT(4096), wrong = BUF_INIT(4096);
	int rc = 0;
	struct filter_settings s = settings;
	struct filing_note note;

	s.sign = sign;
	s.sign_arg = &rc;
	fact_write_sender(&fact, &sender, secret);
	fact_write_sender(&wrong, &sender, forged);
	add_recipient(f, FACT_REMOTE, 0, "ann@else.test", "");
	struct dsn_report report = report_for(f, &recipient, 1);
	report.domain = SLICE("example.org");
	report.signer = buf_slice(&fact);
	assert_int_equal(filter_dsn(&report, SLICE_NONE, false, &s, secret, &epoch, &f->arena, &f->result, &f->err), 0);
	got = opened(f, READER_OUTBOUND, 0, &note);
	assert_true(slice_starts(got, SLICE("DKIM-Signature: ")));
	assert_true(slice_search(got, SLICE("d=example.org")) > 0);
	assert_true(slice_search(got, SLICE("MAILER-DAEMON@example.org")) > 0);
	buf_free(&f->result.record);
	rc = ERR_TEMPORARY;
	assert_int_equal(filter_dsn(&report, SLICE_NONE, false, &s, secret, &epoch, &f->arena, &f->result, &f->err), ERR_TEMPORARY);
	report.signer = buf_slice(&wrong);
	assert_int_equal(filter_dsn(&report, SLICE_NONE, false, &s, secret, &epoch, &f->arena, &f->result, &f->err), ERR_DENIED);
	buf_free(&fact);
	buf_free(&wrong);
}

static void a_delegate_stands_in_sender_whatever_stood_there(void **state)
{
	static const struct {
		const char *header;
		uint16_t code;
	} cases[] = {
		{"From: ann@example.org\r\n", 250},
		{"From: ann@example.org\r\nSender: ann@example.org\r\n", 250},
		{"From: ann@example.org\r\nsender: The Boss <Dora@Example.org>\r\n", 250},
		{"From: ann@example.org, x@ann.example\r\n", 250},
		{"From: ann@example.org\r\nSender: bob@example.org\r\n", 550},
		{"From: ann@example.org\r\nSender: dora@example.org, bob@example.org\r\n", 550},
		{"From: ann@example.org\r\nSender: dora@example.org\r\nSender: dora@example.org\r\n", 550},
		{"From: dora@example.org\r\n", 550},
	};
	struct fixture *f = *state;
	struct filing_note note;

	add_sender_with(f, "dora@example.org");
	add_recipient(f, FACT_LOCAL, 1, "bob@example.org", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice message = arena_printf(&f->arena, "%s\r\nx\r\n", cases[i].header);

		assert_int_equal(run(f, (const char *)message.p), 0);
		assert_int_equal(f->result.code, cases[i].code);
		if (cases[i].code != 250)
			continue;
		struct slice got = opened(f, READER_ARRIVAL, 1, &note), header = slice_sub(got, 0, mime_header_length(got));
		assert_int_equal(mime_header_count(header, SLICE("Sender")), 1);
		assert_true(slice_search(header, SLICE("\r\nSender: dora@example.org\r\n")) > 0);
		assert_int_equal(slice_search(header, SLICE("The Boss")), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mail_from_outside_keeps_its_bytes_behind_the_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(facts_that_are_not_ours_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_count_that_lies_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_loop_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(several_authors_fields_are_refused_none_is_let_through, setup, teardown),
		cmocka_unit_test_setup_teardown(a_submission_is_mended_and_hides_its_origin, setup, teardown),
		cmocka_unit_test_setup_teardown(a_submission_speaks_for_its_sender_only, setup, teardown),
		cmocka_unit_test_setup_teardown(a_delegate_stands_in_sender_whatever_stood_there, setup, teardown),
		cmocka_unit_test_setup_teardown(an_appended_message_is_sealed_as_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_person_gets_a_letter_once, setup, teardown),
		cmocka_unit_test_setup_teardown(an_opaque_message_is_not_parsed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_notification_is_in_the_language_of_its_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(a_notification_reports_what_happened, setup, teardown),
		cmocka_unit_test_setup_teardown(a_notification_speaks_the_configured_language, setup, teardown),
		cmocka_unit_test_setup_teardown(a_notification_that_leaves_is_signed_by_our_domain, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	mime_warm();
	kx_keypair(epoch.public_key, epoch_secret);
	kx_keypair(reader_public, reader_secret);
	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
