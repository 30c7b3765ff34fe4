/* The engine of HTTP/2 against any client: as many answers as requests, nothing after the end, memory stays bounded. */
#include "base/ensure.h"
#include "http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
	struct http_server *server;
	unsigned open;
	bool ended;
};

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct rig *r = owner;

	ENSURE(!r->ended && q->path.n > 0 && q->field_count <= HTTP_FIELDS_MAX);
	ENSURE(++r->open <= HTTP2_STREAMS_MAX);
}

static void on_end(void *owner, uint32_t stream)
{
	struct rig *r = owner;

	r->open--;
	http_server_answer(r->server, stream, 200, NULL, 0, SLICE("x"));
}

static void on_aborted(void *owner, uint32_t stream)
{
	ENSURE(((struct rig *)owner)->open-- > 0);
}

static void on_ended(void *owner, enum http_server_end why)
{
	((struct rig *)owner)->ended = true;
}

static void on_ready(void *owner)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_server_events events = {
		.request = on_request, .request_end = on_end, .aborted = on_aborted, .ended = on_ended, .ready = on_ready,
	};
	static const struct http_server_settings settings = {.body_max = 5000, .http2 = true};
	struct rig r = {0};
	struct buf in = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
	struct slice rest;

	if (size < 1 || size > 60000)
		return 0;
	rest = slice_make(data + 1, size - 1);
	r.server = http_server_create(&settings, &events, &r);
	/* The first bytes of every connection; a fuzzer would never find them. */
	buf_append_str(&in, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	buf_append(&in, slice_make("\0\0\0\4\0\0\0\0", 9));
	while (rest.n > 0) {
		size_t step = (size_t)data[0] * 16 + 1;

		buf_append(&in, slice_sub(rest, 0, step));
		rest = slice_from(rest, step);
		http_server_pump(r.server, &in, &out, 0);
		ENSURE(buf_len(&out) < 4 * HTTP_SERVER_OUTPUT_HIGH);
		buf_clear(&out);
		if (data[0] % 7 == 0)
			http_server_timeout(r.server);
	}
	http_server_destroy(&r.server);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
