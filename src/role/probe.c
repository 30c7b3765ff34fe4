/*
 * The jail asked from inside, in test builds only: every attempt of one table, once in processes that do nothing else (also what is
 * deadly), once in the running role. What a role may do is expected in tests/system/test_jail.py.
 */
#include "role/process.h"

#ifdef LETTERLOCK_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/ensure.h"
#include "ipc/codec.h"
#include "role/control.h"
#include "role/table.h"
#include "sys/worker.h"

#define FORGE_AFTER_MS 1500
#define FORGE_FDS_MAX 1024
#define PATH_SIZE 4096

/* What the attempts use: made before the jail closes. */
struct probe {
	const struct config *config;
	unsigned own_bucket, other_bucket;
	int inet, listening, memory;
	pid_t parent;
	void *page;
};

/* Each attempt: 0 when it succeeded, else an errno. */
typedef int attempt_fn(const struct probe *p);

static int outcome(long r)
{
	return r >= 0 ? 0 : errno;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	if (flags & O_CREAT)
		unlink(path);
	return 0;
}

static int try_below(const struct probe *p, const char *name, int flags)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%.*s/%s", SLICE_ARG(p->config->data_dir), name);
	return try_open(path, flags);
}

static int try_bucket(const struct probe *p, unsigned bucket, const char *file, int flags)
{
	char name[64];
	snprintf(name, sizeof name, ROLE_DIR_ACCOUNTS "/%02x%s", bucket, file);
	return try_below(p, name, flags);
}

#define CREATE (O_WRONLY | O_CREAT)
#define FOLDER (O_RDONLY | O_DIRECTORY)

static int read_passwd(const struct probe *p) { return try_open("/etc/passwd", O_RDONLY); }
static int read_certificates(const struct probe *p) { return try_open("/etc/ssl", FOLDER); }
static int read_fonts(const struct probe *p) { return try_open("/usr/share/fonts", FOLDER); }
static int read_config(const struct probe *p) { return try_open((const char *)p->config->file.p, O_RDONLY); }
static int read_tls_key(const struct probe *p) { return try_open((const char *)p->config->tls_key.p, O_RDONLY); }
static int read_master_key(const struct probe *p) { return try_below(p, "master.key", O_RDONLY); }
static int read_keys(const struct probe *p) { return try_below(p, ROLE_DIR_KEY "/organisation", O_RDONLY); }
static int read_directory(const struct probe *p) { return try_below(p, ROLE_DIR_DIRECTORY "/directory.db", O_RDONLY); }
static int read_spool(const struct probe *p) { return try_below(p, ROLE_DIR_SPOOL "/spool.db", O_RDONLY); }
static int read_audit(const struct probe *p) { return try_below(p, ROLE_DIR_AUDIT, FOLDER); }
static int read_packs(const struct probe *p) { return try_below(p, ROLE_DIR_PACKS, FOLDER); }
static int list_accounts(const struct probe *p) { return try_below(p, ROLE_DIR_ACCOUNTS, FOLDER); }
static int read_own_bucket(const struct probe *p) { return try_bucket(p, p->own_bucket, "", FOLDER); }
static int read_other_bucket(const struct probe *p) { return try_bucket(p, p->other_bucket, "", FOLDER); }
static int write_keys(const struct probe *p) { return try_below(p, ROLE_DIR_KEY "/probe", CREATE); }
static int write_directory(const struct probe *p) { return try_below(p, ROLE_DIR_DIRECTORY "/probe", CREATE); }
static int write_spool(const struct probe *p) { return try_below(p, ROLE_DIR_SPOOL "/probe", CREATE); }
static int write_audit(const struct probe *p) { return try_below(p, ROLE_DIR_AUDIT "/probe", CREATE); }
static int write_packs(const struct probe *p) { return try_below(p, ROLE_DIR_PACKS "/probe", CREATE); }
static int write_own_bucket(const struct probe *p) { return try_bucket(p, p->own_bucket, "/probe", CREATE); }
static int write_other_bucket(const struct probe *p) { return try_bucket(p, p->other_bucket, "/probe", CREATE); }
static int write_data(const struct probe *p) { return try_below(p, "probe", CREATE); }
static int write_tmp(const struct probe *p) { return try_open("/tmp/letterlock-probe", CREATE); }
static int own_memory(const struct probe *p) { return try_open("/proc/self/mem", O_RDWR); }
static int own_maps(const struct probe *p) { return try_open("/proc/self/maps", O_RDONLY); }

static int parent_environment(const struct probe *p)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)p->parent);
	return try_open(path, O_RDONLY);
}

