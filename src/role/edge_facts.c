#include "role/edge_facts.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "extract/extract.h"
#include "role/edge_dns.h"
#include "role/resolved.h"
#include "scan/verdict.h"
#include "store/envelope.h"
#include "sys/file.h"
#include "trust/facts.h"

#define QUESTIONS_MAX 60000 /* bytes: the row of QUEUE_RECALL */

struct edge_facts {
	struct edge *edge;
	edge_facts_fn *fn;
	void *arg;
	struct buf answers;
	struct timer *deadline;
	unsigned pending, resolving, rounds; /* resolving: of pending, those of the asker */
	int64_t started_ms;
	struct edge_content content;
	struct edge_asker *asker;
	bool asking, over, abandoned, scanned; /* scanned: scanners were asked */
};

/* A redirect that auth is asked about. */
#define ENVELOPE_SHOWN_MAX 200000 /* bytes, to partners; below the row of SCAN with a small letter */

struct edge_question {
	struct edge_facts *facts;
	struct dns_question q;
	uint8_t name[FACTS_NAME_MAX];
};

static void facts_destroy(struct edge_facts *f)
{
	timer_destroy(&f->deadline);
	buf_free(&f->answers);
	memory_free(f);
}

static void tell(struct edge_facts *f)
{
	f->asking = false;
	timer_stop(f->deadline);
	f->fn(f->arg);
}

/* What was not asked yet is not asked any more. */
static void ask_no_more(struct edge_facts *f)
{
	edge_asker_free(&f->asker);
	f->pending -= f->resolving;
	f->resolving = 0;
}

/* The answers that come later are dropped, but awaited. */
static void on_deadline(void *arg)
{
	struct edge_facts *f = arg;
	f->over = true;
	ask_no_more(f);
	if (f->asking)
		tell(f);
}

struct edge_facts *edge_facts_new(struct edge *edge, const struct edge_content *content, edge_facts_fn *fn, void *arg)
{
	struct edge_facts *f = memory_alloc(sizeof *f);
	f->edge = edge;
	f->content = *content;
	f->fn = fn;
	f->arg = arg;
	f->started_ms = loop_now(edge->ctx->loop).mono_ms;
	f->deadline = timer_create_on(edge->ctx->loop, on_deadline, f);
	buf_init(&f->answers, FACTS_ANSWERS_BYTES + FACTS_DOCUMENTS_BYTES);
	return f;
}

void edge_facts_free(struct edge_facts **facts)
{
	struct edge_facts *f = *facts;
	if (f == NULL)
		return;
	*facts = NULL;
	f->abandoned = true;
	f->asking = false;
	timer_stop(f->deadline);
	ask_no_more(f);
	if (f->pending == 0)
		facts_destroy(f);
}

static void put_answer(struct edge_facts *f, const struct dns_question *q, const struct dns_answer *answer)
{
	struct dns_answer failed = {.status = DNS_FAILED};
	bool fits = answer->records.n + q->name.n + 16 <= f->answers.max - buf_len(&f->answers);
	facts_encode_answer(q, fits ? answer : &failed, &f->answers);
	f->over = f->over || f->answers.failed;
}

static void answered(struct edge_facts *f)
{
	if (--f->pending > 0)
		return;
	if (f->abandoned)
		facts_destroy(f);
	else if (f->asking)
		tell(f);
}

static void on_resolved(void *arg, const struct dns_question *q, enum ipc_outcome outcome, const struct ipc_resolve_reply *reply)
{
	struct edge_facts *f = arg;
	struct dns_answer answer = role_resolved(outcome, reply);
	if (f->asking)
		put_answer(f, q, &answer);
	f->resolving--;
	answered(f);
}

static void take_answers(struct edge_facts *f, struct slice answers)
{
	if (!f->abandoned && f->asking && answers.n <= f->answers.max - buf_len(&f->answers))
		buf_append(&f->answers, answers);
	answered(f);
}

/* What is remembered is asked of queue, all of it at once. */
static void on_recalled(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_queue_recall_reply *reply = message;
	take_answers(arg, outcome == IPC_OK ? reply->answers : SLICE_NONE);
}

static void on_people(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_auth_people_reply *reply = message;
	take_answers(arg, outcome == IPC_OK ? reply->answers : SLICE_NONE);
}

/* The directory knows whom a name shows. */
static void ask_people(struct edge_facts *f, struct slice questions)
{
	struct ipc_auth_people request = {.questions = questions};
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_AUTH_PEOPLE, IPC_ANY, &request, on_people, f);
}

