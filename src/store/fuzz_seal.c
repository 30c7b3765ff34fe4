/*
 * Records as an attacker on the disk may leave them: raw bytes, and a good record with bytes changed. Whatever opens must have the right
 * sizes; notes, tables and faces are decoded from any bytes.
 */
#include <string.h>
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "store/fact.h"
#include "store/envelope.h"
#include "store/seal.h"
#include "store/seal_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t ACCOUNT[16] = {1};
static const uint8_t SECRET[32] = {2};

static int memory_read(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct slice *s = arg;

	ENSURE(offset <= s->n && n <= s->n - offset);
	memcpy(p, s->p + offset, n);
	return 0;
}

static void open_all(struct slice disk, const uint8_t secret_key[32], const uint8_t public_key[32])
{
	struct seal_source source = {.read = memory_read, .arg = &disk, .size = disk.n};
	struct seal_reader_key key = {.generation = 1, .secret_key = secret_key};
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(1 << 22);
	struct filing_note note;
	struct sealed *s = NULL;
	uint8_t ephemeral[32], nonce[16], wrap[48];
	uint32_t epoch;

	memcpy(key.public_key, public_key, 32);
	sealed_outbound_wrap(&source, &epoch, ephemeral, nonce, wrap);
	if (sealed_open_with_key(&source, SECRET, &s, NULL) == 0)
		sealed_read(s, 0, UINT64_MAX, &out, NULL);
	sealed_close(&s);
	if (sealed_open(&source, READER_ARRIVAL, ACCOUNT, &key, 1, &arena, &note, &s, NULL) == 0) {
		buf_clear(&out);
		if (sealed_read(s, 0, UINT64_MAX, &out, NULL) == 0)
			ENSURE(buf_len(&out) == sealed_size(s));
		sealed_digest(s, &out, NULL);
		sealed_close(&s);
	}
	buf_free(&out);
	arena_free(&arena);
}

static void good_record(struct buf *out, uint8_t secret_key[32], uint8_t public_key[32])
{
	struct slice header = SLICE("Subject: x\r\n\r\n");
	struct seal_reader reader = {.kind = READER_ARRIVAL, .generation = 1, .note = {.delivered_to = SLICE("a@b")}};
	struct seal_input in = {.header = &header, .header_pieces = 1, .body = SLICE("body body body body body\r\n"), .digest = SLICE("dddddddddd"),
	                        .readers = &reader, .reader_count = 1, .job = SLICE("job"), .text_of_body = true};

	kx_keypair(public_key, secret_key);
	memcpy(reader.account, ACCOUNT, 16);
	memcpy(reader.public_key, public_key, 32);
	ENSURE(seal_write(&in, SECRET, out, NULL) == 0);
}

static void decode_all(struct slice s)
{
	struct arena arena = ARENA_INIT;
	struct seal_face face;
	struct filing_note note;
	struct envelope envelope;
	struct recipient_fact fact;
	struct sender_fact sender;
	struct slice list = s, whole;

	seal_face(s, &arena, &face, NULL);
	seal_verify(s, SECRET);
	filing_note_decode(s, &note);
	envelope_decode(s, &envelope);
	while (list.n != 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		;
	list = s;
	fact_read_sender(&list, SECRET, &arena, &sender);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf record = BUF_INIT(1 << 16);
	uint8_t secret_key[32], public_key[32];

	crypt_init();
	decode_all(slice_make(data, size));
	good_record(&record, secret_key, public_key);
	open_all(slice_make(data, size), secret_key, public_key);
	for (size_t i = 0; i + 3 <= size; i += 3)
		record.data[record.start + (data[i] << 8 | data[i + 1]) % buf_len(&record)] ^= data[i + 2];
	open_all(seal_disk_form(buf_slice(&record), NULL), secret_key, public_key);
	decode_all(buf_slice(&record));
	buf_free(&record);
	return 0;
}
