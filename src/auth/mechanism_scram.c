#include <string.h>

#include "auth/mechanism.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define NONCE_BYTES 18
#define KEYS_MAX (APP_PASSWORDS_MAX * 2)

/* Names that do not exist have a salt as well, always the same one. */
static void fake_salt(struct exchange *x, uint8_t ret[SCRAM_SALT_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, directory_lookup_key(login_directory(x->login)));
	hash_update(&state, SLICE("scram salt"));
	hash_update_field(&state, x->name);
	hash_finish(&state, hash);
	memcpy(ret, hash, SCRAM_SALT_SIZE);
}

static struct slice make_nonce(struct exchange *x)
{
	uint8_t random[NONCE_BYTES];
	struct buf b = BUF_INIT(64);
	random_bytes(random, sizeof random);
	base64_encode(slice_make(random, sizeof random), &b);
	struct slice nonce = arena_dup(&x->arena, buf_slice(&b));
	buf_free(&b);
	return nonce;
}

static void first_message(struct exchange *x, struct slice data, bool plus)
{
	uint8_t salt[SCRAM_SALT_SIZE];
	struct scram_channel channel = {.plus = plus, .offered = x->tls == AUTH_TLS_BINDING, .type = x->binding_type, .data = x->binding};
	int rc = scram_client_first(&x->scram, &x->arena, data, &channel);
	if (rc != 0) {
		exchange_failed(x, rc == ERR_INVALID ? AUTH_INVALID : AUTH_BAD_CREDENTIALS, "channel binding does not fit or malformed message");
		return;
	}
	if (exchange_identify(x, x->scram.name) != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
		return;
	}
	if (!exchange_allowed(x))
		return;
	fake_salt(x, salt);
	if (x->known)
		memcpy(salt, x->account.scram_salt, sizeof salt);
	scram_server_first(&x->scram, slice_make(salt, sizeof salt), SCRAM_ITERATIONS, make_nonce(x));
	exchange_challenge(x, x->scram.server_first);
}

/* Which app password made the proof? */
static const struct scram_key *find_key(struct exchange *x, uint8_t client_key[SCRAM_KEY_SIZE])
{
	static const uint8_t nobody[SCRAM_KEY_SIZE];
	struct scram_key *keys = arena_alloc_array(&x->arena, KEYS_MAX, sizeof *keys);
	int count = x->known ? directory_scram_list(login_directory(x->login), x->account.id, &x->arena, keys, KEYS_MAX) : 0;
	(void)scram_try(&x->scram, nobody, client_key);
	for (int i = 0; i < count; i++)
		if (scram_try(&x->scram, keys[i].stored_key, client_key))
			return &keys[i];
	return NULL;
}

static void open_with(struct exchange *x, const struct scram_key *key, const uint8_t client_key[SCRAM_KEY_SIZE])
{
	uint8_t kek[KEK_SIZE];
	struct secrets secrets = SECRETS_NONE;
	struct buf final = BUF_INIT(128);
	struct wrap_owner owner = {.credential = key->credential, .kind = WRAP_SCRAM};
	memcpy(owner.account, x->account.id, sizeof owner.account);
	wrap_kek_scram(&owner, client_key, kek);
	int rc = wrap_open(&owner, kek, key->wrap, &secrets, NULL);
	secret_wipe(kek, sizeof kek);
	if (rc != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the wrap of an app password does not open");
		return;
	}
	scram_server_final(&x->scram, key->server_key, &final);
	struct slice data = arena_dup(&x->arena, buf_slice(&final));
	buf_free(&final);
	exchange_verified(x, &secrets, key->credential, data);
}

static bool authzid_fits(const struct exchange *x)
{
	return x->scram.authzid.n == 0 || slice_eq_nocase(x->scram.authzid, x->scram.name);
}

static void final_message(struct exchange *x, struct slice data)
{
	uint8_t client_key[SCRAM_KEY_SIZE];
	int rc = scram_client_final(&x->scram, data);
	if (rc != 0) {
		exchange_failed(x, rc == ERR_INVALID ? AUTH_INVALID : AUTH_BAD_CREDENTIALS, "nonce or channel binding differs, or malformed message");
		return;
	}
	const struct scram_key *key = find_key(x, client_key);
	if (key == NULL || !authzid_fits(x))
		exchange_failed(x, AUTH_BAD_CREDENTIALS, x->known ? "no app password fits" : "unknown name");
	else
		open_with(x, key, client_key);
	secret_wipe(client_key, sizeof client_key);
}

static void step(struct exchange *x, struct slice data, bool plus)
{
	if (data.n == 0 && x->steps == 0)
		exchange_challenge(x, SLICE_NONE);
	else if (x->scram.server_first.n == 0)
		first_message(x, data, plus);
	else
		final_message(x, data);
}

static void scram_step(struct exchange *x, struct slice data)
{
	step(x, data, false);
}

static void scram_plus_step(struct exchange *x, struct slice data)
{
	step(x, data, true);
}

const struct mechanism mechanism_scram = {"SCRAM-SHA-256", scram_step};
const struct mechanism mechanism_scram_plus = {"SCRAM-SHA-256-PLUS", scram_plus_step};
