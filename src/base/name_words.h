/*
 * By which words people are found in an address book: the name and each of its ends, its readings in pinyin (whole, given name,
 * initials; several where characters have several), the parts of the address, staff number, phones, departments. A search looks for beginnings of them.
 */
#ifndef BASE_NAME_WORDS_H
#define BASE_NAME_WORDS_H

#include "base/arena.h"

#define NAME_WORDS_MAX 64        /* of one person; what is more is left out */
#define NAME_WORD_BYTES_MAX 80   /* longer ones are cut */

struct name_words_found {
	struct slice list[NAME_WORDS_MAX];
	size_t count;
};

/*
 * reading: how the owner reads the name, syllables with spaces between ("zhang wei"); empty: by the table. Texts in the arena; each word once. The words of the name
 * come first: *ret_named is their count.
 */
struct name_texts {
	struct slice name, reading, address, department, staff_number, phone, mobile;
};
void name_words_of(const struct name_texts *names, struct arena *arena, struct name_words_found *ret, size_t *ret_named);
/* By which lists are sorted: the first reading of the name, or its lower case. */
struct slice name_sort_key(struct slice name, struct slice reading, struct arena *arena);
/* Text as words are: NFKC, lower case; in the arena. */
struct slice name_fold(struct slice text, struct arena *arena);

#endif
