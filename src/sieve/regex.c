/*
 * Extended regular expressions of POSIX by a machine that reads the text once (Thompson, Pike): every state is visited at most once for a character,
 * so no expression is slow. Characters are those of UTF-8. Of several matches the leftmost counts, of those the longest.
 */
#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "sieve/script.h"

#define REPEAT_MAX 255   /* POSIX RE_DUP_MAX */
#define GROUP_DEPTH_MAX 20
#define ENDLESS UINT16_MAX
#define UNSET ((size_t)-1)

enum node_kind { NODE_EMPTY, NODE_SET, NODE_START, NODE_END, NODE_SEQUENCE, NODE_EITHER, NODE_REPEAT, NODE_GROUP };
struct range { uint32_t from, to; struct range *next; };
struct node {
	enum node_kind kind;
	struct range *set;
	bool negated;
	struct node *a, *b;
	uint16_t min, max;
	unsigned group;
};

enum op { OP_SET, OP_START, OP_END, OP_SPLIT, OP_JUMP, OP_SAVE, OP_MATCH };
struct instruction {
	enum op op;
	const struct range *set;
	bool negated;
	uint16_t x, y;       /* SPLIT: first, second; JUMP: x; SAVE: slot x */
};

struct sieve_regex {
	struct instruction *code;
	size_t size;
	unsigned groups;     /* with the whole */
	bool nocase;
};

struct parser {
	struct slice rest;
	struct arena *arena;
	const char *why;
	unsigned groups, depth;
};

static struct node *fail(struct parser *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
	return NULL;
}

static struct node *node_new(struct parser *p, enum node_kind kind)
{
	struct node *n = ARENA_NEW(p->arena, struct node);
	n->kind = kind;
	return n;
}

static void range_add(struct parser *p, struct node *n, uint32_t from, uint32_t to)
{
	struct range *r = ARENA_NEW(p->arena, struct range);
	*r = (struct range){from, to, n->set};
	n->set = r;
}

static struct node *literal(struct parser *p, uint32_t c)
{
	struct node *n = node_new(p, NODE_SET);
	range_add(p, n, c, c);
	return n;
}

/* ---- bracket expressions ---- */

static const struct { struct slice name; struct range ranges[4]; } classes[] = {
	{SLICE_INIT("alpha"), {{'a', 'z', NULL}, {'A', 'Z', NULL}}}, {SLICE_INIT("digit"), {{'0', '9', NULL}}},
	{SLICE_INIT("alnum"), {{'a', 'z', NULL}, {'A', 'Z', NULL}, {'0', '9', NULL}}}, {SLICE_INIT("upper"), {{'A', 'Z', NULL}}},
	{SLICE_INIT("lower"), {{'a', 'z', NULL}}}, {SLICE_INIT("space"), {{'\t', '\r', NULL}, {' ', ' ', NULL}}},
	{SLICE_INIT("blank"), {{' ', ' ', NULL}, {'\t', '\t', NULL}}}, {SLICE_INIT("cntrl"), {{1, 31, NULL}, {127, 127, NULL}}},
	{SLICE_INIT("punct"), {{'!', '/', NULL}, {':', '@', NULL}, {'[', '`', NULL}, {'{', '~', NULL}}},
	{SLICE_INIT("graph"), {{'!', '~', NULL}}}, {SLICE_INIT("print"), {{' ', '~', NULL}}},
	{SLICE_INIT("xdigit"), {{'0', '9', NULL}, {'a', 'f', NULL}, {'A', 'F', NULL}}},
};

/* "[:name:]" at the front. */
static bool class_add(struct parser *p, struct node *n)
{
	ptrdiff_t end = slice_search(p->rest, SLICE(":]"));
	struct slice name = end > 2 ? slice_sub(p->rest, 2, (size_t)end) : SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (!slice_eq(name, classes[i].name))
			continue;
		for (size_t j = 0; j < ARRAY_LEN(classes[i].ranges) && classes[i].ranges[j].from > 0; j++)
			range_add(p, n, classes[i].ranges[j].from, classes[i].ranges[j].to);
		p->rest = slice_from(p->rest, (size_t)end + 2);
		return true;
	}
	fail(p, "there is no such class of characters");
	return false;
}

static bool range_take(struct parser *p, struct node *n)
{
	uint32_t from = utf8_next(&p->rest), to = from;
	if (p->rest.n >= 2 && p->rest.p[0] == '-' && p->rest.p[1] != ']') {
		p->rest = slice_from(p->rest, 1);
		to = utf8_next(&p->rest);
	}
	if (to < from)
		return fail(p, "this range goes backwards") != NULL;
	range_add(p, n, from, to);
	return true;
}

