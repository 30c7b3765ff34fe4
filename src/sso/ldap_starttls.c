#include "sso/ldap_starttls.h"

#define OID "1.3.6.1.4.1.1466.20037"
enum { BER_SEQUENCE = 0x30, BER_INTEGER = 0x02, BER_ENUMERATED = 0x0a, LDAP_EXTENDED_REQUEST = 0x77, LDAP_EXTENDED_NAME = 0x80, LDAP_EXTENDED_RESPONSE = 0x78 };
#define MESSAGE_ID 1

void ldap_starttls_request(struct buf *out)
{
	const size_t name = sizeof OID - 1;
	const uint8_t head[] = {BER_SEQUENCE, (uint8_t)(3 + 2 + 2 + name), BER_INTEGER, 1, MESSAGE_ID, LDAP_EXTENDED_REQUEST, (uint8_t)(2 + name),
		LDAP_EXTENDED_NAME, (uint8_t)name};
	buf_append_bytes(out, head, sizeof head);
	buf_append_str(out, OID);
}

/* Takes one element of this tag off the front. 1: its end is not there yet; 0; ERR_INVALID. Definite lengths only (RFC 4511 5.1). */
static int take(struct slice *in, uint8_t tag, struct slice *ret)
{
	if (in->n < 2)
		return in->n == 1 && in->p[0] != tag ? ERR_INVALID : 1;
	size_t head = 2, length = in->p[1];
	if (in->p[0] != tag || length == 0x80 || length > 0x84)
		return ERR_INVALID;
	if (length > 0x80) {
		head += length - 0x80;
		if (in->n < head)
			return 1;
		length = 0;
		for (size_t i = 2; i < head; i++)
			length = length << 8 | in->p[i];
	}
	if (length > LDAP_STARTTLS_ANSWER_MAX)
		return ERR_INVALID;
	if (in->n - head < length)
		return 1;
	*ret = slice_sub(*in, head, head + length);
	*in = slice_from(*in, head + length);
	return 0;
}

static int small_number(struct slice *in, uint8_t tag)
{
	struct slice value;
	return take(in, tag, &value) == 0 && value.n == 1 ? value.p[0] : -1;
}

int ldap_starttls_answer(struct slice input, struct error *err)
{
	struct slice message, response;
	int rc = take(&input, BER_SEQUENCE, &message);
	if (rc > 0)
		return rc;
	if (rc < 0 || small_number(&message, BER_INTEGER) != MESSAGE_ID || take(&message, LDAP_EXTENDED_RESPONSE, &response) != 0)
		return error_set(err, ERR_INVALID, "the server's answer to StartTLS is malformed");
	int result = small_number(&response, BER_ENUMERATED);
	if (result < 0 || input.n > 0)
		return error_set(err, ERR_INVALID, "the server's answer to StartTLS is malformed");
	return result == 0 ? 0 : error_set(err, ERR_DENIED, "the server refuses StartTLS (result %d)", result);
}
