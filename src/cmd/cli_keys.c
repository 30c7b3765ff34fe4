/* Escrow, delegates, clearances. */
#include <stdio.h>

#include "base/ensure.h"
#include "cmd/cli.h"

static void show_escrow(const json_t *result)
{
	cli_fields(result, "needed:k accounts:accounts covered:covered with-a-lost-share:weak lost:lost without:without");
	cli_table(json_object_get(result, "custodians"), "CUSTODIAN:address ABLE:able");
}

static void show_asked(const json_t *result)
{
	const char *check = json_string_value(json_object_get(result, "check"));
	printf("Request %lld\n", (long long)json_integer_value(json_object_get(result, "request")));
	if (check != NULL)
		printf("Check digits: %s\nTell them to the custodians in person. The new password works when enough of them have given their share; "
			"then make a recovery code (letterlock recovery make).\n", check);
}

static void show_requests(const json_t *result)
{
	cli_table(json_object_get(result, "requests"), "ID:id KIND:kind ADDRESS:address TARGET:target BY:asker APPROVED:approver REASON:reason GIVEN:given "
		"NEEDED:needed MINE:mine ENDS:ends@");
}

static void show_given(const json_t *result)
{
	cli_fields(result, "given:given needed:needed password-reset:reset handed-over:handed_over");
}

static void show_code(const json_t *result)
{
	printf("Recovery code: %s\nIt is shown only now; the former one ended.\n", json_string_value(json_object_get(result, "recovery_code")));
}

static void show_delegates(const json_t *result)
{
	puts("May open this mailbox:");
	cli_table(json_object_get(result, "given"), "DELEGATE:address ROLE:role SINCE:created@ ENDS:ends@");
	puts("Mailboxes that this user may open:");
	cli_table(json_object_get(result, "received"), "OWNER:address ROLE:role SINCE:created@ ENDS:ends@");
}

static void show_clearances(const json_t *result)
{
	cli_table(json_object_get(result, "clearances"), "KIND:kind NAME:name LEVEL:level BY:author CHANGED:changed@");
}

static const struct cli_command escrow_commands[] = {
	{.words = "escrow set", .op = "escrow.set", .positional = "k# custodians+", .options = "reason",
		.help = "k of these custodians open an account together; needs a second person"},
	{.words = "escrow status", .op = "escrow.status", .show = show_escrow, .help = "the quorum, and how many accounts it covers"},
	{.words = "escrow reset", .op = "escrow.reset_ask", .positional = "address", .secrets = "new", .show = show_asked,
		.help = "asks the custodians for a new password, which you choose here; no mail is lost"},
	{.words = "escrow hand-over", .op = "escrow.hand_over_ask", .positional = "address target", .options = "reason days#", .show = show_asked,
		.help = "asks for the mailbox of somebody who has left; --reason must be given"},
	{.words = "escrow list", .op = "escrow.list", .show = show_requests, .help = "what the custodians are asked for"},
	{.words = "escrow give", .op = "escrow.give", .positional = "id#", .options = "check", .show = show_given,
		.help = "gives your share; --check: the digits that the user told you in person"},
	{.words = "escrow refuse", .op = "escrow.refuse", .positional = "id#", .options = "reason", .help = "ends a request"},
};
const struct cli_noun cli_escrow = {"escrow", escrow_commands, ARRAY_LEN(escrow_commands)};

static const struct cli_command recovery_commands[] = {
	{.words = "recovery make", .op = "recovery.make", .show = show_code, .help = "a new recovery code for your own account"},
};
const struct cli_noun cli_recovery = {"recovery", recovery_commands, ARRAY_LEN(recovery_commands)};

static const struct cli_command delegate_commands[] = {
	{.words = "delegate add", .op = "delegate.add", .positional = "delegate", .options = "role days#",
		.help = "somebody else may open your mailbox; --role delegate, secretary, reader, partner or one of your own"},
	{.words = "delegate list", .op = "delegate.list", .positional = "address", .show = show_delegates, .help = "delegates, and mailboxes one may open"},
	{.words = "delegate remove", .op = "delegate.remove", .positional = "address delegate", .help = "ends it, and its sessions, at once"},
};
const struct cli_noun cli_delegate = {"delegate", delegate_commands, ARRAY_LEN(delegate_commands)};

static void show_certificate(const json_t *result)
{
	printf("%s", json_string_value(json_object_get(result, "certificate")));
	printf("signature: %s\n%s", json_string_value(json_object_get(result, "signature")), json_string_value(json_object_get(result, "public_key")));
}

static const struct cli_command account_commands[] = {
	{.words = "account shred", .op = "account.shred", .positional = "address", .options = "reason", .show = show_certificate,
		.help = "destroys all keys to the mail of a disabled user, for good; --reason must be given; needs a second person"},
	{.words = "account certificate", .op = "account.certificate", .positional = "address", .show = show_certificate,
		.help = "the certificate of destruction again"},
};
const struct cli_noun cli_account = {"account", account_commands, ARRAY_LEN(account_commands)};

static const struct cli_command clearance_commands[] = {
	{.words = "clearance list", .op = "clearance.list", .show = show_clearances, .list = "clearances", .help = "who may see letters of which class"},
	{.words = "clearance set", .op = "clearance.set", .positional = "kind name level",
		.help = "kind user, group or domain; level public, internal, confidential, secret, or default"},
};
const struct cli_noun cli_clearance = {"clearance", clearance_commands, ARRAY_LEN(clearance_commands)};
