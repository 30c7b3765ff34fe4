/* MTA-STS: the first byte says what the rest is: records (a line each), a policy file, or a remembered state. What is read can be remembered. */
#include "base/ensure.h"
#include "base/error.h"
#include "trust/mta_sts.h"

#define NOW 1800000000
#define RECORDS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void policy_holds(struct slice file)
{
	struct sts_policy p;
	struct sts_state s = {0}, back;
	struct buf encoded = BUF_INIT(STS_STATE_MAX);
	if (sts_policy_parse(file, &p) != 0)
		return;
	ENSURE(p.mx_count <= STS_MX_MAX && p.max_age_s <= STS_AGE_MAX && (p.mode == STS_NONE || p.mx_count > 0));
	for (size_t i = 0; i < p.mx_count; i++)
		ENSURE(slice_starts(p.mx[i], SLICE("*.")) || sts_mx_matches(p.mx, p.mx_count, p.mx[i]));
	sts_fetched(&s, SLICE("abcdefghijklmnopqrstuvwxyz012345"), &p, NOW);
	sts_state_encode(&s, &encoded);
	ENSURE(!encoded.failed && sts_state_decode(buf_slice(&encoded), &back));
	ENSURE(back.policy.mode == p.mode && back.policy.mx_count == p.mx_count && back.expires_s == s.expires_s);
	ENSURE(sts_mode_now(&back, NOW) == sts_mode_now(&s, NOW));
	buf_free(&encoded);
}

static void record_holds(struct slice list)
{
	struct slice texts[RECORDS], id;
	size_t count = 0;
	while (count < RECORDS && slice_split(&list, '\n', &texts[count]))
		count++;
	if (sts_record_id(texts, count, &id) == 0)
		ENSURE(id.n > 0 && id.n <= STS_ID_MAX);
}

static void state_holds(struct slice text)
{
	struct sts_state s;
	struct buf again = BUF_INIT(STS_STATE_MAX);
	if (!sts_state_decode(text, &s))
		return;
	sts_state_encode(&s, &again);
	ENSURE(slice_eq(buf_slice(&again), text));
	ENSURE(sts_keep_s(&s, NOW) <= STS_AGE_MAX);
	(void)sts_wants_fetch(&s, SLICE("a1"), 0, NOW);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct slice) = {record_holds, policy_holds, state_holds};
	if (size > 0)
		kinds[data[0] % 3](slice_make(data + 1, size - 1));
	return 0;
}
