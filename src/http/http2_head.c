#include "base/memory.h"
#include "http/http2.h"
#include "http/url.h"

struct http2_head *http2_head_create(void)
{
	struct http2_head *h = memory_alloc(sizeof *h);

	buf_init(&h->text, HTTP_HEAD_MAX);
	buf_init(&h->method, 32);
	buf_init(&h->path, HTTP_LINE_MAX);
	buf_init(&h->authority, HTTP_LINE_MAX);
	return h;
}

void http2_head_free(struct http2_head **head)
{
	struct http2_head *h = *head;

	if (h == NULL)
		return;
	buf_free_secret(&h->text);
	buf_free(&h->method);
	buf_free_secret(&h->path);
	buf_free(&h->authority);
	memory_free(h);
	*head = NULL;
}

static struct buf *pseudo(struct http2_head *h, struct slice name)
{
	return slice_eq(name, SLICE(":method")) ? &h->method : slice_eq(name, SLICE(":path")) ? &h->path
	     : slice_eq(name, SLICE(":authority")) ? &h->authority : NULL;
}

/* The library has checked names, values, and which pseudo fields there are (RFC 9113 8.2, 8.3). */
void http2_head_take(struct http2_head *h, struct slice name, struct slice value)
{
	struct buf *place = pseudo(h, name);

	h->unpacked += name.n + value.n;
	if (place != NULL) {
		buf_append(place, value);
		h->too_large |= place->failed;
		return;
	}
	if (name.n > 0 && name.p[0] == ':')
		return;
	if (h->count == HTTP_FIELDS_MAX || name.n > HTTP_HEAD_MAX || value.n > HTTP_HEAD_MAX) {
		h->too_large = true;
		return;
	}
	h->fields[h->count].name_n = (uint16_t)name.n;
	h->fields[h->count].value_n = (uint16_t)value.n;
	buf_append(&h->text, name);
	buf_append(&h->text, value);
	h->too_large |= h->text.failed;
	h->count++;
}

static void fields_of(const struct http2_head *h, struct http_field *out)
{
	struct slice rest = buf_slice(&h->text);

	for (size_t i = 0; i < h->count; i++) {
		out[i].name = slice_sub(rest, 0, h->fields[i].name_n);
		rest = slice_from(rest, h->fields[i].name_n);
		out[i].value = slice_sub(rest, 0, h->fields[i].value_n);
		rest = slice_from(rest, h->fields[i].value_n);
	}
}

/* RFC 9113 8.3.1: :authority, or Host where a gateway made one of the other; never two that differ. */
static bool host_check(const struct http2_head *h, struct http_request *r)
{
	struct slice name = SLICE("host"), host = http_field_get(r->fields, r->field_count, name), authority = buf_slice(&h->authority);
	size_t count = http_field_count(r->fields, r->field_count, name);

	if (count > 1 || (count == 1 && authority.n > 0 && !slice_eq_nocase(host, authority)))
		return false;
	if (r->host.n == 0)
		r->host = authority.n > 0 ? authority : host;
	return http_host_valid(r->host);
}

/* 0, or the status of the refusal. */
static unsigned request_make(struct http2_stream *t, struct http_request *r)
{
	struct slice length, expect;

	if (t->head->too_large)
		return 431;
	if (!http_method_find(buf_slice(&t->head->method), r))
		return 501;
	t->head_method = r->method == HTTP_METHOD_HEAD;
	if (!http_target_split(buf_slice(&t->head->path), r) || !host_check(t->head, r))
		return 400;
	length = http_field_get(r->fields, r->field_count, SLICE("content-length"));
	if (!t->has_body)
		r->length = 0;
	else if (length.n == 0)
		r->length = HTTP_LENGTH_UNKNOWN;
	else if (slice_to_u64(length, &r->length) != 0)
		return 400;
	expect = http_field_get(r->fields, r->field_count, SLICE("expect"));
	return expect.n > 0 && !slice_eq_nocase(expect, SLICE("100-continue")) ? 417 : 0;
}

/* RFC 9110 10.1.1. */
static void invite(struct http2 *s, const struct http2_stream *t, const struct http_request *r)
{
	static const char name[] = ":status", value[] = "100";
	nghttp2_nv nv = {(uint8_t *)name, (uint8_t *)value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NONE};

	if (http_field_count(r->fields, r->field_count, SLICE("expect")) > 0)
		(void)nghttp2_submit_headers(s->session, NGHTTP2_FLAG_NONE, (int32_t)t->id, NULL, &nv, 1, NULL);
}

void http2_head_done(struct http2 *s, struct http2_stream *t)
{
	struct http_field fields[HTTP_FIELDS_MAX];
	struct http_request r = {.fields = fields, .field_count = t->head->count, .has_body = t->has_body};
	unsigned refusal;

	fields_of(t->head, fields);
	refusal = request_make(t, &r);
	if (refusal == 0) {
		t->told = true;
		s->events->request(s->owner, t->id, &r);
		if (t->answer == HTTP2_ANSWER_NONE && r.length != HTTP_LENGTH_UNKNOWN && r.length > t->body_max)
			refusal = 413;
		else if (t->answer == HTTP2_ANSWER_NONE && t->has_body)
			invite(s, t, &r);
	}
	http2_head_free(&t->head);
	if (refusal != 0)
		http2_refuse(s, t, refusal);
}
