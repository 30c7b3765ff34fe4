/*
 * A letter that a person sends from the mailbox (RFC 8621 7). The same way as one that comes by submission: auth says who may send what to whom, filter
 * mends, signs and seals it, queue takes it, at once or until its time has come (queue/submission.h).
 */
#ifndef ROLE_MAIL_SUBMIT_H
#define ROLE_MAIL_SUBMIT_H

#include "mailbox/mailbox.h"
#include "queue/job.h"
#include "role/mail.h"

struct mail_submit_recipient {
	struct slice address;        /* without <> */
	struct slice notify, orcpt;  /* RFC 3461, empty: none */
};

enum mail_submit_result {
	MAIL_SUBMIT_DONE,            /* durable */
	MAIL_SUBMIT_FORBIDDEN_FROM,  /* the reverse-path is nobody's whom this session may be */
	MAIL_SUBMIT_FORBIDDEN,       /* the account may not send now */
	MAIL_SUBMIT_LIMITED,         /* too much in too short a time */
	MAIL_SUBMIT_RECIPIENTS,      /* some are refused: `refused` */
	MAIL_SUBMIT_TOO_MANY,        /* recipients */
	MAIL_SUBMIT_TOO_LARGE,
	MAIL_SUBMIT_REFUSED,         /* filter takes it not: text says why */
	MAIL_SUBMIT_TEMPORARY,       /* not now */
};

struct mail_submit_refusal {
	size_t recipient;            /* of those that were given */
	uint16_t code;
	struct slice text;
};

/* Borrowed during the callback. */
struct mail_submit_outcome {
	enum mail_submit_result result;
	uint16_t code;               /* SMTP reply that fits, 0: none */
	struct slice text;
	const struct mail_submit_refusal *refused;
	size_t refused_count;
};
typedef void mail_submit_fn(void *arg, const struct mail_submit_outcome *outcome);

struct mail_submit_input {       /* copied */
	struct slice cid, client_address, protocol, tls;
	struct mail_standing stands;
	struct slice reverse_path;
	const struct mail_submit_recipient *recipients;
	size_t recipient_count;
	struct slice ret, envid;     /* RFC 3461 */
	bool smtputf8, body_8bit, requiretls;
	bool confidential;           /* recipients outside are refused by their names (filter refuses the letter in any case) */
	struct job_submission submission;
};

struct mail_submit;
struct mail_submit *mail_submit_create(struct mail_account *a, const struct mail_submit_input *input);
/* Takes bytes of the letter. ERR_TEMPORARY, ERR_IO, ERR_LIMIT: it is larger than a letter may be. */
int mail_submit_add(struct mail_submit *s, struct slice bytes);
/* fn is called once, never from inside. It goes on when the session ends meanwhile; the submit frees itself. */
void mail_submit_send(struct mail_submit *s, mail_submit_fn *fn, void *arg);
/* Before it was sent. */
void mail_submit_free(struct mail_submit **s);

/* Once, at the start of the role. */
void mail_submit_setup(struct mail_role *m);

#endif
