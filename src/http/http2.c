/* The engine of HTTP/2 (RFC 9113) behind http/server.h, over nghttp2: what the library does not bound is bounded here. */
#include "http/http2.h"

#include "base/ensure.h"
#include "base/memory.h"

#define PIECE 4096              /* input that is looked at before what it caused is sent: bounds what waits in the library */
#define OUTPUT_PROGRESS 1024    /* bytes of an answer that a slow reader has to take in the time of a body step */
#define ACKS_MAX 200            /* PING and SETTINGS that wait for their answer */
#define EARN_STEP 16384
#define EARN_ANSWER 30
#define COST_RESET 20
#define COST_INVALID 20
#define SMALL_DATA 32

struct http2_stream *http2_stream_find(struct http2 *s, uint32_t id)
{
	LIST_FOREACH(node, &s->streams) {
		struct http2_stream *t = LIST_ITEM(node, struct http2_stream, node);

		if (t->id == id)
			return t;
	}
	return NULL;
}

/* ---- what a connection costs ---- */

void http2_cost(struct http2 *s, int64_t cost)
{
	s->credit -= cost;
	if (s->credit >= 0 || s->over)
		return;
	s->why = HTTP_SERVER_REFUSED;
	(void)nghttp2_session_terminate_session(s->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

void http2_earn(struct http2 *s, int64_t gain)
{
	if (s->credit < 0)
		return;
	s->credit += gain;
	if (s->credit > HTTP2_CREDIT_MAX)
		s->credit = HTTP2_CREDIT_MAX;
}

/* Pings of a connection that lives long are no flood. */
static void earn_time(struct http2 *s, int64_t now)
{
	if (now > s->credit_at)
		http2_earn(s, 2 * (now - s->credit_at));
	s->credit_at = now;
}

/* ---- streams ---- */

static struct http2_stream *stream_create(struct http2 *s, uint32_t id)
{
	struct http2_stream *t = memory_alloc(sizeof *t);

	t->id = id;
	t->head = http2_head_create();
	t->body_max = s->settings.body_max;
	buf_init(&t->held, HTTP2_WINDOW);
	list_append(&s->streams, &t->node);
	s->stream_count++;
	return t;
}

static void stream_free(struct http2 *s, struct http2_stream *t)
{
	list_remove(&t->node);
	s->stream_count--;
	http2_head_free(&t->head);
	buf_free_secret(&t->held);
	buf_free_secret(&t->out);
	memory_free(t);
}

static bool wants_body(const struct http2_stream *t)
{
	return t->answer == HTTP2_ANSWER_NONE && t->told;
}

/*
 * The answer is out before the request was whole. A client that has little left may send it: some take a reset for a failure, though RFC 9113 8.1 forbids
 * it. Who sends on and on is reset.
 */
static void end_unwanted(struct http2 *s, const struct http2_stream *t)
{
	if (t->sent && !t->ended && t->dropped > HTTP2_WINDOW / 2)
		(void)nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, NGHTTP2_NO_ERROR);
}

static void drop(struct http2 *s, struct http2_stream *t, size_t n)
{
	t->dropped += n;
	(void)nghttp2_session_consume_connection(s->session, n); /* the window of the stream stays as it is */
	end_unwanted(s, t);
}

void http2_body(struct http2 *s, struct http2_stream *t, struct slice bytes)
{
	uint64_t before = t->body_bytes;

	t->body_bytes += bytes.n;
	t->moved += bytes.n;
	if (before / EARN_STEP != t->body_bytes / EARN_STEP)
		http2_earn(s, 4);
	if (wants_body(t) && t->body_bytes > t->body_max)
		http2_refuse(s, t, 413);
	if (!wants_body(t)) {
		drop(s, t, bytes.n);
		return;
	}
	if (s->events->body != NULL)
		s->events->body(s->owner, t->id, bytes);
	(void)nghttp2_session_consume(s->session, (int32_t)t->id, bytes.n);
}

void http2_request_whole(struct http2 *s, struct http2_stream *t)
{
	if (wants_body(t) && buf_len(&t->held) == 0)
		s->events->request_end(s->owner, t->id);
}

/* ---- callbacks of the library ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct http2 *s = arg;
	struct http2_stream *t;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	t = stream_create(s, (uint32_t)frame->hd.stream_id);
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, t);
	if (++s->requests == s->settings.requests_max)
		s->closing = true;
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_n, const uint8_t *value,
                     size_t value_n, uint8_t flags, void *arg)
{
	struct http2_stream *t = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	if (t == NULL || t->head == NULL)
		return 0;
	http2_head_take(t->head, slice_make(name, name_n), slice_make(value, value_n));
	if (t->head->unpacked <= HTTP2_HEAD_FLOOD)
		return 0;
	http2_cost(arg, HTTP2_CREDIT_MAX + 1);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the rest is not looked at */
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
	struct http2 *s = arg;
	struct http2_stream *t = nghttp2_session_get_stream_user_data(session, id);

	if (n < SMALL_DATA)
		http2_cost(s, 1);
	if (t == NULL)
		(void)nghttp2_session_consume(session, id, n);
	else if (t->paused && wants_body(t))
		buf_append(&t->held, slice_make(p, n)); /* never more than a window */
	else
		http2_body(s, t, slice_make(p, n));
	return 0;
}

