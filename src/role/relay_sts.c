/* MTA-STS of a destination (RFC 8461): the record from DNS, the policy by `fetch` when it is new or old, and what that means for the hops. */
#include "base/memory.h"
#include "role/fetch.h"
#include "role/relay.h"
#include "trust/facts.h"
#include "trust/tlsrpt.h"

enum { RCODE_OK = 0 };

struct question {
	struct relay *relay;
	struct arena *arena;
	struct relay_sts *sts;
	struct slice domain, id;
	relay_sts_fn *fn;
	void *arg;
};

static int64_t time_of(const struct question *q)
{
	return loop_now(q->relay->ctx->loop).wall_ms / 1000;
}

static void question_end(struct question *q)
{
	relay_sts_fn *fn = q->fn;
	void *arg = q->arg;
	memory_free(q);
	fn(arg);
}

/* ---- policies that did not come ---- */

void relay_sts_free(struct relay *relay)
{
	MAP_FOREACH(entry, &relay->sts_failed)
		memory_free(entry->value);
	map_free(&relay->sts_failed);
	relay->sts_failed = MAP_INIT;
}

static int64_t failed_at(const struct question *q)
{
	const int64_t *at = map_get(&q->relay->sts_failed, q->domain);
	return at != NULL ? *at : 0;
}

static void failed_note(struct question *q)
{
	if (q->relay->sts_failed.count >= RELAY_STS_FAILED_MAX)
		relay_sts_free(q->relay);
	int64_t *at = memory_alloc(sizeof *at);
	*at = time_of(q);
	memory_free(map_put(&q->relay->sts_failed, q->domain, at));
}

/* ---- the policy ---- */

/* The value of Content-Type in "Name: value" lines. */
static struct slice media_type(struct slice headers)
{
	struct slice line;
	while (slice_split(&headers, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');
		if (colon > 0 && slice_eq_nocase(slice_sub(line, 0, (size_t)colon), SLICE("content-type")))
			return slice_trim(slice_from(line, (size_t)colon + 1));
	}
	return SLICE_NONE;
}

/* RFC 8461 3.3: 200 and nothing else; a redirect is not followed. */
static bool policy_take(struct question *q, const struct ipc_fetch_reply *reply, struct sts_policy *ret)
{
	return reply->error.n == 0 && reply->code == 200 && sts_media_type_fits(media_type(reply->headers)) &&
	       sts_policy_parse(arena_dup(q->arena, reply->body), ret) == 0;
}

/* RFC 8460 4.3.2.2 */
static const char *problem_of(const struct ipc_fetch_reply *reply)
{
	if (slice_eq(reply->error, SLICE(FETCH_TLS_FAILED)))
		return TLSRPT_STS_WEBPKI;
	return reply->error.n > 0 || reply->code != 200 ? TLSRPT_STS_FETCH : TLSRPT_STS_INVALID;
}

static void on_policy(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct sts_policy policy;
	if (outcome != IPC_OK) {
		/* Nobody asked the domain: not a reason to do without its policy. */
		q->sts->postponed = sts_mode_now(&q->sts->state, time_of(q)) == STS_NONE;
		question_end(q);
		return;
	}
	if (policy_take(q, message, &policy)) {
		sts_fetched(&q->sts->state, q->id, &policy, time_of(q));
		q->sts->learnt = true;
	} else {
		q->sts->problem = problem_of(message);
		failed_note(q);
	}
	question_end(q);
}

static void policy_ask(struct question *q)
{
	struct buf url = BUF_INIT(1000);
	uint64_t port = q->relay->ctx->config->relay_sts_port;
	buf_printf(&url, "https://mta-sts.%.*s", SLICE_ARG(q->domain));
	if (port != 443)
		buf_printf(&url, ":%llu", (unsigned long long)port);
	buf_append_str(&url, "/.well-known/mta-sts.txt");
	struct ipc_fetch request = {.method = SLICE("GET"), .url = buf_slice(&url)};
	ipc_request(q->relay->ctx->ipc, IPC_FETCH, IPC_ANY, &request, on_policy, q);
	buf_free(&url);
}

/* ---- the record ---- */

#define RECORDS_MAX 16 /* texts at the name that are looked at; with more of them there is no policy */

static struct slice record_id(struct question *q, const struct ipc_resolve_reply *reply)
{
	struct slice texts[RECORDS_MAX], list = reply->records, rdata, id;
	uint16_t count = 0;
	size_t n = 0;
	slice_get_u16(&list, &count);
	if (reply->status != 0 || reply->rcode != RCODE_OK || count > RECORDS_MAX)
		return SLICE_NONE;
	for (uint16_t i = 0; i < count && slice_get_bytes(&list, &rdata); i++)
		n += dns_txt_join(q->arena, rdata, &texts[n]);
	return sts_record_id(texts, n, &id) == 0 ? arena_dup(q->arena, id) : SLICE_NONE;
}

static void on_record(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	if (outcome == IPC_OK)
		q->id = record_id(q, message);
	if (sts_wants_fetch(&q->sts->state, q->id, failed_at(q), time_of(q)))
		policy_ask(q);
	else
		question_end(q);
}

bool relay_sts_concerns(const struct relay_route *route)
{
	bool concerns = false;
	for (size_t i = 0; i < route->count; i++)
		concerns |= route->hops[i].tls != RELAY_TLS_DANE;
	return concerns && route->mx_domain.n > 0;
}

void relay_sts_find(struct relay *relay, struct slice domain, struct slice remembered, struct arena *arena, struct relay_sts *ret, relay_sts_fn *fn,
                    void *arg)
{
	struct question *q = memory_alloc(sizeof *q);
	*q = (struct question){.relay = relay, .arena = arena, .sts = ret, .domain = domain, .fn = fn, .arg = arg};
	*ret = (struct relay_sts){0};
	sts_state_decode(remembered, &ret->state);
	struct ipc_resolve request = {.name = arena_printf(arena, "_mta-sts.%.*s", SLICE_ARG(domain)), .type = DNS_TXT};
	ipc_request(relay->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, on_record, q);
}

void relay_sts_apply(struct relay_route *route, const struct sts_state *state, int64_t now_s)
{
	static const struct smtp_reply no_host = SMTP_REPLY_INIT(450, "4.7.0", "The MTA-STS policy of the domain names no host that DNS has for it");
	size_t kept = 0;
	if (sts_mode_now(state, now_s) != STS_ENFORCE)
		return;
	for (size_t i = 0; i < route->count; i++) {
		struct relay_hop *hop = &route->hops[i];
		if (hop->tls != RELAY_TLS_DANE) {
			if (!sts_mx_matches(state->policy.mx, state->policy.mx_count, hop->host))
				continue;
			hop->sts = true;
			hop->named_securely = true;
			hop->tls = RELAY_TLS_VERIFIED;
		}
		route->hops[kept++] = *hop;
	}
	if (kept == 0)
		route->failure = no_host;
	route->count = kept;
}
