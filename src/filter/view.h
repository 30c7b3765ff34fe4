/*
 * Letters made safe to look at: what mail gives of one (bytes of parts, transfer encoding undone) becomes one document (src/html). A pure
 * function; the parts travel as one bundle.
 */
#ifndef FILTER_VIEW_H
#define FILTER_VIEW_H

#include "base/error.h"
#include "html/view.h"

#define FILTER_VIEW_BUNDLE_MAX (32u << 20) /* bytes of a bundle */
#define FILTER_VIEW_CPU_SECONDS 4

enum filter_view_flag {
	FILTER_VIEW_TEXT = 1,    /* HTML as the text that it holds */
	FILTER_VIEW_IMAGES = 2,  /* images of other servers */
	FILTER_VIEW_DARK = 4,
	FILTER_VIEW_SCRIPT = 8,  /* tells its height */
	FILTER_VIEW_PRINT = 16,
	FILTER_VIEW_QUOTE = 32,  /* a fragment for an editor */
};

enum filter_view_part { FILTER_PART_PLAIN, FILTER_PART_FLOWED, FILTER_PART_FLOWED_DELSP, FILTER_PART_HTML, FILTER_PART_IMAGE, FILTER_PART_MARK };

/* One part at the end of a bundle. charset: of a text; id, location, type: of an image. FILTER_PART_MARK is no part: struct html_view, mark. */
struct filter_view_item {
	enum filter_view_part kind;
	struct slice charset, id, location, type, content;
};
void filter_view_add(const struct filter_view_item *item, struct buf *bundle);

/* leave, language: html/safe.h. 0; ERR_INVALID: no bundle. */
int filter_view(struct slice bundle, unsigned flags, struct slice leave, struct slice language, struct arena *arena, struct buf *out,
	struct html_report *report, struct error *err);

#endif
