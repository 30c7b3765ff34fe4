#include "http/url.h"

#include "base/codec.h"
#include "base/error.h"
#include "base/utf8.h"

static bool is_host_char(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static bool is_literal_char(uint8_t c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f') || c == ':' || c == '.';
}

static bool all(struct slice s, bool (*fits)(uint8_t))
{
	for (size_t i = 0; i < s.n; i++)
		if (!fits(s.p[i]))
			return false;
	return s.n > 0;
}

/* Splits "host:port"; an empty port is the usual one (RFC 3986 3.2.3). */
static int authority_split(struct slice text, struct slice *ret_host, struct slice *ret_port)
{
	ptrdiff_t end;

	*ret_port = SLICE_NONE;
	if (text.n > 0 && text.p[0] == '[') {
		end = slice_find(text, ']');
		if (end < 0)
			return ERR_INVALID;
		*ret_host = slice_sub(text, 1, (size_t)end);
		text = slice_from(text, (size_t)end + 1);
		if (!all(*ret_host, is_literal_char) || (text.n > 0 && text.p[0] != ':'))
			return ERR_INVALID;
		*ret_port = slice_from(text, 1);
		return 0;
	}
	end = slice_find(text, ':');
	*ret_host = end >= 0 ? slice_sub(text, 0, (size_t)end) : text;
	*ret_port = end >= 0 ? slice_from(text, (size_t)end + 1) : SLICE_NONE;
	return all(*ret_host, is_host_char) && ret_host->n <= 253 ? 0 : ERR_INVALID;
}

static int port_parse(struct slice text, uint16_t usual, uint16_t *ret)
{
	uint32_t port = usual;

	if (text.n > 0 && (slice_to_u32(text, &port) != 0 || port == 0 || port > 65535))
		return ERR_INVALID;
	*ret = (uint16_t)port;
	return 0;
}

bool http_host_valid(struct slice text)
{
	struct slice host, port;
	uint16_t number;

	return authority_split(text, &host, &port) == 0 && port_parse(port, 80, &number) == 0;
}

int http_url_parse(struct slice text, struct http_url *ret)
{
	struct slice rest, port;
	size_t end = 0;

	if (text.n > HTTP_URL_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= 0x20 || text.p[i] >= 0x7f || text.p[i] == '#' || text.p[i] == '\\')
			return ERR_INVALID;
	ret->secure = slice_starts_nocase(text, SLICE("https://"));
	if (!ret->secure && !slice_starts_nocase(text, SLICE("http://")))
		return ERR_INVALID;
	rest = slice_from(text, ret->secure ? 8 : 7);
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	ret->authority = slice_sub(rest, 0, end);
	ret->path = slice_from(rest, end);
	if (authority_split(ret->authority, &ret->host, &port) != 0)
		return ERR_INVALID;
	return port_parse(port, ret->secure ? 443 : 80, &ret->port);
}

/* One byte of percent-encoded text; plus: '+' is a space. */
static int decode(struct slice text, bool plus, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%') {
			if (i + 2 >= text.n || hex_decode(slice_sub(text, i + 1, i + 3), out) != 0)
				return ERR_INVALID;
			i += 2;
		} else {
			buf_append_byte(out, plus && text.p[i] == '+' ? ' ' : text.p[i]);
		}
	}
	return out->failed || !utf8_valid(buf_slice(out)) ? ERR_INVALID : 0;
}

static bool segments_good(struct slice path)
{
	struct slice segment;

	while (slice_split(&path, '/', &segment))
		if (slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE("..")))
			return false;
	return true;
}

int http_path_decode(struct slice path, struct buf *out)
{
	if (slice_search_nocase(path, SLICE("%2f")) >= 0 || decode(path, false, out) != 0 || !segments_good(buf_slice(out)))
		return ERR_INVALID;
	for (size_t i = 0; i < buf_len(out); i++)
		if (buf_slice(out).p[i] < 0x20 || buf_slice(out).p[i] == 0x7f)
			return ERR_INVALID;
	return 0;
}

int http_query_next(struct slice *query, struct buf *name, struct buf *value)
{
	struct slice pair = SLICE_NONE;
	ptrdiff_t mark;

	while (pair.n == 0)
		if (!slice_split(query, '&', &pair))
			return 0;
	mark = slice_find(pair, '=');
	buf_clear(name);
	buf_clear(value);
	if (decode(mark >= 0 ? slice_sub(pair, 0, (size_t)mark) : pair, true, name) != 0)
		return ERR_INVALID;
	return decode(mark >= 0 ? slice_from(pair, (size_t)mark + 1) : SLICE_NONE, true, value) == 0 ? 1 : ERR_INVALID;
}

void http_percent_encode(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			buf_append_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
