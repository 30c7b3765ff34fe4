/* COPY, MOVE, EXPUNGE: RFC 9051 6.4.7 to 6.4.9, 6.4.3, RFC 4315, RFC 6851, RFC 7162 3.2.7. */
#include "imap/session_internal.h"

struct copy_args {
	struct imap_set set;
	struct slice name;
};

bool imap_check_copy(struct imap_session *s, struct imap_parser *p)
{
	struct copy_args *args = ARENA_NEW(p->arena, struct copy_args);

	s->cmd.args = args;
	return imap_parse_space(p) && imap_parse_set(p, &args->set) && imap_parse_space(p) && imap_parse_mailbox(p, &args->name) &&
	       imap_parse_end(p);
}

/* Both lists in the same order (RFC 4315 3): the account gives the pairs in the order of the source, new UIDs ascend. */
static struct slice copyuid(struct imap_session *s, const struct copy_result *result)
{
	struct uid_set from = {0}, to = {0};
	struct buf text = BUF_INIT(1u << 24);

	for (size_t i = 0; i < result->count; i++) {
		uid_set_add(&from, result->pairs[i].from);
		uid_set_add(&to, result->pairs[i].to);
	}
	buf_printf(&text, "COPYUID %u ", result->uid_validity);
	uid_set_print(&from, &text);
	buf_append_byte(&text, ' ');
	uid_set_print(&to, &text);
	struct slice code = result->count > 0 ? arena_dup(&s->cmd.arena, buf_slice(&text)) : SLICE_NONE;
	buf_free(&text);
	uid_set_free(&from);
	uid_set_free(&to);
	return code;
}

static int transfer(struct imap_session *s, const struct uid_set *uids, bool move, struct copy_result *ret)
{
	const struct copy_args *args = s->cmd.args;
	struct mailbox_ref to;

	int rc = s->account->ops->find(s->account, args->name, &to, NULL);
	if (rc == ERR_NOT_FOUND) {
		IMAP_NO(s, "TRYCREATE", "No such mailbox");
		return rc;
	}
	if (rc == 0 && uids->count > 0)
		rc = s->account->ops->copy(s->account, &s->view.mailbox, uids, &to, move, &s->cmd.arena, ret, NULL);
	if (rc == ERR_NOT_FOUND)
		IMAP_NO(s, "EXPUNGEISSUED", "Some messages were expunged");
	else if (rc < 0)
		imap_reply_error(s, rc);
	s->view.dirty = true; /* the target may be the selected mailbox */
	return rc;
}

static bool resolve(struct imap_session *s, struct uid_set *ret)
{
	const struct copy_args *args = s->cmd.args;

	if (imap_view_resolve(&s->view, &args->set, s->cmd.uid, ret))
		return true;
	IMAP_BAD(s, "No such message");
	return false;
}

enum imap_step imap_proceed_copy(struct imap_session *s)
{
	struct copy_result result = {0};
	struct uid_set uids = {0};

	if (resolve(s, &uids) && transfer(s, &uids, false, &result) == 0)
		imap_reply(s, "OK", copyuid(s, &result), "Copied");
	uid_set_free(&uids);
	return STEP_DONE;
}

/* RFC 6851 4.3: COPYUID stands in an untagged OK in front of the expunges. */
enum imap_step imap_proceed_move(struct imap_session *s)
{
	struct copy_result result = {0};
	struct uid_set uids = {0};

	if (s->view.read_only) {
		IMAP_NO(s, "READ-ONLY", "The mailbox is read-only");
		return STEP_DONE;
	}
	if (resolve(s, &uids) && transfer(s, &uids, true, &result) == 0) {
		struct slice code = copyuid(s, &result);
		if (code.n > 0) {
			buf_append_str(s->out, "* OK [");
			buf_append(s->out, code);
			buf_append_str(s->out, "] Moved\r\n");
		}
		IMAP_OK(s, "Done"); /* the expunges are told by the view */
	}
	uid_set_free(&uids);
	return STEP_DONE;
}

bool imap_check_expunge(struct imap_session *s, struct imap_parser *p)
{
	struct copy_args *args = ARENA_NEW(p->arena, struct copy_args);

	s->cmd.args = args;
	if (s->cmd.uid && (!imap_parse_space(p) || !imap_parse_set(p, &args->set)))
		return false;
	return imap_parse_end(p);
}

static void reply_expunged(struct imap_session *s)
{
	struct mailbox_status status;

	if ((s->enabled & ENABLED_QRESYNC) == 0 || !s->view.open || s->account->ops->status(s->account, &s->view.mailbox, &status, NULL) < 0)
		IMAP_OK(s, "Expunged");
	else
		imap_reply(s, "OK", arena_printf(&s->cmd.arena, "HIGHESTMODSEQ %llu", (unsigned long long)status.highest_modseq), "Expunged");
}

enum imap_step imap_proceed_expunge(struct imap_session *s)
{
	const struct copy_args *args = s->cmd.args;
	struct uid_set uids = {0}, gone = {0};
	int rc = 0;

	if (s->view.read_only) {
		IMAP_NO(s, "READ-ONLY", "The mailbox is read-only");
		return STEP_DONE;
	}
	if (s->cmd.uid)
		imap_view_resolve(&s->view, &args->set, true, &uids);
	if (!s->cmd.uid || uids.count > 0)
		rc = s->account->ops->expunge(s->account, &s->view.mailbox, s->cmd.uid ? &uids : NULL, false, &gone, NULL);
	s->view.dirty = true; /* the view tells what is gone, before the answer */
	if (rc < 0) {
		imap_reply_error(s, rc);
	} else {
		imap_view_sync(s, true);
		reply_expunged(s);
	}
	uid_set_free(&uids);
	uid_set_free(&gone);
	return STEP_DONE;
}
