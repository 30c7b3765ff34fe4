/* Frames of a client in pieces of any size: the same comes out whatever the pieces are. */
#include "base/ensure.h"
#include "base/utf8.h"
#include "http/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 4096

static void feed(const uint8_t *data, size_t size, size_t piece, struct buf *messages)
{
	struct websocket w;
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	enum websocket_event event = WEBSOCKET_MORE;

	websocket_init(&w, MESSAGE_MAX);
	for (size_t at = 0; at < size && event != WEBSOCKET_CLOSED; at += piece) {
		buf_append_bytes(&in, data + at, size - at < piece ? size - at : piece);
		while ((event = websocket_take(&w, &in, &out)) == WEBSOCKET_MESSAGE || event == WEBSOCKET_PONG) {
			if (event == WEBSOCKET_PONG)
				continue;
			ENSURE(buf_len(&w.message) <= MESSAGE_MAX && utf8_valid(buf_slice(&w.message)));
			buf_put_bytes(messages, buf_slice(&w.message));
			buf_clear(&w.message);
		}
	}
	buf_put_bytes(messages, buf_slice(&out));
	websocket_free(&w);
	buf_free(&in);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(1 << 24), bytes = BUF_INIT(1 << 24);

	if (size > 65536)
		return 0;
	feed(data, size, size + 1, &whole);
	feed(data, size, 1, &bytes);
	ENSURE(slice_eq(buf_slice(&whole), buf_slice(&bytes)));
	buf_free(&whole);
	buf_free(&bytes);
	return 0;
}
