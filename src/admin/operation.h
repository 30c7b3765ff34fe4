/* The table of ipc/operations.h as data, with what results look like (admin/results.h). */
#ifndef ADMIN_OPERATION_H
#define ADMIN_OPERATION_H

#include "base/slice.h"
#include "ipc/ipc.h"

enum admin_operation_kind { OPERATION_READS, OPERATION_CHANGES };

struct admin_operation {
	struct slice name;
	enum role role;
	enum admin_operation_kind kind;
	struct slice members; /* as in ipc/operations.h */
};

/* NULL when there is none. */
const struct admin_operation *admin_operation_find(struct slice name);
/* In the order of the table; NULL past the last. */
const struct admin_operation *admin_operation_at(size_t index);

/* Can it be asked with GET: it changes nothing, and a query can hold its arguments. */
bool admin_operation_queryable(const struct admin_operation *op);

enum admin_type {
	ADMIN_TEXT,
	ADMIN_NUMBER,  /* # */
	ADMIN_FLAG,    /* ! */
	ADMIN_TEXTS,   /* [] */
	ADMIN_OBJECT,  /* {} */
	ADMIN_OBJECTS, /* [a b# …] in results: a list of objects */
};

/* A member of args or of a result: "quota#?" is named quota, is a number, may be missing. */
struct admin_member {
	struct slice name;
	enum admin_type type;
	bool optional;
	struct slice inner; /* of ADMIN_OBJECTS: their members */
};
/* Takes the next member off the list; false at its end. */
bool admin_member_next(struct slice *members, struct admin_member *ret);

/* What a result holds, and one sentence about the operation; both empty for an operation without a row in admin/results.h. */
struct admin_result {
	struct slice name, text, members;
	bool secret; /* shown once: not kept for a repeated call */
};
const struct admin_result *admin_result_find(struct slice name);

#endif
