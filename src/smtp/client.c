#include "smtp/client.h"

#include "base/codec.h"
#include "base/memory.h"
#include "smtp/client_impl.h"

static struct slice keep_text(struct smtp_client *c, size_t *at, struct slice text)
{
	struct slice kept = slice_sub(buf_slice(&c->texts), *at, *at + text.n);
	*at += text.n;
	return kept;
}

struct smtp_client *smtp_client_create(const struct smtp_client_settings *settings, const struct smtp_client_events *events, void *owner)
{
	struct smtp_client *c = memory_alloc(sizeof *c);
	size_t at = 0;
	c->magic = CLIENT_MAGIC;
	c->set = *settings;
	c->texts = BUF_INIT(16384);
	buf_append(&c->texts, settings->helo);
	buf_append(&c->texts, settings->user);
	buf_append(&c->texts, settings->password);
	buf_append(&c->texts, settings->known.address);
	buf_append(&c->texts, settings->known.name);
	buf_append(&c->texts, settings->known.helo);
	buf_append(&c->texts, settings->known.login);
	ENSURE(!c->texts.failed);
	c->set.helo = keep_text(c, &at, settings->helo);
	c->set.user = keep_text(c, &at, settings->user);
	c->set.password = keep_text(c, &at, settings->password);
	c->set.known.address = keep_text(c, &at, settings->known.address);
	c->set.known.name = keep_text(c, &at, settings->known.name);
	c->set.known.helo = keep_text(c, &at, settings->known.helo);
	c->set.known.login = keep_text(c, &at, settings->known.login);
	c->secure = settings->secure;
	c->events = events;
	c->owner = owner;
	c->piece = BUF_INIT(CLIENT_PIECE_MAX);
	reply_reader_init(&c->reader);
	return c;
}

void smtp_client_destroy(struct smtp_client **client)
{
	struct smtp_client *c = *client;
	if (c == NULL)
		return;
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	ENSURE(!c->pumping);
	client_message_forget(c);
	reply_reader_free(&c->reader);
	buf_free(&c->piece);
	buf_free_secret(&c->texts);
	c->magic = 0;
	MEMORY_FREE(client);
}

void client_line(struct buf *out, const char *verb, struct slice rest)
{
	buf_append_str(out, verb);
	buf_append(out, rest);
	buf_append_str(out, "\r\n");
}

static enum smtp_client_stage stage_of(const struct smtp_client *c)
{
	static const enum smtp_client_stage stages[] = {
		[EXPECT_GREETING] = SMTP_STAGE_GREETING, [EXPECT_EHLO] = SMTP_STAGE_HELLO, [EXPECT_HELO] = SMTP_STAGE_HELLO,
		[EXPECT_STARTTLS] = SMTP_STAGE_TLS, [EXPECT_TLS] = SMTP_STAGE_TLS, [EXPECT_XCLIENT] = SMTP_STAGE_HELLO, [EXPECT_AUTH] = SMTP_STAGE_AUTH,
		[EXPECT_NOTHING] = SMTP_STAGE_READY, [EXPECT_ENVELOPE] = SMTP_STAGE_ENVELOPE, [EXPECT_CHUNK] = SMTP_STAGE_BODY,
		[EXPECT_FINAL] = SMTP_STAGE_FINAL, [EXPECT_RSET] = SMTP_STAGE_READY, [EXPECT_QUIT] = SMTP_STAGE_QUIT,
		[EXPECT_ENDED] = SMTP_STAGE_ENDED,
	};
	return c->body_open ? SMTP_STAGE_BODY : stages[c->expect];
}

enum smtp_client_stage smtp_client_stage(const struct smtp_client *c)
{
	return stage_of(c);
}

const struct smtp_client_peer *smtp_client_peer(const struct smtp_client *c)
{
	return &c->peer;
}

void client_fail(struct smtp_client *c, const struct smtp_reply *reply)
{
	if (c->expect == EXPECT_ENDED)
		return;
	enum smtp_client_stage stage = stage_of(c);
	c->expect = EXPECT_ENDED;
	c->body_open = false;
	client_message_forget(c);
	c->events->failed(c->owner, stage, reply);
}

void client_fail_text(struct smtp_client *c, const char *enhanced, const char *text)
{
	client_fail(c, &(struct smtp_reply){.code = 0, .enhanced = slice_str(enhanced), .text = slice_str(text)});
}

static void open_session(struct smtp_client *c)
{
	c->expect = EXPECT_NOTHING;
	c->opened = true;
	c->events->opened(c->owner);
}

