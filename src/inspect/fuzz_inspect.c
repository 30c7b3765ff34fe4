/*
 * One family of formats, by the names in FUZZ_NAMES: whatever the bytes are, the walk ends within its budget and its report holds
 * together.
 */
#include "base/ensure.h"
#include "base/utf8.h"
#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {FUZZ_NAMES};

static bool check_piece(void *context, const struct inspect_piece *p)
{
	uint64_t sum = 0;
	(void)context;
	/* Every byte that is given out is there. */
	for (size_t i = 0; i < p->content.n; i++)
		sum += p->content.p[i];
	ENSURE(sum <= p->content.n * 255);
	ENSURE(p->path.n <= INSPECT_PATH_MAX && utf8_valid(p->path));
	return true;
}

static void check_finding(const struct inspect_finding *f)
{
	ENSURE(f->count > 0 && f->detail.n <= INSPECT_DETAIL_MAX && f->path.n <= INSPECT_PATH_MAX + 3);
	ENSURE(utf8_valid(f->path));
	for (size_t i = 0; i < f->detail.n; i++)
		ENSURE(f->detail.p[i] >= ' ' && f->detail.p[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inspect_limits limits = {.unpacked_max = 512 << 10, .member_max = 128 << 10, .entries_max = 60, .depth_max = 4,
		.ratio_max = 250,
		.steps_max = 5000000};
	struct arena arena = ARENA_INIT;
	struct inspect_budget budget;
	struct inspect_report report;
	struct slice content = slice_make(data, size);
	const char *name = names[0];
	/* Where a family has several names, the last byte chooses: it changes no signature. */
	if (ARRAY_LEN(names) > 1 && size > 0) {
		name = names[data[size - 1] % ARRAY_LEN(names)];
		content.n--;
	}
	struct inspect_input in = {.content = content, .name = slice_str(name)};
	inspect_budget_init(&budget, &limits);
	inspect_content(&in, &budget, check_piece, NULL, &arena, &report);
	ENSURE(budget.unpacked <= limits.unpacked_max && budget.steps <= limits.steps_max && budget.entries <= limits.entries_max);
	ENSURE(report.finding_count <= INSPECT_FINDINGS_MAX && (unsigned)report.type < FILE_TYPE_COUNT);
	for (size_t i = 0; i < report.finding_count; i++)
		check_finding(&report.findings[i]);
	ENSURE(arena.total < 1024 * 1024);
	arena_free(&arena);
	return 0;
}
