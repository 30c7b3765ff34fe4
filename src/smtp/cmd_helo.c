/* HELO, EHLO, LHLO. RFC 5321 4.1.1.1, RFC 2033 4.1. */
#include "smtp/server_impl.h"

/* Remembers the name and starts anew; false: refused. */
static bool begin(struct smtp_server *s, struct slice name)
{
	static const struct smtp_reply bad_name = SMTP_REPLY_INIT(501, "5.5.4", "Bad host name");
	if (!smtp_helo_valid(name)) {
		server_mistake(s, &bad_name);
		return false;
	}
	server_transaction_end(s, true);
	buf_clear(&s->helo);
	buf_append(&s->helo, name);
	s->state = STATE_IDLE;
	return true;
}

static void say(struct smtp_server *s, struct buf *text)
{
	server_reply(s, &(struct smtp_reply){.code = 250, .text = buf_slice(text)});
	buf_free(text);
}

void cmd_helo(struct smtp_server *s, const struct server_line *line)
{
	if (!begin(s, line->args))
		return;
	s->esmtp = false;
	struct buf text = BUF_INIT(SMTP_REPLY_TEXT_MAX);
	buf_append(&text, s->set.hostname);
	say(s, &text);
}

static void limits(const struct smtp_server *s, struct buf *text)
{
	buf_append_str(text, "\nLIMITS");
	if (s->set.mail_max > 0)
		buf_printf(text, " MAILMAX=%u", s->set.mail_max);
	buf_printf(text, " RCPTMAX=%u", s->set.recipients_max);
}

void cmd_ehlo(struct smtp_server *s, const struct server_line *line)
{
	if (!begin(s, line->args))
		return;
	s->esmtp = true;
	struct buf text = BUF_INIT(4096);
	buf_append(&text, s->set.hostname);
	buf_append_str(&text, "\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nSMTPUTF8\nCHUNKING\nBINARYMIME\nDSN");
	buf_append_str(&text, "\nSIZE ");
	buf_append_u64(&text, s->set.size_max);
	limits(s, &text);
	if (s->set.starttls && !s->secure)
		buf_append_str(&text, "\nSTARTTLS");
	if (s->secure)
		buf_append_str(&text, "\nREQUIRETLS");
	struct buf names = BUF_INIT(256);
	if (server_mechanisms(s, &names)) {
		buf_append_str(&text, "\nAUTH");
		buf_append(&text, buf_slice(&names));
	}
	buf_free(&names);
	if (s->set.trusted && !s->set.lmtp && !s->signed_in)
		buf_append_str(&text, "\nXCLIENT NAME ADDR PORT PROTO HELO");
	buf_append_str(&text, "\nHELP");
	say(s, &text);
}
