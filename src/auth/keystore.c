#include "auth/keystore_private.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"
#include "crypt/slab.h"
#include "sys/file.h"

/* file = "LLKS" | u8 version | u8 algorithm | nonce (24) | AEAD(content, AD = the six bytes before | file name) */
#define FILE_VERSION 1
#define HEAD_SIZE 6
#define SEALED_MIN (HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE + AEAD_TAG_SIZE)
#define CONTENT_MAX KEYSTORE_CONTENT_MAX
#define PATH_SIZE 4096
#define ORGANISATION_FILE "organisation"
#define EPOCH_PREFIX "epoch-"

static const uint8_t head[HEAD_SIZE] = {'L', 'L', 'K', 'S', FILE_VERSION, AEAD_XCHACHA20};

static const char *const names[] = {"pepper", "database directory", "database spool", "database jobs", "managed", "database audit", "audit head", "certificate", "push", "database push"};
#define NAME_COUNT (sizeof names / sizeof names[0])

struct epoch {
	uint32_t number;
	int64_t created_ms;
	uint8_t public_key[KEYSTORE_KEY_SIZE];
	uint8_t *secret;
};

struct keystore {
	char *directory;
	uint8_t *seal_key;
	uint8_t *keys[NAME_COUNT];
	struct epoch epochs[KEYSTORE_EPOCHS_MAX]; /* by number, rising */
	size_t epoch_count;
};

/* ---- one file ---- */

static void make_path(const struct keystore *ks, const char *name, char path[PATH_SIZE])
{
	struct buf b = BUF_INIT(PATH_SIZE - 1);
	buf_printf(&b, "%s/%s", ks->directory, name);
	ENSURE(!b.failed);
	memcpy(path, b.data, buf_len(&b));
	path[buf_len(&b)] = '\0';
	buf_free(&b);
}

static struct slice make_ad(const char *name, uint8_t room[64])
{
	size_t n = strlen(name);
	ENSURE(n + HEAD_SIZE <= 64);
	memcpy(room, head, HEAD_SIZE);
	memcpy(room + HEAD_SIZE, name, n);
	return slice_make(room, HEAD_SIZE + n);
}

void keystore_file_name(const char *prefix, const uint8_t id[16], char ret[KEYSTORE_NAME_MAX + 1])
{
	struct buf b = BUF_INIT(KEYSTORE_NAME_MAX);

	buf_append_str(&b, prefix);
	hex_encode(slice_make(id, 16), &b);
	memcpy(ret, buf_slice(&b).p, buf_len(&b));
	ret[buf_len(&b)] = '\0';
	buf_free(&b);
}

int keystore_file_write(const struct keystore *ks, const char *name, struct slice content, struct error *err)
{
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE], ad[64];
	char path[PATH_SIZE];
	struct buf out = BUF_INIT(CONTENT_MAX + SEALED_MIN);
	random_bytes(nonce, sizeof nonce);
	buf_append_bytes(&out, head, HEAD_SIZE);
	buf_append_bytes(&out, nonce, sizeof nonce);
	uint8_t *sealed = buf_reserve(&out, content.n + AEAD_TAG_SIZE);
	ENSURE(sealed != NULL);
	aead_seal(AEAD_XCHACHA20, ks->seal_key, nonce, make_ad(name, ad), content, sealed);
	buf_commit(&out, content.n + AEAD_TAG_SIZE);
	make_path(ks, name, path);
	int rc = file_write_atomic(path, buf_slice(&out), 0600, err);
	buf_free(&out);
	return rc;
}

int keystore_file_read(const struct keystore *ks, const char *name, struct buf *content, struct error *err)
{
	uint8_t ad[64];
	char path[PATH_SIZE];
	struct buf in = BUF_INIT(CONTENT_MAX + SEALED_MIN);
	make_path(ks, name, path);
	int rc = file_read(path, &in, err);
	if (rc != 0)
		goto out;
	struct slice all = buf_slice(&in), sealed = slice_from(all, HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE);
	if (all.n < SEALED_MIN || memcmp(all.p, head, HEAD_SIZE) != 0) {
		rc = error_set(err, ERR_DAMAGED, "key file %s has no known format", name);
		goto out;
	}
	uint8_t *plain = buf_reserve(content, sealed.n);
	if (plain == NULL || !aead_open(AEAD_XCHACHA20, ks->seal_key, all.p + HEAD_SIZE, make_ad(name, ad), sealed, plain)) {
		rc = error_set(err, ERR_DAMAGED, "key file %s does not open: it is damaged or the master key is another one", name);
		goto out;
	}
	buf_commit(content, sealed.n - AEAD_TAG_SIZE);
out:
	buf_free(&in);
	return rc;
}