static int try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int socket_inet(const struct probe *p) { return try_socket(AF_INET, SOCK_STREAM, 0); }
static int socket_inet6(const struct probe *p) { return try_socket(AF_INET6, SOCK_DGRAM, 0); }
static int socket_unix(const struct probe *p) { return try_socket(AF_UNIX, SOCK_STREAM, 0); }
static int socket_netlink(const struct probe *p) { return try_socket(AF_NETLINK, SOCK_RAW, 0); }
static int socket_packet(const struct probe *p) { return try_socket(AF_PACKET, SOCK_RAW, 0); }
static int socket_vsock(const struct probe *p) { return try_socket(AF_VSOCK, SOCK_STREAM, 0); }

static int socket_pair(const struct probe *p)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return errno;
	close(fd[0]);
	close(fd[1]);
	return 0;
}

static const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = 0x0900, .sin_addr = {0x0100007f}};

/* The socket is a datagram socket: nothing leaves the machine and nobody has to listen. */
static int do_connect(const struct probe *p) { return outcome(connect(p->inet, (const struct sockaddr *)&loopback, sizeof loopback)); }

static int do_bind(const struct probe *p)
{
	struct sockaddr_in any = loopback;
	any.sin_port = 0;
	/* The connect before has bound it already. */
	return bind(p->inet, (const struct sockaddr *)&any, sizeof any) == 0 || errno == EINVAL ? 0 : errno;
}

static int do_listen(const struct probe *p) { return outcome(listen(p->listening, 1)); }

static int do_accept(const struct probe *p)
{
	int fd = accept4(p->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return fd >= 0 || errno == EAGAIN ? 0 : errno;
}

static int exec_file(const struct probe *p)
{
	char *argv[] = {(char *)"true", NULL}, *envp[] = {NULL};
	return outcome(execve("/bin/true", argv, envp));
}

static int exec_memory(const struct probe *p)
{
	char *argv[] = {(char *)"probe", NULL}, *envp[] = {NULL};
	return outcome(syscall(SYS_execveat, p->memory, "", argv, envp, 0x1000 /* AT_EMPTY_PATH */));
}

static int code_in_memfd(const struct probe *p)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, p->memory, 0) != MAP_FAILED ? 0 : errno;
}

static int code_in_page(const struct probe *p) { return outcome(mprotect(p->page, 4096, PROT_READ | PROT_EXEC)); }
static int code_by_key(const struct probe *p) { return outcome(syscall(SYS_pkey_mprotect, p->page, 4096, PROT_READ | PROT_EXEC, -1)); }
static int do_fork(const struct probe *p) { return outcome(fork()); }
static int do_vfork(const struct probe *p) { return outcome(syscall(SYS_vfork)); }
static int make_worker(const struct probe *p)
{
	struct worker w;
	pid_t pid = worker_fork(&w);
	if (pid == 0)
		_exit(0);
	return pid > 0 && worker_reap(&w) == 0 ? 0 : errno;
}
static int do_clone3(const struct probe *p) { return outcome(syscall(SYS_clone3, NULL, 0)); }
static int do_ptrace(const struct probe *p) { return outcome(ptrace(PTRACE_ATTACH, p->parent, NULL, NULL)); }
static int kill_parent(const struct probe *p) { return outcome(kill(p->parent, 0)); }
static int kill_all(const struct probe *p) { return outcome(kill(-1, 0)); }
static int kill_thread(const struct probe *p) { return outcome(syscall(SYS_tgkill, p->parent, p->parent, 0)); }
static int kill_queued(const struct probe *p) { return outcome(syscall(SYS_rt_sigqueueinfo, p->parent, 0, NULL)); }
static int kill_by_pidfd(const struct probe *p) { return outcome(syscall(SYS_pidfd_open, p->parent, 0)); }
/* Input on the socket would then send a signal of choice to that process. */
static int kill_by_owner(const struct probe *p) { return outcome(fcntl(p->inet, F_SETOWN, p->parent)); }
static int kill_by_signal(const struct probe *p) { return outcome(fcntl(p->inet, F_SETSIG, SIGKILL)); }

static int read_parent(const struct probe *p)
{
	char room[8];
	struct iovec here = {room, sizeof room}, there = {p->page, sizeof room};
	return outcome(process_vm_readv(p->parent, &here, 1, &there, 1, 0));
}

