/* From a destination to the addresses to try. RFC 5321 5.1, RFC 7505 (null MX). */
#include <idn2.h>
#include <arpa/inet.h>
#include <string.h>

#include "base/endian.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "role/relay.h"
#include "smtp/path.h"
#include "trust/tlsrpt.h"

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_AAAA = 28, TYPE_TLSA = 52 };
enum { RCODE_OK = 0, RCODE_NXDOMAIN = 3 };

struct host {
	struct slice name;
	uint16_t preference;
	uint16_t port;
	bool smart_host;
	bool configured;    /* by a route: its name needs no proof */
	enum relay_tls tls; /* at least */
	enum relay_client client;
	bool insecure;      /* some address came without DNSSEC */
	bool secure;        /* some address came with it */
	bool unusable;      /* its TLSA records cannot be looked up: RFC 7672 2.2 */
	struct slice tlsa;
	struct slice addresses[2][RELAY_HOPS_MAX]; /* IPv6, IPv4 */
	size_t counts[2];
};

struct search {
	struct relay *relay;
	struct arena *arena;
	struct relay_route *route;
	relay_route_fn *fn;
	void *arg;
	struct slice domain;
	struct host hosts[RELAY_HOSTS_MAX];
	size_t host_count;
	unsigned open;      /* questions */
	bool temporary;     /* some answer was missing */
	bool secure_hosts;  /* the list of hosts came with DNSSEC */
};
struct question {
	struct search *search;
	struct host *host;
	uint16_t type;
};

#define FAILURE(name, code, enhanced, text) static const struct smtp_reply name = SMTP_REPLY_INIT(code, enhanced, text)
FAILURE(no_domain, 550, "5.1.2", "The domain does not exist");
FAILURE(bad_domain, 550, "5.1.2", "The domain is not valid");
FAILURE(null_mx, 556, "5.1.10", "The domain does not accept mail");
FAILURE(no_address, 550, "5.4.4", "No host of the domain has an address");
FAILURE(loop, 550, "5.4.6", "The domain points back to this host");
FAILURE(route_unknown, 450, "4.3.0", "The way to the domain cannot be looked up now");
FAILURE(dns_failed, 450, "4.4.3", "The domain cannot be looked up now");

static void search_end(struct search *s)
{
	relay_route_fn *fn = s->fn;
	void *arg = s->arg;
	memory_free(s);
	fn(arg);
}

static void search_fail(struct search *s, const struct smtp_reply *why)
{
	s->route->failure = *why;
	search_end(s);
}

static void add_hop(struct search *s, const struct host *h, struct slice address)
{
	struct relay_route *r = s->route;
	if (r->count == RELAY_HOPS_MAX)
		return;
	struct relay_hop *hop = &r->hops[r->count++];
	*hop = (struct relay_hop){.host = h->name, .address = address, .port = h->port, .smart_host = h->smart_host, .tls = h->tls, .tlsa = h->tlsa,
		.domain = s->domain, .client = h->client};
	hop->named_securely = h->configured || s->secure_hosts;
	if (h->tlsa.n > 0)
		hop->tls = tls_tlsa_usable(h->tlsa) > 0 ? RELAY_TLS_DANE : RELAY_TLS_ENCRYPTED;
}

FAILURE(no_tls_host, 550, "5.7.10", "No host of the domain can be proven to be the right one, and the letter asks for that");

void relay_route_require_tls(struct relay_route *route)
{
	size_t kept = 0;
	for (size_t i = 0; i < route->count; i++) {
		struct relay_hop *hop = &route->hops[i];
		if (!hop->named_securely && hop->tls < RELAY_TLS_VERIFIED)
			continue;
		hop->tls = hop->tls == RELAY_TLS_DANE ? RELAY_TLS_DANE : RELAY_TLS_VERIFIED;
		route->hops[kept++] = *hop;
	}
	if (kept == 0 && route->count > 0)
		route->failure = no_tls_host;
	route->count = kept;
}

