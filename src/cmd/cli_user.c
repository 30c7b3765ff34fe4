#include <stdio.h>
#include "base/ensure.h"
#include "cmd/cli.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "users"), "ADDRESS:address NAME:name DEPARTMENT:department ROLE:role STATE:state PROVISIONAL:provisional");
}

static void show_user(const json_t *result)
{
	cli_fields(result, "address:address name:name department:department role:role state:state quota:quota provisional:provisional position:position phone:phone mobile:mobile staff-number:staff_number "
		"reading:reading place:place hidden:hidden "
		"created:created@ app-passwords:app_passwords restriction:restriction because:restriction_reason by:restriction_author since:restriction_since@");
}

static void show_recovery(const json_t *result)
{
	json_int_t removed = json_integer_value(json_object_get(result, "app_passwords_removed"));
	const char *code = json_string_value(json_object_get(result, "recovery_code"));

	if (code != NULL)
		printf("Recovery code: %s\nIt is shown only now. Without it or the password the mail of this account cannot be read again.\n", code);
	if (removed > 0)
		printf("App passwords that ended with it: %lld\n", (long long)removed);
	if (json_is_true(json_object_get(result, "mail_lost")))
		puts("The account starts empty; its password is provisional.");
}

static void show_app_password(const json_t *result)
{
	cli_fields(result, "app-password:app_password id:id");
}

static void show_app_passwords(const json_t *result)
{
	cli_table(json_object_get(result, "app_passwords"), "ID:id LABEL:label CREATED:created@");
}

static void show_leaver(const json_t *result)
{
	const char *name;
	json_t *count;

	puts(json_is_true(json_object_get(result, "dry_run")) ? "Would end:" : "Ended:");
	json_object_foreach(json_object_get(result, "ends"), name, count)
		printf("  %-26s %lld\n", name, (long long)json_integer_value(count));
	cli_fields(result, "mail-goes-to:target hand-over:hand_over approval:approval");
}

/* Nobody loses mail by a reset without having been told so. */
static int run_reset(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code;

	if (json_object_get(args, "recovery_code") == NULL && !json_is_true(json_object_get(args, "lose_mail"))) {
		cli_error("without the recovery code all mail of this account would be lost for ever: nothing was changed. "
			"Give the recovery code, or --lose-mail to begin with an empty account");
		return ADMIN_DENIED;
	}
	if (json_object_get(args, "recovery_code") == NULL && !cli_confirm(cli, "All mail of this account will be lost."))
		return ADMIN_DENIED;
	code = cli_ask(cli, command->op, args, &result);
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	else if (code == ADMIN_OK)
		show_recovery(result);
	json_decref(result);
	return code;
}

/* The user stays, disabled, until everything that belongs to it is gone: after a failure in between the same command does the rest. */
static int remove_all(struct cli *cli, json_t *args, json_t **result)
{
	static const char *const steps[] = {"mail.remove", "queue.account_remove"};
	json_t *account = NULL, *id = json_object(), *done = NULL;
	int code = cli_ask(cli, "user.disable", args, &account);

	json_object_set(id, "account", json_object_get(account, "account"));
	for (size_t i = 0; code == 0 && i < ARRAY_LEN(steps); i++) {
		code = cli_ask(cli, steps[i], id, &done);
		json_decref(done);
		done = NULL;
	}
	if (code == 0)
		code = cli_ask(cli, "user.remove", args, result);
	else if (account != NULL)
		cli_error("the user is disabled but not removed yet: give the command again");
	json_decref(id);
	json_decref(account);
	return code;
}

static int run_remove(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = ADMIN_DENIED;

	if (cli_confirm(cli, "The account and all its mail are removed for ever."))
		code = remove_all(cli, args, &result);
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		puts("done");
	json_decref(result);
	return code;
}

static void show_restriction(const json_t *result)
{
	cli_fields(result, "address:address restriction:restriction messages-that-were-held:held");
}

