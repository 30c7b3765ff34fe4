/* THREAD: RFC 5256 3. */
#include "base/memory.h"
#include "imap/search.h"
#include "imap/thread.h"
#include "mime/encoded_word.h"
#include "mime/text.h"

struct thread_args {
	struct search_program program;
	bool references;
};

static void thread_cleanup(void *arg)
{
	search_free(&((struct thread_args *)arg)->program);
}

bool imap_check_thread(struct imap_session *s, struct imap_parser *p)
{
	struct thread_args *args = ARENA_NEW(p->arena, struct thread_args);

	s->cmd.args = args;
	s->cmd.cleanup = thread_cleanup;
	if (!imap_parse_space(p))
		return false;
	args->references = imap_take_word(p, "REFERENCES");
	if (!args->references && !imap_take_word(p, "ORDEREDSUBJECT"))
		return imap_parse_fail(p, "Unknown threading algorithm");
	return imap_parse_space(p) && search_parse_charset(p, &args->program) && imap_parse_space(p) && search_parse_keys(s, p, &args->program);
}

struct loading {
	struct imap_session *session;
	struct thread_message *messages;
	size_t count;
	struct arena *keep, scratch;
};

static void load_digest(struct loading *l, struct thread_message *m, const struct digest *d)
{
	if (d->has_sent)
		m->sent = d->sent_unix;
	m->subject = arena_dup(l->keep, d->base_subject);
	mime_base_subject(mime_words_decode_arena(d->envelope.subject, &l->scratch), &l->scratch, &m->reply);
	m->id = arena_dup(l->keep, d->message_id);
	m->reference_count = d->reference_count;
	m->references = arena_alloc_array(l->keep, d->reference_count + 1, sizeof *m->references);
	for (size_t i = 0; i < d->reference_count; i++)
		m->references[i] = arena_dup(l->keep, d->references[i]);
}

static int digest_fn(void *arg, const struct message_row *row, struct slice bytes, uint32_t prefix)
{
	struct loading *l = arg;
	struct thread_message *m = &l->messages[l->count];
	struct digest d;

	m->number = l->session->cmd.uid ? row->uid : imap_view_sequence(&l->session->view, row->uid);
	m->sent = row->internal_date;
	if (m->number == 0)
		return 0;
	l->count++;
	if (bytes.n > 0 && digest_decode_structure(bytes, &l->scratch, &d) == 0)
		load_digest(l, m, &d);
	arena_reset(&l->scratch);
	return 0;
}

static int write_threads(struct imap_session *s, const struct thread_args *args, const struct uid_set *found)
{
	struct loading l = {.session = s, .keep = &s->cmd.arena};

	l.messages = memory_alloc_array((size_t)uid_set_size(found) + 1, sizeof *l.messages);
	int rc = s->account->ops->messages_with_digest(s->account, &s->view.mailbox, found, false, digest_fn, &l, NULL);
	if (rc == 0) {
		buf_append_str(s->out, l.count > 0 ? "* THREAD " : "* THREAD");
		if (args->references)
			thread_by_references(l.messages, l.count, &s->cmd.arena, s->out);
		else
			thread_by_subject(l.messages, l.count, &s->cmd.arena, s->out);
		buf_append_str(s->out, "\r\n");
	}
	arena_free(&l.scratch);
	memory_free(l.messages);
	return rc;
}

enum imap_step imap_proceed_thread(struct imap_session *s)
{
	struct thread_args *args = s->cmd.args;
	struct uid_set found = {0};
	uint64_t modseq;

	if (args->program.bad_charset) {
		IMAP_NO(s, "BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
		return STEP_DONE;
	}
	int rc = search_run(s, &args->program, &found, &modseq);
	if (rc == 0)
		rc = write_threads(s, args, &found);
	if (rc < 0)
		imap_reply_error(s, rc);
	else
		IMAP_OK(s, "Threaded");
	uid_set_free(&found);
	return STEP_DONE;
}
