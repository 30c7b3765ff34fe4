/*
 * Sender Policy Framework, RFC 7208 (with RFC 8616 for internationalised mail): may this host send for that domain?
 *
 * A check is pure: it reads facts and says whether it waits for more (trust/facts.h). While it waits it walks on through the record as if
 * nothing matched, so that one round asks for everything that the rest may need. Its limits hold in every run.
 */
#ifndef TRUST_SPF_H
#define TRUST_SPF_H

#include "trust/facts.h"
#include "trust/ip.h"

#define SPF_TERMS_MAX 10          /* terms that cause look-ups, all records together (RFC 7208 4.6.4) */
#define SPF_VOID_MAX 2            /* terms among them whose name has no such record */
#define SPF_NAMES_MAX 10          /* hosts of one mx, names of one ptr */
#define SPF_RECORD_MAX 4096       /* bytes of a record; a longer one is a permerror */
#define SPF_RECORD_TERMS_MAX 500  /* terms of a record */
#define SPF_EXPLANATION_MAX 512   /* bytes of an expanded explanation; what is longer is cut */
#define SPF_LOOKUPS_MAX 300       /* look-ups that are listed */

enum spf_result { SPF_NONE, SPF_NEUTRAL, SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_TEMPERROR, SPF_PERMERROR };
enum spf_scope { SPF_MAIL_FROM, SPF_HELO };

struct spf_request {
	struct trust_ip client;
	struct slice helo;      /* as the client gave it */
	struct slice mail_from; /* reverse-path without <>; empty: null */
	struct slice host;      /* our own name, for %{r}; empty: "unknown" */
};

struct spf_lookup {
	struct slice name;
	uint16_t type;
	const struct dns_answer *answer;
};

struct spf_check {
	bool waits;               /* answers are wanted: nothing else here counts yet */
	enum spf_result result;
	enum spf_scope scope;
	struct slice domain;      /* that was checked; empty when there is none */
	struct slice sender;      /* as the macro %{s} sees it */
	struct slice term;        /* that decided: "ip4:192.0.2.0/24"; empty: none did */
	struct slice term_domain; /* in whose record it stands */
	struct slice reason;      /* for operators, ASCII */
	struct slice explanation; /* RFC 7208 6.2, for fail only; words of a stranger, printable ASCII; empty: none */
	unsigned terms, voids;    /* look-up terms used, and those without an answer */
	struct spf_lookup *lookups; /* in order, each once; `lookup_count` */
	size_t lookup_count;
};

/* Checks MAIL FROM; for the null reverse-path postmaster@helo, with scope SPF_HELO (RFC 7208 2.4). All results live in the facts' arena. */
void spf_check_mail_from(struct facts *f, const struct spf_request *request, struct spf_check *ret);
/* Checks the HELO identity (RFC 7208 2.3). */
void spf_check_helo(struct facts *f, const struct spf_request *request, struct spf_check *ret);

/* "pass", "softfail", … as in Received-SPF and Authentication-Results. */
const char *spf_result_name(enum spf_result result);
const char *spf_scope_name(enum spf_scope scope); /* "mailfrom", "helo" */

#endif
