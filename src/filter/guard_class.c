#include "filter/guard_class.h"

static const struct {
	enum scan_class class;
	enum inspect_severity from;    /* what is less is for the record of those who ask */
	bool of_bodies;                /* counts in the text that is shown, too: elsewhere a mail program does not run it */
} of_class[INSPECT_CLASS_COUNT] = {
	[INSPECT_CLASS_NAME] = {SCAN_CLASS_DISGUISED, INSPECT_DANGEROUS, true},
	[INSPECT_CLASS_TYPE] = {SCAN_CLASS_DISGUISED, INSPECT_DANGEROUS, false},
	[INSPECT_CLASS_PROGRAM] = {SCAN_CLASS_EXECUTABLE, INSPECT_DOUBTFUL, true},
	[INSPECT_CLASS_ARCHIVE] = {SCAN_CLASS_OPAQUE, INSPECT_DANGEROUS, true},
	[INSPECT_CLASS_MACRO] = {SCAN_CLASS_MACRO, INSPECT_DOUBTFUL, true},
	[INSPECT_CLASS_REMOTE] = {SCAN_CLASS_ACTIVE, INSPECT_DANGEROUS, false},
	[INSPECT_CLASS_EMBEDDED] = {SCAN_CLASS_ACTIVE, INSPECT_DANGEROUS, false},
	[INSPECT_CLASS_SCRIPT] = {SCAN_CLASS_ACTIVE, INSPECT_DANGEROUS, false},
	[INSPECT_CLASS_OPAQUE] = {SCAN_CLASS_OPAQUE, INSPECT_DOUBTFUL, true},
};

/* What others open though we do not is left to scanners; an archive that only looks damaged to us is a trick. */
static enum scan_class class_of(enum inspect_what what)
{
	enum inspect_gap gap = inspect_what_gap(what);
	if (gap == INSPECT_GAP_UNSUPPORTED || (gap == INSPECT_GAP_DAMAGED && what != FOUND_archive_damaged))
		return SCAN_CLASS_UNREAD;
	return of_class[inspect_what_class(what)].class;
}

bool guard_class(enum inspect_what what, bool body, enum scan_class *ret)
{
	enum inspect_class class = inspect_what_class(what);
	*ret = class_of(what);
	return inspect_what_severity(what) >= of_class[class].from && (!body || of_class[class].of_bodies);
}
