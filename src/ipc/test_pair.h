/* For unit tests: IPC ends of several roles inside one process, on one loop, joined by real socket pairs. */
#ifndef IPC_TEST_PAIR_H
#define IPC_TEST_PAIR_H

#include "ipc/ipc.h"

/* Joins two ends by a socket pair (each must have been made by ipc_create, handlers registered). */
void ipc_test_join(struct ipc *a, struct ipc *b);
/* Two fresh ends, instance 0 of both roles, not joined yet: register handlers, then ipc_test_join(pair.a, pair.b). */
struct ipc_test_pair {
	struct loop *loop;
	struct ipc *a, *b;
};
struct ipc_test_pair ipc_test_pair_create(struct loop *loop, enum role a, enum role b);
void ipc_test_pair_free(struct ipc_test_pair *pair);
/* Runs the loop until *flag becomes true or `ms` passed; returns *flag. */
bool ipc_test_run_until(struct loop *loop, const bool *flag, int64_t ms);

#endif
