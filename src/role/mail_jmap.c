/* What mail serves under /jmap/, and requests of JMAP (RFC 8620 3). */
#include "role/mail_blob.h"
#include "role/mail_events.h"
#include "role/mail_preview.h"
#include "role/mail_push.h"
#include "role/mail_scan.h"
#include "role/mail_visit.h"

#include "auth/reading.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "sieve/sieve.h"

#define PIECE 65536

#define GET HTTP_METHODS(GET)
#define POST HTTP_METHODS(POST)

/* ---- the engine of a sign-in ---- */

static int64_t host_now(void *arg)
{
	const struct mail_http *p = arg;

	return moment_unix(loop_now(p->account->role->ctx->loop));
}

static void host_random(void *arg, void *to, size_t n)
{
	random_bytes(to, n);
}

static bool may_shred(void *arg)
{
	const struct mail_http *p = arg;

	return p->account->role->ctx->config->mail_shred;
}

void mail_jmap_start(struct mail_http *p)
{
	uint64_t letter = p->account->role->ctx->config->message_size;
	struct jmap_host host = {
		.arg = p, .mail = p->seen, .address = p->account->login, .username = p->use.actor[0] != 0 ? slice_str(p->use.actor) : p->account->login,
		.view_only = (p->reading & AUTH_READING_VIEW_ONLY) != 0, .upload_max = letter < JMAP_UPLOAD_MAX ? letter : JMAP_UPLOAD_MAX, .now = host_now, .random = host_random,
	};

	for (size_t i = 0; i < sizeof host.account_id; i++)
		host.account_id[i] = p->account->id[i];
	mail_blob_host(&host);
	mail_scan_host(&host);
	host.sieve = mail_sieve_ask;
	sieve_extensions_print(&p->extensions);
	host.sieve_extensions = buf_slice(&p->extensions);
	mail_letter_host(&host);
	mail_push_host(p, &host);
	mail_visit_host(&host);
	host.may_shred = may_shred;
	p->jmap = jmap_create(&host);
	mail_visit_list(p, NULL, NULL);
}

/* ---- the Session object ---- */

static void print_session(void *arg)
{
	struct mail_exchange *x = arg;
	struct buf body = BUF_INIT(65536), base = BUF_INIT(1000);
	bool plain = slice_eq(mail_http_field(x, SLICE("X-Forwarded-Proto")), SLICE("http"));

	buf_printf(&base, "http%s://%.*s", plain ? "" : "s", SLICE_ARG(x->authority));
	jmap_session_print(x->person->jmap, buf_slice(&base), &body);
	mail_http_answer(x, 200, "application/json", NULL, 0, buf_slice(&body));
	buf_free(&body);
	buf_free(&base);
	mail_http_drop(x);
}

/* With the accounts of others as auth knows them now. */
static void give_session(struct mail_exchange *x)
{
	mail_http_hold(x);
	mail_visit_list(x->person, print_session, x);
}

/* ---- requests ---- */

/* Held by its exchange; the engine may finish something behind it (jmap_request_leave). */
struct run {
	struct mail_exchange *x;
	struct jmap_request *request;
	struct buf out;
	bool soon, waiting, whole, broken;
};

static void give(struct run *r)
{
	struct slice piece = slice_sub(buf_slice(&r->out), 0, PIECE);

	mail_http_write(r->x, piece);
	buf_consume(&r->out, piece.n);
}

static void run_end(struct run *r)
{
	struct mail_exchange *x = r->x;

	x->state = NULL;
	jmap_request_leave(&r->request);
	buf_free_secret(&r->out);
	memory_free(r);
	mail_http_drop(x);
}

static void run_later(struct run *r);

/* One step: some bytes for the client, or some work. */
static void run_step(struct run *r)
{
	struct mail_exchange *x = r->x;
	enum jmap_progress progress = JMAP_RUN_AGAIN;

	if (buf_len(&r->out) == 0 && !r->whole && !r->waiting) {
		progress = jmap_request_run(r->request, &r->out);
		r->waiting = progress == JMAP_RUN_WAIT;
		r->whole = progress == JMAP_RUN_DONE;
	}
	if (progress == JMAP_RUN_BROKEN) {
		mail_http_break(x);
		run_end(r);
		return;
	}
	give(r);
	if (r->whole && buf_len(&r->out) == 0) {
		mail_http_end(x);
		run_end(r);
	} else if (!r->waiting) {
		run_later(r);
	}
}

