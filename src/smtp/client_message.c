/* One transaction of the client: envelope, data, results. RFC 5321 3.3, RFC 2920 3.1, RFC 3030 4. */
#include "base/ascii.h"
#include "base/memory.h"
#include "smtp/client_impl.h"

static bool envelope_safe(const struct smtp_client_message *m)
{
	bool safe = !ascii_has_control(m->reverse_path) && !ascii_has_control(m->ret) && !ascii_has_control(m->envid);
	for (size_t i = 0; i < m->recipient_count && safe; i++) {
		const struct smtp_client_recipient *r = &m->recipients[i];
		safe = !ascii_has_control(r->address) && !ascii_has_control(r->notify) && !ascii_has_control(r->orcpt);
	}
	return safe;
}

/* Why this peer cannot take the message; NULL when it may be tried. */
static const struct smtp_reply *local_refusal(const struct smtp_client_peer *peer, bool secure, const struct smtp_client_message *m)
{
	static const struct smtp_reply unsafe = SMTP_REPLY_INIT(553, "5.1.3", "The envelope holds control characters");
	static const struct smtp_reply needs_utf8 = SMTP_REPLY_INIT(553, "5.6.7", "The receiving host does not support SMTPUTF8");
	static const struct smtp_reply needs_tls = SMTP_REPLY_INIT(550, "5.7.30", "The receiving host does not support REQUIRETLS");
	static const struct smtp_reply needs_binary = SMTP_REPLY_INIT(554, "5.6.3", "The receiving host does not take binary messages");
	static const struct smtp_reply too_big = SMTP_REPLY_INIT(552, "5.3.4", "The message is bigger than the receiving host allows");
	if (!envelope_safe(m))
		return &unsafe;
	if (m->smtputf8 && !peer->smtputf8)
		return &needs_utf8;
	if (m->requiretls && !(peer->requiretls && secure))
		return &needs_tls;
	if (m->body_binary && !(peer->binarymime && peer->chunking))
		return &needs_binary;
	return peer->size_max > 0 && m->size > peer->size_max ? &too_big : NULL;
}

void client_message_start(struct smtp_client *c)
{
	c->local = local_refusal(&c->peer, c->secure, c->message);
	c->rcpt_state = memory_alloc_array(c->message->recipient_count, 1);
	c->mail_sent = c->mail_answered = c->data_sent = c->mail_ok = c->body_open = false;
	c->rcpt_sent = c->rcpt_answered = c->rcpt_ok = c->finals = 0;
	c->stuff = (struct smtp_stuff){0};
	c->expect = EXPECT_ENVELOPE;
}

void client_message_forget(struct smtp_client *c)
{
	c->message = NULL;
	c->body_open = false;
	MEMORY_FREE(&c->rcpt_state);
	buf_free(&c->piece);
}

static void settle(struct smtp_client *c, size_t index, const struct smtp_reply *reply)
{
	c->rcpt_state[index] = RCPT_SETTLED;
	c->events->recipient(c->owner, index, reply);
}

/* Everybody in `state` gets the same result. */
static void settle_all(struct smtp_client *c, uint8_t state, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < c->message->recipient_count; i++) {
		if (c->rcpt_state[i] == state)
			settle(c, i, reply);
	}
}

/* Every recipient has its result. reset: the peer still has a transaction open. */
static void finish(struct smtp_client *c, bool reset, struct buf *out)
{
	client_message_forget(c);
	if (reset) {
		client_line(out, "RSET", SLICE_NONE);
		c->expect = EXPECT_RSET;
		return;
	}
	c->expect = EXPECT_NOTHING;
	c->events->message_done(c->owner);
}

static void append_param(struct buf *out, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	buf_append_str(out, name);
	buf_append(out, value);
}

