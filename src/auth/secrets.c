#include "auth/secrets.h"

#include <string.h>

#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"
#include "crypt/slab.h"

#define SECRETS_VERSION 1

/* A slot with a fresh cell at the end; NULL when the slab is full. */
static struct secrets_generation *append(struct secrets *s, uint32_t generation)
{
	uint8_t *cell = slab_alloc(SECRET_SIZE);
	if (cell == NULL)
		return NULL;
	s->items = memory_grow(s->items, (s->count + 1) * sizeof *s->items);
	s->items[s->count] = (struct secrets_generation){generation, cell};
	return &s->items[s->count++];
}

int secrets_add(struct secrets *s, uint32_t first, struct error *err)
{
	if (s->count >= SECRETS_MAX)
		return error_set(err, ERR_LIMIT, "the account has %d generations", SECRETS_MAX);
	uint32_t next = s->count > 0 ? s->items[s->count - 1].generation + 1 : first;
	struct secrets_generation *g = append(s, next);
	if (g == NULL)
		return error_set(err, ERR_TEMPORARY, "no guarded memory left");
	random_bytes(g->secret, SECRET_SIZE);
	return 0;
}

void secrets_free(struct secrets *s)
{
	for (size_t i = 0; i < s->count; i++)
		slab_free(&s->items[i].secret);
	MEMORY_FREE(&s->items);
	s->count = 0;
}

void secrets_encode(const struct secrets *s, struct buf *out)
{
	buf_put_u8(out, SECRETS_VERSION);
	buf_put_u16(out, (uint16_t)s->count);
	for (size_t i = 0; i < s->count; i++) {
		buf_put_u32(out, s->items[i].generation);
		buf_append_bytes(out, s->items[i].secret, SECRET_SIZE);
	}
}

static int decode_one(struct slice *data, struct secrets *s, struct error *err)
{
	uint32_t generation;
	if (!slice_get_u32(data, &generation) || data->n < SECRET_SIZE)
		return error_set(err, ERR_INVALID, "account secrets are cut off");
	if (s->count > 0 && generation <= s->items[s->count - 1].generation)
		return error_set(err, ERR_INVALID, "account secrets are out of order");
	struct secrets_generation *g = append(s, generation);
	if (g == NULL)
		return error_set(err, ERR_TEMPORARY, "no guarded memory left");
	memcpy(g->secret, data->p, SECRET_SIZE);
	*data = slice_from(*data, SECRET_SIZE);
	return 0;
}

int secrets_decode(struct slice data, struct secrets *ret, struct error *err)
{
	uint8_t version;
	uint16_t count;
	struct secrets s = SECRETS_NONE;
	int rc = 0;
	if (!slice_get_u8(&data, &version) || !slice_get_u16(&data, &count) || version != SECRETS_VERSION || count == 0 || count > SECRETS_MAX)
		return error_set(err, ERR_INVALID, "account secrets have no valid head");
	for (uint16_t i = 0; i < count && rc == 0; i++)
		rc = decode_one(&data, &s, err);
	if (rc == 0 && data.n > 0)
		rc = error_set(err, ERR_INVALID, "account secrets have bytes behind their end");
	if (rc != 0) {
		secrets_free(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

const struct secrets_generation *secrets_newest(const struct secrets *s)
{
	return s->count > 0 ? &s->items[s->count - 1] : NULL;
}

static void derive(const struct secrets_generation *g, const char *label, uint8_t ret[32])
{
	hash_hkdf(slice_make(g->secret, SECRET_SIZE), SLICE_NONE, label, SLICE_NONE, ret, 32);
}

void secrets_pair(const struct secrets_generation *g, uint8_t ret_public[32], uint8_t ret_secret[32])
{
	derive(g, "account x25519", ret_secret);
	kx_public(ret_secret, ret_public);
}

void secrets_database_key(const struct secrets_generation *g, uint8_t ret_key[32])
{
	derive(g, "account database", ret_key);
}

void secrets_index_key(const struct secrets_generation *g, uint8_t ret_key[32])
{
	derive(g, "account index", ret_key);
}
