/* The firewall file, and what listens on this machine. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ensure.h"
#include "cmd/cli.h"
#include "conf/firewall.h"

#define PROC_MAX (8u << 20)

static void read_all(const char *path, struct buf *out)
{
	char piece[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, piece, sizeof piece) : -1;

	while (n > 0 && !out->failed) {
		buf_append(out, slice_make(piece, (size_t)n));
		n = read(fd, piece, sizeof piece);
	}
	if (fd >= 0)
		close(fd);
}

struct findings {
	json_t *silent, *foreign;
};

static void add(void *arg, enum firewall_finding finding, struct slice where)
{
	struct findings *f = arg;
	json_t *list = finding == FIREWALL_SILENT ? f->silent : f->foreign;
	const char *what = finding == FIREWALL_SILENT ? "nothing listens there" : "something that is not in the table listens, open to other machines";

	if (list != NULL)
		json_array_append_new(list, json_pack("{s:s%, s:s}", "where", (const char *)where.p, where.n, "what", what));
}

static void compare(struct cli *cli, struct findings *f)
{
	struct buf tcp4 = BUF_INIT(PROC_MAX), tcp6 = BUF_INIT(PROC_MAX);

	read_all("/proc/net/tcp", &tcp4);
	read_all("/proc/net/tcp6", &tcp6);
	if (buf_len(&tcp4) > 0)
		firewall_compare(cli->config, buf_slice(&tcp4), buf_slice(&tcp6), add, f);
	buf_free(&tcp4);
	buf_free(&tcp6);
}

size_t cli_listeners_check(struct cli *cli, json_t *problems)
{
	struct findings f = {.silent = problems};

	compare(cli, &f);
	return json_array_size(problems);
}

static int run_print(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf out = BUF_INIT(1u << 20);
	int code = cli_config_load(cli);

	if (code == 0) {
		firewall_print(cli->config, &out);
		bool whole = fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout) == buf_len(&out) && fflush(stdout) == 0;
		code = whole ? 0 : ADMIN_FAILED;
	}
	buf_free(&out);
	return code;
}

static void show(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		printf("%s: %s\n", json_string_value(json_object_get(one, "where")), json_string_value(json_object_get(one, "what")));
}

static int run_check(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct findings f = {json_array(), json_array()};
	json_t *result = json_pack("{s:o, s:o}", "problems", f.silent, "warnings", f.foreign);
	int code = cli_config_load(cli);

	if (code == 0) {
		compare(cli, &f);
		code = json_array_size(f.silent) + json_array_size(f.foreign) > 0 ? ADMIN_PARTIAL : 0;
	}
	if (cli->json) {
		cli_print_json("firewall.check", result);
	} else {
		show(f.silent);
		show(f.foreign);
	}
	json_decref(result);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "firewall print", .run = run_print, .help = "a file for nft: what `listen` and management.allow say comes in, nothing else"},
	{.words = "firewall check", .run = run_check, .help = "compares the table of listeners with what listens on this machine; needs no server"},
};
const struct cli_noun cli_firewall = {"firewall", commands, ARRAY_LEN(commands)};
