/* Connections of a visit, and of a person to the own mailbox: one request at a time on each of them. */
#include "role/mail_visit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define LINK_MAGIC 0x766c6e6bu
#define LINK_INPUT_MAX 131072

/* One connection to the shard of the mailbox, or (visit NULL) to the person's own sign-in. */
struct visit_link {
	uint32_t magic;
	struct list_node node;
	struct visit *visit;
	struct loop *loop;
	struct conn *conn;
	struct http_client *http;
	struct mail_visit_job *job;
	struct timer *idle;
	bool attached, over, failed, done, reusable, pumping, soon;
	unsigned held;
};

/* ---- life ---- */

static void link_free(struct visit_link *l)
{
	ENSURE_MAGIC(l, LINK_MAGIC);
	if (l->visit != NULL) {
		list_remove(&l->node);
		l->visit->link_count--;
		l->visit->used_ms = mail_now(l->visit->visits->account->role);
	}
	conn_destroy(&l->conn);
	http_client_destroy(&l->http);
	timer_destroy(&l->idle);
	l->magic = 0;
	memory_free(l);
}

static void link_drop(struct visit_link *l)
{
	ENSURE(l->held > 0);
	if (--l->held == 0 && l->over)
		link_free(l);
}

void mail_visit_link_end(struct visit_link *l)
{
	if (l->over)
		return;
	l->over = true;
	if (l->job != NULL)
		l->job->link = NULL;
	l->job = NULL;
	l->held++;
	link_drop(l);
}

static void on_idle(void *arg)
{
	mail_visit_link_end(arg);
}

/* The job is out of the connection, which goes on or ends. */
static struct mail_visit_job *link_release(struct visit_link *l)
{
	struct mail_visit_job *job = l->job;

	l->job = NULL;
	job->link = NULL;
	if (l->visit != NULL && l->done && l->reusable && l->attached && !l->visit->over) {
		l->done = l->reusable = false;
		timer_start(l->idle, MAIL_VISIT_LINK_IDLE_MS);
	} else {
		mail_visit_link_end(l);
	}
	return job;
}

static void link_settle(struct visit_link *l)
{
	struct visit *v = l->visit;
	struct mail_visit_job *job;
	int code = l->done ? 0 : ERR_TEMPORARY;

	if (l->job == NULL) {
		if (l->failed)
			mail_visit_link_end(l);
		return;
	}
	if (!l->done && !l->failed)
		return;
	if (v != NULL)
		mail_visit_hold(v);
	job = link_release(l);
	mail_visit_job_end(job, code);
	if (v != NULL) {
		mail_visit_next(v);
		mail_visit_drop(v);
	}
}

static void on_head(void *owner, unsigned status, const struct http_field *fields, size_t count)
{
	struct visit_link *l = owner;

	if (l->job != NULL && l->job->head != NULL)
		l->job->head(l->job, status, fields, count);
}

static void on_body(void *owner, struct slice bytes)
{
	struct visit_link *l = owner;

	if (l->job != NULL && l->job->body != NULL)
		l->job->body(l->job, bytes);
}

static void on_done(void *owner, bool reusable)
{
	struct visit_link *l = owner;

	l->done = true;
	l->reusable = reusable;
}

static void on_failed(void *owner, enum http_client_error why)
{
	((struct visit_link *)owner)->failed = true;
}

static const struct http_client_events http_events = {on_head, on_body, on_done, on_failed};

static bool may_read(const struct visit_link *l)
{
	return l->job == NULL || l->job->full == NULL || !l->job->full(l->job);
}

static void link_pump(struct visit_link *l)
{
	static struct buf nothing;

	if (l->over || l->pumping)
		return;
	l->held++;
	l->pumping = true;
	if (l->conn != NULL)
		http_client_pump(l->http, may_read(l) ? conn_input(l->conn) : &nothing, conn_output(l->conn));
	if (!l->over && l->conn != NULL)
		conn_flush(l->conn);
	l->pumping = false;
	link_settle(l);
	link_drop(l);
}

