/*
 * DMARC: is the domain of From the one that SPF or DKIM has authenticated, and what does its owner want done otherwise? RFC 7489, and the
 * draft that follows it (draft-ietf-dmarc-dmarcbis: tree walk, psd, np, t). Pure, over facts (trust/facts.h).
 */
#ifndef TRUST_DMARC_H
#define TRUST_DMARC_H

#include "trust/facts.h"

#define DMARC_AUTHORS_MAX 4      /* different domains in From; with more there is a permerror */
#define DMARC_ADDRESSES_MAX 50   /* in From; with more there are too many domains */
#define DMARC_WALK_MAX 8         /* look-ups of one tree walk */
#define DMARC_URIS_MAX 8         /* of one rua or ruf */
#define DMARC_RECORD_MAX 4096    /* bytes; a longer record is none */
#define DMARC_IDENTITIES_MAX 16  /* authenticated domains that are compared */

enum dmarc_result { DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR };
enum dmarc_policy { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT };
enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO };
/* How the organisational domain is found. The list is that of libpsl, RFC 7489 3.2. */
enum dmarc_method { DMARC_TREE_WALK, DMARC_PUBLIC_SUFFIXES };

/* Why the disposition is not the policy. RFC 7489 C, and policy_test_mode of the new draft. */
enum dmarc_override { DMARC_NO_OVERRIDE, DMARC_FORWARDED, DMARC_SAMPLED_OUT, DMARC_TRUSTED_FORWARDER, DMARC_MAILING_LIST,
	DMARC_LOCAL_POLICY, DMARC_OTHER, DMARC_TEST_MODE };

struct dmarc_uri {
	struct slice address;    /* of mailto:, decoded; other schemes are left out */
	struct slice domain;     /* of the address, lower case, A-labels */
	uint64_t max_bytes;      /* "!10m"; 0: no limit */
};

/* Does it take a report of that many bytes, as it is sent (RFC 7489 6.4)? */
static inline bool dmarc_uri_takes(const struct dmarc_uri *uri, uint64_t bytes)
{
	return uri->max_bytes == 0 || bytes <= uri->max_bytes;
}

/* "mailto:a@b.example!10m"; false: it is no such address. Texts in the arena. */
bool dmarc_uri_read(struct slice text, struct arena *arena, struct dmarc_uri *ret);

struct dmarc_record {
	enum dmarc_policy p, sp, np;         /* sp and np with their defaults */
	bool has_p, has_sp, has_np;          /* written and valid */
	bool broken;                         /* p is missing or wrong, or sp or np is wrong (RFC 7489 6.6.3) */
	bool strict_dkim, strict_spf, test;
	enum dmarc_psd psd;
	unsigned pct;                        /* 0 to 100 */
	struct slice fo;                     /* "0" when absent */
	unsigned interval_s;                 /* ri, 86400 when absent */
	struct dmarc_uri rua[DMARC_URIS_MAX], ruf[DMARC_URIS_MAX];
	size_t rua_count, ruf_count;
};

struct dmarc_request {
	struct slice header;                 /* of the message, at least its From fields */
	enum dmarc_method method;
	struct slice spf_domain;             /* that SPF checked (spf_check.domain), whatever its result: asked for early */
	bool spf_passed, spf_failed_now;     /* SPF_PASS; SPF_TEMPERROR */
	struct slice dkim_domains[DMARC_IDENTITIES_MAX]; /* d= of the signatures that passed */
	size_t dkim_count;
	bool dkim_failed_now;                /* a signature had a temperror */
	enum dmarc_override exempt;          /* what the receiver knows: a trusted ARC chain, a mailing list; DMARC_NO_OVERRIDE: nothing */
	unsigned sample;                     /* 0 to 99, chance of the message: pct= applies to those below it */
};

struct dmarc_check {
	bool waits;                          /* answers are wanted: nothing else here counts yet */
	enum dmarc_result result;
	struct slice author;                 /* domain of From, A-labels; of several the one that decides */
	unsigned author_count;               /* different domains in From */
	struct slice org_domain;             /* of the author; empty when it is not known */
	struct slice policy_domain;          /* where the record stands; empty: there is none */
	struct dmarc_record record;          /* when there is a policy_domain */
	enum dmarc_policy policy;            /* that the owner asks for with this mail */
	const char *policy_tag;              /* "p", "sp", "np" or "" */
	enum dmarc_policy disposition;       /* that results: the policy, less what t, pct and `exempt` take away */
	enum dmarc_override override;        /* why it differs */
	bool spf_aligned, dkim_aligned;      /* and passed */
	struct slice dkim_domain;            /* that is aligned */
	struct slice reason;                 /* for operators, ASCII */
};

/* All texts live in the facts' arena or in the request. SPF and DKIM may still wait: what it would ask later is asked now. */
void dmarc_check(struct facts *f, const struct dmarc_request *request, struct dmarc_check *ret);

/* One TXT record. False: it is no DMARC record (v=DMARC1 does not stand first). Wrong tags are as if they were not there. */
bool dmarc_record_parse(struct slice text, struct arena *arena, struct dmarc_record *ret);
/*
 * The domains of all From fields, A-labels, each once; groups' members count (RFC 6854). Returns how many there are; more than
 * DMARC_AUTHORS_MAX (or DMARC_ADDRESSES_MAX addresses): that number plus one. *ret_broken: some address has no domain that could be
 * checked.
 */
unsigned dmarc_authors(struct slice header, struct arena *arena, struct slice ret[DMARC_AUTHORS_MAX], bool *ret_broken);

enum dmarc_found { DMARC_FOUND, DMARC_NOT_FOUND, DMARC_LATER, DMARC_FAILED_NOW };
/* The organisational domain. DMARC_NOT_FOUND cannot be: a domain that nobody speaks for is its own. */
enum dmarc_found dmarc_org_domain(struct facts *f, enum dmarc_method method, struct slice domain, struct slice *ret);
/*
 * May reports about `domain` (where the record stands) be sent to this address (RFC 7489 7.1)? Then *uri may be changed to what the record
 * there asks for. DMARC_NOT_FOUND: no.
 */
enum dmarc_found dmarc_report_allowed(struct facts *f, enum dmarc_method method, struct slice domain, struct dmarc_uri *uri);

const char *dmarc_result_name(enum dmarc_result result);
const char *dmarc_policy_name(enum dmarc_policy policy);
const char *dmarc_override_name(enum dmarc_override override); /* "" for none */

#endif