static void mail_write(struct smtp_client *c, struct buf *out)
{
	const struct smtp_client_message *m = c->message;
	buf_append_str(out, "MAIL FROM:<");
	buf_append(out, m->reverse_path);
	buf_append_byte(out, '>');
	if (c->peer.has_size && m->size > 0) {
		buf_append_str(out, " SIZE=");
		buf_append_u64(out, m->size);
	}
	if (m->body_binary)
		buf_append_str(out, " BODY=BINARYMIME");
	else if (m->body_8bit && c->peer.eightbitmime)
		buf_append_str(out, " BODY=8BITMIME");
	if (m->smtputf8)
		buf_append_str(out, " SMTPUTF8");
	if (m->requiretls)
		buf_append_str(out, " REQUIRETLS");
	if (c->peer.dsn) {
		append_param(out, " RET=", m->ret);
		append_param(out, " ENVID=", m->envid);
	}
	buf_append_str(out, "\r\n");
	c->mail_sent = true;
}

static void rcpt_write(struct smtp_client *c, struct buf *out)
{
	const struct smtp_client_recipient *r = &c->message->recipients[c->rcpt_sent++];
	buf_append_str(out, "RCPT TO:<");
	buf_append(out, r->address);
	buf_append_byte(out, '>');
	if (c->peer.dsn) {
		append_param(out, " NOTIFY=", r->notify);
		append_param(out, " ORCPT=", r->orcpt);
	}
	buf_append_str(out, "\r\n");
}

static bool may_send_rcpt(const struct smtp_client *c)
{
	if (c->rcpt_sent == c->message->recipient_count || (c->mail_answered && !c->mail_ok))
		return false;
	return c->peer.pipelining || (c->mail_answered && c->rcpt_answered == c->rcpt_sent);
}

/* With LMTP and BDAT only when it is known that somebody takes it. */
static bool may_send_data(const struct smtp_client *c)
{
	size_t count = c->message->recipient_count;
	if (c->message->probe || c->data_sent || c->rcpt_sent < count || (c->mail_answered && !c->mail_ok))
		return false;
	if (c->peer.pipelining && !c->set.lmtp && !c->message->body_binary && c->rcpt_answered < count)
		return true;
	return c->rcpt_answered == count && c->rcpt_ok > 0;
}

static bool envelope_write(struct smtp_client *c, struct buf *out)
{
	if (!c->mail_sent) {
		mail_write(c, out);
	} else if (may_send_rcpt(c)) {
		rcpt_write(c, out);
	} else if (may_send_data(c)) {
		c->data_sent = true;
		if (c->message->body_binary)
			c->body_open = true;
		else
			client_line(out, "DATA", SLICE_NONE);
	} else {
		return false;
	}
	return true;
}

static void chunk_write(struct smtp_client *c, bool last, struct buf *out)
{
	buf_append_str(out, "BDAT ");
	buf_append_u64(out, buf_len(&c->piece));
	buf_append_str(out, last ? " LAST\r\n" : "\r\n");
	buf_append(out, buf_slice(&c->piece));
	c->body_open = false; /* until the chunk is answered */
	c->expect = last ? EXPECT_FINAL : EXPECT_CHUNK;
}

static void piece_write(struct smtp_client *c, bool last, struct buf *out)
{
	smtp_stuff_feed(&c->stuff, buf_slice(&c->piece), out);
	if (!last)
		return;
	smtp_stuff_finish(&c->stuff, out);
	c->body_open = false;
}

static bool body_write(struct smtp_client *c, struct buf *out)
{
	buf_clear(&c->piece);
	int rc = c->events->body(c->owner, &c->piece);
	if (rc < 0 || c->piece.failed) {
		client_fail_text(c, "4.3.0", "The message could not be read");
		return true;
	}
	if (c->message->body_binary)
		chunk_write(c, rc == SMTP_BODY_DONE, out);
	else
		piece_write(c, rc == SMTP_BODY_DONE, out);
	if (out->failed)
		client_fail_text(c, "4.3.0", "The output is too big");
	return true;
}

bool client_message_write(struct smtp_client *c, struct buf *out)
{
	if (c->local != NULL) {
		settle_all(c, RCPT_OPEN, c->local);
		c->local = NULL;
		finish(c, false, out);
		return true;
	}
	if (c->body_open)
		return body_write(c, out);
	return c->expect == EXPECT_ENVELOPE && envelope_write(c, out);
}

