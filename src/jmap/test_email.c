#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
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

static void expect_text(const json_t *value, const char *path, const char *want)
{
	assert_string_equal(mail_rig_text(value, path), want);
}

static void expect_json(const json_t *value, const char *path, const char *want)
{
	char *text = json_dumps(mail_rig_at(value, path), JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	struct buf quoted = BUF_INIT(65536);

	for (; *want != 0; want++)
		buf_append_byte(&quoted, *want == '\'' ? '"' : (uint8_t)*want);
	buf_append_byte(&quoted, 0);
	assert_non_null(text);
	assert_string_equal(text, (const char *)buf_slice(&quoted).p);
	buf_free(&quoted);
	free(text);
}

static void keep_state(const json_t *a, char ret[100])
{
	snprintf(ret, 100, "%s", mail_rig_text(a, "state"));
}

static void set_flags(struct mail_rig *r, const char *mailbox, uint32_t uid, uint32_t flags)
{
	struct mailbox_ref ref;
	struct uid_set set = {0}, skipped = {0};
	uint64_t modseq;

	assert_int_equal(r->mail->ops->find(r->mail, slice_str(mailbox), &ref, NULL), 0);
	uid_set_add(&set, uid);
	r->mail->ops->store(r->mail, &ref, &set, FLAGS_ADD, (struct flag_set){flags, 0}, UINT64_MAX, &skipped, &modseq, NULL);
	ram_account_run(r->mail);
	uid_set_free(&set);
	uid_set_free(&skipped);
}

static const struct slice SIMPLE = SLICE_INIT("From: =?utf-8?q?J=C3=B6rg?= <joe@example.org>, \"A, B\" <ab@example.org>\r\nTo: Team: a@x.example, b@x.example;\r\n"
	"Subject: =?utf-8?b?5Lya6K6u?= today\r\nDate: Tue, 1 Jul 2025 10:00:00 +0800\r\nMessage-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\n"
	"X-One: first\r\nX-One:  second\r\nList-Unsubscribe: <https://x.example/u>, <mailto:u@x.example>\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\nWorld\r\n");

static void properties_of_an_email(void **state)
{
	struct mail_rig *r = *state;
	const char *id = mail_rig_deliver(r, "INBOX", 1700000000, SIMPLE);
	json_t *a = mail_rig_ask(r, "Email/get", "{'ids':['%s','Mno']}", id);

	expect_text(a, "list/0/id", id);
	expect_json(a, "notFound", "['Mno']");
	expect_json(a, "list/0/from", "[{'email':'joe@example.org','name':'J\xc3\xb6rg'},{'email':'ab@example.org','name':'A, B'}]");
	expect_json(a, "list/0/to", "[{'email':'a@x.example','name':null},{'email':'b@x.example','name':null}]");
	expect_json(a, "list/0/cc", "null");
	expect_json(a, "list/0/replyTo", "null");
	expect_json(a, "list/0/sender", "null");
	expect_json(a, "list/0/references", "null");
	expect_json(a, "list/0/messageId", "['1@x']");
	expect_json(a, "list/0/inReplyTo", "['0@x']");
	expect_text(a, "list/0/subject", "\xe4\xbc\x9a\xe8\xae\xae today");
	expect_text(a, "list/0/sentAt", "2025-07-01T10:00:00+08:00");
	expect_text(a, "list/0/receivedAt", "2023-11-14T22:13:20Z");
	expect_json(a, "list/0/hasAttachment", "false");
	expect_text(a, "list/0/preview", "Hello World");
	expect_json(a, "list/0/keywords", "{}");
	expect_json(a, "list/0/textBody/0/partId", "'1'");
	expect_json(a, "list/0/textBody/0/type", "'text/plain'");
	expect_json(a, "list/0/htmlBody/0/partId", "'1'");
	expect_json(a, "list/0/attachments", "[]");
	expect_json(a, "list/0/bodyValues", "{}");
	assert_null(mail_rig_at(a, "list/0/headers"));
	assert_null(mail_rig_at(a, "list/0/bodyStructure"));
}

static void header_properties(void **state)
{
	struct mail_rig *r = *state;
	const char *id = mail_rig_deliver(r, "INBOX", 1700000000, SIMPLE);
	json_t *a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['header:x-one','header:X-One:all','header:X-One:asText','header:Subject:asText',"
		"'header:From:asAddresses','header:To:asGroupedAddresses','header:List-Unsubscribe:asURLs','header:Date:asDate','header:None:asDate:all',"
		"'header:Message-ID:asMessageIds','header:None']}", id);

	expect_text(a, "list/0/header:x-one", "  second");
	expect_json(a, "list/0/header:X-One:all", "[' first','  second']");
	expect_text(a, "list/0/header:X-One:asText", "second");
	expect_text(a, "list/0/header:Subject:asText", "\xe4\xbc\x9a\xe8\xae\xae today");
	expect_text(a, "list/0/header:From:asAddresses/1/name", "A, B");
	expect_json(a, "list/0/header:To:asGroupedAddresses", "[{'addresses':[{'email':'a@x.example','name':null},{'email':'b@x.example','name':null}],"
		"'name':'Team'}]");
	expect_json(a, "list/0/header:List-Unsubscribe:asURLs", "['https://x.example/u','mailto:u@x.example']");
	expect_text(a, "list/0/header:Date:asDate", "2025-07-01T10:00:00+08:00");
	expect_json(a, "list/0/header:None:asDate:all", "[]");
	expect_json(a, "list/0/header:None", "null");
	expect_json(a, "list/0/header:Message-ID:asMessageIds", "['1@x']");
	static const char *const wrong[] = {"header:", "header:Subject:asDate", "header:From:asText", "header:X:all:asText", "header:X:asNothing", "header:X Y",
		"header:X:", "header:Received:asText", "nothing"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		expect_text(mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['%s']}", id, wrong[i]), "type", "invalidArguments");
}

static const struct slice MIXED = SLICE_INIT("From: a@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
	"--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
	"--i\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\nxOO6ww==\r\n"
	"--i\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>caf=C3=A9</b> and more\r\n--i--\r\n"
	"--o\r\nContent-Type: image/png; name=\"p.png\"\r\nContent-Disposition: attachment; filename*=utf-8''%E5%9B%BE.png\r\nContent-ID: <c@x>\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
	"--o\r\nContent-Type: text/plain; name=notes.txt\r\n\r\nnotes\r\n--o--\r\n");

static void bodies_of_an_email(void **state)
{
	struct mail_rig *r = *state;
	const char *id = mail_rig_deliver(r, "INBOX", 1700000000, MIXED);
	json_t *a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['bodyStructure','textBody','htmlBody','attachments','bodyValues'],"
		"'fetchTextBodyValues':true,'fetchHTMLBodyValues':true}", id);

	expect_json(a, "list/0/textBody/0/partId", "'3'");
	expect_json(a, "list/0/htmlBody/0/partId", "'4'");
	expect_json(a, "list/0/attachments/0/partId", "'5'");
	expect_json(a, "list/0/attachments/1/name", "'notes.txt'");
	expect_text(a, "list/0/attachments/0/name", "\xe5\x9b\xbe.png");
	expect_json(a, "list/0/attachments/0/size", "8");
	expect_json(a, "list/0/attachments/0/cid", "'c@x'");
	expect_json(a, "list/0/attachments/0/charset", "null");
	expect_text(a, "list/0/attachments/0/disposition", "attachment");
	expect_json(a, "list/0/bodyStructure/type", "'multipart/mixed'");
	expect_json(a, "list/0/bodyStructure/partId", "null");
	expect_json(a, "list/0/bodyStructure/subParts/0/subParts/1/type", "'text/html'");
	expect_json(a, "list/0/bodyValues/3", "{'isEncodingProblem':false,'isTruncated':false,'value':'\xe4\xbd\xa0\xe5\xa5\xbd'}");
	expect_json(a, "list/0/bodyValues/4/value", "'<b>caf\xc3\xa9</b> and more'");
	assert_null(mail_rig_at(a, "list/0/bodyValues/6"));
	a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['bodyValues'],'fetchAllBodyValues':true,'maxBodyValueBytes':4}", id);
	expect_json(a, "list/0/bodyValues/3", "{'isEncodingProblem':false,'isTruncated':true,'value':'\xe4\xbd\xa0'}");
	expect_json(a, "list/0/bodyValues/4/value", "'<b>c'");
	expect_json(a, "list/0/bodyValues/6/value", "'note'");
	a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['attachments'],'bodyProperties':['partId','header:Content-ID','headers']}", id);
	expect_text(a, "list/0/attachments/0/header:Content-ID", " <c@x>");
	expect_text(a, "list/0/attachments/0/headers/0/name", "Content-Type");
}

