/* Messages that are no emails of the account, from their blobs: Email/parse, MDN/parse. filter parses them. */
#ifndef JMAP_PARSE_H
#define JMAP_PARSE_H

#include "jmap/blob.h"
#include "jmap/email_body.h"

/* One blob under way; zeroed at first. */
struct jmap_parse {
	struct arena arena;
	struct jmap_parsed_message message;
	struct jmap_parsing parsing;
	struct digest digest;
	bool asked;
};
/*
 * JMAP_WAIT, then JMAP_DONE with *ret: 0 (the digest is there, message and digest stay until jmap_parse_end), ERR_NOT_FOUND (no such blob),
 * ERR_INVALID (it is no message), ERR_DENIED (this view of the account does not give it) and other codes.
 */
enum jmap_step jmap_parse_run(struct jmap_call *call, struct jmap_parse *p, struct slice blob, int *ret);
/* Any number of times; it may be used again behind it. */
void jmap_parse_end(struct jmap_call *call, struct jmap_parse *p);
/* For jmap/email_body.h. */
struct jmap_shown jmap_parse_shown(struct jmap_call *call, struct jmap_parse *p);

#endif
