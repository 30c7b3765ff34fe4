#include "trust/spf.h"

#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "trust/idn.h"
#include "trust/spf_private.h"

struct run {
	struct facts *facts;
	const struct spf_request *request;
	struct spf_check *check;
	struct spf_macros macros;
	bool waits;
	unsigned depth; /* of includes */
	/* Of the record whose term decided, outside of includes. */
	struct slice exp, exp_domain;
};

/* What a mechanism says. While the run waits, what is not known yet says NO. */
enum match { NO, YES, TEMPORARY, PERMANENT };

/* ---- looking up ---- */

static void list_lookup(struct spf_check *c, struct slice name, uint16_t type, const struct dns_answer *answer)
{
	for (size_t i = 0; i < c->lookup_count; i++)
		if (c->lookups[i].type == type && slice_eq_nocase(c->lookups[i].name, name))
			return;
	if (c->lookup_count < SPF_LOOKUPS_MAX)
		c->lookups[c->lookup_count++] = (struct spf_lookup){.name = name, .type = type, .answer = answer};
}

static const struct dns_answer *look_up(struct run *r, struct slice name, uint16_t type)
{
	const struct dns_answer *a = facts_dns(r->facts, name, type);
	r->waits = r->waits || a->status == DNS_WANTED;
	list_lookup(r->check, name, type, a);
	return a;
}

static bool is_void(const struct dns_answer *a)
{
	return a->status == DNS_NXDOMAIN || a->status == DNS_NODATA;
}

static bool has_failed(const struct dns_answer *a)
{
	return a->status == DNS_FAILED || a->status == DNS_BOGUS;
}

__attribute__((format(printf, 2, 3))) static void set_reason(struct run *r, const char *format, ...)
{
	struct buf text = BUF_INIT(1000);
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	r->check->reason = arena_dup(r->facts->arena, buf_slice(&text));
	buf_free(&text);
}

static enum match fail_temporary(struct run *r, struct slice name, const char *type)
{
	set_reason(r, "the look-up of %s %.*s failed", type, SLICE_ARG(name));
	return TEMPORARY;
}

/* Counts a term that looks up. RFC 7208 4.6.4. */
static bool count_term(struct run *r)
{
	if (r->check->terms >= SPF_TERMS_MAX) {
		set_reason(r, "more than %d terms that look up", SPF_TERMS_MAX);
		return false;
	}
	r->check->terms++;
	return true;
}

static enum match count_void(struct run *r)
{
	if (r->check->voids >= SPF_VOID_MAX) {
		set_reason(r, "more than %d look-ups of names that have nothing", SPF_VOID_MAX);
		return PERMANENT;
	}
	r->check->voids++;
	return NO;
}

static uint16_t address_type(const struct run *r)
{
	return r->request->client.v6 ? DNS_AAAA : DNS_A;
}

static bool holds_client(const struct run *r, const struct dns_answer *a, unsigned bits)
{
	struct slice records = a->records, rdata;
	size_t size = r->request->client.v6 ? 16 : 4;
	if (a->status != DNS_FOUND)
		return false;
	while (dns_record_next(&records, &rdata)) {
		struct trust_ip network = {.v6 = r->request->client.v6};
		if (rdata.n == size && slice_get_fixed(&rdata, network.bytes, size) && trust_ip_within(&r->request->client, &network, bits))
			return true;
	}
	return false;
}

/* ---- names of the client, RFC 7208 5.5 ---- */

static size_t client_names(struct run *r, struct slice names[SPF_NAMES_MAX], const struct dns_answer **ret_answer)
{
	struct buf name = BUF_INIT(FACTS_NAME_MAX);
	struct slice records, rdata;
	size_t count = 0;
	trust_ip_append_reverse(&r->request->client, &name);
	*ret_answer = look_up(r, arena_dup(r->facts->arena, buf_slice(&name)), DNS_PTR);
	buf_free(&name);
	records = (*ret_answer)->records;
	while ((*ret_answer)->status == DNS_FOUND && count < SPF_NAMES_MAX && dns_record_next(&records, &rdata))
		count += dns_name_read(r->facts->arena, &rdata, &names[count]);
	return count;
}

static bool name_is_validated(struct run *r, struct slice name)
{
	return holds_client(r, look_up(r, name, address_type(r)), trust_ip_bits(&r->request->client));
}

