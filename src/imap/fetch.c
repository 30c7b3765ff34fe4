/* FETCH: RFC 9051 6.4.5, RFC 7162 3.1.4 and 3.2.6, RFC 9394 3.3. */
#include "imap/fetch.h"

#include "base/ensure.h"

struct fetch_args {
	struct imap_set set;
	struct fetch_item *items;
	unsigned need;
	bool flags_asked;
	bool has_since, vanished;
	uint64_t since;
	bool partial, from_end;
	uint32_t partial_first, partial_last;
	/* While it runs. */
	struct imap_session *session;
	bool begun, opened;       /* opened: "* n FETCH (" of `message` stands in the output */
	struct uid_set left;      /* still to be told */
	struct uid_set marked;    /* got \Seen by this command */
	uint64_t wanted, told;
	uint32_t cursor;          /* sequence number told last, a hint */
	uint32_t last_uid;
	int failure;              /* of a message that had to be left out */
	struct arena scratch;     /* of one message */
	struct fetch_message message;
	const struct fetch_item *item;
	struct fetch_stream stream;
};

static void fetch_cleanup(void *arg)
{
	struct fetch_args *a = arg;

	uid_set_free(&a->left);
	uid_set_free(&a->marked);
	fetch_stream_end(&a->stream);
	arena_free(&a->scratch);
}

/* RFC 9394 3.1: first:last, or both negative from the end. */
static bool parse_partial_range(struct imap_parser *p, struct fetch_args *a)
{
	bool negative = imap_take(p, '-');

	a->partial = true;
	a->from_end = negative;
	if (!imap_parse_nz_number(p, &a->partial_first) || !imap_parse_char(p, ':') || (negative && !imap_parse_char(p, '-')) ||
	    !imap_parse_nz_number(p, &a->partial_last))
		return false;
	if (a->partial_first > a->partial_last) {
		uint32_t swap = a->partial_first;
		a->partial_first = a->partial_last;
		a->partial_last = swap;
	}
	return true;
}

static bool parse_modifier(struct imap_session *s, struct imap_parser *p, struct fetch_args *a)
{
	if (imap_take_word(p, "CHANGEDSINCE")) {
		a->has_since = true;
		s->enabled |= ENABLED_CONDSTORE;
		return imap_parse_space(p) && imap_parse_number64(p, &a->since);
	}
	if (imap_take_word(p, "VANISHED")) {
		a->vanished = true;
		return true;
	}
	if (imap_take_word(p, "PARTIAL") && s->cmd.uid)
		return imap_parse_space(p) && parse_partial_range(p, a);
	return imap_parse_fail(p, "Unknown FETCH modifier");
}

static bool parse_modifiers(struct imap_session *s, struct imap_parser *p, struct fetch_args *a)
{
	if (!imap_take(p, ' '))
		return true;
	if (!imap_parse_char(p, '('))
		return false;
	do {
		if (!parse_modifier(s, p, a))
			return false;
	} while (imap_take(p, ' '));
	if (a->vanished && (!a->has_since || !s->cmd.uid || (s->enabled & ENABLED_QRESYNC) == 0))
		return imap_parse_fail(p, "VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC");
	return imap_parse_char(p, ')');
}

static bool has_item(const struct fetch_item *item, enum fetch_kind kind)
{
	for (; item != NULL; item = item->next) {
		if (item->kind == kind)
			return true;
	}
	return false;
}

/* UID FETCH gives the UID, CHANGEDSINCE the modseq, asked for or not. */
static void add_implied(struct imap_session *s, struct imap_parser *p, struct fetch_args *a)
{
	if (a->has_since && !has_item(a->items, FETCH_MODSEQ)) {
		struct fetch_item *item = ARENA_NEW(p->arena, struct fetch_item);
		*item = (struct fetch_item){.kind = FETCH_MODSEQ, .next = a->items};
		a->items = item;
	}
	if (s->cmd.uid && !has_item(a->items, FETCH_UID)) {
		struct fetch_item *item = ARENA_NEW(p->arena, struct fetch_item);
		*item = (struct fetch_item){.kind = FETCH_UID, .next = a->items};
		a->items = item;
	}
	a->flags_asked = has_item(a->items, FETCH_FLAGS);
}

