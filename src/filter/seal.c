#include <string.h>

#include "crypt/crypt.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "smtp/xtext.h"

#define CLIENT_TEXT_MAX 255

static struct filing_note note_of(const struct filter_letter *letter, const struct recipient_fact *fact)
{
	const struct envelope *e = letter->envelope;

	if (fact->kind == FACT_OWN)
		return (struct filing_note){.mailbox_id = e->mailbox_id, .flags = e->flags, .internal_date = e->internal_date};
	return (struct filing_note){.return_path = e->reverse_path, .has_return_path = true, .delivered_to = fact->address,
		.mailbox = letter->mailbox.n > 0 ? letter->mailbox : fact->mailbox, .internal_date = e->received_ms / 1000};
}

/* Where the owner's script wants it. One that only keeps it leaves the choice to what the owner has taught the mailbox (store/account_learn.c). */
static void note_sorted(struct filing_note *note, struct slice filings)
{
	struct slice list = filings;
	struct filing first = {0};
	bool one = filing_next(&list, &first) == 1 && list.n == 0;

	if (one && first.special_use.n == 0 && !first.create && slice_eq(first.mailbox, note->mailbox))
		note->flags = first.flags;
	else
		note->filings = filings;
}

/* Is an earlier fact for the same account, or the same address outside? */
static bool is_repeated(const struct filter_facts *facts, size_t at)
{
	const struct recipient_fact *fact = &facts->recipients[at];

	for (size_t i = 0; i < at; i++) {
		const struct recipient_fact *other = &facts->recipients[i];

		if (other->kind != fact->kind)
			continue;
		if (fact->kind == FACT_REMOTE ? slice_eq(other->address, fact->address) : memcmp(other->account, fact->account, 16) == 0)
			return true;
	}
	return false;
}

static bool is_elsewhere(const struct filter_letter *letter, size_t at)
{
	return letter->sorted != NULL && letter->sorted[at].elsewhere;
}

/* Filed somewhere, or sent on: not when the script of a local recipient wants it nowhere. */
static bool is_reader(const struct filter_letter *letter, size_t at)
{
	const struct filter_sorted *sorted = letter->sorted != NULL ? &letter->sorted[at] : NULL;

	return !is_repeated(letter->facts, at) && !is_elsewhere(letter, at) && (sorted == NULL || !sorted->ran || sorted->filings.n > 0);
}

bool filter_letter_has_readers(const struct filter_letter *letter)
{
	for (size_t i = 0; i < letter->facts->count; i++)
		if (is_reader(letter, i))
			return true;
	return false;
}

static void reader_add(struct seal_input *input, struct seal_reader *readers, const struct filter_letter *letter, size_t at)
{
	const struct recipient_fact *fact = &letter->facts->recipients[at];
	struct seal_reader *reader = &readers[input->reader_count++];

	reader->kind = fact->kind == FACT_OWN ? READER_OWN : READER_ARRIVAL;
	memcpy(reader->account, fact->account, sizeof reader->account);
	reader->generation = fact->generation;
	memcpy(reader->public_key, fact->public_key, sizeof reader->public_key);
	reader->note = note_of(letter, fact);
	if (letter->sorted != NULL && letter->sorted[at].ran)
		note_sorted(&reader->note, letter->sorted[at].filings);
}

static void outbound_add(struct seal_input *input, struct seal_reader *readers, const struct filter_epoch *epoch)
{
	struct seal_reader *reader = &readers[input->reader_count++];

	reader->kind = READER_OUTBOUND;
	reader->generation = epoch->epoch;
	memcpy(reader->public_key, epoch->public_key, sizeof reader->public_key);
}

