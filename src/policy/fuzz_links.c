/* Links of HTML and of plain text: bounded, hosts are hosts. */
#include "base/ensure.h"
#include "policy/host.h"
#include "policy/links.h"
#include "policy/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define URLS_MAX 50

static void check_url(const struct policy_url *u, struct arena *arena)
{
	ENSURE(u->host.n <= URL_HOST_MAX && u->text.n <= LINKS_TEXT_MAX);
	for (size_t i = 0; i < u->host.n; i++)
		ENSURE(u->host.p[i] > ' ' && u->host.p[i] < 0x7f);
	ENSURE(!u->is_ip || u->host.n > 0);
	ENSURE(host_registered(u->host).n <= u->host.n);
	policy_url_shown_host(u->text, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_url urls[URLS_MAX], url;
	struct arena arena = ARENA_INIT;
	struct slice rest = slice_make(data, size);
	size_t count = 0;
	policy_warm();
	links_scan(rest, &arena, urls, &count, URLS_MAX);
	ENSURE(count <= URLS_MAX);
	for (size_t i = 0; i < count; i++)
		check_url(&urls[i], &arena);
	for (unsigned i = 0; i < URLS_MAX && policy_url_next(&rest, &arena, &url); i++)
		check_url(&url, &arena);
	policy_url_shown_host(slice_make(data, size), &arena);
	arena_free(&arena);
	return 0;
}
