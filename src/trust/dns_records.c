#include "trust/dns_records.h"

#include <libpsl.h>

#include "base/codec.h"
#include "base/ensure.h"

struct list {
	const struct dns_facts *facts;
	struct arena *arena;
	struct dns_record *records;
	size_t count;
};

const char *dns_purpose_name(enum dns_purpose purpose)
{
	static const char *const names[] = {[DNS_FOR_MAIL] = "mail", [DNS_FOR_SPF] = "spf", [DNS_FOR_DKIM] = "dkim",
		[DNS_FOR_DKIM_OLD] = "dkim (retired)", [DNS_FOR_DMARC] = "dmarc", [DNS_FOR_TLSRPT] = "tls-rpt", [DNS_FOR_STS] = "mta-sts",
		[DNS_FOR_DANE] = "dane", [DNS_FOR_CERTIFICATES] = "certificates", [DNS_FOR_CLIENTS] = "clients"};
	return names[purpose];
}

static const struct { uint16_t type; const char *name; } types[] = {
	{DNS_A, "A"}, {DNS_CNAME, "CNAME"}, {DNS_PTR, "PTR"}, {DNS_MX, "MX"}, {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"}, {DNS_SRV, "SRV"},
	{DNS_TLSA, "TLSA"}, {DNS_CAA, "CAA"},
};

const char *dns_type_name(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "other";
}

bool dns_type_find(struct slice name, uint16_t *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq_nocase(slice_str(types[i].name), name)) {
			*ret = types[i].type;
			return true;
		}
	return false;
}

static struct dns_record *add(struct list *l, enum dns_purpose purpose, struct slice name, uint16_t type, struct slice value)
{
	ENSURE(l->count < DNS_RECORDS_MAX);
	struct dns_record *r = &l->records[l->count++];
	*r = (struct dns_record){.name = name, .type = type, .value = value, .purpose = purpose};
	return r;
}

static struct slice below(struct list *l, const char *label)
{
	return arena_printf(l->arena, "%s.%.*s", label, SLICE_ARG(l->facts->domain));
}

static struct slice host_name(struct list *l)
{
	return arena_printf(l->arena, "%.*s.", SLICE_ARG(l->facts->host));
}

static void add_txt(struct list *l, enum dns_purpose purpose, const char *label, struct slice text)
{
	add(l, purpose, below(l, label), DNS_TXT, text);
}

static void add_mail(struct list *l)
{
	struct dns_record *mx = add(l, DNS_FOR_MAIL, l->facts->domain, DNS_MX, host_name(l));
	mx->has_priority = true;
	mx->priority = 10;
	add(l, DNS_FOR_SPF, l->facts->domain, DNS_TXT, l->facts->smart_host ? SLICE("v=spf1 mx ~all") : SLICE("v=spf1 mx -all"));
}

static void add_keys(struct list *l)
{
	for (size_t i = 0; i < l->facts->key_count; i++) {
		const struct dns_facts_key *k = &l->facts->keys[i];
		add(l, k->retired ? DNS_FOR_DKIM_OLD : DNS_FOR_DKIM,
			arena_printf(l->arena, "%.*s._domainkey.%.*s", SLICE_ARG(k->selector), SLICE_ARG(l->facts->domain)), DNS_TXT, k->text);
	}
}

/* Reports first: a domain that asks for more chooses p itself. */
static void add_reports(struct list *l)
{
	struct slice d = l->facts->domain;
	add_txt(l, DNS_FOR_DMARC, "_dmarc", arena_printf(l->arena, "v=DMARC1; p=none; rua=mailto:postmaster@%.*s", SLICE_ARG(d)));
	add_txt(l, DNS_FOR_TLSRPT, "_smtp._tls", arena_printf(l->arena, "v=TLSRPTv1; rua=mailto:postmaster@%.*s", SLICE_ARG(d)));
}

static void add_sts(struct list *l)
{
	if (l->facts->sts_id.n == 0)
		return;
	add_txt(l, DNS_FOR_STS, "_mta-sts", arena_printf(l->arena, "v=STSv1; id=%.*s", SLICE_ARG(l->facts->sts_id)));
	add(l, DNS_FOR_STS, below(l, "mta-sts"), DNS_CNAME, host_name(l));
}

