#include "imap/parser.h"

#include <string.h>

void imap_framer_init(struct imap_framer *f)
{
	*f = (struct imap_framer){.line_max = IMAP_LINE_MAX, .literal_max = IMAP_LITERAL_MAX, .command_max = IMAP_COMMAND_MAX, .messages = true};
}

void imap_frame_next(struct imap_framer *f)
{
	f->length = f->scanned = f->literal_bytes = f->line_start = 0;
	f->literal_size = 0;
	f->non_sync = f->binary = f->continuing = false;
}

/* What a line may end in: [~]{digits[+]}. */
struct announcement {
	size_t start; /* of the brace, or of the tilde */
	uint64_t size;
	bool non_sync, binary;
};

/* `line` without its CRLF. A number that does not fit counts as the largest one. */
static bool find_announcement(struct slice line, struct announcement *ret)
{
	size_t at = line.n;
	uint64_t size;

	if (at < 3 || line.p[at - 1] != '}')
		return false;
	size_t end = at - 1;
	bool non_sync = line.p[end - 1] == '+';
	if (non_sync)
		end--;
	size_t digits = end;
	while (digits > 0 && ascii_is_digit(line.p[digits - 1]))
		digits--;
	if (digits == end || digits == 0 || line.p[digits - 1] != '{')
		return false;
	if (slice_to_u64(slice_sub(line, digits, end), &size) < 0 || size > INT64_MAX)
		size = INT64_MAX;
	*ret = (struct announcement){.start = digits - 1, .size = size, .non_sync = non_sync};
	if (ret->start > 0 && line.p[ret->start - 1] == '~') {
		ret->binary = true;
		ret->start--;
	}
	return true;
}

static bool skip_word(struct slice *s)
{
	ptrdiff_t space = slice_find(*s, ' ');

	if (space <= 0)
		return false;
	*s = slice_from(*s, (size_t)space + 1);
	return true;
}

/* Skips a literal that lies in the buffer: {n}CRLF bytes. */
static bool skip_literal(struct slice *s)
{
	ptrdiff_t lf = slice_find(*s, '\n');
	struct announcement a;

	if (lf < 1)
		return false;
	size_t line_end = (size_t)lf - (s->p[lf - 1] == '\r' ? 1 : 0);
	if (!find_announcement(slice_sub(*s, 0, line_end), &a) || a.size > s->n - (size_t)lf - 1)
		return false;
	*s = slice_from(*s, (size_t)lf + 1 + (size_t)a.size);
	return true;
}

static bool skip_quoted(struct slice *s)
{
	for (size_t i = 1; i < s->n; i++) {
		if (s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == '"') {
			*s = slice_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* Is a literal behind `before` a message? In APPEND every literal but the name of the mailbox is one. */
static bool is_message(struct slice before)
{
	if (!skip_word(&before) || !slice_starts_nocase(before, SLICE("APPEND ")))
		return false;
	before = slice_from(before, 7);
	if (before.n == 0)
		return false;
	if (before.p[0] == '"')
		return skip_quoted(&before) && before.n > 0;
	if (before.p[0] == '{')
		return skip_literal(&before) && before.n > 0;
	return skip_word(&before);
}

static bool is_too_big(const struct imap_framer *f, const struct announcement *a, bool message)
{
	if (f->literal_minus && a->non_sync && a->size > IMAP_LITERAL_MINUS_MAX)
		return true;
	return !message && (a->size > f->literal_max || a->size > f->command_max - f->length);
}

/* A line with an announcement ends at f->length: what now? */
static enum imap_frame_result announce(struct imap_framer *f, struct slice in, const struct announcement *a, bool *ret_again)
{
	bool message = f->messages && (f->in_append || is_message(slice_sub(in, 0, f->line_start + a->start)));

	*ret_again = false;
	f->literal_size = a->size;
	f->non_sync = a->non_sync;
	f->binary = a->binary;
	if (is_too_big(f, a, message))
		return IMAP_FRAME_TOO_BIG;
	if (message)
		return IMAP_FRAME_MESSAGE;
	f->literal_bytes += (size_t)a->size;
	f->scanned = f->line_start = f->length + (size_t)a->size;
	f->continuing = true;
	*ret_again = a->non_sync;
	return IMAP_FRAME_CONTINUE;
}

enum imap_frame_result imap_frame(struct imap_framer *f, struct slice in)
{
	for (;;) {
		struct announcement a;
		bool again;

		if (f->scanned > in.n)
			return IMAP_FRAME_MORE;
		if (f->scanned > f->literal_bytes + f->line_max)
			return IMAP_FRAME_TOO_LONG;
		ptrdiff_t lf = slice_find(slice_from(in, f->scanned), '\n');
		size_t line = (lf < 0 ? in.n : f->scanned + (size_t)lf + 1) - f->literal_bytes;
		if (line > f->line_max)
			return IMAP_FRAME_TOO_LONG;
		if (lf < 0) {
			f->scanned = in.n;
			return IMAP_FRAME_MORE;
		}
		size_t end = f->scanned + (size_t)lf;
		f->length = end + 1;
		if (end > f->line_start && in.p[end - 1] == '\r')
			end--;
		if (!find_announcement(slice_sub(in, f->line_start, end), &a))
			return IMAP_FRAME_COMPLETE;
		enum imap_frame_result result = announce(f, in, &a, &again);
		if (!again)
			return result;
	}
}