static struct node *take_bracket(struct parser *p)
{
	struct node *n = node_new(p, NODE_SET);
	bool first = true;
	p->rest = slice_from(p->rest, 1);
	n->negated = slice_starts(p->rest, SLICE("^"));
	p->rest = slice_from(p->rest, n->negated);
	for (; p->rest.n > 0 && (first || p->rest.p[0] != ']'); first = false) {
		if (slice_starts(p->rest, SLICE("[.")) || slice_starts(p->rest, SLICE("[=")))
			return fail(p, "collating elements are not known here");
		if (slice_starts(p->rest, SLICE("[:")) ? !class_add(p, n) : !range_take(p, n))
			return NULL;
	}
	if (p->rest.n == 0)
		return fail(p, "\"]\" is missing");
	p->rest = slice_from(p->rest, 1);
	return n;
}

/* ---- the grammar ---- */

static struct node *take_either(struct parser *p);

static struct node *take_group(struct parser *p)
{
	struct node *n = node_new(p, NODE_GROUP);
	if (++p->depth > GROUP_DEPTH_MAX)
		return fail(p, "groups are nested too deeply");
	p->rest = slice_from(p->rest, 1);
	n->group = p->groups++;
	n->a = take_either(p);
	p->depth--;
	if (n->a == NULL)
		return NULL;
	if (!slice_starts(p->rest, SLICE(")")))
		return fail(p, "\")\" is missing");
	p->rest = slice_from(p->rest, 1);
	return n;
}

static struct node *take_any(struct parser *p)
{
	struct node *n = node_new(p, NODE_SET);
	p->rest = slice_from(p->rest, 1);
	n->negated = true;
	return n;
}

static struct node *take_anchor(struct parser *p, enum node_kind kind)
{
	p->rest = slice_from(p->rest, 1);
	return node_new(p, kind);
}

static struct node *take_atom(struct parser *p)
{
	switch (p->rest.p[0]) {
	case '(': return take_group(p);
	case '[': return take_bracket(p);
	case '.': return take_any(p);
	case '^': return take_anchor(p, NODE_START);
	case '$': return take_anchor(p, NODE_END);
	case '*': case '+': case '?': case '{': return fail(p, "there is nothing to repeat");
	case '\\':
		p->rest = slice_from(p->rest, 1);
		if (p->rest.n == 0)
			return fail(p, "it ends with a backslash");
		if (ascii_is_alnum(p->rest.p[0]))
			return fail(p, "a backslash stands before what is no letter or digit only");
		break;
	default: break;
	}
	return literal(p, utf8_next(&p->rest));
}

static bool take_count(struct parser *p, uint16_t *ret)
{
	size_t n = 0;
	uint32_t value;
	while (n < p->rest.n && ascii_is_digit(p->rest.p[n]))
		n++;
	if (slice_to_u32(slice_sub(p->rest, 0, n), &value) < 0 || value > REPEAT_MAX)
		return false;
	p->rest = slice_from(p->rest, n);
	*ret = (uint16_t)value;
	return true;
}

static bool take_braces(struct parser *p, struct node *n)
{
	p->rest = slice_from(p->rest, 1);
	if (!take_count(p, &n->min))
		return fail(p, "a number up to 255 is expected behind \"{\"") != NULL;
	n->max = n->min;
	if (slice_starts(p->rest, SLICE(","))) {
		p->rest = slice_from(p->rest, 1);
		n->max = ENDLESS;
		if (!slice_starts(p->rest, SLICE("}")) && (!take_count(p, &n->max) || n->max < n->min))
			return fail(p, "this repeat makes no sense") != NULL;
	}
	if (!slice_starts(p->rest, SLICE("}")))
		return fail(p, "\"}\" is missing") != NULL;
	p->rest = slice_from(p->rest, 1);
	return true;
}

static bool take_repeat(struct parser *p, struct node **ret)
{
	uint8_t c = p->rest.n > 0 ? p->rest.p[0] : 0;
	struct node *n;
	if (c != '*' && c != '+' && c != '?' && c != '{')
		return false;
	n = node_new(p, NODE_REPEAT);
	n->a = *ret;
	*ret = n;
	n->min = c == '+';
	n->max = c == '?' ? 1 : ENDLESS;
	if (c == '{' && !take_braces(p, n))
		*ret = NULL;
	else if (c != '{')
		p->rest = slice_from(p->rest, 1);
	return *ret != NULL;
}

static struct node *take_sequence(struct parser *p)
{
	struct node *all = node_new(p, NODE_EMPTY);
	while (p->rest.n > 0 && p->rest.p[0] != '|' && (p->rest.p[0] != ')' || p->depth == 0)) {
		struct node *one = take_atom(p), *both;
		while (one != NULL && take_repeat(p, &one))
			;
		if (one == NULL)
			return NULL;
		both = node_new(p, NODE_SEQUENCE);
		both->a = all;
		both->b = one;
		all = both;
	}
	return all;
}

