/*
 * Signature files of our own for clamd, carried to machines without a network: checked against the pinned key and put where clamd looks for them. No server is
 * asked: whoever may write into that folder may do this.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"
#include "crypt/crypt.h"
#include "crypt/minisign.h"
#include "sys/file.h"

#define FILE_MAX (64u << 20)
#define NAME_PREFIX "letterlock-"
#define SUFFIX ".minisig"
#define FUTURE_S 3600
#define PATH_ROOM 4096

static int fail(int code, const char *why)
{
	cli_error("%s", why);
	return code;
}

/* Kinds that clamd reads as text of its own; those with a signature of the maker (.cvd) need none of ours. */
static bool name_usable(const char *name)
{
	static const char *const kinds[] = {".hdb", ".hsb", ".mdb", ".msb", ".ndb", ".ldb", ".ldu", ".yar", ".yara", ".cdb", ".fp", ".sfp", ".ign2", ".pdb", ".wdb"};
	const char *dot = strrchr(name, '.');
	for (const char *c = name; *c != '\0'; c++)
		if (!ascii_is_alnum((uint8_t)*c) && *c != '.' && *c != '-' && *c != '_')
			return false;
	for (size_t i = 0; dot != NULL && dot != name && i < ARRAY_LEN(kinds); i++)
		if (strcmp(dot, kinds[i]) == 0)
			return strlen(name) <= 100;
	return false;
}

static bool path_of(const struct config *c, const char *name, const char *suffix, char ret[PATH_ROOM])
{
	int n = snprintf(ret, PATH_ROOM, "%.*s/%s%s", SLICE_ARG(c->malware_signature_folder), name, suffix);
	return n > 0 && n < PATH_ROOM;
}

/* The time of what lies there, checked anew; 0: nothing that holds. */
static int64_t time_there(const struct config *c, const char *name)
{
	char path[PATH_ROOM];
	struct buf content = BUF_INIT(FILE_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
	struct error err = {0};
	int64_t time = 0;
	if (!path_of(c, name, "", path) || file_read(path, &content, &err) != 0 || !path_of(c, name, SUFFIX, path) || file_read(path, &signature, &err) != 0
	    || minisign_verify(c->malware_signature_key, buf_slice(&content), buf_slice(&signature), &time, &err) != 0)
		time = 0;
	buf_free(&content);
	buf_free(&signature);
	return time;
}

/* The content first: a signature without its file says nothing, a file without signature is told of. */
static int put(const struct config *c, const char *name, struct slice content, struct slice signature)
{
	char path[PATH_ROOM];
	struct error err = {0};
	int rc = path_of(c, name, "", path) ? file_write_atomic(path, content, 0644, &err) : ERR_LIMIT;
	if (rc == 0)
		rc = path_of(c, name, SUFFIX, path) ? file_write_atomic(path, signature, 0644, &err) : ERR_LIMIT;
	return rc == 0 ? 0 : fail(ADMIN_FAILED, rc == ERR_LIMIT ? "the path is too long" : err.private_text);
}

static int load(struct cli *cli)
{
	int code = cli_config_load(cli);
	if (code == 0 && !minisign_key_valid(cli->config->malware_signature_key))
		code = fail(ADMIN_CONFIG, "malware.signature_key is not set to a public key of minisign");
	crypt_init();
	return code;
}

static int take(struct cli *cli, const char *name, struct slice content, struct slice signature)
{
	const struct config *c = cli->config;
	struct error err = {0};
	char own[200];
	int64_t made = 0, now = time(NULL);
	(void)snprintf(own, sizeof own, NAME_PREFIX "%s", name);
	if (minisign_verify(c->malware_signature_key, content, signature, &made, &err) != 0)
		return fail(ADMIN_DENIED, err.private_text);
	if (made > now + FUTURE_S)
		return fail(ADMIN_DENIED, "the file is from the future");
	if (made < time_there(c, own))
		return fail(ADMIN_DENIED, "a newer one is there");
	if (made + c->malware_stale / 1000 < now && !cli->yes)
		return fail(ADMIN_DENIED, "the file is older than malware.stale (--yes takes it all the same)");
	return put(c, own, content, signature);
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "file")), *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	char beside[PATH_ROOM];
	struct buf content = BUF_INIT(FILE_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
	struct error err = {0};
	int code = load(cli), n = snprintf(beside, sizeof beside, "%s" SUFFIX, path);
	if (code == 0 && !name_usable(name))
		code = fail(ADMIN_INVALID, "clamd reads no text signatures from a file of that name");
	else if (code == 0 && (n < 0 || (size_t)n >= sizeof beside || file_read(path, &content, &err) != 0 || file_read(beside, &signature, &err) != 0))
		code = fail(ADMIN_NOT_FOUND, err.private_text[0] != '\0' ? err.private_text : "the path is too long");
	if (code == 0)
		code = take(cli, name, buf_slice(&content), buf_slice(&signature));
	if (code == 0 && cli->json)
		cli_print_json("signatures.import", json_object_get(args, "nothing"));
	else if (code == 0)
		puts("done");
	buf_free(&content);
	buf_free(&signature);
	return code;
}

