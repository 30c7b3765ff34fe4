/*
 * The load generator of the benchmarks; the same program drives every server.
 *
 *   load smtp PORT SESSIONS COUNT SIZE FIRST TO...   delivers COUNT letters of SIZE bytes over SESSIONS connections, round robin to TO...
 *                                                    FIRST: number of the first letter (letters with the same number are the same)
 *   load letters DIR PORT SESSIONS COUNT N FIRST TO...     the same with the N letters of a folder, in turns
 *   load imap PORT USER PASSWORD MAILBOX REPEAT COMMAND   signs in over TLS, selects, runs the command REPEAT times
 *   load idle PORT COUNT MAILBOX USER PASSWORD [USER PASSWORD]...   that many sessions in IDLE over TLS, until standard input ends
 *
 * Each prints one line of JSON. Everything talks to 127.0.0.1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LETTERS_PER_CONNECTION 100
#define WORDS_IN_LINE 10
#define READ_SIZE 262144

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == 0 || *end != 0) {
		fprintf(stderr, "load: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

/* ---- a connection, plain or TLS, with a line reader ---- */

struct wire {
	int fd;
	SSL *tls;
	char in[READ_SIZE];
	size_t start, end;
	uint64_t received;
};

static int dial(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static struct wire *wire_open(unsigned port, SSL_CTX *context)
{
	struct wire *w = calloc(1, sizeof *w);

	if (w == NULL)
		fail("memory");
	w->fd = dial(port);
	if (context != NULL) {
		w->tls = SSL_new(context);
		SSL_set_fd(w->tls, w->fd);
		if (SSL_connect(w->tls) != 1)
			fail("TLS");
	}
	return w;
}

static void wire_close(struct wire *w)
{
	SSL_free(w->tls);
	close(w->fd);
	free(w);
}

static void wire_send(struct wire *w, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = w->tls != NULL ? SSL_write(w->tls, data, (int)size) : send(w->fd, data, size, MSG_NOSIGNAL);
		if (n <= 0)
			fail("send");
		data += n;
		size -= (size_t)n;
	}
}

static void wire_fill(struct wire *w)
{
	ssize_t n;

	if (w->start > 0) {
		memmove(w->in, w->in + w->start, w->end - w->start);
		w->end -= w->start;
		w->start = 0;
	}
	if (w->end == sizeof w->in)
		fail("a line is too long");
	n = w->tls != NULL ? SSL_read(w->tls, w->in + w->end, (int)(sizeof w->in - w->end)) : recv(w->fd, w->in + w->end, sizeof w->in - w->end, 0);
	if (n <= 0)
		fail("the server closed the connection");
	w->end += (size_t)n;
	w->received += (uint64_t)n;
}

/* One line with its end; valid until the next call. */
static char *wire_line(struct wire *w, size_t *ret_size)
{
	size_t scanned = 0;
	char *found;

	while ((found = memchr(w->in + w->start + scanned, '\n', w->end - w->start - scanned)) == NULL) {
		scanned = w->end - w->start;
		wire_fill(w);
	}
	char *line = w->in + w->start;
	*ret_size = (size_t)(found + 1 - line);
	w->start += *ret_size;
	return line;
}

/* Skips the bytes of a literal. */
static void wire_skip(struct wire *w, uint64_t size)
{
	while (size > 0) {
		if (w->start == w->end)
			wire_fill(w);
		uint64_t have = w->end - w->start, take = have < size ? have : size;
		w->start += take;
		size -= take;
	}
}

/* ---- SMTP ---- */

struct smtp_load {
	const char *folder; /* of ready letters; NULL: they are made */
	unsigned port, sessions;
	size_t count, size;
	unsigned long first;
	char **to;
	int to_count;
	atomic_size_t next, sent, refused;
};

static const char *const words[] = {"mail", "letter", "meeting", "project", "budget", "report", "tomorrow", "please", "attached", "review", "server",
	"office", "question", "answer", "contract", "invoice", "schedule", "document", "department", "customer", "delivery", "version", "release", "travel",
	"holiday", "number", "result", "change", "request", "agreement", "the", "and", "for", "with", "that", "this", "from", "will", "have", "about"};

static uint32_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

