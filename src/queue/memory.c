#include "queue/memory.h"

#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "queue/ledger_in.h"
#include "queue/report.h"

#define HASHED_KEY 16
#define MAC_LABEL "letterlock memory"

bool memory_count_decode(struct slice value, struct memory_count *ret)
{
	uint64_t first, last;
	if (value.n != MEMORY_COUNT_SIZE || !slice_get_u32(&value, &ret->count) || !slice_get_u64(&value, &first) || !slice_get_u64(&value, &last))
		return false;
	ret->first_s = (int64_t)first;
	ret->last_s = (int64_t)last;
	return true;
}

void memory_note_encode(const struct memory_note *note, struct buf *out)
{
	buf_put_u8(out, (uint8_t)note->act);
	buf_put_u32(out, note->keep_s);
	buf_put_bytes(out, note->key);
	buf_put_bytes(out, note->value);
}

int memory_note_next(struct slice *list, struct memory_note *ret)
{
	uint8_t act;
	if (list->n == 0)
		return 0;
	if (!slice_get_u8(list, &act) || !slice_get_u32(list, &ret->keep_s) || !slice_get_bytes(list, &ret->key) || !slice_get_bytes(list, &ret->value))
		return ERR_INVALID;
	if (act < MEMORY_PUT || act > MEMORY_REPORT_TLS_DONE || ret->key.n == 0 || ret->key.n > MEMORY_KEY_MAX || ret->value.n > MEMORY_VALUE_MAX ||
	    ((act == MEMORY_COUNT || act == MEMORY_DROP) && ret->value.n > 0))
		return ERR_INVALID;
	ret->act = (enum memory_act)act;
	return 1;
}

static void notes_mac(struct slice list, const uint8_t secret[32], uint8_t ret[HASH_SIZE])
{
	struct hash_state state;
	hash_start(&state, secret);
	hash_update_field(&state, SLICE(MAC_LABEL));
	hash_update_field(&state, list);
	hash_finish(&state, ret);
}

void memory_notes_seal(struct buf *list, const uint8_t secret[32])
{
	uint8_t mac[HASH_SIZE];
	notes_mac(buf_slice(list), secret, mac);
	buf_append_bytes(list, mac, sizeof mac);
}

bool memory_notes_open(struct slice sealed, const uint8_t secret[32], struct slice *ret_list)
{
	uint8_t mac[HASH_SIZE];
	if (sealed.n < HASH_SIZE || sealed.n > MEMORY_NOTES_BYTES)
		return false;
	*ret_list = slice_sub(sealed, 0, sealed.n - HASH_SIZE);
	notes_mac(*ret_list, secret, mac);
	return secret_equal(mac, sealed.p + ret_list->n, HASH_SIZE);
}

/* ---- rows ---- */

static struct slice hash_key(const struct ledger *l, struct slice key, uint8_t room[HASHED_KEY])
{
	hash_blake2b(key, l->config.jobs_key, room, HASHED_KEY);
	return slice_make(room, HASHED_KEY);
}

static int count_up(struct ledger *l, struct slice hashed, int64_t now_ms, int64_t end_ms, struct error *err)
{
	struct memory_count c = {.first_s = now_ms / 1000};
	uint8_t room[MEMORY_COUNT_SIZE];
	struct buf out = BUF_INIT(sizeof room);
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MEMORY_GET, "si", hashed, now_ms);
	int rc = spool_step(&l->spool, st, err);
	if (rc == 1)
		memory_count_decode(spool_blob(st, 0), &c);
	spool_done(st);
	if (rc < 0)
		return rc;
	buf_put_u32(&out, c.count == UINT32_MAX ? c.count : c.count + 1);
	buf_put_u64(&out, (uint64_t)c.first_s);
	buf_put_u64(&out, (uint64_t)(now_ms / 1000));
	rc = spool_run(&l->spool, err, SQL_MEMORY_PUT, "ssi", hashed, buf_slice(&out), end_ms);
	buf_free(&out);
	return rc;
}

int memory_apply_one(struct ledger *l, const struct memory_note *note, int64_t now_ms, struct error *err)
{
	uint8_t room[HASHED_KEY];
	struct slice hashed = hash_key(l, note->key, room);
	int64_t end_ms = now_ms + (int64_t)note->keep_s * 1000;
	switch (note->act) {
	case MEMORY_PUT:
		return spool_run(&l->spool, err, SQL_MEMORY_PUT, "ssi", hashed, note->value, end_ms);
	case MEMORY_COUNT:
		return count_up(l, hashed, now_ms, end_ms, err);
	case MEMORY_DROP:
		return spool_run(&l->spool, err, SQL_MEMORY_DROP, "s", hashed);
	case MEMORY_REPORT:
	case MEMORY_REPORT_POLICY:
	case MEMORY_REPORT_IN:
	case MEMORY_REPORT_DONE:
	case MEMORY_REPORT_TLS:
	case MEMORY_REPORT_TLS_DONE:
		return report_apply(l, note, now_ms, err);
	}
	return 0;
}

int memory_has_room(struct ledger *l, bool *ret, struct error *err)
{
	int64_t rows = 0;
	int rc = spool_number(&l->spool, err, 0, &rows, SQL_MEMORY_ROWS, "");
	*ret = rows < MEMORY_ROWS_MAX;
	return rc;
}

int memory_apply(struct ledger *l, struct slice list, int64_t now_ms, struct error *err)
{
	struct memory_note note;
	bool room = false;
	int rc = memory_has_room(l, &room, err);
	while (rc == 0 && room && memory_note_next(&list, &note) == 1)
		rc = memory_apply_one(l, &note, now_ms, err);
	return rc;
}

int memory_get(struct ledger *l, struct slice key, int64_t now_ms, struct arena *arena, struct slice *ret_value, struct error *err)
{
	uint8_t room[HASHED_KEY];
	sqlite3_stmt *st = spool_bind(&l->spool, SQL_MEMORY_GET, "si", hash_key(l, key, room), now_ms);
	int rc = spool_step(&l->spool, st, err);
	if (rc == 1)
		*ret_value = arena_dup(arena, spool_blob(st, 0));
	spool_done(st);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int memory_sweep(struct ledger *l, int64_t now_ms, bool *ret_more, struct error *err)
{
	int rc = spool_run(&l->spool, err, SQL_MEMORY_SWEEP, "ii", now_ms, (int64_t)LEDGER_SWEEP_MAX);
	*ret_more = rc == 0 && spool_changes(&l->spool) == LEDGER_SWEEP_MAX;
	return rc;
}