static void a_letter_is_in_its_thread_with_what_answers_it(void **state)
{
	struct mail_rig *r = *state;
	const char *first = mail_rig_deliver(r, "INBOX", 1000, SLICE("Message-ID: <1@x>\r\nSubject: a\r\n\r\nx\r\n"));
	const char *second = mail_rig_deliver(r, "Sent", 2000, SLICE("Message-ID: <2@x>\r\nReferences: <1@x>\r\nSubject: Re: a\r\n\r\nx\r\n"));
	json_t *a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['threadId']}", second);
	char thread[40];

	snprintf(thread, sizeof thread, "%s", mail_rig_text(a, "list/0/threadId"));
	a = mail_rig_ask(r, "Thread/get", "{'ids':['%s','T0']}", thread);
	expect_text(a, "list/0/emailIds/0", first);
	expect_text(a, "list/0/emailIds/1", second);
	expect_json(a, "notFound", "['T0']");
	set_flags(r, "Sent", 1, FLAG_DELETED);
	a = mail_rig_ask(r, "Thread/get", "{'ids':['%s']}", thread);
	assert_int_equal(json_array_size(mail_rig_at(a, "list/0/emailIds")), 1);
	expect_json(mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['id']}", second), "list", "[]");
}

static void changes_of_emails_and_threads(void **state)
{
	struct mail_rig *r = *state;
	const char *first = mail_rig_deliver(r, "INBOX", 1000, SLICE("Message-ID: <1@x>\r\n\r\nx\r\n"));
	char since[100], middle[100];
	const char *second, *third;
	json_t *a;

	keep_state(mail_rig_ask(r, "Email/get", "{'ids':[]}"), since);
	second = mail_rig_deliver(r, "INBOX", 1001, SLICE("Message-ID: <2@x>\r\nReferences: <1@x>\r\n\r\nx\r\n"));
	third = mail_rig_deliver(r, "INBOX", 1002, SLICE("Message-ID: <3@x>\r\n\r\nx\r\n"));
	set_flags(r, "INBOX", 1, FLAG_SEEN);
	a = mail_rig_ask(r, "Email/changes", "{'sinceState':'%s'}", since);
	expect_text(a, "created/0", second);
	expect_text(a, "created/1", third);
	expect_text(a, "updated/0", first);
	expect_json(a, "hasMoreChanges", "false");
	a = mail_rig_ask(r, "Email/changes", "{'sinceState':'%s','maxChanges':1}", since);
	expect_text(a, "created/0", second);
	expect_json(a, "hasMoreChanges", "true");
	snprintf(middle, sizeof middle, "%s", mail_rig_text(a, "newState"));
	a = mail_rig_ask(r, "Email/changes", "{'sinceState':'%s','maxChanges':5}", middle);
	expect_text(a, "created/0", third);
	assert_int_equal(json_array_size(mail_rig_at(a, "created")), 1);
	a = mail_rig_ask(r, "Thread/changes", "{'sinceState':'%s'}", since);
	assert_int_equal(json_array_size(mail_rig_at(a, "updated")), 1);
	assert_int_equal(json_array_size(mail_rig_at(a, "created")), 1);
	set_flags(r, "INBOX", 1, FLAG_DELETED);
	a = mail_rig_ask(r, "Email/changes", "{'sinceState':'%s'}", since);
	expect_text(a, "destroyed/0", first);
	expect_text(mail_rig_ask(r, "Email/changes", "{'sinceState':'nonsense'}"), "type", "cannotCalculateChanges");
	ram_account_forget_vanished(r->mail);
	expect_text(mail_rig_ask(r, "Email/changes", "{'sinceState':'%s'}", since), "type", "cannotCalculateChanges");
}

