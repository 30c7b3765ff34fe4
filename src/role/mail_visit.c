/* Mailboxes of others that are open for somebody, and requests that wait until they are. */
#include "role/mail_visit.h"

#include <stdio.h>
#include <string.h>

#include "auth/secrets.h"
#include "base/memory.h"

#define SWEEP_MS 60000
#define ENDING_MS 100

static int64_t now_ms(const struct mail_visits *s)
{
	return mail_now(s->account->role);
}

/* ---- life ---- */

static void visit_free(struct visit *v)
{
	list_remove(&v->node);
	memory_free(v);
}

void mail_visit_hold(struct visit *v)
{
	v->held++;
}

void mail_visit_drop(struct visit *v)
{
	ENSURE(v->held > 0);
	v->used_ms = now_ms(v->visits);
	v->held--;
}

static void visits_free(struct mail_visits *s)
{
	struct mail_account *a = s->account;

	list_remove(&s->node);
	timer_destroy(&s->sweep);
	memory_free(s);
	mail_account_drop(a);
}

static bool is_idle(const struct visit *v)
{
	return v->held == 0 && v->link_count == 0 && v->waiting_count == 0 && (v->over || now_ms(v->visits) - v->used_ms >= MAIL_VISIT_IDLE_MS);
}

static void on_sweep(void *arg)
{
	struct mail_visits *s = arg;
	bool ending = false;

	LIST_FOREACH(node, &s->list) {
		struct visit *v = LIST_ITEM(node, struct visit, node);

		if (is_idle(v))
			visit_free(v);
		else
			ending |= v->over;
	}
	if (list_empty(&s->list) && list_empty(&s->watches))
		visits_free(s);
	else
		timer_start(s->sweep, ending ? ENDING_MS : SWEEP_MS);
}

struct mail_visits *mail_visits_of(struct mail_http *p)
{
	struct mail_role *m = p->account->role;
	struct mail_visits *s;

	LIST_FOREACH(node, &m->visits) {
		s = LIST_ITEM(node, struct mail_visits, node);
		if (s->account == p->account && s->credential == p->stands.credential && strcmp(s->address, p->address) == 0)
			return s;
	}
	s = memory_alloc(sizeof *s);
	s->account = p->account;
	mail_account_hold(s->account);
	s->credential = p->stands.credential;
	snprintf(s->cid, sizeof s->cid, "%s", p->cid);
	snprintf(s->address, sizeof s->address, "%s", p->address);
	list_init(&s->list);
	list_init(&s->watches);
	list_append(&m->visits, &s->node);
	s->sweep = timer_create_on(m->ctx->loop, on_sweep, s);
	timer_start(s->sweep, SWEEP_MS);
	return s;
}

static struct visit *visit_find(struct mail_visits *s, const uint8_t account[16])
{
	struct visit *v;

	LIST_FOREACH(node, &s->list) {
		v = LIST_ITEM(node, struct visit, node);
		if (!v->over && memcmp(v->account, account, sizeof v->account) == 0)
			return v;
	}
	v = memory_alloc(sizeof *v);
	v->visits = s;
	memcpy(v->account, account, sizeof v->account);
	list_init(&v->links);
	list_init(&v->waiting);
	list_append(&s->list, &v->node);
	v->used_ms = now_ms(s);
	return v;
}

/* ---- the end of a job ---- */

void mail_visit_job_end(struct mail_visit_job *job, int code)
{
	job->running = false;
	job->link = NULL;
	job->visit = NULL;
	job->done(job, code);
}

static void wait(struct visit *v, struct mail_visit_job *job)
{
	if (v->waiting_count >= MAIL_VISIT_WAITING_MAX) {
		mail_visit_link_none(v, job);
		return;
	}
	list_append(&v->waiting, &job->node);
	v->waiting_count++;
}

static struct mail_visit_job *take_waiting(struct visit *v)
{
	struct mail_visit_job *job = LIST_ITEM(v->waiting.next, struct mail_visit_job, node);

	list_remove(&job->node);
	v->waiting_count--;
	return job;
}

static void fail_waiting(struct visit *v, int code)
{
	mail_visit_hold(v);
	while (!list_empty(&v->waiting))
		mail_visit_job_end(take_waiting(v), code);
	mail_visit_drop(v);
}

/* ---- opening ---- */

