#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/digest.h"
#include "factor/foreign.h"
#include "factor/import.h"
#include "factor/policy.h"

/* ---- policy ---- */

static const struct slice words[] = {SLICE_INIT("li.na@rosenbridge.example"), SLICE_INIT("Li Na"), SLICE_INIT("Procurement"),
	SLICE_INIT("Rosenbridge Shipping")};

static unsigned faults(const char *preset, const char *password)
{
	struct password_policy policy;
	assert_true(password_policy_preset(slice_str(preset), &policy));
	return password_check(&policy, slice_str(password), words, sizeof words / sizeof words[0], NULL, NULL);
}

static void test_the_preset_of_mlps_asks_for_all_classes(void **state)
{
	assert_int_equal(faults("mlps2", "Korb7!Laterne#Moos"), 0);
	assert_int_equal(faults("mlps2", "korb7!laterne#moos"), PASSWORD_CLASSES);
	assert_int_equal(faults("mlps2", "KORB7!LATERNE#MOOS"), PASSWORD_CLASSES);
	assert_int_equal(faults("mlps2", "Korb!Laterne#Moos"), PASSWORD_CLASSES);
	assert_int_equal(faults("mlps2", "Korb7Laterne9Moos"), PASSWORD_CLASSES);
	assert_int_equal(faults("mlps2", "K7!laMq#vzX"), PASSWORD_SHORT);
	assert_int_equal(faults("mlps2", ""), PASSWORD_SHORT | PASSWORD_CLASSES | PASSWORD_WEAK);
}

static void test_the_preset_of_nist_asks_for_length_and_effort_only(void **state)
{
	assert_int_equal(faults("nist", "korb laterne moos winkel"), 0);
	assert_int_equal(faults("nist", "passwordpassword"), PASSWORD_WEAK);
	assert_int_equal(faults("nist", "Winter2026!!"), PASSWORD_WEAK);
	/* Characters count, not bytes: eleven and twelve of three bytes each. */
	assert_int_equal(faults("nist", "墨竹松风夜雨江湖灯火人") & PASSWORD_SHORT, PASSWORD_SHORT);
	assert_int_equal(faults("nist", "墨竹松风夜雨江湖灯火人间") & PASSWORD_SHORT, 0);
	assert_int_equal(faults("nist", "korb laterne\nmoos winkel"), PASSWORD_CONTROL);
	assert_int_equal(faults("nist", "korb laterne \xff moos"), PASSWORD_CONTROL);
	assert_int_equal(faults("length", "passwordpassword"), 0);
}

static void test_words_of_the_organisation_are_guessed_first(void **state)
{
	struct slice password = SLICE("rosenbridgeprocurement");
	double with = password_bits(password, words, 4), without = password_bits(password, NULL, 0);
	assert_true(with < 20 && without > 30);
	assert_int_equal(faults("nist", "rosenbridgeprocurement"), PASSWORD_WEAK);
	/* Long ones are not worked on for ever: only the beginning counts. */
	char *text = malloc(1024);
	memset(text, 'a', 1024);
	assert_true(password_bits(slice_make(text, 1024), NULL, 0) < 28);
	free(text);
}

static void test_settings_only_tighten_a_preset(void **state)
{
	struct password_policy p, more = {.length_min = 8, .classes = PASSWORD_DIGIT, .history = 99, .age_max_ms = 1000, .bits_min = 50};
	unsigned class = 0;
	assert_true(password_policy_preset(SLICE("nist"), &p));
	password_policy_tighten(&p, &more);
	assert_int_equal(p.length_min, 12);
	assert_int_equal(p.classes, PASSWORD_DIGIT);
	assert_int_equal(p.history, POLICY_HISTORY_MAX);
	assert_int_equal(p.age_max_ms, 1000);
	assert_int_equal(p.bits_min, 50);
	more = (struct password_policy){.age_max_ms = 2000};
	password_policy_tighten(&p, &more);
	assert_int_equal(p.age_max_ms, 1000);
	assert_false(password_policy_preset(SLICE("none"), &p));
	assert_true(password_class_parse(SLICE("symbol"), &class));
	assert_int_equal(class, PASSWORD_SYMBOL);
	assert_false(password_class_parse(SLICE("emoji"), &class));
}