/* Every host has its addresses. IPv6 and IPv4 of one host take turns, so that one broken family costs one attempt. */
static void search_complete(struct search *s)
{
	for (size_t i = 0; i < s->host_count; i++) {
		const struct host *h = &s->hosts[i];
		s->temporary |= h->unusable;
		for (size_t k = 0; k < RELAY_HOPS_MAX && !h->unusable; k++) {
			for (unsigned family = 0; family < 2; family++) {
				if (k < h->counts[family])
					add_hop(s, h, h->addresses[family][k]);
			}
		}
	}
	if (s->route->count == 0)
		search_fail(s, s->temporary ? &dns_failed : &no_address);
	else
		search_end(s);
}

static void add_address(struct search *s, struct host *h, bool four, struct slice rdata)
{
	char text[INET6_ADDRSTRLEN];
	if (rdata.n != (four ? 4 : 16) || h->counts[four] == RELAY_HOPS_MAX)
		return;
	if (inet_ntop(four ? AF_INET : AF_INET6, rdata.p, text, sizeof text) != NULL)
		h->addresses[four][h->counts[four]++] = arena_dup(s->arena, slice_str(text));
}

static bool answered(enum ipc_outcome outcome, const struct ipc_resolve_reply *reply)
{
	return outcome == IPC_OK && reply->status == 0 && (reply->rcode == RCODE_OK || reply->rcode == RCODE_NXDOMAIN);
}

static void note_bogus(struct search *s, enum ipc_outcome outcome, const struct ipc_resolve_reply *reply)
{
	if (outcome == IPC_OK && reply->bogus)
		s->route->tls_problem = TLSRPT_DNSSEC_INVALID;
}

/* RFC 7672 2.1, 2.2: what is proven not to exist is no DANE; what cannot be found out is a host that is not used now. */
static void on_tlsa(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct search *s = q->search;
	const struct ipc_resolve_reply *reply = message;
	note_bogus(s, outcome, reply);
	if (!answered(outcome, reply))
		q->host->unusable = true;
	else if (reply->secure && reply->rcode == RCODE_OK)
		q->host->tlsa = arena_dup(s->arena, slice_from(reply->records, 2));
	memory_free(q);
	if (--s->open == 0)
		search_complete(s);
}

static void ask(struct search *s, struct slice name, uint16_t type, struct host *host, ipc_reply_fn *fn);

/* Only for hosts whose name and addresses are proven: an attacker who can lie about those can lie about the host (RFC 7672 2.2.1). */
static void ask_tlsa(struct search *s)
{
	s->open++;
	for (size_t i = 0; i < s->host_count; i++) {
		struct host *h = &s->hosts[i];
		if (s->secure_hosts && h->secure && !h->insecure && !h->smart_host)
			ask(s, arena_printf(s->arena, "_%u._tcp.%.*s", h->port, SLICE_ARG(h->name)), TYPE_TLSA, h, on_tlsa);
	}
	if (--s->open == 0)
		search_complete(s);
}

static void on_address(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct search *s = q->search;
	const struct ipc_resolve_reply *reply = message;
	uint16_t count = 0;
	if (!answered(outcome, reply)) {
		s->temporary = true;
	} else {
		struct slice list = reply->records, rdata;
		slice_get_u16(&list, &count);
		for (uint16_t i = 0; i < count && slice_get_bytes(&list, &rdata); i++)
			add_address(s, q->host, q->type == TYPE_A, rdata);
		q->host->insecure |= count > 0 && !reply->secure;
		q->host->secure |= count > 0 && reply->secure;
	}
	memory_free(q);
	if (--s->open == 0)
		ask_tlsa(s);
}

static void ask(struct search *s, struct slice name, uint16_t type, struct host *host, ipc_reply_fn *fn)
{
	struct question *q = memory_alloc(sizeof *q);
	*q = (struct question){.search = s, .host = host, .type = type};
	s->open++;
	struct ipc_resolve request = {.name = name, .type = type};
	ipc_request(s->relay->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, fn, q);
}

