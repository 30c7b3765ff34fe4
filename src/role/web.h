/*
 * The edge class web: HTTPS for everybody, and the plain HTTP that only points there. It holds connections and TLS, drives the engines of
 * HTTP (http/server.h) and one table of routes; it has no disk, no keys and no mail of anybody.
 *
 *   web.c           connections          web_exchange.c  one request and its answer     web_routes.c  the table
 *   web_domain.c    what auth says of a domain          web_plain.c      port 80
 *   web_setup.c     documents for mail programs, MTA-STS        web_assets.c     the webmail's own files
 *   web_session.c   signing in          web_api.c     self-service          web_call.c   calls to admin          web_cookie.c  cookies, same origin
 *                                       (docs/web-signin.md)
 *   web_oauth.c     our authorization server: what programs ask, and the page where a person allows it
 *   web_person.c    who a request is from             web_mail.c       everything under /jmap/, which mail answers
 *
 * How to serve something: add a row to web_routes.c. A handler gets an exchange: one request, the same whether HTTP/1.1 or HTTP/2 brought it.
 *
 * - The request: method (HEAD is shown as GET; the engine keeps its body back), decoded path, query, host without port, fields, the client's
 *   address, all in the exchange's arena. The body as the row says: none is taken (WEB_BODY_NONE), whole in `body` (BUFFER), whole in a sealed
 *   memory file (MEMFD: body_fd and body_size; the handler may pass the descriptor on, the exchange closes it), or piece by piece to
 *   row->piece as it comes (STREAM; web_pause holds the client up, to whom it means back-pressure). Above body_max: 413, the handler never runs.
 * - The answer: web_answer at once; or web_begin, web_write …, web_end, now or later. A long answer is pulled: write some, then more each time
 *   row->more is called; what a slow reader does not take is not asked for. Server-sent events are web_begin with HTTP_LENGTH_UNKNOWN and
 *   web_write whenever there is one; something has to be sent every WEB_IDLE_MS (a comment line), or the connection ends.
 * - Asking another role: web_hold, ipc_request, and in its callback: if (!web_is_gone(x)) answer; then web_drop. The client may leave at any time:
 *   then the exchange is gone (row->gone is told), answering does nothing, and memory stays until the last web_drop.
 * - Errors: web_problem. Nothing in it says more than the status does.
 *
 * All of these may be called from handlers and from anywhere else; output is sent by itself.
 */
#ifndef ROLE_WEB_H
#define ROLE_WEB_H

#include "base/arena.h"
#include "http/route.h"
#include "role/edge.h"

#define WEB_IDLE_MS 120000        /* neither side moves */
#define WEB_REQUESTS_MAX 1000     /* of one connection */
#define WEB_DOMAIN_KEEP_MS 3000  /* what auth said of a domain holds so long */
#define WEB_DOMAINS_MAX 1000      /* of which that is kept */

struct web;
struct web_exchange;

enum web_body { WEB_BODY_NONE, WEB_BODY_BUFFER, WEB_BODY_MEMFD, WEB_BODY_STREAM };

struct web_route {
	struct http_route match;
	enum web_body body;
	uint64_t body_max;
	void (*begin)(struct web_exchange *x);                     /* STREAM: the head is there; may be NULL */
	void (*handle)(struct web_exchange *x);                    /* the request is whole */
	void (*piece)(struct web_exchange *x, struct slice bytes); /* STREAM; may be NULL */
	void (*more)(struct web_exchange *x);                      /* there is room for more of an answer; may be NULL */
	void (*gone)(struct web_exchange *x);                      /* the client left before the end; may be NULL */
};

struct web_exchange {
	struct list_node node;
	struct web *web;                 /* NULL: gone */
	uint32_t stream;
	const struct web_route *route;
	struct arena arena;
	enum http_method method;
	struct slice path, query, host, address, cid;
	struct slice authority;          /* host with its port, as it came */
	bool secure;                     /* over TLS */
	struct slice target;             /* path and query as they came */
	const struct http_field *fields;
	size_t field_count;
	struct buf body;
	int body_fd;                     /* -1: none */
	uint64_t body_size;
	unsigned held;
	bool answering, done, upgraded;
	unsigned status;
	void *state;                     /* of the handler, in the arena or freed by it */
};

/* What all connections of the process share. */
struct web_shared {
	struct edge *edge;
	uint64_t requests[6];            /* by the first digit of the status */
	struct map domains;              /* name -> struct web_domain */
	struct web_people *people;       /* who has signed in (role/web_person.h) */
};

