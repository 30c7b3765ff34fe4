/* Conditions, the review of rights, third parties. */
#include <stdio.h>

#include "base/ensure.h"
#include "cmd/cli.h"

static void show_rehearsal(const json_t *result)
{
	cli_fields(result, "sign-ins:checked would-change:changed denied:denied second-factor:stepped_up read-only:read_only");
	cli_table(json_object_get(result, "who"), "ADDRESS:address NOW:from THEN:to RULE:rule IP:ip PROTOCOL:protocol SIGN-INS:count");
}

/* The rules are given as JSON text. */
static int rehearse(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const char *text = json_string_value(json_object_get(args, "value"));
	json_t *value = json_loads(text != NULL ? text : "", 0, NULL), *result = NULL;
	if (value == NULL) {
		cli_error("the rules are no JSON");
		return ADMIN_INVALID;
	}
	json_object_set_new(args, "value", value);
	int code = cli_ask(cli, command->op, args, &result);
	if (code == ADMIN_OK && cli->json)
		cli_print_json(command->op, result);
	else if (code == ADMIN_OK)
		show_rehearsal(result);
	json_decref(result);
	return code;
}

static const struct cli_command condition_commands[] = {
	{.words = "condition rehearse", .op = "condition.rehearse", .positional = "value", .help = "try conditions (JSON) on the sign-ins of 30 days", .run = rehearse},
	{.words = "condition confirm", .op = "condition.confirm", .help = "keep the conditions that were set within the last minute"},
};
const struct cli_noun cli_condition = {"condition", condition_commands, ARRAY_LEN(condition_commands)};

static void show_id(const json_t *result)
{
	cli_fields(result, "id:id");
}

static void show_review(const json_t *result)
{
	cli_fields(result, "review:id by:author started:started@ ends:ends@");
	cli_table(json_object_get(result, "grants"), "GRANT:grant ADDRESS:address ROLE:role SCOPE:scope VALUE:value DECISION:decision BY:signer");
}

static void show_report(const json_t *result)
{
	puts("Not used for long:");
	cli_table(json_object_get(result, "stale"), "ADDRESS:address USED:used@ KEPT:kept");
	puts("Rights that nobody uses:");
	cli_table(json_object_get(result, "unused"), "GRANT:grant ADDRESS:address ROLE:role SINCE:created@ REVIEWED:reviewed@");
	puts("Leavers with rights:");
	cli_table(json_object_get(result, "leavers"), "ADDRESS:address GRANTS:grants");
	puts("Who has rights over others:");
	cli_table(json_object_get(result, "see"), "ADDRESS:address RIGHTS:rights");
}

static void show_hygiene(const json_t *result)
{
	cli_table(json_object_get(result, "accounts"), "ADDRESS:address USED:used@ KEPT:kept");
	cli_fields(result, "disabled:disabled lapsed:lapsed ended:ended");
}

static const struct cli_command review_commands[] = {
	{.words = "review start", .op = "review.start", .options = "days#", .help = "begin a review of all grants", .show = show_id},
	{.words = "review show", .op = "review.show", .options = "id#", .help = "the open review, or one by its number", .show = show_review, .list = "grants"},
	{.words = "review sign", .op = "review.sign", .options = "id# keep, end,", .help = "confirm or end grants by their numbers", .needs_option = true},
	{.words = "review report", .op = "review.report", .help = "stale accounts, unused rights, leavers, who can see what", .show = show_report},
	{.words = "review hygiene", .op = "hygiene.run", .options = "dry_run!", .help = "do now what is done daily; --dry-run: say what it would do",
	 .show = show_hygiene},
};
const struct cli_noun cli_review = {"review", review_commands, ARRAY_LEN(review_commands)};

static void show_parties(const json_t *result)
{
	cli_table(json_object_get(result, "parties"), "ID:id NAME:name KIND:kind OWNER:owner SCOPE:scope ENDS:ends@ USED:used@ REVIEWED:reviewed@");
}

static const struct cli_command party_commands[] = {
	{.words = "party list", .op = "party.list", .options = "all!", .help = "the register of third parties", .show = show_parties, .list = "parties"},
	{.words = "party add", .op = "party.add", .positional = "address name kind", .options = "scope ref days#", .help = "register one; address: who answers for it",
	 .show = show_id},
	{.words = "party review", .op = "party.review", .positional = "id#", .options = "days#", .help = "confirm one"},
	{.words = "party end", .op = "party.end", .positional = "id#", .help = "end one; its tokens stop working"},
};
const struct cli_noun cli_party = {"party", party_commands, ARRAY_LEN(party_commands)};
