/* Errors as JSON (RFC 9457), and texts inside of JSON. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "base/buf.h"

struct http_problem {
	unsigned status;
	struct slice code;   /* a word for programs; empty: none */
	struct slice detail; /* a sentence for people; empty: none */
	struct slice cid;    /* to find the request in the log; empty: none */
};
/* Appends the object for application/problem+json: title and status, and what is there of the others. */
void http_problem(struct buf *out, const struct http_problem *problem);
/* Appends a JSON string with its quotation marks; ill-formed UTF-8 becomes U+FFFD. RFC 8259 7. */
void http_json_text(struct buf *out, struct slice text);

#endif
