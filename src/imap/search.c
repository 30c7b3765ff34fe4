/* SEARCH and its answers: RFC 9051 6.4.4, RFC 3501 7.2.5, RFC 4731, RFC 5182, RFC 9394. */
#include "imap/search.h"

#include "base/memory.h"

struct search_args {
	struct search_return give;
	struct search_program program;
};

static void search_cleanup(void *arg)
{
	search_free(&((struct search_args *)arg)->program);
}

static bool parse_partial(struct imap_parser *p, struct search_return *ret)
{
	if (!imap_parse_space(p))
		return false;
	ret->from_end = imap_take(p, '-');
	if (!imap_parse_nz_number(p, &ret->first) || !imap_parse_char(p, ':') || (ret->from_end && !imap_parse_char(p, '-')) ||
	    !imap_parse_nz_number(p, &ret->last))
		return false;
	if (ret->first > ret->last) {
		uint32_t swap = ret->first;
		ret->first = ret->last;
		ret->last = swap;
	}
	return true;
}

static bool parse_option(struct imap_parser *p, struct search_return *ret)
{
	if (imap_take_word(p, "MIN"))
		ret->options |= SEARCH_MIN;
	else if (imap_take_word(p, "MAX"))
		ret->options |= SEARCH_MAX;
	else if (imap_take_word(p, "ALL"))
		ret->options |= SEARCH_ALL;
	else if (imap_take_word(p, "COUNT"))
		ret->options |= SEARCH_COUNT;
	else if (imap_take_word(p, "SAVE"))
		ret->options |= SEARCH_SAVE;
	else if (imap_take_word(p, "PARTIAL"))
		return ret->options |= SEARCH_PARTIAL, parse_partial(p, ret);
	else
		return imap_parse_fail(p, "Unknown return option");
	return true;
}

bool search_parse_return(struct imap_session *s, struct imap_parser *p, struct search_return *ret)
{
	if (!imap_take_word(p, "RETURN"))
		return true;
	ret->given = true;
	if (!imap_parse_space(p) || !imap_parse_char(p, '('))
		return false;
	while (!imap_take(p, ')')) {
		imap_take(p, ' ');
		if (!parse_option(p, ret))
			return false;
	}
	if (ret->options == 0) /* RFC 4731 3.1: RETURN () is ALL */
		ret->options = SEARCH_ALL;
	if ((ret->options & (SEARCH_PARTIAL | SEARCH_ALL)) == (SEARCH_PARTIAL | SEARCH_ALL))
		return imap_parse_fail(p, "PARTIAL and ALL exclude each other");
	return imap_parse_space(p);
}

bool imap_check_search(struct imap_session *s, struct imap_parser *p)
{
	struct search_args *args = ARENA_NEW(p->arena, struct search_args);

	s->cmd.args = args;
	s->cmd.cleanup = search_cleanup;
	return imap_parse_space(p) && search_parse_return(s, p, &args->give) && search_parse(s, p, &args->program);
}

uint32_t *search_numbers(struct imap_session *s, const struct uid_set *uids, size_t *ret_count)
{
	uint32_t *numbers = memory_alloc_array((size_t)uid_set_size(uids) + 1, sizeof *numbers);

	*ret_count = 0;
	for (size_t i = 0; i < uids->count; i++) {
		for (uint64_t uid = uids->ranges[i].first; uid <= uids->ranges[i].last; uid++) {
			uint32_t seq = s->cmd.uid ? (uint32_t)uid : imap_view_sequence(&s->view, (uint32_t)uid);
			if (seq > 0)
				numbers[(*ret_count)++] = seq;
		}
	}
	return numbers;
}

/* As a set when they ascend, else one by one in their order (RFC 5267 3.3); runs that ascend by one are joined either way. */
static void write_numbers(struct buf *out, const uint32_t *numbers, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && numbers[end] == numbers[end - 1] + 1)
			end++;
		if (i > 0)
			buf_append_byte(out, ',');
		buf_append_u64(out, numbers[i]);
		if (end - i > 1) {
			buf_append_byte(out, ':');
			buf_append_u64(out, numbers[end - 1]);
		}
		i = end;
	}
}

static void write_partial(struct buf *out, const struct search_return *ret, const uint32_t *numbers, size_t count)
{
	size_t first = ret->first - 1, last = ret->last < count ? ret->last : count;

	if (ret->from_end) {
		first = count > ret->last ? count - ret->last : 0;
		last = count >= ret->first ? count - ret->first + 1 : 0;
	}
	buf_printf(out, ret->from_end ? " PARTIAL (-%u:-%u " : " PARTIAL (%u:%u ", ret->first, ret->last);
	if (first < last)
		write_numbers(out, numbers + first, last - first);
	else
		buf_append_str(out, "NIL");
	buf_append_byte(out, ')');
}

