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
	size_t password_len;
	uint8_t password[PASSWORD_MAX];
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

static void job_answer(struct kek_job *job, int rc, const uint8_t *kek)
{
	job->fn(job->arg, rc, kek);
	job_free(job);
}

static void got_pepper(void *arg, const uint8_t *mac)
{
	struct kek_job *job = arg;
	uint8_t kek[KEK_SIZE];
	if (mac == NULL) {
		job_answer(job, ERR_TEMPORARY, NULL);
		return;
	}
	wrap_kek_password(&job->owner, job->stretched, mac, kek);
	job_answer(job, 0, kek);
	secret_wipe(kek, sizeof kek);
}

static void start_next(struct kek_queue *q);

static void stretch(void *arg)
{
	struct kek_job *job = arg;
	job->rc = password_hash(slice_make(job->password, job->password_len), job->salt, job->cost, job->stretched);
}

static void stretched(void *arg)
{
	struct kek_job *job = arg;
	struct kek_queue *q = job->q;
	uint8_t data[WRAP_PEPPER_DATA_SIZE];
	q->running--;
	if (job->rc != 0) {
		job_answer(job, ERR_TEMPORARY, NULL);
	} else {
		wrap_pepper_data(&job->owner, data);
		q->host.hmac(q->host.arg, "pepper", slice_make(data, sizeof data), got_pepper, job);
	}
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
		job_answer(take(q, &oldest->node), ERR_TEMPORARY, NULL);
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

void kek_start(struct kek_queue *q, const struct kek_request *request, kek_fn *fn, void *arg)
{
	struct kek_job *job = memory_alloc(sizeof *job);
	ENSURE(request->password.n <= PASSWORD_MAX);
	job->q = q;
	job->owner = request->owner;
	job->cost = request->cost;
	job->deadline_ms = q->host.now(q->host.arg).mono_ms + KEK_DEADLINE_MS;
	job->fn = fn;
	job->arg = arg;
	memcpy(job->salt, request->salt, sizeof job->salt);
	job->password_len = request->password.n;
	if (request->password.n > 0)
		memcpy(job->password, request->password.p, request->password.n);
	list_prepend(&q->waiting, &job->node);
	q->waiting_count++;
	q->host.after(q->host.arg, 0, start_soon, q);
}
