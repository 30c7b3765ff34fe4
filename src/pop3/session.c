#include "base/ensure.h"
#include "base/memory.h"
#include "pop3/line.h"
#include "pop3/session.h"

#define MAGIC 0x70337373u
#define READ_CHUNK 65536

enum state { STARTING, READY, LISTING, SENDING, CLOSING };

struct message {
	uint32_t uid;
	bool deleted;
	uint64_t size;
};

/* One command's answer that does not fit the output at once. */
struct sending {
	uint32_t uid;
	uint64_t offset, size;
	bool in_body, limited;  /* TOP: header, then `lines_left` lines of the body */
	uint64_t lines_left;
	bool line_start;        /* the last byte sent ended a line: a dot here is doubled */
	bool after_cr;
	uint64_t line_length;   /* of the line so far, to see the empty line */
};

struct pop3_session {
	uint32_t magic;
	struct account *account;
	const struct pop3_session_callbacks *callbacks;
	void *owner;
	enum state state;
	bool caught_up, orphaned, utf8;
	bool listing_uids;
	size_t listing_at;
	struct mailbox_ref inbox;
	uint32_t uid_validity;
	struct message *messages;
	size_t count, capacity;
	struct sending sending;
	struct buf chunk;
	unsigned bad;
};

struct pop3_session *pop3_session_create(struct account *account, const struct pop3_session_callbacks *callbacks, void *owner)
{
	struct pop3_session *s = memory_alloc(sizeof *s);

	s->magic = MAGIC;
	s->account = account;
	s->callbacks = callbacks;
	s->owner = owner;
	buf_init(&s->chunk, READ_CHUNK);
	return s;
}

static void session_free(struct pop3_session *s)
{
	memory_free(s->messages);
	buf_free(&s->chunk);
	memory_free(s);
}

void pop3_session_destroy(struct pop3_session **session)
{
	struct pop3_session *s = *session;

	if (s == NULL)
		return;
	*session = NULL;
	/* The account still owes us a call of caught_up; it frees then. */
	if (s->state == STARTING && !s->caught_up)
		s->orphaned = true;
	else
		session_free(s);
}

static void caught_up(void *arg)
{
	struct pop3_session *s = arg;

	ENSURE_MAGIC(s, MAGIC);
	s->caught_up = true;
	if (s->orphaned)
		session_free(s);
	else
		s->callbacks->wake(s->owner);
}

void pop3_session_hello(struct pop3_session *s, bool utf8)
{
	s->utf8 = utf8;
	s->account->ops->catch_up(s->account, caught_up, s);
}

static int add_message(void *arg, const struct message_row *row)
{
	struct pop3_session *s = arg;

	if (s->count >= POP3_MESSAGES_MAX)
		return 1;
	if (s->count == s->capacity) {
		s->capacity = s->capacity > 0 ? s->capacity * 2 : 64;
		s->messages = memory_grow(s->messages, s->capacity * sizeof *s->messages);
	}
	s->messages[s->count++] = (struct message){.uid = row->uid, .size = row->size};
	return 0;
}

static void begin(struct pop3_session *s, struct buf *out)
{
	const struct account_ops *ops = s->account->ops;
	struct mailbox_status status;
	struct error err = {0};

	if (ops->find(s->account, SLICE("INBOX"), &s->inbox, &err) < 0 || ops->status(s->account, &s->inbox, &status, &err) < 0 ||
	    ops->messages(s->account, &s->inbox, 1, UINT32_MAX, 0, add_message, s, &err) < 0) {
		pop3_session_bye(s, "The mailbox cannot be opened now", out);
		return;
	}
	s->uid_validity = status.uid_validity;
	s->state = READY;
	buf_printf(out, "+OK %zu messages\r\n", s->count);
}

void pop3_session_bye(struct pop3_session *s, const char *text, struct buf *out)
{
	if (s->state != SENDING && s->state != LISTING)
		pop3_err(out, "SYS/TEMP", text);
	s->state = CLOSING;
}

static void command_bad(struct pop3_session *s, const char *text, struct buf *out)
{
	pop3_err(out, NULL, text);
	if (++s->bad >= POP3_BAD_MAX)
		s->state = CLOSING;
}

/* The message that a number names, unless it is deleted: RFC 1939 5. */
static struct message *message_of(struct pop3_session *s, struct slice number, struct buf *out)
{
	uint32_t n;

	if (slice_to_u32(slice_trim(number), &n) < 0 || n == 0 || n > s->count || s->messages[n - 1].deleted) {
		command_bad(s, "No such message", out);
		return NULL;
	}
	return &s->messages[n - 1];
}

static void command_stat(struct pop3_session *s, struct slice argument, struct buf *out)
{
	uint64_t size = 0;
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		if (!s->messages[i].deleted) {
			size += s->messages[i].size;
			count++;
		}
	buf_printf(out, "+OK %zu %llu\r\n", count, (unsigned long long)size);
}

