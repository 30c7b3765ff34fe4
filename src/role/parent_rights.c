#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "role/parent.h"

int parent_find_user(struct parent *parent, struct error *err)
{
	parent->uid = (uid_t)-1;
	parent->gid = (gid_t)-1;
	if (geteuid() != 0)
		return 0;
	errno = 0;
	const struct passwd *user = getpwnam((const char *)parent->config->user.p);
	if (user == NULL)
		return error_set(err, ERR_NOT_FOUND, "user: there is no \"%.*s\" on this system", SLICE_ARG(parent->config->user));
	if (user->pw_uid == 0)
		return error_set(err, ERR_DENIED, "user: the roles never run as root");
	parent->uid = user->pw_uid;
	parent->gid = user->pw_gid;
	return 0;
}

#define BIT(cap) (1u << (cap))
#define KEPT (BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE))

int parent_drop_rights(struct error *err)
{
	if (geteuid() != 0)
		return 0;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if ((cap >= 32 || !(KEPT & BIT(cap))) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return error_errno(err, "dropping capability %d", cap);
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2], data[2];
	if (syscall(SYS_capget, &header, have) != 0)
		return error_errno(err, "capabilities");
	for (int i = 0; i < 2; i++) {
		uint32_t kept = i == 0 ? KEPT & have[0].permitted : 0;
		data[i] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept, .inheritable = 0};
	}
	return syscall(SYS_capset, &header, data) == 0 ? 0 : error_errno(err, "capabilities");
}

int parent_become_user(const struct parent *parent)
{
	if (parent->uid == (uid_t)-1)
		return 0;
	if (setgroups(0, NULL) != 0 || setresgid(parent->gid, parent->gid, parent->gid) != 0)
		return -1;
	return setresuid(parent->uid, parent->uid, parent->uid);
}
