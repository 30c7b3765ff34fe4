/* The checks of mail, each alone: table, options, rounds, output. */
#include "cmd/cli_trust.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "conf/config.h"
#include "mime/header.h"
#include "sys/file.h"

#define ROUNDS_MAX 60
#define TIMEOUT_MS 20000

static const struct cli_trust_check *const checks[] = {&cli_trust_spf, &cli_trust_dmarc, &cli_trust_dkim, &cli_trust_arc, &cli_trust_sign,
	&cli_trust_phish, &cli_trust_junk, &cli_trust_report, &cli_trust_content};

#define CONNECTION "ip helo mail_from host "
#define WORLD "dns now timeout"

static const struct cli_command commands[] = {
	{"trust spf", NULL, "file?", CONNECTION WORLD, NULL, "may this host send for that domain (RFC 7208)? --dns HOST:PORT or a zone file", NULL,
		cli_trust_run, NULL, false},
	{"trust dkim", NULL, "file", WORLD, NULL, "who signed this message, and is it unchanged (RFC 6376)?", NULL, cli_trust_run, NULL, false},
	{"trust arc", NULL, "file", WORLD, NULL, "does the chain of those who passed it on hold (RFC 8617)?", NULL, cli_trust_run, NULL, false},
	{"trust phish", NULL, "file", CONNECTION "directory table " WORLD, NULL, "is this message what it seems? --directory NAMES.json: our domains, partners and people", NULL,
		cli_trust_run, NULL, false},
	{"trust junk", NULL, "file", CONNECTION "directory table " WORLD, NULL, "all checks of content; --table FILE: what the junk filter learnt", NULL, cli_trust_run, NULL, false},
	{"trust sign", NULL, "file", "domain selector key algorithm arc " WORLD, NULL, "signs with a key of yours; --arc AUTHSERV-ID seals instead", NULL,
	 cli_trust_run, NULL, false},
	{"trust dmarc", NULL, "file?", CONNECTION WORLD " psl! dkim, sample exempt", NULL,
		"is the domain of From authenticated, and what does its owner want (RFC 7489 and its successor)? --dkim: domains that count as signed",
		NULL, cli_trust_run, NULL, false},
	{"trust content", NULL, "file", "name type actions,", NULL,
		"what a file really is, what in it can act, and what is done with it; --name as it was sent, --type as it was declared, --actions \"macro in convert\"", NULL, cli_trust_run, NULL, false},
	{"trust report", NULL, "file", NULL, NULL, "what an aggregate report of DMARC or a TLS report says; a message, its attachment, XML or JSON", NULL,
		cli_trust_run, NULL, false},
};
const struct cli_noun cli_trust = {"trust", commands, ARRAY_LEN(commands)};

const char *cli_trust_option(const struct cli_trust *t, const char *name)
{
	return json_string_value(json_object_get(t->args, name));
}

void cli_json_text(json_t *object, const char *name, struct slice text)
{
	struct buf clean = BUF_INIT(4 * text.n + 4);
	utf8_append_clean(&clean, text);
	json_object_set_new(object, name, json_stringn_nocheck((const char *)buf_slice(&clean).p, buf_len(&clean)));
	buf_free(&clean);
}

/* ---- options ---- */

static int read_stdin(struct buf *out)
{
	ssize_t n = 1;
	while (n > 0 && !out->failed) {
		uint8_t piece[65536];
		n = read(STDIN_FILENO, piece, sizeof piece);
		buf_append_bytes(out, piece, n > 0 ? (size_t)n : 0);
	}
	return n < 0 || out->failed ? ERR_IO : 0;
}

static int take_message(struct cli_trust *t, const struct cli_trust_check *check)
{
	const char *path = cli_trust_option(t, "file");
	struct buf b = BUF_INIT(CLI_TRUST_MESSAGE_MAX);
	struct error err = {0};
	if (path == NULL && !check->needs_message)
		return 0;
	int rc = path == NULL || strcmp(path, "-") == 0 ? read_stdin(&b) : file_read(path, &b, &err);
	if (rc == 0)
		t->message = arena_dup(&t->arena, buf_slice(&b));
	else
		cli_error("the message cannot be read: %s", err.private_text[0] != 0 ? err.private_text : "input or size");
	buf_free(&b);
	return rc == 0 ? 0 : ADMIN_INVALID;
}

/* The reverse-path without <>; from the Return-Path of the message when it was not given. */
static struct slice reverse_path(const struct cli_trust *t)
{
	struct mime_field f;
	struct slice path = slice_str(cli_trust_option(t, "mail_from"));
	if (cli_trust_option(t, "mail_from") == NULL && mime_header_find(t->message, SLICE("Return-Path"), &f))
		path = slice_trim(f.value);
	if (slice_starts(path, SLICE("<")) && slice_ends(path, SLICE(">")))
		path = slice_sub(path, 1, path.n - 1);
	return path;
}

