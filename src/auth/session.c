#include "auth/session.h"

#include <string.h>

#include "auth/directory_sql.h"
#include "base/codec.h"
#include "base/endian.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define TOKEN_BYTES 32
#define USED_STEP_S 60

static const char prefix[] = SESSION_TOKEN_PREFIX;

static bool token_parse(struct slice token, uint8_t ret[TOKEN_BYTES])
{
	struct buf bytes = BUF_INIT(64);
	bool ok = token.n == SESSION_TOKEN_SIZE && slice_starts(token, SLICE(SESSION_TOKEN_PREFIX))
	          && base64url_decode_strict(slice_from(token, sizeof prefix - 1), &bytes) == 0 && buf_len(&bytes) == TOKEN_BYTES;
	if (ok)
		memcpy(ret, buf_slice(&bytes).p, TOKEN_BYTES);
	buf_free_secret(&bytes);
	return ok;
}

static void token_text(const uint8_t token[TOKEN_BYTES], char ret[SESSION_TOKEN_SIZE + 1])
{
	struct buf text = BUF_INIT(64);
	buf_append_str(&text, prefix);
	base64url_encode(slice_make(token, TOKEN_BYTES), &text);
	ENSURE(buf_len(&text) == SESSION_TOKEN_SIZE);
	memcpy(ret, buf_slice(&text).p, SESSION_TOKEN_SIZE);
	ret[SESSION_TOKEN_SIZE] = 0;
	buf_free_secret(&text);
}

static void token_lookup(struct directory *d, const uint8_t token[TOKEN_BYTES], uint8_t ret[HASH_SIZE])
{
	uint8_t key[HASH_KEY_SIZE];
	hash_hkdf(slice_make(directory_lookup_key(d), 32), SLICE_NONE, "session lookup", SLICE_NONE, key, sizeof key);
	hash_keyed(slice_make(token, TOKEN_BYTES), key, ret);
	secret_wipe(key, sizeof key);
}

static struct wrap_owner owner_of(const struct session *session)
{
	struct wrap_owner owner = {.credential = session->id, .kind = WRAP_SESSION};
	memcpy(owner.account, session->account, sizeof owner.account);
	return owner;
}

static void token_kek(const struct wrap_owner *owner, const uint8_t token[TOKEN_BYTES], uint8_t ret[KEK_SIZE])
{
	uint8_t context[20];
	memcpy(context, owner->account, 16);
	put_u32(context + 16, owner->credential);
	hash_hkdf(slice_make(token, TOKEN_BYTES), SLICE_NONE, "wrap session", slice_make(context, sizeof context), ret, KEK_SIZE);
}

static int count_sessions(struct directory *d, const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_COUNT);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : rc;
	sql_done(s);
	return count;
}

static int insert(struct directory *d, const struct session *session, const uint8_t lookup[HASH_SIZE], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_ADD);
	sql_int(s, 1, session->id);
	sql_blob(s, 2, session->account, sizeof session->account);
	sql_blob(s, 3, lookup, HASH_SIZE);
	sql_int(s, 4, session->kind);
	sql_text(s, 5, session->label);
	sql_int(s, 6, (int64_t)session->scopes);
	sql_int(s, 7, session->proven);
	sql_blob(s, 8, session->wrap.p, session->wrap.n);
	sql_int(s, 9, session->device);
	sql_text(s, 10, session->address);
	sql_text(s, 11, slice_sub(session->agent, 0, SESSION_AGENT_MAX));
	sql_int(s, 12, session->created);
	sql_int(s, 13, session->idle);
	sql_int(s, 14, session->ends);
	sql_int(s, 15, session->stepped_up);
	int rc = sql_run(d, s, err);
	if (rc == 0 && session->web) {
		s = sql_query(d, Q_SESSION_WEB_ADD);
		sql_int(s, 1, session->id);
		rc = sql_run(d, s, err);
	}
	if (rc != 0 || session->risk == 0)
		return rc;
	s = sql_query(d, Q_SESSION_RISK_ADD);
	sql_int(s, 1, session->id);
	sql_int(s, 2, session->risk);
	return sql_run(d, s, err);
}

int session_make(struct directory *d, struct session *session, const struct secrets *secrets, char ret_token[SESSION_TOKEN_SIZE + 1],
	struct error *err)
{
	uint8_t token[TOKEN_BYTES], lookup[HASH_SIZE], kek[KEK_SIZE];
	struct buf wrap = BUF_INIT(WRAP_MAX);
	int rc = count_sessions(d, session->account);
	if (rc >= SESSIONS_MAX)
		return error_set(err, ERR_LIMIT, "the account has %d sessions and tokens", rc);
	if (rc >= 0)
		rc = directory_credential_number(d, &session->id, err);
	if (rc != 0)
		return rc;
	struct wrap_owner owner = owner_of(session);
	random_bytes(token, sizeof token);
	token_lookup(d, token, lookup);
	token_kek(&owner, token, kek);
	wrap_seal(&owner, kek, secrets, &wrap);
	session->wrap = buf_slice(&wrap);
	rc = insert(d, session, lookup, err);
	if (rc == 0)
		token_text(token, ret_token);
	session->wrap = SLICE_NONE;
	buf_free(&wrap);
	secret_wipe(token, sizeof token);
	secret_wipe(kek, sizeof kek);
	return rc;
}

