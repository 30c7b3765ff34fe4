#include "policy/name_forms.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utrans.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "mime/text.h"

#define HAN_MAX 6    /* characters of a Han name; longer runs are no names */
#define UNITS_MAX 256
#define FOLDED_MAX 512

/* Beside a name, in folded form. Of Han ones the longest that fits is taken off. */
static const char *const titles[] = {
	"ceo", "cfo", "coo", "cto", "cio", "ciso", "chairman", "president", "vp", "director", "manager", "gm", "head", "chief", "officer", "mr",
	"mrs", "ms", "miss", "dr", "prof", "professor", "sir", "madam", "via", "hr", "it", "dept", "department", "office",
};
static const char *const han_titles[] = {
	"首席执行官", "财务总监", "人事总监", "技术总监", "副总经理", "代表取締役", "總經理", "总经理", "董事長", "董事长", "负责人", "办公室", "财务部", "人事部",
	"執行長", "副总裁", "副總裁", "总裁", "總裁", "总监", "總監", "经理", "經理", "主任", "部长", "部長", "社長", "課長", "専務", "常務", "院长", "校长", "书记",
	"先生", "女士", "小姐", "老师", "老師", "教授", "博士", "主席", "同事", "董事", "老板", "会长", "さん", "様", "氏", "总", "總", "董",
};
static const char *const double_families[] = {
	"欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟", "公孙", "公孫", "慕容", "令狐", "长孙", "宇文", "司徒", "夏侯", "端木",
	"西门", "南宫", "独孤", "轩辕", "澹台", "公冶", "太史", "申屠", "淳于", "单于", "钟离", "张简", "張簡", "范姜",
};

/* ---- ICU ---- */

static UTransliterator *opened(UTransliterator **at, const UChar *id)
{
	UErrorCode status = U_ZERO_ERROR;
	if (*at == NULL)
		*at = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
	ENSURE(U_SUCCESS(status) && *at != NULL);
	return *at;
}

static const UTransliterator *to_simplified(void)
{
	static UTransliterator *t;
	return opened(&t, u"Traditional-Simplified");
}

static const UTransliterator *to_pinyin(void)
{
	static UTransliterator *t;
	return opened(&t, u"Han-Latin/Names; Lower");
}

void name_forms_warm(void)
{
	to_simplified();
	to_pinyin();
}

static struct slice transliterate(const UTransliterator *t, struct slice s, struct arena *arena)
{
	UChar units[UNITS_MAX * 8];
	struct buf out = BUF_INIT(UNITS_MAX * 32);
	UErrorCode status = U_ZERO_ERROR;
	int32_t n = 0, limit;
	while (s.n > 0 && n < UNITS_MAX) {
		UChar32 c = (UChar32)utf8_next(&s);
		U16_APPEND_UNSAFE(units, n, c);
	}
	limit = n;
	utrans_transUChars(t, units, &n, (int32_t)ARRAY_LEN(units), 0, &limit, &status);
	for (int32_t i = 0; U_SUCCESS(status) && i < n;) {
		UChar32 c;
		U16_NEXT(units, i, n, c);
		utf8_append(&out, (uint32_t)c);
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

struct slice name_simplified(struct slice han, struct arena *arena)
{
	return transliterate(to_simplified(), han, arena);
}

/* A letter of pinyin without its tone; the dots of u stay as v. 0: none. */
static uint8_t pinyin_letter(uint32_t c)
{
	static const struct { uint32_t from, to; uint8_t letter; } letters[] = {
		{0xe0, 0xe5, 'a'}, {0x100, 0x103, 'a'}, {0x1cd, 0x1ce, 'a'}, {0xe8, 0xeb, 'e'}, {0x112, 0x11b, 'e'}, {0xec, 0xef, 'i'},
		{0x128, 0x12d, 'i'}, {0x1cf, 0x1d0, 'i'}, {0xf2, 0xf6, 'o'}, {0x14c, 0x151, 'o'}, {0x1d1, 0x1d2, 'o'}, {0xf9, 0xfb, 'u'},
		{0x168, 0x16d, 'u'}, {0x1d3, 0x1d4, 'u'}, {0xfc, 0xfc, 'v'}, {0x1d5, 0x1dc, 'v'}, {0x143, 0x148, 'n'}, {0x1f8, 0x1f9, 'n'},
	};
	if (c < 0x80)
		return ascii_is_alpha((uint8_t)c) ? ascii_lower((uint8_t)c) : 0;
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (c >= letters[i].from && c <= letters[i].to)
			return letters[i].letter;
	return 0;
}

static struct slice syllable(struct slice character, struct arena *arena)
{
	struct slice latin = slice_trim(transliterate(to_pinyin(), character, arena));
	uint8_t room[16];
	size_t n = 0;
	while (latin.n > 0 && n < sizeof room) {
		uint8_t letter = pinyin_letter(utf8_next(&latin));
		if (letter == 0)
			return SLICE_NONE;
		room[n++] = letter;
	}
	return arena_dup(arena, slice_make(room, n));
}

/* ---- Han ---- */

size_t name_length(struct slice han)
{
	size_t n = 0;
	while (han.n > 0) {
		utf8_next(&han);
		n++;
	}
	return n;
}

size_t name_family_length(struct slice han)
{
	for (size_t i = 0; i < ARRAY_LEN(double_families); i++)
		if (slice_starts(han, slice_str(double_families[i])) && han.n > slice_str(double_families[i]).n)
			return 2;
	return 1;
}

/* The family name is read as one, then each character of the given name: surnames have readings of their own. */
void name_pinyin(struct slice han, struct arena *arena, struct name_words *ret)
{
	*ret = (struct name_words){0};
	if (name_length(han) > HAN_MAX)
		return;
	while (han.n > 0) {
		struct slice before = han;
		utf8_next(&han);
		struct slice read = syllable(slice_sub(before, 0, before.n - han.n), arena);
		if (read.n == 0) {
			ret->count = 0;
			return;
		}
		ret->words[ret->count++] = read;
	}
}

static struct slice without_title(struct slice han, bool *titled)
{
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < ARRAY_LEN(han_titles) && !again; i++) {
			struct slice title = slice_str(han_titles[i]);
			if (han.n <= title.n)
				continue;
			again = slice_ends(han, title) || (title.n > 3 && slice_starts(han, title));
			if (again)
				han = slice_ends(han, title) ? slice_sub(han, 0, han.n - title.n) : slice_from(han, title.n);
		}
		*titled = *titled || again;
	}
	return han;
}

