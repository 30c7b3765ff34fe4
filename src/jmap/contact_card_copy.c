/* ContactCard/copy (RFC 9610 3.6): between accounts. A session has one account: there is none to copy from. */
#include "jmap/method.h"

enum jmap_step jmap_contact_card_copy(struct jmap_call *call)
{
	static const char *const names[] = {"fromAccountId", "ifFromInState", "ifInState", "create", "onSuccessDestroyOriginal", "destroyFromIfInState", NULL};
	struct slice from = SLICE_NONE;

	if (!jmap_args_check(call, names) || !jmap_arg_text(call, "fromAccountId", &from))
		return JMAP_DONE;
	if (from.n == 0 || !json_is_object(json_object_get(call->args, "create")))
		return jmap_error(call, "invalidArguments", "\"fromAccountId\" or \"create\" is missing.");
	if (slice_eq(from, jmap_account_name(call->jmap)))
		return jmap_error(call, "invalidArguments", "\"fromAccountId\" is the same account: ContactCard/set puts a card into further address books.");
	return jmap_error(call, "fromAccountNotFound", NULL);
}
