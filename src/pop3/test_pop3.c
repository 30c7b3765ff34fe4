#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pop3/line.h"
#include "pop3/login.h"
#include "pop3/session.h"

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("got \"%.*s\", expected \"%s\"", SLICE_ARG(s), expected);
}

/* ---- before login ---- */

struct door {
	struct pop3_login *login;
	struct buf in, out, credentials;
	bool tls_begun, cancelled;
};

static void on_start_tls(void *owner)
{
	((struct door *)owner)->tls_begun = true;
}

static void on_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	struct door *d = owner;

	buf_append(&d->credentials, mechanism);
	buf_append_str(&d->credentials, has_initial ? "+" : "-");
	for (size_t i = 0; i < initial.n; i++)
		buf_append_byte(&d->credentials, initial.p[i] != 0 ? initial.p[i] : '|');
}

static void on_continue(void *owner, struct slice response)
{
	buf_append(&((struct door *)owner)->credentials, response);
}

static void on_cancel(void *owner)
{
	((struct door *)owner)->cancelled = true;
}

static const struct pop3_login_callbacks door_callbacks = {on_start_tls, on_begin, on_continue, on_cancel};

static struct door door_open(void)
{
	struct door d = {.in = BUF_INIT(20000), .out = BUF_INIT(20000), .credentials = BUF_INIT(1000)};

	return d;
}

static void door_start(struct door *d, bool secure)
{
	struct pop3_login_settings settings = {.server_name = SLICE("mx"), .starttls = true, .secure = secure, .channel_binding = secure};

	d->tls_begun = false;
	d->login = pop3_login_create(&settings, &door_callbacks, d);
}

static void door_say(struct door *d, const char *text)
{
	buf_append_str(&d->in, text);
	pop3_login_input(d->login, &d->in, &d->out);
}

static void door_expect(struct door *d, const char *text)
{
	assert_slice(buf_slice(&d->out), text);
	buf_clear(&d->out);
}

static void door_close(struct door *d)
{
	pop3_login_destroy(&d->login);
	buf_free(&d->in);
	buf_free(&d->out);
	buf_free(&d->credentials);
}

static void no_password_is_taken_without_tls(void **state)
{
	struct door d = door_open();

	door_start(&d, false);
	door_say(&d, "USER anna\r\n");
	door_expect(&d, "-ERR No password without TLS: use STLS first\r\n");
	door_say(&d, "AUTH PLAIN AGEAYg==\r\n");
	door_expect(&d, "-ERR No password without TLS: use STLS first\r\n");
	assert_int_equal(buf_len(&d.credentials), 0);
	door_say(&d, "STLS\r\nUSER x\r\n");
	door_expect(&d, "+OK Begin TLS negotiation\r\n");
	assert_true(d.tls_begun);
	door_close(&d);
}

static void user_and_pass_become_plain(void **state)
{
	struct door d = door_open();
	bool utf8;

	door_start(&d, true);
	door_say(&d, "utf8\r\nUSER anna@demo.test\r\nPASS two words \r\nSTAT\r\n");
	door_expect(&d, "+OK UTF8 enabled\r\n+OK Send PASS\r\n");
	assert_slice(buf_slice(&d.credentials), "PLAIN+|anna@demo.test|two words ");
	pop3_login_succeeded(d.login, SLICE_NONE, &d.out);
	assert_true(pop3_login_done(d.login, &utf8) && utf8);
	assert_slice(buf_slice(&d.in), "STAT\r\n");
	door_close(&d);
}

static void sasl_goes_in_steps_and_can_be_given_up(void **state)
{
	struct door d = door_open();
	bool utf8;

	door_start(&d, true);
	door_say(&d, "AUTH SCRAM-SHA-256 eA==\r\n");
	pop3_login_challenge(d.login, SLICE("abc"), &d.out);
	door_expect(&d, "+ YWJj\r\n");
	door_say(&d, "*\r\n");
	door_expect(&d, "-ERR Authentication cancelled\r\n");
	assert_true(d.cancelled);
	door_say(&d, "AUTH SCRAM-SHA-256 eA==\r\n");
	pop3_login_challenge(d.login, SLICE("abc"), &d.out);
	door_say(&d, "eQ==\r\n");
	pop3_login_succeeded(d.login, SLICE("v=1"), &d.out);
	assert_false(pop3_login_done(d.login, &utf8));
	door_say(&d, "\r\n");
	assert_true(pop3_login_done(d.login, &utf8));
	door_close(&d);
}

static void failures_and_nonsense_end_the_connection(void **state)
{
	struct door d = door_open();

	door_start(&d, true);
	for (int i = 0; i < POP3_LOGIN_FAILURES_MAX; i++) {
		assert_false(pop3_login_closing(d.login));
		door_say(&d, "AUTH PLAIN AGEAYg==\r\n");
		pop3_login_failed(d.login, POP3_LOGIN_BAD_CREDENTIALS, &d.out);
		door_expect(&d, "-ERR [AUTH] Name or password is wrong\r\n");
	}
	assert_true(pop3_login_closing(d.login));
	door_close(&d);

	door_start(&d, true);
	for (int i = 0; i < POP3_LINE_MAX + 10; i++)
		buf_append_byte(&d.in, 'x');
	pop3_login_input(d.login, &d.in, &d.out);
	door_expect(&d, "-ERR Line too long\r\n");
	assert_true(pop3_login_closing(d.login));
	door_close(&d);
}

