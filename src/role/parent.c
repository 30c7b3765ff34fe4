#include "role/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/tls.h"
#include "role/audit_out.h"
#include "sys/file.h"
#include "sys/sandbox.h"

#define FILES_WANTED 65536

struct child *parent_child(struct parent *parent, enum role role, unsigned index)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i].role == role && parent->children[i].index == index)
			return &parent->children[i];
	return NULL;
}

/* ---- start ---- */

static void make_children(struct parent *parent)
{
	for (enum role role = 0; role < ROLE_COUNT; role++)
		parent->child_count += role_instances(role, parent->config);
	parent->children = memory_alloc_array(parent->child_count, sizeof *parent->children);
	struct child *next = parent->children;
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		for (unsigned i = 0; i < role_instances(role, parent->config); i++) {
			*next = (struct child){.parent = parent, .role = role, .index = i, .control = -1};
			buf_init(&next->status, CONTROL_MAX);
			buf_init(&next->error, PARENT_ERROR_MAX);
			next++;
		}
	}
}

/* Others may ask key while they start, so they wait for it. */
static void spawn_others(struct parent *parent)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i].role != ROLE_KEY && parent->children[i].pid == 0 && !parent->children[i].was_ready)
			child_spawn(&parent->children[i]);
}

/* systemd's notification: one datagram to the socket that it names (sd_notify(3)). */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	file_close(&fd);
}

static void tell_ready(struct parent *parent)
{
	log_event(EV_ROLE_START, LOG_STR("version", LETTERLOCK_VERSION), LOG_NUM("roles", parent->child_count));
	notify("READY=1\nSTATUS=every process is up");
	if (parent->ready_fd >= 0) {
		file_write_all(parent->ready_fd, SLICE("ready\n"), NULL);
		file_close(&parent->ready_fd);
	}
}

void parent_serve_incomplete(struct parent *parent)
{
	if (parent->incomplete)
		return;
	parent->incomplete = true;
	notify("READY=1\nSTATUS=a process cannot start, see letterlock status");
}

void parent_child_ready(struct child *child)
{
	struct parent *parent = child->parent;
	if (child->role == ROLE_KEY && !parent->ready)
		spawn_others(parent);
	if (parent->stopping) {
		child_send(child, CONTROL_STOP);
		return;
	}
	for (size_t i = 0; i < parent->child_count && !parent->ready; i++)
		if (!parent->children[i].was_ready)
			return;
	if (!parent->ready) {
		parent->ready = true;
		tell_ready(parent);
	}
}

/* ---- reload ---- */

static void tell_problems(const struct config_problems *problems, struct error *err)
{
	for (size_t i = 0; i < problems->count; i++)
		log_event(EV_CONFIG_REFUSED, LOG_TEXT("problem", problems->items[i].text));
	error_set(err, ERR_INVALID, "%.*s", SLICE_ARG(problems->items[0].text));
}

static void use_certificates(struct parent *parent, struct buf *chain, int key)
{
	if (!slice_eq(buf_slice(chain), buf_slice(&parent->tls_chain)))
		log_event(EV_TLS_RELOADED, LOG_TEXT("file", parent->config->tls_certificate));
	buf_free(&parent->tls_chain);
	file_close(&parent->tls_key_fd);
	parent->tls_chain = *chain;
	parent->tls_key_fd = key;
}

void parent_spread_image(struct parent *parent, int image)
{
	file_close(&parent->image_fd);
	parent->image_fd = image;
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i].state == CHILD_STARTING || parent->children[i].state == CHILD_READY)
			child_send_all(&parent->children[i], CONTROL_RELOAD);
}

int parent_reload(struct parent *parent, struct buf *restart, struct error *err)
{
	struct config_problems problems = {0};
	struct buf chain = BUF_INIT(0), passwords = BUF_INIT(0);
	struct config *next = config_read(parent->config_path, &problems);
	int image, key = -1, r = ERR_INVALID;
	if (next == NULL) {
		tell_problems(&problems, err);
		goto out;
	}
	if (parent->json_log)
		config_set(next, SLICE("log.format"), SLICE("json"), NULL);
	config_needs_restart(parent->config, next, restart);
	config_keep_fixed(next, parent->config);
	r = parent_load_files(next, &chain, &key, &passwords, err);
	image = r == 0 ? parent_make_image(next, buf_slice(&chain), err) : -1;
	if (r == 0 && image < 0)
		r = image;
	if (r != 0) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err->private_text));
		buf_free(&chain);
		file_close(&key);
		buf_free_secret(&passwords);
		goto out;
	}
	/* The former configuration stays in memory: values that cannot change still point into it. */
	parent_confirm_begin(parent, next);
	parent->config = next;
	next = NULL;
	use_certificates(parent, &chain, key);
	buf_free_secret(&parent->passwords);
	parent->passwords = passwords;
	parent_spread_image(parent, image);
	log_event(EV_CONFIG_RELOADED, LOG_TEXT("restart_needed", buf_slice(restart)));
	r = 0;
out:
	config_free(&next);
	config_problems_free(&problems);
	return r;
}

static void on_hangup(void *arg, int signo)
{
	struct parent *parent = arg;
	struct buf restart = BUF_INIT(4096);
	struct error err = {0};
	if (!parent->stopping)
		parent_reload(parent, &restart, &err);
	buf_free(&restart);
}

/* ---- stop ---- */

