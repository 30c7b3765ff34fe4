/* For tests and fuzzers: sessions over one RAM account, with sinks on memfds and a clock that stands still. */
#ifndef IMAP_HARNESS_H
#define IMAP_HARNESS_H

#include "imap/session.h"

#define HARNESS_SESSIONS 4

struct harness;
struct harness_client {
	struct harness *harness;
	struct imap_session *session;
	struct buf in, out, sink;
	bool woken;
};
struct harness {
	struct account *account;
	struct moment now;
	int fail_begin;           /* error that the next literal_begin answers */
	unsigned open_fds;        /* given out and not yet closed */
	struct harness_client clients[HARNESS_SESSIONS];
};

void harness_begin(struct harness *h);
void harness_end(struct harness *h);
struct harness_client *harness_client(struct harness *h, unsigned index); /* opened when new */
void harness_close(struct harness *h, unsigned index);
void harness_send(struct harness *h, unsigned index, struct slice bytes);
/* Runs everything until nothing moves. Output of client i grows in clients[i].out. */
void harness_settle(struct harness *h);

#endif
