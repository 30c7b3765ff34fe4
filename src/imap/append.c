/* APPEND: RFC 9051 6.3.12, MULTIAPPEND RFC 3502, BINARY RFC 3516 4.4, UTF8 RFC 6855 4, APPENDLIMIT RFC 7889, UIDPLUS. */
#include "base/ensure.h"
#include "base/memory.h"
#include "imap/session_internal.h"

/* Outlives the session while the account still works on it. */
struct imap_append {
	struct imap_session *session;  /* NULL: destroyed meanwhile */
	struct imap_session_callbacks callbacks;
	void *owner;
	struct mailbox_ref mailbox;
	struct append_input *inputs;
	size_t count, answered;
	uint64_t left;                 /* bytes of the current literal */
	bool sinking;                  /* literal_begin was answered well and neither end nor abort was called */
	bool utf8_paren;               /* "UTF8 (" is open */
	bool started;                  /* the account has it */
	int failure;                   /* why it will be refused; 0: not yet */
	const char *problem;           /* malformed: BAD at the end */
	enum error_code code;
	uint32_t uid_validity;
	struct uid_set uids;
};

static void append_free(struct imap_append *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->inputs[i].fd >= 0)
			a->callbacks.literal_close(a->owner, a->inputs[i].fd);
	}
	memory_free(a->inputs);
	uid_set_free(&a->uids);
	memory_free(a);
}

static void stop_sink(struct imap_append *a)
{
	if (a->sinking)
		a->callbacks.literal_abort(a->owner);
	a->sinking = false;
}

void imap_append_drop(struct imap_session *s)
{
	struct imap_append *a = s->append;

	s->append = NULL;
	if (a == NULL)
		return;
	stop_sink(a);
	if (!a->started || a->answered == a->count) {
		append_free(a);
		return;
	}
	a->session = NULL;
	a->owner = NULL;
}

static struct imap_append *append_begin(struct imap_session *s)
{
	struct imap_append *a = memory_alloc(sizeof *a);

	*a = (struct imap_append){.session = s, .callbacks = s->callbacks, .owner = s->owner};
	s->append = a;
	return a;
}

/* [SP flag-list] [SP date-time] SP literal, with the literal possibly in UTF8 (...). */
static bool parse_options(struct imap_session *s, struct imap_parser *p, struct imap_append *a, struct append_input *input)
{
	struct imap_flag_list flags = {0};

	input->internal_date = moment_unix(s->now);
	if (!imap_parse_space(p))
		return false;
	if (imap_peek(p, '(') && (!imap_parse_flag_list(p, &flags) || !imap_parse_space(p)))
		return false;
	if (imap_peek(p, '"') && (!imap_parse_date_time(p, &input->internal_date) || !imap_parse_space(p)))
		return false;
	a->utf8_paren = imap_take_word(p, "UTF8");
	if (a->utf8_paren && (!imap_parse_space(p) || !imap_parse_char(p, '(')))
		return false;
	if (a->utf8_paren && (s->enabled & (ENABLED_UTF8 | ENABLED_REV2)) == 0)
		return imap_parse_fail(p, "UTF8=ACCEPT is not enabled");
	if (!imap_peek(p, '{') && !imap_peek(p, '~'))
		return imap_parse_fail(p, "Expected a literal");
	if (a->failure == 0)
		a->failure = imap_flags_resolve(s, &flags, true, &input->flags);
	return true;
}

static int check_size(struct imap_session *s, uint64_t size)
{
	if (size == 0)
		return ERR_INVALID; /* RFC 3502 3: a client that cancels */
	return size > s->settings.append_limit ? ERR_LIMIT : 0;
}

static void reply_failure(struct imap_session *s, const struct imap_append *a)
{
	if (a->problem != NULL)
		IMAP_BAD(s, a->problem);
	else if (a->failure == ERR_NOT_FOUND)
		IMAP_NO(s, "TRYCREATE", "No such mailbox");
	else if (a->failure == ERR_LIMIT)
		IMAP_NO(s, "TOOBIG", "The message is too large or has too many flags");
	else
		imap_reply_error(s, a->failure);
}

/* Answers and forgets; the rest of the command is not expected or was read. */
static void append_refuse(struct imap_session *s)
{
	reply_failure(s, s->append);
	imap_append_drop(s);
	s->framer.in_append = false;
	s->phase = PHASE_RUNNING;
}

static struct append_input *add_input(struct imap_append *a)
{
	a->inputs = memory_grow(a->inputs, (a->count + 1) * sizeof *a->inputs);
	a->inputs[a->count] = (struct append_input){.mailbox = a->mailbox, .fd = -1};
	return &a->inputs[a->count++];
}

static bool parse_paren(struct imap_append *a, struct imap_parser *p)
{
	if (!a->utf8_paren)
		return true;
	a->utf8_paren = false;
	return imap_parse_char(p, ')');
}

