/* Exports: everything that somebody may do to the file, and to the log behind it, is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "audit/record.h"
#include "audit/redact.h"
#include "audit/test_rig.h"

static int setup(void **state)
{
	static struct audit_rig rig;
	audit_rig_create(&rig);
	for (unsigned i = 0; i < 5; i++)
		audit_rig_append(&rig, 3);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	audit_rig_free(*state);
	return 0;
}

static struct audit_trust trust_of(const struct audit_rig *rig)
{
	struct audit_trust t = {.key = buf_slice(&rig->log_key_text), .witness_count = 1};
	t.witnesses[0] = buf_slice(&rig->witness_text);
	return t;
}

static int check(const struct audit_trust *trust, struct slice text, struct audit_report *report)
{
	struct audit_check *c = audit_check_create(trust);
	struct audit_report unused;
	struct error err = {0};
	int rc = audit_check_text(c, text, &err);
	if (rc == 0)
		rc = audit_check_end(c, report != NULL ? report : &unused, &err);
	if (rc < 0)
		assert_true(err.private_text[0] != 0);
	audit_check_free(&c);
	return rc;
}

static void every_run_of_records_verifies(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = trust_of(rig);
	for (uint64_t first = 0; first <= 15; first++) {
		for (uint64_t end = first; end <= 15; end++) {
			struct buf text = BUF_INIT(1 << 20);
			struct audit_report report;
			audit_rig_export(rig, first, end, &text);
			assert_int_equal(check(&trust, buf_slice(&text), &report), 0);
			assert_int_equal(report.end - report.first, end - first);
			assert_int_equal(report.cosigned, 1);
			buf_free(&text);
		}
	}
}

static void every_changed_bit_is_found(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = {0}; /* even by somebody who trusts nothing but the file */
	struct buf text = BUF_INIT(1 << 20);
	audit_rig_export(rig, 5, 9, &text);
	size_t stamp = (size_t)slice_search(buf_slice(&text), SLICE("{\"stamp\":\"")) + 10;
	assert_int_equal(check(&trust, buf_slice(&text), NULL), 0);
	for (size_t bit = 0; bit < buf_len(&text) * 8; bit++) {
		if (bit / 8 >= stamp && bit / 8 < stamp + 8)
			continue; /* five bytes that are no time stamp: what they say is the business of crypt/timestamp */
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_free(&text);
}

#define LINES_MAX 40
static size_t lines_of(struct slice text, struct slice *lines)
{
	size_t n = 0;
	while (text.n > 0) {
		size_t end = (size_t)slice_find(text, '\n') + 1;
		assert_true(n < LINES_MAX);
		lines[n++] = slice_sub(text, 0, end);
		text = slice_from(text, end);
	}
	return n;
}

static int check_lines(const struct slice *lines, size_t count)
{
	struct audit_trust trust = {0};
	struct buf text = BUF_INIT(1 << 20);
	for (size_t i = 0; i < count; i++)
		buf_append(&text, lines[i]);
	int rc = check(&trust, buf_slice(&text), NULL);
	buf_free(&text);
	return rc;
}

static void a_removed_doubled_or_swapped_line_is_found(void **state)
{
	struct audit_rig *rig = *state;
	struct slice lines[LINES_MAX] = {{0}}, changed[LINES_MAX + 1] = {{0}};
	struct buf text = BUF_INIT(1 << 20);
	audit_rig_export(rig, 0, 15, &text);
	size_t n = lines_of(buf_slice(&text), lines);
	assert_int_equal(check_lines(lines, n), 0);
	for (size_t i = 0; i < n; i++) {
		bool stamp = slice_starts(lines[i], SLICE("{\"stamp\""));
		memcpy(changed, lines, i * sizeof *lines);
		memcpy(changed + i, lines + i + 1, (n - i - 1) * sizeof *lines);
		assert_int_equal(check_lines(changed, n - 1), stamp ? 0 : ERR_DAMAGED); /* a file without a stamp is whole */
		memcpy(changed, lines, (i + 1) * sizeof *lines);
		memcpy(changed + i + 1, lines + i, (n - i) * sizeof *lines);
		assert_int_equal(check_lines(changed, n + 1), ERR_DAMAGED);
		for (size_t k = i + 1; k < n; k++) {
			memcpy(changed, lines, n * sizeof *lines);
			changed[i] = lines[k];
			changed[k] = lines[i];
			assert_int_equal(check_lines(changed, n), ERR_DAMAGED);
		}
	}
	buf_free(&text);
}

