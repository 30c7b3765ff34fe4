/*
 * The job of a record: what queue must know of a message, addresses and options, never a subject or a body. filter writes it into the
 * record; queue keeps it sealed beside the record in the pack and as rows in spool.db, so that spool.db can be rebuilt.
 */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include "base/arena.h"
#include "base/buf.h"

enum { /* NOTIFY of RFC 3461 4.1; 0: default, FAILURE | DELAY */
	NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8,
};

/* Who gave us a letter: for the server behind a relay domain, when it is told. Any text may be empty. */
struct job_client {
	struct slice address, name, helo, login; /* name: of the address, verified in DNS; login: of a submission, which gives no address */
	bool esmtp;
};

/*
 * A letter that its writer follows (queue/submission.h). Queue puts it into the job at acceptance, as `mail` says.
 */
struct job_submission {
	bool known;              /* false: it is none */
	bool follows;            /* what scripts made of the letter: it waits and goes with it, and is not followed itself */
	uint8_t id[16];
	int64_t due_ms;          /* until then it waits, and may be taken back; 0: it does not wait */
	struct slice data;       /* of `mail`: at most JOB_DATA_MAX bytes */
};
#define JOB_DATA_MAX 600

struct job_recipient {
	bool local;              /* an arrival: delivered by being durable */
	uint8_t account[16];     /* local */
	struct slice address;    /* RCPT to send, or Delivered-To */
	struct slice original;   /* ORCPT xtext "rfc822;…" or empty */
	uint8_t notify;
	bool forwarded;          /* sent under job.forward_path */
};

struct job {
	struct slice reverse_path;  /* without <> */
	struct slice envid;         /* xtext */
	uint8_t ret;                /* 0 default, 1 FULL, 2 HDRS */
	bool smtputf8, body_8bit, body_binary, requiretls;
	bool is_dsn;                /* never answered by another DSN */
	bool any_tls;               /* a report about TLS: it goes whatever policies ask for (RFC 8460 5.3), and is not reported on itself */
	struct job_client client;
	struct slice forward_path;  /* reverse-path for recipients that are forwarded; empty: none are */
	struct slice cid;
	int64_t received_ms;
	uint8_t sender_account[16]; /* zero when from outside */
	struct slice dsn_fact;      /* MACed recipient fact (store/fact.h) of who gets notifications: goes into struct dsn_report; empty: nobody */
	struct job_recipient *recipients;
	size_t recipient_count;
	struct slice held;          /* why it goes into quarantine, one printable line, at most JOB_HELD_MAX bytes; empty: it does not */
	bool has_reviewer;          /* of what is held: one of the readers is the mailbox of the reviewers, which gets it when they look at it */
	uint8_t reviewer[16];
	struct job_submission submission;
};
#define JOB_HELD_MAX 300

/* Does it wait for its time? */
static inline bool job_waits(const struct job *job)
{
	return job->submission.due_ms > 0;
}

void job_encode(const struct job *job, struct buf *out);
int job_decode(struct slice data, struct arena *arena, struct job *ret);

/* What happened to one recipient outside: an element of RELAY_DELIVER results. */
enum delivery_state { DELIVERY_DONE = 1, DELIVERY_RELAYED = 2 /* next hop has no DSN */, DELIVERY_TEMPORARY = 3, DELIVERY_PERMANENT = 4 };
struct delivery_result {
	enum delivery_state state;
	uint16_t code;              /* SMTP reply of the peer, 0: none */
	struct slice enhanced;      /* "5.1.1" */
	struct slice text;          /* of the peer, one line, at most 500 bytes, printable */
	struct slice remote_host;   /* "mx.example.org [192.0.2.1]" or empty */
	struct slice tls;           /* level reached: "none", "opportunistic TLSv1.3", … */
};
void delivery_result_encode(const struct delivery_result *r, struct buf *out);
int delivery_result_decode(struct slice *list, struct delivery_result *ret); /* moves *list */

/* The job of one RELAY_DELIVER: struct job with only this destination's recipients, after the destination domain. */
void relay_job_encode(struct slice destination, const struct job *job, struct buf *out);
int relay_job_decode(struct slice data, struct arena *arena, struct slice *ret_destination, struct job *ret);

#endif
