/* Dialogues with the server engine. Each is fed whole, byte by byte and at random splits, with answers at once, later, and in reverse order:
 * the transcript has to be the same every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/ensure.h"
#include "smtp/test_rig.h"

enum { KIND_MX, KIND_SUBMISSION, KIND_LMTP, KIND_SMALL, KIND_TRUSTED };

struct dialogue {
	const char *name;
	int kind;
	const char *client;
	const char *server; /* expected replies, behind the greeting; NULL: see codes */
	const char *codes;  /* expected codes of the replies with final line, space separated */
	const char *log;    /* expected events; NULL: not looked at */
};

static struct smtp_server_settings settings_of(int kind)
{
	struct smtp_server_settings set = {.hostname = SLICE("mx.example.org"), .starttls = true};
	if (kind == KIND_SUBMISSION) {
		set.mechanisms = SMTP_AUTH_PLAIN | SMTP_AUTH_LOGIN | SMTP_AUTH_SCRAM_SHA_256 | SMTP_AUTH_SCRAM_SHA_256_PLUS;
		set.auth_required = set.tls_required = true;
	}
	if (kind == KIND_LMTP)
		set.lmtp = true;
	set.trusted = kind == KIND_TRUSTED;
	if (kind == KIND_SMALL) {
		set.size_max = 100;
		set.recipients_max = 3;
		set.errors_max = 4;
		set.mail_max = 2;
		set.refused_max = 2;
		set.noise_max = 5;
	}
	return set;
}

#define EHLO "EHLO client.example\r\n"
#define OPEN EHLO "MAIL FROM:<a@b.example>\r\n"
#define ENVELOPE OPEN "RCPT TO:<u@d.example>\r\n"
#define LHLO_ENVELOPE "LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@d>\r\nRCPT TO:<v@d>\r\n"
#define LONG_LINE "12345678901234567890123456789012345678901234567890\r\n"
#define MAIL_LOG "mail <a@b.example> size=0 body=0 utf8=0 ret= envid= auth=\n"
#define RCPT_LOG "rcpt <u@d.example> notify= orcpt=\n"

