/*
 * WebSocket framing (RFC 6455 5) of the server's side, without I/O: bytes in, messages out. Only text messages are taken, whole ones, of valid UTF-8. What breaks a
 * rule ends the connection with the code that the RFC gives it; no extension is spoken.
 */
#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

#include "base/buf.h"

enum websocket_close {
	WEBSOCKET_NORMAL = 1000, WEBSOCKET_AWAY = 1001, WEBSOCKET_PROTOCOL = 1002, WEBSOCKET_UNSUPPORTED = 1003, WEBSOCKET_BAD_TEXT = 1007,
	WEBSOCKET_TOO_LARGE = 1009, WEBSOCKET_INTERNAL = 1011, WEBSOCKET_LATER = 1013,
};

struct websocket {
	struct buf message;    /* what there is of the message under way */
	bool in_message;       /* a frame with more to follow was read */
	bool closing;          /* our close went out: nothing is taken any more */
};

/* max: bytes of a message. */
void websocket_init(struct websocket *w, size_t max);
void websocket_free(struct websocket *w);

enum websocket_event {
	WEBSOCKET_MORE,        /* the next frame is not there as a whole */
	WEBSOCKET_MESSAGE,     /* w->message is one: take it, then buf_clear it */
	WEBSOCKET_PONG,        /* the other side lives */
	WEBSOCKET_CLOSED,      /* the end: what is in `out` is sent, then the connection closed */
};
/* Takes frames off `in` until something happened. Pings are answered into `out`. */
enum websocket_event websocket_take(struct websocket *w, struct buf *in, struct buf *out);

/* A piece of a text message. first, last: its place in the message. */
void websocket_put_text(struct buf *out, struct slice piece, bool first, bool last);
void websocket_put_ping(struct buf *out);
void websocket_close(struct websocket *w, enum websocket_close code, struct buf *out);
/* A key of the client as it must be: 16 bytes in base64 (RFC 6455 4.1). */
bool websocket_key_valid(struct slice key);
#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#endif
