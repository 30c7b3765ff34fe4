/* Relay domains: where their mail goes, and which of their addresses are taken. */
#include "auth/admin_relay.h"

#include "conf/config.h"
#include "net/prefix.h"
#include "smtp/path.h"

static const char *const verify_words[] = {"none", "list", "call", "ldap", NULL}; /* enum relay_verify, from 1 on */
static const char *const tls_words[] = {"opportunistic", "verified", NULL};
static const char *const client_words[] = {"none", "proxy", "xclient", NULL}; /* enum relay_client_info */

static int read_host(struct admin_job *job, struct directory_relay *relay)
{
	struct slice host, text = job_text(job, "relay");
	relay->host = SLICE_NONE;
	relay->port = 0;
	if (text.n == 0)
		return 0;
	if (config_parse_host_port(text, &host, &relay->port) < 0 || host.n > ADDRESS_DOMAIN_MAX
	    || !(smtp_ipv4_valid(host) || smtp_ipv6_valid(host) || smtp_domain_valid(host, false)))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"relay\" is HOST:PORT, for IPv6 [ADDRESS]:PORT.");
	relay->host = arena_dup(&job->arena, host);
	return 0;
}

/* The place of a word in its list, when it is given. */
static int read_word(struct admin_job *job, const char *name, const char *const *words, unsigned *ret)
{
	struct slice text = job_text(job, name), all = SLICE_NONE;
	if (!job_has(job, name))
		return 0;
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (slice_eq(text, slice_str(words[i]))) {
			*ret = i;
			return 0;
		}
		all = arena_printf(&job->arena, "%.*s%s\"%s\"", SLICE_ARG(all), i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
	}
	return job_refuse(job, ADMIN_INVALID, "invalid", "\"%s\" is %.*s.", name, SLICE_ARG(all));
}

/* Prefixes with spaces or commas between them; all of the internet is nobody's network. */
static int read_networks(struct admin_job *job, struct slice *ret)
{
	struct buf out = BUF_INIT(RELAY_NETWORKS_MAX * 50);
	struct slice rest = job_text(job, "from_networks"), part, word;
	bool good = true;
	if (!job_has(job, "from_networks"))
		return 0;
	while (good && slice_split(&rest, ',', &part))
		while (good && slice_split(&part, ' ', &word)) {
			good = word.n == 0 || (net_prefix_valid(word) && !slice_ends(word, SLICE("/0")));
			if (word.n > 0)
				buf_printf(&out, "%s%.*s", buf_len(&out) > 0 ? " " : "", SLICE_ARG(word));
		}
	good = good && !out.failed;
	if (good)
		*ret = arena_dup(&job->arena, buf_slice(&out));
	buf_free(&out);
	return good ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "\"from_networks\" are addresses or prefixes such as 192.0.2.0/24, at most %d.",
		RELAY_NETWORKS_MAX);
}

static const char *const judge_words[] = {"yes", "no", NULL};
static const char *const junk_words[] = {"tag", "reject", "quarantine", NULL}; /* enum relay_junk */

int admin_relay_read(struct admin_job *job, struct directory_relay *relay, bool *ret_changed)
{
	unsigned verify = relay->verify != 0 ? relay->verify - 1 : 0, tls = relay->tls_verified, client = relay->client_info;
	bool words = job_has(job, "verify") || job_has(job, "tls") || job_has(job, "client_info") || job_has(job, "from_networks");
	int rc = job_has(job, "relay") ? read_host(job, relay) : 0;
	*ret_changed = job_has(job, "relay") || words;
	if (rc == 0)
		rc = read_word(job, "verify", verify_words, &verify);
	if (rc == 0)
		rc = read_word(job, "tls", tls_words, &tls);
	if (rc == 0)
		rc = read_word(job, "client_info", client_words, &client);
	if (rc == 0)
		rc = read_networks(job, &relay->networks);
	if (rc == 0 && words && relay->host.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "invalid",
			"\"verify\", \"tls\", \"client_info\" and \"from_networks\" belong to a relay domain: \"relay\" names its server.");
	relay->verify = (enum relay_verify)(verify + 1);
	relay->tls_verified = tls == 1;
	relay->client_info = (enum relay_client_info)client;
	return rc;
}

void admin_relay_show(struct admin_job *job, const struct directory_relay *relay, json_t *into)
{
	bool six = slice_find(relay->host, ':') >= 0, any = relay->host.n > 0;
	struct slice text = arena_printf(&job->arena, six ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(relay->host), relay->port);
	unsigned verify = relay->verify >= RELAY_VERIFY_NONE && relay->verify <= RELAY_VERIFY_LDAP ? relay->verify - 1 : 1;
	json_object_set_new(into, "relay", job_json(any ? text : SLICE_NONE));
	json_object_set_new(into, "verify", json_string(!any ? "" : verify_words[verify]));
	json_object_set_new(into, "tls", json_string(!any ? "" : tls_words[relay->tls_verified]));
	json_object_set_new(into, "client_info", json_string(!any ? "" : client_words[relay->client_info <= RELAY_CLIENT_XCLIENT ? relay->client_info : 0]));
	json_object_set_new(into, "from_networks", job_json(any ? relay->networks : SLICE_NONE));
}

/* ---- what is done with letters to it ---- */

static void show_policy(struct admin_job *job, const struct directory_relay_policy *policy)
{
	job_set(job, "judge", json_string(judge_words[policy->unjudged]));
	job_set(job, "junk", json_string(junk_words[policy->junk <= RELAY_JUNK_HOLD ? policy->junk : 0]));
	job_set(job, "size", json_integer((json_int_t)policy->size_max));
}

static int read_policy(struct admin_job *job, struct directory_relay_policy *policy)
{
	unsigned judge = policy->unjudged, junk = policy->junk;
	const json_t *size = json_object_get(job->args, "size");
	int rc = read_word(job, "judge", judge_words, &judge);
	if (rc == 0)
		rc = read_word(job, "junk", junk_words, &junk);
	if (rc == 0 && size != NULL && (!json_is_integer(size) || json_integer_value(size) < 0))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "\"size\" is a number of bytes, 0 for no limit.");
	policy->unjudged = judge == 1;
	policy->junk = (enum relay_junk)junk;
	if (rc == 0 && size != NULL)
		policy->size_max = (uint64_t)json_integer_value(size);
	return rc;
}

static int policy_in_change(struct admin_job *job, struct error *err)
{
	struct directory_domain domain;
	struct slice name;
	int rc = job_domain(job, "domain", &name);
	if (rc != 0)
		return rc;
	if ((rc = directory_domain_get(job_directory(job), name, &job->arena, &domain)) != 0)
		return job_refuse_error(job, rc, "domain");
	if (domain.relay.host.n == 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no relay domain.", SLICE_ARG(name));
	rc = read_policy(job, &domain.relay.policy);
	if (rc == 0 && (rc = directory_relay_policy_set(job_directory(job), name, &domain.relay.policy, err)) != 0)
		return job_refuse_error(job, rc, "domain");
	if (rc == 0)
		show_policy(job, &domain.relay.policy);
	return rc;
}

static int domain_policy(struct admin_job *job)
{
	return job_change(job, policy_in_change);
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
	{"domain.policy", OBJECT_NAMED, NULL, domain_policy},
	{"recipient.list", OBJECT_NAMED, NULL, recipient_list},
	{"recipient.add", OBJECT_NAMED, NULL, recipient_add},
	{"recipient.remove", OBJECT_NAMED, NULL, recipient_remove},
	{0},
};
