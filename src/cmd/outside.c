/*
 * letterlock-outside: the rest of the world, for the demo, tests and benchmarks. A small SMTP host on which every address is a mailbox,
 * stored as DIR/<local part>/<n>.eml, except these:
 *
 *   temperror@  451 4.3.0 at RCPT     tempdata@  451 4.3.0 after the data
 *   permerror@  550 5.1.1 at RCPT     permdata@  554 5.6.0 after the data
 *   timeout@    no answer to RCPT, ever
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"
#include "conf/config.h"
#include "crypt/crypt.h"
#include "crypt/sign.h"
#include "net/address.h"
#include "net/conn.h"
#include "smtp/server.h"
#include "sys/file.h"

#define PEM_MAX (1u << 20)
#define INPUT_MAX 65536
#define NAME_MAX_BYTES 200
#define SIZE_MAX_BYTES (200ull << 20)
#define RECIPIENTS_MAX 1000

struct world {
	struct loop *loop;
	struct listener *listener;
	struct tls_context *tls;
	struct sign_key *key;
	const char *dir;
	bool count_only, lmtp;
	struct map numbers;          /* folder name -> uint64_t, last number used */
	uint64_t messages, recipients, bytes, serial;
};

enum after_data { AFTER_OK, AFTER_TEMPORARY, AFTER_PERMANENT };

struct visitor {
	struct world *world;
	struct conn *conn;
	struct smtp_server *engine;
	struct buf message;
	char *folders[RECIPIENTS_MAX];
	enum after_data after[RECIPIENTS_MAX];
	size_t count;
	bool secure, leave;
};

/* ---- storage ---- */

static bool harmless(uint8_t c)
{
	return ascii_is_alnum(c) || c >= 0x80 || c == '-' || c == '_' || c == '+' || c == '.' || c == '=';
}

/* The local part as a file name: lower case, nothing that a path could mean. */
static char *folder_name(const struct smtp_path *path)
{
	struct buf local = BUF_INIT(1024), name = BUF_INIT(4096);
	smtp_path_local(path, &local);
	struct slice s = slice_sub(buf_slice(&local), 0, NAME_MAX_BYTES / 3);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		if (harmless(c) && !(i == 0 && c == '.'))
			buf_append_byte(&name, c);
		else
			buf_printf(&name, "%%%02X", c);
	}
	if (buf_len(&name) == 0)
		buf_append_byte(&name, '_');
	char *text = memory_dup_str(buf_slice(&name));
	buf_free(&local);
	buf_free(&name);
	return text;
}

static uint64_t *folder_number(struct world *w, const char *folder)
{
	uint64_t *number = map_get(&w->numbers, slice_str(folder));
	if (number == NULL) {
		number = memory_alloc(sizeof *number);
		map_put(&w->numbers, slice_str(folder), number);
	}
	return number;
}

/* Complete before it has its name: readers never see a part. */
static int store(struct world *w, const char *folder, struct slice message)
{
	struct error err = {0};
	char *temporary = NULL, *path = NULL;
	uint64_t *number = folder_number(w, folder);
	int fd = -1, rc = -1;
	if (asprintf(&path, "%s/%s", w->dir, folder) < 0 || file_make_dir(path, 0755, &err) < 0)
		goto out;
	free(path);
	path = NULL;
	if (asprintf(&temporary, "%s/.new-%ld-%llu", w->dir, (long)getpid(), (unsigned long long)++w->serial) < 0)
		goto out;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || file_write_all(fd, message, &err) < 0)
		goto out;
	do {
		free(path);
		path = NULL;
		if (asprintf(&path, "%s/%s/%llu.eml", w->dir, folder, (unsigned long long)++*number) < 0)
			goto out;
		rc = link(temporary, path);
	} while (rc < 0 && errno == EEXIST);
out:
	if (temporary != NULL)
		unlink(temporary);
	file_close(&fd);
	free(temporary);
	free(path);
	return rc;
}

/* ---- the engine's questions ---- */

static void forget(struct visitor *v)
{
	for (size_t i = 0; i < v->count; i++)
		memory_free(v->folders[i]);
	v->count = 0;
	buf_free(&v->message);
}

static void on_starttls(void *owner)
{
	((struct visitor *)owner)->secure = true;
}

static void on_sasl_start(void *owner, struct slice mechanism, struct slice data)
{
	smtp_server_sasl_reply(((struct visitor *)owner)->engine, SMTP_SASL_FAIL, SLICE_NONE);
}

static void on_sasl_step(void *owner, struct slice data)
{
	smtp_server_sasl_reply(((struct visitor *)owner)->engine, SMTP_SASL_FAIL, SLICE_NONE);
}

static void on_mail(void *owner, const struct smtp_mail *mail)
{
	smtp_server_mail_reply(((struct visitor *)owner)->engine, NULL);
}