/* ---- after login ---- */

struct room {
	struct account *account;
	struct pop3_session *session;
	struct buf in, out;
};

static void on_wake(void *owner)
{
}

static const struct pop3_session_callbacks room_callbacks = {on_wake};

static void room_enter(struct room *r)
{
	r->session = pop3_session_create(r->account, &room_callbacks, NULL);
	pop3_session_hello(r->session, false);
	ram_account_run(r->account);
	pop3_session_run(r->session, &r->in, &r->out);
}

static int room_open(void **state)
{
	static struct room r;

	r = (struct room){.account = ram_account_create(), .in = BUF_INIT(20000), .out = BUF_INIT(1 << 20)};
	ram_account_deliver(r.account, SLICE("INBOX"), SLICE("Subject: one\r\n\r\n.dot\r\nline 2\r\nline 3\r\n"), 1);
	ram_account_deliver(r.account, SLICE("INBOX"), SLICE("Subject: two\r\n\r\nno end"), 2);
	room_enter(&r);
	*state = &r;
	return 0;
}

static int room_close(void **state)
{
	struct room *r = *state;

	pop3_session_destroy(&r->session);
	ram_account_run(r->account);
	ram_account_destroy(&r->account);
	buf_free(&r->in);
	buf_free(&r->out);
	return 0;
}

static void room_dialogue(struct room *r, const char *say, const char *expected)
{
	buf_append_str(&r->in, say);
	pop3_session_run(r->session, &r->in, &r->out);
	assert_slice(buf_slice(&r->out), expected);
	buf_clear(&r->out);
}

static void retr_stuffs_dots_and_ends_the_last_line(void **state)
{
	struct room *r = *state;

	room_dialogue(r, "", "+OK 2 messages\r\n");
	room_dialogue(r, "RETR 1\r\n", "+OK 38 octets\r\nSubject: one\r\n\r\n..dot\r\nline 2\r\nline 3\r\n.\r\n");
	room_dialogue(r, "RETR 2\r\n", "+OK 22 octets\r\nSubject: two\r\n\r\nno end\r\n.\r\n");
	room_dialogue(r, "RETR 3\r\nRETR 0\r\n", "-ERR No such message\r\n-ERR No such message\r\n");
}

static void top_gives_the_header_and_as_many_lines(void **state)
{
	struct room *r = *state;

	buf_clear(&r->out);
	room_dialogue(r, "TOP 1 0\r\n", "+OK 38 octets\r\nSubject: one\r\n\r\n.\r\n");
	room_dialogue(r, "TOP 1 2\r\n", "+OK 38 octets\r\nSubject: one\r\n\r\n..dot\r\nline 2\r\n.\r\n");
	room_dialogue(r, "TOP 1 99\r\n", "+OK 38 octets\r\nSubject: one\r\n\r\n..dot\r\nline 2\r\nline 3\r\n.\r\n");
}

static void deletions_happen_at_quit_only(void **state)
{
	struct room *r = *state;

	buf_clear(&r->out);
	room_dialogue(r, "DELE 1\r\nSTAT\r\nLIST\r\nRSET\r\n",
	              "+OK Marked for deletion\r\n+OK 1 22\r\n+OK List follows\r\n2 22\r\n.\r\n+OK No message is marked any more\r\n");
	room_dialogue(r, "DELE 1\r\nDELE 1\r\n", "+OK Marked for deletion\r\n-ERR No such message\r\n");
	pop3_session_destroy(&r->session);
	room_enter(r);
	room_dialogue(r, "DELE 2\r\nQUIT\r\n", "+OK 2 messages\r\n+OK Marked for deletion\r\n+OK Bye\r\n");
	assert_true(pop3_session_closing(r->session));
	pop3_session_destroy(&r->session);
	room_enter(r);
	room_dialogue(r, "UIDL 1\r\n", "+OK 1 messages\r\n+OK 1 1001.1\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_password_is_taken_without_tls),
		cmocka_unit_test(user_and_pass_become_plain),
		cmocka_unit_test(sasl_goes_in_steps_and_can_be_given_up),
		cmocka_unit_test(failures_and_nonsense_end_the_connection),
		cmocka_unit_test_setup_teardown(retr_stuffs_dots_and_ends_the_last_line, room_open, room_close),
		cmocka_unit_test_setup_teardown(top_gives_the_header_and_as_many_lines, room_open, room_close),
		cmocka_unit_test_setup_teardown(deletions_happen_at_quit_only, room_open, room_close),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pop3", tests, NULL, NULL);
}
