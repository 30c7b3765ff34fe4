#include "auth/admin_job.h"

const struct admin_operation_row admin_leaver_rows[] = {
	{0},
};
