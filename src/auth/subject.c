#include "auth/subject.h"

#include <string.h>

#include "auth/directory_role.h"
#include "auth/directory_sql.h"
#include "base/memory.h"

static int add_stored_grants(struct directory *d, const uint8_t account[16], int64_t now, struct arena *arena, struct auth_grant *ret, size_t *count)
{
	struct directory_grant *rows = arena_alloc_array(arena, AUTH_GRANTS_MAX, sizeof *rows);
	int found = directory_grants_of(d, account, GRANT_ACTIVE, arena, rows, AUTH_GRANTS_MAX - AUTH_PRIMARY_GRANTS);
	for (int i = 0; i < found; i++) {
		struct auth_grant g = {.id = rows[i].id, .role = rows[i].role, .scope = rows[i].scope, .value = rows[i].value,
			.starts = rows[i].starts, .ends = rows[i].ends};
		int rc = directory_role_rights(d, rows[i].role, &g.rights);
		if (rc != 0 && rc != ERR_NOT_FOUND)
			return rc;
		/* What could not have been granted is not granted, whoever wrote the row. */
		if (rc == 0 && auth_scope_fits(g.rights, g.scope) && (g.ends == 0 || g.ends > now))
			ret[(*count)++] = g;
	}
	return found < 0 ? found : 0;
}

static int load_grants(struct directory *d, const struct account *account, int64_t now, struct arena *arena, struct auth_subject *ret)
{
	struct auth_grant *grants = arena_alloc_array(arena, AUTH_GRANTS_MAX, sizeof *grants);
	size_t count = auth_primary_grants(account->role, account->department, grants);
	int rc = add_stored_grants(d, account->id, now, arena, grants, &count);
	ret->grants = grants;
	ret->grant_count = count;
	return rc;
}

int auth_subject_of(struct directory *d, const struct account *account, int64_t now, struct arena *arena, struct auth_subject *ret)
{
	*ret = (struct auth_subject){.kind = AUTH_PERSON, .name = account->address, .department = account->department,
		.domain = address_domain_of(account->address), .role = account->role, .restriction = account->restriction,
		.proven = AUTH_PROVEN_PASSWORD | AUTH_PROVEN_TOTP,
		.allowed = ~UINT64_C(0), .stepped_up = now};
	memcpy(ret->account, account->id, sizeof ret->account);
	return load_grants(d, account, now, arena, ret);
}

int auth_rights_of(struct directory *d, const struct account *account, int64_t now, auth_rights *ret)
{
	struct arena arena = ARENA_INIT;
	struct auth_subject subject;
	int rc = auth_subject_of(d, account, now, &arena, &subject);
	*ret = 0;
	for (size_t i = 0; rc == 0 && i < subject.grant_count; i++)
		*ret |= subject.grants[i].rights;
	arena_free(&arena);
	return rc;
}

static void nobody(struct auth_subject *ret, const char **ret_why, const char *why)
{
	*ret = (struct auth_subject){.kind = AUTH_NOBODY, .name = SLICE("nobody")};
	*ret_why = why;
}

/* By the hour; a note that is lost is made at the next call. */
static void note_local_use(struct directory *d, const uint8_t account[16], uint32_t uid, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_LOCAL_USE_SET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, uid);
	sql_int(s, 3, now);
	(void)sql_run(d, s, NULL);
}

int auth_local_used(struct directory *d, const uint8_t account[16], uint32_t uid, int64_t since)
{
	sqlite3_stmt *s = sql_query(d, Q_LOCAL_USE_GET);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, uid);
	sql_int(s, 3, since);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

static int load_person(struct directory *d, const struct auth_evidence *e, int64_t now, struct arena *arena, struct auth_subject *ret,
	struct session *ret_session, const char **ret_why)
{
	struct account account;
	int rc = session_find_locked(d, e->token, now, arena, ret_session);
	if (rc == 0)
		rc = directory_account_get(d, ret_session->account, arena, &account);
	if (rc == 0 && (!account_signs_in(&account) || ret_session->kind == SESSION_REFRESH))
		rc = ERR_DENIED;
	if (rc == 0)
		rc = auth_subject_of(d, &account, now, arena, ret);
	if (rc == ERR_DENIED || rc == ERR_NOT_FOUND) {
		*ret_session = (struct session){0};
		nobody(ret, ret_why, "the session has ended; sign in again");
		return 0;
	}
	if (rc != 0)
		return rc;
	ret->proven = ret_session->proven;
	ret->stepped_up = ret_session->stepped_up;
	ret->session = ret_session->id;
	ret->token = ret_session->kind != SESSION_PERSON;
	ret->allowed = ret_session->scopes;
	if (!e->quiet)
		session_used(d, ret_session, e->address, e->agent, now);
	if (e->uid != AUTH_UID_NONE)
		note_local_use(d, account.id, e->uid, now);
	return 0;
}

static void load_local(struct directory *d, const struct auth_evidence *e, struct arena *arena, struct auth_subject *ret, const char **ret_why)
{
	enum auth_subject_kind kind = AUTH_LOCAL_BREAK_GLASS;
	struct auth_grant *grants = arena_alloc_array(arena, AUTH_PRIMARY_GRANTS, sizeof *grants);
	if (!directory_set_up(d))
		kind = AUTH_LOCAL_SETUP;
	else if (slice_trim(e->reason).n < AUTH_REASON_MIN) {
		nobody(ret, ret_why, "sign in first (letterlock login); the local root has only the emergency access, --break-glass REASON");
		return;
	}
	*ret = (struct auth_subject){.kind = kind, .name = arena_printf(arena, "unix:%u", e->uid), .proven = AUTH_PROVEN_LOCAL,
		.allowed = ~UINT64_C(0), .grants = grants, .grant_count = auth_local_grants(kind, grants)};
}

int auth_subject_load(struct directory *d, const struct auth_evidence *evidence, const struct auth_local *local, int64_t now, struct arena *arena,
	struct auth_subject *ret, struct session *ret_session, const char **ret_why)
{
	*ret_session = (struct session){0};
	*ret_why = "";
	if (evidence->token.n > 0)
		return load_person(d, evidence, now, arena, ret, ret_session, ret_why);
	if (evidence->uid != AUTH_UID_NONE && (evidence->uid == 0 || evidence->uid == local->own_uid))
		load_local(d, evidence, arena, ret, ret_why);
	else
		nobody(ret, ret_why, "sign in first");
	return 0;
}
