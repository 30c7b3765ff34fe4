#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/sandbox_private.h"

/* What came after the headers of this system (rights of ABI 3 and 5, scopes of ABI 6). */
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL_DEV (1ULL << 15)
#define SCOPE_ABSTRACT_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
#define RIGHTS_ABI1 ((1ULL << 13) - 1)
#define RIGHT_REFER (1ULL << 13)

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE \
	(RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | RIGHT_REFER | RIGHT_TRUNCATE)
#define RIGHTS_OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE)

struct ruleset {
	uint64_t files, net, scopes;
};

int sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi > 0 ? (int)abi : 0;
}

static uint64_t rights_known(int abi)
{
	uint64_t rights = RIGHTS_ABI1;
	if (abi >= 2)
		rights |= RIGHT_REFER;
	if (abi >= 3)
		rights |= RIGHT_TRUNCATE;
	if (abi >= 5)
		rights |= RIGHT_IOCTL_DEV;
	return rights;
}

static int allow_path(int ruleset, const struct sandbox_path *path, uint64_t known, struct error *err)
{
	struct stat st;
	int fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path->path);
	struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = (path->write ? RIGHTS_WRITE : RIGHTS_READ) & known};
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= RIGHTS_OF_FILES;
	int r = 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		r = error_errno(err, "landlock rule for %s", path->path);
	file_close(&fd);
	return r;
}

static int enter_landlock(const struct sandbox_policy *policy, int abi, struct error *err)
{
	uint64_t known = rights_known(abi);
	/* Signals and abstract sockets end at the border of the role too. An older kernel knows the first member only. */
	struct ruleset attr = {.files = known, .scopes = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, abi >= 6 ? sizeof attr : sizeof attr.files, 0);
	if (ruleset < 0)
		return error_errno(err, "landlock");
	int r = 0;
	for (size_t i = 0; i < policy->path_count && r == 0; i++)
		r = allow_path(ruleset, &policy->paths[i], known, err);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		r = error_errno(err, "landlock");
	file_close(&ruleset);
	return r;
}

static int limit(int what, uint64_t value, struct error *err)
{
	struct rlimit now, want = {.rlim_cur = value, .rlim_max = value};
	if (value == 0 || getrlimit((__rlimit_resource_t)what, &now) != 0)
		return 0;
	if (now.rlim_max != RLIM_INFINITY && want.rlim_max > now.rlim_max)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &want) == 0 ? 0 : error_errno(err, "rlimit %d", what);
}

int sandbox_set_limits(const struct sandbox_limits *limits, struct error *err)
{
#ifdef __SANITIZE_ADDRESS__
	int r = 0; /* its shadow memory is larger than any limit */
#else
	int r = limit(RLIMIT_AS, limits->address_space, err);
#endif
	if (r == 0)
		r = limit(RLIMIT_CPU, limits->cpu_seconds, err);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, limits->files, err);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, limits->file_size, err);
	return r;
}

int sandbox_harden(struct error *err)
{
	struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(err, "hardening");
	return 0;
}

int sandbox_enter(const struct sandbox_policy *policy, struct sandbox_state *ret_state, struct error *err)
{
	struct sandbox_state state = {.landlock_abi = sandbox_landlock_abi()};
	int r = sandbox_harden(err);
	if (r != 0)
		return r;
	r = sandbox_set_limits(&policy->limits, err);
	if (r != 0)
		return r;
	if (state.landlock_abi > 0) {
		r = enter_landlock(policy, state.landlock_abi, err);
		if (r != 0)
			return r;
		state.landlock = true;
	} else if (!policy->best_effort) {
		return error_set(err, ERR_UNSUPPORTED, "the kernel has no Landlock; set \"sandbox: best-effort\" to run without");
	}
	r = sandbox_seccomp_load(policy->sets, err);
	if (r != 0)
		return r;
	state.seccomp = true;
	*ret_state = state;
	return 0;
}

static bool is_kept(int fd, const int *keep, size_t keep_count)
{
	for (size_t i = 0; i < keep_count; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

void sandbox_close_other_fds(int first, const int *keep, size_t keep_count)
{
	int highest = first - 1;
	for (size_t i = 0; i < keep_count; i++)
		highest = keep[i] > highest ? keep[i] : highest;
	for (int fd = first; fd < highest; fd++)
		if (!is_kept(fd, keep, keep_count))
			close(fd);
	syscall(SYS_close_range, (unsigned)(highest + 1), ~0u, 0);
}
