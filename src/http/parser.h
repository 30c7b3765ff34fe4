/* One message at a time over llhttp: a complete head from a frame, then the body in pieces. Internal to http. */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include <llhttp.h>

#include "http/message.h"

enum http_fault {
	HTTP_FAULT_NONE,
	HTTP_FAULT_SYNTAX,        /* 400 */
	HTTP_FAULT_LINE_LONG,     /* 414 */
	HTTP_FAULT_HEAD_LARGE,    /* 431 */
	HTTP_FAULT_BODY_LARGE,    /* 413 */
	HTTP_FAULT_METHOD,        /* 501 */
	HTTP_FAULT_CODING,        /* 501: a transfer coding other than chunked */
	HTTP_FAULT_VERSION,       /* 505 */
};

typedef void http_body_fn(void *owner, struct slice bytes);

struct http_parser {
	llhttp_t llhttp;
	llhttp_settings_t settings;
	http_body_fn *body;
	void *owner;
	size_t scanned;            /* bytes of the input in which no end of the head is */
	struct slice target;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	size_t trailer_count;
	uint64_t body_bytes, overhead_bytes, body_max;
	uint64_t length;           /* of the body as announced; HTTP_LENGTH_UNKNOWN: chunked, or until the end of the connection */
	bool response, skip_body, until_end, keep_alive, has_body;
	bool in_head, head_done, complete, body_large;
};

/* response: heads are those of responses. `body` gets the content. */
void http_parser_init(struct http_parser *p, bool response, http_body_fn *body, void *owner);
/* Before each message. skip_body: the answer to HEAD. */
void http_parser_begin(struct http_parser *p, bool skip_body, uint64_t body_max);

/*
 * Looks for a complete head at the front of `in`. *ret_n: its length with the empty line, 0: not there yet. The lines are checked; after
 * HTTP_FAULT_NONE with a length http_parser_head parses it.
 */
enum http_fault http_parser_frame(struct http_parser *p, struct slice in, size_t *ret_n);
/* `head` as framed; target and fields borrow from it. `complete` is set when there is no body. */
enum http_fault http_parser_head(struct http_parser *p, struct slice head);
/* Takes body bytes; *ret_n: how many were used. `complete` is set at the end of the message. */
enum http_fault http_parser_body(struct http_parser *p, struct slice in, size_t *ret_n);
/* The peer closed: may the message end so? Sets `complete` for a body that lasts until the end of the connection. */
bool http_parser_end(struct http_parser *p);

#endif
