/* What the files of the session share. Not for others. */
#ifndef IMAP_SESSION_INTERNAL_H
#define IMAP_SESSION_INTERNAL_H

#include "imap/parser.h"
#include "imap/session.h"

#define SESSION_MAGIC 0x494d4150
#define IMAP_RESPONSE_MAX (256u << 20) /* one step's output; a step stops soon after IMAP_OUTPUT_HIGH, but one response may be large */
#define IMAP_APPEND_DEFAULT (50u << 20)
#define IMAP_MULTIAPPEND_MAX 100      /* messages of one APPEND */
#define FETCH_CHUNK 65536

enum { ENABLED_CONDSTORE = 1, ENABLED_QRESYNC = 2, ENABLED_UTF8 = 4, ENABLED_REV2 = 8 };
enum { STATE_AUTH = 1, STATE_SELECTED = 2, STATE_ANY = 3 };

enum imap_step {
	STEP_DONE, /* the reply is set */
	STEP_MORE, /* call again when output has room */
	STEP_WAIT, /* something asynchronous will continue it */
};

enum {
	CMD_UID = 1,        /* has a form with UID in front */
	CMD_UID_ONLY = 2,   /* exists only in that form */
	CMD_SEQUENCE = 4,   /* works with sequence numbers: no EXPUNGE may be told before its end */
	CMD_CATCH_UP = 8,   /* wants everything that has arrived to be filed */
	CMD_QUIET = 16,     /* no untagged updates before the tagged answer */
};

struct imap_session;
struct imap_command {
	const char *name;
	uint8_t states;
	uint8_t flags;
	/* Parses what follows the name into s->cmd.args (arena); false: BAD with p->problem. NULL: no arguments. */
	bool (*check)(struct imap_session *s, struct imap_parser *p);
	/* Does the work, in steps. */
	enum imap_step (*proceed)(struct imap_session *s);
};
const struct imap_command *imap_command_find(struct slice name);

struct imap_running {
	const struct imap_command *row;
	uint8_t tag[IMAP_TAG_MAX];
	uint8_t tag_length;
	bool uid;              /* UID form */
	struct arena arena;
	void *args;            /* of the command, in the arena */
	void (*cleanup)(void *args); /* for heap memory of args; may be NULL */
	const char *status;    /* "OK", "NO", "BAD" */
	struct slice code;     /* response code without brackets; empty: none */
	const char *text;
};

/* The selected mailbox as this client has been told it is. */
struct imap_view {
	bool open, read_only, dirty;
	struct mailbox_ref mailbox;
	uint32_t uid_validity;
	uint32_t *uids;          /* by sequence number */
	uint32_t count, capacity;
	uint64_t known_modseq;   /* changes of flags and arrivals up to here were told */
	uint64_t expunged_modseq; /* expunges up to here were told */
	struct uid_set saved;    /* "$", RFC 5182 */
};

enum imap_phase {
	PHASE_READY,    /* takes commands */
	PHASE_RUNNING,  /* cmd.row->proceed goes on */
	PHASE_WAITING,  /* for something asynchronous */
	PHASE_LITERAL,  /* message bytes go to the sink */
	PHASE_APPEND,   /* behind a message literal: the next piece of the command */
	PHASE_IDLE,
	PHASE_CLOSING,
};

struct imap_waiter;
struct imap_append;

struct imap_session {
	uint32_t magic;
	struct account *account;
	struct imap_session_settings settings;
	struct imap_session_callbacks callbacks;
	void *owner;
	struct account_listener listener;
	enum imap_phase phase;
	unsigned enabled;
	unsigned bad;            /* malformed commands in a row */
	unsigned keywords_told;  /* keywords that the last FLAGS response named */
	bool caught_up, hungry, inside, wake_wanted;
	struct imap_framer framer;
	struct imap_view view;
	struct imap_running cmd;
	struct imap_waiter *waiter;  /* catch_up that runs */
	struct imap_append *append;  /* APPEND that runs */
	struct buf *out;             /* during a call */
	struct moment now;
};

/* session.c */
void imap_reply(struct imap_session *s, const char *status, struct slice code, const char *text);
#define IMAP_OK(s, text) imap_reply((s), "OK", SLICE_NONE, (text))
#define IMAP_NO(s, code, text) imap_reply((s), "NO", SLICE(code), (text))
#define IMAP_BAD(s, text) imap_reply((s), "BAD", SLICE_NONE, (text))
/* The reply that fits an error of the account. */
void imap_reply_error(struct imap_session *s, int code);
/* Before the first piece of a command whose work is asynchronous ends. */
void imap_session_resume(struct imap_session *s);
void imap_session_wake(struct imap_session *s);
void imap_capabilities(const struct imap_session *s, struct buf *out);
void imap_write_tagged(struct imap_session *s, const char *status, struct slice code, const char *text);
bool imap_output_full(const struct imap_session *s);

