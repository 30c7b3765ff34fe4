/* Sender authentication: reverse name, SPF, DKIM, ARC, DMARC, and the field that tells the results (RFC 8601). */
#include "crypt/hash.h"
#include "filter/judge_internal.h"
#include "trust/idn.h"

#define PTR_NAMES_MAX 5

/* Private, loopback and link-local addresses have no names and no reputation (RFC 6890). */
static bool is_stranger(const struct trust_ip *ip)
{
	static const struct {
		struct trust_ip network;
		unsigned bits;
	} local[] = {
		{{false, {10}}, 8}, {{false, {127}}, 8}, {{false, {169, 254}}, 16}, {{false, {172, 16}}, 12}, {{false, {192, 168}}, 16}, {{false, {100, 64}}, 10},
		{{true, {[15] = 1}}, 128}, {{true, {0xfc}}, 7}, {{true, {0xfe, 0x80}}, 10},
	};
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		if (trust_ip_within(ip, &local[i].network, local[i].bits))
			return false;
	return true;
}

static bool resolves_back(struct judge *j, struct slice name)
{
	const struct dns_answer *a = facts_dns(j->facts, name, j->client.v6 ? DNS_AAAA : DNS_A);
	struct slice records = a->records, rdata;
	size_t size = j->client.v6 ? 16 : 4;
	j->waits |= a->status == DNS_WANTED;
	j->ptr_failed |= a->status == DNS_FAILED || a->status == DNS_BOGUS;
	while (dns_record_next(&records, &rdata))
		if (slice_eq(rdata, slice_make(j->client.bytes, size)))
			return true;
	return false;
}

/* RFC 8601 3: a name of the address that leads back to it. */
static void find_name(struct judge *j)
{
	struct buf reverse = BUF_INIT(100);
	struct slice records, rdata, name;
	if (!j->stranger)
		return;
	trust_ip_append_reverse(&j->client, &reverse);
	const struct dns_answer *a = facts_dns(j->facts, buf_slice(&reverse), DNS_PTR);
	j->waits |= a->status == DNS_WANTED;
	j->ptr_failed = a->status == DNS_FAILED || a->status == DNS_BOGUS;
	records = a->records;
	for (unsigned i = 0; i < PTR_NAMES_MAX && j->ptr.n == 0 && dns_record_next(&records, &rdata); i++)
		if (dns_name_read(j->arena, &rdata, &name) && resolves_back(j, name))
			j->ptr = name;
	buf_free(&reverse);
}

static void check_spf(struct judge *j)
{
	const struct spf_request request = {.client = j->client, .helo = j->e->helo, .mail_from = j->e->reverse_path, .host = j->e->hostname};
	if (!j->client_known)
		return;
	spf_check_mail_from(j->facts, &request, &j->spf);
	j->waits |= j->spf.waits;
	if (j->e->reverse_path.n == 0)
		return;
	spf_check_helo(j->facts, &request, &j->helo);
	j->waits |= j->helo.waits;
}

/* Did this host see DMARC pass for the author whom the message still has? */
static bool saw_it_pass(struct judge *j, const struct arc_set *set)
{
	struct authres *seen = ARENA_NEW(j->arena, struct authres);
	struct slice authors[DMARC_AUTHORS_MAX], from;
	bool broken;
	if (!authres_parse(set->results, j->arena, seen) || dmarc_authors(j->message.header, j->arena, authors, &broken) != 1 || broken)
		return false;
	const struct authres_result *dmarc = authres_find(seen, "dmarc");
	return dmarc != NULL && slice_eq(dmarc->result, SLICE("pass")) &&
		trust_domain_ascii(j->arena, authres_value(dmarc, "header", "from"), &from) && slice_eq(from, authors[0]);
}

static bool is_trusted_sealer(const struct judge *j, struct slice domain)
{
	for (size_t i = 0; i < j->settings->arc_trusted.count; i++)
		if (slice_eq_nocase(j->settings->arc_trusted.items[i], domain))
			return true;
	return false;
}