static void many_changes_of_one_moment_come_in_pieces(void **state)
{
	struct mail_rig *r = *state;
	struct mailbox_ref inbox;
	struct uid_set all = {0}, skipped = {0};
	char since[100];
	uint64_t modseq;
	size_t seen = 0;
	bool more = true;

	for (int i = 0; i < 7; i++)
		(void)mail_rig_deliver(r, "INBOX", 1000 + i, SLICE("Subject: x\r\n\r\nx\r\n"));
	keep_state(mail_rig_ask(r, "Email/get", "{'ids':[]}"), since);
	uid_set_add_range(&all, 1, 7);
	assert_int_equal(r->mail->ops->find(r->mail, SLICE("INBOX"), &inbox, NULL), 0);
	r->mail->ops->store(r->mail, &inbox, &all, FLAGS_ADD, (struct flag_set){FLAG_SEEN, 0}, UINT64_MAX, &skipped, &modseq, NULL);
	for (int i = 0; more && i < 10; i++) {
		json_t *a = mail_rig_ask(r, "Email/changes", "{'sinceState':'%s','maxChanges':2}", since);

		seen += json_array_size(mail_rig_at(a, "updated"));
		assert_in_range(json_array_size(mail_rig_at(a, "updated")), 1, 2);
		more = json_is_true(mail_rig_at(a, "hasMoreChanges"));
		snprintf(since, sizeof since, "%s", mail_rig_text(a, "newState"));
	}
	assert_false(more);
	assert_int_equal(seen, 7);
	uid_set_free(&all);
	uid_set_free(&skipped);
}

