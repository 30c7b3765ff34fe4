#include "trust/dmarc.h"

#include <libpsl.h>
#include <string.h>

#include "base/ensure.h"
#include "trust/idn.h"

/* One step of a tree walk. */
struct step {
	struct slice domain;
	enum dmarc_found found;
	struct dmarc_record *record;
};

struct walk {
	struct step steps[DMARC_WALK_MAX];
	size_t count;
};

/* What the walk over an author's domain says. */
struct discovery {
	enum dmarc_found found; /* of a record to apply */
	struct slice org_domain, policy_domain;
	const struct dmarc_record *record;
};

/* ---- records ---- */

/* RFC 7489 6.6.3: what is no record is passed over; several records are none. */
static enum dmarc_found choose_record(struct facts *f, struct slice records, struct dmarc_record *ret)
{
	struct slice rdata, text;
	struct dmarc_record r;
	unsigned count = 0;
	while (dns_record_next(&records, &rdata))
		if (dns_txt_join(f->arena, rdata, &text) && dmarc_record_parse(text, f->arena, &r)) {
			*ret = r;
			count++;
		}
	return count == 1 ? DMARC_FOUND : DMARC_NOT_FOUND;
}

static enum dmarc_found status_of(const struct dns_answer *a)
{
	switch (a->status) {
	case DNS_WANTED: return DMARC_LATER;
	case DNS_FOUND: return DMARC_FOUND;
	case DNS_NODATA:
	case DNS_NXDOMAIN: return DMARC_NOT_FOUND;
	case DNS_FAILED:
	case DNS_BOGUS: return DMARC_FAILED_NOW;
	}
	UNREACHABLE();
}

static enum dmarc_found find_record(struct facts *f, struct slice domain, struct dmarc_record *ret)
{
	const struct dns_answer *a = facts_dns(f, arena_printf(f->arena, "_dmarc.%.*s", SLICE_ARG(domain)), DNS_TXT);
	enum dmarc_found found = status_of(a);
	return found == DMARC_FOUND ? choose_record(f, a->records, ret) : found;
}

/* ---- the tree walk ---- */

static size_t label_count(struct slice domain)
{
	size_t n = 1;
	for (size_t i = 0; i < domain.n; i++)
		n += domain.p[i] == '.';
	return n;
}

static struct slice without_label(struct slice domain)
{
	ptrdiff_t dot = slice_find(domain, '.');
	return dot >= 0 ? slice_from(domain, (size_t)dot + 1) : SLICE_NONE;
}

/* Asks for all names at once; those behind a psd tag do not count then. */
static void walk(struct facts *f, struct slice domain, struct walk *ret)
{
	struct slice name = domain;
	ret->count = 0;
	while (name.n > 0 && ret->count < DMARC_WALK_MAX) {
		struct step *s = &ret->steps[ret->count++];
		*s = (struct step){.domain = name, .record = ARENA_NEW(f->arena, struct dmarc_record)};
		s->found = find_record(f, name, s->record);
		if (s->found == DMARC_FOUND && s->record->psd != DMARC_PSD_UNKNOWN)
			return;
		do
			name = without_label(name);
		while (name.n > 0 && label_count(name) >= DMARC_WALK_MAX);
	}
}

/* The step whose record says or is the organisational domain; SIZE_MAX: none. */
static size_t deciding_step(const struct walk *w)
{
	size_t decides = SIZE_MAX;
	for (size_t i = 0; i < w->count; i++)
		if (w->steps[i].found == DMARC_FOUND)
			decides = i;
	return decides;
}

static enum dmarc_found worst(const struct walk *w)
{
	enum dmarc_found result = DMARC_NOT_FOUND;
	for (size_t i = 0; i < w->count; i++) {
		if (w->steps[i].found == DMARC_LATER)
			return DMARC_LATER;
		if (w->steps[i].found == DMARC_FAILED_NOW)
			result = DMARC_FAILED_NOW;
	}
	return result;
}

/* The name one label longer than `parent` that `domain` is or is below. */
static struct slice child_towards(struct slice parent, struct slice domain)
{
	struct slice name = domain;
	for (struct slice up = without_label(name); up.n > parent.n; up = without_label(up))
		name = up;
	return name;
}

/* draft-ietf-dmarc-dmarcbis 4.10.2 */
static struct slice org_of_walk(const struct walk *w)
{
	struct slice domain = w->steps[0].domain;
	size_t i = deciding_step(w);
	if (i == SIZE_MAX)
		return domain;
	if (i > 0 && w->steps[i].record->psd == DMARC_PSD_YES)
		return child_towards(w->steps[i].domain, domain);
	return w->steps[i].domain;
}

