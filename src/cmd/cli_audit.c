/* The audit log: look, export, prove, co-sign; the trace of messages; who looked into a mailbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/config.h"

#define FILE_MAX (1u << 20)
#define TAIL_COUNT 20
#define LIST_PAGES_MAX 5000

/* ---- times ---- */

static bool two_digits(const char *p, int *ret)
{
	if (!ascii_is_digit((uint8_t)p[0]) || !ascii_is_digit((uint8_t)p[1]))
		return false;
	*ret = (p[0] - '0') * 10 + p[1] - '0';
	return true;
}

bool cli_date_parse(const char *text, int64_t *ret)
{
	struct calendar c = {0};
	int century, year;
	size_t n = strlen(text);
	if ((n != 10 && n != 20) || !two_digits(text, &century) || !two_digits(text + 2, &year) || text[4] != '-' || text[7] != '-'
	    || !two_digits(text + 5, &c.month) || !two_digits(text + 8, &c.day))
		return false;
	if (n == 20 && (text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' || !two_digits(text + 11, &c.hour)
	    || !two_digits(text + 14, &c.minute) || !two_digits(text + 17, &c.second)))
		return false;
	c.year = century * 100 + year;
	if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour > 23 || c.minute > 59 || c.second > 60)
		return false;
	*ret = calendar_to_unix(&c);
	return true;
}

/* A date, or a time before now such as 2h or 7d. 0 or ADMIN_INVALID. */
static int take_time(json_t *args, const char *name)
{
	const char *text = json_string_value(json_object_get(args, name));
	int64_t seconds, ms;
	if (text == NULL)
		return 0;
	if (config_parse_duration(slice_str(text), &ms) == 0)
		seconds = (int64_t)time(NULL) - ms / 1000;
	else if (!cli_date_parse(text, &seconds)) {
		cli_error("--%s: a date such as 2026-11-22 or 2026-11-22T08:00:00Z, or a time before now such as 2h was expected", name);
		return ADMIN_INVALID;
	}
	json_object_set_new(args, name, json_integer(seconds));
	return 0;
}

static int take_times(json_t *args)
{
	int code = take_time(args, "since");
	return code == 0 ? take_time(args, "until") : code;
}

/* ---- records ---- */

static void print_time(const json_t *record)
{
	struct calendar c = calendar_from_unix(json_integer_value(json_object_get(record, "time")));
	printf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute, c.second,
		(int)json_integer_value(json_object_get(record, "ms")) % 1000);
}

