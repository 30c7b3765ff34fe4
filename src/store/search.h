/*
 * The full-text index: FTS5, contentless, detail=none, with our tokenizer over text that is folded already (mime/text.h). It gives candidates;
 * the caller confirms them on the text. Only the speed of a search depends on it, never its answer.
 *
 * Tokens: the trigrams of letters, digits and signs (no white space) outside Han, Kana and Hangul; there single characters and pairs. A letter in
 * front says of which part of the message a token is, so that what is asked of the subject is not found in every trace field.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <sqlite3.h>
#include "base/buf.h"

/* To, Cc and Bcc are one part; HEADER is every other field. */
enum search_part { SEARCH_PART_HEADER = 1, SEARCH_PART_TEXT, SEARCH_PART_SUBJECT, SEARCH_PART_FROM, SEARCH_PART_TO, SEARCH_PARTS };

typedef int search_token_fn(void *arg, struct slice token, size_t start, size_t end);
/* Where a header field of this name (without colon, in any case) belongs. */
enum search_part search_part_of(struct slice field);
/* Appends what the index takes in for a message with these search texts (docs/digest.md). */
void search_document(struct slice header, struct slice text, struct buf *out);
/* Every token of one part; non-zero from fn stops and is returned. */
int search_tokens(enum search_part part, struct slice text, search_token_fn *fn, void *arg);
/* Registers the tokenizer `letterlock`. 0 or -1. */
int search_register(sqlite3 *db);
/* Appends an FTS5 expression that every text with `needle` in this part fulfils. False when the needle has no token: everything must be scanned. */
bool search_expression(enum search_part part, struct slice needle, struct buf *out);

#endif
