/* Contacts (RFC 9610). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "jmap/mail_rig.h"

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int setup(void **state)
{
	struct mail_rig *r = memory_alloc(sizeof *r);

	mail_rig_start(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	mail_rig_stop(*state);
	memory_free(*state);
	return 0;
}

#define CARD(name, mail) "{'addressBookIds': {'personal': true}, 'name': {'full': '" name "'}, 'emails': {'e': {'address': '" mail "'}}}"

/* Makes one card; its id, static. */
static const char *add(struct mail_rig *r, const char *card)
{
	static char ids[8][64];
	static unsigned at;
	char *id = ids[at++ % 8];
	const json_t *answer = mail_rig_ask(r, "ContactCard/set", "{'create': {'k': %s}}", card);

	snprintf(id, sizeof ids[0], "%s", mail_rig_text(answer, "created/k/id"));
	assert_int_equal(id[0], 'C');
	return id;
}

static size_t found(struct mail_rig *r, const char *filter)
{
	return json_array_size(mail_rig_at(mail_rig_ask(r, "ContactCard/query", "{'filter': %s}", filter), "ids"));
}

static void test_a_card_comes_back_as_it_was_given(void **state)
{
	struct mail_rig *r = *state;
	const char *id = add(r, "{'addressBookIds': {'personal': true}, 'name': {'components': [{'kind': 'surname', 'value': '张'}, {'kind': 'given', 'value': '伟'}],"
		" 'defaultSeparator': '', 'isOrdered': true}, 'x.example:own': {'a': [1]}, 'phones': {'p': {'number': '+86 21'}}}");
	const json_t *got = mail_rig_ask(r, "ContactCard/get", "{'ids': ['%s', 'Cnone']}", id);

	assert_string_equal(mail_rig_text(got, "list/0/name/components/0/value"), "张");
	assert_string_equal(mail_rig_text(got, "list/0/@type"), "Card");
	assert_string_equal(mail_rig_text(got, "notFound/0"), "Cnone");
	assert_int_equal(strncmp(mail_rig_text(got, "list/0/uid"), "urn:uuid:", 9), 0);
	assert_int_equal(json_integer_value(mail_rig_at(got, "list/0/x.example:own/a/0")), 1);
	got = mail_rig_ask(r, "ContactCard/get", "{'ids': ['%s'], 'properties': ['letterlock.org:index']}", id);
	assert_non_null(strstr(mail_rig_text(got, "list/0/letterlock.org:index"), "zhangwei"));
	assert_null(mail_rig_at(got, "list/0/name"));
}

static void test_cards_are_found(void **state)
{
	struct mail_rig *r = *state;

	add(r, CARD("张伟", "w.zhang@a.cn"));
	add(r, CARD("Anna Schmidt", "anna@b.de"));
	assert_int_equal(found(r, "{'text': 'zw'}"), 1);
	assert_int_equal(found(r, "{'text': 'SCHMI'}"), 1);
	assert_int_equal(found(r, "{'email': 'a.cn'}"), 1);
	assert_int_equal(found(r, "{'kind': 'individual'}"), 2);
	assert_int_equal(found(r, "{'kind': 'group'}"), 0);
	assert_int_equal(found(r, "{'operator': 'NOT', 'conditions': [{'name': 'anna'}]}"), 1);
	assert_int_equal(found(r, "{'inAddressBook': 'elsewhere'}"), 0);
	assert_int_equal(found(r, "{'createdAfter': '1970-01-01T00:00:00Z', 'inAddressBook': 'personal'}"), 2);
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/query", "{'filter': {'shoe': '9'}}"), "type"), "unsupportedFilter");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/query", "{'filter': {'createdAfter': 'soon'}}"), "type"), "invalidArguments");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/queryChanges", "{'sinceQueryState': '0-0'}"), "type"), "cannotCalculateChanges");
}

static void test_lists_sort_by_how_names_are_read(void **state)
{
	struct mail_rig *r = *state;
	char zhang[64], li[64];
	const json_t *got;

	snprintf(zhang, sizeof zhang, "%s", add(r, CARD("张伟", "z@a.cn")));
	snprintf(li, sizeof li, "%s", add(r, CARD("李娜", "l@a.cn")));
	got = mail_rig_ask(r, "ContactCard/query", "{'sort': [{'property': 'name'}], 'calculateTotal': true}");
	assert_string_equal(mail_rig_text(got, "ids/0"), li);
	assert_string_equal(mail_rig_text(got, "ids/1"), zhang);
	got = mail_rig_ask(r, "ContactCard/query", "{'sort': [{'property': 'name', 'isAscending': false}], 'limit': 1}");
	assert_string_equal(mail_rig_text(got, "ids/0"), zhang);
	assert_int_equal(json_array_size(mail_rig_at(got, "ids")), 1);
}