static int do_mount(const struct probe *p) { return outcome(mount("none", "/tmp", "tmpfs", 0, NULL)); }
static int do_chroot(const struct probe *p) { return outcome(chroot("/tmp")); }
static int do_unshare(const struct probe *p) { return outcome(unshare(CLONE_NEWUSER)); }
static int do_bpf(const struct probe *p) { return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0)); }
static int do_perf(const struct probe *p) { return outcome(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static int do_uring(const struct probe *p) { return outcome(syscall(SYS_io_uring_setup, 1, NULL)); }
static int do_userfault(const struct probe *p) { return outcome(syscall(SYS_userfaultfd, 1)); }
static int do_keyring(const struct probe *p) { return outcome(syscall(SYS_keyctl, 0, -3, 0)); }
static int do_setuid(const struct probe *p) { return outcome(syscall(SYS_setuid, getuid())); }
static int do_setgroups(const struct probe *p) { return outcome(syscall(SYS_setgroups, 0, NULL)); }
static int do_handle(const struct probe *p) { return outcome(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY)); }
static int do_personality(const struct probe *p) { return outcome(syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */)); }
static int be_dumpable(const struct probe *p) { return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int trust_tracer(const struct probe *p) { return outcome(prctl(PR_SET_PTRACER, -1, 0, 0, 0)); }
static int make_device(const struct probe *p) { return outcome(mknod("/tmp/letterlock-probe-device", S_IFIFO | 0600, 0)); }
static int make_link(const struct probe *p) { return outcome(symlink("/etc/passwd", "/tmp/letterlock-probe-link")); }
static int change_mode(const struct probe *p)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%.*s/master.key", SLICE_ARG(p->config->data_dir));
	return outcome(chmod(path, 0600));
}

static int hard_link(const struct probe *p) { return outcome(link("/etc/passwd", "/tmp/letterlock-probe-link")); }
static int watch_files(const struct probe *p) { return outcome(syscall(SYS_inotify_init1, O_CLOEXEC)); }
static int share_memory(const struct probe *p) { return outcome(syscall(SYS_shmget, 0, 4096, 0600)); }

static int raise_limit(const struct probe *p)
{
	struct rlimit some = {4096, 4096};
	return outcome(setrlimit(RLIMIT_CORE, &some));
}

static void *end_thread(void *arg) { return arg; }

static int make_thread(const struct probe *p)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, end_thread, NULL);
	if (r == 0)
		pthread_join(thread, NULL);
	return r;
}

static int make_memfd(const struct probe *p)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static const struct attempt {
	const char *name;
	attempt_fn *try;
	bool deadly; /* where it is forbidden */
} attempts[] = {
	{"read_passwd", read_passwd, false}, {"read_certificates", read_certificates, false}, {"read_fonts", read_fonts, false}, {"read_config", read_config, false},
	{"read_tls_key", read_tls_key, false}, {"read_master_key", read_master_key, false}, {"read_keys", read_keys, false},
	{"read_directory", read_directory, false}, {"read_spool", read_spool, false}, {"read_packs", read_packs, false},
	{"read_audit", read_audit, false}, {"write_audit", write_audit, false},
	{"list_accounts", list_accounts, false}, {"read_own_bucket", read_own_bucket, false}, {"read_other_bucket", read_other_bucket, false},
	{"write_keys", write_keys, false}, {"write_directory", write_directory, false}, {"write_spool", write_spool, false},
	{"write_packs", write_packs, false}, {"write_own_bucket", write_own_bucket, false}, {"write_other_bucket", write_other_bucket, false},
	{"write_data", write_data, false}, {"write_tmp", write_tmp, false}, {"own_memory", own_memory, false}, {"own_maps", own_maps, false},
	{"parent_environment", parent_environment, false},
	{"socket_inet", socket_inet, true}, {"socket_inet6", socket_inet6, true}, {"socket_unix", socket_unix, true},
	{"socket_netlink", socket_netlink, true}, {"socket_packet", socket_packet, true}, {"socket_vsock", socket_vsock, true},
	{"socketpair", socket_pair, false}, {"connect", do_connect, false}, {"bind", do_bind, false}, {"listen", do_listen, false},
	{"accept", do_accept, false},
	{"exec_file", exec_file, true}, {"exec_memory", exec_memory, true}, {"code_in_memfd", code_in_memfd, false},
	{"code_in_page", code_in_page, false}, {"code_by_key", code_by_key, false}, {"fork", do_fork, true}, {"vfork", do_vfork, true},
	{"make_worker", make_worker, true}, {"clone3", do_clone3, false}, {"ptrace", do_ptrace, true}, {"read_parent", read_parent, true}, {"kill_parent", kill_parent, false},
	{"kill_all", kill_all, false}, {"kill_thread", kill_thread, false}, {"kill_queued", kill_queued, false},
	{"kill_by_pidfd", kill_by_pidfd, false}, {"kill_by_owner", kill_by_owner, false}, {"kill_by_signal", kill_by_signal, false},
	{"mount", do_mount, true}, {"chroot", do_chroot, true}, {"unshare", do_unshare, true}, {"bpf", do_bpf, true}, {"perf", do_perf, true},
	{"io_uring", do_uring, true}, {"userfault", do_userfault, true}, {"keyring", do_keyring, true}, {"setuid", do_setuid, true},
	{"setgroups", do_setgroups, true}, {"open_by_handle", do_handle, true}, {"personality", do_personality, true},
	{"be_dumpable", be_dumpable, false}, {"trust_tracer", trust_tracer, false}, {"make_device", make_device, false},
	{"make_link", make_link, false}, {"hard_link", hard_link, false}, {"change_mode", change_mode, false}, {"watch_files", watch_files, false},
	{"share_memory", share_memory, false},
	{"raise_limit", raise_limit, false}, {"make_thread", make_thread, false}, {"make_memfd", make_memfd, false},
};

