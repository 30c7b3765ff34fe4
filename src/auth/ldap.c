/* Passwords of LDAP people. Taking people over: ldap_sync.c. */
#include "auth/ldap_private.h"

#include <string.h>

#include "auth/managed.h"
#include "base/log.h"
#include "base/memory.h"

struct auth_ldap *auth_ldap_create(struct directory *d, const struct auth_host *auth, const struct ldap_host *ldap)
{
	struct auth_ldap *l = memory_alloc(sizeof *l);
	l->directory = d;
	l->auth = auth;
	l->host = *ldap;
	return l;
}

void auth_ldap_configure(struct auth_ldap *l, const struct auth_ldap_settings *settings)
{
	l->settings = *settings;
}

void auth_ldap_destroy(struct auth_ldap **l)
{
	MEMORY_FREE(l);
}

bool auth_ldap_owns(struct auth_ldap *l, const uint8_t account[16])
{
	return l->settings.used && directory_ldap_has(l->directory, account) == 1;
}

int64_t ldap_unix(const struct auth_ldap *l)
{
	return moment_unix(l->auth->now(l->auth->arg));
}

void ldap_record_event(struct auth_ldap *l, enum log_event event, const struct log_field *fields)
{
	if (l->auth->record != NULL)
		l->auth->record(l->auth->arg, event, fields);
}

int ldap_set_state(struct auth_ldap *l, const uint8_t account[16], struct slice key, struct slice dn, bool active, const char *why)
{
	struct arena arena = ARENA_INIT;
	struct account a;
	int rc = directory_begin(l->directory, NULL);
	if (rc == 0)
		rc = directory_account_get(l->directory, account, &arena, &a);
	a.state = active ? ACCOUNT_ACTIVE : ACCOUNT_DISABLED;
	if (rc == 0)
		rc = directory_account_update(l->directory, &a, NULL);
	if (rc == 0)
		rc = directory_ldap_put(l->directory, key, account, dn, !active, ldap_unix(l), NULL);
	if (rc == 0)
		rc = directory_commit(l->directory, NULL);
	directory_rollback(l->directory);
	if (rc == 0 && !active)
		l->auth->revoke(l->auth->arg, account, 0);
	if (rc == 0)
		ldap_record_event(l, active ? EV_ACCOUNT_ENABLED : EV_ACCOUNT_DISABLED, (const struct log_field[]){LOG_STR("actor", "ldap"),
			LOG_TEXT("address", a.address), active ? LOG_END : LOG_STR("why", why), LOG_END});
	arena_free(&arena);
	return rc;
}

/* ---- a password ---- */

struct verification {
	struct auth_ldap *l;
	uint8_t account[16];
	auth_ldap_fn *fn;
	void *arg;
};

static void finish(struct verification *v, int rc, struct secrets *secrets, uint32_t credential, const char *why)
{
	v->fn(v->arg, rc, rc == 0 ? secrets : NULL, credential, why);
	memory_free(v);
}

static void opened(void *arg, int rc, struct secrets *secrets, uint32_t credential)
{
	finish(arg, rc == 0 ? 0 : rc == ERR_NOT_FOUND ? ERR_DENIED : ERR_TEMPORARY, secrets, credential,
	       rc == ERR_NOT_FOUND ? "the account's secrets are not managed" : "key does not answer");
}

/* The person that LDAP found must be the one whose account was named. */
static bool is_person(struct verification *v, const struct ldap_record *r)
{
	uint8_t account[16];
	return directory_ldap_find(v->l->directory, r->key, account) == 0 && memcmp(account, v->account, sizeof account) == 0;
}

static void verified(void *arg, enum ldap_verdict verdict, struct slice record, struct slice why)
{
	struct verification *v = arg;
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	bool person = (verdict == LDAP_RIGHT || verdict == LDAP_DISABLED) && ldap_record_read(&record, &arena, &r) == 0 && is_person(v, &r);
	if (person && verdict == LDAP_DISABLED)
		(void)ldap_set_state(v->l, v->account, r.key, r.dn, false, "disabled in LDAP");
	arena_free(&arena);
	if (verdict == LDAP_LATER)
		finish(v, ERR_TEMPORARY, NULL, 0, "LDAP does not answer");
	else if (verdict == LDAP_RIGHT && person)
		managed_open(v->l->directory, v->l->auth, v->account, 0, opened, v);
	else
		finish(v, ERR_DENIED, NULL, 0, verdict == LDAP_WRONG ? "wrong password, or not permitted by LDAP" : verdict == LDAP_DISABLED
			? "disabled in LDAP" : "LDAP knows that name as somebody else");
}

void auth_ldap_verify(struct auth_ldap *l, const uint8_t account[16], struct slice name, struct slice password, auth_ldap_fn *fn, void *arg)
{
	struct verification *v = memory_alloc(sizeof *v);
	*v = (struct verification){.l = l, .fn = fn, .arg = arg};
	memcpy(v->account, account, sizeof v->account);
	if (password.n == 0)
		finish(v, ERR_DENIED, NULL, 0, "no password");
	else
		l->host.verify(l->host.arg, name, password, verified, v);
}