static const struct dialogue dialogues[] = {
	{"helo", KIND_MX, "HELO x\r\nQUIT\r\n", "250 mx.example.org\r\n221 2.0.0 Bye\r\n", "250 221", "quit\n"},
	{"ehlo", KIND_MX, EHLO,
	 "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
	 "250-DSN\r\n250-SIZE 52428800\r\n250-LIMITS RCPTMAX=1000\r\n250-STARTTLS\r\n250 HELP\r\n", "250", ""},
	{"a message", KIND_MX, ENVELOPE "DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n", NULL, "250 250 250 354 250 221",
	 MAIL_LOG RCPT_LOG "begin 0\nend Subject: x\r\n\r\n.dot\r\n as ESMTP\nquit\n"},
	{"an empty message", KIND_MX, ENVELOPE "DATA\r\n.\r\n", NULL, "250 250 250 354 250", MAIL_LOG RCPT_LOG "begin 0\nend  as ESMTP\n"},
	{"two messages", KIND_MX, ENVELOPE "DATA\r\na\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nb\r\n.\r\n", NULL,
	 "250 250 250 354 250 250 250 354 250",
	 MAIL_LOG RCPT_LOG "begin 0\nend a\r\n as ESMTP\nmail <> size=0 body=0 utf8=0 ret= envid= auth=\nrcpt <postmaster> notify= orcpt=\n"
	 "begin 0\nend b\r\n as ESMTP\n"},
	{"lower case", KIND_MX, "ehlo x\r\nmail from:<a@b>\r\nrcpt to:<c@d>\r\ndata\r\nx\r\n.\r\nquit\r\n", NULL, "250 250 250 354 250 221", NULL},
	{"order", KIND_MX, "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nEHLO x\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:<a@b>\r\nDATA\r\n"
	 "MAIL FROM:<a@b>\r\n", NULL,
	 "503 503 503 250 503 503 250 503 503", NULL},
	{"all recipients refused", KIND_MX, OPEN "RCPT TO:<perm@d>\r\nRCPT TO:<temp@d>\r\nDATA\r\nRSET\r\n", NULL, "250 250 550 451 554 250",
	 NULL},
	{"mixed recipients keep their order", KIND_MX, OPEN "RCPT TO:<perm@d>\r\nRCPT TO:<a@d>\r\nRCPT TO:bad\r\nRCPT TO:<temp@d>\r\n"
	 "RCPT TO:<b@d>\r\nDATA\r\n.\r\n", NULL,
	 "250 250 550 250 501 451 250 354 250", NULL},
	{"sender refused", KIND_MX, EHLO "MAIL FROM:<perm@x>\r\nMAIL FROM:<temp@x>\r\nRCPT TO:<a@b>\r\n", NULL, "250 550 451 503", NULL},
	{"refused after data", KIND_MX, OPEN "RCPT TO:<late@d>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250", NULL},
	{"refused before data", KIND_MX, OPEN "RCPT TO:<full@d>\r\nDATA\r\nNOOP\r\n", NULL, "250 250 250 452 250", NULL},
	{"broken lines count for more than a refusal of ours", KIND_MX, OPEN "RCPT TO:<cut@d>\r\nDATA\r\nx\n\r\n.\r\nNOOP\r\n", NULL,
	 "250 250 250 354 550 250", NULL},
	{"broken lines of a chunk count for more too", KIND_MX, OPEN "RCPT TO:<cut@d>\r\nBDAT 4 LAST\r\nx\ny\nNOOP\r\n", NULL,
	 "250 250 250 550 250", NULL},
	{"too big counts for more than a refusal of ours", KIND_SMALL,
	 OPEN "RCPT TO:<cut@d>\r\nBDAT 104 LAST\r\n" LONG_LINE LONG_LINE "NOOP\r\n", NULL, "250 250 250 552 250", NULL},
	{"refused while it arrives", KIND_MX, OPEN "RCPT TO:<cut@d>\r\nDATA\r\nx\r\ny\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 452 250", NULL},
	{"rset", KIND_MX, ENVELOPE "RSET\r\nDATA\r\n", NULL, "250 250 250 250 503", MAIL_LOG RCPT_LOG "reset\n"},
	{"ehlo resets", KIND_MX, ENVELOPE EHLO "DATA\r\n", NULL, "250 250 250 250 503", MAIL_LOG RCPT_LOG "reset\n"},
	{"quit in a transaction", KIND_MX, ENVELOPE "QUIT\r\n", NULL, "250 250 250 221", MAIL_LOG RCPT_LOG "reset\nquit\n"},
	{"small commands", KIND_MX, "NOOP\r\nNOOP x\r\nHELP\r\nHELP MAIL\r\nVRFY a\r\nVRFY\r\nEXPN l\r\nFROB\r\n\r\n", NULL,
	 "250 250 214 214 252 501 502 500 500", ""},
	{"wrong arguments", KIND_MX, "EHLO\r\nRSET x\r\nQUIT now\r\nDATA x\r\nEHLO a b\r\nHELO <x>\r\n", NULL, "501 501 501 501 501 501", ""},
	{"a browser", KIND_MX, "GET / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n", NULL, "421", "refused\n"},
	{"parameters of mail", KIND_MX, EHLO "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=hdrs ENVID=QQ+2B AUTH=<>\r\n", NULL, "250 250",
	 "mail <a@b> size=1000 body=2 utf8=1 ret=HDRS envid=QQ+2B auth=<>\n"},
	{"bad parameters of mail", KIND_MX,
	 EHLO "MAIL FROM:<a@b> SIZE=x\r\nMAIL FROM:<a@b> BODY=9BIT\r\nMAIL FROM:<a@b> SMTPUTF8=1\r\nMAIL FROM:<a@b> RET=ALL\r\n"
	 "MAIL FROM:<a@b> ENVID=a+b\r\n"
	 "MAIL FROM:<a@b> SIZE=1 SIZE=1\r\nMAIL FROM:<a@b> FOO=1\r\nMAIL FROM:<a@b>SIZE=1\r\nMAIL FROM:<a@b> SIZE\r\n"
	 "MAIL FROM:<a@b> SIZE=99999999999999999999999\r\n",
	 NULL, "250 501 501 501 501 501 501 555 501 501 501", ""},
	{"parameters of rcpt", KIND_MX, OPEN "RCPT TO:<c@d> NOTIFY=success,FAILURE ORCPT=rfc822;x+40y\r\nRCPT TO:<c@d> NOTIFY=never\r\n", NULL,
	 "250 250 250 250",
	 MAIL_LOG "rcpt <c@d> notify=SUCCESS,FAILURE orcpt=rfc822;x+40y\nrcpt <c@d> notify=NEVER orcpt=\n"},
	{"bad parameters of rcpt", KIND_MX,
	 OPEN "RCPT TO:<c@d> NOTIFY=NEVER,DELAY\r\nRCPT TO:<c@d> NOTIFY=\r\nRCPT TO:<c@d> NOTIFY=DELAY,DELAY\r\nRCPT TO:<c@d> NOTIFY=DELAY,\r\n"
	 "RCPT TO:<c@d> ORCPT=x\r\n"
	 "RCPT TO:<c@d> ORCPT=rfc822;a b\r\nRCPT TO:<c@d> X=1\r\n", NULL, "250 250 501 501 501 501 501 555 555", MAIL_LOG},
	{"paths", KIND_MX,
	 EHLO "MAIL FROM:<@r.example,@s:a@b>\r\nRCPT TO:<\"a b\"@c>\r\nRCPT TO:<a@[192.0.2.1]>\r\nRCPT TO:<a@[IPv6:2001:db8::1]>\r\n"
	 "RCPT TO: <c@d>\r\nRCPT TO:<Postmaster>\r\n", NULL,
	 "250 250 250 250 250 250 250", "mail <a@b> size=0 body=0 utf8=0 ret= envid= auth=\nrcpt <\"a b\"@c> notify= orcpt=\n"
	 "rcpt <a@[192.0.2.1]> notify= orcpt=\n"
	 "rcpt <a@[IPv6:2001:db8::1]> notify= orcpt=\nrcpt <c@d> notify= orcpt=\nrcpt <Postmaster> notify= orcpt=\n"},
	{"bad paths", KIND_MX,
	 OPEN "RCPT TO:<>\r\nRCPT TO:<a>\r\nRCPT TO:<a@>\r\nRCPT TO:<@b>\r\nRCPT TO:<a@b\r\nRCPT TO:a@b\r\nRCPT TO:<.a@b>\r\nRCPT TO:<a..b@c>\r\n"
	 "RCPT TO:<a@-b>\r\n"
	 "RCPT TO:<a@[300.1.1.1]>\r\nRCPT TO:<a@b.>\r\nRCPT TO <a@b>\r\n", NULL, "250 250 501 501 501 501 501 501 501 501 501 501 501 501",
	 MAIL_LOG},
	{"smtputf8", KIND_MX, EHLO "MAIL FROM:<\xc3\xa4@b>\r\nMAIL FROM:<\xc3\xa4@b> SMTPUTF8\r\nRCPT TO:<\xe7\x94\xa8@\xe4\xbe\x8b.example>\r\n"
	 "RCPT TO:<\xff@b>\r\nDATA\r\n.\r\n", NULL,
	 "250 553 250 250 501 354 250",
	 "mail <\xc3\xa4@b> size=0 body=0 utf8=1 ret= envid= auth=\nrcpt <\xe7\x94\xa8@\xe4\xbe\x8b.example> notify= orcpt=\nbegin 0\n"
	 "end  as UTF8SMTP\n"},
	{"utf-8 without smtputf8", KIND_MX, OPEN "RCPT TO:<\xc3\xa4@b>\r\n", NULL, "250 250 553", MAIL_LOG},
	{"starttls", KIND_MX, EHLO "STARTTLS\r\n", NULL, "250 220", "starttls\n"},
	{"auth needs tls", KIND_SUBMISSION, EHLO "AUTH PLAIN AAAA\r\nMAIL FROM:<a@b>\r\n", NULL, "250 530 530", ""},
	{"no auth on port 25", KIND_MX, EHLO "AUTH PLAIN AAAA\r\n", NULL, "250 502", ""},
	{"chunks", KIND_MX, ENVELOPE "BDAT 5\r\na\r\nbcBDAT 4 LAST\r\n\r\n..NOOP\r\n", NULL, "250 250 250 250 250 250", NULL},
	{"chunks of lines", KIND_MX, ENVELOPE "BDAT 5\r\na\r\n.cBDAT 2 LAST\r\n\r\nNOOP\r\n", NULL, "250 250 250 250 250 250",
	 MAIL_LOG RCPT_LOG "begin 0\nend a\r\n.c\r\n as ESMTP\n"},
	{"one chunk", KIND_MX, ENVELOPE "BDAT 3 last\r\na\r\nNOOP\r\n", NULL, "250 250 250 250 250",
	 MAIL_LOG RCPT_LOG "begin 3\nend a\r\n as ESMTP\n"},
	{"an empty last chunk", KIND_MX, ENVELOPE "BDAT 3\r\na\r\nBDAT 0 LAST\r\n", NULL, "250 250 250 250 250",
	 MAIL_LOG RCPT_LOG "begin 0\nend a\r\n as ESMTP\n"},
	{"binary chunks", KIND_MX, EHLO "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<u@d.example>\r\nDATA\r\nBDAT 4 LAST\r\n\n\r\r.",
	 NULL, "250 250 250 503 250",
	 "mail <a@b.example> size=0 body=3 utf8=0 ret= envid= auth=\n" RCPT_LOG "begin 4\nend \n\r\r. as ESMTP\n"},
	{"a stray chunk is swallowed", KIND_MX, EHLO "BDAT 6\r\nQUIT\r\nNOOP\r\n", NULL, "250 503 250", ""},
	{"a stray chunk before any greeting", KIND_MX, "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", NULL, "503 250", ""},
	{"chunks and data do not mix", KIND_MX, ENVELOPE "BDAT 2\r\n\r\nDATA\r\nRCPT TO:<u@d>\r\nMAIL FROM:<a@b>\r\nBDAT 0 LAST\r\n", NULL,
	 "250 250 250 250 503 503 503 250", NULL},
	{"chunks without recipients", KIND_MX, OPEN "BDAT 6\r\nQUIT\r\nRCPT TO:<a@b>\r\n", NULL, "250 250 503 503", MAIL_LOG "reset\n"},
	{"a chunk of unknown size", KIND_MX, ENVELOPE "BDAT x\r\n", NULL, "250 250 250 421", MAIL_LOG RCPT_LOG "reset\nrefused\n"},
	{"refused chunks", KIND_MX, OPEN "RCPT TO:<full@d>\r\nBDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\nNOOP\r\n", NULL, "250 250 250 452 503 250", NULL},
	{"rset in chunks", KIND_MX, ENVELOPE "BDAT 3\r\na\r\nRSET\r\nBDAT 0 LAST\r\n", NULL, "250 250 250 250 250 503",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},

	/* Line ends: all that is not CRLF. */
	{"bare LF in a command", KIND_MX, "EHLO x\nMAIL FROM:<a@b>\r\nEHLO x\r\n", NULL, "500 250", ""},
	{"bare CR in a command", KIND_MX, "EHLO x\rMAIL FROM:<a@b>\r\nEHLO x\r\n", NULL, "500 250", ""},
	{"CR CR LF in a command", KIND_MX, "EHLO x\r\r\nEHLO x\r\n", NULL, "500 250", ""},
	{"NUL in a command", KIND_MX, "EHLO x\x01\r\nEHLO x\r\n", NULL, "500 250", ""},
	{"end by LF . LF", KIND_MX, ENVELOPE "DATA\r\na\n.\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by LF . CRLF", KIND_MX, ENVELOPE "DATA\r\na\n.\r\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CRLF . LF", KIND_MX, ENVELOPE "DATA\r\na\r\n.\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CR . CR", KIND_MX, ENVELOPE "DATA\r\na\r.\rMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CRLF . CR", KIND_MX, ENVELOPE "DATA\r\na\r\n.\rMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CR . CRLF", KIND_MX, ENVELOPE "DATA\r\na\r.\r\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CR LF CR . CR LF", KIND_MX, ENVELOPE "DATA\r\na\r\n\r.\r\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL,
	 "250 250 250 354 550 250", MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"end by CRLF . CR CR LF", KIND_MX, ENVELOPE "DATA\r\na\r\n.\r\r\nMAIL FROM:<evil@x>\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"bare LF in the middle", KIND_MX, ENVELOPE "DATA\r\na\nb\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"bare LF at the start", KIND_MX, ENVELOPE "DATA\r\n\n.\r\n\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 550 250",
	 MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"dots that end nothing", KIND_MX, ENVELOPE "DATA\r\n..\r\n. \r\n...x\r\n.y\r\n.\r\nNOOP\r\n", NULL, "250 250 250 354 250 250",
	 MAIL_LOG RCPT_LOG "begin 0\nend .\r\n \r\n..x\r\ny\r\n as ESMTP\n"},
	{"bare LF in a chunk", KIND_MX, ENVELOPE "BDAT 5 LAST\r\na\nb\r\nNOOP\r\n", NULL, "250 250 250 550 250",
	 MAIL_LOG RCPT_LOG "begin 5\nreset\n"},

	/* LMTP */
	{"lmtp knows no ehlo", KIND_LMTP, "EHLO x\r\nHELO x\r\nLHLO x\r\n", NULL, "500 500 250", ""},
	{"smtp knows no lhlo", KIND_MX, "LHLO x\r\n", NULL, "500", ""},
	{"lmtp replies for each", KIND_LMTP, LHLO_ENVELOPE "RCPT TO:<perm@d>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n", NULL,
	 "250 250 250 250 550 354 250 250 250", NULL},
	{"lmtp refuses one", KIND_LMTP, LHLO_ENVELOPE "RCPT TO:<late@d>\r\nDATA\r\nx\r\n.\r\n", NULL, "250 250 250 250 250 354 550 250 250", NULL},
	{"lmtp bad data", KIND_LMTP, LHLO_ENVELOPE "DATA\r\nx\ny\r\n.\r\n", NULL, "250 250 250 250 354 550 550", NULL},
	{"lmtp chunks", KIND_LMTP, LHLO_ENVELOPE "BDAT 3\r\nx\r\nBDAT 0 LAST\r\n", NULL, "250 250 250 250 250 250 250", NULL},

	/* XCLIENT */
	{"xclient of strangers", KIND_MX, "XCLIENT ADDR=192.0.2.1\r\n" EHLO "XCLIENT ADDR=192.0.2.1\r\n", NULL, "550 250 550",
	 "not believed XCLIENT\nnot believed XCLIENT\n"},
	{"a load balancer that is a stranger", KIND_MX, "PROXY TCP4 192.0.2.1 192.0.2.2 4711 25\r\n" EHLO, NULL, "421",
	 "not believed PROXY\nrefused\n"},
	{"xclient is announced", KIND_TRUSTED, EHLO,
	 "250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
	 "250-DSN\r\n250-SIZE 52428800\r\n250-LIMITS RCPTMAX=1000\r\n250-STARTTLS\r\n250-XCLIENT NAME ADDR PORT PROTO HELO\r\n250 HELP\r\n", "250", ""},
	{"xclient begins anew", KIND_TRUSTED,
	 "XCLIENT NAME=a.example ADDR=192.0.2.1 PORT=5000 PROTO=ESMTP LOGIN=ann+40x\r\nMAIL FROM:<a@b.example>\r\n" ENVELOPE, NULL, "220 503 250 250 250", "client 192.0.2.1\n" MAIL_LOG RCPT_LOG},
	{"xclient says the name", KIND_TRUSTED,
	 "XCLIENT proto=esmtp helo=a+2Eexample\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@d.example>\r\nDATA\r\n.\r\n",
	 NULL, "220 250 250 354 250",
	 MAIL_LOG RCPT_LOG "begin 0\nend  as ESMTP\n"},
	{"xclient with IPv6", KIND_TRUSTED, "XCLIENT ADDR=IPV6:2001:db8::1\r\n", NULL, "220", "client 2001:db8::1\n"},
	{"xclient that knows nothing", KIND_TRUSTED, "XCLIENT NAME=[UNAVAILABLE] ADDR=[tempunavail]\r\nXCLIENT ADDR=192.0.2.1\r\n", NULL,
	 "220 220", "client 192.0.2.1\n"},
	{"the named client may not name another", KIND_TRUSTED, "XCLIENT ADDR=192.0.2.1\r\n" EHLO "XCLIENT ADDR=192.0.2.2\r\n", NULL,
	 "220 250 550", "client 192.0.2.1\nnot believed XCLIENT\n"},
	{"xclient in a transaction", KIND_TRUSTED, OPEN "XCLIENT ADDR=192.0.2.1\r\n", NULL, "250 250 503", MAIL_LOG},
	{"bad xclient", KIND_TRUSTED, "XCLIENT\r\nXCLIENT ADDR\r\nXCLIENT ADDR=\r\nXCLIENT =x\r\nXCLIENT ADDR=host\r\nXCLIENT ADDR=2001:db8::1\r\n"
	 "XCLIENT ADDR=192.0.2.1 ADDR=192.0.2.2\r\nXCLIENT ADDR=192.0.2.1 FOO=1\r\nXCLIENT PORT=65536\r\nXCLIENT PROTO=LMTP\r\nXCLIENT HELO=a+0Ab\r\n"
	 "XCLIENT HELO=a+2\r\nXCLIENT HELO=\r\nXCLIENT NAME=+00\r\n", NULL, "501 501 501 501 501 501 501 501 501 501 501 501 501 501", ""},

	/* Limits */
	{"size announced", KIND_SMALL, EHLO "MAIL FROM:<a@b> SIZE=101\r\nMAIL FROM:<a@b> SIZE=100\r\n", NULL, "250 552 250", NULL},
	{"size streamed", KIND_SMALL, ENVELOPE "DATA\r\n0123456789012345678901234567890123456789012345678\r\n"
	 "0123456789012345678901234567890123456789012345678\r\n.\r\nNOOP\r\n", NULL,
	 "250 250 250 354 552 250", MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"size just fits", KIND_SMALL, ENVELOPE "DATA\r\n012345678901234567890123456789012345678901234567\r\n"
	 "012345678901234567890123456789012345678901234567\r\n.\r\nNOOP\r\n", NULL,
	 "250 250 250 354 250 250", NULL},
	{"size in chunks", KIND_SMALL, ENVELOPE "BDAT 52\r\n01234567890123456789012345678901234567890123456789\r\nBDAT 52 LAST\r\n"
	 "01234567890123456789012345678901234567890123456789\r\nNOOP\r\n", NULL,
	 "250 250 250 250 552 250", MAIL_LOG RCPT_LOG "begin 0\nreset\n"},
	{"too many recipients", KIND_SMALL, ENVELOPE "RCPT TO:<b@d>\r\nRCPT TO:<c@d>\r\nRCPT TO:<d@d>\r\nRCPT TO:<e@d>\r\nDATA\r\n.\r\n", NULL,
	 "250 250 250 250 250 452 452 354 250", NULL},
	{"refused recipients do not count", KIND_SMALL, OPEN "RCPT TO:<perm@d>\r\nRCPT TO:<a@d>\r\nRCPT TO:<perm@d>\r\nRCPT TO:<b@d>\r\n"
	 "RCPT TO:<c@d>\r\n", NULL, "250 250 550 250 550 250 250", NULL},
	{"too many refused recipients", KIND_SMALL, OPEN "RCPT TO:<perm@d>\r\nRCPT TO:<perm@d>\r\nRCPT TO:<perm@d>\r\n", NULL,
	 "250 250 550 550 550 421", NULL},
	{"too many errors", KIND_SMALL, "X\r\nX\r\nX\r\nX\r\nX\r\n", NULL, "500 500 500 421", "refused\n"},
	{"too many messages", KIND_SMALL, EHLO "MAIL FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\n", NULL,
	 "250 250 250 250 250 421", NULL},
	{"too much noise", KIND_SMALL, "NOOP\r\nNOOP\r\nRSET\r\nHELP\r\nVRFY a\r\nNOOP\r\nNOOP\r\n", NULL, "250 250 250 214 252 421", "refused\n"},
};

