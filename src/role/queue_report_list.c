/* What others report of our domains (DMARC, TLS), summed up: for letterlock domain reports. */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/memory.h"
#include "queue/report.h"
#include "role/queue.h"
#include "role/queue_answer.h"

#define LIST_DAYS 30
#define LIST_MAX 100
#define ENOUGH_DAYS 7               /* before a stricter policy is advised */
#define FAILING_PERCENT 2

struct listing {
	struct queue_job job;
	struct ipc_call *call;
	char domain[MEMORY_KEY_MAX + 1];
	int64_t since_day, first_day, last_day;
	uint64_t passed, failed;
	json_t *sources, *tls;
	char policy[24];
};

static void add_dmarc(struct listing *l, const struct report_line *line)
{
	l->passed += line->passed;
	l->failed += line->failed;
	l->first_day = l->first_day == 0 || line->first_day < l->first_day ? line->first_day : l->first_day;
	l->last_day = line->last_day > l->last_day ? line->last_day : l->last_day;
	snprintf(l->policy, sizeof l->policy, "%.*s", SLICE_ARG(slice_sub(line->policy, 0, sizeof l->policy - 1)));
}

static void add_line(void *arg, const struct report_line *line)
{
	struct listing *l = arg;
	json_t *o = json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:I}", "source", queue_answer_text(line->source), "passed", (json_int_t)line->passed, "failed",
	                      (json_int_t)line->failed, "first", (json_int_t)line->first_day * REPORT_DAY_S, "last", (json_int_t)line->last_day * REPORT_DAY_S,
	                      "reporter", queue_answer_text(line->reporter), "reports", (json_int_t)line->reports);
	if (line->kind == REPORT_IN_DMARC)
		add_dmarc(l, line);
	json_array_append_new(line->kind == REPORT_IN_DMARC ? l->sources : l->tls, o);
}

static int list_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct listing *l = arg;
	return report_list(ledger, slice_str(l->domain), l->since_day, LIST_MAX, add_line, l, err);
}

/* The next step of a domain on its way to p=reject. */
static const char *advice(const struct listing *l)
{
	uint64_t all = l->passed + l->failed;
	if (all == 0)
		return "no_reports";
	if (l->failed * 100 > all * FAILING_PERCENT)
		return "sources_fail";
	if (strcmp(l->policy, "reject") == 0)
		return "done";
	if (l->last_day - l->first_day + 1 < ENOUGH_DAYS)
		return "wait";
	return strcmp(l->policy, "quarantine") == 0 ? "reject" : "quarantine";
}

static void on_listed(struct queue_role *q, struct queue_job *job)
{
	struct listing *l = CONTAINER_OF(job, struct listing, job);
	json_t *result = json_pack("{s:s, s:s, s:I, s:I, s:s, s:O, s:O}", "domain", l->domain, "policy", l->policy, "passed",
	                           (json_int_t)l->passed, "failed", (json_int_t)l->failed, "advice", advice(l), "sources", l->sources, "tls", l->tls);
	char *dumped = json_dumps(result, JSON_COMPACT);
	bool ok = job->op.result == QUEUE_OK && dumped != NULL && strlen(dumped) <= ADMIN_JSON_MAX;
	(void)q;
	ipc_reply(l->call, &(struct ipc_queue_admin_reply){.status = ok ? ADMIN_OK : ADMIN_FAILED,
		.result = ok ? slice_str(dumped) : SLICE("{\"error\":\"The reports could not be read.\"}")});
	free(dumped);
	json_decref(result);
	json_decref(l->sources);
	json_decref(l->tls);
	ledger_op_free(&job->op);
	memory_free(l);
}

void queue_report_list(struct queue_role *q, struct ipc_call *call, int64_t days, const char *domain)
{
	struct listing *l = memory_alloc(sizeof *l);
	l->call = call;
	l->since_day = queue_now(q).wall_ms / 1000 / REPORT_DAY_S - (days >= 1 && days <= REPORT_IN_DAYS ? days : LIST_DAYS);
	l->sources = json_array();
	l->tls = json_array();
	for (size_t i = 0; domain != NULL && domain[i] != '\0' && i < MEMORY_KEY_MAX; i++)
		l->domain[i] = (char)ascii_lower((uint8_t)domain[i]);
	l->job = (struct queue_job){.done = on_listed, .op = {.kind = LEDGER_CALL, .call = {.fn = list_work, .arg = l}}};
	queue_remember(q);
	queue_submit(q, &l->job);
}
