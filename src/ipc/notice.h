/* The letters of ipc/notices.h by number, name and arguments. */
#ifndef IPC_NOTICE_H
#define IPC_NOTICE_H

#include "base/slice.h"

enum notice {
#define NOTICE(id, name, args) NOTICE_##id,
#include "ipc/notices.h"
	NOTICE_COUNT
};

static inline const char *notice_name(enum notice notice)
{
	static const char *const names[NOTICE_COUNT] = {
#define NOTICE(id, name, args) [NOTICE_##id] = name,
#include "ipc/notices.h"
	};
	return names[notice];
}

/* Names of its arguments, separated by spaces. */
static inline struct slice notice_args(enum notice notice)
{
	static const char *const args[NOTICE_COUNT] = {
#define NOTICE(id, name, args) [NOTICE_##id] = args,
#include "ipc/notices.h"
	};
	return slice_str(args[notice]);
}

#endif