/* MIN and MAX are the ends: for SORT the first and the last of the order (RFC 5267 3.1). */
void search_write_esearch(struct imap_session *s, const struct search_return *ret, const uint32_t *numbers, size_t count,
                          uint64_t modseq)
{
	buf_append_str(s->out, "* ESEARCH (TAG ");
	imap_write_quoted(s->out, slice_make(s->cmd.tag, s->cmd.tag_length));
	buf_append_byte(s->out, ')');
	if (s->cmd.uid)
		buf_append_str(s->out, " UID");
	if (count > 0) {
		if ((ret->options & SEARCH_MIN) != 0)
			buf_printf(s->out, " MIN %u", numbers[0]);
		if ((ret->options & SEARCH_MAX) != 0)
			buf_printf(s->out, " MAX %u", numbers[count - 1]);
		if ((ret->options & SEARCH_ALL) != 0) {
			buf_append_str(s->out, " ALL ");
			write_numbers(s->out, numbers, count);
		}
	}
	if ((ret->options & SEARCH_COUNT) != 0)
		buf_printf(s->out, " COUNT %zu", count);
	if ((ret->options & SEARCH_PARTIAL) != 0)
		write_partial(s->out, ret, numbers, count);
	if (modseq > 0)
		buf_printf(s->out, " MODSEQ %llu", (unsigned long long)modseq);
	buf_append_str(s->out, "\r\n");
}

static void write_search(struct imap_session *s, const uint32_t *numbers, size_t count, uint64_t modseq)
{
	buf_append_str(s->out, "* SEARCH");
	for (size_t i = 0; i < count; i++) {
		buf_append_byte(s->out, ' ');
		buf_append_u64(s->out, numbers[i]);
	}
	if (modseq > 0)
		buf_printf(s->out, " (MODSEQ %llu)", (unsigned long long)modseq);
	buf_append_str(s->out, "\r\n");
}

static bool only_ends(const struct search_return *ret)
{
	return (ret->options & (SEARCH_MIN | SEARCH_MAX)) != 0 && (ret->options & (SEARCH_ALL | SEARCH_COUNT | SEARCH_PARTIAL)) == 0;
}

static void add_ends(const struct search_return *ret, const struct uid_set *found, struct uid_set *ends)
{
	if ((ret->options & SEARCH_MIN) != 0 && found->count > 0)
		uid_set_add(ends, found->ranges[0].first);
	if ((ret->options & SEARCH_MAX) != 0 && found->count > 0)
		uid_set_add(ends, found->ranges[found->count - 1].last);
}

/* RFC 5182 2.1, RFC 4731 3.1: with MIN or MAX alone only these are saved. */
void search_save(struct imap_session *s, const struct search_return *ret, const struct uid_set *found)
{
	struct uid_set saved = {0};

	if ((ret->options & SEARCH_SAVE) == 0)
		return;
	if (only_ends(ret))
		add_ends(ret, found, &saved);
	else
		uid_set_add_set(&saved, found);
	uid_set_move(&s->view.saved, &saved);
}

/* RFC 4731 3.2: with MIN or MAX alone the modseq of these counts, not that of all found. */
static void narrow_modseq(struct imap_session *s, const struct search_return *ret, const struct uid_set *found, uint64_t *modseq)
{
	struct uid_set ends = {0};

	if (*modseq == 0 || !only_ends(ret))
		return;
	add_ends(ret, found, &ends);
	search_modseq(s, &ends, modseq);
	uid_set_free(&ends);
}

void search_not_saved(struct imap_session *s, const struct search_return *ret)
{
	if ((ret->options & SEARCH_SAVE) != 0)
		uid_set_free(&s->view.saved);
}

enum imap_step imap_proceed_search(struct imap_session *s)
{
	struct search_args *args = s->cmd.args;
	struct uid_set found = {0};
	uint64_t modseq;
	size_t count;

	if (args->program.bad_charset) {
		search_not_saved(s, &args->give);
		IMAP_NO(s, "BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
		return STEP_DONE;
	}
	int rc = search_run(s, &args->program, &found, &modseq);
	if (rc < 0) {
		search_not_saved(s, &args->give);
		imap_reply_error(s, rc);
		uid_set_free(&found);
		return STEP_DONE;
	}
	search_save(s, &args->give, &found);
	narrow_modseq(s, &args->give, &found, &modseq);
	uint32_t *numbers = search_numbers(s, &found, &count);
	if (!args->give.given && (s->enabled & ENABLED_REV2) != 0) { /* RFC 9051 6.4.4: SEARCH is answered by ESEARCH */
		args->give.given = true;
		args->give.options = SEARCH_ALL;
	}
	if (!args->give.given)
		write_search(s, numbers, count, count > 0 ? modseq : 0);
	else if (args->give.options != SEARCH_SAVE)
		search_write_esearch(s, &args->give, numbers, count, count > 0 ? modseq : 0);
	memory_free(numbers);
	uid_set_free(&found);
	IMAP_OK(s, "Searched");
	return STEP_DONE;
}
