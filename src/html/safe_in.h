/* State of the rewriter. Internal to html. */
#ifndef HTML_SAFE_IN_H
#define HTML_SAFE_IN_H

#include "html/css.h"
#include "html/element.h"
#include "html/safe.h"
#include "html/token.h"

#define PENDING_MAX 16
#define TAG_KEPT_MAX 2048 /* bytes of a start tag that goes on behind its block */

struct safe_open {
	const struct element *element;
	struct slice tag; /* of ELEMENT_FORMAT: as it was written; else empty */
};

struct safe {
	const struct html_options *options;
	struct html_report *report;
	struct arena *arena;
	struct css_options css;
	struct html_tokens tokens;
	struct html_token token;
	struct buf tag;           /* what is being written, before it is known to fit */
	struct buf *body, *sheets;
	size_t body_from;         /* bytes that were there before */
	struct safe_open open[HTML_DEPTH_MAX];
	size_t depth;
	uint32_t *left_out;       /* by element: start tags that were too deep */
	struct safe_open pending[PENDING_MAX]; /* formats that go on with the next text */
	size_t pending_count;
	const struct element *raw; /* the next text is its content */
	struct slice dropping;    /* name of the element whose content goes; empty: none */
	size_t dropping_depth;
	bool begun;               /* the outer element is written */
};

/* ---- safe_tag.c ---- */
/* Writes the start tag of `e` with the attributes of the current token into s->tag. */
void safe_tag_write(struct safe *s, const struct element *e);
/* The outer element, with the attributes of <body> when the token is one. */
void safe_outer_write(struct safe *s, const struct element *body);
/* What stands for an image in CSS; for css_options. */
void safe_picture(void *arg, struct slice address, struct buf *out);

#endif
