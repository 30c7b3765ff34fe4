#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/codec.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "store/seal.h"

static const uint8_t SECRET[32] = {5};

struct fixture {
	uint8_t secret_key[3][32];
	struct seal_reader readers[3];
	struct seal_reader_key keys[3];
	struct buf record;
	struct slice body;
	uint8_t *body_bytes;
};

static int memory_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct slice *s = arg;

	memcpy(p, s->p + offset, n);
	return 0;
}

static struct seal_source source_of(struct slice *disk)
{
	return (struct seal_source){.read = memory_read, .arg = disk, .size = disk->n};
}

static void fixture_make(struct fixture *f, size_t body_size, bool random)
{
	struct slice header[] = {SLICE("Received: by us\r\n"), SLICE("Subject: the fox\r\n"), SLICE("\r\n")};
	struct seal_input in = {.header = header, .header_pieces = 3, .digest = SLICE("digest digest digest digest"), .readers = f->readers,
	                        .reader_count = 3, .job = SLICE("the job")};
	struct error err = {0};

	memset(f, 0, sizeof *f);
	f->record = BUF_INIT(64 << 20);
	f->body_bytes = memory_alloc(body_size + 1);
	for (size_t i = 0; i < body_size; i++)
		f->body_bytes[i] = (uint8_t)("line of text\r\n"[i % 14] + i / 4096 % 7);
	if (random)
		random_bytes(f->body_bytes, body_size);
	in.body = f->body = slice_make(f->body_bytes, body_size);
	for (int i = 0; i < 3; i++) {
		struct seal_reader *r = &f->readers[i];

		kx_keypair(r->public_key, f->secret_key[i]);
		r->kind = i == 2 ? READER_OUTBOUND : READER_ARRIVAL;
		r->generation = (uint32_t)i + 1;
		if (i < 2)
			memset(r->account, i + 1, 16);
		r->note = (struct filing_note){.return_path = SLICE("s@example.org"), .has_return_path = true, .delivered_to = SLICE("r@example.org"),
		                               .internal_date = 1000 + i};
		f->keys[i] = (struct seal_reader_key){.generation = r->generation, .secret_key = f->secret_key[i]};
		memcpy(f->keys[i].public_key, r->public_key, 32);
	}
	assert_int_equal(seal_write(&in, SECRET, &f->record, &err), 0);
}

static void fixture_free(struct fixture *f)
{
	buf_free(&f->record);
	memory_free(f->body_bytes);
}

static void expect_whole(struct fixture *f, struct sealed *s)
{
	static const char header[] = "Received: by us\r\nSubject: the fox\r\n\r\n";
	struct buf out = BUF_INIT(64 << 20);

	assert_int_equal(sealed_header_size(s), sizeof header - 1);
	assert_int_equal(sealed_size(s), sizeof header - 1 + f->body.n);
	assert_int_equal(sealed_read(s, 0, UINT64_MAX, &out, NULL), 0);
	assert_int_equal(buf_len(&out), sizeof header - 1 + f->body.n);
	assert_memory_equal(buf_slice(&out).p, header, sizeof header - 1);
	if (f->body.n != 0)
		assert_memory_equal(buf_slice(&out).p + sizeof header - 1, f->body.p, f->body.n);
	buf_clear(&out);
	assert_int_equal(sealed_read(s, 10, 20, &out, NULL), 0);
	assert_memory_equal(buf_slice(&out).p, header + 10, 20);
	buf_clear(&out);
	assert_int_equal(sealed_digest(s, &out, NULL), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE("digest digest digest digest")));
	buf_free(&out);
}

static void every_reader_opens_what_was_sealed(void **state)
{
	static const size_t sizes[] = {0, 1, 4000, 262144, 262145, 1000000};

	for (size_t i = 0; i < 12; i++) {
		struct fixture f;
		struct slice disk;

		fixture_make(&f, sizes[i / 2], i % 2);
		assert_true(seal_verify(buf_slice(&f.record), SECRET));
		disk = seal_disk_form(buf_slice(&f.record), NULL);
		for (int r = 0; r < 3; r++) {
			struct seal_source source = source_of(&disk);
			struct arena arena = ARENA_INIT;
			struct filing_note note;
			struct sealed *s = NULL, *again = NULL;

			assert_int_equal(sealed_open(&source, f.readers[r].kind, f.readers[r].account, f.keys, 3, &arena, &note, &s, NULL), 0);
			assert_int_equal(note.internal_date, 1000 + r);
			assert_true(slice_eq(note.delivered_to, SLICE("r@example.org")));
			expect_whole(&f, s);
			assert_int_equal(sealed_open_with_key(&source, sealed_data_key(s), &again, NULL), 0);
			expect_whole(&f, again);
			sealed_close(&s);
			sealed_close(&again);
			arena_free(&arena);
		}
		fixture_free(&f);
	}
}