/* RFC 7489 3.2. A domain that is a public suffix itself is its own. */
static struct slice org_of_list(struct slice domain, struct arena *arena)
{
	const char *name = arena_dup_str(arena, domain);
	const char *registrable = psl_registrable_domain(psl_builtin(), name);
	return registrable != NULL ? slice_str(registrable) : domain;
}

enum dmarc_found dmarc_org_domain(struct facts *f, enum dmarc_method method, struct slice domain, struct slice *ret)
{
	struct walk w;
	if (method == DMARC_PUBLIC_SUFFIXES) {
		*ret = org_of_list(domain, f->arena);
		return DMARC_FOUND;
	}
	walk(f, domain, &w);
	enum dmarc_found found = worst(&w);
	if (found == DMARC_LATER || found == DMARC_FAILED_NOW)
		return found;
	*ret = org_of_walk(&w);
	return DMARC_FOUND;
}

/* ---- policy discovery ---- */

static const struct step *step_at(const struct walk *w, struct slice domain)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->steps[i].found == DMARC_FOUND && slice_eq(w->steps[i].domain, domain))
			return &w->steps[i];
	return NULL;
}

/* draft-ietf-dmarc-dmarcbis 4.10.1: the author's own record, else that of the organisation, else that of the public suffix. */
static void discover_by_walk(struct facts *f, struct slice author, struct discovery *ret)
{
	struct walk w;
	const struct step *s;
	walk(f, author, &w);
	enum dmarc_found found = worst(&w);
	s = w.steps[0].found == DMARC_FOUND ? &w.steps[0] : NULL;
	if (found == DMARC_LATER || (found == DMARC_FAILED_NOW && s == NULL)) {
		ret->found = found;
		return;
	}
	/* With a failure above, the organisation stays unknown; an exact match still counts. */
	if (found != DMARC_FAILED_NOW)
		ret->org_domain = org_of_walk(&w);
	if (s == NULL)
		s = step_at(&w, ret->org_domain);
	if (s == NULL && deciding_step(&w) != SIZE_MAX)
		s = &w.steps[deciding_step(&w)];
	if (s == NULL)
		return;
	ret->found = DMARC_FOUND;
	ret->policy_domain = s->domain;
	ret->record = s->record;
}

/* RFC 7489 6.6.3 */
static void discover_by_list(struct facts *f, struct slice author, struct discovery *ret)
{
	struct dmarc_record *own = ARENA_NEW(f->arena, struct dmarc_record), *org = ARENA_NEW(f->arena, struct dmarc_record);
	ret->org_domain = org_of_list(author, f->arena);
	ret->record = own;
	ret->policy_domain = author;
	ret->found = find_record(f, author, own);
	enum dmarc_found above = slice_eq(author, ret->org_domain) ? DMARC_NOT_FOUND : find_record(f, ret->org_domain, org);
	if (ret->found == DMARC_NOT_FOUND) {
		ret->found = above;
		ret->record = org;
		ret->policy_domain = ret->org_domain;
	}
}

static void discover(struct facts *f, enum dmarc_method method, struct slice author, struct discovery *ret)
{
	*ret = (struct discovery){.found = DMARC_NOT_FOUND};
	if (method == DMARC_PUBLIC_SUFFIXES)
		discover_by_list(f, author, ret);
	else
		discover_by_walk(f, author, ret);
}

/* ---- alignment ---- */

/* They cannot have one organisational domain when not even their last labels are the same. */
static bool may_align(struct slice a, struct slice b)
{
	struct slice last_a = slice_from(a, (size_t)(slice_rfind(a, '.') + 1)), last_b = slice_from(b, (size_t)(slice_rfind(b, '.') + 1));
	return slice_eq_nocase(last_a, last_b);
}

static enum dmarc_found aligned(struct facts *f, const struct dmarc_request *q, const struct discovery *d, struct slice author,
	struct slice domain, bool strict)
{
	struct slice org;
	if (slice_eq_nocase(author, domain))
		return DMARC_FOUND;
	if (strict || !may_align(author, domain))
		return DMARC_NOT_FOUND;
	enum dmarc_found found = dmarc_org_domain(f, q->method, domain, &org);
	if (found != DMARC_FOUND)
		return found;
	if (d->org_domain.n == 0)
		return DMARC_FAILED_NOW;
	return slice_eq_nocase(org, d->org_domain) ? DMARC_FOUND : DMARC_NOT_FOUND;
}

