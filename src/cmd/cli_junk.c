/* What the organisation's people taught about junk: counts only, the words are hashed. And teaching it from files. */
#include <stdio.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cmd/cli.h"
#include "crypt/hash.h"
#include "mime/make.h"
#include "sys/file.h"

#define LETTER_MAX (64u << 20)
#define HEADER_MAX 8192u   /* of what is taught: both fit one request */
#define TEXT_MAX 32768u

static void show(const json_t *result)
{
	cli_fields(result, "on:on speaks:speaks good-letters:good junk-letters:junk words:words people:people since:since@");
}

static int run_forget(struct cli *cli, const struct cli_command *command, json_t *args)
{
	return cli_run_confirmed(cli, command, args, "What all people taught the organisation is forgotten; their own mailboxes keep it.");
}

/* ---- teaching ---- */

static void put_text(json_t *o, const char *name, struct slice text, size_t max)
{
	struct buf clean = BUF_INIT(4 * max);
	utf8_append_clean(&clean, utf8_prefix(text, max));
	struct slice shown = utf8_prefix(buf_slice(&clean), max);
	json_object_set_new(o, name, shown.n > 0 ? json_stringn((const char *)shown.p, shown.n) : json_string(""));
	buf_free(&clean);
}

/* The letter is known by its bytes: who teaches it twice teaches it once. */
static json_t *lesson(const char *user, const char *class, struct slice letter)
{
	struct arena arena = ARENA_INIT;
	struct digest digest;
	uint8_t id[16];
	struct buf hex = BUF_INIT(64);
	json_t *o = json_pack("{s:s, s:s}", "address", user, "class", class);
	hash_blake2b(letter, NULL, id, sizeof id);
	hex_encode(slice_make(id, sizeof id), &hex);
	(void)mime_digest_make(letter, id, &arena, &digest);
	put_text(o, "letter", buf_slice(&hex), 32);
	put_text(o, "header", digest.search_header, HEADER_MAX);
	put_text(o, "text", digest.search_text, TEXT_MAX);
	buf_free(&hex);
	arena_free(&arena);
	return o;
}

static int teach_file(struct cli *cli, const char *user, const char *class, const char *path, json_t *counts)
{
	struct buf letter = BUF_INIT(LETTER_MAX);
	struct error err = {0};
	json_t *result = NULL;
	int code = ADMIN_NOT_FOUND;
	if (file_read(path, &letter, &err) == 0) {
		json_t *args = lesson(user, class, buf_slice(&letter));
		code = cli_ask(cli, "junk.teach", args, &result);
		json_decref(args);
	} else {
		cli_error("%s", err.private_text);
	}
	const char *count = json_is_true(json_object_get(result, "learnt")) ? "learnt" : "passed_over";
	if (code == 0)
		json_object_set_new(counts, count, json_integer(json_integer_value(json_object_get(counts, count)) + 1));
	json_decref(result);
	buf_free(&letter);
	return code;
}

/* One of the three; NULL: none or several were given. */
static const char *class_of(const json_t *args)
{
	static const char *const options[] = {"junk", "good", "undo"}, *const classes[] = {"junk", "good", "nothing"};
	const char *found = NULL;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!json_is_true(json_object_get(args, options[i])))
			continue;
		if (found != NULL)
			return NULL;
		found = classes[i];
	}
	return found;
}

static int run_teach(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const char *user = json_string_value(json_object_get(args, "user")), *class = class_of(args);
	const json_t *file;
	size_t i;
	int code = 0;
	if (user == NULL || class == NULL) {
		cli_error("needed: --user ADDRESS, and one of --junk, --good and --undo");
		return ADMIN_INVALID;
	}
	json_t *counts = json_pack("{s:i, s:i}", "learnt", 0, "passed_over", 0);
	json_array_foreach(json_object_get(args, "files"), i, file)
		if (code == 0)
			code = teach_file(cli, user, class, json_string_value(file), counts);
	if (cli->json && code == 0)
		cli_print_json("junk.teach", counts);
	else if (code == 0)
		cli_fields(counts, "learnt:learnt passed-over:passed_over");
	json_decref(counts);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "junk show", .op = "junk.show", .show = show, .help = "what the organisation has learnt: letters, words, people who taught it"},
	{.words = "junk teach", .positional = "files+", .options = "user junk! good! undo!", .run = run_teach,
		.help = "letters from files (.eml), in the name of --user: --junk, --good, or --undo what was taught; 20 of a kind for each person at most"},
	{.words = "junk forget", .op = "junk.forget", .run = run_forget, .help = "forgets all of it (one mailbox: letterlock user junk reset)"},
};
const struct cli_noun cli_junk = {"junk", commands, ARRAY_LEN(commands)};
