/* What became of TLS with a destination, for the reports that it may ask for (RFC 8460): a row for each session, told to queue with the results. */
#include "base/ascii.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "net/address.h"
#include "queue/report_session.h"
#include "role/relay.h"

#define TLSA_HEX_MAX 128 /* bytes of the data of a TLSA record that are written */

static bool concerns(const struct relay_delivery *d)
{
	return d->probe == NULL && !d->job.any_tls && d->route.mx_domain.n > 0 && d->route.mx_domain.n <= MEMORY_KEY_MAX;
}

/* "3 1 1 0123…", the form of RFC 6698 2.2. */
static void add_tlsa(struct relay_delivery *d, struct slice records, struct tlsrpt_policy *p)
{
	struct slice rdata;
	while (p->string_count < TLSRPT_STRINGS_MAX && slice_get_bytes(&records, &rdata)) {
		struct buf text = BUF_INIT(2 * TLSA_HEX_MAX + 32);
		if (rdata.n < 4)
			continue;
		buf_printf(&text, "%u %u %u ", rdata.p[0], rdata.p[1], rdata.p[2]);
		hex_encode(slice_sub(rdata, 3, 3 + TLSA_HEX_MAX), &text);
		p->strings[p->string_count++] = arena_dup(&d->arena, buf_slice(&text));
		buf_free(&text);
	}
}

static void add_sts(struct relay_delivery *d, struct tlsrpt_policy *p)
{
	const struct sts_policy *policy = &d->sts.state.policy;
	struct buf file = BUF_INIT(STS_FILE_MAX);
	struct slice rest, line;
	sts_policy_write(policy, &file);
	rest = arena_dup(&d->arena, buf_slice(&file));
	buf_free(&file);
	while (p->string_count < TLSRPT_STRINGS_MAX && slice_split(&rest, '\n', &line))
		if (slice_trim(line).n > 0)
			p->strings[p->string_count++] = slice_trim(line);
	for (size_t i = 0; i < policy->mx_count && i < TLSRPT_STRINGS_MAX; i++)
		p->mx_hosts[p->mx_host_count++] = policy->mx[i];
}

/* DANE counts more than MTA-STS (RFC 8461 2). */
static void set_policy(struct relay_delivery *d, const struct relay_hop *hop, bool sts, struct tlsrpt_policy *p)
{
	int64_t now_s = loop_now(d->relay->ctx->loop).wall_ms / 1000;
	p->domain = ascii_dup_lower(&d->arena, d->route.mx_domain);
	p->type = SLICE("no-policy-found");
	if (hop != NULL && hop->tlsa.n > 0) {
		p->type = SLICE("tlsa");
		p->mx_hosts[p->mx_host_count++] = hop->host;
		add_tlsa(d, hop->tlsa, p);
	} else if (sts || sts_mode_now(&d->sts.state, now_s) != STS_NONE) {
		p->type = SLICE("sts");
		if (sts_mode_now(&d->sts.state, now_s) != STS_NONE)
			add_sts(d, p);
	}
}

static void note(struct relay_delivery *d, const struct relay_hop *hop, bool sts, const char *failure, struct slice local, struct slice reason)
{
	struct report_session r = {0};
	struct buf one = BUF_INIT(MEMORY_VALUE_MAX);
	if (!concerns(d) || d->tls_results >= RELAY_TLS_RESULTS_MAX)
		return;
	set_policy(d, hop, sts, &r.policy);
	if (failure != NULL)
		r.failure = (struct tlsrpt_failure){.result_type = slice_str(failure), .failure_reason_code = reason, .sending_mta_ip = local,
			.receiving_mx_hostname = hop != NULL ? hop->host : SLICE_NONE, .receiving_ip = hop != NULL ? hop->address : SLICE_NONE};
	report_session_encode(&r, &one);
	if (!one.failed) {
		buf_put_bytes(&d->tls, buf_slice(&one));
		d->tls_results++;
	}
	buf_free(&one);
}

static const char *type_of(enum tls_problem problem)
{
	static const char *const types[] = {
		[TLS_PROBLEM_NONE] = TLSRPT_VALIDATION, [TLS_PROBLEM_NAME] = TLSRPT_HOST_MISMATCH, [TLS_PROBLEM_EXPIRED] = TLSRPT_EXPIRED,
		[TLS_PROBLEM_UNTRUSTED] = TLSRPT_NOT_TRUSTED, [TLS_PROBLEM_OTHER] = TLSRPT_VALIDATION,
	};
	return types[problem];
}

static bool sts_concerns(const struct relay_delivery *d, const struct relay_hop *hop)
{
	return hop->tlsa.n == 0 && sts_mode_now(&d->sts.state, loop_now(d->relay->ctx->loop).wall_ms / 1000) != STS_NONE;
}

void relay_report_opened(struct relay_delivery *d, const struct relay_hop *hop, const struct conn *conn)
{
	char room[ADDRESS_TEXT_MAX];
	struct slice local = conn_local_address(conn, room);
	const struct tls_session *tls = conn_is_secure(conn) ? conn_tls(conn) : NULL;
	enum tls_problem problem = tls != NULL ? tls_peer_problem_kind(tls) : TLS_PROBLEM_NONE;
	if (tls == NULL)
		note(d, hop, false, TLSRPT_STARTTLS, local, SLICE_NONE);
	else if (hop->tls == RELAY_TLS_ENCRYPTED)
		note(d, hop, false, TLSRPT_TLSA_INVALID, local, SLICE_NONE);
	else if (sts_concerns(d, hop) && !sts_mx_matches(d->sts.state.policy.mx, d->sts.state.policy.mx_count, hop->host))
		note(d, hop, false, TLSRPT_VALIDATION, local, SLICE("mx-not-in-policy"));
	else if (sts_concerns(d, hop) && problem != TLS_PROBLEM_NONE)
		note(d, hop, false, type_of(problem), local, tls_peer_problem(tls));
	else
		note(d, hop, false, NULL, SLICE_NONE, SLICE_NONE);
}

void relay_report_failed(struct relay_delivery *d, const struct relay_hop *hop, const struct conn *conn, bool offered)
{
	char room[ADDRESS_TEXT_MAX];
	const struct tls_session *tls = conn_tls(conn);
	const char *type = !offered ? TLSRPT_STARTTLS : tls != NULL ? type_of(tls_peer_problem_kind(tls)) : TLSRPT_VALIDATION;
	note(d, hop, false, type, conn_local_address(conn, room), offered && tls != NULL ? tls_peer_problem(tls) : SLICE_NONE);
}

void relay_report_policy(struct relay_delivery *d, const char *failure)
{
	note(d, NULL, slice_starts(slice_str(failure), SLICE("sts-")), failure, SLICE_NONE, SLICE_NONE);
}
