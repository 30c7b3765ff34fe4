/* What edge or mail tells filter about a message besides its bytes: FILTER_SEAL.envelope. */
#ifndef STORE_ENVELOPE_H
#define STORE_ENVELOPE_H

#include "base/arena.h"
#include "base/buf.h"

enum envelope_source {
	ENVELOPE_SMTP = 1, ENVELOPE_SUBMISSION = 2, ENVELOPE_APPEND = 3,
	ENVELOPE_BEHIND = 4, /* from the server behind a relay domain, on its way out: the rules of a submission hold */
};

struct envelope {
	enum envelope_source source;
	int64_t received_ms;          /* wall clock */
	int64_t due_ms;               /* SUBMISSION: it waits until then (queue/submission.h); 0: it does not wait */
	struct slice cid;             /* connection id, goes into Received */
	struct slice client_address;  /* never written into outgoing headers of submissions (A7) */
	struct slice helo;
	struct slice protocol;        /* "ESMTPS", "ESMTPSA", "UTF8SMTPS", … RFC 3848, 6531 */
	struct slice tls;             /* "TLSv1.3 TLS_AES_256_GCM_SHA384" or empty */
	struct slice hostname;        /* ours */
	struct slice reverse_path;    /* without <>; empty for the null reverse-path */
	struct slice ret;             /* DSN RET: "FULL", "HDRS" or empty */
	struct slice envid;           /* DSN ENVID, xtext as given */
	bool smtputf8, body_8bit, body_binary, requiretls;
	bool opaque;                  /* seal without parsing: two filters ended on it */
	struct slice sender;          /* SUBMISSION, BEHIND: MACed sender fact (store/fact.h) */
	struct slice sealer;          /* SMTP: MACed sender fact of the domain that passes the letter on, whose key seals it (ARC); empty: none */
	struct slice recipients;      /* list of MACed recipient facts; APPEND: exactly one FACT_OWN */
	uint32_t recipient_count;
	/* APPEND only */
	struct slice mailbox_id;      /* 16 bytes: which mailbox, for Recovered after a crash */
	struct slice flags;           /* as the filing note stores them: space separated names */
	int64_t internal_date;        /* unix seconds */
};

/* Do people of ours send it, who own what it says they wrote? */
static inline bool envelope_is_ours(const struct envelope *e)
{
	return e->source == ENVELOPE_SUBMISSION || e->source == ENVELOPE_BEHIND;
}

void envelope_encode(const struct envelope *e, struct buf *out);
int envelope_decode(struct slice data, struct envelope *ret); /* slices point into data */

#endif
