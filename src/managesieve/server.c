#include "managesieve/server.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "managesieve/command.h"

#define MAGIC 0x6d736976u
#define INPUT_MAX (2 * MANAGESIEVE_LITERAL_MAX + 2 * MANAGESIEVE_LINE_MAX)

enum state {
	COMMAND,   /* a command is expected */
	WAITING,   /* the owner owes an answer */
	CHALLENGE, /* the client owes a SASL response */
	SECURING,  /* between the OK of STARTTLS and the handshake */
	CLOSING,
};

struct managesieve {
	uint32_t magic;
	struct managesieve_settings settings;
	const struct managesieve_callbacks *callbacks;
	void *owner;
	enum state state;
	bool signed_in, authenticating;
	enum managesieve_op op;       /* while WAITING for `request` */
	struct buf input, login;
	unsigned failures, bad;
};

struct managesieve *managesieve_create(const struct managesieve_settings *settings, const struct managesieve_callbacks *callbacks,
	void *owner)
{
	struct managesieve *m = memory_alloc(sizeof *m);

	m->magic = MAGIC;
	m->settings = *settings;
	m->callbacks = callbacks;
	m->owner = owner;
	buf_init(&m->input, INPUT_MAX);
	buf_init(&m->login, 1024);
	return m;
}

void managesieve_destroy(struct managesieve **mp)
{
	struct managesieve *m = *mp;

	if (m == NULL)
		return;
	if (m->authenticating)
		m->callbacks->auth_cancel(m->owner);
	buf_free_secret(&m->input);
	buf_free(&m->login);
	memory_free(m);
	*mp = NULL;
}

/* ---- answers (RFC 5804 1.2, 1.3) ---- */

static void answer(struct buf *out, const char *word, const char *code, struct slice text)
{
	buf_append_str(out, word);
	if (code != NULL)
		buf_printf(out, " (%s)", code);
	if (text.n > 0) {
		buf_append_byte(out, ' ');
		managesieve_string(text, out);
	}
	buf_append_str(out, "\r\n");
}

static void no(struct buf *out, const char *code, const char *text)
{
	answer(out, "NO", code, slice_str(text));
}

static void bad(struct managesieve *m, const char *text, struct buf *out)
{
	if (++m->bad >= MANAGESIEVE_BAD_MAX) {
		managesieve_bye(m, "Too many bad commands", out);
		return;
	}
	no(out, NULL, text);
}

void managesieve_bye(struct managesieve *m, const char *text, struct buf *out)
{
	answer(out, "BYE", NULL, slice_str(text));
	m->state = CLOSING;
}

static void capability(struct buf *out, const char *name, struct slice value, bool has_value)
{
	managesieve_string(slice_str(name), out);
	if (has_value) {
		buf_append_byte(out, ' ');
		managesieve_string(value, out);
	}
	buf_append_str(out, "\r\n");
}

/* Without TLS there is nothing to sign in with (RFC 5804 1.7: an empty list). */
static void capability_sasl(const struct managesieve *m, struct buf *out)
{
	struct buf list = BUF_INIT(300);

	if (m->settings.secure && !m->signed_in) {
		buf_append_str(&list, "SCRAM-SHA-256 PLAIN LOGIN");
		buf_append_str(&list, m->settings.channel_binding ? " SCRAM-SHA-256-PLUS" : "");
		buf_append_str(&list, m->settings.tokens ? " OAUTHBEARER XOAUTH2" : "");
		buf_append_str(&list, m->settings.certificate ? " EXTERNAL" : "");
	}
	capability(out, "SASL", buf_slice(&list), true);
	buf_free(&list);
}

static void capabilities(const struct managesieve *m, struct buf *out)
{
	struct buf number = BUF_INIT(20);

	buf_append_u64(&number, m->settings.redirects);
	capability(out, "IMPLEMENTATION", SLICE("Letterlock"), true);
	capability(out, "VERSION", SLICE("1.0"), true);
	capability_sasl(m, out);
	capability(out, "SIEVE", m->settings.extensions, true);
	capability(out, "MAXREDIRECTS", buf_slice(&number), true);
	if (m->settings.starttls && !m->settings.secure)
		capability(out, "STARTTLS", SLICE_NONE, false);
	if (m->signed_in) {
		capability(out, "OWNER", buf_slice(&m->login), true);
		capability(out, "UNAUTHENTICATE", SLICE_NONE, false);
	}
	buf_free(&number);
}

static void say_hello(const struct managesieve *m, struct buf *out)
{
	capabilities(m, out);
	buf_printf(out, "OK \"%.*s ready.\"\r\n", SLICE_ARG(m->settings.server_name));
}