static void the_face_tells_readers_and_job(void **state)
{
	struct fixture f;
	struct arena arena = ARENA_INIT;
	struct seal_face face;

	fixture_make(&f, 100, false);
	assert_int_equal(seal_face(buf_slice(&f.record), &arena, &face, NULL), 0);
	assert_int_equal(face.reader_count, 3);
	assert_int_equal(face.readers[2].kind, READER_OUTBOUND);
	assert_int_equal(face.readers[1].account[0], 2);
	assert_true(slice_eq(face.job, SLICE("the job")));
	assert_int_equal(face.message_size, 137);
	arena_free(&arena);
	fixture_free(&f);
}

static void the_outbound_wrap_opens_at_its_key_holder(void **state)
{
	static const uint8_t nobody[16];
	struct fixture f;
	struct slice disk;
	struct seal_source source;
	uint32_t epoch;
	uint8_t ephemeral[32], nonce[16], wrap[48], key[32];
	struct sealed *s = NULL;

	fixture_make(&f, 100, false);
	disk = seal_disk_form(buf_slice(&f.record), NULL);
	source = source_of(&disk);
	assert_int_equal(sealed_outbound_wrap(&source, &epoch, ephemeral, nonce, wrap), 0);
	assert_int_equal(epoch, 3);
	assert_int_equal(seal_wrap_open(READER_OUTBOUND, nobody, &f.keys[2], ephemeral, nonce, wrap, key), 0);
	assert_int_equal(sealed_open_with_key(&source, key, &s, NULL), 0);
	expect_whole(&f, s);
	sealed_close(&s);
	wrap[3] ^= 1;
	assert_int_equal(seal_wrap_open(READER_OUTBOUND, nobody, &f.keys[2], ephemeral, nonce, wrap, key), ERR_DAMAGED);
	fixture_free(&f);
}

static void a_wrong_key_and_a_stranger_get_nothing(void **state)
{
	struct fixture f;
	struct slice disk;
	struct seal_source source;
	struct arena arena = ARENA_INIT;
	struct filing_note note;
	struct sealed *s = NULL;
	uint8_t stranger[16] = {99};

	fixture_make(&f, 100, false);
	disk = seal_disk_form(buf_slice(&f.record), NULL);
	source = source_of(&disk);
	assert_int_equal(sealed_open(&source, READER_ARRIVAL, stranger, f.keys, 3, &arena, &note, &s, NULL), ERR_NOT_FOUND);
	assert_int_equal(sealed_open(&source, READER_OWN, f.readers[0].account, f.keys, 3, &arena, &note, &s, NULL), ERR_NOT_FOUND);
	f.keys[0].secret_key = f.secret_key[1];
	assert_int_equal(sealed_open(&source, READER_ARRIVAL, f.readers[0].account, f.keys, 3, &arena, &note, &s, NULL), ERR_DAMAGED);
	f.keys[0].generation = 40;
	assert_int_equal(sealed_open(&source, READER_ARRIVAL, f.readers[0].account, f.keys, 3, &arena, &note, &s, NULL), ERR_NOT_FOUND);
	assert_null(s);
	arena_free(&arena);
	fixture_free(&f);
}

/* A change is either noticed or concerns another reader's wrap or note: never a different plain text. */
static void no_flipped_bit_goes_unnoticed(void **state)
{
	struct fixture f;
	struct slice disk;
	struct arena arena = ARENA_INIT;
	size_t unnoticed = 0;

	fixture_make(&f, 3000, false);
	disk = seal_disk_form(buf_slice(&f.record), NULL);
	for (size_t i = 0; i < disk.n; i++) {
		struct seal_source source = source_of(&disk);
		struct filing_note note;
		struct sealed *s = NULL;
		struct buf out = BUF_INIT(1 << 20);

		f.record.data[f.record.start + i] ^= 0x10;
		assert_false(seal_verify(buf_slice(&f.record), SECRET));
		if (sealed_open(&source, READER_ARRIVAL, f.readers[1].account, f.keys, 3, &arena, &note, &s, NULL) == 0
		    && sealed_digest(s, &out, NULL) == 0 && sealed_read(s, 0, UINT64_MAX, &out, NULL) == 0) {
			buf_clear(&out);
			unnoticed++;
			expect_whole(&f, s);
		}
		sealed_close(&s);
		buf_free(&out);
		arena_reset(&arena);
		f.record.data[f.record.start + i] ^= 0x10;
	}
	assert_in_range(unnoticed, 0, 2 * (80 + 72) + 9); /* entries and notes of the two others, reserved bytes */
	arena_free(&arena);
	fixture_free(&f);
}

