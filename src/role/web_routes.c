/* What the class web serves: one row each. */
#include "role/web.h"

#define GET HTTP_METHODS(GET)
#define POST HTTP_METHODS(POST)
#define AUTODISCOVER_BODY 16384

const struct web_route web_routes[] = {
	{.match = {"mta-sts.", "/.well-known/mta-sts.txt", GET}, .handle = web_mta_sts},
	{.match = {"", "/.well-known/autoconfig/mail/config-v1.1.xml", GET}, .handle = web_autoconfig},
	{.match = {"autoconfig.", "/mail/config-v1.1.xml", GET}, .handle = web_autoconfig},
	{.match = {"", "/autodiscover/autodiscover.xml", POST, .any_case = true}, .body = WEB_BODY_BUFFER, .body_max = AUTODISCOVER_BODY,
		.handle = web_autodiscover},
	{.match = {"", "/autodiscover/autodiscover.json", GET, .any_case = true}, .handle = web_autodiscover_json},
	{.match = {"", "/autodiscover/autodiscover.json/*", GET, .any_case = true}, .handle = web_autodiscover_json},
	{.match = {"", "/mail/setup.mobileconfig", GET}, .handle = web_mobileconfig},
};
const size_t web_route_count = ARRAY_LEN(web_routes);

const struct web_route web_plain_routes[] = {
	{.match = {"", "/*", GET}, .handle = web_plain_redirect},
};
const size_t web_plain_route_count = ARRAY_LEN(web_plain_routes);
