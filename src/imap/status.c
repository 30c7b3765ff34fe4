/* STATUS and the quota commands: RFC 9051 6.3.11, RFC 7162 3.1.7, RFC 7889 3, RFC 8474 4.3, RFC 9208 4. */
#include "base/ensure.h"
#include "imap/session_internal.h"

enum {
	ST_MESSAGES, ST_RECENT, ST_UIDNEXT, ST_UIDVALIDITY, ST_UNSEEN, ST_DELETED, ST_SIZE, ST_DELETED_STORAGE, ST_HIGHESTMODSEQ,
	ST_APPENDLIMIT, ST_MAILBOXID, ST_COUNT,
};

static const char *const item_names[ST_COUNT] = {
	"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "DELETED-STORAGE", "HIGHESTMODSEQ", "APPENDLIMIT", "MAILBOXID",
};

bool imap_parse_status_items(struct imap_parser *p, uint32_t *ret)
{
	struct slice name;

	*ret = 0;
	if (!imap_parse_char(p, '('))
		return false;
	if (imap_take(p, ')'))
		return true;
	do {
		size_t i = 0;

		if (!imap_parse_atom(p, &name))
			return false;
		while (i < ST_COUNT && !slice_eq_nocase(name, slice_str(item_names[i])))
			i++;
		if (i == ST_COUNT)
			return imap_parse_fail(p, "Unknown status item");
		*ret |= 1u << i;
	} while (imap_take(p, ' '));
	return imap_parse_char(p, ')');
}

static void write_item(struct imap_session *s, unsigned item, const struct mailbox_status *st)
{
	const uint64_t values[ST_COUNT] = {
		[ST_MESSAGES] = st->messages, [ST_UIDNEXT] = st->uid_next, [ST_UIDVALIDITY] = st->uid_validity, [ST_UNSEEN] = st->unseen,
		[ST_DELETED] = st->deleted, [ST_SIZE] = st->size, [ST_DELETED_STORAGE] = st->deleted_size, [ST_HIGHESTMODSEQ] = st->highest_modseq,
		[ST_APPENDLIMIT] = s->settings.append_limit,
	};

	buf_append_str(s->out, item_names[item]);
	buf_append_byte(s->out, ' ');
	if (item == ST_MAILBOXID)
		imap_write_id(s->out, 'F', st->id);
	else
		buf_append_u64(s->out, values[item]);
}

int imap_write_status(struct imap_session *s, struct slice name, uint32_t items)
{
	struct mailbox_ref m;
	struct mailbox_status st;
	const char *separator = "";

	int rc = s->account->ops->find(s->account, name, &m, NULL);
	if (rc == 0)
		rc = s->account->ops->status(s->account, &m, &st, NULL);
	if (rc < 0)
		return rc;
	if ((items & 1u << ST_HIGHESTMODSEQ) != 0)
		s->enabled |= ENABLED_CONDSTORE;
	buf_append_str(s->out, "* STATUS ");
	imap_write_mailbox(s, s->out, name);
	buf_append_str(s->out, " (");
	for (unsigned i = 0; i < ST_COUNT; i++) {
		if ((items & 1u << i) == 0)
			continue;
		buf_append_str(s->out, separator);
		write_item(s, i, &st);
		separator = " ";
	}
	buf_append_str(s->out, ")\r\n");
	return 0;
}

struct status_args {
	struct slice name;
	uint32_t items;
};

bool imap_check_status(struct imap_session *s, struct imap_parser *p)
{
	struct status_args *args = ARENA_NEW(p->arena, struct status_args);

	s->cmd.args = args;
	return imap_parse_space(p) && imap_parse_mailbox(p, &args->name) && imap_parse_space(p) && imap_parse_status_items(p, &args->items) &&
	       imap_parse_end(p);
}

enum imap_step imap_proceed_status(struct imap_session *s)
{
	const struct status_args *args = s->cmd.args;
	int rc = imap_write_status(s, args->name, args->items);

	if (rc < 0)
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, "Done");
	return STEP_DONE;
}

/* Without a limit there is no quota root: its list names one resource at least (RFC 9208 7). In units of 1024 octets (RFC 9208 5.1). */
static void write_quota(struct imap_session *s, uint64_t used, uint64_t limit)
{
	if (limit > 0)
		buf_printf(s->out, "* QUOTA \"\" (STORAGE %llu %llu)\r\n", (unsigned long long)((used + 1023) / 1024), (unsigned long long)(limit / 1024));
}

bool imap_check_getquota(struct imap_session *s, struct imap_parser *p)
{
	struct status_args *args = ARENA_NEW(p->arena, struct status_args);

	s->cmd.args = args;
	return imap_parse_space(p) && imap_parse_astring(p, &args->name) && imap_parse_end(p);
}

enum imap_step imap_proceed_getquota(struct imap_session *s)
{
	const struct status_args *args = s->cmd.args;
	uint64_t used, limit, count;
	int rc = s->account->ops->quota(s->account, &used, &limit, &count, NULL);

	if (rc == 0 && (args->name.n > 0 || limit == 0))
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		write_quota(s, used, limit);
	if (rc == ERR_NOT_FOUND)
		IMAP_NO(s, "NONEXISTENT", "No such quota root");
	else if (rc < 0)
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, "Done");
	return STEP_DONE;
}

bool imap_check_getquotaroot(struct imap_session *s, struct imap_parser *p)
{
	struct status_args *args = ARENA_NEW(p->arena, struct status_args);

	s->cmd.args = args;
	return imap_parse_space(p) && imap_parse_mailbox(p, &args->name) && imap_parse_end(p);
}

enum imap_step imap_proceed_getquotaroot(struct imap_session *s)
{
	const struct status_args *args = s->cmd.args;
	uint64_t used, limit, count;
	struct mailbox_ref m;
	int rc = s->account->ops->find(s->account, args->name, &m, NULL);

	if (rc == 0)
		rc = s->account->ops->quota(s->account, &used, &limit, &count, NULL);
	if (rc == 0) {
		buf_append_str(s->out, "* QUOTAROOT ");
		imap_write_mailbox(s, s->out, args->name);
		buf_append_str(s->out, limit > 0 ? " \"\"\r\n" : "\r\n");
		write_quota(s, used, limit);
	}
	if (rc < 0)
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, "Done");
	return STEP_DONE;
}

/* Limits are the administrator's. */
enum imap_step imap_proceed_setquota(struct imap_session *s)
{
	IMAP_NO(s, "NOPERM", "Not permitted");
	return STEP_DONE;
}
