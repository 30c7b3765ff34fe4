/*
 * From evidence to a subject: who asks, and which grants hold. Everything that auth decides starts here.
 *
 * A token makes a person (or a program of a person). Without one there is only the local machine: its root, or the user that a server
 * without root runs as. Local users may do what setup needs until there is an administrator with a second factor; from then on they need
 * the emergency access, which has to name a reason and is recorded as an alarm.
 */
#ifndef AUTH_SUBJECT_H
#define AUTH_SUBJECT_H

#include "auth/session.h"

#define AUTH_UID_NONE 0xffffffffu /* not on the local socket */
#define AUTH_REASON_MIN 10        /* characters of the reason of an emergency access */

struct auth_evidence { /* borrowed; empty where it does not apply */
	uint32_t uid;
	struct slice token, address, agent;
	struct slice reason; /* of an emergency access */
	bool quiet;          /* asks only who is signed in: that is no use of the session */
};

/* own_uid: the local user that may administer besides root, AUTH_UID_NONE: none. */
struct auth_local { unsigned own_uid; };

/*
 * Loads the subject with its grants into `arena`. ret_session: the session of the token (id 0: none), which may be locked. Returns 0, also for nobody
 * (kind AUTH_NOBODY, *ret_why tells why in words for the person), or an error of the directory.
 */
int auth_subject_load(struct directory *d, const struct auth_evidence *evidence, const struct auth_local *local, int64_t now, struct arena *arena,
	struct auth_subject *ret, struct session *ret_session, const char **ret_why);
/*
 * Has a local user (uid) shown a token of the account at the socket of this machine since then? 1, 0, or negative: ERR_IO. Whoever is the emergency
 * access of that user is the same person, as far as anybody can tell.
 */
#define AUTH_LOCAL_USE_S (30 * 86400)
int auth_local_used(struct directory *d, const uint8_t account[16], uint32_t uid, int64_t since);
/* The subject of an account as such, as if it had signed in with a second factor (for simulations and reviews). */
int auth_subject_of(struct directory *d, const struct account *account, int64_t now, struct arena *arena, struct auth_subject *ret);
/* All rights of all grants that an account has or will have, with the primary role. */
int auth_rights_of(struct directory *d, const struct account *account, int64_t now, auth_rights *ret);

#endif
