/* Requests for certificates: whatever is taken can be certified and read again. */
#include "base/ensure.h"
#include "crypt/certificate.h"
#include "crypt/csr.h"
#include "crypt/mail_ca.h"

static struct mail_ca_key *root_key, *issuing_key;
static struct buf root = BUF_INIT(MAIL_CA_DER_MAX), issuing = BUF_INIT(MAIL_CA_DER_MAX);

static void prepare(void)
{
	struct mail_ca_authority what = {SLICE("Example"), SLICE("root"), SLICE_NONE, 1700000000, 1900000000};
	ENSURE(mail_ca_key_generate(MAIL_CA_P256, &root_key, NULL) == 0 && mail_ca_key_generate(MAIL_CA_P256, &issuing_key, NULL) == 0);
	ENSURE(mail_ca_root(root_key, &what, &root, NULL) == 0);
	what.common_name = SLICE("issuing");
	ENSURE(mail_ca_issuing(root_key, buf_slice(&root), issuing_key, &what, &issuing, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct buf der = BUF_INIT(MAIL_CA_DER_MAX);
	struct certificate read;
	struct slice addresses[CERTIFICATE_ADDRESSES_MAX];
	struct csr csr;
	if (root_key == NULL)
		prepare();
	if (csr_read(slice_make(data, size), &arena, &csr, NULL) == 0) {
		struct mail_ca_device what = {.serial = {1}, .spki = csr.spki, .address = SLICE("ann@example.org"), .not_before = 1700000000,
			.not_after = 1710000000};
		ENSURE(mail_ca_device(issuing_key, buf_slice(&issuing), &what, &der, NULL) == 0);
		ENSURE(certificate_read(buf_slice(&der), &arena, &read, addresses, NULL) == 0 && read.address_count == 1);
	}
	buf_free(&der);
	arena_free(&arena);
	return 0;
}
