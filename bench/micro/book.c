/* bench_book [people]: what the address book of the organisation costs auth: making it, pages of it, searches; CPU time of one core. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth/book.h"
#include "base/ensure.h"

#define TIMES 50

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const char *const families[] = {"张", "王", "李", "赵", "陈", "欧阳", "单", "曾", "刘", "黄", "周", "吴"};
static const char *const given[] = {"伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "超", "霞", "平", "刚", "桂英", "建国"};

static void add(struct directory *d, uint32_t i)
{
	struct account a = {.state = ACCOUNT_ACTIVE, .role = AUTH_ROLE_USER, .generation = 1, .created = 1};
	char address[64], name[64], department[80];
	memcpy(a.id, &i, sizeof i);
	a.id[15] = 1;
	snprintf(address, sizeof address, "p%u@example.org", (unsigned)i);
	snprintf(name, sizeof name, "%s%s%s", families[i % ARRAY_LEN(families)], given[i / 12 % ARRAY_LEN(given)], given[i / 240 % ARRAY_LEN(given)]);
	snprintf(department, sizeof department, "部门%u/组%u", (unsigned)(i % 20), (unsigned)(i / 20 % 50));
	a.address = slice_str(address);
	a.name = slice_str(name);
	a.department = slice_str(department);
	ENSURE(directory_account_add(d, &a, NULL) == 0);
}

static void measure(struct directory *d, const struct book_view *view, const char *what, const char *department, const char *text)
{
	struct arena arena = ARENA_INIT;
	struct book_person *found = arena_alloc_array(&arena, BOOK_PAGE_MAX, sizeof *found);
	double begin = cpu_ms();
	int count = 0;
	for (unsigned i = 0; i < TIMES; i++) {
		struct arena one = ARENA_INIT;
		struct book_after after = {0};
		count = book_list(d, view, slice_str(department), slice_str(text), &after, &one, found, text[0] != 0 ? 8 : 100);
		ENSURE(count >= 0);
		arena_free(&one);
	}
	printf("%-44s %4d found %8.2f ms\n", what, count, (cpu_ms() - begin) / TIMES);
	arena_free(&arena);
}

int main(int argc, char **argv)
{
	struct directory *d;
	struct arena arena = ARENA_INIT;
	struct account viewer = {.department = SLICE("部门1/组1"), .id = {9}};
	struct book_view view;
	uint32_t people = 100000;
	double begin;
	if (argc > 1 && slice_to_u32(slice_str(argv[1]), &people) != 0)
		return 2;
	ENSURE(directory_open(NULL, (const uint8_t[32]){1}, &d, NULL) == 0 && directory_begin(d, NULL) == 0);
	ENSURE(directory_domain_add(d, &(struct directory_domain){.name = SLICE("example.org")}, NULL) == 0);
	begin = cpu_ms();
	for (uint32_t i = 0; i < people; i++)
		add(d, i);
	ENSURE(directory_commit(d, NULL) == 0);
	printf("%u people: %.3f ms each to make with all their words\n", (unsigned)people, (cpu_ms() - begin) / people);
	ENSURE(book_view_of(d, &viewer, &arena, &view) == 0);
	measure(d, &view, "a page of a department", "部门1/组1", "");
	measure(d, &view, "the first page of everybody", "", "");
	measure(d, &view, "zw: thousands fit", "", "zw");
	measure(d, &view, "zhangwei: hundreds fit", "", "zhangwei");
	measure(d, &view, "one address", "", "p77777");
	measure(d, &view, "two words", "", "zhangwei bumen0");
	measure(d, &view, "nobody", "", "qqqq");
	/* All but one twentieth is not seen. */
	ENSURE(directory_begin(d, NULL) == 0);
	for (unsigned i = 2; i < 20; i++) {
		char path[40];
		snprintf(path, sizeof path, "部门%u", i);
		ENSURE(directory_book_department_set(d, &(struct book_department){.path = slice_str(path), .sees = BOOK_OWN}, NULL) == 0);
	}
	ENSURE(directory_commit(d, NULL) == 0 && book_view_of(d, &viewer, &arena, &view) == 0);
	measure(d, &view, "zw, of whom few are seen", "", "zw");
	arena_free(&arena);
	directory_close(&d);
	return 0;
}
