#include "scan/icap.h"

#include "base/ensure.h"
#include "base/memory.h"

#define HEAD_MAX 16384       /* bytes of a header of the server */
#define CHUNK_LINE_MAX 1000

enum icap_state {
	HEAD,         /* the ICAP header of the answer comes */
	HTTP_HEAD,    /* that of what it gives back */
	CHUNK_LINE, CHUNK, CHUNK_END,
};

struct icap_talk {
	struct talk talk;
	const struct icap_service *service;
	struct slice content, rest;  /* rest: not said yet */
	bool look, begun, continued, ended;
	enum icap_state state;
	struct slice compare;        /* of the content: not seen again yet */
	uint64_t chunk;              /* bytes of this chunk that are still to come */
	bool differs;
};

static struct icap_talk *of(struct talk *t)
{
	return CONTAINER_OF(t, struct icap_talk, talk);
}

/* ---- what we say ---- */

static void say_http_heads(const struct icap_talk *c, struct buf *request, struct buf *answer)
{
	static const char type[] = "Content-Type: application/octet-stream";
	if (c->service->upload) {
		buf_printf(request, "POST /attachment HTTP/1.1\r\nHost: letterlock\r\n%s\r\nContent-Length: %zu\r\n\r\n", type, c->content.n);
	} else {
		buf_append_str(request, "GET /attachment HTTP/1.1\r\nHost: letterlock\r\n\r\n");
		buf_printf(answer, "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %zu\r\n\r\n", type, c->content.n);
	}
}

/* RFC 3507 4.4.1: where each part of what follows begins. */
static void say_head(struct icap_talk *c, struct buf *out)
{
	struct buf request = BUF_INIT(300), answer = BUF_INIT(300);
	say_http_heads(c, &request, &answer);
	buf_printf(out, "%s icap://%.*s%.*s ICAP/1.0\r\nHost: %.*s\r\nAllow: 204\r\nConnection: close\r\nPreview: %u\r\n", c->service->upload ? "REQMOD" : "RESPMOD",
		SLICE_ARG(c->service->host), SLICE_ARG(c->service->service), SLICE_ARG(c->service->host), ICAP_PREVIEW);
	if (c->service->upload)
		buf_printf(out, "Encapsulated: req-hdr=0, req-body=%zu\r\n\r\n", buf_len(&request));
	else
		buf_printf(out, "Encapsulated: req-hdr=0, res-hdr=%zu, res-body=%zu\r\n\r\n", buf_len(&request), buf_len(&request) + buf_len(&answer));
	buf_append(out, buf_slice(&request));
	buf_append(out, buf_slice(&answer));
	buf_free(&request);
	buf_free(&answer);
}

static void say_chunk(struct slice piece, struct buf *out)
{
	if (piece.n == 0)
		return;
	buf_printf(out, "%zx\r\n", piece.n);
	buf_append(out, piece);
	buf_append_str(out, "\r\n");
}

/* RFC 3507 4.5: when the preview is all there is, it says so, and no more is asked for. */
static void say_preview(struct icap_talk *c, struct buf *out)
{
	struct slice piece = slice_sub(c->rest, 0, ICAP_PREVIEW);
	say_head(c, out);
	say_chunk(piece, out);
	c->rest = slice_from(c->rest, piece.n);
	c->ended = c->rest.n == 0;
	buf_append_str(out, c->ended ? "0; ieof\r\n\r\n" : "0\r\n\r\n");
}

static void scan_say(struct talk *t, struct buf *out)
{
	struct icap_talk *c = of(t);
	struct slice piece;
	if (!c->begun) {
		c->begun = true;
		if (c->look)
			buf_printf(out, "OPTIONS icap://%.*s%.*s ICAP/1.0\r\nHost: %.*s\r\nConnection: close\r\nEncapsulated: null-body=0\r\n\r\n",
				SLICE_ARG(c->service->host), SLICE_ARG(c->service->service), SLICE_ARG(c->service->host));
		else
			say_preview(c, out);
		return;
	}
	if (!c->continued || c->ended)
		return;
	piece = slice_sub(c->rest, 0, TALK_PIECE);
	say_chunk(piece, out);
	c->rest = slice_from(c->rest, piece.n);
	c->ended = c->rest.n == 0;
	if (c->ended)
		buf_append_str(out, "0\r\n\r\n");
}

/* ---- what the server says ---- */

/* A header up to its empty line; false: it is not whole (or the talk failed). */
static bool take_head(struct talk *t, struct buf *in, struct slice *ret)
{
	ptrdiff_t end = slice_search(buf_slice(in), SLICE("\r\n\r\n"));
	if (end > HEAD_MAX || (end < 0 && buf_len(in) > HEAD_MAX))
		talk_fail(t);
	if (end < 0 || end > HEAD_MAX)
		return false;
	*ret = slice_sub(buf_slice(in), 0, (size_t)end + 2);
	return true;
}

/* "ICAP/1.0 204 No modifications" */
static unsigned status_of(struct slice head, struct slice protocol)
{
	struct slice word, code;
	uint32_t value;
	if (!slice_split(&head, ' ', &word) || !slice_starts(word, protocol) || head.n < 3)
		return 0;
	code = slice_sub(head, 0, 3);
	return slice_to_u32(code, &value) == 0 ? value : 0;
}

static struct slice before_semicolon(struct slice s)
{
	struct slice first = SLICE_NONE;
	slice_split(&s, ';', &first);
	return first;
}

