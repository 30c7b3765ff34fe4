#include "html/link.h"

#include <string.h>

#include "policy/confusable.h"
#include "policy/host.h"
#include "policy/url.h"

/* Without blanks and controls at both ends, without tabs and line breaks inside (WHATWG URL 4.4). */
static struct slice clean(struct slice s, struct arena *arena)
{
	size_t n = 0;

	while (s.n > 0 && s.p[0] <= ' ')
		s = slice_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] <= ' ')
		s.n--;
	if (s.n > LINK_LENGTH_MAX)
		return SLICE_NONE;
	uint8_t *copy = arena_alloc(arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
			copy[n++] = s.p[i];
	return slice_make(copy, n);
}

static enum link_scheme scheme_of(struct slice *s)
{
	static const struct {
		struct slice front;
		enum link_scheme scheme;
	} schemes[] = {{SLICE_INIT("https:"), LINK_HTTPS}, {SLICE_INIT("http:"), LINK_HTTP}, {SLICE_INIT("mailto:"), LINK_MAILTO}};

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (slice_starts_nocase(*s, schemes[i].front)) {
			*s = slice_from(*s, schemes[i].front.n);
			return schemes[i].scheme;
		}
	/* "//host" is read as in a page that came over HTTPS. */
	return slice_starts(*s, SLICE("//")) ? LINK_HTTPS : LINK_NONE;
}

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}'", c) == NULL;
}

/* What stands behind the host, or an address: everything unusual in percent form. A backslash of a path is a slash. */
static void put_rest(struct slice s, bool web, struct buf *out)
{
	bool path = web;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		path = path && c != '?' && c != '#';
		if (path && c == '\\')
			buf_append_byte(out, '/');
		else if (is_plain(c))
			buf_append_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static bool is_port(struct slice s)
{
	uint32_t port;

	return slice_to_u32(s, &port) == 0 && port > 0 && port < 65536;
}

/* Length of [userinfo@]host[:port]. */
static size_t authority_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && strchr("/?#\\", s.p[n]) == NULL)
		n++;
	return n;
}

static struct slice port_of(struct slice authority)
{
	ptrdiff_t colon = slice_rfind(authority, ':'), bracket = slice_rfind(authority, ']'), at = slice_rfind(authority, '@');

	return colon > bracket && colon > at ? slice_from(authority, (size_t)colon + 1) : SLICE_NONE;
}

static bool is_host_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == ':';
}

static bool host_is_clean(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!is_host_byte(host.p[i]))
			return false;
	return host.n > 0;
}

static bool web_read(struct slice s, struct link *link, struct arena *arena)
{
	struct policy_url url;
	struct buf out = BUF_INIT(LINK_LENGTH_MAX * 3 + URL_HOST_MAX + 32);

	while (s.n > 0 && (s.p[0] == '/' || s.p[0] == '\\'))
		s = slice_from(s, 1);
	struct slice authority = slice_sub(s, 0, authority_length(s)), port = port_of(authority);
	if (authority.n == 0 || authority.n > URL_LENGTH_MAX / 2 || (port.n > 0 && !is_port(port)))
		return false;
	if (!policy_url_parse(arena_printf(arena, "http://%.*s/", SLICE_ARG(authority)), arena, &url) || !host_is_clean(url.host))
		return false;
	bool six = slice_find(url.host, ':') >= 0;
	link->host = url.host;
	link->port = port.n > 0;
	bool mixed = confusable_scripts(url.host_unicode) != SCRIPTS_PLAIN;
	link->shown_host = mixed ? url.host : url.host_unicode;
	link->odd = url.userinfo || url.odd_ip || mixed;
	buf_printf(&out, "%s://%s%.*s%s", link->scheme == LINK_HTTP ? "http" : "https", six ? "[" : "", SLICE_ARG(url.host), six ? "]" : "");
	if (port.n > 0)
		buf_printf(&out, ":%.*s", SLICE_ARG(port));
	struct slice rest = slice_from(s, authority.n);
	if (rest.n == 0 || (rest.p[0] != '/' && rest.p[0] != '\\'))
		buf_append_byte(&out, '/');
	put_rest(rest, true, &out);
	link->target = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return true;
}

/* RFC 6068: an address list and fields; nothing is asked of it but that it is one line. */
static bool mailto_read(struct slice s, struct link *link, struct arena *arena)
{
	struct buf out = BUF_INIT(LINK_LENGTH_MAX * 3 + 8);

	buf_append(&out, SLICE("mailto:"));
	put_rest(s, false, &out);
	link->target = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return s.n > 0;
}

struct link link_read(struct slice href, struct arena *arena)
{
	struct link link = {0};
	struct slice s = clean(href, arena);

	link.scheme = scheme_of(&s);
	bool good = link.scheme == LINK_MAILTO ? mailto_read(s, &link, arena) : link.scheme != LINK_NONE && web_read(s, &link, arena);
	return good ? link : (struct link){0};
}

bool link_deceives(const struct link *link, struct slice text, struct arena *arena, struct slice *ret_shown)
{
	*ret_shown = SLICE_NONE;
	if (link->scheme != LINK_HTTP && link->scheme != LINK_HTTPS)
		return false;
	struct slice shown = policy_url_shown_host(text, arena);
	if (shown.n > 0 && !slice_eq(host_registered(shown), host_registered(link->host)))
		*ret_shown = shown;
	return ret_shown->n > 0 || link->odd;
}
