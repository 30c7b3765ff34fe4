#include "imap/session.h"

#include <string.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "imap/session_internal.h"

/* catch_up answers later, maybe after the session is gone: it answers to this. */
struct imap_waiter {
	struct imap_session *session; /* NULL: destroyed meanwhile */
};

static void changed(struct account_listener *listener, const struct mailbox_ref *mailbox)
{
	struct imap_session *s = CONTAINER_OF(listener, struct imap_session, listener);

	if (!s->view.open || (mailbox != NULL && memcmp(mailbox, &s->view.mailbox, sizeof *mailbox) != 0))
		return;
	s->view.dirty = true;
	if (s->phase == PHASE_IDLE)
		imap_session_wake(s);
}

struct imap_session *imap_session_create(struct account *account, const struct imap_session_settings *settings,
                                         const struct imap_session_callbacks *callbacks, void *owner)
{
	struct imap_session *s = memory_alloc(sizeof *s);

	*s = (struct imap_session){
		.magic = SESSION_MAGIC, .account = account, .settings = *settings, .callbacks = *callbacks, .owner = owner,
		.listener.changed = changed,
	};
	if (s->settings.append_limit == 0)
		s->settings.append_limit = IMAP_APPEND_DEFAULT;
	imap_framer_init(&s->framer);
	account->ops->listen(account, &s->listener);
	return s;
}

static void end_command(struct imap_session *s)
{
	if (s->cmd.cleanup != NULL)
		s->cmd.cleanup(s->cmd.args);
	arena_reset(&s->cmd.arena);
	struct arena arena = s->cmd.arena;
	s->cmd = (struct imap_running){.arena = arena};
}

void imap_session_destroy(struct imap_session **session)
{
	struct imap_session *s = *session;

	if (s == NULL)
		return;
	ENSURE_MAGIC(s, SESSION_MAGIC);
	s->account->ops->unlisten(s->account, &s->listener);
	imap_append_drop(s);
	if (s->waiter != NULL)
		s->waiter->session = NULL;
	end_command(s);
	arena_free(&s->cmd.arena);
	imap_view_close(s);
	s->magic = 0;
	memory_free(s);
	*session = NULL;
}

bool imap_output_full(const struct imap_session *s)
{
	return buf_len(s->out) >= IMAP_OUTPUT_HIGH;
}

void imap_session_wake(struct imap_session *s)
{
	if (s->inside)
		s->wake_wanted = true;
	else
		s->callbacks.wake(s->owner);
}

void imap_session_resume(struct imap_session *s)
{
	if (s->phase == PHASE_WAITING)
		s->phase = PHASE_RUNNING;
	imap_session_wake(s);
}

void imap_reply(struct imap_session *s, const char *status, struct slice code, const char *text)
{
	s->cmd.status = status;
	s->cmd.code = code;
	s->cmd.text = text;
}

void imap_reply_error(struct imap_session *s, int code)
{
	static const struct {
		int code;
		struct slice response;
		const char *text;
	} table[] = {
		{ERR_NOT_FOUND, SLICE_INIT("NONEXISTENT"), "No such mailbox"},
		{ERR_EXISTS, SLICE_INIT("ALREADYEXISTS"), "The mailbox exists already"},
		{ERR_DENIED, SLICE_INIT("NOPERM"), "Not permitted"},
		{ERR_INVALID, SLICE_INIT("CANNOT"), "Not possible"},
		{ERR_LIMIT, SLICE_INIT("LIMIT"), "A limit would be passed"},
		{ERR_NO_SPACE, SLICE_INIT("OVERQUOTA"), "No room left"},
		{ERR_DAMAGED, SLICE_INIT("CORRUPTION"), "Stored data is damaged"},
		{ERR_CONFLICT, SLICE_INIT("INUSE"), "Changed meanwhile, try again"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].code == code) {
			imap_reply(s, "NO", table[i].response, table[i].text);
			return;
		}
	}
	imap_reply(s, "NO", SLICE("UNAVAILABLE"), "Try again later");
}

void imap_write_tagged(struct imap_session *s, const char *status, struct slice code, const char *text)
{
	if (s->cmd.tag_length > 0)
		buf_append_bytes(s->out, s->cmd.tag, s->cmd.tag_length);
	else
		buf_append_byte(s->out, '*');
	buf_append_byte(s->out, ' ');
	buf_append_str(s->out, status);
	if (code.n > 0) {
		buf_append_str(s->out, " [");
		buf_append(s->out, code);
		buf_append_byte(s->out, ']');
	}
	buf_append_byte(s->out, ' ');
	buf_append_str(s->out, text);
	buf_append_str(s->out, "\r\n");
}

void imap_session_bye(struct imap_session *s, const char *text, struct buf *out)
{
	if (s->phase == PHASE_CLOSING)
		return;
	buf_append_str(out, "* BYE ");
	buf_append_str(out, text);
	buf_append_str(out, "\r\n");
	s->phase = PHASE_CLOSING;
}

