/* For tests and fuzzers: a RAM account behind a jmap. */
#ifndef JMAP_MAIL_RIG_H
#define JMAP_MAIL_RIG_H

#include "jmap/jmap.h"

struct mail_rig {
	struct account *mail, *seen; /* seen: as the session may use it; NULL: without restriction */
	struct jmap *jmap;
	json_t *answer;          /* of the last request */
};

void mail_rig_start(struct mail_rig *r);
void mail_rig_stop(struct mail_rig *r);
/* From now on through a view that refuses what ACCOUNT_REFUSES_… says. */
void mail_rig_restrict(struct mail_rig *r, unsigned refuses);
/*
 * One call. args: a JSON object without accountId, with ' for "; printf. Gives the arguments of its answer, an error's too; borrowed until the next one.
 */
__attribute__((format(printf, 3, 4))) json_t *mail_rig_ask(struct mail_rig *r, const char *method, const char *args, ...);
/* A request as bytes; what comes out is given back, NULL when it is a problem. */
json_t *mail_rig_request(struct mail_rig *r, struct slice body);
/* Delivers, with the internal date; gives the "M…" of the email, static. */
const char *mail_rig_deliver(struct mail_rig *r, const char *mailbox, int64_t date, struct slice message);
/* The "F…" of a mailbox; static, several may be used at once. */
const char *mail_rig_mailbox(struct mail_rig *r, const char *name);
/* The text at a path like "list/0/subject"; "" when there is none. */
const char *mail_rig_text(const json_t *value, const char *path);
const json_t *mail_rig_at(const json_t *value, const char *path);

#endif
