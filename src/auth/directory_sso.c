#include "auth/directory_sso.h"

#include <string.h>

#include "auth/directory_sql.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* The row of a look-up: 0, ERR_NOT_FOUND or an error. */
static int one(int rc)
{
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

/* ---- clients ---- */

static void read_client(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct oauth_client *ret = into;
	ret->id = sql_get(s, 0, arena);
	ret->name = sql_get(s, 1, arena);
	ret->redirects = sql_get(s, 2, arena);
	ret->scope = sql_get(s, 3, arena);
	ret->device = sqlite3_column_int(s, 4) != 0;
}

int directory_oauth_client_add(struct directory *d, const struct oauth_client *c, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_CLIENT_ADD);
	sql_text(s, 1, c->id);
	sql_text(s, 2, c->name);
	sql_text(s, 3, c->redirects);
	sql_text(s, 4, c->scope);
	sql_int(s, 5, c->device);
	sql_int(s, 6, now);
	return sql_run(d, s, err);
}

int directory_oauth_client_get(struct directory *d, struct slice id, struct arena *arena, struct oauth_client *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_CLIENT_GET);
	sql_text(s, 1, id);
	return sql_one(s, read_client, arena, ret);
}

int directory_oauth_client_list(struct directory *d, struct slice after, struct arena *arena, struct oauth_client *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_CLIENT_LIST);
	sql_text(s, 1, after);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_client, arena, ret, sizeof *ret);
}

int directory_oauth_client_remove(struct directory *d, struct slice id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_CLIENT_REMOVE);
	sql_text(s, 1, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

/* ---- grants ---- */

static void read_grant(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_oauth *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->client = sql_get(s, 2, arena);
	ret->scope = sql_get(s, 3, arena);
	ret->proven = (unsigned)sqlite3_column_int(s, 4);
	ret->created = sqlite3_column_int64(s, 5);
}

int directory_oauth_add(struct directory *d, const struct directory_oauth *g, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_GRANT_ADD);
	sql_int(s, 1, g->id);
	sql_blob(s, 2, g->account, sizeof g->account);
	sql_text(s, 3, g->client);
	sql_text(s, 4, g->scope);
	sql_int(s, 5, g->proven);
	sql_int(s, 6, g->created);
	return sql_run(d, s, err);
}

static int get_grant(struct directory *d, enum directory_query query, uint32_t id, struct arena *arena, struct directory_oauth *ret)
{
	sqlite3_stmt *s = sql_query(d, query);
	sql_int(s, 1, id);
	return sql_one(s, read_grant, arena, ret);
}

int directory_oauth_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_oauth *ret)
{
	return get_grant(d, Q_OAUTH_GRANT_GET, id, arena, ret);
}

int directory_oauth_of_session(struct directory *d, uint32_t session, struct arena *arena, struct directory_oauth *ret)
{
	return get_grant(d, Q_OAUTH_GRANT_OF_SESSION, session, arena, ret);
}

static int list_grants(struct directory *d, sqlite3_stmt *s, struct arena *arena, struct directory_oauth *ret, size_t max)
{
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_grant, arena, ret, sizeof *ret);
}

int directory_oauth_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_oauth *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_GRANT_LIST);
	sql_blob(s, 1, account, 16);
	return list_grants(d, s, arena, ret, max);
}

int directory_oauth_of_client(struct directory *d, struct slice client, struct arena *arena, struct directory_oauth *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_GRANT_OF_CLIENT);
	sql_text(s, 1, client);
	return list_grants(d, s, arena, ret, max);
}

int directory_oauth_bind(struct directory *d, uint32_t id, uint32_t session, struct slice scope, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_SESSION_BIND);
	sql_int(s, 1, session);
	sql_int(s, 2, id);
	sql_text(s, 3, scope);
	return sql_run(d, s, err);
}

int directory_oauth_drop_tokens(struct directory *d, uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_SESSION_DROP);
	sql_int(s, 1, id);
	return sql_run(d, s, err);
}

