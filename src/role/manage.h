/*
 * The edge class management: the admin API over HTTPS. It terminates TLS and HTTP, and passes each call to admin with what it knows of who
 * asks; it decides nothing and holds nothing.
 *
 *   manage.c          connections, requests, who may come from where
 *   manage_api.c      /api/v1/…: calls to admin, their answers          manage_metrics.c  /healthz/…, /metrics
 */
#ifndef ROLE_MANAGE_H
#define ROLE_MANAGE_H

#include "base/arena.h"
#include "http/server.h"
#include "role/edge.h"

#define MANAGE_BODY_MAX 65536    /* bytes of a request's body */
#define MANAGE_HEALTH_MS 1000    /* the state of the server is asked for no more often */

/* What all connections of the process share. */
struct manage_shared {
	struct edge *edge;
	struct buf openapi;
	uint64_t requests[6];        /* by the first digit of the status */
	struct buf health;           /* the newest result of "status" */
	bool health_good, health_asked;
	int64_t health_until_ms;
	struct list_node waiting;    /* struct manage */
};

enum manage_route { ROUTE_NONE, ROUTE_API, ROUTE_OPENAPI, ROUTE_LIVE, ROUTE_READY, ROUTE_METRICS };

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
	bool json, bad_token, bad_key;
	struct list_node waiting;    /* for the state of the server */
};

/* Answers the request of the connection. Fields may be NULL. Afterwards manage_pump, unless called from an event of the engine. */
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
/* Calls an operation with the identity of the request; metrics: the answer becomes text for Prometheus. */
void manage_call(struct manage *m, struct slice op, struct slice args);
/* manage_metrics.c */
void manage_live(struct manage *m);
void manage_ready(struct manage *m);
void manage_metrics(struct manage *m);
/* From a result of "status" to the text form of Prometheus. */
void manage_metrics_text(const struct manage_shared *shared, struct slice status, struct buf *out);

#endif
