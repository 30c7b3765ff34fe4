#include "auth/operation.h"

#include "base/ensure.h"

enum { OPERATION_READS = false, OPERATION_CHANGES = true };

static const struct auth_operation operations[] = {
#define OPERATION(op_name, op_role, op_right, op_kind, op_members) {SLICE_INIT(op_name), AUTH_##op_right, OPERATION_##op_kind},
#include "ipc/operations.h"
#undef OPERATION
};

const struct auth_operation *auth_operation_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(operations[i].name, name))
			return &operations[i];
	return NULL;
}

const struct auth_operation *auth_operation_at(size_t index)
{
	return index < ARRAY_LEN(operations) ? &operations[index] : NULL;
}
