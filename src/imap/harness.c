#include "imap/harness.h"

#include <sys/mman.h>
#include <unistd.h>
#include "base/ensure.h"

static int sink_begin(void *owner, uint64_t size)
{
	struct harness_client *c = owner;
	int rc = c->harness->fail_begin;

	c->harness->fail_begin = 0;
	buf_clear(&c->sink);
	return rc;
}

static int sink_data(void *owner, struct slice data)
{
	struct harness_client *c = owner;

	buf_append(&c->sink, data);
	return 0;
}

static int sink_end(void *owner)
{
	struct harness_client *c = owner;
	struct slice s = buf_slice(&c->sink);
	int fd = memfd_create("literal", MFD_CLOEXEC);

	ENSURE(fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n);
	c->harness->open_fds++;
	return fd;
}

static void sink_abort(void *owner)
{
}

/* The owner may be gone by now: count through the descriptor only. */
static struct harness *fd_harness;

static void sink_close(void *owner, int fd)
{
	close(fd);
	if (fd_harness != NULL)
		fd_harness->open_fds--;
}

static void wake(void *owner)
{
	struct harness_client *c = owner;

	c->woken = true;
}

static const struct imap_session_callbacks callbacks = {
	.literal_begin = sink_begin, .literal_data = sink_data, .literal_end = sink_end, .literal_abort = sink_abort, .literal_close = sink_close,
	.wake = wake,
};

void harness_begin(struct harness *h)
{
	*h = (struct harness){.account = ram_account_create(), .now = {.wall_ms = 1767225600000, .mono_ms = 1000}};
	fd_harness = h;
}

void harness_close(struct harness *h, unsigned index)
{
	struct harness_client *c = &h->clients[index];

	imap_session_destroy(&c->session);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->sink);
}

void harness_end(struct harness *h)
{
	for (unsigned i = 0; i < HARNESS_SESSIONS; i++)
		harness_close(h, i);
	ram_account_destroy(&h->account);
	ENSURE(h->open_fds == 0);
	fd_harness = NULL;
}

struct harness_client *harness_client(struct harness *h, unsigned index)
{
	struct harness_client *c = &h->clients[index];
	struct imap_session_settings settings = {.append_limit = 1000000, .server_name = SLICE("mail.example.org"), .user = SLICE("alice")};

	if (c->session != NULL)
		return c;
	*c = (struct harness_client){.harness = h, .in = BUF_INIT(IMAP_OUTPUT_MAX), .out = BUF_INIT(512u << 20), .sink = BUF_INIT(64u << 20)};
	c->session = imap_session_create(h->account, &settings, &callbacks, c);
	return c;
}

void harness_send(struct harness *h, unsigned index, struct slice bytes)
{
	struct harness_client *c = harness_client(h, index);

	buf_append(&c->in, bytes);
	c->woken = true;
	harness_settle(h);
}

/* Output goes through a buffer of the size that a connection has, so that long answers stop and go on. */
static void run_client(struct harness *h, struct harness_client *c)
{
	do {
		struct buf out = BUF_INIT(IMAP_OUTPUT_MAX);
		imap_session_run(c->session, &c->in, &out, h->now);
		buf_append(&c->out, buf_slice(&out));
		buf_free(&out);
	} while (imap_session_hungry(c->session));
}

void harness_settle(struct harness *h)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < HARNESS_SESSIONS; i++) {
			struct harness_client *c = &h->clients[i];
			if (c->session == NULL || !c->woken)
				continue;
			c->woken = false;
			moved = true;
			run_client(h, c);
		}
		moved = ram_account_run(h->account) > 0 || moved;
	}
}
