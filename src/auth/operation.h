/* What auth must know of the administrative operations of ipc/operations.h: the right each needs, and whether it changes anything. */
#ifndef AUTH_OPERATION_H
#define AUTH_OPERATION_H

#include "auth/permit.h"

#define AUTH_ANYBODY AUTH_RIGHT_COUNT /* needs no right: signing in, and what proves itself */

struct auth_operation {
	struct slice name;
	enum auth_right right; /* or AUTH_ANYBODY */
	bool changes;

};
/* NULL when there is none. */
const struct auth_operation *auth_operation_find(struct slice name);
/* In the order of the table; NULL past the last. */
const struct auth_operation *auth_operation_at(size_t index);

#endif
