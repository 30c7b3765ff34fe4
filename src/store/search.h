/*
 * The full-text index: FTS5, contentless, detail=none, with our tokenizer over text that is folded already (mime/text.h). It gives candidates;
 * the caller confirms them on the text. Only the speed of a search depends on it, never its answer.
 *
 * Tokens: the trigrams of letters, digits and signs (no white space) outside Han, Kana and Hangul; there single characters and pairs. Tokens
 * of the header carry 'h', those of the text 't' in front.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <sqlite3.h>
#include "base/buf.h"

enum search_part { SEARCH_PART_HEADER = 1, SEARCH_PART_TEXT = 2 };

typedef int search_token_fn(void *arg, struct slice token, size_t start, size_t end);
/* Every token of one part; non-zero from fn stops and is returned. */
int search_tokens(enum search_part part, struct slice text, search_token_fn *fn, void *arg);
/* Registers the tokenizer `letterlock`. 0 or -1. */
int search_register(sqlite3 *db);
/* Appends an FTS5 expression that every text with `needle` in this part fulfils. False when the needle has no token: everything must be scanned. */
bool search_expression(enum search_part part, struct slice needle, struct buf *out);

#endif