/* ---- the named keys: u8 count, then {u32 length, name, key} ---- */

static int write_organisation(const struct keystore *ks, struct error *err)
{
	struct buf content = BUF_INIT(CONTENT_MAX);
	buf_put_u8(&content, NAME_COUNT);
	for (size_t i = 0; i < NAME_COUNT; i++) {
		buf_put_bytes(&content, slice_str(names[i]));
		buf_append_bytes(&content, ks->keys[i], KEYSTORE_KEY_SIZE);
	}
	int rc = keystore_file_write(ks, ORGANISATION_FILE, buf_slice(&content), err);
	buf_free_secret(&content);
	return rc;
}

static int name_index(struct slice name)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (slice_eq(name, slice_str(names[i])))
			return (int)i;
	return -1;
}

static int parse_organisation(struct keystore *ks, struct slice content, struct error *err)
{
	uint8_t count;
	struct slice name;
	if (!slice_get_u8(&content, &count))
		return error_set(err, ERR_DAMAGED, "the organisation keys are empty");
	for (uint8_t i = 0; i < count; i++) {
		uint8_t key[KEYSTORE_KEY_SIZE];
		if (!slice_get_bytes(&content, &name) || !slice_get_fixed(&content, key, sizeof key))
			return error_set(err, ERR_DAMAGED, "the organisation keys are cut off");
		int at = name_index(name);
		if (at >= 0 && (ks->keys[at] = slab_alloc(KEYSTORE_KEY_SIZE)) != NULL)
			memcpy(ks->keys[at], key, sizeof key);
		secret_wipe(key, sizeof key);
	}
	return 0;
}

static int make_missing(struct keystore *ks, bool *ret_created, struct error *err)
{
	bool missing = false;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		if (ks->keys[i] != NULL)
			continue;
		missing = true;
		ks->keys[i] = slab_alloc(KEYSTORE_KEY_SIZE);
		if (ks->keys[i] == NULL)
			return error_set(err, ERR_TEMPORARY, "no guarded memory left");
		random_bytes(ks->keys[i], KEYSTORE_KEY_SIZE);
	}
	*ret_created = missing;
	return missing ? write_organisation(ks, err) : 0;
}

/* Is there any epoch file? Then the organisation file must have been there too, and new keys would make its databases unreadable. */
static int load_organisation(struct keystore *ks, bool *ret_created, struct error *err)
{
	struct buf content = BUF_INIT(CONTENT_MAX);
	int rc = keystore_file_read(ks, ORGANISATION_FILE, &content, err);
	if (rc == 0)
		rc = parse_organisation(ks, buf_slice(&content), err);
	else if (rc == ERR_NOT_FOUND && ks->epoch_count == 0)
		rc = 0;
	else if (rc == ERR_NOT_FOUND)
		rc = error_set(err, ERR_DAMAGED, "the key file " ORGANISATION_FILE " is missing: restore it from a backup");
	buf_free_secret(&content);
	return rc == 0 ? make_missing(ks, ret_created, err) : rc;
}

/* ---- epochs: u64 created, secret ---- */

static void epoch_name(uint32_t number, char name[32])
{
	struct buf b = BUF_INIT(31);
	buf_printf(&b, EPOCH_PREFIX "%u", number);
	memcpy(name, b.data, buf_len(&b));
	name[buf_len(&b)] = '\0';
	buf_free(&b);
}

