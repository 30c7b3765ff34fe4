/* BDAT. RFC 3030 2. The bytes of a chunk follow its command whatever we think of it, so a refused chunk is swallowed. */
#include "smtp/server_impl.h"

static const struct smtp_reply out_of_sequence = SMTP_REPLY_INIT(503, "5.5.1", "BDAT out of sequence");

static bool parse(struct slice args, uint64_t *ret_size, bool *ret_last)
{
	struct slice size;
	slice_split(&args, ' ', &size);
	args = slice_trim(args);
	*ret_last = slice_eq_nocase(args, SLICE("LAST"));
	return slice_to_u64(size, ret_size) == 0 && (*ret_last || args.n == 0);
}

static const struct smtp_reply *sequence_refusal(const struct smtp_server *s)
{
	static const struct smtp_reply all_refused = SMTP_REPLY_INIT(554, "5.5.1", "No valid recipients");
	if (s->state == STATE_CHUNKS)
		return NULL;
	if (s->state != STATE_MAIL || s->tx.tried == 0)
		return &out_of_sequence;
	return s->tx.accepted > 0 ? NULL : &all_refused;
}

void cmd_bdat(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply syntax = SMTP_REPLY_INIT(421, "5.5.4", "Cannot tell where this chunk ends");
	uint64_t size;
	bool last;
	if (!parse(line->args, &size, &last) || size > s->set.size_max + SWALLOW_EXTRA) {
		server_end(s, SMTP_SERVER_REFUSED, &syntax);
		return;
	}
	s->phase = PHASE_BDAT;
	s->tx.chunk_left = size;
	s->tx.chunk_last = last;
	const struct smtp_reply *refusal = sequence_refusal(s);
	s->tx.chunk_stray = refusal != NULL && !smtp_server_busy(s);
	if (refusal != NULL) {
		server_data_refusal(s, REFUSAL_SEQUENCE, refusal);
		return;
	}
	if (s->state == STATE_CHUNKS)
		return;
	s->state = STATE_CHUNKS;
	s->waiting = WAIT_DATA_BEGIN;
	s->events->data_begin(s->owner, s->tx.size != 0 ? s->tx.size : last ? size : 0);
}

void server_bdat_begin_reply(struct smtp_server *s, const struct smtp_reply *reply)
{
	if (reply != NULL)
		server_data_refusal(s, REFUSAL_OWNER, reply);
}

static void chunk_refused(struct smtp_server *s)
{
	s->phase = PHASE_COMMAND;
	bool stray = s->tx.chunk_stray;
	server_refusal_send(s, s->tx.chunk_last);
	server_transaction_end(s, true);
	if (stray)
		server_mistake(s, NULL);
}

static const struct smtp_reply bad_lines = SMTP_REPLY_INIT(550, "5.6.0", "Message holds CR or LF that is not CR LF");

static void chunk_complete(struct smtp_server *s)
{
	if (s->tx.chunk_last && s->tx.check.cr && s->tx.body != SMTP_BODY_BINARYMIME)
		server_data_refusal(s, REFUSAL_LINES, &bad_lines);
	if (server_data_refused(s)) {
		chunk_refused(s);
	} else if (s->tx.chunk_last) {
		server_data_complete(s);
	} else {
		s->phase = PHASE_COMMAND;
		server_reply(s, &SMTP_REPLY(250, "2.0.0", "Chunk received"));
	}
}

static void chunk_bytes(struct smtp_server *s, struct slice bytes)
{
	if (s->tx.body != SMTP_BODY_BINARYMIME) {
		smtp_line_check_feed(&s->tx.check, bytes);
		if (s->tx.check.bad)
			server_data_refusal(s, REFUSAL_LINES, &bad_lines);
	}
	server_data_bytes(s, bytes);
}

bool server_bdat_step(struct smtp_server *s, struct buf *in)
{
	if (s->waiting != WAIT_NONE)
		return false;
	if (s->tx.chunk_left == 0) {
		chunk_complete(s);
		return true;
	}
	struct slice bytes = buf_slice(in);
	if (bytes.n == 0)
		return false;
	bytes = slice_sub(bytes, 0, bytes.n < s->tx.chunk_left ? bytes.n : (size_t)s->tx.chunk_left);
	s->tx.chunk_left -= bytes.n;
	chunk_bytes(s, bytes);
	buf_consume(in, bytes.n);
	server_data_overdone(s);
	return true;
}
