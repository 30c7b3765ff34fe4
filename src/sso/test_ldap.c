#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/ldap_filter.h"
#include "sso/ldap_plan.h"
#include "sso/ldap_starttls.h"

static const char *filter(const char *template, struct slice name)
{
	static char text[LDAP_FILTER_MAX + 1];
	struct buf b = BUF_INIT(LDAP_FILTER_MAX);
	int rc = ldap_filter_make(slice_str(template), name, &b);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&b)));
	buf_free(&b);
	return rc == 0 ? text : NULL;
}

static void test_names_are_escaped_in_filters(void **state)
{
	assert_string_equal(filter("(mail=%s)", SLICE("ann@example.org")), "(mail=ann@example.org)");
	assert_string_equal(filter("(&(uid=%u)(dc=%d))", SLICE("ann@x@example.org")), "(&(uid=ann@x)(dc=example.org))");
	assert_string_equal(filter("(mail=%s)", SLICE("*)(uid=*))(|(uid=*")), "(mail=\\2a\\29\\28uid\\3d\\2a\\29\\29\\28\\7c\\28uid\\3d\\2a)");
	assert_string_equal(filter("(cn=%s)", SLICE("a\\b\xc3\xa4")), "(cn=a\\5cb\\c3\\a4)");
	assert_string_equal(filter("(x=%%%u)", SLICE("ann")), "(x=%ann)");
}

static void test_unusable_names_make_no_filter(void **state)
{
	char longer[LDAP_NAME_MAX + 1];
	memset(longer, 'a', sizeof longer);
	assert_null(filter("(mail=%s)", SLICE_NONE));
	assert_null(filter("(mail=%s)", slice_make("a\0b", 3)));
	assert_null(filter("(mail=%s)", slice_make(longer, sizeof longer)));
	assert_null(filter("(mail=%x)", SLICE("ann")));
	assert_null(filter("(mail=%", SLICE("ann")));
}

static void fold_is(const char *dn, const char *wanted)
{
	struct buf b = BUF_INIT(LDAP_DN_MAX);
	ldap_name_fold(slice_str(dn), &b);
	assert_true(slice_eq(buf_slice(&b), slice_str(wanted)));
	buf_free(&b);
}

static void test_names_fold_alike(void **state)
{
	fold_is("CN=Ann Lee, OU=Sales ,DC = example", "cn=ann lee,ou=sales,dc=example");
	fold_is("cn=ann lee,ou=sales,dc=example", "cn=ann lee,ou=sales,dc=example");
	fold_is("CN=Lee\\, Ann,OU=x", "cn=lee\\, ann,ou=x");
	fold_is("", "");
}

#define VALUES(...) (const struct slice[]){__VA_ARGS__}, ARRAY_LEN(((const struct slice[]){__VA_ARGS__}))

static int map_person(const struct ldap_attribute *extra, size_t count, const struct ldap_mapping *m, struct arena *arena,
	struct ldap_record *ret)
{
	struct ldap_attribute all[12] = {
		{SLICE("entryuuid"), VALUES(SLICE("u-1"))}, {SLICE("objectGUID"), VALUES(SLICE("0123456789abcdef"))},
		{SLICE("MAIL"), VALUES(SLICE("Ann@example.org"))}, {SLICE("cn"), VALUES(SLICE("Ann\nLee"))},
	};
	memcpy(all + 4, extra, count * sizeof *extra);
	struct ldap_entry entry = {SLICE("CN=Ann,DC=x"), all, 4 + count};
	return ldap_map(&entry, LDAP_PERSON, m, arena, ret);
}

static bool disabled(const struct ldap_attribute *extra, bool active_directory, const char *rule)
{
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	struct ldap_mapping m = {.active_directory = active_directory, .disabled = slice_str(rule), .now = 1790000000};
	assert_int_equal(map_person(extra, 1, &m, &arena, &r), 0);
	arena_free(&arena);
	return r.disabled;
}

