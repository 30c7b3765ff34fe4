/*
 * The role filter: message and facts in, sealed record out. It opens no file and talks to nobody but key; what it computes is
 * src/filter. A message that costs too much CPU ends the process: the edge sees IPC_GONE and decides.
 */
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"
#include "filter/guard.h"
#include "filter/judge.h"
#include "filter/partner.h"
#include "filter/notice.h"
#include "filter/report.h"
#include "filter/sort.h"
#include "filter/view.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "mime/text.h"
#include "policy/confusable.h"
#include "policy/lists.h"
#include "policy/verdict.h"
#include "policy/warm.h"
#include "queue/memory.h"
#include "sieve/sieve.h"
#include "role/role.h"
#include "store/fact.h"
#include "store/seal.h"
#include "sys/fault.h"
#include "sys/file.h"

#define MESSAGE_MAX (512u << 20)      /* bytes of a memfd that is mapped; the configured limit lies below */
#define CPU_SECONDS 2                 /* for one message */
#define REPORT_CPU_SECONDS 20         /* for one of ours, with up to 20,000 rows */
#define MESSAGES_MAX 1000             /* then a fresh process takes over, so that nothing of a message lives long */
#define FORGET_MS 1000                /* the longest life of an ephemeral secret */
#define SLAB_CELLS 128
#define HANDOVER_MS 250               /* idle before that */
#define EPOCH_AGE_MS MINUTES_MS(1)    /* how long an epoch is used without asking key again */
#define KEY_REPLY_MAX 4096
#define KNOWN_MAX (FACTS_ANSWERS_BYTES + FACTS_DOCUMENTS_BYTES + SORT_PROFILES_BYTES + (1u << 20)) /* bytes of answers and profiles */
#define MORE_MAX (1u << 30)           /* bytes of what scripts make of one letter; queue takes less */
#define POINTS_MAX 1000               /* of one row of trust.lists */
#define POINTS_NEVER 1000000          /* no letter has so many */
#define QUESTIONS_MAX (FACTS_QUESTIONS_MAX * (FACTS_NAME_MAX + 8))

struct filter_role {
	struct role_context *ctx;
	struct filter_epoch epoch;
	int64_t epoch_mono_ms;        /* when key told it; 0: never */
	struct arena arena;
	struct timer *handover;
	struct list_zone zones[LIST_ZONES_MAX];
	size_t zone_count;
	struct check_options checks;
	struct filter_guard_settings guard;
	struct filter_partner_settings partners;
	struct sealer *sealer;
	struct timer *forget;         /* the ephemeral secret of the sealer */
	bool forgetting;              /* the timer runs */
	uint64_t served, refused, failed;
};

/* SIGPROF is left at its default: the process ends. Each message starts the count anew; with the ephemeral secret it ends, when no message is in
 * hand. */
static void cpu_limit(long seconds)
{
	struct itimerval limit = {.it_value = {.tv_sec = seconds}};

	setitimer(ITIMER_PROF, &limit, NULL);
}

/* By a key of DKIM, which key holds. */
static int sign(void *arg, const uint8_t id[16], enum mail_algorithm algorithm, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out,
                struct error *err)
{
	struct filter_role *f = arg;
	struct ipc_key_dkim_sign request = {.algorithm = (uint8_t)algorithm};
	struct ipc_key_dkim_sign_reply reply = {0};
	uint8_t storage[KEY_REPLY_MAX];

	memcpy(request.key.b, id, sizeof request.key.b);
	memcpy(request.digest.b, digest, sizeof request.digest.b);
	if (ipc_request_sync(f->ctx->ipc, IPC_KEY_DKIM_SIGN, &request, &reply, storage, sizeof storage) != IPC_OK)
		return error_set(err, ERR_TEMPORARY, "key does not answer");
	if (reply.status != 0)
		return error_set(err, reply.status == 1 ? ERR_NOT_FOUND : ERR_TEMPORARY, "key does not sign");
	buf_append(out, reply.signature);
	return out->failed ? error_set(err, ERR_LIMIT, "no room for the signature") : 0;
}

