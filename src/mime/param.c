#include <string.h>

#include "base/ascii.h"
#include "base/charset.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/param.h"

/* One section of a parameter: name*12*=value (RFC 2231 3 and 4). */
struct section {
	struct slice name;
	struct slice value;
	unsigned index;
	bool numbered, extended;
	bool used;
};

/* RFC 2045 5.1 token, liberal: whatever does not end it. */
static struct slice take_until(struct slice *s, const char *ends, size_t end_count)
{
	struct slice token;
	size_t n = 0;

	while (n < s->n && memchr(ends, s->p[n], end_count) == NULL)
		n++;
	token = slice_sub(*s, 0, n);
	*s = slice_from(*s, n);
	return token;
}

static struct slice take_value(struct slice *s, struct arena *arena)
{
	mime_skip_cfws(s);
	if (s->n > 0 && s->p[0] == '"') {
		struct slice value = mime_take_quoted(s, arena);

		take_until(s, ";", 1);
		return value;
	}
	/* Unquoted values with blanks occur (file names): up to the semicolon. A comment ends it. */
	struct slice value = take_until(s, ";(", 2);

	take_until(s, ";", 1);
	return slice_trim(value);
}

/* Takes "*0", "*0*", "*" off the end of the name. */
static void name_split(struct section *section)
{
	struct slice name = section->name;
	ptrdiff_t star;
	uint32_t index;

	if (name.n > 1 && name.p[name.n - 1] == '*') {
		section->extended = true;
		name.n--;
	}
	star = slice_rfind(name, '*');
	if (star > 0 && slice_to_u32(slice_from(name, (size_t)star + 1), &index) == 0 && index < MIME_PARAMS_MAX) {
		section->numbered = true;
		section->index = index;
		name.n = (size_t)star;
	}
	section->name = name;
}

static size_t sections_take(struct slice s, struct arena *arena, struct section *sections)
{
	size_t count = 0;

	while (s.n > 0 && count < MIME_PARAMS_MAX) {
		struct section section = {0};

		if (s.p[0] == ';') {
			s = slice_from(s, 1);
			continue;
		}
		mime_skip_cfws(&s);
		section.name = ascii_dup_lower(arena, slice_trim(take_until(&s, "=;", 2)));
		if (s.n == 0 || s.p[0] == ';' || section.name.n == 0) {
			take_until(&s, ";", 1);
			continue;
		}
		s = slice_from(s, 1);
		section.value = take_value(&s, arena);
		name_split(&section);
		sections[count++] = section;
	}
	return count;
}

/* charset'language' at the front of the first extended section. */
static struct slice take_charset(struct slice *value)
{
	ptrdiff_t first = slice_find(*value, '\''), second;
	struct slice charset;

	if (first < 0)
		return SLICE_NONE;
	second = slice_find(slice_from(*value, (size_t)first + 1), '\'');
	if (second < 0)
		return SLICE_NONE;
	charset = slice_sub(*value, 0, (size_t)first);
	*value = slice_from(*value, (size_t)first + (size_t)second + 2);
	return charset;
}

static struct section *section_find(struct section *sections, size_t count, struct slice name, unsigned index)
{
	for (size_t i = 0; i < count; i++)
		if (sections[i].numbered && !sections[i].used && sections[i].index == index && slice_eq(sections[i].name, name))
			return &sections[i];
	return NULL;
}

static void section_append(const struct section *section, struct slice value, struct buf *raw)
{
	if (section->extended)
		ascii_percent_decode(value, raw);
	else
		buf_append(raw, value);
}

/* All sections of the parameter that starts at `first`, joined; decoded when one of them is extended. */
static void join(struct section *sections, size_t count, struct section *first, struct arena *arena, struct mime_param *ret)
{
	struct buf raw = BUF_INIT(MIME_VALUE_MAX), text = BUF_INIT(4 * MIME_VALUE_MAX);
	struct slice charset = SLICE_NONE, value = first->value, name = first->name;

	ret->extended = first->extended;
	if (first->extended)
		charset = take_charset(&value);
	section_append(first, value, &raw);
	first->used = true;
	for (unsigned next = 1; first->numbered && (first = section_find(sections, count, name, next)) != NULL; next++) {
		first->used = true;
		section_append(first, first->value, &raw);
	}
	if (ret->extended) {
		charset_decode(charset, buf_slice(&raw), &text);
		ret->value = arena_dup(arena, buf_slice(&text));
	} else {
		ret->value = arena_dup(arena, buf_slice(&raw));
	}
	buf_free(&raw);
	buf_free(&text);
}

/* An extended form of a parameter wins over the plain one of the same name (RFC 6266 4.3 says what mail senders mean, too). */
static void param_add(struct mime_param **params, struct mime_param *param)
{
	struct mime_param **at = params;

	for (; *at != NULL; at = &(*at)->next) {
		if (slice_eq((*at)->name, param->name)) {
			if (param->extended && !(*at)->extended) {
				(*at)->value = param->value;
				(*at)->extended = true;
			}
			return;
		}
	}
	*at = param;
}

static struct mime_param *params_join(struct section *sections, size_t count, struct arena *arena)
{
	struct mime_param *params = NULL;

	for (size_t i = 0; i < count; i++) {
		struct section *section = &sections[i];
		struct mime_param *param;

		if (section->used || (section->numbered && section->index != 0))
			continue;
		param = ARENA_NEW(arena, struct mime_param);
		param->name = section->name;
		if (!section->numbered && !section->extended)
			param->value = section->value;
		else
			join(sections, count, section, arena, param);
		param_add(&params, param);
	}
	return params;
}

void mime_param_parse(struct slice field_value, struct arena *arena, struct slice *ret_value, struct mime_param **ret_params)
{
	struct section sections[MIME_PARAMS_MAX];
	struct slice s = mime_unfold(arena, field_value), value;

	mime_skip_cfws(&s);
	value = slice_trim(take_until(&s, ";(", 2));
	take_until(&s, ";", 1);
	*ret_value = ascii_dup_lower(arena, value);
	*ret_params = s.n > 0 ? params_join(sections, sections_take(s, arena, sections), arena) : NULL;
}

const struct mime_param *mime_param_find(const struct mime_param *params, struct slice name)
{
	while (params != NULL && !slice_eq(params->name, name))
		params = params->next;
	return params;
}

struct slice mime_part_filename(const struct mime_part *part, struct arena *arena)
{
	const struct mime_param *param = mime_param_find(part->disposition_params, SLICE("filename"));

	if (param == NULL || param->value.n == 0)
		param = mime_param_find(part->params, SLICE("name"));
	if (param == NULL)
		return SLICE_NONE;
	return param->extended ? param->value : mime_words_decode_arena(param->value, arena);
}
