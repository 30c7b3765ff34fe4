/* The normal form of addresses in the directory: ASCII letters of the local part in lower case, no needless quotes, domain as A-labels. */
#ifndef AUTH_ADDRESS_H
#define AUTH_ADDRESS_H

#include "base/arena.h"

#define ADDRESS_LOCAL_MAX 64   /* RFC 5321 4.5.3.1.1 */
#define ADDRESS_DOMAIN_MAX 253 /* RFC 1035 2.3.4, as text without the final dot */

struct address {
	struct slice local;  /* normal form, for comparison */
	struct slice given;  /* local part as given, quotes kept, for sending on */
	struct slice domain; /* A-labels in lower case, or an address literal "[…]" */
};

/* Splits and normalises "local@domain". 0 or ERR_INVALID. Slices in `arena`. */
int address_parse(struct slice text, struct arena *arena, struct address *ret);
/* Host name to A-labels (UTS 46, RFC 5891), lower case, without final dot. 0 or ERR_INVALID. */
int address_domain(struct slice text, struct arena *arena, struct slice *ret);
/* "local@domain" of the normal form. */
struct slice address_text(const struct address *a, struct arena *arena);
/* What follows the last "@" of a text in normal form. */
struct slice address_domain_of(struct slice address);
/* The local part before the first '+' (which must not be the first character), and what follows it; false: no detail. */
bool address_detail(struct slice local, struct slice *ret_base, struct slice *ret_detail);
/* May an account, alias or group have this local part? Dot-atom of RFC 5321 (with RFC 6531 letters), and no '+'. */
bool address_local_usable(struct slice local);

#endif
