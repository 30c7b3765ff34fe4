/* letterlock: administration over the Unix socket of the server. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"

#define DEFAULT_CONFIG "/etc/letterlock/letterlock.yaml"
#define WORDS_MAX 64

/* What the arguments say before it is known which command they are for. */
struct words {
	char *items[WORDS_MAX];
	int count;
	bool help, version;
};

static const struct cli_noun *const nouns[] = {&cli_domain, &cli_tls, &cli_user, &cli_user_sieve, &cli_department, &cli_alias, &cli_group, &cli_queue, &cli_quarantine, &cli_junk, &cli_server, &cli_config, &cli_audit, &cli_trace, &cli_access, &cli_login, &cli_logout,
	&cli_factor, &cli_import, &cli_policy, &cli_session, &cli_token, &cli_role, &cli_grant, &cli_approval, &cli_oauth, &cli_identity, &cli_certificate, &cli_ldap,
	&cli_escrow, &cli_recovery, &cli_delegate, &cli_clearance, &cli_account, &cli_device, &cli_device_certificate, &cli_ca, &cli_contact, &cli_condition, &cli_review, &cli_party, &cli_trust, &cli_forward, &cli_firewall, &cli_signatures};

static struct slice word_take(struct slice *rest)
{
	struct slice word = SLICE_NONE;

	slice_split(rest, ' ', &word);
	return word;
}

/* Number of words of the command that the arguments begin with, 0 when they do not. */
static int command_match(const struct cli_command *command, char **words, int count)
{
	struct slice rest = slice_str(command->words);
	int matched = 0;

	while (rest.n > 0) {
		if (matched >= count || !slice_eq(word_take(&rest), slice_str(words[matched])))
			return 0;
		matched++;
	}
	return matched;
}

static const struct cli_command *command_find(char **words, int count, int *ret_used)
{
	const struct cli_command *best = NULL;

	*ret_used = 0;
	for (size_t n = 0; n < ARRAY_LEN(nouns); n++)
		for (size_t i = 0; i < nouns[n]->count; i++) {
			int used = command_match(&nouns[n]->commands[i], words, count);
			if (used > *ret_used) {
				*ret_used = used;
				best = &nouns[n]->commands[i];
			}
		}
	return best;
}

static void print_words(const char *spec, const char *before, const char *after)
{
	struct slice rest = slice_str(spec), word;

	while (slice_split(&rest, ' ', &word)) {
		bool optional = slice_ends(word, SLICE("?")), many = slice_ends(word, SLICE("+"));
		word.n -= optional || many || slice_ends(word, SLICE("#")) ? 1 : 0;
		printf(" %s%s%.*s%s%s", optional ? "[" : "", before, SLICE_ARG(word), after, optional ? "]" : many ? "…" : "");
	}
}

static void print_options(const char *spec)
{
	struct slice rest = slice_str(spec), word;

	while (slice_split(&rest, ' ', &word)) {
		bool flag = slice_ends(word, SLICE("!")), number = slice_ends(word, SLICE("#")), list = slice_ends(word, SLICE(","));
		word.n -= flag || number || list ? 1 : 0;
		printf(" [--");
		for (size_t i = 0; i < word.n; i++)
			putchar(word.p[i] == '_' ? '-' : word.p[i]);
		printf("%s]", flag ? "" : number ? " N" : list ? " A,B" : " TEXT");
	}
}

static void command_usage(const struct cli_command *command)
{
	printf("  letterlock %s", command->words);
	if (command->positional != NULL)
		print_words(command->positional, "<", ">");
	if (command->options != NULL)
		print_options(command->options);
	if (command->secrets != NULL)
		printf(" [--stdin]");
	printf("\n      %s\n", command->help);
}

static int usage(const char *noun)
{
	bool found = false;

	for (size_t n = 0; n < ARRAY_LEN(nouns); n++) {
		if (noun != NULL && strcmp(noun, nouns[n]->name) != 0)
			continue;
		found = true;
		for (size_t i = 0; i < nouns[n]->count; i++)
			command_usage(&nouns[n]->commands[i]);
	}
	if (noun != NULL && !found) {
		cli_error("no command begins with \"%s\"; try letterlock help", noun);
		return ADMIN_INVALID;
	}
	puts("\nOptions everywhere: --config FILE (or LETTERLOCK_CONFIG; " DEFAULT_CONFIG "), --json, --quiet, --yes, --stdin,\n"
		"--break-glass REASON (the emergency access of the local root; it is recorded as an alarm)\n"
		"Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 no server, 5 denied, 6 not found, 7 partly done or damage found");
	return 0;
}

