/* A key record of DKIM (RFC 6376 3.6.1, RFC 8301, RFC 8463 4). Pure. */
#ifndef TRUST_DKIM_KEY_H
#define TRUST_DKIM_KEY_H

#include "crypt/mail_key.h"
#include "trust/signature.h"

struct dkim_key {
	enum mail_algorithm algorithm;
	struct slice public_key;   /* p=, decoded, in the arena */
	bool testing;              /* t=y */
	bool strict;               /* t=s: i= may not be below d= */
};

/* `text`: the strings of one TXT record, joined. DKIM_NONE: *ret is a key for mail that may be used with SHA-256. */
struct verdict dkim_key_parse(struct slice text, struct arena *arena, struct dkim_key *ret);

#endif