static void test_a_person_is_mapped(void **state)
{
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	struct ldap_mapping m = {0};
	const struct ldap_attribute extra[] = {
		{SLICE("proxyAddresses"), VALUES(SLICE("SMTP:ann@example.org"), SLICE("smtp:a.lee@example.org"), SLICE("x500:/o=x"),
			SLICE("smtp:no address"))},
		{SLICE("ou"), VALUES(SLICE("Sales"))},
	};
	assert_int_equal(map_person(extra, 2, &m, &arena, &r), 0);
	assert_true(slice_eq(r.key, SLICE("u-1")) && slice_eq(r.mail, SLICE("Ann@example.org")) && slice_eq(r.name, SLICE("Ann Lee")));
	assert_true(slice_eq(r.department, SLICE("Sales")) && slice_eq(r.dn, SLICE("cn=ann,dc=x")) && !r.disabled);
	assert_int_equal(r.alias_count, 1);
	assert_true(slice_eq(r.aliases[0], SLICE("a.lee@example.org")));
	m.active_directory = true;
	assert_int_equal(map_person(extra, 2, &m, &arena, &r), 0);
	assert_true(slice_eq(r.key, SLICE("0123456789abcdef")));
	arena_free(&arena);
}

static void test_entries_without_key_or_mail(void **state)
{
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	struct ldap_mapping m = {0};
	struct ldap_attribute a[] = {{SLICE("mail"), VALUES(SLICE("a@b"))}, {SLICE("entryUUID"), VALUES(SLICE("k"))}};
	struct ldap_entry no_key = {SLICE("cn=a"), a, 1}, no_mail = {SLICE("cn=a"), a + 1, 1}, no_dn = {SLICE_NONE, a, 2};
	assert_int_equal(ldap_map(&no_key, LDAP_PERSON, &m, &arena, &r), ERR_INVALID);
	assert_int_equal(ldap_map(&no_mail, LDAP_PERSON, &m, &arena, &r), ERR_NOT_FOUND);
	assert_int_equal(ldap_map(&no_mail, LDAP_GROUP, &m, &arena, &r), 0);
	assert_int_equal(ldap_map(&no_dn, LDAP_PERSON, &m, &arena, &r), ERR_INVALID);
	arena_free(&arena);
}

static void test_disabled_accounts_are_seen(void **state)
{
	const struct ldap_attribute off = {SLICE("userAccountControl"), VALUES(SLICE("514"))}, on = {SLICE("userAccountControl"),
		VALUES(SLICE("512"))},
		odd = {SLICE("userAccountControl"), VALUES(SLICE("-2"))}, past = {SLICE("accountExpires"), VALUES(SLICE("132000000000000000"))},
		never = {SLICE("accountExpires"), VALUES(SLICE("9223372036854775807"))}, later = {SLICE("accountExpires"),
			VALUES(SLICE("140000000000000000"))},
		locked = {SLICE("pwdAccountLockedTime"), VALUES(SLICE("000001010000Z"))}, ns = {SLICE("nsaccountlock"), VALUES(SLICE("TRUE"))},
		shell = {SLICE("employeeType"), VALUES(SLICE("Left"))};
	assert_true(disabled(&off, true, ""));
	assert_false(disabled(&on, true, ""));
	assert_true(disabled(&odd, true, ""));
	assert_false(disabled(&off, false, ""));
	assert_true(disabled(&past, true, ""));
	assert_false(disabled(&never, true, ""));
	assert_false(disabled(&later, true, ""));
	assert_true(disabled(&locked, false, ""));
	assert_true(disabled(&ns, false, ""));
	assert_true(disabled(&shell, false, "employeeType=left"));
	assert_false(disabled(&shell, false, "employeeType=active"));
	assert_true(disabled(&shell, false, "employeeType"));
}

static void test_records_survive_the_wire(void **state)
{
	struct arena arena = ARENA_INIT;
	struct slice list[] = {SLICE("cn=a"), SLICE("cn=b")};
	struct ldap_record g = {.kind = LDAP_GROUP, .key = SLICE("k"), .dn = SLICE("cn=g"), .mail = SLICE("g@x"), .members = list,
		.member_count = 2}, r;
	struct buf b = BUF_INIT(1000);
	ldap_record_write(&g, &b);
	struct slice data = buf_slice(&b);
	assert_int_equal(ldap_record_read(&data, &arena, &r), 0);
	assert_int_equal(data.n, 0);
	assert_int_equal(r.member_count, 2);
	assert_true(r.kind == LDAP_GROUP && slice_eq(r.members[1], SLICE("cn=b")) && slice_eq(r.mail, SLICE("g@x")));
	for (size_t n = 0; n < buf_len(&b); n++) {
		data = slice_sub(buf_slice(&b), 0, n);
		assert_int_equal(ldap_record_read(&data, &arena, &r), ERR_INVALID);
	}
	buf_free(&b);
	arena_free(&arena);
}