static void tell_room(struct visit_link *l)
{
	if (!l->over && l->job != NULL && l->job->sent && l->job->room != NULL && !conn_congested(l->conn))
		l->job->room(l->job);
}

/* Not from inside of whoever calls: a job ends from the loop. */
static void pump_soon(void *arg)
{
	struct visit_link *l = arg;

	l->soon = false;
	link_pump(l);
	tell_room(l);
	link_drop(l);
}

static void link_pump_soon(struct visit_link *l)
{
	if (l->soon || l->over)
		return;
	l->soon = true;
	l->held++;
	loop_defer(l->loop, pump_soon, l);
}

static void on_link_readable(void *owner)
{
	link_pump(owner);
}

static void on_link_drained(void *owner)
{
	struct visit_link *l = owner;

	l->held++;
	link_pump(l);
	tell_room(l);
	link_drop(l);
}

static void on_link_ended(void *owner, enum conn_end why)
{
	struct visit_link *l = owner;

	l->held++;
	if (!l->over && l->attached) {
		if (l->job != NULL)
			http_client_pump(l->http, conn_input(l->conn), conn_output(l->conn));
		if (!l->done && !l->failed)
			http_client_end(l->http);
		l->reusable = false;
		l->failed = true;
		link_settle(l);
		mail_visit_link_end(l);
	}
	link_drop(l);
}

static const struct conn_events link_events = {.readable = on_link_readable, .drained = on_link_drained, .ended = on_link_ended};

/* fd negative: it only tells its job that nothing is to be had. */
static struct visit_link *link_create(struct visit *v, struct loop *loop, int fd)
{
	struct visit_link *l = memory_alloc(sizeof *l);

	l->magic = LINK_MAGIC;
	l->loop = loop;
	l->visit = v;
	if (v != NULL) {
		list_append(&v->links, &l->node);
		v->link_count++;
	}
	if (fd >= 0)
		l->conn = conn_create(loop, fd, LINK_INPUT_MAX, &link_events, l);
	l->failed = fd < 0;
	l->http = http_client_create(UINT64_MAX, &http_events, l);
	l->idle = timer_create_on(loop, on_idle, l);
	return l;
}

static void link_send(struct visit_link *l)
{
	struct mail_visit_job *job = l->job;

	timer_stop(l->idle);
	if (http_client_send(l->http, &job->request) != 0) {
		l->failed = true;
	} else {
		job->sent = true;
		if (job->finished)
			http_client_finish(l->http);
	}
	link_pump_soon(l);
}

/* ---- opening ---- */

static void attached(struct visit_link *l, enum auth_status status)
{
	struct visit *v = l->visit;
	struct mail_visit_job *job = l->job;

	if (status == AUTH_OK) {
		l->attached = true;
		if (job != NULL)
			link_send(l);
		else
			mail_visit_link_end(l);
		return;
	}
	mail_visit_link_end(l);
	if (status == AUTH_DENIED)
		mail_visit_refused(v, job);
	else if (job != NULL)
		mail_visit_job_end(job, ERR_TEMPORARY);
}

static void on_attached(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct visit_link *l = arg;
	const struct ipc_mail_attach_reply *reply = message;
	struct visit *v = l->visit;

	mail_visit_hold(v);
	attached(l, outcome == IPC_OK ? (enum auth_status)reply->status : AUTH_TEMPORARY);
	link_drop(l);
	mail_visit_drop(v);
}

struct nearby {
	struct visit_link *link;
	enum auth_status status;
};

static void on_nearby(void *arg)
{
	struct nearby *n = arg;
	struct ipc_mail_attach_reply reply = {.status = (uint8_t)n->status};

	on_attached(n->link, IPC_OK, &reply);
	memory_free(n);
}

