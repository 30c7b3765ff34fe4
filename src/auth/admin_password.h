/* Inside auth: what a new password must be, and the former ones it must differ from. */
#ifndef AUTH_ADMIN_PASSWORD_H
#define AUTH_ADMIN_PASSWORD_H

#include "auth/admin_job.h"

/* The policy of new passwords (auth.password_…). */
struct password_policy job_password_policy(const struct admin_job *job);
/*
 * Refuses a password that the policy does not take. proven: the answer may depend on what only the owner and administrators know of the account;
 * without, it would tell strangers whether there is one, and the name. Former passwords are looked at later: only behind the proof of the old one.
 */
int job_check_password(struct admin_job *job, struct slice password, bool proven);

/*
 * Goes on with `next` when the new password (job->new_kek) is none of the former ones, which takes one Argon2id each: then the answer comes
 * later, and the caller returns what this returns. Takes the secrets over.
 */
typedef int admin_next_fn(struct admin_job *job, struct secrets *secrets);
int job_after_history(struct admin_job *job, struct secrets *secrets, admin_next_fn *next);
/* The same for who has proven nothing yet: `next` is told by job->reused, the caller hears nothing. */
int job_note_history(struct admin_job *job, admin_next_fn *next);
/* Inside a change: notes the new password as one that must not come again, and forgets those that count no more. */
int job_keep_history(struct admin_job *job, struct error *err);

#endif
