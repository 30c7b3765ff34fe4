#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/error.h"
#include "crypt/crypt.h"
#include "store/envelope.h"
#include "store/fact.h"

static const uint8_t SECRET[32] = {1, 2, 3};

static struct recipient_fact example(void)
{
	struct recipient_fact f = {.kind = FACT_LOCAL, .generation = 3, .shard = 2, .quota = 1 << 20, .address = SLICE("ann@example.org"),
	                           .original = SLICE("rfc822;a@example.org"), .mailbox = SLICE("Lists/c"), .notify = SLICE("NEVER")};

	memset(f.account, 7, 16);
	memset(f.public_key, 9, 32);
	return f;
}

static void a_recipient_fact_survives_its_journey(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct recipient_fact f = example(), got;
	struct slice list, whole;

	fact_write_recipient(&b, &f, SECRET);
	f.kind = FACT_REMOTE;
	fact_write_recipient(&b, &f, SECRET);
	list = buf_slice(&b);
	assert_int_equal(fact_read_recipient(&list, SECRET, &got), 0);
	assert_int_equal(got.kind, FACT_LOCAL);
	assert_int_equal(got.generation, 3);
	assert_int_equal(got.quota, 1 << 20);
	assert_true(slice_eq(got.mailbox, f.mailbox) && slice_eq(got.notify, f.notify) && slice_eq(got.original, f.original));
	assert_int_equal(fact_peek_recipient(&list, &got, &whole), 0);
	assert_int_equal(got.kind, FACT_REMOTE);
	assert_int_equal(list.n, 0);
	assert_int_equal(fact_read_recipient(&whole, SECRET, &got), 0);
	assert_int_equal(fact_read_recipient(&list, SECRET, &got), ERR_INVALID);
	buf_free(&b);
}

static void any_changed_byte_of_a_fact_is_refused(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct recipient_fact f = example(), got;

	fact_write_recipient(&b, &f, SECRET);
	for (size_t i = 0; i < buf_len(&b); i++) {
		struct slice list = buf_slice(&b);

		b.data[b.start + i] ^= 0x20;
		assert_true(fact_read_recipient(&list, SECRET, &got) < 0);
		b.data[b.start + i] ^= 0x20;
	}
	buf_free(&b);
}

static void a_sender_is_not_a_recipient(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct slice addresses[] = {SLICE("a@example.org"), SLICE("@example.net")};
	struct sender_key keys[] = {{.id = {7}, .algorithm = 1, .domain = SLICE("example.org"), .selector = SLICE("r1")},
	                            {.id = {8}, .algorithm = 2, .domain = SLICE("example.net"), .selector = SLICE("e1")}};
	struct sender_fact f = {.login = SLICE("a@example.org"), .actor = SLICE("d@example.org"), .addresses = addresses, .address_count = 2,
	                        .keys = keys, .key_count = 2}, got;
	struct recipient_fact wrong;
	struct slice list;

	fact_write_sender(&b, &f, SECRET);
	list = buf_slice(&b);
	assert_int_equal(fact_read_recipient(&list, SECRET, &wrong), ERR_INVALID);
	list = buf_slice(&b);
	assert_int_equal(fact_read_sender(&list, SECRET, &arena, &got), 0);
	assert_int_equal(got.address_count, 2);
	assert_true(slice_eq(got.addresses[1], addresses[1]) && slice_eq(got.actor, f.actor));
	assert_int_equal(got.key_count, 2);
	assert_true(got.keys[1].id[0] == 8 && got.keys[1].algorithm == 2 && slice_eq(got.keys[1].domain, keys[1].domain));
	assert_true(slice_eq(got.keys[0].selector, keys[0].selector));
	arena_free(&arena);
	buf_free(&b);
}

static void an_envelope_survives_its_journey(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct envelope e = {.source = ENVELOPE_APPEND, .received_ms = -5, .due_ms = 8, .cid = SLICE("c1"), .smtputf8 = true, .requiretls = true,
	                     .flags = SLICE("\\Seen a"), .internal_date = 77, .recipient_count = 1, .recipients = SLICE("xyz")}, got;

	envelope_encode(&e, &b);
	assert_int_equal(envelope_decode(buf_slice(&b), &got), 0);
	assert_int_equal(got.source, ENVELOPE_APPEND);
	assert_true(got.smtputf8 && got.requiretls && !got.body_8bit && !got.body_binary);
	assert_true(slice_eq(got.flags, e.flags) && slice_eq(got.recipients, e.recipients) && got.received_ms == -5 && got.due_ms == 8);
	for (size_t n = 0; n < buf_len(&b); n++)
		assert_int_equal(envelope_decode(slice_sub(buf_slice(&b), 0, n), &got), ERR_INVALID);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recipient_fact_survives_its_journey),
		cmocka_unit_test(any_changed_byte_of_a_fact_is_refused),
		cmocka_unit_test(a_sender_is_not_a_recipient),
		cmocka_unit_test(an_envelope_survives_its_journey),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
