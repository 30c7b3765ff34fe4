#include "policy/names.h"

#include "base/ensure.h"
#include "policy/confusable.h"
#include "policy/name_forms.h"

#define ENTRIES_MAX 50 /* people of one form; more make no difference */
#define KEY_LENGTH_MAX 512

/* People of one form. */
struct name_entry {
	struct name_entry *next;
	struct slice address;
	bool executive;
};

/* First byte of a key: what kind of form it is. */
enum form { FORM_ADDRESS = 'a', FORM_NAME = 'n', FORM_SKELETON = 'k', FORM_PINYIN = 'p', FORM_EXECUTIVE = 'e' };

void names_warm(void)
{
	name_forms_warm();
}

void names_init(struct names *n, struct arena *arena)
{
	*n = (struct names){.arena = arena, .forms = MAP_INIT};
}

void names_free(struct names *n)
{
	map_free(&n->forms);
}

static struct slice key_make(enum form form, struct slice text, uint8_t room[KEY_LENGTH_MAX])
{
	size_t n = 0;
	room[n++] = (uint8_t)form;
	for (size_t i = 0; i < text.n && n < KEY_LENGTH_MAX; i++)
		room[n++] = ascii_lower(text.p[i]);
	return slice_make(room, n);
}

static struct name_entry *entries(const struct names *n, enum form form, struct slice text)
{
	uint8_t room[KEY_LENGTH_MAX];
	return text.n > 0 ? map_get(&n->forms, key_make(form, text, room)) : NULL;
}

static void form_add(struct names *n, enum form form, struct slice text, const struct person *p)
{
	uint8_t room[KEY_LENGTH_MAX];
	unsigned count = 0;
	if (text.n == 0)
		return;
	struct slice key = key_make(form, text, room);
	struct name_entry *first = map_get(&n->forms, key);
	for (const struct name_entry *e = first; e != NULL; e = e->next)
		if (++count >= ENTRIES_MAX || slice_eq_nocase(e->address, p->address))
			return;
	struct name_entry *e = ARENA_NEW(n->arena, struct name_entry);
	*e = (struct name_entry){.next = first, .address = p->address, .executive = p->executive};
	map_put(&n->forms, key, e);
}

/* ---- building ---- */

/* Every word order that people write, with the skeleton of each. */
static void orders_add(struct names *n, enum form form, const struct name_words *w, const struct person *p, struct arena *work)
{
	struct slice orders[] = {name_words_join(w, 0, w->count, work), name_words_reverse(w, 0, w->count, work), SLICE_NONE, SLICE_NONE};
	if (w->count > 2) {
		/* "Smith John A": the first word may move to the end, the last to the front. */
		struct name_words turned = {.count = w->count};
		for (size_t i = 0; i < w->count; i++)
			turned.words[i] = w->words[(i + 1) % w->count];
		orders[2] = name_words_join(&turned, 0, w->count, work);
		for (size_t i = 0; i < w->count; i++)
			turned.words[i] = w->words[(i + w->count - 1) % w->count];
		orders[3] = name_words_join(&turned, 0, w->count, work);
	}
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		form_add(n, form, orders[i], p);
		form_add(n, FORM_SKELETON, confusable_skeleton(orders[i], work), p);
	}
}

/* "lv", "lu", "lyu" and "lü" are all written for one sound; double family names and given names are one word each. */
static void pinyin_add(struct names *n, struct slice han, const struct person *p, struct arena *work)
{
	struct name_words syllables, name = {.count = 2};
	static const char *const written[] = {"v", "u", "yu", "\xc3\xbc"};
	name_pinyin(han, work, &syllables);
	size_t family = name_family_length(han);
	if (syllables.count < 2 || family >= syllables.count)
		return;
	for (size_t k = 0; k < ARRAY_LEN(written); k++) {
		struct name_words spelt = syllables;
		bool differs = false;
		for (size_t i = 0; i < spelt.count; i++) {
			ptrdiff_t v = slice_find(spelt.words[i], 'v');
			if (v < 0)
				continue;
			differs = true;
			spelt.words[i] = arena_printf(work, "%.*s%s%.*s", (int)v, (const char *)spelt.words[i].p, written[k],
				SLICE_ARG(slice_from(spelt.words[i], (size_t)v + 1)));
		}
		name.words[0] = name_words_join(&spelt, 0, family, work);
		name.words[1] = name_words_join(&spelt, family, spelt.count, work);
		orders_add(n, FORM_PINYIN, &name, p, work);
		if (!differs)
			break;
	}
}

static void han_add(struct names *n, struct slice han, const struct person *p, struct arena *work)
{
	struct slice simple = name_simplified(han, work);
	form_add(n, FORM_NAME, simple, p);
	form_add(n, FORM_SKELETON, confusable_skeleton(simple, work), p);
	pinyin_add(n, simple, p, work);
	if (p->executive && name_length(simple) >= 2) {
		size_t bytes = name_family_length(simple) * 3;
		form_add(n, FORM_EXECUTIVE, slice_sub(simple, 0, bytes), p);
		form_add(n, FORM_EXECUTIVE, slice_from(simple, bytes), p);
	}
}

