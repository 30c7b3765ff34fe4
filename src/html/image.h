/* Images of letters: parts and data within the text become data:, those of other servers are blocked or made HTTPS. Internal to html. */
#ifndef HTML_IMAGE_H
#define HTML_IMAGE_H

#include "html/safe.h"

enum image_kind {
	IMAGE_NONE,     /* nothing that may be shown */
	IMAGE_INSIDE,   /* address: data: */
	IMAGE_REMOTE,   /* address: https:, loads from elsewhere */
};

struct image {
	enum image_kind kind;
	struct slice address; /* ASCII without blanks, quotes, angles, brackets and backslashes */
};

/* `source`: the value with its references decoded. Counts in the report. */
struct image image_read(struct slice source, const struct html_options *options, struct html_report *report, struct arena *arena);
/* A type that browsers decode as pixels and nothing else. */
bool image_type_is_safe(struct slice type);

#endif