static bool ends_stream(const nghttp2_frame *frame)
{
	return (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct http2 *s = arg;
	struct http2_stream *t = frame->hd.stream_id > 0 ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id) : NULL;

	s->in_head = false;
	if (t == NULL)
		return 0;
	if (t->head != NULL) {
		t->has_body = !ends_stream(frame);
		http2_head_done(s, t);
	}
	if (ends_stream(frame)) {
		t->ended = true;
		http2_request_whole(s, t);
	}
	return 0;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct http2 *s = arg;

	if (hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION) {
		s->in_head = (hd->flags & NGHTTP2_FLAG_END_HEADERS) == 0;
		s->head_moved = true;
	}
	if (hd->type != NGHTTP2_HEADERS && (hd->type != NGHTTP2_DATA || hd->length == 0))
		http2_cost(s, 1);
	return 0;
}

/* Frames of types that nobody knows are ignored (RFC 9113 5.5), as long as they are few. */
static int on_unknown(nghttp2_session *session, void **payload, const nghttp2_frame_hd *hd, void *arg)
{
	http2_cost(arg, 1);
	return NGHTTP2_ERR_CANCEL;
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int error, void *arg)
{
	http2_cost(arg, COST_INVALID);
	return 0;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct http2 *s = arg;
	struct http2_stream *t = frame->hd.stream_id > 0 ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id) : NULL;

	if (frame->hd.type == NGHTTP2_DATA)
		http2_earn(s, (int64_t)frame->hd.length / EARN_STEP * 4);
	if (t == NULL || !ends_stream(frame))
		return 0;
	t->sent = true;
	http2_earn(s, EARN_ANSWER);
	end_unwanted(s, t);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct http2 *s = arg;
	struct http2_stream *t = nghttp2_session_get_stream_user_data(session, id);
	bool aborted;

	if (t == NULL)
		return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	if (buf_len(&t->held) > 0)
		(void)nghttp2_session_consume_connection(session, buf_len(&t->held));
	if (!t->sent)
		http2_cost(s, COST_RESET);
	aborted = t->told && t->answer != HTTP2_ANSWER_DONE && !(t->answer == HTTP2_ANSWER_BEGUN && t->no_body);
	stream_free(s, t);
	if (aborted && s->events->aborted != NULL)
		s->events->aborted(s->owner, (uint32_t)id);
	return 0;
}

/* ---- pumping ---- */

static void send_all(struct http2 *s, struct buf *out)
{
	const uint8_t *p;
	ssize_t n;

	while (buf_len(out) < HTTP_SERVER_OUTPUT_HIGH && (n = nghttp2_session_mem_send(s->session, &p)) > 0)
		buf_append_bytes(out, p, (size_t)n);
}

