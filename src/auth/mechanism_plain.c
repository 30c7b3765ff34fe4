#include <string.h>

#include "auth/directory_factor.h"
#include "auth/factors.h"
#include "auth/imported.h"
#include "auth/managed.h"
#include "auth/ldap.h"
#include "auth/mechanism.h"
#include "auth/plain.h"
#include "auth/remember.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

static void renew_code(struct exchange *x, uint32_t credential, const uint8_t code[CODE_SIZE], const struct secrets *secrets)
{
	char text[CODE_TEXT_SIZE + 1], plain[CODE_LETTERS + 1];
	code_text(code, CODE_APP_PASSWORD, text);
	code_text_plain(code, CODE_APP_PASSWORD, plain);
	exchange_renew_scram(x, credential, (const struct slice[]){slice_str(text), slice_str(plain)}, 2, secrets);
	secret_wipe(text, sizeof text);
	secret_wipe(plain, sizeof plain);
}

static void renew_password(struct exchange *x, uint32_t credential, const struct secrets *secrets)
{
	struct slice texts[SCRAM_TEXTS_MAX];
	struct buf prepared = BUF_INIT(PASSWORD_MAX);
	size_t count = scram_texts(x->password, &prepared, texts);
	if (login_scram_passwords(x->login))
		exchange_renew_scram(x, credential, texts, count, secrets);
	buf_free_secret(&prepared);
}

/* An app password: found by its keyed hash, opened without Argon2id. False: it is none of this account. */
static bool try_app_password(struct exchange *x)
{
	uint8_t code[CODE_SIZE], lookup[CODE_LOOKUP_SIZE], kek[KEK_SIZE];
	struct credential c;
	struct secrets secrets = SECRETS_NONE;
	if (!code_parse(x->password, CODE_APP_PASSWORD, code))
		return false;
	code_lookup(code, directory_lookup_key(login_directory(x->login)), lookup);
	if (!x->known || directory_credential_by_code(login_directory(x->login), x->account.id, WRAP_APP, lookup, &x->arena, &c) != 0)
		return false;
	struct wrap_owner owner = {.credential = c.id, .kind = WRAP_APP};
	memcpy(owner.account, x->account.id, sizeof owner.account);
	wrap_kek_code(&owner, code, kek);
	int rc = wrap_open(&owner, kek, c.wrap, &secrets, NULL);
	secret_wipe(kek, sizeof kek);
	if (rc != 0)
		return false;
	renew_code(x, c.id, code, &secrets);
	exchange_verified(x, &secrets, c.id, SLICE_NONE);
	return true;
}

static const char no_password[] = "the account needs a second factor, which only app passwords stand in for here, or it has no password";

static struct wrap_owner password_owner(const struct exchange *x)
{
	struct wrap_owner owner = {.kind = WRAP_PASSWORD, .credential = x->credential.id};
	if (x->credential.id != 0)
		memcpy(owner.account, x->account.id, sizeof owner.account);
	return owner;
}

static void verified(struct exchange *x, struct secrets *secrets)
{
	if (!login_password_expired(x->login, &x->credential)) {
		exchange_verified(x, secrets, x->credential.id, SLICE_NONE);
		return;
	}
	secrets_free(secrets);
	exchange_failed(x, AUTH_EXPIRED, "the password is right but too old");
}

static void got_kek(void *arg, int rc, const struct kek_result *result)
{
	struct exchange *x = arg;
	struct secrets secrets = SECRETS_NONE;
	struct wrap_owner owner = password_owner(x);
	struct moment now = login_host(x->login)->now(login_host(x->login)->arg);
	if (rc != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "password hashing is overloaded or key does not answer");
		return;
	}
	rc = owner.credential == 0 ? ERR_DENIED : wrap_open(&owner, result->kek, x->credential.wrap, &secrets, NULL);
	if (rc == 0) {
		remember_put(login_remember(x->login), &owner, x->name, x->password, now, &secrets);
		renew_password(x, owner.credential, &secrets);
		verified(x, &secrets);
	} else if (rc == ERR_DENIED) {
		remember_put(login_remember(x->login), &owner, x->name, x->password, now, NULL);
		exchange_failed(x, AUTH_BAD_CREDENTIALS, !x->known ? "unknown name" : owner.credential == 0 ? no_password : "wrong password");
	} else {
		exchange_failed(x, AUTH_TEMPORARY, "the wrap cannot be used");
	}
}

/*
 * The password's own salt and cost; for unknown names (and accounts without password) as much work with a salt nobody has. An account with a
 * second factor has no password here: a right one and a wrong one cost the same, say the same, and count the same.
 */
static int load_credential(struct exchange *x)
{
	int barred = x->known ? auth_factors_bar_password(login_directory(x->login), &x->account, login_host(x->login)->now(login_host(x->login)->arg)) : 0;
	if (barred < 0)
		return barred;
	int rc = x->known && barred == 0 ? directory_credential_password(login_directory(x->login), x->account.id, &x->arena, &x->credential) : ERR_NOT_FOUND;
	if (rc != ERR_NOT_FOUND)
		return rc;
	if (x->known && barred == 0)
		(void)directory_imported_get(login_directory(x->login), x->account.id, &x->arena, &x->imported);
	uint8_t fake[HASH_SIZE];
	hash_keyed(x->name, directory_lookup_key(login_directory(x->login)), fake);
	x->credential = (struct credential){.cost = login_cost(x->login)};
	memcpy(x->credential.salt, fake, sizeof x->credential.salt);
	return 0;
}