static unsigned bucket_of_shard(unsigned shard, unsigned shards)
{
	for (unsigned bucket = 0; bucket < 256; bucket++)
		if (auth_shard(&(const uint8_t[16]){(uint8_t)bucket}[0], shards) == shard)
			return bucket;
	return 0;
}

static struct probe prepare(const struct config *config, unsigned index)
{
	unsigned shards = role_instances(ROLE_MAIL, config);
	struct probe p = {.config = config, .own_bucket = bucket_of_shard(index % shards, shards),
		.other_bucket = bucket_of_shard((index + 1) % shards, shards), .parent = getppid()};
	p.inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	p.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	p.memory = memfd_create("probe", MFD_CLOEXEC);
	p.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ENSURE(p.inet >= 0 && p.listening >= 0 && p.memory >= 0 && p.page != MAP_FAILED);
	ENSURE(listen(p.listening, 1) == 0 && ftruncate(p.memory, 4096) == 0);
	return p;
}

static void say(int fd, enum role role, unsigned index, const char *name, int code)
{
	char line[160];
	int n = snprintf(line, sizeof line, "probe %s %u %s %s\n", role_name(role), index, name, code == 0 ? "allowed" : strerrorname_np(code));
	ENSURE(n > 0 && write(fd, line, (size_t)n) == n);
}

/* ---- in processes that do nothing else ---- */

_Noreturn static void attempt_in_jail(enum role role, unsigned index, const struct config *config, const struct attempt *a)
{
	struct probe p = prepare(config, index);
	struct arena arena = ARENA_INIT;
	struct sandbox_policy policy = role_policy(role, index, config, &arena);
	struct sandbox_state state;
	struct error err = {0};
	if (sandbox_enter(&policy, &state, &err) != 0) {
		fprintf(stderr, "%s\n", err.private_text);
		_exit(1);
	}
	say(STDOUT_FILENO, role, index, a->name, a->try(&p));
	_exit(0);
}

static int attempt_one(enum role role, unsigned index, const struct config *config, const struct attempt *a)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		attempt_in_jail(role, index, config, a);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
		printf("probe %s %u %s killed\n", role_name(role), index, a->name);
		return 0;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int role_jail_probe(enum role role, unsigned index, const char *path)
{
	struct config_problems problems = {.arena = ARENA_INIT};
	struct config *config = config_read(path, &problems);
	int r = config != NULL ? 0 : -1;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < ARRAY_LEN(attempts) && r == 0; i++)
		r = attempt_one(role, index, config, &attempts[i]);
	config_problems_free(&problems);
	config_free(&config);
	return r == 0 ? 0 : 1;
}

/* ---- in the running role ---- */

static struct probe live; /* of this process; test builds only */

void role_probe_prepare(struct role_context *ctx)
{
	if (getenv("LETTERLOCK_FAULT_PROBE") != NULL)
		live = prepare(ctx->config, ctx->index);
}

/* A request that no role may be sent by this one. */
static enum ipc_type forbidden_type(enum role role)
{
	for (enum ipc_type type = 0; type < IPC_TYPE_COUNT; type++)
		if (!(ipc_row(type)->senders & 1u << role) && ipc_row(type)->deadline_ms > 0)
			return type;
	UNREACHABLE();
}

/* To everybody this role has a channel to, below the library, which would refuse it. */
static void forge(void *arg)
{
	struct role_context *ctx = arg;
	struct buf b = BUF_INIT(64);
	ipc_header_put(&b, &(struct ipc_header){IPC_KIND_REQUEST, forbidden_type(ctx->role), 1});
	for (int fd = CONTROL_FD + 1; fd < FORGE_FDS_MAX; fd++) {
		int type = 0;
		socklen_t size = sizeof type;
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
			(void)send(fd, b.data, buf_len(&b), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	buf_free(&b);
}

void role_probe_run(struct role_context *ctx)
{
	const char *forger = getenv("LETTERLOCK_FAULT_FORGE");
	for (size_t i = 0; live.config != NULL && i < ARRAY_LEN(attempts); i++)
		if (!attempts[i].deadly)
			say(STDERR_FILENO, ctx->role, ctx->index, attempts[i].name, attempts[i].try(&live));
	if (forger != NULL && strcmp(forger, role_name(ctx->role)) == 0)
		timer_start(timer_create_on(ctx->loop, forge, ctx), FORGE_AFTER_MS);
}

#else

/* An empty translation unit is not C. */
typedef int probe_unused;

#endif
