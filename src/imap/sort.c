/* SORT: RFC 5256 3, RFC 5957 (DISPLAY), RFC 5267 (ESORT). */
#include <stdlib.h>
#include <string.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "imap/search.h"
#include "mime/encoded_word.h"
#include "mime/text.h"

#define SORT_KEYS_MAX 20

enum sort_key { SORT_ARRIVAL, SORT_CC, SORT_DATE, SORT_DISPLAYFROM, SORT_DISPLAYTO, SORT_FROM, SORT_SIZE, SORT_SUBJECT, SORT_TO, SORT_COUNT };

static const char *const key_names[SORT_COUNT] = {
	"ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO",
};

struct criterion {
	enum sort_key key;
	bool reverse;
};

struct sort_args {
	struct search_return give;
	struct search_program program;
	struct criterion criteria[SORT_KEYS_MAX];
	size_t criterion_count;
	bool needs_digest;
};

static void sort_cleanup(void *arg)
{
	search_free(&((struct sort_args *)arg)->program);
}

static bool parse_criterion(struct imap_parser *p, struct sort_args *args)
{
	struct slice name;
	size_t i = 0;

	if (args->criterion_count == SORT_KEYS_MAX)
		return imap_parse_fail(p, "Too many sort keys");
	struct criterion *c = &args->criteria[args->criterion_count++];
	if (imap_take_word(p, "REVERSE")) {
		c->reverse = true;
		if (!imap_parse_space(p))
			return false;
	}
	if (!imap_parse_atom(p, &name))
		return false;
	while (i < SORT_COUNT && !slice_eq_nocase(name, slice_str(key_names[i])))
		i++;
	if (i == SORT_COUNT)
		return imap_parse_fail(p, "Unknown sort key");
	c->key = (enum sort_key)i;
	args->needs_digest = args->needs_digest || (c->key != SORT_ARRIVAL && c->key != SORT_SIZE);
	return true;
}

bool imap_check_sort(struct imap_session *s, struct imap_parser *p)
{
	struct sort_args *args = ARENA_NEW(p->arena, struct sort_args);

	s->cmd.args = args;
	s->cmd.cleanup = sort_cleanup;
	if (!imap_parse_space(p) || !search_parse_return(s, p, &args->give) || !imap_parse_char(p, '('))
		return false;
	do {
		if (!parse_criterion(p, args))
			return false;
	} while (imap_take(p, ' '));
	return imap_parse_char(p, ')') && imap_parse_space(p) && search_parse_charset(p, &args->program) && imap_parse_space(p) &&
	       search_parse_keys(s, p, &args->program);
}

struct entry {
	const struct sort_args *args;
	uint32_t uid;
	int64_t arrival, sent;
	uint64_t size;
	struct slice texts[SORT_COUNT]; /* folded; of those keys that are used */
};

struct loading {
	const struct sort_args *args;
	struct entry *entries;
	size_t count;
	struct arena *keep, scratch;
};

static struct slice first_mailbox(const struct mime_address *a)
{
	return a != NULL ? a->mailbox : SLICE_NONE;
}

/* RFC 5256 3: i;unicode-casemap, for which our folding is a refinement. */
static struct slice sort_text(enum sort_key key, const struct digest *d)
{
	switch (key) {
	case SORT_CC:
		return first_mailbox(d->envelope.cc);
	case SORT_FROM:
		return first_mailbox(d->envelope.from);
	case SORT_TO:
		return first_mailbox(d->envelope.to);
	case SORT_DISPLAYFROM:
		return d->display_from;
	case SORT_DISPLAYTO:
		return d->display_to;
	case SORT_SUBJECT:
		return d->base_subject;
	case SORT_ARRIVAL:
	case SORT_DATE:
	case SORT_SIZE:
	case SORT_COUNT:
		break;
	}
	return SLICE_NONE;
}

static void load_texts(struct loading *l, struct entry *e, const struct digest *d)
{
	for (size_t i = 0; i < l->args->criterion_count; i++) {
		enum sort_key key = l->args->criteria[i].key;
		struct slice text = sort_text(key, d);
		e->texts[key] = key == SORT_SUBJECT ? arena_dup(l->keep, text) : mime_fold_arena(arena_dup(l->keep, text), l->keep);
	}
}

static struct entry *load_row(struct loading *l, const struct message_row *row)
{
	struct entry *e = &l->entries[l->count++];