/* ---- a password of another system (auth/imported.h) ---- */

static void upgraded(void *arg, int rc, uint32_t credential)
{
	struct exchange *x = arg;
	struct secrets secrets = x->secrets; /* the exchange may be over before they are given back */
	x->secrets = SECRETS_NONE;
	if (rc == 0) {
		exchange_verified(x, &secrets, credential, SLICE_NONE);
		return;
	}
	secrets_free(&secrets);
	exchange_failed(x, AUTH_TEMPORARY, "the imported password could not be taken over");
}

static void opened_managed(void *arg, int rc, struct secrets *secrets, uint32_t credential)
{
	struct exchange *x = arg;
	if (rc != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the secrets of an imported account cannot be opened");
		return;
	}
	x->secrets = *secrets;
	*secrets = SECRETS_NONE;
	imported_upgrade(login_directory(x->login), login_keks(x->login), &x->account, login_cost(x->login), x->password,
		login_scram_passwords(x->login), &x->secrets, moment_unix(login_host(x->login)->now(login_host(x->login)->arg)), upgraded, x);
}

static void got_verdict(void *arg, int rc, const struct kek_result *result)
{
	struct exchange *x = arg;
	struct wrap_owner owner = password_owner(x);
	if (rc == 0) {
		managed_open(login_directory(x->login), login_host(x->login), x->account.id, 0, opened_managed, x);
		return;
	}
	if (rc == ERR_DENIED)
		remember_put(login_remember(x->login), &owner, x->name, x->password, login_host(x->login)->now(login_host(x->login)->arg), NULL);
	exchange_failed(x, rc == ERR_DENIED ? AUTH_BAD_CREDENTIALS : AUTH_TEMPORARY, rc == ERR_DENIED ? "wrong password" : "password hashing is overloaded");
}

static void asked_ldap(void *arg, int rc, struct secrets *secrets, uint32_t credential, const char *why)
{
	struct exchange *x = arg;
	if (rc == 0)
		exchange_verified(x, secrets, credential, SLICE_NONE);
	else
		exchange_failed(x, rc == ERR_DENIED ? AUTH_BAD_CREDENTIALS : AUTH_TEMPORARY, why);
}

/* People of LDAP without a password of their own here. Nothing is remembered: who is disabled there is out at the next try. */
static bool try_ldap(struct exchange *x)
{
	struct auth_ldap *ldap = login_ldap(x->login);
	struct credential own;
	if (ldap == NULL || !x->known || !auth_ldap_owns(ldap, x->account.id)
	    || auth_factors_bar_password(login_directory(x->login), &x->account, login_host(x->login)->now(login_host(x->login)->arg)) != 0
	    || directory_credential_password(login_directory(x->login), x->account.id, &x->arena, &own) != ERR_NOT_FOUND)
		return false;
	auth_ldap_verify(ldap, x->account.id, x->name, x->password, asked_ldap, x);
	return true;
}

static void try_password(struct exchange *x)
{
	struct secrets secrets = SECRETS_NONE;
	if (load_credential(x) != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
		return;
	}
	struct wrap_owner owner = password_owner(x);
	struct moment now = login_host(x->login)->now(login_host(x->login)->arg);
	switch (remember_find(login_remember(x->login), &owner, x->name, x->password, now, &secrets)) {
	case REMEMBERED_RIGHT:
		verified(x, &secrets);
		return;
	case REMEMBERED_WRONG:
		exchange_failed(x, AUTH_BAD_CREDENTIALS, !x->known ? "unknown name again" : owner.credential == 0 ? no_password : "wrong password again");
		return;
	case REMEMBERED_NOT:
		break;
	}
	if (x->imported.n > 0) {
		kek_start(login_keks(x->login), &(struct kek_request){.foreign = x->imported, .password = x->password}, got_verdict, x);
		return;
	}
	struct kek_request request = {.owner = owner, .cost = x->credential.cost, .password = x->password};
	memcpy(request.salt, x->credential.salt, sizeof request.salt);
	kek_start(login_keks(x->login), &request, got_kek, x);
}

static void plain_step(struct exchange *x, struct slice data)
{
	struct plain plain;
	if (data.n == 0 && x->steps == 0) {
		exchange_challenge(x, SLICE_NONE); /* the client sends its message in answer to an empty challenge (RFC 4954 4) */
		return;
	}
	if (plain_parse(data, &plain) != 0) {
		exchange_failed(x, AUTH_INVALID, "malformed message");
		return;
	}
	x->password = arena_dup(&x->arena, plain.password);
	if (exchange_identify(x, plain.name) != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
		return;
	}
	if (!exchange_allowed(x))
		return;
	/* Whose mailbox it is about (RFC 4616 2); whether that is allowed shows after the proof. */
	if (plain.authzid.n > 0 && !slice_eq_nocase(plain.authzid, plain.name))
		x->owner = arena_dup(&x->arena, plain.authzid);
	if (!try_app_password(x) && !try_ldap(x))
		try_password(x);
}

const struct mechanism mechanism_plain = {"PLAIN", plain_step};
