/*
 * Sieve (RFC 5228): what the owner of a mailbox wants done with a letter. Pure: a script is compiled once and run over a letter; what it wants comes
 * out as a list of actions, nothing is done here. docs/sieve.md lists extensions and limits.
 */
#ifndef SIEVE_SIEVE_H
#define SIEVE_SIEVE_H

#include "base/arena.h"
#include "base/buf.h"
#include "sieve/limits.h"

struct sieve_place { uint32_t line, column; }; /* from 1; the column counts characters */
struct sieve_error {
	struct sieve_place place;
	char script[SIEVE_NAME_MAX + 1]; /* that it stands in, when it is an included one */
	char text[200];
};

struct sieve_program;
/* Everything of the program lives in the arena; `text` must live as long. 0, ERR_INVALID or ERR_LIMIT; err is filled then. */
int sieve_compile(struct slice text, struct arena *arena, struct sieve_program **ret, struct sieve_error *err);
/* The names of `require`, separated by spaces, for the capability SIEVE of RFC 5804 1.7. */
void sieve_extensions_print(struct buf *out);
/* Called for the name of every script that `text` includes (RFC 6609); ones that are computed when it runs do not exist. */
typedef void sieve_include_fn(void *arg, struct slice name, bool global);
void sieve_includes(const struct sieve_program *program, sieve_include_fn *fn, void *arg);
/* May a script have this name (RFC 5804 1.6)? */
bool sieve_name_valid(struct slice name);
/* Once, before a jail closes. */
void sieve_warm(void);

/* ---- running ---- */

struct sieve_mailbox {
	struct slice name;          /* UTF-8, "/" between levels */
	struct slice special_use;   /* attributes, separated by spaces ("\Sent"), or empty */
};

enum sieve_known { SIEVE_NEW, SIEVE_SEEN, SIEVE_WAIT };

struct sieve_letter {
	struct slice message;       /* as it will be stored, trace fields included */
	struct slice from;          /* reverse-path, without <> */
	struct slice to;            /* the address that was given at RCPT */
	/* Whose script it is. */
	struct slice address;       /* final address of the account */
	const struct slice *addresses; /* all of them, lower case; "@domain" stands for every address of it */
	size_t address_count;
	const struct sieve_mailbox *mailboxes;
	size_t mailbox_count;
	/* Environment (RFC 5183 4.1). */
	struct slice host, remote_host, remote_ip;
	int64_t now_s;
	int zone_s;                 /* of the server, seconds east of UTC */
	/* The text of an included script; false: there is none. May be NULL. */
	bool (*source)(void *arg, struct slice name, bool global, struct slice *ret);
	/* Has the owner had a letter with this key (RFC 7352)? SIEVE_WAIT: the run is made again when it is known. May be NULL: nothing is known. */
	enum sieve_known (*seen)(void *arg, struct slice key);
	void *arg;
	uint64_t *work;             /* steps that are left for all scripts of one letter; NULL: SIEVE_WORK_MAX for this one */
};

enum sieve_kind { SIEVE_DO_FILE, SIEVE_DO_REDIRECT, SIEVE_DO_REJECT, SIEVE_DO_VACATION };

struct sieve_action {
	struct sieve_action *next;
	enum sieve_kind kind;
	/* FILE */
	struct slice mailbox;       /* INBOX for keep */
	bool keep;                  /* it was keep, of whatever kind: where the letter goes without a script */
	struct slice special_use;   /* RFC 8579 4: the mailbox with it goes first; else empty */
	bool create;                /* RFC 5490 3.2 */
	struct slice flags;         /* separated by spaces */
	/* REDIRECT */
	struct slice address;
	/* REJECT, VACATION: UTF-8 */
	struct slice text;
	/* VACATION (RFC 5230) */
	struct slice subject, from, handle; /* subject and from may be empty; handle never is */
	bool mime;
	uint32_t seconds;           /* between two answers to one sender; 0: every letter is answered */
	const struct slice *addresses;
	size_t address_count;
	struct sieve_place place;
};

struct sieve_duplicate {
	struct sieve_duplicate *next;
	struct slice key;           /* as it was asked of `seen` */
	uint32_t seconds;           /* remembered for so long */
	bool last;                  /* also when it was seen: from now on anew */
	bool was_seen;
};

struct sieve_outcome {
	struct sieve_action *actions; /* in their order; none: the letter is discarded */
	struct sieve_duplicate *duplicates;
	bool waits;                 /* an answer of `seen` is missing: actions mean nothing */
	bool failed;                /* error says why; there is one action: into INBOX (RFC 5228 2.10.6) */
	struct sieve_error error;
};
/* All of *ret lives in the arena. Never fails: see `failed`. */
void sieve_run(const struct sieve_program *program, const struct sieve_letter *letter, struct arena *arena, struct sieve_outcome *ret);

#endif
