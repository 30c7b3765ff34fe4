/*
 * Push subscriptions (RFC 8620 7.2) as the host keeps them, one JSON object each:
 *   {"id", "deviceClientId", "url", "p256dh", "auth" (base64url), "code", "verified", "expires" (unix seconds), "types" (array, or absent: all)}
 * Messages are always encrypted, so `keys` has to be given.
 */
#ifndef JMAP_PUSH_SUBSCRIPTION_H
#define JMAP_PUSH_SUBSCRIPTION_H

#include "jmap/jmap.h"

#define JMAP_PUSH_URL_MAX 2000
#define JMAP_PUSH_DEVICE_MAX 255            /* bytes of deviceClientId */
#define JMAP_PUSH_LIFE_MAX (30 * 86400)     /* seconds: a later `expires` comes back as this */

#endif
