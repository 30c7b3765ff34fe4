/* Names of hosts and domains as mail needs them compared. */
#ifndef POLICY_HOST_H
#define POLICY_HOST_H

#include "base/arena.h"
#include "base/slice.h"

/* To A-labels, lower case, without the last dot (UTS 46, not transitional). Empty: cannot be a host. */
struct slice host_ascii(struct slice host, struct arena *arena);
/* To U-labels; what is no valid A-label stays as it is. */
struct slice host_unicode(struct slice host, struct arena *arena);
/*
 * The domain that one registers: one label below its public suffix ("mail.a.co.uk" gives "a.co.uk"; "b.github.io" is one as well). From the
 * list that libpsl has built in. `host`: lower case, A-labels or U-labels; an address gives something useless.
 */
struct slice host_registered(struct slice host);
/* Its first label: "a" of "mail.a.co.uk". */
struct slice host_label(struct slice host);
/* What stands behind that label: "co.uk". */
struct slice host_ending(struct slice host);
/* Equal, or below `domain`. */
bool host_within(struct slice host, struct slice domain);
/* Providers where anybody gets an address. */
bool host_is_free_mail(struct slice domain);
/* Services that lead elsewhere by a short link. */
bool host_is_shortener(struct slice host);

#endif
