/* Any input, whole and in pieces: no crash, bounded output, and the answers do not depend on the pieces. */
#include "base/ensure.h"
#include "managesieve/server.h"

struct door {
	struct managesieve *m;
	struct buf out;
	unsigned steps;
};

static void on_start_tls(void *owner)
{
	struct door *d = owner;
	managesieve_secured(d->m, true, false, &d->out);
}

static void on_begin(void *owner, struct slice mechanism, struct slice initial, bool has_initial)
{
	struct door *d = owner;
	switch (d->steps++ % 3) {
	case 0: managesieve_challenge(d->m, SLICE("c"), &d->out); break;
	case 1: managesieve_succeeded(d->m, SLICE("v"), SLICE("me"), &d->out); break;
	default: managesieve_failed(d->m, MANAGESIEVE_BAD_CREDENTIALS, &d->out); break;
	}
}

static void on_continue(void *owner, struct slice response)
{
	on_begin(owner, SLICE_NONE, response, true);
}

static void on_cancel(void *owner)
{
}

static void on_request(void *owner, const struct managesieve_request *r)
{
	struct door *d = owner;
	managesieve_answer(d->m, (enum managesieve_result)(d->steps++ % 8), SLICE_NONE, r->text, &d->out);
}

static const struct managesieve_callbacks callbacks = {on_start_tls, on_begin, on_continue, on_cancel, on_request, on_cancel};

static void run(struct slice data, size_t step, struct buf *ret)
{
	struct managesieve_settings settings = {.server_name = SLICE("mx"), .extensions = SLICE("x"), .secure = true};
	struct door d = {.out = BUF_INIT(256 << 20)};
	struct buf in = BUF_INIT(1 << 20);
	d.m = managesieve_create(&settings, &callbacks, &d);
	while (data.n > 0 && !managesieve_closing(d.m)) {
		struct slice piece = slice_sub(data, 0, step);
		buf_append(&in, piece);
		managesieve_input(d.m, &in, &d.out);
		data = slice_from(data, piece.n);
	}
	ENSURE(!d.out.failed);
	buf_append(ret, buf_slice(&d.out));
	managesieve_destroy(&d.m);
	buf_free(&d.out);
	buf_free(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(256 << 20), split = BUF_INIT(256 << 20);
	if (size > 100000)
		return 0;
	run(slice_make(data, size), size, &whole);
	run(slice_make(data, size), 7, &split);
	ENSURE(slice_eq(buf_slice(&whole), buf_slice(&split)));
	buf_free(&whole);
	buf_free(&split);
	return 0;
}
