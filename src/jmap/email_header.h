/* Header fields as JMAP shows them: the parsed forms of RFC 8621 4.1.2 and the properties "header:…" of 4.1.3. Pure. */
#ifndef JMAP_EMAIL_HEADER_H
#define JMAP_EMAIL_HEADER_H

#include "jmap/emit.h"
#include "mime/digest.h"

enum jmap_header_form {
	JMAP_FORM_RAW, JMAP_FORM_TEXT, JMAP_FORM_ADDRESSES, JMAP_FORM_GROUPED, JMAP_FORM_MESSAGE_IDS, JMAP_FORM_DATE, JMAP_FORM_URLS,
};

struct jmap_header_property {
	struct slice name;      /* of the field, as asked */
	enum jmap_header_form form;
	bool all;
};

/* False: no such property, or a form that the field does not have. */
bool jmap_header_parse(struct slice property, struct jmap_header_property *ret);
/* The value: of the last field of that name in `header` (null: none), or an array of all. */
void jmap_header_print(struct emit *e, const struct jmap_header_property *p, struct slice header, struct arena *arena);
/* [{"name", "value"}]: all fields, raw. */
void jmap_headers_print(struct emit *e, struct slice header);
/* One value of a field. */
void jmap_form_print(struct emit *e, enum jmap_header_form form, struct slice value, struct arena *arena);
/* [{"name", "email"}]; groups lose their names. */
void jmap_addresses_print(struct emit *e, const struct mime_address *list, struct arena *arena);

#endif
