/* Address lists of header fields (RFC 5322 3.4 and 4.4; RFC 6532 UTF-8) and normal forms of one address. */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include "mime/digest.h"

/*
 * Parses an (unfolded or folded) field value: groups as start and end markers, comments after an address as its name, obsolete routes and
 * local parts with spaces. Never fails: what is no address becomes one without host. NULL when there is none. Strings in `arena`.
 */
struct mime_address *mime_address_parse(struct slice value, struct arena *arena);
/* Only real addresses: markers and those without host are passed over. */
const struct mime_address *mime_address_next(const struct mime_address *a);
/* "local@domain" of one address: domain in lower case, local part unchanged, quoted when it has to be. Empty for markers. */
struct slice mime_address_spec(const struct mime_address *a, struct arena *arena);
/* What a person would call the sender: decoded name, else the address. UTF-8. */
struct slice mime_address_display(const struct mime_address *a, struct arena *arena);

/*
 * One addr-spec of SMTP or a user ("Ann@Example.ORG", "\"a b\"@x", UTF-8): checks RFC 5321 4.1.2 form and limits (local part 64, domain
 * 255 bytes), gives local part without needless quotes and the domain in lower case, U-labels kept. 0 or ERR_INVALID.
 */
int mime_addrspec_split(struct slice spec, struct arena *arena, struct slice *ret_local, struct slice *ret_domain);

#endif