static void a_file_cut_anywhere_is_found(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = {0};
	struct buf text = BUF_INIT(1 << 20);
	audit_rig_export(rig, 3, 11, &text);
	for (size_t n = 0; n < buf_len(&text); n++)
		assert_int_equal(check(&trust, slice_sub(buf_slice(&text), 0, n), NULL), ERR_DAMAGED);
	buf_append_str(&text, "\n");
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
	buf_free(&text);
}

static void another_key_or_a_missing_witness_is_refused(void **state)
{
	struct audit_rig *rig = *state, other;
	struct audit_trust trust = trust_of(rig);
	struct buf text = BUF_INIT(1 << 20);
	audit_rig_export(rig, 0, 15, &text);
	audit_rig_create(&other);
	memset(other.seed, 1, sizeof other.seed);
	struct audit_trust wrong = trust;
	wrong.key = SLICE("mail.example.org/audit+00000000+AQAA");
	assert_int_equal(check(&wrong, buf_slice(&text), NULL), ERR_DAMAGED);
	wrong = trust;
	wrong.witnesses[0] = buf_slice(&rig->log_key_text);
	wrong.witness_count = 2;
	wrong.witnesses[1] = SLICE("nobody");
	assert_int_equal(check(&wrong, buf_slice(&text), NULL), ERR_DAMAGED);
	audit_rig_free(&other);
	buf_free(&text);
}

/* Root with the key of the log makes another log whose every signature is right. Only a head that is kept elsewhere tells. */
static void a_rewritten_log_is_found_by_an_older_head(void **state)
{
	struct audit_rig *rig = *state, forged;
	struct audit_trust trust = trust_of(rig);
	struct buf kept = BUF_INIT(AUDIT_NOTE_MAX), text = BUF_INIT(1 << 20);
	audit_rig_head(rig, false, &kept);
	trust.heads[trust.head_count++] = buf_slice(&kept);
	audit_rig_append(rig, 4);
	audit_rig_export(rig, 0, 19, &text);
	struct audit_report report;
	assert_int_equal(check(&trust, buf_slice(&text), &report), 0);
	assert_int_equal(report.old_heads, 1);
	/* The same key, a log in which the first record is another one. */
	audit_rig_create(&forged);
	struct audit_group g;
	struct buf record = BUF_INIT(AUDIT_TEXT_MAX);
	audit_group_init(&g);
	audit_rig_record(0, &record);
	*(uint8_t *)(uintptr_t)memmem(record.data, buf_len(&record), "amy", 3) = 'e';
	audit_group_add(&g, buf_slice(&record), 1);
	assert_int_equal(audit_store_append(forged.store, &g, NULL), 0);
	audit_store_publish(forged.store, &g);
	audit_rig_append(&forged, 18);
	buf_clear(&text);
	audit_rig_export(&forged, 0, 19, &text);
	struct audit_trust blind = trust_of(rig);
	assert_int_equal(check(&blind, buf_slice(&text), NULL), 0); /* this is what a key in the wrong hands can do */
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
	/* And a log that lost its end. */
	struct audit_rig shorter;
	audit_rig_create(&shorter);
	audit_rig_append(&shorter, 14);
	buf_clear(&text);
	audit_rig_export(&shorter, 0, 14, &text);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
	audit_rig_free(&shorter);
	audit_rig_free(&forged);
	audit_group_free(&g);
	buf_free(&record);
	buf_free(&kept);
	buf_free(&text);
}

static void an_old_head_that_the_export_does_not_reach_is_said(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = trust_of(rig);
	struct buf kept = BUF_INIT(AUDIT_NOTE_MAX), text = BUF_INIT(1 << 20);
	audit_rig_head(rig, false, &kept);
	trust.heads[trust.head_count++] = buf_slice(&kept);
	audit_rig_append(rig, 10);
	audit_rig_export(rig, 17, 20, &text);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
	buf_clear(&text);
	audit_rig_export(rig, 15, 20, &text);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), 0);
	buf_free(&kept);
	buf_free(&text);
}

