/* The PROXY header: a longer input never turns a verdict around. */
#include <string.h>
#include "base/ensure.h"
#include "smtp/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, part;
	enum proxy_status status = proxy_header_parse(slice_make(data, size), &whole);
	if (status == PROXY_LOCAL || status == PROXY_CLIENT) {
		ENSURE(whole.length <= size && whole.length <= PROXY_HEADER_MAX);
		ENSURE(memchr(whole.source, '\0', sizeof whole.source) != NULL);
		for (size_t n = 0; n < whole.length && n < 300; n++)
			ENSURE(proxy_header_parse(slice_make(data, n), &part) == PROXY_MORE);
	}
	return 0;
}
