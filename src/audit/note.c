#include "audit/note.h"

#include <string.h>

#include "base/codec.h"
#include "base/endian.h"
#include "base/utf8.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"

#define DASH "\xe2\x80\x94 " /* U+2014, a space: what a signature line begins with */
#define KEY_ID_SIZE 4
#define LOG_BLOB (KEY_ID_SIZE + AUDIT_SIGNATURE_SIZE)
#define WITNESS_BLOB (KEY_ID_SIZE + 8 + AUDIT_SIGNATURE_SIZE)

bool audit_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == '+')
			return false;
	return name.n > 0 && name.n <= AUDIT_ORIGIN_MAX;
}

/* ---- keys ---- */

/* The first four bytes of SHA-256(name | LF | kind | key). */
static void key_id(const struct audit_key *key, uint8_t ret[KEY_ID_SIZE])
{
	uint8_t hash[HASH_SIZE];
	struct buf b = BUF_INIT(AUDIT_ORIGIN_MAX + 2 + AUDIT_PUBLIC_SIZE);
	buf_append(&b, key->name);
	buf_append_byte(&b, '\n');
	buf_append_byte(&b, (uint8_t)key->kind);
	buf_append_bytes(&b, key->public_key, AUDIT_PUBLIC_SIZE);
	hash_sha256(buf_slice(&b), hash);
	memcpy(ret, hash, KEY_ID_SIZE);
	buf_free(&b);
}

void audit_key_print(const struct audit_key *key, struct buf *out)
{
	uint8_t id[KEY_ID_SIZE], body[1 + AUDIT_PUBLIC_SIZE] = {(uint8_t)key->kind};
	memcpy(body + 1, key->public_key, AUDIT_PUBLIC_SIZE);
	key_id(key, id);
	buf_append(out, key->name);
	buf_append_byte(out, '+');
	hex_encode(slice_make(id, sizeof id), out);
	buf_append_byte(out, '+');
	base64_encode(slice_make(body, sizeof body), out);
}

int audit_key_parse(struct slice text, struct audit_key *ret)
{
	struct buf body = BUF_INIT(64), again = BUF_INIT(AUDIT_KEY_TEXT_MAX);
	struct slice rest = text, name, id;
	int rc = ERR_INVALID;
	if (!slice_split(&rest, '+', &name) || !slice_split(&rest, '+', &id) || !audit_name_valid(name))
		return ERR_INVALID;
	if (base64_decode_strict(rest, &body) == 0 && buf_len(&body) == 1 + AUDIT_PUBLIC_SIZE) {
		const uint8_t *p = buf_slice(&body).p;
		*ret = (struct audit_key){.name = name, .kind = (enum audit_key_kind)p[0]};
		memcpy(ret->public_key, p + 1, AUDIT_PUBLIC_SIZE);
		audit_key_print(ret, &again); /* the id must be right, and no second way to write it is taken */
		bool known = p[0] == AUDIT_KEY_LOG || p[0] == AUDIT_KEY_WITNESS;
		rc = known && slice_eq(buf_slice(&again), text) ? 0 : ERR_INVALID;
	}
	buf_free(&body);
	buf_free(&again);
	return rc;
}

/* ---- heads ---- */

void audit_head_print(const struct audit_head *head, struct buf *out)
{
	buf_append(out, head->origin);
	buf_printf(out, "\n%llu\n", (unsigned long long)head->size);
	base64_encode(slice_make(head->root.b, AUDIT_HASH_SIZE), out);
	buf_printf(out, "\ntime %lld\n", (long long)head->time);
}

static bool take_line(struct slice *in, struct slice *ret)
{
	ptrdiff_t end = slice_find(*in, '\n');
	if (end < 0)
		return false;
	*ret = slice_sub(*in, 0, (size_t)end);
	*in = slice_from(*in, (size_t)end + 1);
	return true;
}

int audit_head_parse(struct slice body, struct audit_head *ret)
{
	struct slice in = body, size, root, time;
	struct buf hash = BUF_INIT(AUDIT_HASH_SIZE), again = BUF_INIT(AUDIT_NOTE_MAX);
	uint64_t seconds = 0;
	int rc = ERR_INVALID;
	if (!take_line(&in, &ret->origin) || !take_line(&in, &size) || !take_line(&in, &root) || !take_line(&in, &time) || in.n > 0)
		return ERR_INVALID;
	if (!audit_name_valid(ret->origin) || slice_to_u64(size, &ret->size) < 0 || !slice_starts(time, SLICE("time ")))
		return ERR_INVALID;
	if (slice_to_u64(slice_from(time, 5), &seconds) == 0 && seconds <= INT64_MAX && base64_decode_strict(root, &hash) == 0
	    && buf_len(&hash) == AUDIT_HASH_SIZE) {
		memcpy(ret->root.b, buf_slice(&hash).p, AUDIT_HASH_SIZE);
		ret->time = (int64_t)seconds;
		audit_head_print(ret, &again);
		rc = slice_eq(buf_slice(&again), body) ? 0 : ERR_INVALID;
	}
	buf_free(&hash);
	buf_free(&again);
	return rc;
}