/* Codes of the final lines, space separated, behind the greeting. */
static void codes_of(struct slice out, struct buf *ret)
{
	struct slice line;
	bool greeting = true;
	while (slice_split(&out, '\n', &line)) {
		assert_true(line.n >= 5 && line.p[line.n - 1] == '\r');
		if (line.p[3] == '-')
			continue;
		if (!greeting) {
			if (buf_len(ret) > 0)
				buf_append_byte(ret, ' ');
			buf_append(ret, slice_sub(line, 0, 3));
		}
		greeting = false;
	}
}

static void check(const struct dialogue *d, const struct rig *r, const char *mode)
{
	struct buf codes = BUF_INIT(65536);
	struct slice out = buf_slice(&r->out);
	codes_of(out, &codes);
	if (!slice_eq(buf_slice(&codes), slice_str(d->codes)))
		fail_msg("%s (%s): %.*s instead of %s", d->name, mode, SLICE_ARG(buf_slice(&codes)), d->codes);
	ptrdiff_t eol = slice_find(out, '\n');
	if (d->server != NULL && !slice_eq(slice_from(out, (size_t)eol + 1), slice_str(d->server)))
		fail_msg("%s (%s): %.*s", d->name, mode, SLICE_ARG(out));
	if (d->log != NULL && !slice_eq(buf_slice(&r->log), slice_str(d->log)))
		fail_msg("%s (%s): events %.*s", d->name, mode, SLICE_ARG(buf_slice(&r->log)));
	buf_free(&codes);
}

