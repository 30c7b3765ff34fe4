/* Certificates that the domain itself vouches for, in DNS: RFC 6698, 7671, 7672. */
#include <openssl/err.h>
#include <string.h>

#include "crypt/tls_private.h"

#define NAME_MAX_BYTES 255

struct tlsa {
	uint8_t usage, selector, matching;
	struct slice data;
};

static bool tlsa_next(struct slice *records, struct tlsa *ret)
{
	struct slice rdata;
	if (!slice_get_bytes(records, &rdata))
		return false;
	*ret = (struct tlsa){.usage = 255};
	if (slice_get_u8(&rdata, &ret->usage) && slice_get_u8(&rdata, &ret->selector) && slice_get_u8(&rdata, &ret->matching))
		ret->data = rdata;
	return true;
}

/* PKIX-TA(0) and PKIX-EE(1) are no use to SMTP: there is no list of authorities that both sides know (RFC 7672 3.1.3). */
static bool tlsa_usable(const struct tlsa *t)
{
	static const size_t sizes[] = {0, 32, 64}; /* the whole, SHA-256, SHA-512 */
	if ((t->usage != 2 && t->usage != 3) || t->selector > 1 || t->matching > 2)
		return false;
	return t->matching == 0 ? t->data.n > 0 && t->data.n <= 65535 : t->data.n == sizes[t->matching];
}

unsigned tls_tlsa_usable(struct slice records)
{
	struct tlsa t;
	unsigned usable = 0;
	for (unsigned i = 0; i < TLS_TLSA_MAX && tlsa_next(&records, &t); i++)
		usable += tlsa_usable(&t);
	return usable;
}

static bool copy_name(struct slice name, char out[NAME_MAX_BYTES + 1])
{
	if (name.n > NAME_MAX_BYTES || slice_find(name, '\0') >= 0)
		return false;
	if (name.n > 0)
		memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

int tls_session_dane(struct tls_session *s, struct slice records, struct slice base, struct slice other)
{
	SSL *ssl = tls_session_ssl(s);
	char base_name[NAME_MAX_BYTES + 1], other_name[NAME_MAX_BYTES + 1];
	struct tlsa t;
	int usable = 0;
	if (!copy_name(base, base_name) || !copy_name(other, other_name) || SSL_dane_enable(ssl, base_name) != 1)
		return ERR_INVALID;
	for (unsigned i = 0; i < TLS_TLSA_MAX && tlsa_next(&records, &t); i++)
		if (tlsa_usable(&t) && SSL_dane_tlsa_add(ssl, t.usage, t.selector, t.matching, t.data.p, t.data.n) > 0)
			usable++;
	if (other.n > 0 && SSL_add1_host(ssl, other_name) != 1)
		usable = 0;
	ERR_clear_error();
	return usable;
}
