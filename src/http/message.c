#include "http/message.h"

#include "base/clock.h"
#include "base/ensure.h"

struct slice http_field_get(const struct http_field *fields, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(fields[i].name, name))
			return fields[i].value;
	return SLICE_NONE;
}

size_t http_field_count(const struct http_field *fields, size_t count, struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += slice_eq_nocase(fields[i].name, name);
	return n;
}

bool http_field_lists(const struct http_field *fields, size_t count, struct slice name, struct slice token)
{
	struct slice rest, item;

	for (size_t i = 0; i < count; i++) {
		if (!slice_eq_nocase(fields[i].name, name))
			continue;
		rest = fields[i].value;
		while (slice_split(&rest, ',', &item))
			if (slice_eq_nocase(slice_trim(item), token))
				return true;
	}
	return false;
}

static bool is_token_char(uint8_t c)
{
	return ascii_is_alnum(c) || (c > 0x20 && c < 0x7f && slice_find(SLICE("!#$%&'*+-.^_`|~"), c) >= 0);
}

bool http_is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

void http_field_put(struct buf *out, struct slice name, struct slice value)
{
	buf_append(out, name);
	buf_append_str(out, ": ");
	for (size_t i = 0; i < value.n; i++)
		buf_append_byte(out, value.p[i] < 0x20 || value.p[i] == 0x7f ? ' ' : value.p[i]);
	buf_append_str(out, "\r\n");
}

void http_date_put(struct buf *out, int64_t unix_seconds)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct calendar c = calendar_from_unix(unix_seconds);

	buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[c.weekday], c.day, months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

/* The registered names of RFC 9110 15 and RFC 6585 that this software uses or meets. */
static const struct {
	unsigned status;
	struct slice text;
} names[] = {
	{100, SLICE_INIT("Continue")}, {200, SLICE_INIT("OK")}, {201, SLICE_INIT("Created")}, {202, SLICE_INIT("Accepted")},
	{204, SLICE_INIT("No Content")}, {206, SLICE_INIT("Partial Content")}, {207, SLICE_INIT("Multi-Status")},
	{301, SLICE_INIT("Moved Permanently")}, {302, SLICE_INIT("Found")}, {303, SLICE_INIT("See Other")},
	{304, SLICE_INIT("Not Modified")}, {307, SLICE_INIT("Temporary Redirect")}, {308, SLICE_INIT("Permanent Redirect")},
	{400, SLICE_INIT("Bad Request")}, {401, SLICE_INIT("Unauthorized")}, {403, SLICE_INIT("Forbidden")},
	{404, SLICE_INIT("Not Found")}, {405, SLICE_INIT("Method Not Allowed")}, {406, SLICE_INIT("Not Acceptable")},
	{408, SLICE_INIT("Request Timeout")}, {409, SLICE_INIT("Conflict")}, {410, SLICE_INIT("Gone")},
	{411, SLICE_INIT("Length Required")}, {412, SLICE_INIT("Precondition Failed")}, {413, SLICE_INIT("Content Too Large")},
	{414, SLICE_INIT("URI Too Long")}, {415, SLICE_INIT("Unsupported Media Type")}, {416, SLICE_INIT("Range Not Satisfiable")},
	{417, SLICE_INIT("Expectation Failed")}, {421, SLICE_INIT("Misdirected Request")}, {422, SLICE_INIT("Unprocessable Content")}, {423, SLICE_INIT("Locked")},
	{425, SLICE_INIT("Too Early")}, {429, SLICE_INIT("Too Many Requests")}, {431, SLICE_INIT("Request Header Fields Too Large")},
	{500, SLICE_INIT("Internal Server Error")}, {501, SLICE_INIT("Not Implemented")}, {502, SLICE_INIT("Bad Gateway")},
	{503, SLICE_INIT("Service Unavailable")}, {504, SLICE_INIT("Gateway Timeout")}, {505, SLICE_INIT("HTTP Version Not Supported")},
	{507, SLICE_INIT("Insufficient Storage")},
};

struct slice http_status_text(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].status == status)
			return names[i].text;
	return SLICE("Unknown");
}
