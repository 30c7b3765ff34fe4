/* The engine before login; the first bytes say how the owner answers. */
#include "base/ensure.h"
#include "imap/login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct imap_login *login;
	bool asked, tls;
};

static void start_tls(void *owner)
{
	((struct world *)owner)->tls = true;
}

static void auth_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	ENSURE(mechanism.n > 0);
	((struct world *)owner)->asked = true;
}

static void auth_continue(void *owner, struct slice response)
{
	((struct world *)owner)->asked = true;
}

static void auth_cancel(void *owner)
{
	((struct world *)owner)->asked = false;
}

static void answer(struct world *w, uint8_t way, struct buf *out)
{
	w->asked = false;
	if (way % 4 == 0)
		imap_login_succeeded(w->login, way & 16 ? SLICE("v=x") : SLICE_NONE, out);
	else if (way % 4 == 1)
		imap_login_failed(w->login, (enum imap_login_failure)(way / 4 % 6), out);
	else
		imap_login_challenge(w->login, SLICE("r=abc"), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct imap_login_callbacks callbacks = {
		.start_tls = start_tls, .auth_begin = auth_begin, .auth_continue = auth_continue, .auth_cancel = auth_cancel,
	};
	struct world w = {0};
	struct slice tag;

	if (size < 4)
		return 0;
	struct imap_login_settings settings = {.server_name = SLICE("x"), .starttls = data[0] & 1, .secure = data[0] & 2, .channel_binding = data[0] & 4};
	struct buf in = BUF_INIT(IMAP_LOGIN_SASL_MAX * 4), out = BUF_INIT(16u << 20);
	w.login = imap_login_create(&settings, &callbacks, &w);
	imap_login_greet(w.login, &out);
	size_t step = data[1] == 0 ? size : data[1];
	for (size_t at = 4, round = 0; at < size && !imap_login_closing(w.login) && !imap_login_done(w.login, &tag); round++) {
		size_t n = size - at < step ? size - at : step;
		buf_append_bytes(&in, data + at, n);
		at += n;
		imap_login_input(w.login, &in, &out, (struct moment){0});
		if (w.tls)
			imap_login_secured(w.login, true);
		w.tls = false;
		while (w.asked) {
			answer(&w, (uint8_t)(data[2] + round * data[3]), &out);
			imap_login_input(w.login, &in, &out, (struct moment){0});
		}
		if (in.failed)
			break;
	}
	ENSURE(!out.failed);
	imap_login_destroy(&w.login);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
