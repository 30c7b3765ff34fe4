/*
 * The server side of HTTP as an engine without I/O: bytes and answers in, bytes and requests out. HTTP/1.1 (RFC 9112) or, where both sides
 * agreed on it, HTTP/2 (RFC 9113); both give the same requests and take the same answers (RFC 9110).
 *
 * The owner calls http_server_pump() after accepting, whenever input has arrived, whenever output has drained, and when the engine says
 * `ready`. In HTTP/1.1 the requests of one connection are answered one after the other in their order: a pipelined request waits in the input,
 * unparsed, until the one before it is answered and its body is read. In HTTP/2 up to HTTP2_STREAMS_MAX are open at a time, and are answered in
 * any order. An answer may be given inside the callbacks or any time later:
 *
 *   request -> [body …] -> request_end -> http_server_respond -> http_server_write … -> http_server_finish
 *
 * An answer may also begin before request_end: the rest of the body is then not read, and the connection (HTTP/2: the stream) closes behind
 * the answer. Streams are numbers that count up and never come twice. A long answer is pulled: write what is there, then more at each
 * `writable`; a slow reader holds the writer up, not memory. An answer without end (events) is one whose length is unknown.
 *
 * Refused by the engine itself, with problem+json (RFC 9457) and the end of the connection: bad syntax, bare CR or LF, folded lines,
 * Content-Length with Transfer-Encoding, more than one of either, codings other than chunked, heads and bodies beyond the limits, a missing
 * or doubled Host, other versions. What stands behind such a request is never looked at. In HTTP/2 a malformed request ends its stream
 * (RFC 9113 8.1.1), and who costs more than it uses ends the connection with ENHANCE_YOUR_CALM: streams that are taken back before they are
 * answered (CVE-2023-44487), and frames that carry nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA), each from a budget that what
 * is answered fills again; header blocks in more than HTTP2_CONTINUATIONS_MAX frames (CVE-2024-28182) are not read to their end.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/message.h"

struct http_server;

#define HTTP_BODY_DEFAULT 65536         /* bytes of a request's body unless the owner allows more */
#define HTTP_REQUESTS_DEFAULT 1000      /* requests of one connection */
#define HTTP_SERVER_INPUT_MIN HTTP_HEAD_MAX
#define HTTP_SERVER_OUTPUT_HIGH 65536   /* while this much output waits, no body is fetched and no request is begun */
#define HTTP_BODY_STEP 65536            /* bytes of a body that have to come within body_ms */
#define HTTP2_STREAMS_MAX 32            /* open at a time */
#define HTTP2_WINDOW 65535              /* bytes of a body under way on one stream, as long as the owner takes none … */
#define HTTP2_CONNECTION_WINDOW 262144  /* … and on all of a connection */
#define HTTP2_CONTINUATIONS_MAX 8
#define HTTP2_STREAM_OUTPUT 65536       /* with less than this of an answer waiting, `writable` asks for more */

/* Copied. Zero of a limit means its default. */
struct http_server_settings {
	uint64_t body_max;          /* of a request, unless http_server_body_limit says otherwise; 64 KiB */
	unsigned requests_max;      /* of one connection: the last answer closes it; 1000 */
	int64_t idle_ms;            /* patience between requests; 60 s */
	int64_t head_ms;            /* … for a whole head, from its first byte; 20 s */
	int64_t body_ms;            /* … for each HTTP_BODY_STEP bytes of a body; 30 s */
	const struct http_field *fields; /* with every answer, those of the engine included, unless it has one of that name; borrowed */
	size_t field_count;
	bool http2;                 /* the connection speaks HTTP/2 from its first byte (ALPN "h2", RFC 9113 3.2) */
};

enum http_method {
	HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_POST, HTTP_METHOD_PUT, HTTP_METHOD_DELETE, HTTP_METHOD_OPTIONS, HTTP_METHOD_PATCH,
};