static enum after_data after_of(struct slice local)
{
	if (slice_eq_nocase(local, SLICE("tempdata")))
		return AFTER_TEMPORARY;
	return slice_eq_nocase(local, SLICE("permdata")) ? AFTER_PERMANENT : AFTER_OK;
}

static void on_rcpt(void *owner, uint32_t token, const struct smtp_rcpt *rcpt)
{
	static const struct smtp_reply temporary = SMTP_REPLY_INIT(451, "4.3.0", "Temporary error, as asked for");
	static const struct smtp_reply permanent = SMTP_REPLY_INIT(550, "5.1.1", "No such user, as asked for");
	struct visitor *v = owner;
	struct slice local = rcpt->path.local;
	if (slice_eq_nocase(local, SLICE("timeout")))
		return;
	if (slice_eq_nocase(local, SLICE("temperror"))) {
		smtp_server_rcpt_reply(v->engine, token, &temporary);
	} else if (slice_eq_nocase(local, SLICE("permerror"))) {
		smtp_server_rcpt_reply(v->engine, token, &permanent);
	} else {
		ENSURE(v->count < RECIPIENTS_MAX);
		v->after[v->count] = after_of(local);
		v->folders[v->count++] = folder_name(&rcpt->path);
		smtp_server_rcpt_reply(v->engine, token, NULL);
	}
}

static void on_data_begin(void *owner, uint64_t size_hint)
{
	smtp_server_data_begin_reply(((struct visitor *)owner)->engine, NULL);
}

static void on_data(void *owner, struct slice bytes)
{
	struct visitor *v = owner;
	v->world->bytes += bytes.n;
	if (!v->world->count_only)
		buf_append(&v->message, bytes);
}

static struct smtp_reply take_one(struct visitor *v, size_t i)
{
	static const struct smtp_reply replies[] = {
		[AFTER_OK] = SMTP_REPLY_INIT(250, "2.0.0", "Taken"),
		[AFTER_TEMPORARY] = SMTP_REPLY_INIT(451, "4.3.0", "Temporary error, as asked for"),
		[AFTER_PERMANENT] = SMTP_REPLY_INIT(554, "5.6.0", "Message refused, as asked for"),
	};
	static const struct smtp_reply broken = SMTP_REPLY_INIT(451, "4.3.0", "Cannot store");
	if (v->after[i] != AFTER_OK)
		return replies[v->after[i]];
	if (!v->world->count_only && store(v->world, v->folders[i], buf_slice(&v->message)) < 0)
		return broken;
	v->world->recipients++;
	return replies[AFTER_OK];
}

static void on_data_end(void *owner)
{
	struct visitor *v = owner;
	struct smtp_reply replies[RECIPIENTS_MAX], worst = {0};
	/* With SMTP nobody gets the message when one refuses it. */
	for (size_t i = 0; i < v->count && !v->world->lmtp; i++) {
		if (v->after[i] != AFTER_OK)
			worst = take_one(v, i);
	}
	for (size_t i = 0; i < v->count && worst.code == 0; i++)
		replies[i] = take_one(v, i);
	v->world->messages += worst.code == 0;
	if (worst.code == 0 && v->world->lmtp)
		smtp_server_data_reply(v->engine, replies, v->count);
	else
		smtp_server_data_reply(v->engine, worst.code != 0 ? &worst : &replies[v->count - 1], 1);
	forget(v);
}

static void on_reset(void *owner)
{
	forget(owner);
}

static void on_end(void *owner, enum smtp_server_end why)
{
	((struct visitor *)owner)->leave = true;
}

static void pump(void *owner);

static const struct smtp_server_events engine_events = {
	.starttls = on_starttls, .sasl_start = on_sasl_start, .sasl_step = on_sasl_step, .mail = on_mail, .rcpt = on_rcpt,
	.data_begin = on_data_begin, .data = on_data, .data_end = on_data_end, .reset = on_reset, .ended = on_end, .ready = pump,
};

/* ---- connections ---- */

static void pump(void *owner)
{
	struct visitor *v = owner;
	smtp_server_pump(v->engine, conn_input(v->conn), conn_output(v->conn));
	conn_flush(v->conn);
	if (v->secure) {
		v->secure = false;
		conn_secure_server(v->conn, v->world->tls);
	} else if (v->leave) {
		conn_finish(v->conn);
	}
}

static void on_secured(void *owner)
{
	struct visitor *v = owner;
	smtp_server_secured(v->engine);
	pump(v);
}

static void on_ended(void *owner, enum conn_end why)
{
	struct visitor *v = owner;
	conn_destroy(&v->conn);
	smtp_server_destroy(&v->engine);
	forget(v);
	memory_free(v);
}

static const struct conn_events conn_events = {.readable = pump, .drained = pump, .secured = on_secured, .ended = on_ended};

