/*
 * Containment of an account: how far it may go while something is wrong with it. One level for one account, set by an officer (user.isolate,
 * user.sending) or, up to "no sending", by the meter of what it sends (auth/meter.h). Everything else the account may do goes on; what each level
 * leaves is auth_restricted (auth/permit.h), which the permission function and every sign-in read.
 */
#ifndef AUTH_CONTAIN_H
#define AUTH_CONTAIN_H

#include "auth/directory.h"
#include "auth/host.h"

struct containment {
	enum auth_restriction level;
	bool automatic;      /* set by the meter */
	struct slice reason; /* words of the meter, or what the officer wrote */
	struct slice author; /* address; empty: the meter */
	int64_t since;       /* unix seconds */
};

/* AUTH_FREE without author when there is none. 0 or an error of the directory. */
int directory_containment_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct containment *ret);
/* Inside a change. AUTH_FREE takes it away. */
int directory_containment_set(struct directory *d, const uint8_t account[16], const struct containment *c, struct error *err);

/* What happens to mail of the account that waits to leave; the values travel in QUEUE_CONTAIN. */
enum contain_held { CONTAIN_HOLD = 1, CONTAIN_RELEASE = 2, CONTAIN_DROP = 3 };
#define CONTAIN_AGAIN_MS SECONDS_MS(30) /* then letters that were under way when the account was stopped are held as well */

/*
 * After a change to `level`: records it (letters to the user and the officers follow from that), holds what waits to leave, and ends sessions
 * that stand on more than is left. before: the level until now. actor: empty for the meter.
 */
void contain_follow(const struct auth_host *host, const struct account *account, enum auth_restriction before, enum auth_restriction level,
	struct slice actor, struct slice reason);
/* The meter says that the account sends like a bot: it loses the right to send unless it has lost more already. 0 or negative. */
int contain_automatic(struct directory *d, const struct auth_host *host, const struct account *account, struct slice reason, struct error *err);

#endif
