/* An SMTP reply: code, enhanced status code (RFC 3463), text. RFC 5321 4.2. */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/buf.h"

/* Borrowed texts. `text` may hold several lines divided by '\n'; bytes that may not stand in a reply are replaced by '?'. */
struct smtp_reply {
	uint16_t code;         /* 200…599 */
	struct slice enhanced; /* "5.1.1", or empty: none is sent */
	struct slice text;
};

#define SMTP_REPLY(c, e, t) ((struct smtp_reply){.code = (c), .enhanced = SLICE(e), .text = SLICE(t)})
#define SMTP_REPLY_INIT(c, e, t) {.code = (c), .enhanced = SLICE_INIT(e), .text = SLICE_INIT(t)}

/* Text of one reply line without code; longer ones are cut. RFC 5321 4.5.3.1.5 counts 512 with everything. */
#define SMTP_REPLY_TEXT_MAX 480
/* Lines of one reply; further ones are left out. */
#define SMTP_REPLY_LINES_MAX 32

/* Appends the reply in its wire form, one or more lines, each with CRLF. */
void smtp_reply_write(struct buf *out, const struct smtp_reply *reply);

static inline bool smtp_reply_positive(const struct smtp_reply *reply)
{
	return reply->code >= 200 && reply->code < 400;
}

#endif