static void recall(struct edge_facts *f, struct slice questions)
{
	struct ipc_queue_recall request = {.questions = questions};
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_QUEUE_RECALL, IPC_ANY, &request, on_recalled, f);
}

static void on_scanned(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_scan_reply *reply = message;
	take_answers(arg, outcome == IPC_OK ? reply->answers : SLICE_NONE);
}

static void ask_scan(struct edge_facts *f, struct slice questions)
{
	const struct edge_content *c = &f->content;
	struct ipc_scan request = {.cid = c->cid, .message = c->message, .small = c->small, .envelope = c->envelope.n <= ENVELOPE_SHOWN_MAX ? c->envelope : SLICE_NONE, .questions = questions};
	f->scanned = true;
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_SCAN, IPC_ANY, &request, on_scanned, f);
}

static void on_reviewer(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_auth_reviewer_reply *reply = message;
	struct dns_question q = {.name = SLICE("reviewer"), .type = FACT_REVIEWER};
	struct edge_facts *f = arg;
	struct buf records = BUF_INIT(FACTS_ANSWERS_BYTES);
	if (outcome == IPC_OK && reply->fact.n > 0)
		buf_put_bytes(&records, reply->fact);
	if (!f->abandoned && f->asking)
		put_answer(f, &q, &(struct dns_answer){.status = buf_len(&records) > 0 ? DNS_FOUND : DNS_NODATA, .records = buf_slice(&records)});
	buf_free(&records);
	answered(f);
}

static void ask_reviewer(struct edge_facts *f, struct slice questions)
{
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_AUTH_REVIEWER, IPC_ANY, &(struct ipc_auth_reviewer){0}, on_reviewer, f);
}

static int64_t longer_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t time_left(const struct edge_facts *f)
{
	const struct config *config = f->edge->ctx->config;
	return config->trust_dns_time + (f->scanned ? longer_of(config->malware_time, config->partners_time) : 0) - edge_facts_waited_ms(f);
}

/* Three records: facts, profiles, sealer. Where nobody is, or where mail may not go, there is none. */
static void on_redirect(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_question *question = arg;
	struct edge_facts *f = question->facts;
	const struct ipc_auth_redirect_reply *reply = message;
	struct buf records = BUF_INIT(FACTS_ANSWERS_BYTES);
	struct dns_answer answer = {.status = DNS_FAILED};
	if (outcome == IPC_OK && (reply->status == AUTH_DENIED || reply->status == AUTH_REFUSED))
		answer.status = DNS_NODATA;
	if (outcome == IPC_OK && reply->status == AUTH_OK) {
		buf_put_bytes(&records, reply->facts);
		buf_put_bytes(&records, reply->profiles);
		buf_put_bytes(&records, reply->sealer);
		answer.status = DNS_FOUND;
		answer.records = buf_slice(&records);
	}
	if (!f->abandoned && f->asking)
		put_answer(f, &question->q, &answer);
	buf_free(&records);
	memory_free(question);
	answered(f);
}

/* "account address" */
static void ask_redirect(struct edge_facts *f, const struct dns_question *q)
{
	struct edge_question *question = memory_alloc(sizeof *question);
	struct slice name = slice_sub(q->name, 0, sizeof question->name);
	ptrdiff_t space = slice_find(name, ' ');
	struct buf account = BUF_INIT(16);
	struct ipc_auth_redirect request = {.cid = f->content.cid, .target = slice_from(name, (size_t)(space + 1))};
	struct envelope e;
	if (envelope_decode(f->content.envelope, &e) == 0)
		request.reverse_path = e.reverse_path;
	question->facts = f;
	for (size_t i = 0; i < name.n; i++)
		question->name[i] = name.p[i];
	question->q = (struct dns_question){.name = slice_make(question->name, name.n), .type = q->type};
	if (space == 32 && hex_decode(slice_sub(name, 0, 32), &account) == 0)
		memcpy(request.account.b, buf_slice(&account).p, sizeof request.account.b);
	buf_free(&account);
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_AUTH_REDIRECT, IPC_ANY, &request, on_redirect, question);
}

static void on_converted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_question *question = arg;
	struct edge_facts *f = question->facts;
	const struct ipc_extract_reply *reply = message;
	struct buf records = BUF_INIT(FACTS_DOCUMENTS_BYTES);
	struct file_map map = FILE_MAP_NONE;
	struct dns_answer answer = {.status = DNS_NODATA};
	int result = outcome == IPC_OK ? reply->result : -1;
	if (result >= 0 && reply->status == EXTRACT_OK && memfd_map(result, FACTS_DOCUMENTS_BYTES - 200, &map, NULL) == 0) {
		buf_put_bytes(&records, slice_str(extract_media_name(reply->media)));
		buf_put_bytes(&records, map.content);
		answer = (struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&records)};
	}
	if (!f->abandoned && f->asking)
		put_answer(f, &question->q, &answer);
	file_close(&result);
	file_unmap(&map);
	buf_free(&records);
	memory_free(question);
	answered(f);
}

