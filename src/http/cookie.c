#include "http/cookie.h"

#include "base/error.h"

struct slice http_cookie_get(const struct http_field *fields, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		struct slice rest = slice_eq_nocase(fields[i].name, SLICE("Cookie")) ? fields[i].value : SLICE_NONE, pair;

		while (slice_split(&rest, ';', &pair)) {
			ptrdiff_t mark = slice_find(pair, '=');

			if (mark > 0 && slice_eq(slice_trim(slice_sub(pair, 0, (size_t)mark)), name))
				return slice_trim(slice_from(pair, (size_t)mark + 1));
		}
	}
	return SLICE_NONE;
}

/* RFC 6265 4.1.1 cookie-octet. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || slice_find(SLICE("\",;\\"), s.p[i]) >= 0)
			return false;
	return true;
}

int http_cookie_set(struct buf *out, struct slice name, struct slice value, int64_t max_age)
{
	if (!http_is_token(name) || !is_value(value))
		return ERR_INVALID;
	buf_append(out, name);
	buf_append_byte(out, '=');
	buf_append(out, value);
	buf_append_str(out, "; Path=/; Secure; HttpOnly; SameSite=Strict");
	if (max_age >= 0)
		buf_printf(out, "; Max-Age=%lld", (long long)max_age);
	return 0;
}
