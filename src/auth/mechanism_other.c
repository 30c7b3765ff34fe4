/*
 * Who signed in over JMAP opens the mailbox of somebody who gave him a delegation: no mechanism of SASL, asked by the shard that serves the
 * sign-in. What shows who he is are the account's own secrets, which that shard holds; they open the delegation, as after a sign-in as
 * "owner*delegate", and the same conditions hold.
 */
#include <string.h>

#include "auth/delegation.h"
#include "auth/directory_device.h"
#include "auth/mechanism.h"
#include "crypt/crypt.h"

static int64_t unix_now(const struct exchange *x)
{
	const struct auth_host *host = login_host(x->login);
	return moment_unix(host->now(host->arg));
}

/* Secrets that are not the account's would be taken for them in its escrow. */
static bool are_own(const struct exchange *x, const struct secrets *secrets)
{
	const struct secrets_generation *newest = secrets_newest(secrets);
	uint8_t public_key[32], secret_key[32];
	if (newest == NULL || newest->generation != x->account.generation)
		return false;
	secrets_pair(newest, public_key, secret_key);
	secret_wipe(secret_key, sizeof secret_key);
	return memcmp(public_key, x->account.public_key, sizeof public_key) == 0;
}

/* A session of the web is judged as such. 0, ERR_DENIED (it is locked), or the directory's. */
static int load_session(struct exchange *x, uint32_t credential)
{
	struct session *rows = arena_alloc_array(&x->arena, SESSIONS_MAX, sizeof *rows);
	int count = session_list(login_directory(x->login), x->account.id, SESSION_PERSON, &x->arena, rows, SESSIONS_MAX);
	for (int i = 0; i < count; i++)
		if (rows[i].id == credential)
			x->session = rows[i];
	return count < 0 ? count : x->session.locked ? ERR_DENIED : 0;
}

/* Asked before anything counts as a failed sign-in: a program may ask for what it was given once. */
static int find_delegation(struct exchange *x, const uint8_t owner_id[16])
{
	struct directory *d = login_directory(x->login);
	struct account owner;
	struct delegation g;
	auth_rights rights = 0;
	int rc = directory_account_get(d, owner_id, &x->arena, &owner);
	if (rc == 0)
		rc = delegation_find(d, owner.id, x->account.id, &x->arena, &g);
	if (rc == 0)
		rc = delegation_rights(d, &owner, &x->account, unix_now(x), &rights);
	if (rc == 0 && (rights & AUTH_BIT(AUTH_MAIL_VIEW)) == 0)
		rc = ERR_NOT_FOUND;
	x->owner = rc == 0 ? owner.address : SLICE_NONE;
	return rc;
}

static int load(struct exchange *x, const struct auth_other *other)
{
	int rc = directory_account_get(login_directory(x->login), other->account, &x->arena, &x->account);
	if (rc != 0)
		return rc;
	x->known = true;
	x->name = x->account.address;
	rc = directory_credential_lives(login_directory(x->login), other->account, other->credential, unix_now(x));
	if (rc == 0)
		rc = load_session(x, other->credential);
	return rc == 0 ? find_delegation(x, other->owner) : rc;
}

static void other_step(struct exchange *x, struct slice data)
{
	struct secrets secrets = SECRETS_NONE;
	const struct auth_other *other = x->other;
	int rc = other != NULL && x->protocol == AUTH_PROTOCOL_JMAP ? load(x, other) : ERR_INVALID;
	x->other = NULL;
	if (rc == 0 && (secrets_decode(data, &secrets, NULL) != 0 || !are_own(x, &secrets)))
		rc = ERR_DENIED;
	if (rc == 0)
		exchange_verified(x, &secrets, other->credential, SLICE_NONE);
	else if (rc == ERR_INVALID)
		exchange_failed(x, AUTH_INVALID, "only the shard of the sign-in asks so");
	else
		exchange_failed(x, rc == ERR_NOT_FOUND || rc == ERR_DENIED ? AUTH_DENIED : AUTH_TEMPORARY, "no delegation for this mailbox");
	secrets_free(&secrets);
}

const struct mechanism mechanism_other = {AUTH_MECHANISM_OTHER, other_step};
