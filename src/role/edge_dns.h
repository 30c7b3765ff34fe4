/*
 * Questions to the resolver about letters, in fair turns: one letter after the other, each with so many at a time, each network with a share of what the
 * process may ask at all (rows QUESTIONS_… of base/limits.h). So a letter that names hundreds of names delays itself, and others like it.
 */
#ifndef ROLE_EDGE_DNS_H
#define ROLE_EDGE_DNS_H

#include "role/edge.h"
#include "trust/facts.h"

struct edge_asker;
/* The answer to one question; reply as of RESOLVE, NULL unless outcome is IPC_OK. */
typedef void edge_asker_fn(void *arg, const struct dns_question *q, enum ipc_outcome outcome, const struct ipc_resolve_reply *reply);

/* For one letter; address: of the client that brings it. */
struct edge_asker *edge_asker_new(struct edge *edge, struct slice address, edge_asker_fn *fn, void *arg);
/* Nothing is told any more; what is under way is awaited by itself. */
void edge_asker_free(struct edge_asker **asker);
/* Copied; asked when it is its turn. */
void edge_asker_ask(struct edge_asker *asker, const struct dns_question *q);

#endif
