#include "http/parser.h"

#include "base/ensure.h"

/* ---- llhttp's events ---- */

static struct http_parser *parser_of(llhttp_t *l)
{
	return l->data;
}

static int on_url(llhttp_t *l, const char *at, size_t length)
{
	struct http_parser *p = parser_of(l);

	/* The head comes in one piece, so each of its values does. */
	ENSURE(p->target.p == NULL);
	p->target = slice_make(at, length);
	return 0;
}

static int on_field(llhttp_t *l, const char *at, size_t length)
{
	struct http_parser *p = parser_of(l);

	if (!p->in_head)
		return 0;
	if (p->field_count == HTTP_FIELDS_MAX)
		return HPE_USER;
	p->fields[p->field_count++] = (struct http_field){slice_make(at, length), SLICE_NONE};
	return 0;
}

static int on_value(llhttp_t *l, const char *at, size_t length)
{
	struct http_parser *p = parser_of(l);
	struct slice value = slice_make(at, length);

	if (!p->in_head)
		return 0;
	ENSURE(p->field_count > 0 && p->fields[p->field_count - 1].value.p == NULL);
	while (value.n > 0 && ascii_is_wsp(value.p[value.n - 1]))
		value.n--;
	p->fields[p->field_count - 1].value = value;
	return 0;
}

static int on_trailer(llhttp_t *l)
{
	struct http_parser *p = parser_of(l);

	return !p->in_head && ++p->trailer_count > HTTP_FIELDS_MAX ? HPE_USER : 0;
}

/* RFC 9112 6.3: whatever the fields say. */
static bool never_has_body(const struct http_parser *p, unsigned status)
{
	return p->response && (status < 200 || status == 204 || status == 304);
}

static int on_headers_complete(llhttp_t *l)
{
	struct http_parser *p = parser_of(l);
	bool skip = p->skip_body || never_has_body(p, l->status_code);

	if (!p->in_head)
		return 0; /* the end of trailers */
	p->head_done = true;
	l->upgrade = 0; /* nobody here speaks another protocol: the field is ignored (RFC 9110 7.8) */
	p->keep_alive = llhttp_should_keep_alive(l) != 0;
	p->length = (l->flags & F_CONTENT_LENGTH) != 0 ? l->content_length : 0;
	if ((l->flags & F_CHUNKED) != 0)
		p->length = HTTP_LENGTH_UNKNOWN;
	p->until_end = p->response && !skip && llhttp_message_needs_eof(l) != 0;
	if (p->until_end)
		p->length = HTTP_LENGTH_UNKNOWN;
	return skip ? 1 : 0;
}

static int on_body(llhttp_t *l, const char *at, size_t length)
{
	struct http_parser *p = parser_of(l);

	if (length > p->body_max - p->body_bytes) {
		p->body_large = true;
		return HPE_USER;
	}
	p->body_bytes += length;
	p->body(p->owner, slice_make(at, length));
	return 0;
}

static int on_message_complete(llhttp_t *l)
{
	struct http_parser *p = parser_of(l);

	p->complete = true;
	return HPE_PAUSED;
}

/* ---- the frame of a head ---- */

static bool line_is_clean(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	return true;
}

/* "GET /path HTTP/1.1": two spaces, no more (RFC 9112 3); llhttp would overlook some. */
static bool request_line_good(struct slice line)
{
	ptrdiff_t first = slice_find(line, ' '), last = slice_rfind(line, ' ');
	struct slice target = slice_sub(line, (size_t)first + 1, (size_t)last);

	return first > 0 && last > first + 1 && slice_find(target, ' ') < 0 && http_is_token(slice_sub(line, 0, (size_t)first))
	       && slice_starts(slice_from(line, (size_t)last + 1), SLICE("HTTP/"));
}

/* A token and a colon right behind it (RFC 9112 5.1); so no line continues the former (5.2). */
static bool field_has_name(struct slice line)
{
	ptrdiff_t colon = slice_find(line, ':');

	return colon > 0 && http_is_token(slice_sub(line, 0, (size_t)colon));
}

/* CRLF ends every line, and nothing else stands in one (RFC 9112 2.2). */
static enum http_fault head_check(const struct http_parser *p, struct slice head)
{
	size_t fields = 0;
	bool first = true;

	while (head.n > 2) {
		ptrdiff_t end = slice_search(head, SLICE("\r\n"));
		struct slice line = slice_sub(head, 0, (size_t)end);

		if (!line_is_clean(line) || (!first && !field_has_name(line)))
			return HTTP_FAULT_SYNTAX;
		if (first && line.n > HTTP_LINE_MAX)
			return HTTP_FAULT_LINE_LONG;
		if (first && !p->response && !request_line_good(line))
			return HTTP_FAULT_SYNTAX;
		if (!first && ++fields > HTTP_FIELDS_MAX)
			return HTTP_FAULT_HEAD_LARGE;
		first = false;
		head = slice_from(head, line.n + 2);
	}
	return HTTP_FAULT_NONE;
}

/* A head that cannot become a good one is not waited for. */
static enum http_fault unfinished_check(const struct http_parser *p, struct slice in)
{
	ptrdiff_t line = slice_search(in, SLICE("\r\n"));

