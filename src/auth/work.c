#include "auth/work.h"

#include <string.h>

#include "base/codec.h"
#include "base/endian.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define NONCE_SIZE 16
#define BODY_SIZE (8 + 1 + NONCE_SIZE) /* made at (monotonic ms), bits, nonce */
#define MAC_SIZE 16
#define GOOD_MS SECONDS_MS(WORK_GOOD_S)

/* What was used within the last, and within the former, WORK_GOOD_S: older challenges have ended. */
struct work {
	uint8_t key[HASH_KEY_SIZE];
	struct map spent[2];
	int64_t since_ms;
};

static uint8_t used_mark;

struct work *work_create(void)
{
	struct work *w = memory_alloc(sizeof *w);
	random_bytes(w->key, sizeof w->key);
	return w;
}

void work_destroy(struct work **work)
{
	if (*work == NULL)
		return;
	map_free(&(*work)->spent[0]);
	map_free(&(*work)->spent[1]);
	secret_wipe((*work)->key, sizeof (*work)->key);
	MEMORY_FREE(work);
}

int64_t work_ends(struct moment now)
{
	return moment_unix(now) + WORK_GOOD_S;
}

static void mac_of(const struct work *w, struct slice body, struct slice address, uint8_t ret[HASH_SIZE])
{
	uint8_t room[64];
	struct hash_state state;
	hash_start(&state, w->key);
	hash_update_field(&state, body);
	hash_update_field(&state, limiter_address(LIMIT_SCOPE_NETWORK, address, room));
	hash_finish(&state, ret);
}

void work_make(struct work *w, struct slice address, unsigned bits, struct moment now, struct buf *out)
{
	uint8_t challenge[BODY_SIZE + MAC_SIZE], mac[HASH_SIZE];
	put_u64(challenge, (uint64_t)now.mono_ms);
	challenge[8] = (uint8_t)(bits < 1 ? 1 : bits > WORK_BITS_MAX ? WORK_BITS_MAX : bits);
	random_bytes(challenge + 9, NONCE_SIZE);
	mac_of(w, slice_make(challenge, BODY_SIZE), address, mac);
	memcpy(challenge + BODY_SIZE, mac, MAC_SIZE);
	base64url_encode(slice_make(challenge, sizeof challenge), out);
}

/* ---- what was used ---- */

static void turn(struct work *w, int64_t now_ms)
{
	if (now_ms - w->since_ms < GOOD_MS)
		return;
	map_free(&w->spent[1]);
	w->spent[1] = w->spent[0];
	w->spent[0] = MAP_INIT;
	if (now_ms - w->since_ms >= 2 * GOOD_MS)
		map_free(&w->spent[1]);
	w->since_ms = now_ms;
}

static bool is_spent(const struct work *w, struct slice nonce)
{
	return map_get(&w->spent[0], nonce) != NULL || map_get(&w->spent[1], nonce) != NULL;
}

/* ---- the answer ---- */

static bool is_number(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > 0 && text.n <= WORK_NUMBER_MAX;
}

static bool begins_with_zeros(const uint8_t hash[HASH_SIZE], unsigned bits)
{
	unsigned i = 0;
	for (; bits >= 8; bits -= 8)
		if (hash[i++] != 0)
			return false;
	return bits == 0 || hash[i] >> (8 - bits) == 0;
}

static bool computed(struct slice challenge, struct slice number, unsigned bits)
{
	struct buf text = BUF_INIT(WORK_CHALLENGE_MAX + 1 + WORK_NUMBER_MAX);
	uint8_t hash[HASH_SIZE];
	bool good = is_number(number);
	buf_append(&text, challenge);
	buf_append_byte(&text, ':');
	buf_append(&text, number);
	hash_sha256(buf_slice(&text), hash);
	good = good && !text.failed && begins_with_zeros(hash, bits);
	buf_free(&text);
	return good;
}

static bool waited(struct slice address, int64_t age_ms, struct limiter *limiter, int64_t now_ms)
{
	uint8_t room[64];
	return age_ms >= SECONDS_MS(WORK_WAIT_S)
	    && limiter_take(limiter, LIMIT_WORK_WAITS, limiter_address(LIMIT_SCOPE_ADDRESS, address, room), 1, now_ms);
}

bool work_check(struct work *w, struct slice challenge, struct slice number, struct slice address, struct limiter *limiter,
	struct moment now)
{
	struct buf bytes = BUF_INIT(WORK_CHALLENGE_MAX);
	uint8_t mac[HASH_SIZE];
	bool good = challenge.n <= WORK_CHALLENGE_MAX && base64url_decode_strict(challenge, &bytes) == 0
		&& buf_len(&bytes) == BODY_SIZE + MAC_SIZE;
	if (good) {
		const uint8_t *p = buf_slice(&bytes).p;
		struct slice nonce = slice_make(p + 9, NONCE_SIZE);
		int64_t age = now.mono_ms - (int64_t)get_u64(p);
		turn(w, now.mono_ms);
		mac_of(w, slice_make(p, BODY_SIZE), address, mac);
		good = secret_equal(mac, p + BODY_SIZE, MAC_SIZE) && age >= 0 && age < GOOD_MS && !is_spent(w, nonce)
		    && w->spent[0].count < WORK_SPENT_MAX
		    && (number.n > 0 ? computed(challenge, number, p[8]) : waited(address, age, limiter, now.mono_ms));
		if (good)
			map_put(&w->spent[0], nonce, &used_mark);
	}
	buf_free(&bytes);
	return good;
}
