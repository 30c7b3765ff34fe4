/* The core: envelopes, references, helpers, dates, emitting, blobs, push. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "jmap/blob.h"
#include "jmap/date.h"
#include "jmap/emit.h"
#include "jmap/mail_rig.h"
#include "jmap/method.h"
#include "jmap/private.h"
#include "jmap/push.h"

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

/* ' for ". */
static struct slice quoted(const char *text, struct buf *out)
{
	for (; *text != 0; text++)
		buf_append_byte(out, *text == '\'' ? '"' : (uint8_t)*text);
	return buf_slice(out);
}

static json_t *parse(const char *text)
{
	struct buf b = BUF_INIT(65536);
	struct slice s = quoted(text, &b);
	json_t *value = json_loadb((const char *)s.p, s.n, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	buf_free(&b);
	return value;
}

static void expect(json_t *value, const char *want)
{
	json_t *wanted = parse(want);

	if (value == NULL || !json_equal(value, wanted)) {
		char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		print_message("got %s\nnot %s\n", text == NULL ? "nothing" : text, want);
		free(text);
	}
	assert_true(value != NULL && json_equal(value, wanted));
	json_decref(wanted);
	json_decref(value);
}

/* ---- emitting ---- */

static void test_what_is_emitted_is_json(void **state)
{
	struct buf out = BUF_INIT(4096);
	struct emit e = EMIT_INIT(&out);

	emit_object(&e);
	emit_member_text(&e, "a", SLICE("\"\\\n\x01\xff\xc3\xa9\xf0\x9f\x98\x80"));
	emit_member_number(&e, "b", -5);
	emit_key(&e, "c");
	emit_array(&e);
	emit_bool(&e, true);
	emit_null(&e);
	emit_raw(&e, SLICE("{}"));
	emit_object(&e);
	emit_object_end(&e);
	emit_date(&e, 0);
	emit_id(&e, 'M', (const uint8_t[16]){0xab});
	emit_array_end(&e);
	emit_object_end(&e);
	assert_string_equal((const char *)(buf_append_byte(&out, 0), buf_slice(&out).p),
		"{\"a\":\"\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\xf0\x9f\x98\x80\",\"b\":-5,\"c\":[true,null,{},{},\"1970-01-01T00:00:00Z\","
		"\"Mab000000000000000000000000000000\"]}");
	buf_free(&out);
}

static void test_dates(void **state)
{
	static const struct { const char *text; bool utc, good; int64_t want; } cases[] = {
		{"2014-10-30T14:12:00+08:00", false, true, 1414649520}, {"2014-10-30T06:12:00Z", true, true, 1414649520},
		{"2014-10-30T14:12:00+08:00", true, false, 0}, {"2014-10-30T06:12:00.123Z", true, true, 1414649520}, {"2014-10-30", false, false, 0},
		{"2014-13-30T06:12:00Z", true, false, 0}, {"2014-10-30T06:12:00z", true, false, 0}, {"", true, false, 0}, {"2014-10-30T06:12:00.Z", true, false, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t at = 0;
		int rc = jmap_date_parse(slice_str(cases[i].text), cases[i].utc, &at);

		assert_int_equal(rc == 0, cases[i].good);
		assert_int_equal(at, cases[i].want);
	}
}

/* ---- pointers and patches ---- */

static void test_pointers(void **state)
{
	json_t *value = parse("{'a': [{'b': [1, 2]}, {'b': [3]}], 'c/d': {'~': 5}, '': 6}");

	expect(jmap_pointer_get(value, SLICE("/a/*/b")), "[1, 2, 3]");
	expect(jmap_pointer_get(value, SLICE("/a/0/b/1")), "2");
	expect(jmap_pointer_get(value, SLICE("/c~1d/~0")), "5");
	assert_null(jmap_pointer_get(value, SLICE("/a/2")));
	assert_null(jmap_pointer_get(value, SLICE("/a/00")));
	assert_null(jmap_pointer_get(value, SLICE("/a/*/x")));
	assert_null(jmap_pointer_get(value, SLICE("a")));
	assert_null(jmap_pointer_get(value, SLICE("/c~2d")));
	expect(jmap_pointer_get(value, SLICE("")), "{'a': [{'b': [1, 2]}, {'b': [3]}], 'c/d': {'~': 5}, '': 6}");
	json_decref(value);
}

static void patched(const char *object, const char *patch, const char *want)
{
	json_t *o = parse(object), *p = parse(patch), *result = jmap_patch(o, p);

	if (want == NULL)
		assert_null(result);
	else
		expect(result, want);
	json_decref(o);
	json_decref(p);
}

static void test_patches(void **state)
{
	patched("{'a': {'b': 1, 'c': 2}, 'd': 3}", "{'a/b': null, 'a/e~1f': 4, 'd': 5}", "{'a': {'c': 2, 'e/f': 4}, 'd': 5}");
	patched("{'a': {'b': 1}}", "{'a': {}, 'a/b': 2}", NULL);
	patched("{'a': 1}", "{'a/b': 2}", NULL);
	patched("{'a': [1]}", "{'a/0': 2}", NULL);
	patched("{}", "{'x/y': 1}", NULL);
}

/* ---- requests ---- */

static const char *problem_of(struct mail_rig *r, const char *body)
{
	static const struct jmap_request_events events = {NULL};
	struct jmap_request *request = jmap_request_create(r->jmap, &events, NULL);
	struct jmap_problem problem = {.type = ""};
	struct buf text = BUF_INIT(65536);
	int rc = jmap_request_start(request, quoted(body, &text), &problem);

	assert_int_equal(rc < 0, problem.type[0] != 0);
	jmap_request_leave(&request);
	buf_free(&text);
	return problem.type;
}

static void test_envelopes_that_are_refused(void **state)
{
	struct mail_rig *r = *state;

	assert_string_equal(problem_of(r, ""), "notJSON");
	assert_string_equal(problem_of(r, "{'using': ['urn:ietf:params:jmap:core'], 'using': [], 'methodCalls': []}"), "notJSON");
	assert_string_equal(problem_of(r, "'x'"), "notRequest");
	assert_string_equal(problem_of(r, "{'using': 1, 'methodCalls': []}"), "notRequest");
	assert_string_equal(problem_of(r, "{'using': [], 'methodCalls': [['a', [], 'b']]}"), "notRequest");
	assert_string_equal(problem_of(r, "{'using': [], 'methodCalls': [], 'createdIds': {'a': 1}}"), "notRequest");
	assert_string_equal(problem_of(r, "{'using': ['x'], 'methodCalls': []}"), "unknownCapability");
	assert_string_equal(problem_of(r, "{'using': [], 'methodCalls': []}"), "");
}

/* RFC 7493: what JSON is only nearly, or with what different parsers differ about. */
static void test_what_is_no_i_json(void **state)
{
	static const char *const values[] = {
		"01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1e999", "True", "'\x01'", "'\n'", "'\\x41'", "'\\u12'", "'\\ud800'", "'\\udc00'", "'\\udc00\\ud800'",
		"'\xff\xfe'", "'\xc0\xaf'", "'\xed\xa0\x80'", "'\xf4\x90\x80\x80'", "{'x': 1, '\\u0078': 2}", "[1,]", "{'x': 1,}", "[1 2]", "1 /* one */", "1}]]} x",
	};
	struct mail_rig *r = *state;
	struct buf body = BUF_INIT(1 << 20);

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		buf_clear(&body);
		buf_printf(&body, "{'using': ['urn:ietf:params:jmap:core'], 'methodCalls': [['Core/echo', {'a': %s}, 'c']]}", values[i]);
		buf_append_byte(&body, 0);
		assert_string_equal(problem_of(r, (const char *)buf_slice(&body).p), "notJSON");
	}
	buf_clear(&body);
	for (size_t i = 0; i < 10000; i++)
		buf_append_byte(&body, '[');
	buf_append_byte(&body, 0);
	assert_string_equal(problem_of(r, (const char *)buf_slice(&body).p), "notJSON");
	assert_string_equal(problem_of(r, "{'using': [], 'methodCalls': [['Core/echo', {'a': ['\\u0000', '\\ud83d\\ude00', 9007199254740991, 1e308]}, 'c']]}"), "");
	buf_free(&body);
}

static json_t *request(struct mail_rig *r, const char *calls)
{
	struct buf text = BUF_INIT(65536), body = BUF_INIT(65536);
	json_t *answer;

	buf_printf(&text, "{'using': ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:quota'], 'methodCalls': [%s]}", calls);
	buf_append_byte(&text, 0);
	answer = mail_rig_request(r, quoted((const char *)buf_slice(&text).p, &body));
	buf_free(&text);
	buf_free(&body);
	assert_non_null(answer);
	json_decref(r->answer);
	r->answer = answer; /* the rig's */
	return answer;
}

static void test_references_see_the_answers_before(void **state)
{
	json_t *answer = request(*state, "['Core/echo', {'list': [{'id': 'x'}, {'id': 'y'}]}, 'a'],"
		"['Core/echo', {'#ids': {'resultOf': 'a', 'name': 'Core/echo', 'path': '/list/*/id'}}, 'b'],"
		"['Core/echo', {'#ids': {'resultOf': 'b', 'name': 'Core/echo', 'path': '/ids'}}, 'c'],"
		"['Core/echo', {'ids': [], '#ids': {'resultOf': 'b', 'name': 'Core/echo', 'path': '/ids'}}, 'd'],"
		"['Core/echo', {'#ids': {'resultOf': 'f', 'name': 'Core/echo', 'path': '/ids'}}, 'e']");

	expect(json_incref(json_array_get(json_object_get(answer, "methodResponses"), 2)), "['Core/echo', {'ids': ['x', 'y']}, 'c']");
	expect(json_incref(json_array_get(json_object_get(answer, "methodResponses"), 3)), "['error', {'type': 'invalidArguments'}, 'd']");
	expect(json_incref(json_array_get(json_object_get(answer, "methodResponses"), 4)), "['error', {'type': 'invalidResultReference'}, 'e']");
}

/* Every echo holds the former one twice. */
static void test_references_do_not_grow_without_end(void **state)
{
	struct buf body = BUF_INIT(65536), quotes = BUF_INIT(65536);
	json_t *whole, *answer, *one;
	size_t i, bytes = 0;

	buf_append_str(&body, "{'using': ['urn:ietf:params:jmap:core'], 'methodCalls': [['Core/echo', {'a': ['0123456789']}, '0']");
	for (int n = 1; n < 40; n++)
		buf_printf(&body, ",['Core/echo', {'#p': {'resultOf': '%d', 'name': 'Core/echo', 'path': ''},"
			"'#q': {'resultOf': '%d', 'name': 'Core/echo', 'path': ''}}, '%d']", n - 1, n - 1, n);
	buf_append(&body, SLICE("]}"));
	buf_append_byte(&body, 0);
	whole = mail_rig_request(*state, quoted((const char *)buf_slice(&body).p, &quotes));
	answer = json_object_get(whole, "methodResponses");
	assert_int_equal(json_array_size(answer), 40);
	assert_string_equal(mail_rig_text(answer, "39/1/type"), "invalidResultReference");
	json_array_foreach(answer, i, one) {
		char *text = json_dumps(one, JSON_COMPACT);
		bytes += strlen(text);
		free(text);
	}
	assert_in_range(bytes, 100000, JMAP_KEPT_MAX + JMAP_ECHO_MAX);
	json_decref(whole);
	buf_free(&body);
	buf_free(&quotes);
}

static void expect_values(const char *json, size_t want)
{
	struct buf text = BUF_INIT(1000);

	assert_int_equal(jmap_values_count(quoted(json, &text)), want);
	buf_free(&text);
}

static void test_values_are_counted_before_they_are_made(void **state)
{
	struct buf body = BUF_INIT(JMAP_REQUEST_MAX);

	expect_values("", 0);
	expect_values("7", 1);
	expect_values("[[], {}, ',,[[{{', '\\\\', '\\\\\\',', 1]", 9);
	expect_values("'no end", 1);
	expect_values("'no end \\", 1);
	buf_append_str(&body, "{\"using\":[],\"methodCalls\":[],\"more\":[1");
	for (int i = 0; i < JMAP_VALUES_MAX; i++)
		buf_append_str(&body, ",[]");
	buf_append_str(&body, "]}");
	assert_null(mail_rig_request(*state, buf_slice(&body)));
	buf_free(&body);
}

static void test_unknown_methods_and_arguments(void **state)
{
	struct mail_rig *r = *state;
	json_t *answer = request(r, "['Nothing/get', {}, 'a'], ['Blob/get', {}, 'b']");

	expect(json_incref(json_object_get(answer, "methodResponses")), "[['error', {'type': 'unknownMethod'}, 'a'], ['error', {'type': 'unknownMethod'}, 'b']]");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "Mailbox/get", "{'idz': []}"), "type"), "invalidArguments");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "Mailbox/get", "{'properties': ['nothing']}"), "type"), "invalidArguments");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "Quota/changes", "{'sinceState': 'x', 'maxChanges': 0}"), "type"), "invalidArguments");
	assert_string_equal(mail_rig_text(mail_rig_ask(r, "SieveScript/get", "{}"), "type"), "serverUnavailable");
}