static void auth_send(struct smtp_client *c, struct buf *out)
{
	struct buf plain = BUF_INIT(4096), text = BUF_INIT(8192);
	buf_append_byte(&plain, '\0');
	buf_append(&plain, c->set.user);
	buf_append_byte(&plain, '\0');
	buf_append(&plain, c->set.password);
	base64_encode(buf_slice(&plain), &text);
	client_line(out, "AUTH PLAIN ", buf_slice(&text));
	buf_free_secret(&plain);
	buf_free_secret(&text);
	c->expect = EXPECT_AUTH;
}

/* draft-murchison-sasl-login: two challenges, whatever they say; some large providers offer nothing else. */
static void login_begin(struct smtp_client *c, struct buf *out)
{
	client_line(out, "AUTH LOGIN", SLICE_NONE);
	c->login_step = 0;
	c->expect = EXPECT_AUTH;
}

static void login_answer(struct smtp_client *c, struct buf *out)
{
	struct buf text = BUF_INIT(8192);
	base64_encode(c->login_step++ == 0 ? c->set.user : c->set.password, &text);
	client_line(out, "", buf_slice(&text));
	buf_free_secret(&text);
}

static void auth_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (reply->code / 100 == 2)
		open_session(c);
	else if (reply->code == 334 && !c->peer.auth_plain && c->login_step < 2)
		login_answer(c, out);
	else
		client_fail(c, reply);
}

/* EHLO is through and TLS is as it has to be: say for whom we speak, sign in or begin. */
static void greeted(struct smtp_client *c, struct buf *out)
{
	if (!c->introduced && c->peer.xclient != 0 && client_xclient_send(c, out)) {
		c->introduced = true;
		c->expect = EXPECT_XCLIENT;
		return;
	}
	if (c->set.user.n == 0)
		open_session(c);
	else if (!c->secure && !c->set.auth_in_clear)
		client_fail_text(c, "4.7.0", "TLS is needed to sign in");
	else if (c->peer.auth_plain)
		auth_send(c, out);
	else if (c->peer.auth_login)
		login_begin(c, out);
	else
		client_fail_text(c, "4.7.0", "The host offers no mechanism to sign in that we know");
}

/* After XCLIENT the peer takes what follows as said by whom we speak for. */
static struct slice hello_name(const struct smtp_client *c)
{
	bool borrowed = c->introduced && !c->own_name && c->set.known.address.n > 0 && c->set.known.helo.n > 0;
	for (size_t i = 0; borrowed && i < c->set.known.helo.n; i++)
		borrowed = c->set.known.helo.p[i] > ' ' && c->set.known.helo.p[i] < 0x7f;
	return borrowed ? c->set.known.helo : c->set.helo;
}

static void hello_send(struct smtp_client *c, struct buf *out)
{
	client_line(out, c->set.lmtp ? "LHLO " : "EHLO ", hello_name(c));
	c->expect = EXPECT_EHLO;
}

static void after_ehlo(struct smtp_client *c, struct buf *out)
{
	if (c->secure || c->set.tls == SMTP_TLS_NEVER || c->introduced) {
		greeted(c, out);
	} else if (c->peer.starttls) {
		client_line(out, "STARTTLS", SLICE_NONE);
		c->expect = EXPECT_STARTTLS;
	} else if (c->set.tls == SMTP_TLS_REQUIRED) {
		client_fail_text(c, "4.7.10", "TLS is required and not offered");
	} else {
		greeted(c, out);
	}
}

static void ehlo_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (reply->code / 100 == 2) {
		client_ehlo_parse(c, reply->text);
		after_ehlo(c, out);
	} else if (reply->code >= 500 && c->introduced && !c->own_name) {
		c->own_name = true;
		hello_send(c, out);
	} else if (reply->code >= 500 && !c->set.lmtp && !c->secure && c->set.tls != SMTP_TLS_REQUIRED) {
		client_line(out, "HELO ", c->set.helo);
		c->expect = EXPECT_HELO;
	} else {
		client_fail(c, reply);
	}
}

static void starttls_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *in, struct buf *out)
{
	if (reply->code != 220) {
		if (c->set.tls == SMTP_TLS_REQUIRED)
			client_fail(c, reply);
		else
			greeted(c, out);
	} else if (buf_len(in) > 0) {
		/* Plain text behind the 220 is not from whom we are about to ask for a certificate. */
		client_fail_text(c, "4.7.0", "Data in the clear after STARTTLS");
	} else {
		c->expect = EXPECT_TLS;
		c->events->starttls(c->owner);
	}
}

