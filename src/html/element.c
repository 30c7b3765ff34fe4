#include "html/element.h"

#include <string.h>

#include "base/ensure.h"

#define KEEP ELEMENT_KEEP
#define DROP ELEMENT_DROP
#define RAW ELEMENT_RAW
#define SHOW ELEMENT_SHOW
#define STYLE ELEMENT_STYLE
#define FOREIGN ELEMENT_FOREIGN
#define META ELEMENT_META
#define BODY ELEMENT_BODY
#define VOID ELEMENT_VOID
#define FORMAT ELEMENT_FORMAT
#define BLOCK ELEMENT_BLOCK
#define SCOPE ELEMENT_SCOPE
#define CELL ELEMENT_CELL
#define ROW ELEMENT_ROW
#define GROUP ELEMENT_GROUP
#define LINE ELEMENT_LINE

static const struct element elements[] = {
#define ELEMENT(name, treatment, properties) {#name, treatment, properties},
#include "html/elements.h"
#undef ELEMENT
};

static const struct attribute attributes[] = {
#define ATTRIBUTE(name, kind, names) {#name, ATTRIBUTE_##kind, names},
#include "html/attributes.h"
#undef ATTRIBUTE
};

static const char *const breaks_out[] = {
	"b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3", "h4", "h5", "h6",
	"head",
	"hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small", "span", "strike", "strong", "sub",
	"sup",
	"table", "tt", "u", "ul", "var",
};

static bool lower(struct slice name, char out[ELEMENT_NAME_MAX + 1])
{
	if (name.n == 0 || name.n > ELEMENT_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		out[i] = (char)ascii_lower(name.p[i]);
	out[name.n] = 0;
	return memchr(out, 0, name.n) == NULL;
}

const struct element *element_find(struct slice name)
{
	char key[ELEMENT_NAME_MAX + 1];
	size_t low = 0, high = ARRAY_LEN(elements);

	if (!lower(name, key))
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(key, elements[middle].name);
		if (order == 0)
			return strcmp(key, "image") == 0 ? element_find(SLICE("img")) : &elements[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t element_index(const struct element *e)
{
	return (size_t)(e - elements);
}

size_t element_count(void)
{
	return ARRAY_LEN(elements);
}

bool element_is(const struct element *e, const char *name)
{
	return e != NULL && strcmp(e->name, name) == 0;
}

static bool names(const char *list, const char *name)
{
	char word[ELEMENT_NAME_MAX + 3] = " ";

	if (list[0] == '*')
		return true;
	size_t n = strlen(name);
	memcpy(word + 1, name, n);
	memcpy(word + 1 + n, " ", 2);
	return strstr(list, word) != NULL;
}

const struct attribute *attribute_find(struct slice name, const struct element *e)
{
	char key[ELEMENT_NAME_MAX + 1];

	if (!lower(name, key))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (strcmp(key, attributes[i].name) == 0)
			return names(attributes[i].elements, e->name) ? &attributes[i] : NULL;
	return NULL;
}

bool element_breaks_out(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(breaks_out); i++)
		if (slice_eq_nocase(name, slice_str(breaks_out[i])))
			return true;
	return false;
}
