#include "auth/keystore_tls.h"

#include <stdio.h>

#include "auth/keystore_private.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/crypt.h"

struct entry {
	struct tls_key *key;
	enum keystore_tls_use use;
};

struct keystore_tls {
	const struct keystore *ks;
	struct map open; /* number -> struct entry */
};

struct keystore_tls *keystore_tls_open(const struct keystore *ks)
{
	struct keystore_tls *kt = memory_alloc(sizeof *kt);
	*kt = (struct keystore_tls){.ks = ks, .open = MAP_INIT};
	return kt;
}

static void entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	tls_key_free(&e->key);
	memory_free(e);
}

static void forget_all(struct keystore_tls *kt)
{
	MAP_FOREACH(e, &kt->open)
		entry_free(e->value);
	map_free(&kt->open);
	kt->open = MAP_INIT;
}

void keystore_tls_close(struct keystore_tls **kt)
{
	if (*kt == NULL)
		return;
	forget_all(*kt);
	MEMORY_FREE(kt);
}

static void file_name(uint32_t number, char name[KEYSTORE_NAME_MAX + 1])
{
	(void)snprintf(name, KEYSTORE_NAME_MAX + 1, "tls-%08x", number);
}

static struct slice map_key(const uint32_t *number)
{
	return slice_make(number, sizeof *number);
}

int keystore_tls_keep(struct keystore_tls *kt, const struct tls_key *key, enum keystore_tls_use use, uint32_t *ret_number, struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	uint32_t number;
	do
		random_bytes((uint8_t *)&number, sizeof number);
	while (number == 0);
	file_name(number, name);
	buf_put_u8(&content, (uint8_t)use);
	int rc = tls_key_encode(key, &content, err);
	if (rc == 0 && content.failed)
		rc = error_set(err, ERR_LIMIT, "the key is too large");
	if (rc == 0)
		rc = keystore_file_write(kt->ks, name, buf_slice(&content), err);
	if (rc == 0)
		*ret_number = number;
	buf_free_secret(&content);
	return rc;
}

static int load(struct keystore_tls *kt, uint32_t number, struct entry **ret, struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	struct tls_key *key = NULL;
	uint8_t use = 0;
	file_name(number, name);
	int rc = keystore_file_read(kt->ks, name, &content, err);
	struct slice rest = buf_slice(&content);
	if (rc == 0 && (!slice_get_u8(&rest, &use) || (key = tls_key_load(rest, err)) == NULL))
		rc = ERR_DAMAGED;
	if (rc == 0) {
		*ret = memory_alloc(sizeof **ret);
		**ret = (struct entry){key, (enum keystore_tls_use)use};
	}
	buf_free_secret(&content);
	return rc;
}

int keystore_tls_get(struct keystore_tls *kt, uint32_t number, enum keystore_tls_use use, struct tls_key **ret, struct error *err)
{
	struct entry *e = map_get(&kt->open, map_key(&number));
	int rc = 0;
	if (e == NULL && (rc = load(kt, number, &e, err)) == 0) {
		if (kt->open.count >= KEYSTORE_TLS_OPEN_MAX)
			forget_all(kt);
		map_put(&kt->open, map_key(&number), e);
	}
	if (rc == 0 && e->use != use)
		rc = error_set(err, ERR_NOT_FOUND, "the key is for another use");
	if (rc == 0)
		*ret = e->key;
	return rc;
}

int keystore_tls_drop(struct keystore_tls *kt, uint32_t number, struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	entry_free(map_remove(&kt->open, map_key(&number)));
	file_name(number, name);
	return keystore_file_destroy(kt->ks, name, err);
}