static void person_add(struct names *n, const struct person *p, struct arena *work)
{
	struct name_words w, latin = {0};
	form_add(n, FORM_ADDRESS, p->address, p);
	name_words_split(p->name, work, &w);
	for (size_t i = 0; i < w.count; i++) {
		if (w.han[i] && name_length(w.words[i]) >= 2)
			han_add(n, w.words[i], p, work);
		else if (!w.han[i])
			latin.words[latin.count++] = w.words[i];
	}
	/* Family and given name of Japanese apart. */
	if (w.count == 2 && w.han[0] && w.han[1])
		han_add(n, name_words_join(&w, 0, 2, work), p, work);
	if (latin.count >= 2)
		orders_add(n, FORM_NAME, &latin, p, work);
	for (size_t i = 0; p->executive && i < latin.count; i++)
		if (latin.words[i].n >= 3)
			form_add(n, FORM_EXECUTIVE, latin.words[i], p);
}

void names_add(struct names *n, const struct person *person)
{
	struct arena work = ARENA_INIT;
	if (n->people >= NAMES_MAX)
		return;
	n->people++;
	struct person kept = {.name = person->name, .address = arena_dup(n->arena, person->address), .executive = person->executive};
	person_add(n, &kept, &work);
	arena_free(&work);
}

/* ---- finding ---- */

struct find {
	const struct names *names;
	struct arena *arena;
	enum name_match match;
	struct name_found found;
};

static void look(struct find *f, enum form form, struct slice text, enum name_match match)
{
	const struct name_entry *e = f->match == NAME_NONE ? entries(f->names, form, text) : NULL;
	if (e == NULL)
		return;
	f->match = match;
	f->found = (struct name_found){.address = e->address, .executive = e->executive};
	for (; e != NULL && !f->found.executive; e = e->next)
		if (e->executive)
			f->found = (struct name_found){.address = e->address, .executive = true};
}

static void look_han(struct find *f, struct slice han, bool titled)
{
	struct name_words syllables;
	struct slice simple = name_simplified(han, f->arena);
	size_t length = name_length(simple);
	if (titled && length <= 2)
		look(f, FORM_EXECUTIVE, simple, NAME_SAME);
	if (length < 2)
		return;
	look(f, FORM_NAME, simple, NAME_SAME);
	if (f->match == NAME_NONE)
		look(f, FORM_SKELETON, confusable_skeleton(simple, f->arena), NAME_SIMILAR);
	/* Somebody whom the directory names in letters only. Two Han names that merely sound alike are two people. */
	name_pinyin(simple, f->arena, &syllables);
	if (syllables.count >= 2)
		look(f, FORM_NAME, name_words_join(&syllables, 0, syllables.count, f->arena), NAME_ROMANISED);
}

/* Runs of words: "John Smith, Finance" and "Finance: John Smith" hold the name among others. */
static void look_latin(struct find *f, const struct name_words *w)
{
	for (size_t from = 0; from < w->count; from++)
		for (size_t to = from + 1; to <= w->count && to <= from + 4; to++) {
			struct slice text = name_words_join(w, from, to, f->arena);
			look(f, FORM_NAME, text, NAME_SAME);
			look(f, FORM_PINYIN, text, NAME_ROMANISED);
			/* The skeleton of the name itself is its skeleton too. */
			if (f->match == NAME_NONE)
				look(f, FORM_SKELETON, confusable_skeleton(text, f->arena), NAME_SIMILAR);
		}
	if (w->titled && w->count == 1)
		look(f, FORM_EXECUTIVE, w->words[0], NAME_SAME);
}

static void look_all(struct find *f, struct slice display)
{
	struct name_words w, latin = {0};
	name_words_split(display, f->arena, &w);
	latin.titled = w.titled;
	for (size_t i = 0; i < w.count; i++) {
		if (w.han[i])
			look_han(f, w.words[i], w.titled);
		else
			latin.words[latin.count++] = w.words[i];
	}
	if (w.count == 2 && w.han[0] && w.han[1])
		look_han(f, name_words_join(&w, 0, 2, f->arena), w.titled);
	look_latin(f, &latin);
}

/* "AIice": a capital I behind another letter is an l. False: there is none. */
static bool inner_capital(struct slice display, struct arena *arena, struct slice *ret)
{
	uint8_t *copy = arena_alloc(arena, display.n + 1);
	bool found = false;
	for (size_t i = 0; i < display.n; i++) {
		bool inner = display.p[i] == 'I' && i > 0 && ascii_is_alpha(display.p[i - 1]);
		copy[i] = inner ? 'l' : display.p[i];
		found = found || inner;
	}
	*ret = slice_make(copy, display.n);
	return found;
}

enum name_match names_find(const struct names *n, struct slice display, struct slice address, struct arena *arena, struct name_found *ret)
{
	struct find f = {.names = n, .arena = arena};
	if (display.n == 0 || names_owns(n, address))
		return NAME_NONE;
	look_all(&f, display);
	if (f.match == NAME_NONE && inner_capital(display, arena, &display)) {
		look_all(&f, display);
		f.match = f.match == NAME_SAME ? NAME_SIMILAR : f.match;
	}
	if (f.match != NAME_NONE)
		*ret = f.found;
	return f.match;
}

bool names_owns(const struct names *n, struct slice address)
{
	return entries(n, FORM_ADDRESS, address) != NULL;
}
