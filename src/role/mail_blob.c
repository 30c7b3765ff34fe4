#include "role/mail_blob.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "sys/file.h"

#define CHUNK 65536                /* bytes that are encrypted together */
#define SEALED (CHUNK + AEAD_TAG_SIZE)
#define PATH_SIZE 700

struct mail_blob {
	struct list_node node;     /* in account->blobs, the oldest first */
	struct mail_account *account;
	uint8_t id[16], key[AEAD_KEY_SIZE];
	int fd;
	uint64_t size;
	int64_t until_ms;
	struct buf tail;           /* less than a chunk: not written yet; the end of the blob stays here */
	char type[256];
};

/* ---- life ---- */

static void blob_free(struct mail_blob *b)
{
	if (list_linked(&b->node)) {
		list_remove(&b->node);
		b->account->blob_count--;
		b->account->blob_bytes -= b->size;
	} else {
		b->account->blob_begun--;
	}
	b->account->role->blob_count--;
	file_close(&b->fd);
	secret_wipe(b->key, sizeof b->key);
	buf_free_secret(&b->tail);
	memory_free(b);
}

/* Beside account.db, and gone from there at once. */
static int open_nameless(struct mail_account *a, const uint8_t id[16])
{
	char folder[PATH_SIZE - 64], path[PATH_SIZE];
	int fd;

	mail_account_path(a->role, a->id, folder, sizeof folder);
	(void)snprintf(path, sizeof path, "%s/upload-%02x%02x%02x%02x", folder, id[0], id[1], id[2], id[3]);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

struct mail_blob *mail_blob_create(struct mail_account *a, struct slice type)
{
	struct mail_blob *b;

	if (a->role->blob_count >= MAIL_BLOBS_MAX || a->blob_begun >= MAIL_BLOBS_BEGUN)
		return NULL;
	b = memory_alloc(sizeof *b);
	a->role->blob_count++;
	a->blob_begun++;
	b->account = a;
	random_bytes(b->id, sizeof b->id);
	random_bytes(b->key, sizeof b->key);
	(void)snprintf(b->type, sizeof b->type, "%.*s", SLICE_ARG(slice_sub(type, 0, sizeof b->type - 1)));
	buf_init(&b->tail, 2 * CHUNK);
	b->fd = open_nameless(a, b->id);
	if (b->fd < 0) {
		blob_free(b);
		return NULL;
	}
	return b;
}

void mail_blob_drop(struct mail_blob **b)
{
	if (*b != NULL)
		blob_free(*b);
	*b = NULL;
}

static void nonce_of(uint64_t chunk, uint8_t ret[AEAD_XCHACHA20_NONCE_SIZE])
{
	memset(ret, 0, AEAD_XCHACHA20_NONCE_SIZE);
	put_u64(ret, chunk);
}

/* Each chunk has a number of its own, and each blob a key of its own. */
static int write_chunk(struct mail_blob *b, uint64_t chunk, struct slice plain)
{
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE], *sealed = memory_alloc(SEALED);
	int rc;

	nonce_of(chunk, nonce);
	aead_seal(AEAD_XCHACHA20, b->key, nonce, slice_make(b->id, sizeof b->id), plain, sealed);
	rc = file_pwrite_all(b->fd, slice_make(sealed, SEALED), chunk * SEALED, NULL);
	memory_free(sealed);
	return rc;
}

