/* What css.c and css_sheet.c share. Internal to html. */
#ifndef HTML_CSS_BLOCK_H
#define HTML_CSS_BLOCK_H

#include "html/css.h"
#include "html/css_lex.h"

/* Behind an opening bracket: to behind the one that closes it, brackets inside of it matched. Too deep: to the end. */
void css_skip(struct css_lex *l, enum css_kind closes);
/* The bracket that closes; CSS_END: `kind` opens nothing. */
enum css_kind css_closer(enum css_kind kind);
/* Declarations; in_block: up to and behind "}". */
void css_declarations_read(struct css_lex *l, bool in_block, const struct css_options *options, struct buf *out);

#endif
