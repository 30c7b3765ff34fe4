/* What the holder of the keys makes: requests, ACME, challenges, profiles; and chains that somebody brings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/codec.h"
#include "crypt/ca.h"
#include "crypt/chain.h"
#include "crypt/crypt.h"
#include "crypt/tls_make.h"

#define PROFILE "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC>\n<plist/>\n"

struct rig {
	struct buf ca, ca_key, chain, key_pem;
	struct tls_key *key;
	struct arena arena;
};

static int start(void **state)
{
	struct rig *r = test_calloc(1, sizeof *r);
	const struct slice names[] = {SLICE_INIT("mail.example.org"), SLICE_INIT("*.example.org")};

	crypt_init();
	for (struct buf *b = &r->ca; b <= &r->key_pem; b++)
		buf_init(b, 16384);
	assert_int_equal(ca_create("Test", 30, &r->ca, &r->ca_key, NULL), 0);
	assert_int_equal(ca_issue(buf_slice(&r->ca), buf_slice(&r->ca_key), names, 2, 20, &r->chain, &r->key_pem, NULL), 0);
	r->key = tls_key_load(buf_slice(&r->key_pem), NULL);
	assert_non_null(r->key);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;

	tls_key_free(&r->key);
	for (struct buf *b = &r->ca; b <= &r->key_pem; b++)
		buf_free(b);
	arena_free(&r->arena);
	test_free(r);
	return 0;
}

static void keys_survive_being_kept(void **state)
{
	struct rig *r = *state;
	struct tls_key *fresh = tls_key_generate(NULL), *again;
	struct buf pem = BUF_INIT(TLS_KEY_PEM_MAX);
	uint8_t a[32], b[32], other[32];

	assert_int_equal(tls_key_encode(fresh, &pem, NULL), 0);
	again = tls_key_load(buf_slice(&pem), NULL);
	assert_int_equal(tls_key_hash(fresh, a) | tls_key_hash(again, b) | tls_key_hash(r->key, other), 0);
	assert_memory_equal(a, b, 32);
	assert_memory_not_equal(a, other, 32);
	tls_key_free(&fresh);
	tls_key_free(&again);
	buf_free_secret(&pem);
}

static void requests_are_for_host_names_only(void **state)
{
	struct rig *r = *state;
	const struct slice good[] = {SLICE_INIT("a.example"), SLICE_INIT("*.b.example")}, bad[] = {SLICE_INIT("a.example"), SLICE_INIT("b\".example")};
	struct buf out = BUF_INIT(TLS_CSR_MAX);

	assert_int_equal(tls_key_request(r->key, good, 2, true, &out, NULL), 0);
	assert_true(slice_search(buf_slice(&out), SLICE("*.b.example")) >= 0);
	assert_int_not_equal(tls_key_request(r->key, bad, 2, false, &out, NULL), 0);
	assert_int_not_equal(tls_key_request(r->key, good, 0, false, &out, NULL), 0);
	buf_free(&out);
}

static struct slice part(struct slice json, const char *name, struct buf *out)
{
	struct slice rest = slice_from(json, (size_t)slice_search(json, slice_str(name)) + strlen(name));

	buf_clear(out);
	assert_int_equal(base64url_decode_strict(slice_sub(rest, 0, (size_t)slice_find(rest, '"')), out), 0);
	return buf_slice(out);
}

static void requests_of_acme_have_a_head_made_here(void **state)
{
	struct rig *r = *state;
	struct buf out = BUF_INIT(8192), text = BUF_INIT(4096), thumbprint = BUF_INIT(100);

	assert_int_equal(tls_key_acme(r->key, SLICE("nonce"), SLICE("https://ca/x"), SLICE("https://ca/acct/1"), SLICE("{}"), &out, NULL), 0);
	assert_true(slice_eq(part(buf_slice(&out), "\"protected\":\"", &text),
		SLICE("{\"alg\":\"ES256\",\"kid\":\"https://ca/acct/1\",\"nonce\":\"nonce\",\"url\":\"https://ca/x\"}")));
	assert_true(slice_eq(part(buf_slice(&out), "\"payload\":\"", &text), SLICE("{}")));
	assert_int_equal(part(buf_slice(&out), "\"signature\":\"", &text).n, 64);
	buf_clear(&out);
	assert_int_equal(tls_key_acme(r->key, SLICE("nonce"), SLICE("https://ca/x"), SLICE_NONE, SLICE_NONE, &out, NULL), 0);
	assert_true(slice_starts(part(buf_slice(&out), "\"protected\":\"", &text), SLICE("{\"alg\":\"ES256\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"")));
	assert_int_not_equal(tls_key_acme(r->key, SLICE("non\"ce"), SLICE("https://ca/x"), SLICE_NONE, SLICE_NONE, &out, NULL), 0);
	assert_int_equal(tls_key_thumbprint(r->key, &thumbprint, NULL), 0);
	assert_int_equal(buf_len(&thumbprint), 43);
	buf_free(&out);
	buf_free(&text);
	buf_free(&thumbprint);
}

static void only_profiles_are_signed(void **state)
{
	struct rig *r = *state;
	struct buf out = BUF_INIT(32768);

	assert_int_equal(tls_key_profile(r->key, buf_slice(&r->chain), SLICE(PROFILE), &out, NULL), 0);
	assert_true(slice_search(buf_slice(&out), SLICE(PROFILE)) > 0);
	assert_int_equal(tls_key_profile(r->key, buf_slice(&r->chain), SLICE("anything"), &out, NULL), ERR_DENIED);
	buf_free(&out);
}

static void a_challenge_has_its_name_and_digest(void **state)
{
	struct rig *r = *state;
	uint8_t digest[32] = {1, 2, 3};
	struct buf out = BUF_INIT(8192), pem = BUF_INIT(8192);
	struct chain chain;

	assert_int_equal(tls_key_alpn(r->key, SLICE("a.example"), digest, &out, NULL), 0);
	assert_int_equal(chain_read(buf_slice(&out), time(NULL), &r->arena, &chain, &pem, NULL), 0);
	assert_int_equal(chain.name_count, 1);
	assert_true(slice_eq(chain.names[0], SLICE("a.example")));
	buf_free(&out);
	buf_free(&pem);
}

static void chains_are_put_in_order(void **state)
{
	struct rig *r = *state;
	struct buf mixed = BUF_INIT(32768), first = BUF_INIT(32768), second = BUF_INIT(32768);
	struct chain a, b;
	int64_t now = time(NULL);

	buf_append(&mixed, buf_slice(&r->ca)); /* the root first, then leaf and root */
	buf_append(&mixed, buf_slice(&r->chain));
	assert_int_equal(chain_read(buf_slice(&r->chain), now, &r->arena, &a, &first, NULL), 0);
	assert_int_equal(chain_read(buf_slice(&mixed), now, &r->arena, &b, &second, NULL), 0);
	assert_true(slice_eq(buf_slice(&first), buf_slice(&second)));
	assert_true(buf_len(&first) < buf_len(&r->chain)); /* without the root */
	assert_int_equal(a.name_count, 2);
	assert_true(slice_eq(a.issuer, SLICE("Test")));
	assert_false(a.must_staple);
	assert_int_equal(chain_read(buf_slice(&r->chain), now + 21 * 86400, &r->arena, &a, &first, NULL), ERR_INVALID);
	assert_int_equal(chain_read(buf_slice(&r->ca), now, &r->arena, &a, &first, NULL), ERR_INVALID);
	assert_int_equal(chain_read(SLICE("no certificate"), now, &r->arena, &a, &first, NULL), ERR_INVALID);
	buf_free(&mixed);
	buf_free(&first);
	buf_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_survive_being_kept, start, stop),
		cmocka_unit_test_setup_teardown(requests_are_for_host_names_only, start, stop),
		cmocka_unit_test_setup_teardown(requests_of_acme_have_a_head_made_here, start, stop),
		cmocka_unit_test_setup_teardown(only_profiles_are_signed, start, stop),
		cmocka_unit_test_setup_teardown(a_challenge_has_its_name_and_digest, start, stop),
		cmocka_unit_test_setup_teardown(chains_are_put_in_order, start, stop),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
