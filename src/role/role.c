#include "role/role.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/tls.h"
#include "role/audit_out.h"
#include "role/control.h"
#include "role/process.h"
#include "role/table.h"
#include "sys/fault.h"
#include "sys/file.h"

#define START_WAIT_MS 30000
#define SHORTAGE_TELL_MS 60000

/* Everything of a role process besides its context; the context is the first member, so that role_stopped finds the rest. */
struct process {
	struct role_context ctx;
	const struct role_row *row;
	const struct role_ops *ops;
	struct config *next_config;
	struct watcher *control;
	uint8_t *room; /* for control messages */
	struct sandbox_state jail;
	struct arena arena; /* texts that live as long as the process: certificates, paths */
	int spare; /* a descriptor that makes room for one of the parent's when others are short; -1: none */
	int64_t shortage_told_ms;
	bool going, started, stopping, stopped, failed;
};

static void say(struct process *p, enum control_kind kind, struct slice text)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, kind);
	if (text.p != NULL)
		buf_put_bytes(&b, slice_sub(text, 0, CONTROL_MAX - 16));
	control_send(CONTROL_FD, &b, -1);
}

void role_stopped(struct role_context *ctx)
{
	struct process *p = (struct process *)ctx;
	if (p->stopped)
		return;
	p->stopped = true;
	say(p, CONTROL_STOPPED, SLICE_NONE);
	loop_stop(ctx->loop);
}

void role_alive(struct role_context *ctx)
{
	say((struct process *)ctx, CONTROL_PONG, SLICE_NONE);
}

/* ---- what the parent sends ---- */

static enum log_level log_level_of(struct slice name)
{
	static const struct {
		struct slice name;
		enum log_level level;
	} levels[] = {
		{SLICE_INIT("error"), LOG_ERROR}, {SLICE_INIT("warn"), LOG_WARN}, {SLICE_INIT("info"), LOG_INFO}, {SLICE_INIT("debug"), LOG_DEBUG},
	};
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (slice_eq(levels[i].name, name))
			return levels[i].level;
	return LOG_INFO;
}

static int take_image(struct process *p, int fd)
{
	struct file_map map = FILE_MAP_NONE;
	struct slice image, chain, ca, zone, client_ca, in;
	if (fd < 0 || memfd_map(fd, CONTROL_IMAGE_MAX, &map, NULL) != 0)
		return ERR_INVALID;
	in = map.content;
	int r = ERR_INVALID;
	if (slice_get_bytes(&in, &image) && slice_get_bytes(&in, &chain) && slice_get_bytes(&in, &ca) && slice_get_bytes(&in, &zone)
	    && slice_get_bytes(&in, &client_ca)) {
		struct config *config = config_decode(image, NULL);
		if (config != NULL) {
			/* Former configurations stay: their texts may be in use anywhere, and reloads are rare. */
			p->next_config = config;
			p->ctx.tls_chain = arena_dup(&p->arena, chain);
			p->ctx.tls_ca = arena_dup(&p->arena, ca);
			p->ctx.dns_zone = arena_dup(&p->arena, zone);
			p->ctx.client_ca = arena_dup(&p->arena, client_ca);
			r = 0;
		}
	}
	file_unmap(&map);
	return r;
}

/* A page of its own, not the process's slab, whose size is the role's to choose. */
static const uint8_t *keep_secret(struct slice secret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (secret.n != CONTROL_SECRET_SIZE)
		return NULL;
	uint8_t *cell = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ENSURE(cell != MAP_FAILED);
	mlock(cell, page);
	madvise(cell, page, MADV_DONTDUMP);
	memcpy(cell, secret.p, secret.n);
	mprotect(cell, page, PROT_READ);
	return cell;
}

static void replace_secret(struct process *p, struct slice *kept, struct slice fresh)
{
	if (kept->n > 0)
		secret_wipe((void *)kept->p, kept->n);
	*kept = arena_dup(&p->arena, fresh);
}

/* The file was checked when the parent opened it; one that cannot be read any more leaves us without a key, which key tells. */
static void take_tls_key(struct process *p, int fd)
{
	struct buf pem = BUF_INIT(CONTROL_TLS_KEY_MAX);
	if (fd >= 0 && file_read_fd(fd, &pem, NULL) != 0)
		buf_clear(&pem);
	replace_secret(p, &p->ctx.tls_key, buf_slice(&pem));
	buf_free_secret(&pem);
}

static int take_secrets(struct process *p, struct slice in, int fd)
{
	struct slice boot, master, password;
	if (!slice_get_bytes(&in, &boot) || !slice_get_bytes(&in, &master) || !slice_get_bytes(&in, &password))
		return ERR_INVALID;
	if (p->ctx.boot_secret == NULL)
		p->ctx.boot_secret = keep_secret(boot);
	if (p->ctx.master_key == NULL)
		p->ctx.master_key = keep_secret(master);
	take_tls_key(p, fd);
	replace_secret(p, &p->ctx.password, password);
	return 0;
}

