/* One letter as the checks see it: what the edge knows of its way, what was verified, and the message taken apart once. */
#ifndef POLICY_LETTER_H
#define POLICY_LETTER_H

#include "mime/digest.h"
#include "policy/ip.h"
#include "policy/url.h"

/* Limits of what is looked at. A letter beyond is judged by its front; `cut` tells. */
#define LETTER_TEXT_MAX (128 * 1024)  /* bytes of visible text */
#define LETTER_HTML_MAX (512 * 1024)  /* bytes of HTML source that are searched for links */
#define LETTER_URLS_MAX 200
#define LETTER_NAME_MAX 256           /* bytes of a display name */
#define LETTER_RECIPIENTS_MAX 1000
#define LETTER_PARTS_MAX 200          /* parts of which the file name is looked at */

/* What SPF, DKIM, DMARC, ARC and S/MIME said; temporary and permanent errors are not told apart here. */
enum letter_auth { LETTER_NONE, LETTER_PASS, LETTER_FAIL, LETTER_SOFT_FAIL, LETTER_NEUTRAL, LETTER_ERROR };
enum letter_dmarc_policy { LETTER_DMARC_NONE, LETTER_DMARC_QUARANTINE, LETTER_DMARC_REJECT };

struct letter_trust {
	bool given;                  /* false: nothing was verified; checks that need it are skipped */
	enum letter_auth spf, dkim, dmarc, arc;
	struct slice spf_domain;     /* that passed or failed */
	struct slice dkim_domain;    /* of the best signature that passes: aligned first */
	enum letter_dmarc_policy dmarc_policy;
	enum letter_auth smime;      /* signature of the letter by the address in From */
};

struct letter_address {
	struct slice name;           /* display name, decoded; may be empty */
	struct slice spec;           /* "local@domain", domain in lower case, A-labels */
	struct slice domain;         /* in lower case, A-labels */
};

struct policy_letter {
	/* Given by the caller before policy_letter_read. */
	struct policy_ip client;
	bool this_host;               /* a program of this machine brought it */
	struct slice ptr;            /* name of the client that resolves back to it; empty: none */
	struct slice helo;
	struct slice reverse_path;   /* "local@domain", empty for <> */
	const struct slice *recipients;
	size_t recipient_count;
	bool authenticated;          /* sent by one of our own after a login: nothing is checked but content */
	struct letter_trust trust;

	/* Filled by policy_letter_read; borrows from message and arena. */
	struct slice message, header;
	const struct mime_part *root;
	const struct mime_envelope *envelope;
	struct letter_address from, sender, reply_to; /* first of each field (Reply-To: first of another domain); empty: no such field */
	unsigned from_fields, from_count;             /* header fields of that name; addresses in them */
	struct slice subject;        /* decoded */
	struct slice text;           /* visible text of all text parts, UTF-8 */
	struct slice folded;         /* subject, line break and text, NFKC case folded */
	struct policy_url *urls;
	size_t url_count;
	struct slice *files;         /* names of attachments */
	size_t file_count;
	bool has_html, cut;
};

/* Only who it is from and to: header, envelope and addresses. Cheap; policy_letter_read does it again. */
void policy_letter_read_who(struct policy_letter *l, struct slice message, struct arena *arena);
/*
 * Never fails. May be called again for another message on the same way. root and envelope: what mime_structure_parse and
 * mime_envelope_parse gave for `message`, or both NULL to parse here.
 */
void policy_letter_read(struct policy_letter *l, struct slice message, const struct mime_part *root, const struct mime_envelope *envelope,
	struct arena *arena);
/* Domain of the reverse-path, else of HELO: who answers for the transport. In lower case. */
struct slice policy_letter_mail_domain(const struct policy_letter *l, struct arena *arena);

static inline bool letter_auth_passed(const struct policy_letter *l)
{
	return l->trust.given && l->trust.dmarc == LETTER_PASS;
}

#endif
