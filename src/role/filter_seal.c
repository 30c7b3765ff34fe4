/* FILTER_SEAL: a letter is judged, sorted and sealed. */
#include "base/log.h"
#include "filter/confidential.h"
#include "filter/judge.h"
#include "filter/sort.h"
#include "queue/memory.h"
#include "role/filter.h"
#include "store/fact.h"
#include "sys/fault.h"
#include "sys/file.h"

#define KNOWN_MAX (FACTS_ANSWERS_BYTES + FACTS_DOCUMENTS_BYTES + SORT_PROFILES_BYTES + (1u << 20)) /* bytes of answers and profiles */
#define MORE_MAX (1u << 30)           /* bytes of what scripts make of one letter; queue takes less */
#define QUESTIONS_MAX (FACTS_QUESTIONS_MAX * (FACTS_NAME_MAX + 8))

/* The rules differ by source, so nobody chooses his: an edge that was taken over does not get past those of submission. */
static bool source_fits(enum role sender, enum envelope_source source)
{
	switch (source) {
	case ENVELOPE_SMTP:
	case ENVELOPE_BEHIND:
		return sender == ROLE_MX;
	case ENVELOPE_SUBMISSION:
		return sender == ROLE_CLIENT || sender == ROLE_MAIL;
	case ENVELOPE_APPEND:
		return sender == ROLE_MAIL;
	}
	return false;
}

/* What is found out about one letter before it is sealed. */
struct verdicts {
	struct facts facts;
	struct filter_judgement judgement;
	struct filter_guard guard;
	struct filter_partners partners;
	struct slice profiles;        /* of recipients with scripts, as auth told the edge */
	struct filter_sorting sorting;
	bool waits;                   /* scripts want answers */
	struct buf stripped;            /* the letter without the parts that are taken out */
	struct filter_confidential confidential;
	struct slice passed;            /* the letter as it goes on: message, stripped, or the outside of a confidential one */
};

/* Letters from outside are, unless the configuration or the domains of all recipients say otherwise. */
static bool is_judged(const struct filter_role *f, const struct envelope *e)
{
	return e->source == ENVELOPE_SMTP && f->ctx->config->trust_judge && !filter_all_have(e, FACT_UNJUDGED);
}

/* One round of the checks that this letter gets; false: answers are wanted. */
static bool run_checks(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings, struct verdicts *v)
{
	v->judgement = (struct filter_judgement){0};
	bool judged = !is_judged(f, e)
		|| filter_judge(e, message, settings, &v->facts, &f->arena, &v->judgement);

	if (!judged) {
		filter_guard_ask(e, message, &f->guard, &v->facts, &f->arena);
		return false;
	}
	bool seen = is_judged(f, e) ? filter_partners(e, &f->partners, &v->facts, &f->arena, &v->partners) : true;
	if (!filter_guard(e, message, &f->guard, &v->facts, &f->arena, &v->guard) || !seen)
		return false;
	filter_guard_apply(&v->guard, &f->arena, &v->judgement);
	filter_partners_apply(&v->partners, &f->partners, &f->arena, &v->judgement);
	return (v->judgement.held.n == 0 && !filter_guard_strips(&v->guard))
		|| filter_reviewer(&v->facts, f->ctx->boot_secret, &f->arena, &v->judgement);
}

/* Then the scripts of its recipients, which see what the checks said. 0, or a negative code; v->waits: answers are wanted. */
static int run_scripts(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings,
                       const struct ipc_filter_seal *request, struct verdicts *v, struct error *err)
{
	int rc = 0;

	if (!filter_sort_wanted(e, &v->judgement))
		return 0;
	facts_rerun(&v->facts);
	for (unsigned i = 0; rc == 0 && i < FACTS_QUESTIONS_MAX; i++) {
		rc = filter_sort(e, message, &v->judgement, settings, f->ctx->boot_secret, v->profiles, &v->facts, &f->arena, &v->sorting, err);
		v->waits = rc == 0;
		if (rc == 0 && request->last == 0)
			return 0;
		facts_give_up(&v->facts);
	}
	v->waits = false;
	return rc < 0 ? rc : 0;
}

