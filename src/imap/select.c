/* SELECT, EXAMINE, CLOSE, UNSELECT: RFC 9051 6.3.2, RFC 7162 3.1.8 and 3.2.5, RFC 8474 4.2. */
#include <string.h>
#include "imap/session_internal.h"

struct select_args {
	struct slice name;
	bool qresync;
	uint32_t uid_validity;
	uint64_t modseq;
	bool has_known;
	struct uid_set known;
};

static void select_cleanup(void *args)
{
	uid_set_free(&((struct select_args *)args)->known);
}

/* (uidvalidity modseq [known-uids] [(sequence-set uid-set)]). The match data only helps a server that forgot its expunges: ours compares
 * UIDs then, which is exact without it. */
static bool parse_qresync(struct imap_parser *p, struct select_args *args)
{
	struct imap_set sequence, uids;

	args->qresync = true;
	if (!imap_parse_space(p) || !imap_parse_char(p, '(') || !imap_parse_nz_number(p, &args->uid_validity) || !imap_parse_space(p) ||
	    !imap_parse_number64(p, &args->modseq))
		return false;
	if (imap_take(p, ' ') && !imap_peek(p, '(')) {
		args->has_known = true;
		if (!imap_parse_uid_set(p, &args->known))
			return false;
		imap_take(p, ' ');
	}
	if (imap_take(p, '(') && (!imap_parse_set(p, &sequence) || !imap_parse_space(p) || !imap_parse_set(p, &uids) || !imap_parse_char(p, ')')))
		return false;
	return imap_parse_char(p, ')');
}

static bool parse_parameter(struct imap_session *s, struct imap_parser *p, struct select_args *args)
{
	if (imap_take_word(p, "CONDSTORE")) {
		s->enabled |= ENABLED_CONDSTORE;
		return true;
	}
	if (!imap_take_word(p, "QRESYNC"))
		return imap_parse_fail(p, "Unknown parameter");
	if ((s->enabled & ENABLED_QRESYNC) == 0)
		return imap_parse_fail(p, "QRESYNC is not enabled");
	return parse_qresync(p, args);
}

bool imap_check_select(struct imap_session *s, struct imap_parser *p)
{
	struct select_args *args = ARENA_NEW(p->arena, struct select_args);

	s->cmd.args = args;
	s->cmd.cleanup = select_cleanup;
	if (!imap_parse_space(p) || !imap_parse_mailbox(p, &args->name))
		return false;
	if (imap_take(p, ' ')) {
		if (!imap_parse_char(p, '('))
			return false;
		do {
			if (!parse_parameter(s, p, args))
				return false;
		} while (imap_take(p, ' '));
		if (!imap_parse_char(p, ')'))
			return false;
	}
	return imap_parse_end(p);
}

bool imap_check_examine(struct imap_session *s, struct imap_parser *p)
{
	return imap_check_select(s, p);
}

static void write_numbers(struct imap_session *s, const struct mailbox_status *status, uint32_t first_unseen)
{
	bool rev2 = (s->enabled & ENABLED_REV2) != 0;

	buf_printf(s->out, "* %u EXISTS\r\n", s->view.count);
	if (!rev2)
		buf_append_str(s->out, "* 0 RECENT\r\n");
	if (!rev2 && first_unseen > 0)
		buf_printf(s->out, "* OK [UNSEEN %u] First unseen\r\n", first_unseen);
	buf_printf(s->out, "* OK [UIDVALIDITY %u] UIDs are valid\r\n", status->uid_validity);
	buf_printf(s->out, "* OK [UIDNEXT %u] Next UID\r\n", status->uid_next);
	buf_printf(s->out, "* OK [HIGHESTMODSEQ %llu] Highest\r\n", (unsigned long long)status->highest_modseq);
	buf_append_str(s->out, "* OK [MAILBOXID ");
	imap_write_id(s->out, 'F', status->id);
	buf_append_str(s->out, "] Ok\r\n");
}