void managesieve_greet(struct managesieve *m, struct buf *out)
{
	say_hello(m, out);
}

/* ---- commands ---- */

struct command {
	struct slice verb;
	size_t min, max;          /* arguments */
	bool signed_in;           /* needs it */
	bool sign_in_only;        /* not any more then */
	bool number;              /* the last argument is a number, the others are strings */
	void (*run)(struct managesieve *m, const struct managesieve_command *c, struct buf *out);
};

static void command_capability(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	capabilities(m, out);
	answer(out, "OK", NULL, SLICE_NONE);
}

static void command_noop(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	if (c->count == 0) {
		answer(out, "OK", NULL, SLICE("Done"));
		return;
	}
	buf_append_str(out, "OK (TAG ");
	managesieve_string(c->arguments[0].text, out);
	buf_append_str(out, ") \"Done\"\r\n");
}

static void command_logout(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	answer(out, "OK", NULL, SLICE("Bye"));
	m->state = CLOSING;
}

static void command_starttls(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	if (!m->settings.starttls || m->settings.secure) {
		bad(m, "STARTTLS is not possible here", out);
		return;
	}
	answer(out, "OK", NULL, SLICE("Begin TLS negotiation"));
	m->state = SECURING;
	m->callbacks->start_tls(m->owner);
}

/* RFC 5804 2.14.1: nothing of the former owner is left. */
static void command_unauthenticate(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	m->signed_in = false;
	buf_clear(&m->login);
	m->callbacks->sign_out(m->owner);
	answer(out, "OK", NULL, SLICE_NONE);
}

static const char *usable(const struct managesieve *m, struct slice name)
{
	const struct {
		const char *name;
		bool usable;
	} mechanisms[] = {
		{"PLAIN", true}, {"LOGIN", true}, {"SCRAM-SHA-256", true}, {"SCRAM-SHA-256-PLUS", m->settings.channel_binding},
		{"OAUTHBEARER", m->settings.tokens}, {"XOAUTH2", m->settings.tokens}, {"EXTERNAL", m->settings.certificate},
	};

	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if (mechanisms[i].usable && slice_eq_nocase(name, slice_str(mechanisms[i].name)))
			return mechanisms[i].name;
	return NULL;
}

static void command_authenticate(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	const char *mechanism = usable(m, c->arguments[0].text);
	struct buf initial = BUF_INIT(MANAGESIEVE_LINE_MAX);

	if (!m->settings.secure) {
		no(out, "ENCRYPT-NEEDED", m->settings.starttls ? "No password without TLS: use STARTTLS first" : "No password without TLS");
	} else if (mechanism == NULL) {
		bad(m, "Unknown mechanism", out);
	} else if (c->count == 2 && base64_decode_strict(c->arguments[1].text, &initial) < 0) {
		bad(m, "Bad base64", out);
	} else {
		m->state = WAITING;
		m->authenticating = true;
		m->callbacks->auth_begin(m->owner, slice_str(mechanism), buf_slice(&initial), c->count == 2);
	}
	buf_free_secret(&initial);
}

/* ---- scripts ---- */

static void ask(struct managesieve *m, enum managesieve_op op, struct slice name, struct slice text, uint64_t size)
{
	m->state = WAITING;
	m->op = op;
	m->callbacks->request(m->owner, &(struct managesieve_request){.op = op, .name = name, .text = text, .size = size});
}

static void command_havespace(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	uint64_t size;

	if (slice_to_u64(c->arguments[1].text, &size) < 0)
		bad(m, "A number of bytes is expected", out);
	else
		ask(m, MANAGESIEVE_HAVESPACE, c->arguments[0].text, SLICE_NONE, size);
}

static void command_putscript(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_PUT, c->arguments[0].text, c->arguments[1].text, c->arguments[1].text.n);
}

static void command_listscripts(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_LIST, SLICE_NONE, SLICE_NONE, 0);
}

static void command_setactive(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_SETACTIVE, c->arguments[0].text, SLICE_NONE, 0);
}

static void command_getscript(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_GET, c->arguments[0].text, SLICE_NONE, 0);
}

static void command_deletescript(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_DELETE, c->arguments[0].text, SLICE_NONE, 0);
}

static void command_renamescript(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_RENAME, c->arguments[0].text, c->arguments[1].text, 0);
}

static void command_checkscript(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	ask(m, MANAGESIEVE_CHECK, SLICE_NONE, c->arguments[0].text, 0);
}

