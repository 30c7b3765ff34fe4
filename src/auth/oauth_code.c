/* Codes: secrets of a minute, kept in memory. */
#include <string.h>

#include "auth/oauth_private.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/kx.h"

static void lookup_of(struct auth_oauth *o, const struct oauth_token *token, uint8_t ret[OAUTH_LOOKUP_SIZE])
{
	oauth_token_lookup(token, directory_lookup_key(o->directory), ret);
}

static void device_pair(const struct oauth_token *token, uint8_t ret_public[KX_KEY_SIZE], uint8_t ret_secret[KX_KEY_SIZE])
{
	hash_hkdf(slice_make(token->secret, sizeof token->secret), SLICE_NONE, "oauth device", SLICE_NONE, ret_secret, KX_KEY_SIZE);
	kx_public(ret_secret, ret_public);
}

static bool is_full(const struct auth_oauth *o, enum oauth_kind kind)
{
	return o->pending.count >= OAUTH_CODES_MAX || (kind == OAUTH_DEVICE && o->user_codes.count >= OAUTH_DEVICES_MAX);
}

struct oauth_pending *pending_add(struct auth_oauth *o, enum oauth_kind kind, int64_t lifetime_s, struct oauth_token *token)
{
	uint8_t secret[KX_KEY_SIZE];
	if (is_full(o, kind))
		pending_expire(o);
	if (is_full(o, kind))
		return NULL;
	struct oauth_pending *p = memory_alloc(sizeof *p);
	oauth_token_make(kind, token);
	lookup_of(o, token, p->lookup);
	p->kind = kind;
	p->ends_ms = oauth_now_ms(o) + lifetime_s * 1000;
	buf_init(&p->wrap, WRAP_MAX);
	if (kind == OAUTH_DEVICE) {
		device_pair(token, p->public_key, secret);
		secret_wipe(secret, sizeof secret);
	}
	map_put(&o->pending, slice_make(p->lookup, sizeof p->lookup), p);
	return p;
}

void pending_remove(struct auth_oauth *o, struct oauth_pending *p)
{
	map_remove(&o->pending, slice_make(p->lookup, sizeof p->lookup));
	if (p->user_code[0] != '\0')
		map_remove(&o->user_codes, slice_str(p->user_code));
	buf_free_secret(&p->wrap);
	arena_free(&p->arena);
	memory_free(p);
}

static struct oauth_pending *in_time(struct auth_oauth *o, struct oauth_pending *p)
{
	return p != NULL && p->ends_ms > oauth_now_ms(o) ? p : NULL;
}

struct oauth_pending *pending_find(struct auth_oauth *o, const struct oauth_token *token)
{
	uint8_t lookup[OAUTH_LOOKUP_SIZE];
	lookup_of(o, token, lookup);
	struct oauth_pending *p = in_time(o, map_get(&o->pending, slice_make(lookup, sizeof lookup)));
	return p != NULL && p->kind == token->kind ? p : NULL;
}

struct oauth_pending *pending_find_user(struct auth_oauth *o, struct slice text)
{
	char code[OAUTH_USER_CODE_SIZE + 2];
	if (!oauth_user_code_parse(text, code))
		return NULL;
	struct oauth_pending *p = in_time(o, map_get(&o->user_codes, slice_str(code)));
	return p != NULL && p->state == PENDING_WAITS ? p : NULL;
}

void pending_name(struct auth_oauth *o, struct oauth_pending *p)
{
	do
		oauth_user_code_make(p->user_code);
	while (map_get(&o->user_codes, slice_str(p->user_code)) != NULL);
	map_put(&o->user_codes, slice_str(p->user_code), p);
}

size_t pending_devices_of(const struct auth_oauth *o, struct slice address)
{
	size_t count = 0;
	MAP_FOREACH(e, &o->pending) {
		const struct oauth_pending *p = e->value;
		count += p->kind == OAUTH_DEVICE && p->state == PENDING_WAITS && p->ends_ms > oauth_now_ms(o) && slice_eq(p->from, address);
	}
	return count;
}

void pending_expire(struct auth_oauth *o)
{
	MAP_FOREACH(e, &o->pending) {
		struct oauth_pending *p = e->value;
		if (p->ends_ms <= oauth_now_ms(o))
			pending_remove(o, p);
	}
}

static struct wrap_owner owner_of(const struct oauth_pending *p)
{
	struct wrap_owner owner = {.kind = WRAP_REMEMBERED};
	memcpy(owner.account, p->account, sizeof owner.account);
	return owner;
}

static void kek_from(struct slice secret, struct slice context, uint8_t ret[KEK_SIZE])
{
	hash_hkdf(secret, SLICE_NONE, "oauth code", context, ret, KEK_SIZE);
}

/* Nobody here knows a device code when its person allows it: the secrets are sealed to the public half that was made of it. */
static bool device_kek_seal(struct oauth_pending *p, uint8_t ret[KEK_SIZE])
{
	uint8_t secret[KX_KEY_SIZE], shared[KX_KEY_SIZE];
	kx_keypair(p->ephemeral, secret);
	bool ok = kx_shared(secret, p->public_key, shared);
	kek_from(slice_make(shared, sizeof shared), slice_make(p->ephemeral, sizeof p->ephemeral), ret);
	secret_wipe(secret, sizeof secret);
	secret_wipe(shared, sizeof shared);
	return ok;
}

static bool device_kek_open(const struct oauth_pending *p, const struct oauth_token *token, uint8_t ret[KEK_SIZE])
{
	uint8_t public[KX_KEY_SIZE], secret[KX_KEY_SIZE], shared[KX_KEY_SIZE];
	device_pair(token, public, secret);
	bool ok = kx_shared(secret, p->ephemeral, shared);
	kek_from(slice_make(shared, sizeof shared), slice_make(p->ephemeral, sizeof p->ephemeral), ret);
	secret_wipe(secret, sizeof secret);
	secret_wipe(shared, sizeof shared);
	return ok;
}

bool pending_seal(struct oauth_pending *p, const struct oauth_token *token, const struct secrets *secrets)
{
	uint8_t kek[KEK_SIZE];
	struct wrap_owner owner = owner_of(p);
	bool ok = true;
	if (p->kind == OAUTH_DEVICE)
		ok = device_kek_seal(p, kek);
	else
		kek_from(slice_make(token->secret, sizeof token->secret), SLICE_NONE, kek);
	if (ok)
		wrap_seal(&owner, kek, secrets, &p->wrap);
	secret_wipe(kek, sizeof kek);
	return ok && !p->wrap.failed;
}

int pending_open(const struct oauth_pending *p, const struct oauth_token *token, struct secrets *ret)
{
	uint8_t kek[KEK_SIZE];
	struct wrap_owner owner = owner_of(p);
	bool ok = true;
	if (p->kind == OAUTH_DEVICE)
		ok = device_kek_open(p, token, kek);
	else
		kek_from(slice_make(token->secret, sizeof token->secret), SLICE_NONE, kek);
	int rc = ok ? wrap_open(&owner, kek, buf_slice(&p->wrap), ret, NULL) : ERR_DENIED;
	secret_wipe(kek, sizeof kek);
	return rc;
}
