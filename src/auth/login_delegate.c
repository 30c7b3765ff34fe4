/* Signing in for somebody else: SASL authorization identity (RFC 4616 2), or the name "owner*delegate" for clients that have no field for it. */
#include <string.h>

#include "auth/delegation.h"
#include "auth/mechanism.h"

struct slice exchange_split_name(struct exchange *x, struct slice name)
{
	/* An address has one "@" outside of quotes: with one on both sides the star is no part of a local part. */
	ptrdiff_t star = slice_rfind(name, '*');
	struct slice owner = star > 0 ? slice_sub(name, 0, (size_t)star) : SLICE_NONE, delegate = slice_from(name, (size_t)(star + 1));
	if (owner.n == 0 || slice_find(owner, '@') < 0 || slice_find(delegate, '@') < 0)
		return name;
	x->owner = arena_dup(&x->arena, slice_sub(owner, 0, AUTH_LOGIN_MAX));
	return delegate;
}

static int load_owner(struct exchange *x, struct account *ret)
{
	struct address a;
	struct directory_address found;
	if (address_parse(x->owner, &x->arena, &a) != 0)
		return ERR_NOT_FOUND;
	int rc = directory_address_get(login_directory(x->login), a.local, a.domain, &x->arena, &found);
	if (rc == 0 && found.kind != ADDRESS_ACCOUNT)
		rc = ERR_NOT_FOUND;
	return rc == 0 ? directory_account_get(login_directory(x->login), found.account, &x->arena, ret) : rc;
}

/* POP3 gives whole letters only; IMAP can tell a text from an attachment. */
static auth_rights needed(enum auth_protocol protocol)
{
	if (protocol == AUTH_PROTOCOL_SUBMISSION)
		return AUTH_BIT(AUTH_MAIL_SEND);
	return AUTH_BIT(AUTH_MAIL_VIEW) | (protocol == AUTH_PROTOCOL_POP3 ? AUTH_BIT(AUTH_MAIL_DOWNLOAD) : 0);
}

static void record(struct exchange *x, const struct account *owner)
{
	const struct auth_host *host = login_host(x->login);
	if (host->record != NULL)
		host->record(host->arg, EV_ACCESS_OPENED, (const struct log_field[]){LOG_TEXT("ip", x->address), LOG_TEXT("actor", x->account.address),
			LOG_TEXT("owner", owner->address), LOG_STR("right", x->protocol == AUTH_PROTOCOL_SUBMISSION ? "mail.send" : "mail.view"), LOG_END});
}

int exchange_act_for_owner(struct exchange *x, struct secrets *secrets)
{
	const struct auth_host *host = login_host(x->login);
	struct account owner;
	struct delegation g;
	struct secrets opened = SECRETS_NONE;
	auth_rights rights = 0;
	int rc = load_owner(x, &owner);
	if (rc == 0 && memcmp(owner.id, x->account.id, 16) == 0)
		return 0;
	if (rc == 0)
		rc = delegation_rights(login_directory(x->login), &owner, &x->account, moment_unix(host->now(host->arg)), &rights);
	if (rc == 0 && (needed(x->protocol) & ~rights) != 0)
		rc = ERR_DENIED;
	if (rc == 0)
		rc = delegation_find(login_directory(x->login), owner.id, x->account.id, &x->arena, &g);
	if (rc == 0)
		rc = delegation_open(&g, secrets, &opened, NULL);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? ERR_DENIED : rc;
	record(x, &owner);
	x->actor = x->account.address;
	x->rights = rights;
	memcpy(x->delegate, x->account.id, sizeof x->delegate);
	x->proof = x->used_credential;
	x->account = owner;
	x->used_credential = g.credential;
	secrets_free(secrets);
	*secrets = opened;
	return 0;
}