/* Compares everything. *ret_failed: something could not be compared now. */
static void align(struct facts *f, const struct dmarc_request *q, const struct discovery *d, struct dmarc_check *c, bool *ret_failed)
{
	struct slice ascii;
	enum dmarc_found found = DMARC_NOT_FOUND;
	if (q->spf_domain.n > 0 && trust_domain_ascii(f->arena, q->spf_domain, &ascii))
		found = aligned(f, q, d, c->author, ascii, d->record->strict_spf);
	c->spf_aligned = q->spf_passed && found == DMARC_FOUND;
	c->waits = c->waits || found == DMARC_LATER;
	*ret_failed = q->spf_passed && found == DMARC_FAILED_NOW;
	for (size_t i = 0; i < q->dkim_count && i < DMARC_IDENTITIES_MAX; i++) {
		if (!trust_domain_ascii(f->arena, q->dkim_domains[i], &ascii))
			continue;
		found = aligned(f, q, d, c->author, ascii, d->record->strict_dkim);
		c->waits = c->waits || found == DMARC_LATER;
		*ret_failed = *ret_failed || found == DMARC_FAILED_NOW;
		if (found == DMARC_FOUND && !c->dkim_aligned) {
			c->dkim_aligned = true;
			c->dkim_domain = ascii;
		}
	}
	/* What could not be checked now might have passed. */
	if (q->spf_failed_now && q->spf_domain.n > 0 && may_align(c->author, q->spf_domain))
		*ret_failed = true;
	*ret_failed = *ret_failed || q->dkim_failed_now;
}

/* ---- policy ---- */

/* Which of p, sp and np is meant (draft 4.10.1). */
static void choose_policy(struct facts *f, const struct discovery *d, struct dmarc_check *c)
{
	const struct dmarc_record *r = d->record;
	if (r->broken) {
		c->policy = DMARC_POLICY_NONE;
		c->policy_tag = "p";
		return;
	}
	if (slice_eq(d->policy_domain, c->author)) {
		c->policy = r->p;
		c->policy_tag = "p";
		return;
	}
	const struct dns_answer *a = r->has_np && r->np != r->sp ? facts_dns(f, c->author, DNS_A) : NULL;
	bool absent = a != NULL && a->status == DNS_NXDOMAIN;
	c->waits = c->waits || (a != NULL && a->status == DNS_WANTED);
	c->policy = absent ? r->np : r->sp;
	c->policy_tag = absent ? "np" : r->has_sp ? "sp" : "p";
}