static int resync_row(void *arg, const struct message_row *row)
{
	struct imap_session *s = arg;
	const struct select_args *args = s->cmd.args;

	if (!args->has_known || uid_set_has(&args->known, row->uid))
		imap_write_flags_update(s, imap_view_sequence(&s->view, row->uid), row, true);
	return 0;
}

/* UIDs that the client knows and that are not there (any more). */
static void subtract_present(const struct imap_view *v, struct uid_set *set)
{
	for (uint32_t i = 0; i < v->count; i++)
		uid_set_remove(set, v->uids[i]);
}

/* RFC 7162 3.2.5.1 */
static void write_resync(struct imap_session *s, const struct mailbox_status *status)
{
	struct select_args *args = s->cmd.args;
	struct uid_set gone = {0};

	if (status->uid_validity != args->uid_validity)
		return;
	int rc = s->account->ops->vanished(s->account, &s->view.mailbox, args->modseq, &gone, NULL);
	if (rc < 0) {
		uid_set_free(&gone);
		if (args->has_known)
			uid_set_add_set(&gone, &args->known);
		else if (status->uid_next > 1)
			uid_set_add_range(&gone, 1, status->uid_next - 1);
	}
	if (args->has_known)
		uid_set_intersect(&gone, &args->known);
	subtract_present(&s->view, &gone);
	if (gone.count > 0) {
		buf_append_str(s->out, "* VANISHED (EARLIER) ");
		uid_set_print(&gone, s->out);
		buf_append_str(s->out, "\r\n");
	}
	uid_set_free(&gone);
	s->account->ops->messages(s->account, &s->view.mailbox, 1, UINT32_MAX, args->modseq, resync_row, s, NULL);
}

static enum imap_step open_mailbox(struct imap_session *s, bool read_only)
{
	const struct select_args *args = s->cmd.args;
	const struct account_ops *ops = s->account->ops;
	struct mailbox_ref m;
	struct mailbox_status status;
	uint32_t first_unseen = 0;
	bool was_open = s->view.open;

	read_only = read_only || (s->account->refuses & ACCOUNT_REFUSES_CHANGE) != 0;
	imap_view_close(s);
	if (was_open)
		buf_append_str(s->out, "* OK [CLOSED] Previous mailbox closed\r\n");
	int rc = ops->find(s->account, args->name, &m, NULL);
	if (rc == 0)
		rc = ops->status(s->account, &m, &status, NULL);
	if (rc == 0)
		rc = imap_view_open(s, &m, read_only, &status, &first_unseen, NULL);
	if (rc < 0) {
		imap_reply_error(s, rc);
		return STEP_DONE;
	}
	imap_write_flags_response(s);
	write_numbers(s, &status, first_unseen);
	if ((s->enabled & ENABLED_REV2) != 0)
		imap_write_list_line(s, args->name);
	if (args->qresync)
		write_resync(s, &status);
	imap_reply(s, "OK", read_only ? SLICE("READ-ONLY") : SLICE("READ-WRITE"), "Selected");
	return STEP_DONE;
}

enum imap_step imap_proceed_select(struct imap_session *s)
{
	return open_mailbox(s, false);
}

enum imap_step imap_proceed_examine(struct imap_session *s)
{
	return open_mailbox(s, true);
}

/* RFC 9051 6.4.1: expunges in silence. */
enum imap_step imap_proceed_close(struct imap_session *s)
{
	struct uid_set gone = {0};
	int rc = 0;

	if (!s->view.read_only)
		rc = s->account->ops->expunge(s->account, &s->view.mailbox, NULL, false, &gone, NULL);
	uid_set_free(&gone);
	imap_view_close(s);
	if (rc < 0 && rc != ERR_NOT_FOUND && rc != ERR_DENIED) /* without the right it closes all the same (RFC 4314 4) */
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, "Closed");
	return STEP_DONE;
}

enum imap_step imap_proceed_unselect(struct imap_session *s)
{
	imap_view_close(s);
	IMAP_OK(s, "Unselected");
	return STEP_DONE;
}
