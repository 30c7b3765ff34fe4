#include "policy/tokens.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "base/ensure.h"
#include "base/map.h"
#include "base/utf8.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/text.h"
#include "policy/host.h"

#define SET_ROOM 8192        /* a power of two, more than twice TOKENS_MAX */
#define FIELD_TEXT_MAX 1024
#define FIELD_TOKENS 40      /* of one header field */

/* ---- text ---- */

enum letter_class { CLASS_NONE, CLASS_WORD, CLASS_PAIR };

/* Scripts without spaces between words. */
static bool is_unspaced(UScriptCode script)
{
	return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
		script == USCRIPT_THAI || script == USCRIPT_LAO || script == USCRIPT_KHMER || script == USCRIPT_MYANMAR || script == USCRIPT_BOPOMOFO;
}

static enum letter_class class_of(uint32_t c)
{
	UErrorCode status = U_ZERO_ERROR;
	if (c < 0x80)
		return ascii_is_alnum((uint8_t)c) || c == '$' ? CLASS_WORD : CLASS_NONE;
	if ((c >= 0x4e00 && c < 0xa000) || (c >= 0x3041 && c < 0x3100 && c != 0x30fb) || (c >= 0xac00 && c < 0xd7a4))
		return CLASS_PAIR;
	UScriptCode script = uscript_getScript((UChar32)c, &status);
	if (is_unspaced(script))
		return CLASS_PAIR;
	if (c == 0xa5 || c == 0x20ac || c == 0xa3)
		return CLASS_WORD;
	return u_isalnum((UChar32)c) || u_charType((UChar32)c) == U_NON_SPACING_MARK ? CLASS_WORD : CLASS_NONE;
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]))
			return false;
	return true;
}

/* Numbers count by their length, long words by length and beginning. */
static bool word_give(struct slice word, struct slice prefix, token_fn *each, void *arg)
{
	char room[64];
	int n = 0;
	if (all_digits(word) && word.n > 2)
		n = snprintf(room, sizeof room, "#%zu", word.n < 20 ? word.n : 20);
	else if (word.n > TOKEN_LENGTH_MAX)
		n = snprintf(room, sizeof room, "~%zu:%.*s", word.n / 10, SLICE_ARG(utf8_prefix(word, 8)));
	else if (word.n < TOKEN_LENGTH_MIN)
		return true;
	return each(arg, prefix, n > 0 ? slice_make(room, (size_t)n) : word);
}

/* Inside of a word: "e-mail", "don't", "3.50", "a.example". */
static bool joins(uint32_t c)
{
	return c == '-' || c == '\'' || c == '.' || c == '_' || c == 0x2019;
}

static bool next_is_word(struct slice s)
{
	return s.n > 0 && class_of(utf8_next(&s)) == CLASS_WORD;
}

static struct slice word_take(struct slice *rest)
{
	struct slice s = *rest;
	while (s.n > 0) {
		struct slice before = s;
		uint32_t c = utf8_next(&s);
		if (class_of(c) == CLASS_WORD || (joins(c) && before.p != rest->p && next_is_word(s)))
			continue;
		s = before;
		break;
	}
	struct slice word = slice_sub(*rest, 0, rest->n - s.n);
	*rest = s;
	return word;
}

/* Neighbours of a run; a character that stands alone. Moves *rest behind the run. */
static bool pairs_give(struct slice *rest, struct slice prefix, token_fn *each, void *arg)
{
	struct slice s = *rest, first = s;
	bool any = false, go = true;
	utf8_next(&s);
	while (go && s.n > 0) {
		struct slice second = s;
		if (class_of(utf8_next(&s)) != CLASS_PAIR) {
			s = second;
			break;
		}
		go = each(arg, prefix, slice_make(first.p, (size_t)(s.p - first.p)));
		any = true;
		first = second;
	}
	if (!any)
		go = each(arg, prefix, slice_sub(*rest, 0, rest->n - s.n));
	*rest = s;
	return go;
}

bool tokens_walk(struct slice s, struct slice prefix, token_fn *each, void *arg)
{
	while (s.n > 0) {
		struct slice before = s;
		enum letter_class class = class_of(utf8_next(&s));
		if (class == CLASS_NONE)
			continue;
		s = before;
		if (class == CLASS_PAIR ? !pairs_give(&s, prefix, each, arg) : !word_give(word_take(&s), prefix, each, arg))
			return false;
	}
	return true;
}

/* ---- the letter ---- */

