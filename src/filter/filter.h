/*
 * What happens to a message between the wire and the store, as a pure function: check the facts, mend a submission, add trace fields,
 * digest, seal. No I/O and no clock; random bytes come from crypt.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "filter/sign.h"
#include "policy/verdict.h"
#include "queue/dsn.h"
#include "store/envelope.h"

#define FILTER_RECEIVED_MAX 50        /* trace fields; more: a loop (RFC 5321 6.3) */
#define FILTER_RECORD_SLACK (24u << 20) /* a record is at most the message with 1/64 and this (digest, readers, job) */
#define FILTER_RETURN_MAX (1024 * 1024) /* a longer original comes back as its header only, RET=FULL or not */

struct filter_list {
	const struct slice *items;
	size_t count;
};

struct filter_settings {
	struct slice hostname;            /* ours, for DSNs; messages bring theirs in the envelope */
	struct slice language;            /* of notices: en, zh-CN, zh-TW */
	uint64_t message_size;            /* largest message, 0: no limit of its own */
	/* For letters from outside (filter/judge.h). */
	bool quarantine;                  /* that is where letters of the verdict quarantine go; else to Junk */
	bool dmarc_enforce;               /* what the domain in From asks for is done */
	int64_t greylist_s;               /* a stranger waits this long; 0: nobody does */
	struct filter_list arc_trusted;   /* domains whose ARC seals are believed */
	const struct list_zone *zones;    /* DNS lists */
	size_t zone_count;
	const struct check_options *checks; /* NULL: as the table of checks says */
	check_clock_fn *clock;            /* NULL: no limits of time */
	void *clock_arg;
	bool reports;                     /* rows for reports of DMARC are gathered */
	bool confidential;                /* letters may be (filter/confidential.h) */
	int64_t confidential_longest_s;   /* none is open longer; 0: no bound */
	struct slice report_address;      /* where reports about us arrive; empty: nowhere */
	struct sealer *sealer;            /* of the process (store/seal.h), or NULL */
	filter_sign_fn *sign;             /* with keys of DKIM; NULL: nothing is signed */
	void *sign_arg;
};

/* The queue epoch that outbound copies are sealed to. */
struct filter_epoch {
	uint32_t epoch;
	uint8_t public_key[32];
};

struct filter_result {
	uint16_t code;                    /* 250, else the refusal: SMTP code, enhanced code, text for the peer */
	struct slice enhanced, text;
	uint8_t email_id[16];
	uint64_t size;                    /* of the blob */
	struct buf record;                /* sealed and MACed (store/seal.h); the caller frees it */
};

/* Do the facts of all recipients have this flag (store/fact.h)? They are not checked here. */
bool filter_all_have(const struct envelope *e, uint8_t flag);
/* Does the message get an outbound reader? Then filter_message needs an epoch. Facts are not checked here. */
bool filter_needs_epoch(const struct envelope *e);
struct filter_judgement;
struct filter_sorting;
/*
 * Seals `message`; without parsing it when e->opaque says so. judgement: of a letter from outside (filter/judge.h), else NULL or empty.
 * sorting: what scripts made of it (filter/sort.h), or NULL; with 250 and an empty record nobody keeps it. epoch may be NULL when filter_needs_epoch says no. Returns 0 with ret->code set (250 or a
 * refusal), or a negative code when the facts are not ours (ERR_DENIED), the request makes no sense (ERR_INVALID) or sealing failed.
 */
int filter_message(const struct envelope *e, struct slice message, const struct filter_judgement *judgement,
                   const struct filter_sorting *sorting, const struct filter_settings *settings, const uint8_t secret[32], const struct filter_epoch *epoch,
                   struct arena *arena, struct filter_result *ret, struct error *err);

/*
 * Composes the notification (RFC 3464, 6522; in the language of the report, else of the settings) about the letter whose opened bytes are `original`: header
 * with its empty line, or all of it when report->ret says so. Then as filter_message, with the null reverse-path. epoch: needed when the
 * sender is outside.
 */
int filter_dsn(const struct dsn_report *report, struct slice original, bool original_is_whole, const struct filter_settings *settings,
               const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err);
/* The text of the notification alone, for tests and for previews. `to` is an address without <>. */
void filter_dsn_compose(const struct dsn_report *report, struct slice to, struct slice original, bool original_is_whole,
                        const struct filter_settings *settings, struct slice boundary, struct buf *out);

#endif
