#include "policy/url.h"

#include <string.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "policy/host.h"
#include "policy/ip.h"

/* Schemes that a browser reads a host behind, however many slashes there are. */
static const struct slice web_schemes[] = {SLICE_INIT("http"), SLICE_INIT("https"), SLICE_INIT("ftp"), SLICE_INIT("ws"), SLICE_INIT("wss")};
/* Endings by which shown text is taken for a host. Two letters are a country and need no row. */
static const char *const shown_endings[] = {
	"app", "biz", "club", "com", "dev", "edu", "example", "gov", "group", "icu", "info", "int", "link", "live", "mil", "mobi", "net", "online",
	"org", "pro", "shop", "site", "store", "tech", "test", "top", "vip", "work", "xyz", "xn--fiqs8s", "xn--fiqz9s", "xn--55qx5d", "xn--io0a7i",
	"xn--kpry57d", "xn--j6w193g",
};
/* Two letters that are no country but end of files and abbreviations. */
static const char *const no_endings[] = {"js", "md", "py", "rb", "xz", "gz", "7z", "db", "db"};

static bool is_edge(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

/* Without blanks and controls at both ends, without tabs and line breaks inside (WHATWG URL 4.4). */
static struct slice clean(struct slice s, struct arena *arena)
{
	while (s.n > 0 && is_edge(s.p[0]))
		s = slice_from(s, 1);
	while (s.n > 0 && is_edge(s.p[s.n - 1]))
		s.n--;
	s = slice_sub(s, 0, URL_LENGTH_MAX);
	uint8_t *copy = arena_alloc(arena, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
			copy[n++] = s.p[i];
	return slice_make(copy, n);
}

/* Length of the scheme before its colon; 0: none. */
static size_t scheme_length(struct slice s)
{
	size_t i = 0;
	if (s.n == 0 || !ascii_is_alpha(s.p[0]))
		return 0;
	while (i < s.n && (ascii_is_alnum(s.p[i]) || s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '.'))
		i++;
	return i < s.n && s.p[i] == ':' && i <= 32 ? i : 0;
}

static bool is_web(struct slice scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(web_schemes); i++)
		if (slice_eq(scheme, web_schemes[i]))
			return true;
	return false;
}

/* One number of an IPv4 address as browsers take it: decimal, 0x hexadecimal, 0 octal. */
static bool number_read(struct slice s, uint64_t *ret)
{
	unsigned base = 10;
	if (s.n >= 2 && s.p[0] == '0' && ascii_lower(s.p[1]) == 'x') {
		base = 16;
		s = slice_from(s, 2);
	} else if (s.n >= 2 && s.p[0] == '0') {
		base = 8;
		s = slice_from(s, 1);
	}
	*ret = 0;
	for (size_t i = 0; i < s.n; i++) {
		int v = ascii_hex_value(s.p[i]);
		if (v < 0 || v >= (int)base || *ret > UINT32_MAX)
			return false;
		*ret = *ret * base + (unsigned)v;
	}
	return s.n > 0 || base == 16;
}

/* WHATWG URL 3.5: one to four numbers, the last fills what is left. */
static bool ipv4_read(struct slice host, uint32_t *ret)
{
	uint64_t parts[4];
	size_t count = 0;
	struct slice part;
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	while (slice_split(&host, '.', &part)) {
		if (count == 4 || !number_read(part, &parts[count++]))
			return false;
	}
	if (count == 0)
		return false;
	uint64_t value = parts[count - 1];
	if (value >= (uint64_t)1 << (8 * (5 - count)))
		return false;
	for (size_t i = 0; i + 1 < count; i++) {
		if (parts[i] > 255)
			return false;
		value |= parts[i] << (8 * (3 - i));
	}
	*ret = (uint32_t)value;
	return true;
}

static void host_fill(struct slice raw, struct arena *arena, struct policy_url *ret)
{
	uint32_t v4;
	if (raw.n > 2 && raw.p[0] == '[') {
		struct policy_ip ip;
		ptrdiff_t end = slice_find(raw, ']');
		ret->is_ip = end > 0 && policy_ip_parse(slice_sub(raw, 1, (size_t)end), &ip);
		ret->host = ret->host_unicode = ret->is_ip ? slice_sub(raw, 1, (size_t)end) : SLICE_NONE;
		return;
	}
	struct slice decoded = ascii_percent_decoded(arena, raw);
	ret->host = host_ascii(decoded, arena);
	if (ret->host.n > 0 && ipv4_read(ret->host, &v4)) {
		ret->is_ip = true;
		ret->host = arena_printf(arena, "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255);
		ret->odd_ip = !slice_eq(ret->host, raw);
	}
	ret->host_unicode = host_unicode(ret->host, arena);
	ret->punycode = slice_search(ret->host, SLICE("xn--")) >= 0;
}

/* [userinfo@]host[:port], up to the first slash, question mark or number sign. */
static void authority_fill(struct slice s, bool web, struct arena *arena, struct policy_url *ret)
{
	size_t end = 0;
	while (end < s.n && s.p[end] != '/' && s.p[end] != '?' && s.p[end] != '#' && !(web && s.p[end] == '\\'))
		end++;
	struct slice authority = slice_sub(s, 0, end);
	ret->rest = slice_from(s, end);
	ptrdiff_t at = slice_rfind(authority, '@');
	ret->userinfo = at > 0;
	if (at >= 0)
		authority = slice_from(authority, (size_t)at + 1);
	ptrdiff_t colon = slice_rfind(authority, ':'), bracket = slice_rfind(authority, ']');
	if (colon >= 0 && colon > bracket)
		authority = slice_sub(authority, 0, (size_t)colon);
	host_fill(authority, arena, ret);
}

static bool is_slash(struct slice s, bool web)
{
	return s.n > 0 && (s.p[0] == '/' || (web && s.p[0] == '\\'));
}

bool policy_url_parse(struct slice text, struct arena *arena, struct policy_url *ret)
{
	*ret = (struct policy_url){0};
	struct slice s = clean(text, arena);
	size_t n = scheme_length(s);
	bool relative = n == 0;
	if (relative && !(is_slash(s, true) && is_slash(slice_from(s, 1), true)))
		return false;
	ret->scheme = relative ? SLICE("https") : ascii_dup_lower(arena, slice_sub(s, 0, n));
	s = relative ? s : slice_from(s, n + 1);
	bool web = is_web(ret->scheme);
	if (!web && !slice_starts(s, SLICE("//"))) {
		ret->rest = s;
		return true;
	}
	while (is_slash(s, web))
		s = slice_from(s, 1);
	authority_fill(s, web, arena, ret);
	return true;
}

/* ---- in plain text ---- */

static size_t link_start(struct slice s)
{
	static const struct slice fronts[] = {SLICE_INIT("http://"), SLICE_INIT("https://"), SLICE_INIT("ftp://"), SLICE_INIT("www.")};
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (slice_starts_nocase(s, fronts[i]))
			return fronts[i].n;
	return 0;
}

/* Punctuation of Chinese and Japanese text and blanks end a link. */
static bool ends_link(uint32_t c)
{
	return c <= ' ' || c == '<' || c == '>' || c == '"' || c == '`' || c == 0x7f || c == 0xa0 || (c >= 0x2000 && c <= 0x206f && c != 0x2024) ||
		(c >= 0x3000 && c <= 0x3011 && c != 0x3002) || c == 0xff0c || c == 0xff08 || c == 0xff09 || c == 0xff1b || c == 0xff1a || c == 0xff01 ||
		c == 0xff1f;
}

/* Letters beyond ASCII belong to a host, not to what stands behind it: "http://a.cn/x" followed by Chinese text. */
static struct slice link_extent(struct slice s, size_t front)
{
	bool path = false;
	size_t i = front;
	while (i < s.n && i < URL_LENGTH_MAX) {
		struct slice rest = slice_from(s, i);
		uint32_t c = utf8_next(&rest);
		if (ends_link(c) || (path && c >= 0x80))
			break;
		path = path || c == '/' || c == '?' || c == '#';
		i = s.n - rest.n;
	}
	while (i > front && strchr(".,;:!?)]}'*", s.p[i - 1]) != NULL)
		i--;
	if (i >= front + 3 && memcmp(s.p + i - 3, "\xe3\x80\x82", 3) == 0)
		i -= 3;
	return slice_sub(s, 0, i);
}

struct slice policy_url_find(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = ascii_lower(text.p[i]);
		if ((c != 'h' && c != 'f' && c != 'w') || (i > 0 && ascii_is_alnum(text.p[i - 1])))
			continue;
		size_t front = link_start(slice_from(text, i));
		struct slice link = front > 0 ? link_extent(slice_from(text, i), front) : SLICE_NONE;
		if (link.n > front)
			return link;
	}
	return SLICE_NONE;
}

bool policy_url_next(struct slice *rest, struct arena *arena, struct policy_url *ret)
{
	struct slice link = policy_url_find(*rest);
	if (link.n == 0) {
		*rest = SLICE_NONE;
		return false;
	}
	*rest = slice_from(*rest, (size_t)(link.p - rest->p) + link.n);
	return policy_url_parse(ascii_lower(link.p[0]) == 'w' ? arena_printf(arena, "http://%.*s", SLICE_ARG(link)) : link, arena, ret);
}

/* ---- what a reader takes for a host ---- */

static bool named_in(struct slice name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(name, slice_str(list[i])))
			return true;
	return false;
}