static void run(const struct dialogue *d, enum rig_answers answers, unsigned split)
{
	struct smtp_server_settings set = settings_of(d->kind);
	struct slice client = slice_str(d->client);
	struct rig r;
	rig_open(&r, &set, answers);
	while (client.n > 0) {
		size_t n = split == 0 ? client.n : split == 1 ? 1 : 1 + (unsigned)rand() % split;
		rig_feed(&r, slice_sub(client, 0, n));
		client = slice_from(client, n);
	}
	char mode[64];
	snprintf(mode, sizeof mode, "answers %d, split %u", (int)answers, split);
	check(d, &r, mode);
	rig_close(&r);
}

static void dialogues_are_the_same_however_they_arrive(void **state)
{
	(void)state;
	srand(1);
	for (size_t i = 0; i < ARRAY_LEN(dialogues); i++) {
		for (int answers = RIG_AT_ONCE; answers <= RIG_LATER_REVERSED; answers++) {
			run(&dialogues[i], answers, 0);
			run(&dialogues[i], answers, 1);
			for (unsigned round = 0; round < 8; round++)
				run(&dialogues[i], answers, 2 + round * 3);
		}
	}
}

static void expect_codes(struct rig *r, const char *client, const char *codes)
{
	buf_clear(&r->out);
	rig_feed(r, slice_str(client));
	struct buf got = BUF_INIT(65536), text = BUF_INIT(1u << 20);
	buf_append_str(&text, "000 \r\n");
	buf_append(&text, buf_slice(&r->out));
	codes_of(buf_slice(&text), &got);
	if (!slice_eq(buf_slice(&got), slice_str(codes)))
		fail_msg("%.60s: %.*s instead of %s", client, SLICE_ARG(buf_slice(&got)), codes);
	buf_free(&got);
	buf_free(&text);
}

