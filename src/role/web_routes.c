/* What the class web serves: one row each. */
#include "role/web.h"

#define GET HTTP_METHODS(GET)
#define POST HTTP_METHODS(POST)
#define DELETE HTTP_METHODS(DELETE)
#define AUTODISCOVER_BODY 16384
#define API_BODY 65536
#define OAUTH_BODY 16384
#define POST_JSON(where, fn) {.match = {.host = "", .path = where, .methods = POST}, .body = WEB_BODY_BUFFER, .body_max = API_BODY, .handle = fn}
#define POST_FORM(where, fn) {.match = {.host = "", .path = where, .methods = POST}, .body = WEB_BODY_BUFFER, .body_max = OAUTH_BODY, .handle = fn}

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
	{.match = {.host = "", .path = "/sw.js", .methods = GET}, .handle = web_asset},
	{.match = {.host = "", .path = "/", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/mail", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/mail/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/contacts", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/contacts/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/settings", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/settings/*", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/signin", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/signin/back", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/leave", .methods = GET}, .handle = web_leave},
	{.match = {.host = "", .path = "/api/session", .methods = GET}, .handle = web_session_show},
	POST_JSON("/api/session", web_session_start),
	{.match = {.host = "", .path = "/api/session", .methods = DELETE}, .handle = web_session_end},
	POST_JSON("/api/session/passkey", web_session_passkey),
	POST_JSON("/api/session/work", web_session_work),
	POST_JSON("/api/session/sso", web_session_sso),
	POST_JSON("/api/session/lock", web_session_lock),
	POST_JSON("/api/session/unlock", web_session_unlock),
	{.match = {.host = "", .path = "/signin/once", .methods = GET}, .handle = web_session_once},
	{.match = {.host = "", .path = "/api/v1/*", .methods = GET}, .handle = web_api},
	POST_JSON("/api/v1/*", web_api),
	POST_JSON("/api/oauth", web_oauth_consent),
	{.match = {.host = "", .path = "/oauth/authorize", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/oauth/device", .methods = GET}, .handle = web_page},
	{.match = {.host = "", .path = "/.well-known/oauth-authorization-server", .methods = GET}, .handle = web_oauth_program},
	POST_FORM("/oauth/token", web_oauth_program),
	POST_FORM("/oauth/revoke", web_oauth_program),
	POST_FORM("/oauth/device_authorization", web_oauth_program),
	{.match = {.host = "", .path = "/.well-known/jmap", .methods = GET}, .handle = web_mail_discover},
	{.match = {.host = "", .path = "/jmap/*", .methods = GET | POST}, .body = WEB_BODY_STREAM, .body_max = UINT64_MAX, .begin = web_mail_begin,
		.piece = web_mail_piece, .handle = web_mail_handle, .more = web_mail_more, .gone = web_mail_gone},
};
const size_t web_route_count = ARRAY_LEN(web_routes);

const struct web_route web_plain_routes[] = {
	{.match = {.host = "", .path = "/.well-known/acme-challenge/*", .methods = GET}, .handle = web_acme_answer},
	{.match = {.host = "", .path = "/*", .methods = GET}, .handle = web_plain_redirect},
};
const size_t web_plain_route_count = ARRAY_LEN(web_plain_routes);