struct walk {
	const struct policy_letter *letter;
	struct arena *arena;
	token_fn *each;
	void *arg;
	unsigned left; /* tokens of the field at hand */
};

static void give(struct walk *w, const char *prefix, struct slice token)
{
	if (token.n > 0)
		w->each(w->arg, slice_str(prefix), slice_sub(token, 0, 200));
}

static bool give_limited(void *arg, struct slice prefix, struct slice token)
{
	struct walk *w = arg;
	return w->left-- > 0 && w->each(w->arg, prefix, token);
}

static void field_words(struct walk *w, const char *prefix, struct slice text)
{
	w->left = FIELD_TOKENS;
	tokens_walk(mime_fold_arena(utf8_prefix(text, FIELD_TEXT_MAX), w->arena), slice_str(prefix), give_limited, w);
}

/* Fields of which a whole value or its words tell who made a letter. */
static const struct { const char *field, *prefix; } fields[] = {
	{"X-Mailer", "mailer"}, {"User-Agent", "mailer"}, {"List-Id", "list"}, {"Precedence", "precedence"}, {"Content-Type", "type"},
	{"MIME-Version", "mime"}, {"Auto-Submitted", "auto"}, {"X-Priority", "priority"}, {"Organization", "organisation"},
};

static void header_tokens(struct walk *w)
{
	struct mime_field field;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (mime_header_find(w->letter->header, slice_str(fields[i].field), &field))
			field_words(w, fields[i].prefix, mime_words_decode_arena(slice_sub(field.value, 0, FIELD_TEXT_MAX), w->arena));
	field_words(w, "subject", w->letter->subject);
	field_words(w, "name", w->letter->from.name);
	give(w, "from", mime_fold_arena(w->letter->from.spec, w->arena));
	give(w, "domain", host_registered(w->letter->from.domain));
	give(w, "reply", host_registered(w->letter->reply_to.domain));
	give(w, "path", host_registered(policy_letter_mail_domain(w->letter, w->arena)));
}

static void way_tokens(struct walk *w)
{
	static const char *const results[] = {"none", "pass", "fail", "soft", "neutral", "error"};
	const struct policy_letter *l = w->letter;
	struct policy_ip network = policy_ip_network(l->client);
	if (network.family != 0)
		give(w, "network", policy_ip_bytes(&network));
	give(w, "ptr", host_registered(l->ptr));
	if (l->trust.given) {
		give(w, "spf", slice_str(results[l->trust.spf]));
		give(w, "dkim", slice_str(results[l->trust.dkim]));
		give(w, "dmarc", slice_str(results[l->trust.dmarc]));
	}
	give(w, "html", l->has_html ? SLICE("yes") : SLICE("no"));
	give(w, "recipients", l->recipient_count > 20 ? SLICE("many") : l->recipient_count > 3 ? SLICE("some") : SLICE("few"));
	for (size_t i = 0; i < l->file_count; i++) {
		ptrdiff_t dot = slice_rfind(l->files[i], '.');
		give(w, "file", dot >= 0 ? mime_fold_arena(slice_from(l->files[i], (size_t)dot), w->arena) : SLICE("none"));
	}
}

static void link_tokens(struct walk *w)
{
	for (size_t i = 0; i < w->letter->url_count; i++) {
		const struct policy_url *u = &w->letter->urls[i];
		give(w, "host", u->host);
		give(w, "link", u->is_ip ? SLICE("address") : host_registered(u->host));
		give(w, "ending", u->is_ip ? SLICE_NONE : host_ending(u->host));
	}
}

void tokens_of_letter(const struct policy_letter *l, struct arena *arena, token_fn *each, void *arg)
{
	struct walk w = {.letter = l, .arena = arena, .each = each, .arg = arg};
	header_tokens(&w);
	way_tokens(&w);
	link_tokens(&w);
	tokens_walk(utf8_prefix(l->folded, TOKENS_TEXT_MAX), SLICE_NONE, each, arg);
}

/* ---- as hashes ---- */

struct collect {
	const uint8_t *keys[TOKEN_TABLES];
	size_t tables;
	struct tokens *ret;
	uint64_t *set; /* of hashes under the first key */
};

static uint64_t hash_of(const uint8_t key[TOKEN_KEY], struct slice prefix, struct slice token)
{
	uint8_t room[300];
	size_t n = prefix.n;
	if (n > 0)
		memcpy(room, prefix.p, n);
	room[n++] = ':';
	memcpy(room + n, token.p, token.n);
	uint64_t hash = siphash(key, slice_make(room, n + token.n));
	return hash != 0 ? hash : 1;
}

