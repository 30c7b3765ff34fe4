#include "mime/address.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "trust/dmarc.h"
#include "trust/idn.h"

static bool is_marker(const struct mime_address *a)
{
	return !a->has_host;
}

static void add(struct slice domain, struct slice ret[DMARC_AUTHORS_MAX], unsigned *count)
{
	for (unsigned i = 0; i < *count && i < DMARC_AUTHORS_MAX; i++)
		if (slice_eq(ret[i], domain))
			return;
	if (*count < DMARC_AUTHORS_MAX)
		ret[*count] = domain;
	if (*count <= DMARC_AUTHORS_MAX)
		++*count;
}

unsigned dmarc_authors(struct slice header, struct arena *arena, struct slice ret[DMARC_AUTHORS_MAX], bool *ret_broken)
{
	struct mime_field field;
	struct slice domain;
	unsigned count = 0, fields = 0, addresses = 0;
	*ret_broken = false;
	while (fields++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		if (!slice_eq_nocase(field.name, SLICE("From")))
			continue;
		for (const struct mime_address *a = mime_address_parse(field.value, arena); a != NULL; a = a->next) {
			if (is_marker(a))
				continue;
			if (++addresses > DMARC_ADDRESSES_MAX || count > DMARC_AUTHORS_MAX)
				return DMARC_AUTHORS_MAX + 1;
			if (trust_domain_ascii(arena, a->host, &domain) && trust_domain_is_fqdn(domain))
				add(domain, ret, &count);
			else
				*ret_broken = true;
		}
	}
	return count;
}
