/* The authority: what its certificates say, what they are good for, and requests that somebody bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "crypt/certificate.h"
#include "crypt/csr.h"
#include "crypt/mail_ca.h"

#define NOW INT64_C(1800000000)
#define YEAR INT64_C(31536000)

static struct mail_ca_key *root_key, *issuing_key;
static struct buf root = BUF_INIT(MAIL_CA_DER_MAX), issuing = BUF_INIT(MAIL_CA_DER_MAX);
static struct arena arena = ARENA_INIT;

static int set_up(void **state)
{
	struct mail_ca_authority what = {SLICE("Example"), SLICE("Example root"), SLICE_NONE, NOW - 3600, NOW + 10 * YEAR};
	assert_int_equal(mail_ca_key_generate(MAIL_CA_P256, &root_key, NULL), 0);
	assert_int_equal(mail_ca_key_generate(MAIL_CA_P256, &issuing_key, NULL), 0);
	assert_int_equal(mail_ca_root(root_key, &what, &root, NULL), 0);
	what = (struct mail_ca_authority){SLICE("Example"), SLICE("Example devices"), SLICE("example.org example.net"), NOW - 3600, NOW + 5 * YEAR};
	assert_int_equal(mail_ca_issuing(root_key, buf_slice(&root), issuing_key, &what, &issuing, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	mail_ca_key_free(&root_key);
	mail_ca_key_free(&issuing_key);
	buf_free(&root);
	buf_free(&issuing);
	arena_free(&arena);
	return 0;
}

static X509 *read_der(struct slice der)
{
	const unsigned char *at = der.p;
	X509 *x = d2i_X509(NULL, &at, (long)der.n);
	assert_non_null(x);
	return x;
}

static struct slice request_of(struct buf *key, struct csr *csr)
{
	static struct buf pem;
	buf_free(&pem);
	pem = BUF_INIT(CSR_MAX);
	assert_int_equal(csr_make(key, &pem, NULL), 0);
	assert_int_equal(csr_read(buf_slice(&pem), &arena, csr, NULL), 0);
	return buf_slice(&pem);
}

static int make_device(const char *address, int64_t from, int64_t to, struct buf *key, struct buf *out)
{
	struct csr csr;
	(void)request_of(key, &csr);
	struct mail_ca_device what = {.serial = {0xff, 1, 2}, .spki = csr.spki, .address = slice_str(address), .account = {0xab}, .device = 7,
		.not_before = from, .not_after = to, .crl_url = SLICE("http://crl.example.org/mail.crl")};
	return mail_ca_device(issuing_key, buf_slice(&issuing), &what, out, NULL);
}

/* Result of X509_verify_cert at a time for a purpose, the root alone being trusted. */
static int verify(struct slice leaf_der, struct slice middle_der, const char *purpose, int64_t at)
{
	X509 *leaf = read_der(leaf_der), *middle = read_der(middle_der), *top = read_der(buf_slice(&root));
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *more = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	assert_true(sk_X509_push(more, middle) > 0);
	assert_int_equal(X509_STORE_add_cert(store, top), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, more), 1);
	assert_int_equal(X509_STORE_CTX_set_default(ctx, purpose), 1);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
	int result = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(more, X509_free);
	X509_STORE_free(store);
	X509_free(leaf);
	X509_free(top);
	return result;
}

static bool is_critical(const X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	assert_true(at >= 0);
	return X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 1;
}

static void test_authorities_have_their_extensions(void **state)
{
	X509 *top = read_der(buf_slice(&root)), *middle = read_der(buf_slice(&issuing));
	assert_int_equal(X509_get_pathlen(top), 1);
	assert_int_equal(X509_get_pathlen(middle), 0);
	assert_true(is_critical(top, NID_basic_constraints) && is_critical(middle, NID_basic_constraints));
	assert_int_equal(X509_get_key_usage(top), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_get_key_usage(middle), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_get_extended_key_usage(middle), XKU_SSL_CLIENT);
	assert_true(is_critical(middle, NID_name_constraints));
	assert_int_equal(X509_get_ext_by_NID(top, NID_name_constraints, -1), -1);
	assert_true(X509_get_ext_by_NID(middle, NID_authority_key_identifier, -1) >= 0);
	X509_free(top);
	X509_free(middle);
}