/* A part that is to become pictures. */
static void ask_converted(struct edge_facts *f, const struct dns_question *q)
{
	const struct edge_content *c = &f->content;
	struct scan_target target;
	struct edge_question *question;
	struct ipc_extract request = {.cid = c->cid, .want = EXTRACT_CONVERT, .document = c->message};
	int small = -1;
	if (request.document < 0)
		request.document = small = memfd_from_slice("letter", c->small, NULL);
	if (!scan_target_parse(q->name, &target) || !target.part || request.document < 0) {
		put_answer(f, q, &(struct dns_answer){.status = DNS_NODATA});
		file_close(&small);
		return;
	}
	question = memory_alloc(sizeof *question);
	question->facts = f;
	for (size_t i = 0; i < q->name.n; i++)
		question->name[i] = q->name.p[i];
	question->q = (struct dns_question){.name = slice_make(question->name, q->name.n), .type = q->type};
	request.offset = target.offset;
	request.length = target.length;
	request.encoding = (uint8_t)target.encoding;
	f->scanned = true; /* it has as much time as scanners have */
	f->pending++;
	ipc_request(f->edge->ctx->ipc, IPC_EXTRACT, IPC_ANY, &request, on_converted, question);
	file_close(&small);
}

static void ask_dns(struct edge_facts *f, const struct dns_question *q)
{
	if (f->asker == NULL)
		f->asker = edge_asker_new(f->edge, f->content.address, on_resolved, f);
	f->pending++;
	f->resolving++;
	edge_asker_ask(f->asker, q);
}

static void ask_one(struct edge_facts *f, const struct dns_question *q)
{
	struct dns_answer none = {.status = DNS_FAILED};
	if (q->type == FACT_REDIRECT)
		ask_redirect(f, q);
	else if (q->type == FACT_CONVERTED && q->name.n <= FACTS_NAME_MAX)
		ask_converted(f, q);
	else if (f->edge->limits == NULL)
		put_answer(f, q, &none); /* `mail` asks no names: nothing in what our own people send depends on any */
	else
		ask_dns(f, q);
}

/* What goes to one role in one request. */
static const struct bundle {
	uint16_t type;
	void (*ask)(struct edge_facts *f, struct slice questions);
} bundles[] = {{FACT_MEMORY, recall}, {FACT_PERSON, ask_people}, {FACT_SCAN, ask_scan}, {FACT_REVIEWER, ask_reviewer}};

static struct buf *bundle_of(struct buf gathered[ARRAY_LEN(bundles)], uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(bundles); i++)
		if (bundles[i].type == type)
			return &gathered[i];
	return NULL;
}

void edge_facts_ask(struct edge_facts *f, struct slice questions)
{
	struct buf gathered[ARRAY_LEN(bundles)];
	struct dns_question q;
	f->asking = true;
	f->over = f->over || ++f->rounds >= EDGE_FACTS_ROUNDS || time_left(f) <= 0;
	for (size_t i = 0; i < ARRAY_LEN(bundles); i++)
		buf_init(&gathered[i], QUESTIONS_MAX);
	for (unsigned i = 0; !f->over && i < FACTS_QUESTIONS_MAX && facts_question_next(&questions, &q); i++) {
		struct buf *bundle = bundle_of(gathered, q.type);
		if (bundle != NULL)
			facts_encode_question(&q, bundle);
		else
			ask_one(f, &q);
	}
	for (size_t i = 0; i < ARRAY_LEN(bundles); i++) {
		if (buf_len(&gathered[i]) > 0)
			bundles[i].ask(f, buf_slice(&gathered[i]));
		buf_free(&gathered[i]);
	}
	timer_start(f->deadline, f->over || f->pending == 0 ? 0 : time_left(f));
}

struct slice edge_facts_answers(const struct edge_facts *f)
{
	return buf_slice(&f->answers);
}

bool edge_facts_over(const struct edge_facts *f)
{
	return f->over;
}

int64_t edge_facts_waited_ms(const struct edge_facts *f)
{
	return loop_now(f->edge->ctx->loop).mono_ms - f->started_ms;
}
