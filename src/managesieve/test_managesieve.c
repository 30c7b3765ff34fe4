#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "managesieve/command.h"
#include "managesieve/server.h"

struct door {
	struct managesieve *m;
	struct buf in, out, asked;
};

static void on_start_tls(void *owner)
{
	buf_append_str(&((struct door *)owner)->asked, "tls;");
}

static void on_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	struct door *d = owner;
	buf_printf(&d->asked, "auth %.*s %d;", SLICE_ARG(mechanism), has_initial);
	if (!has_initial)
		managesieve_challenge(d->m, SLICE("what"), &d->out);
	else if (slice_eq(initial, SLICE("good")))
		managesieve_succeeded(d->m, SLICE_NONE, SLICE("ann@example.org"), &d->out);
	else
		managesieve_failed(d->m, MANAGESIEVE_BAD_CREDENTIALS, &d->out);
}

static void on_continue(void *owner, struct slice response)
{
	struct door *d = owner;
	buf_printf(&d->asked, "response %.*s;", SLICE_ARG(response));
	managesieve_succeeded(d->m, SLICE("final"), SLICE("ann@example.org"), &d->out);
}

static void on_cancel(void *owner)
{
	buf_append_str(&((struct door *)owner)->asked, "cancel;");
}

static void on_request(void *owner, const struct managesieve_request *r)
{
	struct door *d = owner;
	struct buf list = BUF_INIT(100);
	buf_printf(&d->asked, "%d %.*s %.*s %llu;", r->op, SLICE_ARG(r->name), SLICE_ARG(r->text), (unsigned long long)r->size);
	buf_put_u8(&list, 1);
	buf_put_bytes(&list, SLICE("ma\"in"));
	if (slice_eq(r->name, SLICE("none")))
		managesieve_answer(d->m, MANAGESIEVE_NONEXISTENT, SLICE("no such"), SLICE_NONE, &d->out);
	else
		managesieve_answer(d->m, MANAGESIEVE_OK, SLICE_NONE, r->op == MANAGESIEVE_LIST ? buf_slice(&list) : SLICE("keep;"), &d->out);
	buf_free(&list);
}

static void on_sign_out(void *owner)
{
	buf_append_str(&((struct door *)owner)->asked, "out;");
}

static const struct managesieve_callbacks callbacks = {on_start_tls, on_begin, on_continue, on_cancel, on_request, on_sign_out};

static void open_door(struct door *d, bool secure)
{
	struct managesieve_settings settings = {.server_name = SLICE("mx"), .extensions = SLICE("fileinto"), .redirects = 4, .starttls = true,
		.secure = secure};
	*d = (struct door){.in = BUF_INIT(65536), .out = BUF_INIT(1 << 20), .asked = BUF_INIT(1 << 20)};
	d->m = managesieve_create(&settings, &callbacks, d);
}

static void close_door(struct door *d)
{
	managesieve_destroy(&d->m);
	buf_free(&d->in);
	buf_free(&d->out);
	buf_free(&d->asked);
}

/* Byte for byte: the answers do not depend on how input is cut. */
static void say(struct door *d, const char *text)
{
	buf_clear(&d->out);
	buf_clear(&d->asked);
	for (; *text != 0; text++) {
		buf_append_byte(&d->in, (uint8_t)*text);
		managesieve_input(d->m, &d->in, &d->out);
	}
}

static void expect(struct door *d, const char *input, const char *asked, const char *output)
{
	say(d, input);
	buf_append_byte(&d->asked, 0);
	buf_append_byte(&d->out, 0);
	assert_string_equal((const char *)d->asked.data + d->asked.start, asked);
	assert_string_equal((const char *)d->out.data + d->out.start, output);
}

static void nobody_signs_in_without_tls(void **state)
{
	struct door d;
	(void)state;
	open_door(&d, false);
	managesieve_greet(d.m, &d.out);
	assert_true(slice_search(buf_slice(&d.out), SLICE("\"SASL\" \"\"\r\n")) >= 0);
	assert_true(slice_search(buf_slice(&d.out), SLICE("\"STARTTLS\"\r\n")) >= 0);
	assert_true(slice_ends(buf_slice(&d.out), SLICE("OK \"mx ready.\"\r\n")));
	expect(&d, "AUTHENTICATE \"PLAIN\" \"Z29vZA==\"\r\n", "", "NO (ENCRYPT-NEEDED) \"No password without TLS: use STARTTLS first\"\r\n");
	expect(&d, "LISTSCRIPTS\r\n", "", "NO \"Sign in first\"\r\n");
	expect(&d, "STARTTLS\r\nNOOP\r\n", "tls;", "OK \"Begin TLS negotiation\"\r\n");
	buf_clear(&d.out);
	managesieve_secured(d.m, true, false, &d.out);
	assert_true(slice_search(buf_slice(&d.out), SLICE("SCRAM-SHA-256-PLUS")) >= 0);
	assert_true(slice_search(buf_slice(&d.out), SLICE("STARTTLS")) < 0);
	/* What came behind STARTTLS is gone. */
	expect(&d, "NOOP \"x\"\r\n", "", "OK (TAG \"x\") \"Done\"\r\n");
	close_door(&d);
}

