#include "http/websocket.h"

#include "base/codec.h"
#include "base/utf8.h"

#define CONTROL_MAX 125
#define FIN 0x80
#define MASK 0x80

enum opcode { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

struct frame {
	enum opcode op;
	bool fin;
	uint64_t length;
	size_t head;           /* bytes of the head, key included */
	uint8_t key[4];
};

void websocket_init(struct websocket *w, size_t max)
{
	*w = (struct websocket){.message = BUF_INIT(max)};
}

void websocket_free(struct websocket *w)
{
	buf_free_secret(&w->message);
}

static void put_head(struct buf *out, uint8_t first, size_t n)
{
	buf_put_u8(out, first);
	if (n <= CONTROL_MAX) {
		buf_put_u8(out, (uint8_t)n);
	} else if (n <= UINT16_MAX) {
		buf_put_u8(out, 126);
		buf_put_u16(out, (uint16_t)n);
	} else {
		buf_put_u8(out, 127);
		buf_put_u64(out, n);
	}
}

void websocket_put_text(struct buf *out, struct slice piece, bool first, bool last)
{
	put_head(out, (uint8_t)((last ? FIN : 0) | (first ? OP_TEXT : OP_MORE)), piece.n);
	buf_append(out, piece);
}

void websocket_put_ping(struct buf *out)
{
	put_head(out, FIN | OP_PING, 0);
}

void websocket_close(struct websocket *w, enum websocket_close code, struct buf *out)
{
	if (w->closing)
		return;
	w->closing = true;
	put_head(out, FIN | OP_CLOSE, 2);
	buf_put_u16(out, (uint16_t)code);
}

bool websocket_key_valid(struct slice key)
{
	struct buf bytes = BUF_INIT(64);
	bool good = key.n == 24 && base64_decode_strict(key, &bytes) == 0 && buf_len(&bytes) == 16;

	buf_free(&bytes);
	return good;
}

/* ---- frames ---- */

static bool is_control(enum opcode op)
{
	return op >= OP_CLOSE;
}

/* 1: *ret is the head; 0: more bytes are needed; -1: no frame of a client (RFC 6455 5.2). */
static int take_head(struct slice in, struct frame *ret)
{
	uint8_t first, second;
	uint16_t length16;

	if (!slice_get_u8(&in, &first) || !slice_get_u8(&in, &second))
		return 0;
	ret->op = (enum opcode)(first & 0x0f);
	ret->fin = (first & FIN) != 0;
	ret->length = second & 0x7f;
	ret->head = 6;
	/* Reserved bits and opcodes, a frame without mask, a control frame that is long or in pieces. */
	if ((first & 0x70) != 0 || (second & MASK) == 0 || (ret->op > OP_BINARY && ret->op < OP_CLOSE) || ret->op > OP_PONG
	    || (is_control(ret->op) && (!ret->fin || ret->length > CONTROL_MAX)))
		return -1;
	if (ret->length == 126) {
		ret->head = 8;
		if (!slice_get_u16(&in, &length16))
			return 0;
		ret->length = length16;
	} else if (ret->length == 127) {
		ret->head = 14;
		if (!slice_get_u64(&in, &ret->length))
			return 0;
	}
	return slice_get_fixed(&in, ret->key, sizeof ret->key) ? 1 : 0;
}

static void unmask(const struct frame *f, struct slice from, struct buf *out)
{
	uint8_t *to = buf_reserve(out, from.n);

	if (to == NULL)
		return;
	for (size_t i = 0; i < from.n; i++)
		to[i] = from.p[i] ^ f->key[i % 4];
	buf_commit(out, from.n);
}

static enum websocket_event end(struct websocket *w, enum websocket_close code, struct buf *out)
{
	websocket_close(w, code, out);
	return WEBSOCKET_CLOSED;
}

/* The frame is there as a whole. */
static enum websocket_event take_control(struct websocket *w, const struct frame *f, struct slice payload, struct buf *out)
{
	struct buf plain = BUF_INIT(CONTROL_MAX);

	if (f->op == OP_CLOSE)
		return end(w, WEBSOCKET_NORMAL, out);
	if (f->op == OP_PONG)
		return WEBSOCKET_PONG;
	unmask(f, payload, &plain);
	put_head(out, FIN | OP_PONG, buf_len(&plain));
	buf_append(out, buf_slice(&plain));
	buf_free(&plain);
	return WEBSOCKET_PONG;
}

static enum websocket_event take_data(struct websocket *w, const struct frame *f, struct slice payload, struct buf *out)
{
	unmask(f, payload, &w->message);
	w->in_message = !f->fin;
	if (w->in_message)
		return WEBSOCKET_MORE;
	return utf8_valid(buf_slice(&w->message)) ? WEBSOCKET_MESSAGE : end(w, WEBSOCKET_BAD_TEXT, out);
}

/* What is wrong with it before it is read; 0: nothing. */
static unsigned data_fault(const struct websocket *w, const struct frame *f)
{
	if (is_control(f->op))
		return 0;
	if ((f->op == OP_MORE) != w->in_message)
		return WEBSOCKET_PROTOCOL;
	if (f->op == OP_BINARY)
		return WEBSOCKET_UNSUPPORTED;
	return f->length > w->message.max - buf_len(&w->message) ? WEBSOCKET_TOO_LARGE : 0;
}

/* One frame; *ret_took: it was there. */
static enum websocket_event step(struct websocket *w, struct buf *in, struct buf *out, bool *ret_took)
{
	struct frame f;
	enum websocket_event event;
	int rc = take_head(buf_slice(in), &f);
	unsigned fault = rc < 0 ? WEBSOCKET_PROTOCOL : rc > 0 ? data_fault(w, &f) : 0;

	*ret_took = false;
	if (fault != 0)
		return end(w, (enum websocket_close)fault, out);
	if (rc == 0 || buf_len(in) - f.head < f.length)
		return WEBSOCKET_MORE;
	*ret_took = true;
	event = (is_control(f.op) ? take_control : take_data)(w, &f, slice_sub(buf_slice(in), f.head, f.head + (size_t)f.length), out);
	buf_consume(in, f.head + (size_t)f.length);
	return event;
}

enum websocket_event websocket_take(struct websocket *w, struct buf *in, struct buf *out)
{
	enum websocket_event event;
	bool took = true;

	if (w->closing)
		return WEBSOCKET_CLOSED;
	do
		event = step(w, in, out, &took);
	while (took && event == WEBSOCKET_MORE);
	return event;
}
