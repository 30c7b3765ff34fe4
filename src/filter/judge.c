#include "filter/judge.h"

bool filter_judge(const struct envelope *e, struct slice message, const struct filter_settings *settings, struct facts *facts, struct arena *arena,
                  struct filter_judgement *ret)
{
	*ret = (struct filter_judgement){0};
	return true;
}
