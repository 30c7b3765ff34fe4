/*
 * Mailboxes of others within a sign-in of JMAP. mail serves one account per sign-in (role/mail_http.h); whoever was given a delegation has the
 * others besides: the shard of his own account asks auth to open them (AUTH_OTHER), attaches connections to their shards with the ticket, and
 * passes requests on as HTTP. There they are sign-ins of their own, of a delegate, with his rights and his record.
 *
 * A *visit* is one such mailbox, open for all sign-ins of one credential; it ends when it was not used for a while, and its connections end with
 * what they stand on (the delegation, both accounts, the credential), as those of every delegate.
 *
 *   mail_visit.c        visits, what waits for them        mail_visit_link.c   connections, one request at a time on each
 *   mail_visit_jmap.c   method calls, blobs, the list      mail_visit_watch.c  their changes, for events
 *   mail_visit_pass.c   requests that are passed on as they are
 */
#ifndef ROLE_MAIL_VISIT_H
#define ROLE_MAIL_VISIT_H

#include "http/client.h"
#include "role/mail_http.h"

#define MAIL_VISIT_LINKS_MAX 24       /* connections to one mailbox; further requests wait */
#define MAIL_VISIT_WAITING_MAX 200    /* of these, for one mailbox; what comes beyond them fails */
#define MAIL_VISIT_LINK_IDLE_MS 60000
#define MAIL_VISIT_IDLE_MS 600000     /* without connections */

struct visit_link;

/* One request to a mailbox. Embedded in its owner; zero at first but for what stands above the line. */
struct mail_visit_job {
	struct http_client_request request; /* what it names stays until the job is over; `streamed`: mail_visit_write, mail_visit_finish */
	void (*head)(struct mail_visit_job *job, unsigned status, const struct http_field *fields, size_t count);
	void (*body)(struct mail_visit_job *job, struct slice bytes);
	bool (*full)(struct mail_visit_job *job); /* no more of the answer now, until mail_visit_resume; NULL: never */
	void (*room)(struct mail_visit_job *job); /* more of the request can be written; NULL: nobody waits for that */
	/* The last call. 0: the answer is whole; ERR_NOT_FOUND: no such mailbox for this person; ERR_TEMPORARY: it broke off, or nobody is there now. Never from
	 * inside of the functions below. */
	void (*done)(struct mail_visit_job *job, int code);
	/* ---- */
	struct list_node node;
	struct visit *visit;
	struct visit_link *link;
	bool sent, finished, tried, running;
};

/* account: of the person (its own one too) or of somebody else. */
void mail_visit_run(struct mail_http *p, const uint8_t account[16], struct mail_visit_job *job);
/* Nothing is told any more. */
void mail_visit_cancel(struct mail_visit_job *job);
/* ERR_LIMIT: too much waits. Nothing happens when it is over. */
int mail_visit_write(struct mail_visit_job *job, struct slice bytes);
void mail_visit_finish(struct mail_visit_job *job);
void mail_visit_resume(struct mail_visit_job *job);
/* Is so much on its way that nothing should be written? */
bool mail_visit_congested(const struct mail_visit_job *job);

/* As mail_http_revoke; also when the role stops (account NULL). */
void mail_visit_revoke(struct mail_role *m, const uint8_t *account, uint32_t credential);

/* ---- mail_visit_watch.c ---- */

/* Who hears of changes in the mailboxes that are open for this sign-in. */
struct mail_visit_watch {
	struct list_node node;
	void (*changed)(struct mail_visit_watch *watch);
	uint64_t types;              /* bits 1 << enum jmap_type */
	json_t *pending;             /* account -> type -> state; NULL: nothing */
	struct mail_visits *visits;  /* NULL: it does not watch */
};
void mail_visit_watch(struct mail_http *p, struct mail_visit_watch *watch);
void mail_visit_unwatch(struct mail_visit_watch *watch);
/* Appends a StateChange of what is pending, and forgets it. False: nothing is. */
bool mail_visit_take(struct mail_visit_watch *watch, struct buf *out);

/* ---- mail_visit_pass.c ---- */

/* Is the request about another mailbox? Then it is served from there. */
bool mail_visit_passes(struct mail_exchange *x);

/* ---- mail_visit_jmap.c ---- */

void mail_visit_host(struct jmap_host *host);
/* Asks auth which mailboxes there are and tells the engine of the person; then done(arg), once, not from inside. done may be NULL. */
void mail_visit_list(struct mail_http *p, void (*done)(void *arg), void *arg);
/* The same for everybody who is signed in to the account: a mailbox has gone. */
void mail_visit_relist(struct mail_visits *s);

/* ---- inside ---- */

/* One mailbox. */
struct visit {
	struct list_node node;
	struct mail_visits *visits;
	uint8_t account[16];
	bool open, asking, over;
	uint16_t shard;
	ipc_id ticket;
	struct list_node links, waiting;
	unsigned link_count, waiting_count, held;
	int64_t used_ms;
	struct visit_watching *watching; /* its changes are listened to; NULL: not now */
};
/* All of one credential. */
struct mail_visits {
	struct list_node node;       /* in mail_role.visits */
	struct mail_account *account;
	uint32_t credential;
	char cid[32], address[48];
	struct list_node list, watches;
	struct timer *sweep;
};
/* That of the person, made when there is none. */
struct mail_visits *mail_visits_of(struct mail_http *p);
/* Runs the job in a visit that is there. */
void mail_visit_start(struct visit *v, struct mail_visit_job *job);
/* It stays in memory while held. */
void mail_visit_hold(struct visit *v);
void mail_visit_drop(struct visit *v);
/* The last call of a job, which is out of its connection and its visit then. */
void mail_visit_job_end(struct mail_visit_job *job, int code);
/* A connection is free: the next job that waits is started. */
void mail_visit_next(struct visit *v);
/* The shard knows no such sign-in (any more): auth is asked once more for the job (NULL: for the next one). */
void mail_visit_refused(struct visit *v, struct mail_visit_job *job);
/* A visit has opened, or lost what listened: listen when somebody wants to know. */
void mail_visit_listen(struct visit *v);
void mail_visit_deaf(struct visit *v);

/* ---- mail_visit_link.c ---- */

/* Gives the job to a connection that has none. False: there is none. */
bool mail_visit_link_reuse(struct visit *v, struct mail_visit_job *job);
/* Opens a connection to the shard of the mailbox, for the job. When that fails the job hears of it from the loop. */
void mail_visit_link_open(struct visit *v, struct mail_visit_job *job);
/* Nothing is opened; the job hears ERR_TEMPORARY from the loop. */
void mail_visit_link_none(struct visit *v, struct mail_visit_job *job);
/* To the person's own mailbox: a connection for this one request, to the sign-in itself. */
void mail_visit_link_home(struct mail_http *p, struct mail_visit_job *job);
/* The connection ends; its job, if it has one, is not told. */
void mail_visit_link_end(struct visit_link *l);
/* All connections of the visit end soon, and their jobs with ERR_TEMPORARY. */
void mail_visit_links_fail(struct visit *v);

#endif
