#include "smtp/server.h"

#include <string.h>
#include "base/memory.h"
#include "smtp/server_impl.h"

#define SIZE_DEFAULT (50ull << 20)
#define DEFAULT(field, value) ((field) != 0 ? (field) : (value))

static void settings_complete(struct smtp_server_settings *set)
{
	set->size_max = DEFAULT(set->size_max, SIZE_DEFAULT);
	set->recipients_max = DEFAULT(set->recipients_max, 1000);
	set->errors_max = DEFAULT(set->errors_max, 20);
	set->noise_max = DEFAULT(set->noise_max, 1000);
	set->command_ms = DEFAULT(set->command_ms, 300000);
	set->data_ms = DEFAULT(set->data_ms, 180000);
}

struct smtp_server *smtp_server_create(const struct smtp_server_settings *settings, const struct smtp_server_events *events, void *owner)
{
	struct smtp_server *s = memory_alloc(sizeof *s);
	s->magic = SERVER_MAGIC;
	s->set = *settings;
	settings_complete(&s->set);
	s->hostname = memory_dup_str(settings->hostname);
	s->set.hostname = slice_str(s->hostname);
	s->events = events;
	s->owner = owner;
	s->state = STATE_START;
	s->helo = BUF_INIT(SMTP_DOMAIN_MAX);
	s->ready = BUF_INIT(READY_MAX);
	s->closing_reply = BUF_INIT(READY_MAX);
	s->tx.refusal = BUF_INIT(READY_MAX);
	s->sasl_data = BUF_INIT(AUTH_LINE_MAX);
	return s;
}

void smtp_server_destroy(struct smtp_server **server)
{
	struct smtp_server *s = *server;
	if (s == NULL)
		return;
	ENSURE_MAGIC(s, SERVER_MAGIC);
	ENSURE(!s->pumping);
	server_slots_free(s);
	buf_free(&s->helo);
	buf_free(&s->ready);
	buf_free(&s->closing_reply);
	buf_free(&s->tx.refusal);
	buf_free_secret(&s->sasl_data);
	memory_free(s->hostname);
	s->magic = 0;
	MEMORY_FREE(server);
}

static struct server_slot *slot_at(struct smtp_server *s, uint32_t number)
{
	return &s->slots[number % SLOTS_MAX];
}

/* Moves finished slots at the head into the ready text. */
static void slots_advance(struct smtp_server *s)
{
	while (server_slots(s) > 0 && slot_at(s, s->slot_head)->done) {
		struct server_slot *slot = slot_at(s, s->slot_head++);
		buf_append(&s->ready, buf_slice(&slot->text));
		buf_free(&slot->text);
	}
}

void server_slots_free(struct smtp_server *s)
{
	for (; server_slots(s) > 0; s->slot_head++)
		buf_free(&slot_at(s, s->slot_head)->text);
	MEMORY_FREE(&s->slots);
}

uint32_t server_slot_open(struct smtp_server *s)
{
	ENSURE(server_slots(s) < SLOTS_MAX);
	if (s->slots == NULL)
		s->slots = memory_alloc_array(SLOTS_MAX, sizeof *s->slots);
	struct server_slot *slot = slot_at(s, s->slot_tail);
	*slot = (struct server_slot){.text = BUF_INIT(READY_MAX)};
	return s->slot_tail++;
}

bool server_slot_answer(struct smtp_server *s, uint32_t token, const struct smtp_reply *reply)
{
	if (token - s->slot_head >= server_slots(s) || slot_at(s, token)->done)
		return false;
	struct server_slot *slot = slot_at(s, token);
	smtp_reply_write(&slot->text, reply);
	slot->done = true;
	slots_advance(s);
	return true;
}

void server_reply(struct smtp_server *s, const struct smtp_reply *reply)
{
	if (server_slots(s) == 0)
		smtp_reply_write(&s->ready, reply);
	else
		server_slot_answer(s, server_slot_open(s), reply);
}