static void a_session(void **state)
{
	struct door d;
	(void)state;
	open_door(&d, true);
	expect(&d, "AUTHENTICATE \"PLAIN\" \"YmFk\"\r\n", "auth PLAIN 1;", "NO \"Name or password is wrong\"\r\n");
	expect(&d, "AUTHENTICATE \"X\"\r\n", "", "NO \"Unknown mechanism\"\r\n");
	expect(&d, "AUTHENTICATE \"SCRAM-SHA-256\"\r\n", "auth SCRAM-SHA-256 0;", "\"d2hhdA==\"\r\n");
	expect(&d, "\"*\"\r\n", "cancel;", "NO \"Authentication cancelled\"\r\n");
	expect(&d, "AUTHENTICATE \"SCRAM-SHA-256\"\r\n{4+}\r\nZ29v\r\n", "auth SCRAM-SHA-256 0;response goo;",
		"\"d2hhdA==\"\r\nOK (SASL \"ZmluYWw=\")\r\n");
	assert_true(managesieve_signed_in(d.m));
	expect(&d, "AUTHENTICATE \"PLAIN\" \"Z29vZA==\"\r\n", "", "NO \"Signed in already\"\r\n");
	expect(&d, "PUTSCRIPT \"a \\\"b\" {7+}\r\nkeep;\r\n\r\n", "2 a \"b keep;\r\n 7;", "OK\r\n");
	expect(&d, "listscripts\r\n", "3   0;", "\"ma\\\"in\" ACTIVE\r\nOK\r\n");
	expect(&d, "GETSCRIPT \"a\"\r\n", "5 a  0;", "{5}\r\nkeep;\r\nOK\r\n");
	expect(&d, "SETACTIVE \"\"\r\n", "4   0;", "OK\r\n");
	expect(&d, "DELETESCRIPT \"none\"\r\n", "6 none  0;", "NO (NONEXISTENT) \"no such\"\r\n");
	expect(&d, "RENAMESCRIPT \"a\" \"b\"\r\n", "7 a b 0;", "OK\r\n");
	expect(&d, "CHECKSCRIPT {0+}\r\n\r\n", "0   0;", "OK\r\n");
	expect(&d, "HAVESPACE \"a\" 99\r\n", "1 a  99;", "OK\r\n");
	expect(&d, "HAVESPACE \"a\" \"99\"\r\n", "", "NO \"Wrong arguments\"\r\n");
	expect(&d, "PUTSCRIPT \"a\"\r\n", "", "NO \"Wrong arguments\"\r\n");
	expect(&d, "UNAUTHENTICATE\r\n", "out;", "OK\r\n");
	expect(&d, "LISTSCRIPTS\r\n", "", "NO \"Sign in first\"\r\n");
	expect(&d, "LOGOUT\r\n", "", "OK \"Bye\"\r\n");
	assert_true(managesieve_closing(d.m));
	close_door(&d);
}

static void what_cannot_be_read_is_refused(void **state)
{
	struct door d;
	(void)state;
	open_door(&d, true);
	expect(&d, "\r\n", "", "NO \"The command cannot be read\"\r\n");
	expect(&d, "NOOP \"a\r\n", "", "NO \"The command cannot be read\"\r\n");
	expect(&d, "NOOP {3}\r\n", "", "NO \"The command cannot be read\"\r\n");
	expect(&d, "FROB\r\n", "", "NO \"Unknown command\"\r\n");
	expect(&d, "NOOP {9999999+}\r\n", "", "BYE \"The command is too long\"\r\n");
	assert_true(managesieve_closing(d.m));
	close_door(&d);
}

static void guessing_ends(void **state)
{
	struct door d;
	(void)state;
	open_door(&d, true);
	for (int i = 0; i < MANAGESIEVE_FAILURES_MAX; i++) {
		assert_false(managesieve_closing(d.m));
		say(&d, "AUTHENTICATE \"PLAIN\" \"YmFk\"\r\n");
	}
	assert_true(managesieve_closing(d.m));
	close_door(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_signs_in_without_tls), cmocka_unit_test(a_session), cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(guessing_ends),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