/* %{p}, RFC 7208 7.3: the domain itself, else one below it, else any validated name. */
static bool validated_name(void *arg, struct slice *ret_name)
{
	struct run *r = arg;
	struct slice names[SPF_NAMES_MAX];
	const struct dns_answer *ptr;
	int best = 0;
	bool waited = r->waits;
	*ret_name = SLICE("unknown");
	r->waits = false;
	size_t count = client_names(r, names, &ptr);
	for (size_t i = 0; i < count; i++) {
		int rank = slice_eq_nocase(names[i], r->macros.domain) ? 3 : trust_domain_within(names[i], r->macros.domain) ? 2 : 1;
		if (name_is_validated(r, names[i]) && rank > best) {
			best = rank;
			*ret_name = names[i];
		}
	}
	bool known = !r->waits;
	r->waits = r->waits || waited;
	return known;
}

/* ---- mechanisms ---- */

/* The domain that a term means. False: nothing to ask, *ret says why. */
static bool target(struct run *r, struct slice domain, struct slice spec, struct slice *ret)
{
	if (spec.n == 0) {
		*ret = domain;
		return true;
	}
	r->macros.domain = domain;
	return spf_macro_expand(&r->macros, spec, false, r->facts->arena, ret) == SPF_EXPANDED;
}

static enum match match_address(struct run *r, const struct spf_directive *d, struct slice name)
{
	const struct dns_answer *a = look_up(r, name, address_type(r));
	if (has_failed(a))
		return fail_temporary(r, name, r->request->client.v6 ? "AAAA" : "A");
	if (is_void(a))
		return count_void(r);
	return holds_client(r, a, r->request->client.v6 ? d->bits6 : d->bits4) ? YES : NO;
}

static enum match match_exists(struct run *r, const struct spf_directive *d, struct slice name)
{
	const struct dns_answer *a = look_up(r, name, DNS_A);
	if (has_failed(a))
		return fail_temporary(r, name, "A");
	if (is_void(a))
		return count_void(r);
	return a->status == DNS_FOUND ? YES : NO;
}

/* Any host that matches counts, whatever the order of the answer; all are asked in one round. */
static enum match match_hosts(struct run *r, const struct spf_directive *d, const struct slice *hosts, size_t count)
{
	enum match m = NO;
	for (size_t i = 0; i < count && m != YES; i++) {
		const struct dns_answer *a = look_up(r, hosts[i], address_type(r));
		if (has_failed(a))
			m = fail_temporary(r, hosts[i], r->request->client.v6 ? "AAAA" : "A");
		else if (holds_client(r, a, r->request->client.v6 ? d->bits6 : d->bits4))
			m = YES;
	}
	return m;
}

static enum match match_mx(struct run *r, const struct spf_directive *d, struct slice name)
{
	const struct dns_answer *a = look_up(r, name, DNS_MX);
	struct slice records = a->records, rdata, host, hosts[SPF_NAMES_MAX];
	size_t count = 0;
	if (has_failed(a))
		return fail_temporary(r, name, "MX");
	if (is_void(a))
		return count_void(r);
	while (a->status == DNS_FOUND && dns_record_next(&records, &rdata)) {
		rdata = slice_from(rdata, 2);
		if (!dns_name_read(r->facts->arena, &rdata, &host) || host.n == 0)
			continue;
		if (count == SPF_NAMES_MAX) {
			set_reason(r, "%.*s has more than %d MX", SLICE_ARG(name), SPF_NAMES_MAX);
			return PERMANENT;
		}
		hosts[count++] = host;
	}
	return match_hosts(r, d, hosts, count);
}

static enum match match_ptr(struct run *r, const struct spf_directive *d, struct slice name)
{
	const struct dns_answer *ptr;
	struct slice names[SPF_NAMES_MAX];
	size_t count = client_names(r, names, &ptr);
	enum match m = NO;
	if (is_void(ptr))
		return count_void(r);
	for (size_t i = 0; i < count && m == NO; i++)
		if (trust_domain_within(names[i], name) && name_is_validated(r, names[i]))
			m = YES;
	return m;
}

static enum match match_ip(struct run *r, const struct spf_directive *d, struct slice name)
{
	return trust_ip_within(&r->request->client, &d->network, d->network.v6 ? d->bits6 : d->bits4) ? YES : NO;
}

static enum match match_all(struct run *r, const struct spf_directive *d, struct slice name)
{
	return YES;
}

static enum spf_result check_host(struct run *r, struct slice domain);

/* RFC 7208 5.2 */
static enum match match_include(struct run *r, const struct spf_directive *d, struct slice name)
{
	r->depth++;
	enum spf_result result = check_host(r, name);
	r->depth--;
	switch (result) {
	case SPF_PASS: return YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL: return NO;
	case SPF_TEMPERROR: return TEMPORARY;
	case SPF_NONE: set_reason(r, "include of %.*s, which has no record", SLICE_ARG(name)); return PERMANENT;
	case SPF_PERMERROR: return PERMANENT;
	}
	UNREACHABLE();
}

