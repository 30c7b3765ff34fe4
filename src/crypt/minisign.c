#include "crypt/minisign.h"

#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"

#define ID_SIZE 8
#define HEAD_SIZE (2 + ID_SIZE)      /* algorithm, key id */
#define PREHASH_SIZE 64
#define COMMENT "trusted comment: "

struct parsed {
	uint8_t signature[HEAD_SIZE + ED25519_SIGNATURE_SIZE], global[ED25519_SIGNATURE_SIZE];
	struct slice comment;            /* trusted, without its prefix */
};

static bool decode(struct slice text, uint8_t *ret, size_t size)
{
	struct buf b = BUF_INIT(200);
	bool good = base64_decode_strict(slice_trim(text), &b) == 0 && buf_len(&b) == size;
	if (good)
		memcpy(ret, buf_slice(&b).p, size);
	buf_free(&b);
	return good;
}

static bool take_line(struct slice *rest, struct slice *ret)
{
	if (!slice_split(rest, '\n', ret))
		return false;
	if (slice_ends(*ret, SLICE("\r")))
		*ret = slice_sub(*ret, 0, ret->n - 1);
	return true;
}

/* Four lines: untrusted comment, signature, trusted comment, signature of signature and comment. */
static bool parse(struct slice text, struct parsed *ret)
{
	struct slice lines[4], rest = text;
	if (text.n > MINISIGN_TEXT_MAX)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (!take_line(&rest, &lines[i]))
			return false;
	ret->comment = slice_from(lines[2], sizeof COMMENT - 1);
	return slice_starts(lines[2], SLICE(COMMENT)) && decode(lines[1], ret->signature, sizeof ret->signature) && decode(lines[3], ret->global, sizeof ret->global);
}

/* "timestamp:1700000000	file:x" */
static bool time_of(struct slice comment, int64_t *ret)
{
	struct slice word;
	uint64_t value;
	while (slice_split(&comment, '\t', &word))
		if (slice_starts(slice_trim(word), SLICE("timestamp:")) && slice_to_u64(slice_from(slice_trim(word), 10), &value) == 0 && value < (1ull << 40)) {
			*ret = (int64_t)value;
			return true;
		}
	return false;
}

static bool holds(const uint8_t *public_key, struct slice content, const struct parsed *p)
{
	uint8_t hash[PREHASH_SIZE];
	struct buf both = BUF_INIT(2 * MINISIGN_TEXT_MAX);
	struct slice what = content;
	if (p->signature[1] == 'D') {
		hash_blake2b(content, NULL, hash, sizeof hash);
		what = slice_make(hash, sizeof hash);
	}
	buf_append_bytes(&both, p->signature + HEAD_SIZE, ED25519_SIGNATURE_SIZE);
	buf_append(&both, p->comment);
	bool good = ed25519_verify(public_key, what, p->signature + HEAD_SIZE) && ed25519_verify(public_key, buf_slice(&both), p->global);
	buf_free(&both);
	return good;
}

bool minisign_key_valid(struct slice key)
{
	uint8_t raw[HEAD_SIZE + ED25519_PUBLIC_SIZE];
	return decode(key, raw, sizeof raw) && raw[0] == 'E' && raw[1] == 'd';
}

int minisign_verify(struct slice key, struct slice content, struct slice signature, int64_t *ret_time, struct error *err)
{
	uint8_t raw[HEAD_SIZE + ED25519_PUBLIC_SIZE];
	struct parsed p;
	if (!decode(key, raw, sizeof raw) || raw[0] != 'E' || raw[1] != 'd')
		return error_set(err, ERR_INVALID, "the pinned key is none of minisign");
	if (!parse(signature, &p) || p.signature[0] != 'E' || (p.signature[1] != 'd' && p.signature[1] != 'D') || !time_of(p.comment, ret_time))
		return error_set(err, ERR_INVALID, "the signature is none of minisign, or has no time");
	if (memcmp(p.signature + 2, raw + 2, ID_SIZE) != 0)
		return error_set(err, ERR_DENIED, "the signature is of another key");
	return holds(raw + HEAD_SIZE, content, &p) ? 0 : error_set(err, ERR_DENIED, "the signature does not hold");
}