/* ---- quota ---- */

static void test_the_quota_is_there_when_there_is_one(void **state)
{
	struct mail_rig *r = *state;

	expect(json_incref(json_object_get(mail_rig_ask(r, "Quota/get", "{}"), "list")), "[]");
	ram_account_set_quota(r->mail, 1000000);
	expect(json_incref(json_object_get(mail_rig_ask(r, "Quota/get", "{'properties': ['hardLimit', 'types']}"), "list")),
		"[{'id': 'Qoctets', 'hardLimit': 1000000, 'types': ['Email']}]");
	expect(json_incref(json_object_get(mail_rig_ask(r, "Quota/query", "{'filter': {'name': 'mai'}, 'calculateTotal': true}"), "ids")), "['Qoctets']");
	expect(json_incref(json_object_get(mail_rig_ask(r, "Quota/query", "{'filter': {'operator': 'NOT', 'conditions': [{'scope': 'account'}]}}"), "ids")),
		"[]");
}

static json_t *quota_changes(struct mail_rig *r, const char *method, const char *member, const char *since)
{
	char args[200];

	snprintf(args, sizeof args, "{'%s': '%s'}", member, since);
	return mail_rig_ask(r, method, "%s", args);
}

static void test_changes_of_the_quota_are_always_told(void **state)
{
	struct mail_rig *r = *state;
	char without[100], with[100];

	snprintf(without, sizeof without, "%s", mail_rig_text(mail_rig_ask(r, "Quota/get", "{}"), "state"));
	ram_account_set_quota(r->mail, 1000000);
	snprintf(with, sizeof with, "%s", mail_rig_text(mail_rig_ask(r, "Quota/get", "{}"), "state"));
	expect(json_incref(json_object_get(quota_changes(r, "Quota/changes", "sinceState", without), "created")), "['Qoctets']");
	expect(json_incref(json_object_get(quota_changes(r, "Quota/changes", "sinceState", with), "updated")), "[]");
	expect(json_incref(json_object_get(quota_changes(r, "Quota/queryChanges", "sinceQueryState", without), "added")), "[{'id': 'Qoctets', 'index': 0}]");
	expect(json_incref(json_object_get(quota_changes(r, "Quota/queryChanges", "sinceQueryState", with), "added")), "[]");
	ram_account_set_quota(r->mail, 0);
	expect(json_incref(json_object_get(quota_changes(r, "Quota/changes", "sinceState", with), "destroyed")), "['Qoctets']");
	expect(json_incref(json_object_get(quota_changes(r, "Quota/queryChanges", "sinceQueryState", with), "removed")), "['Qoctets']");
	assert_string_equal(mail_rig_text(quota_changes(r, "Quota/changes", "sinceState", "x"), "type"), "cannotCalculateChanges");
}

