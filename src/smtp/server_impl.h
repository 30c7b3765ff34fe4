/* The inside of the server engine, shared by server*.c and cmd_*.c only. */
#ifndef SMTP_SERVER_IMPL_H
#define SMTP_SERVER_IMPL_H

#include "base/ensure.h"
#include "smtp/body.h"
#include "smtp/server.h"

#define SERVER_MAGIC 0x534d5450u
#define COMMAND_LINE_MAX 4096       /* with CRLF; RFC 5321 4.5.3.1.4 asks for 512, extensions add to it */
#define AUTH_LINE_MAX 12288         /* RFC 4954 4.5 */
#define SKIP_MAX (1u << 20)         /* bytes of one refused line that are swallowed */
#define SWALLOW_EXTRA (1ull << 30)  /* bytes of one refused message above the size limit that are swallowed */
#define SLOTS_MAX 64                /* RCPT commands that wait for an answer at a time */
#define AUTH_FAILURES_MAX 5
#define READY_MAX (64u << 20)

/* Where a conversation stands; a set of them in the command table. */
enum {
	STATE_START = 1,   /* no greeting of the client yet */
	STATE_IDLE = 2,    /* no transaction */
	STATE_MAIL = 4,    /* transaction, recipients are collected */
	STATE_CHUNKS = 8,  /* the first BDAT has come */
	STATE_ANY = 15,
};

enum server_phase {
	PHASE_GREETING, PHASE_COMMAND, PHASE_SASL_LINE, PHASE_DATA, PHASE_BDAT, PHASE_TLS, PHASE_ENDED,
};

/* The question that holds up the conversation. RCPT questions are slots. */
enum server_waiting { WAIT_NONE, WAIT_SASL, WAIT_MAIL, WAIT_DATA_BEGIN, WAIT_DATA_END };

/* A reply in its order; RCPT answers may come in any order. */
struct server_slot {
	bool done;
	struct buf text;
};

/* Why the message in transit is refused; the higher counts. What is wrong with the message itself comes before what we cannot do now,
 * so that the reply does not depend on how the bytes were cut, and nobody sends again what will never be taken. */
enum server_refusal { REFUSAL_NONE, REFUSAL_OWNER, REFUSAL_SIZE, REFUSAL_LINES, REFUSAL_SEQUENCE };

struct server_transaction {
	enum smtp_body body;
	bool smtputf8;
	uint64_t size;         /* announced */
	unsigned accepted;     /* recipients */
	unsigned tried;
	uint64_t received;     /* bytes of the message so far */
	uint64_t swallowed;
	struct smtp_unstuff unstuff;
	struct smtp_line_check check;
	uint64_t chunk_left;
	bool chunk_last;
	bool chunk_stray;      /* a BDAT without transaction: its bytes are swallowed all the same (RFC 3030 2) */
	enum server_refusal refused; /* not NONE: swallow, then `refusal` */
	struct buf refusal;    /* wire form */
};

struct smtp_server {
	unsigned magic;
	struct smtp_server_settings set;
	char *hostname;
	const struct smtp_server_events *events;
	void *owner;

	enum server_phase phase;
	enum server_waiting waiting;
	unsigned state;        /* one STATE_* */
	bool pumping, told_end, secure, esmtp, signed_in;
	bool skipping;         /* the rest of a refused line is swallowed up to its CRLF */
	bool skip_cr;
	size_t skipped;
	bool closing;          /* end at the next point between transactions */
	struct buf closing_reply;
	enum smtp_server_end end;
	unsigned mistakes, noise, refused, auth_failures, mails;

	struct buf helo;
	char protocol[16];
	struct buf ready;      /* replies in order, not yet in the output */
	struct server_slot *slots; /* SLOTS_MAX of them while needed, else NULL */
	uint32_t slot_head, slot_tail; /* running numbers; a token is the number of its slot */
	struct server_transaction tx;

	struct buf sasl_data;  /* decoded client response */
	char sasl_mechanism[24];
	bool sasl_first;       /* the next line is the first response of a client-first mechanism */
	bool sasl_done;        /* server-final is out; the empty response ends it */
};

/* A line as a command sees it. */
struct server_line {
	struct slice verb;
	struct slice args;     /* behind the spaces that follow the verb; without trailing spaces */
};

enum { ARGS_NONE, ARGS_SOME, ARGS_ANY };
enum { /* flags of a command */
	COMMAND_SMTP = 1,      /* not in LMTP */
	COMMAND_LMTP = 2,      /* only in LMTP */
	COMMAND_TLS = 4,       /* refused before TLS when tls_required */
	COMMAND_AUTH = 8,      /* refused before AUTH when auth_required */
	COMMAND_NOISE = 16,    /* counts as noise */
};
struct server_command {
	struct slice verb;
	unsigned states;       /* in which it is allowed */
	unsigned args;
	unsigned flags;
	/* Further conditions: NULL when it may proceed, else the refusal. May be NULL. */
	const struct smtp_reply *(*check)(const struct smtp_server *s);
	void (*proceed)(struct smtp_server *s, const struct server_line *line);
};