static int take_connection(struct cli_trust *t, const struct cli_trust_check *check)
{
	const char *ip = cli_trust_option(t, "ip");
	if (ip == NULL && check->needs_client) {
		cli_error("missing: --ip ADDRESS");
		return ADMIN_INVALID;
	}
	if (ip != NULL && !trust_ip_parse(slice_str(ip), &t->request.client)) {
		cli_error("--ip: an IPv4 or IPv6 address was expected");
		return ADMIN_INVALID;
	}
	t->has_client = ip != NULL;
	t->request.helo = slice_str(cli_trust_option(t, "helo"));
	t->request.host = slice_str(cli_trust_option(t, "host"));
	t->request.mail_from = reverse_path(t);
	return 0;
}

static int take_now(struct cli_trust *t, int64_t *ret)
{
	const char *text = cli_trust_option(t, "now");
	uint64_t seconds;
	*ret = (int64_t)time(NULL);
	if (text == NULL)
		return 0;
	if (slice_to_u64(slice_str(text), &seconds) == 0 && seconds <= INT64_MAX)
		*ret = (int64_t)seconds;
	else if (!cli_date_parse(text, ret)) {
		cli_error("--now: unix seconds or a time such as 2026-11-22T08:00:00Z was expected");
		return ADMIN_INVALID;
	}
	return 0;
}

static int take_timeout(const struct cli_trust *t, int *ret_ms)
{
	const char *text = cli_trust_option(t, "timeout");
	int64_t ms = TIMEOUT_MS;
	uint32_t seconds;
	if (text != NULL && slice_to_u32(slice_str(text), &seconds) == 0)
		ms = (int64_t)seconds * 1000;
	else if (text != NULL && config_parse_duration(slice_str(text), &ms) != 0)
		ms = 0;
	if (ms <= 0 || ms > 3600000) {
		cli_error("--timeout: seconds or a time such as 500ms was expected, an hour at most");
		return ADMIN_INVALID;
	}
	*ret_ms = (int)ms;
	return 0;
}

/* ---- running ---- */

static const struct cli_trust_check *check_of(const struct cli_command *command)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (strcmp(command->words + sizeof "trust", checks[i]->name) == 0)
			return checks[i];
	UNREACHABLE();
}

static json_t *run_rounds(struct cli_trust *t, const struct cli_trust_check *check, struct cli_trust_dns *dns, json_t *lookups)
{
	json_t *result = check->run(t);
	for (unsigned round = 0; result != NULL && facts_wanted(&t->facts) > 0; round++) {
		json_decref(result);
		if (round < ROUNDS_MAX)
			cli_trust_dns_answer(dns, &t->facts, lookups);
		else
			facts_give_up(&t->facts);
		facts_rerun(&t->facts);
		result = check->run(t);
	}
	return result;
}

static void show(const struct cli_trust *t, const struct cli_trust_check *check, const json_t *result)
{
	char op[40];
	snprintf(op, sizeof op, "trust.%s", check->name);
	if (t->cli->json) {
		cli_print_json(op, result);
		return;
	}
	if (check->show != NULL) {
		check->show(t, result);
		return;
	}
	cli_fields(result, check->fields);
	if (check->list != NULL && json_array_size(json_object_get(result, check->list)) > 0) {
		putchar('\n');
		cli_table(json_object_get(result, check->list), check->columns);
	}
	if (!t->cli->quiet && json_array_size(json_object_get(result, "lookups")) > 0) {
		putchar('\n');
		cli_table(json_object_get(result, "lookups"), "look-up:name type:type status:status records:text");
	}
}

int cli_trust_run(struct cli *cli, const struct cli_command *command, json_t *args)
{
	const struct cli_trust_check *check = check_of(command);
	struct cli_trust t = {.cli = cli, .args = args, .arena = ARENA_INIT};
	struct cli_trust_dns *dns = NULL;
	json_t *lookups = json_array(), *result = NULL;
	int64_t now = 0;
	int timeout_ms = 0, code = take_message(&t, check);
	if (code != 0 || (code = take_connection(&t, check)) != 0 || (code = take_now(&t, &now)) != 0 || (code = take_timeout(&t, &timeout_ms)) != 0)
		goto out;
	code = ADMIN_INVALID;
	facts_init(&t.facts, &t.arena, now);
	dns = cli_trust_dns_open(cli_trust_option(&t, "dns"), timeout_ms);
	result = dns != NULL ? run_rounds(&t, check, dns, lookups) : NULL;
	if (result == NULL)
		goto out;
	json_object_set(result, "lookups", lookups);
	show(&t, check, result);
	code = 0;
out:
	json_decref(result);
	json_decref(lookups);
	cli_trust_dns_close(&dns);
	facts_free(&t.facts);
	arena_free(&t.arena);
	return code;
}
