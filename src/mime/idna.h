/* Internationalised domain names in mail (RFC 5890, UTS #46): U-labels as people write them, A-labels as DNS carries them. */
#ifndef MIME_IDNA_H
#define MIME_IDNA_H

#include "base/arena.h"

#define IDNA_DOMAIN_MAX 255

/*
 * The domain in lower case with A-labels only, in the arena; what is ASCII already is only lowered. False: empty, longer than IDNA_DOMAIN_MAX,
 * not UTF-8, or not a name that IDNA allows.
 */
bool idna_to_ascii(struct arena *arena, struct slice domain, struct slice *ret);

#endif