static void small_proof(struct audit_rig *rig, enum audit_proof_kind kind, uint64_t index, struct buf *out)
{
	struct audit_view *v = audit_view_create(rig->store);
	struct audit_nodes nodes = audit_view_nodes(v);
	struct audit_proof proof;
	struct buf head = BUF_INIT(AUDIT_NOTE_MAX), record = BUF_INIT(AUDIT_TEXT_MAX);
	uint64_t size = audit_store_size(rig->store);
	audit_rig_head(rig, false, &head);
	if (kind == AUDIT_INCLUSION)
		audit_rig_record(index, &record);
	assert_int_equal(kind == AUDIT_INCLUSION ? audit_prove_inclusion(&nodes, index, size, &proof)
		: audit_prove_consistency(&nodes, index, size, &proof), 0);
	audit_proof_print(kind, buf_slice(&rig->log_key_text), index, size, &proof, buf_slice(&record), buf_slice(&head), out);
	audit_view_free(&v);
	buf_free(&head);
	buf_free(&record);
}

static void every_changed_bit_of_a_proof_is_found(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = {.key = buf_slice(&rig->log_key_text)};
	struct buf text = BUF_INIT(1 << 20), kept = BUF_INIT(AUDIT_NOTE_MAX);
	small_proof(rig, AUDIT_INCLUSION, 6, &text);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), 0);
	for (size_t bit = 0; bit < buf_len(&text) * 8; bit++) {
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	audit_rig_head(rig, true, &kept);
	audit_rig_append(rig, 6);
	buf_clear(&text);
	small_proof(rig, AUDIT_CONSISTENCY, 15, &text);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED); /* of what? */
	trust.heads[trust.head_count++] = buf_slice(&kept);
	assert_int_equal(check(&trust, buf_slice(&text), NULL), 0);
	for (size_t bit = 0; bit < buf_len(&text) * 8; bit++) {
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
		text.data[text.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_free(&text);
	buf_free(&kept);
}

static void a_verifier_key_has_one_form(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_key key;
	struct buf *text = &rig->log_key_text;
	assert_int_equal(audit_key_parse(buf_slice(text), &key), 0);
	for (size_t bit = 0; bit < buf_len(text) * 8; bit++) {
		text->data[text->start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(audit_key_parse(buf_slice(text), &key), ERR_INVALID);
		text->data[text->start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* An anonymised export proves number, order and hashes; whoever moves, removes or re-labels a record is found. */
static void an_anonymised_export_proves_places_and_says_so(void **state)
{
	struct audit_rig *rig = *state;
	struct audit_trust trust = trust_of(rig);
	struct slice lines[LINES_MAX] = {{0}}, swapped[LINES_MAX];
	struct audit_report report;
	struct buf text = BUF_INIT(1 << 20);
	audit_rig_export_anonymised(rig, 0, 15, &text);
	assert_int_equal(check(&trust, buf_slice(&text), &report), 0);
	assert_true(report.anonymised && report.redacted == 15);
	assert_true(slice_search(buf_slice(&text), SLICE("@")) < 0);
	size_t n = lines_of(buf_slice(&text), lines);
	for (size_t i = 1; i <= 15; i++) {
		memcpy(swapped, lines, n * sizeof *lines);
		swapped[i] = lines[i % 15 + 1];
		assert_int_equal(check_lines(swapped, n), ERR_DAMAGED);
		memmove(swapped + i, lines + i + 1, (n - i - 1) * sizeof *lines);
		assert_int_equal(check_lines(swapped, n - 1), ERR_DAMAGED);
	}
	/* A flipped bit in a hash; and a redacted record where the export does not say so. */
	ptrdiff_t leaf = slice_search(buf_slice(&text), SLICE("\"leaf\":\""));
	text.data[text.start + (size_t)leaf + 10] ^= 1;
	assert_int_equal(check(&trust, buf_slice(&text), NULL), ERR_DAMAGED);
	text.data[text.start + (size_t)leaf + 10] ^= 1;
	ptrdiff_t flag = slice_search(buf_slice(&text), SLICE(",\"anonymised\":true"));
	struct buf plain = BUF_INIT(1 << 20);
	buf_append(&plain, slice_sub(buf_slice(&text), 0, (size_t)flag));
	buf_append(&plain, slice_from(buf_slice(&text), (size_t)flag + 18));
	assert_int_equal(check(&trust, buf_slice(&plain), NULL), ERR_DAMAGED);
	buf_free(&plain);
	buf_free(&text);
}

static void redact(const char *fields, uint8_t key_byte, struct buf *out)
{
	uint8_t key[AUDIT_REDACT_KEY_SIZE] = {key_byte};
	struct buf record = BUF_INIT(AUDIT_TEXT_MAX);
	buf_printf(&record, "{\"n\":3,\"t\":5,\"e\":\"queue.bounced\",\"c\":\"mail\",\"l\":\"info\",\"r\":\"queue/0\",\"s\":\"00c3a1d2e4f50617-42\","
		"\"k\":\"MDEyMzQ1Njc4OWFiY2RlAA\",\"f\":{%s}}", fields);
	bool changed = audit_redact(buf_slice(&record), key, out);
	assert_int_equal(changed, buf_len(out) > 0);
	buf_free(&record);
}

static void people_become_pseudonyms_that_link(void **state)
{
	static const char fields[] = "\"cid\":\"c1\",\"to\":\"Amy@example.org bob@example.org\",\"host\":\"mx.side.test\",\"code\":550,"
		"\"reply\":\"550 <amy@example.org>, from [2001:db8::7] or 192.0.2.9. unknown; id 12:34\"";
	struct buf one = BUF_INIT(AUDIT_TEXT_MAX), again = BUF_INIT(AUDIT_TEXT_MAX), other = BUF_INIT(AUDIT_TEXT_MAX), none = BUF_INIT(AUDIT_TEXT_MAX);
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	(void)state;
	redact(fields, 1, &one);
	redact(fields, 1, &again);
	redact(fields, 2, &other);
	assert_true(slice_eq(buf_slice(&one), buf_slice(&again)) && !slice_eq(buf_slice(&one), buf_slice(&other)));
	assert_int_equal(audit_record_parse(buf_slice(&one), &arena, &r), 0);
	assert_true(slice_eq(r.salt, SLICE(AUDIT_NO_SALT)));
	struct slice to = r.fields[1].text, reply = r.fields[4].text, amy = slice_sub(to, 0, AUDIT_PSEUDONYM_SIZE);
	assert_true(to.n == 2 * AUDIT_PSEUDONYM_SIZE + 1 && to.p[0] == '~' && slice_search(reply, amy) == 5);
	assert_true(slice_starts(reply, SLICE("550 <~")) && slice_ends(reply, SLICE(". unknown; id 12:34")));
	assert_int_equal(slice_search(buf_slice(&one), SLICE("example.org")), -1);
	assert_int_equal(slice_search(buf_slice(&one), SLICE("2001")), -1);
	assert_int_equal(slice_search(buf_slice(&one), SLICE("192.0")), -1);
	assert_true(slice_eq(r.fields[2].text, SLICE("mx.side.test")) && r.fields[3].number == 550);
	redact("\"cid\":\"c1\",\"host\":\"mx.side.test\",\"code\":250,\"reply\":\"2.0.0 Ok\"", 1, &none);
	assert_int_equal(buf_len(&none), 0); /* stays as it is, and provable */
	arena_free(&arena);
	buf_free(&one);
	buf_free(&again);
	buf_free(&other);
	buf_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_run_of_records_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(every_changed_bit_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_doubled_or_swapped_line_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_cut_anywhere_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key_or_a_missing_witness_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rewritten_log_is_found_by_an_older_head, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_head_that_the_export_does_not_reach_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(every_changed_bit_of_a_proof_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_verifier_key_has_one_form, setup, teardown),
		cmocka_unit_test_setup_teardown(an_anonymised_export_proves_places_and_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(people_become_pseudonyms_that_link, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit export", tests, NULL, NULL);
}
