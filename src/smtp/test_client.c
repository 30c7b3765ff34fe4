/* The client engine against the server engine in memory, and against hosts that say odd things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/ensure.h"
#include "smtp/client.h"
#include "smtp/client_reply.h"
#include "smtp/test_rig.h"

#define RECIPIENTS_MAX 8

struct sender {
	struct smtp_client *client;
	struct buf in, out, log;
	struct smtp_client_message message;
	struct smtp_client_recipient recipients[RECIPIENTS_MAX];
	struct slice body;
	size_t piece, at;
	unsigned rounds;      /* messages to send */
	bool woken, tls, ended, body_fails;
};

static void on_starttls(void *owner)
{
	((struct sender *)owner)->tls = true;
}

static void next(struct sender *s)
{
	s->at = 0;
	if (s->rounds == 0) {
		smtp_client_quit(s->client);
		return;
	}
	s->rounds--;
	smtp_client_send(s->client, &s->message);
}

static void on_opened(void *owner)
{
	struct sender *s = owner;
	buf_append_str(&s->log, "opened\n");
	next(s);
}

static void on_recipient(void *owner, size_t index, const struct smtp_reply *reply)
{
	struct sender *s = owner;
	buf_printf(&s->log, "%zu: %u %.*s\n", index, reply->code, SLICE_ARG(reply->enhanced));
}

static void on_done(void *owner)
{
	struct sender *s = owner;
	buf_append_str(&s->log, "done\n");
	next(s);
}

static int on_body(void *owner, struct buf *out)
{
	struct sender *s = owner;
	if (s->body_fails)
		return -1;
	struct slice part = slice_sub(s->body, s->at, s->at + s->piece);
	buf_append(out, part);
	s->at += part.n;
	return s->at < s->body.n ? SMTP_BODY_MORE : SMTP_BODY_DONE;
}

static void on_failed(void *owner, enum smtp_client_stage stage, const struct smtp_reply *reply)
{
	struct sender *s = owner;
	buf_printf(&s->log, "failed %d %u\n", (int)stage, reply->code);
	s->ended = true;
}

static void on_closed(void *owner)
{
	struct sender *s = owner;
	buf_append_str(&s->log, "closed\n");
	s->ended = true;
}

static void on_wake(void *owner)
{
	((struct sender *)owner)->woken = true;
}

static const struct smtp_client_events events = {
	.starttls = on_starttls, .opened = on_opened, .recipient = on_recipient, .message_done = on_done, .body = on_body,
	.failed = on_failed, .closed = on_closed, .wake = on_wake,
};

static void sender_open(struct sender *s, const struct smtp_client_settings *set, const char *const *to)
{
	struct smtp_client_settings mine = *set;
	*s = (struct sender){.piece = 7, .rounds = 1, .body = SLICE("Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n")};
	mine.helo = SLICE("client.example");
	s->in = BUF_INIT(1u << 22);
	s->out = BUF_INIT(1u << 22);
	s->log = BUF_INIT(1u << 20);
	for (; to[s->message.recipient_count] != NULL; s->message.recipient_count++)
		s->recipients[s->message.recipient_count].address = slice_str(to[s->message.recipient_count]);
	s->message.recipients = s->recipients;
	s->message.reverse_path = SLICE("me@client.example");
	s->client = smtp_client_create(&mine, &events, s);
}

static void sender_close(struct sender *s)
{
	smtp_client_destroy(&s->client);
	buf_free(&s->in);
	buf_free(&s->out);
	buf_free(&s->log);
}

/* Moves up to n bytes. */
static bool move(struct buf *from, struct buf *to, size_t n)
{
	struct slice part = slice_sub(buf_slice(from), 0, n);
	buf_append(to, part);
	buf_consume(from, part.n);
	return part.n > 0;
}

static void talk(struct sender *s, struct rig *r, unsigned split)
{
	bool moved = true;
	while (moved) {
		size_t n = split == 0 ? SIZE_MAX : 1 + (unsigned)rand() % split;
		moved = move(&r->out, &s->in, n);
		smtp_client_pump(s->client, &s->in, &s->out);
		moved |= move(&s->out, &r->in, split == 0 ? SIZE_MAX : n);
		rig_settle(r);
		if (s->tls && buf_len(&s->out) == 0) {
			s->tls = false;
			smtp_client_secured(s->client);
			moved = true;
		}
	}
}

