/* Signing in to administer: the session's token lies in a file that only its owner reads. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ensure.h"

#define PATH_SIZE 4096
#define TOKEN_MAX 200

/* LETTERLOCK_SESSION, or one file per user: the run-time directory of the login session goes away with it. False: no place. */
static bool session_path(char *path, char *folder)
{
	const char *given = getenv("LETTERLOCK_SESSION"), *run = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
	folder[0] = 0;
	if (given != NULL && *given != 0)
		return snprintf(path, PATH_SIZE, "%s", given) < PATH_SIZE;
	if (run != NULL && *run != 0)
		snprintf(folder, PATH_SIZE, "%s/letterlock", run);
	else if (home != NULL && *home != 0)
		snprintf(folder, PATH_SIZE, "%s/.letterlock", home);
	return folder[0] != 0 && snprintf(path, PATH_SIZE, "%s/session", folder) < PATH_SIZE;
}

/* Only a plain file of our own that nobody else can read counts. */
static bool is_private(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

json_t *cli_session_token(void)
{
	char path[PATH_SIZE], folder[PATH_SIZE], token[TOKEN_MAX];
	json_t *value = NULL;
	if (!session_path(path, folder))
		return NULL;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = is_private(fd) ? read(fd, token, sizeof token) : 0;
	close(fd);
	if (n > 0 && (size_t)n < sizeof token)
		value = json_stringn(token, strcspn(token, "\n") < (size_t)n ? strcspn(token, "\n") : (size_t)n);
	explicit_bzero(token, sizeof token);
	return value;
}

static int session_keep(const char *token)
{
	char path[PATH_SIZE], folder[PATH_SIZE];
	if (!session_path(path, folder)) {
		cli_error("no place for the session: set LETTERLOCK_SESSION to a file name");
		return ADMIN_FAILED;
	}
	if (folder[0] != 0 && mkdir(folder, 0700) != 0 && errno != EEXIST) {
		cli_error("%s: %s", folder, strerror(errno));
		return ADMIN_FAILED;
	}
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, token, strlen(token)) == (ssize_t)strlen(token) && write(fd, "\n", 1) == 1;
	if (!ok)
		cli_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok ? 0 : ADMIN_FAILED;
}

static void session_forget(void)
{
	char path[PATH_SIZE], folder[PATH_SIZE];
	if (session_path(path, folder))
		(void)unlink(path);
}

/* The kind to answer with: what --factor names, else the first that a person can type. */
static const char *factor_choose(const json_t *result, const json_t *args)
{
	const char *wanted = json_string_value(json_object_get(args, "factor"));
	const json_t *item, *kinds = json_object_get(result, "factors");
	size_t i;
	if (wanted != NULL)
		return wanted;
	json_array_foreach(kinds, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), "webauthn") != 0)
			return json_string_value(item);
	return NULL;
}

/* Asks for the code and puts the proof into args. Kinds with a challenge were asked for it before. */
static int factor_ask(struct cli *cli, const json_t *result, json_t *args)
{
	const char *kind = factor_choose(result, args);
	const json_t *challenge = json_object_get(result, "challenge"), *number = json_object_get(challenge, "number");
	if (kind == NULL) {
		cli_error("this account has only security keys: sign in with a browser and make a token");
		return ADMIN_DENIED;
	}
	if (number != NULL && !cli->quiet)
		fprintf(stderr, "Code number %lld of the list\n", (long long)json_integer_value(number));
	int code = cli_secrets(cli, "code", args);
	json_t *proof = json_pack("{s:s, s:O}", "kind", kind, "code", json_object_get(args, "code"));
	if (json_object_get(challenge, "id") != NULL)
		json_object_set(proof, "id", json_object_get(challenge, "id"));
	json_object_del(args, "code");
	json_object_del(args, "factor");
	if (code == 0)
		json_object_set(args, "proof", proof);
	json_decref(proof);
	return code;
}

static bool needs_factor(const json_t *result)
{
	const char *code = json_string_value(json_object_get(result, "code"));
	return code != NULL && strcmp(code, "factor_needed") == 0;
}

