#include "smtp/test_rig.h"

#include "base/ensure.h"
#include "smtp/server.h"

/* Local parts: perm…, temp…: refused at RCPT (or MAIL); late…: refused after DATA; full…: refused before DATA; cut…: refused
 * while it arrives. */
static char verdict_of(const struct smtp_path *path)
{
	if (slice_starts_nocase(path->local, SLICE("perm")))
		return 'p';
	if (slice_starts_nocase(path->local, SLICE("temp")))
		return 't';
	if (slice_starts_nocase(path->local, SLICE("late")))
		return 'l';
	if (slice_starts_nocase(path->local, SLICE("full")))
		return 'f';
	if (slice_starts_nocase(path->local, SLICE("cut")))
		return 'c';
	return 'o';
}

static const struct smtp_reply permanent = SMTP_REPLY_INIT(550, "5.1.1", "No such user");
static const struct smtp_reply temporary = SMTP_REPLY_INIT(451, "4.3.0", "Try again later");
static const struct smtp_reply taken = SMTP_REPLY_INIT(250, "2.0.0", "Taken");
static const struct smtp_reply storage = SMTP_REPLY_INIT(452, "4.3.1", "No room");

static void answer_mail(struct rig *r)
{
	r->pending = 0;
	smtp_server_mail_reply(r->server, r->verdict == 'p' ? &permanent : r->verdict == 't' ? &temporary : NULL);
}

static void answer_rcpt(struct rig *r, uint32_t token, char verdict)
{
	r->accepted += verdict != 'p' && verdict != 't';
	/* The strongest wins, in whatever order the answers come. */
	static const char strength[] = {['l'] = 1, ['c'] = 2, ['f'] = 3, ['z'] = 0};
	if (strength[(unsigned char)verdict] > strength[(unsigned char)r->verdict])
		r->verdict = verdict;
	smtp_server_rcpt_reply(r->server, token, verdict == 'p' ? &permanent : verdict == 't' ? &temporary : NULL);
}

static void answer_begin(struct rig *r)
{
	r->pending = 0;
	smtp_server_data_begin_reply(r->server, r->verdict == 'f' ? &storage : NULL);
}

static void answer_end(struct rig *r)
{
	struct smtp_reply replies[64];
	size_t count = r->lmtp ? r->accepted : 1;
	ENSURE(count <= ARRAY_LEN(replies));
	for (size_t i = 0; i < count; i++)
		replies[i] = r->verdict == 'l' && i == 0 ? permanent : taken;
	r->pending = 0;
	r->accepted = 0;
	smtp_server_data_reply(r->server, replies, count);
}

/* "secret" signs in after two steps with a server-final, "clear" at once, "later" fails for now. */
static void answer_sasl(struct rig *r)
{
	static const enum smtp_sasl_result results[] = {
		['c'] = SMTP_SASL_CHALLENGE, ['o'] = SMTP_SASL_OK, ['p'] = SMTP_SASL_FAIL, ['t'] = SMTP_SASL_TEMPORARY,
	};
	char verdict = r->verdict;
	r->pending = 0;
	struct slice data = verdict == 'c' ? SLICE("Password:") : SLICE_NONE;
	if (verdict == 'd')
		smtp_server_sasl_reply(r->server, SMTP_SASL_OK, SLICE("v=final"));
	else
		smtp_server_sasl_reply(r->server, results[(unsigned char)verdict], data);
}

static void ask(struct rig *r, char what)
{
	ENSURE(r->pending == 0);
	r->pending = what;
	if (r->answers != RIG_AT_ONCE)
		return;
	switch (what) {
	case 'm':
		answer_mail(r);
		break;
	case 'b':
		answer_begin(r);
		break;
	case 'e':
		answer_end(r);
		break;
	default:
		answer_sasl(r);
		break;
	}
}

static void on_starttls(void *owner)
{
	struct rig *r = owner;
	r->tls = true;
	buf_append_str(&r->log, "starttls\n");
}

static char sasl_verdict(struct slice data)
{
	if (slice_search(data, SLICE("clear")) >= 0)
		return 'o';
	if (slice_search(data, SLICE("later")) >= 0)
		return 't';
	if (slice_search(data, SLICE("secret")) >= 0)
		return 'd';
	return 'p';
}

static void on_sasl_start(void *owner, struct slice mechanism, struct slice data)
{
	struct rig *r = owner;
	buf_printf(&r->log, "sasl %.*s %zu\n", SLICE_ARG(mechanism), data.n);
	r->verdict = slice_eq(mechanism, SLICE("LOGIN")) ? 'c' : sasl_verdict(data);
	ask(r, 's');
}

static void on_sasl_step(void *owner, struct slice data)
{
	struct rig *r = owner;
	buf_printf(&r->log, "step %zu\n", data.n);
	r->verdict = sasl_verdict(data);
	ask(r, 's');
}

static void on_sasl_cancel(void *owner)
{
	buf_append_str(&((struct rig *)owner)->log, "cancel\n");
}