static int positionals_take(struct cli *cli, const char *spec, json_t *args)
{
	struct slice rest = slice_str(spec != NULL ? spec : ""), word;
	int next = 0;

	while (slice_split(&rest, ' ', &word)) {
		char name[40];
		bool any = slice_ends(word, SLICE("*")), optional = any || slice_ends(word, SLICE("?")), many = any || slice_ends(word, SLICE("+")), number = slice_ends(word, SLICE("#"));
		uint32_t value = 0;
		word.n -= optional || many || number ? 1 : 0;
		snprintf(name, sizeof name, "%.*s", SLICE_ARG(word));
		if (next >= cli->word_count && optional)
			break;
		if (next >= cli->word_count) {
			cli_error("missing: <%s>", name);
			return ADMIN_INVALID;
		}
		if (many) {
			json_t *list = json_array();
			while (next < cli->word_count)
				json_array_append_new(list, json_string(cli->words[next++]));
			json_object_set_new(args, name, list);
		} else if (number) {
			if (slice_to_u32(slice_str(cli->words[next++]), &value) != 0) {
				cli_error("<%s> is a number", name);
				return ADMIN_INVALID;
			}
			json_object_set_new(args, name, json_integer(value));
		} else {
			json_object_set_new(args, name, json_string(cli->words[next++]));
		}
	}
	if (next < cli->word_count) {
		cli_error("too many arguments: %s", cli->words[next]);
		return ADMIN_INVALID;
	}
	return 0;
}

/* The word of an options list that --option names; '-' and '_' are the same. Type is ' ', '#', ',' or '!'. */
static bool option_find(const char *spec, const char *option, char *ret_name, size_t room, char *ret_type)
{
	struct slice rest = slice_str(spec != NULL ? spec : ""), word;

	while (slice_split(&rest, ' ', &word)) {
		*ret_type = ' ';
		if (slice_ends(word, SLICE("#")) || slice_ends(word, SLICE("!")) || slice_ends(word, SLICE(",")))
			*ret_type = (char)word.p[--word.n];
		snprintf(ret_name, room, "%.*s", SLICE_ARG(word));
		size_t i = 0;
		while (ret_name[i] != 0 && (ret_name[i] == option[i] || (ret_name[i] == '_' && option[i] == '-')))
			i++;
		if (ret_name[i] == 0 && option[i] == 0)
			return true;
	}
	return false;
}

static json_t *list_of(struct slice text)
{
	json_t *list = json_array();
	struct slice item;

	while (slice_split(&text, ',', &item))
		if (item.n > 0)
			json_array_append_new(list, json_stringn((const char *)item.p, item.n));
	return list;
}

static int option_set(const char *option, const char *value, const char *name, char type, json_t *args)
{
	uint64_t number;

	if (type == '!') {
		json_object_set_new(args, name, json_true());
		return 0;
	}
	if (value == NULL) {
		cli_error("--%s needs a value", option);
		return ADMIN_INVALID;
	}
	if (type == '#') {
		if (config_parse_size(slice_str(value), &number) != 0) {
			cli_error("--%s: a size such as 500MiB was expected", option);
			return ADMIN_INVALID;
		}
		json_object_set_new(args, name, json_integer((json_int_t)number));
		return 0;
	}
	if (type == ',') {
		json_object_set_new(args, name, list_of(slice_str(value)));
		return 0;
	}
	json_t *text = json_string(value);
	if (text == NULL) {
		cli_error("--%s: not UTF-8", option);
		return ADMIN_INVALID;
	}
	json_object_set_new(args, name, text);
	return 0;
}

/* Global switches; false when the word is none of them. */
static bool global_switch(struct cli *cli, const char *word)
{
	const struct { const char *name; bool *value; } switches[] = {
		{"--json", &cli->json}, {"--quiet", &cli->quiet}, {"--yes", &cli->yes}, {"--stdin", &cli->secrets_on_stdin},
	};

	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		if (strcmp(word, switches[i].name) == 0) {
			*switches[i].value = true;
			return true;
		}
	return false;
}

static int option_take(const struct cli_command *command, char **argv, int argc, int *i, json_t *args)
{
	char name[40], type;
	const char *option = argv[*i] + 2;

	if (command == NULL || !option_find(command->options, option, name, sizeof name, &type)) {
		cli_error("no such option here: %s; try letterlock help", argv[*i]);
		return ADMIN_INVALID;
	}
	return option_set(option, type == '!' ? NULL : *i + 1 < argc ? argv[++*i] : NULL, name, type, args);
}

