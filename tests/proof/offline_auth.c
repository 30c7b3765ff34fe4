/* What is not mail: sessions and tokens, second factors, shares of the escrow keys. */
#include <stdio.h>
#include <string.h>

#include "auth/box.h"
#include "auth/factors_internal.h"
#include "auth/session.h"
#include "base/codec.h"
#include "base/endian.h"
#include "base/memory.h"
#include "factor/shamir.h"
#include "offline.h"

#define GENERATIONS_TRIED 8

static sqlite3_stmt *query(struct offline *o, const char *sql)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(o->directory, sql, -1, &s, NULL) != SQLITE_OK)
		offline_die("%s", sqlite3_errmsg(o->directory));
	return s;
}

static void take_id(sqlite3_stmt *s, int column, uint8_t ret[16])
{
	struct slice id = offline_column(s, column);
	if (id.n != 16)
		offline_die("an id of %zu bytes", id.n);
	memcpy(ret, id.p, 16);
}

/* ---- sessions ---- */

static bool try_token(struct offline *o, const struct session *session, struct slice token, const char *how)
{
	struct secrets secrets = SECRETS_NONE;
	if (session_open(session, token, &secrets, NULL) != 0)
		return false;
	secrets_free(&secrets);
	o->sessions_open++;
	printf("{\"session\":%u,\"how\":\"%s\"}\n", session->id, how);
	return true;
}

/* As the token, and as the key that a token gives. */
static bool try_bytes(struct offline *o, const struct session *session, const uint8_t bytes[32], const char *how)
{
	struct wrap_owner owner = {.credential = session->id, .kind = WRAP_SESSION};
	struct secrets secrets = SECRETS_NONE;
	struct buf text = BUF_INIT(SESSION_TOKEN_SIZE);
	memcpy(owner.account, session->account, sizeof owner.account);
	buf_append_str(&text, SESSION_TOKEN_PREFIX);
	base64url_encode(slice_make(bytes, 32), &text);
	bool open = try_token(o, session, buf_slice(&text), how);
	if (!open && wrap_open(&owner, bytes, session->wrap, &secrets, NULL) == 0) {
		secrets_free(&secrets);
		o->sessions_open++;
		printf("{\"session\":%u,\"how\":\"%s, raw\"}\n", session->id, how);
		open = true;
	}
	buf_free(&text);
	return open;
}

static void try_session(struct offline *o, const struct session *session, struct slice lookup)
{
	struct slice rest = o->passwords, line, address;
	bool open = false;
	while (!open && slice_split(&rest, '\n', &line))
		if (slice_split(&line, ' ', &address))
			open = try_token(o, session, line, "the token was given");
	open = open || (lookup.n == 32 && try_bytes(o, session, lookup.p, "the stored lookup hash"));
	for (size_t i = 0; i < o->key_count && !open; i++)
		open = try_bytes(o, session, o->keys[i].bytes, o->keys[i].name);
}

static void try_sessions(struct offline *o)
{
	sqlite3_stmt *s = query(o, "SELECT id, account, wrap, lookup FROM session");
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct session session = {.id = (uint32_t)sqlite3_column_int64(s, 0), .wrap = offline_column(s, 2)};
		take_id(s, 1, session.account);
		o->sessions++;
		try_session(o, &session, offline_column(s, 3));
	}
	sqlite3_finalize(s);
}

/* ---- with secrets: those that a credential opened, or any key in their place ---- */

typedef bool try_fn(const void *what, const struct secrets *secrets);

static bool with_key(const uint8_t key[32], try_fn *fn, const void *what)
{
	uint8_t copy[32];
	struct secrets_generation items[GENERATIONS_TRIED];
	memcpy(copy, key, sizeof copy);
	for (uint32_t i = 0; i < GENERATIONS_TRIED; i++)
		items[i] = (struct secrets_generation){i + 1, copy};
	return fn(what, &(struct secrets){items, GENERATIONS_TRIED});
}

/* NULL: nothing opens it. account: whose opened secrets are tried, besides all keys. */
static const char *opened_by(struct offline *o, const uint8_t account[16], try_fn *fn, const void *what)
{
	for (size_t i = 0; i < o->opened_count; i++)
		if (memcmp(o->opened[i].account, account, 16) == 0 && fn(what, &o->opened[i].secrets))
			return o->opened[i].how;
	for (size_t i = 0; i < o->key_count; i++)
		if (with_key(o->keys[i].bytes, fn, what))
			return o->keys[i].name;
	return NULL;
}

static bool open_factor(const void *what, const struct secrets *secrets)
{
	const struct directory_factor *f = what;
	struct factor_owner owner = factor_owner_of(f);
	struct buf state = BUF_INIT(FACTOR_STATE_MAX);
	bool open = factor_open(&owner, secrets, f->data, &state) == 0;
	buf_free_secret(&state);
	return open;
}

static void try_factors(struct offline *o)
{
	sqlite3_stmt *s = query(o, "SELECT id, account, kind, lookup, data FROM factor");
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct directory_factor f = {.id = (uint32_t)sqlite3_column_int64(s, 0), .kind = (enum factor_kind)sqlite3_column_int(s, 2),
			.data = offline_column(s, 4)};
		struct slice lookup = offline_column(s, 3);
		take_id(s, 1, f.account);
		memcpy(f.lookup, lookup.p, lookup.n < sizeof f.lookup ? lookup.n : sizeof f.lookup);
		o->factors++;
		const char *how = opened_by(o, f.account, open_factor, &f);
		if (how == NULL)
			continue;
		o->factors_open++;
		printf("{\"factor\":%u,\"kind\":%d,\"how\":\"%s\"}\n", f.id, (int)f.kind, how);
	}
	sqlite3_finalize(s);
}

struct share {
	uint8_t ad[16 + 4 + 16];
	struct slice sealed;
};

static bool open_share(const void *what, const struct secrets *secrets)
{
	const struct share *share = what;
	struct buf plain = BUF_INIT(SHAMIR_ENCODED_MAX + BOX_OVERHEAD);
	bool open = box_open(secrets, "escrow share", slice_make(share->ad, sizeof share->ad), share->sealed, &plain, NULL) == 0;
	buf_free_secret(&plain);
	return open;
}

static void try_shares(struct offline *o)
{
	sqlite3_stmt *s = query(o, "SELECT credential, account, custodian, sealed FROM escrow_share");
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct share share = {.sealed = offline_column(s, 3)};
		uint32_t credential = (uint32_t)sqlite3_column_int64(s, 0);
		take_id(s, 1, share.ad);
		put_u32(share.ad + 16, credential);
		take_id(s, 2, share.ad + 20);
		o->shares++;
		const char *how = opened_by(o, share.ad + 20, open_share, &share);
		if (how == NULL)
			continue;
		o->shares_open++;
		printf("{\"share\":%u,\"how\":\"%s\"}\n", credential, how);
	}
	sqlite3_finalize(s);
}

void offline_try_auth(struct offline *o)
{
	try_sessions(o);
	try_factors(o);
	try_shares(o);
}
