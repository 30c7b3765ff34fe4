/* An order against an authority that says anything: it ends, once. */
#include "acme/acme.h"
#include "base/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
	struct slice rest;
	unsigned ended;
	struct { acme_call_fn *fn; void *arg; } later;
	struct { acme_answer_fn *fn; void *arg; } fetch;
	struct { acme_shown_fn *fn; void *arg; } shown;
};

static void on_fetch(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg)
{
	struct rig *r = arg;

	r->fetch.fn = fn;
	r->fetch.arg = fn_arg;
}

static void on_sign(void *arg, struct slice nonce, struct slice url, struct slice kid, struct slice payload, acme_signed_fn *fn, void *fn_arg)
{
	fn(fn_arg, SLICE("{}"), SLICE("thumb"));
}

static void on_after(void *arg, int64_t ms, acme_call_fn *fn, void *fn_arg)
{
	struct rig *r = arg;

	r->later.fn = fn;
	r->later.arg = fn_arg;
}

static void on_show(void *arg, enum acme_challenge kind, struct slice name, struct slice token, struct slice text, acme_shown_fn *fn, void *fn_arg)
{
	struct rig *r = arg;

	r->shown.fn = fn;
	r->shown.arg = fn_arg;
}

static void on_hide(void *arg)
{
}

static void on_done(void *arg, const struct acme_result *result)
{
	ENSURE((result->chain.n > 0) == (result->why == NULL));
	((struct rig *)arg)->ended++;
}

/* One answer: a byte for the status, a line of fields, then the body up to a NUL byte. */
static void answer(struct rig *r)
{
	acme_answer_fn *fn = r->fetch.fn;
	struct slice one, fields;
	unsigned status = 0;

	r->fetch.fn = NULL;
	if (r->rest.n > 0) {
		status = r->rest.p[0] % 4 == 0 ? 400 : 200;
		r->rest = slice_from(r->rest, 1);
	}
	slice_split(&r->rest, 0, &one);
	slice_split(&one, '|', &fields);
	fn(r->fetch.arg, status, fields, one);
}

static bool go_on(struct rig *r)
{
	if (r->fetch.fn != NULL) {
		answer(r);
	} else if (r->shown.fn != NULL) {
		acme_shown_fn *fn = r->shown.fn;
		r->shown.fn = NULL;
		fn(r->shown.arg, true);
	} else if (r->later.fn != NULL) {
		acme_call_fn *fn = r->later.fn;
		r->later.fn = NULL;
		fn(r->later.arg);
	} else {
		return false;
	}
	return r->ended == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig r = {.rest = slice_make(data, size)};
	const struct acme_host host = {&r, on_fetch, on_sign, on_after, on_show, on_hide};
	const struct slice names[] = {SLICE_INIT("example.org")};
	const struct acme_settings settings = {.directory = SLICE("https://ca/dir"), .names = names, .name_count = 1, .request = SLICE("csr")};

	acme_order_start(&host, &settings, on_done, &r);
	while (go_on(&r))
		;
	ENSURE(r.ended == 1);
	return 0;
}
