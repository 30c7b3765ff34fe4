/* LIST, LSUB: RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3501 6.3.9. */
#include <string.h>
#include "base/ensure.h"
#include "imap/session_internal.h"

#define LIST_PATTERNS_MAX 20

enum { SELECT_SUBSCRIBED = 1, SELECT_REMOTE = 2, SELECT_RECURSIVE = 4, SELECT_SPECIAL = 8 };
enum { RETURN_SUBSCRIBED = 1, RETURN_CHILDREN = 2, RETURN_SPECIAL = 4, RETURN_STATUS = 8 };

struct list_args {
	struct slice reference;
	struct slice patterns[LIST_PATTERNS_MAX];
	size_t pattern_count;
	unsigned select, give;
	uint32_t status_items;
	bool extended, lsub;
	/* While it runs. */
	struct mailbox_info *boxes;
	size_t count, next;
	bool begun;
};

static const struct { const char *name; unsigned bit; } selections[] = {
	{"SUBSCRIBED", SELECT_SUBSCRIBED}, {"REMOTE", SELECT_REMOTE}, {"RECURSIVEMATCH", SELECT_RECURSIVE}, {"SPECIAL-USE", SELECT_SPECIAL},
};
static const struct { const char *name; unsigned bit; } returns[] = {
	{"SUBSCRIBED", RETURN_SUBSCRIBED}, {"CHILDREN", RETURN_CHILDREN}, {"SPECIAL-USE", RETURN_SPECIAL},
};

static bool parse_selection(struct imap_parser *p, struct list_args *args)
{
	struct slice name;

	args->extended = true;
	while (!imap_take(p, ')')) {
		imap_take(p, ' ');
		if (!imap_parse_atom(p, &name))
			return false;
		size_t i = 0;
		while (i < ARRAY_LEN(selections) && !slice_eq_nocase(name, slice_str(selections[i].name)))
			i++;
		if (i == ARRAY_LEN(selections))
			return imap_parse_fail(p, "Unknown selection option");
		args->select |= selections[i].bit;
	}
	/* RFC 5258 3.5: it cannot stand alone. */
	if ((args->select & SELECT_RECURSIVE) != 0 && (args->select & (SELECT_SUBSCRIBED | SELECT_SPECIAL)) == 0)
		return imap_parse_fail(p, "RECURSIVEMATCH needs another option");
	return imap_parse_space(p);
}

static bool parse_pattern(struct imap_parser *p, struct list_args *args)
{
	if (args->pattern_count == LIST_PATTERNS_MAX)
		return imap_parse_fail(p, "Too many patterns");
	return imap_parse_list_mailbox(p, &args->patterns[args->pattern_count++]);
}

static bool parse_patterns(struct imap_parser *p, struct list_args *args)
{
	if (!imap_take(p, '('))
		return parse_pattern(p, args);
	args->extended = true;
	do {
		if (!parse_pattern(p, args))
			return false;
	} while (imap_take(p, ' '));
	return imap_parse_char(p, ')');
}

static bool parse_return(struct imap_parser *p, struct list_args *args)
{
	args->extended = true;
	if (!imap_take_word(p, "RETURN") || !imap_parse_space(p) || !imap_parse_char(p, '('))
		return imap_parse_fail(p, "Expected RETURN");
	while (!imap_take(p, ')')) {
		struct slice name;
		size_t i = 0;

		imap_take(p, ' ');
		if (imap_take_word(p, "STATUS")) {
			args->give |= RETURN_STATUS;
			if (!imap_parse_space(p) || !imap_parse_status_items(p, &args->status_items))
				return false;
			continue;
		}
		if (!imap_parse_atom(p, &name))
			return false;
		while (i < ARRAY_LEN(returns) && !slice_eq_nocase(name, slice_str(returns[i].name)))
			i++;
		if (i == ARRAY_LEN(returns))
			return imap_parse_fail(p, "Unknown return option");
		args->give |= returns[i].bit;
	}
	return true;
}

