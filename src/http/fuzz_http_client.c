/* The client engine against any server: one end for each request, never a body beyond its limit. */
#include "base/ensure.h"
#include "http/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 3000

struct rig {
	struct http_client *client;
	size_t body;
	bool head, over, again, failed;
};

static void on_head(void *owner, unsigned status, const struct http_field *fields, size_t count)
{
	struct rig *r = owner;

	ENSURE(!r->head && !r->over && status >= 200 && count <= HTTP_FIELDS_MAX);
	r->head = true;
}

static void on_body(void *owner, struct slice bytes)
{
	struct rig *r = owner;

	ENSURE(r->head && !r->over);
	r->body += bytes.n;
	ENSURE(r->body <= BODY_MAX);
}

static void on_done(void *owner, bool reusable)
{
	struct rig *r = owner;

	ENSURE(r->head && !r->over);
	r->over = true;
	r->again = reusable;
}

static void on_failed(void *owner, enum http_client_error why)
{
	struct rig *r = owner;

	ENSURE(!r->failed && (!r->over || r->again));
	r->failed = r->over = true;
}

static const struct http_client_events events = {on_head, on_body, on_done, on_failed};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig r = {0};
	struct buf in = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
	struct http_client_request request = {.method = SLICE("GET"), .target = SLICE("/"), .host = SLICE("h"), .keep = true};

	if (size < 2)
		return 0;
	if (data[0] & 1)
		request.method = SLICE("HEAD");
	r.client = http_client_create(BODY_MAX, &events, &r);
	ENSURE(http_client_send(r.client, &request) == 0);
	for (size_t at = 1; at < size && !r.over; at += data[1] % 40 + 1) {
		buf_append(&in, slice_sub(slice_make(data, size), at, at + data[1] % 40 + 1));
		http_client_pump(r.client, &in, &out);
	}
	if (!r.over)
		http_client_end(r.client);
	ENSURE(r.over);
	http_client_destroy(&r.client);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
