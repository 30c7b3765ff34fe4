/*
 * Push (RFC 8620 7.2): states that have changed go to the push services that people's programs named, encrypted for the program alone (RFC 8291), by
 * way of fetch. Subscriptions lie in the folder of their account under a key of their own, so that they can be told of arrivals while nobody is signed in:
 * then only that something came is known and said. They end with the credential that made them, at their time, and when the service says that they are gone.
 *
 *   mail_push.c       subscriptions of an account, what is told when     mail_push_file.c  where they are kept
 *   mail_push_send.c  one message on its way
 */
#ifndef ROLE_MAIL_PUSH_H
#define ROLE_MAIL_PUSH_H

#include "role/mail_http.h"

#define MAIL_PUSH_MAX 20                /* subscriptions of an account */
#define MAIL_PUSH_FILE_MAX 262144       /* bytes of its file */
#define MAIL_PUSH_MADE_MAX 30           /* new ones of an account in MAIL_PUSH_MADE_MS: each sends a message to where its maker says */
#define MAIL_PUSH_MADE_MS 3600000
#define MAIL_PUSH_SETTLE_MS 300         /* what changes together is told together */
#define MAIL_PUSH_TRIES 4
#define MAIL_PUSH_RETRY_MS 5000         /* before the second try, four times as much before each further one */
#define MAIL_PUSH_OUTSTANDING 200       /* messages of the process that are on their way; beyond them changes wait */

/* ---- for the role ---- */

/* Asks key for what the files are kept under and the public key of the server. Without it (0 all the same) nothing is pushed. */
void mail_push_start(struct mail_role *m);
/* Its store was opened; is closed in a moment. */
void mail_push_opened(struct mail_account *a);
void mail_push_closing(struct mail_account *a);
/* A letter came for an account that is not open. */
void mail_push_arrived(struct mail_role *m, const uint8_t account[16], uint64_t seq);
/* As mail_session_end. */
void mail_push_revoke(struct mail_role *m, const uint8_t account[16], uint32_t credential);
void mail_push_host(const struct mail_http *p, struct jmap_host *host);

/* ---- mail_push_file.c ---- */

/* An array, empty when there is none or the file is damaged. The caller's. */
json_t *mail_push_load(const struct mail_role *m, const uint8_t account[16]);
/* Durable. An empty list removes the file. 0 or ERR_IO, ERR_LIMIT. */
int mail_push_save(const struct mail_role *m, const uint8_t account[16], const json_t *list);

/* ---- mail_push_send.c ---- */

enum mail_push_result { MAIL_PUSH_DONE, MAIL_PUSH_GONE, MAIL_PUSH_FAILED };
typedef void mail_push_fn(void *arg, enum mail_push_result result);
struct mail_push_message;
/* Sends, and tries again a few times. fn is called once, never from inside. NULL: there is too much on its way. */
struct mail_push_message *mail_push_send(struct mail_role *m, const json_t *subscription, struct slice payload, mail_push_fn *fn, void *arg);
/* fn is not called any more; what is on its way goes on alone. */
void mail_push_forget(struct mail_push_message **message);

#endif
