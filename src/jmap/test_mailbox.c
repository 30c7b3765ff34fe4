#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "jmap/mail_rig.h"

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define LETTER SLICE("Subject: x\r\n\r\ny\r\n")

static int setup(void **state)
{
	struct mail_rig *r = memory_alloc(sizeof *r);
	struct mailbox_ref ref;

	mail_rig_start(r);
	assert_int_equal(r->mail->ops->create(r->mail, SLICE("Sent"), USE_SENT, &ref, NULL), 0);
	assert_int_equal(r->mail->ops->create(r->mail, SLICE("Trash"), USE_TRASH, &ref, NULL), 0);
	assert_int_equal(r->mail->ops->create(r->mail, SLICE("Work/Old"), 0, &ref, NULL), 0);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	mail_rig_stop(*state);
	memory_free(*state);
	return 0;
}

static void expect_text(const json_t *value, const char *path, const char *want)
{
	assert_string_equal(mail_rig_text(value, path), want);
}

static void expect_number(const json_t *value, const char *path, json_int_t want)
{
	assert_true(json_is_integer(mail_rig_at(value, path)));
	assert_int_equal(json_integer_value(mail_rig_at(value, path)), want);
}

static void keep(char ret[100], const char *text)
{
	snprintf(ret, 100, "%s", text);
}

static void mailboxes_are_a_tree_with_counts(void **state)
{
	struct mail_rig *r = *state;
	const char *old = mail_rig_mailbox(r, "Work/Old"), *work = mail_rig_mailbox(r, "Work");
	json_t *a;

	(void)mail_rig_deliver(r, "Work/Old", 1000, LETTER);
	a = mail_rig_ask(r, "Mailbox/get", "{'ids':null}");
	assert_int_equal(json_array_size(mail_rig_at(a, "list")), 5);
	a = mail_rig_ask(r, "Mailbox/get", "{'ids':['%s','Fx','%s']}", old, mail_rig_mailbox(r, "INBOX"));
	expect_text(a, "list/0/name", "Old");
	expect_text(a, "list/0/parentId", work);
	expect_number(a, "list/0/totalEmails", 1);
	expect_number(a, "list/0/unreadThreads", 1);
	expect_number(a, "list/0/sortOrder", 0);
	expect_text(a, "notFound/0", "Fx");
	expect_text(a, "list/1/role", "inbox");
	assert_true(json_is_true(mail_rig_at(a, "list/0/myRights/mayDelete")));
	assert_true(json_is_false(mail_rig_at(a, "list/1/myRights/mayDelete")));
}

static void queries_of_mailboxes(void **state)
{
	struct mail_rig *r = *state;
	const char *work = mail_rig_mailbox(r, "Work");
	char since[100];
	json_t *a = mail_rig_ask(r, "Mailbox/query", "{'sort':[{'property':'name','isAscending':false}],'calculateTotal':true}");

	expect_number(a, "total", 5);
	expect_text(a, "ids/0", work);
	expect_text(a, "ids/4", mail_rig_mailbox(r, "INBOX"));
	a = mail_rig_ask(r, "Mailbox/query", "{'sort':[{'property':'name','isAscending':false}],'sortAsTree':true}");
	expect_text(a, "ids/1", mail_rig_mailbox(r, "Work/Old"));
	a = mail_rig_ask(r, "Mailbox/query", "{'filter':{'hasAnyRole':false,'parentId':null}}");
	assert_int_equal(json_array_size(mail_rig_at(a, "ids")), 1);
	a = mail_rig_ask(r, "Mailbox/query", "{'filter':{'role':'trash'}}");
	expect_text(a, "ids/0", mail_rig_mailbox(r, "Trash"));
	a = mail_rig_ask(r, "Mailbox/query", "{'filter':{'name':'OL'}}");
	expect_text(a, "ids/0", mail_rig_mailbox(r, "Work/Old"));
	a = mail_rig_ask(r, "Mailbox/query", "{'filter':{'name':'ol'},'filterAsTree':true}");
	assert_int_equal(json_array_size(mail_rig_at(a, "ids")), 0);
	keep(since, mail_rig_text(a, "queryState"));
	expect_text(mail_rig_ask(r, "Mailbox/query", "{'filter':{'colour':1}}"), "type", "unsupportedFilter");
	a = mail_rig_ask(r, "Mailbox/queryChanges", "{'sinceQueryState':'%s','filter':{'role':'trash'}}", since);
	assert_int_equal(json_array_size(mail_rig_at(a, "added")), 0);
	mail_rig_ask(r, "Mailbox/set", "{'create':{'n':{'name':'New'}}}");
	a = mail_rig_ask(r, "Mailbox/queryChanges", "{'sinceQueryState':'%s','filter':{'name':'new'}}", since);
	expect_text(a, "added/0/id", mail_rig_mailbox(r, "New"));
}

