/* The forms under which a person's name is found (policy/names.h). */
#ifndef POLICY_NAME_FORMS_H
#define POLICY_NAME_FORMS_H

#include "base/slice.h"
#include "policy/names.h"

#define NAME_WORD_MAX 64 /* bytes of one word */

/* The words of a name: folded, without titles and what stands in brackets; Han and Kana apart from alphabets. */
struct name_words {
	struct slice words[NAME_WORDS_MAX];
	size_t count;
	bool han[NAME_WORDS_MAX];
	bool titled;   /* a title was there ("CEO", "总经理") */
};

void name_words_split(struct slice name, struct arena *arena, struct name_words *ret);
/* Words [from, to) without spaces. */
struct slice name_words_join(const struct name_words *w, size_t from, size_t to, struct arena *arena);
/* The same from the last to the first. */
struct slice name_words_reverse(const struct name_words *w, size_t from, size_t to, struct arena *arena);
/* Traditional characters as simplified ones. */
struct slice name_simplified(struct slice han, struct arena *arena);
/* "张小明" becomes the words "zhang", "xiao", "ming"; empty when a character has no reading. At most 6 characters. */
void name_pinyin(struct slice han, struct arena *arena, struct name_words *ret);
/* Characters of the family name: 2 for the double ones ("欧阳"), else 1. */
size_t name_family_length(struct slice han);
size_t name_length(struct slice han);
void name_forms_warm(void);

#endif