static const struct mechanism {
	bool looks_up;
	enum match (*match)(struct run *r, const struct spf_directive *d, struct slice name);
} mechanisms[] = {
	[SPF_ALL] = {false, match_all}, [SPF_INCLUDE] = {true, match_include}, [SPF_A] = {true, match_address}, [SPF_MX] = {true, match_mx},
	[SPF_PTR] = {true, match_ptr}, [SPF_IP4] = {false, match_ip}, [SPF_IP6] = {false, match_ip}, [SPF_EXISTS] = {true, match_exists},
};

static enum match match_directive(struct run *r, const struct spf_directive *d, struct slice domain)
{
	const struct mechanism *m = &mechanisms[d->mechanism];
	struct slice name = domain;
	if (m->looks_up && !count_term(r))
		return PERMANENT;
	if (!target(r, domain, d->domain_spec, &name))
		return NO;
	return m->match(r, d, name);
}

/* ---- records ---- */

enum found { HAS_RECORD, NO_RECORD, LATER, BROKEN, UNREACHABLE_NOW };

static enum found take_record(struct run *r, struct slice domain, const struct dns_answer *a, struct spf_record *ret)
{
	struct slice records = a->records, rdata, text, found = SLICE_NONE;
	while (dns_record_next(&records, &rdata)) {
		if (!dns_txt_join(r->facts->arena, rdata, &text) || !spf_record_is(text))
			continue;
		if (found.n > 0) {
			set_reason(r, "%.*s has several SPF records", SLICE_ARG(domain));
			return BROKEN;
		}
		found = text;
	}
	if (found.n == 0)
		return NO_RECORD;
	if (spf_record_parse(found, r->facts->arena, ret) == 0)
		return HAS_RECORD;
	set_reason(r, "the record of %.*s has an error", SLICE_ARG(domain));
	if (slice_is_ascii(ret->wrong) && ret->wrong.n > 0)
		set_reason(r, "the record of %.*s has an error at \"%.*s\"", SLICE_ARG(domain), SLICE_ARG(ret->wrong));
	return BROKEN;
}

/* RFC 7208 4.4 and 4.5 */
static enum found find_record(struct run *r, struct slice domain, struct spf_record *ret)
{
	if (!trust_domain_is_fqdn(domain))
		return NO_RECORD;
	const struct dns_answer *a = look_up(r, domain, DNS_TXT);
	switch (a->status) {
	case DNS_WANTED: return LATER;
	case DNS_FOUND: return take_record(r, domain, a, ret);
	case DNS_NODATA:
	case DNS_NXDOMAIN: return NO_RECORD;
	case DNS_FAILED:
	case DNS_BOGUS: fail_temporary(r, domain, "TXT"); return UNREACHABLE_NOW;
	}
	UNREACHABLE();
}

static enum spf_result decide(struct run *r, const struct spf_directive *d, const struct spf_record *record, struct slice domain)
{
	if (r->depth == 0) {
		r->check->term = d->text;
		r->check->term_domain = domain;
		r->exp = record->exp;
		r->exp_domain = domain;
		set_reason(r, "%.*s of %.*s", SLICE_ARG(d->text), SLICE_ARG(domain));
	}
	return d->qualifier;
}

/* The directives in order. False: none matched. */
static bool walk(struct run *r, const struct spf_record *record, struct slice domain, enum spf_result *ret)
{
	for (size_t i = 0; i < record->count; i++) {
		switch (match_directive(r, &record->directives[i], domain)) {
		case NO: continue;
		case YES: *ret = decide(r, &record->directives[i], record, domain); return true;
		case TEMPORARY: *ret = SPF_TEMPERROR; return true;
		case PERMANENT: *ret = SPF_PERMERROR; return true;
		}
	}
	return false;
}

/* Follows redirect= (RFC 7208 6.1) of a record where nothing matched. False: the result stands. */
static bool follow(struct run *r, const struct spf_record *record, struct slice *domain, enum spf_result *ret)
{
	*ret = SPF_NEUTRAL;
	if (record->redirect.n == 0)
		return false;
	if (!count_term(r)) {
		*ret = SPF_PERMERROR;
		return false;
	}
	return target(r, *domain, record->redirect, domain);
}

