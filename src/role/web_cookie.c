#include "role/web_cookie.h"

#include "http/cookie.h"

/* Browsers take the prefix __Host- from HTTPS alone. */
static const char *const names[][2] = {
	[WEB_COOKIE_SESSION] = {"__Host-letterlock", "letterlock"},
	[WEB_COOKIE_DEVICE] = {"__Host-letterlock-device", "letterlock-device"},
};

static struct slice name_of(const struct web_exchange *x, enum web_cookie cookie)
{
	return slice_str(names[cookie][x->web->local]);
}

struct slice web_cookie_get(const struct web_exchange *x, enum web_cookie cookie)
{
	return http_cookie_get(x->fields, x->field_count, name_of(x, cookie));
}

struct http_field web_cookie_field(struct web_exchange *x, enum web_cookie cookie, struct slice value)
{
	struct buf text = BUF_INIT(WEB_COOKIE_MAX);
	struct http_field field = {SLICE("Set-Cookie"), SLICE_NONE};
	int64_t age = value.n == 0 ? 0 : cookie == WEB_COOKIE_DEVICE ? WEB_DEVICE_S : -1;

	if (http_cookie_set(&text, name_of(x, cookie), value, age) == 0 && !text.failed)
		field.value = arena_dup(&x->arena, buf_slice(&text));
	buf_free_secret(&text);
	return field;
}

struct slice web_origin(struct web_exchange *x)
{
	return arena_printf(&x->arena, "%s://%.*s", x->web->local ? "http" : "https", SLICE_ARG(x->authority));
}

/* ---- who made the request ---- */

static bool field_is(struct web_exchange *x, const char *name, struct slice value)
{
	return slice_eq_nocase(web_field(x, slice_str(name)), value);
}

/* Browsers tell it, and no script can change it (W3C Fetch Metadata). */
static bool from_here(struct web_exchange *x)
{
	struct slice site = web_field(x, SLICE("Sec-Fetch-Site")), origin = web_field(x, SLICE("Origin"));

	if (site.n == 0 && origin.n == 0)
		return false;
	return (site.n == 0 || slice_eq(site, SLICE("same-origin"))) && (origin.n == 0 || slice_eq_nocase(origin, web_origin(x)));
}

static bool from_nobody_else(struct web_exchange *x)
{
	struct slice site = web_field(x, SLICE("Sec-Fetch-Site")), origin = web_field(x, SLICE("Origin"));

	return (site.n == 0 || slice_eq(site, SLICE("same-origin")) || slice_eq(site, SLICE("none")))
	    && (origin.n == 0 || slice_eq_nocase(origin, web_origin(x))); /* WebSockets tell no more than that (RFC 6455 10.2) */
}

bool web_same_origin(struct web_exchange *x, bool changes)
{
	bool good = changes ? field_is(x, "X-Letterlock", SLICE("1")) && from_here(x) : from_nobody_else(x);

	if (!good)
		web_refuse(x, 403, "origin", "Only the pages of this server may ask this.");
	return good;
}