static void commands_behind_starttls_are_dropped(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	expect_codes(&r, EHLO "STARTTLS\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<a@b>\r\n", "250 220");
	expect_codes(&r, "MAIL FROM:<a@b>\r\n", "503"); /* what was said in the clear is forgotten */
	expect_codes(&r, EHLO "STARTTLS\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n", "250 503 250 250 354 250");
	assert_true(slice_search(buf_slice(&r.log), SLICE("as ESMTPS\n")) >= 0);
	assert_true(slice_search(buf_slice(&r.log), SLICE("evil")) < 0);
	rig_close(&r);
}

static void sign_in_mechanisms(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_SUBMISSION);
	for (int answers = RIG_AT_ONCE; answers <= RIG_LATER; answers++) {
		struct rig r;
		rig_open(&r, &set, answers);
		expect_codes(&r, EHLO "STARTTLS\r\n", "250 220");
		expect_codes(&r, EHLO, "250");
		assert_true(slice_search(buf_slice(&r.out), SLICE("250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n")) >= 0);
		expect_codes(&r, "MAIL FROM:<a@b>\r\n", "530");
		expect_codes(&r, "AUTH FROB\r\nAUTH PLAIN !!\r\n", "504 501");
		expect_codes(&r, "AUTH PLAIN YmFk\r\n", "535");                      /* bad */
		expect_codes(&r, "AUTH PLAIN\r\n*\r\n", "334 501");
		expect_codes(&r, "AUTH LOGIN\r\ndXNlcg==\r\n", "334 535");           /* user */
		expect_codes(&r, "AUTH PLAIN bGF0ZXI=\r\n", "454");                  /* later */
		expect_codes(&r, "AUTH SCRAM-SHA-256 c2VjcmV0\r\nx\r\n", "334 501"); /* secret, then not the empty line */
		expect_codes(&r, "AUTH PLAIN =\r\n", "535");
		expect_codes(&r, "AUTH SCRAM-SHA-256-PLUS\r\nc2VjcmV0\r\n\r\n", "334 334 235");
		expect_codes(&r, "AUTH PLAIN Y2xlYXI=\r\n", "503");
		expect_codes(&r, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n", "250 250 354 250");
		assert_true(slice_search(buf_slice(&r.log), SLICE("as ESMTPSA\n")) >= 0);
		rig_close(&r);
	}
}

