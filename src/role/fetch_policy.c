/* What relay and queue may ask for. Relay meets the network too, so its word for a URL is not enough. */
#include "http/url.h"
#include "role/fetch.h"
#include "smtp/path.h"

#define HOST "mta-sts."
#define PATH "/.well-known/mta-sts.txt"

bool fetch_policy_allowed(const struct ipc_fetch *request, const struct http_url *url, uint16_t port)
{
	struct slice domain = slice_from(url->host, sizeof HOST - 1);

	return slice_eq(request->method, SLICE("GET")) && request->fields.n == 0 && request->body.n == 0 && url->port == port &&
	       slice_starts(url->host, SLICE(HOST)) && smtp_domain_valid(domain, false) && slice_eq(url->path, SLICE(PATH));
}

bool fetch_report_allowed(const struct ipc_fetch *request, const struct http_url *url, const config_texts *allow)
{
	bool port = url->port == 443 || fetch_host_allowed(allow, url->host, url->port);

	return port && url->secure && slice_eq(request->method, SLICE("POST")) && slice_eq(request->fields, SLICE(FETCH_REPORT_FIELDS))
	    && request->body.n > 0;
}

/* The rest of the fields is the value of Authorization: one line, checked again where it is written. */
bool fetch_push_allowed(const struct ipc_fetch *request, const struct http_url *url, const config_texts *allow)
{
	bool port = url->port == 443 || fetch_host_allowed(allow, url->host, url->port);
	struct slice rest = slice_from(request->fields, sizeof FETCH_PUSH_FIELDS - 1);

	return port && url->secure && slice_eq(request->method, SLICE("POST")) && slice_starts(request->fields, SLICE(FETCH_PUSH_FIELDS))
	       && slice_starts(rest, SLICE("vapid ")) && slice_find(rest, '\n') == (ptrdiff_t)rest.n - 1 && request->body.n > 0
	       && request->body.n <= FETCH_PUSH_MAX;
}
