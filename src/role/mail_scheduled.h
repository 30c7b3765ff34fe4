/*
 * A letter that waits at the server to leave later bears the keyword $scheduled where its writer keeps it, so that lists show it apart. It loses the keyword
 * here once it has left, or was taken back, whether a page is open or not. One that lies among the drafts, of a delegate who may take nothing away, is moved to
 * what was sent when it has left.
 */
#ifndef ROLE_MAIL_SCHEDULED_H
#define ROLE_MAIL_SCHEDULED_H

#include "role/mail.h"

#define MAIL_SCHEDULED "$scheduled"

/* Submissions of the account have changed, or it was opened: asks queue what has become of them since the last look. */
void mail_scheduled_look(struct mail_account *a);

#endif