static void on_accept(void *arg, int fd)
{
	struct world *w = arg;
	struct visitor *v = memory_alloc(sizeof *v);
	struct smtp_server_settings set = {.hostname = SLICE("mx.outside.test"), .starttls = w->tls != NULL, .lmtp = w->lmtp};
	set.size_max = SIZE_MAX_BYTES;
	set.recipients_max = RECIPIENTS_MAX;
	v->world = w;
	v->message = BUF_INIT(SIZE_MAX_BYTES + 1);
	v->engine = smtp_server_create(&set, &engine_events, v);
	v->conn = conn_create(w->loop, fd, INPUT_MAX, &conn_events, v);
	conn_idle_limit(v->conn, MINUTES_MS(5));
	pump(v);
}

/* ---- start ---- */

static int sign(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out)
{
	return sign_digest(arg, scheme, digest, out, NULL);
}

static int tls_load(struct world *w, const char *certificate, const char *key, struct error *err)
{
	struct buf chain = BUF_INIT(PEM_MAX), pem = BUF_INIT(PEM_MAX);
	int rc = file_read(certificate, &chain, err);
	if (rc == 0)
		rc = file_read(key, &pem, err);
	if (rc == 0)
		rc = sign_key_load(buf_slice(&pem), &w->key, err);
	if (rc == 0) {
		w->tls = tls_context_server(buf_slice(&chain), 0, sign, w->key, err);
		rc = w->tls != NULL ? 0 : ERR_INVALID;
	}
	buf_free(&chain);
	buf_free_secret(&pem);
	return rc;
}

static int listen_on(const char *text, struct error *err)
{
	struct sockaddr_storage address;
	struct slice host;
	uint16_t port;
	socklen_t n = 0;
	int one = 1;
	if (config_parse_host_port(slice_str(text), &host, &port) == 0)
		n = net_address_parse(host, port, &address);
	if (n == 0)
		return error_set(err, ERR_INVALID, "not an address and port: %s", text);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&address, n) < 0 ||
	    listen(fd, 1024) < 0) {
		int rc = error_errno(err, "listening on %s", text);
		file_close(&fd);
		return rc;
	}
	return fd;
}

static void on_signal(void *arg, int signo)
{
	loop_stop(((struct world *)arg)->loop);
}

static const char usage[] = "Usage: letterlock-outside --listen ADDRESS:PORT --dir DIR [--cert FILE --key FILE] [--lmtp] [--count-only]\n";

struct arguments {
	const char *listen, *certificate, *key;
};

static int arguments_take(int argc, char **argv, struct world *w, struct arguments *ret)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'}, {"dir", required_argument, NULL, 'd'}, {"cert", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},    {"lmtp", no_argument, NULL, 'm'},      {"count-only", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'l':
			ret->listen = optarg;
			break;
		case 'd':
			w->dir = optarg;
			break;
		case 'c':
			ret->certificate = optarg;
			break;
		case 'k':
			ret->key = optarg;
			break;
		case 'm':
			w->lmtp = true;
			break;
		case 'n':
			w->count_only = true;
			break;
		default:
			return -1;
		}
	}
	bool tls_complete = (ret->certificate == NULL) == (ret->key == NULL);
	return optind == argc && ret->listen != NULL && (w->dir != NULL || w->count_only) && tls_complete ? 0 : -1;
}

static void clean(struct world *w)
{
	listener_destroy(&w->listener);
	MAP_FOREACH(entry, &w->numbers)
		memory_free(entry->value);
	map_free(&w->numbers);
	tls_context_free(&w->tls);
	sign_key_free(&w->key);
}

int main(int argc, char **argv)
{
	struct world w = {.numbers = MAP_INIT};
	struct arguments args = {0};
	struct error err = {0};
	int fd = -1;
	if (arguments_take(argc, argv, &w, &args) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	crypt_init();
	int rc = args.certificate != NULL ? tls_load(&w, args.certificate, args.key, &err) : 0;
	if (rc == 0 && w.dir != NULL)
		rc = file_make_dir(w.dir, 0755, &err);
	if (rc == 0)
		rc = fd = listen_on(args.listen, &err);
	if (rc < 0) {
		fprintf(stderr, "letterlock-outside: %s\n", err.private_text);
		clean(&w);
		return 1;
	}
	w.loop = loop_create();
	loop_on_signal(w.loop, SIGTERM, on_signal, &w);
	loop_on_signal(w.loop, SIGINT, on_signal, &w);
	w.listener = listener_create(w.loop, fd, on_accept, &w);
	loop_run(w.loop);
	printf("messages %llu recipients %llu bytes %llu\n", (unsigned long long)w.messages, (unsigned long long)w.recipients,
	       (unsigned long long)w.bytes);
	clean(&w);
	return 0;
}