void imap_session_hello(struct imap_session *s, struct slice tag, struct buf *out)
{
	buf_append(out, tag.n > 0 ? tag : SLICE("*"));
	buf_append_str(out, tag.n > 0 ? " OK [" : " PREAUTH [");
	imap_capabilities(s, out);
	buf_append_str(out, "] Logged in\r\n");
}

/* Updates, then the tagged answer. */
static void finish_command(struct imap_session *s)
{
	const struct imap_command *row = s->cmd.row;

	ENSURE(s->cmd.status != NULL);
	if ((row->flags & CMD_QUIET) == 0)
		imap_view_sync(s, (row->flags & CMD_SEQUENCE) == 0 || s->cmd.uid);
	imap_write_tagged(s, s->cmd.status, s->cmd.code, s->cmd.text);
	if (s->phase != PHASE_CLOSING)
		s->phase = PHASE_READY;
	end_command(s);
}

static void refuse_bad(struct imap_session *s, const char *text)
{
	imap_write_tagged(s, "BAD", SLICE_NONE, text != NULL ? text : "Malformed command");
	if (s->phase != PHASE_CLOSING)
		s->phase = PHASE_READY;
	end_command(s);
	if (++s->bad >= IMAP_BAD_MAX)
		imap_session_bye(s, "Too many bad commands", s->out);
}

static void caught_up(void *arg)
{
	struct imap_waiter *waiter = arg;
	struct imap_session *s = waiter->session;

	memory_free(waiter);
	if (s == NULL)
		return;
	s->waiter = NULL;
	s->caught_up = true;
	imap_session_resume(s);
}

static bool must_catch_up(struct imap_session *s)
{
	if ((s->cmd.row->flags & CMD_CATCH_UP) == 0 || s->caught_up)
		return false;
	s->waiter = memory_alloc(sizeof *s->waiter);
	s->waiter->session = s;
	s->phase = PHASE_WAITING;
	s->account->ops->catch_up(s->account, caught_up, s->waiter);
	return true;
}

static bool find_command(struct imap_session *s, struct imap_parser *p)
{
	struct slice name;

	if (!imap_parse_atom(p, &name))
		return imap_parse_fail(p, "Expected a command");
	if (slice_eq_nocase(name, SLICE("UID"))) {
		s->cmd.uid = true;
		if (!imap_parse_space(p) || !imap_parse_atom(p, &name))
			return false;
	}
	s->cmd.row = imap_command_find(name);
	if (s->cmd.row == NULL)
		return imap_parse_fail(p, "Unknown command");
	if (s->cmd.uid && (s->cmd.row->flags & CMD_UID) == 0)
		return imap_parse_fail(p, "No such UID command");
	if ((s->cmd.row->states & (s->view.open ? STATE_SELECTED : STATE_AUTH)) == 0)
		return imap_parse_fail(p, "No mailbox is selected");
	return true;
}

static bool begin_command(struct imap_session *s, struct imap_parser *p)
{
	struct slice tag;

	if (!imap_parse_tag(p, &tag))
		return false;
	memcpy(s->cmd.tag, tag.p, tag.n);
	s->cmd.tag_length = (uint8_t)tag.n;
	return imap_parse_space(p) && find_command(s, p);
}

static struct imap_parser make_parser(struct imap_session *s, struct slice frame)
{
	bool utf8 = (s->enabled & (ENABLED_UTF8 | ENABLED_REV2)) != 0;

	return (struct imap_parser){.in = frame, .arena = &s->cmd.arena, .utf8 = utf8, .net_utf8_names = utf8};
}

static void start_command(struct imap_session *s, struct slice frame)
{
	struct imap_parser p = make_parser(s, frame);

	if (!begin_command(s, &p) || (s->cmd.row->check == NULL ? !imap_parse_end(&p) : !s->cmd.row->check(s, &p))) {
		refuse_bad(s, p.problem);
		return;
	}
	s->bad = 0;
	s->phase = PHASE_RUNNING;
	must_catch_up(s);
}

/* A piece that ends in the announcement of a message: the begin of an APPEND or a further message of it. */
static void start_message(struct imap_session *s, struct slice frame)
{
	struct imap_parser p = make_parser(s, frame);

	if (s->phase == PHASE_READY && !begin_command(s, &p)) {
		bool swallow = s->framer.non_sync;
		refuse_bad(s, p.problem);
		if (swallow)
			imap_session_bye(s, "Cannot go on behind a malformed command", s->out);
		return;
	}
	imap_append_message(s, p.in);
}

static void refuse_too_big(struct imap_session *s, struct slice frame)
{
	struct imap_parser p = make_parser(s, frame);
	bool swallow = s->framer.non_sync;

	begin_command(s, &p);
	imap_write_tagged(s, "BAD", SLICE("TOOBIG"), "Literal too large");
	end_command(s);
	if (swallow)
		imap_session_bye(s, "Literal too large", s->out);
}

