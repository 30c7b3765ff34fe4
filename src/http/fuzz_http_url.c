/* URLs, paths, queries: what is taken holds nothing that could mean another host or another path. */
#include "base/ensure.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size), query = text;
	struct buf a = BUF_INIT(1000), b = BUF_INIT(1000);
	struct http_url url;

	if (http_url_parse(text, &url) == 0) {
		ENSURE(url.host.n > 0 && url.port > 0 && slice_find(url.host, '@') < 0 && slice_find(url.host, '/') < 0);
		ENSURE(url.path.n == 0 || url.path.p[0] == '/' || url.path.p[0] == '?');
	}
	if (http_path_decode(text, &a) == 0)
		ENSURE(slice_find(buf_slice(&a), 0) < 0 && slice_search(buf_slice(&a), SLICE("/../")) < 0);
	while (http_query_next(&query, &a, &b) == 1)
		continue;
	buf_free(&a);
	buf_free(&b);
	return 0;
}
