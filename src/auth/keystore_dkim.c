#include "auth/keystore_dkim.h"

#include <string.h>

#include "auth/keystore_private.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define FILE_PREFIX "dkim-"

struct keystore_dkim {
	const struct keystore *ks;
	struct map open; /* id -> struct mail_key */
};

struct keystore_dkim *keystore_dkim_open(const struct keystore *ks)
{
	struct keystore_dkim *kd = memory_alloc(sizeof *kd);
	*kd = (struct keystore_dkim){.ks = ks, .open = MAP_INIT};
	return kd;
}

static void forget_all(struct keystore_dkim *kd)
{
	MAP_FOREACH(e, &kd->open) {
		struct mail_key *key = e->value;
		mail_key_free(&key);
	}
	map_free(&kd->open);
	kd->open = MAP_INIT;
}

void keystore_dkim_close(struct keystore_dkim **kd)
{
	if (*kd == NULL)
		return;
	forget_all(*kd);
	MEMORY_FREE(kd);
}

int keystore_dkim_keep(struct keystore_dkim *kd, const struct mail_key *key, uint8_t ret_id[16], struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	random_bytes(ret_id, 16);
	keystore_file_name(FILE_PREFIX, ret_id, name);
	int rc = mail_key_encode(key, &content, err);
	if (rc == 0)
		rc = keystore_file_write(kd->ks, name, buf_slice(&content), err);
	buf_free_secret(&content);
	return rc;
}

static int load(struct keystore_dkim *kd, const uint8_t id[16], struct mail_key **ret, struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	keystore_file_name(FILE_PREFIX, id, name);
	int rc = keystore_file_read(kd->ks, name, &content, err);
	if (rc == 0)
		rc = mail_key_decode(buf_slice(&content), ret, err);
	buf_free_secret(&content);
	return rc;
}

int keystore_dkim_get(struct keystore_dkim *kd, const uint8_t id[16], const struct mail_key **ret, struct error *err)
{
	struct mail_key *key = map_get(&kd->open, slice_make(id, 16));
	int rc = 0;
	if (key == NULL && (rc = load(kd, id, &key, err)) == 0) {
		if (kd->open.count >= KEYSTORE_DKIM_OPEN_MAX)
			forget_all(kd);
		map_put(&kd->open, slice_make(id, 16), key);
	}
	if (rc == 0)
		*ret = key;
	return rc;
}

int keystore_dkim_drop(struct keystore_dkim *kd, const uint8_t id[16], struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct mail_key *key = map_remove(&kd->open, slice_make(id, 16));
	mail_key_free(&key);
	keystore_file_name(FILE_PREFIX, id, name);
	return keystore_file_destroy(kd->ks, name, err);
}
