/* Sessions of owners who change their scripts over ManageSieve. A session is a ticket that edge was given with the sign-in; what it stands on is looked
 * at with every request. In memory: who was signed in when this process ended signs in again. */
#ifndef AUTH_SIEVE_SESSION_H
#define AUTH_SIEVE_SESSION_H

#include "auth/sieve.h"

#define SIEVE_SESSIONS_MAX 10000
#define SIEVE_SESSION_IDLE_MS (40 * INT64_C(60000)) /* RFC 5804 1.2 wants 30 minutes at least; edge ends it before */

struct sieve_sessions;
struct sieve_session {
	uint8_t account[16];
	uint32_t credential;
	int64_t used_ms;
};

struct sieve_sessions *sieve_sessions_create(void);
void sieve_sessions_destroy(struct sieve_sessions **s);
/* False: there are too many. */
bool sieve_session_begin(struct sieve_sessions *s, const uint8_t ticket[16], const uint8_t account[16], uint32_t credential, int64_t now_ms);
/* NULL: none; else it counts as used. Valid until the next call. */
const struct sieve_session *sieve_session_find(struct sieve_sessions *s, const uint8_t ticket[16], int64_t now_ms);
void sieve_session_end(struct sieve_sessions *s, const uint8_t ticket[16]);

#endif