static void print_entry(const struct pop3_session *s, const struct message *m, bool uids, struct buf *out)
{
	if (uids)
		buf_printf(out, "%zu %u.%u\r\n", (size_t)(m - s->messages) + 1, s->uid_validity, m->uid);
	else
		buf_printf(out, "%zu %llu\r\n", (size_t)(m - s->messages) + 1, (unsigned long long)m->size);
}

static void list(struct pop3_session *s, struct slice argument, bool uids, struct buf *out)
{
	if (argument.n > 0) {
		const struct message *m = message_of(s, argument, out);

		if (m != NULL) {
			buf_append_str(out, "+OK ");
			print_entry(s, m, uids, out);
		}
		return;
	}
	pop3_ok(out, "List follows");
	s->state = LISTING;
	s->listing_uids = uids;
	s->listing_at = 0;
}

static void command_list(struct pop3_session *s, struct slice argument, struct buf *out)
{
	list(s, argument, false, out);
}

static void command_uidl(struct pop3_session *s, struct slice argument, struct buf *out)
{
	list(s, argument, true, out);
}

static void produce_list(struct pop3_session *s, struct buf *out)
{
	for (; s->listing_at < s->count && buf_len(out) < POP3_OUTPUT_HIGH; s->listing_at++)
		if (!s->messages[s->listing_at].deleted)
			print_entry(s, &s->messages[s->listing_at], s->listing_uids, out);
	if (s->listing_at == s->count) {
		buf_append_str(out, ".\r\n");
		s->state = READY;
	}
}

/* Reads the first piece before the +OK, so that a message that cannot be read is an error and not half an answer. */
static void start_sending(struct pop3_session *s, const struct message *m, bool limited, uint64_t lines, struct buf *out)
{
	struct error err = {0};
	int result;

	buf_clear(&s->chunk);
	/* How far the lines of TOP reach is not known before: with any it counts as the whole message. */
	if (s->account->ops->give != NULL && (!limited || lines > 0)
	    && s->account->ops->give(s->account, &s->inbox, m->uid, 0, m->size, &err) < 0) {
		pop3_err(out, "SYS/PERM", "This session may not take the message");
		return;
	}
	result = m->size > READ_CHUNK ? s->account->ops->check(s->account, &s->inbox, m->uid, &err) : 0;
	if (result == 0)
		result = s->account->ops->read(s->account, &s->inbox, m->uid, 0, READ_CHUNK, &s->chunk, &err);
	if (result < 0) {
		pop3_err(out, result == ERR_NOT_FOUND ? NULL : "SYS/TEMP", "The message cannot be read");
		return;
	}
	s->sending = (struct sending){.uid = m->uid, .size = m->size, .limited = limited, .lines_left = lines, .line_start = true};
	s->state = SENDING;
	buf_printf(out, "+OK %llu octets\r\n", (unsigned long long)m->size);
}

static void command_retr(struct pop3_session *s, struct slice argument, struct buf *out)
{
	const struct message *m = message_of(s, argument, out);

	if (m != NULL)
		start_sending(s, m, false, 0, out);
}

static void command_top(struct pop3_session *s, struct slice argument, struct buf *out)
{
	ptrdiff_t space = slice_find(argument, ' ');
	const struct message *m;
	uint64_t lines;

	if (space < 0 || slice_to_u64(slice_trim(slice_from(argument, (size_t)space)), &lines) < 0) {
		command_bad(s, "TOP needs a message and a number of lines", out);
		return;
	}
	m = message_of(s, slice_sub(argument, 0, (size_t)space), out);
	if (m != NULL)
		start_sending(s, m, true, lines, out);
}

/* How many bytes of `bytes` (the start of a line or its rest) belong to the answer; sets *end when TOP has its lines. */
static size_t take_line(struct sending *t, struct slice bytes, bool *end)
{
	ptrdiff_t newline = slice_find(bytes, '\n');
	size_t n = newline < 0 ? bytes.n : (size_t)newline + 1;

	*end = t->limited && t->in_body && t->lines_left == 0;
	if (*end)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (bytes.p[i] != '\r' && bytes.p[i] != '\n')
			t->line_length++;
	if (newline >= 0) {
		if (t->in_body && t->lines_left > 0)
			t->lines_left--;
		if (t->line_length == 0)
			t->in_body = true;
		t->line_length = 0;
	}
	return n;
}

/* Byte-stuffs (RFC 1939 3) and makes every line end CRLF. Returns false when TOP has all its lines. */
static bool send_bytes(struct sending *t, struct slice bytes, struct buf *out)
{
	while (bytes.n > 0) {
		bool end;
		size_t n = take_line(t, bytes, &end);
		struct slice line = slice_sub(bytes, 0, n);
		bool complete = n > 0 && line.p[n - 1] == '\n';

		if (end)
			return false;
		if (t->line_start && line.p[0] == '.')
			buf_append_byte(out, '.');
		if (complete && !(n > 1 ? line.p[n - 2] == '\r' : t->after_cr)) {
			line.n--;
			buf_append(out, line);
			buf_append_str(out, "\r\n");
		} else {
			buf_append(out, line);
		}
		t->line_start = complete;
		t->after_cr = n > 0 && bytes.p[n - 1] == '\r';
		bytes = slice_from(bytes, n);
	}
	return true;
}