/* Takes the framed piece out of the input, copied to the arena of the command. */
static struct slice take_frame(struct imap_session *s, struct buf *in)
{
	struct slice frame = arena_dup(&s->cmd.arena, slice_sub(buf_slice(in), 0, s->framer.length));

	buf_consume(in, s->framer.length);
	return frame;
}

/* True: go on. */
static bool take_command(struct imap_session *s, struct buf *in)
{
	enum imap_frame_result result = imap_frame(&s->framer, buf_slice(in));

	switch (result) {
	case IMAP_FRAME_MORE:
		return false;
	case IMAP_FRAME_CONTINUE:
		buf_append_str(s->out, "+ OK\r\n");
		return true;
	case IMAP_FRAME_TOO_LONG:
		buf_append_str(s->out, "* BAD Command too long\r\n");
		imap_session_bye(s, "Goodbye", s->out);
		return false;
	case IMAP_FRAME_COMPLETE:
	case IMAP_FRAME_MESSAGE:
	case IMAP_FRAME_TOO_BIG:
		break;
	}
	struct slice frame = take_frame(s, in);
	if (result == IMAP_FRAME_TOO_BIG)
		refuse_too_big(s, frame);
	else if (result == IMAP_FRAME_MESSAGE)
		start_message(s, frame);
	else if (s->phase == PHASE_APPEND)
		imap_append_end(s, frame);
	else
		start_command(s, frame);
	imap_frame_next(&s->framer);
	return true;
}

static void run_command(struct imap_session *s)
{
	switch (s->cmd.row->proceed(s)) {
	case STEP_DONE:
		finish_command(s);
		break;
	case STEP_MORE:
		break;
	case STEP_WAIT:
		if (s->phase == PHASE_RUNNING)
			s->phase = PHASE_WAITING;
		break;
	}
}

/* RFC 9051 6.3.13: any line that is not DONE ends it too, with BAD. */
static bool idle(struct imap_session *s, struct buf *in)
{
	ptrdiff_t lf = slice_find(buf_slice(in), '\n');

	imap_view_sync(s, true);
	if (s->phase == PHASE_CLOSING)
		return false;
	if (lf < 0) {
		if (buf_len(in) > 64)
			imap_session_bye(s, "Expected DONE", s->out);
		return false;
	}
	bool done = slice_eq_nocase(slice_trim(slice_sub(buf_slice(in), 0, (size_t)lf)), SLICE("DONE"));
	buf_consume(in, (size_t)lf + 1);
	if (done)
		finish_command(s);
	else
		refuse_bad(s, "Expected DONE");
	return true;
}

static bool step(struct imap_session *s, struct buf *in)
{
	switch (s->phase) {
	case PHASE_READY:
	case PHASE_APPEND:
		return take_command(s, in);
	case PHASE_RUNNING:
		run_command(s);
		return true;
	case PHASE_LITERAL:
		if (buf_len(in) == 0)
			return false;
		imap_append_bytes(s, in);
		return true;
	case PHASE_IDLE:
		return idle(s, in);
	case PHASE_WAITING:
		return false;
	case PHASE_CLOSING:
		buf_consume(in, buf_len(in));
		return false;
	}
	return false;
}

void imap_session_run(struct imap_session *s, struct buf *in, struct buf *out, struct moment now)
{
	size_t max = out->max;

	ENSURE_MAGIC(s, SESSION_MAGIC);
	s->out = out;
	s->now = now;
	s->inside = true;
	if (max < IMAP_RESPONSE_MAX)
		out->max = IMAP_RESPONSE_MAX;
	while ((s->hungry = imap_output_full(s)) == false && step(s, in))
		;
	if (out->failed)
		s->phase = PHASE_CLOSING;
	s->hungry = s->hungry && s->phase != PHASE_CLOSING;
	out->max = max;
	s->out = NULL;
	s->inside = false;
	if (s->wake_wanted) {
		s->wake_wanted = false;
		s->callbacks.wake(s->owner);
	}
}

bool imap_session_hungry(const struct imap_session *s)
{
	return s->hungry;
}

bool imap_session_closing(const struct imap_session *s)
{
	return s->phase == PHASE_CLOSING;
}

int64_t imap_session_idle_limit(const struct imap_session *s)
{
	if (s->phase == PHASE_WAITING)
		return 0;
	return s->phase == PHASE_IDLE ? IMAP_IDLE_KEEPALIVE_MS : IMAP_IDLE_MS;
}

bool imap_session_timeout(struct imap_session *s, struct buf *out, struct moment now)
{
	s->now = now;
	if (s->phase == PHASE_IDLE)
		buf_append_str(out, "* OK Still here\r\n");
	else
		imap_session_bye(s, "Idle for too long", out);
	return s->phase != PHASE_CLOSING;
}