int directory_oauth_remove(struct directory *d, uint32_t id, struct error *err)
{
	int rc = directory_oauth_drop_tokens(d, id, err);
	if (rc != 0)
		return rc;
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_GRANT_REMOVE);
	sql_int(s, 1, id);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

static void spent_lookup(struct directory *d, struct slice token, uint8_t ret[HASH_SIZE])
{
	uint8_t key[HASH_KEY_SIZE];
	hash_hkdf(slice_make(directory_lookup_key(d), 32), SLICE_NONE, "spent refresh token", SLICE_NONE, key, sizeof key);
	hash_keyed(token, key, ret);
	secret_wipe(key, sizeof key);
}

int directory_oauth_spend(struct directory *d, struct slice token, uint32_t id, int64_t ends, struct error *err)
{
	uint8_t lookup[HASH_SIZE];
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_SPENT_ADD);
	spent_lookup(d, token, lookup);
	sql_blob(s, 1, lookup, sizeof lookup);
	sql_int(s, 2, id);
	sql_int(s, 3, ends);
	return sql_run(d, s, err);
}

int directory_oauth_spent(struct directory *d, struct slice token, uint32_t *ret_id)
{
	uint8_t lookup[HASH_SIZE];
	sqlite3_stmt *s = sql_query(d, Q_OAUTH_SPENT_FIND);
	spent_lookup(d, token, lookup);
	sql_blob(s, 1, lookup, sizeof lookup);
	int rc = sql_step(s);
	if (rc == 1)
		*ret_id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_done(s);
	return one(rc);
}

void directory_oauth_expire(struct directory *d, int64_t now)
{
	static const enum directory_query queries[] = {Q_OAUTH_SPENT_EXPIRE, Q_OAUTH_GRANT_EXPIRE};
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		sqlite3_stmt *s = sql_query(d, queries[i]);
		sql_int(s, 1, now);
		(void)sql_run(d, s, NULL); /* what stays is removed the next time */
	}
}

/* ---- identities ---- */

static void read_identity(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_identity *ret = into;
	ret->issuer = sql_get(s, 0, arena);
	ret->subject = sql_get(s, 1, arena);
	sql_get_fixed(s, 2, ret->account, sizeof ret->account);
	ret->email = sql_get(s, 3, arena);
	ret->created = sqlite3_column_int64(s, 4);
}

int directory_identity_add(struct directory *d, const struct directory_identity *i, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_IDENTITY_ADD);
	sql_text(s, 1, i->issuer);
	sql_text(s, 2, i->subject);
	sql_blob(s, 3, i->account, sizeof i->account);
	sql_text(s, 4, i->email);
	sql_int(s, 5, i->created);
	return sql_run(d, s, err);
}

int directory_identity_get(struct directory *d, struct slice issuer, struct slice subject, struct arena *arena,
	struct directory_identity *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_IDENTITY_GET);
	sql_text(s, 1, issuer);
	sql_text(s, 2, subject);
	return sql_one(s, read_identity, arena, ret);
}

int directory_identity_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_identity *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_IDENTITY_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_identity, arena, ret, sizeof *ret);
}

int directory_identity_remove(struct directory *d, const uint8_t account[16], struct slice issuer, struct slice subject, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_IDENTITY_REMOVE);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, issuer);
	sql_text(s, 3, subject);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

/* ---- certificates ---- */

static void read_certificate(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_certificate *ret = into;
	sql_get_fixed(s, 0, ret->fingerprint, sizeof ret->fingerprint);
	ret->credential = (uint32_t)sqlite3_column_int64(s, 1);
	sql_get_fixed(s, 2, ret->account, sizeof ret->account);
	ret->label = sql_get(s, 3, arena);
	ret->not_after = sqlite3_column_int64(s, 4);
	ret->created = sqlite3_column_int64(s, 5);
}