static void ask_addresses(struct search *s)
{
	s->open++; /* keeps the search while questions are asked */
	for (size_t i = 0; i < s->host_count; i++) {
		struct host *h = &s->hosts[i];
		if (smtp_ipv4_valid(h->name) || smtp_ipv6_valid(h->name)) {
			bool four = smtp_ipv4_valid(h->name);
			h->addresses[four][h->counts[four]++] = h->name;
			continue;
		}
		ask(s, h->name, TYPE_AAAA, h, on_address);
		ask(s, h->name, TYPE_A, h, on_address);
	}
	if (--s->open == 0)
		ask_tlsa(s);
}

static void add_host(struct search *s, struct slice name, uint16_t preference, uint16_t port, bool smart_host)
{
	size_t at = s->host_count < RELAY_HOSTS_MAX ? s->host_count++ : RELAY_HOSTS_MAX - 1;
	if (at == RELAY_HOSTS_MAX - 1 && s->hosts[at].name.n > 0 && s->hosts[at].preference <= preference)
		return;
	while (at > 0 && s->hosts[at - 1].preference > preference) {
		s->hosts[at] = s->hosts[at - 1];
		at--;
	}
	s->hosts[at] = (struct host){.name = name, .preference = preference, .port = port, .smart_host = smart_host};
}

int relay_mx_parse(struct slice rdata, struct arena *arena, uint16_t *ret_preference, struct slice *ret_name)
{
	struct buf name = BUF_INIT(256);
	uint8_t length = 1;
	int rc = ERR_INVALID;
	if (!slice_get_u16(&rdata, ret_preference))
		return rc;
	while (slice_get_u8(&rdata, &length) && length > 0 && length < 64 && length <= rdata.n) {
		if (buf_len(&name) > 0)
			buf_append_byte(&name, '.');
		buf_append(&name, slice_sub(rdata, 0, length));
		rdata = slice_from(rdata, length);
	}
	bool valid = length == 0 && rdata.n == 0 && !name.failed && (buf_len(&name) == 0 || smtp_domain_valid(buf_slice(&name), false));
	if (valid) {
		*ret_name = arena_dup(arena, buf_slice(&name));
		rc = 0;
	}
	buf_free(&name);
	return rc;
}

/* RFC 5321 5.1: hosts that are no better than ourselves would send it back. */
static bool cut_loop(struct search *s)
{
	struct slice self = s->relay->ctx->config->hostname;
	for (size_t i = 0; i < s->host_count; i++) {
		if (!slice_eq_nocase(s->hosts[i].name, self))
			continue;
		while (s->host_count > 0 && s->hosts[s->host_count - 1].preference >= s->hosts[i].preference)
			s->host_count--;
		return s->host_count == 0;
	}
	return false;
}

static void take_hosts(struct search *s, bool secure, struct slice records)
{
	s->secure_hosts = secure;
	uint16_t count = 0, preference;
	uint16_t port = (uint16_t)s->relay->ctx->config->relay_port;
	struct slice rdata, name;
	bool null = false;
	slice_get_u16(&records, &count);
	for (uint16_t i = 0; i < count && slice_get_bytes(&records, &rdata); i++) {
		if (relay_mx_parse(rdata, s->arena, &preference, &name) < 0)
			continue;
		null |= name.n == 0;
		if (name.n > 0)
			add_host(s, name, preference, port, false);
	}
	if (count == 0)
		add_host(s, s->domain, 0, port, false); /* implicit MX */
	if (null && s->host_count == 0)
		search_fail(s, &null_mx);
	else if (cut_loop(s))
		search_fail(s, &loop);
	else
		ask_addresses(s);
}

static void on_mx(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct search *s = q->search;
	const struct ipc_resolve_reply *reply = message;
	memory_free(q);
	s->open--;
	s->route->mx_domain = s->domain;
	note_bogus(s, outcome, reply);
	if (!answered(outcome, reply))
		search_fail(s, &dns_failed);
	else if (reply->rcode == RCODE_NXDOMAIN)
		search_fail(s, &no_domain);
	else
		take_hosts(s, reply->secure, reply->records);
}

static bool route_fits(struct slice rule, struct slice domain)
{
	return slice_eq(rule, SLICE("*")) || slice_eq_nocase(rule, domain);
}