static void expect_ids(struct mail_rig *r, const char *args, size_t count, const char *const *want)
{
	json_t *a = mail_rig_ask(r, "Email/query", "%s", args);
	char path[32];

	assert_int_equal(json_array_size(mail_rig_at(a, "ids")), count);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path, "ids/%zu", i);
		expect_text(a, path, want[i]);
	}
}
#define IDS(r, args, ...) expect_ids(r, args, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

struct letters {
	const char *a, *b, *c, *d; /* from the oldest to the newest; b answers a */
	char box[64], other[64];
};

static struct letters letters(struct mail_rig *r)
{
	struct letters l;

	l.a = mail_rig_deliver(r, "INBOX", 1000, SLICE("From: Zoe <z@x.example>\r\nTo: q@x.example\r\nSubject: Budget report\r\nMessage-ID: <a@x>\r\n\r\nred apple\r\n"));
	l.b = mail_rig_deliver(r, "INBOX", 2000, SLICE("From: Ann <ann@x.example>\r\nSubject: Re: Budget report\r\nMessage-ID: <b@x>\r\n"
		"References: <a@x>\r\n\r\ngreen apple, and some more of it\r\n"));
	l.c = mail_rig_deliver(r, "Sent", 3000, SLICE("From: Bob <bob@x.example>\r\nSubject: \xe4\xbc\x9a\xe8\xae\xae\xe9\x80\x9a\xe7\x9f\xa5\r\nX-Tag: one two\r\nMessage-ID: <c@x>\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n\r\n\xe6\x98\x8e\xe5\xa4\xa9\xe5\xbc\x80\xe4\xbc\x9a\r\n"));
	l.d = mail_rig_deliver(r, "INBOX", 4000, MIXED);
	snprintf(l.box, sizeof l.box, "%s", mail_rig_mailbox(r, "INBOX"));
	snprintf(l.other, sizeof l.other, "%s", mail_rig_mailbox(r, "Sent"));
	set_flags(r, "INBOX", 1, FLAG_SEEN | FLAG_FLAGGED);
	return l;
}

static const char *filter_in(const char *format, const char *id)
{
	static char text[500];

	snprintf(text, sizeof text, format, id);
	return text;
}

static void filters_of_a_query(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);

	IDS(r, "{}", l.d, l.c, l.b, l.a);
	IDS(r, filter_in("{'filter':{'inMailbox':'%s'}}", l.box), l.d, l.b, l.a);
	IDS(r, filter_in("{'filter':{'inMailboxOtherThan':['%s']}}", l.box), l.c);
	IDS(r, "{'filter':{'before':'1970-01-01T00:50:00Z','after':'1970-01-01T00:33:20Z'}}", l.b);
	IDS(r, "{'filter':{'hasKeyword':'$flagged'}}", l.a);
	IDS(r, "{'filter':{'notKeyword':'$SEEN'}}", l.d, l.c, l.b);
	IDS(r, "{'filter':{'hasKeyword':'unknown'}}");
	IDS(r, "{'filter':{'someInThreadHaveKeyword':'$flagged'}}", l.b, l.a);
	IDS(r, "{'filter':{'allInThreadHaveKeyword':'$flagged'}}");
	IDS(r, "{'filter':{'noneInThreadHaveKeyword':'$flagged'}}", l.d, l.c);
	IDS(r, "{'filter':{'hasAttachment':true}}", l.d);
	IDS(r, "{'filter':{'text':'APPLE'}}", l.b, l.a);
	IDS(r, "{'filter':{'text':'apple green'}}", l.b);
	IDS(r, "{'filter':{'text':'\\\"red apple\\\"'}}", l.a);
	IDS(r, "{'filter':{'text':'x.example zoe'}}", l.a);
	IDS(r, "{'filter':{'text':'a@x'}}"); /* a Message-ID is not what a person looks for */
	IDS(r, "{'filter':{'text':'\xe5\xbc\x80\xe4\xbc\x9a'}}", l.c);
	IDS(r, "{'filter':{'subject':'\xe4\xbc\x9a'}}", l.c);
	IDS(r, "{'filter':{'from':'zoe'}}", l.a);
	IDS(r, "{'filter':{'to':'q@'}}", l.a);
	IDS(r, "{'filter':{'body':'budget'}}");
	IDS(r, "{'filter':{'header':['X-Tag']}}", l.c);
	IDS(r, "{'filter':{'header':['x-tag','TWO']}}", l.c);
	IDS(r, "{'filter':{'header':['x-tag','three']}}");
	IDS(r, "{'filter':{'operator':'OR','conditions':[{'from':'zoe'},{'hasAttachment':true}]}}", l.d, l.a);
	IDS(r, "{'filter':{'operator':'NOT','conditions':[{'from':'zoe'},{'hasAttachment':true}]}}", l.c, l.b);
	IDS(r, "{'filter':{'operator':'AND','conditions':[{'text':'apple'},{'operator':'NOT','conditions':[{'text':'red'}]}]}}", l.b);
	IDS(r, "{'filter':{'minSize':100,'maxSize':101}}");
	IDS(r, "{'filter':{'hasKeyword':'never'}}");
	IDS(r, "{'filter':{'operator':'AND','conditions':[{'minSize':1},{'someInThreadHaveKeyword':'never'}]}}");
	IDS(r, "{'filter':{'operator':'OR','conditions':[{'hasKeyword':'$flagged'},{'hasKeyword':'never'}]}}", l.a);
	IDS(r, "{'filter':{'operator':'NOT','conditions':[{'hasKeyword':'never'}]}}", l.d, l.c, l.b, l.a);
	IDS(r, "{'filter':{'notKeyword':'never'}}", l.d, l.c, l.b, l.a);
	expect_text(mail_rig_ask(r, "Email/query", "{'filter':{'nothing':1}}"), "type", "unsupportedFilter");
	expect_text(mail_rig_ask(r, "Email/query", "{'filter':{'before':'yesterday'}}"), "type", "invalidArguments");
	expect_text(mail_rig_ask(r, "Email/query", "{'filter':{'header':[]}}"), "type", "invalidArguments");
}

