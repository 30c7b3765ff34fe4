/* Relay domains: where their mail goes, and which of their addresses are taken. */
#include "auth/admin_relay.h"

#include "conf/config.h"
#include "smtp/path.h"

static int read_host(struct admin_job *job, struct directory_relay *relay)
{
	struct slice host, text = job_text(job, "relay");
	*relay = (struct directory_relay){.verify = relay->verify, .tls_verified = relay->tls_verified};
	if (text.n == 0)
		return 0;
	if (config_parse_host_port(text, &host, &relay->port) < 0 || host.n > ADDRESS_DOMAIN_MAX
	    || !(smtp_ipv4_valid(host) || smtp_ipv6_valid(host) || smtp_domain_valid(host, false)))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"relay\" is HOST:PORT, for IPv6 [ADDRESS]:PORT.");
	relay->host = arena_dup(&job->arena, host);
	return 0;
}

/* A word out of two; `first` is 1 and the default. */
static int read_word(struct admin_job *job, const char *name, const char *first, const char *second, int *ret)
{
	struct slice text = job_text(job, name);
	if (!job_has(job, name))
		return 0;
	if (!slice_eq(text, slice_str(first)) && !slice_eq(text, slice_str(second)))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%s\" is \"%s\" or \"%s\".", name, first, second);
	*ret = slice_eq(text, slice_str(first)) ? 1 : 2;
	return 0;
}

int admin_relay_read(struct admin_job *job, struct directory_relay *relay, bool *ret_changed)
{
	int verify = relay->verify != 0 ? (int)relay->verify : RELAY_VERIFY_NONE, tls = relay->tls_verified ? 2 : 1;
	bool words = job_has(job, "verify") || job_has(job, "tls");
	int rc = job_has(job, "relay") ? read_host(job, relay) : 0;
	*ret_changed = job_has(job, "relay") || words;
	if (rc == 0)
		rc = read_word(job, "verify", "none", "list", &verify);
	if (rc == 0)
		rc = read_word(job, "tls", "opportunistic", "verified", &tls);
	if (rc == 0 && words && relay->host.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "\"verify\" and \"tls\" belong to a relay domain: \"relay\" names its server.");
	relay->verify = (enum relay_verify)verify;
	relay->tls_verified = tls == 2;
	return rc;
}

void admin_relay_show(struct admin_job *job, const struct directory_relay *relay, json_t *into)
{
	bool six = slice_find(relay->host, ':') >= 0, any = relay->host.n > 0;
	struct slice text = arena_printf(&job->arena, six ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(relay->host), relay->port);
	json_object_set_new(into, "relay", job_json(any ? text : SLICE_NONE));
	json_object_set_new(into, "verify", json_string(!any ? "" : relay->verify == RELAY_VERIFY_LIST ? "list" : "none"));
	json_object_set_new(into, "tls", json_string(!any ? "" : relay->tls_verified ? "verified" : "opportunistic"));
}

/* ---- the addresses that are registered ---- */

static int recipient_list(struct admin_job *job)
{
	struct directory_address *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice domain;
	int rc = job_domain(job, "domain", &domain);
	if (rc != 0)
		return rc;
	int count = directory_address_list(job_directory(job), ADDRESS_BEHIND, domain, job_text(job, "after"), &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "address");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		json_t *row = json_object();
		json_object_set_new(row, "address", job_json(list[i].address));
		json_array_append_new(out, row);
	}
	job_set(job, "recipients", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(list[DIRECTORY_PAGE - 1].address));
	return 0;
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	struct directory_domain domain;
	int rc = job_own_address(job, "address", &address);
	if (rc == 0 && (rc = directory_domain_get(job_directory(job), address.domain, &job->arena, &domain)) != 0)
		job_refuse_error(job, rc, "domain");
	if (rc == 0 && domain.relay.host.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no relay domain.", SLICE_ARG(domain.name));
	if (rc == 0 && (rc = directory_behind_add(job_directory(job), &address, err)) != 0)
		job_refuse_error(job, rc, "address");
	return rc;
}

static int recipient_add(struct admin_job *job)
{
	return job_change(job, add_in_change);
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct address address;
	int rc = job_address(job, "address", &address);
	if (rc == 0 && (rc = directory_address_remove(job_directory(job), &address, ADDRESS_BEHIND, err)) != 0)
		job_refuse_error(job, rc, "address");
	return rc;
}

static int recipient_remove(struct admin_job *job)
{
	return job_change(job, remove_in_change);
}

const struct admin_operation_row admin_relay_rows[] = {
	{"recipient.list", OBJECT_NAMED, NULL, recipient_list},
	{"recipient.add", OBJECT_NAMED, NULL, recipient_add},
	{"recipient.remove", OBJECT_NAMED, NULL, recipient_remove},
	{0},
};