static void run_soon(void *arg)
{
	struct mail_exchange *x = arg;
	struct run *r = x->state;

	if (r != NULL && !mail_http_is_gone(x)) {
		r->soon = false;
		if (!mail_http_full(x)) { /* else: `more` */
			mail_http_enter(x->person);
			run_step(r);
			mail_http_leave(x->person);
		}
	}
	mail_http_drop(x);
}

static void run_later(struct run *r)
{
	if (r->soon)
		return;
	r->soon = true;
	mail_http_hold(r->x);
	loop_defer(mail_http_context(r->x)->loop, run_soon, r->x);
}

static void on_ready(void *owner)
{
	struct run *r = owner;

	r->waiting = false;
	run_later(r);
}

static const struct jmap_request_events request_events = {.ready = on_ready};

static void refuse(struct mail_exchange *x, const struct jmap_problem *problem)
{
	struct buf body = BUF_INIT(2048);

	jmap_problem_print(problem, &body);
	mail_http_answer(x, problem->status, "application/problem+json", NULL, 0, buf_slice(&body));
	buf_free(&body);
}

static bool is_json(const struct mail_exchange *x)
{
	struct slice type = mail_http_field(x, SLICE("Content-Type"));
	ptrdiff_t end = slice_find(type, ';');

	return slice_eq_nocase(slice_trim(end >= 0 ? slice_sub(type, 0, (size_t)end) : type), SLICE("application/json"));
}

static void api_begin(struct mail_exchange *x)
{
	x->body.max = JMAP_REQUEST_MAX;
}

static void api_piece(struct mail_exchange *x, struct slice bytes)
{
	buf_append(&x->body, bytes);
	if (x->body.failed) {
		refuse(x, &(struct jmap_problem){.type = "limit", .status = 400, .limit = "maxSizeRequest"});
	} else if (!mail_http_gather(x, buf_len(&x->body))) {
		buf_free_secret(&x->body);
		(void)mail_http_gather(x, 0);
		refuse(x, &(struct jmap_problem){.type = "limit", .status = 400, .limit = "maxConcurrentRequests"});
	}
}

static void api(struct mail_exchange *x)
{
	struct jmap_problem problem;
	struct run *r;

	if (!is_json(x)) {
		refuse(x, &(struct jmap_problem){.type = "notJSON", .status = 400});
		return;
	}
	r = memory_alloc(sizeof *r);
	r->x = x;
	r->out = BUF_INIT(JMAP_ANSWER_MAX * 2);
	x->state = r;
	mail_http_hold(x);
	r->request = jmap_request_create(x->person->jmap, &request_events, r);
	if (jmap_request_start(r->request, buf_slice(&x->body), &problem) != 0) {
		refuse(x, &problem);
		run_end(r);
		return;
	}
	buf_free_secret(&x->body);
	(void)mail_http_gather(x, 0);
	mail_http_begin(x, 200, "application/json", NULL, 0, HTTP_LENGTH_UNKNOWN);
	run_later(r);
}

static void api_more(struct mail_exchange *x)
{
	if (x->state != NULL && !((struct run *)x->state)->waiting)
		run_later(x->state);
}

static void api_gone(struct mail_exchange *x)
{
	if (x->state != NULL)
		run_end(x->state);
}

const struct mail_route mail_routes[] = {
	{.match = {.host = "", .path = "/jmap/session", .methods = GET}, .handle = give_session},
	{.match = {.host = "", .path = "/jmap/api", .methods = POST}, .body_max = UINT64_MAX, .begin = api_begin, .piece = api_piece, .handle = api, .more = api_more, .gone = api_gone},
	{.match = {.host = "", .path = "/jmap/upload/*", .methods = POST}, .body_max = UINT64_MAX, .begin = mail_upload_begin, .piece = mail_upload_piece,
		.handle = mail_upload_handle, .gone = mail_upload_gone},
	{.match = {.host = "", .path = "/jmap/download/*", .methods = GET}, .handle = mail_download, .more = mail_download_more, .gone = mail_download_gone},
	{.match = {.host = "", .path = "/jmap/eventsource", .methods = GET}, .handle = mail_events, .more = mail_events_more, .gone = mail_events_gone},
	{.match = {.host = "", .path = "/jmap/ws", .methods = GET}, .handle = mail_socket, .piece = mail_socket_piece, .more = mail_socket_more,
		.gone = mail_socket_gone},
	{.match = {.host = "", .path = "/jmap/view/*", .methods = GET}, .handle = mail_document},
	{.match = {.host = "", .path = "/jmap/preview/*", .methods = GET}, .handle = mail_preview},
};
const size_t mail_route_count = sizeof mail_routes / sizeof mail_routes[0];
