/* What reports of others say of our domains is told to who answers for them, when it is bad: at most once in report.notice for each domain. */
#include "base/arena.h"
#include "base/log.h"
#include "queue/report.h"
#include "role/auth.h"
#include "trust/idn.h"

#define LOOK_MS HOURS_MS(1)   /* it is looked for this often at least */
#define DOMAINS_BYTES 60000   /* of one question: the row of QUEUE_FAILING */
#define DOMAINS_MAX 200       /* of one question */

static void plan(struct auth_process *a)
{
	int64_t every = a->ctx->config->report_notice;
	if (every > 0)
		timer_start(a->reports, every < LOOK_MS ? every : LOOK_MS);
	else
		timer_stop(a->reports);
}

/* Whoever gets the mail of its postmaster here; empty: nobody has a mailbox. */
static struct slice postmaster_of(struct auth_process *a, struct slice domain, struct arena *arena)
{
	struct resolve_result result;
	resolve_recipient(a->directory, arena_printf(arena, "postmaster@%.*s", SLICE_ARG(domain)), false, a->ctx->config->hostname,
	                  moment_unix(loop_now(a->ctx->loop)), arena, &result);
	for (size_t i = 0; result.status == AUTH_OK && i < result.count; i++)
		if (result.targets[i].local)
			return result.targets[i].account.address;
	return SLICE_NONE;
}

static void tell(struct auth_process *a, struct slice domain, unsigned kind, uint64_t count, struct slice sources)
{
	struct arena arena = ARENA_INIT;
	struct slice address = postmaster_of(a, domain, &arena);
	a->host.record(a->host.arg, kind == REPORT_IN_TLS ? EV_REPORTS_TLS_FAIL : EV_REPORTS_FAIL, (const struct log_field[]){LOG_TEXT("domain", domain),
		LOG_TEXT("address", address), LOG_NUM("count", (int64_t)count), LOG_TEXT("what", sources), LOG_END});
	arena_free(&arena);
}

static void on_list(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_queue_failing_reply *reply = message;
	struct slice list = outcome == IPC_OK ? reply->list : SLICE_NONE, domain, sources;
	uint8_t kind;
	uint64_t count;
	while (slice_get_bytes(&list, &domain) && slice_get_u8(&list, &kind) && slice_get_u64(&list, &count) && slice_get_bytes(&list, &sources))
		tell(a, domain, kind, count, sources);
	plan(a);
}

/* The next of our domains in turn. */
static void list_domains(struct auth_process *a, struct arena *arena, struct buf *out)
{
	struct directory_domain *rows = arena_alloc_array(arena, DOMAINS_MAX, sizeof *rows);
	int count = directory_domain_list(a->directory, buf_slice(&a->reports_after), arena, rows, DOMAINS_MAX);
	buf_clear(&a->reports_after);
	for (int i = 0; i < count; i++) {
		struct slice name;
		if (trust_domain_ascii(arena, rows[i].name, &name) && buf_len(out) + name.n + 8 < DOMAINS_BYTES)
			buf_put_bytes(out, name);
	}
	if (count == DOMAINS_MAX)
		buf_append(&a->reports_after, rows[count - 1].name);
}

static void ask(void *arg)
{
	struct auth_process *a = arg;
	struct arena arena = ARENA_INIT;
	struct buf domains = BUF_INIT(DOMAINS_BYTES);
	list_domains(a, &arena, &domains);
	struct ipc_queue_failing request = {.wait_s = (uint32_t)((a->ctx->config->report_notice + 999) / 1000), .domains = buf_slice(&domains)};
	ipc_request(a->ctx->ipc, IPC_QUEUE_FAILING, IPC_ANY, &request, on_list, a);
	buf_free(&domains);
	arena_free(&arena);
}

void auth_reports_start(struct auth_process *a)
{
	buf_init(&a->reports_after, 300);
	a->reports = timer_create_on(a->ctx->loop, ask, a);
	plan(a);
}

void auth_reports_reload(struct auth_process *a)
{
	plan(a);
}
