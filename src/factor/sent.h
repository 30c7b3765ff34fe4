/*
 * Six digits that are sent by mail or SMS: the challenge (five minutes, five tries) and how often an address may be written to. The state
 * of a challenge changes with every try, right or wrong: store it before anything is answered.
 */
#ifndef FACTOR_SENT_H
#define FACTOR_SENT_H

#include "base/clock.h"
#include "factor/factor.h"

#define SENT_DIGITS 6
#define SENT_MS MINUTES_MS(5)
#define SENT_TRIES 5
#define SENT_PER_DAY 10          /* codes to one address of an account */
#define SENT_APART_MS SECONDS_MS(30)
#define SENT_STATE_MAX 100

/* A new challenge. Wipe the code after it was sent. */
void sent_make(struct moment now, char ret_code[SENT_DIGITS + 1], struct buf *ret_state);
/* ret_state is the state to store whatever the verdict is; empty: the challenge is over. */
enum factor_verdict sent_verify(struct slice state, struct slice code, struct moment now, struct buf *ret_state);

/* The address a factor sends to, and how often it did today (UTC). */
struct sent_contact {
	struct slice address; /* borrowed from the state */
	uint32_t day, count;  /* codes sent on that day since 1970 */
	int64_t last_ms;      /* wall clock */
};
void sent_contact_encode(const struct sent_contact *c, struct buf *out);
int sent_contact_decode(struct slice state, struct sent_contact *ret); /* 0 or ERR_DAMAGED */
/* May one more be sent now? Then *c counts it. */
bool sent_contact_take(struct sent_contact *c, struct moment now);

/* "+86 138 0013 8000" to "+8613800138000"; E.164: plus sign and 7 to 15 digits. False when it is none. */
bool sent_number(struct slice text, struct buf *out);
/* What may be shown of it: "a***@example.net", "+86*******00". */
void sent_masked(struct slice address, struct buf *out);

#endif
