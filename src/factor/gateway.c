#include "factor/gateway.h"

enum escape { ESCAPE_PERCENT, ESCAPE_JSON };

static void put_escaped(struct slice value, enum escape escape, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		if (escape == ESCAPE_PERCENT && !ascii_is_alnum(c) && c != '-' && c != '.' && c != '_' && c != '~')
			buf_printf(out, "%%%02X", c);
		else if (escape == ESCAPE_JSON && (c == '"' || c == '\\'))
			buf_printf(out, "\\%c", c);
		else if (escape == ESCAPE_JSON && c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_append_byte(out, c);
	}
}

static void fill(struct slice template, enum escape escape, struct slice to, struct slice code, struct buf *out)
{
	while (template.n > 0) {
		bool is_to = slice_starts(template, SLICE("{to}")), is_code = slice_starts(template, SLICE("{code}"));
		if (is_to || is_code)
			put_escaped(is_to ? to : code, escape, out);
		else
			buf_append_byte(out, template.p[0]);
		template = slice_from(template, is_to ? 4 : is_code ? 6 : 1);
	}
}

static bool is_json(struct slice body)
{
	body = slice_trim(body);
	return body.n > 0 && (body.p[0] == '{' || body.p[0] == '[') && !slice_starts(body, SLICE("{to}")) && !slice_starts(body, SLICE("{code}"));
}

static bool printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
			return false;
	return true;
}

int gateway_check(const struct gateway *g, struct error *err)
{
	struct slice rest = slice_from(g->url, 8);
	ptrdiff_t slash = slice_find(rest, '/'), brace = slice_find(rest, '{');
	if (g->url.n == 0)
		return 0;
	if (!slice_starts(g->url, SLICE("https://")) || !printable(g->url) || slice_find(g->url, ' ') >= 0)
		return error_set(err, ERR_INVALID, "the address of a gateway begins with https://");
	/* The host comes from the configuration alone. */
	if (brace >= 0 && (slash < 0 || brace < slash))
		return error_set(err, ERR_INVALID, "{to} and {code} stand behind the host of a gateway");
	if (slice_search(g->url, SLICE("{code}")) < 0 && slice_search(g->body, SLICE("{code}")) < 0)
		return error_set(err, ERR_INVALID, "{code} stands neither in the address nor in the body of a gateway");
	if (g->url.n > GATEWAY_TEMPLATE_MAX || g->body.n > GATEWAY_TEMPLATE_MAX || g->authorization.n > GATEWAY_TEMPLATE_MAX
	    || !printable(g->authorization))
		return error_set(err, ERR_LIMIT, "a template of a gateway is too long or has control characters");
	return 0;
}

int gateway_request(const struct gateway *g, struct slice to, struct slice code, struct gateway_request *ret)
{
	bool json = is_json(g->body);
	*ret = (struct gateway_request){.method = g->body.n > 0 ? "POST" : "GET", .url = BUF_INIT(GATEWAY_TEXT_MAX),
		.fields = BUF_INIT(GATEWAY_TEXT_MAX), .body = BUF_INIT(GATEWAY_TEXT_MAX)};
	if (g->url.n == 0 || gateway_check(g, NULL) != 0)
		return ERR_INVALID;
	fill(g->url, ESCAPE_PERCENT, to, code, &ret->url);
	fill(g->body, json ? ESCAPE_JSON : ESCAPE_PERCENT, to, code, &ret->body);
	if (g->authorization.n > 0) {
		buf_append_str(&ret->fields, "Authorization: ");
		buf_append(&ret->fields, g->authorization);
		buf_append_byte(&ret->fields, '\n');
	}
	if (g->body.n > 0)
		buf_append_str(&ret->fields, json ? "Content-Type: application/json\n" : "Content-Type: application/x-www-form-urlencoded\n");
	return ret->url.failed || ret->fields.failed || ret->body.failed ? ERR_LIMIT : 0;
}

void gateway_request_free(struct gateway_request *request)
{
	buf_free_secret(&request->url);
	buf_free_secret(&request->fields);
	buf_free_secret(&request->body);
}
