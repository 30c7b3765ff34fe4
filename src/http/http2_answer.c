#include "base/ensure.h"
#include "base/memory.h"
#include "http/http2.h"
#include "http/problem.h"

#define ANSWER_FIELDS_MAX 40
#define TEXT_MAX 64
#define STREAM_PENDING_MAX (1u << 20) /* of one answer that is given at once */

struct head {
	nghttp2_nv nv[ANSWER_FIELDS_MAX];
	size_t count;
};

static void put(struct head *h, struct slice name, struct slice value)
{
	/* A secret is in no table of a compression that others see grow (RFC 7541 7.1.3). */
	bool secret = slice_eq_nocase(name, SLICE("Set-Cookie"));

	ENSURE(h->count < ANSWER_FIELDS_MAX);
	h->nv[h->count++] = (nghttp2_nv){(uint8_t *)name.p, (uint8_t *)value.p, name.n, value.n,
		secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
}

/* Control characters cannot stand in a value; there should be none. */
static void put_all(struct head *h, const struct http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nghttp2_check_header_value(fields[i].value.p, fields[i].value.n))
			put(h, fields[i].name, fields[i].value);
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *room, size_t size, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct http2_stream *t = source->ptr;
	struct slice waiting = buf_slice(&t->out);
	size_t n = waiting.n < size ? waiting.n : size;

	if (n == 0 && t->answer != HTTP2_ANSWER_DONE) {
		t->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	for (size_t i = 0; i < n; i++)
		room[i] = waiting.p[i];
	buf_consume(&t->out, n);
	t->moved += n;
	if (t->answer == HTTP2_ANSWER_DONE && buf_len(&t->out) == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static void submit(struct http2 *s, struct http2_stream *t, const struct http_response *r)
{
	struct head h = {.count = 0};
	struct buf text = BUF_INIT(3 * TEXT_MAX);
	size_t status, date, end;
	nghttp2_data_provider data = {.source = {.ptr = t}, .read_callback = on_read};

	buf_append_u64(&text, r->status);
	status = buf_len(&text);
	http_date_put(&text, s->now);
	date = buf_len(&text);
	if (r->length != HTTP_LENGTH_UNKNOWN)
		buf_append_u64(&text, r->length);
	end = buf_len(&text);
	put(&h, SLICE(":status"), slice_sub(buf_slice(&text), 0, status));
	put(&h, SLICE("date"), slice_sub(buf_slice(&text), status, date));
	for (size_t i = 0; i < s->settings.field_count; i++)
		if (http_field_count(r->fields, r->field_count, s->settings.fields[i].name) == 0)
			put_all(&h, &s->settings.fields[i], 1);
	put_all(&h, r->fields, r->field_count);
	if (end > date && !http_status_bodyless(r->status))
		put(&h, SLICE("content-length"), slice_sub(buf_slice(&text), date, end));
	if (nghttp2_submit_response(s->session, (int32_t)t->id, h.nv, h.count, t->no_body ? NULL : &data) != 0)
		nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, NGHTTP2_INTERNAL_ERROR);
	buf_free(&text);
}

static void begin(struct http2 *s, struct http2_stream *t, const struct http_response *r)
{
	ENSURE(t->answer == HTTP2_ANSWER_NONE);
	t->answer = HTTP2_ANSWER_BEGUN;
	t->no_body = t->head_method || http_status_bodyless(r->status) || r->length == 0;
	t->left = r->length;
	buf_init(&t->out, STREAM_PENDING_MAX);
	/* What is left of the request's body is of no interest. */
	if (buf_len(&t->held) > 0)
		nghttp2_session_consume(s->session, (int32_t)t->id, buf_len(&t->held));
	buf_free_secret(&t->held);
	submit(s, t, r);
}

static void wake(struct http2 *s)
{
	if (!s->pumping)
		s->events->ready(s->owner);
}

void http2_respond(struct http_server *base, uint32_t stream, const struct http_response *r)
{
	struct http2 *s = (struct http2 *)base;
	struct http2_stream *t = http2_stream_find(s, stream);

	if (t == NULL || s->over)
		return;
	begin(s, t, r);
	wake(s);
}

static void resume(struct http2 *s, struct http2_stream *t)
{
	if (t->deferred)
		(void)nghttp2_session_resume_data(s->session, (int32_t)t->id);
	t->deferred = false;
}

void http2_write(struct http_server *base, uint32_t stream, struct slice bytes)
{
	struct http2 *s = (struct http2 *)base;
	struct http2_stream *t = http2_stream_find(s, stream);

	if (t == NULL || s->over || bytes.n == 0)
		return;
	ENSURE(t->answer == HTTP2_ANSWER_BEGUN);
	if (t->left != HTTP_LENGTH_UNKNOWN) {
		ENSURE(t->no_body || bytes.n <= t->left);
		t->left -= bytes.n < t->left ? bytes.n : t->left;
	}
	if (t->no_body)
		return;
	buf_append(&t->out, bytes);
	if (t->out.failed)
		nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, NGHTTP2_INTERNAL_ERROR);
	resume(s, t);
	wake(s);
}

void http2_finish(struct http_server *base, uint32_t stream)
{
	struct http2 *s = (struct http2 *)base;
	struct http2_stream *t = http2_stream_find(s, stream);

	if (t == NULL || s->over)
		return;
	ENSURE(t->answer == HTTP2_ANSWER_BEGUN);
	t->answer = HTTP2_ANSWER_DONE;
	/* Nothing short looks whole. */
	if (!t->no_body && t->left != HTTP_LENGTH_UNKNOWN && t->left > 0)
		nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, NGHTTP2_INTERNAL_ERROR);
	resume(s, t);
	wake(s);
}

void http2_refuse(struct http2 *s, struct http2_stream *t, unsigned status)
{
	static const struct http_field type[] = {HTTP_FIELD("Content-Type", "application/problem+json")};
	struct buf body = BUF_INIT(1024);
	struct http_response r = {.status = status, .fields = type, .field_count = 1};
	bool told = t->told;

	http_problem(&body, &(struct http_problem){.status = status});
	r.length = buf_len(&body);
	begin(s, t, &r);
	if (!t->no_body)
		buf_append(&t->out, buf_slice(&body));
	t->answer = HTTP2_ANSWER_DONE;
	t->left = 0;
	t->told = false;
	http2_cost(s, 20);
	if (told && s->events->aborted != NULL)
		s->events->aborted(s->owner, t->id);
	buf_free(&body);
}
