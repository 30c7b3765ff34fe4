/*
 * The session of a browser (docs/web-signin.md) opens its person's mailbox: one message, the token of the cookie. No mechanism of SASL;
 * only the role web asks, for the protocol that it alone speaks. What the sign-in was asked is not asked again, but what policy says of
 * the session is.
 */
#include <string.h>

#include "auth/factors.h"
#include "auth/mechanism.h"

static struct moment now_of(const struct exchange *x)
{
	const struct auth_host *host = login_host(x->login);
	return host->now(host->arg);
}

/* What has to be done first: the web's pages lead through it. 0, ERR_DENIED, or the directory's. */
static int check_first(struct exchange *x)
{
	struct directory *d = login_directory(x->login);
	struct credential password;
	unsigned kinds = 0;
	bool enforced = false, in_grace = false;
	if ((x->account.flags & ACCOUNT_PROVISIONAL) != 0)
		return ERR_DENIED;
	int rc = directory_credential_password(d, x->account.id, &x->arena, &password);
	if (rc == 0 && login_password_expired(x->login, &password))
		return ERR_DENIED;
	if (rc != 0 && rc != ERR_NOT_FOUND)
		return rc;
	rc = auth_factors_needed(d, &x->account, now_of(x), &kinds, &enforced, &in_grace);
	if (rc != 0)
		return rc;
	if (kinds != 0)
		return (x->session.proven & AUTH_PROVEN_SECOND) != 0 ? 0 : ERR_DENIED;
	return enforced && !in_grace ? ERR_DENIED : 0;
}

static int load(struct exchange *x, struct slice token)
{
	struct directory *d = login_directory(x->login);
	int rc = session_find_locked(d, token, moment_unix(now_of(x)), &x->arena, &x->session);
	if (rc == 0 && (x->session.kind != SESSION_PERSON || !x->session.web))
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = directory_account_get(d, x->session.account, &x->arena, &x->account);
	if (rc != 0)
		return rc == ERR_DENIED ? ERR_NOT_FOUND : rc;
	x->known = true;
	x->name = x->account.address;
	return 0;
}

static void open_session(struct exchange *x, struct slice token)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	if (session_open(&x->session, token, &secrets, &err) != 0) {
		exchange_failed(x, AUTH_EXPIRED, "the session does not open");
		return;
	}
	session_used(login_directory(x->login), &x->session, x->address, SLICE_NONE, moment_unix(now_of(x)));
	exchange_verified(x, &secrets, x->session.id, SLICE_NONE);
}

static void session_step(struct exchange *x, struct slice data)
{
	int rc = x->protocol == AUTH_PROTOCOL_JMAP ? load(x, data) : ERR_INVALID;
	if (rc == ERR_INVALID)
		exchange_failed(x, AUTH_INVALID, "sessions are for the web");
	else if (rc == ERR_NOT_FOUND)
		exchange_failed(x, AUTH_EXPIRED, "no such session, or it has ended");
	else if (rc == 0 && x->session.locked)
		exchange_failed(x, AUTH_REFUSED, "the session is locked");
	else if (rc == 0 && (rc = check_first(x)) == ERR_DENIED)
		exchange_failed(x, AUTH_DENIED, "something has to be done first");
	else if (rc != 0)
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
	else
		open_session(x, data);
}

const struct mechanism mechanism_session = {AUTH_MECHANISM_SESSION, session_step};
