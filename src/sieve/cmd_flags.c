/* setflag, addflag, removeflag, the test hasflag, and :flags (RFC 5232). */
#include "sieve/machine.h"

struct flags {
	struct slice items[SIEVE_FLAGS_MAX];
	size_t count;
};

static const struct slice system_flags[] = {
	SLICE_INIT("\\Seen"), SLICE_INIT("\\Answered"), SLICE_INIT("\\Flagged"), SLICE_INIT("\\Deleted"), SLICE_INIT("\\Draft"),
};

/* RFC 9051 9 flag: an atom, or a system flag that a client may set. RFC 5232 2: others are ignored. */
static bool flag_good(struct slice flag)
{
	if (flag.n == 0 || flag.n > SIEVE_FLAG_MAX)
		return false;
	for (size_t i = 0; flag.p[0] == '\\' && i < sizeof system_flags / sizeof system_flags[0]; i++)
		if (slice_eq_nocase(flag, system_flags[i]))
			return true;
	for (size_t i = 0; i < flag.n; i++)
		if (flag.p[i] <= ' ' || flag.p[i] >= 0x7f || slice_find(SLICE("(){%*\"\\]"), flag.p[i]) >= 0)
			return false;
	return true;
}

static size_t flag_at(const struct flags *f, struct slice flag)
{
	size_t i = 0;
	while (i < f->count && !slice_eq_nocase(f->items[i], flag))
		i++;
	return i;
}

static void flag_add(struct flags *f, struct slice flag)
{
	if (flag_good(flag) && flag_at(f, flag) == f->count && f->count < SIEVE_FLAGS_MAX)
		f->items[f->count++] = flag;
}

static void flag_remove(struct flags *f, struct slice flag)
{
	size_t at = flag_at(f, flag);
	if (at == f->count)
		return;
	f->count--;
	for (; at < f->count; at++)
		f->items[at] = f->items[at + 1];
}

/* A string holds flags separated by spaces. */
static void flags_each(struct flags *f, struct slice text, void (*fn)(struct flags *f, struct slice flag))
{
	struct slice flag;
	while (slice_split(&text, ' ', &flag))
		fn(f, flag);
}

static void flags_list(struct machine *m, struct flags *f, const struct sieve_arg *arg, void (*fn)(struct flags *f, struct slice flag))
{
	for (size_t i = 0; i < arg->count; i++)
		flags_each(f, machine_string(m, &arg->strings[i]), fn);
}