/* Keeps the list in order; the cell of the secret is taken over. */
static int insert_epoch(struct keystore *ks, uint32_t number, int64_t created_ms, uint8_t *secret, struct error *err)
{
	size_t at = ks->epoch_count;
	if (ks->epoch_count >= KEYSTORE_EPOCHS_MAX)
		return error_set(err, ERR_LIMIT, "there are %d queue epochs", KEYSTORE_EPOCHS_MAX);
	for (; at > 0 && ks->epochs[at - 1].number > number; at--)
		ks->epochs[at] = ks->epochs[at - 1];
	ks->epochs[at] = (struct epoch){.number = number, .created_ms = created_ms, .secret = secret};
	kx_public(secret, ks->epochs[at].public_key);
	ks->epoch_count++;
	return 0;
}

static int load_epoch(struct keystore *ks, uint32_t number, struct error *err)
{
	char name[32];
	uint64_t created;
	struct buf content = BUF_INIT(CONTENT_MAX);
	uint8_t *secret = slab_alloc(KEYSTORE_KEY_SIZE);
	epoch_name(number, name);
	int rc = secret != NULL ? keystore_file_read(ks, name, &content, err) : error_set(err, ERR_TEMPORARY, "no guarded memory left");
	struct slice c = buf_slice(&content);
	if (rc == 0 && (!slice_get_u64(&c, &created) || !slice_get_fixed(&c, secret, KEYSTORE_KEY_SIZE)))
		rc = error_set(err, ERR_DAMAGED, "key file %s is cut off", name);
	if (rc == 0)
		rc = insert_epoch(ks, number, (int64_t)created, secret, err);
	if (rc != 0)
		slab_free(&secret);
	buf_free_secret(&content);
	return rc;
}

static int load_epochs(struct keystore *ks, struct error *err)
{
	int rc = 0;
	DIR *dir = opendir(ks->directory);
	if (dir == NULL)
		return error_errno(err, "key directory %s", ks->directory);
	for (struct dirent *e = readdir(dir); e != NULL && rc == 0; e = readdir(dir)) {
		struct slice name = slice_str(e->d_name);
		uint32_t number;
		if (slice_starts(name, SLICE(EPOCH_PREFIX)) && slice_to_u32(slice_from(name, sizeof EPOCH_PREFIX - 1), &number) == 0)
			rc = load_epoch(ks, number, err);
	}
	closedir(dir);
	return rc;
}

static int make_epoch(struct keystore *ks, int64_t now_ms, struct error *err)
{
	char name[32];
	struct buf content = BUF_INIT(CONTENT_MAX);
	uint32_t number = ks->epoch_count > 0 ? ks->epochs[ks->epoch_count - 1].number + 1 : 1;
	uint8_t *secret = slab_alloc(KEYSTORE_KEY_SIZE);
	if (secret == NULL)
		return error_set(err, ERR_TEMPORARY, "no guarded memory left");
	random_bytes(secret, KEYSTORE_KEY_SIZE);
	buf_put_u64(&content, (uint64_t)now_ms);
	buf_append_bytes(&content, secret, KEYSTORE_KEY_SIZE);
	epoch_name(number, name);
	int rc = keystore_file_write(ks, name, buf_slice(&content), err);
	if (rc == 0)
		rc = insert_epoch(ks, number, now_ms, secret, err);
	if (rc != 0)
		slab_free(&secret);
	buf_free_secret(&content);
	return rc;
}

int keystore_epoch(struct keystore *ks, bool rotate, int64_t now_ms, uint32_t *ret_epoch, uint8_t ret_public[KEYSTORE_KEY_SIZE],
	struct error *err)
{
	const struct epoch *newest = ks->epoch_count > 0 ? &ks->epochs[ks->epoch_count - 1] : NULL;
	/* One of the future: the clock was ahead when it was made, and its age would never be known. */
	bool old = newest != NULL && (newest->created_ms + KEYSTORE_EPOCH_AGE_MS <= now_ms || newest->created_ms > now_ms + KEYSTORE_EPOCH_AGE_MS);
	if (newest == NULL || (rotate && old)) {
		int rc = make_epoch(ks, now_ms, err);
		if (rc != 0 && newest == NULL)
			return rc;
		/* Without room for a new epoch the old one serves on. */
		newest = &ks->epochs[ks->epoch_count - 1];
	}
	*ret_epoch = newest->number;
	memcpy(ret_public, newest->public_key, KEYSTORE_KEY_SIZE);
	return 0;
}

