#include "policy/confusable.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/text.h"

#define SKELETON_ROOM (CONFUSABLE_LENGTH_MAX * 18)

static const USpoofChecker *checker(void)
{
	static USpoofChecker *opened;
	UErrorCode status = U_ZERO_ERROR;
	if (opened == NULL)
		opened = uspoof_open(&status);
	ENSURE(U_SUCCESS(status) && opened != NULL);
	return opened;
}

void confusable_warm(void)
{
	checker();
}

static struct slice cut(struct slice s)
{
	return s.n > CONFUSABLE_LENGTH_MAX ? utf8_prefix(s, CONFUSABLE_LENGTH_MAX) : s;
}

struct slice confusable_skeleton(struct slice utf8, struct arena *arena)
{
	char room[SKELETON_ROOM];
	UErrorCode status = U_ZERO_ERROR;
	struct slice folded = mime_fold_arena(cut(utf8), arena);
	if (folded.n == 0 || folded.n > INT32_MAX / 2)
		return SLICE_NONE;
	int32_t n = uspoof_getSkeletonUTF8(checker(), 0, (const char *)folded.p, (int32_t)folded.n, room, sizeof room, &status);
	if (U_FAILURE(status) || n > (int32_t)sizeof room)
		return folded;
	return mime_fold_arena(slice_make(room, (size_t)n), arena);
}

struct slice confusable_loose(struct slice utf8, struct arena *arena)
{
	/* The skeleton writes m as rn and 1 as l already. */
	static const struct { const char *seen, *read; } pairs[] = {
		{"vv", "w"}, {"cl", "d"}, {"0", "o"}, {"1", "l"}, {"3", "e"}, {"5", "s"}, {"$", "s"}, {"@", "a"}, {"i", "l"},
	};
	struct slice s = confusable_skeleton(utf8, arena);
	uint8_t *out = arena_alloc(arena, s.n + 1);
	size_t n = 0;
	while (s.n > 0) {
		size_t i = 0;
		while (i < ARRAY_LEN(pairs) && !slice_starts(s, slice_str(pairs[i].seen)))
			i++;
		out[n++] = i < ARRAY_LEN(pairs) ? (uint8_t)pairs[i].read[0] : s.p[0];
		s = slice_from(s, i < ARRAY_LEN(pairs) ? slice_str(pairs[i].seen).n : 1);
	}
	return slice_make(out, n);
}

/* ---- scripts ---- */

enum group { GROUP_NONE, GROUP_LATIN = 1, GROUP_EAST = 2, GROUP_LIKE_LATIN = 4, GROUP_OTHER = 8 };

static enum group group_of(uint32_t c)
{
	UErrorCode status = U_ZERO_ERROR;
	if (c < 0x80)
		return ascii_is_alpha((uint8_t)c) ? GROUP_LATIN : GROUP_NONE;
	UScriptCode script = uscript_getScript((UChar32)c, &status);
	if (U_FAILURE(status) || script <= USCRIPT_INHERITED || !u_isalpha((UChar32)c))
		return GROUP_NONE;
	if (script == USCRIPT_LATIN)
		return GROUP_LATIN;
	if (script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
		script == USCRIPT_BOPOMOFO)
		return GROUP_EAST;
	return GROUP_OTHER;
}

/* A letter of another script that a reader takes for a Latin one. */
static bool seems_latin(uint32_t c)
{
	char text[4], room[64];
	int32_t n = 0;
	UErrorCode status = U_ZERO_ERROR;
	U8_APPEND_UNSAFE(text, n, (UChar32)c);
	n = uspoof_getSkeletonUTF8(checker(), 0, text, n, room, sizeof room, &status);
	return U_SUCCESS(status) && n > 0 && n < (int32_t)sizeof room && slice_is_ascii(slice_make(room, (size_t)n)) &&
		ascii_is_alpha((uint8_t)room[0]);
}

struct word {
	unsigned latin, like, other;
};

static bool in_word(uint32_t c)
{
	return c < 0x80 ? ascii_is_alnum((uint8_t)c) : u_isalnum((UChar32)c) || u_charType((UChar32)c) == U_NON_SPACING_MARK;
}

/* Two Latin letters at least, so that "Δx" and "μm" are not taken for a trick. */
static bool word_is_mixed(const struct word *w)
{
	return w->latin >= 2 && w->like >= 1 && w->other == 0;
}

enum script_mix confusable_scripts(struct slice s)
{
	struct word w = {0};
	bool mixed = false, only_like = false, true_other = false;
	for (;;) {
		uint32_t c = s.n > 0 ? utf8_next(&s) : ' ';
		if (in_word(c)) {
			enum group group = group_of(c);
			bool like = group == GROUP_OTHER && seems_latin(c);
			w.latin += group == GROUP_LATIN;
			w.like += like;
			w.other += group == GROUP_OTHER && !like;
			true_other = true_other || (group == GROUP_OTHER && !like);
			continue;
		}
		mixed = mixed || word_is_mixed(&w);
		only_like = only_like || (w.like >= 3 && w.latin == 0 && w.other == 0);
		w = (struct word){0};
		if (s.n == 0)
			break;
	}
	return mixed ? SCRIPTS_MIXED : only_like && !true_other ? SCRIPTS_LOOKALIKE : SCRIPTS_PLAIN;
}

/* ---- what is not seen ---- */

static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180e) ||
		(c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0x3164 || c == 0xfeff ||
		c == 0xffa0 || (c >= 0xe0000 && c <= 0xe007f);
}

/* Scripts in which nobody needs joiners and marks of direction inside of a word. */
static bool is_plain_letter(uint32_t c)
{
	enum group group = group_of(c);
	return group == GROUP_LATIN || group == GROUP_EAST || (group == GROUP_OTHER && ((c >= 0x370 && c < 0x530)));
}

size_t confusable_invisible(struct slice s)
{
	size_t count = 0, held = 0;
	bool before = false;
	while (s.n > 0) {
		if (s.p[0] < 0x80 && held == 0) {
			before = ascii_is_alpha(s.p[0]);
			s = slice_from(s, 1);
			continue;
		}
		uint32_t c = utf8_next(&s);
		if (is_invisible(c)) {
			held += before;
			continue;
		}
		bool letter = is_plain_letter(c);
		count += letter && before ? held : 0;
		held = 0;
		before = letter;
	}
	return count;
}
