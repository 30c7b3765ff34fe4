/*
 * Tokens of HTML as browsers cut them (HTML 13.2.5), pulled one by one. Linear, no memory of its own: names and values are slices of the
 * input, raw; html_decoded() makes characters of a value.
 *
 * What the tree builder of a browser tells its tokenizer is told here by the caller: html_tokens_raw() after a start tag whose content is
 * text, `foreign` while inside of svg or math.
 */
#ifndef HTML_TOKEN_H
#define HTML_TOKEN_H

#include "base/slice.h"

#define HTML_ATTRIBUTES_MAX 64 /* of one tag; more are passed over */

enum html_token_kind { HTML_END, HTML_TEXT, HTML_START_TAG, HTML_END_TAG };
/* How text is read until the end tag of its element. */
enum html_text_kind {
	HTML_TEXT_DATA,     /* tags and references */
	HTML_TEXT_RCDATA,   /* references: title, textarea */
	HTML_TEXT_RAW,      /* nothing: style, xmp, iframe, noembed, noframes */
	HTML_TEXT_SCRIPT,   /* nothing, and comments hide its end tag */
	HTML_TEXT_PLAIN,    /* nothing, and nothing ends it: plaintext */
};

struct html_attribute {
	struct slice name;  /* any case */
	struct slice value; /* raw */
};

struct html_token {
	enum html_token_kind kind;
	struct slice text;  /* raw */
	bool references;    /* of the text: references count */
	struct slice name;  /* of a tag, any case */
	struct html_attribute attributes[HTML_ATTRIBUTES_MAX];
	size_t attribute_count;
	bool self_closing;
};

struct html_tokens {
	struct slice in;
	size_t at;
	enum html_text_kind kind;
	struct slice ends;  /* name of the element whose end tag ends raw text */
	bool foreign;
};

/* in: UTF-8. A byte order mark at its front is passed over. */
void html_tokens_init(struct html_tokens *t, struct slice in);
/* Comments, doctypes and processing instructions are passed over. At the end: HTML_END, again and again. */
void html_token_next(struct html_tokens *t, struct html_token *ret);
/* The content of element `name` (a slice that lives on) is text. Nothing while foreign. */
void html_tokens_raw(struct html_tokens *t, enum html_text_kind kind, struct slice name);
/* The raw value of the first attribute of that name (which alone counts in browsers); false: none. */
bool html_token_attribute(const struct html_token *token, struct slice name, struct slice *ret);

static inline bool html_is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

#endif
