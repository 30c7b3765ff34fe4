/*
 * Writes the table of pinyin readings that base/pinyin.c includes, from the transliteration rules of ICU, which come from Unihan by way of CLDR (Unicode
 * licence). It runs when the program is built: transliterating at run time would cost the memory and the start of every process that needs names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "base/pinyin.h"

#define SYLLABLES_MAX 2000
#define LETTERS_MAX 8

static char syllables[SYLLABLES_MAX][LETTERS_MAX];
static unsigned syllable_count = 1; /* 0: no reading */

static unsigned number_of(const char *text)
{
	for (unsigned i = 1; i < syllable_count; i++)
		if (strcmp(syllables[i], text) == 0)
			return i;
	if (syllable_count == SYLLABLES_MAX) {
		fputs("too many syllables\n", stderr);
		exit(1);
	}
	snprintf(syllables[syllable_count], LETTERS_MAX, "%s", text);
	return syllable_count++;
}

/* One syllable of ASCII letters; v stands for u with dots. */
static unsigned reading(const UTransliterator *t, UChar32 c)
{
	UChar units[64];
	char text[LETTERS_MAX] = "";
	int32_t n = 0, limit;
	size_t length = 0;
	UErrorCode status = U_ZERO_ERROR;

	U16_APPEND_UNSAFE(units, n, c);
	limit = n;
	utrans_transUChars(t, units, &n, 64, 0, &limit, &status);
	if (U_FAILURE(status))
		return 0;
	for (int32_t i = 0; i < n; i++) {
		UChar letter = units[i] == 0xfc ? 'v' : units[i];

		if (letter == ' ')
			break;
		if (letter < 'a' || letter > 'z' || length + 1 == sizeof text)
			return 0;
		text[length++] = (char)letter;
	}
	return length > 0 ? number_of(text) : 0;
}

static UTransliterator *opened(const UChar *rules)
{
	UErrorCode status = U_ZERO_ERROR;
	UTransliterator *t = utrans_openU(rules, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);

	if (U_FAILURE(status)) {
		fprintf(stderr, "ICU has no such rules: %s\n", u_errorName(status));
		exit(1);
	}
	return t;
}

int main(int argc, char **argv)
{
	/* Tones go, the dots of u stay: NFD, marks but the diaeresis away, NFC. */
	UTransliterator *plain = opened(u"Han-Latin; Lower; NFD; [[:Mn:]-[\u0308]] Remove; NFC");
	UTransliterator *family = opened(u"Han-Latin/Names; Lower; NFD; [[:Mn:]-[\u0308]] Remove; NFC");
	static unsigned plain_of[PINYIN_LAST - PINYIN_FIRST + 1];
	FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;

	if (out == NULL)
		return 1;
	fputs("static const uint16_t plain[] = {", out);
	for (UChar32 c = PINYIN_FIRST; c <= PINYIN_LAST; c++) {
		plain_of[c - PINYIN_FIRST] = reading(plain, c);
		fprintf(out, "%s%u,", (c - PINYIN_FIRST) % 32 == 0 ? "\n\t" : "", plain_of[c - PINYIN_FIRST]);
	}
	fputs("\n};\nstatic const struct { uint16_t c, syllable; } families[] = {\n", out);
	for (UChar32 c = PINYIN_FIRST; c <= PINYIN_LAST; c++) {
		unsigned found = reading(family, c);

		if (found != 0 && found != plain_of[c - PINYIN_FIRST])
			fprintf(out, "\t{0x%x, %u},\n", (unsigned)c, found);
	}
	fputs("};\nstatic const char syllables[][8] = {\n", out);
	for (unsigned i = 0; i < syllable_count; i++)
		fprintf(out, "\t\"%s\",\n", syllables[i]);
	fputs("};\n", out);
	utrans_close(plain);
	utrans_close(family);
	return fclose(out) == 0 ? 0 : 1;
}