static void sorts_and_windows_of_a_query(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	json_t *a;

	IDS(r, "{'sort':[{'property':'receivedAt'}]}", l.a, l.b, l.c, l.d);
	IDS(r, "{'sort':[{'property':'from'}]}", l.d, l.b, l.c, l.a);
	IDS(r, "{'sort':[{'property':'subject','isAscending':false},{'property':'receivedAt'}]}", l.c, l.d, l.a, l.b);
	IDS(r, "{'sort':[{'property':'hasKeyword','keyword':'$flagged','isAscending':false},{'property':'receivedAt'}]}", l.a, l.b, l.c, l.d);
	IDS(r, "{'sort':[{'property':'someInThreadHaveKeyword','keyword':'$flagged'}]}", l.d, l.c, l.b, l.a);
	IDS(r, "{'collapseThreads':true}", l.d, l.c, l.b);
	IDS(r, "{'collapseThreads':true,'sort':[{'property':'receivedAt'}]}", l.a, l.c, l.d);
	IDS(r, "{'position':1,'limit':2}", l.c, l.b);
	IDS(r, "{'position':-1}", l.a);
	IDS(r, filter_in("{'anchor':'%s','limit':1}", l.b), l.b);
	IDS(r, filter_in("{'anchor':'%s','anchorOffset':-1,'limit':2}", l.b), l.c, l.b);
	IDS(r, filter_in("{'anchor':'%s','anchorOffset':1}", l.b), l.a);
	expect_text(mail_rig_ask(r, "Email/query", "{'anchor':'M1'}"), "type", "anchorNotFound");
	expect_text(mail_rig_ask(r, "Email/query", "{'sort':[{'property':'colour'}]}"), "type", "unsupportedSort");
	expect_text(mail_rig_ask(r, "Email/query", "{'sort':[{'property':'hasKeyword'}]}"), "type", "invalidArguments");
	a = mail_rig_ask(r, "Email/query", "{'calculateTotal':true,'limit':1,'collapseThreads':true}");
	expect_json(a, "total", "3");
	a = mail_rig_ask(r, "Email/query", "{'calculateTotal':true,'limit':0,'filter':{'inMailbox':'%s'}}", l.box);
	expect_json(a, "total", "3");
	expect_json(a, "ids", "[]");
	expect_json(a, "position", "0");
}

static unsigned searches;
static const struct account_ops *searched_ops;

static int search_counted(struct account *a, const struct mailbox_ref *m, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
                          struct error *err)
{
	searches++;
	return searched_ops->search(a, m, uids, what, ret, err);
}