/* The mailbox is served by this very process. */
static void attach_here(struct visit_link *l, const struct ipc_mail_attach *request)
{
	struct nearby *n = memory_alloc(sizeof *n);
	struct ipc_mail_attach own = *request;
	struct error err = {0};

	own.session = fcntl(request->session, F_DUPFD_CLOEXEC, 3);
	*n = (struct nearby){l, own.session >= 0 ? mail_http_attach(l->visit->visits->account->role, &own, &err) : AUTH_TEMPORARY};
	loop_defer(l->loop, on_nearby, n);
}

void mail_visit_link_open(struct visit *v, struct mail_visit_job *job)
{
	struct mail_visits *s = v->visits;
	struct role_context *ctx = s->account->role->ctx;
	struct ipc_mail_attach request = {.ticket = v->ticket, .cid = slice_str(s->cid), .protocol = AUTH_PROTOCOL_JMAP, .tls = true,
		.address = slice_str(s->address)};
	struct visit_link *l;
	int pair[2] = {-1, -1};
	bool good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;

	l = link_create(v, ctx->loop, pair[0]);
	l->job = job;
	job->link = l;
	if (!good) {
		link_pump_soon(l);
		return;
	}
	l->held++; /* until the answer */
	request.session = pair[1];
	if (v->shard == ctx->index)
		attach_here(l, &request);
	else
		ipc_request(ctx->ipc, IPC_MAIL_ATTACH, v->shard, &request, on_attached, l);
	close(pair[1]);
}

void mail_visit_link_none(struct visit *v, struct mail_visit_job *job)
{
	struct visit_link *l = link_create(NULL, v->visits->account->role->ctx->loop, -1);

	l->job = job;
	job->link = l;
	link_pump_soon(l);
}

static struct visit_link *link_idle(struct visit *v)
{
	LIST_FOREACH(node, &v->links) {
		struct visit_link *l = LIST_ITEM(node, struct visit_link, node);

		if (l->attached && !l->over && !l->failed && l->job == NULL)
			return l;
	}
	return NULL;
}

bool mail_visit_link_reuse(struct visit *v, struct mail_visit_job *job)
{
	struct visit_link *l = link_idle(v);

	if (l == NULL)
		return false;
	l->job = job;
	job->link = l;
	link_send(l);
	return true;
}

void mail_visit_link_home(struct mail_http *p, struct mail_visit_job *job)
{
	struct loop *loop = p->account->role->ctx->loop;
	struct visit_link *l;
	int pair[2] = {-1, -1};
	bool good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;

	l = link_create(NULL, loop, good ? pair[0] : -1);
	l->job = job;
	job->link = l;
	job->running = true;
	l->attached = good && mail_http_join(p, pair[1]);
	if (l->attached) {
		link_send(l);
		return;
	}
	l->failed = true;
	link_pump_soon(l);
}

void mail_visit_links_fail(struct visit *v)
{
	LIST_FOREACH(node, &v->links) {
		struct visit_link *l = LIST_ITEM(node, struct visit_link, node);

		l->failed = true;
		link_pump_soon(l);
	}
}

/* ---- what a job says ---- */

int mail_visit_write(struct mail_visit_job *job, struct slice bytes)
{
	if (!job->running || job->link == NULL || !job->sent)
		return 0;
	if (http_client_write(job->link->http, bytes) != 0)
		return ERR_LIMIT;
	link_pump_soon(job->link);
	return 0;
}

void mail_visit_finish(struct mail_visit_job *job)
{
	job->finished = true;
	if (!job->running || job->link == NULL || !job->sent)
		return;
	http_client_finish(job->link->http);
	link_pump_soon(job->link);
}

void mail_visit_resume(struct mail_visit_job *job)
{
	if (job->running && job->link != NULL && job->link->attached)
		link_pump_soon(job->link);
}

bool mail_visit_congested(const struct mail_visit_job *job)
{
	return job->link != NULL && job->link->conn != NULL && conn_congested(job->link->conn);
}
