/* The name of a client that resolves back to its address ("iprev", RFC 8601 2.7.3). */
#ifndef POLICY_PTR_H
#define POLICY_PTR_H

#include "policy/ip.h"
#include "trust/facts.h"

#define PTR_NAMES_MAX 3 /* names of one address that are resolved */

/* *ret_name: empty when there is none, or none resolves back. False: answers are wanted. */
bool policy_ptr(struct facts *facts, struct policy_ip ip, struct slice *ret_name);

#endif