static void announce_checks(struct imap_session *s, struct imap_parser *p, bool first)
{
	struct imap_append *a = s->append;
	struct slice name;

	if (first ? !imap_parse_space(p) || !imap_parse_mailbox(p, &name) : !parse_paren(a, p)) {
		a->problem = p->problem;
		return;
	}
	if (first)
		a->failure = (s->account->refuses & ACCOUNT_REFUSES_CHANGE) != 0 ? ERR_DENIED : s->account->ops->find(s->account, name, &a->mailbox, NULL);
	if (a->count == IMAP_MULTIAPPEND_MAX && a->failure == 0)
		a->failure = ERR_LIMIT;
	struct append_input scratch, *input = a->failure == 0 ? add_input(a) : &scratch;
	if (!parse_options(s, p, a, input))
		a->problem = p->problem;
	input->size = s->framer.literal_size;
	if (a->failure == 0)
		a->failure = check_size(s, input->size);
}

void imap_append_message(struct imap_session *s, struct slice piece)
{
	bool first = s->append == NULL, utf8 = (s->enabled & (ENABLED_UTF8 | ENABLED_REV2)) != 0;
	struct imap_append *a = first ? append_begin(s) : s->append;
	struct imap_parser p = {.in = piece, .arena = &s->cmd.arena, .utf8 = utf8, .net_utf8_names = utf8};

	if (a->problem == NULL)
		announce_checks(s, &p, first);
	if (a->failure == 0 && a->problem == NULL) {
		a->failure = s->callbacks.literal_begin(s->owner, s->framer.literal_size);
		a->sinking = a->failure == 0;
	}
	a->left = s->framer.literal_size;
	bool refused = a->failure != 0 || a->problem != NULL;
	if (refused && !s->framer.non_sync) {
		append_refuse(s);
		return;
	}
	if (refused && a->left > IMAP_DISCARD_MAX) {
		imap_session_bye(s, "Literal too large", s->out);
		return;
	}
	if (!s->framer.non_sync)
		buf_append_str(s->out, "+ OK\r\n");
	s->framer.in_append = true;
	s->phase = a->left > 0 ? PHASE_LITERAL : PHASE_APPEND;
}

static void literal_ended(struct imap_session *s)
{
	struct imap_append *a = s->append;

	s->phase = PHASE_APPEND;
	if (!a->sinking)
		return;
	a->sinking = false;
	int fd = s->callbacks.literal_end(s->owner);
	if (fd < 0)
		a->failure = fd;
	else
		a->inputs[a->count - 1].fd = fd;
}

void imap_append_bytes(struct imap_session *s, struct buf *in)
{
	struct imap_append *a = s->append;
	size_t n = buf_len(in) < a->left ? buf_len(in) : (size_t)a->left;

	if (a->sinking) {
		a->failure = s->callbacks.literal_data(s->owner, slice_sub(buf_slice(in), 0, n));
		if (a->failure != 0)
			stop_sink(a);
	}
	buf_consume(in, n);
	a->left -= n;
	if (a->left == 0)
		literal_ended(s);
}

/* The piece behind the last literal. */
void imap_append_end(struct imap_session *s, struct slice piece)
{
	struct imap_append *a = s->append;
	struct imap_parser p = {.in = piece, .arena = &s->cmd.arena};

	s->framer.in_append = false;
	if (a->problem == NULL && (!parse_paren(a, &p) || !imap_parse_end(&p)))
		a->problem = p.problem;
	if (a->failure != 0 || a->problem != NULL)
		append_refuse(s);
	else
		s->phase = PHASE_RUNNING;
}

/* One call per message; the last one brings the answer. */
static void appended(void *arg, enum error_code code, uint32_t uid_validity, uint32_t uid)
{
	struct imap_append *a = arg;

	if (code < 0)
		a->code = code;
	else
		uid_set_add(&a->uids, uid);
	a->uid_validity = uid_validity;
	if (++a->answered < a->count)
		return;
	if (a->session == NULL)
		append_free(a);
	else
		imap_session_resume(a->session);
}

/* Comes here without a message literal only. */
bool imap_check_append(struct imap_session *s, struct imap_parser *p)
{
	return imap_parse_fail(p, "Expected a message literal");
}

static void reply_appended(struct imap_session *s, struct imap_append *a)
{
	struct buf uids = BUF_INIT(65536);

	uid_set_print(&a->uids, &uids);
	imap_reply(s, "OK", arena_printf(&s->cmd.arena, "APPENDUID %u %.*s", a->uid_validity, SLICE_ARG(buf_slice(&uids))), "Appended");
	buf_free(&uids);
}

enum imap_step imap_proceed_append(struct imap_session *s)
{
	struct imap_append *a = s->append;

	if (a == NULL) /* refused: the reply is set */
		return STEP_DONE;
	if (!a->started) {
		a->started = true;
		s->account->ops->append(s->account, a->inputs, a->count, appended, a);
		if (a->answered < a->count)
			return STEP_WAIT;
	}
	if (a->code < 0) {
		a->failure = a->code;
		reply_failure(s, a);
	} else {
		reply_appended(s, a);
	}
	s->view.dirty = true;
	s->append = NULL;
	append_free(a);
	return STEP_DONE;
}
