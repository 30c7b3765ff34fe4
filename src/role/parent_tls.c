/* The certificate and its key. The key is read by processes that need it only: a short-lived one here, which checks it, and `key`. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypt/tls.h"
#include "role/parent.h"
#include "sys/file.h"

#define CHAIN_MAX (256 * 1024)

static int open_key(const char *path, int *ret, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, "%s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		file_close(&fd);
		return error_set(err, ERR_INVALID, "%s: not a file", path);
	}
	*ret = fd;
	return 0;
}

static int check(const struct config *config, int fd, struct slice chain, struct error *err)
{
	struct buf pem = BUF_INIT(CONTROL_TLS_KEY_MAX);
	struct error why = {0};
	struct tls_key *key = NULL;
	int r = file_read_fd(fd, &pem, &why);
	if (r == 0) {
		key = tls_key_load(buf_slice(&pem), &why);
		r = key != NULL ? 0 : ERR_INVALID;
	}
	if (r != 0)
		error_set(err, (enum error_code)r, "%.*s: %s", SLICE_ARG(config->tls_key), why.private_text);
	else if (tls_key_matches(key, chain, &why) != 0)
		r = error_set(err, ERR_INVALID, "%.*s: %s", SLICE_ARG(config->tls_certificate), why.private_text);
	tls_key_free(&key);
	buf_free_secret(&pem);
	return r;
}

_Noreturn static void check_and_tell(const struct config *config, int fd, struct slice chain, int to)
{
	struct error err = {0};
	int r = check(config, fd, chain, &err);
	struct buf answer = BUF_INIT(sizeof err);
	buf_append_str(&answer, err.private_text);
	file_write_all(to, buf_slice(&answer), NULL);
	_exit(r == 0 ? 0 : 1);
}

/* What the checker says of the key, and how it ended. */
static int hear(int from, pid_t pid, struct error *err)
{
	struct buf text = BUF_INIT(sizeof err->private_text);
	ssize_t n;
	int status = -1;
	do {
		uint8_t room[sizeof err->private_text];
		n = read(from, room, sizeof room);
		buf_append_bytes(&text, room, n > 0 ? (size_t)n : 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	int r = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ERR_INVALID;
	if (r != 0)
		error_set(err, ERR_INVALID, "%.*s", SLICE_ARG(buf_len(&text) > 0 ? buf_slice(&text) : SLICE("the TLS key could not be checked")));
	buf_free(&text);
	return r;
}

static int check_elsewhere(const struct config *config, int fd, struct slice chain, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, "pipe");
	pid_t pid = fork();
	if (pid == 0)
		check_and_tell(config, fd, chain, ends[1]);
	int r = pid > 0 ? 0 : error_errno(err, "fork");
	file_close(&ends[1]);
	if (r == 0)
		r = hear(ends[0], pid, err);
	file_close(&ends[0]);
	return r;
}

int parent_open_tls(const struct config *config, struct buf *chain, int *ret_key, struct error *err)
{
	int fd = -1;
	buf_init(chain, CHAIN_MAX);
	*ret_key = -1;
	if (config->tls_certificate.n == 0)
		return 0;
	int r = file_read((const char *)config->tls_certificate.p, chain, err);
	if (r == 0)
		r = open_key((const char *)config->tls_key.p, &fd, err);
	if (r == 0)
		r = check_elsewhere(config, fd, buf_slice(chain), err);
	if (r == 0)
		*ret_key = fd;
	else
		file_close(&fd);
	return r;
}
