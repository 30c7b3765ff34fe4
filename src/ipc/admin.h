/*
 * What the administrative requests (AUTH_ADMIN, QUEUE_ADMIN, MAIL_ADMIN, PARENT_ADMIN) have in common.
 *
 * `subject` names who asks ("unix:0": local user 0), `op` is a name of ipc/operations.h, `args` a JSON object.
 * `result` is a JSON object too; when status is not ADMIN_OK or ADMIN_PARTIAL it has a member "error" with one sentence for a person.
 * Numbers are those of the exit codes of the command line tool, so they never change.
 */
#ifndef IPC_ADMIN_H
#define IPC_ADMIN_H

enum admin_status {
	ADMIN_OK = 0,
	ADMIN_FAILED = 1,       /* understood, but it could not be done (exists already, still in use, input or output) */
	ADMIN_INVALID = 2,      /* the arguments make no sense */
	ADMIN_CONFIG = 3,       /* the configuration has errors */
	ADMIN_UNAVAILABLE = 4,  /* the role that does it is not there now */
	ADMIN_DENIED = 5,
	ADMIN_NOT_FOUND = 6,
	ADMIN_PARTIAL = 7,      /* some of it was done, or a check found damage; the result tells */
};

/* What becomes of a call with an idempotency key. */
enum admin_once {
	ADMIN_ONCE_FRESH,   /* it is kept now, and may be done */
	ADMIN_ONCE_DONE,    /* it was done: status and result are those of then */
	ADMIN_ONCE_BEGUN,   /* it was begun, and nothing is known of its end */
	ADMIN_ONCE_OTHER,   /* the key belongs to another request */
	ADMIN_ONCE_REFUSED, /* who asks is nobody, or has too many keys */
};

#define ADMIN_JSON_MAX 60000 /* bytes of args and of result */

#endif