/* Asks for more of each answer that has little waiting. True: somebody gave. */
static bool pull(struct http2 *s)
{
	bool more = false;

	if (s->events->writable == NULL)
		return false;
	LIST_FOREACH(node, &s->streams) {
		struct http2_stream *t = LIST_ITEM(node, struct http2_stream, node);
		size_t before = buf_len(&t->out);

		if (t->answer != HTTP2_ANSWER_BEGUN || t->no_body || before >= HTTP2_STREAM_OUTPUT)
			continue;
		s->events->writable(s->owner, t->id);
		more |= t->answer != HTTP2_ANSWER_BEGUN || buf_len(&t->out) > before;
	}
	return more;
}

static bool take(struct http2 *s, struct buf *in)
{
	struct slice piece = slice_sub(buf_slice(in), 0, PIECE);
	ssize_t n;

	if (piece.n == 0)
		return false;
	if (!nghttp2_session_want_read(s->session)) {
		buf_clear(in);
		return false;
	}
	n = nghttp2_session_mem_recv(s->session, piece.p, piece.n);
	if (n < 0) {
		s->why = HTTP_SERVER_REFUSED;
		(void)nghttp2_session_terminate_session(s->session, NGHTTP2_PROTOCOL_ERROR);
		buf_clear(in);
		return false;
	}
	buf_consume(in, (size_t)n);
	return n > 0;
}

static bool stalls_at_peer(const struct http2_stream *t)
{
	if (t->sent)
		return !t->ended;
	return t->answer == HTTP2_ANSWER_NONE ? t->told && !t->ended && !t->paused : buf_len(&t->out) > 0;
}

/* What the peer is waited for; a change begins the time anew. */
static void look_at_waiting(struct http2 *s)
{
	typeof(s->waits) now = s->stream_count == 0 ? HTTP2_WAITS_IDLE : HTTP2_WAITS_NOT;

	LIST_FOREACH(node, &s->streams)
		if (stalls_at_peer(LIST_ITEM(node, struct http2_stream, node)))
			now = HTTP2_WAITS_BODY;
	if (s->in_head)
		now = HTTP2_WAITS_HEAD;
	if (s->over)
		now = HTTP2_WAITS_NOT;
	if (now != s->waits)
		s->turn++;
	s->waits = now;
}

static void look_at_end(struct http2 *s)
{
	if (s->closing && s->stream_count == 0)
		(void)nghttp2_session_terminate_session(s->session, NGHTTP2_NO_ERROR);
	else if (s->closing)
		(void)nghttp2_submit_goaway(s->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(s->session), NGHTTP2_NO_ERROR, NULL, 0);
}

static void http2_pump(struct http_server *base, struct buf *in, struct buf *out, int64_t now)
{
	struct http2 *s = (struct http2 *)base;
	bool closing = s->closing;
	bool more = true;

	ENSURE(!s->pumping);
	s->pumping = true;
	s->now = now;
	earn_time(s, now);
	while (more && buf_len(out) < HTTP_SERVER_OUTPUT_HIGH) {
		send_all(s, out);
		more = pull(s);
		more |= buf_len(out) < HTTP_SERVER_OUTPUT_HIGH && take(s, in);
	}
	if (s->closing && (!closing || s->stream_count == 0))
		look_at_end(s);
	send_all(s, out);
	s->over |= !nghttp2_session_want_read(s->session) && !nghttp2_session_want_write(s->session);
	look_at_waiting(s);
	s->pumping = false;
	if (s->over && !s->ended_said) {
		s->ended_said = true;
		s->events->ended(s->owner, s->why);
	}
}

/* ---- time ---- */

static int64_t http2_patience(const struct http_server *base)
{
	const struct http2 *s = (const struct http2 *)base;

	switch (s->waits) {
	case HTTP2_WAITS_NOT: return 0;
	case HTTP2_WAITS_IDLE: return s->settings.idle_ms;
	case HTTP2_WAITS_HEAD: return s->settings.head_ms;
	case HTTP2_WAITS_BODY: return s->settings.body_ms;
	}
	UNREACHABLE();
}

static uint64_t http2_turn(const struct http_server *base)
{
	return ((const struct http2 *)base)->turn;
}

static bool is_too_slow(const struct http2_stream *t)
{
	return stalls_at_peer(t) && t->moved < (t->answer == HTTP2_ANSWER_NONE ? HTTP_BODY_STEP : OUTPUT_PROGRESS);
}

