/* Inside of administrative operations: what their common files share. Operations themselves take auth/admin_job.h. */
#ifndef AUTH_ADMIN_PRIVATE_H
#define AUTH_ADMIN_PRIVATE_H

#include "auth/admin_job.h"
#include "auth/link.h"
#include "auth/work.h"

struct auth_admin {
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct throttle *throttle;
	struct auth_admin_settings settings;
	struct auth_oauth *oauth;
	struct external *external;
	struct auth_ldap *ldap;
	struct access *access;
	struct auth_dkim *dkim;
	struct auth_dns *dns;
	struct authority *authority;
	struct auth_certificates *tls;
	struct escrow_requests *escrow;
	struct work *work;
	struct links *links;
};

/* A text member of a JSON object; empty when there is none. */
struct slice json_slice(const json_t *object, const char *name);
/* jansson's texts go back through the function that it was set up with. */
void json_give_back(char *text);

struct admin_job *job_make(struct auth_admin *admin, struct slice op, struct slice args);
void job_free(struct admin_job *job);
/* What the operation acts on. Unknown accounts are told from others only to who may see accounts there. */
int job_load_object(struct admin_job *job, struct auth_object *ret);
/* args.address, args.account or args.domain as an object, whether it exists or not; without any the organisation. */
struct auth_object job_named_object(struct admin_job *job);
/* Computes the keys that were asked for, then job_apply; at once when there are none. */
void job_start_keks(struct admin_job *job);
void job_apply(struct admin_job *job);
/* In a job that set `later`, never from inside of `apply`: an operation of the queue in the name of the subject. fn gets the job. */
void job_ask_queue(struct admin_job *job, struct slice op, const json_t *args, auth_queue_fn *fn);
/* The answer of the queue is that of the job, which ends. */
void job_answered(void *job, unsigned status, struct slice result);

#endif