int mail_blob_write(struct mail_blob *b, struct slice bytes, uint64_t max)
{
	if (bytes.n > max || b->size > max - bytes.n)
		return ERR_LIMIT;
	while (bytes.n > 0) {
		size_t n = CHUNK - buf_len(&b->tail) < bytes.n ? CHUNK - buf_len(&b->tail) : bytes.n;
		int rc = 0;

		buf_append(&b->tail, slice_sub(bytes, 0, n));
		bytes = slice_from(bytes, n);
		b->size += n;
		if (buf_len(&b->tail) == CHUNK) {
			rc = write_chunk(b, b->size / CHUNK - 1, buf_slice(&b->tail));
			buf_clear(&b->tail);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static struct mail_blob *oldest(struct mail_account *a)
{
	return LIST_ITEM(a->blobs.next, struct mail_blob, node);
}

int mail_blob_finish(struct mail_blob *b, uint8_t ret_id[16], uint64_t *ret_size)
{
	struct mail_account *a = b->account;

	while (a->blob_count > 0 && (a->blob_count >= MAIL_BLOBS_PER_ACCOUNT || a->blob_bytes + b->size > MAIL_BLOB_BYTES))
		blob_free(oldest(a));
	b->until_ms = mail_now(a->role) + MAIL_BLOB_LIFE_MS;
	list_append(&a->blobs, &b->node);
	a->blob_begun--;
	a->blob_count++;
	a->blob_bytes += b->size;
	memcpy(ret_id, b->id, sizeof b->id);
	*ret_size = b->size;
	return 0;
}

void mail_blob_sweep(struct mail_account *a, bool all)
{
	while (a->blob_count > 0 && (all || oldest(a)->until_ms < mail_now(a->role)))
		blob_free(oldest(a));
}

/* ---- reading ---- */

static struct mail_blob *find(struct mail_account *a, const uint8_t id[16])
{
	LIST_FOREACH(node, &a->blobs) {
		struct mail_blob *b = LIST_ITEM(node, struct mail_blob, node);

		if (memcmp(b->id, id, sizeof b->id) == 0)
			return b;
	}
	return NULL;
}

int mail_blob_find(struct mail_account *a, const uint8_t id[16], struct arena *arena, struct slice *ret_type, uint64_t *ret_size)
{
	const struct mail_blob *b = find(a, id);

	if (b == NULL)
		return ERR_NOT_FOUND;
	*ret_type = arena_dup(arena, slice_str(b->type));
	*ret_size = b->size;
	return 0;
}

/* The plain bytes of a chunk, or negative. */
static int read_chunk(const struct mail_blob *b, uint64_t chunk, uint8_t plain[SEALED], size_t *ret_n)
{
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE];
	struct slice tail = buf_slice(&b->tail);
	int rc;

	if (chunk == b->size / CHUNK) {
		memcpy(plain, tail.n > 0 ? tail.p : (const uint8_t *)"", tail.n);
		*ret_n = tail.n;
		return 0;
	}
	rc = file_pread_exact(b->fd, plain, SEALED, chunk * SEALED, NULL);
	if (rc < 0)
		return rc;
	nonce_of(chunk, nonce);
	*ret_n = CHUNK;
	return aead_open(AEAD_XCHACHA20, b->key, nonce, slice_make(b->id, sizeof b->id), slice_make(plain, SEALED), plain) ? 0 : ERR_DAMAGED;
}

int mail_blob_read(struct mail_account *a, const uint8_t id[16], uint64_t offset, uint64_t n, struct buf *out)
{
	const struct mail_blob *b = find(a, id);
	uint8_t *plain;
	int rc = 0;

	if (b == NULL)
		return ERR_NOT_FOUND;
	plain = memory_alloc(SEALED);
	offset = offset < b->size ? offset : b->size;
	n = n < b->size - offset ? n : b->size - offset;
	while (n > 0 && rc == 0) {
		size_t have = 0, from = (size_t)(offset % CHUNK), part;

		rc = read_chunk(b, offset / CHUNK, plain, &have);
		part = have - from < n ? have - from : (size_t)n;
		if (rc == 0)
			buf_append_bytes(out, plain + from, part);
		offset += part;
		n -= part;
	}
	secret_wipe(plain, SEALED);
	memory_free(plain);
	return rc < 0 ? rc : out->failed ? ERR_LIMIT : 0;
}

/* ---- for the engine ---- */

static int host_find(void *arg, const uint8_t id[16], struct arena *arena, struct slice *ret_type, uint64_t *ret_size)
{
	const struct mail_http *p = arg;

	return mail_blob_find(p->account, id, arena, ret_type, ret_size);
}

static int host_read(void *arg, const uint8_t id[16], uint64_t offset, uint64_t n, struct buf *out)
{
	const struct mail_http *p = arg;

	return mail_blob_read(p->account, id, offset, n, out);
}

/* The same bytes have the same id as long as the process lives, which nobody guesses from the bytes. */
static void content_id(const struct mail_account *a, struct slice type, struct slice bytes, uint8_t ret[16])
{
	struct hash_state h;
	uint8_t digest[HASH_SIZE];

	hash_start(&h, a->role->blob_secret);
	hash_update_field(&h, mail_id(a->id));
	hash_update_field(&h, type);
	hash_update_field(&h, bytes);
	hash_finish(&h, digest);
	memcpy(ret, digest, 16);
}

static int host_put(void *arg, struct slice type, struct slice bytes, uint8_t ret_id[16])
{
	const struct mail_http *p = arg;
	struct mail_blob *b;
	uint64_t size;
	int rc;

	content_id(p->account, type, bytes, ret_id);
	b = find(p->account, ret_id);
	if (b != NULL) {
		b->until_ms = mail_now(p->account->role) + MAIL_BLOB_LIFE_MS;
		list_remove(&b->node);
		list_append(&p->account->blobs, &b->node);
		return 0;
	}
	b = mail_blob_create(p->account, type.n > 0 ? type : SLICE("application/octet-stream"));
	if (b != NULL)
		memcpy(b->id, ret_id, sizeof b->id);
	rc = b == NULL ? ERR_TEMPORARY : mail_blob_write(b, bytes, JMAP_UPLOAD_MAX);

	if (rc < 0)
		mail_blob_drop(&b);
	return rc < 0 ? rc : mail_blob_finish(b, ret_id, &size);
}

void mail_blob_host(struct jmap_host *host)
{
	host->blob_find = host_find;
	host->blob_read = host_read;
	host->blob_put = host_put;
}