/* The pages of one search come from one search, until something changes. */
static void a_list_that_is_scrolled_through_is_searched_for_once(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	struct account_ops ops = *r->mail->ops;
	const char *late;
	unsigned once;

	searched_ops = r->mail->ops;
	ops.search = search_counted;
	r->mail->ops = &ops;
	searches = 0;
	IDS(r, "{'filter':{'subject':'budget'},'limit':1}", l.b);
	once = searches;
	assert_true(once > 0);
	IDS(r, "{'filter':{'subject':'budget'},'limit':1,'position':1}", l.a);
	IDS(r, "{'filter':{'subject':'budget'},'position':-1}", l.a);
	assert_int_equal(searches, once);
	IDS(r, "{'filter':{'subject':'budget'},'limit':1,'sort':[{'property':'receivedAt'}]}", l.a);
	assert_int_equal(searches, 2 * once);
	expect_ids(r, "{'filter':{'subject':'budget'},'limit':1,'collapseThreads':true,'position':1}", 0, NULL);
	IDS(r, "{'filter':{'subject':'report'},'limit':1}", l.b);
	late = mail_rig_deliver(r, "INBOX", 5000, SLICE("Subject: the last report\r\n\r\nx\r\n"));
	IDS(r, "{'filter':{'subject':'report'},'limit':1}", late);
	r->mail->ops = searched_ops;
}

/* Where IMAP has copied a letter: it is one email, wherever it is looked for (RFC 8621 4.4). */
static void a_letter_in_several_places_is_counted_once(void **state)
{
	static const char *const all[] = {"{'calculateTotal':true}", "{'calculateTotal':true,'sort':[{'property':'receivedAt'}]}",
	                                  "{'calculateTotal':true,'filter':{'hasKeyword':'$flagged'}}", "{'calculateTotal':true,'position':-1}"};
	static const char *const in[] = {"{'calculateTotal':true,'limit':1,'filter':{'inMailbox':'%s'}}",
	                                 "{'calculateTotal':true,'filter':{'inMailbox':'%s','minSize':1}}",
	                                 "{'calculateTotal':true,'collapseThreads':true,'filter':{'inMailbox':'%s'}}"};
	static const char *const all_totals[] = {"2", "2", "1", "2"};
	struct mail_rig *r = *state;
	struct mailbox_ref inbox, archive;
	struct copy_result copied;
	struct arena arena = ARENA_INIT;
	struct uid_set first = {0};
	uint64_t modseq;

	mail_rig_deliver(r, "INBOX", 1000, SLICE("Subject: a\r\n\r\nx\r\n"));
	mail_rig_deliver(r, "INBOX", 2000, SLICE("Subject: b\r\n\r\nx\r\n"));
	assert_int_equal(r->mail->ops->find(r->mail, SLICE("INBOX"), &inbox, NULL), 0);
	assert_int_equal(r->mail->ops->create(r->mail, SLICE("Here and there"), 0, &archive, NULL), 0);
	uid_set_add(&first, 1);
	assert_int_equal(r->mail->ops->store(r->mail, &inbox, &first, FLAGS_ADD, (struct flag_set){.system = FLAG_FLAGGED}, UINT64_MAX, NULL, &modseq, NULL), 0);
	assert_int_equal(r->mail->ops->copy(r->mail, &inbox, &first, &inbox, false, &arena, &copied, NULL), 0);
	assert_int_equal(r->mail->ops->copy(r->mail, &inbox, &first, &archive, false, &arena, &copied, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		expect_json(mail_rig_ask(r, "Email/query", "%s", all[i]), "total", all_totals[i]);
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		expect_json(mail_rig_ask(r, "Email/query", in[i], mail_rig_mailbox(r, "INBOX")), "total", "2");
	expect_json(mail_rig_ask(r, "Email/query", in[0], mail_rig_mailbox(r, "Here and there")), "total", "1");
	expect_json(mail_rig_ask(r, "Email/query", "{'position':2}"), "ids", "[]");
	uid_set_free(&first);
	arena_free(&arena);
}

static void changes_of_a_query(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	char since[100];
	const char *fresh;
	json_t *a = mail_rig_ask(r, "Email/query", "{'filter':{'inMailbox':'%s'},'collapseThreads':true}", l.box);

	snprintf(since, sizeof since, "%s", mail_rig_text(a, "queryState"));
	a = mail_rig_ask(r, "Email/queryChanges", "{'filter':{'inMailbox':'%s'},'collapseThreads':true,'sinceQueryState':'%s'}", l.box, since);
	expect_json(a, "removed", "[]");
	expect_json(a, "added", "[]");
	fresh = mail_rig_deliver(r, "INBOX", 5000, SLICE("References: <a@x>\r\nSubject: Re: Budget report\r\n\r\nnew\r\n"));
	a = mail_rig_ask(r, "Email/queryChanges", "{'filter':{'inMailbox':'%s'},'collapseThreads':true,'sinceQueryState':'%s'}", l.box, since);
	assert_int_equal(json_array_size(mail_rig_at(a, "removed")), 3); /* its thread may have moved */
	assert_int_equal(json_array_size(mail_rig_at(a, "added")), 1);
	expect_text(a, "added/0/id", fresh);
	expect_json(a, "added/0/index", "0");
	a = mail_rig_ask(r, "Email/queryChanges", "{'sinceQueryState':'%s','maxChanges':1}", since);
	expect_text(a, "type", "tooManyChanges");
	expect_text(mail_rig_ask(r, "Email/queryChanges", "{'sinceQueryState':'x'}"), "type", "cannotCalculateChanges");
}

static void expect_in(struct mail_rig *r, const char *id, const char *keywords, size_t count, const char *const *boxes)
{
	json_t *a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['mailboxIds','keywords']}", id);

	expect_json(a, "list/0/keywords", keywords);
	assert_int_equal(json_object_size(mail_rig_at(a, "list/0/mailboxIds")), count);
	for (size_t i = 0; i < count; i++)
		assert_true(json_is_true(json_object_get(mail_rig_at(a, "list/0/mailboxIds"), boxes[i])));
}
#define IN(r, id, keywords, ...) \
	expect_in(r, id, keywords, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

static void keywords_and_mailboxes_are_set(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	char before[100];
	json_t *a;

	keep_state(mail_rig_ask(r, "Email/get", "{'ids':[]}"), before);
	a = mail_rig_ask(r, "Email/set", "{'ifInState':'%s','update':{'%s':{'keywords/$flagged':true,'keywords/Work':true},'Mx':{'keywords':{}}}}", before, l.b);
	expect_json(a, "notUpdated/Mx/type", "'notFound'");
	assert_true(json_is_null(json_object_get(mail_rig_at(a, "updated"), l.b)));
	IN(r, l.b, "{'$flagged':true,'work':true}", l.box);
	expect_text(mail_rig_ask(r, "Email/set", "{'ifInState':'%s'}", before), "type", "stateMismatch");
	/* Into a second mailbox: both rows are one email, and get the same keywords. */
	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'mailboxIds/%s':true}}}", l.b, l.other);
	IN(r, l.b, "{'$flagged':true,'work':true}", l.box, l.other);
	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords':{'$seen':true}}}}", l.b);
	IN(r, l.b, "{'$seen':true}", l.box, l.other);
	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords/$seen':null,'mailboxIds':{'%s':true}}}}", l.b, l.other);
	IN(r, l.b, "{}", l.other);
	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'mailboxIds/%s':null,'mailboxIds/%s':true}}}", l.b, l.other, l.box);
	IN(r, l.b, "{}", l.box);
	a = mail_rig_ask(r, "Email/set", "{'update':{'%s':{'mailboxIds/%s':null}}}", l.b, l.box);
	expect_json(a, filter_in("notUpdated/%s/properties", l.b), "['mailboxIds']");
	static const char *const wrong[] = {"'keywords':{'$seen':false}", "'keywords/$seen':'yes'", "'keywords/a b':true", "'mailboxIds/F0':true", "'subject':'x'",
		"'mailboxIds':{}", "'keywords':[]", "'threadId':'T1'"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		a = mail_rig_ask(r, "Email/set", "{'update':{'%s':{%s}}}", l.b, wrong[i]);
		expect_text(a, filter_in("notUpdated/%s/type", l.b), "invalidProperties");
	}
	a = mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords':{},'keywords/x':true}}}", l.b);
	expect_text(a, filter_in("notUpdated/%s/type", l.b), "invalidPatch");
	IN(r, l.b, "{}", l.box);
}

