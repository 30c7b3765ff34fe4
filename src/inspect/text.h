/* Text in attachments: what is text at all, UTF-16, and the search for many words at once. For src/inspect and src/extract. */
#ifndef INSPECT_TEXT_H
#define INSPECT_TEXT_H

#include "base/buf.h"
#include "base/slice.h"

enum text_form { TEXT_NOT, TEXT_BYTES, TEXT_UTF16LE, TEXT_UTF16BE };

/* By the first 8 KiB: UTF-8, any other charset of bytes, UTF-16 with or without a mark. Empty is text. */
enum text_form text_form_of(struct slice content);
/* Appends UTF-8, as much as fits; a lone half becomes U+FFFD. Stops at the first NUL character. */
void text_from_utf16(struct slice in, bool big_endian, struct buf *out);
/* As UTF-8 without a byte order mark: a part of `content`, or of `room` when it had to be converted. */
struct slice text_plain(struct slice content, struct buf *room);

/* ---- words ---- */

#define TEXT_WORDS_MAX 64
struct text_word {
	const char *word;  /* lower case, two bytes at least */
	bool whole;        /* neither letter, digit nor _ before and behind it */
	unsigned groups;   /* bits of the caller's meaning */
};
/* Bit i: rows[i] stands somewhere in the text, without case. One pass. n <= TEXT_WORDS_MAX. */
uint64_t text_words(struct slice text, const struct text_word *rows, size_t n);
/* The groups of all words of a mask. */
unsigned text_groups(uint64_t mask, const struct text_word *rows, size_t n);
/* The words of a mask, with ", " between them. */
void text_words_list(uint64_t mask, const struct text_word *rows, size_t n, struct buf *out);

#endif
