#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/worker.h"

static char *directory;

static int make_directory(void **state)
{
	static char name[] = "/tmp/letterlock-sys-XXXXXX";
	directory = mkdtemp(name);
	return directory == NULL ? -1 : chdir(directory);
}

static int remove_directory(void **state)
{
	unlink("file");
	unlink("new");
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void atomic_write_replaces_content_and_mode(void **state)
{
	struct buf b = BUF_INIT(100);
	struct stat st;
	assert_int_equal(file_write_atomic("file", SLICE("one"), 0600, NULL), 0);
	assert_int_equal(file_write_atomic("file", SLICE("second"), 0640, NULL), 0);
	assert_int_equal(file_read("file", &b, NULL), 0);
	assert_true(slice_eq(buf_slice(&b), SLICE("second")));
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(access("file.new", F_OK), -1);
	buf_free(&b);
}

static void reading_stops_at_the_maximum(void **state)
{
	struct buf fits = BUF_INIT(6), small = BUF_INIT(5);
	assert_int_equal(file_write_atomic("file", SLICE("second"), 0600, NULL), 0);
	assert_int_equal(file_read("file", &fits, NULL), 0);
	assert_int_equal(file_read("file", &small, NULL), ERR_LIMIT);
	assert_int_equal(file_read("absent", &small, NULL), ERR_NOT_FOUND);
	buf_free(&fits);
	buf_free(&small);
}

static void create_refuses_an_existing_file(void **state)
{
	assert_int_equal(file_create("new", SLICE("x"), 0600, NULL), 0);
	assert_int_equal(file_create("new", SLICE("y"), 0600, NULL), ERR_EXISTS);
}

static void sealed_memfd_is_accepted_and_cannot_change(void **state)
{
	int fd = memfd_from_slice("t", SLICE("body"), NULL);
	struct file_map map;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(memfd_map(fd, 4, &map, NULL), 0);
	assert_true(slice_eq(map.content, SLICE("body")));
	file_unmap(&map);
	file_unmap(&map);
	assert_int_equal(memfd_map(fd, 3, &map, NULL), ERR_LIMIT);
	file_close(&fd);
}

static void unsealed_memfd_and_plain_files_are_refused(void **state)
{
	size_t size;
	int fd = memfd_new("t", NULL);
	assert_int_equal(memfd_check(fd, 100, &size, NULL), ERR_INVALID);
	file_close(&fd);
	assert_int_equal(file_write_atomic("file", SLICE("x"), 0600, NULL), 0);
	fd = open("file", O_RDONLY);
	assert_int_equal(memfd_check(fd, 100, &size, NULL), ERR_INVALID);
	file_close(&fd);
}

static void empty_memfd_maps_to_nothing(void **state)
{
	struct file_map map;
	int fd = memfd_from_slice("t", SLICE_NONE, NULL);
	assert_int_equal(memfd_map(fd, 10, &map, NULL), 0);
	assert_int_equal(map.content.n, 0);
	file_unmap(&map);
	file_close(&fd);
}

/* Runs `attempt` in a child that has entered `policy`; returns its wait status. */
static int in_jail(const struct sandbox_policy *policy, int (*attempt)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_state st;
		if (sandbox_enter(policy, &st, NULL) != 0)
			_exit(99);
		_exit(attempt());
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}
static int write_inside(void)
{
	return file_write_atomic("file", SLICE("jailed"), 0600, NULL) == 0 ? 0 : 1;
}
static int write_outside(void)
{
	return open("/tmp/letterlock-outside", O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
}
static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}
static int make_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0 ? 0 : errno;
}
static int execute(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}
static int trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int fork_child(void)
{
	return fork() >= 0 ? 0 : 1;
}
static int signal_parent(void)
{
	return kill(getppid(), 0) == 0 ? 0 : errno;
}
static int allocate(void)
{
	void *p = memory_alloc(64 << 20);
	memory_free(p);
	return 0;
}

static const struct sandbox_policy bare = {.best_effort = true};

#define ASSERT_KILLED(status) assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)

static void jail_without_rights_refuses_files_and_kills_the_rest(void **state)
{
	assert_int_equal(WEXITSTATUS(in_jail(&bare, open_passwd)), EACCES);
	assert_int_equal(WEXITSTATUS(in_jail(&bare, signal_parent)), ENOSYS);
	assert_int_equal(in_jail(&bare, allocate), 0);
	ASSERT_KILLED(in_jail(&bare, make_socket));
	ASSERT_KILLED(in_jail(&bare, execute));
	ASSERT_KILLED(in_jail(&bare, trace));
	ASSERT_KILLED(in_jail(&bare, fork_child));
}

static void landlock_allows_only_the_named_directory(void **state)
{
	if (sandbox_landlock_abi() == 0)
		skip();
	struct sandbox_path path = {directory, true};
	struct sandbox_policy policy = {.sets = SANDBOX_FILES, .paths = &path, .path_count = 1};
	assert_int_equal(in_jail(&policy, write_inside), 0);
	assert_int_equal(WEXITSTATUS(in_jail(&policy, open_passwd)), EACCES);
	assert_int_equal(WEXITSTATUS(in_jail(&policy, write_outside)), EACCES);
	path.write = false;
	assert_int_equal(WEXITSTATUS(in_jail(&policy, write_inside)), 1);
}

static void connecting_roles_get_internet_sockets_only(void **state)
{
	struct sandbox_policy policy = {.sets = SANDBOX_CONNECT, .best_effort = true};
	assert_int_equal(in_jail(&policy, make_socket), 0);
	ASSERT_KILLED(in_jail(&policy, make_packet_socket));
}

