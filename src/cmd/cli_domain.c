#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "cmd/cli_dns.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "domains"),
		"DOMAIN:domain USERS:users CATCH-ALL:catch_all POSTMASTER:postmaster SERVER-BEHIND:relay VERIFY:verify TLS:tls CLIENT-INFO:client_info FROM-NETWORKS:from_networks");
}

static void show_policy(const json_t *result)
{
	printf("judge %s, junk %s, size %lld\n", json_string_value(json_object_get(result, "judge")), json_string_value(json_object_get(result, "junk")),
		(long long)json_integer_value(json_object_get(result, "size")));
}

static void show_recipients(const json_t *result)
{
	cli_table(json_object_get(result, "recipients"), "ADDRESS:address");
}

static void show_reports(const json_t *result)
{
	static const char *const texts[][2] = {
		{"no_reports", "There are no reports. Name report.address in rua= of the DMARC record, and wait a day."},
		{"wait", "All is well so far. Wait until there are reports of a week."},
		{"sources_fail", "Some sources fail. Find out whose they are: let them sign (DKIM) or add them to SPF; what is forged may fail."},
		{"quarantine", "Next step: p=quarantine in the DMARC record."},
		{"reject", "Next step: p=reject in the DMARC record."},
		{"done", "The policy is p=reject, and what is yours passes."},
	};
	const char *advice = json_string_value(json_object_get(result, "advice"));
	cli_fields(result, "domain:domain policy:policy passed:passed failed:failed");
	cli_table(json_object_get(result, "sources"), "SOURCE:source PASSED:passed FAILED:failed FIRST:first@ LAST:last@ REPORTS:reports");
	if (json_array_size(json_object_get(result, "tls")) > 0)
		cli_table(json_object_get(result, "tls"), "TLS:source PASSED:passed FAILED:failed FIRST:first@ LAST:last@ REPORTS:reports");
	for (size_t i = 0; advice != NULL && i < ARRAY_LEN(texts); i++)
		if (strcmp(texts[i][0], advice) == 0)
			puts(texts[i][1]);
}

static void show_dkim(const json_t *result)
{
	const json_t *keys = json_object_get(result, "keys");
	size_t i;
	json_t *key;
	cli_table(keys, "SELECTOR:selector ALGORITHM:algorithm STATE:state CREATED:created@ IN-DNS:seen@ SIGNS-SINCE:activated@ REMOVE-FROM-DNS:remove@");
	json_array_foreach((json_t *)keys, i, key)
		if (json_integer_value(json_object_get(key, "retired")) == 0)
			printf("\n%s. TXT\n%s\n", json_string_value(json_object_get(key, "name")), json_string_value(json_object_get(key, "record")));
}

static void show_sts(const json_t *result)
{
	const char *policy = json_string_value(json_object_get(result, "policy")), *id = json_string_value(json_object_get(result, "id"));
	if (policy == NULL || *policy == 0)
		printf("The domain has no policy.\n");
	else
		printf("%s\n_mta-sts TXT \"v=STSv1; id=%s\"\n", policy, id != NULL ? id : "");
}

static const struct cli_command commands[] = {
	{.words = "domain list", .op = "domain.list", .show = show_list, .help = "the domains this server takes mail for"},
	{.words = "domain add", .op = "domain.add", .positional = "domain", .options = "catch_all postmaster relay verify tls client_info from_networks",
		.help = "takes mail for a domain; --catch-all gets what has no other address; --relay HOST:PORT: for the server there"},
	{.words = "domain set", .op = "domain.set", .positional = "domain", .options = "catch_all postmaster relay verify tls client_info from_networks",
		.needs_option = true, .help = "changes what is named; an empty text ends it"},
	{.words = "domain policy", .op = "domain.policy", .positional = "domain", .options = "judge junk size#", .show = show_policy,
		.help = "of a relay domain: --judge yes|no, --junk tag|reject|quarantine, --size BYTES; without options: as it is"},
	{.words = "domain dns", .op = "domain.dns", .positional = "domain", .options = "bind! provider zone", .run = cli_dns_records,
		.help = "the records for DNS, and what is there; --bind: a zone file; --provider aliyun|tencent|huawei|cloudflare: its fields"},
	{.words = "domain check", .op = "domain.check", .positional = "domain", .run = cli_dns_check, .help = "are the records in DNS right?"},
	{.words = "domain mute", .op = "domain.mute", .positional = "domain name type", .help = "a record that is wrong on purpose counts no more"},
	{.words = "domain unmute", .op = "domain.mute", .positional = "domain name type", .run = cli_dns_unmute, .help = "it counts again"},
	{.words = "domain sts", .op = "domain.sts", .positional = "domain", .options = "mode max_age#", .show = show_sts,
		.help = "the MTA-STS policy that is served for it: --mode off|none|testing|enforce, --max-age SECONDS"},
	{.words = "domain client-setup", .op = "domain.client_setup", .positional = "domain", .options = "format address", .needs_option = true,
		.show = cli_dns_show_setup, .help = "a document for mail programs: --format autoconfig|autodiscover|autodiscover-json|mobileconfig"},
	{.words = "domain recipients list", .op = "recipient.list", .positional = "domain", .options = "after", .show = show_recipients,
		.help = "the addresses a relay domain with --verify list takes mail for"},
	{.words = "domain recipients add", .op = "recipient.add", .positional = "address", .help = "registers an address of a relay domain"},
	{.words = "domain recipients remove", .op = "recipient.remove", .positional = "address", .help = "ends that"},
	{.words = "domain reports", .op = "report.list", .positional = "domain", .options = "days#", .show = show_reports,
		.help = "what others report of mail in its name (report.address), and the next step of its DMARC policy"},
	{.words = "domain send-reports", .op = "report.send", .help = "reports that are owed to other domains are sent now, about today too"},
	{.words = "domain dkim list", .op = "dkim.list", .positional = "domain", .show = show_dkim, .help = "keys that sign its mail, and the records for DNS"},
	{.words = "domain dkim add", .op = "dkim.add", .positional = "domain", .options = "algorithm", .show = show_dkim,
		.help = "makes keys (rsa-sha256 and ed25519-sha256, or one of them)"},
	{.words = "domain dkim rotate", .op = "dkim.rotate", .positional = "domain", .options = "now!", .show = show_dkim,
		.help = "makes successors of the keys that sign; --now lets the next ones sign at once"},
	{.words = "domain dkim retire", .op = "dkim.retire", .positional = "domain selector", .show = show_dkim, .help = "ends a key and destroys it"},
	{.words = "domain remove", .op = "domain.remove", .positional = "domain", .help = "only when nothing in it is left"},
};
const struct cli_noun cli_domain = {"domain", commands, ARRAY_LEN(commands)};