/* What the edge found out: answers, then profiles. */
static int read_known(struct filter_role *f, const struct ipc_filter_seal *request, struct verdicts *v, struct error *err)
{
	struct file_map known = FILE_MAP_NONE;
	struct slice content, answers;
	int rc = memfd_map(request->facts, KNOWN_MAX, &known, err);

	content = known.content;
	if (rc == 0 && (!slice_get_bytes(&content, &answers) || facts_decode_answers(&v->facts, answers) < 0))
		rc = error_set(err, ERR_INVALID, "malformed answers");
	if (rc == 0)
		v->profiles = arena_dup(&f->arena, content);
	file_unmap(&known);
	return rc;
}

/* The letter is judged, and looked at by scanners; false: answers are wanted first. */
static bool judge(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings,
                  const struct ipc_filter_seal *request, struct verdicts *v)
{
	struct error err = {0};

	facts_init(&v->facts, &f->arena, e->received_ms / 1000);
	if (request->facts >= 0 && read_known(f, request, v, &err) < 0)
		filter_role_failed(f, request->cid, &err);
	facts_rerun(&v->facts);
	for (unsigned i = 0; !run_checks(f, e, message, settings, v); i++) {
		if (request->last == 0)
			return false;
		facts_give_up(&v->facts);
		if (i == FACTS_QUESTIONS_MAX)
			break; /* each round answers at least one question */
	}
	return true;
}

static void tell_judgement(struct slice cid, const struct filter_judgement *j)
{
	log_event(EV_MAIL_JUDGED, LOG_TEXT("cid", cid), LOG_STR("verdict", j->code != 0 ? "refuse" : j->verdict), LOG_NUM("score", j->score),
	          LOG_TEXT("domain", j->author), LOG_STR("spf", j->spf), LOG_STR("dkim", j->dkim), LOG_STR("arc", j->arc), LOG_STR("dmarc", j->dmarc),
	          LOG_TEXT("checks", j->checks));
}

static void tell_guard(struct slice cid, const struct envelope *e, const struct filter_guard *g)
{
	const struct filter_finding *w = &g->worst;
	bool ours = envelope_is_ours(e) && w->class == SCAN_CLASS_VIRUS;

	if (!g->found || (g->action == SCAN_ACTION_PASS && !ours))
		return;
	log_event(EV_MALWARE_FOUND, LOG_TEXT("cid", cid), LOG_STR("action", scan_action_name(g->action)), LOG_STR("kind", scan_class_name(w->class)),
	          LOG_TEXT("name", w->name), LOG_TEXT("what", w->scanner));
	if (ours)
		log_event(EV_MALWARE_SENT, LOG_TEXT("cid", cid), LOG_TEXT("user", e->reverse_path), LOG_STR("action", scan_action_name(g->action)),
		          LOG_STR("kind", scan_class_name(w->class)), LOG_TEXT("name", w->name));
}

static void tell_partners(struct slice cid, const struct filter_partners *p)
{
	for (size_t i = 0; i < p->count; i++)
		log_event(EV_PARTNER_SAID, LOG_TEXT("cid", cid), LOG_TEXT("name", p->records[i].partner), LOG_STR("action", partner_action_name(p->records[i].action)),
		          LOG_TEXT("what", p->records[i].reason), LOG_NUM("ms", p->records[i].ms));
}

static void tell_scripts(struct slice cid, const struct sort_act *a)
{
	for (; a != NULL; a = a->next) {
		if (a->line > 0)
			log_event(EV_SIEVE_FAILED, LOG_TEXT("cid", cid), LOG_TEXT("address", a->address), LOG_NUM("at", a->line));
		else
			log_event(EV_SIEVE_ACTED, LOG_TEXT("cid", cid), LOG_TEXT("address", a->address), LOG_STR("what", a->what), LOG_TEXT("to", a->to));
	}
}

/* Parts are taken out, and nothing else is done with the letter that would make that needless. */
static bool is_stripped(const struct verdicts *v)
{
	return filter_guard_strips(&v->guard) && v->judgement.code == 0 && v->judgement.held.n == 0;
}

