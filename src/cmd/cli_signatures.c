/*
 * Signature files of our own for clamd, carried to machines without a network: checked against the pinned key and put where clamd looks for them. No server is
 * asked: whoever may write into that folder may do this.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"
#include "conf/signatures.h"
#include "crypt/crypt.h"
#include "crypt/minisign.h"
#include "sys/file.h"

#define FUTURE_S 3600
#define PATH_ROOM 4096

static int fail(int code, const char *why)
{
	cli_error("%s", why);
	return code;
}

static bool path_of(const struct config *c, const char *name, const char *suffix, char ret[PATH_ROOM])
{
	int n = snprintf(ret, PATH_ROOM, "%.*s/%s%s", SLICE_ARG(c->malware_signature_folder), name, suffix);
	return n > 0 && n < PATH_ROOM;
}

/* The content first: a signature without its file says nothing, a file without signature is told of. */
static int put(const struct config *c, const char *name, struct slice content, struct slice signature)
{
	char path[PATH_ROOM];
	struct error err = {0};
	int rc = path_of(c, name, "", path) ? file_write_atomic(path, content, 0644, &err) : ERR_LIMIT;
	if (rc == 0)
		rc = path_of(c, name, SIGNATURES_SUFFIX, path) ? file_write_atomic(path, signature, 0644, &err) : ERR_LIMIT;
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
	(void)snprintf(own, sizeof own, SIGNATURES_PREFIX "%s", name);
	if (minisign_verify(c->malware_signature_key, content, signature, &made, &err) != 0)
		return fail(ADMIN_DENIED, err.private_text);
	if (made > now + FUTURE_S)
		return fail(ADMIN_DENIED, "the file is from the future");
	if (made < signatures_time(c, own))
		return fail(ADMIN_DENIED, "a newer one is there");
	if (made + c->malware_stale / 1000 < now && !cli->yes)
		return fail(ADMIN_DENIED, "the file is older than malware.stale (--yes takes it all the same)");
	return put(c, own, content, signature);
}

static int run_import(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "file")), *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	char beside[PATH_ROOM];
	struct buf content = BUF_INIT(SIGNATURES_FILE_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
	struct error err = {0};
	int code = load(cli), n = snprintf(beside, sizeof beside, "%s" SIGNATURES_SUFFIX, path);
	if (code == 0 && !signatures_name_usable(name))
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

static void add(const struct config *c, const struct signature_file *f, json_t *list, json_t *problems, json_t *warnings)
{
	static const char *const names[] = {[SIGNATURES_FRESH] = "fresh", [SIGNATURES_OLD] = "old", [SIGNATURES_STALE] = "stale", [SIGNATURES_UNSIGNED] = "unsigned"};
	enum signatures_state state = signatures_state(c, f->made_s, time(NULL));
	json_array_append_new(list, json_pack("{s:s,s:I,s:s}", "name", f->name, "time", (json_int_t)f->made_s, "state", names[state]));
	if (state != SIGNATURES_FRESH)
		json_array_append_new(state == SIGNATURES_OLD ? warnings : problems, json_pack("{s:s+,s:s,s:s}", "what", "signatures are ", names[state], "where",
			f->name, "safe", state == SIGNATURES_OLD ? "everything" : "text; attachments from outside are held"));
}

json_t *cli_signatures_state(const struct config *c)
{
	struct signature_file files[SIGNATURES_MAX];
	size_t count = 0;
	struct error err = {0};
	json_t *out = json_object(), *list = json_array(), *problems = json_array(), *warnings = json_array();
	int rc = signatures_look(c, files, &count, &err);
	for (size_t i = 0; i < count; i++)
		add(c, &files[i], list, problems, warnings);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		json_array_append_new(problems, json_pack("{s:s,s:s,s:s}", "what", err.private_text, "where", "malware.signature_folder", "safe",
			"text; attachments from outside are held"));
	else if (count == 0)
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