#define PERSON(k, m, ...) {.kind = LDAP_PERSON, .key = SLICE_INIT(k), .dn = SLICE_INIT("cn=" k), .mail = SLICE_INIT(m), .name = SLICE_INIT("N"), __VA_ARGS__}
#define KNOWN(k, m, ...) {.key = SLICE_INIT(k), .address = SLICE_INIT(m), .name = SLICE_INIT("N"), __VA_ARGS__}

static void test_a_plan_says_who_changed(void **state)
{
	static const struct ldap_record records[] = {
		PERSON("1", "a@x"), PERSON("2", "B@x"), PERSON("3", "c@x", .disabled = true), PERSON("4", "d@x"), PERSON("5", "moved@x"),
		PERSON("6", "new@x", .disabled = true), PERSON("7", "byhand@x"), PERSON("1", "again@x"),
	};
	static const struct ldap_known known[] = {
		KNOWN("2", "b@x", .active = true), KNOWN("3", "c@x", .active = true), KNOWN("4", "d@x", .disabled_here = true),
		KNOWN("5", "e@x", .active = true), KNOWN("7", "byhand@x"), KNOWN("8", "gone@x", .active = true), KNOWN("9", "old@x"),
	};
	struct arena arena = ARENA_INIT;
	struct ldap_plan p;
	ldap_plan_make(records, ARRAY_LEN(records), known, ARRAY_LEN(known), &arena, &p);
	assert_int_equal(p.count, 5);
	assert_int_equal(p.doubled, 1);
	assert_int_equal(p.active, 4);
	assert_int_equal(p.counts[LDAP_ADD], 1);
	assert_int_equal(p.counts[LDAP_DISABLE], 1);
	assert_int_equal(p.counts[LDAP_ENABLE], 1);
	assert_int_equal(p.counts[LDAP_CHANGE], 1);
	assert_int_equal(p.counts[LDAP_GONE], 1);
	assert_true(slice_eq(p.steps[4].known->address, SLICE("gone@x")));
	arena_free(&arena);
}

static void test_too_many_leavers_stop(void **state)
{
	struct ldap_plan p = {.active = 100};
	p.counts[LDAP_GONE] = 5;
	assert_false(ldap_plan_too_many_gone(&p, LDAP_VANISH_PERCENT));
	p.counts[LDAP_GONE] = 6;
	assert_true(ldap_plan_too_many_gone(&p, LDAP_VANISH_PERCENT));
	assert_false(ldap_plan_too_many_gone(&p, 100));
	p = (struct ldap_plan){.active = 3};
	assert_false(ldap_plan_too_many_gone(&p, LDAP_VANISH_PERCENT));
	p.counts[LDAP_GONE] = 1;
	assert_true(ldap_plan_too_many_gone(&p, LDAP_VANISH_PERCENT));
}

static void test_nested_groups_with_a_cycle(void **state)
{
	static struct slice all[] = {SLICE_INIT("cn=inner"), SLICE_INIT("cn=1"), SLICE_INIT("cn=nobody")},
		inner[] = {SLICE_INIT("cn=2"), SLICE_INIT("cn=all"), SLICE_INIT("cn=1"), SLICE_INIT("cn=inner")};
	static const struct ldap_record records[] = {
		PERSON("1", "a@x"), PERSON("2", "b@x"),
		{.kind = LDAP_GROUP, .key = SLICE_INIT("g1"), .dn = SLICE_INIT("cn=all"), .members = all, .member_count = 3},
		{.kind = LDAP_GROUP, .key = SLICE_INIT("g2"), .dn = SLICE_INIT("cn=inner"), .members = inner, .member_count = 4},
	};
	const struct ldap_record *people[4];
	struct ldap_tree *tree = ldap_tree_create(records, ARRAY_LEN(records));
	bool cut;
	assert_int_equal(ldap_tree_people(tree, &records[2], people, 4, &cut), 2);
	assert_false(cut);
	assert_int_equal(ldap_tree_people(tree, &records[3], people, 4, &cut), 2);
	assert_int_equal(ldap_tree_people(tree, &records[3], people, 1, &cut), 1);
	assert_true(cut);
	ldap_tree_free(&tree);
}

