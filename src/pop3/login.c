#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pop3/line.h"
#include "pop3/login.h"

#define MAGIC 0x70336c67u

enum state {
	COMMAND,   /* a command is expected */
	WAITING,   /* the owner owes an answer */
	CHALLENGE, /* the client owes a SASL response */
	FINAL,     /* succeeded; the client acknowledges the last challenge */
	SECURING,  /* between +OK of STLS and the handshake */
	DONE,
	CLOSING,
};

struct pop3_login {
	uint32_t magic;
	struct pop3_login_settings settings;
	const struct pop3_login_callbacks *callbacks;
	void *owner;
	enum state state;
	struct buf user;
	bool has_user, utf8;
	unsigned failures, bad;
};

struct pop3_login *pop3_login_create(const struct pop3_login_settings *settings, const struct pop3_login_callbacks *callbacks, void *owner)
{
	struct pop3_login *l = memory_alloc(sizeof *l);

	l->magic = MAGIC;
	l->settings = *settings;
	l->callbacks = callbacks;
	l->owner = owner;
	buf_init(&l->user, 1024);
	return l;
}

void pop3_login_destroy(struct pop3_login **login)
{
	struct pop3_login *l = *login;

	if (l == NULL)
		return;
	if (l->state == WAITING || l->state == CHALLENGE)
		l->callbacks->auth_cancel(l->owner);
	buf_free(&l->user);
	memory_free(l);
	*login = NULL;
}

void pop3_login_greet(struct pop3_login *l, struct buf *out)
{
	buf_printf(out, "+OK %.*s POP3 ready\r\n", SLICE_ARG(l->settings.server_name));
}

void pop3_login_bye(struct pop3_login *l, const char *text, struct buf *out)
{
	pop3_err(out, "SYS/TEMP", text);
	l->state = CLOSING;
}

static void command_bad(struct pop3_login *l, const char *text, struct buf *out)
{
	pop3_err(out, NULL, text);
	if (++l->bad >= POP3_LOGIN_BAD_MAX)
		l->state = CLOSING;
}

static void command_capa(struct pop3_login *l, struct slice argument, struct buf *out)
{
	pop3_capa(out, &(struct pop3_capabilities){
		.starttls = l->settings.starttls && !l->settings.secure,
		.sasl = l->settings.secure,
		.plus = l->settings.channel_binding,
		.tokens = l->settings.tokens,
		.certificate = l->settings.certificate,
	});
}

static void command_stls(struct pop3_login *l, struct slice argument, struct buf *out)
{
	if (!l->settings.starttls || l->settings.secure) {
		command_bad(l, "STLS is not possible here", out);
		return;
	}
	pop3_ok(out, "Begin TLS negotiation");
	l->state = SECURING;
	l->callbacks->start_tls(l->owner);
}

static bool may_sign_in(struct pop3_login *l, struct buf *out)
{
	if (!l->settings.secure)
		command_bad(l, l->settings.starttls ? "No password without TLS: use STLS first" : "No password without TLS", out);
	return l->settings.secure;
}

static void command_user(struct pop3_login *l, struct slice argument, struct buf *out)
{
	if (!may_sign_in(l, out))
		return;
	buf_clear(&l->user);
	buf_append(&l->user, argument);
	l->has_user = argument.n > 0 && !l->user.failed && utf8_valid(argument) && slice_find(argument, 0) < 0;
	if (l->has_user)
		pop3_ok(out, "Send PASS");
	else
		command_bad(l, "USER needs a name", out);
}

static void command_pass(struct pop3_login *l, struct slice argument, struct buf *out)
{
	struct buf plain = BUF_INIT(POP3_LINE_MAX * 2);

	if (!may_sign_in(l, out))
		return;
	if (!l->has_user || slice_find(argument, 0) >= 0) {
		command_bad(l, "USER first", out);
		return;
	}
	buf_append_byte(&plain, 0);
	buf_append(&plain, buf_slice(&l->user));
	buf_append_byte(&plain, 0);
	buf_append(&plain, argument);
	l->has_user = false;
	l->state = WAITING;
	l->callbacks->auth_begin(l->owner, SLICE("PLAIN"), buf_slice(&plain), true);
	buf_free_secret(&plain);
}

/* Decodes a response; "=" is the empty one in an initial response (RFC 5034 4). */
static int decode_response(struct slice text, bool initial, struct buf *ret)
{
	if (initial && slice_eq(text, SLICE("=")))
		return 0;
	return base64_decode_strict(text, ret);
}

static void command_auth(struct pop3_login *l, struct slice argument, struct buf *out)
{
	const struct {
		struct slice name;
		bool usable;
	} mechanisms[] = {
		{SLICE("PLAIN"), true}, {SLICE("LOGIN"), true}, {SLICE("SCRAM-SHA-256"), true}, {SLICE("SCRAM-SHA-256-PLUS"), l->settings.channel_binding},
		{SLICE("OAUTHBEARER"), l->settings.tokens}, {SLICE("XOAUTH2"), l->settings.tokens}, {SLICE("EXTERNAL"), l->settings.certificate},
	};
	struct buf initial = BUF_INIT(POP3_LINE_MAX);
	struct slice name = argument, response = SLICE_NONE;
	ptrdiff_t space = slice_find(argument, ' ');
	size_t count = ARRAY_LEN(mechanisms), i = 0;

	if (!may_sign_in(l, out))
		return;
	if (space >= 0) {
		name = slice_sub(argument, 0, (size_t)space);
		response = slice_from(argument, (size_t)space + 1);
	}
	while (i < count && !(mechanisms[i].usable && slice_eq_nocase(name, mechanisms[i].name)))
		i++;
	if (i == count) {
		command_bad(l, "Unknown mechanism", out);
	} else if (space >= 0 && decode_response(response, true, &initial) < 0) {
		command_bad(l, "Bad base64", out);
	} else {
		l->state = WAITING;
		l->callbacks->auth_begin(l->owner, mechanisms[i].name, buf_slice(&initial), space >= 0);
	}
	buf_free_secret(&initial);
}

