/*
 * The edge class management: the admin API over HTTPS. It terminates TLS and HTTP, and passes each call to admin with what it knows of who
 * asks; it decides nothing and holds nothing.
 *
 *   manage.c          connections, requests, who may come from where
 *   manage_api.c      /api/v1/…: calls to admin, their answers          manage_metrics.c  /healthz/…, /metrics
 *   manage_oauth.c    /oauth/…: the authorization server
 */
#ifndef ROLE_MANAGE_H
#define ROLE_MANAGE_H

#include <jansson.h>

#include "base/arena.h"
#include "http/server.h"
#include "role/edge.h"

#define MANAGE_BODY_MAX 65536    /* bytes of a request's body */
#define MANAGE_IDLE_MS 120000    /* neither side moves: longer than any call may take */
#define MANAGE_HEALTH_MS 1000    /* the state of the server is asked for no more often */

/* What all connections of the process share. */
struct manage_shared {
	struct edge *edge;
	struct buf openapi;
	uint64_t requests[6];        /* by the first digit of the status */
	struct buf health, counters; /* the newest results of "status" and "audit.metrics" */
	bool health_good, health_asked;
	int64_t health_until_ms;
	struct list_node waiting;    /* struct manage */
};

enum manage_route { ROUTE_NONE, ROUTE_API, ROUTE_OPENAPI, ROUTE_LIVE, ROUTE_READY, ROUTE_METRICS, ROUTE_OAUTH };
enum manage_content { CONTENT_NONE, CONTENT_JSON, CONTENT_FORM, CONTENT_OTHER };

/* One connection, and the request it is at. */
struct manage {
	struct edge_client *client;
	struct manage_shared *shared;
	struct http_server *server;
	uint64_t turn;
	bool over;
	/* the request */
	uint32_t stream;
	struct arena arena;
	struct buf body;
	enum http_method method;
	enum manage_route route;
	struct slice path, query, op, token, key, agent, address; /* in the arena */
	enum manage_content content;
	bool bad_token, bad_key;
	struct list_node waiting;    /* for the state of the server */
};

/* Answers the request of the connection and forgets it: its texts are gone. Fields may be NULL. Afterwards manage_pump, unless called from an event of the engine. */
void manage_answer(struct manage *m, unsigned status, const char *type, const struct http_field *fields, size_t count, struct slice body);
/* problem+json with the connection's cid. */
void manage_problem(struct manage *m, unsigned status, const char *code, const char *detail);
void manage_not_allowed(struct manage *m, const char *allow); /* 405 */
void manage_pump(struct manage *m);
/* Has the connection ended meanwhile? Then nothing may be answered. */
bool manage_gone(const struct manage *m);

/* manage_api.c */
void manage_api(struct manage *m);
void manage_openapi(struct manage *m);
/* Calls an operation with the identity of the request, which is answered with its outcome. */
void manage_call(struct manage *m, struct slice op, struct slice args);
/* manage_oauth.c */
bool manage_oauth_path(struct slice path);
void manage_oauth(struct manage *m);
/* The outcome of oauth.request. */
void manage_oauth_answer(struct manage *m, const json_t *result);
/* manage_metrics.c */
void manage_live(struct manage *m);
void manage_ready(struct manage *m);
void manage_metrics(struct manage *m);
void manage_metrics_granted(struct manage *m); /* the token allows it */

#endif
