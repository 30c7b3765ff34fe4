/* Inside auth: what operations on second factors share. */
#ifndef AUTH_ADMIN_FACTOR_H
#define AUTH_ADMIN_FACTOR_H

#include "auth/admin_job.h"
#include "auth/directory_factor.h"
#include "auth/factors_internal.h"

struct moment factor_job_now(const struct admin_job *job);
/* Free its arena. */
struct factor_work factor_job_work(struct admin_job *job, const struct secrets *secrets, const struct auth_origin *origin, struct error *err);

/*
 * The subject's own account (into job->account) and its secrets, to add or remove a factor. Somebody with a password alone may register the
 * first one, but none beside one that was not shown within the last minutes.
 */
int factor_job_open(struct admin_job *job, struct secrets *ret);

/* Inside a change. *added: a factor that counts from now on. */
typedef int factor_fn(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err);
/* factor_job_open, then fn and commit; records what was added, and ends the mail sessions of the password. */
int factor_job_run(struct admin_job *job, factor_fn *fn);

/* Inside a change: removes what was begun and never confirmed. */
int factor_job_drop(struct admin_job *job, enum factor_kind kind, struct error *err);
/* Inside a change: a row with args.label; sets f->account, label, created, id. ERR_EXISTS: its look-up. */
int factor_job_add(struct admin_job *job, struct directory_factor *f, const struct secrets *secrets, struct slice state, struct error *err);
/* The row args.id of one of the kinds, and its state. */
int factor_job_load(struct admin_job *job, const struct secrets *secrets, unsigned kinds, bool confirmed, struct directory_factor *ret,
	struct buf *ret_state);
/* Inside a change: the factor counts from now on; what the password could do by itself ends. proven: AUTH_PROVEN_… of the session. */
int factor_job_confirm(struct admin_job *job, struct directory_factor *f, unsigned proven, struct error *err);

int factor_contact_set(struct admin_job *job);
int factor_contact_confirm(struct admin_job *job);
int factor_list(struct admin_job *job);
int factor_remove(struct admin_job *job);
int factor_reset(struct admin_job *job);

#endif
