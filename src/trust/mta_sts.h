/*
 * MTA-STS (RFC 8461): a domain says over HTTPS which hosts take its mail and that they must be verified. Pure: what DNS and HTTPS answered and
 * what is remembered come in, a decision and what to remember go out.
 */
#ifndef TRUST_MTA_STS_H
#define TRUST_MTA_STS_H

#include "base/arena.h"
#include "base/buf.h"

#define STS_FILE_MAX 65536          /* bytes of a policy file (RFC 8461 3.2 lets a sender have a limit) */
#define STS_ID_MAX 32               /* RFC 8461 3.1 */
#define STS_MX_MAX 64               /* patterns of a policy */
#define STS_MX_BYTES 1600           /* all of them: what is remembered has to fit */
#define STS_STATE_MAX 2000          /* bytes of an encoded state */
#define STS_AGE_MAX 31557600        /* seconds, RFC 8461 3.2; more counts as this */
#define STS_RETRY_S 300             /* after a policy that could not be had (RFC 8461 3.3) */
#define STS_REFRESH_S 86400         /* a live policy is asked for again, so that it does not end while nobody looks (RFC 8461 3.3) */

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age_s;
	struct slice mx[STS_MX_MAX];    /* "mx.example.org" or "*.example.org" */
	size_t mx_count;
};

/*
 * What the TXT records at _mta-sts.<domain> say, each with its strings joined. 0: exactly one is of STSv1 and well formed, *ret_id borrows;
 * ERR_NOT_FOUND: there is no policy (RFC 8461 3.1).
 */
int sts_record_id(const struct slice *texts, size_t count, struct slice *ret_id);
/* A policy file, which the policy borrows from. 0; ERR_INVALID; ERR_LIMIT: longer or more hosts than the limits above. */
int sts_policy_parse(struct slice file, struct sts_policy *ret);
/* Is the media type (the value of Content-Type) that of a policy: text/plain? RFC 8461 3.2. */
bool sts_media_type_fits(struct slice content_type);
/* Does a pattern name the host? A wildcard stands for the leftmost label and nothing else (RFC 8461 4.1). */
bool sts_mx_matches(const struct slice *mx, size_t count, struct slice host);

/* What is remembered of a domain: the policy that came last. Times in unix seconds, 0: never. */
struct sts_state {
	struct slice id;
	struct sts_policy policy;
	int64_t fetched_s, expires_s;
};
void sts_state_encode(const struct sts_state *s, struct buf *out);
/* Borrows. False: nothing, or no state; *ret is empty. */
bool sts_state_decode(struct slice text, struct sts_state *ret);
/* What holds now: that of a policy that has not ended. STS_NONE: deliver as without MTA-STS. STS_TESTING never keeps a letter back. */
enum sts_mode sts_mode_now(const struct sts_state *s, int64_t now_s);
/*
 * Is the policy to be fetched before a delivery? id: of the record; empty: there is none or it cannot be looked up now, which neither asks for a
 * fetch nor ends what is remembered (RFC 8461 3.1, 5.1). failed_s: when a fetch failed last. Only a policy that came takes the place of another: one
 * that does not come leaves what is remembered as it is, to its end (RFC 8461 3.3).
 */
bool sts_wants_fetch(const struct sts_state *s, struct slice id, int64_t failed_s, int64_t now_s);
/* The policy came: it is what holds from now on. `id` and the policy are borrowed. */
void sts_fetched(struct sts_state *s, struct slice id, const struct sts_policy *policy, int64_t now_s);
/* Seconds that the state is worth remembering; 0: not at all. */
uint32_t sts_keep_s(const struct sts_state *s, int64_t now_s);

/* The other side: the policy file of a domain of ours. */
#define STS_POLICY_ID_SIZE 17 /* with its NUL */
void sts_policy_write(const struct sts_policy *policy, struct buf *out);
/* What stands in DNS beside it: another one for another policy. */
void sts_policy_id(struct slice file, char ret[STS_POLICY_ID_SIZE]);
bool sts_mode_find(struct slice name, enum sts_mode *ret);

#endif
