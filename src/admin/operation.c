#include "admin/operation.h"

#include "base/ensure.h"

static const struct admin_operation operations[] = {
#define OPERATION(op_name, op_role, op_right, op_kind, op_members) \
	{SLICE_INIT(op_name), ROLE_##op_role, OPERATION_##op_kind, SLICE_INIT(op_members)},
#include "ipc/operations.h"
#undef OPERATION
};

enum { SHOWN = false, SECRET = true };
static const struct admin_result results[] = {
#define RESULT(op_name, op_secret, op_text, op_members) {SLICE_INIT(op_name), SLICE_INIT(op_text), SLICE_INIT(op_members), op_secret},
#include "admin/results.h"
#undef RESULT
};

const struct admin_operation *admin_operation_at(size_t index)
{
	return index < ARRAY_LEN(operations) ? &operations[index] : NULL;
}

const struct admin_operation *admin_operation_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(operations[i].name, name))
			return &operations[i];
	return NULL;
}

const struct admin_result *admin_result_find(struct slice name)
{
	static const struct admin_result none = {0};

	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		if (slice_eq(results[i].name, name))
			return &results[i];
	return &none;
}

static bool take_suffix(struct slice *word, const char *suffix)
{
	if (!slice_ends(*word, slice_str(suffix)))
		return false;
	word->n -= slice_str(suffix).n;
	return true;
}

/* "jobs[id state]": up to the bracket that closes it. */
static struct slice word_next(struct slice *members)
{
	size_t end = 0;
	unsigned depth = 0;

	while (members->n > 0 && members->p[0] == ' ')
		*members = slice_from(*members, 1);
	while (end < members->n && (depth > 0 || members->p[end] != ' ')) {
		depth += members->p[end] == '[';
		depth -= members->p[end] == ']' && depth > 0;
		end++;
	}
	struct slice word = slice_sub(*members, 0, end);
	*members = slice_from(*members, end);
	return word;
}

bool admin_member_next(struct slice *members, struct admin_member *ret)
{
	struct slice word = word_next(members);
	ptrdiff_t open;

	if (word.n == 0)
		return false;
	*ret = (struct admin_member){.optional = take_suffix(&word, "?")};
	open = slice_find(word, '[');
	if (take_suffix(&word, "[]")) {
		ret->type = ADMIN_TEXTS;
	} else if (take_suffix(&word, "{}")) {
		ret->type = ADMIN_OBJECT;
	} else if (take_suffix(&word, "#")) {
		ret->type = ADMIN_NUMBER;
	} else if (take_suffix(&word, "!")) {
		ret->type = ADMIN_FLAG;
	} else if (open >= 0) {
		ret->type = ADMIN_OBJECTS;
		ret->inner = slice_sub(word, (size_t)open + 1, word.n - 1);
		word.n = (size_t)open;
	}
	ret->name = word;
	return true;
}

bool admin_operation_queryable(const struct admin_operation *op)
{
	struct slice members = op->members;
	struct admin_member m;

	while (admin_member_next(&members, &m))
		if (m.type == ADMIN_OBJECT)
			return false;
	return op->kind == OPERATION_READS;
}