static void xclient_signs_nobody_in(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_SUBMISSION);
	struct rig r;
	set.trusted = true;
	rig_open(&r, &set, RIG_AT_ONCE);
	expect_codes(&r, EHLO "STARTTLS\r\n", "250 220");
	expect_codes(&r, "XCLIENT LOGIN=ann HELO=x\r\nMAIL FROM:<a@b>\r\n", "220 530");
	expect_codes(&r, "AUTH PLAIN Y2xlYXI=\r\n", "235");
	assert_true(smtp_server_signed_in(r.server));
	expect_codes(&r, "XCLIENT ADDR=192.0.2.1\r\n" EHLO, "503 250");
	assert_true(slice_search(buf_slice(&r.out), SLICE("XCLIENT")) < 0);
	rig_close(&r);
}

static void a_client_of_xclient_may_be_one_too_many(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_TRUSTED);
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	r.crowded = true;
	expect_codes(&r, "XCLIENT ADDR=192.0.2.1\r\n" EHLO, "421");
	assert_true(r.ended && r.why == SMTP_SERVER_REFUSED);
	rig_close(&r);
}

static void failed_sign_ins_end_the_connection(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_SUBMISSION);
	set.auth_in_clear = true;
	set.tls_required = false;
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	expect_codes(&r, EHLO "AUTH PLAIN YmFk\r\nAUTH PLAIN YmFk\r\nAUTH PLAIN YmFk\r\nAUTH PLAIN YmFk\r\nAUTH PLAIN YmFk\r\nNOOP\r\n",
	 "250 535 535 535 535 421");
	assert_true(r.ended);
	rig_close(&r);
}

