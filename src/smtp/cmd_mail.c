/* MAIL. RFC 5321 4.1.1.2. */
#include "base/error.h"
#include "smtp/server_impl.h"

static const struct smtp_reply *path_refusal(int rc)
{
	static const struct smtp_reply bad = SMTP_REPLY_INIT(501, "5.1.7", "Bad sender address syntax");
	static const struct smtp_reply longer = SMTP_REPLY_INIT(553, "5.1.7", "Sender address is too long");
	if (rc == 0)
		return NULL;
	return rc == ERR_LIMIT ? &longer : &bad;
}

static const struct smtp_reply *parse(const struct smtp_server *s, struct slice args, struct smtp_mail *mail)
{
	static const struct smtp_reply syntax = SMTP_REPLY_INIT(501, "5.5.4", "Syntax: MAIL FROM:<address>");
	static const struct smtp_reply needs_utf8 = SMTP_REPLY_INIT(553, "5.6.7", "Non-ASCII addresses need SMTPUTF8");
	static const struct smtp_reply not_secure = SMTP_REPLY_INIT(555, "5.5.4", "REQUIRETLS needs TLS on this connection");
	static const struct smtp_reply too_big = SMTP_REPLY_INIT(552, "5.3.4", "Message is bigger than the limit");
	if (!server_prefix_take(&args, SLICE("FROM:")))
		return &syntax;
	const struct smtp_reply *refusal = path_refusal(smtp_path_take(&args, SMTP_PATH_NULL | SMTP_PATH_UTF8, &mail->path));
	if (refusal == NULL)
		refusal = server_mail_params(args, mail);
	if (refusal != NULL)
		return refusal;
	if (mail->requiretls && !s->secure)
		return &not_secure; /* it was not offered (RFC 8689 2) */
	if (mail->path.utf8 && !mail->smtputf8)
		return &needs_utf8;
	return mail->size > s->set.size_max ? &too_big : NULL;
}

void cmd_mail(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply enough = SMTP_REPLY_INIT(421, "4.7.0", "Too many messages on this connection");
	struct smtp_mail mail = {0};
	const struct smtp_reply *refusal = parse(s, line->args, &mail);
	if (refusal != NULL) {
		server_mistake(s, refusal);
		return;
	}
	if (s->set.mail_max > 0 && s->mails >= s->set.mail_max) {
		server_end(s, SMTP_SERVER_REFUSED, &enough);
		return;
	}
	s->mails++;
	s->tx.body = mail.body;
	s->tx.smtputf8 = mail.smtputf8;
	s->tx.size = mail.size;
	s->waiting = WAIT_MAIL;
	s->events->mail(s->owner, &mail);
}

void smtp_server_mail_reply(struct smtp_server *s, const struct smtp_reply *reply)
{
	static const struct smtp_reply ok = SMTP_REPLY_INIT(250, "2.1.0", "Sender ok");
	if (!server_answered(s, WAIT_MAIL))
		return;
	if (reply == NULL)
		reply = &ok;
	if (smtp_reply_positive(reply))
		s->state = STATE_MAIL;
	else
		server_transaction_end(s, false);
	server_reply(s, reply);
	server_wake(s);
}