/* "Type=0; Resolution=2; Threat=Eicar;" (draft-stecher-icap-subid), or the name alone. */
static bool infection_of(struct slice head, struct slice *ret)
{
	static const struct slice names[] = {SLICE_INIT("X-Infection-Found"), SLICE_INIT("X-Virus-ID"), SLICE_INIT("X-Violations-Found")};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!talk_field(head, names[i], ret))
			continue;
		ptrdiff_t at = slice_search_nocase(*ret, SLICE("Threat="));
		if (at >= 0)
			*ret = before_semicolon(slice_from(*ret, (size_t)at + 7));
		return true;
	}
	return false;
}

static void hear_head(struct talk *t, struct buf *in)
{
	struct icap_talk *c = of(t);
	struct slice head, name;
	unsigned status;
	if (!take_head(t, in, &head))
		return;
	status = status_of(head, SLICE("ICAP/"));
	if (status == 100 && !c->look && !c->ended && !c->continued) {
		c->continued = true;
		buf_consume(in, head.n + 2);
	} else if (status == 204 || (status == 200 && c->look)) {
		talk_done(t, SCAN_CLEAN, SLICE_NONE);
	} else if (status == 200 && infection_of(head, &name)) {
		talk_done(t, SCAN_INFECTED, name.n > 0 ? name : SLICE("named-by-nobody"));
	} else if (status == 200 && talk_field(head, SLICE("Encapsulated"), &name)
	           && (slice_starts(name, SLICE("res-hdr=")) || (c->service->upload && slice_starts(name, SLICE("req-hdr="))))) {
		c->state = HTTP_HEAD;
		buf_consume(in, head.n + 2);
	} else {
		talk_fail(t);
	}
}

static void hear_http_head(struct talk *t, struct buf *in)
{
	struct slice head;
	if (!take_head(t, in, &head))
		return;
	/* An upload comes back as a request; an answer in its place is a page that says no. */
	if (of(t)->service->upload ? slice_starts(head, SLICE("HTTP/")) : status_of(head, SLICE("HTTP/")) != 200) {
		talk_done(t, SCAN_INFECTED, SLICE("blocked"));
		return;
	}
	buf_consume(in, head.n + 2);
	of(t)->state = CHUNK_LINE;
}

static bool hex_number(struct slice s, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
		*ret = *ret << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return s.n > 0 && s.n <= 12;
}

static void hear_chunk_line(struct talk *t, struct buf *in)
{
	struct icap_talk *c = of(t);
	struct slice line, size;
	ptrdiff_t end = slice_search(buf_slice(in), SLICE("\r\n"));
	if (end < 0 && buf_len(in) <= CHUNK_LINE_MAX)
		return;
	line = slice_sub(buf_slice(in), 0, end < 0 ? 0 : (size_t)end);
	slice_split(&line, ';', &size);
	if (end < 0 || !hex_number(slice_trim(size), &c->chunk)) {
		talk_fail(t);
		return;
	}
	buf_consume(in, (size_t)end + 2);
	c->state = CHUNK;
	if (c->chunk == 0)
		talk_done(t, c->differs || c->compare.n > 0 ? SCAN_INFECTED : SCAN_CLEAN, c->differs || c->compare.n > 0 ? SLICE("changed") : SLICE_NONE);
}

static void hear_chunk(struct icap_talk *c, struct buf *in)
{
	struct slice piece = slice_sub(buf_slice(in), 0, c->chunk < buf_len(in) ? (size_t)c->chunk : buf_len(in));
	c->differs = c->differs || !slice_eq(piece, slice_sub(c->compare, 0, piece.n));
	c->compare = slice_from(c->compare, piece.n);
	c->chunk -= piece.n;
	buf_consume(in, piece.n);
	if (c->chunk == 0)
		c->state = CHUNK_END;
}

static void hear_chunk_end(struct talk *t, struct buf *in)
{
	if (buf_len(in) < 2)
		return;
	if (!slice_starts(buf_slice(in), SLICE("\r\n")))
		talk_fail(t);
	buf_consume(in, 2);
	of(t)->state = CHUNK_LINE;
}

static void hear_once(struct talk *t, struct buf *in)
{
	switch (of(t)->state) {
	case HEAD:
		hear_head(t, in);
		break;
	case HTTP_HEAD:
		hear_http_head(t, in);
		break;
	case CHUNK_LINE:
		hear_chunk_line(t, in);
		break;
	case CHUNK:
		hear_chunk(of(t), in);
		break;
	case CHUNK_END:
		hear_chunk_end(t, in);
		break;
	}
}

static void icap_hear(struct talk *t, struct buf *in)
{
	size_t before;
	do {
		before = buf_len(in);
		hear_once(t, in);
	} while (t->state == TALK_GOES && buf_len(in) > 0 && buf_len(in) < before);
}

static const struct talk_ops icap_ops = {"icap", scan_say, icap_hear, NULL, NULL};

static struct talk *icap_new(const struct icap_service *service, struct slice content, bool look)
{
	struct icap_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &icap_ops);
	c->service = service;
	c->content = c->rest = c->compare = content;
	c->look = look;
	return &c->talk;
}

struct talk *icap_scan(const struct icap_service *service, struct slice content)
{
	return icap_new(service, content, false);
}

struct talk *icap_look(const struct icap_service *service)
{
	return icap_new(service, SLICE_NONE, true);
}
