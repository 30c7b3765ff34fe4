#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "admin/request.h"

static int parse(const char *line, struct admin_request *ret, struct arena *arena, struct error *err)
{
	return admin_request_parse(slice_str(line), arena, ret, err);
}

static void assert_refused(const char *line, enum error_code code)
{
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct error err = {0};

	assert_int_equal(parse(line, &request, &arena, &err), code);
	assert_true(err.public_text[0] != 0);
	arena_free(&arena);
}

static void takes_a_request_and_names_its_role(void **state)
{
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct error err = {0};

	assert_int_equal(parse("{\"op\":\"domain.add\",\"args\":{\"domain\":\"demo.test\"}}", &request, &arena, &err), 0);
	assert_int_equal(request.operation->role, ROLE_AUTH);
	assert_true(slice_eq(request.args, SLICE("{\"domain\":\"demo.test\"}")));
	assert_int_equal(parse("{\"op\":\"queue.stats\"}", &request, &arena, &err), 0);
	assert_int_equal(request.operation->role, ROLE_QUEUE);
	assert_true(slice_eq(request.args, SLICE("{}")));
	arena_free(&arena);
}

static void checks_types_and_names_of_arguments(void **state)
{
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct error err = {0};

	assert_int_equal(parse("{\"op\":\"user.set\",\"args\":{\"address\":\"a@b\",\"quota\":5}}", &request, &arena, &err), 0);
	assert_int_equal(parse("{\"op\":\"group.add\",\"args\":{\"address\":\"a@b\",\"members\":[\"c@d\"]}}", &request, &arena, &err), 0);
	arena_free(&arena);
	assert_refused("{\"op\":\"user.set\",\"args\":{\"address\":\"a@b\",\"quota\":\"5\"}}", ERR_INVALID);
	assert_refused("{\"op\":\"user.set\",\"args\":{\"address\":\"a@b\",\"quota\":-5}}", ERR_INVALID);
	assert_refused("{\"op\":\"user.set\",\"args\":{\"quota\":5}}", ERR_INVALID);
	assert_refused("{\"op\":\"user.set\",\"args\":{\"address\":\"a@b\",\"color\":\"red\"}}", ERR_INVALID);
	assert_refused("{\"op\":\"group.add\",\"args\":{\"address\":\"a@b\",\"members\":[7]}}", ERR_INVALID);
}

static void refuses_what_is_no_request(void **state)
{
	assert_refused("", ERR_INVALID);
	assert_refused("[]", ERR_INVALID);
	assert_refused("{\"op\":7}", ERR_INVALID);
	assert_refused("{\"op\":\"domain.list\",\"args\":[]}", ERR_INVALID);
	assert_refused("{\"op\":\"domain.list\",\"op\":\"domain.add\"}", ERR_INVALID);
	assert_refused("{\"op\":\"domain.format\"}", ERR_NOT_FOUND);
}

static void answers_are_one_line_of_json(void **state)
{
	struct buf out = BUF_INIT(4096);

	admin_answer(&out, ADMIN_OK, SLICE("{\"a\": 1}"));
	assert_true(slice_eq(buf_slice(&out), SLICE("{\"status\":0,\"result\":{\"a\":1}}\n")));
	buf_clear(&out);
	admin_answer(&out, ADMIN_NOT_FOUND, SLICE("{\"error\":\"no \\\"x\\\"\"}"));
	assert_true(slice_eq(buf_slice(&out), SLICE("{\"status\":6,\"error\":\"no \\\"x\\\"\",\"result\":{\"error\":\"no \\\"x\\\"\"}}\n")));
	buf_clear(&out);
	admin_answer(&out, ADMIN_OK, SLICE("nonsense"));
	assert_true(slice_starts(buf_slice(&out), SLICE("{\"status\":1,\"error\":")));
	buf_clear(&out);
	admin_answer_error(&out, ADMIN_DENIED, "no");
	assert_true(slice_eq(buf_slice(&out), SLICE("{\"status\":5,\"error\":\"no\"}\n")));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_request_and_names_its_role),
		cmocka_unit_test(checks_types_and_names_of_arguments),
		cmocka_unit_test(refuses_what_is_no_request),
		cmocka_unit_test(answers_are_one_line_of_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