/* docs/seal.md prints this record: it must open for ever. Reader key 01 02 … 20, account 11…11, generation 7, boot secret a0 a1 … bf. */
static const char VECTOR[] =
	"4c4c52310101000000000001000000013811566eb9f75f4541d913fbe25eaf171b1a37a1678fa68f6b4e7e898148f22e974a05b44718bf82cdca3ebd"
	"2e3c47670000000000000020000000520000000000000000000001380000002900000000010000001111111111111111111111111111111100000007"
	"f3de5339726a4112893026d9249974f3d03b761be4e8d6437a091a9106a1a3df23eab2ac7718c749ce4b9af8ecb8698f00000000000000523fc599c1"
	"7531aa65f0e754cd0a3bd544770217aa2fa42ff9b906e6f0aaac020764f10bd46cddffefa9acd730c29e7d64acd1f1a96137d09c38a9ad75483ce6f9"
	"16681137a5908ab72d556c56f318f0ccd3eb081408a9aff7d1b4b2fe14d5284c37dafd383fb4ccd1af835fc490b1bf8112b7ef3b2dc5a4c2e0d3b3dc"
	"86f2d77bf7ce3abecc29c8e4e8664cfe0fe48abde9f9253cc64ba61a08a4ecc675158277975b90209cbb1229112e03ccd4aa361f9a6a6f6200000003"
	"71ebfa82db354b778d7dfea3fe0b40861aefd430681643048f3dba99ad68d9c6";

/* The ephemeral key in the prefix; the wraps of two records of one sealer differ. */
static void records_of_a_sealer_share_an_ephemeral_key_until_it_forgets(void **state)
{
	struct slice header = SLICE("Subject: x\r\n\r\n");
	struct seal_reader reader = {.kind = READER_ARRIVAL};
	struct seal_input in = {.header = &header, .header_pieces = 1, .readers = &reader, .reader_count = 1, .sealer = sealer_new()};
	uint8_t secret_key[32], ephemeral[SEALER_RECORDS + 2][32], wrap[SEALER_RECORDS + 2][48];
	struct buf record = BUF_INIT(4096);

	kx_keypair(reader.public_key, secret_key);
	for (size_t i = 0; i < SEALER_RECORDS + 2; i++) {
		struct seal_reader_key key = {.secret_key = secret_key};
		struct arena arena = ARENA_INIT;
		struct filing_note note;
		struct sealed *s = NULL;
		struct slice disk;
		struct seal_source source;

		memcpy(key.public_key, reader.public_key, 32);
		buf_clear(&record);
		assert_int_equal(seal_write(&in, SECRET, &record, NULL), 0);
		disk = seal_disk_form(buf_slice(&record), NULL);
		assert_true(disk.n > 96 + 80);
		memcpy(ephemeral[i], disk.p + 32, 32);
		memcpy(wrap[i], disk.p + 96 + 24, 48);
		source = source_of(&disk);
		assert_int_equal(sealed_open(&source, READER_ARRIVAL, reader.account, &key, 1, &arena, &note, &s, NULL), 0);
		sealed_close(&s);
		arena_free(&arena);
		if (i == SEALER_RECORDS)
			sealer_forget(in.sealer);
	}
	assert_memory_equal(ephemeral[0], ephemeral[SEALER_RECORDS - 1], 32);
	assert_memory_not_equal(wrap[0], wrap[1], 48);
	assert_memory_not_equal(ephemeral[0], ephemeral[SEALER_RECORDS], 32);
	assert_memory_not_equal(ephemeral[SEALER_RECORDS], ephemeral[SEALER_RECORDS + 1], 32);
	sealer_free(&in.sealer);
	buf_free(&record);
}

