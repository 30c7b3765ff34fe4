#include "queue/sealed_file.h"

#include <stdio.h>

#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "sys/file.h"

#define HEAD (1 + AEAD_XCHACHA20_NONCE_SIZE) /* algorithm, nonce */
#define PATH_SIZE 4096

int sealed_file_save(const char *directory, const char *name, const uint8_t key[32], struct slice plain, struct error *err)
{
	struct buf out = BUF_INIT(HEAD + plain.n + AEAD_TAG_SIZE);
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE];
	char path[PATH_SIZE];
	random_bytes(nonce, sizeof nonce);
	buf_put_u8(&out, AEAD_XCHACHA20);
	buf_append_bytes(&out, nonce, sizeof nonce);
	uint8_t *box = buf_reserve(&out, plain.n + AEAD_TAG_SIZE);
	int rc = box == NULL ? error_set(err, ERR_LIMIT, "%s is too long", name) : 0;
	if (rc == 0) {
		aead_seal(AEAD_XCHACHA20, key, nonce, slice_str(name), plain, box);
		buf_commit(&out, plain.n + AEAD_TAG_SIZE);
		snprintf(path, sizeof path, "%s/%s", directory, name);
		rc = file_write_atomic(path, buf_slice(&out), 0600, err);
	}
	buf_free(&out);
	return rc;
}

void sealed_file_load(const char *directory, const char *name, const uint8_t key[32], struct buf *out)
{
	struct buf in = BUF_INIT(HEAD + AEAD_TAG_SIZE + out->max);
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	if (file_read(path, &in, NULL) == 0 && buf_len(&in) > HEAD + AEAD_TAG_SIZE && buf_slice(&in).p[0] == AEAD_XCHACHA20) {
		struct slice box = slice_from(buf_slice(&in), HEAD);
		uint8_t *plain = buf_reserve(out, box.n - AEAD_TAG_SIZE);
		if (plain != NULL && aead_open(AEAD_XCHACHA20, key, buf_slice(&in).p + 1, slice_str(name), box, plain))
			buf_commit(out, box.n - AEAD_TAG_SIZE);
	}
	buf_free(&in);
}