static bool looks_like_host(struct slice host, bool www)
{
	ptrdiff_t dot = slice_rfind(host, '.');
	if (dot <= 0)
		return false;
	struct slice ending = slice_from(host, (size_t)dot + 1);
	if (www)
		return ending.n >= 2;
	if (ending.n == 2 && ascii_is_alpha(ending.p[0]) && ascii_is_alpha(ending.p[1]))
		return !named_in(ending, no_endings, ARRAY_LEN(no_endings));
	return named_in(ending, shown_endings, ARRAY_LEN(shown_endings));
}

struct slice policy_url_shown_host(struct slice text, struct arena *arena)
{
	struct policy_url url;
	text = slice_trim(text);
	size_t front = link_start(text);
	bool www = front == 4;
	struct slice word = link_extent(text, front > 0 ? front : 0);
	if (word.n == 0 || word.n > URL_HOST_MAX * 2)
		return SLICE_NONE;
	if (front > 0 && !www)
		return policy_url_parse(word, arena, &url) ? url.host : SLICE_NONE;
	if (slice_find(word, '@') >= 0)
		return SLICE_NONE;
	policy_url_parse(arena_printf(arena, "http://%.*s", SLICE_ARG(word)), arena, &url);
	return !url.is_ip && looks_like_host(url.host, www) ? url.host : SLICE_NONE;
}
