/*
 * What is remembered of a sender (queue/memory.h): letters from and to the address, when its domain was first seen, how domain and network behaved,
 * and its habits. Asked for before the checks run, told again when their verdict is known.
 */
#include "filter/judge_internal.h"
#include "policy/habit.h"
#include "policy/reputation.h"
#include "queue/memory.h"

#define KEEP_S (400u * 86400)        /* addresses and domains */
#define KEEP_NETWORK_S (60u * 86400)
#define IN_GOOD_PART 0.2             /* what a letter that nobody complained about says for its sender */
#define IN_BAD_PART 0.5              /* what our own verdict says against him: less than what people say */

static struct slice network_key(struct judge *j)
{
	struct policy_ip network = policy_ip_network(policy_ip_from(&j->client));
	struct buf out = BUF_INIT(64);
	struct slice bytes = policy_ip_bytes(&network), ret;
	buf_append_str(&out, "network:");
	buf_append(&out, bytes);
	ret = arena_dup(j->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice recall(struct judge *j, struct slice text)
{
	struct slice value = SLICE_NONE;
	if (text.n > 0 && facts_memory(j->facts, text, &value) == DNS_WANTED)
		j->waits = true;
	return value;
}

static struct memory_count recall_count(struct judge *j, struct slice text)
{
	struct memory_count c = {0};
	struct slice value = recall(j, text);
	memory_count_decode(value, &c);
	return c;
}

static void recall_reputation(struct judge *j, struct slice text, struct reputation *ret)
{
	struct slice value = recall(j, text);
	if (value.n == REPUTATION_ENCODED)
		reputation_decode(value.p, ret);
}

/* The letter that this one answers. */
static struct slice answered(struct judge *j)
{
	struct mime_field field;
	if (!mime_header_find(j->letter.header, SLICE("In-Reply-To"), &field))
		return SLICE_NONE;
	return slice_trim(mime_unfold(j->arena, field.value));
}

void judge_sender(struct judge *j)
{
	struct known_sender *s = &j->known.sender;
	const struct letter_address *from = &j->letter.from;
	if (from->spec.n == 0)
		return;
	s->letters_in = recall_count(j, judge_memory_key(j->arena, "in", from->spec)).count;
	s->letters_out = recall_count(j, judge_memory_key(j->arena, "out", from->spec)).count;
	s->domain_first_s = recall_count(j, judge_memory_key(j->arena, "domain", from->domain)).first_s;
	recall_reputation(j, judge_memory_key(j->arena, "good", from->domain), &s->domain);
	if (j->stranger)
		recall_reputation(j, network_key(j), &s->network);
	struct slice habit = recall(j, judge_memory_key(j->arena, "habit", from->spec)), reply = answered(j);
	if (habit.n == HABIT_ENCODED)
		habit_decode(habit.p, &s->habit);
	s->reply = reply.n > 0 && recall(j, judge_memory_key(j->arena, "sent", reply)).n > 0;
	s->given = !j->waits;
}

static void note(struct buf *out, enum memory_act act, struct slice text, struct slice value, uint32_t keep_s)
{
	memory_note_encode(&(struct memory_note){.act = act, .key = text, .value = value, .keep_s = keep_s}, out);
}

static void note_reputation(struct judge *j, struct buf *out, struct slice text, struct reputation r, bool bad, uint32_t keep_s)
{
	uint8_t encoded[REPUTATION_ENCODED];
	reputation_note(&r, bad ? 0 : IN_GOOD_PART, bad ? IN_BAD_PART : 0, j->facts->now_s);
	reputation_encode(&r, encoded);
	note(out, MEMORY_PUT, text, slice_make(encoded, sizeof encoded), keep_s);
}

void judge_sender_notes(struct judge *j, bool bad, struct buf *out)
{
	const struct letter_address *from = &j->letter.from;
	struct known_sender *s = &j->known.sender;
	uint8_t habit[HABIT_ENCODED];
	bool proven = j->dmarc.result == DMARC_PASS;
	if (j->stranger)
		note_reputation(j, out, network_key(j), s->network, bad, KEEP_NETWORK_S);
	/* Who forges an address must not make it known, nor give it a bad name. */
	if (proven && from->spec.n > 0) {
		note(out, MEMORY_COUNT, judge_memory_key(j->arena, "domain", from->domain), SLICE_NONE, KEEP_S);
		note_reputation(j, out, judge_memory_key(j->arena, "good", from->domain), s->domain, bad, KEEP_S);
	}
	if (proven && !bad && from->spec.n > 0) {
		note(out, MEMORY_COUNT, judge_memory_key(j->arena, "in", from->spec), SLICE_NONE, KEEP_S);
		habit_note(&s->habit, habit_place(&j->letter), j->letter.trust.smime == LETTER_PASS);
		habit_encode(&s->habit, habit);
		note(out, MEMORY_PUT, judge_memory_key(j->arena, "habit", from->spec), slice_make(habit, sizeof habit), KEEP_S);
	}
}