static void long_lines_are_refused_and_swallowed(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct buf text = BUF_INIT(1u << 22);
	for (size_t size = 4090; size < 4100; size++) {
		struct rig r;
		rig_open(&r, &set, RIG_AT_ONCE);
		buf_clear(&text);
		buf_append_str(&text, "NOOP ");
		while (buf_len(&text) < size - 2)
			buf_append_byte(&text, 'x');
		buf_append_str(&text, "\r\nNOOP\r\n");
		buf_append_byte(&text, '\0');
		expect_codes(&r, (const char *)buf_slice(&text).p, size <= 4097 ? "250 250" : "500 250");
		rig_close(&r);
	}
	buf_clear(&text);
	for (size_t i = 0; i < (1u << 20) + 10; i++)
		buf_append_byte(&text, 'x');
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	buf_append_byte(&text, '\0');
	expect_codes(&r, (const char *)buf_slice(&text).p, "500 421");
	rig_close(&r);
	buf_free(&text);
}

static void ten_thousand_recipients_do_no_harm(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct rig r;
	rig_open(&r, &set, RIG_LATER_REVERSED);
	rig_feed(&r, slice_str(OPEN));
	buf_clear(&r.out);
	for (unsigned i = 0; i < 10000; i++) {
		char line[64];
		snprintf(line, sizeof line, "RCPT TO:<u%u@d.example>\r\n", i);
		buf_append_str(&r.in, line);
	}
	struct buf all = BUF_INIT(1u << 22);
	for (unsigned round = 0; round < 100; round++) {
		rig_settle(&r);
		buf_append(&all, buf_slice(&r.out));
		buf_clear(&r.out);
	}
	size_t replies = 0, accepted = 0;
	struct slice out = buf_slice(&all), line;
	while (slice_split(&out, '\n', &line)) {
		replies++;
		accepted += slice_starts(line, SLICE("250 2.1.5"));
		assert_true(slice_starts(line, SLICE("250 2.1.5")) || slice_starts(line, SLICE("452 4.5.3")));
	}
	buf_free(&all);
	assert_int_equal(replies, 10000);
	assert_int_equal(accepted, 1000);
	assert_int_equal(smtp_server_recipients(r.server), 1000);
	expect_codes(&r, "DATA\r\nx\r\n.\r\nQUIT\r\n", "354 250 221");
	rig_close(&r);
}