static void test_device_certificate_has_its_extensions(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX);
	struct certificate read;
	struct slice addresses[CERTIFICATE_ADDRESSES_MAX];
	assert_int_equal(make_device("ann@example.org", NOW - 3600, NOW + YEAR, &key, &der), 0);
	X509 *x = read_der(buf_slice(&der));
	char name[200];
	X509_NAME_oneline(X509_get_subject_name(x), name, sizeof name);
	assert_string_equal(name, "/O=Example/CN=ab000000000000000000000000000000");
	assert_int_equal(X509_check_ca(x), 0);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	assert_true(is_critical(x, NID_basic_constraints) && is_critical(x, NID_key_usage));
	assert_true(X509_get_ext_by_NID(x, NID_crl_distribution_points, -1) >= 0);
	assert_int_equal(ASN1_STRING_length(X509_get_serialNumber(x)), 16); /* positive though its first bit is set */
	assert_int_equal(ASN1_STRING_get0_data(X509_get_serialNumber(x))[0], 0xff);
	assert_int_equal(X509_get_serialNumber(x)->type, V_ASN1_INTEGER);
	assert_int_equal(certificate_read(buf_slice(&der), &arena, &read, addresses, NULL), 0);
	assert_int_equal(read.address_count, 1);
	assert_true(slice_eq(addresses[0], SLICE("ann@example.org")));
	assert_int_equal(read.not_after, NOW + YEAR);
	assert_true(slice_search(buf_slice(&der), SLICE("letterlock:device/ab000000000000000000000000000000/7")) >= 0);
	X509_free(x);
	buf_free(&key);
	buf_free(&der);
}

static void test_device_certificate_is_good_for_clients_alone(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX);
	assert_int_equal(make_device("ann@example.org", NOW - 3600, NOW + YEAR, &key, &der), 0);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW), X509_V_OK);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_server", NOW), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "smime_sign", NOW), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW + YEAR + 1), X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW - 7200), X509_V_ERR_CERT_NOT_YET_VALID);
	buf_free(&key);
	buf_free(&der);
}

static void test_other_domains_are_outside_of_the_constraints(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX);
	assert_int_equal(make_device("ann@example.net", NOW - 3600, NOW + YEAR, &key, &der), 0);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW), X509_V_OK);
	buf_clear(&der);
	assert_int_equal(make_device("ann@example.com", NOW - 3600, NOW + YEAR, &key, &der), 0);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW), X509_V_ERR_PERMITTED_VIOLATION);
	buf_clear(&der);
	assert_int_equal(make_device("ann@sub.example.org", NOW - 3600, NOW + YEAR, &key, &der), 0);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW), X509_V_ERR_PERMITTED_VIOLATION);
	buf_free(&key);
	buf_free(&der);
}

static void test_an_address_beyond_ascii_is_named(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX);
	assert_int_equal(make_device("王@example.org", NOW - 3600, NOW + YEAR, &key, &der), 0);
	assert_int_equal(verify(buf_slice(&der), buf_slice(&issuing), "ssl_client", NOW), X509_V_OK);
	assert_true(slice_search(buf_slice(&der), SLICE("王@example.org")) >= 0);
	buf_free(&key);
	buf_free(&der);
}

