/*
 * The way of events from a process to the role `audit`: the hook of log_event() encodes what belongs into the audit log, a bounded queue
 * keeps it until audit says that it is durable. After an end of audit everything that was not acknowledged is sent again; audit drops what it
 * has already. Every process has one, the parent too; audit itself has none.
 *
 * A record leaves for the socket in the same round of the loop, so it survives the end of its sender.
 */
#ifndef ROLE_AUDIT_OUT_H
#define ROLE_AUDIT_OUT_H

#include "base/buf.h"
#include "ipc/ipc.h"

#define AUDIT_OUT_BYTES (4u << 20)
#define AUDIT_OUT_RECORDS 20000
#define AUDIT_ACT_MS 5000        /* an act waits this long for its record */
#define AUDIT_RETRY_MS 500

struct audit_out;

/* Installs the hook of the log. One in a process. */
struct audit_out *audit_out_create(struct loop *loop, struct ipc *ipc, enum role role);
/* The process ends: what is queued goes to the socket, as far as it takes it. The hook is removed. */
void audit_out_end(struct audit_out *out);

/*
 * Calls fn when everything that this process has logged so far is durable (true), or when that is not known after AUDIT_ACT_MS, or the queue
 * had to leave something out (false). Never from inside. Acts that must not happen unrecorded log first, then wait for this.
 */
typedef void audit_out_fn(void *arg, bool durable);
void audit_out_barrier(struct audit_out *out, audit_out_fn *fn, void *arg);

/* May mail still be taken? False when records wait for longer than `patience_ms`, or the queue is full. */
bool audit_out_allows_mail(const struct audit_out *out, int64_t patience_ms);
/* Milliseconds that the oldest record has been waiting; 0: none. */
int64_t audit_out_waiting_ms(const struct audit_out *out);
/* Appends a member of a JSON object: "audit":{…}, with a comma before it unless `to` is empty. */
void audit_out_status(const struct audit_out *out, struct buf *to);

#endif