/* First pass: the words without options, to find the command. Values of options do not matter: commands come first. */
static void words_take(struct cli *cli, int argc, char **argv, struct words *ret)
{
	*ret = (struct words){.count = 0};
	for (int i = 1; i < argc && ret->count < WORDS_MAX; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			cli->config_path = argv[++i];
		else if (strcmp(argv[i], "--break-glass") == 0 && i + 1 < argc)
			i++;
		else if (strcmp(argv[i], "--") == 0)
			break;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			ret->help = true;
		else if (strcmp(argv[i], "--version") == 0)
			ret->version = true;
		else if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (argv[i][0] != '-')
			ret->items[ret->count++] = argv[i];
	}
}

static int arguments_take(struct cli *cli, const struct cli_command *command, int used, int argc, char **argv, json_t *args)
{
	int code = 0, skipped = 0;
	bool only_words = false;

	cli->words = calloc((size_t)argc + 1, sizeof *cli->words);
	ENSURE(cli->words != NULL);
	for (int i = 1; i < argc && code == 0; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			i++;
		else if (!only_words && strcmp(argv[i], "--break-glass") == 0 && i + 1 < argc)
			cli->reason = argv[++i];
		else if (!only_words && argv[i][0] == '-' && argv[i][1] == '-')
			code = global_switch(cli, argv[i]) ? 0 : option_take(command, argv, argc, &i, args);
		else if (skipped < used)
			skipped++;
		else
			cli->words[cli->word_count++] = argv[i];
	}
	return code;
}

static int operation_run(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code;

	if (command->list != NULL)
		code = cli_ask_all(cli, command->op, args, command->list, &result);
	else
		code = cli_ask(cli, command->op, args, &result);
	/* What was refused has a result too: people read the error, which was said. */
	bool good = result != NULL && (code == ADMIN_OK || code == ADMIN_PARTIAL);
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	else if (good && command->show != NULL)
		command->show(result);
	else if (good && !cli->quiet)
		puts("done");
	json_decref(result);
	return code;
}

static int command_run(struct cli *cli, const struct cli_command *command, int used, int argc, char **argv)
{
	json_t *args = json_object();
	int code = arguments_take(cli, command, used, argc, argv, args);

	bool has_option = json_object_size(args) > 0;
	if (code == 0)
		code = positionals_take(cli, command->positional, args);
	if (code == 0 && command->needs_option && !has_option) {
		cli_error("nothing to change: no option was given");
		code = ADMIN_INVALID;
	}
	if (code == ADMIN_INVALID && command->positional != NULL)
		cli_error("see letterlock help %.*s", (int)strcspn(command->words, " "), command->words);
	if (code == 0 && command->secrets != NULL)
		code = cli_secrets(cli, command->secrets, args);
	if (code == 0)
		code = command->run != NULL ? command->run(cli, command, args) : operation_run(cli, command, args);
	json_decref(args);
	free(cli->words);
	if (cli->socket >= 0)
		close(cli->socket);
	config_free(&cli->config);
	return code;
}

/* Help, or arguments that are no command. */
static int no_command(const struct words *words)
{
	const char *first = words->count > 0 ? words->items[0] : "help";

	if (strcmp(first, "help") == 0)
		return usage(words->count > 1 ? words->items[1] : NULL);
	for (size_t n = 0; n < ARRAY_LEN(nouns); n++)
		if (strcmp(nouns[n]->name, first) == 0) {
			usage(first);
			if (!words->help && words->count > 1)
				cli_error("no such command: %s %s", first, words->items[1]);
			return words->help ? ADMIN_OK : ADMIN_INVALID;
		}
	cli_error("no such command: %s; try letterlock help", first);
	return ADMIN_INVALID;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *command;
	struct words words;
	int used;

	words_take(cli, argc, argv, &words);
	command = command_find(words.items, words.count, &used);
	if (words.version && words.count == 0) {
		puts("letterlock " LETTERLOCK_VERSION);
		return 0;
	}
	if (command != NULL && words.help) {
		command_usage(command);
		return 0;
	}
	return command != NULL ? command_run(cli, command, used, argc, argv) : no_command(&words);
}

int main(int argc, char **argv)
{
	struct cli cli = {.socket = -1};

	setlocale(LC_CTYPE, "");
	cli.config_path = getenv("LETTERLOCK_CONFIG");
	if (cli.config_path == NULL || *cli.config_path == 0)
		cli.config_path = DEFAULT_CONFIG;
	int code = run(&cli, argc, argv);
	if (cli.json && code != 0)
		cli_print_failure(code);
	return code;
}
