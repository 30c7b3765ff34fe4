/*
 * The two assertions of the tree; both stay on in production. A failed one is our bug: the process prints where, dies
 * by SIGABRT, and the parent restarts it; mail stays in the spool.
 */
#ifndef BASE_ENSURE_H
#define BASE_ENSURE_H

_Noreturn void ensure_failed(const char *condition, const char *file, int line, const char *function);

/* An invariant of this code. */
#define ENSURE(cond) ((cond) ? (void)0 : ensure_failed(#cond, __FILE__, __LINE__, __func__))
/* `object` is not NULL and is what its type says: its `magic` field holds `value`. */
#define ENSURE_MAGIC(object, value) ENSURE((object) != NULL && (object)->magic == (value))
#define UNREACHABLE() ensure_failed("unreachable", __FILE__, __LINE__, __func__)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#endif
