/* inspect_dump FILE [NAME [MEDIA]]: what src/inspect says of a file, as lines, for tests/inspect_cases.py. */
#include <stdio.h>

#include "base/buf.h"
#include "inspect/inspect.h"
#include "sys/file.h"

#define FILE_MAX (512 * 1024 * 1024)

static bool print_piece(void *context, const struct inspect_piece *p)
{
	(void)context;
	printf("piece\t%d\t%s\t%zu\t%d\t%.*s\n", (int)p->kind, inspect_type_name(p->type), p->content.n, p->scan, SLICE_ARG(p->path));
	return true;
}

static void print_report(const struct inspect_report *r, const struct inspect_budget *b)
{
	printf("type\t%s\n", inspect_type_name(r->type));
	printf("worst\t%s\n", inspect_severity_name(r->worst));
	for (unsigned i = 0; i < INSPECT_GAP_BITS; i++)
		if ((r->gaps >> i & 1) != 0)
			printf("gap\t%s\n", inspect_gap_name((enum inspect_gap)(1u << i)));
	for (size_t i = 0; i < r->finding_count; i++)
		printf("finding\t%s\t%u\t%.*s\t%.*s\n", inspect_what_name(r->findings[i].what), r->findings[i].count, SLICE_ARG(r->findings[i].detail),
			SLICE_ARG(r->findings[i].path));
	printf("spent\t%llu\t%llu\t%u\n", (unsigned long long)b->unpacked, (unsigned long long)b->steps, b->entries);
}

int main(int argc, char **argv)
{
	struct buf content = BUF_INIT(FILE_MAX);
	struct arena arena = ARENA_INIT;
	struct inspect_budget budget;
	struct inspect_report report;
	struct error err = {0};
	if (argc < 2 || file_read(argv[1], &content, &err) != 0)
		return 2;
	struct inspect_input in = {.content = buf_slice(&content), .name = slice_str(argc > 2 ? argv[2] : NULL), .media =
		slice_str(argc > 3 ? argv[3] : NULL)};
	inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
	inspect_content(&in, &budget, print_piece, NULL, &arena, &report);
	print_report(&report, &budget);
	arena_free(&arena);
	buf_free(&content);
	return 0;
}
