#include "store/account_internal.h"

#include "mime/digest.h"
#include "mime/limits.h"

#define TEXT_LEVEL -1 /* fast: the text is read back by searches only */
#define TEXTS_MAX (MIME_SEARCH_HEADER_MAX * 4 + MIME_SEARCH_TEXT_MAX * 4 + 8)

void text_rest(struct store_account *a)
{
	ZSTD_freeCCtx(a->compress);
	ZSTD_freeDCtx(a->expand);
	a->compress = NULL;
	a->expand = NULL;
}

int text_put(struct store_account *a, uint64_t body, struct slice text, struct error *err)
{
	struct buf packed = BUF_INIT(SIZE_MAX);
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TEXT_PUT, err);
	uint8_t *p = buf_reserve(&packed, ZSTD_compressBound(text.n));
	size_t n;
	int rc = ERR_IO;

	if (a->compress == NULL)
		a->compress = ZSTD_createCCtx();
	n = ZSTD_compressCCtx(a->compress, p, ZSTD_compressBound(text.n), text.p, text.n, TEXT_LEVEL);
	if (s != NULL && !ZSTD_isError(n)) {
		bind_u64(s, 1, body);
		bind_u64(s, 2, text.n);
		bind_blob(s, 3, slice_make(p, n));
		rc = account_db_run(&a->db, s, err);
	}
	buf_free(&packed);
	return rc;
}

static int text_expand(struct store_account *a, struct slice packed, uint64_t size, struct buf *out, struct error *err)
{
	uint8_t *p = size > TEXTS_MAX ? NULL : buf_reserve(out, size);
	size_t n;

	if (p == NULL)
		return error_set(err, ERR_DAMAGED, "%s: a search text of %llu bytes", a->db.path, (unsigned long long)size);
	if (a->expand == NULL)
		a->expand = ZSTD_createDCtx();
	n = ZSTD_decompressDCtx(a->expand, p, size, packed.p, packed.n);
	if (ZSTD_isError(n) || n != size)
		return error_set(err, ERR_DAMAGED, "%s: a search text does not decompress", a->db.path);
	buf_commit(out, n);
	return 0;
}

static int text_stored(struct store_account *a, uint64_t body, struct buf *out, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TEXT_GET, err);
	int step, rc;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, body);
	step = sqlite3_step(s);
	rc = step == SQLITE_ROW ? text_expand(a, column_blob(s, 1), column_u64(s, 0), out, err) : step == SQLITE_DONE ? ERR_NOT_FOUND
		: account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

static int record_text(struct store_account *a, struct place place, const uint8_t data_key[32], struct buf *out, struct error *err)
{
	struct sealed_place at = {.place = place};
	struct buf digest = BUF_INIT(SIZE_MAX);
	struct sealed *sealed = NULL;
	struct seal_source source;
	int rc = body_source(a, &at, &source, err);

	if (rc == 0)
		rc = sealed_open_with_key(&source, data_key, &sealed, err);
	if (rc == 0)
		rc = sealed_digest(sealed, &digest, err);
	if (rc == 0)
		buf_append(out, slice_from(buf_slice(&digest), digest_listing(buf_slice(&digest)).n));
	sealed_close(&sealed);
	buf_free(&digest);
	return rc == ERR_NOT_FOUND ? ERR_DAMAGED : rc;
}

/* A placeholder has no key and no text. */
static int text_of_record(struct store_account *a, uint64_t body, struct buf *out, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_PLACE, err);
	struct slice key;
	int step, rc;

	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, body);
	step = sqlite3_step(s);
	key = step == SQLITE_ROW ? column_blob(s, 3) : SLICE_NONE;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	else if (key.n != 32)
		rc = ERR_NOT_FOUND;
	else
		rc = record_text(a, (struct place){.pack = (uint32_t)column_u64(s, 0), .ordinal = (uint32_t)column_u64(s, 1), .offset = column_u64(s, 2)},
		                 key.p, out, err);
	account_db_done(s);
	return rc;
}

int text_get(struct store_account *a, uint64_t body, struct buf *out, bool *ret_stored, struct error *err)
{
	int rc = text_stored(a, body, out, err);

	*ret_stored = rc != ERR_NOT_FOUND;
	return rc == ERR_NOT_FOUND ? text_of_record(a, body, out, err) : rc;
}

bool text_split(struct slice texts, struct slice *ret_header, struct slice *ret_text)
{
	*ret_header = *ret_text = SLICE_NONE;
	return slice_get_bytes(&texts, ret_header) && slice_get_bytes(&texts, ret_text);
}
