/*
 * directory.db: the address book of the organisation. Departments are paths ("Sales/East"), at most BOOK_LEVELS_MAX levels, in the organisation's own order;
 * each account is a person in one of them. Who sees whom decides auth/book.h; here lies what there is.
 */
#ifndef AUTH_DIRECTORY_BOOK_H
#define AUTH_DIRECTORY_BOOK_H

#include "auth/directory.h"

#define BOOK_LEVELS_MAX 8
#define BOOK_DEPARTMENTS_MAX 20000
#define BOOK_RULES_MAX 1000        /* departments that not everybody sees */
#define BOOK_VIEWERS_MAX 4000      /* bytes of the paths in one rule */

/* Who sees the people of a department and of those below it. Stored. */
enum book_sees {
	BOOK_ALL = 0,
	BOOK_OWN = 1,      /* who is in it or below it */
	BOOK_LISTED = 2,   /* these, and who is in the departments that are named or below them */
	BOOK_NONE = 3,     /* nobody but oneself */
};
/* "all", "own", "listed", "none". */
const char *book_sees_name(enum book_sees sees);
bool book_sees_parse(struct slice name, enum book_sees *ret);

struct book_department {
	struct slice path;
	int64_t place;           /* among its siblings; equal ones by name */
	enum book_sees sees;
	struct slice viewers;    /* of BOOK_LISTED: paths, one in a line */
};
struct book_person {
	uint8_t account[16];
	struct slice address, name, department;
	enum account_state state;
	enum auth_role role;
	int64_t place;           /* within the department; equal ones by name */
	struct slice sort;
	bool hidden;
	struct slice position, phone, mobile, staff_number;
	struct slice reading;    /* of the name, when its owner reads it in another way: "zhang wei" */
	struct slice word;       /* of a search: by which it was found */
};

/* Levels without spaces around them and without empty ones, at most BOOK_LEVELS_MAX; what is below is left out. In the arena. */
struct slice book_path(struct slice text, struct arena *arena);
/* Is it the department `path` or one below it? */
bool book_path_within(struct slice path, struct slice department);

/* Adds or changes one, and adds those above it. ERR_LIMIT: too many, or too many rules. */
int directory_book_department_set(struct directory *d, const struct book_department *department, struct error *err);
/* It exists from now on, and each level above it. */
int directory_book_department_keep(struct directory *d, struct slice path, struct error *err);
int directory_book_department_get(struct directory *d, struct slice path, struct arena *arena, struct book_department *ret);
/* Behind `after` by path, at most `max`; the count or negative. */
int directory_book_department_list(struct directory *d, struct slice after, struct arena *arena, struct book_department *ret, size_t max);
int directory_book_department_rules(struct directory *d, struct arena *arena, struct book_department *ret, size_t max);
/* ERR_CONFLICT: there are people in it, or departments below. */
int directory_book_department_remove(struct directory *d, struct slice path, struct error *err);
/* With everything below it: people, rules, and the grants whose scope it is. ERR_EXISTS, ERR_NOT_FOUND. */
int directory_book_department_rename(struct directory *d, struct slice from, struct slice to, struct error *err);

/* ERR_NOT_FOUND. */
int directory_book_person_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct book_person *ret);
/* All that is the book's own: place, hidden, position, phones, staff number, reading. */
int directory_book_person_set(struct directory *d, const struct book_person *person, struct error *err);
/* The account was made or changed: name, department, words. Cheap when neither changed. Within the change of the account. */
int directory_book_refresh(struct directory *d, const uint8_t account[16], struct error *err);
/* All of a directory that knew no book, or whose words were made in another way. */
int directory_book_prepare(struct directory *d, struct error *err);

/* Where a list goes on; zero: at its beginning. */
struct book_after {
	bool given;
	int64_t place;
	uint8_t account[16];
	struct slice text;       /* the sort key; of a search the word */
};
struct book_after book_after_of(const struct book_person *last, bool search);
/* People of the department alone, in its order; department empty: everybody, by name. The count or negative. */
int directory_book_people(struct directory *d, struct slice department, const struct book_after *after, struct arena *arena,
	struct book_person *ret, size_t max);
/* Whose words begin with the words of `text` (at most three are looked at), by the first of them. */
int directory_book_find(struct directory *d, struct slice text, const struct book_after *after, struct arena *arena, struct book_person *ret, size_t max);

#endif
