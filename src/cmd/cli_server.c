/* The server itself: status, check, reload, stop, version. */
#include <stdio.h>
#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"

static json_t *duration_text(json_int_t seconds)
{
	char text[40];

	if (seconds >= 86400)
		snprintf(text, sizeof text, "%lldd %lldh", (long long)(seconds / 86400), (long long)(seconds / 3600 % 24));
	else
		snprintf(text, sizeof text, "%lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60), (long long)(seconds % 60));
	return json_string(text);
}

/* The parent starts the others and has no jail. */
static const char *jail_text(const json_t *role)
{
	if (json_object_get(role, "seccomp") == NULL)
		return "-";
	bool seccomp = json_is_true(json_object_get(role, "seccomp")), landlock = json_is_true(json_object_get(role, "landlock"));
	return seccomp && landlock ? "full" : seccomp ? "seccomp only" : landlock ? "Landlock only" : "NONE";
}

static void show_status(const json_t *result)
{
	json_t *roles = json_deep_copy(json_object_get(result, "roles")), *role;
	size_t i;

	json_array_foreach(roles, i, role) {
		json_object_set_new(role, "up", duration_text(json_integer_value(json_object_get(role, "uptime_s"))));
		json_object_set_new(role, "jail", json_string(jail_text(role)));
		json_object_set_new(role, "kib", json_integer(json_integer_value(json_object_get(role, "rss")) / 1024));
	}
	cli_fields(result, "version:version since:since@ sandbox:sandbox");
	putchar('\n');
	cli_table(roles, "ROLE:role NO:index PID:pid STATE:state UP:up RESTARTS:restarts SANDBOX:jail CPU-MS:cpu_ms KIB:kib");
	json_array_foreach(roles, i, role) {
		const char *error = json_string_value(json_object_get(role, "last_error"));
		if (error != NULL)
			printf("%s %lld ended last because: %s\n", json_string_value(json_object_get(role, "role")),
				(long long)json_integer_value(json_object_get(role, "index")), error);
	}
	json_decref(roles);
}

static void show_reload(const json_t *result)
{
	const char *restart = json_string_value(json_object_get(result, "restart"));

	puts("reloaded");
	if (restart != NULL && *restart != 0)
		printf("these need a restart to take effect: %s\n", restart);
	if (json_object_get(result, "confirm_within") != NULL)
		printf("who may come in has changed: run \"letterlock reload confirm\" within %lld s, or the former configuration comes back\n",
			(long long)json_integer_value(json_object_get(result, "confirm_within")));
}

static size_t problems_show(const char *part, const json_t *result)
{
	const json_t *problems = json_object_get(result, "problems");
	json_t *problem, *shard;
	size_t i, count = json_array_size(problems);

	json_array_foreach(problems, i, problem) {
		if (json_is_string(problem)) {
			printf("%s: %s\n", part, json_string_value(problem));
			continue;
		}
		const char *safe = json_string_value(json_object_get(problem, "safe"));
		printf("%s: %s: %s%s%s\n", part, json_string_value(json_object_get(problem, "where")),
			json_string_value(json_object_get(problem, "what")), safe != NULL ? "; safe: " : "", safe != NULL ? safe : "");
	}
	json_array_foreach(json_object_get(result, "shards"), i, shard)
		count += problems_show(part, shard);
	return count;
}

/* Red on a terminal. How many there are. */
static size_t warnings_show(const char *part, const json_t *result)
{
	const json_t *warnings = json_object_get(result, "warnings");
	json_t *warning;
	size_t i;

	json_array_foreach(warnings, i, warning)
		printf("%sWARNING: %s: %s: %s%s\n", cli_is_plain() ? "" : "\033[31m", part, json_string_value(json_object_get(warning, "where")),
			json_string_value(json_object_get(warning, "what")), cli_is_plain() ? "" : "\033[0m");
	return json_array_size(warnings);
}

/* The worse of two exit codes: damage does not hide behind "no server". */
static int worse(int a, int b)
{
	return a == 0 ? b : b == 0 ? a : a == ADMIN_PARTIAL ? b : a;
}

static int check_part(struct cli *cli, const char *op, const char *part, bool strict, json_t *all)
{
	json_t *result = NULL;
	int code = cli_ask(cli, op, NULL, &result);
	size_t warnings = cli->json ? json_array_size(json_object_get(result, "warnings")) : warnings_show(part, result);

	if (result != NULL && !cli->json && problems_show(part, result) == 0 && !cli->quiet && code == 0)
		printf("%s: good\n", part);
	if (result != NULL && cli->json)
		json_object_set(all, part, result);
	json_decref(result);
	return code == 0 && strict && warnings > 0 ? ADMIN_FAILED : code;
}

static int check_listeners(struct cli *cli, json_t *all)
{
	json_t *result = json_object(), *problems = json_array();
	size_t count = cli_listeners_check(cli, problems);

	json_object_set_new(result, "problems", problems);
	if (!cli->json && problems_show("listeners", result) == 0 && !cli->quiet)
		puts("listeners: good");
	if (cli->json)
		json_object_set(all, "listeners", result);
	json_decref(result);
	return count > 0 ? ADMIN_PARTIAL : 0;
}

static int check_signatures(struct cli *cli, bool strict, json_t *all)
{
	if (cli->config->malware_signature_key.n == 0)
		return 0;
	json_t *result = cli_signatures_state(cli->config);
	size_t warnings = json_array_size(json_object_get(result, "warnings")), problems = json_array_size(json_object_get(result, "problems"));

	if (!cli->json) {
		(void)warnings_show("signatures", result);
		if (problems_show("signatures", result) == 0 && !cli->quiet)
			puts("signatures: good");
	} else {
		json_object_set(all, "signatures", result);
	}
	json_decref(result);
	return problems > 0 ? ADMIN_PARTIAL : strict && warnings > 0 ? ADMIN_FAILED : 0;
}

static int run_check(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *all = json_object();
	bool strict = json_is_true(json_object_get(args, "strict"));
	int code = cli_config_load(cli);

	if (code == 0 && !cli->json && !cli->quiet)
		puts("configuration: good");
	if (code == 0)
		code = check_part(cli, "check", "server", strict, all);
	if (code == 0 || code == ADMIN_PARTIAL || code == ADMIN_FAILED) {
		int more = check_part(cli, "ca.check", "authority", strict, all);
		code = code != 0 && more == ADMIN_UNAVAILABLE ? code : worse(code, more); /* that auth is away was said */
	}
	if (code == 0 || code == ADMIN_PARTIAL || code == ADMIN_FAILED)
		code = worse(code, check_part(cli, "gateway.check", "gateway", strict, all));
	if (code == 0 || code == ADMIN_PARTIAL || code == ADMIN_FAILED)
		code = worse(code, check_part(cli, "tls.check", "certificates", strict, all));
	if (code == 0)
		code = check_listeners(cli, all);
	if (code != ADMIN_CONFIG)
		code = worse(code, check_signatures(cli, strict, all));
	if (json_is_true(json_object_get(args, "store")) && code != ADMIN_CONFIG && code != ADMIN_UNAVAILABLE) {
		code = worse(code, check_part(cli, "queue.check", "queue", strict, all));
		code = worse(code, check_part(cli, "mail.check", "mail", strict, all));
	}
	if (cli->json)
		cli_print_json("check", all);
	json_decref(all);
	return code;
}

static int run_version(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *version = json_pack("{s:s}", "version", LETTERLOCK_VERSION);

	if (cli->json)
		cli_print_json("version", version);
	else
		puts("letterlock " LETTERLOCK_VERSION);
	json_decref(version);
	return 0;
}

static const struct cli_command commands[] = {
	{.words = "status", .op = "status", .show = show_status, .help = "every process of the server"},
	{.words = "check", .options = "store! strict!", .run = run_check,
		.help = "the configuration and the server; warnings count with --strict; with --store also queue, packs and the account databases that are open"},
	{.words = "reload", .op = "reload", .show = show_reload, .help = "reads configuration and certificates again; connections stay"},
	{.words = "reload confirm", .op = "reload.confirm", .help = "keeps a configuration that changed who may come in"},
	{.words = "stop", .op = "stop", .help = "ends the server cleanly"},
	{.words = "version", .run = run_version, .help = "the version of this program"},
};
const struct cli_noun cli_server = {"server", commands, ARRAY_LEN(commands)};
