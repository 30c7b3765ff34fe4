/* One operation on the audit log: arguments, a picture of the log, the result. Inside of the role audit. */
#ifndef ROLE_AUDIT_ADMIN_H
#define ROLE_AUDIT_ADMIN_H

#include <jansson.h>

#include "ipc/admin.h"
#include "role/audit.h"

#define AUDIT_ANSWER_BYTES 200000  /* a page ends before it is larger */
#define AUDIT_PAGE 200             /* records of one page unless asked for fewer */
#define AUDIT_LOOKED_MAX 2000000   /* records that one page may look at */

struct audit_op {
	struct audit_role *role;
	struct ipc_call *call;
	const struct audit_operation *operation;
	struct slice subject, name;
	struct arena arena;
	json_t *args, *result;
	enum admin_status status;
	struct audit_view *view;       /* for work in the pool */
	const struct audit_signed *head;
	struct slice stamp;            /* of that head */
	struct error err;
	/* of a walk */
	json_t *list;
	size_t bytes;
	uint64_t looked, next, listed;
	bool more;
};

struct audit_operation {
	const char *name;
	bool look;                             /* somebody reads what was recorded: that is recorded too */
	bool wants_head;                       /* a head of what is there now is signed first */
	void (*work)(struct audit_op *op);     /* in the pool, may be NULL; the view is there */
	void (*finish)(struct audit_op *op);   /* on the loop, may be NULL */
};

void audit_op_fail(struct audit_op *op, enum admin_status status, const char *text);
struct slice audit_op_text(const struct audit_op *op, const char *name);
/* The number, or `missing`. */
uint64_t audit_op_number(const struct audit_op *op, const char *name, uint64_t missing);
void audit_op_set_text(struct audit_op *op, const char *name, struct slice text);
void audit_op_set_number(struct audit_op *op, const char *name, uint64_t value);

/* audit_search.c */
void audit_op_list(struct audit_op *op);
void audit_op_trace(struct audit_op *op);
void audit_op_own(struct audit_op *op);
void audit_op_access(struct audit_op *op);

#endif
