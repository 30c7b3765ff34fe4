/* The words of notifications, by language and kind. */
#ifndef FILTER_DSN_TEXT_H
#define FILTER_DSN_TEXT_H

#include "queue/dsn.h"

struct dsn_words {
	const char *language;
	const char *sender;              /* display name of the author of notices */
	const char *subject[4];          /* by enum dsn_kind */
	const char *greeting;            /* one %.*s: our host name */
	const char *intro[4];            /* by enum dsn_kind */
	const char *action[6];           /* by enum dsn_action; said of one recipient */
	const char *answered;            /* "%.*s" remote host; then its text follows */
	const char *until;               /* before a date: how long it is tried */
	const char *closing[4];          /* by enum dsn_kind: what to do now */
	const char *attached_header, *attached_whole;
};

/* Never NULL: English when the language is not known. */
const struct dsn_words *dsn_words_of(struct slice language);

#endif