	for (size_t i = p->scanned; i < in.n; i++)
		if (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r'))
			return HTTP_FAULT_SYNTAX;
	if ((line < 0 && in.n > HTTP_LINE_MAX) || line > HTTP_LINE_MAX)
		return HTTP_FAULT_LINE_LONG;
	return in.n >= HTTP_HEAD_MAX ? HTTP_FAULT_HEAD_LARGE : HTTP_FAULT_NONE;
}

enum http_fault http_parser_frame(struct http_parser *p, struct slice in, size_t *ret_n)
{
	size_t from = p->scanned > 3 ? p->scanned - 3 : 0;
	struct slice seen = slice_sub(in, 0, HTTP_HEAD_MAX);
	ptrdiff_t end = slice_search(slice_from(seen, from), SLICE("\r\n\r\n"));
	enum http_fault fault;

	*ret_n = 0;
	if (end < 0) {
		fault = unfinished_check(p, seen);
		p->scanned = seen.n;
		return fault;
	}
	*ret_n = from + (size_t)end + 4;
	return head_check(p, slice_sub(seen, 0, *ret_n));
}

/* ---- messages ---- */

void http_parser_init(struct http_parser *p, bool response, http_body_fn *body, void *owner)
{
	*p = (struct http_parser){.response = response, .body = body, .owner = owner};
	llhttp_settings_init(&p->settings);
	p->settings.on_url = on_url;
	p->settings.on_header_field = on_field;
	p->settings.on_header_value = on_value;
	p->settings.on_header_field_complete = on_trailer;
	p->settings.on_headers_complete = on_headers_complete;
	p->settings.on_body = on_body;
	p->settings.on_message_complete = on_message_complete;
}

void http_parser_begin(struct http_parser *p, bool skip_body, uint64_t body_max)
{
	llhttp_init(&p->llhttp, p->response ? HTTP_RESPONSE : HTTP_REQUEST, &p->settings);
	p->llhttp.data = p;
	p->scanned = 0;
	p->target = SLICE_NONE;
	p->field_count = p->trailer_count = 0;
	p->body_bytes = p->overhead_bytes = 0;
	p->body_max = body_max;
	p->skip_body = skip_body;
	p->until_end = p->has_body = p->in_head = p->head_done = p->complete = p->body_large = false;
}

static enum http_fault fault_of(const struct http_parser *p, llhttp_errno_t error)
{
	if (p->body_large)
		return HTTP_FAULT_BODY_LARGE;
	if (error == HPE_INVALID_METHOD)
		return HTTP_FAULT_METHOD;
	if (error == HPE_INVALID_VERSION)
		return HTTP_FAULT_VERSION;
	return HTTP_FAULT_SYNTAX;
}

/* Exactly "chunked", once, or nothing (RFC 9112 6.1). */
static enum http_fault coding_check(const struct http_parser *p)
{
	struct slice name = SLICE("Transfer-Encoding");
	size_t count = http_field_count(p->fields, p->field_count, name);

	if (count == 0)
		return HTTP_FAULT_NONE;
	if (http_field_count(p->fields, p->field_count, SLICE("Content-Length")) > 0 || p->llhttp.http_minor == 0)
		return HTTP_FAULT_SYNTAX;
	if (count > 1 || !slice_eq_nocase(http_field_get(p->fields, p->field_count, name), SLICE("chunked")))
		return HTTP_FAULT_CODING;
	return HTTP_FAULT_NONE;
}

enum http_fault http_parser_head(struct http_parser *p, struct slice head)
{
	llhttp_errno_t error;
	enum http_fault fault;

	p->in_head = true;
	error = llhttp_execute(&p->llhttp, (const char *)head.p, head.n);
	p->in_head = false;
	/* llhttp finds some faults of framing before we look; the coding is told apart from them by its own check. */
	fault = p->field_count > 0 ? coding_check(p) : HTTP_FAULT_NONE;
	if (error != HPE_OK && error != HPE_PAUSED)
		return fault != HTTP_FAULT_NONE ? fault : fault_of(p, error);
	if (p->llhttp.http_major != 1 || p->llhttp.http_minor > 1)
		return HTTP_FAULT_VERSION;
	if (fault != HTTP_FAULT_NONE)
		return fault;
	if (!p->head_done)
		return HTTP_FAULT_SYNTAX;
	p->has_body = !p->complete;
	return p->has_body && p->length != HTTP_LENGTH_UNKNOWN && p->length > p->body_max ? HTTP_FAULT_BODY_LARGE : HTTP_FAULT_NONE;
}

enum http_fault http_parser_body(struct http_parser *p, struct slice in, size_t *ret_n)
{
	uint64_t before = p->body_bytes;
	llhttp_errno_t error = llhttp_execute(&p->llhttp, (const char *)in.p, in.n);

	*ret_n = in.n;
	if (error == HPE_PAUSED && p->complete)
		*ret_n = (size_t)((const uint8_t *)llhttp_get_error_pos(&p->llhttp) - in.p);
	else if (error != HPE_OK)
		return fault_of(p, error);
	p->overhead_bytes += *ret_n - (p->body_bytes - before);
	return p->overhead_bytes > HTTP_OVERHEAD_MAX + HTTP_OVERHEAD_RATIO * p->body_bytes ? HTTP_FAULT_HEAD_LARGE : HTTP_FAULT_NONE;
}

bool http_parser_end(struct http_parser *p)
{
	if (!p->until_end || !p->head_done)
		return false;
	p->complete = true;
	return true;
}
