/* Inside of the engine of HTTP/2: http2.c (session, frames, events), http2_head.c (heads of requests), http2_answer.c (answers). */
#ifndef HTTP_HTTP2_H
#define HTTP_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "http/engine.h"

#define HTTP2_CREDIT_MAX 2000 /* what a connection may cost before it has used anything */
#define HTTP2_HEAD_FLOOD (4 * HTTP_HEAD_MAX) /* bytes of one head, unpacked: no mistake of an honest client, a byte of it may be thousands (HPACK) */

enum http2_answer { HTTP2_ANSWER_NONE, HTTP2_ANSWER_BEGUN, HTTP2_ANSWER_DONE };

/* A head that is being received; gone when its request was told of. */
struct http2_head {
	struct buf text;                 /* names and values of the fields, one after the other */
	struct { uint16_t name_n, value_n; } fields[HTTP_FIELDS_MAX];
	size_t count, unpacked;
	struct buf method, path, authority;
	bool too_large;
};

struct http2_stream {
	struct list_node node;
	uint32_t id;
	struct http2_head *head;         /* NULL: behind it */
	bool has_body, head_method;      /* of the request */
	bool told;                       /* the owner knows of it */
	bool ended;                      /* the request is whole */
	bool paused;
	uint64_t body_max, body_bytes;
	struct buf held;                 /* of the body, while paused: at most a window */
	enum http2_answer answer;
	bool no_body, deferred, sent;    /* of the answer; sent: its end */
	uint64_t dropped;                /* bytes of a body that nobody wants */
	uint64_t left;
	struct buf out;                  /* of its body */
	uint64_t moved;                  /* bytes of bodies since the last look at slow peers */
};

struct http2 {
	struct http_server base;
	struct http_server_settings settings;
	const struct http_server_events *events;
	void *owner;
	nghttp2_session *session;
	struct list_node streams;
	size_t stream_count;
	unsigned requests;
	int64_t now, credit_at;
	int64_t credit;
	uint64_t turn;
	enum { HTTP2_WAITS_NOT, HTTP2_WAITS_IDLE, HTTP2_WAITS_HEAD, HTTP2_WAITS_BODY } waits; /* for what of the peer */
	bool in_head, head_moved;
	bool closing, pumping, over, ended_said;
	enum http_server_end why;
};

struct http2_stream *http2_stream_find(struct http2 *s, uint32_t id);
/* Who costs more than it uses is sent away. */
void http2_cost(struct http2 *s, int64_t cost);
void http2_earn(struct http2 *s, int64_t gain);
/* Passes a piece of a body to the owner, or drops what nobody wants. */
void http2_body(struct http2 *s, struct http2_stream *t, struct slice bytes);
void http2_request_whole(struct http2 *s, struct http2_stream *t);

/* http2_head.c */
struct http2_head *http2_head_create(void);
void http2_head_free(struct http2_head **head);
void http2_head_take(struct http2_head *head, struct slice name, struct slice value);
/* The head is there: tells the owner of the request, or answers it. The head is freed. */
void http2_head_done(struct http2 *s, struct http2_stream *t);

/* http2_answer.c: parts of struct http_engine, and refusals of the engine itself. */
void http2_respond(struct http_server *base, uint32_t stream, const struct http_response *response);
void http2_write(struct http_server *base, uint32_t stream, struct slice bytes);
void http2_finish(struct http_server *base, uint32_t stream);
void http2_refuse(struct http2 *s, struct http2_stream *t, unsigned status);

#endif