static const struct command commands[] = {
	{SLICE_INIT("AUTHENTICATE"), 1, 2, false, true, false, command_authenticate},
	{SLICE_INIT("STARTTLS"), 0, 0, false, true, false, command_starttls},
	{SLICE_INIT("LOGOUT"), 0, 0, false, false, false, command_logout},
	{SLICE_INIT("CAPABILITY"), 0, 0, false, false, false, command_capability},
	{SLICE_INIT("NOOP"), 0, 1, false, false, false, command_noop},
	{SLICE_INIT("UNAUTHENTICATE"), 0, 0, true, false, false, command_unauthenticate},
	{SLICE_INIT("HAVESPACE"), 2, 2, true, false, true, command_havespace},
	{SLICE_INIT("PUTSCRIPT"), 2, 2, true, false, false, command_putscript},
	{SLICE_INIT("LISTSCRIPTS"), 0, 0, true, false, false, command_listscripts},
	{SLICE_INIT("SETACTIVE"), 1, 1, true, false, false, command_setactive},
	{SLICE_INIT("GETSCRIPT"), 1, 1, true, false, false, command_getscript},
	{SLICE_INIT("DELETESCRIPT"), 1, 1, true, false, false, command_deletescript},
	{SLICE_INIT("RENAMESCRIPT"), 2, 2, true, false, false, command_renamescript},
	{SLICE_INIT("CHECKSCRIPT"), 1, 1, true, false, false, command_checkscript},
};

static bool arguments_fit(const struct command *command, const struct managesieve_command *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->arguments[i].is_string == (command->number && i + 1 == c->count))
			return false;
	return c->count >= command->min && c->count <= command->max;
}

static void run(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	size_t i = 0;

	while (i < ARRAY_LEN(commands) && !slice_eq_nocase(c->verb, commands[i].verb))
		i++;
	if (i == ARRAY_LEN(commands))
		bad(m, "Unknown command", out);
	else if (commands[i].signed_in && !m->signed_in)
		bad(m, "Sign in first", out);
	else if (commands[i].sign_in_only && m->signed_in)
		bad(m, "Signed in already", out);
	else if (!arguments_fit(&commands[i], c))
		bad(m, "Wrong arguments", out);
	else
		commands[i].run(m, c, out);
}

/* A string in base64; "*" gives up (RFC 5804 2.1). */
static void client_response(struct managesieve *m, const struct managesieve_command *c, struct buf *out)
{
	struct slice text = c->count == 1 && c->arguments[0].is_string ? c->arguments[0].text : SLICE("*");
	struct buf response = BUF_INIT(MANAGESIEVE_LINE_MAX);

	if (c->verb.n > 0 || slice_eq(text, SLICE("*")) || base64_decode_strict(text, &response) < 0) {
		m->state = COMMAND;
		m->authenticating = false;
		m->callbacks->auth_cancel(m->owner);
		bad(m, "Authentication cancelled", out);
	} else {
		m->state = WAITING;
		m->callbacks->auth_continue(m->owner, buf_slice(&response));
	}
	buf_free_secret(&response);
}

/* What was read may be a password. */
static void consume(struct managesieve *m, size_t n)
{
	if (n > buf_len(&m->input))
		n = buf_len(&m->input);
	if (n > 0)
		explicit_bzero(m->input.data + m->input.start, n);
	buf_consume(&m->input, n);
}

/* One command; false: there is none yet. */
static bool step(struct managesieve *m, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct managesieve_command c;
	enum managesieve_parsed parsed = managesieve_parse(buf_slice(&m->input), &arena, &c);

	if (parsed == MANAGESIEVE_TOO_LONG)
		managesieve_bye(m, "The command is too long", out);
	else if (parsed == MANAGESIEVE_BAD)
		bad(m, "The command cannot be read", out);
	else if (parsed == MANAGESIEVE_READY && m->state == CHALLENGE)
		client_response(m, &c, out);
	else if (parsed == MANAGESIEVE_READY)
		run(m, &c, out);
	if (parsed == MANAGESIEVE_READY || parsed == MANAGESIEVE_BAD)
		consume(m, c.length);
	arena_free(&arena);
	return parsed == MANAGESIEVE_READY || parsed == MANAGESIEVE_BAD;
}

static void take_in(struct managesieve *m, struct buf *in)
{
	struct slice piece = slice_sub(buf_slice(in), 0, m->input.max - buf_len(&m->input));

	buf_append(&m->input, piece);
	if (piece.n > 0)
		explicit_bzero(in->data + in->start, piece.n);
	buf_consume(in, piece.n);
}