static struct node *take_either(struct parser *p)
{
	struct node *left = take_sequence(p);
	while (left != NULL && slice_starts(p->rest, SLICE("|"))) {
		struct node *n = node_new(p, NODE_EITHER);
		p->rest = slice_from(p->rest, 1);
		n->a = left;
		n->b = take_sequence(p);
		left = n->b != NULL ? n : NULL;
	}
	return left;
}

/* ---- code ---- */

struct writer { struct instruction *code; size_t size; bool full; };

static uint16_t put(struct writer *w, struct instruction i)
{
	if (w->size == SIEVE_REGEX_STATES) {
		w->full = true;
		return 0;
	}
	w->code[w->size] = i;
	return (uint16_t)w->size++;
}

static void emit(struct writer *w, const struct node *n);

static void emit_optional(struct writer *w, const struct node *n)
{
	uint16_t split = put(w, (struct instruction){.op = OP_SPLIT});
	w->code[split].x = (uint16_t)w->size;
	emit(w, n);
	w->code[split].y = (uint16_t)w->size;
}

static void emit_repeat(struct writer *w, const struct node *n)
{
	for (unsigned i = 0; i < n->min && !w->full; i++)
		emit(w, n->a);
	if (n->max == ENDLESS) {
		uint16_t split = put(w, (struct instruction){.op = OP_SPLIT});
		w->code[split].x = (uint16_t)w->size;
		emit(w, n->a);
		put(w, (struct instruction){.op = OP_JUMP, .x = split});
		w->code[split].y = (uint16_t)w->size;
		return;
	}
	for (unsigned i = n->min; i < n->max && !w->full; i++)
		emit_optional(w, n->a);
}

static void emit_either(struct writer *w, const struct node *n)
{
	uint16_t split = put(w, (struct instruction){.op = OP_SPLIT}), jump;
	w->code[split].x = (uint16_t)w->size;
	emit(w, n->a);
	jump = put(w, (struct instruction){.op = OP_JUMP});
	w->code[split].y = (uint16_t)w->size;
	emit(w, n->b);
	w->code[jump].x = (uint16_t)w->size;
}

static void emit_group(struct writer *w, const struct node *n)
{
	put(w, (struct instruction){.op = OP_SAVE, .x = (uint16_t)(2 * n->group)});
	emit(w, n->a);
	put(w, (struct instruction){.op = OP_SAVE, .x = (uint16_t)(2 * n->group + 1)});
}

static void emit(struct writer *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_EMPTY: break;
	case NODE_SET: put(w, (struct instruction){.op = OP_SET, .set = n->set, .negated = n->negated}); break;
	case NODE_START: put(w, (struct instruction){.op = OP_START}); break;
	case NODE_END: put(w, (struct instruction){.op = OP_END}); break;
	case NODE_SEQUENCE: emit(w, n->a); emit(w, n->b); break;
	case NODE_EITHER: emit_either(w, n); break;
	case NODE_REPEAT: emit_repeat(w, n); break;
	case NODE_GROUP: emit_group(w, n); break;
	}
}

struct sieve_regex *sieve_regex_compile(struct slice pattern, bool nocase, struct arena *arena, const char **ret_why)
{
	struct parser p = {.rest = pattern, .arena = arena, .groups = 1};
	struct node whole = {.kind = NODE_GROUP};
	*ret_why = "it is too long";
	if (pattern.n > SIEVE_REGEX_MAX)
		return NULL;
	whole.a = take_either(&p);
	*ret_why = p.why;
	if (whole.a == NULL)
		return NULL;
	struct sieve_regex *r = ARENA_NEW(arena, struct sieve_regex);
	struct writer w = {.code = arena_alloc_array(arena, SIEVE_REGEX_STATES, sizeof *w.code)};
	emit(&w, &whole);
	put(&w, (struct instruction){.op = OP_MATCH});
	*ret_why = "it repeats too much";
	if (w.full)
		return NULL;
	*r = (struct sieve_regex){w.code, w.size, p.groups, nocase};
	return r;
}

/* ---- the machine ---- */

struct thread { uint16_t at; size_t *saved; };
struct threads { struct thread *items; size_t count; };
struct search {
	const struct sieve_regex *r;
	struct slice text;
	size_t slots;
	uint32_t *seen, turn;        /* the turn in which a state was entered last */
	struct threads now, then;
	size_t *pool;                /* saves of both lists, one row per state each */
	size_t *scratch, *best;
	bool found;
	uint64_t *work;
	bool exhausted;
};

