/* States of second factors as the directory keeps them, and shares as people type them: what is accepted encodes to the same bytes. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "factor/sent.h"
#include "factor/shamir.h"
#include "factor/totp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct moment now = {.wall_ms = INT64_C(1700000000000), .mono_ms = 1};
	struct buf out = BUF_INIT(4096);
	struct sent_contact contact;
	struct shamir_share share;
	struct totp totp;

	crypt_init();
	if (totp_decode(in, &totp) == 0) {
		int64_t step;

		totp_encode(&totp, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
		(void)totp_verify(&totp, SLICE("123456"), 1700000000, &step);
	}
	buf_clear(&out);
	if (sent_contact_decode(in, &contact) == 0) {
		sent_contact_encode(&contact, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
		(void)sent_contact_take(&contact, now);
	}
	buf_clear(&out);
	(void)sent_verify(in, SLICE("123456"), now, &out);
	buf_clear(&out);
	if (shamir_decode(in, &share) == 0) {
		shamir_encode(&share, &out);
		ENSURE(slice_eq(buf_slice(&out), in));
	}
	buf_clear(&out);
	(void)sent_number(in, &out);
	buf_free(&out);
	return 0;
}
