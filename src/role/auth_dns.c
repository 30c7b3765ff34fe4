/* Records in DNS in the role auth: what the configuration says of the server, and when the records are looked at. */
#include "auth/dns.h"

#include "base/memory.h"
#include "crypt/certificate.h"
#include "role/auth.h"

#define FIRST_STEP_MS MINUTES_MS(5)

static void add_service(struct dns_facts *facts, const struct config_listen *listen)
{
	for (size_t i = 0; i < facts->service_count; i++)
		if (slice_eq(facts->services[i].name, listen->service))
			return;
	if (facts->service_count < DNS_RECORDS_SERVICES_MAX)
		facts->services[facts->service_count++] = (struct dns_facts_service){listen->service, listen->port};
}

/* Old configurations and certificates stay valid as long as the process. */
static struct auth_dns_settings settings_of(const struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	struct auth_dns_settings s = {.interval_s = c->dns_check / 1000, .oauth = c->auth_oauth};
	s.facts.host = c->hostname;
	s.facts.smart_host = c->relay_smart_host.n > 0;
	for (size_t i = 0; i < c->listen.count; i++)
		add_service(&s.facts, &c->listen.items[i]);
	for (size_t i = 0; i < c->listen.count; i++)
		s.facts.autoconfig |= slice_eq(c->listen.items[i].service, SLICE("https"));
	s.facts.autodiscover = s.facts.autoconfig;
	char issuer[CERTIFICATE_ISSUER_MAX];
	if (a->ctx->tls_chain.n > 0 && certificate_key_hash(a->ctx->tls_chain, s.facts.tlsa[0], issuer) == 0) {
		s.facts.tlsa_count = 1;
		s.facts.ca = dns_ca_find(slice_str(issuer));
	}
	return s;
}

static void plan(struct auth_process *a, int64_t at_most_ms)
{
	int64_t interval = a->ctx->config->dns_check;
	if (interval > 0)
		timer_start(a->dns_timer, interval < at_most_ms ? interval : at_most_ms);
	else
		timer_stop(a->dns_timer);
}

static void step(void *arg)
{
	struct auth_process *a = arg;
	auth_dns_step(a->dns);
	plan(a, INT64_MAX);
}

void auth_dns_start(struct auth_process *a)
{
	struct auth_dns_settings settings = settings_of(a);
	a->dns = auth_dns_create(a->directory, &a->host, a->dkim, &settings);
	auth_admin_dns(a->admin, a->dns);
	a->dns_timer = timer_create_on(a->ctx->loop, step, a);
	plan(a, FIRST_STEP_MS);
}

void auth_dns_reload(struct auth_process *a)
{
	int64_t before = auth_dns_settings_of(a->dns)->interval_s;
	struct auth_dns_settings settings = settings_of(a);
	auth_dns_configure(a->dns, &settings);
	if (settings.interval_s != before)
		plan(a, FIRST_STEP_MS);
}
