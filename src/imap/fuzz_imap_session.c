/*
 * Two sessions on one account: lines of the input go to the first one, those that begin with "2" to the second, "!" delivers the rest of
 * the line as a message. Afterwards both must still agree with the account about what is there.
 */
#include "base/ensure.h"
#include "imap/harness.h"
#include "imap/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char message[] =
	"From: Fred <fred@example.org>\r\nTo: alice@example.org\r\nSubject: Re: hello\r\nMessage-Id: <2@x>\r\nReferences: <1@x>\r\n"
	"Date: Mon, 7 Feb 1994 23:52:25 -0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHell=C3=B6\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	"AAEC\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n";

/* Drains what was said so that a test stays small; a server that says nothing for ever is no bug here. */
static void drain(struct harness *h)
{
	for (unsigned i = 0; i < HARNESS_SESSIONS; i++)
		buf_clear(&h->clients[i].out);
}

static bool closed(struct harness *h, unsigned i)
{
	return h->clients[i].session != NULL && imap_session_closing(h->clients[i].session);
}

static void feed(struct harness *h, unsigned i, struct slice line)
{
	if (closed(h, i) || buf_len(&harness_client(h, i)->in) + line.n > IMAP_INPUT_MAX)
		harness_close(h, i);
	harness_send(h, i, line);
	drain(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harness h;
	struct slice rest = slice_make(data, size);
	unsigned lines = 0;

	harness_begin(&h);
	ram_account_deliver(h.account, SLICE("INBOX"), slice_make(message, sizeof message - 1), 1000000000);
	ram_account_deliver(h.account, SLICE("INBOX"), SLICE("Subject: hello\r\nMessage-Id: <1@x>\r\n\r\nbody\r\n"), 1000000001);
	harness_send(&h, 0, SLICE("s SELECT INBOX\r\n"));
	harness_send(&h, 1, SLICE("e ENABLE QRESYNC\r\ns SELECT INBOX\r\ni IDLE\r\n"));
	while (rest.n > 0 && lines++ < 200) {
		ptrdiff_t lf = slice_find(rest, '\n');
		size_t n = lf < 0 ? rest.n : (size_t)lf + 1;
		struct slice line = slice_sub(rest, 0, n);
		rest = slice_from(rest, n);
		if (line.p[0] == '!')
			ram_account_deliver(h.account, SLICE("INBOX"), slice_from(line, 1), 1000000002);
		else if (line.p[0] == '2')
			feed(&h, 1, slice_from(line, 1));
		else
			feed(&h, 0, line);
	}
	harness_settle(&h);
	harness_end(&h);
	return 0;
}
