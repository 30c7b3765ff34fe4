/* AUTH: the SASL profile of SMTP. RFC 4954. What the mechanisms mean is the owner's business. */
#include <string.h>
#include "base/codec.h"
#include "smtp/server_impl.h"

struct mechanism {
	struct slice name;
	unsigned bit;
	bool client_first; /* without an initial response an empty challenge is sent first */
};
/* Best first. */
static const struct mechanism mechanisms[] = {
	{SLICE_INIT("SCRAM-SHA-256-PLUS"), SMTP_AUTH_SCRAM_SHA_256_PLUS, true},
	{SLICE_INIT("SCRAM-SHA-256"), SMTP_AUTH_SCRAM_SHA_256, true},
	{SLICE_INIT("PLAIN"), SMTP_AUTH_PLAIN, true},
	{SLICE_INIT("LOGIN"), SMTP_AUTH_LOGIN, false},
	{SLICE_INIT("OAUTHBEARER"), SMTP_AUTH_OAUTHBEARER, true},
	{SLICE_INIT("XOAUTH2"), SMTP_AUTH_XOAUTH2, true},
	{SLICE_INIT("EXTERNAL"), SMTP_AUTH_EXTERNAL, true},
};

static bool usable(const struct smtp_server *s, const struct mechanism *m)
{
	if ((s->set.mechanisms & m->bit) == 0 || (!s->secure && !s->set.auth_in_clear))
		return false;
	return (m->bit & (SMTP_AUTH_SCRAM_SHA_256_PLUS | SMTP_AUTH_EXTERNAL)) == 0 || s->secure;
}

bool server_mechanisms(const struct smtp_server *s, struct buf *out)
{
	if (s->signed_in)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (!usable(s, &mechanisms[i]))
			continue;
		buf_append_byte(out, ' ');
		buf_append(out, mechanisms[i].name);
	}
	return buf_len(out) > 0;
}

const struct smtp_reply *check_auth(const struct smtp_server *s)
{
	static const struct smtp_reply none = SMTP_REPLY_INIT(502, "5.5.1", "AUTH is not available");
	static const struct smtp_reply again = SMTP_REPLY_INIT(503, "5.5.1", "Already authenticated");
	static const struct smtp_reply in_clear = SMTP_REPLY_INIT(538, "5.7.11", "Use STARTTLS first");
	if (s->set.mechanisms == 0)
		return &none;
	if (s->signed_in)
		return &again;
	return s->secure || s->set.auth_in_clear ? NULL : &in_clear;
}

static const struct mechanism *find(const struct smtp_server *s, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (slice_eq_nocase(name, mechanisms[i].name) && usable(s, &mechanisms[i]))
			return &mechanisms[i];
	}
	return NULL;
}

/* Raw, because a challenge may be longer than the text of a reply. */
static void challenge(struct smtp_server *s, struct slice data)
{
	buf_append_str(&s->ready, "334 ");
	base64_encode(data, &s->ready);
	buf_append_str(&s->ready, "\r\n");
	s->phase = PHASE_SASL_LINE;
}

static void start(struct smtp_server *s)
{
	s->phase = PHASE_COMMAND;
	s->waiting = WAIT_SASL;
	s->sasl_first = false;
	s->events->sasl_start(s->owner, slice_str(s->sasl_mechanism), buf_slice(&s->sasl_data));
}

static bool decode(struct smtp_server *s, struct slice text)
{
	buf_clear(&s->sasl_data);
	return base64_decode_strict(text, &s->sasl_data) == 0 && !s->sasl_data.failed;
}

static const struct smtp_reply bad_base64 = SMTP_REPLY_INIT(501, "5.5.2", "Bad base64");

void cmd_auth(struct smtp_server *s, const struct server_line *line)
{
	static const struct smtp_reply unknown = SMTP_REPLY_INIT(504, "5.5.4", "Mechanism not available");
	struct slice name, rest = line->args;
	slice_split(&rest, ' ', &name);
	rest = slice_trim(rest);
	const struct mechanism *m = find(s, name);
	if (m == NULL) {
		server_mistake(s, &unknown);
		return;
	}
	memcpy(s->sasl_mechanism, m->name.p, m->name.n);
	s->sasl_mechanism[m->name.n] = '\0';
	s->sasl_done = false;
	bool initial = rest.n > 0;
	if (!decode(s, slice_eq(rest, SLICE("=")) ? SLICE_NONE : rest)) {
		server_mistake(s, &bad_base64);
		return;
	}
	s->sasl_first = m->client_first && !initial;
	if (s->sasl_first)
		challenge(s, SLICE_NONE);
	else
		start(s);
}

void server_sasl_abandon(struct smtp_server *s)
{
	s->phase = PHASE_COMMAND;
	buf_clear(&s->sasl_data);
	if (!s->sasl_first && s->events->sasl_cancel != NULL)
		s->events->sasl_cancel(s->owner);
}

static void cancel(struct smtp_server *s, const struct smtp_reply *reply)
{
	server_sasl_abandon(s);
	server_mistake(s, reply);
}

static void succeed(struct smtp_server *s)
{
	static const struct smtp_reply ok = SMTP_REPLY_INIT(235, "2.7.0", "Authentication succeeded");
	s->phase = PHASE_COMMAND;
	s->signed_in = true;
	server_reply(s, &ok);
}

void server_sasl_line(struct smtp_server *s, struct slice line)
{
	static const struct smtp_reply cancelled = SMTP_REPLY_INIT(501, "5.7.0", "Authentication cancelled");
	if (slice_eq(line, SLICE("*"))) {
		cancel(s, &cancelled);
	} else if (!decode(s, line)) {
		cancel(s, &bad_base64);
	} else if (s->sasl_first) {
		start(s);
	} else if (s->sasl_done) {
		if (buf_len(&s->sasl_data) == 0)
			succeed(s);
		else
			cancel(s, &cancelled);
	} else {
		s->phase = PHASE_COMMAND;
		s->waiting = WAIT_SASL;
		s->events->sasl_step(s->owner, buf_slice(&s->sasl_data));
	}
}

static void fail(struct smtp_server *s)
{
	static const struct smtp_reply failed = SMTP_REPLY_INIT(535, "5.7.8", "Authentication credentials invalid");
	static const struct smtp_reply enough = SMTP_REPLY_INIT(421, "4.7.0", "Too many failed sign-ins");
	if (++s->auth_failures < AUTH_FAILURES_MAX)
		server_mistake(s, &failed);
	else
		server_end(s, SMTP_SERVER_REFUSED, &enough);
}

void smtp_server_sasl_reply(struct smtp_server *s, enum smtp_sasl_result result, struct slice data)
{
	static const struct smtp_reply later = SMTP_REPLY_INIT(454, "4.7.0", "Temporary authentication failure");
	if (!server_answered(s, WAIT_SASL))
		return;
	switch (result) {
	case SMTP_SASL_CHALLENGE:
		challenge(s, data);
		break;
	case SMTP_SASL_OK:
		/* RFC 4954 has no data beside success: it goes as a last challenge. */
		s->sasl_done = data.n > 0;
		if (s->sasl_done)
			challenge(s, data);
		else
			succeed(s);
		break;
	case SMTP_SASL_FAIL:
		fail(s);
		break;
	case SMTP_SASL_TEMPORARY:
		server_reply(s, &later);
		break;
	}
	server_wake(s);
}
