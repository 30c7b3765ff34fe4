#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "imap/login.h"

struct world {
	struct imap_login *login;
	struct buf in, out, heard; /* heard: what the owner was asked, one line each */
	unsigned tls_started;
};

static void start_tls(void *owner)
{
	((struct world *)owner)->tls_started++;
}

static void note(struct world *w, const char *what, struct slice data)
{
	buf_append_str(&w->heard, what);
	for (size_t i = 0; i < data.n; i++)
		buf_append_byte(&w->heard, data.p[i] == 0 ? '|' : data.p[i]);
	buf_append_byte(&w->heard, ';');
}

static void auth_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	note(owner, "begin ", mechanism);
	note(owner, has_initial ? "initial " : "none", initial);
}

static void auth_continue(void *owner, struct slice response)
{
	note(owner, "response ", response);
}

static void auth_cancel(void *owner)
{
	note(owner, "cancel", SLICE_NONE);
}

static void begin(struct world *w, struct imap_login_settings settings)
{
	static const struct imap_login_callbacks callbacks = {
		.start_tls = start_tls, .auth_begin = auth_begin, .auth_continue = auth_continue, .auth_cancel = auth_cancel,
	};

	settings.server_name = SLICE("mail.example.org");
	*w = (struct world){.in = BUF_INIT(1u << 20), .out = BUF_INIT(1u << 20), .heard = BUF_INIT(1u << 20)};
	w->login = imap_login_create(&settings, &callbacks, w);
}

static void end(struct world *w)
{
	imap_login_destroy(&w->login);
	buf_free(&w->in);
	buf_free(&w->out);
	buf_free(&w->heard);
}

static void feed(struct world *w, const char *text)
{
	buf_append_str(&w->in, text);
	imap_login_input(w->login, &w->in, &w->out, (struct moment){0});
}

static void check(struct buf *b, const char *expected)
{
	buf_append_byte(b, 0);
	assert_string_equal((const char *)buf_slice(b).p, expected);
	buf_clear(b);
}

static void secure_world(struct world *w)
{
	begin(w, (struct imap_login_settings){.secure = true});
}

static void greeting_lists_capabilities(void **state)
{
	struct world w;

	begin(&w, (struct imap_login_settings){.starttls = true});
	imap_login_greet(w.login, &w.out);
	check(&w.out, "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE STARTTLS LOGINDISABLED] mail.example.org ready\r\n");
	end(&w);
}

static void clear_text_login_is_refused(void **state)
{
	struct world w;

	begin(&w, (struct imap_login_settings){.starttls = true});
	feed(&w, "a LOGIN u p\r\nb AUTHENTICATE PLAIN AHUAcA==\r\n");
	check(&w.out, "a NO [PRIVACYREQUIRED] Signing in needs TLS\r\nb NO [PRIVACYREQUIRED] Signing in needs TLS\r\n");
	check(&w.heard, "");
	end(&w);
}

static void starttls_stops_input_until_secured(void **state)
{
	struct world w;

	begin(&w, (struct imap_login_settings){.starttls = true});
	feed(&w, "a STARTTLS\r\nb NOOP\r\n");
	check(&w.out, "a OK Begin TLS negotiation now\r\n");
	assert_int_equal(w.tls_started, 1);
	buf_clear(&w.in); /* as the connection does: nothing sent in the clear counts */
	imap_login_secured(w.login, true);
	feed(&w, "c STARTTLS\r\nd CAPABILITY\r\n");
	check(&w.out, "c BAD TLS is active already\r\n* CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE AUTH=PLAIN AUTH=LOGIN "
	              "AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS\r\nd OK Capabilities listed\r\n");
	end(&w);
}

static void login_succeeds_and_leaves_the_rest(void **state)
{
	struct world w;
	struct slice tag;

	secure_world(&w);
	feed(&w, "a1 LOGIN {5+}\r\nalice \"p\\\"w\"\r\nnext SELECT INBOX\r\n");
	check(&w.heard, "begin PLAIN;initial |alice|p\"w;");
	assert_false(imap_login_done(w.login, &tag));
	imap_login_succeeded(w.login, SLICE_NONE, &w.out);
	assert_true(imap_login_done(w.login, &tag));
	assert_int_equal(tag.n, 2);
	check(&w.out, "");
	check(&w.in, "next SELECT INBOX\r\n");
	end(&w);
}