/* --release and --drop are values of one member. */
static int run_sending(struct cli *cli, const struct cli_command *command, json_t *args)
{
	static const char *const names[] = {"release", "drop"};
	json_t *result = NULL;
	bool drop = json_is_true(json_object_get(args, "drop"));

	if (drop && json_is_true(json_object_get(args, "release"))) {
		cli_error("mail that is held is either released or dropped");
		return ADMIN_INVALID;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (json_is_true(json_object_get(args, names[i])))
			json_object_set_new(args, "held", json_string(names[i]));
		json_object_del(args, names[i]);
	}
	if (drop && !cli_confirm(cli, "The mail of this user that is held will never be sent."))
		return ADMIN_DENIED;
	int code = cli_ask(cli, command->op, args, &result);
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	else if (code == ADMIN_OK && !cli->quiet)
		show_restriction(result);
	json_decref(result);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "user list", .op = "user.list", .options = "domain", .show = show_list, .list = "users", .help = "the users"},
	{.words = "user show", .op = "user.show", .positional = "address", .show = show_user, .help = "one user"},
	{.words = "user add", .op = "user.add", .positional = "address", .options = "name department role quota# language", .secrets = "password",
		.help = "a new user with a provisional password; the user chooses an own one with: letterlock user passwd"},
	{.words = "user set", .op = "user.set", .positional = "address", .options = "name department role quota# language position phone mobile staff_number reading place# hidden", .needs_option = true,
		.help = "changes what is named"},
	{.words = "user language", .op = "user.language", .positional = "language",
		.help = "in what language the system writes to you: en, zh-CN, zh-TW, or '' for that of the organisation; in your own session"},
	{.words = "user disable", .op = "user.disable", .positional = "address", .help = "sessions end, no sign-in, and mail to the user is refused (550 5.2.1)"},
	{.words = "user enable", .op = "user.enable", .positional = "address", .help = "the user may sign in again"},
	{.words = "user remove", .op = "user.remove", .positional = "address", .run = run_remove, .help = "removes the account and its mail"},
	{.words = "user leave", .op = "user.leave", .positional = "address", .options = "target reason dry_run!", .show = show_leaver,
		.help = "ends everything that somebody has here; --target gets the mail and, by the quorum, the mailbox; --dry-run only says what would end"},
	{.words = "user sending", .op = "user.sending", .positional = "address state", .options = "release! drop! reason", .run = run_sending,
		.help = "stop, or allow: the right to send, and nothing else. With allow, --release or --drop says what becomes of mail that was held"},
	{.words = "user isolate", .op = "user.isolate", .positional = "address level", .options = "reason", .show = show_restriction,
		.help = "how far an account may go: none (all is allowed), no-external, no-sending, read-only, no-session"},
	{.words = "user junk reset", .op = "junk.reset", .positional = "address", .help = "the mailbox forgets what its reader taught it about junk"},
	{.words = "user passwd", .op = "user.passwd", .positional = "address", .secrets = "old new", .show = show_recovery,
		.help = "the user's own password; prints the recovery code. Standard input: present password, new password"},
	{.words = "user reset", .op = "user.reset", .positional = "address", .options = "lose_mail!", .secrets = "recovery_code? new",
		.run = run_reset, .help = "a new password for one that is lost. Standard input: recovery code (or an empty line), new password"},
	{.words = "user app-password add", .op = "user.app_password.add", .positional = "address", .options = "label device protocols, networks, days#", .secrets = "password",
		.show = show_app_password, .help = "a password for one program or device; asks for the user's own password"},
	{.words = "user app-password list", .op = "user.app_password.list", .positional = "address", .show = show_app_passwords,
		.help = "the app passwords of a user, without the secrets"},
	{.words = "user app-password remove", .op = "user.app_password.remove", .positional = "address id", .help = "ends one at once"},
};
const struct cli_noun cli_user = {"user", commands, ARRAY_LEN(commands)};
