/* STORE: RFC 9051 6.4.6, RFC 7162 3.1.3. */
#include "imap/session_internal.h"

struct store_args {
	struct imap_set set;
	enum flag_change change;
	bool silent;
	uint64_t unchanged_since; /* UINT64_MAX: no condition */
	struct imap_flag_list flags;
};

static bool parse_condition(struct imap_session *s, struct imap_parser *p, struct store_args *args)
{
	args->unchanged_since = UINT64_MAX;
	if (!imap_take(p, '('))
		return true;
	s->enabled |= ENABLED_CONDSTORE;
	if (!imap_take_word(p, "UNCHANGEDSINCE"))
		return imap_parse_fail(p, "Unknown modifier");
	return imap_parse_space(p) && imap_parse_number64(p, &args->unchanged_since) && imap_parse_char(p, ')') && imap_parse_space(p);
}

bool imap_check_store(struct imap_session *s, struct imap_parser *p)
{
	struct store_args *args = ARENA_NEW(p->arena, struct store_args);

	s->cmd.args = args;
	if (!imap_parse_space(p) || !imap_parse_set(p, &args->set) || !imap_parse_space(p) || !parse_condition(s, p, args))
		return false;
	args->change = imap_take(p, '+') ? FLAGS_ADD : imap_take(p, '-') ? FLAGS_REMOVE : FLAGS_REPLACE;
	if (imap_take_word(p, "FLAGS.SILENT"))
		args->silent = true;
	else if (!imap_take_word(p, "FLAGS"))
		return imap_parse_fail(p, "Expected FLAGS");
	return imap_parse_space(p) && imap_parse_flag_list(p, &args->flags) && imap_parse_end(p);
}

struct telling {
	struct imap_session *session;
	const struct uid_set *skipped;
	bool modseq_only;
	uint32_t seen;
};

static int tell_row(void *arg, const struct message_row *row)
{
	struct telling *t = arg;
	struct imap_session *s = t->session;
	uint32_t seq = imap_view_sequence(&s->view, row->uid);

	t->seen++;
	if (seq == 0 || uid_set_has(t->skipped, row->uid))
		return 0;
	if (!t->modseq_only)
		imap_write_flags_update(s, seq, row, s->cmd.uid);
	else if (s->cmd.uid || (s->enabled & ENABLED_QRESYNC) != 0)
		buf_printf(s->out, "* %u FETCH (UID %u MODSEQ (%llu))\r\n", seq, row->uid, (unsigned long long)row->modseq);
	else
		buf_printf(s->out, "* %u FETCH (MODSEQ (%llu))\r\n", seq, (unsigned long long)row->modseq);
	return 0;
}

static void reply_stored(struct imap_session *s, const struct uid_set *skipped, bool missing)
{
	struct buf list = BUF_INIT(1u << 22);

	if (skipped->count > 0) {
		if (s->cmd.uid)
			uid_set_print(skipped, &list);
		else
			imap_write_uids_as_sequence(s, skipped, &list);
		imap_reply(s, "OK", arena_printf(&s->cmd.arena, "MODIFIED %.*s", SLICE_ARG(buf_slice(&list))), "Some messages had changed");
	} else if (missing) {
		IMAP_NO(s, "EXPUNGEISSUED", "Some messages were expunged");
	} else {
		IMAP_OK(s, "Stored");
	}
	buf_free(&list);
}

static void store_uids(struct imap_session *s, const struct store_args *args, const struct uid_set *uids, struct flag_set flags)
{
	struct uid_set skipped = {0};
	struct telling telling = {.session = s, .skipped = &skipped, .modseq_only = args->silent};
	uint64_t modseq = 0;

	/* What others changed is told first; then the change can be taken as seen. */
	s->view.dirty = true;
	imap_announce_keywords(s);
	imap_view_sync(s, false);
	if (!s->view.open) {
		IMAP_NO(s, "NONEXISTENT", "No such mailbox");
		return;
	}
	int rc = s->account->ops->store(s->account, &s->view.mailbox, uids, args->change, flags, args->unchanged_since, &skipped, &modseq, NULL);
	if (rc < 0) {
		imap_reply_error(s, rc);
		uid_set_free(&skipped);
		return;
	}
	if (modseq > s->view.known_modseq)
		s->view.known_modseq = modseq;
	if (!args->silent || (s->enabled & ENABLED_CONDSTORE) != 0)
		imap_rows(s, uids, tell_row, &telling, NULL);
	else
		telling.seen = (uint32_t)uid_set_size(uids);
	reply_stored(s, &skipped, telling.seen < uid_set_size(uids));
	uid_set_free(&skipped);
}

enum imap_step imap_proceed_store(struct imap_session *s)
{
	struct store_args *args = s->cmd.args;
	struct uid_set uids = {0};
	struct flag_set flags;

	if (s->view.read_only) {
		IMAP_NO(s, "READ-ONLY", "The mailbox is read-only");
		return STEP_DONE;
	}
	int rc = imap_flags_resolve(s, &args->flags, args->change != FLAGS_REMOVE, &flags);
	if (rc == ERR_INVALID)
		IMAP_BAD(s, "No such system flag");
	else if (rc < 0)
		imap_reply_error(s, rc);
	else if (!imap_view_resolve(&s->view, &args->set, s->cmd.uid, &uids))
		IMAP_BAD(s, "No such message");
	else
		store_uids(s, args, &uids, flags);
	uid_set_free(&uids);
	return STEP_DONE;
}
