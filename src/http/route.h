/* A table of routes: which row takes a request. Pure; what a row does is its owner's. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/server.h"

#define HTTP_METHODS(m) (1u << HTTP_METHOD_##m)
#define HTTP_ALLOW_MAX 64 /* bytes of the value of Allow */

/*
 * Put first into a row of the owner's. host: empty: any; ends in a dot ("mta-sts."): that label in front of a name; else the whole name.
 * path: the decoded path; one that ends in "/" followed by "*" stands for that folder and everything below it. methods: bits; with GET goes HEAD, and OPTIONS is
 * always answered. any_case: letters of the path in either case, for clients that write it in several ways.
 */
struct http_route {
	const char *host, *path;
	unsigned methods;
	bool any_case;
};

enum http_route_result {
	HTTP_ROUTE_FOUND,
	HTTP_ROUTE_NOTHING,   /* 404 */
	HTTP_ROUTE_METHOD,    /* 405, with Allow */
	HTTP_ROUTE_OPTIONS,   /* 204, with Allow */
};
/*
 * The first row of `count` that takes host, path and method; rows are `size` bytes apart. host: without port, lower case. *ret: its number, for
 * FOUND. ret_allow: what the rows of this host and path allow, for METHOD and OPTIONS.
 */
enum http_route_result http_route_find(const void *rows, size_t count, size_t size, struct slice host, struct slice path, enum http_method method,
                                       size_t *ret, char ret_allow[HTTP_ALLOW_MAX]);
/* The name of Host without its port; borrowed. "[::1]" keeps its brackets. */
struct slice http_host_name(struct slice host);

#endif