/* write.c: pieces of responses. */
void imap_write_quoted(struct buf *out, struct slice s);           /* caller knows that it is safe text */
void imap_write_string(const struct imap_session *s, struct buf *out, struct slice text); /* quoted or literal */
/* The same into memory that holds IMAP_STRING_BOUND bytes; returns its end. */
#define IMAP_STRING_BOUND(n) (2 * (n) + 24)
uint8_t *imap_put_string(const struct imap_session *s, uint8_t *to, struct slice text);
void imap_write_nstring(const struct imap_session *s, struct buf *out, struct slice text, bool has);
void imap_write_astring(const struct imap_session *s, struct buf *out, struct slice text);
void imap_write_mailbox(const struct imap_session *s, struct buf *out, struct slice name);
void imap_write_flags(struct imap_session *s, struct buf *out, struct flag_set flags);
void imap_write_date_time(struct buf *out, int64_t unix_seconds);
void imap_write_id(struct buf *out, char kind, const uint8_t id[16]); /* "(" kind hex ")" */
void imap_write_flags_response(struct imap_session *s);
/* FLAGS again when keywords were added since it was told. */
void imap_announce_keywords(struct imap_session *s);
void imap_write_uids_as_sequence(struct imap_session *s, const struct uid_set *uids, struct buf *out);
/* "* n FETCH (" [UID] FLAGS [MODSEQ] ")" */
void imap_write_flags_update(struct imap_session *s, uint32_t seq, const struct message_row *row, bool with_uid);

/* view.c */
int imap_view_open(struct imap_session *s, const struct mailbox_ref *m, bool read_only, const struct mailbox_status *status,
                   uint32_t *ret_first_unseen, struct error *err);
void imap_view_close(struct imap_session *s);
uint32_t imap_view_sequence(const struct imap_view *v, uint32_t uid);   /* 0: not in the view */
/* The UIDs that a set of the client means. False: a sequence number that does not exist (BAD). */
bool imap_view_resolve(const struct imap_view *v, const struct imap_set *set, bool uid, struct uid_set *ret);
/* Tells what has changed since. expunge: EXPUNGE or VANISHED may be told. */
void imap_view_sync(struct imap_session *s, bool expunge);
/* Takes `gone` out of the view and tells it (tell false: silently). */
void imap_view_remove(struct imap_session *s, const struct uid_set *gone, bool tell);
void imap_view_all(const struct imap_view *v, struct uid_set *ret);

/* Flag lists of commands. */
struct imap_flag_list { struct slice *names; size_t count; };
bool imap_parse_flag_list(struct imap_parser *p, struct imap_flag_list *ret); /* with parentheses, or bare for STORE */
/* Makes keywords that are new. ERR_LIMIT, ERR_INVALID (unknown system flag). */
int imap_flags_resolve(struct imap_session *s, const struct imap_flag_list *list, bool create, struct flag_set *ret);
int imap_system_flag(struct slice name); /* FLAG_* or 0 */

/* Rows of a set, range by range. */
int imap_rows(struct imap_session *s, const struct uid_set *uids, message_fn *fn, void *arg, struct error *err);
/* The same with uid, modseq and flags of the rows only. */
int imap_rows_flags(struct imap_session *s, const struct uid_set *uids, message_fn *fn, void *arg, struct error *err);

/* The columns of the command table. */
#define COMMAND(name) \
	bool imap_check_##name(struct imap_session *s, struct imap_parser *p); \
	enum imap_step imap_proceed_##name(struct imap_session *s)
COMMAND(id); COMMAND(enable); COMMAND(select); COMMAND(examine); COMMAND(create); COMMAND(mailbox_name); COMMAND(rename);
COMMAND(list); COMMAND(lsub); COMMAND(status); COMMAND(append); COMMAND(expunge); COMMAND(search); COMMAND(fetch); COMMAND(store);
COMMAND(copy); COMMAND(sort); COMMAND(thread); COMMAND(getquota); COMMAND(getquotaroot);
enum imap_step imap_proceed_capability(struct imap_session *s), imap_proceed_noop(struct imap_session *s), imap_proceed_logout(struct imap_session *s),
	imap_proceed_delete(struct imap_session *s), imap_proceed_subscribe(struct imap_session *s), imap_proceed_unsubscribe(struct imap_session *s),
	imap_proceed_namespace(struct imap_session *s), imap_proceed_idle(struct imap_session *s), imap_proceed_close(struct imap_session *s),
	imap_proceed_unselect(struct imap_session *s), imap_proceed_move(struct imap_session *s), imap_proceed_setquota(struct imap_session *s);
#undef COMMAND

/* status.c, for LIST-STATUS too. Items as bits in the order of their names. */
bool imap_parse_status_items(struct imap_parser *p, uint32_t *ret);
int imap_write_status(struct imap_session *s, struct slice name, uint32_t items);
/* list.c: the LIST line of one mailbox (rev2 SELECT). */
void imap_write_list_line(struct imap_session *s, struct slice name);

/* append.c */
void imap_append_message(struct imap_session *s, struct slice piece); /* a piece that announces a message */
void imap_append_bytes(struct imap_session *s, struct buf *in);       /* PHASE_LITERAL */
void imap_append_end(struct imap_session *s, struct slice piece);     /* the last piece */
void imap_append_drop(struct imap_session *s);

#endif