bool imap_check_fetch(struct imap_session *s, struct imap_parser *p)
{
	struct fetch_args *a = ARENA_NEW(p->arena, struct fetch_args);

	s->cmd.args = a;
	s->cmd.cleanup = fetch_cleanup;
	a->session = s;
	if (!imap_parse_space(p) || !imap_parse_set(p, &a->set) || !imap_parse_space(p) || !fetch_parse_items(s, p, &a->items, &a->need) ||
	    !parse_modifiers(s, p, a) || !imap_parse_end(p))
		return false;
	add_implied(s, p, a);
	return true;
}

static void write_modseq(struct buf *out, uint64_t modseq)
{
	buf_append_str(out, "MODSEQ (");
	buf_append_u64(out, modseq);
	buf_append_byte(out, ')');
}

/* Items that stand in the row or the front of the digest. d may lack what `need` did not ask for. */
static void write_item(struct imap_session *s, const struct fetch_item *item, const struct message_row *row, const struct digest *d)
{
	struct buf *out = s->out;

	switch (item->kind) {
	case FETCH_UID:
		buf_append_bytes(out, "UID ", 4);
		buf_append_u64(out, row->uid);
		break;
	case FETCH_FLAGS:
		buf_append_bytes(out, "FLAGS ", 6);
		imap_write_flags(s, out, row->flags);
		break;
	case FETCH_INTERNALDATE:
		buf_append_bytes(out, "INTERNALDATE ", 13);
		imap_write_date_time(out, row->internal_date);
		break;
	case FETCH_SIZE:
		buf_append_bytes(out, "RFC822.SIZE ", 12);
		buf_append_u64(out, row->size);
		break;
	case FETCH_MODSEQ:
		write_modseq(out, row->modseq);
		break;
	case FETCH_SAVEDATE:
		buf_append_bytes(out, "SAVEDATE ", 9);
		imap_write_date_time(out, row->save_date);
		break;
	case FETCH_EMAILID:
		buf_append_bytes(out, "EMAILID ", 8);
		imap_write_id(out, 'M', row->email_id);
		break;
	case FETCH_THREADID:
		buf_append_bytes(out, "THREADID ", 9);
		imap_write_id(out, 'T', row->thread_id);
		break;
	case FETCH_ENVELOPE:
		buf_append_bytes(out, "ENVELOPE ", 9);
		write_envelope(s, &d->envelope, out);
		break;
	case FETCH_BODY:
	case FETCH_BODYSTRUCTURE:
		buf_append_str(out, item->kind == FETCH_BODY ? "BODY " : "BODYSTRUCTURE ");
		write_body_structure(s, d->root, item->kind == FETCH_BODYSTRUCTURE, out);
		break;
	case FETCH_PREVIEW:
		buf_append_str(out, "PREVIEW ");
		imap_write_string(s, out, d->preview);
		break;
	case FETCH_SECTION:
	case FETCH_BINARY:
	case FETCH_BINARY_SIZE:
	case FETCH_RFC822:
	case FETCH_RFC822_HEADER:
	case FETCH_RFC822_TEXT:
		UNREACHABLE();
	}
}

static bool item_needs_bytes(const struct fetch_item *item)
{
	return item->kind >= FETCH_SECTION;
}

/* Rows come in ascending order: the next sequence number is nearly always the one behind the last. */
static uint32_t sequence_of(struct fetch_args *a, uint32_t uid)
{
	const struct imap_view *v = &a->session->view;

	if (a->cursor >= v->count || v->uids[a->cursor] != uid) {
		uint32_t seq = imap_view_sequence(v, uid);
		if (seq == 0)
			return 0;
		a->cursor = seq - 1;
	}
	return ++a->cursor;
}

/* \Seen was set on the way: the client must learn the flags, and with CONDSTORE the modseq (RFC 7162 3.1). */
static void write_marked(struct fetch_args *a, const struct message_row *row)
{
	struct imap_session *s = a->session;

	if (!a->flags_asked) {
		buf_append_str(s->out, "FLAGS ");
		imap_write_flags(s, s->out, row->flags);
		buf_append_byte(s->out, ' ');
	}
	if ((s->enabled & ENABLED_CONDSTORE) != 0 && !has_item(a->items, FETCH_MODSEQ)) {
		write_modseq(s->out, row->modseq);
		buf_append_byte(s->out, ' ');
	}
}