/* Each stream has to get on from one look to the next, whatever the others do. */
static void end_slow_streams(struct http2 *s)
{
	LIST_FOREACH(node, &s->streams) {
		struct http2_stream *t = LIST_ITEM(node, struct http2_stream, node);

		if (is_too_slow(t))
			(void)nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, t->sent ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
		t->moved = 0;
	}
}

static void http2_timeout(struct http_server *base)
{
	struct http2 *s = (struct http2 *)base;

	s->turn++;
	if (s->waits == HTTP2_WAITS_IDLE || (s->waits == HTTP2_WAITS_HEAD && !s->head_moved))
		(void)nghttp2_session_terminate_session(s->session, NGHTTP2_NO_ERROR);
	s->head_moved = false;
	end_slow_streams(s);
	if (!s->pumping)
		s->events->ready(s->owner);
}

static void http2_close(struct http_server *base)
{
	struct http2 *s = (struct http2 *)base;

	if (!s->closing) {
		s->closing = true;
		look_at_end(s);
	}
	if (!s->pumping)
		s->events->ready(s->owner);
}

/* ---- bodies ---- */

static void http2_body_limit(struct http_server *base, uint32_t stream, uint64_t bytes)
{
	struct http2_stream *t = http2_stream_find((struct http2 *)base, stream);

	if (t != NULL)
		t->body_max = bytes;
}

static void http2_body_pause(struct http_server *base, uint32_t stream, bool paused)
{
	struct http2 *s = (struct http2 *)base;
	struct http2_stream *t = http2_stream_find(s, stream);
	struct buf held = BUF_INIT(HTTP2_WINDOW);

	if (t == NULL || t->paused == paused)
		return;
	t->paused = paused;
	if (paused)
		return;
	buf_move(&held, &t->held);
	if (buf_len(&held) > 0)
		http2_body(s, t, buf_slice(&held));
	buf_free_secret(&held);
	if (t->ended)
		http2_request_whole(s, t);
	if (!s->pumping)
		s->events->ready(s->owner);
}

/* ---- the whole ---- */

static nghttp2_session *session_create(struct http2 *s)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX}, {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_WINDOW}, {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};
	nghttp2_session_callbacks *c;
	nghttp2_option *o;
	nghttp2_session *session;

	ENSURE(nghttp2_session_callbacks_new(&c) == 0 && nghttp2_option_new(&o) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_unpack_extension_callback(c, on_unknown);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++)
		nghttp2_option_set_user_recv_extension_type(o, (uint8_t)type);
	nghttp2_option_set_max_outbound_ack(o, ACKS_MAX);
	nghttp2_option_set_max_continuations(o, HTTP2_CONTINUATIONS_MAX);
	ENSURE(nghttp2_session_server_new2(&session, c, s, o) == 0);
	nghttp2_session_callbacks_del(c);
	nghttp2_option_del(o);
	ENSURE(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) == 0);
	ENSURE(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, HTTP2_CONNECTION_WINDOW) == 0);
	return session;
}

static void http2_destroy(struct http_server *base)
{
	struct http2 *s = (struct http2 *)base;

	nghttp2_session_del(s->session);
	LIST_FOREACH(node, &s->streams)
		stream_free(s, LIST_ITEM(node, struct http2_stream, node));
	memory_free(s);
}

static const struct http_engine engine = {
	.destroy = http2_destroy, .pump = http2_pump, .patience = http2_patience, .turn = http2_turn, .timeout = http2_timeout,
	.close = http2_close, .body_limit = http2_body_limit, .body_pause = http2_body_pause, .respond = http2_respond, .write = http2_write,
	.finish = http2_finish,
};

struct http_server *http2_create(const struct http_server_settings *settings, const struct http_server_events *events, void *owner)
{
	struct http2 *s = memory_alloc(sizeof *s);

	s->base.engine = &engine;
	s->settings = *settings;
	s->events = events;
	s->owner = owner;
	s->credit = HTTP2_CREDIT_MAX;
	s->credit_at = INT64_MAX;
	list_init(&s->streams);
	s->session = session_create(s);
	return &s->base;
}