static int64_t stopwatch(void *arg)
{
	return loop_stopwatch_us();
}

/* "zone points" or "zone domains points"; what is malformed is told and left out. */
static void zone_read(struct filter_role *f, struct slice row)
{
	struct list_zone *zone = &f->zones[f->zone_count];
	struct slice rest = slice_trim(row), word, points = SLICE_NONE;
	*zone = (struct list_zone){.kinds = LIST_ADDRESSES};
	slice_split(&rest, ' ', &zone->name);
	while (slice_split(&rest, ' ', &word)) {
		if (slice_eq(word, SLICE("domains")))
			zone->kinds = LIST_DOMAINS;
		else if (word.n > 0)
			points = word;
	}
	bool good = points.n > 1 && points.p[0] == '-';
	uint32_t value;
	if (slice_to_u32(slice_from(points, good), &value) < 0 || value > POINTS_MAX || slice_find(zone->name, '.') < 0) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", "trust.lists: a row is \"zone points\" or \"zone domains points\", points up to 1000"));
		return;
	}
	zone->points = good ? -(int)value : (int)value;
	f->zone_count++;
}

/* What the configuration says about checks. */
static void checks_configure(struct filter_role *f)
{
	const struct config *config = f->ctx->config;

	f->zone_count = 0;
	for (size_t i = 0; i < config->trust_lists.count && f->zone_count < LIST_ZONES_MAX; i++)
		zone_read(f, config->trust_lists.items[i]);
	f->checks.thresholds.junk = (int)config->trust_junk;
	f->checks.thresholds.quarantine = config->trust_quarantine > 0 ? (int)config->trust_quarantine
		: config->trust_junk == 0 && config->trust_refuse == 0 ? POINTS_NEVER : 0;
	f->checks.thresholds.reject = (int)config->trust_refuse;
}

/* A word that is neither counts as the default, and is told. */
static void partners_configure(struct filter_role *f)
{
	const struct config *config = f->ctx->config;
	f->partners = (struct filter_partner_settings){.wanted = config->partners_rspamd.n > 0 || config->partners_milters.count > 0,
		.fail_temporary = slice_eq(config->partners_fail, SLICE("tempfail"))};
	if (!f->partners.fail_temporary && !slice_eq(config->partners_fail, SLICE("pass")))
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", "partners.fail is pass or tempfail"));
}

/* What is done with malware; a malformed row is told and left out. */
static void guard_configure(struct filter_role *f)
{
	const struct config *config = f->ctx->config;
	struct error err = {0};

	f->guard = (struct filter_guard_settings){.letters = config->malware_clamd.n > 0, .parts = config->malware_icap.n > 0, .rules = scan_rules_default(),
		.hashes = {config->malware_hashes.items, config->malware_hashes.count}};
	for (size_t i = 0; i < config->malware_actions.count; i++)
		if (scan_rules_set(&f->guard.rules, config->malware_actions.items[i], &err) < 0)
			log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
}

static struct filter_settings settings_of(struct filter_role *f)
{
	const struct config *config = f->ctx->config;

	return (struct filter_settings){.hostname = config->hostname, .language = config->language, .message_size = config->message_size,
	                                .sealer = f->sealer, .quarantine = config->trust_quarantine > 0, .dmarc_enforce = config->trust_dmarc,
	                                .reports = config->report_dmarc, .report_address = config->report_address, .greylist_s = config->trust_greylist / 1000,
	                                .arc_trusted = {config->trust_arc_sealers.items, config->trust_arc_sealers.count}, .zones = f->zones,
	                                .zone_count = f->zone_count, .checks = &f->checks, .clock = stopwatch, .sign = sign, .sign_arg = f};
}

