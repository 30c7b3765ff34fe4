/* UTF-8 as of RFC 3629: shortest form, no surrogates, up to U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"

bool utf8_valid(struct slice s);
bool slice_is_ascii(struct slice s);
/* Takes one code point off the front of *s; an ill-formed byte gives U+FFFD and moves one byte. *s must not be empty. */
uint32_t utf8_next(struct slice *s);
void utf8_append(struct buf *b, uint32_t code_point); /* a surrogate or a value above U+10FFFF gives U+FFFD */
/* Copies s, every ill-formed byte replaced by U+FFFD. */
void utf8_append_clean(struct buf *b, struct slice s);
/* The largest prefix of at most n bytes that does not cut a character. */
struct slice utf8_prefix(struct slice s, size_t n);

#endif
