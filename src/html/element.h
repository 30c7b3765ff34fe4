/* The tables of elements and attributes, looked up. Internal to html. */
#ifndef HTML_ELEMENT_H
#define HTML_ELEMENT_H

#include "base/slice.h"

enum element_treatment { ELEMENT_PASS, ELEMENT_KEEP, ELEMENT_DROP, ELEMENT_RAW, ELEMENT_SHOW, ELEMENT_STYLE, ELEMENT_FOREIGN, ELEMENT_META,
	ELEMENT_BODY };
enum element_property {
	ELEMENT_VOID = 1, ELEMENT_FORMAT = 2, ELEMENT_BLOCK = 4, ELEMENT_SCOPE = 8, ELEMENT_CELL = 16, ELEMENT_ROW = 32, ELEMENT_GROUP = 64,
	ELEMENT_LINE = 128,
};
struct element {
	const char *name;
	enum element_treatment treatment;
	unsigned properties;
};

enum attribute_kind {
	ATTRIBUTE_WORD, ATTRIBUTE_TEXT, ATTRIBUTE_LENGTH, ATTRIBUTE_NUMBER, ATTRIBUTE_COLOUR, ATTRIBUTE_FACE, ATTRIBUTE_CLASS, ATTRIBUTE_ID,
	ATTRIBUTE_STYLE, ATTRIBUTE_LINK, ATTRIBUTE_SOURCE, ATTRIBUTE_BACKGROUND, ATTRIBUTE_FLAG,
};
struct attribute {
	const char *name;
	enum attribute_kind kind;
	const char *elements;
};

#define ELEMENT_NAME_MAX 15

/* Names in any case. NULL: no row. "image" gives "img", as browsers do. */
const struct element *element_find(struct slice name);
size_t element_index(const struct element *e);
size_t element_count(void);
static inline bool element_has(const struct element *e, unsigned properties)
{
	return e != NULL && (e->properties & properties) != 0;
}
bool element_is(const struct element *e, const char *name);
/* NULL: no row, or not for that element. */
const struct attribute *attribute_find(struct slice name, const struct element *e);

/* Start tags that end svg and math, because browsers take them for HTML (HTML 13.2.6.5). */
bool element_breaks_out(struct slice name);

#endif
