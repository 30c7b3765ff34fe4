#include <string.h>

#include "auth/factors.h"
#include "auth/mechanism.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define NONCE_BYTES 18
#define ROWS_MAX ((APP_PASSWORDS_MAX + 1) * SCRAM_TEXTS_MAX)

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

/* Which password made the proof? An unknown name has one row that nothing fits. */
static const struct scram_row *find_row(struct exchange *x, const uint8_t pepper[SCRAM_PEPPER_SIZE], struct scram_material *ret)
{
	struct scram_row *rows = arena_alloc_array(&x->arena, ROWS_MAX, sizeof *rows);
	struct moment now = login_host(x->login)->now(login_host(x->login)->arg);
	/* Beside a second factor only app passwords sign in. What cannot be told counts as yes. */
	bool barred = x->known && auth_factors_bar_password(login_directory(x->login), &x->account, now) != 0;
	int count = x->known ? directory_scram_list(login_directory(x->login), x->account.id, login_scram_passwords(x->login) && !barred, &x->arena,
		rows, ROWS_MAX) : 0;
	*ret = (struct scram_material){0};
	(void)scram_try(&x->scram, ret->stored_key, ret->client_key);
	for (int i = 0; i < count; i++)
		if (scram_row_open(x->account.id, &rows[i], pepper, ret) && scram_try(&x->scram, ret->stored_key, ret->client_key))
			return &rows[i];
	return NULL;
}

/* App passwords have no age of that kind. */
static bool expired(struct exchange *x, uint32_t credential)
{
	struct credential password;
	return directory_credential_password(login_directory(x->login), x->account.id, &x->arena, &password) == 0 && password.id == credential
		&& login_password_expired(x->login, &password);
}

static void open_with(struct exchange *x, const struct scram_row *row, const struct scram_material *m, const uint8_t *pepper)
{
	uint8_t kek[KEK_SIZE];
	struct secrets secrets = SECRETS_NONE;
	struct buf final = BUF_INIT(128);
	struct wrap_owner owner = {.credential = row->credential, .kind = WRAP_SCRAM};
	memcpy(owner.account, x->account.id, sizeof owner.account);
	wrap_kek_scram(&owner, m->client_key, pepper, kek);
	int rc = wrap_open(&owner, kek, row->wrap, &secrets, NULL);
	secret_wipe(kek, sizeof kek);
	if (rc != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the wrap of a password does not open");
		return;
	}
	if (expired(x, row->credential)) {
		secrets_free(&secrets);
		exchange_failed(x, AUTH_EXPIRED, "the password is right but too old");
		return;
	}
	scram_server_final(&x->scram, m->server_key, &final);
	struct slice data = arena_dup(&x->arena, buf_slice(&final));
	buf_free(&final);
	exchange_verified(x, &secrets, row->credential, data);
}

static bool authzid_fits(const struct exchange *x)
{
	return x->scram.authzid.n == 0 || slice_eq_nocase(x->scram.authzid, x->scram.name);
}

static void got_pepper(void *arg, const uint8_t *pepper)
{
	struct exchange *x = arg;
	struct scram_material m;
	if (pepper == NULL) {
		exchange_failed(x, AUTH_TEMPORARY, "key does not answer");
		return;
	}
	const struct scram_row *row = find_row(x, pepper, &m);
	if (row == NULL || !authzid_fits(x))
		exchange_failed(x, AUTH_BAD_CREDENTIALS, x->known ? "no password fits" : "unknown name");
	else
		open_with(x, row, &m, pepper);
	secret_wipe(&m, sizeof m);
}

static void final_message(struct exchange *x, struct slice data)
{
	uint8_t question[SCRAM_PEPPER_DATA_SIZE];
	const struct auth_host *host = login_host(x->login);
	int rc = scram_client_final(&x->scram, data);
	if (rc != 0) {
		exchange_failed(x, rc == ERR_INVALID ? AUTH_INVALID : AUTH_BAD_CREDENTIALS, "nonce or channel binding differs, or malformed message");
		return;
	}
	scram_pepper_data(x->account.id, question);
	host->hmac(host->arg, "pepper", slice_make(question, sizeof question), got_pepper, x);
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
