#include "auth/admin_password.h"

#include <string.h>

#include "auth/directory_factor.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define WORDS_MAX 4
#define WORDS_OPEN 2 /* of them, what everybody knows who asks */
#define FAULTS_TEXT_MAX 600

struct password_policy job_password_policy(const struct admin_job *job)
{
	const struct auth_admin_settings *s = job_settings(job);
	struct password_policy policy = s->policy, floor = {.length_min = (uint32_t)s->password_min};
	password_policy_tighten(&policy, &floor);
	return policy;
}

/* For pages, which say it in the language of the person. */
static json_t *fault_names(unsigned faults)
{
	static const char *const names[] = {"short", "long", "control", "classes", "weak", "breached", "reused"};
	json_t *out = json_array();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((faults >> i & 1) != 0)
			json_array_append_new(out, json_string(names[i]));
	return out;
}

int job_check_password(struct admin_job *job, struct slice password, bool proven)
{
	const struct auth_admin_settings *s = job_settings(job);
	struct password_policy policy = job_password_policy(job);
	const struct slice words[WORDS_MAX] = {job->account.address, s->hostname, job->account.name, job->account.department};
	struct buf text = BUF_INIT(FAULTS_TEXT_MAX);
	bool io = false;
	if (job->row->object == OBJECT_NAMED) /* of a new account: provisional, its owner chooses the own one */
		policy.bits_min = 0;
	unsigned faults = password_check(&policy, password, words, proven ? WORDS_MAX : WORDS_OPEN, s->breached, &io);
	if (io)
		job_event(job, EV_INTERNAL, LOG_STR("what", "the list of breached passwords cannot be read"));
	if (faults == 0)
		return 0;
	password_faults_text(&policy, faults, &text);
	int rc = job_refuse(job, ADMIN_INVALID, "weak_password", "%.*s", SLICE_ARG(buf_slice(&text)));
	job_set(job, "faults", fault_names(faults));
	buf_free(&text);
	return rc;
}

/* ---- former passwords ---- */

struct past {
	struct admin_job *job;
	admin_next_fn *next;
	struct secrets secrets;
	unsigned count, pending;
	int rc;
	bool reused, tells;
	struct past_one {
		struct past *past;
		struct directory_password row;
	} ones[POLICY_HISTORY_MAX];
};

static void conclude(struct past *p)
{
	struct admin_job *job = p->job;
	int rc = p->rc != 0 ? job_refuse(job, ADMIN_UNAVAILABLE, "overloaded", "Too many sign-ins are being checked now; try again.")
	                    : job_refresh(job);
	job->reused = p->reused;
	if (rc == 0)
		rc = p->reused && p->tells ? job_refuse(job, ADMIN_INVALID, "reused_password", "The new password was used before.")
		                           : p->next(job, &p->secrets);
	secrets_free(&p->secrets);
	secret_wipe(p, sizeof *p);
	memory_free(p);
	job_conclude(job, rc);
}

static void one_ready(void *arg, int rc, const struct kek_result *result)
{
	struct past_one *one = arg;
	struct past *p = one->past;
	uint8_t check[PASSWORD_CHECK_SIZE];
	if (rc == 0) {
		wrap_password_check(result->kek, check);
		p->reused |= secret_equal(check, one->row.check, sizeof check);
		secret_wipe(check, sizeof check);
	} else {
		p->rc = rc;
	}
	if (--p->pending == 0)
		conclude(p);
}

static void start_one(struct past_one *one)
{
	struct admin_job *job = one->past->job;
	struct kek_request r = {.cost = one->row.cost, .password = job->new_kek.request.password};
	r.owner = (struct wrap_owner){.credential = one->row.credential, .kind = WRAP_PASSWORD};
	memcpy(r.owner.account, job->account.id, sizeof r.owner.account);
	memcpy(r.salt, one->row.salt, sizeof r.salt);
	kek_start(job_keks(job), &r, one_ready, one);
}

static int after_history(struct admin_job *job, struct secrets *secrets, bool tells, admin_next_fn *next)
{
	struct directory_password rows[POLICY_HISTORY_MAX];
	unsigned wanted = job_password_policy(job).history;
	int count = wanted > 0 ? directory_history_list(job_directory(job), job->account.id, rows, wanted) : 0;
	if (count < 0)
		return job_refuse_error(job, count, "account");
	if (count == 0)
		return next(job, secrets);
	struct past *p = memory_alloc(sizeof *p);
	*p = (struct past){.job = job, .next = next, .tells = tells, .secrets = *secrets, .count = (unsigned)count, .pending = (unsigned)count};
	*secrets = SECRETS_NONE;
	job->later = true;
	/* kek_start never answers from inside, so `p` stays valid. */
	for (unsigned i = 0; i < p->count; i++) {
		p->ones[i] = (struct past_one){.past = p, .row = rows[i]};
		start_one(&p->ones[i]);
	}
	return 0;
}

int job_after_history(struct admin_job *job, struct secrets *secrets, admin_next_fn *next)
{
	return after_history(job, secrets, true, next);
}

int job_note_history(struct admin_job *job, admin_next_fn *next)
{
	struct secrets none = SECRETS_NONE;
	return after_history(job, &none, false, next);
}

int job_keep_history(struct admin_job *job, struct error *err)
{
	const struct kek_request *r = &job->new_kek.request;
	struct directory_password row = {.credential = r->owner.credential, .cost = r->cost};
	unsigned wanted = job_password_policy(job).history;
	memcpy(row.salt, r->salt, sizeof row.salt);
	wrap_password_check(job->new_kek.result.kek, row.check);
	int rc = wanted > 0 ? directory_history_add(job_directory(job), job->account.id, &row, job_unix(job), err) : 0;
	secret_wipe(row.check, sizeof row.check);
	return rc == 0 ? directory_history_trim(job_directory(job), job->account.id, wanted, err) : rc;
}
