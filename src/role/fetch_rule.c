#include "role/fetch.h"

#include "base/error.h"
#include "http/message.h"
#include "http/url.h"
#include "net/prefix.h"

#define PORT_HTTPS 443

static bool entry_names(struct slice entry, struct slice host, uint16_t port)
{
	ptrdiff_t colon = slice_rfind(entry, ':');
	uint32_t number = PORT_HTTPS;

	if (colon >= 0 && slice_to_u32(slice_from(entry, (size_t)colon + 1), &number) != 0)
		return false;
	return slice_eq_nocase(colon >= 0 ? slice_sub(entry, 0, (size_t)colon) : entry, host) && number == port;
}

bool fetch_host_allowed(const config_texts *allow, struct slice host, uint16_t port)
{
	if (net_prefix_valid(host))
		return net_prefixes_hold(allow->items, allow->count, host);
	for (size_t i = 0; i < allow->count; i++)
		if (entry_names(allow->items[i], host, port))
			return true;
	return false;
}

bool fetch_acme_allowed(struct slice directory, struct slice host, uint16_t port)
{
	struct http_url url;

	return directory.n > 0 && http_url_parse(directory, &url) == 0 && url.secure && slice_eq_nocase(url.host, host) && url.port == port;
}

bool fetch_ocsp_allowed(const struct ipc_fetch *request)
{
	return slice_eq(request->method, SLICE("POST")) && slice_eq(request->fields, SLICE(FETCH_OCSP_FIELDS)) && request->body.n > 0
	    && request->body.n <= FETCH_OCSP_REQUEST_MAX;
}

bool fetch_address_allowed(const config_texts *allow, struct slice address)
{
	return !net_address_is_private(address) || net_prefixes_hold(allow->items, allow->count, address);
}

int fetch_fields_parse(struct slice text, struct http_field *fields, size_t room)
{
	struct slice line;
	size_t count = 0;

	while (slice_split(&text, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		if (colon <= 0)
			return ERR_INVALID;
		if (count == room)
			return ERR_LIMIT;
		fields[count++] = (struct http_field){slice_sub(line, 0, (size_t)colon), slice_trim(slice_from(line, (size_t)colon + 1))};
	}
	return (int)count;
}
