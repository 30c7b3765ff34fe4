/* NOOP. RFC 5321 4.1.1.9. */
#include "smtp/server_impl.h"

void cmd_noop(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply ok = SMTP_REPLY_INIT(250, "2.0.0", "Ok");
	server_reply(s, &ok);
}