static void test_wrong_fields_are_refused(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX);
	struct csr csr;
	assert_int_equal(make_device("ann@example.org", NOW, NOW + 6 * YEAR, &key, &der), ERR_INVALID); /* longer than its issuer */
	assert_int_equal(make_device("ann@example.org", NOW, NOW + 4 * YEAR, &key, &der), ERR_INVALID); /* longer than any */
	assert_int_equal(make_device("ann@example.org", NOW, NOW, &key, &der), ERR_INVALID);
	assert_int_equal(make_device("", NOW, NOW + YEAR, &key, &der), ERR_INVALID);
	(void)request_of(&key, &csr);
	struct mail_ca_device what = {.spki = csr.spki, .address = SLICE("ann@example.org"), .not_before = NOW, .not_after = NOW + YEAR};
	assert_int_equal(mail_ca_device(issuing_key, buf_slice(&issuing), &what, &der, NULL), ERR_INVALID); /* serial 0 */
	what.serial[0] = 1;
	what.crl_url = SLICE("http://a/,URI:http://b/");
	assert_int_equal(mail_ca_device(issuing_key, buf_slice(&issuing), &what, &der, NULL), ERR_INVALID);
	what.crl_url = SLICE_NONE;
	what.spki = slice_from(csr.spki, 1);
	assert_int_equal(mail_ca_device(issuing_key, buf_slice(&issuing), &what, &der, NULL), ERR_INVALID);
	assert_int_equal(buf_len(&der), 0);
	struct mail_ca_authority bad = {SLICE("Example"), SLICE("x"), SLICE("a.org b*"), NOW, NOW + YEAR};
	assert_int_equal(mail_ca_issuing(root_key, buf_slice(&root), issuing_key, &bad, &der, NULL), ERR_INVALID);
	buf_free(&key);
	buf_free(&der);
}

static void test_rsa_authorities_work_too(void **state)
{
	struct mail_ca_key *key = NULL, *again = NULL;
	struct buf der = BUF_INIT(MAIL_CA_DER_MAX), secret = BUF_INIT(MAIL_CA_KEY_MAX);
	struct mail_ca_authority what = {SLICE("Example"), SLICE("RSA"), SLICE_NONE, NOW - 3600, NOW + YEAR};
	assert_int_equal(mail_ca_key_generate(MAIL_CA_RSA3072, &key, NULL), 0);
	assert_int_equal(mail_ca_key_encode(key, &secret, NULL), 0);
	assert_int_equal(mail_ca_key_decode(buf_slice(&secret), &again, NULL), 0);
	assert_int_equal(mail_ca_key_decode(slice_from(buf_slice(&secret), 1), &key, NULL), ERR_INVALID);
	assert_int_equal(mail_ca_root(again, &what, &der, NULL), 0);
	mail_ca_key_free(&key);
	mail_ca_key_free(&again);
	buf_free(&der);
	buf_free_secret(&secret);
}

/* ---- lists ---- */

static void add_revoked(struct buf *list, uint8_t first, int64_t time, uint8_t reason)
{
	uint8_t serial[MAIL_CA_SERIAL_SIZE] = {first};
	buf_append_bytes(list, serial, sizeof serial);
	buf_put_u64(list, (uint64_t)time);
	buf_put_u8(list, reason);
}

static void test_crl_holds_what_was_revoked(void **state)
{
	struct buf list = BUF_INIT(1000), out = BUF_INIT(MAIL_CA_CRL_MAX);
	struct mail_ca_crl what = {.number = 9, .this_update = NOW, .next_update = NOW + 86400};
	add_revoked(&list, 0xf1, NOW - 10, MAIL_CA_KEY_COMPROMISE);
	add_revoked(&list, 0x01, NOW - 20, MAIL_CA_UNSPECIFIED);
	what.revoked = buf_slice(&list);
	assert_int_equal(mail_ca_crl(issuing_key, buf_slice(&issuing), &what, &out, NULL), 0);
	assert_true(mail_ca_crl_is(buf_slice(&out), buf_slice(&issuing), 9));
	assert_false(mail_ca_crl_is(buf_slice(&out), buf_slice(&issuing), 8));
	assert_false(mail_ca_crl_is(buf_slice(&out), buf_slice(&root), 9));
	const unsigned char *at = buf_slice(&out).p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)buf_len(&out));
	assert_non_null(crl);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 2);
	X509_CRL_free(crl);
	buf_free(&list);
	buf_free(&out);
}

