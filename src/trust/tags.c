#include "trust/tags.h"

#include "base/codec.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 6376 3.2: ALPHA *ALNUMPUNC. */
static bool name_valid(struct slice name)
{
	if (name.n == 0 || !ascii_is_alpha(name.p[0]))
		return false;
	for (size_t i = 1; i < name.n; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '_')
			return false;
	return true;
}

static bool value_valid(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((value.p[i] < ' ' && !is_space(value.p[i])) || value.p[i] == 0x7f)
			return false;
	return true;
}

static bool take_tag(struct slice spec, struct tag_list *list)
{
	ptrdiff_t eq = slice_find(spec, '=');
	if (eq < 0 || list->count >= TAGS_MAX)
		return false;
	struct tag tag = {.name = slice_trim(slice_sub(spec, 0, (size_t)eq)), .raw = slice_from(spec, (size_t)eq + 1)};
	tag.value = slice_trim(tag.raw);
	if (!name_valid(tag.name) || !value_valid(tag.value))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->tags[i].name, tag.name))
			return false;
	list->tags[list->count++] = tag;
	return true;
}

bool tags_parse(struct slice text, struct tag_list *ret)
{
	ret->count = 0;
	if (text.n > TAGS_BYTES_MAX)
		return false;
	while (text.n > 0) {
		struct slice spec = {0};
		bool last = slice_find(text, ';') < 0;
		slice_split(&text, ';', &spec);
		if (last && slice_trim(spec).n == 0)
			break;
		if (!take_tag(spec, ret))
			return false;
	}
	return true;
}

const struct tag *tags_find(const struct tag_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->tags[i].name, slice_str(name)))
			return &list->tags[i];
	return NULL;
}

struct slice tags_value(const struct tag_list *list, const char *name)
{
	const struct tag *tag = tags_find(list, name);
	return tag != NULL ? tag->value : SLICE_NONE;
}

struct slice tags_compact(struct arena *arena, struct slice value)
{
	size_t n = 0, spaces = 0;
	for (size_t i = 0; i < value.n; i++)
		spaces += is_space(value.p[i]);
	if (spaces == 0)
		return value;
	uint8_t *p = arena_alloc(arena, value.n);
	for (size_t i = 0; i < value.n; i++)
		if (!is_space(value.p[i]))
			p[n++] = value.p[i];
	return slice_make(p, n);
}

bool tags_base64(struct slice value, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct slice compact = tags_compact(&arena, value);
	bool ok = compact.n > 0 && base64_decode_strict(compact, out) == 0 && !out->failed;
	arena_free(&arena);
	return ok;
}

bool tags_item_next(struct slice *rest, uint8_t sep, struct slice *ret)
{
	if (!slice_split(rest, sep, ret))
		return false;
	*ret = slice_trim(*ret);
	return true;
}

bool tags_list_has(struct slice list, struct slice item)
{
	struct slice one;
	while (tags_item_next(&list, ':', &one))
		if (slice_eq_nocase(one, item))
			return true;
	return false;
}