/* Who may look at what is held, when it is not a recipient anyway. */
static bool has_reviewer(const struct filter_letter *letter)
{
	const struct filter_facts *facts = letter->facts;

	if (letter->held.n == 0 || letter->reviewer == NULL)
		return false;
	for (size_t i = 0; i < facts->count; i++)
		if (facts->recipients[i].kind == FACT_LOCAL && memcmp(facts->recipients[i].account, letter->reviewer->account, 16) == 0)
			return false;
	return true;
}

static void reviewer_add(struct seal_input *input, struct seal_reader *readers, const struct filter_letter *letter)
{
	struct seal_reader *reader = &readers[input->reader_count];

	if (!has_reviewer(letter))
		return;
	input->reader_count++;
	reader->kind = READER_ARRIVAL;
	memcpy(reader->account, letter->reviewer->account, sizeof reader->account);
	reader->generation = letter->reviewer->generation;
	memcpy(reader->public_key, letter->reviewer->public_key, sizeof reader->public_key);
	reader->note = note_of(letter, letter->reviewer);
	reader->note.mailbox = SLICE_NONE;
}

static int readers_make(const struct filter_letter *letter, const struct filter_epoch *epoch, struct arena *arena, struct seal_input *input,
                        struct error *err)
{
	const struct filter_facts *facts = letter->facts;
	struct seal_reader *readers = arena_alloc_array(arena, facts->count + 2, sizeof *readers);
	bool outbound = false;

	input->readers = readers;
	for (size_t i = 0; i < facts->count; i++) {
		const struct recipient_fact *fact = &facts->recipients[i];

		outbound = outbound || (letter->envelope->source != ENVELOPE_APPEND && !is_elsewhere(letter, i) && filter_fact_needs_epoch(fact));
		if (fact->kind != FACT_REMOTE && is_reader(letter, i))
			reader_add(input, readers, letter, i);
	}
	reviewer_add(input, readers, letter);
	if (!outbound)
		return 0;
	if (epoch == NULL)
		return error_set(err, ERR_TEMPORARY, "no queue epoch for an outgoing letter");
	outbound_add(input, readers, epoch);
	return 0;
}

/* ORCPT: as given, or made from the address that an alias changed (RFC 3461 4.2). */
static struct slice original_of(const struct recipient_fact *fact, struct arena *arena)
{
	struct buf out = BUF_INIT(4096);
	struct slice ret;

	if (fact->original.n == 0 || slice_find(fact->original, ';') >= 0)
		return fact->original;
	buf_append_str(&out, "rfc822;");
	xtext_encode(fact->original, &out);
	ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static uint8_t ret_of(struct slice ret)
{
	if (slice_eq_nocase(ret, SLICE("FULL")))
		return 1;
	return slice_eq_nocase(ret, SLICE("HDRS")) ? 2 : 0;
}

/* An appended message has a job without recipients: nothing is to be done but to keep it. */
static void recipients_make(const struct filter_letter *letter, struct arena *arena, struct job *job)
{
	const struct filter_facts *facts = letter->facts;

	job->recipients = arena_alloc_array(arena, facts->count, sizeof *job->recipients);
	if (letter->envelope->source == ENVELOPE_APPEND)
		return;
	for (size_t i = 0; i < facts->count; i++) {
		const struct recipient_fact *fact = &facts->recipients[i];
		struct job_recipient *r;

		if (is_repeated(facts, i) || is_elsewhere(letter, i))
			continue;
		r = &job->recipients[job->recipient_count++];
		r->local = fact->kind == FACT_LOCAL;
		memcpy(r->account, fact->account, sizeof r->account);
		r->address = fact->address;
		r->original = original_of(fact, arena);
		r->notify = filter_notify(fact->notify);
		r->forwarded = fact->reverse_path.n > 0;
		if (r->forwarded)
			job->forward_path = fact->reverse_path;
	}
}

/* For the server behind a relay domain. A submission does not tell where its author sits. */
static struct job_client client_of(const struct filter_letter *letter)
{
	const struct envelope *e = letter->envelope;