/* From here on only the outside of a confidential letter is there: scripts and whatever they make of it have no other. 0 or a negative code. */
static int wrap(struct filter_role *f, const struct envelope *e, const struct filter_settings *settings, struct verdicts *v, struct error *err)
{
	struct filter_confidential *c = &v->confidential;
	int rc = 0;

	if (v->judgement.code == 0)
		rc = filter_confidential(e, v->passed, settings, f->ctx->boot_secret, &f->arena, c, err);
	if (rc == 0 && c->code != 0) {
		v->judgement.code = c->code;
		v->judgement.enhanced = c->enhanced;
		v->judgement.text = c->text;
	} else if (rc == 0 && c->secret != NULL) {
		v->judgement.secret = c->secret;
		v->judgement.header = SLICE_NONE; /* names of files that were found in it */
		v->passed = buf_slice(&c->letter);
	}
	return rc;
}

/* The letter as it was, before parts were taken out: held in quarantine. */
static int seal_original(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings,
                         const struct verdicts *v, const struct filter_epoch *epoch, struct filter_result *ret, struct error *err)
{
	struct filter_judgement kept = v->judgement;
	struct filter_confidential whole = {0};
	int rc = 0;

	if (!is_stripped(v))
		return 0;
	if (kept.secret != NULL) {
		rc = filter_confidential(e, message, settings, f->ctx->boot_secret, &f->arena, &whole, err);
		kept.secret = whole.secret;
		message = buf_slice(&whole.letter);
	}
	kept.held = arena_printf(&f->arena, "stripped %.*s %.*s", SLICE_ARG(v->guard.worst.scanner), SLICE_ARG(v->guard.worst.name));
	if (rc == 0)
		rc = filter_message(e, message, &kept, NULL, settings, f->ctx->boot_secret, epoch, &f->arena, ret, err);
	filter_confidential_free(&whole);
	return rc;
}

/* Everything that is found out before the letter is sealed. 0; 1: answers are wanted first; or a negative code. */
static int find_out(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings,
                    const struct ipc_filter_seal *request, struct verdicts *v, struct buf *questions, struct error *err)
{
	bool judged = judge(f, e, message, settings, request, v);
	int rc;

	v->passed = message;
	if (judged && is_stripped(v)) {
		filter_guard_strip(&v->guard, message, &f->arena, &v->stripped);
		v->passed = buf_slice(&v->stripped);
	}
	rc = judged ? wrap(f, e, settings, v, err) : 0;
	if (rc < 0)
		return rc;
	rc = judged ? run_scripts(f, e, v->passed, settings, request, v, err) : 0;

	if (rc == 0 && (!judged || v->waits)) {
		facts_encode_questions(&v->facts, questions);
		rc = 1;
	}
	if (rc == 0)
		rc = filter_forward(e, v->passed, &v->judgement, settings, f->ctx->boot_secret, &v->facts, &f->arena, &v->sorting, err);
	if (rc != 0)
		return rc;
	if (is_judged(f, e))
		tell_judgement(request->cid, &v->judgement);
	tell_guard(request->cid, e, &v->guard);
	tell_partners(request->cid, &v->partners);
	tell_scripts(request->cid, v->sorting.acts);
	return 0;
}

/* Checks who asks, then judges and seals the message. more: the bundle of what scripts made of it. */
static int seal(struct filter_role *f, enum role sender, const struct ipc_filter_seal *request, struct slice message, struct buf *questions, struct buf *notes,
                struct buf *more, struct filter_result *result, struct error *err)
{
	struct filter_settings settings = filter_role_settings(f);
	const struct filter_epoch *epoch = NULL;
	struct verdicts v = {.passed = message};
	struct filter_result original = {0};
	struct envelope e;
	int code = envelope_decode(request->envelope, &e);

