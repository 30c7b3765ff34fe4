/* Between the files of the SPF check. */
#ifndef TRUST_SPF_PRIVATE_H
#define TRUST_SPF_PRIVATE_H

#include "trust/spf.h"

/* ---- a parsed record ---- */

enum spf_mechanism { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

struct spf_directive {
	enum spf_mechanism mechanism;
	enum spf_result qualifier;
	struct slice text;        /* the whole term */
	struct slice domain_spec; /* empty: the current domain */
	struct trust_ip network;
	unsigned bits4, bits6;
};

struct spf_record {
	struct spf_directive *directives;
	size_t count;
	struct slice redirect, exp; /* domain-specs; empty: none */
	struct slice wrong;         /* the term with the error, when parsing failed */
};

/* "v=spf1" and what ends it, RFC 7208 4.5. */
bool spf_record_is(struct slice text);
/* The whole record, RFC 7208 4.6 and 12. 0 or ERR_INVALID. */
int spf_record_parse(struct slice text, struct arena *arena, struct spf_record *ret);

/* ---- macros ---- */

/* What macros are made of; `ptr` asks for the validated name and says false when it must wait. */
struct spf_macros {
	const struct trust_ip *client;
	struct slice local, sender_domain, domain, helo, host;
	bool local_is_utf8;
	int64_t now_s;
	bool (*ptr)(void *arg, struct slice *ret_name);
	void *arg;
};

enum spf_expansion { SPF_EXPANDED, SPF_EXPANDS_LATER /* %{p} waits */, SPF_NEVER_MATCHES /* RFC 8616 4 */ };

/* Is it a macro-string, domain-spec or explanation (RFC 7208 7.1)? */
bool spf_macro_valid(struct slice text, bool explanation);
/* `text` must be valid. A name over 253 bytes loses labels at its left (RFC 7208 7.3). */
enum spf_expansion spf_macro_expand(const struct spf_macros *m, struct slice text, bool explanation, struct arena *arena,
	struct slice *ret);

#endif
