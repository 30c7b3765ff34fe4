#include "auth/kek.h"

#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "crypt/crypt.h"

struct kek_job {
	struct list_node node; /* waiting, newest first */
	struct kek_queue *q;
	struct wrap_owner owner;
	uint8_t salt[PASSWORD_SALT_SIZE];
	struct password_cost cost;
	int64_t deadline_ms;
	kek_fn *fn;
	void *arg;
	int rc;
	uint8_t stretched[PASSWORD_KEY_SIZE];
	struct secret_text {
		size_t n;
		uint8_t p[PASSWORD_MAX];
	} password, texts[SCRAM_TEXTS_MAX];
	size_t text_count;
	size_t foreign_size;
	uint8_t foreign[FOREIGN_HASH_MAX];
	uint8_t scram_salt[SCRAM_SALT_SIZE];
	struct kek_result result;
};

struct kek_queue {
	struct auth_host host;
	struct list_node waiting;
	unsigned waiting_count, running, parallel;
};

struct kek_queue *kek_queue_create(const struct auth_host *host, unsigned parallel)
{
	struct kek_queue *q = memory_alloc(sizeof *q);
	q->host = *host;
	q->parallel = parallel > 0 ? parallel : 1;
	list_init(&q->waiting);
	return q;
}

static void job_free(struct kek_job *job)
{
	secret_wipe(job, sizeof *job);
	memory_free(job);
}

void kek_queue_destroy(struct kek_queue **q)
{
	if (*q == NULL)
		return;
	LIST_FOREACH(n, &(*q)->waiting) {
		list_remove(n);
		job_free(LIST_ITEM(n, struct kek_job, node));
	}
	MEMORY_FREE(q);
}

unsigned kek_waiting(const struct kek_queue *q)
{
	return q->waiting_count;
}

static void job_answer(struct kek_job *job, int rc)
{
	job->fn(job->arg, rc, rc == 0 ? &job->result : NULL);
	job_free(job);
}

static void got_scram_pepper(void *arg, const uint8_t *mac)
{
	struct kek_job *job = arg;
	if (mac != NULL)
		memcpy(job->result.scram_pepper, mac, sizeof job->result.scram_pepper);
	job_answer(job, mac != NULL ? 0 : ERR_TEMPORARY);
}

static void ask_scram_pepper(struct kek_job *job)
{
	uint8_t data[SCRAM_PEPPER_DATA_SIZE];
	scram_pepper_data(job->owner.account, data);
	job->q->host.hmac(job->q->host.arg, "pepper", slice_make(data, sizeof data), got_scram_pepper, job);
}

static void got_pepper(void *arg, const uint8_t *mac)
{
	struct kek_job *job = arg;
	if (mac == NULL) {
		job_answer(job, ERR_TEMPORARY);
		return;
	}
	wrap_kek_password(&job->owner, job->stretched, mac, job->result.kek);
	if (job->text_count > 0)
		ask_scram_pepper(job);
	else
		job_answer(job, 0);
}

static void ask_pepper(struct kek_job *job)
{
	uint8_t data[WRAP_PEPPER_DATA_SIZE];
	wrap_pepper_data(&job->owner, data);
	job->q->host.hmac(job->q->host.arg, "pepper", slice_make(data, sizeof data), got_pepper, job);
}

static void start_next(struct kek_queue *q);

static void stretch(void *arg)
{
	struct kek_job *job = arg;
	if (job->foreign_size > 0) {
		job->rc = foreign_verify(slice_make(job->foreign, job->foreign_size), slice_make(job->password.p, job->password.n));
		return;
	}
	if (job->password.n > 0)
		job->rc = password_hash(slice_make(job->password.p, job->password.n), job->salt, job->cost, job->stretched);
	for (size_t i = 0; i < job->text_count; i++) {
		struct scram_material *m = &job->result.scram[i];
		scram_keys(slice_make(job->texts[i].p, job->texts[i].n), slice_make(job->scram_salt, SCRAM_SALT_SIZE), SCRAM_ITERATIONS,
		           m->client_key, m->stored_key, m->server_key);
	}
	job->result.scram_count = job->text_count;
}

static void stretched(void *arg)
{
	struct kek_job *job = arg;
	struct kek_queue *q = job->q;
	q->running--;
	if (job->rc != 0)
		job_answer(job, job->rc == ERR_DENIED ? ERR_DENIED : ERR_TEMPORARY);
	else if (job->foreign_size > 0)
		job_answer(job, 0);
	else if (job->password.n > 0)
		ask_pepper(job);
	else
		ask_scram_pepper(job);
	start_next(q);
}

static struct kek_job *take(struct kek_queue *q, struct list_node *node)
{
	list_remove(node);
	q->waiting_count--;
	return LIST_ITEM(node, struct kek_job, node);
}

/* The oldest stand at the end; those whose time is over are answered. */
static void drop_late(struct kek_queue *q)
{
	int64_t now = q->host.now(q->host.arg).mono_ms;
	while (!list_empty(&q->waiting)) {
		struct kek_job *oldest = LIST_ITEM(q->waiting.prev, struct kek_job, node);
		if (oldest->deadline_ms > now && q->waiting_count <= KEK_WAITING_MAX)
			return;
		job_answer(take(q, &oldest->node), ERR_TEMPORARY);
	}
}

static void start_next(struct kek_queue *q)
{
	drop_late(q);
	while (q->running < q->parallel && !list_empty(&q->waiting)) {
		struct kek_job *job = take(q, q->waiting.next);
		q->running++;
		q->host.work(q->host.arg, stretch, stretched, job);
	}
}

static void start_soon(void *arg)
{
	start_next(arg);
}

static void copy_text(struct secret_text *to, struct slice from)
{
	ENSURE(from.n <= PASSWORD_MAX);
	to->n = from.n;
	if (from.n > 0)
		memcpy(to->p, from.p, from.n);
}

void kek_start(struct kek_queue *q, const struct kek_request *request, kek_fn *fn, void *arg)
{
	struct kek_job *job = memory_alloc(sizeof *job);
	ENSURE(request->text_count <= SCRAM_TEXTS_MAX && (request->password.n > 0 || request->text_count > 0));
	job->q = q;
	job->owner = request->owner;
	job->cost = request->cost;
	job->deadline_ms = q->host.now(q->host.arg).mono_ms + KEK_DEADLINE_MS;
	job->fn = fn;
	job->arg = arg;
	memcpy(job->salt, request->salt, sizeof job->salt);
	memcpy(job->scram_salt, request->scram_salt, sizeof job->scram_salt);
	copy_text(&job->password, request->password);
	ENSURE(request->foreign.n <= FOREIGN_HASH_MAX);
	job->foreign_size = request->foreign.n;
	if (request->foreign.n > 0)
		memcpy(job->foreign, request->foreign.p, request->foreign.n);
	job->text_count = request->text_count;
	for (size_t i = 0; i < request->text_count; i++)
		copy_text(&job->texts[i], request->texts[i]);
	list_prepend(&q->waiting, &job->node);
	q->waiting_count++;
	q->host.after(q->host.arg, 0, start_soon, q);
}