/* The epoch that outgoing copies are sealed to; NULL when key does not answer. */
static const struct filter_epoch *epoch_get(struct filter_role *f)
{
	struct ipc_key_epoch request = {.rotate = 0};
	struct ipc_key_epoch_reply reply = {0};
	uint8_t storage[KEY_REPLY_MAX];
	int64_t now = loop_now(f->ctx->loop).mono_ms;

	if (f->epoch_mono_ms != 0 && now - f->epoch_mono_ms < EPOCH_AGE_MS)
		return &f->epoch;
	if (ipc_request_sync(f->ctx->ipc, IPC_KEY_EPOCH, &request, &reply, storage, sizeof storage) != IPC_OK || reply.status != 0)
		return NULL;
	f->epoch.epoch = reply.epoch;
	memcpy(f->epoch.public_key, reply.public_key.b, sizeof f->epoch.public_key);
	f->epoch_mono_ms = now != 0 ? now : 1;
	return &f->epoch;
}

/* After its share of messages the process ends as soon as nobody waits. */
static void count_message(struct filter_role *f)
{
	arena_reset(&f->arena);
	if (!f->forgetting)
		timer_start(f->forget, FORGET_MS);
	f->forgetting = true;
	if (++f->served >= MESSAGES_MAX)
		timer_start(f->handover, HANDOVER_MS);
}

static void handover(void *arg)
{
	struct filter_role *f = arg;

	role_stopped(f->ctx);
}

static void forget(void *arg)
{
	struct filter_role *f = arg;

	cpu_limit(0);
	f->forgetting = false;
	sealer_forget(f->sealer);
}

static void log_failure(struct filter_role *f, struct slice cid, const struct error *err)
{
	f->failed++;
	log_event(EV_INTERNAL, LOG_TEXT("cid", cid), LOG_STR("at", "filter"), LOG_STR("error", error_code_name(err->code)),
	          LOG_STR("what", err->private_text));
}

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
	struct slice passed;            /* the letter as it goes on: message or stripped */
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
		log_failure(f, request->cid, &err);
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

