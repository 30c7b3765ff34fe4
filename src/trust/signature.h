/* What DKIM-Signature, ARC-Message-Signature and ARC-Seal have in common: their tags (RFC 6376 3.5, RFC 8617 4.1), the key, the check. */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include "trust/dkim.h"
#include "trust/tags.h"

enum signature_kind { SIGNATURE_DKIM = 1, SIGNATURE_AMS = 2, SIGNATURE_AS = 4 };

/* DKIM_NONE: nothing stands against it so far. */
struct verdict {
	enum dkim_result result;
	const char *reason;
};
#define VERDICT_NONE ((struct verdict){DKIM_NONE, ""})

struct signature {
	struct tag_list tags;
	enum mail_algorithm algorithm;
	bool header_relaxed, body_relaxed;
	bool has_length;
	uint64_t length;               /* l=, or MESSAGE_NO_LIMIT */
	struct slice domain, selector; /* lower case, as written */
	struct slice identity;
	bool identity_below;           /* the domain of i= is not d= itself */
	struct slice key_name;         /* of the key in DNS, A-labels */
	struct slice h;                /* as written, for message_canonical_fields */
	struct slice b_raw;            /* what message_canonical_signature leaves out */
	struct slice b;                /* decoded */
	uint8_t body_hash[32];
	uint64_t signed_s, expires_s;  /* 0: not there */
	unsigned instance;             /* ARC */
	struct slice cv;               /* ARC-Seal */
};

/*
 * Reads a signature field; what could be read is set whatever comes out. Texts in the arena or the field. Checks the form and, of DKIM,
 * that From is signed; no times.
 */
struct verdict signature_parse(struct slice value, enum signature_kind kind, struct arena *arena, struct signature *ret);
/* An ARC instance (RFC 8617 4.2.1), 1 to 50; 0: none. */
unsigned signature_instance(struct slice text);

/* The key, when the answer is there: *ret_bits, *ret_testing; else DKIM_TEMPERROR and others. *ret is freed with mail_public_free. */
struct signature_keys {
	struct mail_public *keys[DKIM_KEYS_MAX];
	unsigned bits[DKIM_KEYS_MAX];
	bool testing[DKIM_KEYS_MAX];
	size_t count;
};
/* False: the answer is wanted. A verdict other than DKIM_NONE: no usable key. The caller frees with signature_keys_free. */
bool signature_ask(struct facts *facts, const struct signature *s);
struct verdict signature_keys_get(struct facts *facts, const struct signature *s, struct signature_keys *ret);
void signature_keys_free(struct signature_keys *keys);
/* Number of the key that verifies, or -1. `signed_bytes` is the canonical header with the signature field. */
int signature_check(const struct signature *s, const struct signature_keys *keys, struct slice signed_bytes);

#endif
