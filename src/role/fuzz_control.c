/*
 * Control messages, both ways: what the parent makes of the bytes of a role that was taken over, and a role of those of its parent.
 * Input: messages, each with two bytes of length in front. The first byte of all says who reads them.
 */
#include <string.h>
#include <sys/socket.h>

#include "role/parent.h"
/* Its decoder is nobody else's business. */
#include "role/role.c" /* NOLINT(bugprone-suspicious-include) */

#define ROLES 3

static const struct role_ops idle;
const struct role_ops role_key, role_auth, role_mx, role_client, role_resolver, role_filter, role_queue, role_relay, role_mail, role_admin,
	role_manage, role_fetch, role_audit, role_ship, role_ldap, role_scan;
const struct role_ops *role_ops_of(enum role role)
{
	return &idle;
}

static struct loop *loop;
static struct ipc *ipc;

static bool message_next(struct slice *in, struct slice *ret)
{
	uint16_t n;

	if (!slice_get_u16(in, &n))
		return false;
	*ret = slice_sub(*in, 0, n);
	*in = slice_from(*in, ret->n);
	return true;
}

/* ---- the parent ---- */

static void children_make(struct parent *parent, struct child children[ROLES], enum child_state state)
{
	static const enum role roles[ROLES] = {ROLE_MX, ROLE_QUEUE, ROLE_FILTER};

	for (size_t i = 0; i < ROLES; i++) {
		children[i] = (struct child){.parent = parent, .role = roles[i], .control = -1, .state = i == 0 ? state : CHILD_READY, .asked = true,
			.error = BUF_INIT(PARENT_ERROR_MAX + 1), .status = BUF_INIT(CONTROL_MAX)};
		children[i].timer = timer_create_on(loop, NULL, NULL);
	}
}

static void children_free(struct child children[ROLES])
{
	for (size_t i = 0; i < ROLES; i++) {
		timer_destroy(&children[i].timer);
		file_close(&children[i].control);
		buf_free(&children[i].error);
		buf_free(&children[i].status);
	}
}

static void parent_reads(struct slice in, enum child_state state)
{
	static uint8_t room[CONTROL_MAX];
	struct child children[ROLES];
	struct parent parent = {.loop = loop, .children = children, .child_count = ROLES, .ready = true, .room = room};
	struct slice message;
	int pair[2];

	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	children_make(&parent, children, state);
	children[0].control = pair[0];
	while (message_next(&in, &message)) {
		if (message.n > 0 && message.p[0] == CONTROL_FAILED) { /* the rest of it is a line of the log */
			child_explain(&children[0], "%.*s", SLICE_ARG(message));
			continue;
		}
		if (message.n > 0 && send(pair[1], message.p, message.n, MSG_NOSIGNAL) < 0)
			break;
		child_read(&children[0]);
		ENSURE(buf_len(&children[0].error) <= PARENT_ERROR_MAX);
	}
	close(pair[1]);
	child_read(&children[0]);
	children_free(children);
}

/* ---- a role ---- */

static void secrets_unmap(const uint8_t *secret)
{
	if (secret != NULL)
		munmap((void *)(uintptr_t)secret, (size_t)sysconf(_SC_PAGESIZE));
}

static int role_reads(struct process *p, struct slice message)
{
	uint8_t kind;
	int fd = -1;

	if (!slice_get_u8(&message, &kind))
		return 0;
	if (kind == CONTROL_IMAGE && (p->next_config != NULL || p->ctx.config != NULL))
		return 0; /* former ones stay for ever */
	if (kind == CONTROL_IMAGE)
		fd = memfd_from_slice("image", message, NULL);
	return on_message(p, (enum control_kind)kind, message, fd);
}

static void process_run(struct slice in)
{
	struct process p = {.ctx = {.loop = loop, .ipc = ipc, .role = ROLE_MX}, .ops = &idle, .spare = -1};
	struct config *config;
	struct slice message;

	while (message_next(&in, &message) && role_reads(&p, message) == 0)
		;
	secrets_unmap(p.ctx.boot_secret);
	secrets_unmap(p.ctx.master_key);
	memory_free(p.ctx.tls_tickets);
	config = p.next_config != NULL ? p.next_config : (struct config *)(uintptr_t)p.ctx.config;
	config_free(&config);
	arena_free(&p.arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	ENSURE(nowhere >= 0);
	if (nowhere != CONTROL_FD)
		ENSURE(dup2(nowhere, CONTROL_FD) == CONTROL_FD);
	loop = loop_create();
	ipc = ipc_create(loop, ROLE_MX, 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	uint8_t who;

	log_setup("fuzz", false, LOG_ERROR);
	if (!slice_get_u8(&in, &who))
		return 0;
	if (who % 3 == 2)
		process_run(in);
	else
		parent_reads(in, who % 3 == 0 ? CHILD_STARTING : CHILD_READY);
	return 0;
}
