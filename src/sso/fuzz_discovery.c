/* Metadata documents of identity providers: whatever is taken points to https addresses of the issuer that was asked. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/discovery.h"
#include "sso/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct discovery d;
	crypt_init();
	if (discovery_parse(slice_make(data, size), SLICE("https://idp.example.org"), &arena, &d, NULL) == 0) {
		ENSURE(slice_eq(d.issuer, SLICE("https://idp.example.org")));
		ENSURE(url_is_https(d.authorization_endpoint) && url_is_https(d.token_endpoint) && url_is_https(d.jwks_uri));
	}
	arena_free(&arena);
	return 0;
}
