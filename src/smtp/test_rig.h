/* An owner of the server engine for tests: answers by the local part, at once or later, and writes down what happens. */
#ifndef SMTP_TEST_RIG_H
#define SMTP_TEST_RIG_H

#include "smtp/server.h"

enum rig_answers { RIG_AT_ONCE, RIG_LATER, RIG_LATER_REVERSED };

struct rig {
	struct smtp_server *server;
	enum rig_answers answers;
	struct buf in, out;
	struct buf log;       /* one word or line per event */
	struct buf message;   /* bytes of the current message */
	bool ended, tls, woken;
	enum smtp_server_end why;
	unsigned accepted;
	/* questions that wait */
	struct {
		uint32_t token;
		char verdict;
	} rcpt[128];
	unsigned rcpt_count;
	char pending; /* 0, 'm' mail, 'b' data begin, 'e' data end, 's' sasl */
	char verdict;
	unsigned sasl_step;
	bool crowded; /* no client of XCLIENT may stay */
	bool lmtp, manual_tls; /* manual_tls: smtp_server_secured is the caller's */
};

void rig_open(struct rig *r, const struct smtp_server_settings *settings, enum rig_answers answers);
void rig_close(struct rig *r);
/* Feeds bytes, answers everything that is asked. */
void rig_feed(struct rig *r, struct slice bytes);
/* Pumps until nothing moves. */
void rig_settle(struct rig *r);

#endif
