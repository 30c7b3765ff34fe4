#include "smtp/body.h"

#include <string.h>

/* Runs over bytes inside a line, from in[i] on, up to and including its CR or LF. Returns the index behind it. */
static size_t text_run(struct smtp_unstuff *u, struct slice in, size_t i)
{
	const uint8_t *start = in.p + i;
	size_t left = in.n - i;
	const uint8_t *lf = memchr(start, '\n', left);
	const uint8_t *cr = memchr(start, '\r', lf != NULL ? (size_t)(lf - start) : left);
	if (cr != NULL) {
		u->state = UNSTUFF_CR;
		return (size_t)(cr - in.p) + 1;
	}
	if (lf == NULL)
		return in.n;
	u->bad = true;
	return (size_t)(lf - in.p) + 1;
}

/* A line begins at in[i]. Returns the index behind what was used; sets *skip when a dot was passed over. */
static size_t line_start(struct smtp_unstuff *u, struct slice in, size_t i, bool *skip)
{
	if (in.p[i] == '.') {
		u->state = UNSTUFF_DOT;
		*skip = true;
		return i + 1;
	}
	u->state = UNSTUFF_TEXT;
	return i;
}

/* One byte behind a dot that began a line. Its CR and LF are no text as long as they may be the end mark. */
static size_t after_dot(struct smtp_unstuff *u, struct slice in, size_t i, bool *skip)
{
	if (u->state == UNSTUFF_DOT && in.p[i] == '\r') {
		u->state = UNSTUFF_DOT_CR;
		*skip = true;
		return i + 1;
	}
	if (u->state == UNSTUFF_DOT_CR && in.p[i] == '\n') {
		u->state = UNSTUFF_END;
		*skip = true;
		return i + 1;
	}
	u->bad |= u->state == UNSTUFF_DOT_CR;
	u->state = UNSTUFF_TEXT;
	return i;
}

static size_t after_cr(struct smtp_unstuff *u, struct slice in, size_t i)
{
	if (in.p[i] == '\n') {
		u->state = UNSTUFF_LINE_START;
		return i + 1;
	}
	u->bad = true;
	u->state = UNSTUFF_TEXT;
	return i;
}

static size_t step(struct smtp_unstuff *u, struct slice in, size_t i, bool *skip)
{
	switch (u->state) {
	case UNSTUFF_LINE_START:
		return line_start(u, in, i, skip);
	case UNSTUFF_TEXT:
		return text_run(u, in, i);
	case UNSTUFF_CR:
		return after_cr(u, in, i);
	case UNSTUFF_DOT:
	case UNSTUFF_DOT_CR:
		return after_dot(u, in, i, skip);
	case UNSTUFF_END:
		break;
	}
	return i;
}

size_t smtp_unstuff_feed(struct smtp_unstuff *u, struct slice in, smtp_bytes_fn *fn, void *arg)
{
	size_t run = 0, i = 0;
	while (i < in.n && u->state != UNSTUFF_END) {
		bool skip = false;
		size_t next = step(u, in, i, &skip);
		if (skip) {
			if (i > run && !u->bad)
				fn(arg, slice_sub(in, run, i));
			run = next;
		}
		i = next;
	}
	if (i > run && !u->bad)
		fn(arg, slice_sub(in, run, i));
	return i;
}

void smtp_line_check_feed(struct smtp_line_check *c, struct slice in)
{
	for (size_t i = 0; i < in.n && !c->bad;) {
		if (c->cr != (in.p[i] == '\n')) {
			c->bad = true;
			return;
		}
		i += c->cr;
		c->cr = false;
		struct slice rest = slice_from(in, i);
		if (rest.n == 0)
			return;
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		const uint8_t *cr = memchr(rest.p, '\r', lf != NULL ? (size_t)(lf - rest.p) : rest.n);
		c->cr = cr != NULL;
		c->bad = cr == NULL && lf != NULL;
		i = cr != NULL ? (size_t)(cr - in.p) + 1 : in.n;
	}
}

/* Text without CR and LF from the front of the line. */
static void stuff_text(struct smtp_stuff *s, struct slice text, struct buf *out)
{
	if (text.n == 0)
		return;
	if (!s->mid_line && text.p[0] == '.')
		buf_append_byte(out, '.');
	buf_append(out, text);
	s->mid_line = true;
}

static size_t length_before(struct slice in, uint8_t c)
{
	const uint8_t *at = memchr(in.p, c, in.n);
	return at != NULL ? (size_t)(at - in.p) : in.n;
}

/* Length of the run without CR, LF and NUL at the front. */
static size_t run_length(struct slice in)
{
	in.n = length_before(in, '\n');
	in.n = length_before(in, '\r');
	return length_before(in, '\0');
}

void smtp_stuff_feed(struct smtp_stuff *s, struct slice in, struct buf *out)
{
	while (in.n > 0) {
		uint8_t c = in.p[0];
		if (c == '\r' || c == '\n') {
			/* CRLF is written at its CR; the LF behind it adds nothing. */
			if (c == '\r' || !s->cr)
				buf_append(out, SLICE("\r\n"));
			s->cr = c == '\r';
			s->mid_line = false;
			in = slice_from(in, 1);
			continue;
		}
		s->cr = false;
		if (c == '\0') {
			in = slice_from(in, 1);
			continue;
		}
		size_t n = run_length(in);
		stuff_text(s, slice_sub(in, 0, n), out);
		in = slice_from(in, n);
	}
}

void smtp_stuff_finish(struct smtp_stuff *s, struct buf *out)
{
	if (s->mid_line)
		buf_append(out, SLICE("\r\n"));
	buf_append(out, SLICE(".\r\n"));
	*s = (struct smtp_stuff){0};
}
