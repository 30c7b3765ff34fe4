/* Whom a person may send as (RFC 8621 6): addresses come from auth, what the person says about them is kept in the account. */
#ifndef JMAP_IDENTITY_H
#define JMAP_IDENTITY_H

#include "jmap/sent.h"

#define JMAP_IDENTITY_NOTE "jmap.identities"
#define JMAP_IDENTITIES_TOLD 40  /* of more the state is a hash alone */
#define JMAP_SIGNATURE_MAX 100000 /* bytes */
#define JMAP_IDENTITIES_MAX 500000 /* bytes of all that is kept */

struct jmap_identities {
	struct jmap_sender sender;
	json_t *kept;          /* address -> {"name", "replyTo", "bcc", "textSignature", "htmlSignature"} */
	int code;
	bool asked;
};
/* JMAP_WAIT, then JMAP_DONE: look at code. Behind it jmap_identities_close is due, at any time. */
enum jmap_step jmap_identities_open(struct jmap_call *call, struct jmap_identities *ret);
void jmap_identities_close(struct jmap_identities *s);
/* Borrowed; NULL: nothing was said. */
const json_t *jmap_identity_kept(const struct jmap_identities *s, struct slice address);
int jmap_identities_keep(struct jmap_call *call, const struct jmap_identities *s);
/* Of all that identities show; in the call's arena. It says what they were, so that changes can be told without keeping a history. */
struct slice jmap_identity_state(struct jmap_call *call, const struct jmap_identities *s);
/* Appends the ids that differ. False: one of them is no state, or one of more than JMAP_IDENTITIES_TOLD identities. */
bool jmap_identity_compare(struct slice since, struct slice now, json_t *created, json_t *updated, json_t *destroyed);

#endif
