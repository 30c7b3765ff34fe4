/* push = nonce (24) | AEAD(JSON, AD = account), under the key "push" of key. */
#include "role/mail_push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "sys/file.h"

#define PATH_SIZE 620

static void path_of(const struct mail_role *m, const uint8_t account[16], char path[PATH_SIZE])
{
	char folder[PATH_SIZE - 20];

	mail_account_path(m, account, folder, sizeof folder);
	(void)snprintf(path, PATH_SIZE, "%s/push", folder);
}

static bool decrypt(const struct mail_role *m, const uint8_t account[16], struct slice sealed, struct buf *out)
{
	struct slice nonce = slice_sub(sealed, 0, AEAD_XCHACHA20_NONCE_SIZE), rest = slice_from(sealed, AEAD_XCHACHA20_NONCE_SIZE);
	uint8_t *to = rest.n > AEAD_TAG_SIZE ? buf_reserve(out, rest.n - AEAD_TAG_SIZE) : NULL;

	if (to == NULL || !aead_open(AEAD_XCHACHA20, m->push_key, nonce.p, mail_id(account), rest, to))
		return false;
	buf_commit(out, rest.n - AEAD_TAG_SIZE);
	return true;
}

json_t *mail_push_load(const struct mail_role *m, const uint8_t account[16])
{
	struct buf sealed = BUF_INIT(MAIL_PUSH_FILE_MAX), plain = BUF_INIT(MAIL_PUSH_FILE_MAX);
	json_t *list = NULL;
	char path[PATH_SIZE];

	path_of(m, account, path);
	if (m->push_key != NULL && file_read(path, &sealed, NULL) == 0 && decrypt(m, account, buf_slice(&sealed), &plain))
		list = json_loadb((const char *)buf_slice(&plain).p, buf_len(&plain), 0, NULL);
	buf_free(&sealed);
	buf_free_secret(&plain);
	if (json_is_array(list))
		return list;
	json_decref(list);
	return json_array();
}

static int write_sealed(const struct mail_role *m, const char *path, const uint8_t account[16], struct slice plain)
{
	struct buf sealed = BUF_INIT(MAIL_PUSH_FILE_MAX);
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE], *to;
	int rc = ERR_LIMIT;

	random_bytes(nonce, sizeof nonce);
	buf_append_bytes(&sealed, nonce, sizeof nonce);
	to = buf_reserve(&sealed, plain.n + AEAD_TAG_SIZE);
	if (to != NULL) {
		aead_seal(AEAD_XCHACHA20, m->push_key, nonce, mail_id(account), plain, to);
		buf_commit(&sealed, plain.n + AEAD_TAG_SIZE);
		rc = file_write_atomic(path, buf_slice(&sealed), 0600, NULL);
	}
	buf_free(&sealed);
	return rc;
}

int mail_push_save(const struct mail_role *m, const uint8_t account[16], const json_t *list)
{
	char *text = json_dumps(list, JSON_COMPACT);
	char path[PATH_SIZE];
	int rc;

	path_of(m, account, path);
	if (json_array_size(list) == 0)
		rc = unlink(path) == 0 || access(path, F_OK) != 0 ? 0 : ERR_IO;
	else
		rc = m->push_key == NULL || text == NULL ? ERR_TEMPORARY : write_sealed(m, path, account, slice_str(text));
	if (text != NULL)
		secret_wipe(text, strlen(text));
	free(text);
	return rc;
}
