/* VRFY and EXPN tell nothing. RFC 5321 3.5.3, 7.3. */
#include "smtp/server_impl.h"

void cmd_vrfy(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply neither = SMTP_REPLY_INIT(252, "2.1.5", "Cannot verify; send some mail and see");
	server_reply(s, &neither);
}

void cmd_expn(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply refused = SMTP_REPLY_INIT(502, "5.7.0", "Lists are not expanded");
	server_mistake(s, &refused);
}
