/* From must mean the same to everybody who reads it: whom DMARC judged is whom every reader shows. What is not clear is refused, never guessed. */
#include "filter/filter_internal.h"
#include "mime/address.h"
#include "mime/limits.h"
#include "trust/dmarc.h"
#include "trust/idn.h"

/* One address on its way through the field. */
struct author {
	unsigned ats;       /* "@" in the part that counts: between the angle brackets, or all of it */
	bool angle, closed; /* behind "<"; behind ">" */
	bool gap;           /* white space, a comment or a quoted string behind the "@" */
	bool doubtful;      /* text behind such a gap, an encoded word, two "@" */
};

static bool is_clear(const struct author *a)
{
	return !a->doubtful && a->ats <= 1 && a->angle == a->closed;
}

/* What stood before "<" was a name, whatever it looks like. */
static bool angle_open(struct author *a)
{
	bool first = !a->angle;
	*a = (struct author){.angle = true};
	return first;
}

static bool angle_close(struct author *a)
{
	bool fits = a->angle && !a->closed;
	a->closed = true;
	return fits;
}

static void text(struct author *a, struct slice rest)
{
	a->doubtful |= a->closed || (a->ats > 0 && a->gap) || (rest.n > 1 && rest.p[0] == '=' && rest.p[1] == '?' && a->angle);
}

/* A quoted string or comment at the front. False: it does not end. */
static bool skip_closed(struct slice *s)
{
	unsigned depth = 0;
	bool comment = s->p[0] == '(';
	for (size_t i = 0; i < s->n; i++) {
		uint8_t c = s->p[i];
		if (c == '\\') {
			i++;
		} else if (comment && c == '(') {
			depth++;
		} else if (comment ? c == ')' && --depth == 0 : c == '"' && i > 0) {
			*s = slice_from(*s, i + 1);
			return true;
		}
		if (depth > MIME_COMMENT_DEPTH_MAX)
			return false;
	}
	return false;
}

/* One byte outside of quotes and comments. */
static bool take_byte(struct author *a, struct slice rest)
{
	uint8_t c = rest.p[0];
	bool inside = a->angle && !a->closed;
	if (c == '<')
		return angle_open(a);
	if (c == '>')
		return angle_close(a);
	if (c == ',' || c == ';' || (c == ':' && !inside)) {
		bool clear = is_clear(a);
		*a = (struct author){0};
		return clear;
	}
	if (ascii_is_wsp(c) || c == '\r' || c == '\n') {
		a->gap |= a->ats > 0;
		return true;
	}
	text(a, rest);
	a->ats += c == '@';
	return true;
}

static bool value_clear(struct slice value)
{
	struct author a = {0};
	while (value.n > 0) {
		uint8_t c = value.p[0];
		if (c == '"' || c == '(') {
			a.doubtful |= c == '"' && (a.closed || (a.angle && a.ats > 0));
			a.gap |= a.ats > 0;
			if (!skip_closed(&value))
				return false;
			continue;
		}
		if (!take_byte(&a, value))
			return false;
		value = slice_from(value, 1);
	}
	return is_clear(&a);
}

/* Folding is the only use of control characters. */
static bool has_controls(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n') || s.p[i] == 0x7f)
			return true;
	return false;
}

/* A domain with a dot is one that can be judged; "localhost" and address literals are nobody's. */
static bool host_clear(struct slice host, struct arena *arena)
{
	struct slice domain;
	if (host.p[0] == '[' || slice_find(host, '.') < 0)
		return true;
	if (!trust_domain_ascii(arena, host, &domain) || !trust_domain_is_fqdn(domain))
		return false;
	for (size_t i = 0; i < domain.n; i++)
		if (!ascii_is_alnum(domain.p[i]) && slice_find(SLICE("-_."), domain.p[i]) < 0)
			return false;
	return true;
}

/* A name without an address may not look like one. */
static bool name_clear(const struct mime_address *a, struct arena *arena)
{
	return a->host.n > 0 || slice_find(mime_address_display(a, arena), '@') < 0;
}

static bool addresses_clear(struct slice value, struct arena *arena)
{
	unsigned count = 0;
	for (const struct mime_address *a = mime_address_parse(value, arena); a != NULL; a = a->next) {
		if (!a->has_host && !a->has_mailbox)
			continue;
		if (++count > DMARC_ADDRESSES_MAX || !name_clear(a, arena) || (a->host.n > 0 && !host_clear(a->host, arena)))
			return false;
	}
	return true;
}

bool filter_author_clear(struct slice header)
{
	struct slice authors[DMARC_AUTHORS_MAX];
	struct arena arena = ARENA_INIT;
	struct mime_field from;
	bool broken, clear;
	if (mime_header_count(header, SLICE("From")) == 0)
		return true;
	clear = mime_header_find(slice_sub(header, 0, MIME_HEADER_MAX), SLICE("From"), &from) && from.value.n <= MIME_VALUE_MAX &&
		!has_controls(from.value) && value_clear(from.value) && addresses_clear(from.value, &arena) &&
		dmarc_authors(header, &arena, authors, &broken) <= DMARC_AUTHORS_MAX;
	arena_free(&arena);
	return clear;
}