static void end_sending(struct pop3_session *s, struct buf *out)
{
	buf_append_str(out, s->sending.line_start ? ".\r\n" : "\r\n.\r\n");
	buf_free(&s->chunk);
	s->state = READY;
}

static void produce_message(struct pop3_session *s, struct buf *out)
{
	struct sending *t = &s->sending;
	struct error err = {0};

	while (s->state == SENDING && buf_len(out) < POP3_OUTPUT_HIGH) {
		if (buf_len(&s->chunk) == 0 && t->offset < t->size &&
		    s->account->ops->read(s->account, &s->inbox, t->uid, t->offset, READ_CHUNK, &s->chunk, &err) < 0) {
			/* The answer has begun: only a closed connection can tell that it is incomplete. */
			s->state = CLOSING;
			return;
		}
		if (buf_len(&s->chunk) == 0) {
			end_sending(s, out);
			return;
		}
		t->offset += buf_len(&s->chunk);
		if (!send_bytes(t, buf_slice(&s->chunk), out)) {
			end_sending(s, out);
			return;
		}
		buf_clear(&s->chunk);
	}
}

static void command_dele(struct pop3_session *s, struct slice argument, struct buf *out)
{
	struct message *m = message_of(s, argument, out);

	if (m == NULL)
		return;
	if ((s->account->refuses & (ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE)) != 0) {
		pop3_err(out, "SYS/PERM", "This session may not delete");
		return;
	}
	m->deleted = true;
	pop3_ok(out, "Marked for deletion");
}

static void command_noop(struct pop3_session *s, struct slice argument, struct buf *out)
{
	pop3_ok(out, "Nothing done");
}

static void command_rset(struct pop3_session *s, struct slice argument, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++)
		s->messages[i].deleted = false;
	pop3_ok(out, "No message is marked any more");
}

static void command_capa(struct pop3_session *s, struct slice argument, struct buf *out)
{
	pop3_capa(out, &(struct pop3_capabilities){0});
}

static void command_utf8(struct pop3_session *s, struct slice argument, struct buf *out)
{
	/* RFC 6856 2.1: only before login. */
	command_bad(s, "UTF8 is for before login", out);
}

/* The UPDATE state, RFC 1939 6: the +OK means that the deletion is durable. */
static void command_quit(struct pop3_session *s, struct slice argument, struct buf *out)
{
	struct uid_set gone = {0}, expunged = {0};
	struct error err = {0};
	int result = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->messages[i].deleted)
			uid_set_add(&gone, s->messages[i].uid);
	if (gone.count > 0)
		result = s->account->ops->expunge(s->account, &s->inbox, &gone, true, &expunged, &err);
	if (result < 0)
		pop3_err(out, "SYS/TEMP", "Some messages were not deleted");
	else
		pop3_ok(out, "Bye");
	uid_set_free(&gone);
	uid_set_free(&expunged);
	s->state = CLOSING;
}

static const struct {
	struct slice verb;
	void (*run)(struct pop3_session *s, struct slice argument, struct buf *out);
} commands[] = {
	{SLICE_INIT("STAT"), command_stat}, {SLICE_INIT("LIST"), command_list}, {SLICE_INIT("RETR"), command_retr},
	{SLICE_INIT("DELE"), command_dele}, {SLICE_INIT("NOOP"), command_noop}, {SLICE_INIT("RSET"), command_rset},
	{SLICE_INIT("TOP"), command_top},   {SLICE_INIT("UIDL"), command_uidl}, {SLICE_INIT("CAPA"), command_capa},
	{SLICE_INIT("UTF8"), command_utf8}, {SLICE_INIT("QUIT"), command_quit},
};

static void run_command(struct pop3_session *s, const struct pop3_command *c, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq_nocase(c->verb, commands[i].verb)) {
			commands[i].run(s, c->argument, out);
			return;
		}
	command_bad(s, "Unknown command", out);
}

/* One step; false when it can go no further now. */
static bool step(struct pop3_session *s, struct buf *in, struct buf *out)
{
	struct pop3_command c;
	enum pop3_line found;

	switch (s->state) {
	case STARTING:
		if (s->caught_up)
			begin(s, out);
		return s->state != STARTING;
	case LISTING:
		produce_list(s, out);
		return true;
	case SENDING:
		produce_message(s, out);
		return true;
	case READY:
		found = pop3_line_parse(buf_slice(in), &c);
		if (found == POP3_LINE_TOO_LONG)
			pop3_session_bye(s, "Line too long", out);
		if (found != POP3_LINE_READY)
			return false;
		run_command(s, &c, out);
		buf_consume(in, c.length);
		return true;
	case CLOSING:
		break;
	}
	return false;
}

void pop3_session_run(struct pop3_session *s, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(s, MAGIC);
	while (buf_len(out) < POP3_OUTPUT_HIGH && step(s, in, out))
		;
}

bool pop3_session_hungry(const struct pop3_session *s)
{
	return s->state == LISTING || s->state == SENDING;
}

bool pop3_session_closing(const struct pop3_session *s)
{
	return s->state == CLOSING;
}
