#include "factor/policy.h"

#include <string.h>
#include <zxcvbn.h>

#include "base/utf8.h"
#include "crypt/crypt.h"
#include "crypt/password.h"

#define WORD_BYTES_MAX 64
#define WORD_CHARACTERS_MIN 3 /* shorter ones are in every password */
#define DAY_MS INT64_C(86400000)

bool password_policy_preset(struct slice name, struct password_policy *ret)
{
	static const struct {
		struct slice name;
		struct password_policy policy;
	} presets[] = {
		{SLICE_INIT("length"), {.length_min = 12}},
		/* No composition, no change without a reason; a blocklist of breaches, dictionary words and words of the context. */
		{SLICE_INIT("nist"), {.length_min = 12, .bits_min = 28}},
		{SLICE_INIT("mlps2"), {.length_min = 12, .classes = PASSWORD_CLASSES_ALL, .history = 5, .age_max_ms = 90 * DAY_MS, .bits_min = 28}},
	};
	for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
		if (slice_eq(name, presets[i].name)) {
			*ret = presets[i].policy;
			return true;
		}
	}
	return false;
}

void password_policy_tighten(struct password_policy *policy, const struct password_policy *more)
{
	policy->length_min = more->length_min > policy->length_min ? more->length_min : policy->length_min;
	policy->classes |= more->classes;
	policy->history = more->history > policy->history ? more->history : policy->history;
	policy->history = policy->history > POLICY_HISTORY_MAX ? POLICY_HISTORY_MAX : policy->history;
	policy->bits_min = more->bits_min > policy->bits_min ? more->bits_min : policy->bits_min;
	if (more->age_max_ms > 0 && (policy->age_max_ms == 0 || more->age_max_ms < policy->age_max_ms))
		policy->age_max_ms = more->age_max_ms;
}

static const struct {
	unsigned bit;
	const char *name, *text;
} class_names[] = {
	{PASSWORD_UPPER, "upper", "an upper-case letter"},
	{PASSWORD_LOWER, "lower", "a lower-case letter"},
	{PASSWORD_DIGIT, "digit", "a digit"},
	{PASSWORD_SYMBOL, "symbol", "a symbol"},
};
#define CLASS_COUNT (sizeof class_names / sizeof class_names[0])

bool password_class_parse(struct slice name, unsigned *ret)
{
	for (size_t i = 0; i < CLASS_COUNT; i++) {
		if (slice_eq(name, slice_str(class_names[i].name))) {
			*ret = class_names[i].bit;
			return true;
		}
	}
	return false;
}

/* ---- what it is made of ---- */

/* Letters without case (Han and the like) count as symbols: they are in none of the other classes. */
static unsigned class_of(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return PASSWORD_DIGIT;
	if (c >= 'A' && c <= 'Z')
		return PASSWORD_UPPER;
	return c >= 'a' && c <= 'z' ? PASSWORD_LOWER : PASSWORD_SYMBOL;
}

static unsigned check_characters(const struct password_policy *policy, struct slice password)
{
	uint64_t count = 0;
	unsigned classes = 0, faults = 0;
	if (!utf8_valid(password))
		return PASSWORD_CONTROL;
	while (password.n > 0) {
		uint32_t c = utf8_next(&password);
		classes |= class_of(c);
		count++;
		if (c < 0x20 || c == 0x7f)
			faults |= PASSWORD_CONTROL;
	}
	if (count < policy->length_min || count == 0)
		faults |= PASSWORD_SHORT;
	return (policy->classes & ~classes) != 0 ? faults | PASSWORD_CLASSES : faults;
}

/* ---- strength ---- */

struct words {
	const char *list[POLICY_WORDS_MAX + 1];
	size_t count, used;
	char room[POLICY_WORDS_MAX * (WORD_BYTES_MAX + 1)];
};

