/*
 * Signs a message (RFC 6376 5, RFC 8463): relaxed/relaxed, the fields that readers see, most of them once more than they are there, so that
 * none can be added. The private key is behind a callback that gets a digest. Pure.
 */
#ifndef TRUST_DKIM_SIGN_H
#define TRUST_DKIM_SIGN_H

#include "base/error.h"
#include "crypt/mail_key.h"
#include "trust/message.h"

#define DKIM_SIGN_FIELD_MAX 8192     /* bytes of one field that is made */

struct dkim_signer;
/* Signs the 32 bytes of a SHA-256 digest with the key of the signer: raw signature appended to *out. 0 or a negative code. */
typedef int dkim_sign_fn(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out,
	struct error *err);

struct dkim_signer {
	struct slice domain, selector;  /* as they shall be written, A-labels */
	enum mail_algorithm algorithm;
	dkim_sign_fn *sign;
	void *arg;
};

struct dkim_signing {
	int64_t now_s;
	uint64_t lifetime_s;            /* for x=; 0: none */
	struct slice headers;           /* a colon list for h=; empty: our own choice */
};

/*
 * Appends one DKIM-Signature per signer, each with its CRLF, to stand in front of the message. 0, ERR_INVALID (no From field, header too
 * large), ERR_LIMIT, or what the callback says; *out is then as before.
 */
int dkim_sign(struct trust_message *message, const struct dkim_signer *signers, size_t count, const struct dkim_signing *how,
	struct buf *out, struct error *err);

/* ---- for the fields of ARC, which are made the same way ---- */

/* Tags in writing: a line break after ";" where the line would be too long, which relaxed canonicalisation takes for a space. */
struct tag_writer {
	struct buf *out;
	size_t column, count;
	bool fold_values;               /* long lists and b= are folded too */
};
void tag_writer_start(struct tag_writer *w, const char *field, struct buf *out);
void tag_write(struct tag_writer *w, const char *name, struct slice value);
/*
 * Appends the field `before` b=… `after` (two runs of written tags, `after` may be empty) with the signature of `covered` and of the field
 * itself with an empty b=.
 */
int tag_sign(const struct dkim_signer *signer, struct slice before, struct slice after, bool fold, struct slice covered, struct buf *out,
             struct error *err);

#endif