void managesieve_input(struct managesieve *m, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(m, MAGIC);
	while (m->state == COMMAND || m->state == CHALLENGE) {
		take_in(m, in);
		if (buf_len(&m->input) == 0 || !step(m, out))
			break;
	}
	/* What came behind STARTTLS came in the clear. */
	if (m->state == SECURING || m->state == CLOSING) {
		consume(m, buf_len(&m->input));
		buf_consume(in, buf_len(in));
	}
}

void managesieve_secured(struct managesieve *m, bool channel_binding, bool certificate, struct buf *out)
{
	m->settings.secure = true;
	m->settings.channel_binding = channel_binding;
	m->settings.certificate = certificate;
	m->state = COMMAND;
	say_hello(m, out);
}

/* ---- signing in ---- */

void managesieve_challenge(struct managesieve *m, struct slice challenge, struct buf *out)
{
	struct buf text = BUF_INIT(MANAGESIEVE_LINE_MAX);

	ENSURE(m->state == WAITING && m->authenticating);
	base64_encode(challenge, &text);
	managesieve_string(buf_slice(&text), out);
	buf_append_str(out, "\r\n");
	m->state = CHALLENGE;
	buf_free(&text);
}

void managesieve_failed(struct managesieve *m, enum managesieve_failure why, struct buf *out)
{
	static const struct { const char *code, *text; } replies[] = {
		[MANAGESIEVE_BAD_CREDENTIALS] = {NULL, "Name or password is wrong"},
		[MANAGESIEVE_UNAVAILABLE] = {"TRYLATER", "Not possible now, try again later"},
		[MANAGESIEVE_DENIED] = {NULL, "This account may not use ManageSieve"},
		[MANAGESIEVE_THROTTLED] = {"TRYLATER", "Too many attempts, wait a while"},
		[MANAGESIEVE_INVALID] = {NULL, "Malformed authentication"},
	};

	ENSURE(m->state == WAITING && m->authenticating);
	m->authenticating = false;
	m->state = COMMAND;
	if (++m->failures >= MANAGESIEVE_FAILURES_MAX)
		managesieve_bye(m, replies[why].text, out);
	else
		no(out, replies[why].code, replies[why].text);
}

void managesieve_succeeded(struct managesieve *m, struct slice data, struct slice login, struct buf *out)
{
	ENSURE(m->state == WAITING && m->authenticating);
	m->authenticating = false;
	m->signed_in = true;
	m->state = COMMAND;
	buf_clear(&m->login);
	buf_append(&m->login, login);
	if (data.n > 0) {
		struct buf text = BUF_INIT(MANAGESIEVE_LINE_MAX);
		base64_encode(data, &text);
		buf_printf(out, "OK (SASL \"%.*s\")\r\n", SLICE_ARG(buf_slice(&text)));
		buf_free(&text);
	} else {
		answer(out, "OK", NULL, SLICE("Signed in"));
	}
}

/* ---- answers of the owner ---- */

static void put_list(struct slice list, struct buf *out)
{
	struct slice name;
	uint8_t active;

	while (slice_get_u8(&list, &active) && slice_get_bytes(&list, &name)) {
		managesieve_string(name, out);
		buf_append_str(out, active ? " ACTIVE\r\n" : "\r\n");
	}
}

void managesieve_answer(struct managesieve *m, enum managesieve_result result, struct slice text, struct slice content, struct buf *out)
{
	static const char *const codes[] = {
		[MANAGESIEVE_OK] = NULL, [MANAGESIEVE_REFUSED] = NULL, [MANAGESIEVE_NONEXISTENT] = "NONEXISTENT",
			[MANAGESIEVE_ALREADYEXISTS] = "ALREADYEXISTS",
		[MANAGESIEVE_ACTIVE] = "ACTIVE", [MANAGESIEVE_MAXSCRIPTS] = "QUOTA/MAXSCRIPTS", [MANAGESIEVE_MAXSIZE] = "QUOTA/MAXSIZE",
		[MANAGESIEVE_TRYLATER] = "TRYLATER",
	};

	ENSURE(m->state == WAITING && !m->authenticating);
	m->state = COMMAND;
	if (result != MANAGESIEVE_OK) {
		answer(out, "NO", codes[result], text.n > 0 ? text : SLICE("Not possible now, try again later"));
		return;
	}
	if (m->op == MANAGESIEVE_LIST)
		put_list(content, out);
	if (m->op == MANAGESIEVE_GET) {
		buf_printf(out, "{%zu}\r\n", content.n);
		buf_append(out, content);
		buf_append_str(out, "\r\n");
	}
	answer(out, "OK", NULL, SLICE_NONE);
}

bool managesieve_signed_in(const struct managesieve *m)
{
	return m->signed_in;
}

bool managesieve_closing(const struct managesieve *m)
{
	return m->state == CLOSING;
}