/* Writes letter `n` and the final dot to out (room for size + 2000); returns its length. Letters over 16 KiB are half base64 noise. */
static size_t letter_write(char *out, unsigned long n, size_t size, const char *to)
{
	uint64_t state = 0x9e3779b97f4a7c15u ^ (n * 0xbf58476d1ce4e5b9u);
	size_t at = (size_t)snprintf(out, 1000, "From: Sender %lu <sender%lu@bench.invalid>\r\nTo: %s\r\nSubject: letter %lu about the %s\r\n"
		"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%lu.%zu@bench.invalid>\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n\r\n", n % 50, n % 50, to, n, words[n % 40], n, size);
	size_t text_end = size > 16384 ? size / 2 : size;
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	random_next(&state);
	if (n % 1000 == 7)
		at += (size_t)snprintf(out + at, 200, "The rare needle is here: xylophone.\r\n");
	while (at < text_end) {
		for (int i = 0; i < WORDS_IN_LINE; i++)
			at += (size_t)snprintf(out + at, 200, "%s ", words[random_next(&state) % 40]);
		at += (size_t)snprintf(out + at, 200, "%u\r\n", random_next(&state) % 10000);
	}
	while (at < size) {
		for (int i = 0; i < 76; i++)
			out[at++] = base64[random_next(&state) & 63];
		out[at++] = '\r';
		out[at++] = '\n';
	}
	memcpy(out + at, ".\r\n", 3);
	return at + 3;
}

/* Reads the next letter of a directory of NNNN files: first line the sender of the envelope, then the letter as it is sent, with its final dot. */
static size_t letter_read(char *out, size_t room, const char *folder, unsigned long n, char *sender, size_t sender_room)
{
	char path[600];
	FILE *file;
	size_t size;

	snprintf(path, sizeof path, "%s/%04lu", folder, n);
	file = fopen(path, "rb");
	if (file == NULL || fgets(sender, (int)sender_room, file) == NULL)
		fail(path);
	sender[strcspn(sender, "\n")] = '\0';
	size = fread(out, 1, room, file);
	fclose(file);
	return size;
}

static int smtp_reply(struct wire *w)
{
	char *line;
	size_t size;

	do
		line = wire_line(w, &size);
	while (size > 3 && line[3] == '-');
	return line[0] - '0';
}

static void smtp_command(struct wire *w, const char *text)
{
	wire_send(w, text, strlen(text));
	smtp_reply(w);
}

static bool smtp_deliver(struct wire *w, const char *sender, const char *to, const char *data, size_t size)
{
	char envelope[900];
	int n = snprintf(envelope, sizeof envelope, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", sender, to);
	bool ok;

	wire_send(w, envelope, (size_t)n);
	ok = smtp_reply(w) == 2;
	ok = smtp_reply(w) == 2 && ok;
	if (smtp_reply(w) != 3)
		return false;
	wire_send(w, data, size);
	return smtp_reply(w) == 2 && ok;
}

static void *smtp_session(void *arg)
{
	struct smtp_load *load = arg;
	size_t room = load->size + 20000;
	char *data = malloc(room), sender[300] = "sender@bench.invalid";
	struct wire *w = NULL;
	size_t n, on_this = 0;

	if (data == NULL)
		fail("memory");
	while ((n = atomic_fetch_add(&load->next, 1)) < load->count) {
		const char *to = load->to[n % (size_t)load->to_count];
		if (w == NULL) {
			w = wire_open(load->port, NULL);
			smtp_reply(w);
			smtp_command(w, "EHLO bench.invalid\r\n");
			on_this = 0;
		}
		size_t size = load->folder == NULL ? letter_write(data, load->first + n, load->size, to)
			: letter_read(data, room, load->folder, n % load->size, sender, sizeof sender);
		atomic_fetch_add(smtp_deliver(w, sender, to, data, size) ? &load->sent : &load->refused, 1);
		if (++on_this == LETTERS_PER_CONNECTION) {
			smtp_command(w, "QUIT\r\n");
			wire_close(w);
			w = NULL;
		}
	}
	if (w != NULL)
		wire_close(w);
	free(data);
	return NULL;
}

/* PORT SESSIONS COUNT SIZE FIRST TO…; with a folder, SIZE is how many letters it holds. */
static int run_smtp(const char *folder, int argc, char **argv)
{
	struct smtp_load load = {.folder = folder};
	pthread_t threads[1000];

	if (argc < 6)
		return 2;
	load.port = (unsigned)number(argv[0]);
	load.sessions = (unsigned)number(argv[1]);
	load.count = number(argv[2]);
	load.size = number(argv[3]);
	load.first = number(argv[4]);
	load.to = argv + 5;
	load.to_count = argc - 5;
	if (load.sessions == 0 || load.sessions > 1000)
		return 2;
	double begin = now();
	for (unsigned i = 0; i < load.sessions; i++)
		if (pthread_create(&threads[i], NULL, smtp_session, &load) != 0)
			fail("thread");
	for (unsigned i = 0; i < load.sessions; i++)
		pthread_join(threads[i], NULL);
	printf("{\"seconds\":%.6f,\"sent\":%zu,\"refused\":%zu}\n", now() - begin, load.sent, load.refused);
	return load.refused == 0 ? 0 : 1;
}

/* ---- IMAP ---- */

static SSL_CTX *tls_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		fail("TLS context");
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* loopback; not what is measured */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	return context;
}

