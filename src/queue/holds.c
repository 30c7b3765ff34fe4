#include "queue/holds.h"

#include <stdio.h>
#include <string.h>
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "sys/file.h"

#define VERSION 1
#define HEAD (1 + AEAD_XCHACHA20_NONCE_SIZE)   /* algorithm, nonce */
#define FILE_SIZE_MAX (HEAD + 1 + HOLDS_MAX * 8 + AEAD_TAG_SIZE)

static void holds_path(const struct ledger *l, char *out, size_t size)
{
	snprintf(out, size, "%s/holds", l->directory);
}

static int list_held(struct ledger *l, struct buf *out, struct error *err)
{
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MESSAGE_HELD, "i", (int64_t)HOLDS_MAX);
	int rc;
	buf_put_u8(out, VERSION);
	while ((rc = spool_step(&l->spool, st, err)) == 1)
		buf_put_u64(out, (uint64_t)sqlite3_column_int64(st, 0));
	return rc;
}

int holds_save(struct ledger *l, struct error *err)
{
	struct buf out = BUF_INIT(FILE_SIZE_MAX);
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE];
	char path[4096];
	random_bytes(nonce, sizeof nonce);
	buf_put_u8(&out, AEAD_XCHACHA20);
	buf_append_bytes(&out, nonce, sizeof nonce);
	int rc = list_held(l, &out, err);
	size_t n = buf_len(&out) - HEAD;
	uint8_t *tail = buf_reserve(&out, AEAD_TAG_SIZE);
	if (rc == 0 && tail == NULL)
		rc = error_set(err, ERR_LIMIT, "too many messages on hold");
	if (rc == 0) {
		aead_seal(AEAD_XCHACHA20, l->config.jobs_key, nonce, SLICE("holds"), slice_make(tail - n, n), tail - n);
		buf_commit(&out, AEAD_TAG_SIZE);
		holds_path(l, path, sizeof path);
		rc = file_write_atomic(path, buf_slice(&out), 0600, err);
	}
	buf_free(&out);
	return rc;
}

static int hold_again(struct ledger *l, struct slice list, struct error *err)
{
	uint64_t record;
	uint8_t version;
	int rc = 0;
	if (!slice_get_u8(&list, &version) || version != VERSION)
		return 0;
	while (rc == 0 && slice_get_u64(&list, &record))
		rc = spool_run(&l->spool, err, SQL_MESSAGE_HOLD, "ii", (int64_t)record, INT64_C(1));
	return rc;
}

int holds_restore(struct ledger *l, struct error *err)
{
	struct buf in = BUF_INIT(FILE_SIZE_MAX);
	char path[4096];
	int rc = 0;
	holds_path(l, path, sizeof path);
	if (file_read(path, &in, NULL) == 0 && buf_len(&in) > HEAD + AEAD_TAG_SIZE && buf_slice(&in).p[0] == AEAD_XCHACHA20) {
		struct arena arena = ARENA_INIT;
		struct slice box = slice_from(buf_slice(&in), HEAD);
		uint8_t *plain = arena_alloc(&arena, box.n);
		if (aead_open(AEAD_XCHACHA20, l->config.jobs_key, buf_slice(&in).p + 1, SLICE("holds"), box, plain))
			rc = hold_again(l, slice_make(plain, box.n - AEAD_TAG_SIZE), err);
		arena_free(&arena);
	}
	buf_free(&in);
	return rc;
}