/* ---- how old they are ---- */

static void add(const struct config *c, const char *name, json_t *list, json_t *problems, json_t *warnings)
{
	int64_t made = time_there(c, name), age = time(NULL) - made;
	const char *state = made == 0 ? "unsigned" : age * 1000 >= c->malware_stale ? "stale" : age * 1000 >= c->malware_old ? "old" : "fresh";
	json_array_append_new(list, json_pack("{s:s,s:I,s:s}", "name", name, "time", (json_int_t)made, "state", state));
	if (strcmp(state, "fresh") != 0)
		json_array_append_new(strcmp(state, "old") == 0 ? warnings : problems, json_pack("{s:s+,s:s,s:s}", "what", "signatures are ", state, "where", name, "safe",
			"what else is scanned"));
}

json_t *cli_signatures_state(const struct config *c)
{
	json_t *out = json_object(), *list = json_array(), *problems = json_array(), *warnings = json_array();
	DIR *folder = opendir((const char *)c->malware_signature_folder.p);
	for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;)
		if (strncmp(e->d_name, NAME_PREFIX, sizeof NAME_PREFIX - 1) == 0 && name_usable(e->d_name))
			add(c, e->d_name, list, problems, warnings);
	if (folder != NULL)
		closedir(folder);
	if (json_array_size(list) == 0)
		json_array_append_new(problems, json_pack("{s:s,s:s,s:s}", "what", "no signature file was imported", "where", "malware.signature_folder", "safe",
			"what clamd fetches itself"));
	json_object_set_new(out, "signatures", list);
	json_object_set_new(out, "problems", problems);
	json_object_set_new(out, "warnings", warnings);
	return out;
}

static int run_status(struct cli *cli, const struct cli_command *command, json_t *args)
{
	int code = load(cli);
	if (code != 0)
		return code;
	json_t *state = cli_signatures_state(cli->config);
	const json_t *list = json_object_get(state, "signatures");
	for (size_t i = 0; !cli->json && i < json_array_size(list); i++)
		printf("%s: %s\n", json_string_value(json_object_get(json_array_get(list, i), "name")), json_string_value(json_object_get(json_array_get(list, i), "state")));
	if (cli->json)
		cli_print_json("signatures.status", state);
	code = json_array_size(json_object_get(state, "problems")) > 0 ? ADMIN_PARTIAL : 0;
	json_decref(state);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "signatures import", .positional = "file", .run = run_import,
		.help = "a file of signatures for clamd, with FILE.minisig beside it, signed by malware.signature_key; older ones than what is there are refused"},
	{.words = "signatures status", .run = run_status, .help = "the files that were imported and whether they are fresh, old or stale (malware.old, malware.stale)"},
};
const struct cli_noun cli_signatures = {"signatures", commands, ARRAY_LEN(commands)};
