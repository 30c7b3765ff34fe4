/* The client of the admin socket: one request line out, one answer line in. */
#include "cmd/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buf.h"
#include "conf/config.h"

#define ANSWER_MAX (64u << 20)

int cli_config_load(struct cli *cli)
{
	struct config_problems problems = {0};

	if (cli->config != NULL)
		return 0;
	cli->config = config_read(cli->config_path, &problems);
	for (size_t i = 0; i < problems.count; i++)
		cli_error("%.*s", SLICE_ARG(problems.items[i].text));
	config_problems_free(&problems);
	return cli->config != NULL ? 0 : ADMIN_CONFIG;
}

/* A file that somebody is just editing must not keep the administrator from the running server: only run_dir is needed of it. */
static int config_load_partly(struct cli *cli)
{
	struct config_problems problems = {0};

	if (cli->config != NULL)
		return 0;
	cli->config = config_read_partly(cli->config_path, &problems);
	if (cli->config == NULL)
		cli_error("%.*s", SLICE_ARG(problems.items[0].text));
	else if (problems.count > 0 && !cli->quiet)
		fprintf(stderr, "letterlock: %s has errors; letterlock config check shows them\n", cli->config_path);
	config_problems_free(&problems);
	return cli->config != NULL ? 0 : ADMIN_CONFIG;
}

static int socket_path(struct cli *cli, struct sockaddr_un *ret)
{
	int code = config_load_partly(cli);

	if (code != 0)
		return code;
	struct buf path = BUF_INIT(sizeof ret->sun_path - 1);
	buf_append(&path, cli->config->run_dir);
	buf_append_str(&path, "/admin.sock");
	if (path.failed) {
		cli_error("run_dir is too long for a socket: %.*s", SLICE_ARG(cli->config->run_dir));
		buf_free(&path);
		return ADMIN_CONFIG;
	}
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path.data, buf_len(&path));
	buf_free(&path);
	return 0;
}

static int connect_server(struct cli *cli)
{
	struct sockaddr_un address;
	int code;

	if (cli->socket >= 0)
		return 0;
	code = socket_path(cli, &address);
	if (code != 0)
		return code;
	cli->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (cli->socket >= 0 && connect(cli->socket, (struct sockaddr *)&address, sizeof address) == 0)
		return 0;
	code = errno == EACCES || errno == EPERM ? ADMIN_DENIED : ADMIN_UNAVAILABLE;
	cli_error("no server answers at %s (%s)", address.sun_path, strerror(errno));
	return code;
}

static int send_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

static int read_line(int fd, struct buf *line)
{
	while (slice_find(buf_slice(line), '\n') < 0) {
		uint8_t *p = buf_reserve(line, 16384);
		ssize_t n = p != NULL ? read(fd, p, 16384) : -1;
		if (n < 0 && errno == EINTR && p != NULL)
			continue;
		if (n <= 0)
			return -1;
		buf_commit(line, (size_t)n);
	}
	return 0;
}

static int request_send(struct cli *cli, const char *op, const json_t *args)
{
	json_t *request = json_pack("{s:s, s:O}", "op", op, "args", args);
	json_t *token = cli->anonymous || cli->reason != NULL ? NULL : cli_session_token();

	if (token != NULL)
		json_object_set_new(request, "token", token);
	if (cli->reason != NULL)
		json_object_set_new(request, "reason", json_string(cli->reason));
	char *text = json_dumps(request, JSON_COMPACT);
	struct buf line = BUF_INIT(ANSWER_MAX);
	int code;

	buf_append_str(&line, text);
	buf_append_byte(&line, '\n');
	code = send_all(cli->socket, buf_slice(&line));
	buf_free_secret(&line);
	explicit_bzero(text, strlen(text));
	free(text);
	json_decref(request);
	return code;
}

static json_t *answer_read(struct cli *cli)
{
	struct buf line = BUF_INIT(ANSWER_MAX);
	json_t *answer = NULL;

	if (read_line(cli->socket, &line) == 0)
		answer = json_loadb((const char *)line.data + line.start, buf_len(&line), 0, NULL);
	buf_free_secret(&line);
	return answer;
}

int cli_ask(struct cli *cli, const char *op, const json_t *args, json_t **ret_result)
{
	json_t *answer, *empty = json_object();
	int code = connect_server(cli);

	*ret_result = NULL;
	if (code != 0) {
		json_decref(empty);
		return code;
	}
	answer = request_send(cli, op, args != NULL ? args : empty) == 0 ? answer_read(cli) : NULL;
	json_decref(empty);
	if (!json_is_object(answer)) {
		cli_error("the server closed the connection without an answer (only root and the server's own user are let in)");
		json_decref(answer);
		return ADMIN_UNAVAILABLE;
	}
	code = (int)json_integer_value(json_object_get(answer, "status"));
	*ret_result = json_incref(json_object_get(answer, "result"));
	const char *why = json_string_value(json_object_get(*ret_result, "code"));
	if (json_is_string(json_object_get(answer, "error")) && !(cli->expects_factor && why != NULL && strcmp(why, "factor_needed") == 0))
		cli_error("%s", json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
	return code;
}

int cli_ask_all(struct cli *cli, const char *op, json_t *args, const char *list, json_t **ret_result)
{
	json_t *page, *all = NULL;
	int code = cli_ask(cli, op, args, &all);

	while (code == 0 && json_is_true(json_object_get(all, "more")) && json_is_string(json_object_get(all, "next"))) {
		json_object_set(args, "after", json_object_get(all, "next"));
		code = cli_ask(cli, op, args, &page);
		if (page == NULL)
			break;
		json_array_extend(json_object_get(all, list), json_object_get(page, list));
		json_object_del(all, "more");
		json_object_del(all, "next");
		if (json_object_get(page, "more") != NULL)
			json_object_set(all, "more", json_object_get(page, "more"));
		if (json_object_get(page, "next") != NULL)
			json_object_set(all, "next", json_object_get(page, "next"));
		json_decref(page);
	}
	*ret_result = all;
	return code;
}