static void mail_reply(struct smtp_client *c, const struct smtp_reply *reply)
{
	c->mail_answered = true;
	c->mail_ok = reply->code / 100 == 2;
	if (!c->mail_ok)
		settle_all(c, RCPT_OPEN, reply);
}

static void rcpt_reply(struct smtp_client *c, const struct smtp_reply *reply)
{
	size_t index = c->rcpt_answered++;
	if (c->rcpt_state[index] != RCPT_OPEN)
		return;
	if (reply->code / 100 == 2 && !c->message->probe) {
		c->rcpt_state[index] = RCPT_ACCEPTED;
		c->rcpt_ok++;
	} else {
		settle(c, index, reply);
	}
}

static void data_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (reply->code == 354 && c->rcpt_ok > 0) {
		c->body_open = true;
		c->expect = EXPECT_FINAL;
	} else if (reply->code == 354) {
		/* RFC 2920 3.1: nobody is left, yet the peer wants data. */
		buf_append_str(out, ".\r\n");
		c->expect = EXPECT_FINAL;
	} else if (reply->code >= 400) {
		settle_all(c, RCPT_ACCEPTED, reply);
		finish(c, c->mail_ok, out);
	} else {
		client_fail_text(c, "4.5.0", "Unexpected reply to DATA");
	}
}

/* The envelope was refused as a whole and no reply is missing. */
static void envelope_check(struct smtp_client *c, struct buf *out)
{
	bool all_sent = c->rcpt_sent == c->message->recipient_count || !c->mail_ok;
	if (all_sent && c->rcpt_answered == c->rcpt_sent && c->rcpt_ok == 0 && !c->data_sent)
		finish(c, c->mail_ok, out);
}

static void envelope_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	bool refused = !c->mail_answered && reply->code / 100 != 2;
	if (!c->mail_sent || (refused && c->message->probe)) {
		client_fail(c, reply);
		return;
	}
	if (!c->mail_answered) {
		mail_reply(c, reply);
	} else if (c->rcpt_answered < c->rcpt_sent) {
		rcpt_reply(c, reply);
	} else if (c->data_sent) {
		data_reply(c, reply, out);
		return;
	} else {
		client_fail(c, reply); /* unasked */
		return;
	}
	envelope_check(c, out);
}

static void chunk_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (reply->code / 100 == 2) {
		c->body_open = true;
		return;
	}
	settle_all(c, RCPT_ACCEPTED, reply);
	finish(c, true, out);
}

/* RFC 2033 4.2: with LMTP one reply for each accepted recipient, in order. */
static void lmtp_final(struct smtp_client *c, const struct smtp_reply *reply)
{
	size_t i = 0;
	while (i < c->message->recipient_count && c->rcpt_state[i] != RCPT_ACCEPTED)
		i++;
	ENSURE(i < c->message->recipient_count);
	settle(c, i, reply);
}

static void final_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (c->body_open) {
		/* An answer to data that is not complete: a refusal stands, but the line is out of step. */
		if (reply->code >= 400)
			settle_all(c, RCPT_ACCEPTED, reply);
		client_fail(c, reply);
		return;
	}
	c->finals++;
	if (c->set.lmtp)
		lmtp_final(c, reply);
	else
		settle_all(c, RCPT_ACCEPTED, reply);
	if (!c->set.lmtp || c->finals == c->rcpt_ok)
		finish(c, false, out);
}

void client_message_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	/* RFC 5321 3.8: the host closes, which says nothing of the message. After the end of the data it is an answer. */
	if (reply->code == 421 && c->expect != EXPECT_FINAL)
		client_fail(c, reply);
	else if (c->expect == EXPECT_ENVELOPE)
		envelope_reply(c, reply, out);
	else if (c->expect == EXPECT_CHUNK)
		chunk_reply(c, reply, out);
	else
		final_reply(c, reply, out);
}
