/*
 * The role extract: hostile documents become pictures and text (src/extract). This process never looks into one: each is read by a worker of
 * its own (sys/worker.h), which has the document, a memory file for what comes out and a page to say what that is, and nothing else. So a
 * document that breaks its reader harms that reader alone.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "extract/extract.h"
#include "role/role.h"
#include "scan/verdict.h"
#include "sys/file.h"
#include "sys/worker.h"

#define RUNNING_MAX 2                 /* documents at a time */
#define WAITING_MAX 64                /* beside them; then EXTRACT_BUSY */
#define LETTER_MAX (512u << 20)       /* bytes of a memory file that has the document in it */
#define WORKER_MEMORY (3ULL << 29)    /* bytes of address space, with what the role has */
#define WORKER_CPU_SECONDS 10
#define WORKER_SECONDS 45
#define KILL_MS 60000                 /* one that did not even hear the clock */

static const struct worker_limits worker_limits = {
	.limits = {.address_space = WORKER_MEMORY, .cpu_seconds = WORKER_CPU_SECONDS, .file_size = EXTRACT_RESULT_MAX}, .seconds = WORKER_SECONDS,
};

struct extract_role;

struct job {
	struct extract_role *role;
	struct list_node node;
	struct ipc_call *call;
	struct ipc_extract request;       /* its texts are in the arena */
	struct arena arena;
	int document, result;
	struct extract_answer *said;      /* shared with the worker, which may write anything there */
	struct worker worker;
	struct watcher *watcher;
	struct timer *timer;
};

struct extract_role {
	struct role_context *ctx;
	struct list_node waiting;
	unsigned running, waiting_count;
	uint64_t documents, failed;
	bool stopping;
};

/* ---- in the worker ---- */

/* The document without its transfer encoding. */
static struct slice decoded(const struct ipc_extract *request, struct slice content, struct buf *room)
{
	struct slice part = slice_from(content, request->offset < content.n ? (size_t)request->offset : content.n);

	if (request->length > 0)
		part = slice_sub(part, 0, request->length < part.n ? (size_t)request->length : part.n);
	if (request->encoding == SCAN_BASE64)
		base64_decode_lenient(part, room);
	else if (request->encoding == SCAN_QUOTED_PRINTABLE)
		quoted_printable_decode(part, room);
	else
		return part;
	return buf_slice(room);
}

_Noreturn static void work(struct job *job)
{
	struct extract_request request = {.want = job->request.want, .page = job->request.page, .width = job->request.width,
		.name = job->request.name, .charset = job->request.charset, .mark = job->request.mark};
	struct buf room = BUF_INIT(EXTRACT_DOCUMENT_MAX + 1000), out = BUF_INIT(EXTRACT_RESULT_MAX);
	struct file_map map;
	struct extract_answer answer = {.status = EXTRACT_FAILED};

	worker_enter(job->document, job->result, &worker_limits);
	if (memfd_map(0, LETTER_MAX, &map, NULL) != 0)
		_exit(1);
	extract_run(decoded(&job->request, map.content, &room), &request, &answer, &out);
	if (answer.status == EXTRACT_OK && file_write_all(3, buf_slice(&out), NULL) != 0)
		answer.status = EXTRACT_TOO_LARGE;
	*job->said = answer;
	_exit(0);
}

/* ---- in the role ---- */

static void start_waiting(struct extract_role *r);

static void job_free(struct job *job)
{
	timer_destroy(&job->timer);
	watcher_destroy(&job->watcher);
	file_close(&job->document);
	file_close(&job->result);
	if (job->said != NULL)
		munmap(job->said, sizeof *job->said);
	arena_free(&job->arena);
	memory_free(job);
}

/* Of what the worker said nothing is believed but that it is a number in its bounds. */
static void answer(struct job *job, struct extract_answer a)
{
	struct ipc_extract_reply reply = {.result = -1};
	size_t size = 0;

	if (a.status >= EXTRACT_STATUS_COUNT || a.media >= EXTRACT_MEDIA_COUNT || a.type >= FILE_TYPE_COUNT || a.pages > EXTRACT_PAGES_MAX
	    || a.width > EXTRACT_WIDTH_MAX || a.height > EXTRACT_HEIGHT_MAX)
		a = (struct extract_answer){.status = EXTRACT_FAILED};
	if (a.status == EXTRACT_OK && (memfd_seal(job->result, NULL) != 0 || memfd_check(job->result, EXTRACT_RESULT_MAX, &size, NULL) != 0))
		a = (struct extract_answer){.status = EXTRACT_FAILED};
	reply.status = (uint8_t)a.status;
	reply.media = (uint8_t)a.media;
	reply.type = (uint16_t)a.type;
	reply.pages = a.pages;
	reply.cut = a.cut;
	reply.width = a.width;
	reply.height = a.height;
	if (a.status == EXTRACT_OK && size > 0)
		reply.result = job->result;
	ipc_reply(job->call, &reply);
}

