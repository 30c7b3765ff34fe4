#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/directory.h"
#include "auth/keystore.h"
#include "auth/keystore_ca.h"
#include "crypt/crypt.h"

#define AGE KEYSTORE_EPOCH_AGE_MS

static const uint8_t master[32] = {1}, other_master[32] = {2};

static int setup(void **state)
{
	static char path[64];
	(void)snprintf(path, sizeof path, "/tmp/letterlock-keys-XXXXXX");
	*state = path;
	return mkdtemp(path) != NULL ? 0 : -1;
}

static const char *file_in(const char *dir, const char *name)
{
	static char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static int teardown(void **state)
{
	static const char *const files[] = {"organisation", "epoch-1", "epoch-2", "epoch-3", "epoch-4", "epoch-5", "directory.db", "directory.db-wal",
		"directory.db-shm"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(file_in(*state, files[i]));
	return rmdir(*state);
}

static struct keystore *open_store(const char *dir, bool expect_created)
{
	struct keystore *ks = NULL;
	struct error err = {0};
	bool created;
	assert_int_equal(keystore_open(dir, master, 1000, &created, &ks, &err), 0);
	assert_int_equal(created, expect_created);
	return ks;
}

static void test_keys_are_made_once(void **state)
{
	uint8_t pepper[32];
	struct keystore *ks = open_store(*state, true);
	memcpy(pepper, keystore_key(ks, SLICE("pepper")), 32);
	assert_memory_not_equal(pepper, keystore_key(ks, SLICE("managed")), 32);
	assert_null(keystore_key(ks, SLICE("unknown")));
	keystore_close(&ks);
	ks = open_store(*state, false);
	assert_memory_equal(pepper, keystore_key(ks, SLICE("pepper")), 32);
	keystore_close(&ks);
}

static void test_another_master_key_opens_nothing(void **state)
{
	struct keystore *ks = open_store(*state, true), *no = NULL;
	struct error err = {0};
	bool created;
	keystore_close(&ks);
	assert_int_equal(keystore_open(*state, other_master, 1000, &created, &no, &err), ERR_DAMAGED);
	assert_null(no);
}

static void test_a_lost_organisation_file_is_not_made_anew(void **state)
{
	struct keystore *ks = open_store(*state, true), *no = NULL;
	struct error err = {0};
	bool created;
	keystore_close(&ks);
	assert_int_equal(unlink(file_in(*state, "organisation")), 0);
	assert_int_equal(keystore_open(*state, master, 1000, &created, &no, &err), ERR_DAMAGED);
}

static void test_a_file_under_another_name_does_not_open(void **state)
{
	struct keystore *ks = open_store(*state, true), *no = NULL;
	struct error err = {0};
	char from[128], to[128];
	bool created;
	keystore_close(&ks);
	(void)snprintf(from, sizeof from, "%s/epoch-1", (char *)*state);
	(void)snprintf(to, sizeof to, "%s/epoch-3", (char *)*state);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(keystore_open(*state, master, 1000, &created, &no, &err), ERR_DAMAGED);
}

static void test_an_epoch_of_the_future_does_not_last_until_then(void **state)
{
	struct keystore *ks = open_store(*state, true);
	struct error err = {0};
	uint32_t ahead, after;
	uint8_t pub[32];
	assert_int_equal(keystore_epoch(ks, true, 1000 + 24 * AGE, &ahead, pub, &err), 0);
	assert_int_equal(keystore_epoch(ks, true, 1000 + AGE, &after, pub, &err), 0);
	assert_int_equal(after, ahead + 1);
	assert_int_equal(keystore_epoch(ks, true, 1000 + AGE, &after, pub, &err), 0);
	assert_int_equal(after, ahead + 1);
	keystore_close(&ks);
}

static void test_epochs_change_by_age_and_are_destroyed(void **state)
{
	struct keystore *ks = open_store(*state, true);
	struct error err = {0};
	uint32_t first, second, dropped;
	uint8_t a[32], b[32], pub[32];
	const uint8_t *secret;
	assert_int_equal(keystore_epoch(ks, true, 1000 + AGE - 1, &first, a, &err), 0);
	assert_int_equal(keystore_epoch(ks, false, 1000 + AGE, &second, b, &err), 0);
	assert_int_equal(first, second);
	assert_int_equal(keystore_epoch(ks, true, 1000 + AGE, &second, b, &err), 0);
	assert_int_equal(second, first + 1);
	assert_memory_not_equal(a, b, 32);
	keystore_close(&ks);
	ks = open_store(*state, false);
	assert_true(keystore_epoch_pair(ks, first, pub, &secret));
	assert_memory_equal(pub, a, 32);
	assert_int_equal(keystore_epoch_drop(ks, 0, 100, &dropped, &err), 0);
	assert_int_equal(dropped, 1);
	assert_false(keystore_epoch_pair(ks, first, pub, &secret));
	assert_true(keystore_epoch_pair(ks, second, pub, &secret));
	assert_int_not_equal(access(file_in(*state, "epoch-1"), F_OK), 0);
	assert_int_equal(keystore_epoch_drop(ks, 0, 100, &dropped, &err), 0);
	assert_int_equal(dropped, 0);
	keystore_close(&ks);
}

static void test_an_epoch_in_use_outlives_younger_ones(void **state)
{
	struct keystore *ks = open_store(*state, true);
	struct error err = {0};
	uint32_t number, dropped;
	uint8_t pub[32];
	const uint8_t *secret;
	for (int i = 1; i <= 4; i++)
		assert_int_equal(keystore_epoch(ks, true, 1000 + i * AGE, &number, pub, &err), 0);
	assert_int_equal(number, 5);
	assert_int_equal(keystore_epoch_drop(ks, 0, 2, &dropped, &err), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(keystore_epoch_drop(ks, 3, 5, &dropped, &err), 0);
	assert_int_equal(dropped, 2);
	assert_true(keystore_epoch_pair(ks, 2, pub, &secret));
	assert_false(keystore_epoch_pair(ks, 4, pub, &secret));
	assert_true(keystore_epoch_pair(ks, 5, pub, &secret));
	keystore_close(&ks);
}

static void test_directory_file_opens_with_its_key_only(void **state)
{
	struct directory *d = NULL;
	struct error err = {0};
	const char *path = file_in(*state, "directory.db");
	struct directory_domain domain = {.name = SLICE("findable.example")};
	struct arena arena = ARENA_INIT;
	uint32_t value = 0;
	assert_int_equal(directory_open(path, master, &d, &err), 0);
	assert_int_equal(directory_begin(d, &err), 0);
	assert_int_equal(directory_domain_add(d, &domain, &err), 0);
	assert_int_equal(directory_setting_set_u32(d, "x", 7, &err), 0);
	assert_int_equal(directory_commit(d, &err), 0);
	assert_int_equal(directory_begin(d, &err), 0);
	assert_int_equal(directory_setting_set_u32(d, "x", 8, &err), 0);
	directory_rollback(d);
	directory_close(&d);
	assert_int_equal(directory_open(path, other_master, &d, &err), ERR_DAMAGED);
	assert_int_equal(directory_open(path, master, &d, &err), 0);
	assert_int_equal(directory_domain_get(d, SLICE("findable.example"), &arena, &domain), 0);
	assert_int_equal(directory_setting_u32(d, "x", &value), 0);
	assert_int_equal(value, 7);
	directory_close(&d);
	arena_free(&arena);
}

static void test_a_key_of_an_authority_is_kept_sealed_and_destroyed(void **state)
{
	struct keystore *ks = open_store(*state, true);
	struct keystore_ca made = KEYSTORE_CA_INIT, loaded = KEYSTORE_CA_INIT, none = KEYSTORE_CA_INIT;
	struct mail_ca_authority what = {SLICE("Example"), SLICE("root"), SLICE_NONE, 1700000000, 1800000000};
	uint8_t id[16], other[16] = {1};
	made.kind = KEYSTORE_CA_ROOT;
	assert_int_equal(mail_ca_key_generate(MAIL_CA_P256, &made.key, NULL), 0);
	assert_int_equal(mail_ca_root(made.key, &what, &made.certificate, NULL), 0);
	assert_int_equal(keystore_ca_keep(ks, &made, id, NULL), 0);
	assert_int_equal(keystore_ca_load(ks, id, &loaded, NULL), 0);
	assert_int_equal(loaded.kind, KEYSTORE_CA_ROOT);
	assert_true(slice_eq(buf_slice(&loaded.certificate), buf_slice(&made.certificate)));
	assert_int_equal(keystore_ca_load(ks, other, &none, NULL), ERR_NOT_FOUND);
	assert_int_equal(keystore_ca_drop(ks, id, NULL), 0);
	assert_int_equal(keystore_ca_load(ks, id, &none, NULL), ERR_NOT_FOUND);
	keystore_ca_free(&made);
	keystore_ca_free(&loaded);
	keystore_ca_free(&none);
	keystore_close(&ks);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keys_are_made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_master_key_opens_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_lost_organisation_file_is_not_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_under_another_name_does_not_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_epoch_of_the_future_does_not_last_until_then, setup, teardown),
		cmocka_unit_test_setup_teardown(test_epochs_change_by_age_and_are_destroyed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_epoch_in_use_outlives_younger_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_key_of_an_authority_is_kept_sealed_and_destroyed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_file_opens_with_its_key_only, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