/* As at the beginning: greeting, then EHLO. Who announces it and then does not want it takes the letter as ours. */
static void xclient_reply(struct smtp_client *c, const struct smtp_reply *reply, struct buf *out)
{
	if (reply->code / 100 == 2)
		hello_send(c, out);
	else if (reply->code == 421)
		client_fail(c, reply);
	else
		greeted(c, out);
}

static void quit_reply(struct smtp_client *c)
{
	c->expect = EXPECT_ENDED;
	c->events->closed(c->owner);
}

static void rset_reply(struct smtp_client *c, const struct smtp_reply *reply)
{
	if (reply->code / 100 != 2) {
		client_fail(c, reply);
		return;
	}
	c->expect = EXPECT_NOTHING;
	c->events->message_done(c->owner);
}

static void dispatch(struct smtp_client *c, const struct smtp_reply *reply, struct buf *in, struct buf *out)
{
	switch (c->expect) {
	case EXPECT_GREETING:
		if (reply->code / 100 == 2)
			hello_send(c, out);
		else
			client_fail(c, reply);
		break;
	case EXPECT_EHLO:
		ehlo_reply(c, reply, out);
		break;
	case EXPECT_HELO:
		if (reply->code / 100 == 2)
			greeted(c, out);
		else
			client_fail(c, reply);
		break;
	case EXPECT_STARTTLS:
		starttls_reply(c, reply, in, out);
		break;
	case EXPECT_XCLIENT:
		xclient_reply(c, reply, out);
		break;
	case EXPECT_AUTH:
		auth_reply(c, reply, out);
		break;
	case EXPECT_ENVELOPE:
	case EXPECT_CHUNK:
	case EXPECT_FINAL:
		client_message_reply(c, reply, out);
		break;
	case EXPECT_RSET:
		rset_reply(c, reply);
		break;
	case EXPECT_QUIT:
		quit_reply(c);
		break;
	case EXPECT_NOTHING:
		client_fail(c, reply); /* unasked: 421 most likely */
		break;
	case EXPECT_TLS:
	case EXPECT_ENDED:
		break;
	}
}

static bool reply_step(struct smtp_client *c, struct buf *in, struct buf *out)
{
	struct smtp_reply reply;
	if (c->expect == EXPECT_TLS || c->expect == EXPECT_ENDED)
		return false;
	int rc = reply_reader_read(&c->reader, in, &reply);
	if (rc < 0)
		client_fail_text(c, "4.5.0", "The host does not speak SMTP");
	else if (rc > 0)
		dispatch(c, &reply, in, out);
	return rc != 0;
}

static bool output_step(struct smtp_client *c, struct buf *out)
{
	if (buf_len(out) >= CLIENT_OUTPUT_HIGH)
		return false;
	if (c->hello_due) {
		c->hello_due = false;
		hello_send(c, out);
		return true;
	}
	if (c->quit_due) {
		c->quit_due = false;
		client_line(out, "QUIT", SLICE_NONE);
		return true;
	}
	return c->message != NULL && client_message_write(c, out);
}

void smtp_client_pump(struct smtp_client *c, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	ENSURE(!c->pumping);
	c->pumping = true;
	while (output_step(c, out) || reply_step(c, in, out))
		;
	c->pumping = false;
}

static void wake(struct smtp_client *c)
{
	if (!c->pumping)
		c->events->wake(c->owner);
}

void smtp_client_secured(struct smtp_client *c)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	ENSURE(c->expect == EXPECT_TLS);
	c->secure = true;
	c->peer = (struct smtp_client_peer){0};
	c->expect = EXPECT_EHLO;
	c->hello_due = true;
	wake(c);
}

void smtp_client_send(struct smtp_client *c, const struct smtp_client_message *message)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	ENSURE(c->opened && c->expect == EXPECT_NOTHING && c->message == NULL && message->recipient_count > 0);
	c->message = message;
	client_message_start(c);
	wake(c);
}

void smtp_client_quit(struct smtp_client *c)
{
	ENSURE_MAGIC(c, CLIENT_MAGIC);
	if (c->expect == EXPECT_ENDED || c->expect == EXPECT_QUIT)
		return;
	ENSURE(c->message == NULL);
	c->expect = EXPECT_QUIT;
	c->quit_due = true;
	wake(c);
}