bool imap_check_list(struct imap_session *s, struct imap_parser *p)
{
	struct list_args *args = ARENA_NEW(p->arena, struct list_args);

	s->cmd.args = args;
	if (!imap_parse_space(p) || (imap_take(p, '(') && !parse_selection(p, args)))
		return false;
	if (!imap_parse_mailbox(p, &args->reference) || !imap_parse_space(p) || !parse_patterns(p, args))
		return false;
	if (imap_take(p, ' ') && !parse_return(p, args))
		return false;
	return imap_parse_end(p);
}

bool imap_check_lsub(struct imap_session *s, struct imap_parser *p)
{
	struct list_args *args = ARENA_NEW(p->arena, struct list_args);

	s->cmd.args = args;
	args->lsub = true;
	args->select = SELECT_SUBSCRIBED;
	return imap_parse_space(p) && imap_parse_mailbox(p, &args->reference) && imap_parse_space(p) && parse_pattern(p, args) && imap_parse_end(p);
}

/* "*" is anything, "%" anything but the delimiter. Greedy with one point of return per kind: a later "*" makes earlier ones moot. */
static bool match(struct slice pattern, struct slice name)
{
	size_t p = 0, n = 0, star_p = SIZE_MAX, star_n = 0, percent_p = SIZE_MAX, percent_n = 0;

	for (;;) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star_p = ++p;
			star_n = n;
			percent_p = SIZE_MAX;
		} else if (p < pattern.n && pattern.p[p] == '%') {
			percent_p = ++p;
			percent_n = n;
		} else if (p == pattern.n && n == name.n) {
			return true;
		} else if (p < pattern.n && n < name.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (percent_p != SIZE_MAX && percent_n < name.n && name.p[percent_n] != '/') {
			p = percent_p;
			n = ++percent_n;
		} else if (star_p != SIZE_MAX && star_n < name.n) {
			p = star_p;
			n = ++star_n;
			percent_p = SIZE_MAX;
		} else {
			return false;
		}
	}
}

/* INBOX matches in any case (RFC 9051 5.1). */
static bool matches_any(const struct list_args *args, struct slice name)
{
	for (size_t i = 0; i < args->pattern_count; i++) {
		if (match(args->patterns[i], name) || (slice_eq(name, SLICE("INBOX")) && slice_eq_nocase(args->patterns[i], name)))
			return true;
	}
	return false;
}

static bool is_selected(const struct list_args *args, const struct mailbox_info *box)
{
	return ((args->select & SELECT_SUBSCRIBED) == 0 || box->subscribed) && ((args->select & SELECT_SPECIAL) == 0 || box->special_use != 0);
}

static bool is_child_of(struct slice name, struct slice parent)
{
	return name.n > parent.n && name.p[parent.n] == '/' && slice_starts(name, parent);
}

/* What the mailboxes below say about it. The list is sorted by name but "a-b" stands between "a" and "a/c", so all are looked at
 * that begin with the name. */
static void look_below(const struct list_args *args, size_t at, bool *ret_children, bool *ret_selected)
{
	struct slice name = args->boxes[at].name;

	*ret_children = *ret_selected = false;
	for (size_t i = 0; i < args->count; i++) {
		const struct mailbox_info *box = &args->boxes[i];
		if (!is_child_of(box->name, name))
			continue;
		*ret_children = *ret_children || box->exists;
		*ret_selected = *ret_selected || (is_selected(args, box) && !matches_any(args, box->name)) ||
		                (is_selected(args, box) && (args->select & SELECT_RECURSIVE) != 0);
	}
}

static void write_attribute(struct buf *out, const char *name, const char **separator)
{
	buf_append_str(out, *separator);
	buf_append_str(out, name);
	*separator = " ";
}

static void write_uses(struct buf *out, uint32_t uses, const char **separator)
{
	static const char *const names[] = {"\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash", "\\Important"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((uses & 1u << i) != 0)
			write_attribute(out, names[i], separator);
	}
}