static void write_begin(struct fetch_args *a, uint32_t seq, const struct message_row *row)
{
	struct imap_session *s = a->session;

	buf_append_bytes(s->out, "* ", 2);
	buf_append_u64(s->out, seq);
	buf_append_bytes(s->out, " FETCH (", 8);
	if (a->marked.count > 0 && uid_set_has(&a->marked, row->uid))
		write_marked(a, row);
}

static int print_message(struct fetch_args *a, const struct message_row *row, const struct digest *d)
{
	struct imap_session *s = a->session;
	uint32_t seq = sequence_of(a, row->uid);

	a->last_uid = row->uid;
	a->told++;
	if (seq == 0)
		return 0;
	write_begin(a, seq, row);
	for (const struct fetch_item *item = a->items; item != NULL; item = item->next) {
		if (item != a->items)
			buf_append_byte(s->out, ' ');
		write_item(s, item, row, d);
	}
	buf_append_bytes(s->out, ")\r\n", 3);
	return imap_output_full(s);
}

static int row_fn(void *arg, const struct message_row *row)
{
	return print_message(arg, row, NULL);
}

static int decode(struct fetch_args *a, struct slice bytes, struct digest *ret)
{
	if (bytes.n == 0)
		return ERR_DAMAGED;
	if ((a->need & NEED_STRUCTURE) != 0)
		return digest_decode_structure(bytes, &a->scratch, ret);
	return digest_decode_envelope(bytes, &a->scratch, ret);
}

static int digest_fn(void *arg, const struct message_row *row, struct slice bytes, uint32_t prefix)
{
	struct fetch_args *a = arg;
	struct digest d;
	int rc = decode(a, bytes, &d), stop = 0;

	if (rc == 0) {
		stop = print_message(a, row, &d);
	} else {
		a->failure = rc;
		a->told++;
		a->last_uid = row->uid;
	}
	arena_reset(&a->scratch);
	return stop;
}

/* Takes everything up to last_uid out of what is left. */
static void drop_told(struct fetch_args *a)
{
	size_t n = 0;

	while (n < a->left.count && a->left.ranges[n].last <= a->last_uid)
		n++;
	for (size_t i = n; i < a->left.count; i++)
		a->left.ranges[i - n] = a->left.ranges[i];
	a->left.count -= n;
	if (a->left.count > 0 && a->left.ranges[0].first <= a->last_uid)
		a->left.ranges[0].first = a->last_uid + 1;
}

static void reply_end(struct imap_session *s, struct fetch_args *a)
{
	if (a->failure == ERR_UNSUPPORTED)
		IMAP_NO(s, "UNKNOWN-CTE", "Unknown content transfer encoding");
	else if (a->failure != 0)
		imap_reply_error(s, a->failure);
	else if (a->told < a->wanted)
		IMAP_NO(s, "EXPUNGEISSUED", "Some messages were expunged");
	else
		IMAP_OK(s, "Fetched");
}

/* A second step is only taken when the first has filled the output: this one will, too. */
static void reserve_output(struct imap_session *s, const struct fetch_args *a)
{
	if (a->last_uid != 0 && buf_len(s->out) == 0)
		buf_reserve(s->out, IMAP_OUTPUT_HIGH + FETCH_CHUNK);
}

static bool flags_suffice(const struct fetch_item *item)
{
	while (item != NULL && (item->kind == FETCH_UID || item->kind == FETCH_FLAGS || item->kind == FETCH_MODSEQ))
		item = item->next;
	return item == NULL;
}

static enum imap_step fetch_rows(struct imap_session *s, struct fetch_args *a)
{
	int rc;

	reserve_output(s, a);
	if (flags_suffice(a->items))
		rc = imap_rows_flags(s, &a->left, row_fn, a, NULL);
	else if ((a->need & NEED_DIGEST) == 0)
		rc = imap_rows(s, &a->left, row_fn, a, NULL);
	else
		rc = s->account->ops->messages_with_digest(s->account, &s->view.mailbox, &a->left, false, digest_fn, a, NULL);
	if (rc > 0) {
		drop_told(a);
		return STEP_MORE;
	}
	if (rc < 0)
		a->failure = rc;
	reply_end(s, a);
	return STEP_DONE;
}