static void mailboxes_are_made_changed_and_removed(void **state)
{
	struct mail_rig *r = *state;
	char child[100], since[100];
	json_t *a;

	keep(since, mail_rig_text(mail_rig_ask(r, "Mailbox/get", "{'ids':[]}"), "state"));
	a = mail_rig_ask(r, "Mailbox/set", "{'create':{'b':{'name':'Child','parentId':'#a','isSubscribed':false},'a':{'name':'Top','role':'archive','sortOrder':7}}}");
	expect_text(a, "created/a/id", mail_rig_mailbox(r, "Top"));
	expect_number(a, "created/a/totalEmails", 0);
	keep(child, mail_rig_text(a, "created/b/id"));
	assert_string_equal(child, mail_rig_mailbox(r, "Top/Child"));
	a = mail_rig_ask(r, "Mailbox/get", "{'ids':['%s','%s']}", mail_rig_mailbox(r, "Top"), child);
	expect_text(a, "list/0/role", "archive");
	expect_number(a, "list/0/sortOrder", 7);
	assert_true(json_is_true(mail_rig_at(a, "list/0/isSubscribed")));
	assert_true(json_is_false(mail_rig_at(a, "list/1/isSubscribed")));
	a = mail_rig_ask(r, "Mailbox/changes", "{'sinceState':'%s'}", since);
	assert_int_equal(json_array_size(mail_rig_at(a, "created")), 2);
	keep(since, mail_rig_text(a, "newState"));
	a = mail_rig_ask(r, "Mailbox/set", "{'update':{'%s':{'name':'Kind','parentId':null,'sortOrder':3}}}", child);
	assert_true(json_is_null(json_object_get(mail_rig_at(a, "updated"), child)));
	assert_string_equal(child, mail_rig_mailbox(r, "Kind"));
	a = mail_rig_ask(r, "Mailbox/changes", "{'sinceState':'%s'}", since);
	expect_text(a, "updated/0", child);
	assert_true(json_is_null(mail_rig_at(a, "updatedProperties")));
	keep(since, mail_rig_text(a, "newState"));
	(void)mail_rig_deliver(r, "Kind", 1000, LETTER);
	a = mail_rig_ask(r, "Mailbox/changes", "{'sinceState':'%s'}", since);
	expect_text(a, "updatedProperties/0", "totalEmails");
	a = mail_rig_ask(r, "Mailbox/set", "{'destroy':['%s','%s']}", child, mail_rig_mailbox(r, "Work"));
	expect_text(json_object_get(mail_rig_at(a, "notDestroyed"), child), "type", "mailboxHasEmail");
	expect_text(json_object_get(mail_rig_at(a, "notDestroyed"), mail_rig_mailbox(r, "Work")), "type", "mailboxHasChild");
	a = mail_rig_ask(r, "Mailbox/set", "{'destroy':['%s'],'onDestroyRemoveEmails':true}", child);
	expect_text(a, "destroyed/0", child);
	a = mail_rig_ask(r, "Mailbox/changes", "{'sinceState':'%s'}", since);
	expect_text(a, "destroyed/0", child);
}

static void what_a_mailbox_may_not_be(void **state)
{
	static const struct { const char *object, *property; } wrong[] = {
		{"'name':''", "name"}, {"'name':'a/b'", "name"}, {"'name':1", "name"}, {"'sortOrder':1", "name"},
		{"'name':'x','role':'sent'", "role"}, {"'name':'x','role':'inbox'", "role"}, {"'name':'x','role':'king'", "role"},
		{"'name':'x','parentId':'F1'", "parentId"}, {"'name':'x','sortOrder':-1", "sortOrder"}, {"'name':'x','totalEmails':1", "totalEmails"},
		{"'name':'x','colour':1", "colour"}, {"'name':'x','isSubscribed':1", "isSubscribed"},
	};
	struct mail_rig *r = *state;
	char inbox[100];
	json_t *a;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		a = mail_rig_ask(r, "Mailbox/set", "{'create':{'k':{%s}}}", wrong[i].object);
		expect_text(a, "notCreated/k/type", "invalidProperties");
		expect_text(a, "notCreated/k/properties/0", wrong[i].property);
	}
	a = mail_rig_ask(r, "Mailbox/set", "{'create':{'k':{'name':'Sent'}}}");
	expect_text(a, "notCreated/k/type", "alreadyExists");
	expect_text(a, "notCreated/k/existingId", mail_rig_mailbox(r, "Sent"));
	keep(inbox, mail_rig_mailbox(r, "INBOX"));
	a = mail_rig_ask(r, "Mailbox/set", "{'update':{'%s':{'name':'x'}},'destroy':['Fx']}", inbox);
	expect_text(json_object_get(mail_rig_at(a, "notUpdated"), inbox), "type", "forbidden");
	expect_text(a, "notDestroyed/Fx/type", "notFound");
	a = mail_rig_ask(r, "Mailbox/set", "{'create':{'k':{'name':'x','parentId':'#none'}}}");
	expect_text(a, "notCreated/k/type", "invalidProperties");
	a = mail_rig_ask(r, "Mailbox/set", "{'update':{'%s':{'parentId':'%s'}}}", mail_rig_mailbox(r, "Work"), mail_rig_mailbox(r, "Work/Old"));
	expect_text(json_object_get(mail_rig_at(a, "notUpdated"), mail_rig_mailbox(r, "Work")), "type", "invalidProperties");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(mailboxes_are_a_tree_with_counts), T(queries_of_mailboxes), T(mailboxes_are_made_changed_and_removed), T(what_a_mailbox_may_not_be),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