void mail_visit_refused(struct visit *v, struct mail_visit_job *job)
{
	v->open = false;
	if (job == NULL)
		return;
	if (job->tried) {
		mail_visit_job_end(job, ERR_TEMPORARY);
		return;
	}
	job->tried = true;
	mail_visit_start(v, job);
}

static void job_start(struct visit *v, struct mail_visit_job *job)
{
	if (mail_visit_link_reuse(v, job))
		return;
	if (v->link_count < MAIL_VISIT_LINKS_MAX)
		mail_visit_link_open(v, job);
	else
		wait(v, job);
}

void mail_visit_next(struct visit *v)
{
	if (v->open && !list_empty(&v->waiting))
		job_start(v, take_waiting(v));
}

static void start_waiting(struct visit *v)
{
	unsigned count = v->waiting_count;

	while (count-- > 0 && !list_empty(&v->waiting))
		job_start(v, take_waiting(v));
}

static void on_asked(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct visit *v = arg;
	const struct ipc_auth_other_reply *reply = message;
	enum auth_status status = outcome == IPC_OK ? (enum auth_status)reply->status : AUTH_TEMPORARY;

	v->asking = false;
	if (v->over) {
		fail_waiting(v, ERR_TEMPORARY);
	} else if (status == AUTH_OK) {
		v->open = true;
		v->shard = reply->shard;
		v->ticket = reply->ticket;
		start_waiting(v);
		mail_visit_listen(v);
	} else {
		v->over = true; /* nothing is kept of names that lead nowhere */
		fail_waiting(v, status == AUTH_TEMPORARY || status == AUTH_THROTTLED ? ERR_TEMPORARY : ERR_NOT_FOUND);
	}
	mail_visit_drop(v);
	if (is_idle(v))
		visit_free(v);
}

static void ask(struct visit *v)
{
	struct mail_visits *s = v->visits;
	struct buf secrets = BUF_INIT(SECRETS_ENCODED_MAX);
	struct ipc_auth_other request = {.cid = slice_str(s->cid), .address = slice_str(s->address), .credential = s->credential};

	v->asking = true;
	mail_visit_hold(v);
	memcpy(request.account.b, s->account->id, sizeof request.account.b);
	memcpy(request.owner.b, v->account, sizeof request.owner.b);
	secrets_encode(&s->account->keys.secrets, &secrets);
	request.secrets = buf_slice(&secrets);
	ipc_request(s->account->role->ctx->ipc, IPC_AUTH_OTHER, IPC_ANY, &request, on_asked, v);
	buf_free_secret(&secrets);
}

void mail_visit_start(struct visit *v, struct mail_visit_job *job)
{
	job->running = true;
	job->visit = v;
	if (v->open) {
		job_start(v, job);
		return;
	}
	wait(v, job);
	if (!v->asking)
		ask(v);
}

/* ---- jobs ---- */

void mail_visit_run(struct mail_http *p, const uint8_t account[16], struct mail_visit_job *job)
{
	job->sent = job->finished = job->tried = false;
	job->link = NULL;
	job->visit = NULL;
	if (memcmp(p->account->id, account, sizeof p->account->id) == 0)
		mail_visit_link_home(p, job);
	else
		mail_visit_start(visit_find(mail_visits_of(p), account), job);
}

void mail_visit_cancel(struct mail_visit_job *job)
{
	struct visit_link *l = job->link;
	struct visit *v = job->visit;

	if (!job->running)
		return;
	job->running = false;
	job->visit = NULL;
	if (l != NULL) {
		mail_visit_link_end(l);
	} else if (list_linked(&job->node)) {
		list_remove(&job->node);
		v->waiting_count--;
	}
}

/* ---- revoked ---- */

static void visit_end(struct visit *v)
{
	v->over = true;
	v->open = false;
	mail_visit_links_fail(v);
	if (!v->asking)
		fail_waiting(v, ERR_TEMPORARY);
}

void mail_visit_revoke(struct mail_role *m, const uint8_t *account, uint32_t credential)
{
	LIST_FOREACH(node, &m->visits) {
		struct mail_visits *s = LIST_ITEM(node, struct mail_visits, node);

		if (account != NULL && (memcmp(s->account->id, account, sizeof s->account->id) != 0 || (credential != 0 && credential != s->credential)))
			continue;
		LIST_FOREACH(inner, &s->list)
			visit_end(LIST_ITEM(inner, struct visit, node));
		timer_start(s->sweep, 1);
	}
}
