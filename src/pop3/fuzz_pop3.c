/* Both engines with any input, whole and split: no crash, bounded output, and the answers do not depend on the splitting. */
#include "base/ensure.h"
#include "pop3/line.h"
#include "pop3/login.h"
#include "pop3/session.h"

struct door {
	struct pop3_login *login;
	struct buf out;
	unsigned steps;
};

static void answer(struct door *d)
{
	switch (d->steps++ % 3) {
	case 0: pop3_login_challenge(d->login, SLICE("c"), &d->out); break;
	case 1: pop3_login_failed(d->login, POP3_LOGIN_BAD_CREDENTIALS, &d->out); break;
	default: pop3_login_succeeded(d->login, SLICE("v"), &d->out); break;
	}
}

static void on_start_tls(void *owner)
{
	pop3_login_secured(((struct door *)owner)->login, true);
}

static void on_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	answer(owner);
}

static void on_continue(void *owner, struct slice response)
{
	answer(owner);
}

static void on_cancel(void *owner)
{
}

static const struct pop3_login_callbacks callbacks = {on_start_tls, on_begin, on_continue, on_cancel};

static void run_login(struct slice data, size_t step, struct buf *ret)
{
	struct pop3_login_settings settings = {.server_name = SLICE("mx"), .starttls = true};
	struct door d = {.out = BUF_INIT(64 << 20)};
	struct buf in = BUF_INIT(POP3_LINE_MAX * 2);

	d.login = pop3_login_create(&settings, &callbacks, &d);
	while (data.n > 0 && !pop3_login_closing(d.login)) {
		struct slice piece = slice_sub(data, 0, step);

		buf_append(&in, piece);
		pop3_login_input(d.login, &in, &d.out);
		if (in.failed)
			break;
		data = slice_from(data, piece.n);
	}
	buf_append(ret, buf_slice(&d.out));
	pop3_login_destroy(&d.login);
	buf_free(&in);
	buf_free(&d.out);
}

static void on_wake(void *owner)
{
}

static const struct pop3_session_callbacks session_callbacks = {on_wake};

static void run_session(struct slice data)
{
	struct account *account = ram_account_create();
	struct pop3_session *session = pop3_session_create(account, &session_callbacks, NULL);
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(16 << 20);

	ram_account_deliver(account, SLICE("INBOX"), SLICE("Subject: one\r\n\r\n.dot\r\n"), 1);
	ram_account_deliver(account, SLICE("INBOX"), data, 2);
	buf_append(&in, data);
	pop3_session_hello(session, false);
	ram_account_run(account);
	for (int i = 0; i < 1000 && !pop3_session_closing(session); i++) {
		size_t before = buf_len(&in);

		pop3_session_run(session, &in, &out);
		ENSURE(!out.failed);
		if (before == buf_len(&in) && buf_len(&out) == 0)
			break;
		buf_clear(&out);
	}
	pop3_session_destroy(&session);
	ram_account_destroy(&account);
	buf_free(&in);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(64 << 20), split = BUF_INIT(64 << 20);

	if (size > POP3_LINE_MAX)
		return 0;
	run_login(slice_make(data, size), size, &whole);
	run_login(slice_make(data, size), 3, &split);
	ENSURE(slice_eq(buf_slice(&whole), buf_slice(&split)));
	run_session(slice_make(data, size));
	buf_free(&whole);
	buf_free(&split);
	return 0;
}