static void scram_exchange(void **state)
{
	struct world w;
	struct slice tag;

	secure_world(&w);
	feed(&w, "a AUTHENTICATE SCRAM-SHA-256\r\n");
	imap_login_challenge(w.login, SLICE_NONE, &w.out);
	feed(&w, "bixh\r\n");
	imap_login_challenge(w.login, SLICE("r=1"), &w.out);
	feed(&w, "Yz0x\r\n");
	imap_login_succeeded(w.login, SLICE("v=1"), &w.out);
	assert_false(imap_login_done(w.login, &tag));
	feed(&w, "\r\nb NOOP\r\n");
	assert_true(imap_login_done(w.login, &tag));
	check(&w.heard, "begin SCRAM-SHA-256;none;response n,a;response c=1;");
	check(&w.out, "+ \r\n+ cj0x\r\n+ dj0x\r\n");
	check(&w.in, "b NOOP\r\n");
	end(&w);
}

static void exchange_can_be_cancelled(void **state)
{
	struct world w;

	secure_world(&w);
	feed(&w, "a AUTHENTICATE PLAIN\r\n");
	imap_login_challenge(w.login, SLICE_NONE, &w.out);
	feed(&w, "*\r\nb AUTHENTICATE PLAIN =\r\n");
	imap_login_failed(w.login, IMAP_LOGIN_BAD_CREDENTIALS, &w.out);
	feed(&w, "c AUTHENTICATE PLAIN !!!\r\nd AUTHENTICATE NTLM\r\ne AUTHENTICATE SCRAM-SHA-256-PLUS\r\n");
	check(&w.heard, "begin PLAIN;none;cancel;begin PLAIN;initial ;");
	check(&w.out, "+ \r\na BAD Authentication cancelled\r\nb NO [AUTHENTICATIONFAILED] Authentication failed\r\nc BAD Bad base64\r\n"
	              "d NO [CANNOT] Mechanism not supported\r\ne NO [CANNOT] Mechanism not supported\r\n");
	end(&w);
}

static void destroy_cancels_a_running_exchange(void **state)
{
	struct world w;

	secure_world(&w);
	feed(&w, "a LOGIN u p\r\n");
	imap_login_destroy(&w.login);
	check(&w.heard, "begin PLAIN;initial |u|p;cancel;");
	end(&w);
}

static void failures_end_the_connection(void **state)
{
	struct world w;

	secure_world(&w);
	for (int i = 0; i < IMAP_LOGIN_FAILURES_MAX; i++) {
		assert_false(imap_login_closing(w.login));
		feed(&w, "a LOGIN u p\r\n");
		imap_login_failed(w.login, IMAP_LOGIN_THROTTLED, &w.out);
	}
	assert_true(imap_login_closing(w.login));
	end(&w);
}

static void session_commands_are_refused(void **state)
{
	struct world w;

	secure_world(&w);
	feed(&w, "a ENABLE IMAP4rev2\r\nb SELECT INBOX\r\nc LOGIN u\r\nd LOGIN u \"a\xff\"\r\n\r\ne LOGOUT\r\nf NOOP\r\n");
	check(&w.out, "a BAD Sign in first\r\nb BAD Unknown command, or not before login\r\nc BAD Missing argument\r\n"
	              "d BAD Quoted string is not UTF-8\r\n* BAD Expected a tag\r\n* BYE Goodbye\r\ne OK Logged out\r\n");
	assert_true(imap_login_closing(w.login));
	end(&w);
}

static void literals_are_bounded(void **state)
{
	struct world w;

	secure_world(&w);
	feed(&w, "a LOGIN {5}\r\n");
	check(&w.out, "+ OK\r\n");
	feed(&w, "alice {4097}\r\n");
	assert_true(imap_login_closing(w.login));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting_lists_capabilities),
		cmocka_unit_test(clear_text_login_is_refused),
		cmocka_unit_test(starttls_stops_input_until_secured),
		cmocka_unit_test(login_succeeds_and_leaves_the_rest),
		cmocka_unit_test(scram_exchange),
		cmocka_unit_test(exchange_can_be_cancelled),
		cmocka_unit_test(destroy_cancels_a_running_exchange),
		cmocka_unit_test(failures_end_the_connection),
		cmocka_unit_test(session_commands_are_refused),
		cmocka_unit_test(literals_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("imap_login", tests, NULL, NULL);
}
