/* Second factors of oneself, and the policy of who needs one. */
#include "cmd/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "factor/qr.h"

static void show_factors(const json_t *result)
{
	cli_table(json_object_get(result, "factors"), "ID:id KIND:kind LABEL:label LEFT:left CREATED:created@ USED:used@");
}

static void show_codes(const json_t *result)
{
	const json_t *code, *codes = json_object_get(result, "codes");
	size_t i;
	json_array_foreach(codes, i, code)
		printf("%3zu  %s\n", i + 1, json_string_value(code));
	puts("They are shown only now; each works once.");
}

/* Only where somebody looks: a file shall not keep it. */
static void draw(const struct cli *cli, const char *uri)
{
	struct buf qr = BUF_INIT(QR_OUT_MAX);

	if (uri != NULL && !cli->json && isatty(STDOUT_FILENO) && qr_blocks(slice_str(uri), !cli_is_plain(), &qr) == 0) {
		(void)fwrite(buf_slice(&qr).p, 1, buf_len(&qr), stdout);
		fflush(stdout);
	}
	buf_free_secret(&qr);
}

/* Two questions to the server with a code of the person between them. keep: members of the first answer that the second wants. */
static int run_two_steps(struct cli *cli, const char *begin, const char *confirm, json_t *args, void (*show)(const json_t *), const char *member)
{
	json_t *begun = NULL, *result = NULL, *next = json_object();
	int code = cli_ask(cli, begin, args, &begun);
	if (code == 0 && !cli->quiet) {
		draw(cli, json_string_value(json_object_get(begun, "uri")));
		show(begun);
	}
	if (code == 0)
		code = cli_secrets(cli, "code", next);
	if (code == 0) {
		json_object_set(next, "id", json_object_get(begun, "id"));
		if (member != NULL)
			json_object_set(next, member, json_object_get(begun, member));
		code = cli_ask(cli, confirm, next, &result);
	}
	if (code == 0 && cli->json)
		cli_print_json(confirm, result);
	else if (code == 0 && !cli->quiet)
		puts("done");
	json_decref(begun);
	json_decref(result);
	json_decref(next);
	return code;
}

static void say_secret(const json_t *begun)
{
	/* Not on standard output, which may be a file. */
	fprintf(stderr, "Secret for the program: %s\n%s\nThen the code that it shows.\n", json_string_value(json_object_get(begun, "secret")),
		json_string_value(json_object_get(begun, "uri")));
}

static void say_sent(const json_t *begun)
{
	fputs("A code is on its way; it works for five minutes.\n", stderr);
}

static int run_totp(struct cli *cli, const struct cli_command *command, json_t *args)
{
	return run_two_steps(cli, command->op, "factor.totp.confirm", args, say_secret, NULL);
}

static int run_contact(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_object_set_new(args, "kind", json_string(strstr(command->words, "sms") != NULL ? "sms" : "mail"));
	return run_two_steps(cli, command->op, "factor.contact.confirm", args, say_sent, "challenge");
}

static const struct cli_command factor_commands[] = {
	{.words = "factor list", .op = "factor.list", .positional = "address", .show = show_factors, .help = "second factors of an account"},
	{.words = "factor totp", .op = "factor.totp.begin", .options = "label", .run = run_totp,
		.help = "a program that shows six digits. Standard input: its first code"},
	{.words = "factor mail", .op = "factor.contact.set", .positional = "to", .options = "label", .run = run_contact,
		.help = "codes by mail to a second address. Standard input: the first code"},
	{.words = "factor sms", .op = "factor.contact.set", .positional = "to", .options = "label", .run = run_contact,
		.help = "codes by SMS to a number such as +8613800138000. Standard input: the first code"},
	{.words = "factor codes", .op = "factor.codes.make", .show = show_codes, .help = "ten codes for the day the others are lost; a former set ends"},
	{.words = "factor paper", .op = "factor.list.make", .options = "count#", .show = show_codes,
		.help = "a numbered list to print, for computers that nobody trusts"},
	{.words = "factor remove", .op = "factor.remove", .positional = "id#", .help = "removes one (after session step-up)"},
	{.words = "factor reset", .op = "factor.reset", .positional = "address", .help = "somebody lost all of them: removes factors and sessions"},
};
const struct cli_noun cli_factor = {"factor", factor_commands, ARRAY_LEN(factor_commands)};

static void show_policy(const json_t *result)
{
	char *text = json_dumps(json_object_get(result, "value"), JSON_INDENT(2) | JSON_SORT_KEYS);
	if (text != NULL)
		puts(text);
	free(text);
}

static int run_policy_set(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL, *value = json_loads(json_string_value(json_object_get(args, "value")), JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(value)) {
		cli_error("the value is a JSON object, such as '{\"roles\":[\"user\"],\"groups\":[],\"grace_days\":14}'");
		json_decref(value);
		return ADMIN_INVALID;
	}
	json_object_set_new(args, "value", value);
	int code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		show_policy(result);
	json_decref(result);
	return code;
}

static const struct cli_command policy_commands[] = {
	{.words = "policy get", .op = "policy.get", .positional = "name", .show = show_policy,
		.help = "a policy of the directory; factors: who needs a second factor"},
	{.words = "policy set", .op = "policy.set", .positional = "name value", .run = run_policy_set, .help = "sets it to a JSON object"},
};
const struct cli_noun cli_policy = {"policy", policy_commands, ARRAY_LEN(policy_commands)};
