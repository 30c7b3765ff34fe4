/* Tells a server that trusts us for whom we speak (Postfix XCLIENT protocol): what it announced of it, and what is known. */
#include "smtp/client_impl.h"
#include "smtp/xtext.h"

#define LINE_ROOM 500 /* bytes of the command; RFC 5321 4.5.3.1.4 */

static const struct slice names[] = {
	[XCLIENT_ADDR] = SLICE_INIT("ADDR"), [XCLIENT_NAME] = SLICE_INIT("NAME"), [XCLIENT_HELO] = SLICE_INIT("HELO"),
	[XCLIENT_PROTO] = SLICE_INIT("PROTO"), [XCLIENT_LOGIN] = SLICE_INIT("LOGIN"),
};

void client_take_xclient(struct smtp_client_peer *peer, struct slice args)
{
	struct slice word;
	while (slice_split(&args, ' ', &word))
		for (unsigned i = 0; i < ARRAY_LEN(names); i++)
			if (slice_eq_nocase(word, names[i]))
				peer->xclient |= 1u << i;
}

static void put(struct smtp_client *c, unsigned attribute, const char *prefix, struct slice value, struct buf *line)
{
	struct buf word = BUF_INIT(2048);
	buf_printf(&word, " %.*s=%s", SLICE_ARG(names[attribute]), prefix);
	if (value.n > 0)
		xtext_encode(value, &word);
	else
		buf_append_str(&word, "[UNAVAILABLE]");
	bool fits = !word.failed && buf_len(line) + buf_len(&word) <= LINE_ROOM;
	if ((c->peer.xclient >> attribute & 1) != 0 && fits)
		buf_append(line, buf_slice(&word));
	buf_free(&word);
}

bool client_xclient_send(struct smtp_client *c, struct buf *out)
{
	const struct smtp_client_known *k = &c->set.known;
	struct buf line = BUF_INIT(LINE_ROOM + 1);
	bool six = slice_find(k->address, ':') >= 0;
	if (k->address.n > 0) {
		put(c, XCLIENT_ADDR, six ? "IPV6:" : "", k->address, &line);
		put(c, XCLIENT_PROTO, "", k->esmtp ? SLICE("ESMTP") : SLICE("SMTP"), &line);
		put(c, XCLIENT_HELO, "", k->helo, &line);
		put(c, XCLIENT_NAME, "", k->name, &line);
	}
	if (k->login.n > 0)
		put(c, XCLIENT_LOGIN, "", k->login, &line);
	bool any = buf_len(&line) > 0;
	if (any)
		client_line(out, "XCLIENT", buf_slice(&line));
	buf_free(&line);
	return any;
}
