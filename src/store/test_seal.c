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
	"4c4c52310101000000000001000000029c2bea6313be85f2bcb6f196febd2d001ddd19096228910313bf9be463d60f510c36679524059048731ebb14"
	"8a531c7b0000000000000020000000520000001600000000000001580000003200000000010000001111111111111111111111111111111100000007"
	"b8d719004b4826c779c9570633dc43248effadc8d5ed52aa20b22a59e42f9ecf61e0bb946b7834e5b929c904ba18da500000000000000052bde519ed"
	"5d8c608980a5cec349031c342735ed9ff0f48fb83d71d7b1b183365f92b007d8eced60475f03ead168a8d7878a019c2ba357e38cc16fcbe1b9d2d7f5"
	"8634d0dcb9ec4eec9634f7ef5570153348b16a2818b54edc2b2344b41c8867766b0e95dd1feffda473288b8c7247746b978532c9615a55add618d63f"
	"fe47f874644a16f9d8304a7b62ad50cd47a4a16b648aa9a4fea73f671c5783fc328d89bf5a5322862b3486bbbf7e1ab02cab412151f75f42fd804aaa"
	"d10e278f877c4eb4401c0a8967ec3e9409ffd0dd198eb9293980d403082a4ed519ca6a6f6200000003a830d7621134e3d167236f6a42b24c44fd07c9"
	"40601983c41cf84c0cbe983bb9";

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
	assert_true(slice_eq(buf_slice(&out), SLICE("digest")));
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
		cmocka_unit_test(the_record_of_the_documentation_opens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
