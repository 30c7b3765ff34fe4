/* RCPT. RFC 5321 4.1.1.3. Several may be out at once. */
#include "base/error.h"
#include "smtp/server_impl.h"

static const struct smtp_reply *path_refusal(int rc)
{
	static const struct smtp_reply bad = SMTP_REPLY_INIT(501, "5.1.3", "Bad recipient address syntax");
	static const struct smtp_reply longer = SMTP_REPLY_INIT(553, "5.1.3", "Recipient address is too long");
	static const struct smtp_reply needs_utf8 = SMTP_REPLY_INIT(553, "5.6.7", "Non-ASCII addresses need SMTPUTF8");
	switch (rc) {
	case 0:
		return NULL;
	case ERR_LIMIT:
		return &longer;
	case ERR_UNSUPPORTED:
		return &needs_utf8;
	default:
		return &bad;
	}
}

static const struct smtp_reply *parse(const struct smtp_server *s, struct slice args, struct buf *notify, struct smtp_rcpt *rcpt)
{
	static const struct smtp_reply syntax = SMTP_REPLY_INIT(501, "5.5.4", "Syntax: RCPT TO:<address>");
	unsigned flags = SMTP_PATH_POSTMASTER | (s->tx.smtputf8 ? SMTP_PATH_UTF8 : 0);
	if (!server_prefix_take(&args, SLICE("TO:")))
		return &syntax;
	const struct smtp_reply *refusal = path_refusal(smtp_path_take(&args, flags, &rcpt->path));
	return refusal != NULL ? refusal : server_rcpt_params(args, s->tx.smtputf8, notify, rcpt);
}

void cmd_rcpt(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply too_many = SMTP_REPLY_INIT(452, "4.5.3", "Too many recipients");
	struct smtp_rcpt rcpt = {0};
	struct buf notify = BUF_INIT(64);
	s->tx.tried++;
	const struct smtp_reply *refusal = parse(s, line->args, &notify, &rcpt);
	if (refusal != NULL)
		server_mistake(s, refusal);
	else if (s->tx.accepted >= s->set.recipients_max)
		server_reply(s, &too_many);
	else
		s->events->rcpt(s->owner, server_slot_open(s), &rcpt);
	buf_free(&notify);
}

static bool refused_too_often(struct smtp_server *s, const struct smtp_reply *reply)
{
	return reply->code >= 500 && ++s->refused > s->set.refused_max && s->set.refused_max > 0;
}

void smtp_server_rcpt_reply(struct smtp_server *s, uint32_t token, const struct smtp_reply *reply)
{
	static const struct smtp_reply ok = SMTP_REPLY_INIT(250, "2.1.5", "Recipient ok");
	static const struct smtp_reply enough = SMTP_REPLY_INIT(421, "4.7.0", "Too many unknown recipients");
	ENSURE_MAGIC(s, SERVER_MAGIC);
	if (reply == NULL)
		reply = &ok;
	/* An answer that outlived its conversation finds no slot. */
	if (!server_slot_answer(s, token, reply))
		return;
	if (smtp_reply_positive(reply))
		s->tx.accepted++;
	else if (refused_too_often(s, reply))
		server_end(s, SMTP_SERVER_REFUSED, &enough);
	server_wake(s);
}
