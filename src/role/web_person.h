/*
 * Who a request is from. Evidence (an Authorization field: a password, an app password or a token, under the same rules as a sign-in of
 * IMAP, by the same auth; or the cookie of a browser's session, where the request is from a page of ours: docs/web-signin.md) is shown to
 * auth once; what it answered is kept for the same evidence from the same network address, so that a program that sends it with every
 * request does not sign in with every request.
 *
 * A person is a sign-in, not an account: it gives nothing by itself. It holds the door that auth opened at the mail process (a ticket),
 * and mail closes that door when what it stands on is gone; then the evidence is shown to auth again. Who wants another kind of evidence
 * adds it to `evidence_of` in web_person.c.
 */
#ifndef ROLE_WEB_PERSON_H
#define ROLE_WEB_PERSON_H

#include "role/web.h"

#define WEB_PERSON_MAGIC 0x77706572u
#define WEB_PERSON_IDLE_MS 600000   /* without a request; connections to mail count as use */
#define WEB_PERSON_LIFE_MS 43200000 /* then auth is asked again */
#define WEB_PERSON_COOKIE_MS 60000  /* the same for a session: so it stays awake while it is used, and what it needs is looked at */
#define WEB_PEOPLE_MAX 20000

struct web_people;

struct web_person {
	uint32_t magic;
	struct web_people *people;
	struct list_node node;           /* in web_people.all */
	struct list_node asking;         /* exchanges that wait for auth */
	uint8_t key[32];                 /* MAC of the evidence and the address */
	bool cookie;                     /* the evidence is a session */
	bool known, over;                /* auth said yes; its door is closed, or it was forgotten */
	unsigned held;
	int64_t since_ms, used_ms;
	uint16_t shard;
	ipc_id account, ticket, delegate;
	uint32_t credential, proof;
	struct buf login, actor, sender; /* as AUTH_SASL answers them */
	struct list_node links;          /* connections to mail, of web_mail.c */
	unsigned link_count;
};

enum web_person_status {
	WEB_PERSON_KNOWN,
	WEB_PERSON_NOBODY,     /* no evidence */
	WEB_PERSON_WRONG,      /* evidence that proves nothing */
	WEB_PERSON_REFUSED,    /* right, but not for this */
	WEB_PERSON_LOCKED,     /* a session that is locked */
	WEB_PERSON_THROTTLED,
	WEB_PERSON_LATER,
};

/*
 * person: only with WEB_PERSON_KNOWN; whoever keeps it holds it. Called once, perhaps at once; not when the exchange is gone or was
 * answered meanwhile.
 */
typedef void web_person_fn(struct web_exchange *x, struct web_person *person, enum web_person_status status);
void web_person_ask(struct web_exchange *x, web_person_fn *fn);
/*
 * The answer to who is not known: 401 with WWW-Authenticate for programs, without it for browsers' scripts (their users see our page, not
 * the browser's).
 */
void web_person_refuse(struct web_exchange *x, enum web_person_status status);

void web_person_hold(struct web_person *p);
void web_person_drop(struct web_person *p);
/* Its door is closed: nobody finds it any more. */
void web_person_end(struct web_person *p);
/* Somebody still uses it. */
void web_person_touch(struct web_person *p);

/* Once in the process. */
struct web_people *web_people_create(struct edge *edge);

#endif
