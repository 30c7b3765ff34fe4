/* Grants and their tokens. */
#include <string.h>

#include "auth/oauth_private.h"
#include "auth/permit.h"
#include "crypt/crypt.h"

/* Rights of the interface that a scope names; unknown ones give nothing. */
static auth_rights rights_of(const struct oauth_scope *scope)
{
	auth_rights rights = 0;
	enum auth_right right;
	for (size_t i = 0; i < scope->right_count; i++)
		if (auth_right_parse(scope->rights[i], &right))
			rights |= AUTH_BIT(right);
	return rights;
}

static int make_token(struct auth_oauth *o, const struct oauth_issue *issue, enum session_kind kind, const struct secrets *secrets,
	char *ret_text,
	struct error *err)
{
	struct oauth_scope scope;
	int64_t now = oauth_unix(o);
	bool refresh = kind == SESSION_REFRESH;
	struct session session = {.kind = kind, .label = issue->grant.client, .proven = issue->grant.proven, .created = now,
		.idle = refresh ? OAUTH_REFRESH_S : 0, .ends = now + (refresh ? 10 * OAUTH_REFRESH_S : OAUTH_ACCESS_S)};
	memcpy(session.account, issue->grant.account, sizeof session.account);
	struct slice text = !refresh && issue->narrowed.n > 0 ? issue->narrowed : issue->grant.scope;
	if (oauth_scope_parse(text, &scope) != 0)
		return error_set(err, ERR_INVALID, "a grant without scope");
	session.scopes = refresh ? 0 : rights_of(&scope);
	int rc = session_make(o->directory, &session, secrets, ret_text, err);
	return rc == 0 ? directory_oauth_bind(o->directory, issue->grant.id, session.id, text, err) : rc;
}

/* A program that is set up again and again leaves grants behind. */
static int make_room(struct auth_oauth *o, const struct directory_oauth *grant, struct arena *arena, struct error *err)
{
	struct directory_oauth *all = arena_alloc_array(arena, OAUTH_GRANTS_MAX, sizeof *all);
	int count = directory_oauth_list(o->directory, grant->account, arena, all, OAUTH_GRANTS_MAX);
	if (count < OAUTH_GRANTS_MAX)
		return count < 0 ? count : 0;
	return directory_oauth_remove(o->directory, all[0].id, err);
}

static int make_grant(struct auth_oauth *o, struct oauth_issue *issue, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = make_room(o, &issue->grant, &arena, err);
	issue->grant.created = oauth_unix(o);
	if (rc == 0)
		rc = directory_credential_number(o->directory, &issue->grant.id, err);
	if (rc == 0)
		rc = directory_oauth_add(o->directory, &issue->grant, err);
	arena_free(&arena);
	return rc;
}

static int issue_in_change(struct auth_oauth *o, struct oauth_issue *issue, struct slice spent, const struct secrets *secrets,
	struct error *err)
{
	int rc = issue->grant.id == 0 ? make_grant(o, issue, err) : directory_oauth_drop_tokens(o->directory, issue->grant.id, err);
	if (rc == 0 && spent.n > 0)
		rc = directory_oauth_spend(o->directory, spent, issue->grant.id, oauth_unix(o) + OAUTH_REFRESH_S, err);
	if (rc == 0)
		rc = make_token(o, issue, SESSION_ACCESS, secrets, issue->access_text, err);
	if (rc == 0 && issue->refresh)
		rc = make_token(o, issue, SESSION_REFRESH, secrets, issue->refresh_text, err);
	return rc;
}

int oauth_issue(struct auth_oauth *o, struct oauth_issue *issue, struct slice spent, const struct secrets *secrets, struct error *err)
{
	session_expire(o->directory, oauth_unix(o));
	directory_oauth_expire(o->directory, oauth_unix(o));
	int rc = directory_begin(o->directory, err);
	if (rc == 0)
		rc = issue_in_change(o, issue, spent, secrets, err);
	if (rc == 0)
		rc = directory_commit(o->directory, err);
	directory_rollback(o->directory);
	if (rc != 0) {
		secret_wipe(issue->access_text, sizeof issue->access_text);
		secret_wipe(issue->refresh_text, sizeof issue->refresh_text);
	}
	return rc;
}

int auth_oauth_issue(struct auth_oauth *o, const struct account *account, const struct secrets *secrets, unsigned proven,
	struct slice scope,
	char ret_token[SESSION_TOKEN_SIZE + 1], int64_t *ret_ends, struct error *err)
{
	struct oauth_issue issue = {.grant = {.client = SLICE(OAUTH_CLIENT_SCRIPT), .scope = scope, .proven = proven}};
	struct oauth_scope parsed;
	memcpy(issue.grant.account, account->id, sizeof issue.grant.account);
	if (oauth_scope_parse(scope, &parsed) != 0)
		return error_set(err, ERR_INVALID, "not a scope");
	int rc = oauth_issue(o, &issue, SLICE_NONE, secrets, err);
	if (rc == 0) {
		memcpy(ret_token, issue.access_text, sizeof issue.access_text);
		*ret_ends = oauth_unix(o) + OAUTH_ACCESS_S;
	}
	secret_wipe(&issue, sizeof issue);
	return rc;
}

int auth_oauth_open(struct directory *d, struct slice token, unsigned mail, int64_t now, uint8_t ret_account[16], uint32_t *ret_grant,
	struct secrets *ret_secrets)
{
	struct arena arena = ARENA_INIT;
	struct session session;
	struct directory_oauth grant;
	struct oauth_scope scope;
	int rc = session_find(d, token, now, &arena, &session);
	if (rc == 0 && session.kind != SESSION_ACCESS)
		rc = ERR_DENIED;
	if (rc == 0)
		rc = directory_oauth_of_session(d, session.id, &arena, &grant) == 0 ? 0 : ERR_DENIED;
	if (rc == 0 && (oauth_scope_parse(grant.scope, &scope) != 0 || (scope.mail & mail) != mail))
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = session_open(&session, token, ret_secrets, NULL);
	if (rc == 0) {
		memcpy(ret_account, session.account, 16);
		*ret_grant = grant.id;
		session_used(d, &session, session.address, session.agent, now);
	}
	arena_free(&arena);
	return rc;
}

int oauth_end(struct auth_oauth *o, uint32_t grant, const uint8_t account[16], struct error *err)
{
	int rc = directory_begin(o->directory, err);
	if (rc == 0)
		rc = directory_oauth_remove(o->directory, grant, err);
	if (rc == 0)
		rc = directory_commit(o->directory, err);
	directory_rollback(o->directory);
	if (rc == 0)
		o->host.revoke(o->host.arg, account, grant);
	return rc;
}

int auth_oauth_end(struct auth_oauth *o, const uint8_t account[16], uint32_t id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct directory_oauth grant;
	int rc = directory_oauth_get(o->directory, id, &arena, &grant);
	if (rc == 0)
		rc = memcmp(grant.account, account, 16) == 0 ? oauth_end(o, id, account, err) : ERR_NOT_FOUND;
	arena_free(&arena);
	return rc;
}