void server_mistake(struct smtp_server *s, const struct smtp_reply *reply)
{
	static const struct smtp_reply too_many = SMTP_REPLY_INIT(421, "4.7.0", "Too many errors");
	if (++s->mistakes >= s->set.errors_max)
		server_end(s, SMTP_SERVER_REFUSED, &too_many);
	else if (reply != NULL)
		server_reply(s, reply);
}

void server_end(struct smtp_server *s, enum smtp_server_end why, const struct smtp_reply *reply)
{
	if (s->phase == PHASE_ENDED)
		return;
	s->phase = PHASE_ENDED;
	s->waiting = WAIT_NONE;
	s->end = why;
	server_reply(s, reply);
	server_transaction_end(s, true);
}

void server_not_believed(const struct smtp_server *s, struct slice how)
{
	if (s->events->not_believed != NULL)
		s->events->not_believed(s->owner, how);
}

void server_wake(struct smtp_server *s)
{
	if (!s->pumping)
		s->events->ready(s->owner);
}

bool server_answered(struct smtp_server *s, enum server_waiting what)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	if (s->phase == PHASE_ENDED)
		return false;
	ENSURE(s->waiting == what);
	s->waiting = WAIT_NONE;
	return true;
}

void server_greet(struct smtp_server *s)
{
	struct buf text = BUF_INIT(SMTP_REPLY_TEXT_MAX);
	buf_append(&text, slice_sub(s->set.hostname, 0, SMTP_DOMAIN_MAX));
	buf_append_str(&text, s->set.lmtp ? " LMTP" : " ESMTP");
	server_reply(s, &(struct smtp_reply){.code = 220, .text = buf_slice(&text)});
	buf_free(&text);
	s->phase = PHASE_COMMAND;
}

/* Moves replies to the output; true while there is room for more. */
static bool output_move(struct smtp_server *s, struct buf *out)
{
	size_t waiting = buf_len(out), n = buf_len(&s->ready);
	size_t room = waiting < SMTP_SERVER_OUTPUT_HIGH ? SMTP_SERVER_OUTPUT_HIGH - waiting : 0;
	n = n < room ? n : room;
	buf_append(out, slice_sub(buf_slice(&s->ready), 0, n));
	buf_consume(&s->ready, n);
	return buf_len(out) < SMTP_SERVER_OUTPUT_HIGH;
}

static bool output_room(const struct smtp_server *s, const struct buf *out)
{
	return buf_len(out) + buf_len(&s->ready) < SMTP_SERVER_OUTPUT_HIGH;
}

/* Commands that came together are answered together where an answer from outside is awaited (RFC 2920 3.2). */
static bool output_held(const struct smtp_server *s, const struct buf *in)
{
	return s->phase == PHASE_COMMAND && server_slots(s) > 0 && buf_len(in) > 0;
}

static bool closing_step(struct smtp_server *s)
{
	if (!s->closing || s->waiting != WAIT_NONE || s->state & (STATE_MAIL | STATE_CHUNKS))
		return false;
	buf_append(&s->ready, buf_slice(&s->closing_reply));
	s->phase = PHASE_ENDED;
	s->end = SMTP_SERVER_REFUSED;
	return true;
}

/* One step of the conversation; false when it needs more input, an answer, or nothing any more. */
static bool advance(struct smtp_server *s, struct buf *in)
{
	switch (s->phase) {
	case PHASE_GREETING:
		server_greet(s);
		return true;
	case PHASE_COMMAND:
	case PHASE_SASL_LINE:
		return closing_step(s) || server_line_step(s, in);
	case PHASE_DATA:
		return server_data_step(s, in);
	case PHASE_BDAT:
		return server_bdat_step(s, in);
	case PHASE_TLS:
		return false;
	case PHASE_ENDED:
		buf_clear(in);
		return false;
	}
	UNREACHABLE();
}