	*e = (struct entry){.args = l->args, .uid = row->uid, .arrival = row->internal_date, .sent = row->internal_date, .size = row->size};
	return e;
}

static int row_fn(void *arg, const struct message_row *row)
{
	load_row(arg, row);
	return 0;
}

static int digest_fn(void *arg, const struct message_row *row, struct slice bytes, uint32_t prefix)
{
	struct loading *l = arg;
	struct entry *e = load_row(l, row);
	struct digest d;

	if (bytes.n > 0 && digest_decode_structure(bytes, &l->scratch, &d) == 0) {
		if (d.has_sent) /* else INTERNALDATE, RFC 5256 2.2 */
			e->sent = d.sent_unix;
		load_texts(l, e, &d);
	}
	arena_reset(&l->scratch);
	return 0;
}

/* The folded texts in the order of i;ascii-casemap (RFC 4790 9.2.1): letters count as capitals, so they stand before "[" and "_". */
static int compare_texts(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		uint8_t x = ascii_upper(a.p[i]), y = ascii_upper(b.p[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int compare_by(const struct entry *a, const struct entry *b, enum sort_key key)
{
	switch (key) {
	case SORT_ARRIVAL:
		return (a->arrival > b->arrival) - (a->arrival < b->arrival);
	case SORT_DATE:
		return (a->sent > b->sent) - (a->sent < b->sent);
	case SORT_SIZE:
		return (a->size > b->size) - (a->size < b->size);
	case SORT_CC:
	case SORT_FROM:
	case SORT_TO:
	case SORT_DISPLAYFROM:
	case SORT_DISPLAYTO:
	case SORT_SUBJECT:
	case SORT_COUNT:
		break;
	}
	return compare_texts(a->texts[key], b->texts[key]);
}

static int compare_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	for (size_t i = 0; i < a->args->criterion_count; i++) {
		int order = compare_by(a, b, a->args->criteria[i].key);
		if (order != 0)
			return a->args->criteria[i].reverse ? -order : order;
	}
	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

static void write_sorted(struct imap_session *s, struct sort_args *args, const struct entry *entries, size_t count, uint64_t modseq)
{
	uint32_t *numbers = memory_alloc_array(count + 1, sizeof *numbers);

	for (size_t i = 0; i < count; i++)
		numbers[i] = s->cmd.uid ? entries[i].uid : imap_view_sequence(&s->view, entries[i].uid);
	if (args->give.given && args->give.options != SEARCH_SAVE) {
		search_write_esearch(s, &args->give, numbers, count, count > 0 ? modseq : 0);
	} else if (!args->give.given) {
		buf_append_str(s->out, "* SORT");
		for (size_t i = 0; i < count; i++) {
			buf_append_byte(s->out, ' ');
			buf_append_u64(s->out, numbers[i]);
		}
		if (modseq > 0 && count > 0)
			buf_printf(s->out, " (MODSEQ %llu)", (unsigned long long)modseq);
		buf_append_str(s->out, "\r\n");
	}
	memory_free(numbers);
}

static int load_entries(struct imap_session *s, struct loading *l, const struct uid_set *found)
{
	l->entries = memory_alloc_array((size_t)uid_set_size(found) + 1, sizeof *l->entries);
	if (!l->args->needs_digest)
		return imap_rows(s, found, row_fn, l, NULL);
	int rc = s->account->ops->messages_with_digest(s->account, &s->view.mailbox, found, false, digest_fn, l, NULL);
	arena_free(&l->scratch);
	return rc;
}

enum imap_step imap_proceed_sort(struct imap_session *s)
{
	struct sort_args *args = s->cmd.args;
	struct loading l = {.args = args, .keep = &s->cmd.arena};
	struct uid_set found = {0};
	uint64_t modseq;

	if (args->program.bad_charset) {
		search_not_saved(s, &args->give);
		IMAP_NO(s, "BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
		return STEP_DONE;
	}
	int rc = search_run(s, &args->program, &found, &modseq);
	if (rc == 0)
		rc = load_entries(s, &l, &found);
	if (rc < 0) {
		search_not_saved(s, &args->give);
		imap_reply_error(s, rc);
	} else {
		qsort(l.entries, l.count, sizeof *l.entries, compare_entries);
		search_save(s, &args->give, &found);
		write_sorted(s, args, l.entries, l.count, modseq);
		IMAP_OK(s, "Sorted");
	}
	memory_free(l.entries);
	uid_set_free(&found);
	return STEP_DONE;
}
