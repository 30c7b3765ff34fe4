/* letterlock-extract: the role extract, so that nothing else is linked with the parsers of others. Started by letterlockd only. */
#include <fcntl.h>
#include <string.h>

#include "role/control.h"
#include "role/process.h"
#include "role/role.h"

const struct role_ops *role_ops_of(enum role role)
{
	return role == ROLE_EXTRACT ? &role_extract : NULL;
}

/* "--role=extract --index=N" */
int main(int argc, char **argv)
{
	uint32_t index = 0;

	if (argc != 3 || strcmp(argv[1], "--role=extract") != 0 || !slice_starts(slice_str(argv[2]), SLICE("--index="))
	    || slice_to_u32(slice_from(slice_str(argv[2]), 8), &index) != 0 || fcntl(CONTROL_FD, F_GETFD) < 0)
		return 2;
	return role_main(ROLE_EXTRACT, index);
}
