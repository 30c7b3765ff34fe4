#include "imap/login.h"

#include <string.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "imap/login_internal.h"

struct imap_login *imap_login_create(const struct imap_login_settings *settings, const struct imap_login_callbacks *callbacks, void *owner)
{
	struct imap_login *l = memory_alloc(sizeof *l);

	*l = (struct imap_login){.magic = LOGIN_MAGIC, .settings = *settings, .callbacks = *callbacks, .owner = owner};
	imap_framer_init(&l->framer);
	l->framer.line_max = IMAP_LOGIN_LINE_MAX;
	l->framer.literal_max = IMAP_LOGIN_LITERAL_MAX;
	l->framer.command_max = IMAP_LOGIN_LINE_MAX * 2;
	l->framer.messages = false;
	return l;
}

static void cancel_exchange(struct imap_login *l)
{
	if (l->exchange)
		l->callbacks.auth_cancel(l->owner);
	l->exchange = false;
}

void imap_login_destroy(struct imap_login **login)
{
	struct imap_login *l = *login;

	if (l == NULL)
		return;
	ENSURE_MAGIC(l, LOGIN_MAGIC);
	cancel_exchange(l);
	arena_free(&l->arena);
	l->magic = 0;
	memory_free(l);
	*login = NULL;
}

void login_capabilities(const struct imap_login *l, struct buf *out)
{
	buf_append_str(out, "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE");
	if (l->settings.starttls && !l->settings.secure)
		buf_append_str(out, " STARTTLS");
	if (!l->settings.secure) {
		buf_append_str(out, " LOGINDISABLED");
		return;
	}
	buf_append_str(out, " AUTH=PLAIN AUTH=LOGIN AUTH=SCRAM-SHA-256");
	if (l->settings.channel_binding)
		buf_append_str(out, " AUTH=SCRAM-SHA-256-PLUS");
	if (l->settings.tokens)
		buf_append_str(out, " AUTH=OAUTHBEARER AUTH=XOAUTH2");
	if (l->settings.certificate)
		buf_append_str(out, " AUTH=EXTERNAL");
}

void login_tagged(struct imap_login *l, struct buf *out, const char *text)
{
	buf_append_bytes(out, l->tag, l->tag_length);
	buf_append_byte(out, ' ');
	buf_append_str(out, text);
	buf_append_str(out, "\r\n");
}

void imap_login_bye(struct imap_login *l, const char *text, struct buf *out)
{
	if (l->state == LOGIN_CLOSING || l->state == LOGIN_DONE)
		return;
	cancel_exchange(l);
	buf_append_str(out, "* BYE ");
	buf_append_str(out, text);
	buf_append_str(out, "\r\n");
	l->state = LOGIN_CLOSING;
}

void login_bad(struct imap_login *l, const char *text)
{
	if (l->tag_length > 0)
		buf_append_bytes(l->out, l->tag, l->tag_length);
	else
		buf_append_byte(l->out, '*');
	buf_append_str(l->out, " BAD ");
	buf_append_str(l->out, text);
	buf_append_str(l->out, "\r\n");
	if (++l->bad >= IMAP_LOGIN_BAD_MAX)
		imap_login_bye(l, "Too many bad commands", l->out);
}

void imap_login_greet(struct imap_login *l, struct buf *out)
{
	buf_append_str(out, "* OK [");
	login_capabilities(l, out);
	buf_append_str(out, "] ");
	buf_append(out, l->settings.server_name);
	buf_append_str(out, " ready\r\n");
}

static void command_capability(struct imap_login *l, struct imap_parser *p)
{
	buf_append_str(l->out, "* ");
	login_capabilities(l, l->out);
	buf_append_str(l->out, "\r\n");
	login_tagged(l, l->out, "OK Capabilities listed");
}

static void command_noop(struct imap_login *l, struct imap_parser *p)
{
	login_tagged(l, l->out, "OK Done");
}

static void command_logout(struct imap_login *l, struct imap_parser *p)
{
	buf_append_str(l->out, "* BYE Goodbye\r\n");
	login_tagged(l, l->out, "OK Logged out");
	l->state = LOGIN_CLOSING;
}

/* RFC 2971 3.1 */
static void command_id(struct imap_login *l, struct imap_parser *p)
{
	if (l->callbacks.client_id != NULL)
		l->callbacks.client_id(l->owner, slice_sub(slice_trim(p->in), 0, 1024));
	buf_append_str(l->out, "* ID (\"name\" \"Letterlock\")\r\n");
	login_tagged(l, l->out, "OK Done");
}

/* RFC 9051 6.2.1 */
static void command_starttls(struct imap_login *l, struct imap_parser *p)
{
	if (l->settings.secure || !l->settings.starttls) {
		login_bad(l, l->settings.secure ? "TLS is active already" : "TLS is not available");
		return;
	}
	login_tagged(l, l->out, "OK Begin TLS negotiation now");
	l->state = LOGIN_TLS;
	l->callbacks.start_tls(l->owner);
}

