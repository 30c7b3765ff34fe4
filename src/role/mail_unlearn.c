/*
 * MAIL_UNLEARN: the account forgets what it learnt about junk. One that is closed finds a mark when it opens: its database cannot be opened
 * now.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "role/mail.h"
#include "sys/file.h"

#define PATH_SIZE 640

static int mark(struct mail_role *m, const uint8_t id[16], struct error *err)
{
	char folder[PATH_SIZE - 20], path[PATH_SIZE];
	struct stat st;

	mail_account_path(m, id, folder, sizeof folder);
	if (stat(folder, &st) < 0 && errno == ENOENT)
		return 0; /* nobody has ever opened it */
	snprintf(path, sizeof path, "%s/" STORE_UNLEARN, folder);
	return file_write_atomic(path, SLICE_NONE, 0600, err);
}

static void on_unlearn(void *arg, struct ipc_call *call, const void *request)
{
	struct mail_role *m = arg;
	const struct ipc_mail_unlearn *r = request;
	struct mail_account *a = mail_account_find(m, r->account.b);
	struct ipc_mail_unlearn_reply reply = {0};
	struct error err = {0};
	int rc;

	if (a != NULL && a->store != NULL && !store_account_parked(a->store))
		rc = store_account_unlearn(a->store, &err);
	else
		rc = mark(m, r->account.b, &err);
	if (rc < 0)
		log_event(EV_INTERNAL, LOG_STR("what", "what was learnt about junk stays"), LOG_STR("why", err.private_text));
	reply.status = rc < 0;
	ipc_reply(call, &reply);
}

void mail_unlearn_register(struct mail_role *m)
{
	ipc_handle(m->ctx->ipc, IPC_MAIL_UNLEARN, on_unlearn, m);
}