static int capture_fn(void *arg, const struct message_row *row, struct slice bytes, uint32_t prefix)
{
	struct fetch_args *a = arg;

	a->message.row = *row;
	a->message.prefix = prefix;
	a->told++;
	return decode(a, arena_dup(&a->scratch, bytes), &a->message.digest) == 0 ? 1 : 2;
}

static int give_items(struct imap_session *s, struct fetch_args *a)
{
	int rc = 0;

	for (const struct fetch_item *item = a->items; item != NULL && rc == 0; item = item->next)
		if (item_needs_bytes(item))
			rc = fetch_give(s, &a->message, item);
	return rc;
}

/* Opens the next message that is there; false: none is left. */
static bool open_next(struct imap_session *s, struct fetch_args *a)
{
	while (a->left.count > 0) {
		uint32_t uid = a->left.ranges[0].first;
		struct uid_range one_range = {uid, uid};
		struct uid_set one = {.ranges = &one_range, .count = 1, .capacity = 1};

		arena_reset(&a->scratch);
		a->last_uid = uid;
		drop_told(a);
		int rc = s->account->ops->messages_with_digest(s->account, &s->view.mailbox, &one, false, capture_fn, a, NULL);
		uint32_t seq = rc == 1 ? sequence_of(a, uid) : 0;
		if (rc == 2)
			a->failure = ERR_DAMAGED;
		else if (rc < 0)
			a->failure = rc;
		if (seq == 0)
			continue;
		if ((rc = give_items(s, a)) < 0) {
			a->failure = rc;
			continue;
		}
		write_begin(a, seq, &a->message.row);
		a->item = a->items;
		a->opened = true;
		return true;
	}
	return false;
}

/*
 * Prints items until the output is full or the message is done. 0 or the error that leaves the message out. Between items a little more
 * than full is taken: an error then still leaves out the message and the session lives.
 */
static int print_items(struct imap_session *s, struct fetch_args *a)
{
	while (a->item != NULL || a->stream.on) {
		int rc = 0;

		if (imap_output_full(s) && (a->stream.on || buf_len(s->out) > IMAP_OUTPUT_HIGH + FETCH_BESIDE))
			return 0;
		if (a->stream.on) {
			rc = fetch_continue_bytes(s, &a->message, &a->stream);
			if (rc < 0)
				return rc;
			continue;
		}
		if (a->item != a->items)
			buf_append_byte(s->out, ' ');
		if (item_needs_bytes(a->item))
			rc = fetch_begin_bytes(s, &a->message, a->item, &a->stream);
		else
			write_item(s, a->item, &a->message.row, &a->message.digest);
		if (rc < 0)
			return rc;
		a->item = a->item->next;
	}
	buf_append_bytes(s->out, ")\r\n", 3);
	a->opened = false;
	return 0;
}

static enum imap_step fetch_messages(struct imap_session *s, struct fetch_args *a)
{
	bool fresh = false;       /* the begin of the message was written in this step: it can be taken back */
	size_t mark = 0;

	reserve_output(s, a);
	for (;;) {
		if (imap_output_full(s))
			return STEP_MORE;
		if (!a->opened) {
			mark = buf_len(s->out);
			fresh = true;
			if (!open_next(s, a))
				break;
		}
		int rc = print_items(s, a);
		if (rc == 0)
			continue;
		fetch_stream_end(&a->stream);
		a->opened = false;
		a->failure = rc;
		if (!fresh) {
			/* In the middle of a literal there is no way to tell; the client must not take what it has for the message. */
			s->phase = PHASE_CLOSING;
			return STEP_WAIT;
		}
		buf_truncate(s->out, mark);
	}
	reply_end(s, a);
	return STEP_DONE;
}

static int changed_fn(void *arg, const struct message_row *row)
{
	uid_set_add(arg, row->uid);
	return 0;
}

static void restrict_to_changed(struct imap_session *s, struct fetch_args *a)
{
	struct uid_set changed = {0};

	s->account->ops->messages(s->account, &s->view.mailbox, 1, UINT32_MAX, a->since, changed_fn, &changed, NULL);
	uid_set_intersect(&a->left, &changed);
	uid_set_free(&changed);
}

