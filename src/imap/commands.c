/* The command table: what may come when, who parses it, who does it. */
#include "base/ensure.h"
#include "imap/session_internal.h"

#define P(name) imap_check_##name, imap_proceed_##name

static const struct imap_command commands[] = {
	{"CAPABILITY", STATE_ANY, 0, NULL, imap_proceed_capability},
	{"NOOP", STATE_ANY, 0, NULL, imap_proceed_noop},
	{"LOGOUT", STATE_ANY, CMD_QUIET, NULL, imap_proceed_logout},
	{"ID", STATE_ANY, 0, P(id)},
	{"ENABLE", STATE_ANY, 0, P(enable)},
	{"SELECT", STATE_ANY, CMD_CATCH_UP | CMD_QUIET, P(select)},
	{"EXAMINE", STATE_ANY, CMD_CATCH_UP | CMD_QUIET, P(examine)},
	{"CREATE", STATE_ANY, 0, P(create)},
	{"DELETE", STATE_ANY, 0, imap_check_mailbox_name, imap_proceed_delete},
	{"RENAME", STATE_ANY, 0, P(rename)},
	{"SUBSCRIBE", STATE_ANY, 0, imap_check_mailbox_name, imap_proceed_subscribe},
	{"UNSUBSCRIBE", STATE_ANY, 0, imap_check_mailbox_name, imap_proceed_unsubscribe},
	{"LIST", STATE_ANY, CMD_CATCH_UP, P(list)},
	{"LSUB", STATE_ANY, 0, P(lsub)},
	{"NAMESPACE", STATE_ANY, 0, NULL, imap_proceed_namespace},
	{"STATUS", STATE_ANY, CMD_CATCH_UP, P(status)},
	{"APPEND", STATE_ANY, 0, P(append)},
	{"IDLE", STATE_ANY, CMD_CATCH_UP, NULL, imap_proceed_idle},
	{"GETQUOTA", STATE_ANY, CMD_CATCH_UP, P(getquota)},
	{"GETQUOTAROOT", STATE_ANY, CMD_CATCH_UP, P(getquotaroot)},
	{"SETQUOTA", STATE_ANY, 0, imap_check_id, imap_proceed_setquota},
	{"CHECK", STATE_SELECTED, 0, NULL, imap_proceed_noop},
	{"CLOSE", STATE_SELECTED, CMD_QUIET, NULL, imap_proceed_close},
	{"UNSELECT", STATE_SELECTED, CMD_QUIET, NULL, imap_proceed_unselect},
	{"EXPUNGE", STATE_SELECTED, CMD_UID, P(expunge)},
	{"SEARCH", STATE_SELECTED, CMD_UID | CMD_SEQUENCE, P(search)},
	{"FETCH", STATE_SELECTED, CMD_UID | CMD_SEQUENCE, P(fetch)},
	{"STORE", STATE_SELECTED, CMD_UID | CMD_SEQUENCE, P(store)},
	{"COPY", STATE_SELECTED, CMD_UID, P(copy)},
	{"MOVE", STATE_SELECTED, CMD_UID, imap_check_copy, imap_proceed_move},
	{"SORT", STATE_SELECTED, CMD_UID | CMD_SEQUENCE, P(sort)},
	{"THREAD", STATE_SELECTED, CMD_UID | CMD_SEQUENCE, P(thread)},
};

const struct imap_command *imap_command_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (slice_eq_nocase(name, slice_str(commands[i].name)))
			return &commands[i];
	}
	return NULL;
}
