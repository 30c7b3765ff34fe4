/* LOGIN and AUTHENTICATE: RFC 9051 6.2.2, 6.2.3, SASL-IR RFC 4959. */
#include <string.h>
#include "base/codec.h"
#include "base/ensure.h"
#include "imap/login_internal.h"

enum needs { NEEDS_NOTHING, NEEDS_BINDING, NEEDS_TOKENS, NEEDS_CERTIFICATE };
static const struct {
	const char *name;
	enum needs needs;
} mechanisms[] = {
	{"PLAIN", NEEDS_NOTHING}, {"LOGIN", NEEDS_NOTHING}, {"SCRAM-SHA-256", NEEDS_NOTHING}, {"SCRAM-SHA-256-PLUS", NEEDS_BINDING},
	{"OAUTHBEARER", NEEDS_TOKENS}, {"XOAUTH2", NEEDS_TOKENS}, {"EXTERNAL", NEEDS_CERTIFICATE},
};

static bool usable(const struct imap_login *l, enum needs needs)
{
	switch (needs) {
	case NEEDS_NOTHING: return true;
	case NEEDS_BINDING: return l->settings.channel_binding;
	case NEEDS_TOKENS: return l->settings.tokens;
	case NEEDS_CERTIFICATE: return l->settings.certificate;
	}
	UNREACHABLE();
}

static bool refuse_in_clear(struct imap_login *l)
{
	if (l->settings.secure)
		return false;
	login_tagged(l, l->out, "NO [PRIVACYREQUIRED] Signing in needs TLS");
	return true;
}

static void begin(struct imap_login *l, struct slice mechanism, struct slice initial, bool has_initial)
{
	l->state = LOGIN_CHECKING;
	l->exchange = true;
	l->callbacks.auth_begin(l->owner, mechanism, initial, has_initial);
}

void login_command_login(struct imap_login *l, struct imap_parser *p)
{
	struct slice user, password;

	if (refuse_in_clear(l))
		return;
	if (!imap_parse_astring(p, &user) || !imap_parse_space(p) || !imap_parse_astring(p, &password) || !imap_parse_end(p)) {
		login_bad(l, p->problem);
		return;
	}
	/* RFC 4616 2: [authzid] NUL authcid NUL passwd; the parser lets no NUL through. */
	uint8_t *plain = arena_alloc(&l->arena, user.n + password.n + 2);
	if (user.n > 0)
		memcpy(plain + 1, user.p, user.n);
	if (password.n > 0)
		memcpy(plain + 2 + user.n, password.p, password.n);
	l->plain_login = true;
	begin(l, SLICE("PLAIN"), slice_make(plain, user.n + password.n + 2), true);
	explicit_bzero(plain, user.n + password.n + 2);
}

static struct slice find_mechanism(const struct imap_login *l, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (slice_eq_nocase(name, slice_str(mechanisms[i].name)) && usable(l, mechanisms[i].needs))
			return slice_str(mechanisms[i].name);
	}
	return SLICE_NONE;
}

/* Base64 text to bytes in the arena. */
static bool decode(struct imap_login *l, struct slice text, struct slice *ret)
{
	struct buf out = BUF_INIT(IMAP_LOGIN_SASL_MAX);
	bool good = text.n <= IMAP_LOGIN_SASL_MAX && base64_decode_strict(text, &out) == 0 && !out.failed;

	if (good)
		*ret = arena_dup(&l->arena, buf_slice(&out));
	buf_free_secret(&out);
	return good;
}

/* initial-resp is base64 or "=" for an empty one. */
static bool parse_initial(struct imap_login *l, struct imap_parser *p, struct slice *ret, bool *ret_has)
{
	*ret = SLICE_NONE;
	*ret_has = false;
	if (imap_at_end(p))
		return true;
	if (!imap_parse_space(p))
		return false;
	*ret_has = true;
	struct slice text = slice_trim(p->in);
	if (slice_eq(text, SLICE("=")))
		return true;
	return decode(l, text, ret) || imap_parse_fail(p, "Bad base64");
}

void login_command_authenticate(struct imap_login *l, struct imap_parser *p)
{
	struct slice name, initial;
	bool has_initial;

	if (refuse_in_clear(l))
		return;
	if (!imap_parse_atom(p, &name) || !parse_initial(l, p, &initial, &has_initial)) {
		login_bad(l, p->problem);
		return;
	}
	struct slice mechanism = find_mechanism(l, name);
	if (mechanism.n == 0) {
		login_tagged(l, l->out, "NO [CANNOT] Mechanism not supported");
		return;
	}
	l->plain_login = false;
	begin(l, mechanism, initial, has_initial);
	if (initial.n > 0)
		explicit_bzero((uint8_t *)initial.p, initial.n);
}

void login_response_line(struct imap_login *l, struct slice line)
{
	struct slice response;

	if (l->state == LOGIN_FINAL) {
		if (line.n == 0) {
			l->state = LOGIN_DONE;
			return;
		}
		imap_login_bye(l, "Unexpected response", l->out);
		return;
	}
	if (slice_eq(line, SLICE("*")) || !decode(l, line, &response)) {
		l->exchange = false;
		l->callbacks.auth_cancel(l->owner);
		l->state = LOGIN_COMMANDS;
		login_bad(l, line.n == 1 ? "Authentication cancelled" : "Bad base64");
		return;
	}
	l->state = LOGIN_CHECKING;
	l->callbacks.auth_continue(l->owner, response);
	if (response.n > 0)
		explicit_bzero((uint8_t *)response.p, response.n);
}

static void send_challenge(struct slice challenge, struct buf *out)
{
	buf_append_str(out, "+ ");
	base64_encode(challenge, out);
	buf_append_str(out, "\r\n");
}

void imap_login_challenge(struct imap_login *l, struct slice challenge, struct buf *out)
{
	if (l->state != LOGIN_CHECKING)
		return;
	if (l->plain_login) {
		imap_login_failed(l, IMAP_LOGIN_BAD_CREDENTIALS, out);
		return;
	}
	send_challenge(challenge, out);
	l->state = LOGIN_RESPONSE;
}

void imap_login_failed(struct imap_login *l, enum imap_login_failure why, struct buf *out)
{
	static const char *const texts[] = {
		[IMAP_LOGIN_BAD_CREDENTIALS] = "NO [AUTHENTICATIONFAILED] Authentication failed",
		[IMAP_LOGIN_UNAVAILABLE] = "NO [UNAVAILABLE] Try again later",
		[IMAP_LOGIN_DENIED] = "NO [AUTHORIZATIONFAILED] Not permitted",
		[IMAP_LOGIN_EXPIRED] = "NO [EXPIRED] The credential has expired",
		[IMAP_LOGIN_THROTTLED] = "NO [LIMIT] Too many attempts, try again later",
		[IMAP_LOGIN_INVALID] = "BAD Malformed authentication exchange",
	};

	if (l->state != LOGIN_CHECKING)
		return;
	l->exchange = false;
	l->state = LOGIN_COMMANDS;
	login_tagged(l, out, texts[why]);
	if (++l->failures >= IMAP_LOGIN_FAILURES_MAX)
		imap_login_bye(l, "Too many failed attempts", out);
}

void imap_login_succeeded(struct imap_login *l, struct slice data, struct buf *out)
{
	if (l->state != LOGIN_CHECKING)
		return;
	l->exchange = false;
	if (data.n == 0) {
		l->state = LOGIN_DONE;
		return;
	}
	send_challenge(data, out);
	l->state = LOGIN_FINAL;
}
