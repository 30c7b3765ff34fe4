/* What the class web serves: one row each. */
#include "role/web.h"

#define GET HTTP_METHODS(GET)
#define POST HTTP_METHODS(POST)
#define AUTODISCOVER_BODY 16384

const struct web_route web_routes[] = {
	{.match = {.host = "mta-sts.", .path = "/.well-known/mta-sts.txt", .methods = GET}, .handle = web_mta_sts},
	{.match = {.host = "", .path = "/.well-known/autoconfig/mail/config-v1.1.xml", .methods = GET}, .handle = web_autoconfig},
	{.match = {.host = "autoconfig.", .path = "/mail/config-v1.1.xml", .methods = GET}, .handle = web_autoconfig},
	{.match = {.host = "", .path = "/autodiscover/autodiscover.xml", .methods = POST, .any_case = true}, .body = WEB_BODY_BUFFER, .body_max = AUTODISCOVER_BODY,
		.handle = web_autodiscover},
	{.match = {.host = "", .path = "/autodiscover/autodiscover.json", .methods = GET, .any_case = true}, .handle = web_autodiscover_json},
	{.match = {.host = "", .path = "/autodiscover/autodiscover.json/*", .methods = GET, .any_case = true}, .handle = web_autodiscover_json},
	{.match = {.host = "", .path = "/mail/setup.mobileconfig", .methods = GET}, .handle = web_mobileconfig},
	/* The webmail: its files, and one page for all addresses that its screens have. */
	{.match = {.host = "", .path = "/a/*", .methods = GET}, .handle = web_asset},
	{.match = {.host = "", .path = "/app.webmanifest", .methods = GET}, .handle = web_asset},
	{.match = {.host = "", .path = "/icon.svg", .methods = GET}, .handle = web_asset},
	{.match = {.host = "", .path = "/", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/mail", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/mail/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/contacts", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/contacts/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/settings", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/settings/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/signin", .methods = GET}, .handle = web_page},
};
const size_t web_route_count = ARRAY_LEN(web_routes);

const struct web_route web_plain_routes[] = {
	{.match = {.host = "", .path = "/.well-known/acme-challenge/*", .methods = GET}, .handle = web_acme_answer},
	{.match = {.host = "", .path = "/*", .methods = GET}, .handle = web_plain_redirect},
};
const size_t web_plain_route_count = ARRAY_LEN(web_plain_routes);
