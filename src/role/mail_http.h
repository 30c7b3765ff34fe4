/*
 * Mail over HTTP: what the role web passes on for people who signed in. One `struct mail_http` is one such sign-in (a ticket of auth); it has any number of
 * connections from web, which are socket pairs with HTTP/1.1 in them, and one engine of JMAP for all of them.
 *
 *   mail_http.c    sign-ins                            mail_jmap.c    the table of routes, requests of JMAP
 *   mail_link.c    connections, requests               mail_exchange.c  one request and its answer
 *   mail_document.c  letters as documents        mail_preview.c   attachments as pictures
 *
 * How to serve something under /jmap/: add a row to mail_routes in mail_jmap.c. A handler gets an exchange: one request and its answer, as in role/web.h. A body
 * is collected in `body` up to body_max, or given piece by piece to row->piece. mail_http_answer at once, or mail_http_begin, mail_http_write …,
 * mail_http_end, now or later; row->more asks for more of a long answer whenever there is room. Who waits for somebody holds the exchange; when the client
 * is gone (mail_http_is_gone) answering does nothing, and row->gone was told.
 */
#ifndef ROLE_MAIL_HTTP_H
#define ROLE_MAIL_HTTP_H

#include "http/route.h"
#include "jmap/jmap.h"
#include "role/mail_use.h"

#define MAIL_HTTP_MAGIC 0x6d687470u
#define MAIL_HTTP_IDLE_MS 900000   /* a sign-in without connections */
#define MAIL_OPENINGS_MAX 4        /* confidential letters of a sign-in that are opened at a time */
#define MAIL_OPENED_MAX 64         /* those that are remembered; the oldest are forgotten */
#define MAIL_HTTP_LINKS_MAX 48     /* connections of a sign-in; web opens fewer */
#define MAIL_BODIES_MAX (4u * JMAP_REQUEST_MAX) /* bytes of the requests of an account, of all its sign-ins, that are not whole yet */

struct mail_link;

/* One sign-in. Held by its place in the role's list until it ends, by its connections, and by exchanges that outlive them. */
struct mail_http {
	uint32_t magic;
	struct list_node node;
	ipc_id ticket;
	struct mail_account *account;
	struct account *seen;            /* the account as this sign-in may use it */
	struct mail_use use;
	struct mail_standing stands;
	uint64_t rights;
	unsigned reading;                /* enum auth_reading */
	struct jmap *jmap;
	struct list_node links;
	unsigned link_count, held;
	unsigned openings;               /* confidential letters that are being opened (role/mail_confidential.h) */
	uint8_t opened[MAIL_OPENED_MAX][16]; /* those that were, and are told */
	unsigned opened_next;
	unsigned previews;               /* that are being made (role/mail_preview.h) */
	struct timer *idle;
	char cid[32], address[48];
	int64_t since;
	struct buf extensions;           /* of Sieve, for the engine */
	unsigned entered;                /* mail_http_enter without its leave */
	bool over;
};

struct http_server;
struct mail_exchange;
struct mail_route {
	struct http_route match;
	uint64_t body_max;
	void (*begin)(struct mail_exchange *x);                     /* the head is there; may be NULL */
	void (*piece)(struct mail_exchange *x, struct slice bytes); /* instead of `body`, and after an upgrade; may be NULL */
	void (*handle)(struct mail_exchange *x);                    /* the request is whole */
	void (*more)(struct mail_exchange *x);                      /* there is room; may be NULL */
	void (*gone)(struct mail_exchange *x);                      /* the client left before the end; may be NULL */
};
extern const struct mail_route mail_routes[];
extern const size_t mail_route_count;

struct mail_exchange {
	struct mail_link *link;          /* NULL: gone */
	struct mail_http *person;        /* held by the exchange */
	uint32_t stream;
	const struct mail_route *route;
	struct arena arena;
	enum http_method method;
	struct slice path, target, query, authority; /* target: as the client wrote it, with the query */
	const struct http_field *fields;
	size_t field_count;
	struct buf body;
	size_t gathered;                 /* as mail_http_gather was told */
	unsigned held;
	bool answering, done, upgraded;
	void *state;                     /* of the handler */
};

void mail_http_answer(struct mail_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body);
void mail_http_begin(struct mail_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, uint64_t length);
void mail_http_write(struct mail_exchange *x, struct slice bytes);
void mail_http_end(struct mail_exchange *x);
/* Breaks off, so that what was given does not look whole. */
void mail_http_break(struct mail_exchange *x);
void mail_http_problem(struct mail_exchange *x, unsigned status, const char *code, const char *detail);
bool mail_http_upgrade(struct mail_exchange *x, const struct http_field *fields, size_t count);
void mail_http_pause(struct mail_exchange *x, bool paused);
/*
 * The exchange has so many bytes of a request that is not whole yet (0: not any more); false: too many for its account, with those of its other requests
 * (MAIL_BODIES_MAX), so that this one should be refused. Its end gives them back.
 */
bool mail_http_gather(struct mail_exchange *x, size_t bytes);
void mail_http_hold(struct mail_exchange *x);
void mail_http_drop(struct mail_exchange *x);
struct http_server *mail_http_server(const struct mail_exchange *x);
bool mail_http_is_gone(const struct mail_exchange *x);
/* Is so much on its way to the client that nothing should be written? row->more is told when it is not any more. */
bool mail_http_full(const struct mail_exchange *x);
struct slice mail_http_field(const struct mail_exchange *x, struct slice name);
/* As web_query. */
bool mail_http_query(struct mail_exchange *x, struct slice name, struct slice *ret);
struct role_context *mail_http_context(const struct mail_exchange *x);
/* The sign-in stays until mail_http_let, whatever its client does. */
void mail_http_keep(struct mail_http *p);
void mail_http_let(struct mail_http *p);
/* Around everything that uses the account outside of a handler: what is done then is this person's doing. */
void mail_http_enter(struct mail_http *p);
void mail_http_leave(struct mail_http *p);

/* ---- for the role ---- */

/* A connection of web with a ticket: of a new sign-in, or of one that is there. Takes the descriptor over; enum auth_status. */
enum auth_status mail_http_attach(struct mail_role *m, const struct ipc_mail_attach *request, struct error *err);
/* One more connection to a sign-in that is there, by itself. Takes the descriptor over; false: it has too many, or has ended. */
bool mail_http_join(struct mail_http *p, int fd);
/* As the functions of mail_session.c. */
void mail_http_revoke(struct mail_role *m, const uint8_t *account, uint32_t credential);
void mail_http_pairs(struct mail_role *m, struct buf *out);
void mail_http_list(struct mail_role *m, struct buf *out, const char **comma);

/* mail_document.c */
void mail_document(struct mail_exchange *x);

/* mail_jmap.c: makes the engine of a new sign-in. */
void mail_jmap_start(struct mail_http *p);
/* mail_sieve.c: for the engine (jmap_host.sieve). */
void mail_sieve_ask(void *arg, struct jmap_call *call, struct jmap_sieve *q, int op);

/* mail_letter.c: letters that are written and sent. */
/* Submissions of the account have changed elsewhere: asks how, and tells who listens. */
void mail_letter_refresh(struct mail_account *a);
void mail_letter_host(struct jmap_host *host);

#endif
