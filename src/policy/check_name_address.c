#include "mime/text.h"
#include "policy/check.h"
#include "policy/host.h"

check_fn check_name_address;

/* Characters of an address, taken leniently: a reader does not check grammar. */
static bool address_char(uint8_t c)
{
	return ascii_is_alnum(c) || (c != 0 && slice_find(SLICE("._-+"), c) >= 0);
}

/* Full width and small forms of "@" are folded by the caller. */
static bool address_in(struct slice text, struct arena *arena, struct slice *ret_domain, struct slice *ret_whole)
{
	ptrdiff_t at = slice_find(text, '@');
	if (at <= 0)
		return false;
	size_t from = (size_t)at, to = (size_t)at + 1;
	while (from > 0 && address_char(text.p[from - 1]))
		from--;
	while (to < text.n && address_char(text.p[to]))
		to++;
	while (to > (size_t)at + 1 && text.p[to - 1] == '.')
		to--;
	*ret_whole = slice_sub(text, from, to);
	*ret_domain = host_ascii(slice_sub(text, (size_t)at + 1, to), arena);
	return from < (size_t)at && slice_find(*ret_domain, '.') > 0;
}

void check_name_address(const struct check_input *in, struct check_result *r)
{
	struct slice domain, whole, name = mime_fold_arena(in->letter->from.name, in->facts->arena);
	if (!address_in(name, in->facts->arena, &domain, &whole) || in->letter->from.domain.n == 0)
		return;
	if (slice_eq(host_registered(domain), host_registered(in->letter->from.domain)))
		return;
	check_hit(r, REASON_other_address);
	/* "ann@a.example via list": lists rewrite From for DMARC, and say how to leave them. */
	if (slice_search(name, SLICE(" via ")) >= 0)
		r->score /= 4;
	check_say(r, "shown", whole);
	check_say(r, "address", in->letter->from.spec);
}
