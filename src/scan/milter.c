/* The milter protocol, version 6, from the side of the mail server: packets of a length, a command and its data; one command at a time. */
#include "base/ensure.h"
#include "base/memory.h"
#include "scan/partner.h"

#define VERSION_OFFERED 6
#define BODY_PIECE 65000u           /* the protocol allows 65,535 bytes */
#define HEADER_NAME_MAX 1000
#define HEADER_VALUE_MAX 60000u     /* of one field, with its folding; what is beyond is not shown */

/* What a milter may ask to do (SMFIF_…): add fields, change fields (which is passed over), quarantine. */
enum { MAY_ADD = 0x01, MAY_CHANGE = 0x10, MAY_QUARANTINE = 0x20, MAY_ALL = MAY_ADD | MAY_CHANGE | MAY_QUARANTINE };
/* Steps that it may do without (SMFIP_NO…), and that it does not answer (SMFIP_NR_…). */
enum {
	NO_CONNECT = 0x01, NO_HELO = 0x02, NO_MAIL = 0x04, NO_RCPT = 0x08, NO_BODY = 0x10, NO_HEADERS = 0x20, NO_EOH = 0x40, NR_HEADERS = 0x80,
	NO_UNKNOWN = 0x100, NO_DATA = 0x200, CAN_SKIP = 0x400, NR_CONNECT = 0x1000, NR_HELO = 0x2000, NR_MAIL = 0x4000, NR_RCPT = 0x8000,
	NR_DATA = 0x10000, NR_UNKNOWN = 0x20000, NR_EOH = 0x40000, NR_BODY = 0x80000, LEADING_SPACE = 0x100000,
	STEPS_OFFERED = NO_CONNECT | NO_HELO | NO_MAIL | NO_RCPT | NO_BODY | NO_HEADERS | NO_EOH | NR_HEADERS | NO_UNKNOWN | NO_DATA | CAN_SKIP |
		NR_CONNECT | NR_HELO | NR_MAIL | NR_RCPT | NR_DATA | NR_UNKNOWN | NR_EOH | NR_BODY | LEADING_SPACE,
};

enum step { STEP_NEGOTIATE, STEP_CONNECT, STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_HEADER, STEP_EOH, STEP_BODY, STEP_END, STEP_COUNT };

/* The command of each step, and the bits by which a milter does without it or does not answer it. */
static const struct { char command; uint32_t without, silent; } steps[STEP_COUNT] = {
	[STEP_NEGOTIATE] = {'O', 0, 0}, [STEP_CONNECT] = {'C', NO_CONNECT, NR_CONNECT}, [STEP_HELO] = {'H', NO_HELO, NR_HELO},
	[STEP_MAIL] = {'M', NO_MAIL, NR_MAIL}, [STEP_RCPT] = {'R', NO_RCPT, NR_RCPT}, [STEP_DATA] = {'T', NO_DATA, NR_DATA},
	[STEP_HEADER] = {'L', NO_HEADERS, NR_HEADERS}, [STEP_EOH] = {'N', NO_EOH, NR_EOH}, [STEP_BODY] = {'B', NO_BODY, NR_BODY}, [STEP_END] = {'E', 0, 0},
};

struct milter_talk {
	struct talk talk;
	const struct partner_letter *letter;
	struct partner_verdict *verdict;
	enum step step;
	bool waits;                       /* for the answer to what was said last */
	uint32_t steps;                   /* what the milter does without */
	size_t recipient, refused;        /* which is next; how many it refused */
	struct slice header, body;        /* not shown yet */
};

static struct milter_talk *of(struct talk *t)
{
	return CONTAINER_OF(t, struct milter_talk, talk);
}

/* ---- what we say ---- */

static void put_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != 0)
			buf_append_byte(out, s.p[i]);
	buf_append_byte(out, 0);
}

static void say_packet(struct buf *out, char command, const struct buf *data)
{
	buf_put_u32(out, (uint32_t)buf_len(data) + 1);
	buf_append_byte(out, (uint8_t)command);
	buf_append(out, buf_slice(data));
}

static void say_macro(struct buf *out, char command, const char *name, struct slice value)
{
	struct buf data = BUF_INIT(2000);
	if (value.n == 0)
		return;
	buf_append_byte(&data, (uint8_t)command);
	put_text(&data, slice_str(name));
	put_text(&data, slice_sub(value, 0, 1000));
	say_packet(out, 'D', &data);
	buf_free(&data);
}

static void put_address(struct buf *out, struct slice address)
{
	buf_append_byte(out, '<');
	buf_append(out, slice_sub(address, 0, 1000));
	buf_append_byte(out, '>');
	buf_append_byte(out, 0);
}