/* Values come from users: no control character reaches the terminal. */
static void print_value(const char *text)
{
	for (; *text != 0; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_fields(const json_t *record)
{
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(record, "fields"), key, value) {
		printf(" %s=", key);
		if (json_is_integer(value))
			printf("%lld", (long long)json_integer_value(value));
		else
			print_value(json_string_value(value));
	}
}

static void print_record(const json_t *record)
{
	print_time(record);
	printf(" %lld %s %s", (long long)json_integer_value(json_object_get(record, "number")), json_string_value(json_object_get(record, "role")),
		json_string_value(json_object_get(record, "event")));
	print_fields(record);
	putchar('\n');
}

/* All pages of a list of records, at most `limit` records. */
static int ask_records(struct cli *cli, const char *op, json_t *args, size_t limit, json_t **ret)
{
	json_t *all = NULL, *page = NULL;
	int code = cli_ask(cli, op, args, &all);
	for (unsigned i = 0; code == 0 && json_is_true(json_object_get(all, "more")) && i < LIST_PAGES_MAX; i++) {
		if (json_array_size(json_object_get(all, "records")) >= limit)
			break;
		json_object_set(args, "after", json_object_get(all, "next"));
		code = cli_ask(cli, op, args, &page);
		if (page == NULL)
			break;
		json_array_extend(json_object_get(all, "records"), json_object_get(page, "records"));
		json_object_set(all, "more", json_object_get(page, "more"));
		json_object_set(all, "next", json_object_get(page, "next"));
		json_decref(page);
	}
	*ret = all;
	return code;
}

static int run_list(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL, *records;
	size_t limit = (size_t)json_integer_value(json_object_get(args, "limit"));
	bool downwards = strcmp(command->op, "trace") != 0;
	int code = take_times(args);
	if (code == 0)
		code = ask_records(cli, command->op, args, limit > 0 ? limit : SIZE_MAX, &result);
	records = json_object_get(result, "records");
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	for (size_t i = 0; !cli->json && i < json_array_size(records); i++)
		print_record(json_array_get(records, downwards ? json_array_size(records) - 1 - i : i));
	json_decref(result);
	return code;
}

static int run_tail(struct cli *cli, const struct cli_command *command, json_t *args)
{
	if (json_object_get(args, "limit") == NULL)
		json_object_set_new(args, "limit", json_integer(TAIL_COUNT));
	return run_list(cli, command, args);
}

/* The steps of each message together, in the order in which the messages began. */
static int run_trace(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL, *record;
	size_t i;
	const char *op = json_object_get(args, "mine") != NULL ? "trace.own" : command->op;
	int code = take_times(args);
	json_object_del(args, "mine");
	if (code == 0 && json_object_get(args, "since") == NULL && json_object_get(args, "id") == NULL)
		json_object_set_new(args, "since", json_integer((json_int_t)time(NULL) - 86400));
	if (code == 0)
		code = ask_records(cli, op, args, SIZE_MAX, &result);
	if (result != NULL && cli->json)
		cli_print_json(op, result);
	json_array_foreach(json_object_get(result, "records"), i, record)
		if (!cli->json)
			print_record(record);
	if (code == 0 && !cli->json && json_array_size(json_object_get(result, "records")) == 0)
		puts("nothing was found; further back with --since");
	json_decref(result);
	return code;
}

/* ---- state ---- */

static void show_status(const json_t *result)
{
	const char *warning = json_string_value(json_object_get(result, "warning")), *problem = json_string_value(json_object_get(result, "problem"));
	cli_fields(result, "records:size key:key writable:writable trusted:trusted head:head_size signed:head_time@ co-signed:cosigned_size "
		"co-signed-at:cosigned_time@ stamped:stamped_size stamped-at:stamped_time@ keep-days:keep_days keep-mail-days:keep_mail_days");
	if (json_array_size(json_object_get(result, "sinks")) > 0)
		cli_table(json_object_get(result, "sinks"), "RECEIVER:name BEHIND:behind");
	if (problem != NULL && *problem != 0)
		printf("%sPROBLEM: %s%s\n", cli_is_plain() ? "" : "\033[31m", problem, cli_is_plain() ? "" : "\033[0m");
	if (warning != NULL)
		printf("%sWARNING: %s%s\n", cli_is_plain() ? "" : "\033[31m", warning, cli_is_plain() ? "" : "\033[0m");
}

/* A refused operation has a result without members. */
static void put_text(const json_t *result, const char *name, FILE *f)
{
	const char *text = json_string_value(json_object_get(result, name));
	if (text != NULL)
		fputs(text, f);
}

static void show_text(const json_t *result)
{
	put_text(result, "text", stdout);
}

static void show_note(const json_t *result)
{
	put_text(result, "note", stdout);
}

static void show_verify(const json_t *result)
{
	if (json_object_get(result, "records") == NULL)
		return;
	if (json_is_true(json_object_get(result, "ok")))
		printf("%lld records: good\n", (long long)json_integer_value(json_object_get(result, "records")));
	else
		printf("DAMAGED at record %lld\n", (long long)json_integer_value(json_object_get(result, "bad")));
}

/* ---- files ---- */

/* Standard output, or a new file that nobody else reads. */
static FILE *open_output(const json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "output"));
	if (path == NULL)
		return stdout;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		cli_error("%s: %s", path, strerror(errno));
	return f;
}

static int close_output(FILE *f)
{
	bool failed = ferror(f) != 0 || fflush(f) != 0;
	if (f != stdout)
		failed |= fclose(f) != 0;
	if (failed)
		cli_error("the file could not be written");
	return failed ? ADMIN_FAILED : 0;
}

static bool read_input(const json_t *args, struct buf *out)
{
	const char *path = json_string_value(json_object_get(args, "input"));
	FILE *f = path != NULL ? fopen(path, "re") : stdin;
	uint8_t room[4096];
	size_t n;
	if (f == NULL) {
		cli_error("%s: %s", path, strerror(errno));
		return false;
	}
	while ((n = fread(room, 1, sizeof room, f)) > 0)
		buf_append_bytes(out, room, n);
	if (f != stdin)
		fclose(f);
	return !out->failed;
}

static int write_pages(struct cli *cli, const char *op, json_t *args, FILE *f)
{
	static const char *const kept[] = {"first", "end", "size", "pseudonyms"};
	bool more = true;
	int code = 0;
	while (more && code == 0) {
		json_t *page = NULL;
		code = cli_ask(cli, op, args, &page);
		if (page == NULL)
			return code;
		put_text(page, "text", f);
		more = json_is_true(json_object_get(page, "more"));
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			if (json_object_get(page, kept[i]) != NULL)
				json_object_set(args, kept[i], json_object_get(page, kept[i]));
		json_object_set(args, "at", json_object_get(page, "next"));
		json_object_del(args, "since");
		json_decref(page);
	}
	return code;
}

static int run_export(struct cli *cli, const struct cli_command *command, json_t *args)
{
	int code = take_times(args);
	FILE *f = code == 0 ? open_output(args) : NULL;
	if (f == NULL)
		return code != 0 ? code : ADMIN_FAILED;
	json_object_del(args, "output");
	code = write_pages(cli, command->op, args, f);
	int closed = close_output(f);
	return code != 0 ? code : closed;
}