static struct slice flags_print(struct machine *m, const struct flags *f)
{
	struct buf out = BUF_INIT(SIEVE_FLAGS_MAX * (SIEVE_FLAG_MAX + 1));
	for (size_t i = 0; i < f->count; i++) {
		if (i > 0)
			buf_append_byte(&out, ' ');
		buf_append(&out, f->items[i]);
	}
	struct slice ret = arena_dup(m->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

struct slice machine_flags_of(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_FLAGS);
	struct flags f = {.count = 0};
	if (tag == NULL)
		return m->flags;
	flags_list(m, &f, tag->arg, flag_add);
	return flags_print(m, &f);
}

/* ---- the commands ---- */

/* A variable other than the internal one needs the extension (RFC 5232 4). */
static bool check_variable(struct compiler *c, struct sieve_node *node, size_t count_without)
{
	if (node->arg_count == count_without)
		return true;
	if (!compile_has(c, SIEVE_VARIABLES))
		return compile_error(c, node->place, "a variable of flags needs require \"variables\"");
	for (size_t i = 0; i < node->args->count; i++)
		if (node->args->strings[i].dynamic || !sieve_variable_name(node->args->strings[i].text) ||
			ascii_is_digit(node->args->strings[i].text.p[0]))
			return compile_error(c, node->args->place, "this is no name of a variable");
	return true;
}

static bool check_flag_command(struct compiler *c, struct sieve_node *node)
{
	return check_variable(c, node, 1);
}

static bool change(struct machine *m, const struct sieve_node *node, bool keep, void (*fn)(struct flags *f, struct slice flag))
{
	bool named = node->arg_count == 2;
	struct slice name = named ? machine_arg(m, node, 0) : SLICE_NONE;
	struct flags f = {.count = 0};
	if (keep)
		flags_each(&f, named ? machine_variable(m, name) : m->flags, flag_add);
	flags_list(m, &f, node_arg(node, named ? 1 : 0), fn);
	if (named)
		return machine_variable_set(m, node->place, name, flags_print(m, &f));
	m->flags = flags_print(m, &f);
	return true;
}

static bool run_setflag(struct machine *m, const struct sieve_node *node)
{
	return change(m, node, false, flag_add);
}

static bool run_addflag(struct machine *m, const struct sieve_node *node)
{
	return change(m, node, true, flag_add);
}

static bool run_removeflag(struct machine *m, const struct sieve_node *node)
{
	return change(m, node, true, flag_remove);
}

/* ---- the test ---- */

static bool check_hasflag(struct compiler *c, struct sieve_node *node)
{
	return check_variable(c, node, 1);
}

/* RFC 5232 5: the flags of the variables against a list of flags. */
static void match_flags(struct matching *x, struct slice text)
{
	struct flags f = {.count = 0};
	flags_each(&f, text, flag_add);
	for (size_t i = 0; i < f.count && !x->found; i++)
		matching_value(x, f.items[i]);
}

/* The keys are flags too: "a b" are two. */
static const struct sieve_arg *split_keys(struct machine *m, const struct sieve_node *node, const struct sieve_arg *keys)
{
	struct flags f = {.count = 0};
	if (node->match.type == MATCH_COUNT || node->match.type == MATCH_VALUE || node->match.type == MATCH_MATCHES ||
		node->match.type == MATCH_REGEX)
		return keys;
	for (size_t i = 0; i < keys->count; i++) {
		struct slice text = machine_string(m, &keys->strings[i]), flag;
		while (slice_split(&text, ' ', &flag) && f.count < SIEVE_FLAGS_MAX)
			if (flag.n > 0)
				f.items[f.count++] = flag;
	}
	struct sieve_arg *ret = ARENA_NEW(m->arena, struct sieve_arg);
	*ret = *keys;
	ret->strings = arena_alloc_array(m->arena, f.count, sizeof *ret->strings);
	ret->count = f.count;
	for (size_t i = 0; i < f.count; i++)
		ret->strings[i].text = f.items[i];
	return ret;
}

static bool test_hasflag(struct machine *m, const struct sieve_node *node)
{
	bool named = node->arg_count == 2;
	struct matching x;
	matching_begin(&x, m, node, split_keys(m, node, node_arg(node, named ? 1 : 0)));
	if (!named)
		match_flags(&x, m->flags);
	for (size_t i = 0; named && i < node->args->count && !x.found; i++)
		match_flags(&x, machine_variable(m, machine_string(m, &node->args->strings[i])));
	return matching_end(&x);
}

const struct sieve_def sieve_cmd_setflag = {.name = "setflag", .extension = SIEVE_IMAP4FLAGS, .arguments = "?sl",
	.check = check_flag_command,
	.run = run_setflag};
const struct sieve_def sieve_cmd_addflag = {.name = "addflag", .extension = SIEVE_IMAP4FLAGS, .arguments = "?sl",
	.check = check_flag_command,
	.run = run_addflag};
const struct sieve_def sieve_cmd_removeflag = {.name = "removeflag", .extension = SIEVE_IMAP4FLAGS, .arguments = "?sl",
	.check = check_flag_command,
	.run = run_removeflag};
const struct sieve_def sieve_test_hasflag = {.name = "hasflag", .extension = SIEVE_IMAP4FLAGS, .tags = {sieve_tags_match,
	sieve_tags_comparator},
	.arguments = "?ll", .matches = true, .check = check_hasflag, .test = test_hasflag};
