/* The tables of findings.h and types.h, and who asks them. */
#include "inspect/inspect.h"

#include "base/ensure.h"

/* ---- findings ---- */

struct finding_row {
	const char *name;
	enum inspect_class class;
	enum inspect_severity severity;
	enum inspect_gap gap;
};
static const struct finding_row findings[] = {
#define FINDING(name, class, severity, gap) [FOUND_##name] = {#name, INSPECT_CLASS_##class, INSPECT_##severity, INSPECT_GAP_##gap},
#include "inspect/findings.h"
#undef FINDING
};
_Static_assert(ARRAY_LEN(findings) == FOUND_COUNT, "a row for each finding");

static const struct finding_row *finding(enum inspect_what what)
{
	ENSURE((unsigned)what < FOUND_COUNT);
	return &findings[what];
}

const char *inspect_what_name(enum inspect_what what) { return finding(what)->name; }
enum inspect_class inspect_what_class(enum inspect_what what) { return finding(what)->class; }
enum inspect_severity inspect_what_severity(enum inspect_what what) { return finding(what)->severity; }
enum inspect_gap inspect_what_gap(enum inspect_what what) { return finding(what)->gap; }

bool inspect_what_find(struct slice name, enum inspect_what *ret)
{
	for (size_t i = 0; i < FOUND_COUNT; i++)
		if (slice_eq(name, slice_str(findings[i].name))) {
			*ret = (enum inspect_what)i;
			return true;
		}
	return false;
}

static const char *const classes[INSPECT_CLASS_COUNT] = {"name", "type", "program", "archive", "macro", "remote", "embedded", "script",
	"opaque"};
static const char *const severities[INSPECT_SEVERITY_COUNT] = {"note", "doubtful", "dangerous"};
static const char *const gaps[INSPECT_GAP_BITS] = {"encrypted", "damaged", "budget", "unsupported", "unknown"};
static const char *const families[INSPECT_FAMILY_COUNT] = {"unknown", "text", "document", "image", "media", "data", "page", "message",
	"archive", "disk", "program", "script", "shortcut", "settings"};

const char *inspect_class_name(enum inspect_class c)
{
	ENSURE((unsigned)c < INSPECT_CLASS_COUNT);
	return classes[c];
}

bool inspect_class_find(struct slice name, enum inspect_class *ret)
{
	for (size_t i = 0; i < INSPECT_CLASS_COUNT; i++)
		if (slice_eq(name, slice_str(classes[i]))) {
			*ret = (enum inspect_class)i;
			return true;
		}
	return false;
}

const char *inspect_severity_name(enum inspect_severity s)
{
	ENSURE((unsigned)s < INSPECT_SEVERITY_COUNT);
	return severities[s];
}

const char *inspect_gap_name(enum inspect_gap one)
{
	for (unsigned i = 0; i < INSPECT_GAP_BITS; i++)
		if ((unsigned)one == 1u << i)
			return gaps[i];
	UNREACHABLE();
}

const char *inspect_family_name(enum inspect_family f)
{
	ENSURE((unsigned)f < INSPECT_FAMILY_COUNT);
	return families[f];
}

/* ---- types ---- */

struct type_row {
	const char *name, *label;
	struct slice extensions, media;
	enum inspect_family family;
};
static const struct type_row types[] = {
#define TYPE(name, family, label, extensions, media) \
	[FILE_##name] = {#name, label, SLICE_INIT(extensions), SLICE_INIT(media), INSPECT_FAMILY_##family},
#include "inspect/types.h"
#undef TYPE
};
_Static_assert(ARRAY_LEN(types) == FILE_TYPE_COUNT, "a row for each type");

static const struct type_row *type(enum inspect_type t)
{
	ENSURE((unsigned)t < FILE_TYPE_COUNT);
	return &types[t];
}

static bool has_word(struct slice words, struct slice word)
{
	/* Looked up for every member of every archive: lengths are compared before letters. */
	for (size_t i = 0, start = 0; word.n > 0 && i <= words.n; i++)
		if (i == words.n || words.p[i] == ' ') {
			if (i - start == word.n && slice_eq_nocase(slice_sub(words, start, i), word))
				return true;
			start = i + 1;
		}
	return false;
}

const char *inspect_type_name(enum inspect_type t) { return type(t)->name; }
const char *inspect_type_label(enum inspect_type t) { return type(t)->label; }
enum inspect_family inspect_type_family(enum inspect_type t) { return type(t)->family; }

bool inspect_type_find(struct slice name, enum inspect_type *ret)
{
	for (size_t i = 0; i < FILE_TYPE_COUNT; i++)
		if (slice_eq(name, slice_str(types[i].name))) {
			*ret = (enum inspect_type)i;
			return true;
		}
	return false;
}

struct slice inspect_type_media(enum inspect_type t)
{
	struct slice words = type(t)->media, first;
	return slice_split(&words, ' ', &first) ? first : SLICE("application/octet-stream");
}

bool inspect_type_has_extension(enum inspect_type t, struct slice extension)
{
	return has_word(type(t)->extensions, extension);
}

bool inspect_type_has_media(enum inspect_type t, struct slice media)
{
	return has_word(type(t)->media, media);
}

bool inspect_extension_known(struct slice extension)
{
	for (size_t i = 0; i < FILE_TYPE_COUNT; i++)
		if (has_word(types[i].extensions, extension))
			return true;
	return false;
}