static void command_enable(struct imap_login *l, struct imap_parser *p)
{
	login_bad(l, "Sign in first");
}

static const struct login_command {
	const char *name;
	void (*run)(struct imap_login *l, struct imap_parser *p);
	bool arguments;
} commands[] = {
	{"CAPABILITY", command_capability, false},
	{"NOOP", command_noop, false},
	{"LOGOUT", command_logout, false},
	{"ID", command_id, true},
	{"STARTTLS", command_starttls, false},
	{"LOGIN", login_command_login, true},
	{"AUTHENTICATE", login_command_authenticate, true},
	{"ENABLE", command_enable, true},
};

static void run_command(struct imap_login *l, struct slice frame)
{
	struct imap_parser p = {.in = frame, .arena = &l->arena};
	struct slice tag, name;

	l->tag_length = 0;
	if (!imap_parse_tag(&p, &tag)) {
		login_bad(l, "Expected a tag");
		return;
	}
	memcpy(l->tag, tag.p, tag.n);
	l->tag_length = tag.n;
	if (!imap_parse_space(&p) || !imap_parse_atom(&p, &name)) {
		login_bad(l, "Expected a command");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!slice_eq_nocase(name, slice_str(commands[i].name)))
			continue;
		if (commands[i].arguments ? !imap_parse_space(&p) : !imap_parse_end(&p))
			login_bad(l, p.problem);
		else
			commands[i].run(l, &p);
		return;
	}
	login_bad(l, "Unknown command, or not before login");
}

/* True: go on. */
static bool take_command(struct imap_login *l, struct buf *in)
{
	switch (imap_frame(&l->framer, buf_slice(in))) {
	case IMAP_FRAME_MORE:
		return false;
	case IMAP_FRAME_CONTINUE:
		buf_append_str(l->out, "+ OK\r\n");
		return true;
	case IMAP_FRAME_MESSAGE:
	case IMAP_FRAME_TOO_LONG:
		buf_append_str(l->out, "* BAD Command too long\r\n");
		imap_login_bye(l, "Goodbye", l->out);
		return false;
	case IMAP_FRAME_TOO_BIG:
		buf_append_str(l->out, "* BAD [TOOBIG] Literal too large\r\n");
		imap_login_bye(l, "Goodbye", l->out);
		return false;
	case IMAP_FRAME_COMPLETE:
		break;
	}
	/* The frame moves to the arena: a callback may answer from inside and the input belongs to the owner. */
	struct slice frame = arena_dup(&l->arena, slice_sub(buf_slice(in), 0, l->framer.length));
	buf_consume(in, l->framer.length);
	imap_frame_next(&l->framer);
	run_command(l, frame);
	explicit_bzero((uint8_t *)frame.p, frame.n);
	arena_reset(&l->arena);
	return true;
}

/* A line of the SASL exchange is no command: it has no literals. */
static bool take_line(struct imap_login *l, struct buf *in)
{
	ptrdiff_t lf = slice_find(buf_slice(in), '\n');

	if (lf > IMAP_LOGIN_SASL_MAX || (lf < 0 && buf_len(in) > IMAP_LOGIN_SASL_MAX)) {
		imap_login_bye(l, "Line too long", l->out);
		return false;
	}
	if (lf < 0)
		return false;
	struct slice line = arena_dup(&l->arena, slice_sub(buf_slice(in), 0, (size_t)lf - (lf > 0 && in->data[in->start + (size_t)lf - 1] == '\r')));
	buf_consume(in, (size_t)lf + 1);
	login_response_line(l, line);
	explicit_bzero((uint8_t *)line.p, line.n);
	arena_reset(&l->arena);
	return true;
}

void imap_login_input(struct imap_login *l, struct buf *in, struct buf *out, struct moment now)
{
	bool more = true;

	ENSURE_MAGIC(l, LOGIN_MAGIC);
	l->out = out;
	while (more) {
		if (l->state == LOGIN_COMMANDS)
			more = take_command(l, in);
		else if (l->state == LOGIN_RESPONSE || l->state == LOGIN_FINAL)
			more = take_line(l, in);
		else
			more = false;
	}
	l->out = NULL;
}

void imap_login_certificate(struct imap_login *l)
{
	l->settings.certificate = true;
}

void imap_login_secured(struct imap_login *l, bool channel_binding)
{
	ENSURE(l->state == LOGIN_TLS);
	l->settings.secure = true;
	l->settings.channel_binding = channel_binding;
	imap_frame_next(&l->framer);
	l->state = LOGIN_COMMANDS;
}

bool imap_login_done(const struct imap_login *l, struct slice *ret_tag)
{
	*ret_tag = slice_make(l->tag, l->tag_length);
	return l->state == LOGIN_DONE;
}

bool imap_login_closing(const struct imap_login *l)
{
	return l->state == LOGIN_CLOSING;
}
