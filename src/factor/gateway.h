/*
 * The HTTPS request to a gateway that sends a code: made from templates of the configuration, in which {to} and {code} stand for the address
 * and the digits. What is put in is escaped as its place asks: percent-encoding in URLs and form bodies, JSON in JSON bodies.
 */
#ifndef FACTOR_GATEWAY_H
#define FACTOR_GATEWAY_H

#include "base/buf.h"
#include "base/error.h"

#define GATEWAY_TEMPLATE_MAX 4000
#define GATEWAY_TEXT_MAX 8000

struct gateway {
	struct slice url;  /* https://…; empty: there is none */
	struct slice body; /* empty: GET, else POST; "{" or "[" first: application/json, else a form */
	struct slice authorization; /* value of the header field, may be empty */
};
struct gateway_request {
	const char *method;
	struct buf url, fields, body; /* fields: "Name: value" lines, each ended by LF */
};

/* Is it one that can be used? err says why not. An empty url is valid. */
int gateway_check(const struct gateway *gateway, struct error *err);
/* 0, ERR_INVALID, ERR_LIMIT. Free the request in any case; it holds the code. */
int gateway_request(const struct gateway *gateway, struct slice to, struct slice code, struct gateway_request *ret);
void gateway_request_free(struct gateway_request *request);

#endif