static int run_cosign(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf lines = BUF_INIT(FILE_MAX);
	json_t *result = NULL;
	int code = read_input(args, &lines) ? 0 : ADMIN_FAILED;
	json_object_del(args, "input");
	json_object_set_new(args, "lines", json_stringn((const char *)buf_slice(&lines).p, buf_len(&lines)));
	if (code == 0)
		code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && !cli->quiet)
		printf("kept: %s\n", json_string_value(json_object_get(result, "name")));
	json_decref(result);
	buf_free(&lines);
	return code;
}

static int run_stamp_request(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf der = BUF_INIT(FILE_MAX);
	json_t *result = NULL;
	FILE *f = open_output(args);
	if (f == NULL)
		return ADMIN_FAILED;
	json_object_del(args, "output");
	int code = cli_ask(cli, command->op, args, &result);
	const char *text = json_string_value(json_object_get(result, "request"));
	if (code == 0 && text != NULL && base64_decode_strict(slice_str(text), &der) == 0
	    && fwrite(buf_slice(&der).p, 1, buf_len(&der), f) == buf_len(&der))
		fprintf(stderr, "for the head of size %lld: letterlock audit timestamp --size %lld --input ANSWER\n",
			(long long)json_integer_value(json_object_get(result, "size")), (long long)json_integer_value(json_object_get(result, "size")));
	int closed = close_output(f);
	json_decref(result);
	buf_free(&der);
	return code != 0 ? code : closed;
}

static int run_stamp(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf answer = BUF_INIT(FILE_MAX), text = BUF_INIT(FILE_MAX * 2);
	json_t *result = NULL;
	int code = read_input(args, &answer) ? 0 : ADMIN_FAILED;
	json_object_del(args, "input");
	base64_encode(buf_slice(&answer), &text);
	json_object_set_new(args, "answer", json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	if (code == 0)
		code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && !cli->quiet)
		puts("kept");
	json_decref(result);
	buf_free(&answer);
	buf_free(&text);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "audit status", .op = "audit.status", .show = show_status, .help = "is the audit log written, signed, known outside?"},
	{.words = "audit head", .op = "audit.head", .show = show_note, .help = "the newest signed head; keep a copy elsewhere"},
	{.words = "audit tail", .op = "audit.list", .options = "limit#", .run = run_tail, .help = "the newest records"},
	{.words = "audit list", .op = "audit.list", .options = "since until event class actor object cid limit#", .run = run_list,
		.help = "records by time (2h, 2026-11-22), event, class, actor, object, connection"},
	{.words = "audit export", .op = "audit.export", .options = "since first# end# size# anonymise! output", .run = run_export,
		.help = "records with everything that proves them, for letterlock-verify; --anonymise: pseudonyms for people, whose records then prove less"},
	{.words = "audit prove", .op = "audit.prove", .options = "record# old_size#", .show = show_text, .needs_option = true,
		.help = "proof that a record is in the log, or that the log begins with that of an older head"},
	{.words = "audit verify", .op = "audit.verify", .show = show_verify, .help = "reads and hashes the whole log again"},
	{.words = "audit cosign-request", .op = "audit.cosign_request", .options = "old_size#", .show = show_text,
		.help = "what a co-signer is asked; for letterlock-verify cosign on another host"},
	{.words = "audit cosign", .op = "audit.cosign", .options = "size# input", .run = run_cosign, .needs_option = true,
		.help = "keeps the signature lines of a co-signer (file or standard input)"},
	{.words = "audit timestamp-request", .op = "audit.timestamp_request", .options = "output", .run = run_stamp_request,
		.help = "an RFC 3161 request for the newest head"},
	{.words = "audit timestamp", .op = "audit.timestamp", .options = "size# input", .run = run_stamp, .needs_option = true,
		.help = "keeps the answer of a time stamp service"},
	{.words = "audit metrics", .op = "audit.metrics", .show = show_text, .help = "counters of events for Prometheus"},
};
const struct cli_noun cli_audit = {"audit", commands, ARRAY_LEN(commands)};

static const struct cli_command trace_commands[] = {
	{.words = "trace", .op = "trace", .positional = "id?", .options = "mine! address from to since until", .run = run_trace,
		.help = "what happened to a message: by queue or connection id, by address; --mine: to the own letters; the last day unless --since says more"},
};
const struct cli_noun cli_trace = {"trace", trace_commands, ARRAY_LEN(trace_commands)};

static const struct cli_command access_commands[] = {
	{.words = "access list", .op = "access.list", .positional = "address", .options = "since until", .run = run_list,
		.help = "who else looked into a mailbox"},
};
const struct cli_noun cli_access = {"access", access_commands, ARRAY_LEN(access_commands)};