static void expect_log(const struct sender *s, const char *expected)
{
	if (!slice_eq(buf_slice(&s->log), slice_str(expected)))
		fail_msg("%.*s instead of %s", SLICE_ARG(buf_slice(&s->log)), expected);
}

static const char *const four[] = {"a@d", "perm@d", "temp@d", "b@d", NULL};

static void a_conversation_with_our_own_server(void **state)
{
	(void)state;
	srand(2);
	for (unsigned split = 0; split < 40; split += 3) {
		for (int answers = RIG_AT_ONCE; answers <= RIG_LATER_REVERSED; answers++) {
			struct smtp_server_settings server = {.hostname = SLICE("mx"), .starttls = true};
			struct smtp_client_settings set = {.tls = SMTP_TLS_OPPORTUNISTIC};
			struct sender s;
			struct rig r;
			rig_open(&r, &server, answers);
			sender_open(&s, &set, four);
			s.rounds = 2;
			talk(&s, &r, split);
			expect_log(&s, "opened\n1: 550 5.1.1\n2: 451 4.3.0\n0: 250 2.0.0\n3: 250 2.0.0\ndone\n1: 550 5.1.1\n2: 451 4.3.0\n0: 250 2.0.0\n"
			 "3: 250 2.0.0\ndone\nclosed\n");
			assert_true(slice_eq(buf_slice(&r.message), s.body));
			assert_true(slice_search(buf_slice(&r.log), SLICE("as ESMTPS\n")) >= 0);
			sender_close(&s);
			rig_close(&r);
		}
	}
}

static void lmtp_gives_each_recipient_its_own_reply(void **state)
{
	(void)state;
	static const char *const to[] = {"late@d", "perm@d", "b@d", "c@d", NULL};
	struct smtp_server_settings server = {.hostname = SLICE("mx"), .lmtp = true};
	struct smtp_client_settings set = {.lmtp = true};
	struct sender s;
	struct rig r;
	rig_open(&r, &server, RIG_LATER);
	sender_open(&s, &set, to);
	talk(&s, &r, 5);
	expect_log(&s, "opened\n1: 550 5.1.1\n0: 550 5.1.1\n2: 250 2.0.0\n3: 250 2.0.0\ndone\nclosed\n");
	sender_close(&s);
	rig_close(&r);
}

static void binary_messages_go_in_chunks(void **state)
{
	(void)state;
	static const char *const to[] = {"a@d", NULL};
	struct smtp_server_settings server = {.hostname = SLICE("mx")};
	struct smtp_client_settings set = {.tls = SMTP_TLS_NEVER};
	struct sender s;
	struct rig r;
	rig_open(&r, &server, RIG_LATER);
	sender_open(&s, &set, to);
	s.message.body_binary = true;
	s.body = slice_make("a\nb\rc\0.\r\n.\r\nx", 14);
	talk(&s, &r, 0);
	expect_log(&s, "opened\n0: 250 2.0.0\ndone\nclosed\n");
	assert_true(slice_eq(buf_slice(&r.message), s.body));
	sender_close(&s);
	rig_close(&r);
}

static void bare_line_ends_become_crlf(void **state)
{
	(void)state;
	static const char *const to[] = {"a@d", NULL};
	static const struct { struct slice in, out; } cases[] = {
		{SLICE_INIT("a\nb"), SLICE_INIT("a\r\nb\r\n")}, {SLICE_INIT("a\rb\r\n"), SLICE_INIT("a\r\nb\r\n")}, {SLICE_INIT("a\n.\nb"),
		 SLICE_INIT("a\r\n.\r\nb\r\n")},
		{SLICE_INIT("\r\n.\r\n"), SLICE_INIT("\r\n.\r\n")}, {SLICE_INIT("a\r\r\n\n.\r"), SLICE_INIT("a\r\n\r\n\r\n.\r\n")}, {SLICE_INIT(""),
		 SLICE_INIT("")},
		{SLICE_INIT("..\r\n..."), SLICE_INIT("..\r\n...\r\n")},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 1; piece < 5; piece++) {
			struct smtp_server_settings server = {.hostname = SLICE("mx")};
			struct smtp_client_settings set = {.tls = SMTP_TLS_NEVER};
			struct sender s;
			struct rig r;
			rig_open(&r, &server, RIG_AT_ONCE);
			sender_open(&s, &set, to);
			s.body = cases[i].in;
			s.piece = piece;
			talk(&s, &r, 0);
			expect_log(&s, "opened\n0: 250 2.0.0\ndone\nclosed\n");
			assert_true(slice_eq(buf_slice(&r.message), cases[i].out));
			sender_close(&s);
			rig_close(&r);
		}
	}
}

