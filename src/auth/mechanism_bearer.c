/* OAUTHBEARER (RFC 7628) and XOAUTH2: a token instead of a password. Our own tokens (auth/oauth.h), and those of a trusted issuer. */
#include <string.h>

#include "auth/external.h"
#include "auth/factors.h"
#include "auth/mechanism.h"
#include "auth/oauth.h"
#include "sso/bearer.h"

#define ANSWER_MAX 1000

static const struct {
	enum auth_protocol protocol;
	unsigned scope;
	const char *name;
} scopes[] = {
	{AUTH_PROTOCOL_SUBMISSION, OAUTH_SMTP, "smtp"}, {AUTH_PROTOCOL_IMAP, OAUTH_IMAP, "imap"}, {AUTH_PROTOCOL_POP3, OAUTH_POP, "pop"},
	{AUTH_PROTOCOL_SIEVE, OAUTH_SIEVE, "sieve"}, {AUTH_PROTOCOL_JMAP, OAUTH_IMAP | OAUTH_SMTP, "jmap"},
};

/* What a token must allow for this protocol; a protocol without row takes no tokens. */
static unsigned scope_of(enum auth_protocol protocol, const char **ret_name)
{
	for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
		if (scopes[i].protocol == protocol) {
			*ret_name = scopes[i].name;
			return scopes[i].scope;
		}
	*ret_name = "";
	return 0;
}

/* The reason in the form of the mechanism; the client takes note of it, then the exchange fails (RFC 7628 3.2.2, 3.2.3). */
static void refuse(struct exchange *x, const char *status, const char *reason)
{
	const char *scope;
	struct buf text = BUF_INIT(ANSWER_MAX), address = BUF_INIT(ANSWER_MAX);
	(void)scope_of(x->protocol, &scope);
	if (x->mechanism == &mechanism_xoauth2) {
		bearer_error_xoauth2(status, slice_str(scope), &text);
	} else {
		struct slice issuer = login_oauth_issuer(x->login);
		if (issuer.n > 0)
			buf_printf(&address, "%.*s/.well-known/oauth-authorization-server", SLICE_ARG(issuer));
		bearer_error(status, slice_str(scope), buf_slice(&address), &text);
	}
	exchange_refused(x, arena_dup(&x->arena, buf_slice(&text)), reason);
	buf_free(&text);
	buf_free(&address);
}

/* The account of the token must be the one that the client named, when it named one. */
static bool is_named(const struct exchange *x, const uint8_t account[16])
{
	return x->name.n == 0 || (x->known && memcmp(x->account.id, account, 16) == 0);
}

static int load(struct exchange *x, const uint8_t id[16])
{
	int rc = directory_account_get(login_directory(x->login), id, &x->arena, &x->account);
	x->known = rc == 0;
	if (rc == 0)
		x->name = x->account.address;
	return rc;
}

static void open_own(struct exchange *x, struct slice token, unsigned scope)
{
	struct secrets secrets = SECRETS_NONE;
	const struct auth_host *host = login_host(x->login);
	uint8_t account[16];
	uint32_t grant = 0;
	int rc = auth_oauth_open(login_directory(x->login), token, scope, moment_unix(host->now(host->arg)), account, &grant, &secrets);
	if (rc == 0 && !is_named(x, account))
		rc = ERR_CONFLICT;
	if (rc == 0)
		rc = load(x, account);
	else if (rc == ERR_NOT_FOUND) {
		refuse(x, "insufficient_scope", "the token is not for this protocol");
		return;
	}
	if (rc == 0) {
		exchange_verified(x, &secrets, grant, SLICE_NONE);
		return;
	}
	secrets_free(&secrets);
	if (rc == ERR_DENIED || rc == ERR_CONFLICT || rc == ERR_NOT_FOUND)
		refuse(x, "invalid_token", rc == ERR_CONFLICT ? "a token of another account" : "no such token, or it has ended");
	else
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
}

/* An issuer's word stands in for a second factor only where policy says so; nobody can be asked for one here. */
static bool lacks_factor(struct exchange *x, const struct external_result *result)
{
	const struct auth_host *host = login_host(x->login);
	return auth_factors_bar_password(login_directory(x->login), &x->account, host->now(host->arg)) != 0
	       && !external_second_factor(login_external(x->login), result->claims);
}

static void opened_external(void *arg, const struct external_result *result)
{
	struct exchange *x = arg;
	switch (result->status) {
	case EXTERNAL_OK:
		if (!is_named(x, result->account)) {
			secrets_free(result->secrets);
			refuse(x, "invalid_token", "a token of another account");
		} else if (load(x, result->account) != 0) {
			secrets_free(result->secrets);
			exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
		} else if (lacks_factor(x, result)) {
			secrets_free(result->secrets);
			refuse(x, "invalid_token", "the account has a second factor that this issuer is not trusted to have seen");
		} else {
			exchange_verified(x, result->secrets, result->credential, SLICE_NONE);
		}
		break;
	case EXTERNAL_REFUSED:
		refuse(x, "invalid_token", result->reason);
		break;
	case EXTERNAL_SCOPE:
		refuse(x, "insufficient_scope", result->reason);
		break;
	case EXTERNAL_TEMPORARY:
		exchange_failed(x, AUTH_TEMPORARY, result->reason);
		break;
	}
}

static void open_token(struct exchange *x, struct slice token)
{
	const char *name;
	unsigned scope = scope_of(x->protocol, &name);
	if (scope == 0)
		refuse(x, "insufficient_scope", "no tokens are taken for this protocol");
	else if (slice_starts(token, SLICE(SESSION_TOKEN_PREFIX)))
		open_own(x, token, scope);
	else if (login_external(x->login) != NULL && jwt_looks_like(token))
		external_open(login_external(x->login), token, name, opened_external, x);
	else
		refuse(x, "invalid_token", "a token of nobody we know");
}

static void first_message(struct exchange *x, struct slice data)
{
	struct bearer b;
	int rc = x->mechanism == &mechanism_xoauth2 ? bearer_parse_xoauth2(data, &x->arena, &b) : bearer_parse_oauth(data, &x->arena, &b);
	if (rc != 0) {
		exchange_failed(x, AUTH_INVALID, rc == ERR_UNSUPPORTED ? "channel binding is not possible with tokens" : "malformed message");
		return;
	}
	if (b.name.n > 0 && exchange_identify(x, b.name) != 0) {
		exchange_failed(x, AUTH_TEMPORARY, "the directory cannot be read");
		return;
	}
	if (exchange_allowed(x))
		open_token(x, b.token);
}

static void bearer_step(struct exchange *x, struct slice data)
{
	if (x->refused)
		exchange_ended(x, bearer_error_taken(data) ? AUTH_BAD_CREDENTIALS : AUTH_INVALID);
	else if (!login_takes_tokens(x->login))
		exchange_failed(x, AUTH_INVALID, "tokens are switched off (auth.oauth)");
	else if (data.n == 0 && x->steps == 0)
		exchange_challenge(x, SLICE_NONE);
	else
		first_message(x, data);
}

const struct mechanism mechanism_oauthbearer = {"OAUTHBEARER", bearer_step};
const struct mechanism mechanism_xoauth2 = {"XOAUTH2", bearer_step};
