#include "auth/keystore_ca.h"

#include <string.h>

#include "auth/keystore_private.h"
#include "crypt/crypt.h"

#define FILE_PREFIX "ca-"
#define VERSION 1

/* u8 version | u8 kind | u32 length, PKCS#8 | u32 length, certificate */
int keystore_ca_keep(const struct keystore *ks, const struct keystore_ca *ca, uint8_t ret_id[16], struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf key = BUF_INIT(MAIL_CA_KEY_MAX), content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	random_bytes(ret_id, 16);
	keystore_file_name(FILE_PREFIX, ret_id, name);
	int rc = mail_ca_key_encode(ca->key, &key, err);
	buf_put_u8(&content, VERSION);
	buf_put_u8(&content, (uint8_t)ca->kind);
	buf_put_bytes(&content, buf_slice(&key));
	buf_put_bytes(&content, buf_slice(&ca->certificate));
	if (rc == 0 && content.failed)
		rc = error_set(err, ERR_LIMIT, "a key of the authority is too large");
	if (rc == 0)
		rc = keystore_file_write(ks, name, buf_slice(&content), err);
	buf_free_secret(&key);
	buf_free_secret(&content);
	return rc;
}

static int parse(struct slice content, struct keystore_ca *ret, struct error *err)
{
	uint8_t version = 0, kind = 0;
	struct slice key, certificate;
	if (!slice_get_u8(&content, &version) || !slice_get_u8(&content, &kind) || !slice_get_bytes(&content, &key)
	    || !slice_get_bytes(&content, &certificate) || version != VERSION || (kind != KEYSTORE_CA_ROOT && kind != KEYSTORE_CA_ISSUING))
		return error_set(err, ERR_DAMAGED, "a key of the authority has no known format");
	ret->kind = (enum keystore_ca_kind)kind;
	buf_append(&ret->certificate, certificate);
	return ret->certificate.failed ? ERR_DAMAGED : mail_ca_key_decode(key, &ret->key, err);
}

int keystore_ca_load(const struct keystore *ks, const uint8_t id[16], struct keystore_ca *ret, struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	struct buf content = BUF_INIT(KEYSTORE_CONTENT_MAX);
	keystore_file_name(FILE_PREFIX, id, name);
	int rc = keystore_file_read(ks, name, &content, err);
	if (rc == 0)
		rc = parse(buf_slice(&content), ret, err);
	buf_free_secret(&content);
	return rc;
}

int keystore_ca_drop(const struct keystore *ks, const uint8_t id[16], struct error *err)
{
	char name[KEYSTORE_NAME_MAX + 1];
	keystore_file_name(FILE_PREFIX, id, name);
	return keystore_file_destroy(ks, name, err);
}

void keystore_ca_free(struct keystore_ca *ca)
{
	mail_ca_key_free(&ca->key);
	buf_free(&ca->certificate);
}
