#include "policy/reputation.h"

#include <math.h>

#include "base/endian.h"

#define PRIOR 5.0 /* undecided letters that everybody begins with */

struct reputation reputation_at(const struct reputation *r, int64_t now_s)
{
	struct reputation ret = *r;
	if (r->updated_s == 0 || now_s <= r->updated_s)
		return ret;
	double left = exp2(-(double)(now_s - r->updated_s) / REPUTATION_HALF_LIFE_S);
	ret.good *= left;
	ret.bad *= left;
	ret.updated_s = now_s;
	return ret;
}

static double limited(double v)
{
	return v < 0 ? 0 : v > REPUTATION_WEIGHT_MAX ? REPUTATION_WEIGHT_MAX : v;
}

void reputation_note(struct reputation *r, double good, double bad, int64_t now_s)
{
	*r = reputation_at(r, now_s);
	r->good = limited(r->good + good);
	r->bad = limited(r->bad + bad);
	if (r->updated_s < now_s)
		r->updated_s = now_s;
}

int reputation_percent(const struct reputation *r, int64_t now_s)
{
	struct reputation now = reputation_at(r, now_s);
	return (int)lround(100.0 * (now.good - now.bad) / (now.good + now.bad + PRIOR));
}

void reputation_encode(const struct reputation *r, uint8_t ret[REPUTATION_ENCODED])
{
	put_u64(ret, (uint64_t)llround(r->good * 1000));
	put_u64(ret + 8, (uint64_t)llround(r->bad * 1000));
	put_u64(ret + 16, (uint64_t)r->updated_s);
}

bool reputation_decode(const uint8_t data[REPUTATION_ENCODED], struct reputation *ret)
{
	uint64_t good = get_u64(data), bad = get_u64(data + 8), at = get_u64(data + 16);
	if (good > REPUTATION_WEIGHT_MAX * 1000ull || bad > REPUTATION_WEIGHT_MAX * 1000ull || at > INT64_MAX)
		return false;
	*ret = (struct reputation){.good = (double)good / 1000, .bad = (double)bad / 1000, .updated_s = (int64_t)at};
	return true;
}
