/* Answers to the questions of filter about one letter (trust/facts.h), asked of resolver, queue, auth and scan. */
#ifndef ROLE_EDGE_FACTS_H
#define ROLE_EDGE_FACTS_H

#include "role/edge.h"

#define EDGE_FACTS_ROUNDS 24 /* a letter whose checks ask more often gets no more answers */

struct edge_facts;
/* All that was asked has an answer, or the time is over. Never called from inside edge_facts_ask. */
typedef void edge_facts_fn(void *arg);

/* The letter that the questions are about, for scanners; borrowed until edge_facts_free. message: its memfd, or -1 and small. */
struct edge_content {
	struct slice cid, small, address; /* address: of the client */
	struct slice envelope;            /* store/envelope.h */
	int message;
};
struct edge_facts *edge_facts_new(struct edge *edge, const struct edge_content *content, edge_facts_fn *fn, void *arg);
/* Nothing is told any more; answers that are still on their way are dropped. */
void edge_facts_free(struct edge_facts **facts);
/* questions: facts_encode_questions. The time (trust.dns_time, and malware.time once scanners are asked) runs from the first
 * call on and counts for all of them together. */
void edge_facts_ask(struct edge_facts *facts, struct slice questions);
/* Everything that was answered so far (facts_decode_answers). */
struct slice edge_facts_answers(const struct edge_facts *facts);
/* No more answers will come: filter has to end with what it has. */
bool edge_facts_over(const struct edge_facts *facts);
/* How long the letter has waited for answers. */
int64_t edge_facts_waited_ms(const struct edge_facts *facts);

#endif