/* RFC 7162 3.2.6: also UIDs that this session never saw. */
static void tell_vanished(struct imap_session *s, struct fetch_args *a)
{
	struct uid_set gone = {0}, asked = {0};
	struct mailbox_status status;

	if (a->set.saved || s->account->ops->status(s->account, &s->view.mailbox, &status, NULL) < 0)
		return;
	for (size_t i = 0; i < a->set.count; i++) {
		struct imap_range r = a->set.ranges[i];
		uint32_t first = r.first == 0 ? status.uid_next : r.first, last = r.last == 0 ? status.uid_next : r.last;
		uid_set_add_range(&asked, first < last ? first : last, first < last ? last : first);
	}
	if (s->account->ops->vanished(s->account, &s->view.mailbox, a->since, &gone, NULL) < 0) {
		uid_set_free(&gone);
		if (status.uid_next > 1)
			uid_set_add_range(&gone, 1, status.uid_next - 1);
		for (uint32_t i = 0; i < s->view.count; i++)
			uid_set_remove(&gone, s->view.uids[i]);
	}
	uid_set_intersect(&gone, &asked);
	if (gone.count > 0) {
		buf_append_str(s->out, "* VANISHED (EARLIER) ");
		uid_set_print(&gone, s->out);
		buf_append_str(s->out, "\r\n");
	}
	uid_set_free(&gone);
	uid_set_free(&asked);
}

static int unseen_fn(void *arg, const struct message_row *row)
{
	if ((row->flags.system & FLAG_SEEN) == 0)
		uid_set_add(arg, row->uid);
	return 0;
}

/* Reading a body without PEEK sets \Seen. */
static void mark_seen(struct imap_session *s, struct fetch_args *a)
{
	struct uid_set skipped = {0};
	uint64_t modseq = 0;

	imap_rows_flags(s, &a->left, unseen_fn, &a->marked, NULL);
	if (a->marked.count == 0)
		return;
	s->view.dirty = true;
	imap_view_sync(s, false);
	if (!s->view.open)
		return;
	int rc = s->account->ops->store(s->account, &s->view.mailbox, &a->marked, FLAGS_ADD, (struct flag_set){.system = FLAG_SEEN}, UINT64_MAX,
	                                &skipped, &modseq, NULL);
	if (rc < 0)
		uid_set_free(&a->marked);
	else if (modseq > s->view.known_modseq)
		s->view.known_modseq = modseq;
	uid_set_free(&skipped);
}

static void apply_partial_range(struct fetch_args *a)
{
	struct uid_set kept = {0};
	uint64_t size = uid_set_size(&a->left), at = 0;
	uint64_t first = a->from_end ? (size >= a->partial_last ? size - a->partial_last : 0) : a->partial_first - 1;
	uint64_t last = a->from_end ? size - (size >= a->partial_first ? a->partial_first : size + 1) + 1 : a->partial_last;

	for (size_t i = 0; i < a->left.count; i++) {
		for (uint64_t uid = a->left.ranges[i].first; uid <= a->left.ranges[i].last; uid++, at++) {
			if (at >= first && at < last)
				uid_set_add(&kept, (uint32_t)uid);
		}
	}
	uid_set_move(&a->left, &kept);
}

enum imap_step imap_proceed_fetch(struct imap_session *s)
{
	struct fetch_args *a = s->cmd.args;

	if (!a->begun) {
		a->begun = true;
		if (!imap_view_resolve(&s->view, &a->set, s->cmd.uid, &a->left)) {
			IMAP_BAD(s, "No such message");
			return STEP_DONE;
		}
		if (a->has_since)
			restrict_to_changed(s, a);
		if (a->vanished)
			tell_vanished(s, a);
		if (a->partial)
			apply_partial_range(a);
		if ((a->need & NEED_SEEN) != 0 && !s->view.read_only)
			mark_seen(s, a);
		if (!s->view.open) {
			IMAP_NO(s, "NONEXISTENT", "The mailbox was deleted");
			return STEP_DONE;
		}
		a->wanted = uid_set_size(&a->left);
	}
	if (!a->opened) /* flags that follow may have a keyword that another session made */
		imap_announce_keywords(s);
	return (a->need & NEED_BYTES) != 0 ? fetch_messages(s, a) : fetch_rows(s, a);
}