/*
 * A chain of ARC counts for what DMARC lost on the way when one whom we trust saw it pass (RFC 8617 7.2.1). Whatever stands below the seal of
 * somebody else is his word: anybody may begin a chain, and an honest host continues it.
 */
static bool forwarder_vouches(struct judge *j)
{
	const struct arc_report *arc = &j->arc;
	if (arc->waiting || arc->result != ARC_PASS)
		return false;
	for (size_t i = arc->count; i-- > 0 && is_trusted_sealer(j, arc->sets[i].domain);)
		if (saw_it_pass(j, &arc->sets[i]))
			return true;
	return false;
}

static void check_dmarc(struct judge *j)
{
	j->vouched = forwarder_vouches(j);
	struct dmarc_request request = {
		.header = j->message.header, .spf_domain = j->spf.domain, .spf_passed = !j->spf.waits && j->spf.result == SPF_PASS,
		.spf_failed_now = !j->spf.waits && j->spf.result == SPF_TEMPERROR,
		.sample = (unsigned)(hash_checksum(j->e->cid) % 100), /* the same in every run */
		.exempt = j->vouched ? DMARC_TRUSTED_FORWARDER : DMARC_NO_OVERRIDE,
	};
	for (size_t i = 0; i < j->dkim.count && !j->dkim.waiting; i++) {
		const struct dkim_signature *s = &j->dkim.signatures[i];
		request.dkim_failed_now |= s->result == DKIM_TEMPERROR;
		if (s->result == DKIM_PASS && !s->testing && request.dkim_count < DMARC_IDENTITIES_MAX)
			request.dkim_domains[request.dkim_count++] = s->domain;
	}
	dmarc_check(j->facts, &request, &j->dmarc);
	j->waits |= j->dmarc.waits;
}

void judge_trust(struct judge *j, struct slice message)
{
	j->client_known = trust_ip_parse(j->e->client_address, &j->client);
	j->stranger = j->client_known && is_stranger(&j->client);
	message_init(&j->message, message, j->arena);
	find_name(j);
	check_spf(j);
	dkim_verify(j->facts, &j->message, NULL, &j->dkim);
	arc_verify(j->facts, &j->message, &j->arc);
	j->waits |= j->dkim.waiting || j->arc.waiting;
	check_dmarc(j);
}

/* ---- for the checks of content ---- */

static const struct dkim_signature *best_signature(const struct judge *j)
{
	const struct dkim_signature *best = NULL;
	for (size_t i = 0; i < j->dkim.count; i++) {
		const struct dkim_signature *s = &j->dkim.signatures[i];
		bool better = best == NULL || (s->result == DKIM_PASS && best->result != DKIM_PASS) ||
			(s->result == best->result && s->aligned && !best->aligned);
		if (better)
			best = s;
	}
	return best;
}

const char *judge_dkim_name(const struct judge *j)
{
	const struct dkim_signature *best = best_signature(j);
	return dkim_result_name(best != NULL ? best->result : DKIM_NONE);
}