static void test_depth_of_groups_is_bounded(void **state)
{
	enum { DEPTH = LDAP_GROUP_DEPTH_MAX + 2 };
	static char names[DEPTH][16];
	static struct slice members[DEPTH];
	static struct ldap_record records[DEPTH];
	const struct ldap_record *people[1];
	bool cut;
	for (size_t i = 0; i < DEPTH; i++) {
		snprintf(names[i], sizeof names[i], "cn=%zu", i + 1);
		members[i] = slice_str(names[i]);
		snprintf(names[i], sizeof names[i], "cn=%zu", i + 1);
	}
	for (size_t i = 0; i < DEPTH; i++)
		records[i] = (struct ldap_record){.kind = LDAP_GROUP, .key = members[i], .dn = i == 0 ? SLICE("cn=0") : members[i - 1],
		                                  .members = &members[i], .member_count = 1};
	struct ldap_tree *tree = ldap_tree_create(records, DEPTH);
	assert_int_equal(ldap_tree_people(tree, &records[0], people, 1, &cut), 0);
	assert_true(cut);
	ldap_tree_free(&tree);
}

/* ---- StartTLS ---- */

static int starttls(const char *bytes, size_t n)
{
	struct error err = {0};
	return ldap_starttls_answer(slice_make(bytes, n), &err);
}
#define STARTTLS(bytes) starttls(bytes, sizeof(bytes) - 1)

static void test_starttls_asks_by_its_name(void **state)
{
	struct buf b = BUF_INIT(100);
	ldap_starttls_request(&b);
	struct slice want = SLICE("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037");
	assert_true(slice_eq(buf_slice(&b), want));
	buf_free(&b);
}

static void test_only_success_alone_begins_the_handshake(void **state)
{
	static const char good[] = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
	for (size_t n = 0; n < sizeof good - 1; n++)
		assert_int_equal(starttls(good, n), 1);
	assert_int_equal(STARTTLS(good), 0);
	/* Microsoft's lengths, and a name and text behind the result. */
	assert_int_equal(STARTTLS("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00"), 0);
	assert_int_equal(STARTTLS("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), ERR_DENIED);
	/* Bytes that somebody put behind it would be read as if they had come under TLS. */
	assert_int_equal(STARTTLS("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30"), ERR_INVALID);
	assert_int_equal(STARTTLS("\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), ERR_INVALID);
	assert_int_equal(STARTTLS("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"), ERR_INVALID);
	assert_int_equal(STARTTLS("\x30\x84\x7f\xff\xff\xff\x02"), ERR_INVALID);
	assert_int_equal(STARTTLS("\x30\x80\x02\x01\x01"), ERR_INVALID);
	assert_int_equal(STARTTLS("H"), ERR_INVALID);
	assert_int_equal(STARTTLS("\x30\x02\x05\x00"), ERR_INVALID);
}

int main(void)
{
	crypt_init();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starttls_asks_by_its_name),
		cmocka_unit_test(test_only_success_alone_begins_the_handshake),
		cmocka_unit_test(test_names_are_escaped_in_filters), cmocka_unit_test(test_unusable_names_make_no_filter),
		cmocka_unit_test(test_names_fold_alike), cmocka_unit_test(test_a_person_is_mapped), cmocka_unit_test(test_entries_without_key_or_mail),
		cmocka_unit_test(test_disabled_accounts_are_seen), cmocka_unit_test(test_records_survive_the_wire),
		cmocka_unit_test(test_a_plan_says_who_changed), cmocka_unit_test(test_too_many_leavers_stop),
		cmocka_unit_test(test_nested_groups_with_a_cycle), cmocka_unit_test(test_depth_of_groups_is_bounded),
	};
	return cmocka_run_group_tests_name("ldap", tests, NULL, NULL);
}
