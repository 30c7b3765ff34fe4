/* Runs a compiled script. */
#include "sieve/machine.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/utf8.h"

bool machine_error(struct machine *m, struct sieve_place place, const char *format, ...)
{
	struct sieve_error *err = &m->out->error;
	va_list args;
	m->stopped = true;
	if (m->out->failed)
		return false; /* the first one counts */
	m->out->failed = true;
	err->place = place;
	snprintf(err->script, sizeof err->script, "%.*s", SLICE_ARG(m->scope->program->name));
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return false;
}

bool machine_charge(struct machine *m, struct sieve_place place, uint64_t work)
{
	if (*m->work <= work) {
		*m->work = 0;
		return machine_error(m, place, "the script takes too long for this letter");
	}
	*m->work -= work;
	return !m->stopped;
}

bool machine_test(struct machine *m, const struct sieve_node *test)
{
	return machine_charge(m, test->place, SIEVE_WORK_COMMAND) && test->def->test(m, test) && !m->stopped;
}

bool machine_block(struct machine *m, const struct sieve_node *block)
{
	for (const struct sieve_node *node = block; node != NULL; node = node->next)
		if (!machine_charge(m, node->place, SIEVE_WORK_COMMAND) || !node->def->run(m, node) || m->scope->returned || m->stopped)
			break;
	return !m->stopped;
}

/* ---- strings ---- */

/* Where a variable lives: in the script, or shared by those that named it global (RFC 6609 3.4). */
static struct map *variables_of(struct machine *m, struct slice *name)
{
	if (slice_starts(*name, SLICE("global."))) {
		*name = slice_from(*name, 7);
		return &m->globals;
	}
	return map_get(&m->scope->imported, *name) != NULL ? &m->globals : &m->scope->variables;
}

struct slice machine_variable(struct machine *m, struct slice given)
{
	struct slice name = ascii_dup_lower(m->arena, given);
	uint32_t number;
	if (slice_to_u32(name, &number) == 0)
		return number < m->match_count ? m->matches[number] : SLICE_NONE;
	const struct sieve_variable *v = map_get(variables_of(m, &name), name);
	return v != NULL ? v->value : SLICE_NONE;
}

bool machine_variable_set(struct machine *m, struct sieve_place place, struct slice given, struct slice value)
{
	struct slice name = ascii_dup_lower(m->arena, given);
	struct map *map = variables_of(m, &name);
	struct sieve_variable *v = map_get(map, name);
	if (v == NULL) {
		if (map->count >= SIEVE_VARIABLES_MAX)
			return machine_error(m, place, "there are more than %d variables", SIEVE_VARIABLES_MAX);
		v = ARENA_NEW(m->arena, struct sieve_variable);
		map_put(map, name, v);
	}
	v->value = arena_dup(m->arena, utf8_prefix(value, SIEVE_VARIABLE_MAX));
	return machine_charge(m, place, value.n + SIEVE_WORK_COMMAND);
}

static struct slice expand(struct machine *m, const struct sieve_string *s)
{
	struct buf out = BUF_INIT(SIEVE_EXPANDED_MAX);
	struct slice rest = s->text, ret;
	ptrdiff_t at, end;
	while ((at = slice_search(rest, SLICE("${"))) >= 0) {
		struct slice behind = slice_from(rest, (size_t)at + 2);
		buf_append(&out, slice_sub(rest, 0, (size_t)at));
		end = slice_find(behind, '}');
		if (end >= 0 && sieve_variable_name(slice_sub(behind, 0, (size_t)end))) {
			buf_append(&out, machine_variable(m, slice_sub(behind, 0, (size_t)end)));
			rest = slice_from(behind, (size_t)end + 1);
		} else {
			buf_append_str(&out, "${");
			rest = behind;
		}
	}
	buf_append(&out, rest);
	ret = arena_dup(m->arena, buf_slice(&out));
	if (out.failed)
		machine_error(m, s->place, "a string gets longer than %d bytes", SIEVE_EXPANDED_MAX);
	machine_charge(m, s->place, ret.n + SIEVE_WORK_COMMAND);
	buf_free(&out);
	return ret;
}

