/* What a finding of our own look (inspect/inspect.h) counts as in the table of actions (scan/rules.h). */
#ifndef FILTER_GUARD_CLASS_H
#define FILTER_GUARD_CLASS_H

#include "inspect/inspect.h"
#include "scan/rules.h"

/* body: it stands in a text that is shown, where a mail program runs nothing. False: it is for the record of those who ask. */
bool guard_class(enum inspect_what what, bool body, enum scan_class *ret);

#endif
