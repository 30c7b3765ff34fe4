/*
 * By which words people are found in the address book of the organisation: the name and each of its ends, its readings in pinyin (whole, given name,
 * initials; several where characters have several), the parts of the address, staff number, phones, departments. A search looks for beginnings of them.
 */
#ifndef AUTH_BOOK_WORDS_H
#define AUTH_BOOK_WORDS_H

#include "base/arena.h"

#define BOOK_WORDS_MAX 64        /* of one person; what is more is left out */
#define BOOK_WORD_BYTES_MAX 80   /* longer ones are cut */

struct book_words {
	struct slice list[BOOK_WORDS_MAX];
	size_t count;
};

/*
 * reading: how the owner reads the name, syllables with spaces between ("zhang wei"); empty: by the table. Texts in the arena; each word once. The words of the name
 * come first: *ret_named is their count.
 */
struct book_names {
	struct slice name, reading, address, department, staff_number, phone, mobile;
};
void book_words_of(const struct book_names *names, struct arena *arena, struct book_words *ret, size_t *ret_named);
/* By which lists are sorted: the first reading of the name, or its lower case. */
struct slice book_sort_key(struct slice name, struct slice reading, struct arena *arena);
/* Text as words are: NFKC, lower case; in the arena. */
struct slice book_fold(struct slice text, struct arena *arena);

#endif
