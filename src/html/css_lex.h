/* Tokens of CSS (CSS Syntax 3, 4.3). Internal to html. */
#ifndef HTML_CSS_LEX_H
#define HTML_CSS_LEX_H

#include "base/slice.h"

#define CSS_NAME_MAX 64 /* bytes of a name that are kept; longer names are unknown */

enum css_kind {
	CSS_END, CSS_SPACE, CSS_IDENT, CSS_FUNCTION, CSS_AT, CSS_HASH, CSS_STRING, CSS_URL, CSS_NUMBER, CSS_PERCENT, CSS_DIMENSION, CSS_COLON,
	CSS_SEMICOLON, CSS_COMMA, CSS_OPEN, CSS_CLOSE, CSS_SQUARE, CSS_SQUARE_END, CSS_CURLY, CSS_CURLY_END, CSS_DELIMITER, CSS_MARK, CSS_BAD,
};

struct css_token {
	enum css_kind kind;
	/* Of IDENT, FUNCTION, AT, HASH: the name with escapes decoded, ASCII lower case but for HASH and IDENT; empty when it is too long or holds
	 * bytes other than letters, digits, "-", "_" and beyond ASCII. Of DIMENSION: the unit. */
	char name[CSS_NAME_MAX + 1];
	size_t name_length;
	struct slice text; /* of STRING and URL: raw, between the marks; of numbers: the number; of a DELIMITER: it */
};

struct css_lex {
	struct slice in;
	size_t at;
};

void css_next(struct css_lex *l, struct css_token *ret);
bool css_name_is(const struct css_token *t, const char *name); /* without case */
static inline struct slice css_name(const struct css_token *t)
{
	return slice_make(t->name, t->name_length);
}

#endif