static void on_ended(void *arg, int events)
{
	struct job *job = arg;
	struct extract_role *r = job->role;
	int status = worker_reap(&job->worker);
	struct extract_answer said = status == 0 ? *job->said : (struct extract_answer){.status = EXTRACT_FAILED};

	r->running--;
	if (status != 0) {
		r->failed++;
		log_event(EV_EXTRACT_FAILED, LOG_TEXT("cid", job->request.cid), LOG_NUM("signal", status < 0 ? -status : 0),
			LOG_NUM("status", status > 0 ? status : 0));
	}
	watcher_destroy(&job->watcher);
	answer(job, said);
	job_free(job);
	start_waiting(r);
	if (r->stopping && r->running == 0)
		role_stopped(r->ctx);
}

static void on_late(void *arg)
{
	struct job *job = arg;

	worker_kill(&job->worker);
}

static bool job_start(struct job *job)
{
	struct role_context *ctx = job->role->ctx;
	pid_t pid;

	job->result = memfd_new("result", NULL);
	job->said = mmap(NULL, sizeof *job->said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job->said == MAP_FAILED)
		job->said = NULL;
	if (job->result < 0 || job->said == NULL)
		return false;
	pid = worker_fork(&job->worker);
	if (pid == 0)
		work(job);
	if (pid < 0)
		return false;
	job->role->running++;
	job->role->documents++;
	job->timer = timer_create_on(ctx->loop, on_late, job);
	timer_start(job->timer, KILL_MS);
	job->watcher = watcher_create(ctx->loop, job->worker.ended, on_ended, job);
	watcher_set(job->watcher, WATCH_READ);
	return true;
}

static void start_waiting(struct extract_role *r)
{
	while (!r->stopping && r->running < RUNNING_MAX && !list_empty(&r->waiting)) {
		struct job *job = LIST_ITEM(r->waiting.next, struct job, node);
		list_remove(&job->node);
		r->waiting_count--;
		if (job_start(job))
			continue;
		log_event(EV_EXTRACT_FAILED, LOG_TEXT("cid", job->request.cid), LOG_STR("what", strerror(errno)));
		answer(job, (struct extract_answer){.status = EXTRACT_BUSY});
		job_free(job);
	}
}

static void on_extract(void *arg, struct ipc_call *call, const void *message)
{
	struct extract_role *r = arg;
	const struct ipc_extract *request = message;
	int document = request->document;
	size_t size;
	struct job *job;
	enum extract_status status = EXTRACT_OK;

	if (request->want >= EXTRACT_WANT_COUNT || memfd_check(document, LETTER_MAX, &size, NULL) != 0)
		status = EXTRACT_FAILED;
	else if (r->waiting_count >= WAITING_MAX || r->stopping)
		status = EXTRACT_BUSY;
	if (status != EXTRACT_OK) {
		ipc_reply(call, &(struct ipc_extract_reply){.status = (uint8_t)status, .result = -1});
		file_close(&document);
		return;
	}
	job = memory_alloc(sizeof *job);
	*job = (struct job){.role = r, .call = call, .request = *request, .document = document, .result = -1};
	job->request.cid = arena_dup(&job->arena, request->cid);
	job->request.name = arena_dup(&job->arena, request->name);
	job->request.charset = arena_dup(&job->arena, request->charset);
	job->request.mark = arena_dup(&job->arena, request->mark);
	list_append(&r->waiting, &job->node);
	r->waiting_count++;
	start_waiting(r);
}

static int extract_start(struct role_context *ctx, struct error *err)
{
	struct extract_role *r = memory_alloc(sizeof *r);

	r->ctx = ctx;
	ctx->state = r;
	list_init(&r->waiting);
	extract_warm();
	ipc_handle(ctx->ipc, IPC_EXTRACT, on_extract, r);
	return 0;
}

static void extract_stop(struct role_context *ctx)
{
	struct extract_role *r = ctx->state;

	r->stopping = true;
	if (r->running == 0)
		role_stopped(ctx);
}

static void extract_status(struct role_context *ctx, struct buf *out)
{
	const struct extract_role *r = ctx->state;

	buf_printf(out, "\"documents\":%llu,\"failed\":%llu,\"running\":%u,\"waiting\":%u", (unsigned long long)r->documents,
		(unsigned long long)r->failed, r->running, r->waiting_count);
}

const struct role_ops role_extract = {.start = extract_start, .stop = extract_stop, .status = extract_status};