static void test_crl_of_nothing_and_of_nonsense(void **state)
{
	struct buf list = BUF_INIT(1000), out = BUF_INIT(MAIL_CA_CRL_MAX);
	struct mail_ca_crl what = {.number = 1, .this_update = NOW, .next_update = NOW + 86400};
	assert_int_equal(mail_ca_crl(root_key, buf_slice(&root), &what, &out, NULL), 0);
	assert_true(mail_ca_crl_is(buf_slice(&out), buf_slice(&root), 1));
	buf_clear(&out);
	add_revoked(&list, 1, NOW, 77); /* no such reason */
	what.revoked = buf_slice(&list);
	assert_int_equal(mail_ca_crl(root_key, buf_slice(&root), &what, &out, NULL), ERR_INVALID);
	what.revoked = slice_from(buf_slice(&list), 1);
	assert_int_equal(mail_ca_crl(root_key, buf_slice(&root), &what, &out, NULL), ERR_INVALID);
	what = (struct mail_ca_crl){.number = 1, .this_update = NOW, .next_update = NOW};
	assert_int_equal(mail_ca_crl(root_key, buf_slice(&root), &what, &out, NULL), ERR_INVALID);
	buf_free(&list);
	buf_free(&out);
}

/* ---- requests ---- */

static struct slice sign_request(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *digest, struct buf *out)
{
	X509_REQ *request = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	assert_true(X509_REQ_sign(request, signer, digest) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
	long n = BIO_get_mem_data(bio, &text);
	buf_clear(out);
	buf_append_bytes(out, text, (size_t)n);
	BIO_free(bio);
	X509_REQ_free(request);
	return buf_slice(out);
}

static int read_request(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *digest)
{
	struct buf pem = BUF_INIT(CSR_MAX);
	struct csr csr;
	int rc = csr_read(sign_request(key, signer, digest, &pem), &arena, &csr, NULL);
	buf_free(&pem);
	return rc;
}

static void test_a_request_without_proof_is_refused(void **state)
{
	EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");
	assert_int_equal(read_request(a, a, EVP_sha256()), 0);
	assert_int_equal(read_request(a, b, EVP_sha256()), ERR_DENIED);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

static void test_weak_keys_and_signatures_are_refused(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *rsa = EVP_RSA_gen(2048), *p384 = EVP_EC_gen("P-384"), *p521 = EVP_EC_gen("P-521"),
		*k1 = EVP_EC_gen("secp256k1"), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(read_request(small, small, EVP_sha256()), ERR_UNSUPPORTED);
	assert_int_equal(read_request(rsa, rsa, EVP_sha256()), 0);
	assert_int_equal(read_request(rsa, rsa, EVP_sha1()), ERR_UNSUPPORTED);
	assert_int_equal(read_request(p384, p384, EVP_sha384()), 0);
	assert_int_equal(read_request(p521, p521, EVP_sha512()), ERR_UNSUPPORTED);
	assert_int_equal(read_request(k1, k1, EVP_sha256()), ERR_UNSUPPORTED);
	assert_int_equal(read_request(ed, ed, NULL), ERR_UNSUPPORTED);
	EVP_PKEY *all[] = {small, rsa, p384, p521, k1, ed};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		EVP_PKEY_free(all[i]);
}

static void test_texts_that_are_not_one_request_are_refused(void **state)
{
	struct buf key = BUF_INIT(5000), twice = BUF_INIT(2 * CSR_MAX);
	struct csr csr;
	struct slice pem = request_of(&key, &csr);
	buf_append(&twice, pem);
	buf_append(&twice, pem);
	assert_int_equal(csr_read(buf_slice(&twice), &arena, &csr, NULL), ERR_INVALID);
	assert_int_equal(csr_read(SLICE_NONE, &arena, &csr, NULL), ERR_INVALID);
	assert_int_equal(csr_read(SLICE("-----BEGIN CERTIFICATE REQUEST-----\n"), &arena, &csr, NULL), ERR_INVALID);
	assert_int_equal(csr_read(buf_slice(&key), &arena, &csr, NULL), ERR_INVALID); /* the private key by mistake */
	buf_clear(&twice);
	for (int i = 0; i <= CSR_MAX; i++)
		buf_append_byte(&twice, ' ');
	buf_append(&twice, pem);
	assert_int_equal(csr_read(buf_slice(&twice), &arena, &csr, NULL), ERR_INVALID);
	/* Every changed letter of the body is noticed: by the form, or by the signature. */
	for (size_t i = 60; i < 200; i += 7) {
		buf_clear(&twice);
		buf_append(&twice, pem);
		uint8_t *p = twice.data + twice.start + i;
		if (*p == '\n' || *p == '-')
			continue;
		*p = *p == 'A' ? 'B' : 'A';
		assert_int_not_equal(csr_read(buf_slice(&twice), &arena, &csr, NULL), 0);
	}
	buf_free_secret(&key);
	buf_free(&twice);
}

static void test_pkcs12_opens_with_its_password(void **state)
{
	struct buf key = BUF_INIT(5000), der = BUF_INIT(MAIL_CA_DER_MAX), pem = BUF_INIT(20000), p12 = BUF_INIT(20000), other = BUF_INIT(5000);
	struct csr csr;
	EVP_PKEY *out_key = NULL;
	X509 *leaf = NULL;
	STACK_OF(X509) *chain = NULL;
	assert_int_equal(make_device("ann@example.org", NOW - 3600, NOW + YEAR, &key, &der), 0);
	mail_ca_pem("CERTIFICATE", buf_slice(&der), &pem);
	mail_ca_pem("CERTIFICATE", buf_slice(&issuing), &pem);
	assert_int_equal(csr_pkcs12(buf_slice(&key), buf_slice(&pem), "a long password", "Ann", &p12, NULL), 0);
	const unsigned char *at = buf_slice(&p12).p;
	PKCS12 *bag = d2i_PKCS12(NULL, &at, (long)buf_len(&p12));
	assert_non_null(bag);
	assert_int_equal(PKCS12_parse(bag, "another", &out_key, &leaf, &chain), 0);
	assert_int_equal(PKCS12_parse(bag, "a long password", &out_key, &leaf, &chain), 1);
	assert_int_equal(sk_X509_num(chain), 1);
	PKCS12_free(bag);
	EVP_PKEY_free(out_key);
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	(void)request_of(&other, &csr);
	assert_int_equal(csr_pkcs12(buf_slice(&other), buf_slice(&pem), "x", "Ann", &p12, NULL), ERR_INVALID);
	buf_free_secret(&key);
	buf_free_secret(&other);
	buf_free(&der);
	buf_free(&pem);
	buf_free(&p12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authorities_have_their_extensions),
		cmocka_unit_test(test_device_certificate_has_its_extensions),
		cmocka_unit_test(test_device_certificate_is_good_for_clients_alone),
		cmocka_unit_test(test_other_domains_are_outside_of_the_constraints),
		cmocka_unit_test(test_an_address_beyond_ascii_is_named),
		cmocka_unit_test(test_wrong_fields_are_refused),
		cmocka_unit_test(test_rsa_authorities_work_too),
		cmocka_unit_test(test_crl_holds_what_was_revoked),
		cmocka_unit_test(test_crl_of_nothing_and_of_nonsense),
		cmocka_unit_test(test_a_request_without_proof_is_refused),
		cmocka_unit_test(test_weak_keys_and_signatures_are_refused),
		cmocka_unit_test(test_texts_that_are_not_one_request_are_refused),
		cmocka_unit_test(test_pkcs12_opens_with_its_password),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