/* Stops the next rank that still lives; ends the loop when none does. */
static void stop_next(struct parent *parent)
{
	unsigned lowest = UINT32_MAX;
	for (size_t i = 0; i < parent->child_count; i++) {
		struct child *c = &parent->children[i];
		if (c->state != CHILD_GONE && role_row(c->role)->stop_rank < lowest)
			lowest = role_row(c->role)->stop_rank;
	}
	if (lowest == UINT32_MAX) {
		loop_stop(parent->loop);
		return;
	}
	for (size_t i = 0; i < parent->child_count; i++) {
		struct child *c = &parent->children[i];
		if (role_row(c->role)->stop_rank != lowest || (c->state != CHILD_READY && c->state != CHILD_STARTING))
			continue;
		/* One that still starts has nothing in hand, and might wait for somebody who is gone. */
		if (c->state == CHILD_STARTING)
			child_signal(c, SIGKILL);
		else
			child_send(c, CONTROL_STOP);
		c->state = CHILD_STOPPING;
	}
}

static void on_stop_limit(void *arg)
{
	struct parent *parent = arg;
	for (size_t i = 0; i < parent->child_count; i++)
		child_signal(&parent->children[i], SIGKILL);
}

void parent_begin_stop(struct parent *parent)
{
	if (parent->stopping)
		return;
	parent->stopping = true;
	notify("STOPPING=1");
	parent_close_listens(parent);
	for (size_t i = 0; i < parent->child_count; i++) {
		struct child *c = &parent->children[i];
		if (c->state != CHILD_DOWN)
			continue;
		timer_destroy(&c->timer);
		c->state = CHILD_GONE;
	}
	timer_start(parent->stop_timer, PARENT_STOP_MS);
	stop_next(parent);
}

void parent_child_ended(struct child *child)
{
	stop_next(child->parent);
}

static void on_terminate(void *arg, int signo)
{
	parent_begin_stop(arg);
}

static void on_child(void *arg, int signo)
{
	parent_reap(arg);
}

/* ---- main ---- */

static void print_problems(const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		fprintf(stderr, "%.*s\n", SLICE_ARG(problems->items[i].text));
}

/* For all roles, which inherit it: as many as we may have, and what an edge needs for its connections where root may raise that. */
static void raise_file_limit(void)
{
	struct rlimit limit, wanted;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	wanted = limit;
	if (wanted.rlim_max < FILES_WANTED)
		wanted.rlim_cur = wanted.rlim_max = FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &wanted) != 0)
		setrlimit(RLIMIT_NOFILE, &limit);
}

static int prepare(struct parent *parent, struct error *err)
{
	int r = sandbox_harden(err); /* before the first secret is read */
	if (r == 0)
		r = parent_load_files(parent->config, &parent->tls_chain, &parent->tls_key_fd, &parent->passwords, err);
	if (r == 0)
		r = parent_find_user(parent, err);
	if (r == 0)
		r = parent_make_directories(parent, err);
	if (r == 0)
		r = parent_load_master_key(parent, err);
	if (r != 0)
		return r;
	parent->image_fd = parent_make_image(parent->config, buf_slice(&parent->tls_chain), err);
	if (parent->image_fd < 0)
		return parent->image_fd;
	r = parent_open_listens(parent, err);
	if (r == 0)
		r = parent_drop_rights(err);
	return r;
}

static void run(struct parent *parent)
{
	loop_on_signal(parent->loop, SIGCHLD, on_child, parent);
	loop_on_signal(parent->loop, SIGTERM, on_terminate, parent);
	loop_on_signal(parent->loop, SIGINT, on_terminate, parent);
	loop_on_signal(parent->loop, SIGHUP, on_hangup, parent);
	signal(SIGPIPE, SIG_IGN);
	parent->stop_timer = timer_create_on(parent->loop, on_stop_limit, parent);
	parent->since_ms = loop_now(parent->loop).wall_ms;
	parent->since_mono_ms = loop_now(parent->loop).mono_ms;
	make_children(parent);
	parent_admin_start(parent);
	parent_tickets_start(parent);
	parent_watchdog_start(parent);
	child_spawn(parent_child(parent, ROLE_KEY, 0));
	loop_run(parent->loop);
	log_event(EV_ROLE_STOP);
}

static int check_only(const struct config *config)
{
	struct buf chain, passwords;
	int key;
	struct error err = {0};
	int r = parent_load_files(config, &chain, &key, &passwords, &err);
	if (r != 0)
		fprintf(stderr, "%.*s: %s\n", SLICE_ARG(config->file), err.private_text);
	if (r == 0) {
		buf_free(&chain);
		file_close(&key);
		buf_free_secret(&passwords);
	}
	return r == 0 ? 0 : 3;
}

int parent_main(const struct parent_options *options)
{
	struct parent parent = {.config_path = options->config_path, .json_log = options->json_log, .ready_fd = options->ready_fd, .image_fd = -1,
		.tls_key_fd = -1};
	struct config_problems problems = {0};
	struct error err = {0};
	parent.config = config_read(options->config_path, &problems);
	if (parent.config == NULL) {
		print_problems(&problems);
		config_problems_free(&problems);
		return 3;
	}
	if (options->check_only)
		return check_only(parent.config);
	if (options->json_log)
		config_set(parent.config, SLICE("log.format"), SLICE("json"), NULL);
	log_own_output();
	log_setup("parent", slice_eq(parent.config->log_format, SLICE("json")), LOG_INFO);
	crypt_init();
	tls_library_init();
	raise_file_limit();
	parent.exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (parent.exe_fd < 0 || prepare(&parent, &err) != 0) {
		log_event(EV_ROLE_FAILED, LOG_STR("error", parent.exe_fd < 0 ? "/proc is not mounted" : err.private_text));
		parent_close_listens(&parent);
		return 1;
	}
	parent.loop = loop_create();
	parent.ipc = ipc_create(parent.loop, ROLE_PARENT, 0);
	audit_out_create(parent.loop, parent.ipc, ROLE_PARENT);
	parent.room = memory_alloc(CONTROL_MAX);
	run(&parent);
	return parent.hopeless ? 1 : 0;
}
