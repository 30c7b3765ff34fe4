/*
 * XCLIENT: a trusted peer says for whom it speaks (Postfix XCLIENT protocol). What it says of a sign-in is dropped: only a proof signs in.
 * The right ends with ADDR, because whoever was named may speak on the same connection from then on.
 */
#include "smtp/server_impl.h"
#include "smtp/xtext.h"

enum xclient_protocol { PROTOCOL_UNSAID, PROTOCOL_SMTP, PROTOCOL_ESMTP };

struct claims {
	struct buf address, helo;
	enum xclient_protocol protocol;
};

static bool take_address(struct claims *c, struct slice value)
{
	struct buf literal = BUF_INIT(COMMAND_LINE_MAX);
	struct slice address;
	buf_append_byte(&literal, '[');
	buf_append(&literal, value);
	buf_append_byte(&literal, ']');
	bool valid = smtp_literal_valid(buf_slice(&literal), &address);
	if (valid)
		buf_append(&c->address, address);
	buf_free(&literal);
	return valid;
}

static bool take_helo(struct claims *c, struct slice value)
{
	if (!smtp_helo_valid(value))
		return false;
	buf_append(&c->helo, value);
	return true;
}

static bool take_protocol(struct claims *c, struct slice value)
{
	if (slice_eq_nocase(value, SLICE("ESMTP")))
		c->protocol = PROTOCOL_ESMTP;
	else if (slice_eq_nocase(value, SLICE("SMTP")))
		c->protocol = PROTOCOL_SMTP;
	return c->protocol != PROTOCOL_UNSAID;
}

static bool take_name(struct claims *c, struct slice value)
{
	return smtp_helo_valid(value);
}

static bool take_port(struct claims *c, struct slice value)
{
	uint32_t port;
	return slice_to_u32(value, &port) == 0 && port <= UINT16_MAX;
}

static bool take_nothing(struct claims *c, struct slice value)
{
	return true;
}

static const struct attribute {
	struct slice name;
	bool (*take)(struct claims *c, struct slice value); /* decoded; false: malformed */
} attributes[] = {
	{SLICE_INIT("NAME"), take_name},
	{SLICE_INIT("ADDR"), take_address},
	{SLICE_INIT("PORT"), take_port},
	{SLICE_INIT("PROTO"), take_protocol},
	{SLICE_INIT("HELO"), take_helo},
	{SLICE_INIT("LOGIN"), take_nothing}, /* not announced, but proxies send it */
};

static bool unknown(struct slice value)
{
	return slice_eq_nocase(value, SLICE("[UNAVAILABLE]")) || slice_eq_nocase(value, SLICE("[TEMPUNAVAIL]"));
}

/* "NAME=xtext", once each. */
static bool take_word(struct claims *c, struct slice word, unsigned *seen)
{
	ptrdiff_t equals = slice_find(word, '=');
	size_t i = 0;
	while (equals > 0 && i < ARRAY_LEN(attributes) && !slice_eq_nocase(slice_sub(word, 0, (size_t)equals), attributes[i].name))
		i++;
	if (equals <= 0 || i == ARRAY_LEN(attributes) || (*seen >> i & 1) != 0)
		return false;
	*seen |= 1u << i;
	struct slice value = slice_from(word, (size_t)equals + 1);
	if (unknown(value))
		return true;
	struct buf text = BUF_INIT(COMMAND_LINE_MAX);
	bool valid = xtext_decode(value, &text) == 0 && attributes[i].take(c, buf_slice(&text));
	buf_free(&text);
	return valid;
}

static bool take_all(struct claims *c, struct slice args)
{
	struct slice word;
	unsigned seen = 0;
	while (slice_split(&args, ' ', &word))
		if (word.n > 0 && !take_word(c, word, &seen))
			return false;
	return true;
}

/* As if the client had just come; with HELO it has said its name already. */
static void begin_anew(struct smtp_server *s, const struct claims *c)
{
	buf_clear(&s->helo);
	buf_append(&s->helo, buf_slice(&c->helo));
	s->state = buf_len(&c->helo) > 0 ? STATE_IDLE : STATE_START;
	s->esmtp = c->protocol == PROTOCOL_ESMTP;
	server_greet(s);
}

const struct smtp_reply *check_xclient(const struct smtp_server *s)
{
	static const struct smtp_reply stranger = SMTP_REPLY_INIT(550, "5.7.0", "Not authorized");
	static const struct smtp_reply too_late = SMTP_REPLY_INIT(503, "5.5.1", "Already authenticated");
	if (!s->set.trusted) {
		server_not_believed(s, SLICE("XCLIENT"));
		return &stranger;
	}
	return s->signed_in ? &too_late : NULL;
}

void cmd_xclient(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply malformed = SMTP_REPLY_INIT(501, "5.5.4", "Wrong attribute");
	static const struct smtp_reply too_many = SMTP_REPLY_INIT(421, "4.7.0", "Too many connections, try again later");
	struct claims c = {.address = BUF_INIT(COMMAND_LINE_MAX), .helo = BUF_INIT(COMMAND_LINE_MAX)};
	if (!take_all(&c, line->args)) {
		server_mistake(s, &malformed);
	} else if (buf_len(&c.address) > 0 && !s->events->client(s->owner, buf_slice(&c.address))) {
		server_end(s, SMTP_SERVER_REFUSED, &too_many);
	} else {
		s->set.trusted = s->set.trusted && buf_len(&c.address) == 0;
		begin_anew(s, &c);
	}
	buf_free(&c.address);
	buf_free(&c.helo);
}
