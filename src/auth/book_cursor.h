/*
 * Where a list of the address book goes on, as the one who asked carries it: sealed, because it may name somebody whom that one does not see. It holds as long
 * as the directory does.
 */
#ifndef AUTH_BOOK_CURSOR_H
#define AUTH_BOOK_CURSOR_H

#include "auth/directory_book.h"

struct slice book_cursor_seal(struct directory *d, const struct book_after *after, struct arena *arena);
/* False: it is none of ours. */
bool book_cursor_open(struct directory *d, struct slice text, struct arena *arena, struct book_after *ret);

#endif
