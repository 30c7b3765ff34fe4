#include "auth/notice_contact.h"

#include <string.h>

#include "auth/directory_sql.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"

#define VERSION 1
#define HEAD_SIZE 2
#define SEALED_MIN (HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE + AEAD_TAG_SIZE)

/* The credential 0 is nobody's, so the key is of no wrap. */
struct wrap_owner notice_contact_owner(const uint8_t account[16])
{
	struct wrap_owner owner = {.kind = WRAP_CONTACT};
	memcpy(owner.account, account, sizeof owner.account);
	return owner;
}

static struct slice make_ad(const uint8_t account[16], uint8_t room[HEAD_SIZE + 16])
{
	room[0] = VERSION;
	room[1] = AEAD_XCHACHA20;
	memcpy(room + HEAD_SIZE, account, 16);
	return slice_make(room, HEAD_SIZE + 16);
}

void notice_contact_seal(const uint8_t kek[KEK_SIZE], const uint8_t account[16], const struct notice_contact *contact, struct buf *out)
{
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE], ad[HEAD_SIZE + 16];
	struct buf plain = BUF_INIT(NOTICE_CONTACT_SEALED_MAX);
	random_bytes(nonce, sizeof nonce);
	buf_put_bytes(&plain, contact->address);
	buf_put_bytes(&plain, contact->pending);
	buf_put_bytes(&plain, contact->challenge);
	struct slice head = make_ad(account, ad);
	buf_append_bytes(out, head.p, HEAD_SIZE);
	buf_append_bytes(out, nonce, sizeof nonce);
	uint8_t *room = buf_reserve(out, buf_len(&plain) + AEAD_TAG_SIZE);
	if (plain.failed || room == NULL) {
		out->failed = true;
	} else {
		aead_seal(AEAD_XCHACHA20, kek, nonce, head, buf_slice(&plain), room);
		buf_commit(out, buf_len(&plain) + AEAD_TAG_SIZE);
	}
	buf_free_secret(&plain);
}

int notice_contact_open(const uint8_t kek[KEK_SIZE], const uint8_t account[16], struct slice sealed, struct buf *room, struct notice_contact *ret)
{
	uint8_t ad[HEAD_SIZE + 16];
	struct slice head = make_ad(account, ad), body = slice_from(sealed, HEAD_SIZE + AEAD_XCHACHA20_NONCE_SIZE);
	if (sealed.n < SEALED_MIN || memcmp(sealed.p, head.p, HEAD_SIZE) != 0)
		return ERR_DAMAGED;
	uint8_t *plain = buf_reserve(room, body.n);
	if (plain == NULL || !aead_open(AEAD_XCHACHA20, kek, sealed.p + HEAD_SIZE, head, body, plain))
		return ERR_DAMAGED;
	buf_commit(room, body.n - AEAD_TAG_SIZE);
	struct slice rest = buf_slice(room);
	return slice_get_bytes(&rest, &ret->address) && slice_get_bytes(&rest, &ret->pending) && slice_get_bytes(&rest, &ret->challenge) ? 0 : ERR_DAMAGED;
}

/* ---- directory.db ---- */

int directory_contact_set(struct directory *d, const uint8_t account[16], struct slice sealed, bool proven, int64_t now, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CONTACT_SET);
	sql_blob(s, 1, account, 16);
	sql_blob(s, 2, sealed.p, sealed.n);
	sql_int(s, 3, proven);
	sql_int(s, 4, now);
	return sql_run(d, s, err);
}

int directory_contact_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret_sealed, bool *ret_proven)
{
	sqlite3_stmt *s = sql_query(d, Q_CONTACT_GET);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret_sealed = sql_get(s, 0, arena);
		*ret_proven = sqlite3_column_int(s, 1) != 0;
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_contact_remove(struct directory *d, const uint8_t account[16], struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CONTACT_REMOVE);
	sql_blob(s, 1, account, 16);
	return sql_run_changing(d, s, ERR_NOT_FOUND, err);
}