/* One connection. */
struct web {
	struct edge_client *client;
	struct web_shared *shared;
	struct http_server *server;
	const struct web_route *routes;
	size_t route_count;
	struct list_node exchanges;
	uint64_t turn;
	bool over, flushing;
	bool near;                       /* from this machine */
	bool local;                      /* plain HTTP of this machine, which is served like HTTPS (web.plain_loopback) */
};

/* ---- for handlers ---- */
void web_answer(struct web_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body);
void web_begin(struct web_exchange *x, unsigned status, const char *type, const struct http_field *fields, size_t count, uint64_t length);
void web_write(struct web_exchange *x, struct slice bytes);
void web_end(struct web_exchange *x);
void web_problem(struct web_exchange *x, unsigned status);
/* The same with a word for programs and a sentence for people. */
void web_refuse(struct web_exchange *x, unsigned status, const char *code, const char *detail);
/* Breaks an answer off that was begun, so that it does not look whole: the connection ends. */
void web_break(struct web_exchange *x);
/* 101 instead of an answer: what comes is given to row->piece from now on, web_write sends bytes, web_end closes. False: not over this connection. */
bool web_upgrade(struct web_exchange *x, const struct http_field *fields, size_t count);
void web_redirect(struct web_exchange *x, unsigned status, struct slice location);
void web_pause(struct web_exchange *x, bool paused);
void web_hold(struct web_exchange *x);
void web_drop(struct web_exchange *x);
bool web_is_gone(const struct web_exchange *x);
struct slice web_field(const struct web_exchange *x, struct slice name);
/* The first parameter of the query of that name (letters in either case), decoded, in the arena. False: there is none, or the query is malformed. */
bool web_query(struct web_exchange *x, struct slice name, struct slice *ret);
struct role_context *web_context(const struct web_exchange *x);

/* ---- domains ---- */

/* What auth says of a mail domain; texts belong to the cache. */
struct web_domain {
	int64_t until_ms;
	struct arena arena;
	bool ours;
	struct slice name, host;         /* host: of this server */
	struct slice policy;             /* of MTA-STS; empty: none */
	uint16_t ports[6];               /* enum client_service */
	bool oauth;
};
/* domain is NULL: not known now (503), borrowed otherwise. The exchange is not gone. Called once, perhaps at once. */
typedef void web_domain_fn(struct web_exchange *x, const struct web_domain *domain);
void web_domain_ask(struct web_exchange *x, struct slice name, web_domain_fn *fn);

/* ---- routes ---- */
extern const struct web_route web_routes[], web_plain_routes[];
extern const size_t web_route_count, web_plain_route_count;

/* Everything under /jmap/ (web_mail.c). */
void web_mail_begin(struct web_exchange *x);
void web_mail_piece(struct web_exchange *x, struct slice bytes);
void web_mail_handle(struct web_exchange *x);
void web_mail_more(struct web_exchange *x);
void web_mail_gone(struct web_exchange *x);
void web_mail_discover(struct web_exchange *x);
void web_plain_redirect(struct web_exchange *x);
void web_acme_answer(struct web_exchange *x);
void web_mta_sts(struct web_exchange *x);
void web_autoconfig(struct web_exchange *x);
void web_autodiscover(struct web_exchange *x);
void web_autodiscover_json(struct web_exchange *x);
void web_mobileconfig(struct web_exchange *x);
void web_page(struct web_exchange *x);
void web_asset(struct web_exchange *x);
/* ---- web_leave.c ---- */
void web_leave(struct web_exchange *x);
void web_session_show(struct web_exchange *x);
void web_session_start(struct web_exchange *x);
void web_session_end(struct web_exchange *x);
void web_session_passkey(struct web_exchange *x);
void web_session_work(struct web_exchange *x);
void web_session_sso(struct web_exchange *x);
void web_session_lock(struct web_exchange *x);
void web_session_unlock(struct web_exchange *x);
void web_session_once(struct web_exchange *x);
void web_api(struct web_exchange *x);
/* ---- web_oauth.c ---- */
void web_oauth_program(struct web_exchange *x);
void web_oauth_consent(struct web_exchange *x);

/* ---- inside: web.c and web_exchange.c ---- */
void web_flush_soon(struct web *w);
extern const struct http_server_events web_events;
void web_exchange_leave(struct web_exchange *x); /* its connection is gone */

#endif