/* The letter as it was, before parts were taken out: held in quarantine. */
static int seal_original(struct filter_role *f, const struct envelope *e, struct slice message, const struct filter_settings *settings,
                         const struct verdicts *v, const struct filter_epoch *epoch, struct filter_result *ret, struct error *err)
{
	struct filter_judgement kept = v->judgement;

	if (!is_stripped(v))
		return 0;
	kept.held = arena_printf(&f->arena, "stripped %.*s %.*s", SLICE_ARG(v->guard.worst.scanner), SLICE_ARG(v->guard.worst.name));
	return filter_message(e, message, &kept, NULL, settings, f->ctx->boot_secret, epoch, &f->arena, ret, err);
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
	struct filter_settings settings = settings_of(f);
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
	if (code == 0 && (filter_needs_epoch(&e) || v.sorting.needs_epoch) && (epoch = epoch_get(f)) == NULL)
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

static void on_seal(void *arg, struct ipc_call *call, const void *message)
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

	cpu_limit(CPU_SECONDS);
	if (!small)
		code = memfd_map(message_fd, MESSAGE_MAX, &map, &err);
	if (code == 0)
		code = seal(f, ipc_call_sender(call, NULL), request, small ? request->small : map.content, &questions, &notes, &more, &result, &err);
	if (code == 0 && result.code == 250)
		code = put_record(&result, small, &reply, &err);
	if (code == 0 && buf_len(&more) > 0 && (reply.more = memfd_from_slice("more", buf_slice(&more), &err)) < 0)
		code = reply.more;
	if (code < 0) {
		file_close(&reply.record);
		reply.small = SLICE_NONE;
		log_failure(f, request->cid, &err);
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
	count_message(f);
}

static int map_read(void *arg, uint64_t offset, void *p, size_t n)
{
	struct slice *record = arg;
	struct slice piece = slice_sub(*record, offset, offset + n);

	if (offset > record->n || piece.n != n)
		return ERR_DAMAGED;
	if (n > 0)
		memcpy(p, piece.p, n);
	return 0;
}

/* The data key of the record, by way of key, which opens wraps of the queue epochs for us. */
static int open_original(struct filter_role *f, const struct seal_source *source, struct sealed **ret, struct error *err)
{
	struct ipc_key_open request = {0};
	struct ipc_key_open_reply reply = {0};
	uint8_t storage[KEY_REPLY_MAX], nonce[16], wrap[48];
	int code = sealed_outbound_wrap(source, &request.epoch, request.ephemeral.b, nonce, wrap);

	if (code < 0)
		return error_set(err, code, "the record has no outbound reader");
	request.record_nonce = slice_make(nonce, sizeof nonce);
	request.wrap = slice_make(wrap, sizeof wrap);
	if (ipc_request_sync(f->ctx->ipc, IPC_KEY_OPEN, &request, &reply, storage, sizeof storage) != IPC_OK)
		return error_set(err, ERR_TEMPORARY, "key does not answer");
	if (reply.status != 0)
		return error_set(err, ERR_DENIED, "key does not open the record");
	code = sealed_open_with_key(source, reply.data_key.b, ret, err);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return code;
}

/* RET=FULL returns the letter, if it is not too long; all else the header. Delays and confirmations never return a body (RFC 3461 6.2). */
static int read_original(struct filter_role *f, struct slice record, const struct dsn_report *report, struct buf *out, bool *ret_whole,
                         struct error *err)
{
	struct seal_source source = {.read = map_read, .arg = &record, .size = record.n};
	struct sealed *sealed = NULL;
	int code = open_original(f, &source, &sealed, err);

	if (code == 0) {
		*ret_whole = report->kind == DSN_FAILURE && report->ret == 1 && sealed_size(sealed) <= FILTER_RETURN_MAX;
		code = sealed_read(sealed, 0, *ret_whole ? sealed_size(sealed) : sealed_header_size(sealed), out, err);
	}
	sealed_close(&sealed);
	return code;
}

/* Only a notification that leaves the house needs an epoch. */
static bool goes_outside(struct slice fact_bytes)
{
	struct recipient_fact fact;
	struct slice whole;

	return fact_peek_recipient(&fact_bytes, &fact, &whole) == 0 && fact.kind == FACT_REMOTE;
}

static int compose(struct filter_role *f, const struct ipc_filter_dsn *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = settings_of(f);
	struct file_map map = FILE_MAP_NONE;
	struct buf original = BUF_INIT(MESSAGE_MAX);
	const struct filter_epoch *epoch = NULL;
	struct dsn_report report;
	bool whole = false;
	int code = dsn_report_decode(request->report, &f->arena, &report);

	if (code < 0)
		return error_set(err, code, "malformed report");
	if (request->original >= 0)
		code = memfd_map(request->original, MESSAGE_MAX, &map, err);
	if (code == 0 && request->original >= 0)
		code = read_original(f, map.content, &report, &original, &whole, err);
	if (code == 0 && goes_outside(report.fact))
		epoch = epoch_get(f);
	if (code == 0)
		code = filter_dsn(&report, buf_slice(&original), whole, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);
	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	file_unmap(&map);
	buf_free(&original);
	return code;
}

static void on_dsn(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_dsn *request = message;
	struct ipc_filter_dsn_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};
	int original = request->original;

	cpu_limit(CPU_SECONDS);
	reply.status = compose(f, request, &result, &reply.record, &err) < 0;
	if (reply.status != 0)
		log_failure(f, SLICE("dsn"), &err);
	FAULT_POINT(filter_sealed);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	file_close(&original);
	buf_free(&result.record);
	count_message(f);
}

/* ---- reports ---- */

static int write_report(struct filter_role *f, const struct ipc_filter_report *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = settings_of(f);
	const struct config *config = f->ctx->config;
	struct file_map map = FILE_MAP_NONE;
	struct filter_report r = {.cid = request->cid, .now_ms = (int64_t)request->now_ms, .day = (int64_t)request->day, .domain = request->domain,
		.kind = request->kind == REPORT_OUT_TLS ? REPORT_OUT_TLS : REPORT_OUT_DMARC,
		.policy = request->policy, .to = request->to, .max_bytes = request->max, .from = request->from, .signer = request->signer,
		.organisation = config->report_organisation, .contact = config->report_contact};
	const struct filter_epoch *epoch = epoch_get(f);
	int code = memfd_map(request->rows, REPORT_ROWS_BYTES, &map, err);

	r.rows = map.content;
	if (code == 0)
		code = filter_report(&r, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);
	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	file_unmap(&map);
	return code;
}

