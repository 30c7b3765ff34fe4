/* The body of DATA on the wire: end mark and transparency. RFC 5321 4.1.1.4, 4.5.2, 2.3.8. */
#ifndef SMTP_BODY_H
#define SMTP_BODY_H

#include "base/buf.h"

typedef void smtp_bytes_fn(void *arg, struct slice bytes);

/* Receiving. Only CRLF "." CRLF ends the data; a bare CR or LF makes it `bad`, and reading goes on to the true end. */
struct smtp_unstuff {
	enum { UNSTUFF_LINE_START, UNSTUFF_TEXT, UNSTUFF_CR, UNSTUFF_DOT, UNSTUFF_DOT_CR, UNSTUFF_END } state;
	bool bad;
};
#define SMTP_UNSTUFF_INIT ((struct smtp_unstuff){.state = UNSTUFF_LINE_START})
/* Hands the message bytes in `in` to fn, in large runs; nothing any more once `bad`. Returns how many bytes were used up: all, or
 * those up to the end mark (then state is UNSTUFF_END). */
size_t smtp_unstuff_feed(struct smtp_unstuff *u, struct slice in, smtp_bytes_fn *fn, void *arg);

/* BDAT without BINARYMIME: lines as in DATA, no end mark. */
struct smtp_line_check {
	bool cr;  /* the last byte was a CR */
	bool bad;
};
void smtp_line_check_feed(struct smtp_line_check *c, struct slice in);

/* Sending. Doubles dots; a bare CR or LF becomes CRLF and NUL goes, because no receiver may see another line end or dot than we do. */
struct smtp_stuff {
	bool cr, mid_line;
};
void smtp_stuff_feed(struct smtp_stuff *s, struct slice in, struct buf *out);
/* The last CRLF if it is missing, and the end mark. */
void smtp_stuff_finish(struct smtp_stuff *s, struct buf *out);

#endif