/* ---- words ---- */

static bool is_title(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (slice_eq(word, slice_str(titles[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(han_titles); i++)
		if (slice_eq(word, slice_str(han_titles[i])))
			return true;
	return false;
}

static bool is_han(uint32_t c)
{
	UErrorCode status = U_ZERO_ERROR;
	if (c < 0x80)
		return false;
	UScriptCode script = uscript_getScript((UChar32)c, &status);
	return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || c == 0x30fc;
}

static bool is_letter(uint32_t c)
{
	return c < 0x80 ? ascii_is_alnum((uint8_t)c) : u_isalnum((UChar32)c) || u_charType((UChar32)c) == U_NON_SPACING_MARK;
}

static void word_add(struct name_words *w, struct slice word, bool han)
{
	if (word.n == 0 || word.n > NAME_WORD_MAX || w->count == ARRAY_LEN(w->words))
		return;
	if (is_title(word)) {
		w->titled = true;
		return;
	}
	w->han[w->count] = han;
	w->words[w->count++] = han ? without_title(word, &w->titled) : word;
}

/* Brackets as NFKC folding leaves them. Titles in them count as titles, other words not at all. */
static int bracket(uint32_t c)
{
	if (c == '(' || c == '[' || c == '<' || c == '{' || c == 0x3010 || c == 0x300c || c == 0x3008 || c == 0x300a || c == 0x300e || c == 0x3014)
		return 1;
	if (c == ')' || c == ']' || c == '>' || c == '}' || c == 0x3011 || c == 0x300d || c == 0x3009 || c == 0x300b || c == 0x300f || c == 0x3015)
		return -1;
	return 0;
}

void name_words_split(struct slice name, struct arena *arena, struct name_words *ret)
{
	struct slice rest = utf8_prefix(mime_fold_arena(utf8_prefix(name, FOLDED_MAX), arena), FOLDED_MAX), all = rest;
	struct name_words inside = {0};
	size_t from = 0;
	int depth = 0;
	bool han = false, word = false;
	*ret = (struct name_words){0};
	for (;;) {
		size_t at = all.n - rest.n;
		uint32_t c = rest.n > 0 ? utf8_next(&rest) : 0;
		/* "O'Brien" is one word; Korean names stay whole as words of an alphabet. */
		bool letter = c != 0 && is_letter(c) && bracket(c) == 0, letter_han = letter && is_han(c);
		if (c == '\'' || c == 0x2019)
			continue;
		if (word && (!letter || letter_han != han)) {
			word_add(depth > 0 ? &inside : ret, slice_sub(all, from, at), han);
			word = false;
		}
		if (letter && !word) {
			from = at;
			han = letter_han;
			word = true;
		}
		depth += bracket(c);
		depth = depth < 0 ? 0 : depth;
		if (c == 0 && rest.n == 0)
			break;
	}
	ret->titled = ret->titled || inside.titled;
	/* Nothing but brackets: then what stands in them is the name. */
	if (ret->count == 0)
		*ret = inside;
}

static void put_word(struct buf *out, struct slice word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] != '\'')
			buf_append_byte(out, word.p[i]);
}

static struct slice joined(const struct name_words *w, size_t from, size_t to, bool reverse, struct arena *arena)
{
	struct buf out = BUF_INIT(ARRAY_LEN(w->words) * NAME_WORD_MAX);
	for (size_t i = from; i < to; i++)
		put_word(&out, w->words[reverse ? to - 1 - (i - from) : i]);
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

struct slice name_words_join(const struct name_words *w, size_t from, size_t to, struct arena *arena)
{
	return joined(w, from, to, false, arena);
}

struct slice name_words_reverse(const struct name_words *w, size_t from, size_t to, struct arena *arena)
{
	return joined(w, from, to, true, arena);
}
