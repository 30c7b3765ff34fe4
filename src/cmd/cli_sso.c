/* Programs with tokens, identities at other providers, certificates of devices, LDAP. */
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "cmd/cli.h"

#define CERTIFICATE_FILE_MAX 8192

static void show_clients(const json_t *result)
{
	cli_table(json_object_get(result, "clients"), "CLIENT:id NAME:name SCOPE:scope DEVICE:device REDIRECTS:redirects");
}

static void show_grants(const json_t *result)
{
	cli_table(json_object_get(result, "grants"), "ID:id PROGRAM:client SCOPE:scope SINCE:created@");
}

/* The token alone, so that a script can take it. */
static void show_token(const json_t *result)
{
	puts(json_string_value(json_object_get(result, "token")));
}

static const struct cli_command oauth_commands[] = {
	{.words = "oauth client list", .op = "oauth.client.list", .show = show_clients, .list = "clients",
		.help = "programs that may ask for tokens"},
	{.words = "oauth client add", .op = "oauth.client.add", .positional = "id scope", .options = "owner name redirects, device! days#",
		.help = "a program that may ask for tokens; --owner: who answers for it; scope: \"imap pop smtp sieve api:<right>\""},
	{.words = "oauth client remove", .op = "oauth.client.remove", .positional = "id", .help = "the program's tokens end at once"},
	{.words = "oauth list", .op = "oauth.grant.list", .positional = "address", .show = show_grants,
		.help = "programs that have tokens of a user"},
	{.words = "oauth end", .op = "oauth.grant.end", .positional = "address id#", .help = "ends the tokens of one program"},
	{.words = "oauth token", .op = "oauth.token", .positional = "scope", .show = show_token,
		.help = "prints an access token of an hour for mail protocols, for scripts (after letterlock login)"},
};
const struct cli_noun cli_oauth = {"oauth", oauth_commands, ARRAY_LEN(oauth_commands)};

static void show_identities(const json_t *result)
{
	cli_table(json_object_get(result, "identities"), "ISSUER:issuer SUBJECT:subject EMAIL:email SINCE:created@");
}

static const struct cli_command identity_commands[] = {
	{.words = "identity list", .op = "identity.list", .positional = "address", .show = show_identities,
		.help = "who a user is at other providers"},
	{.words = "identity add", .op = "identity.add", .positional = "address issuer subject", .help = "the person of that issuer is this user"},
	{.words = "identity remove", .op = "identity.remove", .positional = "address issuer subject", .help = "not any more; sessions end"},
	{.words = "identity allow", .op = "user.managed.add", .positional = "address", .secrets = "password",
		.help = "the user allows sign-in by LDAP or another provider; the mailbox's keys are then held by the server as well"},
	{.words = "identity forbid", .op = "user.managed.remove", .positional = "address", .help = "only the own password, from now on"},
};
const struct cli_noun cli_identity = {"identity", identity_commands, ARRAY_LEN(identity_commands)};

static void show_certificates(const json_t *result)
{
	cli_table(json_object_get(result, "certificates"), "ID:id LABEL:label FINGERPRINT:fingerprint ENDS:ends@ SINCE:created@");
}

static int run_certificate_add(struct cli *cli, const struct cli_command *command, json_t *args)
{
	char text[CERTIFICATE_FILE_MAX + 1];
	json_t *result = NULL;
	const char *path = json_string_value(json_object_get(args, "file"));
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(text, 1, sizeof text, f) : 0;
	if (f != NULL)
		(void)fclose(f);
	if (n == 0 || n == sizeof text) {
		cli_error("%s: cannot be read, or is no certificate in PEM form", path);
		return ADMIN_INVALID;
	}
	json_object_del(args, "file");
	json_object_set_new(args, "certificate", json_stringn_nocheck(text, n));
	int code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		cli_fields(result, "id:id");
	json_decref(result);
	return code;
}

static const struct cli_command certificate_commands[] = {
	{.words = "certificate list", .op = "certificate.list", .positional = "address", .show = show_certificates,
		.help = "certificates that sign in for a user"},
	{.words = "certificate add", .op = "certificate.add", .positional = "address file", .options = "label", .secrets = "password",
		.run = run_certificate_add,
		.help = "a client certificate (PEM) of auth.client_ca signs in for the user"},
	{.words = "certificate remove", .op = "certificate.remove", .positional = "address id#", .help = "it does not any more; its sessions end"},
};
const struct cli_noun cli_certificate = {"certificate", certificate_commands, ARRAY_LEN(certificate_commands)};

static void show_test(const json_t *result)
{
	cli_fields(result, "server:url people:people groups:groups signed-in-as:dn address:address account:account");
}

static void show_sync(const json_t *result)
{
	cli_table(json_object_get(result, "steps"), "ACTION:action ADDRESS:address NAME:name");
	cli_fields(result, "people:people added:added changed:changed disabled:disabled enabled:enabled gone:gone groups:groups problems:problems dry-run:dry_run");
}

static const struct cli_command ldap_commands[] = {
	{.words = "ldap test", .op = "ldap.test", .positional = "address?", .secrets = "password?", .show = show_test,
		.help = "can people and groups be read, and does this user sign in there?"},
	{.words = "ldap sync", .op = "ldap.sync", .options = "dry_run! vanish#", .show = show_sync,
		.help = "takes people and groups over; --vanish N: that many percent of the known people may be gone"},
};
const struct cli_noun cli_ldap = {"ldap", ldap_commands, ARRAY_LEN(ldap_commands)};