struct slice machine_string(struct machine *m, const struct sieve_string *s)
{
	return s->dynamic ? expand(m, s) : s->text;
}

struct slice machine_arg(struct machine *m, const struct sieve_node *node, size_t i)
{
	return machine_string(m, &node_arg(node, i)->strings[0]);
}

struct slice machine_tag_string(struct machine *m, const struct sieve_bound *tag)
{
	return tag != NULL ? machine_string(m, &tag->arg->strings[0]) : SLICE_NONE;
}

/* ---- actions ---- */

static bool same(const struct sieve_action *a, const struct sieve_action *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == SIEVE_DO_FILE)
		return slice_eq(a->mailbox, b->mailbox) && a->keep == b->keep && slice_eq_nocase(a->special_use, b->special_use);
	return a->kind == SIEVE_DO_REDIRECT && slice_eq_nocase(a->address, b->address);
}

/* RFC 5429 2.2: what was refused was not delivered, nor answered; RFC 5230 4.7: one answer. */
static const char *conflict(const struct sieve_action *before, const struct sieve_action *now)
{
	if (before->kind == SIEVE_DO_REJECT && now->kind == SIEVE_DO_REJECT)
		return "a letter can be refused only once";
	if (before->kind == SIEVE_DO_REJECT || now->kind == SIEVE_DO_REJECT)
		return "a letter that is refused cannot be kept, filed, redirected or answered";
	if (before->kind == SIEVE_DO_VACATION && now->kind == SIEVE_DO_VACATION)
		return "a letter is answered only once";
	return NULL;
}

struct sieve_action *machine_action(struct machine *m, struct sieve_place place, const struct sieve_action *action)
{
	for (struct sieve_action *a = m->out->actions; a != NULL; a = a->next) {
		const char *why = conflict(a, action);
		if (why != NULL) {
			machine_error(m, place, "%s", why);
			return NULL;
		}
		if (same(a, action)) {
			a->flags = action->flags; /* RFC 5232 3: the flags of the last one */
			a->create |= action->create;
			return a;
		}
	}
	if (++m->actions > SIEVE_ACTIONS_MAX || (action->kind == SIEVE_DO_REDIRECT && ++m->redirects > SIEVE_REDIRECTS_MAX)) {
		machine_error(m, place, "%s", m->actions > SIEVE_ACTIONS_MAX ? "too many actions" : "too many redirects");
		return NULL;
	}
	struct sieve_action *a = ARENA_NEW(m->arena, struct sieve_action);
	*a = *action;
	a->place = place;
	a->next = NULL;
	*m->last_action = a;
	m->last_action = &a->next;
	return a;
}

/* ---- a run ---- */

static void scope_free(struct machine_scope *s)
{
	map_free(&s->variables);
	map_free(&s->imported);
}

static void keep_only(struct machine *m)
{
	m->out->actions = ARENA_NEW(m->arena, struct sieve_action);
	*m->out->actions = (struct sieve_action){.kind = SIEVE_DO_FILE, .mailbox = SLICE("INBOX"), .keep = true};
	m->out->duplicates = NULL;
}

void sieve_run(const struct sieve_program *program, const struct sieve_letter *letter, struct arena *arena, struct sieve_outcome *ret)
{
	struct machine_scope scope = {.program = program};
	struct machine m = {.letter = letter, .arena = arena, .out = ret, .scope = &scope, .implicit_keep = true, .own_work = SIEVE_WORK_MAX};
	*ret = (struct sieve_outcome){0};
	m.work = letter->work != NULL ? letter->work : &m.own_work;
	m.last_action = &ret->actions;
	m.header = slice_sub(letter->message, 0, mime_header_length(letter->message));
	machine_block(&m, program->block);
	if (!ret->failed && m.implicit_keep)
		machine_action(&m, (struct sieve_place){1, 1}, &(struct sieve_action){.kind = SIEVE_DO_FILE, .mailbox = SLICE("INBOX"), .keep = true,
			.flags = m.flags});
	if (ret->failed)
		keep_only(&m);
	arena_free(&m.scratch);
	scope_free(&scope);
	map_free(&m.globals);
}
