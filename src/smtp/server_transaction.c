/* The mail transaction: from MAIL to its end, and the bytes of its message. */
#include "smtp/server_impl.h"

void server_transaction_end(struct smtp_server *s, bool tell)
{
	bool open = smtp_server_busy(s);
	struct buf refusal = s->tx.refusal;
	buf_free(&refusal);
	s->tx = (struct server_transaction){.refusal = refusal};
	if (open)
		s->state = STATE_IDLE;
	if (server_slots(s) == 0)
		server_slots_free(s);
	if (open && tell)
		s->events->reset(s->owner);
}

bool server_data_refused(const struct smtp_server *s)
{
	return s->tx.refused != REFUSAL_NONE;
}

void server_data_refusal(struct smtp_server *s, enum server_refusal why, const struct smtp_reply *reply)
{
	if (why <= s->tx.refused)
		return;
	s->tx.refused = why;
	buf_clear(&s->tx.refusal);
	smtp_reply_write(&s->tx.refusal, reply);
}

void server_data_overdone(struct smtp_server *s)
{
	static const struct smtp_reply enough = SMTP_REPLY_INIT(421, "5.3.4", "Message far too big");
	if (s->tx.swallowed > s->set.size_max + SWALLOW_EXTRA)
		server_end(s, SMTP_SERVER_REFUSED, &enough);
}

void server_data_bytes(void *server, struct slice bytes)
{
	static const struct smtp_reply too_big = SMTP_REPLY_INIT(552, "5.3.4", "Message is bigger than the limit");
	struct smtp_server *s = server;
	if (s->tx.received + s->tx.swallowed + bytes.n > s->set.size_max)
		server_data_refusal(s, REFUSAL_SIZE, &too_big);
	if (server_data_refused(s)) {
		s->tx.swallowed += bytes.n;
		return;
	}
	s->tx.received += bytes.n;
	s->events->data(s->owner, bytes);
}

void server_refusal_send(struct smtp_server *s, bool per_recipient)
{
	unsigned times = per_recipient && s->set.lmtp && s->tx.accepted > 0 ? s->tx.accepted : 1;
	for (unsigned i = 0; i < times; i++)
		buf_append(&s->ready, buf_slice(&s->tx.refusal));
}

void server_data_complete(struct smtp_server *s)
{
	s->phase = PHASE_COMMAND;
	if (!server_data_refused(s)) {
		s->waiting = WAIT_DATA_END;
		s->events->data_end(s->owner);
		return;
	}
	server_refusal_send(s, true);
	server_transaction_end(s, true);
}

void smtp_server_data_refuse(struct smtp_server *s, const struct smtp_reply *reply)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	if (s->phase == PHASE_DATA || s->phase == PHASE_BDAT || s->state == STATE_CHUNKS)
		server_data_refusal(s, REFUSAL_OWNER, reply);
}

void smtp_server_data_begin_reply(struct smtp_server *s, const struct smtp_reply *reply)
{
	static const struct smtp_reply go_on = SMTP_REPLY_INIT(354, "", "End data with <CR><LF>.<CR><LF>");
	if (!server_answered(s, WAIT_DATA_BEGIN))
		return;
	if (s->state == STATE_CHUNKS) {
		server_bdat_begin_reply(s, reply);
	} else if (reply == NULL) {
		s->phase = PHASE_DATA;
		s->tx.unstuff = SMTP_UNSTUFF_INIT;
		server_reply(s, &go_on);
	} else {
		server_reply(s, reply);
		server_transaction_end(s, true);
	}
	server_wake(s);
}

void smtp_server_data_reply(struct smtp_server *s, const struct smtp_reply *replies, size_t count)
{
	if (!server_answered(s, WAIT_DATA_END))
		return;
	unsigned expected = s->set.lmtp ? s->tx.accepted : 1;
	ENSURE(count == expected || count == 1);
	for (unsigned i = 0; i < expected; i++)
		server_reply(s, &replies[count == 1 ? 0 : i]);
	if (smtp_reply_positive(&replies[0]))
		s->noise = 0;
	server_transaction_end(s, false);
	server_wake(s);
}
