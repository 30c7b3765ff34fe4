/* Tokens of a script (RFC 5228 8.1). */
#ifndef SIEVE_LEX_H
#define SIEVE_LEX_H

#include "sieve/script.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_TAG, TOKEN_NUMBER, TOKEN_STRING, TOKEN_PUNCTUATION, TOKEN_ERROR };
struct token {
	enum token_kind kind;
	struct sieve_place place;
	struct slice text;          /* NAME, TAG (without colon), STRING (unescaped) */
	uint64_t number;
	uint8_t punctuation;        /* ( ) [ ] { } , ; */
};

struct lexer {
	struct slice rest;
	struct sieve_place place;
	struct compiler *compiler;
	struct token token;         /* the one to be looked at */
};
void lexer_init(struct lexer *l, struct compiler *c, struct slice text);
/* Makes `token` the next one. After an error (which is set) it stays TOKEN_ERROR. */
void lexer_next(struct lexer *l);

#endif