static void write_line(struct imap_session *s, const struct list_args *args, const struct mailbox_info *box, bool children, bool child_info)
{
	const char *separator = "";

	buf_append_str(s->out, args->lsub ? "* LSUB (" : "* LIST (");
	if (!box->exists)
		write_attribute(s->out, args->extended || (s->enabled & ENABLED_REV2) != 0 ? "\\NonExistent" : "\\Noselect", &separator);
	if (args->lsub && !is_selected(args, box))
		write_attribute(s->out, "\\Noselect", &separator);
	if (!args->lsub && box->subscribed && ((args->give & RETURN_SUBSCRIBED) != 0 || (args->select & SELECT_SUBSCRIBED) != 0))
		write_attribute(s->out, "\\Subscribed", &separator);
	if (!args->lsub)
		write_attribute(s->out, children ? "\\HasChildren" : "\\HasNoChildren", &separator);
	if (!args->lsub)
		write_uses(s->out, box->special_use, &separator);
	buf_append_str(s->out, ") \"/\" ");
	imap_write_mailbox(s, s->out, box->name);
	if (child_info)
		buf_append_str(s->out, (args->select & SELECT_SUBSCRIBED) != 0 ? " (\"CHILDINFO\" (\"SUBSCRIBED\"))" : " (\"CHILDINFO\" (\"SPECIAL-USE\"))");
	buf_append_str(s->out, "\r\n");
}

static void list_one(struct imap_session *s, const struct list_args *args, size_t at)
{
	const struct mailbox_info *box = &args->boxes[at];
	bool children, below;

	if (!matches_any(args, box->name))
		return;
	bool selected = is_selected(args, box);
	if (!selected && (args->select & SELECT_RECURSIVE) == 0 && !args->lsub)
		return;
	look_below(args, at, &children, &below);
	bool child_info = (args->select & SELECT_RECURSIVE) != 0 && below;
	if (!selected && !child_info && !(args->lsub && below))
		return;
	/* What is subscribed only is told to those who ask for subscriptions. */
	if (!box->exists && !children && !args->lsub && (args->select & SELECT_SUBSCRIBED) == 0)
		return;
	write_line(s, args, box, children, child_info);
	if ((args->give & RETURN_STATUS) != 0 && box->exists)
		imap_write_status(s, box->name, args->status_items);
}

static void apply_reference(struct imap_session *s, struct list_args *args)
{
	for (size_t i = 0; args->reference.n > 0 && i < args->pattern_count; i++)
		args->patterns[i] = arena_printf(&s->cmd.arena, "%.*s%.*s", SLICE_ARG(args->reference), SLICE_ARG(args->patterns[i]));
}

enum imap_step imap_proceed_list(struct imap_session *s)
{
	struct list_args *args = s->cmd.args;

	if (!args->begun && !args->extended && !args->lsub && args->patterns[0].n == 0) {
		buf_append_str(s->out, "* LIST (\\Noselect) \"/\" \"\"\r\n"); /* RFC 9051 6.3.9: asks for the delimiter */
		IMAP_OK(s, "Done");
		return STEP_DONE;
	}
	if (!args->begun) {
		args->begun = true;
		apply_reference(s, args);
		int rc = s->account->ops->list(s->account, &s->cmd.arena, &args->boxes, &args->count, NULL);
		if (rc < 0) {
			imap_reply_error(s, rc);
			return STEP_DONE;
		}
	}
	for (; args->next < args->count; args->next++) {
		if (imap_output_full(s))
			return STEP_MORE;
		list_one(s, args, args->next);
	}
	IMAP_OK(s, "Done");
	return STEP_DONE;
}

enum imap_step imap_proceed_lsub(struct imap_session *s)
{
	return imap_proceed_list(s);
}

void imap_write_list_line(struct imap_session *s, struct slice name)
{
	struct list_args args = {.patterns = {name}, .pattern_count = 1};

	if (s->account->ops->list(s->account, &s->cmd.arena, &args.boxes, &args.count, NULL) < 0)
		return;
	for (size_t i = 0; i < args.count; i++) {
		bool children, below;
		if (!slice_eq(args.boxes[i].name, name))
			continue;
		look_below(&args, i, &children, &below);
		write_line(s, &args, &args.boxes[i], children, false);
	}
}
