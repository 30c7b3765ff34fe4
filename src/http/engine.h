/* The engines behind http/server.h: one of HTTP/1.1 over llhttp, one of HTTP/2 over nghttp2. Internal to http. */
#ifndef HTTP_ENGINE_H
#define HTTP_ENGINE_H

#include "http/server.h"

struct http_engine {
	void (*destroy)(struct http_server *s);
	void (*pump)(struct http_server *s, struct buf *in, struct buf *out, int64_t now);
	int64_t (*patience)(const struct http_server *s);
	uint64_t (*turn)(const struct http_server *s);
	void (*timeout)(struct http_server *s);
	void (*close)(struct http_server *s);
	void (*body_limit)(struct http_server *s, uint32_t stream, uint64_t bytes);
	void (*body_pause)(struct http_server *s, uint32_t stream, bool paused);
	void (*respond)(struct http_server *s, uint32_t stream, const struct http_response *response);
	void (*write)(struct http_server *s, uint32_t stream, struct slice bytes);
	void (*finish)(struct http_server *s, uint32_t stream);
	bool (*upgrade)(struct http_server *s, uint32_t stream, const struct http_field *fields, size_t count); /* NULL: never */
};

/* The first member of each engine's state. */
struct http_server {
	uint32_t magic;
	const struct http_engine *engine;
};

/* settings: without zeroes where those mean defaults. */
struct http_server *http1_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner);
struct http_server *http2_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner);

/* Sets method and method_name; false: none that is implemented. */
bool http_method_find(struct slice name, struct http_request *r);
/* Sets path, query, and host for the absolute form; the method is known. False: 400. */
bool http_target_split(struct slice target, struct http_request *r);
/* RFC 9110 6.4.1: answers of these statuses have no body. */
bool http_status_bodyless(unsigned status);

#endif