static enum dmarc_policy one_less(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

static void dispose(const struct dmarc_request *q, struct dmarc_check *c)
{
	c->disposition = c->policy;
	if (c->policy == DMARC_POLICY_NONE)
		return;
	if (q->exempt != DMARC_NO_OVERRIDE) {
		c->disposition = DMARC_POLICY_NONE;
		c->override = q->exempt;
	} else if (c->record.test) {
		c->disposition = one_less(c->policy);
		c->override = DMARC_TEST_MODE;
	} else if (q->sample >= c->record.pct) {
		c->disposition = one_less(c->policy);
		c->override = DMARC_SAMPLED_OUT;
	}
}

static void set_reason(struct facts *f, struct dmarc_check *c)
{
	switch (c->result) {
	case DMARC_PASS:
		c->reason = c->dkim_aligned ? arena_printf(f->arena, "the signature of %.*s is aligned", SLICE_ARG(c->dkim_domain)) :
			SLICE("the domain that SPF passed is aligned");
		break;
	case DMARC_FAIL:
		c->reason = arena_printf(f->arena, "nothing that passed is aligned with %.*s; %s=%s of %.*s", SLICE_ARG(c->author), c->policy_tag,
			dmarc_policy_name(c->policy), SLICE_ARG(c->policy_domain));
		break;
	case DMARC_NONE: c->reason = arena_printf(f->arena, "%.*s has no policy", SLICE_ARG(c->author)); break;
	case DMARC_TEMPERROR: c->reason = arena_printf(f->arena, "a look-up for %.*s failed", SLICE_ARG(c->author)); break;
	case DMARC_PERMERROR: break;
	}
}

static void check_author(struct facts *f, const struct dmarc_request *q, struct slice author, struct dmarc_check *c)
{
	struct discovery d;
	bool failed = false;
	*c = (struct dmarc_check){.author = author, .policy_tag = "", .reason = SLICE("")};
	discover(f, q->method, author, &d);
	if (d.found == DMARC_LATER) {
		/* The walks of the others in the same round. */
		static const struct dmarc_record relaxed = {.has_p = true};
		d.record = &relaxed;
		align(f, q, &d, c, &failed);
		c->waits = true;
		return;
	}
	c->org_domain = d.org_domain;
	if (d.found == DMARC_FOUND && !(d.record->broken && d.record->rua_count == 0)) {
		c->policy_domain = d.policy_domain;
		c->record = *d.record;
		choose_policy(f, &d, c);
		align(f, q, &d, c, &failed);
		c->result = c->spf_aligned || c->dkim_aligned ? DMARC_PASS : failed ? DMARC_TEMPERROR : DMARC_FAIL;
	} else {
		c->result = d.found == DMARC_FAILED_NOW ? DMARC_TEMPERROR : DMARC_NONE;
	}
	if (c->result == DMARC_FAIL)
		dispose(q, c);
	set_reason(f, c);
}

/* Of several authors the one with the worst outcome decides (RFC 7489 6.6.1). */
static int severity(const struct dmarc_check *c)
{
	static const int ranks[] = {[DMARC_PASS] = 0, [DMARC_NONE] = 1, [DMARC_PERMERROR] = 2, [DMARC_TEMPERROR] = 3, [DMARC_FAIL] = 4};
	return ranks[c->result] * 10 + (int)c->disposition;
}

static void refuse(struct dmarc_check *c, struct slice reason)
{
	*c = (struct dmarc_check){.result = DMARC_PERMERROR, .policy_tag = "", .reason = reason};
}

void dmarc_check(struct facts *f, const struct dmarc_request *request, struct dmarc_check *ret)
{
	struct slice authors[DMARC_AUTHORS_MAX];
	bool broken, waits = false;
	unsigned count = dmarc_authors(request->header, f->arena, authors, &broken);
	if (count == 0)
		refuse(ret, broken ? SLICE("no address in From has a domain") : SLICE("there is no address in From"));
	else if (count > DMARC_AUTHORS_MAX)
		refuse(ret, SLICE("there are too many domains in From"));
	for (unsigned i = 0; i < count && count <= DMARC_AUTHORS_MAX; i++) {
		struct dmarc_check c;
		check_author(f, request, authors[i], &c);
		waits = waits || c.waits;
		if (i == 0 || severity(&c) > severity(ret))
			*ret = c;
	}
	ret->waits = waits;
	ret->author_count = count;
	/* An author who cannot be checked may not hide behind one who passes. */
	if (broken && count > 0 && ret->result == DMARC_PASS) {
		ret->result = DMARC_PERMERROR;
		ret->reason = SLICE("an address in From has no domain");
	}
}

/* ---- reports to others, RFC 7489 7.1 ---- */

static enum dmarc_found allowed_by(struct facts *f, const struct dns_answer *a, struct dmarc_uri *uri)
{
	struct slice records = a->records, rdata, text;
	struct dmarc_record r;
	enum dmarc_found found = DMARC_NOT_FOUND;
	while (dns_record_next(&records, &rdata)) {
		if (!dns_txt_join(f->arena, rdata, &text) || !dmarc_record_parse(text, f->arena, &r))
			continue;
		if (r.rua_count > 0 && !slice_eq(r.rua[0].domain, uri->domain))
			return DMARC_NOT_FOUND;
		if (r.rua_count > 0)
			*uri = r.rua[0];
		found = DMARC_FOUND;
	}
	return found;
}

enum dmarc_found dmarc_report_allowed(struct facts *f, enum dmarc_method method, struct slice domain, struct dmarc_uri *uri)
{
	struct slice here, there, name = arena_printf(f->arena, "%.*s._report._dmarc.%.*s", SLICE_ARG(domain), SLICE_ARG(uri->domain));
	if (slice_eq_nocase(domain, uri->domain))
		return DMARC_FOUND;
	const struct dns_answer *a = facts_dns(f, name, DNS_TXT);
	enum dmarc_found of_domain = dmarc_org_domain(f, method, domain, &here), of_uri = dmarc_org_domain(f, method, uri->domain, &there);
	if (of_domain == DMARC_LATER || of_uri == DMARC_LATER)
		return DMARC_LATER;
	if (of_domain == DMARC_FOUND && of_uri == DMARC_FOUND && slice_eq_nocase(here, there))
		return DMARC_FOUND;
	enum dmarc_found found = status_of(a);
	return found == DMARC_FOUND ? allowed_by(f, a, uri) : found;
}

const char *dmarc_result_name(enum dmarc_result result)
{
	static const char *const names[] = {
		[DMARC_NONE] = "none", [DMARC_PASS] = "pass", [DMARC_FAIL] = "fail", [DMARC_TEMPERROR] = "temperror", [DMARC_PERMERROR] = "permerror",
	};
	return names[result];
}

const char *dmarc_policy_name(enum dmarc_policy policy)
{
	static const char *const names[] = {
		[DMARC_POLICY_NONE] = "none", [DMARC_POLICY_QUARANTINE] = "quarantine", [DMARC_POLICY_REJECT] = "reject",
	};
	return names[policy];
}

const char *dmarc_override_name(enum dmarc_override override)
{
	static const char *const names[] = {
		[DMARC_NO_OVERRIDE] = "", [DMARC_FORWARDED] = "forwarded", [DMARC_SAMPLED_OUT] = "sampled_out",
		[DMARC_TRUSTED_FORWARDER] = "trusted_forwarder",
		[DMARC_MAILING_LIST] = "mailing_list", [DMARC_LOCAL_POLICY] = "local_policy", [DMARC_OTHER] = "other",
		[DMARC_TEST_MODE] = "policy_test_mode",
	};
	return names[override];
}
