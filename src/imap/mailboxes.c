/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 9051 6.3.4 to 6.3.8, RFC 6154 3, RFC 8474 4.1. */
#include <string.h>
#include "base/codec.h"
#include "base/ensure.h"
#include "imap/session_internal.h"

struct name_args {
	struct slice name, to;
	uint32_t special_use;
};

static struct name_args *new_args(struct imap_session *s)
{
	s->cmd.args = ARENA_NEW(&s->cmd.arena, struct name_args);
	return s->cmd.args;
}

bool imap_check_mailbox_name(struct imap_session *s, struct imap_parser *p)
{
	struct name_args *args = new_args(s);

	return imap_parse_space(p) && imap_parse_mailbox(p, &args->name) && imap_parse_end(p);
}

bool imap_check_rename(struct imap_session *s, struct imap_parser *p)
{
	struct name_args *args = new_args(s);

	return imap_parse_space(p) && imap_parse_mailbox(p, &args->name) && imap_parse_space(p) && imap_parse_mailbox(p, &args->to) &&
	       imap_parse_end(p);
}

static bool parse_uses(struct imap_parser *p, uint32_t *ret)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} uses[] = {
		{"\\All", USE_ALL}, {"\\Archive", USE_ARCHIVE}, {"\\Drafts", USE_DRAFTS}, {"\\Flagged", USE_FLAGGED}, {"\\Junk", USE_JUNK},
		{"\\Sent", USE_SENT}, {"\\Trash", USE_TRASH}, {"\\Important", USE_IMPORTANT},
	};
	struct slice name;

	if (!imap_take_word(p, "USE") || !imap_parse_space(p) || !imap_parse_char(p, '('))
		return imap_parse_fail(p, "Unknown parameter");
	while (!imap_take(p, ')')) {
		imap_take(p, ' ');
		if (!imap_parse_flag(p, &name))
			return false;
		size_t i = 0;
		while (i < ARRAY_LEN(uses) && !slice_eq_nocase(name, slice_str(uses[i].name)))
			i++;
		*ret |= i < ARRAY_LEN(uses) ? uses[i].bit : 1u << 31;
	}
	return true;
}

bool imap_check_create(struct imap_session *s, struct imap_parser *p)
{
	struct name_args *args = new_args(s);

	if (!imap_parse_space(p) || !imap_parse_mailbox(p, &args->name))
		return false;
	if (imap_take(p, ' ') && (!imap_parse_char(p, '(') || !parse_uses(p, &args->special_use) || !imap_parse_char(p, ')')))
		return false;
	/* A trailing delimiter only says that children will follow (RFC 9051 6.3.4). */
	if (args->name.n > 1 && args->name.p[args->name.n - 1] == '/')
		args->name.n--;
	return imap_parse_end(p);
}

static bool is_bad_name(struct slice name)
{
	size_t depth = 1;

	if (name.n == 0 || name.n > MAILBOX_NAME_MAX || name.p[0] == '/' || name.p[name.n - 1] == '/')
		return true;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 0x20 || name.p[i] == 0x7f || name.p[i] == '%' || name.p[i] == '*')
			return true;
		if (name.p[i] == '/' && name.p[i - 1] == '/')
			return true;
		depth += name.p[i] == '/';
	}
	return depth > MAILBOX_DEPTH_MAX;
}

enum imap_step imap_proceed_create(struct imap_session *s)
{
	const struct name_args *args = s->cmd.args;
	struct mailbox_ref m;
	struct buf id = BUF_INIT(64);

	if (is_bad_name(args->name)) {
		IMAP_NO(s, "CANNOT", "Not a possible mailbox name");
		return STEP_DONE;
	}
	if ((args->special_use & ~255u) != 0) {
		IMAP_NO(s, "USEATTR", "No such special use");
		return STEP_DONE;
	}
	int rc = s->account->ops->create(s->account, args->name, args->special_use, &m, NULL);
	if (rc < 0) {
		imap_reply_error(s, rc);
		return STEP_DONE;
	}
	imap_write_id(&id, 'F', m.id);
	imap_reply(s, "OK", arena_printf(&s->cmd.arena, "MAILBOXID %.*s", SLICE_ARG(buf_slice(&id))), "Created");
	buf_free(&id);
	return STEP_DONE;
}

static void reply_result(struct imap_session *s, int rc, const char *text)
{
	if (rc < 0)
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, text);
}

enum imap_step imap_proceed_delete(struct imap_session *s)
{
	const struct name_args *args = s->cmd.args;
	struct mailbox_ref m;
	bool selected = s->view.open && s->account->ops->find(s->account, args->name, &m, NULL) == 0 &&
	                memcmp(&m, &s->view.mailbox, sizeof m) == 0;

	int rc = s->account->ops->remove(s->account, args->name, NULL);
	if (rc == 0 && selected) {
		imap_view_close(s);
		buf_append_str(s->out, "* OK [CLOSED] The selected mailbox was deleted\r\n");
	}
	if (rc == ERR_DENIED && s->account->refuses == 0)
		IMAP_NO(s, "CANNOT", "INBOX cannot be deleted");
	else
		reply_result(s, rc, "Deleted");
	return STEP_DONE;
}

enum imap_step imap_proceed_rename(struct imap_session *s)
{
	const struct name_args *args = s->cmd.args;

	if (is_bad_name(args->to)) {
		IMAP_NO(s, "CANNOT", "Not a possible mailbox name");
		return STEP_DONE;
	}
	int rc = s->account->ops->rename(s->account, args->name, args->to, NULL);
	s->view.dirty = true; /* of INBOX the messages move */
	reply_result(s, rc, "Renamed");
	return STEP_DONE;
}

enum imap_step imap_proceed_subscribe(struct imap_session *s)
{
	const struct name_args *args = s->cmd.args;

	reply_result(s, is_bad_name(args->name) ? ERR_INVALID : s->account->ops->subscribe(s->account, args->name, true, NULL), "Subscribed");
	return STEP_DONE;
}

enum imap_step imap_proceed_unsubscribe(struct imap_session *s)
{
	const struct name_args *args = s->cmd.args;
	int rc = s->account->ops->subscribe(s->account, args->name, false, NULL);

	reply_result(s, rc == ERR_NOT_FOUND ? 0 : rc, "Unsubscribed");
	return STEP_DONE;
}