static void read_session(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct session *ret = into;
	ret->id = (uint32_t)sqlite3_column_int64(s, 0);
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	ret->kind = (enum session_kind)sqlite3_column_int(s, 2);
	ret->label = sql_get(s, 3, arena);
	ret->scopes = (auth_rights)sqlite3_column_int64(s, 4);
	ret->proven = (unsigned)sqlite3_column_int(s, 5);
	ret->wrap = sql_get(s, 6, arena);
	ret->device = (uint32_t)sqlite3_column_int64(s, 7);
	ret->address = sql_get(s, 8, arena);
	ret->agent = sql_get(s, 9, arena);
	ret->created = sqlite3_column_int64(s, 10);
	ret->used = sqlite3_column_int64(s, 11);
	ret->idle = sqlite3_column_int64(s, 12);
	ret->ends = sqlite3_column_int64(s, 13);
	ret->stepped_up = sqlite3_column_int64(s, 14);
	ret->risk = (unsigned)sqlite3_column_int(s, 15);
	ret->web = sqlite3_column_type(s, 16) != SQLITE_NULL;
	ret->locked = sqlite3_column_int(s, 16) != 0;
}

static bool in_force(const struct session *session, int64_t now)
{
	return now < session->ends && (session->idle == 0 || now < session->used + session->idle);
}

int session_find_locked(struct directory *d, struct slice token, int64_t now, struct arena *arena, struct session *ret)
{
	uint8_t bytes[TOKEN_BYTES], lookup[HASH_SIZE];
	if (!token_parse(token, bytes))
		return ERR_DENIED;
	token_lookup(d, bytes, lookup);
	secret_wipe(bytes, sizeof bytes);
	sqlite3_stmt *s = sql_query(d, Q_SESSION_FIND);
	sql_blob(s, 1, lookup, sizeof lookup);
	int rc = sql_step(s);
	if (rc == 1)
		read_session(s, arena, ret);
	sql_done(s);
	if (rc < 0)
		return rc;
	return rc == 1 && in_force(ret, now) ? 0 : ERR_DENIED;
}

int session_find(struct directory *d, struct slice token, int64_t now, struct arena *arena, struct session *ret)
{
	int rc = session_find_locked(d, token, now, arena, ret);
	return rc == 0 && ret->locked ? ERR_DENIED : rc;
}

int session_lock(struct directory *d, uint32_t id, bool locked, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_WEB_LOCK);
	sql_int(s, 1, id);
	sql_int(s, 2, locked);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int session_open(const struct session *session, struct slice token, struct secrets *ret, struct error *err)
{
	uint8_t bytes[TOKEN_BYTES], kek[KEK_SIZE];
	struct wrap_owner owner = owner_of(session);
	if (!token_parse(token, bytes))
		return error_set(err, ERR_DENIED, "malformed token");
	token_kek(&owner, bytes, kek);
	int rc = wrap_open(&owner, kek, session->wrap, ret, err);
	secret_wipe(bytes, sizeof bytes);
	secret_wipe(kek, sizeof kek);
	return rc;
}

void session_used(struct directory *d, const struct session *session, struct slice address, struct slice agent, int64_t now)
{
	/* A caller that does not know where the request came from takes nothing away. */
	if (address.n == 0)
		address = session->address;
	if (agent.n == 0)
		agent = session->agent;
	if (now - session->used < USED_STEP_S && slice_eq(address, session->address))
		return;
	sqlite3_stmt *s = sql_query(d, Q_SESSION_USED);
	sql_int(s, 1, session->id);
	sql_int(s, 2, now);
	sql_text(s, 3, address);
	sql_text(s, 4, slice_sub(agent, 0, SESSION_AGENT_MAX));
	(void)sql_run(d, s, NULL); /* a lost note shortens the session at worst */
}

int session_proven(struct directory *d, uint32_t id, unsigned proven, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_PROVEN);
	sql_int(s, 1, id);
	sql_int(s, 2, proven);
	sql_int(s, 3, now);
	return sql_run(d, s, err);
}

int session_list(struct directory *d, const uint8_t account[16], unsigned kind, struct arena *arena, struct session *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, kind);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_session, arena, ret, sizeof *ret);
}

int session_tokens(struct directory *d, uint32_t after, struct arena *arena, struct session *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_TOKEN_ALL);
	sql_int(s, 1, after);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_session, arena, ret, sizeof *ret);
}

int session_token_ends(struct directory *d, uint32_t id, int64_t ends, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_TOKEN_ENDS);
	sql_int(s, 1, id);
	sql_int(s, 2, ends);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int session_remove(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_REMOVE);
	sql_int(s, 1, id);
	sql_blob(s, 2, account, 16);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}

int session_remove_all(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_REMOVE_ALL);
	sql_blob(s, 1, account, 16);
	return sql_run(d, s, err);
}

void session_expire(struct directory *d, int64_t now)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_EXPIRE);
	sql_int(s, 1, now);
	(void)sql_run(d, s, NULL);
}