/* ---- preferences ---- */

static void expect_preferences(struct mail_rig *r, const char *args, const char *want)
{
	expect(json_incref(json_object_get(mail_rig_ask(r, "Preferences/get", "%s", args), "list")), want);
}

static json_t *prefer(struct mail_rig *r, const char *patch)
{
	return mail_rig_ask(r, "Preferences/set", "{'update': {'singleton': %s}}", patch);
}

static void test_preferences_are_what_the_page_says(void **state)
{
	struct mail_rig *r = *state;
	char before[JMAP_STATE_MAX + 1];

	expect_preferences(r, "{}", "[{'id': 'singleton'}]");
	(void)snprintf(before, sizeof before, "%s", mail_rig_text(mail_rig_ask(r, "Preferences/get", "{}"), "state"));
	assert_string_equal(mail_rig_text(prefer(r, "{'theme': 'dark', 'undo-seconds': 30, 'images': {'mode': 'ask'}}"), "oldState"), before);
	assert_string_not_equal(mail_rig_text(prefer(r, "{'theme': null, 'locale': 'zh-CN'}"), "newState"), before);
	expect_preferences(r, "{'ids': ['singleton']}", "[{'id': 'singleton', 'images': {'mode': 'ask'}, 'locale': 'zh-CN', 'undo-seconds': 30}]");
	expect_preferences(r, "{'properties': ['locale', 'theme']}", "[{'id': 'singleton', 'locale': 'zh-CN', 'theme': null}]");
	expect(json_incref(json_object_get(mail_rig_ask(r, "Preferences/get", "{'ids': ['other']}"), "notFound")), "['other']");
}