/* Slices are valid during the callback. */
struct http_request {
	enum http_method method;
	struct slice method_name;
	struct slice path, query;   /* as sent, percent-encoded (http/url.h decodes); "*" for OPTIONS *; query without '?' */
	struct slice host;          /* of an absolute target, else of Host; may have a port */
	const struct http_field *fields;
	size_t field_count;
	bool has_body;
	uint64_t length;            /* of the body, HTTP_LENGTH_UNKNOWN when chunked */
};

struct http_response {
	unsigned status;            /* 200 … 599 */
	const struct http_field *fields; /* not Date, Content-Length, Transfer-Encoding, Connection: the engine makes these */
	size_t field_count;
	uint64_t length;            /* of the body; HTTP_LENGTH_UNKNOWN: chunked, or until the end of the connection for HTTP/1.0 */
};

enum http_server_end {
	HTTP_SERVER_CLOSED,         /* as both agreed, or http_server_close */
	HTTP_SERVER_REFUSED,        /* the peer broke the rules; the answer is in the output */
};

struct http_server_events {
	/* A head is complete and good. */
	void (*request)(void *owner, uint32_t stream, const struct http_request *request);
	/* A piece of the body. May be NULL. */
	void (*body)(void *owner, uint32_t stream, struct slice bytes);
	/* All of the request is there. Not called when the answer had begun before. */
	void (*request_end)(void *owner, uint32_t stream);
	/*
	 * The stream is gone before its answer was finished: its body broke a rule (the engine answered), or, in HTTP/2, the client took it back.
	 * Nothing may be answered to it any more. Not called when the whole connection ends. May be NULL.
	 */
	void (*aborted)(void *owner, uint32_t stream);
	/* There is room for more of the body of an answer that was begun and is not finished. May be NULL. */
	void (*writable)(void *owner, uint32_t stream);
	/* The last byte is in the output: send it and close. Called once. */
	void (*ended)(void *owner, enum http_server_end why);
	/* Output came from outside of http_server_pump(): call it soon. Never called from inside it. */
	void (*ready)(void *owner);
};

struct http_server *http_server_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner);
void http_server_destroy(struct http_server **server); /* no event follows; not from a callback */

/* Consumes what is complete in `in`, appends to `out`. now: unix seconds, for Date. Never re-entered. */
void http_server_pump(struct http_server *server, struct buf *in, struct buf *out, int64_t now);
/* How long the peer may take for what it is doing, in ms; 0: not its turn. The time begins anew whenever http_server_turn changes. */
int64_t http_server_patience(const struct http_server *server);
uint64_t http_server_turn(const struct http_server *server);
/* That time is over: 408 when a request had begun, the end without words when not. */
void http_server_timeout(struct http_server *server);
/* For shutdown: closes when no request is in hand, else behind its answer. */
void http_server_close(struct http_server *server);

/* ---- of an open stream ---- */
/* In `request`: the body may be this long. */
void http_server_body_limit(struct http_server *server, uint32_t stream, uint64_t bytes);
/* Stops (or goes on with) reading the body. */
void http_server_body_pause(struct http_server *server, uint32_t stream, bool paused);
/* The head of the answer. Once. */
void http_server_respond(struct http_server *server, uint32_t stream, const struct http_response *response);
/* A piece of its body; ignored for HEAD, 204 and 304. Never more than `length` in sum. */
void http_server_write(struct http_server *server, uint32_t stream, struct slice bytes);
/* Ends the answer. With less than `length` written the connection breaks off, so that nothing short looks whole. */
void http_server_finish(struct http_server *server, uint32_t stream);
/*
 * Instead of an answer, in request_end or later: 101 with these fields, and from then on both sides send bytes: `body` is told what comes, http_server_write sends,
 * http_server_finish ends the connection (RFC 9110 7.8). False: the connection cannot (HTTP/2, HTTP/1.0); nothing happened. That the client asked for it is for
 * the owner to see.
 */
bool http_server_upgrade(struct http_server *server, uint32_t stream, const struct http_field *fields, size_t field_count);
/* All three at once. */
void http_server_answer(struct http_server *server, uint32_t stream, unsigned status, const struct http_field *fields, size_t field_count,
                        struct slice body);

#endif
