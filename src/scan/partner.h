/*
 * Partners of judging: other programs that are shown a letter from outside with its envelope, and say what they would do with it. Rspamd over its HTTP
 * protocol, milters over theirs (version 6). Each is an engine without I/O (scan/talk.h); what it says travels as one record of the answer to the
 * question "partners" (scan/verdict.h).
 */
#ifndef SCAN_PARTNER_H
#define SCAN_PARTNER_H

#include "scan/talk.h"

#define PARTNER_TEXT_MAX 200       /* bytes of a reason, and of a score */
#define PARTNER_FIELDS_MAX 16      /* fields that one partner may add to the header */
#define PARTNER_FIELDS_BYTES 8192  /* all of them */
#define PARTNER_RECIPIENTS_MAX 1100

/* What a partner wants done; of several the last in this order is done. */
enum partner_action {
	PARTNER_PASS,
	PARTNER_AWAY,      /* it did not answer: what is done then is a matter of the configuration */
	PARTNER_JUNK,
	PARTNER_HOLD,      /* into quarantine; also what it would discard: no letter is lost without a trace */
	PARTNER_TEMPFAIL,
	PARTNER_REJECT,
	PARTNER_ACTION_COUNT
};
const char *partner_action_name(enum partner_action action); /* "pass", "away", … */

/* A letter as partners see it. Borrowed: all must stay until the talk is freed. */
struct partner_letter {
	struct slice cid, hostname;                    /* ours: id of the connection, name of the host */
	struct slice address, helo, reverse_path;      /* of the client; reverse_path without <> */
	const struct slice *recipients;
	size_t recipient_count;
	struct slice content;
};

struct partner_verdict {
	enum partner_action action;
	struct buf reason, score;   /* cleaned: printable ASCII without quotes */
	struct buf fields;          /* "Name: value" lines, each ended by CRLF; values on one line */
	unsigned field_count;
};
void partner_verdict_init(struct partner_verdict *v);
void partner_verdict_free(struct partner_verdict *v);
/* For engines. Texts are cleaned and cut. A field that is malformed or one too many is left out. */
void partner_reason(struct partner_verdict *v, struct slice text);
void partner_add_field(struct partner_verdict *v, struct slice name, struct slice value);

/* A record: partner, action, how long it took, reason, score, fields. */
struct partner_record {
	struct slice partner, reason, score, fields;
	enum partner_action action;
	uint32_t ms;
};
void partner_record_encode(const struct partner_record *r, struct buf *out);
bool partner_record_decode(struct slice record, struct partner_record *ret);

/* POST /checkv2. The verdict is filled when the talk is done. JSON of at most TALK_INPUT_MAX bytes. */
struct talk *rspamd_ask(const struct partner_letter *letter, struct partner_verdict *ret);
/* GET /ping */
struct talk *rspamd_look(void);
/*
 * One connection of a milter: negotiation, envelope, header, body, end. It may add fields, quarantine, refuse and discard; other changes are not offered,
 * those of existing fields are passed over. A recipient that it refuses alone counts when it refuses all.
 */
struct talk *milter_ask(const struct partner_letter *letter, struct partner_verdict *ret);

#endif
