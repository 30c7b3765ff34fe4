/*
 * IMAP commands as bytes (RFC 9051 9, RFC 3501 9): first framing, then parsing.
 *
 * The framer looks at raw input and says where a complete command ends: a line together with its literals (RFC 7888). It remembers
 * how far it has looked, so that input that trickles in is scanned once. The message literals of APPEND are not buffered: the
 * framer reports them and the engine streams their bytes to a sink.
 *
 * The parser is a cursor over one complete frame. Every function takes what its name says off the front and returns true, or
 * returns false and leaves the first complaint in `problem`.
 */
#ifndef IMAP_PARSER_H
#define IMAP_PARSER_H

#include "base/arena.h"
#include "base/buf.h"
#include "mailbox/mailbox.h"

#define IMAP_LINE_MAX 65536           /* all bytes of a command that are in no literal */
#define IMAP_LITERAL_MAX 65536        /* a literal that is not a message */
#define IMAP_COMMAND_MAX 65536        /* where the last buffered literal of a command must end */
#define IMAP_INPUT_MAX (IMAP_COMMAND_MAX + IMAP_LINE_MAX) /* the longest command; the owner's input buffer must hold as much */
#define IMAP_LOGIN_LINE_MAX 16384     /* the same before login */
#define IMAP_LOGIN_LITERAL_MAX 4096
#define IMAP_LITERAL_MINUS_MAX 4096   /* RFC 7888 5 */
#define IMAP_DISCARD_MAX (256u << 20) /* a refused literal that is swallowed; more: the connection is closed */
#define IMAP_TAG_MAX 128
#define IMAP_NEST_MAX 64              /* parentheses in SEARCH */
#define IMAP_SET_RANGES_MAX 20000     /* elements of one sequence set */

enum imap_frame_result {
	IMAP_FRAME_MORE,     /* incomplete: wait for input */
	IMAP_FRAME_CONTINUE, /* incomplete: the peer waits for "+ ..." */
	IMAP_FRAME_COMPLETE, /* the first `length` bytes are one command (or the next piece of an APPEND) with its CRLF */
	IMAP_FRAME_MESSAGE,  /* the first `length` bytes end in the announcement of a message literal of `literal_size` bytes */
	IMAP_FRAME_TOO_BIG,  /* the first `length` bytes announce a literal above the limit; unless `non_sync`, the peer will not send it */
	IMAP_FRAME_TOO_LONG, /* the line passes its limit: answer BAD and close */
};

struct imap_framer {
	/* Settings. */
	size_t line_max, literal_max, command_max;
	bool messages;        /* recognise message literals of APPEND */
	bool literal_minus;   /* non-synchronising literals above IMAP_LITERAL_MINUS_MAX are too big */
	bool in_append;       /* set by the engine behind a message literal: the next literal is a message again (RFC 3502) */
	/* Results of the last call. */
	size_t length;
	uint64_t literal_size;
	bool non_sync, binary; /* {n+}; ~{n} (RFC 3516) */
	/* Own state: bytes looked at, bytes of literals among them, begin of the line. */
	size_t scanned, literal_bytes, line_start;
	bool continuing;
};

/* Settings for a signed-in session; those before login are half of it, see login.c. */
void imap_framer_init(struct imap_framer *f);
/* `in` begins with the command. After CONTINUE: send the continuation and call again. After COMPLETE, MESSAGE and TOO_BIG: consume
 * `length` bytes, then imap_frame_next. A CR in front of LF may be missing. */
enum imap_frame_result imap_frame(struct imap_framer *f, struct slice in);
void imap_frame_next(struct imap_framer *f);

struct imap_parser {
	struct slice in;      /* what is left */
	struct arena *arena;  /* for strings that must be unescaped; NULL is not allowed */
	const char *problem;  /* first complaint; NULL: none */
	bool utf8;            /* quoted strings may hold UTF-8 (RFC 9051, RFC 6855); else 8-bit is refused in them */
	bool net_utf8_names;  /* mailbox names are UTF-8; else modified UTF-7 (RFC 3501 5.1.3) */
};

/* Notes a complaint; always false. */
bool imap_parse_fail(struct imap_parser *p, const char *problem);
bool imap_at_end(const struct imap_parser *p);                    /* only the CRLF is left */
bool imap_parse_end(struct imap_parser *p);                       /* the same, as a demand */
bool imap_peek(const struct imap_parser *p, uint8_t c);           /* the next byte is c */
bool imap_take(struct imap_parser *p, uint8_t c);                 /* takes c if it is next; no complaint */
bool imap_parse_char(struct imap_parser *p, uint8_t c);           /* demands c */
bool imap_parse_space(struct imap_parser *p);
bool imap_take_word(struct imap_parser *p, const char *word);     /* takes a keyword (no case) that ends at a non-atom byte */
bool imap_parse_tag(struct imap_parser *p, struct slice *ret);
bool imap_parse_atom(struct imap_parser *p, struct slice *ret);   /* 1*ATOM-CHAR */
bool imap_parse_string(struct imap_parser *p, struct slice *ret); /* quoted or literal */
bool imap_parse_astring(struct imap_parser *p, struct slice *ret);
bool imap_parse_nstring(struct imap_parser *p, struct slice *ret, bool *ret_nil);
bool imap_parse_list_mailbox(struct imap_parser *p, struct slice *ret); /* with % and *; UTF-8 on return */
bool imap_parse_mailbox(struct imap_parser *p, struct slice *ret);      /* UTF-8 on return; INBOX in any case becomes "INBOX" */
bool imap_parse_number(struct imap_parser *p, uint32_t *ret);
bool imap_parse_number64(struct imap_parser *p, uint64_t *ret);   /* < 2^63 */
bool imap_parse_nz_number(struct imap_parser *p, uint32_t *ret);
/* \Seen or a keyword, as it stands. */
bool imap_parse_flag(struct imap_parser *p, struct slice *ret);
/* date ("1-Feb-1994", quoted or not): days since 1970-01-01. date-time (quoted): unix seconds. */
bool imap_parse_date(struct imap_parser *p, int64_t *ret_day);
bool imap_parse_date_time(struct imap_parser *p, int64_t *ret_unix);
/* The atom characters, for deciding how to print. */
bool imap_is_atom_char(uint8_t c);
bool imap_is_astring_char(uint8_t c);

/* One element of a sequence set; 0 stands for "*". */
struct imap_range { uint32_t first, last; };
struct imap_set {
	struct imap_range *ranges; /* in the arena */
	size_t count;
	bool saved;                /* "$" (RFC 5182) */
};
bool imap_parse_set(struct imap_parser *p, struct imap_set *ret);
/* A plain set of UIDs without "*" and "$" (QRESYNC). */
bool imap_parse_uid_set(struct imap_parser *p, struct uid_set *ret);

/* Modified UTF-7 (RFC 3501 5.1.3). Decoding returns -1 for anything that a correct encoder would not have made. */
int utf7_decode(struct slice in, struct buf *out);
void utf7_encode(struct slice utf8, struct buf *out);

#endif