static void on_report(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_report *request = message;
	struct ipc_filter_report_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};
	int rows = request->rows, code;

	cpu_limit(REPORT_CPU_SECONDS);
	code = write_report(f, request, &result, &reply.record, &err);
	reply.status = code == ERR_LIMIT ? 2 : code < 0;
	if (code < 0 && code != ERR_LIMIT)
		log_failure(f, request->cid, &err);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	file_close(&rows);
	buf_free(&result.record);
	count_message(f);
}

/* ---- letters of the system ---- */

static int write_letter(struct filter_role *f, const struct ipc_filter_notice *request, struct filter_result *result, int *ret_fd, struct error *err)
{
	struct filter_settings settings = settings_of(f);
	const struct filter_notice n = {.cid = request->cid, .name = request->name, .language = request->language, .fact = request->fact,
		.domain = request->domain, .signer = request->signer, .args = request->args, .now_ms = (int64_t)request->now_ms};
	const struct filter_epoch *epoch = goes_outside(n.fact) ? epoch_get(f) : NULL;
	int code = filter_notice(&n, &settings, f->ctx->boot_secret, epoch, &f->arena, result, err);

	if (code == 0) {
		*ret_fd = memfd_from_slice("record", buf_slice(&result->record), err);
		code = *ret_fd < 0 ? *ret_fd : 0;
	}
	return code;
}

static void on_notice(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_notice *request = message;
	struct ipc_filter_notice_reply reply = {.record = -1};
	struct filter_result result = {0};
	struct error err = {0};

	cpu_limit(CPU_SECONDS);
	reply.status = write_letter(f, request, &result, &reply.record, &err) < 0;
	if (reply.status != 0)
		log_failure(f, request->cid, &err);
	FAULT_POINT(filter_sealed);
	ipc_reply(call, &reply);
	file_close(&reply.record);
	buf_free(&result.record);
	count_message(f);
}

/* ---- letters that are looked at ---- */

static int view(struct filter_role *f, const struct ipc_filter_view *request, struct ipc_filter_view_reply *reply, struct buf *out, struct error *err)
{
	struct file_map map = FILE_MAP_NONE;
	struct html_report r;
	int code = request->parts >= 0 ? memfd_map(request->parts, FILTER_VIEW_BUNDLE_MAX, &map, err) : 0;

	if (code == 0)
		code = filter_view(request->parts >= 0 ? map.content : request->small, request->flags, request->leave, request->language, &f->arena, out, &r, err);
	file_unmap(&map);
	if (code < 0)
		return code;
	*reply = (struct ipc_filter_view_reply){.document = -1, .remote = r.remote, .missing = r.missing, .links = r.links, .deceiving = r.deceiving,
		.cut = r.cut, .dark = r.dark};
	if (buf_len(out) <= IPC_SMALL_MAX)
		reply->small = buf_slice(out);
	else if ((reply->document = memfd_from_slice("document", buf_slice(out), err)) < 0)
		return reply->document;
	return 0;
}

static void on_view(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_view *request = message;
	struct ipc_filter_view_reply reply = {.document = -1};
	struct buf out = BUF_INIT(HTML_DOCUMENT_MAX);
	struct error err = {0};
	int parts = request->parts;

	cpu_limit(FILTER_VIEW_CPU_SECONDS);
	if (view(f, request, &reply, &out, &err) < 0) {
		log_failure(f, request->cid, &err);
		reply = (struct ipc_filter_view_reply){.status = 1, .document = -1};
	}
	ipc_reply(call, &reply);
	file_close(&reply.document);
	file_close(&parts);
	buf_free(&out);
	count_message(f);
}

