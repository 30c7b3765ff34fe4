/*
 * What is done with what was found: a table of findings, directions and actions, as the defaults say or the option malware.actions.
 */
#ifndef SCAN_RULES_H
#define SCAN_RULES_H

#include "base/slice.h"
#include "base/error.h"

/* RULE(id, name, action for letters from outside, action for letters of our people, action for attachments that are opened later, what it means).
 * Sorted: the worse stands later. */
#define SCAN_CLASSES(RULE) \
	RULE(ACTIVE, "active", TAG, PASS, PASS, "active content: scripts in HTML or PDF, links to programs inside documents") \
	RULE(UNREAD, "unread", TAG, PASS, PASS, "of a kind that is not opened here (RAR, 7z), or a damaged document") \
	RULE(MACRO, "macro", STRIP, PASS, PASS, "a document with macros") \
	RULE(DISGUISED, "disguised", HOLD, TAG, PASS, "a file that is something else than its name or type says") \
	RULE(EXECUTABLE, "executable", HOLD, TAG, PASS, "a program or script") \
	RULE(UNSCANNED, "unscanned", HOLD, PASS, PASS, "attachments while a scanner is away or its signatures are too old") \
	RULE(OPAQUE, "opaque", HOLD, TAG, TAG, "cannot be looked into: encrypted, too large, nested too deeply, a damaged archive or one that explodes") \
	RULE(VIRUS, "virus", REJECT, REJECT, REJECT, "a scanner knows it as malware")

enum scan_class {
#define RULE(id, name, in, out, open, text) SCAN_CLASS_##id,
	SCAN_CLASSES(RULE)
#undef RULE
	SCAN_CLASS_COUNT
};

/* Of several the last in this order is done. */
enum scan_action {
	SCAN_ACTION_PASS,    /* nothing */
	SCAN_ACTION_TAG,     /* a field of the header and an event say it */
	SCAN_ACTION_CONVERT, /* pictures of its pages take the place of the part; as strip in all else, and where that cannot be */
	SCAN_ACTION_STRIP,   /* a note takes the place of the part; the letter as it was is kept sealed in quarantine */
	SCAN_ACTION_JUNK,    /* into Junk */
	SCAN_ACTION_HOLD,    /* into quarantine */
	SCAN_ACTION_REJECT,  /* 550 */
	SCAN_ACTION_COUNT
};

enum scan_direction { SCAN_IN, SCAN_OUT, SCAN_OPEN, SCAN_DIRECTION_COUNT };

struct scan_rules {
	enum scan_action actions[SCAN_CLASS_COUNT][SCAN_DIRECTION_COUNT];
};

const char *scan_class_name(enum scan_class class);
const char *scan_action_name(enum scan_action action);
struct scan_rules scan_rules_default(void);
/* "class direction action", direction in, out or open (then: unscanned, opaque, virus; pass, tag, reject). ERR_INVALID with the reason as private text; nothing is changed then. */
int scan_rules_set(struct scan_rules *rules, struct slice row, struct error *err);

#endif