static void test_passwords_expire_by_age(void **state)
{
	struct password_policy p = {.age_max_ms = INT64_C(90) * 86400000};
	struct moment now = {.wall_ms = INT64_C(1700000000000)};
	assert_false(password_expired(&p, 1700000000, now));
	assert_false(password_expired(&p, 1700000000 - 90 * 86400 + 1, now));
	assert_true(password_expired(&p, 1700000000 - 90 * 86400, now));
	p.age_max_ms = 0;
	assert_false(password_expired(&p, 0, now));
}

static void test_people_are_told_everything_at_once(void **state)
{
	struct password_policy p;
	struct buf b = BUF_INIT(1000);
	assert_true(password_policy_preset(SLICE("mlps2"), &p));
	password_faults_text(&p, PASSWORD_SHORT | PASSWORD_CLASSES | PASSWORD_REUSED, &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("The new password must have at least 12 characters; must have an upper-case letter, "
		"a lower-case letter, a digit, a symbol; was used before.")));
	buf_free(&b);
}

/* ---- the list of breaches ---- */

#define LIST_LINES 3000

struct list_file {
	char *text;
	size_t size, reads;
	bool broken;
};

static ptrdiff_t read_text(void *arg, uint64_t offset, void *p, size_t n)
{
	struct list_file *f = arg;
	f->reads++;
	if (f->broken)
		return -1;
	if (offset >= f->size)
		return 0;
	n = n < f->size - offset ? n : f->size - offset;
	memcpy(p, f->text + offset, n);
	return (ptrdiff_t)n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The hashes of "breach 0" … in order; digits: how many are kept; counts as in the original. */
static struct list_file make_list(unsigned lines, unsigned digits, const char *end)
{
	struct list_file f = {.text = malloc((size_t)lines * 64 + 1)};
	char (*sorted)[41] = calloc(lines + 1, sizeof *sorted);
	for (unsigned i = 0; i < lines; i++) {
		char name[32];
		uint8_t hash[DIGEST_MAX];
		digest_compute(DIGEST_SHA1, slice_make(name, (size_t)snprintf(name, sizeof name, "breach %u", i)), hash);
		for (unsigned k = 0; k < 20; k++)
			(void)snprintf(sorted[i] + 2 * k, 3, "%02X", hash[k]);
		sorted[i][digits] = '\0';
	}
	qsort(sorted, lines, sizeof *sorted, by_text);
	for (unsigned i = 0; i < lines; i++)
		f.size += (size_t)snprintf(f.text + f.size, 64, "%s%s%s", sorted[i], i % 7 == 0 && digits == 40 ? ":1234567" : "", end);
	free(sorted);
	return f;
}

static void check_list(unsigned lines, unsigned digits, const char *end, bool cut_last_end)
{
	struct list_file f = make_list(lines, digits, end);
	struct breached_list list = {.read = read_text, .arg = &f, .size = f.size - (cut_last_end ? strlen(end) : 0)};
	char name[32];
	for (unsigned i = 0; i < lines; i++) {
		f.reads = 0;
		assert_int_equal(breached_find(&list, slice_make(name, (size_t)snprintf(name, sizeof name, "breach %u", i))), 1);
		assert_true(f.reads <= 24);
		assert_int_equal(breached_find(&list, slice_make(name, (size_t)snprintf(name, sizeof name, "fresh %u", i))), 0);
	}
	free(f.text);
}

static void test_every_line_of_a_list_is_found(void **state)
{
	check_list(LIST_LINES, 40, "\r\n", false);
	check_list(LIST_LINES, 40, "\n", true);
	check_list(500, 16, "\n", false);
	check_list(1, 40, "\n", false);
	check_list(2, 40, "\n", true);
}

static void test_a_damaged_list_refuses_nobody(void **state)
{
	struct list_file f = make_list(100, 40, "\n");
	struct breached_list list = {.read = read_text, .arg = &f, .size = f.size};
	struct password_policy p = {.length_min = 4};
	bool io = false;
	f.broken = true;
	assert_int_equal(breached_find(&list, SLICE("breach 5")), ERR_IO);
	assert_int_equal(password_check(&p, SLICE("breach 5"), NULL, 0, &list, &io), 0);
	assert_true(io);
	f.broken = false;
	assert_int_equal(password_check(&p, SLICE("breach 5"), NULL, 0, &list, &io), PASSWORD_BREACHED);
	assert_false(io);
	memset(f.text, 'A', f.size);
	assert_int_equal(breached_find(&list, SLICE("breach 5")), ERR_DAMAGED);
	memset(f.text, '\n', f.size);
	assert_int_equal(breached_find(&list, SLICE("breach 5")), ERR_DAMAGED);
	list.size = 0;
	assert_int_equal(breached_find(&list, SLICE("breach 5")), 0);
	free(f.text);
}

/* ---- hashes of other systems ---- */

static void test_foreign_hashes_are_verified(void **state)
{
	static const struct {
		const char *hash, *password;
	} vectors[] = {
		/* The text of the specification of SHA-crypt, bcrypt's own test, then hashes made with libxcrypt and Python. */
		{"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
		{"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"$6$rounds=10000$saltstringsalt$BSTDvHbi5pCXw1ECA5xmmAAG9WUarfkmYYJqgqsjnSmFo1Ain0kPrzcqKjDfGNaaQ4sn8NorH1ufMAPr3UK1k/",
			"Correct horse 42"},
		{"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$t7jpeTE1P9Kam17jCkA7kos8csb5RP1Ui1cQqitf8aC", "Correct horse 42"},
		{"$2b$05$abcdefghijklmnopqrstuugEJMs1Wl53cO.rjU5Fn7a2ULabVKwH.", "Correct horse 42"},
		{"{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuugEJMs1Wl53cO.rjU5Fn7a2ULabVKwH.", "Correct horse 42"},
		{"{SSHA}GrcjrVW+1Ym+eT5kH7bnmtqrGlNzYWx0", "Correct horse 42"},
		{"{SSHA512}PvxDIjMW217UoDoiqH5WM41XyFEOEWe3pAY/hBUtMfSXN6y1aGO0ahe0MQgLfMF3CGZ2NLl0MZl9mBU9JeG1G3NhbHRzYWx0",
			"Correct horse 42"},
	};
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		assert_int_equal(foreign_check(slice_str(vectors[i].hash)), 0);
		assert_int_equal(foreign_verify(slice_str(vectors[i].hash), slice_str(vectors[i].password)), 0);
		assert_int_equal(foreign_verify(slice_str(vectors[i].hash), SLICE("correct horse 42")), ERR_DENIED);
		assert_int_equal(foreign_verify(slice_str(vectors[i].hash), SLICE("Correct horse 42\0x")), ERR_DENIED);
		assert_int_equal(foreign_verify(slice_str(vectors[i].hash), SLICE_NONE), ERR_DENIED);
	}
}

static void test_foreign_hashes_that_are_refused(void **state)
{
	static const struct {
		const char *hash;
		int rc;
	} cases[] = {
		{"", ERR_UNSUPPORTED},
		{"*", ERR_UNSUPPORTED},
		{"!", ERR_UNSUPPORTED},
		{"plain text", ERR_UNSUPPORTED},
		{"{PLAIN}secret", ERR_UNSUPPORTED},
		{"$1$salt$hash", ERR_UNSUPPORTED},
		{"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", ERR_UNSUPPORTED},
		{"$6$salt", ERR_INVALID},
		{"$6$rounds=x$salt$hash", ERR_INVALID},
		{"$6$rounds=999999999$salt$hash", ERR_LIMIT},
		{"$6$salt$ha:sh", ERR_INVALID},
		{"$2b$31$abcdefghijklmnopqrstuugEJMs1Wl53cO.rjU5Fn7a2ULabVKwH.", ERR_LIMIT},
		{"$2b$05$short", ERR_INVALID},
		{"$y$jFT$F5Jx5fExrKuPp53xLKQ..1$t7jpeTE1P9Kam17jCkA7kos8csb5RP1Ui1cQqitf8aC", ERR_LIMIT},
		{"$y$j9T/$salt$hash", ERR_UNSUPPORTED},
		{"{SSHA}AAAA", ERR_INVALID},
		{"{SSHA}not base64!", ERR_INVALID},
	};
	char *large = calloc(1, FOREIGN_HASH_MAX + 10);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(foreign_check(slice_str(cases[i].hash)), cases[i].rc);
	memcpy(large, "$6$", 3);
	memset(large + 3, 'a', FOREIGN_HASH_MAX);
	assert_int_equal(foreign_check(slice_str(large)), ERR_LIMIT);
	free(large);
}

/* ---- lines of an import ---- */

static int heading_of(const char *heading, struct arena *arena, struct import_columns *ret, struct error *err)
{
	return import_heading(slice_str(heading), arena, ret, err);
}

static void test_csv_and_json_give_the_same_user(void **state)
{
	struct arena arena = ARENA_INIT;
	struct import_columns columns;
	struct import_user a, b;
	assert_int_equal(heading_of("\xef\xbb\xbf""address,Name,quota,password_hash\r", &arena, &columns, NULL), 0);
	assert_int_equal(import_line(SLICE("li@example.org,\"Li, \"\"Na\"\"\",1073741824,$6$a$b\r"), &columns, &arena, &a, NULL), 0);
	assert_int_equal(heading_of("{\"address\":\"x@example.org\"}", &arena, &columns, NULL), 0);
	assert_int_equal(columns.count, 0);
	assert_int_equal(import_line(SLICE("{\"address\":\"li@example.org\",\"name\":\"Li, \\\"Na\\\"\",\"quota\":1073741824,"
		"\"password_hash\":\"$6$a$b\",\"department\":null}"), &columns, &arena, &b, NULL), 0);
	for (unsigned i = 0; i < IMPORT_FIELD_COUNT; i++)
		assert_true(slice_eq(a.fields[i], b.fields[i]));
	assert_true(slice_eq(a.fields[IMPORT_NAME], SLICE("Li, \"Na\"")));
	assert_int_equal(a.quota, 1073741824);
	assert_int_equal(b.quota, 1073741824);
	arena_free(&arena);
}

static void test_bad_lines_say_what_is_wrong(void **state)
{
	static const struct {
		const char *heading, *line, *why;
	} cases[] = {
		{"address,colour", NULL, "unknown column \"colour\""},
		{"name,quota", NULL, "no column address"},
		{"address,name,name", NULL, "column name twice"},
		{"address,name", "a@b", "1 fields instead of 2"},
		{"address,name", "a@b,\"open", "the quotes of field 2 are not right"},
		{"address,name", "a@b,\"x\"y", "the quotes of field 2 are not right"},
		{"address,name", "a@b,x\"y", "the quotes of field 2 are not right"},
		{"address,name", ",Ann", "no address"},
		{"address,name", "a@b,x\ty", "name has control characters or is not UTF-8"},
		{"address,quota", "a@b,-5", "quota is no number of bytes"},
		{"{}", "[1]", "no JSON object"},
		{"{}", "{\"address\":5}", "address is no text"},
		{"{}", "{\"address\":\"a@b\",\"role\":\"officer\"}", "unknown member \"role\""},
		{"{}", "{\"address\":\"a@b\",\"address\":\"c@d\"}", "no JSON object"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct error err = {0};
		struct import_columns columns;
		struct import_user user;
		int rc = heading_of(cases[i].heading, &arena, &columns, &err);
		if (cases[i].line != NULL) {
			assert_int_equal(rc, 0);
			rc = import_line(slice_str(cases[i].line), &columns, &arena, &user, &err);
		}
		assert_int_equal(rc, ERR_INVALID);
		assert_string_equal(err.private_text, cases[i].why);
		arena_free(&arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_preset_of_mlps_asks_for_all_classes),
		cmocka_unit_test(test_the_preset_of_nist_asks_for_length_and_effort_only),
		cmocka_unit_test(test_words_of_the_organisation_are_guessed_first),
		cmocka_unit_test(test_settings_only_tighten_a_preset),
		cmocka_unit_test(test_passwords_expire_by_age),
		cmocka_unit_test(test_people_are_told_everything_at_once),
		cmocka_unit_test(test_every_line_of_a_list_is_found),
		cmocka_unit_test(test_a_damaged_list_refuses_nobody),
		cmocka_unit_test(test_foreign_hashes_are_verified),
		cmocka_unit_test(test_foreign_hashes_that_are_refused),
		cmocka_unit_test(test_csv_and_json_give_the_same_user),
		cmocka_unit_test(test_bad_lines_say_what_is_wrong),
	};
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
