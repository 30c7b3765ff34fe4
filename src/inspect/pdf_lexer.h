/* Tokens of PDF (ISO 32000-1 7.2, 7.3), as readers take them. Private to src/inspect. */
#ifndef INSPECT_PDF_LEXER_H
#define INSPECT_PDF_LEXER_H

#include "base/buf.h"
#include "base/slice.h"

#define PDF_NAME_MAX 127
#define PDF_TEXT_MAX 4096 /* bytes of a string that are kept; scripts as strings are kept up to PDF_SCRIPT_MAX */

enum pdf_kind { PDF_END, PDF_NAME, PDF_TEXT, PDF_NUMBER, PDF_WORD, PDF_DICT_OPEN, PDF_DICT_CLOSE, PDF_ARRAY_OPEN, PDF_ARRAY_CLOSE };

struct pdf_token {
	enum pdf_kind kind;
	struct slice raw;     /* as it stands; of a name without "/" , of a text without its brackets */
	uint8_t name[PDF_NAME_MAX + 1];
	size_t name_length;   /* #xx resolved */
	bool escaped;         /* a name with #xx for a letter or digit that needs none */
	bool hex;             /* a text in <> */
	uint64_t number;
};

struct pdf_lexer {
	struct slice s;
	size_t at;
};

bool pdf_next(struct pdf_lexer *l, struct pdf_token *t);
static inline struct slice pdf_name(const struct pdf_token *t)
{
	return slice_make(t->name, t->kind == PDF_NAME ? t->name_length : 0);
}
/* The bytes of a text: escapes and hexadecimal digits resolved, UTF-16 as UTF-8; as much as fits. */
void pdf_text(const struct pdf_token *t, struct buf *out);

#endif
