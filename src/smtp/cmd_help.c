/* HELP. RFC 5321 4.1.1.8. */
#include "smtp/server_impl.h"

void cmd_help(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply smtp =
		SMTP_REPLY_INIT(214, "2.0.0", "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\nSee RFC 5321");
	static const struct smtp_reply lmtp =
		SMTP_REPLY_INIT(214, "2.0.0", "LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\nSee RFC 2033");
	server_reply(s, s->set.lmtp ? &lmtp : &smtp);
}
