#include "sso/url.h"

static bool printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '\\' || text.p[i] == '#' || text.p[i] == '"' || text.p[i] == '<'
		    || text.p[i] == '>')
			return false;
	return text.n > 0 && text.n <= URL_MAX;
}

static bool is_scheme(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '-' && s.p[i] != '+')
			return false;
	return s.n > 0 && ascii_is_alpha(s.p[0]);
}

static bool is_host(struct slice s, bool bracket)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && (bracket ? s.p[i] != ':' : s.p[i] != '-'))
			return false;
	return s.n > 0 && s.n <= 253;
}

static bool is_port(struct slice s)
{
	uint32_t port;
	return slice_to_u32(s, &port) == 0 && port > 0 && port <= 65535;
}

static bool parse_authority(struct slice text, struct url *ret)
{
	ret->bracket = text.n > 0 && text.p[0] == '[';
	ptrdiff_t end = ret->bracket ? slice_find(text, ']') : slice_find(text, ':');
	if (ret->bracket && end < 0)
		return false;
	size_t stop = end < 0 ? text.n : (size_t)end;
	ret->host = slice_sub(text, ret->bracket ? 1 : 0, stop);
	struct slice rest = slice_from(text, ret->bracket ? stop + 1 : stop);
	ret->port = slice_from(rest, 1);
	return is_host(ret->host, ret->bracket) && (rest.n == 0 || (rest.p[0] == ':' && is_port(ret->port)));
}

bool url_parse(struct slice text, struct url *ret)
{
	ptrdiff_t colon = slice_search(text, SLICE("://"));
	*ret = (struct url){0};
	if (!printable(text) || colon < 0)
		return false;
	ret->scheme = slice_sub(text, 0, (size_t)colon);
	struct slice rest = slice_from(text, (size_t)colon + 3);
	size_t stop = 0;
	while (stop < rest.n && rest.p[stop] != '/' && rest.p[stop] != '?')
		stop++;
	ret->path = slice_from(rest, stop);
	return is_scheme(ret->scheme) && parse_authority(slice_sub(rest, 0, stop), ret);
}

bool url_is_https(struct slice text)
{
	struct url url;
	return url_parse(text, &url) && slice_eq(url.scheme, SLICE("https"));
}

bool url_is_loopback(const struct url *url)
{
	return slice_eq(url->scheme, SLICE("http"))
	       && (url->bracket ? slice_eq(url->host, SLICE("::1")) : slice_eq(url->host, SLICE("127.0.0.1")));
}

/* "com.example.app:/path": a scheme that its owner can show a domain for. */
static bool is_private_use(struct slice text)
{
	ptrdiff_t colon = slice_find(text, ':');
	struct slice scheme = slice_sub(text, 0, colon < 0 ? 0 : (size_t)colon), rest = slice_from(text, scheme.n + 1);
	return is_scheme(scheme) && slice_find(scheme, '.') > 0 && rest.n > 0 && rest.p[0] == '/' && !slice_starts(rest, SLICE("//"));
}

bool url_redirect_usable(struct slice text)
{
	struct url url;
	if (!printable(text))
		return false;
	if (!url_parse(text, &url))
		return is_private_use(text);
	return slice_eq(url.scheme, SLICE("https")) || url_is_loopback(&url);
}

bool url_redirect_matches(struct slice registered, struct slice given)
{
	struct url a, b;
	if (slice_eq(registered, given))
		return given.n > 0 && printable(given);
	if (!url_parse(registered, &a) || !url_parse(given, &b) || !url_is_loopback(&a) || !url_is_loopback(&b))
		return false;
	return slice_eq(a.host, b.host) && slice_eq(a.path, b.path);
}