/* False: it is there already. */
static bool set_add(uint64_t *set, uint64_t hash)
{
	size_t i = hash & (SET_ROOM - 1);
	while (set[i] != 0 && set[i] != hash)
		i = (i + 1) & (SET_ROOM - 1);
	bool added = set[i] == 0;
	set[i] = hash;
	return added;
}

static bool collect_one(void *arg, struct slice prefix, struct slice token)
{
	struct collect *c = arg;
	struct tokens *first = &c->ret[0];
	if (first->count == TOKENS_MAX) {
		first->cut = true;
		return false;
	}
	uint64_t hash = hash_of(c->keys[0], prefix, token);
	if (!set_add(c->set, hash))
		return true;
	for (size_t t = 1; t < c->tables; t++)
		c->ret[t].hashes[c->ret[t].count++] = hash_of(c->keys[t], prefix, token);
	first->hashes[first->count++] = hash;
	return true;
}

static void make(const struct policy_letter *l, struct collect *c, struct arena *arena)
{
	struct arena work = ARENA_INIT;
	for (size_t t = 0; t < c->tables; t++)
		c->ret[t] = (struct tokens){.hashes = arena_alloc_array(arena, TOKENS_MAX, sizeof(uint64_t))};
	c->set = arena_alloc_array(&work, SET_ROOM, sizeof *c->set);
	tokens_of_letter(l, &work, collect_one, c);
	arena_free(&work);
}

void tokens_make(const struct policy_letter *l, const uint8_t key[TOKEN_KEY], struct arena *arena, struct tokens *ret)
{
	struct collect c = {.keys = {key}, .tables = 1, .ret = ret};
	make(l, &c, arena);
}

void tokens_make_pair(const struct policy_letter *l, const uint8_t *const keys[TOKEN_TABLES], struct arena *arena,
	struct tokens ret[TOKEN_TABLES])
{
	struct collect c = {.keys = {keys[0], keys[1]}, .tables = TOKEN_TABLES, .ret = ret};
	make(l, &c, arena);
}

/* ---- of a digest ---- */

static void line_words(struct walk *w, struct slice line)
{
	static const struct { struct slice field; const char *prefix; } lines[] = {
		{SLICE_INIT("subject: "), "subject"}, {SLICE_INIT("from: "), "from"}, {SLICE_INIT("reply-to: "), "reply"}, {SLICE_INIT("list-id: "), "list"},
		{SLICE_INIT("x-mailer: "), "mailer"}, {SLICE_INIT("user-agent: "), "mailer"}, {SLICE_INIT("precedence: "), "precedence"},
		{SLICE_INIT("content-type: "), "type"}, {SLICE_INIT("organization: "), "organisation"},
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (!slice_starts(line, lines[i].field))
			continue;
		w->left = FIELD_TOKENS;
		tokens_walk(utf8_prefix(slice_from(line, lines[i].field.n), FIELD_TEXT_MAX), slice_str(lines[i].prefix), give_limited, w);
		return;
	}
}

static void make_texts(struct slice header, struct slice text, struct collect *c, struct arena *arena)
{
	struct arena work = ARENA_INIT;
	struct walk w = {.arena = &work, .each = collect_one, .arg = c};
	struct slice line;
	c->set = arena_alloc_array(&work, SET_ROOM, sizeof *c->set);
	for (size_t t = 0; t < c->tables; t++)
		c->ret[t] = (struct tokens){.hashes = arena_alloc_array(arena, TOKENS_MAX, sizeof(uint64_t))};
	while (slice_split(&header, '\n', &line))
		line_words(&w, line);
	tokens_walk(utf8_prefix(text, TOKENS_TEXT_MAX), SLICE_NONE, collect_one, c);
	arena_free(&work);
}

void tokens_make_texts(struct slice header, struct slice text, const uint8_t key[TOKEN_KEY], struct arena *arena, struct tokens *ret)
{
	struct collect c = {.keys = {key}, .tables = 1, .ret = ret};
	make_texts(header, text, &c, arena);
}

void tokens_make_texts_pair(struct slice header, struct slice text, const uint8_t *const keys[TOKEN_TABLES], struct arena *arena,
	struct tokens ret[TOKEN_TABLES])
{
	struct collect c = {.keys = {keys[0], keys[1]}, .tables = TOKEN_TABLES, .ret = ret};
	make_texts(header, text, &c, arena);
}