/* RFC 7208 4 */
static enum spf_result check_host(struct run *r, struct slice domain)
{
	struct spf_record record;
	enum spf_result result = SPF_NONE;
	bool redirected = false;
	for (;;) {
		switch (find_record(r, domain, &record)) {
		case HAS_RECORD: break;
		case LATER: return SPF_NEUTRAL;
		case BROKEN: return SPF_PERMERROR;
		case UNREACHABLE_NOW: return SPF_TEMPERROR;
		case NO_RECORD:
			if (!redirected)
				return SPF_NONE;
			set_reason(r, "redirect to %.*s, which has no record", SLICE_ARG(domain));
			return SPF_PERMERROR;
		}
		if (walk(r, &record, domain, &result) || !follow(r, &record, &domain, &result))
			return result;
		redirected = true;
	}
}

/* RFC 7208 6.2: any trouble means that there is no explanation. It counts for no limit. */
static void explain(struct run *r)
{
	struct slice name, rdata, text;
	if (r->exp.n == 0 || !target(r, r->exp_domain, r->exp, &name) || name.n == 0)
		return;
	const struct dns_answer *a = look_up(r, name, DNS_TXT);
	struct slice records = a->records;
	if (a->status != DNS_FOUND || !dns_record_next(&records, &rdata) || records.n > 0 || !dns_txt_join(r->facts->arena, rdata, &text))
		return;
	r->macros.domain = r->exp_domain;
	struct slice expanded;
	if (spf_macro_valid(text, true) && spf_macro_expand(&r->macros, text, true, r->facts->arena, &expanded) == SPF_EXPANDED)
		r->check->explanation = expanded;
}

/* A stranger's helo or local part may come in through macros. */
static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static void finish(struct run *r)
{
	struct spf_check *c = r->check;
	if (c->result == SPF_FAIL)
		explain(r);
	c->waits = r->waits;
	if (!is_printable(c->explanation))
		c->explanation = SLICE_NONE;
	if (c->result == SPF_NONE)
		set_reason(r, c->domain.n > 0 ? "%.*s has no SPF record" : "there is no domain to check%.*s", SLICE_ARG(c->domain));
	else if (c->result == SPF_NEUTRAL && c->term.n == 0)
		set_reason(r, "nothing in the record of %.*s matches", SLICE_ARG(c->domain));
}

static void run_check(struct facts *f, const struct spf_request *request, struct slice local, struct slice domain, struct spf_check *ret)
{
	struct slice helo = request->helo, ascii = SLICE_NONE;
	bool valid = trust_domain_ascii(f->arena, domain, &ascii) && trust_domain_is_fqdn(ascii);
	struct run r = {.facts = f, .request = request, .check = ret};
	if (!slice_is_ascii(helo) && !trust_domain_ascii(f->arena, helo, &helo))
		helo = SLICE("unknown");
	if (!slice_is_ascii(domain))
		domain = ascii;
	r.macros = (struct spf_macros){.client = &request->client, .local = local, .sender_domain = domain, .domain = domain, .helo = helo,
		.host = request->host, .local_is_utf8 = !slice_is_ascii(local), .now_s = f->now_s, .ptr = validated_name, .arg = &r};
	ret->lookups = arena_alloc_array(f->arena, SPF_LOOKUPS_MAX, sizeof *ret->lookups);
	ret->sender = arena_printf(f->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain));
	if (valid) {
		ret->domain = ascii;
		ret->result = check_host(&r, ascii);
	}
	finish(&r);
}

void spf_check_helo(struct facts *f, const struct spf_request *request, struct spf_check *ret)
{
	*ret = (struct spf_check){.scope = SPF_HELO};
	run_check(f, request, SLICE("postmaster"), request->helo, ret);
}

void spf_check_mail_from(struct facts *f, const struct spf_request *request, struct spf_check *ret)
{
	struct slice from = request->mail_from;
	if (from.n == 0) {
		spf_check_helo(f, request, ret);
		return;
	}
	ptrdiff_t at = slice_rfind(from, '@');
	*ret = (struct spf_check){.scope = SPF_MAIL_FROM};
	/* RFC 7208 4.3: no local part means postmaster. */
	run_check(f, request, at > 0 ? slice_sub(from, 0, (size_t)at) : SLICE("postmaster"), slice_from(from, (size_t)(at + 1)), ret);
}

const char *spf_result_name(enum spf_result result)
{
	static const char *const names[] = {
		[SPF_NONE] = "none", [SPF_NEUTRAL] = "neutral", [SPF_PASS] = "pass", [SPF_FAIL] = "fail", [SPF_SOFTFAIL] = "softfail",
		[SPF_TEMPERROR] = "temperror", [SPF_PERMERROR] = "permerror",
	};
	return names[result];
}

const char *spf_scope_name(enum spf_scope scope)
{
	return scope == SPF_HELO ? "helo" : "mailfrom";
}