static bool on_client(void *owner, struct slice address)
{
	struct rig *r = owner;
	buf_printf(&r->log, "client %.*s\n", SLICE_ARG(address));
	return !r->crowded;
}

static void on_not_believed(void *owner, struct slice how)
{
	buf_printf(&((struct rig *)owner)->log, "not believed %.*s\n", SLICE_ARG(how));
}

static void on_mail(void *owner, const struct smtp_mail *mail)
{
	struct rig *r = owner;
	buf_printf(&r->log, "mail <%.*s> size=%llu body=%d utf8=%d ret=%.*s envid=%.*s auth=%.*s\n", SLICE_ARG(mail->path.address),
	           (unsigned long long)mail->size, (int)mail->body, mail->smtputf8, SLICE_ARG(mail->ret), SLICE_ARG(mail->envid),
	           SLICE_ARG(mail->auth));
	r->verdict = verdict_of(&mail->path);
	r->accepted = 0;
	buf_clear(&r->message);
	ask(r, 'm');
}

static void on_rcpt(void *owner, uint32_t token, const struct smtp_rcpt *rcpt)
{
	struct rig *r = owner;
	buf_printf(&r->log, "rcpt <%.*s> notify=%.*s orcpt=%.*s\n", SLICE_ARG(rcpt->path.address), SLICE_ARG(rcpt->notify),
	 SLICE_ARG(rcpt->orcpt));
	char verdict = verdict_of(&rcpt->path);
	if (r->answers == RIG_AT_ONCE) {
		answer_rcpt(r, token, verdict);
		return;
	}
	ENSURE(r->rcpt_count < ARRAY_LEN(r->rcpt));
	r->rcpt[r->rcpt_count].token = token;
	r->rcpt[r->rcpt_count++].verdict = verdict;
}

static void on_data_begin(void *owner, uint64_t size_hint)
{
	struct rig *r = owner;
	buf_printf(&r->log, "begin %llu\n", (unsigned long long)size_hint);
	ask(r, 'b');
}

static void on_data(void *owner, struct slice bytes)
{
	struct rig *r = owner;
	buf_append(&r->message, bytes);
	if (r->verdict == 'c')
		smtp_server_data_refuse(r->server, &storage);
}

static void on_data_end(void *owner)
{
	struct rig *r = owner;
	buf_printf(&r->log, "end %.*s as %.*s\n", SLICE_ARG(buf_slice(&r->message)), SLICE_ARG(smtp_server_protocol(r->server)));
	ask(r, 'e');
}

static void on_reset(void *owner)
{
	struct rig *r = owner;
	r->rcpt_count = 0;
	buf_append_str(&r->log, "reset\n");
}

static void on_ended(void *owner, enum smtp_server_end why)
{
	struct rig *r = owner;
	r->ended = true;
	r->why = why;
	buf_append_str(&r->log, why == SMTP_SERVER_QUIT ? "quit\n" : "refused\n");
}

static void on_ready(void *owner)
{
	((struct rig *)owner)->woken = true;
}

static const struct smtp_server_events events = {
	.starttls = on_starttls, .sasl_start = on_sasl_start, .sasl_step = on_sasl_step, .sasl_cancel = on_sasl_cancel, .client = on_client,
	.not_believed = on_not_believed, .mail = on_mail,
	.rcpt = on_rcpt, .data_begin = on_data_begin, .data = on_data, .data_end = on_data_end, .reset = on_reset, .ended = on_ended,
	.ready = on_ready,
};

/* Answers one round of questions; true when there were any. */
static bool answer_some(struct rig *r)
{
	char what = r->pending;
	unsigned count = r->rcpt_count;
	r->rcpt_count = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned at = r->answers == RIG_LATER_REVERSED ? count - 1 - i : i;
		answer_rcpt(r, r->rcpt[at].token, r->rcpt[at].verdict);
	}
	if (what == 'm')
		answer_mail(r);
	else if (what == 'b')
		answer_begin(r);
	else if (what == 'e')
		answer_end(r);
	else if (what == 's')
		answer_sasl(r);
	return what != 0 || count > 0;
}

void rig_settle(struct rig *r)
{
	do {
		smtp_server_pump(r->server, &r->in, &r->out);
	} while (answer_some(r));
	if (r->tls && !r->manual_tls) {
		r->tls = false;
		smtp_server_secured(r->server);
	}
}

void rig_open(struct rig *r, const struct smtp_server_settings *settings, enum rig_answers answers)
{
	*r = (struct rig){.answers = answers, .lmtp = settings->lmtp};
	r->in = BUF_INIT(1u << 22);
	r->out = BUF_INIT(1u << 22);
	r->log = BUF_INIT(1u << 22);
	r->message = BUF_INIT(1u << 22);
	r->server = smtp_server_create(settings, &events, r);
	rig_settle(r);
}

void rig_close(struct rig *r)
{
	smtp_server_destroy(&r->server);
	buf_free(&r->in);
	buf_free(&r->out);
	buf_free(&r->log);
	buf_free(&r->message);
}

void rig_feed(struct rig *r, struct slice bytes)
{
	buf_append(&r->in, bytes);
	rig_settle(r);
}
