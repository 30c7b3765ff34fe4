#include "auth/external_new.h"

#include <string.h>

#include "auth/directory_sso.h"
#include "auth/managed.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define NAME_MAX_BYTES 200

struct making {
	struct directory *d;
	const struct auth_host *host;
	const struct jwt_claims *claims;
	struct arena arena;
	struct account account;
	struct wrap_owner owner;
	external_new_fn *fn;
	void *arg;
};

static int64_t now_of(const struct making *m)
{
	return moment_unix(m->host->now(m->host->arg));
}

static void done(struct making *m, int rc)
{
	if (rc == 0 && m->host->record != NULL) {
		m->host->record(m->host->arg, EV_ACCOUNT_ADDED, (const struct log_field[]){LOG_STR("actor", "identity provider"), LOG_TEXT("address",
			m->account.address), LOG_END});
		m->host->record(m->host->arg, EV_IDENTITY_LINKED, (const struct log_field[]){LOG_TEXT("address", m->account.address), LOG_TEXT("name",
			m->claims->issuer), LOG_TEXT("id", m->claims->subject), LOG_END});
	}
	m->fn(m->arg, rc, rc == 0 ? m->account.id : NULL);
	arena_free(&m->arena);
	memory_free(m);
}

static int add_in_change(struct making *m, const uint8_t *kek, const struct secrets *secrets)
{
	struct directory_identity i = {.issuer = m->claims->issuer, .subject = m->claims->subject, .email = m->account.address, .created = now_of(m)};
	int rc = directory_account_add(m->d, &m->account, NULL);
	memcpy(i.account, m->account.id, sizeof i.account);
	if (rc == 0)
		rc = managed_add(m->d, &m->owner, kek, SLICE_NONE, secrets, now_of(m), NULL);
	return rc == 0 ? directory_identity_add(m->d, &i, NULL) : rc;
}

static void got_kek(void *arg, int rc, const uint8_t *kek)
{
	struct making *m = arg;
	struct secrets secrets = SECRETS_NONE;
	uint8_t secret_key[32];
	if (rc == 0)
		rc = secrets_add(&secrets, 1, NULL);
	if (rc == 0) {
		m->account.generation = secrets_newest(&secrets)->generation;
		secrets_pair(secrets_newest(&secrets), m->account.public_key, secret_key);
		secret_wipe(secret_key, sizeof secret_key);
		rc = directory_begin(m->d, NULL);
	}
	if (rc == 0)
		rc = add_in_change(m, kek, &secrets);
	if (rc == 0)
		rc = directory_commit(m->d, NULL);
	directory_rollback(m->d);
	secrets_free(&secrets);
	done(m, rc);
}

/*
 * Names that speak for a domain (RFC 2142, and those by which certificates are proven: CA/Browser Forum 3.2.2.4.4): a person says to whom they go, and not the
 * name that somebody has at a provider.
 */
static bool is_office(struct slice local)
{
	static const char *const names[] = {"postmaster", "abuse", "hostmaster", "webmaster", "admin", "administrator", "root", "mailer-daemon", "security", "noc",
		"ssladmin", "sysadmin", "info", "support", "www", "ftp", "usenet", "news", "uucp", "noreply", "no-reply"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_nocase(local, slice_str(names[i])))
			return true;
	return false;
}

/* One of our domains, with mailboxes of its own, and a name that nobody has. */
static int may_be(struct making *m, struct address *ret)
{
	struct directory_domain domain;
	struct directory_address found;
	if (address_parse(m->claims->email, &m->arena, ret) != 0 || !address_local_usable(ret->local) || is_office(ret->local))
		return ERR_NOT_FOUND;
	int rc = directory_domain_get(m->d, ret->domain, &m->arena, &domain);
	if (rc == 0 && domain.relay.host.n > 0)
		rc = ERR_NOT_FOUND;
	if (rc != 0)
		return rc;
	rc = directory_address_get(m->d, ret->local, ret->domain, &m->arena, &found);
	return rc == 0 ? ERR_EXISTS : rc == ERR_NOT_FOUND ? 0 : rc;
}

static int take_number(struct making *m)
{
	int rc = directory_begin(m->d, NULL);
	if (rc == 0)
		rc = directory_credential_number(m->d, &m->owner.credential, NULL);
	if (rc == 0)
		rc = directory_commit(m->d, NULL);
	directory_rollback(m->d);
	return rc;
}

void external_new(struct directory *d, const struct auth_host *host, const struct jwt_claims *claims, external_new_fn *fn, void *arg)
{
	struct address a;
	struct making *m = memory_alloc(sizeof *m);
	*m = (struct making){.d = d, .host = host, .claims = claims, .fn = fn, .arg = arg};
	int rc = may_be(m, &a);
	if (rc == 0) {
		m->account = (struct account){.address = address_text(&a, &m->arena), .name = slice_sub(claims->name, 0, NAME_MAX_BYTES),
			.department = slice_sub(claims->department, 0, NAME_MAX_BYTES), .state = ACCOUNT_ACTIVE, .role = AUTH_ROLE_USER,
			.flags = ACCOUNT_MANAGED, .created = now_of(m)};
		random_bytes(m->account.id, sizeof m->account.id);
		random_bytes(m->account.scram_salt, sizeof m->account.scram_salt);
		m->owner = (struct wrap_owner){.kind = WRAP_MANAGED};
		memcpy(m->owner.account, m->account.id, sizeof m->owner.account);
		rc = take_number(m);
	}
	if (rc == 0)
		managed_kek(host, &m->owner, got_kek, m);
	else
		done(m, rc);
}