static void destroying_takes_an_email_from_everywhere(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	char since[100];
	json_t *a;

	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'mailboxIds/%s':true}}}", l.b, l.other);
	keep_state(mail_rig_ask(r, "Email/get", "{'ids':[]}"), since);
	a = mail_rig_ask(r, "Email/set", "{'destroy':['%s','Mnone']}", l.b);
	expect_json(a, "destroyed", filter_in("['%s']", l.b));
	expect_text(a, "notDestroyed/Mnone/type", "notFound");
	expect_json(mail_rig_ask(r, "Email/get", "{'ids':['%s']}", l.b), "list", "[]");
	expect_json(mail_rig_ask(r, "Email/changes", "{'sinceState':'%s'}", since), "destroyed", filter_in("['%s']", l.b));
	expect_text(mail_rig_ask(r, "Email/copy", "{'fromAccountId':'Aother','create':{}}"), "type", "fromAccountNotFound");
	expect_text(mail_rig_ask(r, "Email/copy", "{'create':{}}"), "type", "invalidArguments");
}

static void snippets_mark_what_was_looked_for(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	const char *html = mail_rig_deliver(r, "INBOX", 6000, SLICE("Subject: 1 < 2 & Apple\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
		"<p>Fish &amp; <b>chips</b></p><script>fish</script>\r\n"));
	char ids[300];
	json_t *a;

	a = mail_rig_ask(r, "SearchSnippet/get", "{'emailIds':['%s','%s','Mno'],'filter':{'text':'apple budget'}}", l.a, l.c);
	expect_text(a, "list/0/subject", "<mark>Budget</mark> report");
	expect_text(a, "list/0/preview", "red <mark>apple</mark> ");
	expect_json(a, "list/1/subject", "null");
	expect_json(a, "list/1/preview", "null");
	expect_json(a, "notFound", "['Mno']");
	a = mail_rig_ask(r, "SearchSnippet/get", "{'emailIds':['%s'],'filter':{'operator':'AND','conditions':[{'text':'\xe4\xbc\x9a'},"
		"{'operator':'NOT','conditions':[{'text':'\xe6\x98\x8e'}]}]}}", l.c);
	expect_text(a, "list/0/subject", "<mark>\xe4\xbc\x9a</mark>\xe8\xae\xae\xe9\x80\x9a\xe7\x9f\xa5");
	expect_text(a, "list/0/preview", "\xe6\x98\x8e\xe5\xa4\xa9\xe5\xbc\x80<mark>\xe4\xbc\x9a</mark> ");
	snprintf(ids, sizeof ids, "%s", html);
	a = mail_rig_ask(r, "SearchSnippet/get", "{'emailIds':['%s'],'filter':{'text':'apple fish'}}", ids);
	expect_text(a, "list/0/subject", "1 &lt; 2 &amp; <mark>Apple</mark>");
	expect_text(a, "list/0/preview", "<mark>Fish</mark> &amp; chips ");
}

