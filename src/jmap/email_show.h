/* Emails as JSON objects, by the properties that are asked for: Email/get, Email/parse. */
#ifndef JMAP_EMAIL_SHOW_H
#define JMAP_EMAIL_SHOW_H

#include "jmap/email_body.h"

struct jmap_email_wish {
	struct jmap_get get;
	struct jmap_part_wish parts;
	bool text_values, html_values, all_values;
	bool id_asked;          /* "properties" names "id" */
	uint64_t max_value;     /* maxBodyValueBytes; 0: no limit */
};
/* From the arguments; parsed: defaults of Email/parse. False: the error is given. */
bool jmap_email_wish_take(struct jmap_call *call, bool parsed, struct jmap_email_wish *ret);
/* The object. 0, or negative with nothing printed. */
int jmap_email_print(struct jmap_shown *s, const struct jmap_email_wish *wish);

#endif