static void command_utf8(struct pop3_login *l, struct slice argument, struct buf *out)
{
	l->utf8 = true;
	pop3_ok(out, "UTF8 enabled");
}

static void command_quit(struct pop3_login *l, struct slice argument, struct buf *out)
{
	pop3_ok(out, "Bye");
	l->state = CLOSING;
}

static const struct {
	struct slice verb;
	void (*run)(struct pop3_login *l, struct slice argument, struct buf *out);
} commands[] = {
	{SLICE_INIT("CAPA"), command_capa}, {SLICE_INIT("STLS"), command_stls}, {SLICE_INIT("USER"), command_user},
	{SLICE_INIT("PASS"), command_pass}, {SLICE_INIT("AUTH"), command_auth}, {SLICE_INIT("UTF8"), command_utf8},
	{SLICE_INIT("QUIT"), command_quit},
};

static void run_command(struct pop3_login *l, const struct pop3_command *c, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq_nocase(c->verb, commands[i].verb)) {
			commands[i].run(l, c->argument, out);
			return;
		}
	command_bad(l, "Unknown command, or sign in first", out);
}

static void client_response(struct pop3_login *l, struct slice line, struct buf *out)
{
	struct buf response = BUF_INIT(POP3_LINE_MAX);

	if (l->state == FINAL) {
		l->state = line.n == 0 ? DONE : COMMAND;
		if (line.n > 0)
			pop3_err(out, "AUTH", "Authentication cancelled");
		return;
	}
	if (slice_eq(line, SLICE("*")) || base64_decode_strict(line, &response) < 0) {
		l->state = COMMAND;
		l->callbacks->auth_cancel(l->owner);
		command_bad(l, "Authentication cancelled", out);
	} else {
		l->state = WAITING;
		l->callbacks->auth_continue(l->owner, buf_slice(&response));
	}
	buf_free_secret(&response);
}

void pop3_login_input(struct pop3_login *l, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(l, MAGIC);
	while (l->state == COMMAND || l->state == CHALLENGE || l->state == FINAL) {
		struct pop3_command c;
		struct slice whole = buf_slice(in);
		enum pop3_line found = pop3_line_parse(whole, &c);

		if (found == POP3_LINE_NONE)
			return;
		if (found == POP3_LINE_TOO_LONG) {
			pop3_err(out, NULL, "Line too long");
			l->state = CLOSING;
			return;
		}
		if (l->state == COMMAND)
			run_command(l, &c, out);
		else
			client_response(l, slice_trim(slice_sub(whole, 0, c.length)), out);
		/* What was consumed may be a password. Between STLS and the handshake the owner drops everything. */
		if (buf_len(in) > 0)
			explicit_bzero(in->data + in->start, c.length < buf_len(in) ? c.length : buf_len(in));
		buf_consume(in, c.length);
	}
}

void pop3_login_certificate(struct pop3_login *l)
{
	l->settings.certificate = true;
}

void pop3_login_secured(struct pop3_login *l, bool channel_binding)
{
	l->settings.secure = true;
	l->settings.channel_binding = channel_binding;
	l->state = COMMAND;
}

static void send_challenge(struct slice challenge, struct buf *out)
{
	buf_append_str(out, "+ ");
	base64_encode(challenge, out);
	buf_append_str(out, "\r\n");
}

void pop3_login_challenge(struct pop3_login *l, struct slice challenge, struct buf *out)
{
	ENSURE(l->state == WAITING);
	send_challenge(challenge, out);
	l->state = CHALLENGE;
}

void pop3_login_failed(struct pop3_login *l, enum pop3_login_failure why, struct buf *out)
{
	static const struct { const char *code, *text; } replies[] = {
		[POP3_LOGIN_BAD_CREDENTIALS] = {"AUTH", "Name or password is wrong"},
		[POP3_LOGIN_UNAVAILABLE] = {"SYS/TEMP", "Not possible now, try again later"},
		[POP3_LOGIN_DENIED] = {"AUTH", "This account may not use POP3"},
		[POP3_LOGIN_THROTTLED] = {"LOGIN-DELAY", "Too many attempts, wait a while"},
		[POP3_LOGIN_INVALID] = {NULL, "Malformed authentication"},
	};

	ENSURE(l->state == WAITING);
	pop3_err(out, replies[why].code, replies[why].text);
	l->state = ++l->failures >= POP3_LOGIN_FAILURES_MAX ? CLOSING : COMMAND;
}

void pop3_login_succeeded(struct pop3_login *l, struct slice data, struct buf *out)
{
	ENSURE(l->state == WAITING);
	l->state = data.n > 0 ? FINAL : DONE;
	if (data.n > 0)
		send_challenge(data, out);
}

bool pop3_login_done(const struct pop3_login *l, bool *ret_utf8)
{
	*ret_utf8 = l->utf8;
	return l->state == DONE;
}

bool pop3_login_closing(const struct pop3_login *l)
{
	return l->state == CLOSING;
}