/* ---- signatures ---- */

static void add_line(struct slice name, struct slice blob, struct buf *out)
{
	buf_append_str(out, DASH);
	buf_append(out, name);
	buf_append_byte(out, ' ');
	base64_encode(blob, out);
	buf_append_byte(out, '\n');
}

void audit_note_add(const struct audit_key *key, const uint8_t signature[AUDIT_SIGNATURE_SIZE], struct buf *out)
{
	uint8_t blob[LOG_BLOB];
	key_id(key, blob);
	memcpy(blob + KEY_ID_SIZE, signature, AUDIT_SIGNATURE_SIZE);
	add_line(key->name, slice_make(blob, sizeof blob), out);
}

static void cosigned_text(struct slice body, int64_t time, struct buf *out)
{
	buf_printf(out, "cosignature/v1\ntime %lld\n", (long long)time);
	buf_append(out, body);
}

void audit_note_sign(struct slice body, const struct audit_key *key, const uint8_t seed[32], int64_t time, struct buf *out)
{
	uint8_t blob[WITNESS_BLOB];
	struct buf text = BUF_INIT(AUDIT_NOTE_MAX + 64);
	if (key->kind == AUDIT_KEY_LOG) {
		ed25519_sign(seed, body, blob);
		audit_note_add(key, blob, out);
		return;
	}
	cosigned_text(body, time, &text);
	key_id(key, blob);
	put_u64(blob + KEY_ID_SIZE, (uint64_t)time);
	ed25519_sign(seed, buf_slice(&text), blob + KEY_ID_SIZE + 8);
	add_line(key->name, slice_make(blob, sizeof blob), out);
	buf_free(&text);
}

static bool parse_signature(struct slice line, struct audit_signature *s)
{
	struct buf blob = BUF_INIT(WITNESS_BLOB), again = BUF_INIT(AUDIT_NOTE_MAX);
	struct slice rest = slice_from(line, sizeof DASH - 1);
	s->line = line;
	bool ok = slice_starts(line, SLICE(DASH)) && slice_split(&rest, ' ', &s->name) && audit_name_valid(s->name)
		&& base64_decode_strict(rest, &blob) == 0 && (buf_len(&blob) == LOG_BLOB || buf_len(&blob) == WITNESS_BLOB);
	if (ok) {
		s->size = buf_len(&blob);
		memcpy(s->blob, buf_slice(&blob).p, s->size);
		add_line(s->name, buf_slice(&blob), &again);
		ok = buf_len(&again) == line.n + 1 && slice_eq(slice_sub(buf_slice(&again), 0, line.n), line);
	}
	buf_free(&blob);
	buf_free(&again);
	return ok;
}

int audit_note_parse(struct slice text, struct audit_note *ret)
{
	ptrdiff_t gap = slice_search(text, SLICE("\n\n"));
	ret->count = 0;
	if (gap < 0 || text.n > AUDIT_NOTE_MAX)
		return ERR_INVALID;
	ret->body = slice_sub(text, 0, (size_t)gap + 1);
	struct slice in = slice_from(text, (size_t)gap + 2), line;
	while (in.n > 0) {
		if (ret->count == AUDIT_SIGNATURES_MAX || !take_line(&in, &line) || !parse_signature(line, &ret->signatures[ret->count]))
			return ERR_INVALID;
		ret->count++;
	}
	return ret->count > 0 ? 0 : ERR_INVALID;
}

int64_t audit_signature_time(const struct audit_signature *s)
{
	return s->size == WITNESS_BLOB ? (int64_t)get_u64(s->blob + KEY_ID_SIZE) : 0;
}

enum audit_verdict audit_signature_check(struct slice body, const struct audit_signature *s, const struct audit_key *key)
{
	uint8_t id[KEY_ID_SIZE];
	struct buf text = BUF_INIT(AUDIT_NOTE_MAX + 64);
	bool witness = key->kind == AUDIT_KEY_WITNESS, right;
	key_id(key, id);
	if (!slice_eq(s->name, key->name) || memcmp(id, s->blob, KEY_ID_SIZE) != 0 || s->size != (witness ? WITNESS_BLOB : LOG_BLOB))
		return AUDIT_OTHER_KEY;
	if (witness) {
		cosigned_text(body, audit_signature_time(s), &text);
		right = ed25519_verify(key->public_key, buf_slice(&text), s->blob + KEY_ID_SIZE + 8);
	} else {
		right = ed25519_verify(key->public_key, body, s->blob + KEY_ID_SIZE);
	}
	buf_free(&text);
	return right ? AUDIT_SIGNED : AUDIT_FORGED;
}
