/*
 * The client side of HTTP/1.1 as an engine without I/O, for one request at a time over one connection. RFC 9110, RFC 9112.
 *
 * http_client_send() queues the request; the owner pumps when input has come and after sending, and says when the peer has closed. Events:
 * head -> [body …] -> done, or at any moment failed. The body is streamed; its limit is the owner's. Interim answers (1xx) are skipped.
 * Redirects are answers like others: the owner follows them or does not. Nothing lenient: what RFC 9112 calls a risk of smuggling fails.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "http/message.h"

struct http_client;

#define HTTP_INTERIM_MAX 8        /* interim answers before the real one */
#define HTTP_REQUEST_MAX 1048576  /* bytes of a request with its body */

/* Borrowed during http_client_send. */
struct http_client_request {
	struct slice method;            /* "GET"; a token */
	struct slice target;            /* path and query, "/" at least */
	struct slice host;              /* of Host, with a port where it is not the usual one */
	const struct http_field *fields; /* not Host, Content-Length, Connection, Transfer-Encoding: these are made */
	size_t field_count;
	struct slice body;              /* empty: none (with POST, PUT and PATCH Content-Length: 0) */
	bool streamed;                  /* the body follows in pieces: http_client_write, http_client_finish; `body` is empty */
	bool upgrade;                   /* 101 is taken (RFC 9110 7.8): behind its head both sides send bytes; the fields that ask for it are the owner's */
	bool keep;                      /* else Connection: close */
};

enum http_client_error {
	HTTP_CLIENT_SYNTAX,   /* the answer is malformed or ambiguous */
	HTTP_CLIENT_LARGE,    /* head or body beyond its limit */
	HTTP_CLIENT_CLOSED,   /* the connection ended before the answer did */
};

struct http_client_events {
	void (*head)(void *owner, unsigned status, const struct http_field *fields, size_t count);
	void (*body)(void *owner, struct slice bytes);
	/* The answer is whole. reusable: another request may be sent over this connection. */
	void (*done)(void *owner, bool reusable);
	/* The connection is of no use any more: no answer, half of one, or bytes or the end after a reusable one. Called once. */
	void (*failed)(void *owner, enum http_client_error why);
};

/* The input buffer of the owner must hold HTTP_HEAD_MAX. body_max: bytes of an answer's body. Events come from pump and end only, and must
 * not destroy the engine. */
struct http_client *http_client_create(uint64_t body_max, const struct http_client_events *events, void *owner);
void http_client_destroy(struct http_client **client);
/* ERR_INVALID: a text that would break the request (control characters, spaces in the target); ERR_LIMIT: too large. Nothing is queued
 * then. Only at the beginning and after a reusable answer. */
int http_client_send(struct http_client *client, const struct http_client_request *request);
/* A piece of a streamed body (chunked), or of what follows an upgrade; ERR_LIMIT: more than HTTP_REQUEST_MAX waits. Pump afterwards. Nothing happens when the
 * answer is over already. */
int http_client_write(struct http_client *client, struct slice bytes);
/* The end of a streamed body. An answer that comes before it leaves the connection of no further use. */
void http_client_finish(struct http_client *client);
void http_client_pump(struct http_client *client, struct buf *in, struct buf *out);
/* The peer closed; everything it sent has been pumped. Ends bodies that last until then. */
void http_client_end(struct http_client *client);

#endif
