/* Prints the description of the admin API; with a file: says whether the file is that description. */
#include <stdio.h>

#include "admin/openapi.h"

#define DESCRIPTION_MAX (4u << 20)

static int compare(const char *path, struct slice want)
{
	struct buf have = BUF_INIT(DESCRIPTION_MAX);
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(buf_reserve(&have, want.n + 1), 1, want.n + 1, f);
		buf_commit(&have, n);
		fclose(f);
	}
	bool same = slice_eq(buf_slice(&have), want);
	if (!same)
		fprintf(stderr, "%s is not what the tables say; make it anew: build/<dir>/src/admin/openapi >%s\n", path, path);
	buf_free(&have);
	return same ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct buf out = BUF_INIT(DESCRIPTION_MAX);
	int code = 0;

	admin_openapi(&out, true);
	if (argc > 1)
		code = compare(argv[1], buf_slice(&out));
	else
		printf("%.*s", SLICE_ARG(buf_slice(&out)));
	buf_free(&out);
	return code;
}