static void the_client_signs_in(void **state)
{
	(void)state;
	static const char *const to[] = {"a@d", NULL};
	static const struct { const char *password, *log; } cases[] = {
		{"clear", "opened\n0: 250 2.0.0\ndone\nclosed\n"}, {"wrong", "failed 3 535\n"}, {"later", "failed 3 454\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct smtp_server_settings server = {.hostname = SLICE("mx"), .starttls = true, .mechanisms = SMTP_AUTH_PLAIN, .auth_required = true};
		struct smtp_client_settings set = {.tls = SMTP_TLS_REQUIRED, .user = SLICE("u"), .password = slice_str(cases[i].password)};
		struct sender s;
		struct rig r;
		rig_open(&r, &server, RIG_LATER);
		sender_open(&s, &set, to);
		talk(&s, &r, 3);
		expect_log(&s, cases[i].log);
		sender_close(&s);
		rig_close(&r);
	}
}

/* A host that answers by a script: each line that arrives takes the next reply; "" says nothing. */
struct script {
	const char *name;
	struct smtp_client_settings set;
	bool utf8, binary, eightbit;
	uint64_t size;
	const char *replies[16]; /* the first is the greeting */
	const char *sent;        /* what the client sends, lines; the body as it comes; NULL: not looked at */
	const char *log;
	bool twice, whole;       /* whole: only when it arrives at once */
};

#define HELLO "250-mx\r\n250-PIPELINING\r\n250 DSN\r\n"
#define BODY "Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n"
static const struct script scripts[] = {
	{"helo after ehlo", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", "502 what\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n",
	 "354 go\r\n", "250 2.0.0 ok\r\n", "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<a@d>\r\nDATA\r\n" BODY "QUIT\r\n",
	 .log = "opened\n0: 250 2.0.0\ndone\nclosed\n"},
	{"greeting refuses", {.tls = SMTP_TLS_NEVER}, .replies = {"554-no\r\n554 never\r\n"}, .sent = "", .log = "failed 0 554\n"},
	{"not smtp", {.tls = SMTP_TLS_NEVER}, .replies = {"HTTP/1.1 200 OK\r\n"}, .sent = "", .log = "failed 0 0\n"},
	{"codes that disagree", {.tls = SMTP_TLS_NEVER}, .replies = {"220-a\r\n250 b\r\n"}, .sent = "", .log = "failed 0 0\n"},
	{"mail refused", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", HELLO, "550 5.7.1 no\r\n", "503 no\r\n", "503 no\r\n",
	 "221 bye\r\n"}, .log = "opened\n0: 550 5.7.1\ndone\nclosed\n"},
	{"recipient refused, data refused", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", HELLO, "250 ok\r\n", "550 5.1.1 no\r\n",
	 "554 none\r\n", "250 ok\r\n", "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<a@d>\r\nDATA\r\nRSET\r\nQUIT\r\n",
	 .log = "opened\n0: 550 5.1.1\ndone\nclosed\n"},
	{"recipient refused, data wanted all the same", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", HELLO, "250 ok\r\n",
	 "550 5.1.1 no\r\n", "354 go\r\n", "554 empty\r\n", "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<a@d>\r\nDATA\r\n.\r\nQUIT\r\n",
	 .log = "opened\n0: 550 5.1.1\ndone\nclosed\n"},
	{"data refused", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", HELLO, "250 ok\r\n", "250 ok\r\n", "451 4.3.0 later\r\n",
	 "250 ok\r\n", "221 bye\r\n"}, .log = "opened\n0: 451 4.3.0\ndone\nclosed\n"},
	{"signs in with LOGIN where PLAIN is not offered", {.tls = SMTP_TLS_REQUIRED, .secure = true, .user = SLICE_INIT("user"),
	 .password = SLICE_INIT("pass word")}, .replies = {"220 mx\r\n", "250-mx\r\n250 AUTH LOGIN XOAUTH2\r\n", "334 VXNlcm5hbWU6\r\n",
	 "334 UGFzc3dvcmQ6\r\n", "235 2.7.0 in\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 2.0.0 ok\r\n", "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nAUTH LOGIN\r\ndXNlcg==\r\ncGFzcyB3b3Jk\r\n"
	 "MAIL FROM:<me@client.example>\r\nRCPT TO:<a@d>\r\nDATA\r\n" BODY "QUIT\r\n", .log = "opened\n0: 250 2.0.0\ndone\nclosed\n"},
	{"a third challenge of LOGIN", {.tls = SMTP_TLS_REQUIRED, .secure = true, .user = SLICE_INIT("user"), .password = SLICE_INIT("pass word")},
	 .replies = {"220 mx\r\n", "250-mx\r\n250 AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "334 TW9yZTo=\r\n"},
	 .log = "failed 3 334\n"},
	{"tls required, not offered", {.tls = SMTP_TLS_REQUIRED}, .replies = {"220 mx\r\n", HELLO}, .log = "failed 1 0\n"},
	{"tls refused, optional", {.tls = SMTP_TLS_OPPORTUNISTIC}, .replies = {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "454 not now\r\n",
	 "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n", "221 bye\r\n"},
	 .log = "opened\n0: 250 \ndone\nclosed\n"},
	{"text behind the 220 of starttls", {.tls = SMTP_TLS_OPPORTUNISTIC}, .whole = true, .replies = {"220 mx\r\n",
	 "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"}, .log = "failed 2 0\n"},
	{"smtputf8 needed", {.tls = SMTP_TLS_NEVER}, .utf8 = true, .replies = {"220 mx\r\n", HELLO, "221 bye\r\n"},
	 .log = "opened\n0: 553 5.6.7\ndone\nclosed\n"},
	{"binary needed", {.tls = SMTP_TLS_NEVER}, .binary = true, .replies = {"220 mx\r\n", HELLO, "221 bye\r\n"},
	 .log = "opened\n0: 554 5.6.3\ndone\nclosed\n"},
	{"too big", {.tls = SMTP_TLS_NEVER}, .size = 1000, .replies = {"220 mx\r\n", "250-mx\r\n250 SIZE 999\r\n", "221 bye\r\n"},
	 .log = "opened\n0: 552 5.3.4\ndone\nclosed\n"},
	{"size and 8 bit announced", {.tls = SMTP_TLS_NEVER}, .size = 1000, .eightbit = true,
	 .replies = {"220 mx\r\n", "250-mx\r\n250-SIZE\r\n250 8BITMIME\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n",
	 "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nMAIL FROM:<me@client.example> SIZE=1000 BODY=8BITMIME\r\nRCPT TO:<a@d>\r\nDATA\r\n" BODY "QUIT\r\n",
	 .log = "opened\n0: 250 \ndone\nclosed\n"},
	{"8 bit without 8BITMIME is sent as it is", {.tls = SMTP_TLS_NEVER}, .eightbit = true, .replies = {"220 mx\r\n", HELLO, "250 ok\r\n",
	 "250 ok\r\n", "354 go\r\n", "250 ok\r\n", "221 bye\r\n"},
	 .sent = "EHLO client.example\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<a@d>\r\nDATA\r\n" BODY "QUIT\r\n",
	 .log = "opened\n0: 250 \ndone\nclosed\n"},
	{"421 while idle", {.tls = SMTP_TLS_NEVER}, .replies = {"220 mx\r\n", HELLO, "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
	 "250 ok\r\n421 bye\r\n"}, .twice = true, .log = "opened\n0: 250 \ndone\nfailed 5 421\n"},
};

/* Length of the line or message body at the front; 0: incomplete. */
static ptrdiff_t unit_length(struct slice out, bool data)
{
	if (data && slice_starts(out, SLICE(".\r\n")))
		return 3;
	ptrdiff_t n = slice_search(out, data ? SLICE("\r\n.\r\n") : SLICE("\r\n"));
	return n < 0 ? 0 : n + (data ? 5 : 2);
}

static void run_script(const struct script *c, unsigned split)
{
	static const char *const to[] = {"a@d", NULL};
	struct sender s;
	struct buf sent = BUF_INIT(65536), from = BUF_INIT(65536);
	sender_open(&s, &c->set, to);
	s.rounds = c->twice ? 2 : 1;
	s.message.smtputf8 = c->utf8;
	s.message.body_binary = c->binary;
	s.message.body_8bit = c->eightbit;
	s.message.size = c->size;
	buf_append_str(&from, c->replies[0]);
	unsigned reply = 1;
	bool data = false;
	for (unsigned step = 0; step < 20000 && !s.ended; step++) {
		move(&from, &s.in, split);
		smtp_client_pump(s.client, &s.in, &s.out);
		struct slice out = buf_slice(&s.out);
		ptrdiff_t n;
		while ((n = unit_length(out, data)) > 0) {
			struct slice line = slice_sub(out, 0, (size_t)n);
			buf_append(&sent, line);
			out = slice_from(out, line.n);
			data = false;
			if (c->replies[reply] != NULL) {
				data = slice_starts(slice_str(c->replies[reply]), SLICE("354"));
				buf_append_str(&from, c->replies[reply++]);
			}
		}
		buf_consume(&s.out, buf_len(&s.out) - out.n);
	}
	if (!slice_eq(buf_slice(&s.log), slice_str(c->log)))
		fail_msg("%s (%u): %.*s instead of %s", c->name, split, SLICE_ARG(buf_slice(&s.log)), c->log);
	if (c->sent != NULL && !slice_eq(buf_slice(&sent), slice_str(c->sent)))
		fail_msg("%s (%u): sent %.*s", c->name, split, SLICE_ARG(buf_slice(&sent)));
	sender_close(&s);
	buf_free(&sent);
	buf_free(&from);
}

static void hosts_that_say_odd_things(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		for (unsigned split = 1; split < 4 && !scripts[i].whole; split++)
			run_script(&scripts[i], split);
		run_script(&scripts[i], 65536);
	}
}

static void a_body_that_cannot_be_read_ends_the_connection(void **state)
{
	(void)state;
	static const char *const to[] = {"a@d", NULL};
	struct smtp_server_settings server = {.hostname = SLICE("mx")};
	struct smtp_client_settings set = {.tls = SMTP_TLS_NEVER};
	struct sender s;
	struct rig r;
	rig_open(&r, &server, RIG_AT_ONCE);
	sender_open(&s, &set, to);
	s.body_fails = true;
	talk(&s, &r, 0);
	expect_log(&s, "opened\nfailed 6 0\n");
	assert_true(slice_search(buf_slice(&r.log), SLICE("end ")) < 0);
	sender_close(&s);
	rig_close(&r);
}

static void replies_with_and_without_enhanced_codes(void **state)
{
	(void)state;
	static const struct { const char *wire; unsigned code; const char *enhanced, *text; } cases[] = {
		{"250 2.1.0 Ok\r\n", 250, "2.1.0", "Ok"}, {"250 2.1.0\r\n", 250, "2.1.0", ""}, {"250 Ok 2.1.0\r\n", 250, "", "Ok 2.1.0"},
		{"550 2.1.0 No\r\n", 550, "", "2.1.0 No"}, {"250\r\n", 250, "", ""}, {"550-5.1.1 a\r\n550 5.1.1 b\r\n", 550, "5.1.1", "a\n5.1.1 b"},
		{"550 5.1.1234 x\n", 550, "", "5.1.1234 x"}, {"550 5.7.350 x\r\n", 550, "5.7.350", "x"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reply_reader reader;
		struct smtp_reply reply;
		struct buf in = BUF_INIT(4096);
		reply_reader_init(&reader);
		buf_append_str(&in, cases[i].wire);
		assert_int_equal(reply_reader_read(&reader, &in, &reply), 1);
		assert_int_equal(reply.code, cases[i].code);
		assert_true(slice_eq(reply.enhanced, slice_str(cases[i].enhanced)));
		assert_true(slice_eq(reply.text, slice_str(cases[i].text)));
		reply_reader_free(&reader);
		buf_free(&in);
	}
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conversation_with_our_own_server), cmocka_unit_test(lmtp_gives_each_recipient_its_own_reply),
		cmocka_unit_test(binary_messages_go_in_chunks), cmocka_unit_test(bare_line_ends_become_crlf), cmocka_unit_test(the_client_signs_in),
		cmocka_unit_test(hosts_that_say_odd_things), cmocka_unit_test(a_body_that_cannot_be_read_ends_the_connection),
		cmocka_unit_test(replies_with_and_without_enhanced_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