void smtp_server_pump(struct smtp_server *s, struct buf *in, struct buf *out)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	ENSURE(!s->pumping);
	s->pumping = true;
	while (output_room(s, out) && advance(s, in))
		;
	bool room = !output_held(s, in) && output_move(s, out);
	s->pumping = false;
	if (s->phase == PHASE_TLS && room && s->waiting == WAIT_NONE && !s->told_end) {
		s->told_end = true;
		s->events->starttls(s->owner);
		return;
	}
	if (s->phase == PHASE_ENDED && buf_len(&s->ready) == 0 && server_slots(s) == 0 && !s->told_end) {
		s->told_end = true;
		s->events->ended(s->owner, s->end);
	}
}

void smtp_server_mechanisms(struct smtp_server *s, unsigned mechanisms)
{
	s->set.mechanisms = mechanisms;
}

void smtp_server_secured(struct smtp_server *s)
{
	ENSURE_MAGIC(s, SERVER_MAGIC);
	s->secure = true;
	if (s->phase != PHASE_TLS)
		return;
	s->phase = PHASE_COMMAND;
	s->told_end = false;
}

static void remember_reply(struct buf *b, const struct smtp_reply *reply, const struct smtp_reply *usual)
{
	buf_clear(b);
	smtp_reply_write(b, reply != NULL ? reply : usual);
}

void smtp_server_close(struct smtp_server *s, const struct smtp_reply *reply)
{
	static const struct smtp_reply usual = SMTP_REPLY_INIT(421, "4.3.2", "Service shutting down");
	ENSURE_MAGIC(s, SERVER_MAGIC);
	if (s->phase == PHASE_ENDED || s->closing)
		return;
	s->closing = true;
	remember_reply(&s->closing_reply, reply, &usual);
	server_wake(s);
}

void smtp_server_abort(struct smtp_server *s, const struct smtp_reply *reply)
{
	static const struct smtp_reply usual = SMTP_REPLY_INIT(421, "4.4.2", "Timeout");
	ENSURE_MAGIC(s, SERVER_MAGIC);
	if (s->phase == PHASE_ENDED)
		return;
	server_slots_free(s);
	server_end(s, SMTP_SERVER_REFUSED, reply != NULL ? reply : &usual);
	server_wake(s);
}

int64_t smtp_server_patience(const struct smtp_server *s)
{
	if (s->waiting != WAIT_NONE || server_slots(s) > 0 || s->phase == PHASE_ENDED)
		return 0;
	return s->phase == PHASE_DATA || s->phase == PHASE_BDAT ? s->set.data_ms : s->set.command_ms;
}

struct slice smtp_server_helo(const struct smtp_server *s)
{
	return buf_slice(&s->helo);
}

struct slice smtp_server_protocol(const struct smtp_server *server)
{
	struct smtp_server *s = (struct smtp_server *)server;
	struct buf b = BUF_INIT(sizeof s->protocol - 1);
	if (s->tx.smtputf8)
		buf_append_str(&b, "UTF8");
	else if (s->esmtp && !s->set.lmtp)
		buf_append_str(&b, "E");
	buf_append_str(&b, s->set.lmtp ? "LMTP" : "SMTP");
	if (s->secure)
		buf_append_str(&b, "S");
	if (s->signed_in)
		buf_append_str(&b, "A");
	struct slice text = buf_slice(&b);
	memcpy(s->protocol, text.p, text.n);
	buf_free(&b);
	return slice_make(s->protocol, text.n);
}

bool smtp_server_signed_in(const struct smtp_server *s)
{
	return s->signed_in;
}

unsigned smtp_server_recipients(const struct smtp_server *s)
{
	return s->tx.accepted;
}

bool smtp_server_busy(const struct smtp_server *s)
{
	return (s->state & (STATE_MAIL | STATE_CHUNKS)) != 0;
}