/* ---- messages that are only looked into ---- */

static int parse(struct filter_role *f, int letter, struct ipc_filter_parse_reply *reply, struct buf *out, struct error *err)
{
	static const uint8_t no_id[16];
	struct digest *digest = ARENA_NEW(&f->arena, struct digest);
	struct file_map map = FILE_MAP_NONE;
	int code = memfd_map(letter, f->ctx->config->message_size, &map, err);

	if (code == 0)
		code = mime_digest_make(map.content, no_id, &f->arena, digest);
	if (code == 0) {
		digest->search_header = digest->search_text = SLICE_NONE;
		digest_encode(digest, out);
		if (out->failed)
			code = error_set(err, ERR_LIMIT, "the digest is too large");
	}
	file_unmap(&map);
	if (code < 0)
		return code;
	*reply = (struct ipc_filter_parse_reply){.digest = -1};
	if (buf_len(out) <= IPC_SMALL_MAX)
		reply->small = buf_slice(out);
	else if ((reply->digest = memfd_from_slice("digest", buf_slice(out), err)) < 0)
		return reply->digest;
	return 0;
}

static void on_parse(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_parse *request = message;
	struct ipc_filter_parse_reply reply = {.digest = -1};
	struct buf out = BUF_INIT(MIME_DIGEST_MAX);
	struct error err = {0};
	int letter = request->letter;

	cpu_limit(CPU_SECONDS);
	if (parse(f, letter, &reply, &out, &err) < 0) {
		log_failure(f, request->cid, &err);
		reply = (struct ipc_filter_parse_reply){.status = 1, .digest = -1};
	}
	ipc_reply(call, &reply);
	file_close(&reply.digest);
	file_close(&letter);
	buf_free(&out);
	count_message(f);
}

static int filter_start(struct role_context *ctx, struct error *err)
{
	struct filter_role *f;

	if (ctx->boot_secret == NULL)
		return error_set(err, ERR_INVALID, "filter has no boot secret");
	crypt_init();
	mime_warm();
	sieve_warm();
	host_warm();
	confusable_warm();
	f = memory_alloc(sizeof *f);
	f->ctx = ctx;
	f->arena = ARENA_INIT;
	f->handover = timer_create_on(ctx->loop, handover, f);
	slab_setup(SLAB_CELLS);
	f->sealer = sealer_new();
	f->forget = timer_create_on(ctx->loop, forget, f);
	ctx->state = f;
	checks_configure(f);
	guard_configure(f);
	partners_configure(f);
	ipc_handle(ctx->ipc, IPC_FILTER_SEAL, on_seal, f);
	ipc_handle(ctx->ipc, IPC_FILTER_DSN, on_dsn, f);
	ipc_handle(ctx->ipc, IPC_FILTER_NOTICE, on_notice, f);
	ipc_handle(ctx->ipc, IPC_FILTER_REPORT, on_report, f);
	ipc_handle(ctx->ipc, IPC_FILTER_VIEW, on_view, f);
	ipc_handle(ctx->ipc, IPC_FILTER_PARSE, on_parse, f);
	return 0;
}

static void filter_reload(struct role_context *ctx)
{
	checks_configure(ctx->state);
	guard_configure(ctx->state);
	partners_configure(ctx->state);
}

/* Requests are answered where they arrive, so nothing is in hand here. */
static void filter_stop(struct role_context *ctx)
{
	struct filter_role *f = ctx->state;

	timer_stop(f->handover);
	role_stopped(ctx);
}

static void filter_status(struct role_context *ctx, struct buf *out)
{
	const struct filter_role *f = ctx->state;

	buf_printf(out, "\"messages\":%llu,\"refused\":%llu,\"failed\":%llu", (unsigned long long)f->served, (unsigned long long)f->refused,
	           (unsigned long long)f->failed);
}

const struct role_ops role_filter = {.start = filter_start, .reload = filter_reload, .stop = filter_stop, .status = filter_status};