static void test_preferences_have_limits(void **state)
{
	struct mail_rig *r = *state;

	expect(json_incref(json_object_get(prefer(r, "{'a/b': 1, 'good': 2}"), "notUpdated")),
		"{'singleton': {'type': 'invalidProperties', 'properties': ['a/b']}}");
	expect(json_incref(json_object_get(mail_rig_ask(r, "Preferences/set", "{'create': {'n': {}}, 'destroy': ['singleton']}"), "notDestroyed")),
		"{'singleton': {'type': 'singleton'}}");
	mail_rig_restrict(r, ACCOUNT_REFUSES_CHANGE);
	expect(json_incref(json_object_get(prefer(r, "{'good': 2}"), "notUpdated")), "{'singleton': {'type': 'forbidden'}}");
}

/* ---- blobs ---- */

static void expect_blob(struct mail_rig *r, const char *email, const char *suffix, struct slice want)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT(1 << 20);
	struct jmap_blob blob;

	assert_int_equal(jmap_blob_open(r->jmap, arena_printf(&arena, "B%s%s", email + 1, suffix), &arena, &blob), 0);
	assert_int_equal(jmap_blob_read(&blob, &out), 0);
	assert_int_equal(buf_len(&out), want.n);
	assert_memory_equal(buf_slice(&out).p, want.p, want.n);
	buf_free(&out);
	arena_free(&arena);
}

