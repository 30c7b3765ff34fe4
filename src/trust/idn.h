/* Domain names of mail as DNS and policies know them. */
#ifndef TRUST_IDN_H
#define TRUST_IDN_H

#include "base/arena.h"

#define TRUST_DOMAIN_MAX 253

/* In lower case, U-labels as A-labels (RFC 5891, UTS 46 nontransitional), without a last dot. False: it has no such form, or is empty. */
bool trust_domain_ascii(struct arena *arena, struct slice domain, struct slice *ret);
/*
 * Labels of 1 to 63 bytes, at least two of them, 253 bytes, no white space and controls, no address literal. Takes what trust_domain_ascii
 * gave.
 */
bool trust_domain_is_fqdn(struct slice domain);
/* Is `name` the domain or below it? Without case; no last dots. */
bool trust_domain_within(struct slice name, struct slice domain);

#endif
