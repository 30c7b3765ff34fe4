#include "auth/signer.h"

#include <string.h>

#include "auth/address.h"
#include "auth/directory_dkim.h"
#include "base/error.h"

int signer_keys(struct directory *d, struct slice domain, struct arena *arena, struct sender_fact *sender, size_t max)
{
	struct dkim_key_row *rows = arena_alloc_array(arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	int count = directory_dkim_active(d, domain, arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
	for (int i = 0; i < count && sender->key_count < max; i++) {
		struct sender_key *key = &sender->keys[sender->key_count++];
		*key = (struct sender_key){.algorithm = (uint8_t)rows[i].algorithm, .domain = rows[i].domain, .selector = rows[i].selector};
		memcpy(key->id, rows[i].id, sizeof key->id);
	}
	return count < 0 ? count : 0;
}

/* 1: ours, in normal form; 0: not ours. */
static int own_domain(struct directory *d, struct slice name, struct arena *arena, struct slice *ret)
{
	struct directory_domain row;
	struct slice normal;
	if (name.n == 0 || address_domain(name, arena, &normal) != 0)
		return 0;
	int rc = directory_domain_get(d, normal, arena, &row);
	if (rc == 0)
		*ret = normal;
	return rc == 0 ? 1 : rc == ERR_NOT_FOUND ? 0 : rc;
}

static int find_domain(struct directory *d, struct slice wanted, struct slice hostname, struct arena *arena, struct slice *ret)
{
	int rc = own_domain(d, wanted, arena, ret);
	while (rc == 0 && hostname.n > 0) {
		ptrdiff_t dot = slice_find(hostname, '.');
		rc = own_domain(d, hostname, arena, ret);
		hostname = dot < 0 ? SLICE_NONE : slice_from(hostname, (size_t)dot + 1);
	}
	return rc;
}

int signer_fact(struct directory *d, struct slice wanted, struct slice hostname, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena,
	struct buf *out, struct slice *ret)
{
	struct sender_key keys[DKIM_KEYS_OF_DOMAIN_MAX];
	struct slice address;
	struct sender_fact sender = {.addresses = &address, .address_count = 1, .keys = keys};
	*ret = SLICE_NONE;
	int rc = find_domain(d, wanted, hostname, arena, ret);
	if (rc <= 0)
		return rc;
	address = arena_printf(arena, "@%.*s", SLICE_ARG(*ret));
	rc = signer_keys(d, *ret, arena, &sender, DKIM_KEYS_OF_DOMAIN_MAX);
	if (rc < 0)
		return rc;
	fact_write_sender(out, &sender, secret);
	return out->failed ? ERR_LIMIT : 0;
}