/* A route or the smart host of the configuration; false: by MX. */
static bool take_configured(struct search *s)
{
	const struct config *c = s->relay->ctx->config;
	struct slice host;
	uint16_t port;
	for (size_t i = 0; i < c->relay_routes.count; i++) {
		const struct config_route *r = &c->relay_routes.items[i];
		if (!route_fits(r->domain, s->domain))
			continue;
		add_host(s, arena_dup(s->arena, r->host), 0, r->port != 0 ? r->port : (uint16_t)c->relay_port, false);
		s->hosts[0].configured = true;
		return true;
	}
	if (c->relay_smart_host.n == 0 || config_parse_host_port(c->relay_smart_host, &host, &port) < 0)
		return false;
	add_host(s, arena_dup(s->arena, host), 0, port, true);
	s->hosts[0].configured = true;
	return true;
}

/* The domain as DNS knows it (A-labels); false: not a domain. */
static bool to_ascii(struct search *s, struct slice domain)
{
	char *ascii = NULL;
	char *text = arena_dup_str(s->arena, domain);
	if (slice_is_ascii(domain)) {
		s->domain = slice_make(text, domain.n);
		return smtp_domain_valid(domain, false);
	}
	int rc = idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc == IDN2_OK)
		s->domain = arena_dup(s->arena, slice_str(ascii));
	idn2_free(ascii);
	return rc == IDN2_OK;
}

static void take_behind(struct search *s, const struct relay_behind *behind)
{
	add_host(s, arena_dup(s->arena, behind->host), 0, behind->port, false);
	s->hosts[0].configured = true;
	s->hosts[0].client = behind->client;
	s->hosts[0].tls = behind->tls_verified ? RELAY_TLS_VERIFIED : RELAY_TLS_OPPORTUNISTIC;
	ask_addresses(s);
}

/* The server behind, for a relay domain: neither MX nor routes of the configuration. */
static void on_relay_domain(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct search *s = arg;
	const struct ipc_auth_route_reply *reply = message;
	/* By MX the letter would come back to us. */
	if (outcome != IPC_OK || reply->status != 0) {
		search_fail(s, &route_unknown);
	} else if (reply->host.n > 0) {
		take_behind(s, &(struct relay_behind){reply->host, reply->port, reply->tls_verified != 0, (enum relay_client)reply->client_info});
	} else if (take_configured(s)) {
		ask_addresses(s);
	} else {
		ask(s, s->domain, TYPE_MX, NULL, on_mx);
	}
}

static struct search *search_new(struct relay *relay, struct arena *arena, struct relay_route *route, relay_route_fn *fn, void *arg)
{
	struct search *s = memory_alloc(sizeof *s);
	s->relay = relay;
	s->arena = arena;
	s->route = route;
	s->fn = fn;
	s->arg = arg;
	*route = (struct relay_route){0};
	return s;
}

void relay_route_behind(struct relay *relay, struct slice domain, const struct relay_behind *behind, struct arena *arena, struct relay_route *route,
                        relay_route_fn *fn, void *arg)
{
	struct search *s = search_new(relay, arena, route, fn, arg);
	s->domain = arena_dup(arena, domain);
	take_behind(s, behind);
}

void relay_route_find(struct relay *relay, struct slice destination, struct arena *arena, struct relay_route *route, relay_route_fn *fn,
                      void *arg)
{
	struct search *s = search_new(relay, arena, route, fn, arg);
	struct slice address;
	if (smtp_literal_valid(destination, &address)) {
		s->domain = destination;
		if (!take_configured(s))
			add_host(s, arena_dup(arena, address), 0, (uint16_t)relay->ctx->config->relay_port, false);
		ask_addresses(s);
	} else if (!to_ascii(s, destination)) {
		search_fail(s, &bad_domain);
	} else {
		struct ipc_auth_route request = {.domain = s->domain};
		ipc_request(relay->ctx->ipc, IPC_AUTH_ROUTE, IPC_ANY, &request, on_relay_domain, s);
	}
}
