#include <string.h>

#include "base/ascii.h"
#include "filter/filter_internal.h"
#include "mime/address.h"
#include "mime/header.h"

bool filter_refuse(struct filter_result *ret, uint16_t code, const char *enhanced, const char *text)
{
	ret->code = code;
	ret->enhanced = slice_str(enhanced);
	ret->text = slice_str(text);
	return false;
}

/* Lines end with CRLF, whatever the body is (RFC 3030 3, RFC 5322 2.3), and the first one is no continuation of what we write above it. */
static bool lines_clear(struct slice header)
{
	if (header.n > 0 && ascii_is_wsp(header.p[0]))
		return false;
	for (size_t i = 0; i < header.n; i++) {
		if (header.p[i] == '\n' || (header.p[i] == '\r' && i + 1 < header.n && header.p[i + 1] != '\n'))
			return false;
		i += header.p[i] == '\r';
	}
	return true;
}

bool filter_check_message(struct slice header, struct filter_result *ret)
{
	if (mime_header_count(header, SLICE("Received")) > FILTER_RECEIVED_MAX)
		return filter_refuse(ret, 554, "5.4.6", "Too many hops: a mail loop");
	/* RFC 5322 3.6. Several of them let a reader and a checker see different authors. */
	if (mime_header_count(header, SLICE("From")) > 1)
		return filter_refuse(ret, 550, "5.6.0", "More than one From field");
	if (!filter_author_clear(header))
		return filter_refuse(ret, 550, "5.6.0", "The From field does not say clearly who the author is");
	if (!lines_clear(header))
		return filter_refuse(ret, 550, "5.6.0", "The header has lines that are none");
	return true;
}

/* "local+detail@domain" without the detail (RFC 5233). */
static struct slice without_detail(struct slice spec, struct arena *arena)
{
	ptrdiff_t at = slice_rfind(spec, '@'), plus = slice_find(spec, '+');
	uint8_t *to;

	if (plus <= 0 || at < plus)
		return spec;
	to = arena_alloc(arena, spec.n);
	memcpy(to, spec.p, (size_t)plus);
	memcpy(to + plus, spec.p + at, spec.n - (size_t)at);
	return slice_make(to, spec.n - (size_t)(at - plus));
}

static bool owns(const struct sender_fact *sender, struct slice spec, struct slice bare)
{
	for (size_t i = 0; i < sender->address_count; i++) {
		struct slice own = sender->addresses[i];

		if (slice_eq(own, spec) || slice_eq(own, bare) || (own.n > 0 && own.p[0] == '@' && slice_ends(spec, own)))
			return true;
	}
	return false;
}

/* Every address of the field is one of the sender's, and there is at least one. */
static bool owns_field(const struct sender_fact *sender, struct slice value, struct arena *arena, size_t *ret_count)
{
	*ret_count = 0;
	for (const struct mime_address *a = mime_address_parse(value, arena); a != NULL; a = a->next) {
		struct slice spec;

		if (!a->has_host)
			return false; /* a group has no author */
		spec = ascii_dup_lower(arena, mime_address_spec(a, arena));
		if (spec.n == 0 || !owns(sender, spec, without_detail(spec, arena)))
			return false;
		(*ret_count)++;
	}
	return *ret_count > 0;
}

/* Is it the delegate who sends this, alone? */
static bool is_actor(const struct sender_fact *sender, struct slice value, struct arena *arena)
{
	const struct mime_address *a = mime_address_parse(value, arena);

	return sender->actor.n > 0 && a != NULL && a->next == NULL && a->has_host
	       && slice_eq(ascii_dup_lower(arena, mime_address_spec(a, arena)), ascii_dup_lower(arena, sender->actor));
}

bool filter_check_submission(struct slice header, const struct sender_fact *sender, struct arena *arena, struct filter_result *ret)
{
	struct mime_field field;
	unsigned senders = mime_header_count(header, SLICE("Sender"));
	size_t count;

	if (!mime_header_find(header, SLICE("From"), &field))
		return filter_refuse(ret, 550, "5.6.0", "A From field is required");
	if (!owns_field(sender, field.value, arena, &count))
		return filter_refuse(ret, 550, "5.7.1", "The From address is not yours");
	/* RFC 5322 3.6.2. That of a delegate is written by filter_mend_submission. */
	if (senders > 1 || (senders == 0 && count > 1 && sender->actor.n == 0))
		return filter_refuse(ret, 550, "5.6.0", "Exactly one Sender field is required for several authors");
	if (senders == 1 && mime_header_find(header, SLICE("Sender"), &field) && !is_actor(sender, field.value, arena)
	    && (!owns_field(sender, field.value, arena, &count) || count != 1))
		return filter_refuse(ret, 550, "5.7.1", "The Sender address is not yours");
	return true;
}
