/* Inside auth: what user.show and user.set say of a person's card in the address book. */
#ifndef AUTH_ADMIN_BOOK_H
#define AUTH_ADMIN_BOOK_H

#include "auth/admin_job.h"

/* The card of job->account into the result. */
int job_book_show(struct admin_job *job);
/* Is any member of the card in args? */
bool job_book_given(const struct admin_job *job);
/* Refused when one makes no sense. */
int job_book_check(struct admin_job *job);
/* Inside a change: those that are given replace the ones of job->account's card. */
int job_book_change(struct admin_job *job, struct error *err);

#endif
