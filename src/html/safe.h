/*
 * Safe HTML of hostile HTML: a new text is written from what the tables allow (elements.h, attributes.h, properties.h); nothing of the
 * input is copied but text, and that escaped. Pure, linear, bounded.
 *
 * What comes out is balanced, at most HTML_DEPTH_MAX deep, has no scripts, forms, frames, foreign content, comments, no references to
 * anything but allowed links and images. Names are prefixed, links are absolute, open elsewhere and say where they lead.
 */
#ifndef HTML_SAFE_H
#define HTML_SAFE_H

#include "base/arena.h"
#include "base/buf.h"

#define HTML_DEPTH_MAX 120
#define HTML_OUTPUT_MAX (24u << 20)  /* bytes of what is written, images inside of it included */
#define HTML_SHEETS_MAX (512u << 10) /* bytes of style sheets that are written */
#define HTML_IMAGES_MAX 200          /* parts that are offered as images */
#define HTML_IMAGE_MAX (8u << 20)    /* bytes of one image within the text */
#define HTML_ADDRESSES_MAX 10000    /* links and images of a document; those behind are left out */
#define HTML_TEXT_MAX (8u << 20)     /* bytes of input; what is behind is cut, with a mark */

/* A part of the letter that the text may name by cid: (RFC 2392) or by its location. */
struct html_image {
	struct slice id;       /* Content-ID without <> */
	struct slice location; /* Content-Location */
	struct slice type;     /* "image/png" */
	struct slice content;
};

enum html_profile {
	HTML_VIEW,  /* a document of its own */
	HTML_QUOTE, /* for an editor: no sheets, no classes, no ids, no marks of links */
};

enum html_theme { HTML_LIGHT, HTML_DARK };

struct html_options {
	enum html_profile profile;
	bool images;            /* images of other servers may be loaded, over HTTPS */
	enum html_theme theme;  /* what prefers-color-scheme is told */
	struct slice leave;     /* path of the page that is shown before a link that deceives: HTML_LEAVE; empty: the link itself is written */
	struct slice language;  /* "en", "zh-CN", "zh-TW": for that page */
	const struct html_image *parts;
	size_t part_count;
};

/* What was found, for banners. */
struct html_report {
	uint32_t remote;     /* images of other servers, blocked or not */
	uint32_t missing;    /* images that name a part which is not there or is too large */
	uint32_t links;      /* links that were written */
	uint32_t deceiving;  /* of them: text or host deceives */
	bool dark;           /* the letter says that it knows dark colours */
	bool cut;            /* it was too large, there is more */
	uint32_t addresses;  /* links and images that were judged */
	uint64_t inside;     /* bytes of images that were written as data */
};

/*
 * html: UTF-8. Appends the rewritten body to `body` and the rewritten style sheets to `sheets` (CSS text for one <style>; nothing in a
 * quote). Memory of the work is in `arena`. What *report has of `addresses` and `inside` counts against their limits (several texts of one
 * document); the rest is set. Never fails; what is too large is cut at the end, balanced.
 */
void html_safe(struct slice html, const struct html_options *options, struct arena *arena, struct buf *body, struct buf *sheets,
               struct html_report *report);
/* Appends text with & < > " ' as references. */
void html_escape(struct slice text, struct buf *out);

#endif
