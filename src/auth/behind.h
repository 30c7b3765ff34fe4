/*
 * What was found out of addresses behind relay domains: answers of the server behind or of the LDAP directory, for some time. In memory only:
 * after a start everything is asked anew. Who guesses addresses cannot push out those that exist.
 */
#ifndef AUTH_BEHIND_H
#define AUTH_BEHIND_H

#include "base/slice.h"

#define BEHIND_KNOWN_MAX 200000  /* addresses; beyond, those whose time is over go, then all */
#define BEHIND_UNKNOWN_MAX 20000
#define BEHIND_STALE 7           /* so many times its time an address counts as known while nobody can be asked */

struct behind;

struct behind *behind_new(void);
void behind_free(struct behind **behind);
/* How long answers hold. */
void behind_configure(struct behind *behind, int64_t known_ms, int64_t unknown_ms);

enum behind_said { BEHIND_NOTHING, BEHIND_KNOWN, BEHIND_UNKNOWN };
/* address: as it would be sent on; letters in ASCII count without regard to case. */
enum behind_said behind_recall(const struct behind *behind, struct slice address, int64_t now_ms);
/* When nobody can be asked now: was it known not too long ago? */
bool behind_recall_stale(const struct behind *behind, struct slice address, int64_t now_ms);
void behind_learn(struct behind *behind, struct slice address, bool known, int64_t now_ms);
/* The domain goes to another server, or is asked about in another way. */
void behind_forget(struct behind *behind);

#endif
