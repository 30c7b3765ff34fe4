/* The server engine against any client: as many answers as requests, nothing after the end, and the same whatever the pieces are. */
#include "base/ensure.h"
#include "http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
	struct http_server *server;
	struct buf log, out;
	bool open, ended;
};

static void on_request(void *owner, uint32_t stream, const struct http_request *q)
{
	struct rig *r = owner;

	ENSURE(!r->open && !r->ended && q->path.n > 0 && q->field_count <= HTTP_FIELDS_MAX);
	r->open = true;
	buf_printf(&r->log, "%.*s %.*s|", SLICE_ARG(q->method_name), SLICE_ARG(q->path));
}

static void on_body(void *owner, uint32_t stream, struct slice bytes)
{
	struct rig *r = owner;

	ENSURE(r->open && bytes.n > 0);
	buf_append(&r->log, bytes);
}

static void on_end(void *owner, uint32_t stream)
{
	struct rig *r = owner;

	ENSURE(r->open);
	r->open = false;
	buf_append_byte(&r->log, '|');
	http_server_answer(r->server, stream, 200, NULL, 0, SLICE("x"));
}

static void on_aborted(void *owner, uint32_t stream)
{
	((struct rig *)owner)->open = false;
}

static void on_ended(void *owner, enum http_server_end why)
{
	struct rig *r = owner;

	ENSURE(!r->ended);
	r->ended = true;
}

static const struct http_server_events events = {
	.request = on_request, .body = on_body, .request_end = on_end, .aborted = on_aborted, .ended = on_ended,
};

static void run(struct rig *r, struct slice bytes, size_t step)
{
	static const struct http_server_settings set = {.body_max = 5000};
	struct buf in = BUF_INIT(1u << 20);

	buf_init(&r->log, 4u << 20);
	buf_init(&r->out, 4u << 20);
	r->server = http_server_create(&set, &events, r);
	for (size_t at = 0; at < bytes.n; at += step) {
		struct buf piece = BUF_INIT(1u << 20);

		buf_append(&in, slice_sub(bytes, at, at + step));
		http_server_pump(r->server, &in, &piece, 0);
		buf_append(&r->out, buf_slice(&piece));
		buf_free(&piece);
	}
	http_server_destroy(&r->server);
	buf_free(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig whole = {0}, pieces = {0};

	if (size < 1 || size > 60000)
		return 0;
	run(&whole, slice_make(data + 1, size - 1), size);
	run(&pieces, slice_make(data + 1, size - 1), data[0] % 64 + 1);
	ENSURE(slice_eq(buf_slice(&whole.log), buf_slice(&pieces.log)) && whole.ended == pieces.ended);
	/* Whether 100 is said depends on what has come by then. */
	if (slice_search(buf_slice(&pieces.out), SLICE(" 100 ")) < 0)
		ENSURE(slice_eq(buf_slice(&whole.out), buf_slice(&pieces.out)));
	buf_free(&whole.log);
	buf_free(&whole.out);
	buf_free(&pieces.log);
	buf_free(&pieces.out);
	return 0;
}
