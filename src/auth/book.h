/*
 * Who sees whom in the address book of the organisation. A person is seen by those whom the rules of the department and of every one above it let see it,
 * unless hidden; everybody sees oneself. Accounts without mailbox and those that are not active are in no book. What is not seen is as if it did not exist:
 * in lists, searches and by its id.
 */
#ifndef AUTH_BOOK_H
#define AUTH_BOOK_H

#include "auth/directory_book.h"

#define BOOK_PAGE_MAX 200       /* people in one answer */
#define BOOK_SCAN_MAX 5000      /* rows that one answer looks at; it ends early then, and says where it goes on */

struct book_view {
	uint8_t account[16];         /* whose view */
	struct slice *closed;        /* departments that this person does not see */
	size_t closed_count;
	bool everything;             /* of who looks after accounts */
};
/* The view of an account; texts in the arena. 0 or negative. */
int book_view_of(struct directory *d, const struct account *viewer, struct arena *arena, struct book_view *ret);
bool book_sees_department(const struct book_view *view, struct slice path);
bool book_sees_person(const struct book_view *view, const struct book_person *person);

/*
 * At most `max` (BOOK_PAGE_MAX) people who are seen: of a department, all, or found by text (then department is the one they are in or below, or empty).
 * *after: where it began; then where the next page begins, given false when there is none. The count or negative.
 */
int book_list(struct directory *d, const struct book_view *view, struct slice department, struct slice text, struct book_after *after, struct arena *arena,
	struct book_person *ret, size_t max);
/* ERR_NOT_FOUND when there is none or the view does not see it. */
int book_get(struct directory *d, const struct book_view *view, const uint8_t account[16], struct arena *arena, struct book_person *ret);

#endif