/* Of both forms: joint with the message, and of its own. */
static void a_digest_without_its_text_gets_it_from_the_body(void **state)
{
	static const size_t sizes[] = {0, 10, 16000, 300000};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct slice header = SLICE("Subject: x\r\n\r\n"), disk, rest, made;
		struct seal_reader reader = {.kind = READER_ARRIVAL};
		struct seal_input in = {.header = &header, .header_pieces = 1, .digest = SLICE("front"), .text_of_body = true, .readers = &reader, .reader_count = 1};
		struct buf body = BUF_INIT(1 << 20), record = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
		struct seal_source source;
		struct sealed *s = NULL;
		uint8_t secret_key[32] = {0};
		struct seal_reader_key key = {.secret_key = secret_key};
		struct arena arena = ARENA_INIT;
		struct filing_note note;

		kx_keypair(reader.public_key, secret_key);
		memcpy(key.public_key, reader.public_key, 32);
		while (buf_len(&body) < sizes[i])
			buf_append(&body, SLICE("AB yz\r\n\t[@\r"));
		in.body = buf_slice(&body);
		assert_int_equal(seal_write(&in, SECRET, &record, NULL), 0);
		disk = seal_disk_form(buf_slice(&record), NULL);
		source = source_of(&disk);
		assert_int_equal(sealed_open(&source, READER_ARRIVAL, reader.account, &key, 1, &arena, &note, &s, NULL), 0);
		assert_int_equal(sealed_digest(s, &out, NULL), 0);
		assert_true(slice_starts(buf_slice(&out), SLICE("front")));
		rest = slice_from(buf_slice(&out), 5);
		assert_true(slice_get_bytes(&rest, &made) && rest.n == 0);
		assert_int_equal(made.n, buf_len(&body) / 11 * 9 + 1);
		for (size_t k = 0; k + 1 < made.n; k++)
			assert_int_equal(made.p[k], "ab yz\n\t[@"[k % 9]);
		assert_int_equal(made.p[made.n - 1], '\n');
		buf_clear(&out);
		assert_int_equal(sealed_read(s, 0, UINT64_MAX, &out, NULL), 0);
		assert_true(slice_starts(buf_slice(&out), header) && slice_eq(slice_from(buf_slice(&out), header.n), in.body));
		sealed_close(&s);
		arena_free(&arena);
		buf_free(&body);
		buf_free(&record);
		buf_free(&out);
	}
}

static void the_record_of_the_documentation_opens(void **state)
{
	struct buf record = BUF_INIT(4096), out = BUF_INIT(4096);
	struct arena arena = ARENA_INIT;
	struct seal_reader_key key = {.generation = 7};
	uint8_t secret_key[32], boot[32], account[16];
	struct filing_note note;
	struct seal_source source;
	struct sealed *s = NULL;
	struct slice disk;

	for (int i = 0; i < 32; i++) {
		secret_key[i] = (uint8_t)(i + 1);
		boot[i] = (uint8_t)(0xa0 + i);
	}
	memset(account, 0x11, sizeof account);
	key.secret_key = secret_key;
	kx_public(secret_key, key.public_key);
	assert_int_equal(hex_decode(slice_str(VECTOR), &record), 0);
	assert_true(seal_verify(buf_slice(&record), boot));
	disk = seal_disk_form(buf_slice(&record), NULL);
	source = source_of(&disk);
	assert_int_equal(sealed_open(&source, READER_ARRIVAL, account, &key, 1, &arena, &note, &s, NULL), 0);
	assert_true(slice_eq(note.mailbox, SLICE("Lists")) && slice_eq(note.flags, SLICE("\\Seen")) && note.internal_date == 1700000000);
	assert_int_equal(sealed_read(s, 0, 1000, &out, NULL), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE("Subject: test vector\r\n\r\nHello.\r\n")));
	buf_clear(&out);
	assert_int_equal(sealed_digest(s, &out, NULL), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE("digest\0\0\0\x08" "hello.\n\n")));
	sealed_close(&s);
	arena_free(&arena);
	buf_free(&record);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reader_opens_what_was_sealed),
		cmocka_unit_test(the_face_tells_readers_and_job),
		cmocka_unit_test(the_outbound_wrap_opens_at_its_key_holder),
		cmocka_unit_test(a_wrong_key_and_a_stranger_get_nothing),
		cmocka_unit_test(no_flipped_bit_goes_unnoticed),
		cmocka_unit_test(records_of_a_sealer_share_an_ephemeral_key_until_it_forgets),
		cmocka_unit_test(a_digest_without_its_text_gets_it_from_the_body),
		cmocka_unit_test(the_record_of_the_documentation_opens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
