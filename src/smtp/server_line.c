/* Command lines: framing, the command table, dispatch. RFC 5321 2.3.8, 4.1.4, 4.5.3. */
#include "smtp/server_impl.h"

static const struct smtp_reply too_long = SMTP_REPLY_INIT(500, "5.5.6", "Line too long");
static const struct smtp_reply endless = SMTP_REPLY_INIT(421, "4.7.0", "Line far too long");
static const struct smtp_reply bare_end = SMTP_REPLY_INIT(500, "5.5.2", "Lines must end with CR LF and hold no other CR or LF");
static const struct smtp_reply bad_character = SMTP_REPLY_INIT(500, "5.5.2", "Control characters are not allowed");
static const struct smtp_reply unknown = SMTP_REPLY_INIT(500, "5.5.1", "Command not recognized");
static const struct smtp_reply bad_arguments = SMTP_REPLY_INIT(501, "5.5.4", "Wrong arguments");
static const struct smtp_reply bad_sequence = SMTP_REPLY_INIT(503, "5.5.1", "Command out of sequence");
static const struct smtp_reply hello_first = SMTP_REPLY_INIT(503, "5.5.1", "Send EHLO first");
static const struct smtp_reply no_transaction = SMTP_REPLY_INIT(503, "5.5.1", "Send MAIL first");
static const struct smtp_reply tls_first = SMTP_REPLY_INIT(530, "5.7.0", "Use STARTTLS first");
static const struct smtp_reply auth_first = SMTP_REPLY_INIT(530, "5.7.0", "Authentication required");
static const struct smtp_reply too_much_noise = SMTP_REPLY_INIT(421, "4.7.0", "Too many commands without a message");