int directory_certificate_add(struct directory *d, const struct directory_certificate *c, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CERTIFICATE_ADD);
	sql_blob(s, 1, c->fingerprint, sizeof c->fingerprint);
	sql_int(s, 2, c->credential);
	sql_blob(s, 3, c->account, sizeof c->account);
	sql_text(s, 4, c->label);
	sql_int(s, 5, c->not_after);
	sql_int(s, 6, c->created);
	return sql_run(d, s, err);
}

int directory_certificate_get(struct directory *d, const uint8_t fingerprint[32], struct arena *arena, struct directory_certificate *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_CERTIFICATE_GET);
	sql_blob(s, 1, fingerprint, 32);
	return sql_one(s, read_certificate, arena, ret);
}

int directory_certificate_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_certificate *ret,
	size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_CERTIFICATE_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_certificate, arena, ret, sizeof *ret);
}

/* ---- LDAP ---- */

int directory_ldap_put(struct directory *d, struct slice key, const uint8_t account[16], struct slice dn, bool disabled_here, int64_t now,
	struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_PERSON_PUT);
	sql_blob(s, 1, key.p, key.n);
	sql_blob(s, 2, account, 16);
	sql_text(s, 3, dn);
	sql_int(s, 4, disabled_here);
	sql_int(s, 5, now);
	return sql_run(d, s, err);
}

static void read_known(sqlite3_stmt *s, struct arena *arena, struct ldap_known *ret)
{
	ret->key = sql_get(s, 0, arena);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->address = sql_get(s, 2, arena);
	ret->name = sql_get(s, 3, arena);
	ret->department = sql_get(s, 4, arena);
	ret->active = sqlite3_column_int(s, 5) == ACCOUNT_ACTIVE;
	ret->disabled_here = sqlite3_column_int(s, 6) != 0;
}

int directory_ldap_list(struct directory *d, struct arena *arena, struct ldap_known **ret)
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_PERSON_LIST);
	size_t count = 0, room = 0;
	struct ldap_known *all = NULL;
	int rc;
	sql_int(s, 1, LDAP_PEOPLE_MAX);
	while ((rc = sql_step(s)) == 1) {
		if (count == room) {
			room = room > 0 ? 2 * room : 256;
			all = memory_grow(all, room * sizeof *all);
		}
		read_known(s, arena, &all[count++]);
	}
	sql_done(s);
	*ret = arena_alloc_array(arena, count, sizeof **ret);
	if (count > 0)
		memcpy(*ret, all, count * sizeof *all);
	memory_free(all);
	return rc < 0 ? rc : (int)count;
}

int directory_ldap_find(struct directory *d, struct slice key, uint8_t ret_account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_PERSON_FIND);
	sql_blob(s, 1, key.p, key.n);
	int rc = sql_step(s);
	if (rc == 1)
		sql_get_fixed(s, 0, ret_account, 16);
	sql_done(s);
	return one(rc);
}

int directory_ldap_has(struct directory *d, const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_PERSON_OF);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

int directory_ldap_group_put(struct directory *d, struct slice key, const struct address *address, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_GROUP_PUT);
	sql_blob(s, 1, key.p, key.n);
	sql_text(s, 2, address->domain);
	sql_text(s, 3, address->local);
	return sql_run(d, s, err);
}

int directory_ldap_group_get(struct directory *d, struct slice key, struct arena *arena, struct address *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_LDAP_GROUP_GET);
	sql_blob(s, 1, key.p, key.n);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret = (struct address){.domain = sql_get(s, 0, arena)};
		ret->local = sql_get(s, 1, arena);
		ret->given = ret->local;
	}
	sql_done(s);
	return one(rc);
}

int directory_members_clear(struct directory *d, const struct address *group, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_MEMBERS_CLEAR);
	sql_text(s, 1, group->domain);
	sql_text(s, 2, group->local);
	return sql_run(d, s, err);
}
