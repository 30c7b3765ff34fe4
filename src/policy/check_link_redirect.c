#include "policy/check.h"
#include "policy/host.h"

check_fn check_link_redirect;

/* "?url=https://other.example": the host of a link inside of the link, when it is another one. */
static struct slice nested_host(const struct policy_url *u, struct arena *arena)
{
	static const struct slice marks[] = {SLICE_INIT("=http://"), SLICE_INIT("=https://"), SLICE_INIT("=http%3a%2f%2f"),
		SLICE_INIT("=https%3a%2f%2f")};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		ptrdiff_t at = slice_search_nocase(u->rest, marks[i]);
		struct policy_url inner;
		if (at < 0)
			continue;
		struct slice tail = slice_from(u->rest, (size_t)at + marks[i].n);
		size_t n = 0;
		while (n < tail.n && tail.p[n] != '&' && tail.p[n] != '/' && tail.p[n] != '%')
			n++;
		if (policy_url_parse(arena_printf(arena, "http://%.*s", SLICE_ARG(slice_sub(tail, 0, n))), arena, &inner))
			return inner.host;
	}
	return SLICE_NONE;
}

void check_link_redirect(const struct check_input *in, struct check_result *r)
{
	for (size_t i = 0; i < in->letter->url_count; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		if (u->kind == URL_IMAGE || u->host.n == 0)
			continue;
		struct slice target = nested_host(u, in->facts->arena);
		bool other = target.n > 0 && !slice_eq(host_registered(target), host_registered(u->host)) &&
			!slice_eq(host_registered(target), host_registered(in->letter->from.domain));
		if (!other && !host_is_shortener(u->host))
			continue;
		check_hit(r, other ? REASON_nested_target : REASON_shortener);
		check_say(r, "host", u->host);
		if (other)
			check_say(r, "target", target);
		return;
	}
}