static int take_tickets(struct process *p, struct slice in)
{
	struct slice newer, older;
	if (!slice_get_bytes(&in, &newer) || !slice_get_bytes(&in, &older) || newer.n != TLS_TICKET_KEY_SIZE || older.n != TLS_TICKET_KEY_SIZE)
		return ERR_INVALID;
	if (p->ctx.tls_tickets == NULL)
		p->ctx.tls_tickets = memory_alloc(sizeof *p->ctx.tls_tickets);
	memcpy(p->ctx.tls_tickets->newer, newer.p, newer.n);
	memcpy(p->ctx.tls_tickets->older, older.p, older.n);
	if (p->started && p->ops->tickets != NULL)
		p->ops->tickets(&p->ctx);
	return 0;
}

static int take_listen(struct process *p, struct slice in, int fd)
{
	struct slice service;
	if (fd < 0 || !slice_get_bytes(&in, &service))
		return ERR_INVALID;
	struct role_context *ctx = &p->ctx;
	ctx->listens = memory_grow(ctx->listens, (ctx->listen_count + 1) * sizeof *ctx->listens);
	ctx->listens[ctx->listen_count++] = (struct role_listen){.service = arena_dup_str(&p->arena, service), .fd = fd};
	return 0;
}

static int take_channel(struct process *p, struct slice in, int fd)
{
	uint8_t role;
	uint16_t index;
	if (fd < 0 || !slice_get_u8(&in, &role) || !slice_get_u16(&in, &index) || role >= ROLE_COUNT)
		return ERR_INVALID;
	ipc_channel_add(p->ctx.ipc, (enum role)role, index, fd);
	return 0;
}

static int take_instances(struct process *p, struct slice in)
{
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		uint16_t count;
		if (!slice_get_u16(&in, &count))
			return ERR_INVALID;
		ipc_set_instances(p->ctx.ipc, role, count);
	}
	return 0;
}

static void use_config(struct process *p)
{
	if (p->next_config == NULL)
		return;
	p->ctx.config = p->next_config;
	p->next_config = NULL;
	p->ctx.data_dir = (const char *)p->ctx.config->data_dir.p;
	log_setup(role_name(p->ctx.role), slice_eq(p->ctx.config->log_format, SLICE("json")), log_level_of(p->ctx.config->log_level));
}

static void answer_status(struct process *p)
{
	struct buf members = BUF_INIT(CONTROL_MAX / 2);
	if (p->ops->status != NULL)
		p->ops->status(&p->ctx, &members);
	if (p->ctx.audit != NULL)
		audit_out_status(p->ctx.audit, &members);
	say(p, CONTROL_STATE, members.failed || buf_len(&members) == 0 ? SLICE("") : buf_slice(&members));
	buf_free(&members);
}

static void begin_stop(struct process *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	if (p->ops->stop != NULL)
		p->ops->stop(&p->ctx);
	else
		role_stopped(&p->ctx);
}

static int take_reload(struct process *p)
{
	use_config(p);
	if (p->ops->reload != NULL && !p->stopping)
		p->ops->reload(&p->ctx);
	return 0;
}

/* 0, or negative when the message makes no sense: then the process ends, for its parent is not what it should be. */
static int on_message(struct process *p, enum control_kind kind, struct slice in, int fd)
{
	switch (kind) {
	case CONTROL_IMAGE: {
		int r = take_image(p, fd);
		file_close(&fd);
		return r;
	}
	case CONTROL_SECRETS: {
		int r = take_secrets(p, in, fd);
		file_close(&fd);
		return r;
	}
	case CONTROL_LISTEN:
		return take_listen(p, in, fd);
	case CONTROL_INSTANCES:
		return take_instances(p, in);
	case CONTROL_CHANNEL:
		return take_channel(p, in, fd);
	case CONTROL_GO:
		p->going = true;
		return 0;
	case CONTROL_RELOAD:
		return take_reload(p);
	case CONTROL_TICKETS:
		return take_tickets(p, in);
	case CONTROL_STATUS:
		answer_status(p);
		return 0;
	case CONTROL_PING:
		role_alive(&p->ctx);
		return 0;
	case CONTROL_STOP:
		begin_stop(p);
		return 0;
	case CONTROL_READY:
	case CONTROL_FAILED:
	case CONTROL_STATE:
	case CONTROL_VIOLATION:
	case CONTROL_PONG:
	case CONTROL_STOPPED:
		break;
	}
	return ERR_INVALID;
}

