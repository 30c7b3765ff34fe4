/* DATA. RFC 5321 4.1.1.4. */
#include "smtp/server_impl.h"

const struct smtp_reply *check_data(const struct smtp_server *s)
{
	static const struct smtp_reply none = SMTP_REPLY_INIT(503, "5.5.1", "Send RCPT first");
	static const struct smtp_reply all_refused = SMTP_REPLY_INIT(554, "5.5.1", "No valid recipients");
	static const struct smtp_reply binary = SMTP_REPLY_INIT(503, "5.5.1", "BINARYMIME needs BDAT");
	if (s->tx.body == SMTP_BODY_BINARYMIME)
		return &binary; /* RFC 3030 3 */
	if (s->tx.accepted > 0)
		return NULL;
	return s->tx.tried > 0 ? &all_refused : &none;
}

void cmd_data(struct smtp_server *s, const struct server_line *line)
{
	s->waiting = WAIT_DATA_BEGIN;
	s->events->data_begin(s->owner, s->tx.size);
}

bool server_data_step(struct smtp_server *s, struct buf *in)
{
	static const struct smtp_reply bad_lines = SMTP_REPLY_INIT(550, "5.6.0", "Message holds CR or LF that is not CR LF");
	struct slice bytes = buf_slice(in);
	if (bytes.n == 0)
		return false;
	size_t n = smtp_unstuff_feed(&s->tx.unstuff, bytes, server_data_bytes, s);
	if (s->tx.unstuff.bad)
		server_data_refusal(s, REFUSAL_LINES, &bad_lines);
	buf_consume(in, n);
	if (s->tx.unstuff.state == UNSTUFF_END)
		server_data_complete(s);
	else
		server_data_overdone(s);
	return true;
}
