#include "http/route.h"

#include <stdio.h>

static bool host_fits(struct slice want, struct slice host)
{
	if (want.n == 0)
		return true;
	if (want.p[want.n - 1] == '.')
		return host.n > want.n && slice_starts_nocase(host, want);
	return slice_eq_nocase(host, want);
}

static bool path_fits(const struct http_route *r, struct slice path)
{
	struct slice want = slice_str(r->path);
	bool (*starts)(struct slice, struct slice) = r->any_case ? slice_starts_nocase : slice_starts;

	if (slice_ends(want, SLICE("/*")))
		return path.n >= want.n - 1 && starts(path, slice_sub(want, 0, want.n - 1));
	return path.n == want.n && starts(path, want);
}

static void allow_text(unsigned methods, char out[HTTP_ALLOW_MAX])
{
	static const struct {
		enum http_method method;
		const char *name;
	} names[] = {
		{HTTP_METHOD_GET, "GET, HEAD, "}, {HTTP_METHOD_POST, "POST, "}, {HTTP_METHOD_PUT, "PUT, "}, {HTTP_METHOD_DELETE, "DELETE, "},
		{HTTP_METHOD_PATCH, "PATCH, "},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((methods & (1u << names[i].method)) != 0)
			n += (size_t)snprintf(out + n, HTTP_ALLOW_MAX - n, "%s", names[i].name);
	snprintf(out + n, HTTP_ALLOW_MAX - n, "OPTIONS");
}

enum http_route_result http_route_find(const void *rows, size_t count, size_t size, struct slice host, struct slice path, enum http_method method,
                                       size_t *ret, char ret_allow[HTTP_ALLOW_MAX])
{
	enum http_method wanted = method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : method;
	unsigned allowed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct http_route *r = (const struct http_route *)((const char *)rows + i * size);

		if (!host_fits(slice_str(r->host), host) || !path_fits(r, path))
			continue;
		if ((r->methods & (1u << wanted)) != 0) {
			*ret = i;
			return HTTP_ROUTE_FOUND;
		}
		allowed |= r->methods;
	}
	if (allowed == 0)
		return HTTP_ROUTE_NOTHING;
	allow_text(allowed, ret_allow);
	return method == HTTP_METHOD_OPTIONS ? HTTP_ROUTE_OPTIONS : HTTP_ROUTE_METHOD;
}

struct slice http_host_name(struct slice host)
{
	ptrdiff_t colon = slice_rfind(host, ':'), bracket = slice_rfind(host, ']');

	return colon >= 0 && colon > bracket ? slice_sub(host, 0, (size_t)colon) : host;
}
