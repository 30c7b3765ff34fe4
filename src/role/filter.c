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
#include "mime/text.h"
#include "policy/confusable.h"
#include "policy/lists.h"
#include "policy/warm.h"
#include "sieve/sieve.h"
#include "role/filter.h"
#include "store/fact.h"
#include "store/seal.h"

#define MESSAGES_MAX 1000             /* then a fresh process takes over, so that nothing of a message lives long */
#define FORGET_MS 1000                /* the longest life of an ephemeral secret */
#define SLAB_CELLS 128
#define SHUT_MS 5                     /* for what came while it shut its doors */
#define HANDOVER_MS 250               /* idle before that; of each further instance so much longer */
#define EPOCH_AGE_MS MINUTES_MS(1)    /* how long an epoch is used without asking key again */
#define POINTS_MAX 1000               /* of one row of trust.lists */
#define POINTS_NEVER 1000000          /* no letter has so many */

/* SIGPROF is left at its default: the process ends. Each message starts the count anew; with the ephemeral secret it ends, when no message is in
 * hand. */
void filter_role_cpu_limit(long seconds)
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
	uint8_t storage[FILTER_KEY_REPLY_MAX];

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

struct filter_settings filter_role_settings(struct filter_role *f)
{
	const struct config *config = f->ctx->config;

	return (struct filter_settings){.hostname = config->hostname, .language = config->language, .message_size = config->message_size,
	                                .sealer = f->sealer, .quarantine = config->trust_quarantine > 0, .dmarc_enforce = config->trust_dmarc,
	                                .reports = config->report_dmarc, .report_address = config->report_address, .greylist_s = config->trust_greylist / 1000,
	                                .arc_trusted = {config->trust_arc_sealers.items, config->trust_arc_sealers.count}, .zones = f->zones,
	                                .zone_count = f->zone_count, .checks = &f->checks, .confidential = config->confidential_allow,
	                                .confidential_longest_s = config->confidential_longest / 1000, .clock = stopwatch, .sign = sign, .sign_arg = f};
}

/* The epoch that outgoing copies are sealed to; NULL when key does not answer. */
const struct filter_epoch *filter_role_epoch(struct filter_role *f)
{
	struct ipc_key_epoch request = {.rotate = 0};
	struct ipc_key_epoch_reply reply = {0};
	uint8_t storage[FILTER_KEY_REPLY_MAX];
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
void filter_role_done(struct filter_role *f)
{
	arena_reset(&f->arena);
	if (!f->forgetting)
		timer_start(f->forget, FORGET_MS);
	f->forgetting = true;
	if (++f->served >= MESSAGES_MAX)
		timer_start(f->handover, f->shut ? SHUT_MS : HANDOVER_MS * (1 + (int64_t)f->ctx->index));
}

/* Not all at once, and not over what lies unread: a process that was held up finds its time over before it looks. */
static void handover(void *arg)
{
	struct filter_role *f = arg;
	bool idle = ipc_idle(f->ctx->ipc);

	if (f->shut && idle) {
		role_stopped(f->ctx);
		return;
	}
	if (idle)
		ipc_shut(f->ctx->ipc);
	f->shut = f->shut || idle;
	timer_start(f->handover, f->shut ? SHUT_MS : HANDOVER_MS);
}

static void forget(void *arg)
{
	struct filter_role *f = arg;

	filter_role_cpu_limit(0);
	f->forgetting = false;
	sealer_forget(f->sealer);
}

void filter_role_failed(struct filter_role *f, struct slice cid, const struct error *err)
{
	f->failed++;
	log_event(EV_INTERNAL, LOG_TEXT("cid", cid), LOG_STR("at", "filter"), LOG_STR("error", error_code_name(err->code)),
	          LOG_STR("what", err->private_text));
}

/* Only a notification that leaves the house needs an epoch. */
bool filter_role_goes_outside(struct slice fact_bytes)
{
	struct recipient_fact fact;
	struct slice whole;

	return fact_peek_recipient(&fact_bytes, &fact, &whole) == 0 && fact.kind == FACT_REMOTE;
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
	ipc_handle(ctx->ipc, IPC_FILTER_SEAL, filter_on_seal, f);
	ipc_handle(ctx->ipc, IPC_FILTER_DSN, filter_on_dsn, f);
	ipc_handle(ctx->ipc, IPC_FILTER_NOTICE, filter_on_notice, f);
	ipc_handle(ctx->ipc, IPC_FILTER_REPORT, filter_on_report, f);
	ipc_handle(ctx->ipc, IPC_FILTER_VIEW, filter_on_view, f);
	ipc_handle(ctx->ipc, IPC_FILTER_PARSE, filter_on_parse, f);
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
