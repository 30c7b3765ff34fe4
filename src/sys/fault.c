#include "sys/fault.h"

#ifdef LETTERLOCK_FAULTS

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/slice.h"

enum fault_action { ACTION_KILL, ACTION_ENOSPC, ACTION_EIO };

static const struct slice names[FAULT_COUNT] = {
#define FAULT(name) SLICE_INIT(#name),
#include "sys/faults.h"
#undef FAULT
};

/* Test builds only; set once before any thread starts, counted down afterwards. */
static struct {
	uint32_t left; /* passages until it strikes; 0: never */
	enum fault_action action;
} plan[FAULT_COUNT];

static void plan_one(struct slice item)
{
	struct slice name, count, action = SLICE_NONE;
	uint32_t n;
	if (!slice_split(&item, ':', &name) || !slice_split(&item, ':', &count) || slice_to_u32(count, &n) != 0)
		return;
	action = item;
	for (size_t i = 0; i < FAULT_COUNT; i++) {
		if (!slice_eq(name, names[i]))
			continue;
		plan[i].left = n;
		plan[i].action = slice_eq(action, SLICE("enospc")) ? ACTION_ENOSPC : slice_eq(action, SLICE("eio")) ? ACTION_EIO : ACTION_KILL;
	}
}

void fault_setup(const char *role)
{
	struct slice only = slice_str(getenv("LETTERLOCK_FAULT_ROLE"));
	if (only.n > 0 && !slice_eq(only, slice_str(role)))
		return;
	struct slice list = slice_str(getenv("LETTERLOCK_FAULT")), item;
	while (slice_split(&list, ',', &item))
		plan_one(item);
}

static int strike(enum fault_point point)
{
	ENSURE(point < FAULT_COUNT);
	if (plan[point].left == 0 || __atomic_sub_fetch(&plan[point].left, 1, __ATOMIC_RELAXED) != 0)
		return 0;
	switch (plan[point].action) {
	case ACTION_ENOSPC:
		return ENOSPC;
	case ACTION_EIO:
		return EIO;
	case ACTION_KILL:
		kill(getpid(), SIGKILL);
		break;
	}
	return 0;
}

void fault_pass(enum fault_point point)
{
	strike(point);
}

int fault_take(enum fault_point point)
{
	return strike(point);
}

#else

/* An empty translation unit is not C. */
typedef int fault_unused;

#endif