static void output_is_bounded(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	set.noise_max = 1000000;
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	for (unsigned i = 0; i < 20000; i++)
		buf_append_str(&r.in, "HELP\r\n");
	rig_settle(&r);
	assert_true(buf_len(&r.out) <= SMTP_SERVER_OUTPUT_HIGH);
	assert_true(buf_len(&r.in) > 0);
	rig_close(&r);
}

static void closing_waits_for_the_transaction(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct rig r;
	rig_open(&r, &set, RIG_AT_ONCE);
	rig_feed(&r, slice_str(ENVELOPE));
	smtp_server_close(r.server, NULL);
	assert_true(r.woken);
	expect_codes(&r, "DATA\r\nx\r\n.\r\n", "354 250 421");
	assert_true(r.ended && r.why == SMTP_SERVER_REFUSED);
	rig_close(&r);
}

static void aborting_forgets_open_questions(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct rig r;
	rig_open(&r, &set, RIG_LATER);
	rig_feed(&r, slice_str(OPEN));
	buf_clear(&r.out);
	buf_append_str(&r.in, "RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\n");
	smtp_server_pump(r.server, &r.in, &r.out);
	assert_int_equal(r.rcpt_count, 2);
	uint32_t token = r.rcpt[0].token;
	smtp_server_abort(r.server, NULL);
	smtp_server_rcpt_reply(r.server, token, NULL);
	smtp_server_pump(r.server, &r.in, &r.out);
	assert_true(slice_eq(buf_slice(&r.out), SLICE("421 4.4.2 Timeout\r\n")));
	assert_true(r.ended);
	rig_close(&r);
}

static void patience_is_for_the_peer_only(void **state)
{
	(void)state;
	struct smtp_server_settings set = settings_of(KIND_MX);
	struct rig r;
	rig_open(&r, &set, RIG_LATER);
	assert_int_equal(smtp_server_patience(r.server), 300000);
	rig_feed(&r, slice_str(EHLO));
	buf_append_str(&r.in, "MAIL FROM:<a@b>\r\n");
	smtp_server_pump(r.server, &r.in, &r.out);
	assert_int_equal(smtp_server_patience(r.server), 0);
	rig_settle(&r);
	rig_feed(&r, slice_str("RCPT TO:<c@d>\r\nDATA\r\n"));
	assert_int_equal(smtp_server_patience(r.server), 180000);
	rig_close(&r);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues_are_the_same_however_they_arrive), cmocka_unit_test(commands_behind_starttls_are_dropped),
		cmocka_unit_test(xclient_signs_nobody_in), cmocka_unit_test(a_client_of_xclient_may_be_one_too_many),
		cmocka_unit_test(sign_in_mechanisms), cmocka_unit_test(failed_sign_ins_end_the_connection),
		cmocka_unit_test(long_lines_are_refused_and_swallowed), cmocka_unit_test(ten_thousand_recipients_do_no_harm),
		cmocka_unit_test(output_is_bounded), cmocka_unit_test(closing_waits_for_the_transaction),
		cmocka_unit_test(aborting_forgets_open_questions), cmocka_unit_test(patience_is_for_the_peer_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