static void test_changes_tell_what_happened_since(void **state)
{
	struct mail_rig *r = *state;
	char first[64], old[100];
	const json_t *got;

	snprintf(first, sizeof first, "%s", add(r, CARD("One", "1@a.cn")));
	add(r, CARD("Two", "2@a.cn"));
	snprintf(old, sizeof old, "%s", mail_rig_text(mail_rig_ask(r, "ContactCard/get", "{'ids': []}"), "state"));
	got = mail_rig_ask(r, "ContactCard/set", "{'update': {'%s': {'name/full': 'Uno', 'emails/e': null}}, 'create': {'n': " CARD("Three", "3@a.cn") "}}", first);
	assert_non_null(mail_rig_at(got, "updated"));
	got = mail_rig_ask(r, "ContactCard/changes", "{'sinceState': '%s'}", old);
	assert_int_equal(json_array_size(mail_rig_at(got, "created")), 1);
	assert_string_equal(mail_rig_text(got, "updated/0"), first);
	got = mail_rig_ask(r, "ContactCard/set", "{'destroy': ['%s', 'C0']}", first);
	assert_string_equal(mail_rig_text(got, "destroyed/0"), first);
	assert_string_equal(mail_rig_text(got, "notDestroyed/C0/type"), "notFound");
	got = mail_rig_ask(r, "ContactCard/changes", "{'sinceState': '%s'}", old);
	assert_string_equal(mail_rig_text(got, "destroyed/0"), first);
	assert_int_equal(json_array_size(mail_rig_at(got, "updated")), 0);
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/changes", "{'sinceState': '%s', 'maxChanges': 1}", old), "type"), "cannotCalculateChanges");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/changes", "{'sinceState': 'ffff-1'}"), "type"), "cannotCalculateChanges");
}

static void test_what_makes_no_sense_is_refused_by_its_property(void **state)
{
	static const struct { const char *card, *property; } cases[] = {
		{"{'name': {'full': 'x'}}", "addressBookIds"}, {"{'addressBookIds': {'nowhere': true}}", "addressBookIds"},
		{"{'addressBookIds': {'personal': true}, 'emails': {'e': {'address': 5}}}", "emails"},
		{"{'addressBookIds': {'personal': true}, 'name': 'Ann'}", "name"}, {"{'addressBookIds': {'personal': true}, '@type': 'Event'}", "@type"},
		{"{'addressBookIds': {'personal': true}, 'updated': 'now'}", "updated"}, {"{'addressBookIds': {'personal': true}, 'members': {'x': 1}}", "members"},
	};
	struct mail_rig *r = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const json_t *got = mail_rig_ask(r, "ContactCard/set", "{'create': {'k': %s}}", cases[i].card);

		assert_string_equal(mail_rig_text(got, "notCreated/k/type"), "invalidProperties");
		assert_string_equal(mail_rig_text(got, "notCreated/k/properties/0"), cases[i].property);
	}
	const char *id = add(r, CARD("One", "1@a.cn"));
	const json_t *got = mail_rig_ask(r, "ContactCard/set", "{'update': {'%s': {'uid': 'other'}}}", id);

	assert_non_null(mail_rig_at(got, "notUpdated"));
}

static void test_books_hold_cards(void **state)
{
	struct mail_rig *r = *state;
	char book[64], card[64];
	const json_t *got = mail_rig_ask(r, "AddressBook/set", "{'create': {'b': {'name': 'Friends'}, 'c': {'description': 'nameless'}}}");

	snprintf(book, sizeof book, "%s", mail_rig_text(got, "created/b/id"));
	assert_int_equal(book[0], 'K');
	assert_string_equal(mail_rig_text(got, "notCreated/c/type"), "invalidProperties");
	got = mail_rig_ask(r, "ContactCard/set", "{'create': {'k': {'addressBookIds': {'%s': true}, 'name': {'full': 'A'}}}}", book);
	snprintf(card, sizeof card, "%s", mail_rig_text(got, "created/k/id"));
	got = mail_rig_ask(r, "AddressBook/set", "{'destroy': ['%s', 'personal']}", book);
	assert_string_equal(mail_rig_text(mail_rig_at(got, "notDestroyed"), "personal/type"), "forbidden");
	assert_non_null(json_object_get(mail_rig_at(got, "notDestroyed"), book));
	got = mail_rig_ask(r, "AddressBook/get", "{}");
	assert_int_equal(json_array_size(mail_rig_at(got, "list")), 2);
	got = mail_rig_ask(r, "AddressBook/set", "{'destroy': ['%s'], 'onDestroyRemoveContents': true}", book);
	assert_string_equal(mail_rig_text(got, "destroyed/0"), book);
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/get", "{'ids': ['%s']}", card), "notFound/0"), card);
}

static void test_who_may_only_read_changes_nothing(void **state)
{
	struct mail_rig *r = *state;
	const char *id = add(r, CARD("One", "1@a.cn"));

	mail_rig_restrict(r, ACCOUNT_REFUSES_CHANGE);
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "ContactCard/set", "{'create': {'k': " CARD("x", "y@z.cn") "}}"), "notCreated/k/type"), "forbidden");
	assert_non_null(mail_rig_at(mail_rig_ask(r, "ContactCard/set", "{'destroy': ['%s']}", id), "notDestroyed"));
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "AddressBook/set", "{'create': {'b': {'name': 'x'}}}"), "notCreated/b/type"), "forbidden");
	assert_int_equal(found(r, "{}"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_card_comes_back_as_it_was_given),
		T(test_cards_are_found),
		T(test_lists_sort_by_how_names_are_read),
		T(test_changes_tell_what_happened_since),
		T(test_what_makes_no_sense_is_refused_by_its_property),
		T(test_books_hold_cards),
		T(test_who_may_only_read_changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