static void test_parts_come_without_their_encoding(void **state)
{
	struct mail_rig *r = *state;
	struct buf letter = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20);
	const char *email;

	buf_append_str(&letter, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n");
	/* 76 characters a line, far more than one step. */
	for (unsigned i = 0; i < 3000; i++) {
		buf_append_str(&letter, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWkFCQ0RF\r\n");
		buf_append_str(&plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDE");
	}
	buf_append_str(&letter, "eHg=\r\n--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--x--\r\n");
	buf_append_str(&plain, "xx");
	email = mail_rig_deliver(r, "INBOX", 1000, buf_slice(&letter));
	expect_blob(r, email, "-2", buf_slice(&plain));
	expect_blob(r, email, "-3", SLICE("a=bc"));
	expect_blob(r, email, "", buf_slice(&letter));
	buf_free(&letter);
	buf_free(&plain);
}

static void test_blobs_that_are_not_there(void **state)
{
	struct mail_rig *r = *state;
	struct arena arena = ARENA_INIT;
	struct jmap_blob blob;

	assert_int_equal(jmap_blob_open(r->jmap, SLICE("B00000000000000000000000000000000"), &arena, &blob), ERR_NOT_FOUND);
	assert_int_equal(jmap_blob_open(r->jmap, SLICE("U00000000000000000000000000000000"), &arena, &blob), ERR_NOT_FOUND);
	assert_int_equal(jmap_blob_open(r->jmap, SLICE("x"), &arena, &blob), ERR_NOT_FOUND);
	arena_free(&arena);
}

/* ---- push ---- */

static void on_changed(void *arg)
{
	++*(unsigned *)arg;
}

static void test_a_listener_is_told_what_changed_and_nothing_twice(void **state)
{
	struct mail_rig *r = *state;
	unsigned told = 0;
	uint64_t types;
	struct buf out = BUF_INIT(4096), before = BUF_INIT(100), after = BUF_INIT(100);

	assert_true(jmap_push_types(SLICE("Email,Mailbox"), &types));
	assert_false(jmap_push_types(SLICE("Email,Nothing"), &(uint64_t){0}));
	struct jmap_push *p = jmap_push_create(r->jmap, types, on_changed, &told);
	assert_false(jmap_push_take(p, false, &out));
	jmap_push_state(p, &before);
	mail_rig_deliver(r, "INBOX", 1000, SLICE("Subject: x\r\n\r\nx\r\n"));
	while (ram_account_run(r->mail) > 0)
		continue;
	assert_true(told > 0);
	assert_true(jmap_push_take(p, false, &out));
	assert_true(slice_search(buf_slice(&out), SLICE("\"Email\":")) > 0);
	assert_int_equal(slice_search(buf_slice(&out), SLICE("\"Thread\":")), -1);
	assert_false(jmap_push_take(p, false, &out));
	jmap_push_state(p, &after);
	assert_false(slice_eq(buf_slice(&before), buf_slice(&after)));
	jmap_push_destroy(&p);
	buf_free(&out);
	buf_free(&before);
	buf_free(&after);
}

static void test_the_session_object_names_its_addresses(void **state)
{
	struct mail_rig *r = *state;
	struct buf out = BUF_INIT(65536);
	json_t *session;

	jmap_session_print(r->jmap, SLICE("https://mail.example.org"), &out);
	session = json_loadb((const char *)buf_slice(&out).p, buf_len(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(session);
	assert_string_equal(mail_rig_text(session, "apiUrl"), "https://mail.example.org/jmap/api");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_object_get(session, "capabilities"), "urn:ietf:params:jmap:websocket"),
		"url")), "wss://mail.example.org/jmap/ws");
	assert_true(slice_eq(slice_str(mail_rig_text(session, "state")), jmap_session_state(r->jmap)));
	json_decref(session);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_emitted_is_json), cmocka_unit_test(test_dates), cmocka_unit_test(test_pointers), cmocka_unit_test(test_patches),
		T(test_envelopes_that_are_refused), T(test_what_is_no_i_json), T(test_references_see_the_answers_before),
		T(test_references_do_not_grow_without_end), T(test_values_are_counted_before_they_are_made), T(test_unknown_methods_and_arguments),
		T(test_the_quota_is_there_when_there_is_one), T(test_changes_of_the_quota_are_always_told), T(test_preferences_are_what_the_page_says), T(test_preferences_have_limits),
		T(test_parts_come_without_their_encoding), T(test_blobs_that_are_not_there),
		T(test_a_listener_is_told_what_changed_and_nothing_twice), T(test_the_session_object_names_its_addresses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