/* The size of the literal that a line announces at its end, or 0. */
static uint64_t literal_size(const char *line, size_t size)
{
	uint64_t value = 0;
	size_t at;

	if (size < 5 || line[size - 3] != '}')
		return 0;
	for (at = size - 4; at > 0 && line[at] >= '0' && line[at] <= '9'; at--)
		;
	if (line[at] != '{')
		return 0;
	for (at++; line[at] != '}'; at++)
		value = value * 10 + (uint64_t)(line[at] - '0');
	return value;
}

/* Sends a command and reads to its end; false when it was refused, which standard error says. */
static bool imap_command(struct wire *w, const char *command)
{
	char text[2000];
	char *line;
	size_t size;
	int n = snprintf(text, sizeof text, "x %s\r\n", command);

	wire_send(w, text, (size_t)n);
	for (;;) {
		line = wire_line(w, &size);
		uint64_t literal = literal_size(line, size);
		if (literal > 0)
			wire_skip(w, literal);
		else if (line[0] == 'x' && line[1] == ' ')
			return line[2] == 'O' || (fwrite(line, 1, size, stderr), false);
	}
}

static struct wire *imap_open(unsigned port, SSL_CTX *context, const char *user, const char *password, const char *mailbox)
{
	struct wire *w = wire_open(port, context);
	char text[600];
	size_t size;

	wire_line(w, &size);
	snprintf(text, sizeof text, "LOGIN \"%s\" \"%s\"", user, password);
	if (!imap_command(w, text)) {
		fprintf(stderr, "load: sign-in of %s was refused\n", user);
		exit(1);
	}
	snprintf(text, sizeof text, "SELECT \"%s\"", mailbox);
	imap_command(w, text);
	return w;
}

static int run_imap(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	struct wire *w = imap_open((unsigned)number(argv[0]), tls_context(), argv[1], argv[2], argv[3]);
	unsigned long repeat = number(argv[4]);

	printf("{\"runs\":[");
	for (unsigned long i = 0; i < repeat; i++) {
		uint64_t before = w->received;
		double begin = now();
		if (!imap_command(w, argv[5])) {
			fprintf(stderr, "load: refused: %s\n", argv[5]);
			return 1;
		}
		printf("%s{\"seconds\":%.6f,\"bytes\":%llu}", i > 0 ? "," : "", now() - begin, (unsigned long long)(w->received - before));
	}
	puts("]}");
	imap_command(w, "LOGOUT");
	wire_close(w);
	return 0;
}

static int run_idle(int argc, char **argv)
{
	if (argc < 5 || argc % 2 == 0)
		return 2;
	SSL_CTX *context = tls_context();
	unsigned port = (unsigned)number(argv[0]);
	unsigned long count = number(argv[1]);
	int people = (argc - 3) / 2;
	char byte;

	for (unsigned long i = 0; i < count; i++) {
		char **person = argv + 3 + 2 * (i % (unsigned long)people);
		struct wire *w = imap_open(port, context, person[0], person[1], argv[2]);
		size_t size;
		wire_send(w, "i IDLE\r\n", 8);
		while (wire_line(w, &size)[0] != '+')
			;
	}
	printf("{\"open\":%lu}\n", count);
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};
	int code = 2;

	setrlimit(RLIMIT_NOFILE, &files);
	if (argc > 1 && strcmp(argv[1], "smtp") == 0)
		code = run_smtp(NULL, argc - 2, argv + 2);
	else if (argc > 2 && strcmp(argv[1], "letters") == 0)
		code = run_smtp(argv[2], argc - 3, argv + 3);
	else if (argc > 1 && strcmp(argv[1], "imap") == 0)
		code = run_imap(argc - 2, argv + 2);
	else if (argc > 1 && strcmp(argv[1], "idle") == 0)
		code = run_idle(argc - 2, argv + 2);
	if (code == 2)
		fputs("usage: see the head of bench/load.c\n", stderr);
	return code;
}