bool keystore_epoch_pair(const struct keystore *ks, uint32_t epoch, uint8_t ret_public[KEYSTORE_KEY_SIZE], const uint8_t **ret_secret)
{
	for (size_t i = 0; i < ks->epoch_count; i++) {
		if (ks->epochs[i].number != epoch)
			continue;
		memcpy(ret_public, ks->epochs[i].public_key, KEYSTORE_KEY_SIZE);
		*ret_secret = ks->epochs[i].secret;
		return true;
	}
	return false;
}

/* In place, so that the bytes of the old content are written over where the file system allows it. */
int keystore_file_destroy(const struct keystore *ks, const char *name, struct error *err)
{
	char path[PATH_SIZE];
	uint8_t noise[SEALED_MIN + 8 + KEYSTORE_KEY_SIZE];
	make_path(ks, name, path);
	int rc = 0, fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, "key file %s", name);
	random_bytes(noise, sizeof noise);
	rc = file_pwrite_all(fd, slice_make(noise, sizeof noise), 0, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = error_errno(err, "key file %s", name);
	file_close(&fd);
	if (rc == 0 && unlink(path) != 0)
		rc = error_errno(err, "key file %s", name);
	return rc;
}

static int drop_one(struct keystore *ks, size_t at, struct error *err)
{
	char name[32];
	epoch_name(ks->epochs[at].number, name);
	int rc = keystore_file_destroy(ks, name, err);
	if (rc != 0)
		return rc;
	slab_free(&ks->epochs[at].secret);
	ks->epoch_count--;
	memmove(&ks->epochs[at], &ks->epochs[at + 1], (ks->epoch_count - at) * sizeof ks->epochs[0]);
	return 0;
}

int keystore_epoch_drop(struct keystore *ks, uint32_t from, uint32_t before, uint32_t *ret_dropped, struct error *err)
{
	int rc = 0;
	size_t at = 0;
	*ret_dropped = 0;
	while (at < ks->epoch_count && ks->epochs[at].number < from)
		at++;
	while (rc == 0 && at + 1 < ks->epoch_count && ks->epochs[at].number < before)
		if ((rc = drop_one(ks, at, err)) == 0)
			(*ret_dropped)++;
	if (*ret_dropped > 0)
		(void)file_sync_dir(ks->directory, NULL);
	return rc;
}

/* ---- all of it ---- */

const uint8_t *keystore_key(const struct keystore *ks, struct slice name)
{
	int at = name_index(name);
	return at >= 0 ? ks->keys[at] : NULL;
}

int keystore_open(const char *directory, const uint8_t master[KEYSTORE_KEY_SIZE], int64_t now_ms, bool *ret_created, struct keystore **ret,
                  struct error *err)
{
	struct keystore *ks = memory_alloc(sizeof *ks);
	int rc;
	*ret_created = false;
	ks->directory = memory_dup_str(slice_str(directory));
	ks->seal_key = slab_alloc(KEYSTORE_KEY_SIZE);
	if (ks->seal_key == NULL) {
		rc = error_set(err, ERR_TEMPORARY, "no guarded memory left");
		goto out;
	}
	hash_hkdf(slice_make(master, KEYSTORE_KEY_SIZE), SLICE_NONE, "key store", SLICE_NONE, ks->seal_key, KEYSTORE_KEY_SIZE);
	if ((rc = load_epochs(ks, err)) != 0 || (rc = load_organisation(ks, ret_created, err)) != 0)
		goto out;
	if (ks->epoch_count == 0 && (rc = make_epoch(ks, now_ms, err)) != 0)
		goto out;
	*ret = ks;
	ks = NULL;
out:
	keystore_close(&ks);
	return rc;
}

void keystore_close(struct keystore **ksp)
{
	struct keystore *ks = *ksp;
	if (ks == NULL)
		return;
	for (size_t i = 0; i < NAME_COUNT; i++)
		slab_free(&ks->keys[i]);
	for (size_t i = 0; i < ks->epoch_count; i++)
		slab_free(&ks->epochs[i].secret);
	slab_free(&ks->seal_key);
	memory_free(ks->directory);
	MEMORY_FREE(ksp);
}