/* Follows everything that reads no character. */
static void enter(struct search *s, struct threads *list, size_t *rows, uint16_t at, size_t position)
{
	const struct instruction *i = &s->r->code[at];
	size_t before;
	if (s->seen[at] == s->turn)
		return;
	s->seen[at] = s->turn;
	switch (i->op) {
	case OP_JUMP: enter(s, list, rows, i->x, position); return;
	case OP_SPLIT: enter(s, list, rows, i->x, position); enter(s, list, rows, i->y, position); return;
	case OP_START: if (position == 0) enter(s, list, rows, (uint16_t)(at + 1), position); return;
	case OP_END: if (position == s->text.n) enter(s, list, rows, (uint16_t)(at + 1), position); return;
	case OP_SAVE:
		if (i->x >= s->slots) {
			enter(s, list, rows, (uint16_t)(at + 1), position);
			return;
		}
		before = s->scratch[i->x];
		s->scratch[i->x] = position;
		enter(s, list, rows, (uint16_t)(at + 1), position);
		s->scratch[i->x] = before;
		return;
	case OP_SET: case OP_MATCH:
		list->items[list->count] = (struct thread){at, rows + (size_t)at * s->slots};
		memcpy(list->items[list->count++].saved, s->scratch, s->slots * sizeof *s->scratch);
		return;
	}
}

static bool in_ranges(const struct range *r, uint32_t c)
{
	for (; r != NULL; r = r->next)
		if (c >= r->from && c <= r->to)
			return true;
	return false;
}

static bool set_has(const struct sieve_regex *r, const struct instruction *i, uint32_t c)
{
	bool in = in_ranges(i->set, c);
	if (!in && r->nocase && c < 0x80)
		in = in_ranges(i->set, ascii_lower((uint8_t)c)) || in_ranges(i->set, ascii_upper((uint8_t)c));
	return in != i->negated;
}

static void take_match(struct search *s, const struct thread *t)
{
	if (s->found && (t->saved[0] > s->best[0] || (t->saved[0] == s->best[0] && t->saved[1] <= s->best[1])))
		return;
	memcpy(s->best, t->saved, s->slots * sizeof *s->best);
	s->found = true;
}

/* All threads over one character; c is not looked at behind the end. */
static void step(struct search *s, uint32_t c, bool end, size_t next, size_t *rows)
{
	s->turn++;
	s->then.count = 0;
	for (size_t i = 0; i < s->now.count; i++) {
		const struct thread *t = &s->now.items[i];
		const struct instruction *at = &s->r->code[t->at];
		if (at->op == OP_MATCH) {
			take_match(s, t);
		} else if (!end && set_has(s->r, at, c)) {
			memcpy(s->scratch, t->saved, s->slots * sizeof *s->scratch);
			enter(s, &s->then, rows, (uint16_t)(t->at + 1), next);
		}
	}
}

static void start_here(struct search *s, size_t position, size_t *rows)
{
	for (size_t i = 0; i < s->slots; i++)
		s->scratch[i] = UNSET;
	enter(s, &s->now, rows, 0, position);
}

static void run(struct search *s)
{
	size_t half = s->r->size * s->slots, position = 0;
	struct slice rest = s->text;
	bool flip = false;
	s->turn = 1;
	for (;;) {
		bool end = rest.n == 0;
		uint64_t cost = 1 + s->now.count * (1 + s->slots / 4);
		if (cost > *s->work) {
			*s->work = 0;
			s->exhausted = true;
			return;
		}
		*s->work -= cost;
		/* The turn is that of the list being filled: a new thread goes behind those that came here. */
		if (!s->found)
			start_here(s, position, s->pool + (flip ? half : 0));
		if (s->now.count == 0 && s->found)
			return;
		uint32_t c = end ? 0 : utf8_next(&rest);
		position = s->text.n - rest.n;
		step(s, c, end, position, s->pool + (flip ? 0 : half));
		struct threads done = s->now;
		s->now = s->then;
		s->then = done;
		flip = !flip;
		if (end)
			return;
	}
}

bool sieve_regex_search(const struct sieve_regex *r, struct slice text, size_t (*groups)[2], size_t *ret_count, uint64_t *work,
	struct arena *arena)
{
	size_t count = r->groups < SIEVE_MATCHES_MAX ? r->groups : SIEVE_MATCHES_MAX;
	struct search s = {.r = r, .text = text, .slots = 2 * count, .work = work};
	s.seen = arena_alloc_array(arena, r->size, sizeof *s.seen);
	s.now.items = arena_alloc_array(arena, r->size, sizeof *s.now.items);
	s.then.items = arena_alloc_array(arena, r->size, sizeof *s.then.items);
	s.pool = arena_alloc_array(arena, 2 * r->size * s.slots, sizeof *s.pool);
	s.scratch = arena_alloc_array(arena, s.slots, sizeof *s.scratch);
	s.best = arena_alloc_array(arena, s.slots, sizeof *s.best);
	run(&s);
	if (s.exhausted || !s.found)
		return false;
	memcpy(groups, s.best, s.slots * sizeof *s.best);
	*ret_count = count;
	return true;
}
