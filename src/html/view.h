/*
 * The safe document of a letter's text parts: what a browser gets, in a frame without an origin. Layers: the rewriter (html/safe.h), the
 * policy of the document (html_view_policy), the policy of the page around it.
 */
#ifndef HTML_VIEW_H
#define HTML_VIEW_H

#include "html/safe.h"

#define HTML_PARTS_MAX 20   /* texts of one document; more are left out, and it counts as cut */
#define HTML_DOCUMENT_MAX (2 * HTML_OUTPUT_MAX + HTML_SHEETS_MAX + 65536) /* bytes of a document */

/* One text of the letter. */
struct html_part {
	struct slice content; /* UTF-8 */
	bool is_html;         /* else plain text */
	bool flowed, delsp;   /* of plain text (RFC 3676) */
};

struct html_view {
	const struct html_part *parts; /* shown one below the other */
	size_t part_count;
	bool as_text;         /* HTML is shown as the text that it holds */
	bool script;          /* the page around is told the height by the one script that the policy names */
	struct slice mark;    /* who looks, and when: UTF-8 lines, over all of the document, which is not selected, copied or printed; empty: an ordinary one */
	bool print;           /* the browser prints it as soon as it is there; quotes are open, colours light */
	struct html_options options;
};

/* Appends the document; with HTML_QUOTE: only the fragment for an editor. The buffer takes HTML_DOCUMENT_MAX bytes. */
void html_view_write(const struct html_view *view, struct arena *arena, struct buf *out, struct html_report *report);
/* Appends the value of Content-Security-Policy that goes with it. */
void html_view_policy(bool images, bool script, bool print, struct buf *out);

/*
 * The page before a link that deceives, at HTML_LEAVE: one text for everybody, which takes `to`, `shown` and `lang` from its address. It
 * follows only http and https.
 */
#define HTML_LEAVE "/leave"
extern const char html_leave_page[], html_leave_policy[], html_leave_script[];

/* The scripts and their digests, for tests. */
extern const char html_height_script[], html_height_digest[], html_print_script[], html_print_digest[];

#endif
