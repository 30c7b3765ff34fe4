/*
 * Second factors, as plain functions: stored state and what a person shows in, verdict and the next state out. No I/O, no time of its
 * own, nothing is remembered here: the caller keeps the state (sealed, auth/factors.h) and commits the new one before it says "right".
 * One file per kind: totp.h, webauthn.h, codes.h, sent.h. docs/factors.md has the formats.
 */
#ifndef FACTOR_FACTOR_H
#define FACTOR_FACTOR_H

#include "base/buf.h"

enum factor_kind { /* stored; the values never change */
	FACTOR_TOTP = 1,     /* a program that shows six digits (RFC 6238) */
	FACTOR_WEBAUTHN = 2, /* security key or passkey */
	FACTOR_CODES = 3,    /* ten codes kept for the day on which the others are lost */
	FACTOR_LIST = 4,     /* a printed, numbered list for computers that nobody trusts */
	FACTOR_MAIL = 5,     /* six digits sent to a second address */
	FACTOR_SMS = 6,
};
#define FACTOR_KIND_COUNT 7
/* A set of kinds is an unsigned of these. */
#define FACTOR_BIT(kind) (1u << (unsigned)(kind))
/* Codes and lists help somebody who has a factor; they are none by themselves. */
#define FACTOR_MAIN_KINDS (FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_WEBAUTHN) | FACTOR_BIT(FACTOR_MAIL) | FACTOR_BIT(FACTOR_SMS))

enum factor_verdict {
	FACTOR_RIGHT = 0,  /* and *ret_… is the state to store before anybody is told */
	FACTOR_WRONG,
	FACTOR_REPLAYED,   /* right, but it was used before */
	FACTOR_EXPIRED,    /* the challenge is too old */
	FACTOR_SPENT,      /* too many tries for this challenge, or no code is left */
	FACTOR_MALFORMED,  /* not what such a proof looks like */
};

/* "totp", "webauthn", "codes", "list", "mail", "sms": their names in JSON. NULL for others. */
const char *factor_kind_name(enum factor_kind kind);
bool factor_kind_parse(struct slice name, enum factor_kind *ret);
/* For the log and for tests: "right", "wrong", … */
const char *factor_verdict_name(enum factor_verdict verdict);

#endif
