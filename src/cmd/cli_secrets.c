/* Passwords: from standard input, one per line, or from the terminal without echo; never from the arguments. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/buf.h"

#define SECRET_MAX 1024

/* One line without its end; byte by byte, so that nothing behind it is taken. Returns false at the end of input. */
static bool line_read(int fd, struct buf *line)
{
	uint8_t c;
	ssize_t n;

	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return buf_len(line) > 0;
		if (c == '\n')
			break;
		buf_append_byte(line, c);
	}
	if (slice_ends(buf_slice(line), SLICE("\r")))
		buf_truncate(line, buf_len(line) - 1);
	return true;
}

static bool prompt(int tty, const char *what, const char *again, struct buf *line)
{
	struct termios before, silent;
	bool ok;

	dprintf(tty, "%s%s: ", what, again);
	if (tcgetattr(tty, &before) != 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &silent);
	ok = line_read(tty, line);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	return ok;
}

static bool prompt_twice(int tty, const char *what, struct buf *line)
{
	struct buf second = BUF_INIT(SECRET_MAX);
	bool same = prompt(tty, what, "", line) && prompt(tty, what, " again", &second) && slice_eq(buf_slice(line), buf_slice(&second));

	if (!same)
		cli_error("the two are not the same");
	buf_free_secret(&second);
	return same;
}

static const struct label {
	const char *member, *text;
	bool twice;
} labels[] = {
	{"password", "Password", false},
	{"old", "Present password", false},
	{"new", "New password", true},
	{"recovery_code", "Recovery code", false},
	{"code", "Code of the second factor", false},
	{"p12_password", "Password of the PKCS#12 file", true},
};

static const struct label *label_of(struct slice member)
{
	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		if (slice_eq(slice_str(labels[i].member), member))
			return &labels[i];
	return &labels[0];
}

static bool secret_read(struct cli *cli, int tty, const struct label *label, struct buf *line)
{
	if (cli->secrets_on_stdin)
		return line_read(STDIN_FILENO, line);
	return label->twice ? prompt_twice(tty, label->text, line) : prompt(tty, label->text, "", line);
}

static int secret_take(struct cli *cli, int tty, struct slice member, json_t *args)
{
	struct buf line = BUF_INIT(SECRET_MAX);
	bool optional = slice_ends(member, SLICE("?"));
	int code = 0;

	member.n -= optional ? 1 : 0;
	const struct label *label = label_of(member);
	if (!secret_read(cli, tty, label, &line) || line.failed || (buf_len(&line) == 0 && !optional)) {
		cli_error("%s: %s", label->text, line.failed ? "too long" : "expected, one line");
		code = ADMIN_INVALID;
	} else if (buf_len(&line) > 0) {
		json_t *value = json_stringn((const char *)line.data + line.start, buf_len(&line));
		if (value == NULL) {
			cli_error("%s: not UTF-8", label->text);
			code = ADMIN_INVALID;
		} else {
			json_object_set_new(args, label->member, value);
		}
	}
	buf_free_secret(&line);
	return code;
}

int cli_secrets(struct cli *cli, const char *names, json_t *args)
{
	struct slice rest = slice_str(names), member;
	int tty = -1, code = 0;

	if (!cli->secrets_on_stdin) {
		tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
		if (tty < 0) {
			cli_error("no terminal to ask at; give --stdin and one line for each of: %s", names);
			return ADMIN_INVALID;
		}
	}
	while (code == 0 && slice_split(&rest, ' ', &member))
		code = secret_take(cli, tty, member, args);
	if (tty >= 0)
		close(tty);
	return code;
}

bool cli_confirm(const struct cli *cli, const char *question)
{
	struct buf line = BUF_INIT(100);
	bool yes;
	int tty;

	if (cli->yes)
		return true;
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0) {
		cli_error("%s Nothing was done: there is no terminal to ask at; --yes confirms", question);
		return false;
	}
	dprintf(tty, "%s Go on? [y/N] ", question);
	yes = line_read(tty, &line) && (slice_eq_nocase(buf_slice(&line), SLICE("y")) || slice_eq_nocase(buf_slice(&line), SLICE("yes")));
	buf_free(&line);
	close(tty);
	return yes;
}

int cli_run_confirmed(struct cli *cli, const struct cli_command *command, json_t *args, const char *question)
{
	json_t *result = NULL;
	int code;

	if (!cli_confirm(cli, question))
		return ADMIN_DENIED;
	code = cli_ask(cli, command->op, args, &result);
	if (result != NULL && cli->json)
		cli_print_json(command->op, result);
	else if ((code == ADMIN_OK || code == ADMIN_PARTIAL) && !cli->quiet)
		puts("done");
	json_decref(result);
	return code;
}
