/* A stranger is asked to come again (RFC 6647), after all checks: whoever is known, or proves who he is, never waits. */
#include "base/codec.h"
#include "filter/judge_internal.h"
#include "policy/greylist.h"
#include "queue/memory.h"

#define RECORD_SIZE 20

static bool record_decode(struct slice s, struct greylist_record *ret)
{
	uint64_t first, last;
	if (s.n != RECORD_SIZE || !slice_get_u64(&s, &first) || !slice_get_u64(&s, &last) || !slice_get_u32(&s, &ret->passed))
		return false;
	ret->first_s = (int64_t)first;
	ret->last_s = (int64_t)last;
	return true;
}

static struct slice record_key(struct judge *j)
{
	static const uint8_t secret[16]; /* queue stores a keyed hash of the key anyway */
	struct buf hex = BUF_INIT(2 * GREYLIST_KEY);
	uint8_t key[GREYLIST_KEY];
	greylist_key(&j->letter, j->letter.recipients[0], secret, key);
	hex_encode(slice_make(key, sizeof key), &hex);
	struct slice ret = judge_memory_key(j->arena, "grey", buf_slice(&hex));
	buf_free(&hex);
	return ret;
}

void judge_greylist_recall(struct judge *j)
{
	struct slice value;
	if (j->settings->greylist_s == 0 || !j->stranger || j->letter.recipient_count == 0)
		return;
	if (facts_memory(j->facts, record_key(j), &value) == DNS_WANTED)
		j->waits = true;
}

bool judge_greylist(struct judge *j)
{
	struct greylist_options options = GREYLIST_DEFAULT;
	struct greylist_record record = {0};
	struct buf out = BUF_INIT(MEMORY_NOTES_BYTES), encoded = BUF_INIT(RECORD_SIZE);
	enum greylist_why why;
	struct slice value, key;
	if (j->settings->greylist_s == 0 || !j->stranger || j->letter.recipient_count == 0)
		return false;
	key = record_key(j);
	/* Where nothing can be remembered, nobody could come again. */
	if (facts_memory(j->facts, key, &value) == DNS_FAILED)
		return false;
	record_decode(value, &record);
	options.delay_s = j->settings->greylist_s;
	enum greylist_decision decision = greylist_decide(&options, &j->letter, &j->known.sender, j->facts->now_s, &record, &why);
	if (why == GREYLIST_KNOWN || why == GREYLIST_EXEMPT)
		return false;
	buf_put_u64(&encoded, (uint64_t)record.first_s);
	buf_put_u64(&encoded, (uint64_t)record.last_s);
	buf_put_u32(&encoded, record.passed);
	struct memory_note note = {.act = MEMORY_PUT, .key = key, .value = buf_slice(&encoded),
		.keep_s = (uint32_t)(record.passed > 0 ? options.remember_s : options.window_s)};
	memory_note_encode(&note, &out);
	j->grey_notes = arena_dup(j->arena, buf_slice(&out));
	buf_free(&out);
	buf_free(&encoded);
	return decision == GREYLIST_WAIT;
}
