/* QUIT. RFC 5321 4.1.1.10. And what is no SMTP at all. */
#include "smtp/server_impl.h"

void cmd_quit(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply bye = SMTP_REPLY_INIT(221, "2.0.0", "Bye");
	server_end(s, SMTP_SERVER_QUIT, &bye);
}

void cmd_foreign(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply bye = SMTP_REPLY_INIT(421, "4.7.0", "This is not a web server");
	server_end(s, SMTP_SERVER_REFUSED, &bye);
}
