#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"

void ensure_failed(const char *condition, const char *file, int line, const char *function)
{
	/* Not the log module: it may be what failed. */
	fprintf(stderr, "level=error event=internal.ensure at=\"%s:%d\" function=%s condition=\"%s\"\n", file, line, function, condition);
	abort();
}
