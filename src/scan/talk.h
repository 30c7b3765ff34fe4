/*
 * One conversation with a scanner as an engine without I/O: bytes in, bytes out, and in the end a finding. Whoever drives it connects, then
 * lets it say something whenever there is room and hear whatever came, until its state is not TALK_GOES any more.
 */
#ifndef SCAN_TALK_H
#define SCAN_TALK_H

#include "scan/verdict.h"

#define TALK_PIECE 65536u   /* bytes that one `say` appends at most, beside a little framing */
#define TALK_INPUT_MAX 65536u /* the input buffer of whoever drives it: more of one answer than this is malformed */

enum talk_state {
	TALK_GOES,
	TALK_DONE,    /* result and name hold */
	TALK_FAILED,  /* the scanner said something else than its protocol, or went away */
};

struct talk;
struct talk_ops {
	const char *scanner;                          /* name of the protocol */
	void (*say)(struct talk *t, struct buf *out); /* appends what comes next; nothing: it waits for an answer */
	void (*hear)(struct talk *t, struct buf *in); /* consumes what is complete */
	void (*closed)(struct talk *t);               /* the peer closed, all it sent was heard; NULL: that fails */
	void (*free)(struct talk *t);                 /* of what it owns besides itself; may be NULL */
};

struct talk {
	const struct talk_ops *ops;
	enum talk_state state;
	enum scan_result result;
	struct buf name;       /* of the finding, cleaned */
};

void talk_init(struct talk *t, const struct talk_ops *ops);
/* For engines: the end, with a finding. */
void talk_done(struct talk *t, enum scan_result result, struct slice name);
void talk_fail(struct talk *t);
/* For engines: the first field of that name in the lines of a head ("Name: value"), without white space around it. Names have no case. */
bool talk_field(struct slice head, struct slice name, struct slice *ret);

void talk_say(struct talk *t, struct buf *out);
void talk_hear(struct talk *t, struct buf *in);
void talk_closed(struct talk *t);
/* Also frees the memory of *talk, which is of memory_alloc. */
void talk_free(struct talk **talk);

#endif