static const struct server_command commands[] = {
	{SLICE_INIT("EHLO"), STATE_ANY, ARGS_SOME, COMMAND_SMTP | COMMAND_NOISE, NULL, cmd_ehlo},
	{SLICE_INIT("HELO"), STATE_ANY, ARGS_SOME, COMMAND_SMTP | COMMAND_NOISE, NULL, cmd_helo},
	{SLICE_INIT("LHLO"), STATE_ANY, ARGS_SOME, COMMAND_LMTP | COMMAND_NOISE, NULL, cmd_ehlo},
	{SLICE_INIT("STARTTLS"), STATE_START | STATE_IDLE, ARGS_NONE, 0, check_starttls, cmd_starttls},
	{SLICE_INIT("AUTH"), STATE_IDLE, ARGS_SOME, COMMAND_TLS, check_auth, cmd_auth},
	{SLICE_INIT("MAIL"), STATE_IDLE, ARGS_SOME, COMMAND_TLS | COMMAND_AUTH, NULL, cmd_mail},
	{SLICE_INIT("RCPT"), STATE_MAIL, ARGS_SOME, 0, NULL, cmd_rcpt},
	{SLICE_INIT("DATA"), STATE_MAIL, ARGS_NONE, 0, check_data, cmd_data},
	{SLICE_INIT("BDAT"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_bdat}, /* looks after its state itself: its chunk follows in any */
	{SLICE_INIT("RSET"), STATE_ANY, ARGS_NONE, COMMAND_NOISE, NULL, cmd_rset},
	{SLICE_INIT("NOOP"), STATE_ANY, ARGS_ANY, COMMAND_NOISE, NULL, cmd_noop},
	{SLICE_INIT("HELP"), STATE_ANY, ARGS_ANY, COMMAND_NOISE, NULL, cmd_help},
	{SLICE_INIT("VRFY"), STATE_ANY, ARGS_SOME, COMMAND_NOISE, NULL, cmd_vrfy},
	{SLICE_INIT("EXPN"), STATE_ANY, ARGS_SOME, COMMAND_NOISE, NULL, cmd_expn},
	{SLICE_INIT("QUIT"), STATE_ANY, ARGS_NONE, 0, NULL, cmd_quit},
	{SLICE_INIT("XCLIENT"), STATE_START | STATE_IDLE, ARGS_SOME, COMMAND_SMTP | COMMAND_NOISE, check_xclient, cmd_xclient},
	{SLICE_INIT("PROXY"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_proxy},
	/* A web browser that was led here must not get any further. */
	{SLICE_INIT("GET"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
	{SLICE_INIT("POST"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
	{SLICE_INIT("PUT"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
	{SLICE_INIT("HEAD"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
	{SLICE_INIT("OPTIONS"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
	{SLICE_INIT("CONNECT"), STATE_ANY, ARGS_ANY, 0, NULL, cmd_foreign},
};

static const struct server_command *command_find(const struct smtp_server *s, struct slice verb)
{
	unsigned other = s->set.lmtp ? COMMAND_SMTP : COMMAND_LMTP;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if ((commands[i].flags & other) == 0 && slice_eq_nocase(verb, commands[i].verb))
			return &commands[i];
	}
	return NULL;
}

static const struct smtp_reply *state_refusal(const struct smtp_server *s)
{
	if (s->state == STATE_START)
		return &hello_first;
	return s->state == STATE_IDLE ? &no_transaction : &bad_sequence;
}

/* NULL when the command may proceed. */
static const struct smtp_reply *command_refusal(const struct smtp_server *s, const struct server_command *c, const struct server_line *line)
{
	if ((c->args == ARGS_NONE && line->args.n > 0) || (c->args == ARGS_SOME && line->args.n == 0))
		return &bad_arguments;
	if ((c->states & s->state) == 0)
		return state_refusal(s);
	if ((c->flags & COMMAND_TLS) && s->set.tls_required && !s->secure)
		return &tls_first;
	if ((c->flags & COMMAND_AUTH) && s->set.auth_required && !s->signed_in)
		return &auth_first;
	return c->check != NULL ? c->check(s) : NULL;
}

static struct server_line line_parse(struct slice text)
{
	while (text.n > 0 && ascii_is_wsp(text.p[text.n - 1]))
		text.n--;
	size_t n = 0;
	while (n < text.n && !ascii_is_wsp(text.p[n]))
		n++;
	struct server_line line = {.verb = slice_sub(text, 0, n), .args = slice_from(text, n)};
	while (line.args.n > 0 && ascii_is_wsp(line.args.p[0]))
		line.args = slice_from(line.args, 1);
	return line;
}

static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((text.p[i] < ' ' && text.p[i] != '\t') || text.p[i] == 0x7f)
			return true;
	}
	return false;
}

static void command_run(struct smtp_server *s, const struct server_line *line)
{
	const struct server_command *c = command_find(s, line->verb);
	if (c == NULL) {
		server_mistake(s, &unknown);
		return;
	}
	const struct smtp_reply *refusal = command_refusal(s, c, line);
	if (refusal != NULL)
		server_mistake(s, refusal);
	else if ((c->flags & COMMAND_NOISE) && ++s->noise > s->set.noise_max)
		server_end(s, SMTP_SERVER_REFUSED, &too_much_noise);
	else
		c->proceed(s, line);
}

/* Only a further RCPT may overtake answers to RCPTs that are still out, and only while it cannot be one too many. */
static bool must_wait(const struct smtp_server *s, struct slice text)
{
	if (s->waiting != WAIT_NONE)
		return true;
	uint32_t open = server_slots(s);
	if (open == 0)
		return false;
	return open >= SLOTS_MAX - 2 || s->phase != PHASE_COMMAND || s->tx.accepted + open >= s->set.recipients_max ||
	       !slice_starts_nocase(text, SLICE("RCPT "));
}

static void line_run(struct smtp_server *s, struct slice text)
{
	if (s->phase == PHASE_SASL_LINE) {
		server_sasl_line(s, text);
		return;
	}
	struct server_line line = line_parse(text);
	if (has_control(text))
		server_mistake(s, &bad_character);
	else
		command_run(s, &line);
}

/* Swallows the rest of a refused line. */
static bool skip_step(struct smtp_server *s, struct buf *in)
{
	struct slice text = buf_slice(in);
	size_t i = 0;
	for (; i < text.n && !(s->skip_cr && text.p[i] == '\n'); i++)
		s->skip_cr = text.p[i] == '\r';
	bool found = i < text.n;
	s->skipped += i;
	s->skipping = !found;
	buf_consume(in, i + found);
	if (s->skipped > SKIP_MAX)
		server_end(s, SMTP_SERVER_REFUSED, &endless);
	return found;
}

static void skip_begin(struct smtp_server *s, const struct smtp_reply *why)
{
	s->skipping = true;
	s->skip_cr = false;
	s->skipped = 0;
	if (s->phase == PHASE_SASL_LINE)
		server_sasl_abandon(s);
	server_mistake(s, why);
}

/* Length of the line at the front without CRLF; -1: incomplete; *refusal: it cannot be a line. */
static ptrdiff_t line_length(struct slice text, size_t max, const struct smtp_reply **refusal)
{
	for (size_t i = 0; i < text.n && i < max; i++) {
		if (text.p[i] != '\r' && text.p[i] != '\n')
			continue;
		if (text.p[i] == '\r' && i + 1 == text.n)
			return -1;
		if (text.p[i] == '\r' && text.p[i + 1] == '\n')
			return (ptrdiff_t)i;
		*refusal = &bare_end;
		return -1;
	}
	if (text.n >= max)
		*refusal = &too_long;
	return -1;
}

static size_t line_max(const struct smtp_server *s, struct slice text)
{
	return s->phase == PHASE_SASL_LINE || slice_starts_nocase(text, SLICE("AUTH ")) ? AUTH_LINE_MAX : COMMAND_LINE_MAX;
}

bool server_line_step(struct smtp_server *s, struct buf *in)
{
	if (s->skipping)
		return skip_step(s, in);
	struct slice text = buf_slice(in);
	const struct smtp_reply *refusal = NULL;
	if (text.n == 0 || must_wait(s, text))
		return false;
	ptrdiff_t n = line_length(text, line_max(s, text), &refusal);
	if (refusal != NULL) {
		skip_begin(s, refusal);
		return true;
	}
	if (n < 0)
		return false;
	line_run(s, slice_sub(text, 0, (size_t)n));
	/* STARTTLS has dropped everything. */
	if (s->phase == PHASE_TLS)
		buf_clear(in);
	else
		buf_consume(in, (size_t)n + 2);
	return true;
}