	if (code < 0)
		return error_set(err, ERR_INVALID, "malformed envelope");
	if (!source_fits(sender, e.source))
		return error_set(err, ERR_DENIED, "%s may not seal a message of this kind", role_name(sender));
	if (e.source != ENVELOPE_APPEND && !e.opaque)
		code = find_out(f, &e, message, &settings, request, &v, questions, err);
	if (e.opaque && e.source == ENVELOPE_SMTP && f->guard.rules.actions[SCAN_CLASS_OPAQUE][SCAN_IN] == SCAN_ACTION_HOLD)
		v.judgement.held = SLICE("opaque letterlock unparsed");
	if (code == 0 && (filter_needs_epoch(&e) || v.sorting.needs_epoch) && (epoch = filter_role_epoch(f)) == NULL)
		code = error_set(err, ERR_TEMPORARY, "key gives no queue epoch");
	if (code != 0)
		goto out;
	code = seal_original(f, &e, message, &settings, &v, epoch, &original, err);
	if (code == 0)
		code = filter_message(&e, v.passed, &v.judgement, &v.sorting, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);
	if (code == 0 && result->code == 250)
		code = filter_sort_make(&e, &v.sorting, buf_slice(&original.record), &settings, f->ctx->boot_secret, epoch, &f->arena, more, err);
	if (envelope_is_ours(&e) && code == 0 && result->code == 250)
		v.judgement.notes = filter_sent_notes(&e, message, &f->arena);
	if (v.judgement.notes.n > 0) {
		buf_append(notes, v.judgement.notes);
		memory_notes_seal(notes, f->ctx->boot_secret);
	}
out:
	facts_free(&v.facts);
	filter_sorting_free(&v.sorting);
	buf_free(&v.stripped);
	filter_confidential_free(&v.confidential);
	buf_free(&original.record);
	return code < 0 ? code : 0;
}

/* As the message came, unless the record is too long for that. */
static int put_record(struct filter_result *result, bool small, struct ipc_filter_seal_reply *reply, struct error *err)
{
	struct slice record = buf_slice(&result->record);

	if (record.n == 0)
		return 0; /* nobody keeps it */
	if (small && record.n <= IPC_SMALL_MAX) {
		reply->small = record;
		return 0;
	}
	reply->record = memfd_from_slice("record", record, err);
	return reply->record < 0 ? reply->record : 0;
}

void filter_on_seal(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_seal *request = message;
	struct ipc_filter_seal_reply reply = {.record = -1, .more = -1};
	struct filter_result result = {0};
	struct buf questions = BUF_INIT(QUESTIONS_MAX), notes = BUF_INIT(MEMORY_NOTES_BYTES), more = BUF_INIT(MORE_MAX);
	struct file_map map = FILE_MAP_NONE;
	struct error err = {0};
	int message_fd = request->message, facts_fd = request->facts, code = 0;
	bool small = message_fd < 0 && request->small.n > 0;

	filter_role_cpu_limit(FILTER_CPU_SECONDS);
	if (!small)
		code = memfd_map(message_fd, FILTER_MESSAGE_MAX, &map, &err);
	if (code == 0)
		code = seal(f, ipc_call_sender(call, NULL), request, small ? request->small : map.content, &questions, &notes, &more, &result, &err);
	if (code == 0 && result.code == 250)
		code = put_record(&result, small, &reply, &err);
	if (code == 0 && buf_len(&more) > 0 && (reply.more = memfd_from_slice("more", buf_slice(&more), &err)) < 0)
		code = reply.more;
	if (code < 0) {
		file_close(&reply.record);
		reply.small = SLICE_NONE;
		filter_role_failed(f, request->cid, &err);
		reply.code = 451;
		reply.enhanced = SLICE("4.3.0");
		reply.text = SLICE("The message cannot be processed now, try again later");
	} else if (buf_len(&questions) > 0) {
		reply.questions = buf_slice(&questions);
	} else {
		f->refused += result.code != 250;
		reply.code = result.code;
		reply.enhanced = result.enhanced;
		reply.text = result.text;
		reply.notes = notes.failed ? SLICE_NONE : buf_slice(&notes);
	}
	FAULT_POINT(filter_sealed);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	file_close(&reply.more);
	file_close(&message_fd);
	file_close(&facts_fd);
	file_unmap(&map);
	buf_free(&questions);
	buf_free(&notes);
	buf_free(&more);
	buf_free(&result.record);
	filter_role_done(f);
}