/* Asks once; when a second factor is needed, for that too. Kinds that are sent need the challenge first. */
static int ask_with_factor(struct cli *cli, const char *op, json_t *args, json_t **ret)
{
	cli->expects_factor = true;
	int code = cli_ask(cli, op, args, ret);
	const char *kind = needs_factor(*ret) ? factor_choose(*ret, args) : NULL;
	if (kind != NULL && json_object_get(args, "factor") == NULL
	    && (strcmp(kind, "mail") == 0 || strcmp(kind, "sms") == 0 || strcmp(kind, "list") == 0)) {
		json_object_set_new(args, "factor", json_string(kind));
		json_decref(*ret);
		code = cli_ask(cli, op, args, ret);
	}
	cli->expects_factor = false;
	if (code == ADMIN_OK || !needs_factor(*ret))
		return code;
	json_t *asked = *ret;
	*ret = NULL;
	code = factor_ask(cli, asked, args);
	json_decref(asked);
	return code == 0 ? cli_ask(cli, op, args, ret) : code;
}

static void print_result(struct cli *cli, const char *op, json_t *result)
{
	json_object_del(result, "token"); /* it is in the file */
	if (cli->json)
		cli_print_json(op, result);
	else if (!cli->quiet)
		cli_fields(result, "signed-in-as:address second-factor:second_factor until:ends@");
}

static int run_login(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	cli->anonymous = true;
	int code = ask_with_factor(cli, command->op, args, &result);
	if (code == 0)
		code = session_keep(json_string_value(json_object_get(result, "token")));
	if (code == 0 && json_is_true(json_object_get(result, "must_register_factor")) && !cli->quiet)
		fputs("A second factor is needed before anything else: letterlock factor totp\n", stderr);
	if (result != NULL && code == 0)
		print_result(cli, command->op, result);
	json_decref(result);
	return code;
}

static int run_step_up(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = ask_with_factor(cli, command->op, args, &result);
	if (code == 0 && !cli->quiet && !cli->json)
		puts("done");
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	json_decref(result);
	return code;
}

static int run_logout(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = cli_ask(cli, command->op, args, &result);
	session_forget();
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	json_decref(result);
	return code;
}

static void show_sessions(const json_t *result)
{
	cli_table(json_object_get(result, "sessions"), "ID:id KIND:kind LABEL:label IP:ip AGENT:agent CREATED:created@ USED:used@ ENDS:ends@ THIS:this");
}

static void show_token(const json_t *result)
{
	cli_fields(result, "token:token id:session until:ends@");
}

static const struct cli_command login_commands[] = {
	{.words = "login", .op = "session.start", .positional = "address", .options = "factor label", .secrets = "password", .run = run_login,
		.help = "signs in; the commands that follow are yours. Standard input: password, then the code of the second factor"},
};
const struct cli_noun cli_login = {"login", login_commands, ARRAY_LEN(login_commands)};

static const struct cli_command logout_commands[] = {
	{.words = "logout", .op = "session.end", .run = run_logout, .help = "ends the session"},
};
const struct cli_noun cli_logout = {"logout", logout_commands, ARRAY_LEN(logout_commands)};

static const struct cli_command session_commands[] = {
	{.words = "session list", .op = "session.list", .positional = "address", .show = show_sessions, .help = "sessions and tokens of an account"},
	{.words = "session step-up", .op = "session.step_up", .options = "factor", .run = run_step_up,
		.help = "shows the second factor again, for what is dangerous"},
	{.words = "session sign-out", .op = "session.sign_out", .positional = "address", .options = "id#",
		.help = "ends one session, or all of an account, mail programs too"},
};
const struct cli_noun cli_session = {"session", session_commands, ARRAY_LEN(session_commands)};

static const struct cli_command token_commands[] = {
	{.words = "token add", .op = "token.add", .positional = "label", .options = "days# rights,", .show = show_token,
		.help = "a token for a program, shown once; --rights a,b limits it"},
};
const struct cli_noun cli_token = {"token", token_commands, ARRAY_LEN(token_commands)};