	for (size_t i = 0; i < letter->facts->count; i++) {
		if ((letter->facts->recipients[i].flags & FACT_OURS) == 0)
			continue;
		if (e->source == ENVELOPE_SUBMISSION)
			return (struct job_client){.login = letter->facts->sender.login, .esmtp = true};
		if (e->source == ENVELOPE_SMTP && e->client_address.n > 0)
			return (struct job_client){.address = e->client_address, .helo = slice_sub(e->helo, 0, CLIENT_TEXT_MAX),
				.name = letter->judgement != NULL ? slice_sub(letter->judgement->client_name, 0, CLIENT_TEXT_MAX) : SLICE_NONE,
				.esmtp = !slice_eq(e->protocol, SLICE("SMTP"))};
	}
	return (struct job_client){0};
}

static struct slice job_make(const struct filter_letter *letter, struct arena *arena)
{
	const struct envelope *e = letter->envelope;
	struct job job = {
		.reverse_path = e->reverse_path, .envid = e->envid, .ret = ret_of(e->ret), .smtputf8 = e->smtputf8, .body_8bit = e->body_8bit,
		.body_binary = e->body_binary, .requiretls = e->requiretls, .is_dsn = letter->is_dsn, .any_tls = letter->any_tls, .cid = e->cid, .received_ms = e->received_ms,
		.dsn_fact = letter->facts->dsn_fact, .held = letter->held, .has_reviewer = has_reviewer(letter), .client = client_of(letter),
	};
	struct buf out = BUF_INIT(4u << 20);
	struct slice ret;

	if (job.has_reviewer)
		memcpy(job.reviewer, letter->reviewer->account, sizeof job.reviewer);
	memcpy(job.sender_account, letter->facts->sender.account, sizeof job.sender_account);
	recipients_make(letter, arena, &job);
	job_encode(&job, &out);
	ret = out.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

/* Above the limit of a digest (hundreds of enclosed headers of a megabyte) the message is sealed unparsed. */
static size_t digest_make(const struct filter_letter *letter, struct filter_result *ret, struct arena *arena, struct buf *out,
                          bool *ret_text_of_body)
{
	struct digest digest;

	random_bytes(ret->email_id, sizeof ret->email_id);
	if (!letter->opaque) {
		mime_digest_make_brief(letter->blob, ret->email_id, letter->language, arena, &digest);
		digest.secret = letter->secret;
		digest_encode(&digest, out);
	}
	if (letter->opaque || out->failed) {
		buf_clear(out);
		mime_digest_opaque(letter->blob, ret->email_id, arena, &digest);
		digest_encode(&digest, out);
	}
	*ret_text_of_body = digest.search_text_of_body;
	return digest.header_size;
}

int filter_seal(const struct filter_letter *letter, const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena,
                struct filter_result *ret, struct error *err)
{
	struct buf digest = BUF_INIT(MIME_DIGEST_MAX);
	struct seal_input input = {.header_pieces = 1, .sealer = letter->sealer};
	size_t header_size = digest_make(letter, ret, arena, &digest, &input.text_of_body);
	struct slice header = slice_sub(letter->blob, 0, header_size);
	int code;

	input.header = &header;
	input.body = slice_from(letter->blob, header_size);
	input.digest = buf_slice(&digest);
	input.job = job_make(letter, arena);
	ret->size = letter->blob.n;
	buf_init(&ret->record, letter->blob.n + letter->blob.n / 64 + FILTER_RECORD_SLACK);
	code = input.job.n == 0 ? error_set(err, ERR_LIMIT, "the job is too long") : readers_make(letter, epoch, arena, &input, err);
	if (code == 0)
		code = seal_write(&input, secret, &ret->record, err);
	buf_free(&digest);
	if (code < 0) {
		buf_free(&ret->record);
		return code;
	}
	ret->code = 250;
	ret->enhanced = SLICE("2.0.0");
	ret->text = SLICE("OK");
	return 0;
}