static void add_word(struct words *w, struct slice word)
{
	if (word.n < WORD_CHARACTERS_MIN || word.n > WORD_BYTES_MAX || w->count >= POLICY_WORDS_MAX)
		return;
	char *at = w->room + w->used;
	for (size_t i = 0; i < word.n; i++)
		at[i] = (char)ascii_lower(word.p[i]);
	at[word.n] = '\0';
	w->list[w->count++] = at;
	w->used += word.n + 1;
}

static bool is_word_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c >= 0x80;
}

/* "li.na@example.org" gives li, na, example, org and the whole. */
static void add_words(struct words *w, struct slice text)
{
	size_t start = 0;
	add_word(w, text);
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && is_word_byte(text.p[i]))
			continue;
		if (i - start < text.n)
			add_word(w, slice_sub(text, start, i));
		start = i + 1;
	}
}

double password_bits(struct slice password, const struct slice *words, size_t word_count)
{
	char text[POLICY_STRENGTH_MAX + 1];
	struct words w = {0};
	size_t n = 0;
	for (size_t i = 0; i < word_count; i++)
		add_words(&w, words[i]);
	for (; n < password.n && n < POLICY_STRENGTH_MAX && password.p[n] != 0; n++)
		text[n] = (char)password.p[n];
	text[n] = '\0';
	/* The library gives log2 of the guesses. */
	double bits = n > 0 ? ZxcvbnMatch(text, w.list, NULL) : 0;
	secret_wipe(text, sizeof text);
	return bits;
}

unsigned password_check(const struct password_policy *policy, struct slice password, const struct slice *words, size_t word_count,
	const struct breached_list *list, bool *ret_io)
{
	if (password.n > PASSWORD_MAX)
		return PASSWORD_LONG;
	unsigned faults = check_characters(policy, password);
	if ((faults & PASSWORD_CONTROL) != 0)
		return faults;
	if (policy->bits_min > 0 && password_bits(password, words, word_count) < policy->bits_min)
		faults |= PASSWORD_WEAK;
	int found = list != NULL ? breached_find(list, password) : 0;
	if (found == 1)
		faults |= PASSWORD_BREACHED;
	if (ret_io != NULL)
		*ret_io = found < 0;
	return faults;
}

/* ---- what people are told ---- */

static void put_classes(unsigned classes, struct buf *out)
{
	const char *separator = "";
	for (size_t i = 0; i < CLASS_COUNT; i++) {
		if ((classes & class_names[i].bit) == 0)
			continue;
		buf_append_str(out, separator);
		buf_append_str(out, class_names[i].text);
		separator = ", ";
	}
}

static void put_clause(struct buf *out, size_t from, const char *text)
{
	if (buf_len(out) > from)
		buf_append_str(out, "; ");
	buf_append_str(out, text);
}

void password_faults_text(const struct password_policy *policy, unsigned faults, struct buf *out)
{
	buf_append_str(out, "The new password ");
	size_t from = buf_len(out);
	if ((faults & PASSWORD_SHORT) != 0) {
		put_clause(out, from, "must have at least ");
		buf_printf(out, "%u characters", policy->length_min > 0 ? policy->length_min : 1);
	}
	if ((faults & PASSWORD_LONG) != 0) {
		put_clause(out, from, "is longer than ");
		buf_printf(out, "%d bytes", PASSWORD_MAX);
	}
	if ((faults & PASSWORD_CONTROL) != 0)
		put_clause(out, from, "must not have control characters");
	if ((faults & PASSWORD_CLASSES) != 0) {
		put_clause(out, from, "must have ");
		put_classes(policy->classes, out);
	}
	if ((faults & PASSWORD_WEAK) != 0)
		put_clause(out, from, "is easy to guess: use more words that do not belong together, and no names");
	if ((faults & PASSWORD_BREACHED) != 0)
		put_clause(out, from, "is in a list of stolen passwords");
	if ((faults & PASSWORD_REUSED) != 0)
		put_clause(out, from, "was used before");
	buf_append_byte(out, '.');
}

bool password_expired(const struct password_policy *policy, int64_t created_unix, struct moment now)
{
	return policy->age_max_ms > 0 && now.wall_ms - created_unix * 1000 >= policy->age_max_ms;
}