static int many_files(void)
{
	for (int i = 0; i < 40; i++)
		if (dup(0) < 0)
			return errno;
	return 0;
}

static void limits_hold(void **state)
{
	struct sandbox_policy policy = {.limits.files = 32, .best_effort = true};
	assert_int_equal(WEXITSTATUS(in_jail(&policy, many_files)), EMFILE);
}

static void other_descriptors_are_closed(void **state)
{
	pid_t pid = fork();
	if (pid == 0) {
		int a = dup(0), b = dup(0), c = dup(0);
		sandbox_close_other_fds(3, &b, 1);
		_exit(fcntl(a, F_GETFD) == -1 && fcntl(b, F_GETFD) != -1 && fcntl(c, F_GETFD) == -1 ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- workers ---- */

static const struct worker_limits small = {.limits = {.address_space = 256 << 20, .cpu_seconds = 1, .file_size = 4096}, .seconds = 30};

/* Runs fn as a worker of a role that may have them; what the worker's end was. */
static int as_worker(int (*fn)(void))
{
	struct worker w;
	int in = memfd_from_slice("in", SLICE("document"), NULL), out = memfd_new("out", NULL), status;
	pid_t pid = worker_fork(&w);
	if (pid == 0) {
		worker_enter(in, out, &small);
		_exit(fn());
	}
	if (pid < 0)
		return 1000;
	struct pollfd wait = {.fd = w.ended, .events = POLLIN};
	while (poll(&wait, 1, -1) <= 0)
		;
	status = worker_reap(&w);
	close(in);
	close(out);
	return status;
}
/* From inside of the jail of such a role: 0 when the worker ended so. */
static int worker_ends(int (*fn)(void), int end)
{
	return as_worker(fn) == end ? 0 : 1;
}

static int copy_through(void)
{
	char text[16];
	return pread(0, text, sizeof text, 0) == 8 && write(3, text, 8) == 8 && write(2, text, 8) < 0 && fcntl(4, F_GETFD) < 0 ? 0 : 1;
}
static int make_worker(void)
{
	struct worker w;
	return worker_fork(&w) < 0 ? 0 : 1;
}
static int make_pair(void)
{
	int fd[2];
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 ? 1 : 0;
}
static int spin(void)
{
	volatile bool on = true;
	while (on)
		;
	return 0;
}
static int write_much(void)
{
	char block[4096] = "";
	signal(SIGXFSZ, SIG_IGN);
	return write(3, block, sizeof block) == (ssize_t)sizeof block && write(3, block, sizeof block) < 0 ? 0 : 1;
}
static int crash(void)
{
	signal(SIGILL, SIG_DFL);
	__builtin_trap();
	return 0;
}

static int workers_work(void) { return worker_ends(copy_through, 0); }
static int workers_make_no_pairs(void) { return worker_ends(make_pair, 0); }
static int workers_make_no_workers(void) { return worker_ends(make_worker, -SIGSYS); }
static int workers_make_no_sockets(void) { return worker_ends(make_socket, -SIGSYS); }
static int workers_execute_nothing(void) { return worker_ends(execute, -SIGSYS); }
static int workers_end_in_time(void) { return worker_ends(spin, -SIGKILL); }
static int workers_write_little(void) { return worker_ends(write_much, 0); }
static int workers_crash_alone(void) { return worker_ends(crash, -SIGILL) | worker_ends(copy_through, 0); }
#ifndef __SANITIZE_ADDRESS__ /* its shadow takes more */
static int take_much(void)
{
	return mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 0 : 1;
}
static int workers_take_little(void) { return worker_ends(take_much, 0); }
#endif

static void workers_have_what_they_are_given_and_nothing_else(void **state)
{
	const struct sandbox_policy policy = {.sets = SANDBOX_FORK, .best_effort = true};
	assert_int_equal(in_jail(&policy, workers_work), 0);
	assert_int_equal(in_jail(&policy, workers_make_no_pairs), 0);
	assert_int_equal(in_jail(&policy, workers_make_no_workers), 0);
	assert_int_equal(in_jail(&policy, workers_make_no_sockets), 0);
	assert_int_equal(in_jail(&policy, workers_execute_nothing), 0);
	assert_int_equal(in_jail(&policy, workers_end_in_time), 0);
	assert_int_equal(in_jail(&policy, workers_write_little), 0);
	assert_int_equal(in_jail(&policy, workers_crash_alone), 0);
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(in_jail(&policy, workers_take_little), 0);
#endif
	/* The role itself forks nothing else, and executes nothing. */
	ASSERT_KILLED(in_jail(&policy, execute));
	assert_int_not_equal(in_jail(&policy, fork_child), 0);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atomic_write_replaces_content_and_mode),
		cmocka_unit_test(reading_stops_at_the_maximum),
		cmocka_unit_test(create_refuses_an_existing_file),
		cmocka_unit_test(sealed_memfd_is_accepted_and_cannot_change),
		cmocka_unit_test(unsealed_memfd_and_plain_files_are_refused),
		cmocka_unit_test(empty_memfd_maps_to_nothing),
		cmocka_unit_test(jail_without_rights_refuses_files_and_kills_the_rest),
		cmocka_unit_test(landlock_allows_only_the_named_directory),
		cmocka_unit_test(connecting_roles_get_internet_sockets_only),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(other_descriptors_are_closed),
		cmocka_unit_test(workers_have_what_they_are_given_and_nothing_else),
	};
	return cmocka_run_group_tests_name("sys", tests, make_directory, remove_directory);
}
