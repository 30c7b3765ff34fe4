/*
 * EXTERNAL (RFC 4422 appendix A) with a client certificate. The edge has checked that it comes from an authority of ours or from auth.client_ca,
 * and that the client holds its key, in the handshake. One of ours must be good in the ledger, for that account and device; one of others, where
 * auth.client_ca says that there are any, must have been registered by the person (certificate.add), and name the account.
 */
#include <string.h>

#include "auth/authority.h"
#include "auth/directory_sso.h"
#include "auth/managed.h"
#include "auth/mechanism.h"
#include "crypt/certificate.h"

static void opened(void *arg, int rc, struct secrets *secrets, uint32_t credential)
{
	struct exchange *x = arg;
	if (rc == 0)
		exchange_verified(x, secrets, credential, SLICE_NONE);
	else if (rc == ERR_NOT_FOUND)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "the certificate was removed");
	else
		exchange_failed(x, AUTH_TEMPORARY, "the certificate's wrap cannot be opened");
}

static bool names_account(struct exchange *x, const struct slice *addresses, size_t count)
{
	struct address a;
	for (size_t i = 0; i < count; i++)
		if (address_parse(addresses[i], &x->arena, &a) == 0 && slice_eq(address_text(&a, &x->arena), x->account.address))
			return true;
	return false;
}

static const char *problem_of_others(struct exchange *x, const struct certificate *c, const struct slice *addresses)
{
	if (!login_takes_certificates(x->login))
		return "the certificate is not of our authority, and no other is trusted";
	return names_account(x, addresses, c->address_count) ? NULL : "the certificate names another address";
}

static const char *problem_of_issuer(struct exchange *x, const struct certificate *c, const struct slice *addresses,
	const struct directory_certificate *known, int64_t now)
{
	struct issued row;
	int rc = directory_issued_find(login_directory(x->login), c->fingerprint, &x->arena, &row);
	if (rc == ERR_NOT_FOUND)
		return problem_of_others(x, c, addresses);
	return rc == 0 ? authority_problem(login_directory(x->login), &row, known->account, known->credential, now) : "the ledger cannot be read";
}

/* NULL: it may sign in. */
static const char *problem(struct exchange *x, struct slice asked, const struct certificate *c, const struct slice *addresses,
	const struct directory_certificate *known)
{
	int64_t now = moment_unix(login_host(x->login)->now(login_host(x->login)->arg));
	struct address a;
	if (now < c->not_before || now >= c->not_after || now >= known->not_after)
		return "the certificate has expired or is not yet valid";
	if (asked.n > 0 && (address_parse(asked, &x->arena, &a) != 0 || !slice_eq(address_text(&a, &x->arena), x->account.address)))
		return "the certificate belongs to another account";
	return problem_of_issuer(x, c, addresses, known, now);
}

static void verify(struct exchange *x, struct slice asked)
{
	struct certificate c;
	struct slice addresses[CERTIFICATE_ADDRESSES_MAX];
	struct directory_certificate known;
	struct directory *d = login_directory(x->login);
	if (!slice_eq(x->binding_type, SLICE("certificate")) || certificate_read(x->binding, &x->arena, &c, addresses, NULL) != 0) {
		exchange_failed(x, AUTH_BAD_CREDENTIALS, "no certificate");
		return;
	}
	x->name = c.address_count > 0 ? addresses[0] : SLICE("certificate");
	if (!exchange_allowed(x))
		return;
	int rc = directory_certificate_get(d, c.fingerprint, &x->arena, &known);
	if (rc == 0)
		rc = directory_account_get(d, known.account, &x->arena, &x->account);
	if (rc != 0) {
		exchange_failed(x, rc == ERR_NOT_FOUND ? AUTH_BAD_CREDENTIALS : AUTH_TEMPORARY, "the certificate is not registered");
		return;
	}
	x->known = true;
	x->name = x->account.address;
	const char *why = problem(x, asked, &c, addresses, &known);
	if (why != NULL)
		exchange_failed(x, AUTH_BAD_CREDENTIALS, why);
	else
		managed_open(d, login_host(x->login), x->account.id, known.credential, opened, x);
}

/* The message is an authorization identity; empty: the certificate's own (RFC 4422 A). */
static void external_step(struct exchange *x, struct slice data)
{
	if (data.n > AUTH_LOGIN_MAX || slice_find(data, 0) >= 0)
		exchange_failed(x, AUTH_INVALID, "malformed message");
	else
		verify(x, data);
}

const struct mechanism mechanism_external = {"EXTERNAL", external_step};
