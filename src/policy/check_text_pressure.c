#include <string.h>

#include "base/ensure.h"
#include "policy/check.h"

check_fn check_text_pressure;

#define TEXT_MAX (32 * 1024) /* such letters are short */

enum group { GROUP_SECRET, GROUP_MONEY, GROUP_HURRY, GROUP_QUIET, GROUP_COUNT };

static const struct { enum group group; struct slice text; } phrases[] = {
#define PHRASE(group, text) {GROUP_##group, SLICE_INIT(text)},
#include "policy/phrases.h"
#undef PHRASE
};

/*
 * Which runs of three bytes the text has, as bits of a hash: most phrases are told from it without being looked for. Three bytes are one character of
 * Han.
 */
#define RUN 3
struct runs {
	uint64_t bits[1024];
};

static unsigned run_hash(const uint8_t *p)
{
	return (p[0] * 0x9e5u ^ p[1] * 0x35bu ^ p[2] * 0xb7u) & 0xffff;
}

static void runs_make(struct slice text, struct runs *ret)
{
	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i + RUN <= text.n; i++) {
		unsigned h = run_hash(text.p + i);
		ret->bits[h / 64] |= UINT64_C(1) << h % 64;
	}
}

static bool runs_have(const struct runs *r, struct slice phrase)
{
	for (size_t i = 0; i + RUN <= phrase.n; i++) {
		unsigned h = run_hash(phrase.p + i);
		if ((r->bits[h / 64] >> h % 64 & 1) == 0)
			return false;
	}
	return true;
}

/* A wish for secrets or money alone is business; with haste or secrecy it is the pattern of fraud. */
void check_text_pressure(const struct check_input *in, struct check_result *r)
{
	struct slice text = slice_sub(in->letter->folded, 0, TEXT_MAX);
	unsigned found[GROUP_COUNT] = {0};
	struct runs runs;
	runs_make(text, &runs);
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		if (check_overtime(in)) {
			r->state = CHECK_FAILED;
			return;
		}
		found[phrases[i].group] += runs_have(&runs, phrases[i].text) && slice_search(text, phrases[i].text) >= 0;
	}
	unsigned pressure = found[GROUP_HURRY] + found[GROUP_QUIET], wish = found[GROUP_SECRET] + found[GROUP_MONEY];
	if (wish == 0 || pressure == 0)
		return;
	check_hit(r, found[GROUP_SECRET] >= found[GROUP_MONEY] ? REASON_asks_secret : REASON_asks_money);
	if (wish + pressure == 2)
		r->score /= 2;
	check_say_number(r, "phrases", wish + pressure);
}