/* RFC 7672 3.1.1: the key of the host itself; it stays the same when a certificate is renewed with the same key. */
static void add_dane(struct list *l)
{
	for (size_t i = 0; i < l->facts->tlsa_count; i++) {
		struct buf hex = BUF_INIT(64);
		hex_encode(slice_make(l->facts->tlsa[i], 32), &hex);
		add(l, DNS_FOR_DANE, arena_printf(l->arena, "_25._tcp.%.*s", SLICE_ARG(l->facts->host)), DNS_TLSA,
			arena_printf(l->arena, "3 1 1 %.*s", SLICE_ARG(buf_slice(&hex))));
		buf_free(&hex);
	}
	if (l->facts->ca.n > 0)
		add(l, DNS_FOR_CERTIFICATES, l->facts->host, DNS_CAA, arena_printf(l->arena, "0 issue \"%.*s\"", SLICE_ARG(l->facts->ca)));
}

static void add_srv(struct list *l, const char *label, unsigned priority, uint16_t port)
{
	struct dns_record *r = add(l, DNS_FOR_CLIENTS, below(l, label), DNS_SRV,
		arena_printf(l->arena, "1 %u %.*s.", port, SLICE_ARG(l->facts->host)));
	r->has_priority = true;
	r->priority = (uint16_t)priority;
}

/* RFC 6186 3, RFC 8314 5.1: TLS from the first byte goes before STARTTLS. */
static void add_services(struct list *l)
{
	static const struct { const char *service, *label; unsigned priority; } services[] = {
		{"imaps", "_imaps._tcp", 0}, {"imap", "_imap._tcp", 10}, {"pop3s", "_pop3s._tcp", 10}, {"pop3", "_pop3._tcp", 20},
		{"submissions", "_submissions._tcp", 0}, {"submission", "_submission._tcp", 10},
	};
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		for (size_t k = 0; k < l->facts->service_count; k++)
			if (slice_eq(l->facts->services[k].name, slice_str(services[i].service)))
				add_srv(l, services[i].label, services[i].priority, l->facts->services[k].port);
}

static void add_setup(struct list *l)
{
	if (l->facts->autoconfig)
		add(l, DNS_FOR_CLIENTS, below(l, "autoconfig"), DNS_CNAME, host_name(l));
	if (l->facts->autodiscover) {
		add(l, DNS_FOR_CLIENTS, below(l, "autodiscover"), DNS_CNAME, host_name(l));
		add_srv(l, "_autodiscover._tcp", 0, 443);
	}
}

size_t dns_records_make(const struct dns_facts *facts, struct arena *arena, struct dns_record ret[DNS_RECORDS_MAX])
{
	struct list l = {.facts = facts, .arena = arena, .records = ret};
	add_mail(&l);
	add_keys(&l);
	add_reports(&l);
	add_sts(&l);
	add_dane(&l);
	add_services(&l);
	add_setup(&l);
	return l.count;
}

struct slice dns_zone_of(struct slice domain, struct arena *arena)
{
	const char *found = psl_registrable_domain(psl_builtin(), arena_dup_str(arena, domain));
	return found != NULL ? arena_dup(arena, slice_str(found)) : domain;
}

struct slice dns_ca_find(struct slice organisation)
{
	static const struct { struct slice organisation, name; } authorities[] = {
		{SLICE_INIT("Let's Encrypt"), SLICE_INIT("letsencrypt.org")}, {SLICE_INIT("Google Trust Services"), SLICE_INIT("pki.goog")},
		{SLICE_INIT("ZeroSSL"), SLICE_INIT("sectigo.com")}, {SLICE_INIT("Sectigo Limited"), SLICE_INIT("sectigo.com")},
		{SLICE_INIT("DigiCert Inc"), SLICE_INIT("digicert.com")}, {SLICE_INIT("DigiCert, Inc."), SLICE_INIT("digicert.com")},
		{SLICE_INIT("GlobalSign nv-sa"), SLICE_INIT("globalsign.com")}, {SLICE_INIT("Amazon"), SLICE_INIT("amazon.com")},
	};
	for (size_t i = 0; i < ARRAY_LEN(authorities); i++)
		if (slice_eq(authorities[i].organisation, organisation))
			return authorities[i].name;
	return SLICE_NONE;
}
