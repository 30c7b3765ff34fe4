/* STARTTLS. RFC 3207. */
#include "smtp/server_impl.h"

const struct smtp_reply *check_starttls(const struct smtp_server *s)
{
	static const struct smtp_reply none = SMTP_REPLY_INIT(502, "5.5.1", "STARTTLS is not available");
	static const struct smtp_reply active = SMTP_REPLY_INIT(503, "5.5.1", "TLS is active already");
	if (s->secure)
		return &active;
	return s->set.starttls ? NULL : &none;
}

void cmd_starttls(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply ready = SMTP_REPLY_INIT(220, "2.0.0", "Ready to start TLS");
	server_reply(s, &ready);
	/* RFC 3207 4.2: everything learned in the clear is forgotten. */
	buf_clear(&s->helo);
	s->esmtp = false;
	s->state = STATE_START;
	s->phase = PHASE_TLS;
}
