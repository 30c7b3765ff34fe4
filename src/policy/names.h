/*
 * People of the organisation by what their names look like, so that a stranger with the name of a colleague is noticed: the name itself in
 * any order and spacing, in look-alike letters, in traditional or simplified characters, and romanised (pinyin).
 */
#ifndef POLICY_NAMES_H
#define POLICY_NAMES_H

#include "base/arena.h"
#include "base/map.h"

#define NAMES_MAX 100000      /* people of one index */
#define NAME_WORDS_MAX 8      /* of one name */

struct person {
	struct slice name;        /* UTF-8, any script */
	struct slice address;     /* his own; others that are his stand in further rows */
	bool executive;           /* his first or last name alone with a title counts too */
};

enum name_match { NAME_NONE, NAME_SAME, NAME_SIMILAR, NAME_ROMANISED };

/* The person that a name shows; of several with that name an executive. */
struct name_found {
	struct slice address;
	bool executive;
};

struct name_entry;
struct names {
	struct arena *arena;      /* of the caller, holds everything */
	struct map forms;         /* key -> struct name_entry */
	size_t people;
};

/* Loads the tables (pinyin, traditional characters). Slow, once per process; policy_warm calls it. */
void names_warm(void);
void names_init(struct names *n, struct arena *arena);
void names_free(struct names *n);
/* Copies. What has no usable form (a single Latin word, nothing but signs) is not found later. Beyond NAMES_MAX nothing is added. */
void names_add(struct names *n, const struct person *person);
/*
 * Whom a display name shows, when `address` is not in the index: the first match, NAME_NONE when nobody or when the address is one of ours.
 * Titles, what stands in brackets, departments behind a dash do not matter.
 */
enum name_match names_find(const struct names *n, struct slice display, struct slice address, struct arena *arena, struct name_found *ret);
/* One of our people's addresses? */
bool names_owns(const struct names *n, struct slice address);

#endif