static void a_delegate_sees_what_he_may(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	json_t *a;

	mail_rig_restrict(r, ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE | ACCOUNT_REFUSES_DOWNLOAD);
	a = mail_rig_ask(r, "Email/get", "{'ids':['%s'],'properties':['bodyValues','attachments'],'fetchAllBodyValues':true}", l.d);
	expect_json(a, "list/0/bodyValues/4/value", "'<b>caf\xc3\xa9</b> and more'");
	expect_json(a, "list/0/bodyValues/6", "{'isEncodingProblem':true,'isTruncated':false,'value':''}"); /* a file */
	expect_text(a, "list/0/attachments/1/name", "notes.txt");
	a = mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords/$seen':true}},'destroy':['%s']}", l.d, l.a);
	expect_text(a, filter_in("notUpdated/%s/type", l.d), "forbidden");
	expect_text(a, filter_in("notDestroyed/%s/type", l.a), "forbidden");
	a = mail_rig_ask(r, "Mailbox/set", "{'create':{'k':{'name':'x'}},'update':{'%s':{'sortOrder':3}}}", l.other);
	expect_text(a, "notCreated/k/type", "forbidden");
	expect_text(a, filter_in("notUpdated/%s/type", l.other), "forbidden");
	IDS(r, "{'filter':{'text':'apple'}}", l.b, l.a);
}

static void what_is_refused_in_part_changes_nothing(void **state)
{
	struct mail_rig *r = *state;
	struct letters l = letters(r);
	json_t *a;

	mail_rig_restrict(r, ACCOUNT_REFUSES_DELETE);
	a = mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords/apart':true,'mailboxIds':{'%s':true}}}}", l.b, l.other);
	expect_text(a, filter_in("notUpdated/%s/type", l.b), "forbidden");
	IN(r, l.b, "{}", l.box);
	mail_rig_ask(r, "Email/set", "{'update':{'%s':{'keywords/apart':true,'mailboxIds/%s':true}}}", l.b, l.other);
	IN(r, l.b, "{'apart':true}", l.box, l.other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(properties_of_an_email), T(header_properties), T(bodies_of_an_email), T(a_letter_is_in_its_thread_with_what_answers_it),
		T(keywords_and_mailboxes_are_set), T(destroying_takes_an_email_from_everywhere), T(snippets_mark_what_was_looked_for),
		T(a_delegate_sees_what_he_may), T(what_is_refused_in_part_changes_nothing), T(filters_of_a_query), T(sorts_and_windows_of_a_query), T(a_letter_in_several_places_is_counted_once),
		T(a_list_that_is_scrolled_through_is_searched_for_once),
		T(changes_of_a_query), T(changes_of_emails_and_threads), T(many_changes_of_one_moment_come_in_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