/* A chain of ARC that holds says nothing by itself: anybody can seal what he forged. It counts when we trust who sealed it. */
void judge_trust_letter(const struct judge *j, struct letter_trust *ret)
{
	static const enum letter_auth of_spf[] = {
		[SPF_NONE] = LETTER_NONE, [SPF_NEUTRAL] = LETTER_NEUTRAL, [SPF_PASS] = LETTER_PASS, [SPF_FAIL] = LETTER_FAIL,
		[SPF_SOFTFAIL] = LETTER_SOFT_FAIL, [SPF_TEMPERROR] = LETTER_ERROR, [SPF_PERMERROR] = LETTER_ERROR,
	};
	static const enum letter_auth of_dkim[] = {
		[DKIM_NONE] = LETTER_NONE, [DKIM_PASS] = LETTER_PASS, [DKIM_FAIL] = LETTER_FAIL, [DKIM_POLICY] = LETTER_NEUTRAL,
		[DKIM_NEUTRAL] = LETTER_NEUTRAL, [DKIM_TEMPERROR] = LETTER_ERROR, [DKIM_PERMERROR] = LETTER_ERROR,
	};
	static const enum letter_auth of_dmarc[] = {
		[DMARC_NONE] = LETTER_NONE, [DMARC_PASS] = LETTER_PASS, [DMARC_FAIL] = LETTER_FAIL, [DMARC_TEMPERROR] = LETTER_ERROR,
		[DMARC_PERMERROR] = LETTER_ERROR,
	};
	static const enum letter_dmarc_policy policies[] = {
		[DMARC_POLICY_NONE] = LETTER_DMARC_NONE, [DMARC_POLICY_QUARANTINE] = LETTER_DMARC_QUARANTINE, [DMARC_POLICY_REJECT] = LETTER_DMARC_REJECT,
	};
	const struct dkim_signature *best = best_signature(j);
	*ret = (struct letter_trust){
		.given = !j->waits, .spf = of_spf[j->spf.result], .spf_domain = j->spf.domain, .dmarc = of_dmarc[j->dmarc.result],
		.dmarc_policy = policies[j->dmarc.policy], .arc = j->vouched ? LETTER_PASS : j->arc.result == ARC_FAIL ? LETTER_FAIL : LETTER_NONE,
	};
	if (best != NULL) {
		ret->dkim = of_dkim[best->result];
		ret->dkim_domain = best->domain;
	}
}

/* ---- Authentication-Results ---- */

static void write_spf(struct authres *a, const struct spf_check *spf)
{
	struct authres_result *r = authres_add(a, "spf", spf_result_name(spf->result));
	if (r == NULL)
		return;
	authres_property(r, "smtp", spf->scope == SPF_HELO ? "helo" : "mailfrom", spf->scope == SPF_HELO ? spf->domain : spf->sender);
}

static void write_dkim(struct authres *a, const struct dkim_report *dkim)
{
	if (dkim->count == 0)
		authres_add(a, "dkim", "none");
	for (size_t i = 0; i < dkim->count; i++) {
		const struct dkim_signature *s = &dkim->signatures[i];
		struct authres_result *r = authres_add(a, "dkim", dkim_result_name(s->result));
		if (r == NULL)
			return;
		if (s->reason[0] != '\0')
			r->reason = slice_str(s->reason);
		authres_property(r, "header", "d", s->domain);
		authres_property(r, "header", "s", s->selector);
		authres_property(r, "header", "a", s->algorithm);
		authres_property(r, "header", "b", s->b);
	}
}

static void write_dmarc(struct judge *j, struct authres *a)
{
	const struct dmarc_check *d = &j->dmarc;
	struct authres_result *r = authres_add(a, "dmarc", dmarc_result_name(d->result));
	if (r == NULL)
		return;
	if (d->policy_domain.n > 0)
		r->comment = arena_printf(j->arena, "p=%s dis=%s%s%s", dmarc_policy_name(d->policy), dmarc_policy_name(d->disposition),
		                          d->override != DMARC_NO_OVERRIDE ? " override=" : "", dmarc_override_name(d->override));
	authres_property(r, "header", "from", d->author);
}

void judge_trust_write(struct judge *j, struct buf *out)
{
	struct authres *a = ARENA_NEW(j->arena, struct authres);
	a->id = j->e->hostname;
	if (j->stranger) {
		struct authres_result *r = authres_add(a, "iprev", j->ptr.n > 0 ? "pass" : j->ptr_failed ? "temperror" : "fail");
		if (r != NULL)
			authres_property(r, "policy", "iprev", j->e->client_address);
	}
	if (j->client_known)
		write_spf(a, &j->spf);
	if (j->client_known && j->helo.domain.n > 0 && j->helo.result != SPF_NONE)
		write_spf(a, &j->helo);
	write_dkim(a, &j->dkim);
	if (j->arc.result != ARC_NONE) {
		struct authres_result *r = authres_add(a, "arc", arc_result_name(j->arc.result));
		if (r != NULL && j->arc.result == ARC_FAIL)
			r->reason = slice_str(j->arc.reason);
	}
	write_dmarc(j, a);
	authres_write(a, j->e->smtputf8, out);
}
