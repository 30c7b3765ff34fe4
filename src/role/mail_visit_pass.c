/* Downloads, uploads and documents of another mailbox: passed on to its shard, and back, as they come. */
#include "http/server.h"
#include "role/mail_visit.h"

#define FIELDS_MAX 24

struct pass {
	struct mail_visit_job job; /* first */
	struct mail_exchange *x;
	struct http_field fields[FIELDS_MAX];
	bool over;
};

/* Fields between two hops, and those that our engines make. */
static bool is_ours(struct slice name)
{
	static const struct slice names[] = {SLICE_INIT("Connection"), SLICE_INIT("Keep-Alive"), SLICE_INIT("Transfer-Encoding"), SLICE_INIT("Content-Length"),
		SLICE_INIT("Date"), SLICE_INIT("Host"), SLICE_INIT("Upgrade"), SLICE_INIT("Expect")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_nocase(names[i], name))
			return true;
	return false;
}

static size_t pick(const struct http_field *fields, size_t count, struct http_field out[FIELDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < FIELDS_MAX; i++)
		if (!is_ours(fields[i].name))
			out[n++] = fields[i];
	return n;
}

static void on_head(struct mail_visit_job *job, unsigned status, const struct http_field *fields, size_t count)
{
	struct pass *p = (struct pass *)job;
	struct http_field out[FIELDS_MAX];
	uint64_t length = HTTP_LENGTH_UNKNOWN;
	size_t n = pick(fields, count < 14 ? count : 14, out);

	if (slice_to_u64(http_field_get(fields, count, SLICE("Content-Length")), &length) != 0)
		length = HTTP_LENGTH_UNKNOWN;
	mail_http_begin(p->x, status, NULL, out, n, length);
}

static void on_body(struct mail_visit_job *job, struct slice bytes)
{
	mail_http_write(((struct pass *)job)->x, bytes);
}

static bool is_full(struct mail_visit_job *job)
{
	return mail_http_full(((struct pass *)job)->x);
}

static void on_room(struct mail_visit_job *job)
{
	struct pass *p = (struct pass *)job;

	if (!p->over)
		mail_http_pause(p->x, false);
}

static void on_done(struct mail_visit_job *job, int code)
{
	struct pass *p = (struct pass *)job;
	struct mail_exchange *x = p->x;

	p->over = true;
	if (code == 0 && x->answering)
		mail_http_end(x);
	else if (x->answering)
		mail_http_break(x);
	else
		mail_http_problem(x, code == ERR_NOT_FOUND ? 404 : 503, NULL, NULL);
	mail_http_drop(x);
}

static void pass_piece(struct mail_exchange *x, struct slice bytes)
{
	struct pass *p = x->state;

	if (p->over)
		return;
	if (mail_visit_write(&p->job, bytes) != 0) {
		mail_visit_cancel(&p->job);
		on_done(&p->job, ERR_TEMPORARY);
		return;
	}
	mail_http_pause(x, mail_visit_congested(&p->job));
}

static void pass_handle(struct mail_exchange *x)
{
	struct pass *p = x->state;

	if (!p->over)
		mail_visit_finish(&p->job);
}

static void pass_more(struct mail_exchange *x)
{
	struct pass *p = x->state;

	if (!p->over)
		mail_visit_resume(&p->job);
}

static void pass_gone(struct mail_exchange *x)
{
	struct pass *p = x->state;

	if (p->over)
		return;
	p->over = true;
	mail_visit_cancel(&p->job);
	mail_http_drop(x);
}

static const struct mail_route pass_route = {.body_max = UINT64_MAX, .handle = pass_handle, .piece = pass_piece, .more = pass_more, .gone = pass_gone};

static void begin(struct mail_exchange *x, const uint8_t account[16])
{
	struct pass *p = arena_alloc(&x->arena, sizeof *p);
	bool post = x->method == HTTP_METHOD_POST;

	x->route = &pass_route;
	x->state = p;
	p->x = x;
	p->job = (struct mail_visit_job){.head = on_head, .body = on_body, .full = is_full, .room = post ? on_room : NULL, .done = on_done};
	p->job.request = (struct http_client_request){.method = post ? SLICE("POST") : SLICE("GET"), .target = x->target,
		.host = x->authority.n > 0 ? x->authority : SLICE("localhost"), .fields = p->fields,
		.field_count = pick(x->fields, x->field_count, p->fields), .streamed = post, .keep = true};
	if (post) {
		http_server_body_limit(mail_http_server(x), x->stream, UINT64_MAX);
		mail_http_pause(x, true); /* until there is somebody to write to */
	}
	mail_http_hold(x);
	mail_visit_run(x->person, account, &p->job);
}

bool mail_visit_passes(struct mail_exchange *x)
{
	static const struct slice places[] = {SLICE_INIT("/jmap/upload/"), SLICE_INIT("/jmap/download/"), SLICE_INIT("/jmap/view/"),
		SLICE_INIT("/jmap/preview/")};
	uint8_t account[16];

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct slice rest = slice_from(x->path, places[i].n), name = SLICE_NONE;

		if (!slice_starts(x->path, places[i]) || !slice_split(&rest, '/', &name))
			continue;
		if (slice_eq(name, jmap_account_name(x->person->jmap)) || !jmap_id_parse(name, 'A', account) || x->person->use.actor[0] != 0)
			return false;
		begin(x, account);
		return true;
	}
	return false;
}
