/* QUIT. RFC 5321 4.1.1.10. And what is no SMTP at all. */
#include "smtp/server_impl.h"

void cmd_quit(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply bye = SMTP_REPLY_INIT(221, "2.0.0", "Bye");
	server_end(s, SMTP_SERVER_QUIT, &bye);
}

/* The header of a load balancer that is not in the list of those (role/edge_proxy.c takes it off otherwise). */
void cmd_proxy(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply stranger = SMTP_REPLY_INIT(421, "4.7.0", "Not authorized");
	server_not_believed(s, SLICE("PROXY"));
	server_end(s, SMTP_SERVER_REFUSED, &stranger);
}

void cmd_foreign(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply bye = SMTP_REPLY_INIT(421, "4.7.0", "This is not a web server");
	server_end(s, SMTP_SERVER_REFUSED, &bye);
}
