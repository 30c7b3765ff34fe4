/*
 * DKIM signatures of a message (RFC 6376; RFC 8301: no SHA-1, no RSA below 1024 bits; RFC 8463: Ed25519; RFC 8616: internationalised mail). Pure:
 * keys are asked of `facts`; while one is wanted nothing is hashed and the report says `waiting`.
 */
#ifndef TRUST_DKIM_H
#define TRUST_DKIM_H

#include "crypt/mail_key.h"
#include "trust/facts.h"
#include "trust/message.h"

#define DKIM_SIGNATURES_MAX 8        /* that are verified; those of the author's domain first */
#define DKIM_FIELDS_MAX 100          /* signature fields that are looked at */
#define DKIM_FIELD_BYTES_MAX 16384   /* of one signature field */
#define DKIM_NAMES_MAX 256           /* names in h= */
#define DKIM_KEYS_MAX 4              /* TXT records of one selector that are tried */
#define DKIM_CLOCK_SKEW_S 86400      /* a signature may be this much younger than now */

/* RFC 8601 2.7.1. */
enum dkim_result { DKIM_NONE, DKIM_PASS, DKIM_FAIL, DKIM_POLICY, DKIM_NEUTRAL, DKIM_TEMPERROR, DKIM_PERMERROR };

/* What the organisation does not accept though it verifies: such a signature is DKIM_POLICY. Zeroed: the defaults. */
struct dkim_policy {
	unsigned rsa_bits_min;       /* 0: MAIL_RSA_BITS_MIN */
	bool accept_beyond_length;   /* a body that goes on behind l= still passes (RFC 6376 8.2 tells what that means) */
};

struct dkim_signature {
	enum dkim_result result;
	const char *reason;          /* a literal, for people; "" when it passes without remark */
	struct slice domain;         /* d=, lower case, as written; empty when it could not be read */
	struct slice selector;       /* s= */
	struct slice identity;       /* i=; "@" d= when there is none */
	struct slice algorithm;      /* a= */
	struct slice b;              /* the first eight characters of b= (RFC 6008 4) */
	unsigned bits;               /* of the key; 0: there was none */
	bool testing;                /* t=y of the key */
	bool aligned;                /* d= is the domain of From, above it or below it */
	bool has_length;             /* l= */
	uint64_t beyond_length;      /* bytes of the body that l= leaves out */
	int64_t signed_s, expires_s; /* t=, x=; 0: not there */
	size_t field;                /* number in message->fields */
};

struct dkim_report {
	bool waiting;                /* answers are wanted: run it again with them */
	struct dkim_signature signatures[DKIM_SIGNATURES_MAX];
	size_t count;
	size_t skipped;              /* further signatures in the message */
};

/* policy may be NULL. Texts are in the message or the arena of facts. */
void dkim_verify(struct facts *facts, struct trust_message *message, const struct dkim_policy *policy, struct dkim_report *ret);
/* "pass", "fail", … */
const char *dkim_result_name(enum dkim_result result);

#endif