/* Next reply in order. */
void server_reply(struct smtp_server *s, const struct smtp_reply *reply);
/* The same, and counts as a mistake of the peer. NULL: only counts. */
void server_mistake(struct smtp_server *s, const struct smtp_reply *reply);
/* 220 with our name; commands follow. */
void server_greet(struct smtp_server *s);
/* Reserves the place of a reply that comes later; the token for server_slot_answer. At most SLOTS_MAX. */
uint32_t server_slot_open(struct smtp_server *s);
bool server_slot_answer(struct smtp_server *s, uint32_t token, const struct smtp_reply *reply);
static inline uint32_t server_slots(const struct smtp_server *s)
{
	return s->slot_tail - s->slot_head;
}
void server_slots_free(struct smtp_server *s);
/* Last reply, then the end. */
void server_end(struct smtp_server *s, enum smtp_server_end why, const struct smtp_reply *reply);
/* Tells the owner that somebody who is not trusted claimed to speak for others. */
void server_not_believed(const struct smtp_server *s, struct slice how);
/* Tells the owner when an answer came from outside of the pump. */
void server_wake(struct smtp_server *s);
/* Ends the wait for `what`; false when nobody waits for it because the conversation has ended meanwhile. */
bool server_answered(struct smtp_server *s, enum server_waiting what);

/* Drops the transaction. tell: `reset` for the owner when one was open. */
void server_transaction_end(struct smtp_server *s, bool tell);
/* From now on data is swallowed; of several refusals the highest counts, of equal ones the first. */
void server_data_refusal(struct smtp_server *s, enum server_refusal why, const struct smtp_reply *reply);
bool server_data_refused(const struct smtp_server *s);
/* Takes message bytes in: counts them, hands them on. Refuses above the limit. */
void server_data_bytes(void *server, struct slice bytes);
/* Ends the conversation when more was swallowed than anybody needs to send. */
void server_data_overdone(struct smtp_server *s);
/* The message is complete: ask, or send the refusal. */
void server_data_complete(struct smtp_server *s);
/* The kept refusal as a reply, once per recipient with LMTP at the end of the data. */
void server_refusal_send(struct smtp_server *s, bool per_recipient);

/* One step each; true when something moved. */
bool server_line_step(struct smtp_server *s, struct buf *in);
bool server_data_step(struct smtp_server *s, struct buf *in);
bool server_bdat_step(struct smtp_server *s, struct buf *in);
void server_bdat_begin_reply(struct smtp_server *s, const struct smtp_reply *reply);
void server_sasl_line(struct smtp_server *s, struct slice line);
void server_sasl_abandon(struct smtp_server *s);

/* ESMTP parameters: RFC 5321 4.1.2 Mail-parameters. NULL or the refusal. */
const struct smtp_reply *server_mail_params(struct slice text, struct smtp_mail *mail);
const struct smtp_reply *server_rcpt_params(struct slice text, bool utf8, struct buf *notify, struct smtp_rcpt *rcpt);
/* Takes "FROM:" or "TO:" and spaces off the front. */
bool server_prefix_take(struct slice *args, struct slice prefix);

#define COMMAND_FN(name) void name(struct smtp_server *s, const struct server_line *line)
COMMAND_FN(cmd_helo);
COMMAND_FN(cmd_ehlo);
COMMAND_FN(cmd_starttls);
COMMAND_FN(cmd_auth);
COMMAND_FN(cmd_mail);
COMMAND_FN(cmd_rcpt);
COMMAND_FN(cmd_data);
COMMAND_FN(cmd_bdat);
COMMAND_FN(cmd_rset);
COMMAND_FN(cmd_noop);
COMMAND_FN(cmd_help);
COMMAND_FN(cmd_vrfy);
COMMAND_FN(cmd_expn);
COMMAND_FN(cmd_quit);
COMMAND_FN(cmd_xclient);
COMMAND_FN(cmd_foreign);
COMMAND_FN(cmd_proxy);
const struct smtp_reply *check_starttls(const struct smtp_server *s);
const struct smtp_reply *check_auth(const struct smtp_server *s);
const struct smtp_reply *check_xclient(const struct smtp_server *s);
const struct smtp_reply *check_data(const struct smtp_server *s);
/* Appends " PLAIN …": the mechanisms that can be used now; false when there is none. */
bool server_mechanisms(const struct smtp_server *s, struct buf *out);

#endif