static void spare_take(struct process *p)
{
	if (p->spare < 0)
		p->spare = fcntl(CONTROL_FD, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
}

/* One message; ERR_TEMPORARY when there is none. */
static int receive_one(struct process *p)
{
	enum control_kind kind;
	struct slice in;
	int fd;
	file_close(&p->spare);
	int r = control_receive(CONTROL_FD, p->room, &kind, &in, &fd);
	if (r == 0)
		r = on_message(p, kind, in, fd) != 0 ? ERR_CLOSED : 0;
	spare_take(p);
	if (r != 0)
		return r;
	secret_wipe(p->room, CONTROL_MAX < 512 ? CONTROL_MAX : 512);
	if (kind == CONTROL_SECRETS)
		secret_wipe(p->room, CONTROL_MAX);
	return 0;
}

static void on_control(void *arg, int events)
{
	struct process *p = arg;
	int r = 0;
	while (r == 0 && !p->stopped)
		r = receive_one(p);
	/* Without a parent nobody restarts, reloads or stops us. */
	if (r != 0 && r != ERR_TEMPORARY)
		_exit(1);
}

static int receive_until_go(struct process *p)
{
	while (!p->going) {
		int r = receive_one(p);
		if (r == ERR_TEMPORARY) {
			struct pollfd poll_fd = {.fd = CONTROL_FD, .events = POLLIN};
			if (poll(&poll_fd, 1, START_WAIT_MS) <= 0)
				return ERR_CLOSED;
		} else if (r != 0) {
			return r;
		}
	}
	return p->next_config != NULL ? 0 : ERR_INVALID;
}

/* ---- life ---- */

static void on_violation(void *arg, enum role peer, unsigned index, const char *what)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	log_event(EV_IPC_VIOLATION, LOG_STR("peer", role_name(peer)), LOG_NUM("instance", index), LOG_STR("what", what));
	control_begin(&b, CONTROL_VIOLATION);
	buf_put_u8(&b, (uint8_t)peer);
	buf_put_u16(&b, (uint16_t)index);
	control_send(CONTROL_FD, &b, -1);
}

/* Many requests may meet one shortage: it is told once a minute. */
static void on_shortage(void *arg, enum role peer, unsigned index)
{
	struct process *p = arg;
	int64_t now = loop_now(p->ctx.loop).mono_ms;
	if (p->shortage_told_ms != 0 && now - p->shortage_told_ms < SHORTAGE_TELL_MS)
		return;
	p->shortage_told_ms = now;
	log_event(EV_IPC_SHORTAGE, LOG_STR("peer", role_name(peer)), LOG_NUM("instance", index));
}

static void ignore_signals(void)
{
	/* The parent stops the roles in order; a Ctrl-C of the terminal reaches all of them at once. */
	static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static int fail(struct process *p, const char *text)
{
	say(p, CONTROL_FAILED, slice_str(text));
	log_event(EV_ROLE_FAILED, LOG_NUM("instance", p->ctx.index), LOG_STR("error", text));
	return 1;
}

static void warm_libraries(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	crypt_init();
	tls_library_init();
}

static int close_jail(struct process *p, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct sandbox_policy policy = role_policy(p->ctx.role, p->ctx.index, p->ctx.config, &arena);
	role_probe_prepare(&p->ctx);
	int r = sandbox_enter(&policy, &p->jail, err);
	arena_free(&arena);
	return r;
}

static void say_ready(struct process *p)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, CONTROL_READY);
	buf_put_u8(&b, (uint8_t)p->jail.landlock_abi);
	buf_put_u8(&b, p->jail.landlock);
	buf_put_u8(&b, p->jail.seccomp);
	control_send(CONTROL_FD, &b, -1);
	log_event(EV_ROLE_START, LOG_NUM("instance", p->ctx.index), LOG_NUM("pid", getpid()));
	if (!p->jail.landlock)
		log_event(EV_SANDBOX_DEGRADED, LOG_STR("missing", "landlock"));
}

int role_main(enum role role, unsigned index)
{
	struct process process = {.ctx = {.role = role, .index = index}, .row = role_row(role), .spare = -1}, *p = &process;
	struct error err = {0};
	p->ops = role_ops_of(role);
	log_setup(role_name(role), false, LOG_INFO);
	ignore_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, role_name(role));
	if (p->ops == NULL || sandbox_harden(&err) != 0)
		return 1;
	sandbox_close_other_fds(CONTROL_FD + 1, NULL, 0);
	fault_setup(role_name(role));
	warm_libraries();
	p->room = memory_alloc(CONTROL_MAX);
	p->ctx.loop = loop_create();
	p->ctx.ipc = ipc_create(p->ctx.loop, role, index);
	ipc_on_violation(p->ctx.ipc, on_violation, NULL);
	ipc_on_shortage(p->ctx.ipc, on_shortage, p);
	if (role != ROLE_AUDIT)
		p->ctx.audit = audit_out_create(p->ctx.loop, p->ctx.ipc, role);
	if (receive_until_go(p) != 0)
		return fail(p, "the parent did not hand over what is needed");
	use_config(p);
	if (p->ops->start(&p->ctx, &err) != 0 || close_jail(p, &err) != 0)
		return fail(p, err.private_text);
	p->started = true;
	p->control = watcher_create(p->ctx.loop, CONTROL_FD, on_control, p);
	watcher_set(p->control, WATCH_READ);
	say_ready(p);
	role_probe_run(&p->ctx);
	if (p->ops->run != NULL)
		p->ops->run(&p->ctx);
	if (!p->stopped)
		loop_run(p->ctx.loop);
	log_event(EV_ROLE_STOP, LOG_NUM("instance", index));
	if (p->ctx.audit != NULL)
		audit_out_end(p->ctx.audit);
	return 0;
}
