/* Replies of a server, line by line. RFC 5321 4.2; lines that end with LF alone are understood. */
#ifndef SMTP_CLIENT_REPLY_H
#define SMTP_CLIENT_REPLY_H

#include "smtp/reply.h"

#define REPLY_LINE_MAX 4096
#define REPLY_LINES_MAX 512
#define REPLY_KEPT_MAX 2000 /* bytes of text that are kept of one reply */

struct reply_reader {
	struct buf text;   /* lines so far, divided by '\n' */
	uint16_t code;     /* of the lines so far */
	unsigned lines;
	struct slice enhanced;
};

void reply_reader_init(struct reply_reader *r);
void reply_reader_free(struct reply_reader *r);
/* Consumes lines of `in` up to the end of one reply. 1: complete, *ret is valid until the next call; 0: more is needed;
 * negative: no SMTP. */
int reply_reader_read(struct reply_reader *r, struct buf *in, struct smtp_reply *ret);
/* "5.1.1" at the front of *text, which moves behind it; empty when there is none or it contradicts the code. RFC 2034 4. */
struct slice reply_enhanced_take(struct slice *text, uint16_t code);

#endif
