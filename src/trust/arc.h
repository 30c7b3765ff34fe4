/*
 * ARC (RFC 8617): what earlier hosts that changed a message found out about its sender, each under a seal. Verifies a chain, and adds a
 * set of our own. Pure: keys are asked of `facts`; while one is wanted the report says `waiting`.
 */
#ifndef TRUST_ARC_H
#define TRUST_ARC_H

#include "trust/dkim_sign.h"
#include "trust/facts.h"
#include "trust/message.h"

#define ARC_SETS_MAX 50              /* RFC 8617 4.2.1 */
#define ARC_RESULTS_MAX 16384        /* bytes of authentication results that are sealed */

enum arc_result { ARC_NONE, ARC_PASS, ARC_FAIL };

struct arc_set {
	struct slice domain, selector;  /* of the ARC-Seal; empty when it is malformed */
	struct slice signature_domain;  /* of the ARC-Message-Signature */
	struct slice results;           /* of ARC-Authentication-Results, behind the instance; folding kept */
	int64_t sealed_s;               /* t= of the seal; 0: not there */
	bool signature_valid;           /* the message is still what this host signed */
};

struct arc_report {
	bool waiting;
	enum arc_result result;         /* the chain validation status, cv= */
	bool temporary;                 /* it fails because a key was not available */
	bool sealed_fail;               /* the newest seal says cv=fail: nobody adds a set any more (5.1.2) */
	const char *reason;             /* a literal, "" when it passes */
	unsigned count;                 /* highest instance seen; sets[0] is instance 1. Sets are valid when the structure is. */
	unsigned oldest_pass;           /* RFC 8617 5.2: 0: the message is unchanged since the first set */
	struct arc_set *sets;
};

/* Texts are in the message or the arena of facts. */
void arc_verify(struct facts *facts, struct trust_message *message, struct arc_report *ret);
const char *arc_result_name(enum arc_result result);

struct arc_sealing {
	struct dkim_signer signer;
	int64_t now_s;
	struct slice authserv_id;
	struct slice results;           /* what stands behind the authserv-id of Authentication-Results: "spf=pass …; dkim=…"; may be folded */
	struct slice headers;           /* a colon list for h=; empty: our own choice */
};

/*
 * Appends ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results of the next instance, to stand in front of the message, as
 * `chain` (of this message) found it. ERR_EXISTS: no set may be added (cv=fail before, or ARC_SETS_MAX); ERR_INVALID, ERR_LIMIT, or what
 * the callback says.
 */
int arc_seal(const struct arc_report *chain, struct trust_message *message, const struct arc_sealing *how, struct buf *out,
	struct error *err);

/*
 * Appends the results of all Authentication-Results fields of that authserv-id, from the top, joined with "; " (RFC 8617 5.1 asks for one
 * list). Nothing when there are none.
 */
void arc_collect_results(const struct trust_message *message, struct slice authserv_id, struct buf *out);

/* The instance that a field of a chain names; 0: none. */
unsigned arc_field_instance(struct slice value);

#endif
