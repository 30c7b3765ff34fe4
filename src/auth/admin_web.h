/* Inside auth: what is particular to sessions of the web (docs/web-signin.md). */
#ifndef AUTH_ADMIN_WEB_H
#define AUTH_ADMIN_WEB_H

#include "auth/admin_job.h"

/* Before a password of the web is looked at: is a proof of work needed, and in args.work? Refused with a challenge otherwise. */
int job_work(struct admin_job *job);
/*
 * May the operation run in this session of the web? Not while it is locked; and not before a provisional password was changed, or a
 * factor that is demanded was registered, unless it serves for just that. Refused otherwise. Sessions of other ways are never refused
 * here.
 */
int job_check_web(struct admin_job *job, const struct account *account);

/* Refuses with "factor_needed": which kinds there are, and the challenge of the one that args.factor names. */
int job_ask_factor(struct admin_job *job, const struct secrets *secrets, unsigned kinds);

#endif
