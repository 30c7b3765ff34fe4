#include "auth/book.h"

#include <string.h>

#define SCAN_PAGE 250

/* Does the rule let somebody in who is in `department`? */
static bool lets_in(const struct book_department *rule, struct slice department)
{
	struct slice rest = rule->viewers, one;

	if (rule->sees == BOOK_ALL)
		return true;
	if (rule->sees == BOOK_NONE || department.n == 0)
		return false;
	if (book_path_within(rule->path, department))
		return true;
	while (rule->sees == BOOK_LISTED && rest.n > 0 && slice_split(&rest, '\n', &one))
		if (one.n > 0 && book_path_within(one, department))
			return true;
	return false;
}

int book_view_of(struct directory *d, const struct account *viewer, struct arena *arena, struct book_view *ret)
{
	struct book_department *rules = arena_alloc_array(arena, BOOK_RULES_MAX, sizeof *rules);
	struct slice own = book_path(viewer->department, arena);
	int n = directory_book_department_rules(d, arena, rules, BOOK_RULES_MAX);

	if (n < 0)
		return n;
	*ret = (struct book_view){.closed = arena_alloc_array(arena, (size_t)n + 1, sizeof *ret->closed)};
	memcpy(ret->account, viewer->id, sizeof ret->account);
	for (int i = 0; i < n; i++)
		if (!lets_in(&rules[i], own))
			ret->closed[ret->closed_count++] = rules[i].path;
	return 0;
}

bool book_sees_department(const struct book_view *view, struct slice path)
{
	for (size_t i = 0; !view->everything && i < view->closed_count; i++)
		if (book_path_within(view->closed[i], path))
			return false;
	return true;
}

bool book_sees_person(const struct book_view *view, const struct book_person *p)
{
	if (p->state != ACCOUNT_ACTIVE || !auth_permit_own(p->role, AUTH_MAIL_RECEIVE))
		return false;
	if (memcmp(p->account, view->account, sizeof p->account) == 0)
		return true;
	return (!p->hidden || view->everything) && book_sees_department(view, p->department);
}

int book_list(struct directory *d, const struct book_view *view, struct slice department, struct slice text, struct book_after *after, struct arena *arena,
	struct book_person *ret, size_t max)
{
	struct book_person *rows = arena_alloc_array(arena, SCAN_PAGE, sizeof *rows);
	size_t found = 0, page = max + 20 < SCAN_PAGE ? max + 20 : SCAN_PAGE;

	for (size_t looked = 0;; looked += page) {
		int n = text.n > 0 ? directory_book_find(d, text, after, arena, rows, page) : directory_book_people(d, department, after, arena, rows, page);

		if (n < 0)
			return n;
		for (int i = 0; i < n; i++) {
			bool within = text.n == 0 || department.n == 0 || book_path_within(department, rows[i].department);

			if (!within || !book_sees_person(view, &rows[i]))
				continue;
			/* One more than asked for is there: so there is a next page, which begins behind the last one of this. */
			if (found == max) {
				*after = book_after_of(&ret[max - 1], text.n > 0);
				return (int)found;
			}
			ret[found++] = rows[i];
		}
		*after = n > 0 ? book_after_of(&rows[n - 1], text.n > 0) : (struct book_after){0};
		if ((size_t)n < page) {
			*after = (struct book_after){0};
			return (int)found;
		}
		if (looked + page >= BOOK_SCAN_MAX)
			return (int)found;
	}
}

int book_get(struct directory *d, const struct book_view *view, const uint8_t account[16], struct arena *arena, struct book_person *ret)
{
	int rc = directory_book_person_get(d, account, arena, ret);

	return rc == 0 && !book_sees_person(view, ret) ? ERR_NOT_FOUND : rc;
}
