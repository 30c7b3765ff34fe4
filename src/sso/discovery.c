#include "sso/discovery.h"

#include "base/ensure.h"
#include "sso/json.h"
#include "sso/url.h"

void discovery_address(struct slice issuer, struct buf *out)
{
	if (slice_ends(issuer, SLICE("/")))
		issuer = slice_sub(issuer, 0, issuer.n - 1);
	buf_append(out, issuer);
	buf_append_str(out, "/.well-known/openid-configuration");
}

/* A list that is missing means its default, which is `otherwise`. */
static bool supports(const json_t *document, const char *name, struct slice value, bool otherwise)
{
	return json_object_get(document, name) != NULL ? sso_json_lists(document, name, value) : otherwise;
}

static int read_document(const json_t *document, struct slice issuer, struct arena *arena, struct discovery *ret, struct error *err)
{
	const struct {
		const char *name;
		struct slice *to;
	} endpoints[] = {
		{"authorization_endpoint", &ret->authorization_endpoint}, {"token_endpoint", &ret->token_endpoint}, {"jwks_uri", &ret->jwks_uri},
	};
	ret->issuer = sso_json_text(document, "issuer", arena);
	if (!slice_eq(ret->issuer, issuer))
		return error_set(err, ERR_DENIED, "the metadata is of another issuer");
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		*endpoints[i].to = sso_json_text(document, endpoints[i].name, arena);
		if (!url_is_https(*endpoints[i].to))
			return error_set(err, ERR_INVALID, "the metadata's %s is missing or not https", endpoints[i].name);
	}
	ret->userinfo_endpoint = sso_json_text(document, "userinfo_endpoint", arena);
	if (ret->userinfo_endpoint.n > 0 && !url_is_https(ret->userinfo_endpoint))
		return error_set(err, ERR_INVALID, "the metadata's userinfo_endpoint is not https");
	if (!supports(document, "response_types_supported", SLICE("code"), false)
	    || !supports(document, "code_challenge_methods_supported", SLICE("S256"), true))
		return error_set(err, ERR_UNSUPPORTED, "the issuer does not offer the code flow with S256");
	ret->basic = supports(document, "token_endpoint_auth_methods_supported", SLICE("client_secret_basic"), true);
	ret->response_issuer = json_is_true(json_object_get(document, "authorization_response_iss_parameter_supported"));
	return 0;
}

int discovery_parse(struct slice text, struct slice issuer, struct arena *arena, struct discovery *ret, struct error *err)
{
	json_t *document = sso_json_object(text, DISCOVERY_MAX);
	struct discovery found = {0};
	if (document == NULL || !url_is_https(issuer)) {
		json_decref(document);
		return error_set(err, ERR_INVALID, "the metadata is malformed");
	}
	int rc = read_document(document, issuer, arena, &found, err);
	if (rc == 0)
		*ret = found;
	json_decref(document);
	return rc;
}