static void put_connect(const struct partner_letter *l, struct buf *data)
{
	bool six = slice_find(l->address, ':') >= 0;
	struct buf name = BUF_INIT(200);
	buf_printf(&name, "[%.*s]", SLICE_ARG(slice_sub(l->address, 0, 100)));
	put_text(data, l->address.n > 0 ? buf_slice(&name) : SLICE("localhost"));
	buf_append_byte(data, l->address.n == 0 ? 'U' : six ? '6' : '4');
	if (l->address.n > 0) {
		buf_put_u16(data, 0);
		put_text(data, slice_sub(l->address, 0, 100));
	}
	buf_free(&name);
}

/* One line of the header with those that continue it; empty at the end. */
static struct slice take_field(struct milter_talk *c)
{
	struct slice s = c->header;
	size_t end = 0;
	do {
		ptrdiff_t line = slice_find(slice_from(s, end), '\n');
		end = line < 0 ? s.n : end + (size_t)line + 1;
	} while (end < s.n && (s.p[end] == ' ' || s.p[end] == '\t'));
	c->header = slice_from(s, end);
	return slice_sub(s, 0, end);
}

static void put_value(struct milter_talk *c, struct slice value, struct buf *data)
{
	while (value.n > 0 && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
		value = slice_sub(value, 0, value.n - 1);
	if ((c->steps & LEADING_SPACE) == 0 && value.n > 0 && value.p[0] == ' ')
		value = slice_from(value, 1);
	value = slice_sub(value, 0, HEADER_VALUE_MAX);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\r' && value.p[i] != 0)
			buf_append_byte(data, value.p[i]);
	buf_append_byte(data, 0);
}

/* The next field, its folding as LF; lines that are none are passed over. False: there is none. */
static bool next_field(struct milter_talk *c, struct buf *data)
{
	while (c->header.n > 0) {
		struct slice field = take_field(c);
		ptrdiff_t colon = slice_find(field, ':');
		if (colon <= 0 || colon > HEADER_NAME_MAX)
			continue;
		put_text(data, slice_sub(field, 0, (size_t)colon));
		put_value(c, slice_from(field, (size_t)colon + 1), data);
		return true;
	}
	return false;
}

static void put_negotiation(struct buf *data)
{
	buf_put_u32(data, VERSION_OFFERED);
	buf_put_u32(data, MAY_ALL);
	buf_put_u32(data, STEPS_OFFERED);
}

/* The data of the step; false: there is nothing more to say in it. */
static bool put_step(struct milter_talk *c, struct buf *out, struct buf *data)
{
	const struct partner_letter *l = c->letter;
	switch (c->step) {
	case STEP_NEGOTIATE:
		put_negotiation(data);
		return true;
	case STEP_CONNECT:
		say_macro(out, 'C', "j", l->hostname);
		say_macro(out, 'C', "{daemon_name}", SLICE("letterlock"));
		put_connect(l, data);
		return true;
	case STEP_HELO:
		put_text(data, slice_sub(l->helo, 0, 1000));
		return true;
	case STEP_MAIL:
		say_macro(out, 'M', "i", l->cid);
		say_macro(out, 'M', "{mail_addr}", l->reverse_path);
		put_address(data, l->reverse_path);
		return true;
	case STEP_RCPT:
		if (c->recipient == l->recipient_count)
			return false;
		say_macro(out, 'R', "{rcpt_addr}", l->recipients[c->recipient]);
		put_address(data, l->recipients[c->recipient++]);
		return true;
	case STEP_HEADER:
		return next_field(c, data);
	case STEP_BODY:
		buf_append(data, slice_sub(c->body, 0, BODY_PIECE));
		c->body = slice_from(c->body, buf_len(data));
		return buf_len(data) > 0;
	case STEP_END:
		say_macro(out, 'E', "i", l->cid);
		return true;
	case STEP_DATA:
	case STEP_EOH:
	case STEP_COUNT:
		break;
	}
	return true;
}

static bool repeats(enum step step)
{
	return step == STEP_RCPT || step == STEP_HEADER || step == STEP_BODY;
}

/* One packet at a time, so that back-pressure holds. */
static void milter_say(struct talk *t, struct buf *out)
{
	struct milter_talk *c = of(t);
	bool said = false;
	while (!c->waits && !said && c->step < STEP_COUNT) {
		struct buf data = BUF_INIT(BODY_PIECE + 4096);
		enum step step = c->step;
		said = (c->steps & steps[step].without) == 0 && put_step(c, out, &data);
		if (said)
			say_packet(out, steps[step].command, &data);
		if (!said || !repeats(step))
			c->step++;
		c->waits = said && (c->steps & steps[step].silent) == 0;
		buf_free(&data);
	}
}

/* ---- what it says ---- */

static void end_with(struct talk *t, enum partner_action action, struct slice reason)
{
	struct milter_talk *c = of(t);
	if (action > c->verdict->action)
		c->verdict->action = action;
	if (reason.n > 0)
		partner_reason(c->verdict, reason);
	talk_done(t, SCAN_CLEAN, SLICE_NONE);
}

/* Up to its NUL byte. */
static bool get_text(struct slice *s, struct slice *ret)
{
	ptrdiff_t end = slice_find(*s, 0);
	if (end < 0)
		return false;
	*ret = slice_sub(*s, 0, (size_t)end);
	*s = slice_from(*s, (size_t)end + 1);
	return true;
}

static void add_field(struct milter_talk *c, struct slice data)
{
	struct slice name, value;
	if (get_text(&data, &name) && get_text(&data, &value))
		partner_add_field(c->verdict, name, value);
}

static void negotiated(struct talk *t, struct slice data)
{
	struct milter_talk *c = of(t);
	uint32_t version, may, without;
	if (!slice_get_u32(&data, &version) || !slice_get_u32(&data, &may) || !slice_get_u32(&data, &without) || version < 2 || version > VERSION_OFFERED ||
	    (may & ~(uint32_t)MAY_ALL) != 0) {
		talk_fail(t);
		return;
	}
	c->steps = without & STEPS_OFFERED;
	c->waits = false;
}

/* A refusal of one recipient is one of the letter when all are refused. */
static void refused(struct talk *t, enum partner_action action, struct slice reason)
{
	struct milter_talk *c = of(t);
	if (c->step != STEP_RCPT) {
		end_with(t, action, reason);
		return;
	}
	c->waits = false;
	if (++c->refused == c->letter->recipient_count)
		end_with(t, action, reason);
}

static void skip(struct milter_talk *c)
{
	c->waits = false;
	c->body = SLICE_NONE;
}

static void hear_packet(struct talk *t, char command, struct slice data)
{
	struct milter_talk *c = of(t);
	struct slice text = SLICE_NONE;
	switch (command) {
	case 'O': negotiated(t, data); break;
	case 'c':
		c->waits = false;
		if (c->step == STEP_COUNT)
			end_with(t, PARTNER_PASS, SLICE_NONE);
		break;
	case 'a': end_with(t, PARTNER_PASS, SLICE_NONE); break;
	case 'r': refused(t, PARTNER_REJECT, SLICE("reject")); break;
	case 't': refused(t, PARTNER_TEMPFAIL, SLICE("tempfail")); break;
	case 'd': end_with(t, PARTNER_HOLD, SLICE("discard")); break;
	case 'y':
		get_text(&data, &text);
		refused(t, slice_starts(text, SLICE("4")) ? PARTNER_TEMPFAIL : PARTNER_REJECT, text);
		break;
	case 's': skip(c); break;
	case 'h': add_field(c, data); break;
	case 'i': add_field(c, slice_from(data, 4)); break;
	case 'q':
		get_text(&data, &text);
		c->verdict->action = PARTNER_HOLD;
		partner_reason(c->verdict, text.n > 0 ? text : SLICE("quarantine"));
		break;
	case 'm': case 'p': break; /* a changed field; "still at work" */
	default: talk_fail(t); break;
	}
}

static void milter_hear(struct talk *t, struct buf *in)
{
	while (t->state == TALK_GOES) {
		struct slice s = buf_slice(in);
		uint32_t length;
		bool expected = of(t)->waits;
		if (!slice_get_u32(&s, &length))
			return;
		if (length == 0 || length > TALK_INPUT_MAX - 8 || (!expected && s.n > 0)) {
			talk_fail(t);
			return;
		}
		if (s.n < length)
			return;
		hear_packet(t, (char)s.p[0], slice_sub(s, 1, length));
		buf_consume(in, 4 + (size_t)length);
	}
}

static const struct talk_ops ops = {"milter", milter_say, milter_hear, NULL, NULL};

static void split_letter(struct milter_talk *c)
{
	struct slice content = c->letter->content;
	ptrdiff_t end = slice_starts(content, SLICE("\r\n")) ? 0 : slice_search(content, SLICE("\r\n\r\n"));
	c->header = end < 0 ? content : slice_sub(content, 0, end > 0 ? (size_t)end + 2 : 0);
	c->body = end < 0 ? SLICE_NONE : slice_from(content, c->header.n + 2);
}

struct talk *milter_ask(const struct partner_letter *letter, struct partner_verdict *ret)
{
	struct milter_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &ops);
	c->letter = letter;
	c->verdict = ret;
	split_letter(c);
	return &c->talk;
}
