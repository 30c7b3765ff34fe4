/* What the files of src/filter share. */
#ifndef FILTER_FILTER_INTERNAL_H
#define FILTER_FILTER_INTERNAL_H

#include "filter/filter.h"
#include "filter/sort.h"
#include "mime/header.h"
#include "queue/job.h"
#include "store/fact.h"
#include "store/seal.h"

/* The facts of an envelope, checked. */
struct filter_facts {
	struct recipient_fact *recipients;
	size_t count;
	struct sender_fact sender;   /* SUBMISSION */
	struct slice dsn_fact;       /* who is told of failures; empty: nobody */
};
/* 0, ERR_DENIED (a MAC), ERR_INVALID (a list that makes no sense). */
int filter_facts_read(const struct envelope *e, const uint8_t secret[32], struct arena *arena, struct filter_facts *ret, struct error *err);

/* The trace field with its line break (RFC 5321 4.4, RFC 3848). */
void filter_trace(const struct envelope *e, struct buf *out);

/* Somebody else's word in our name: Authentication-Results with our id, fields of our own (RFC 8601 5). */
bool filter_is_forged(const struct mime_field *field, struct slice hostname);
/* Sets a refusal; returns false for the convenience of checks. */
bool filter_refuse(struct filter_result *ret, uint16_t code, const char *enhanced, const char *text);
/* Is somebody elsewhere among the recipients? */
bool filter_goes_on(const struct envelope *e);
/* Appends an ARC set in front of a letter that passes through, by a key of the sealer; nothing where none may be added or there is no key. header: as it
 * goes on. 0 or a negative code. */
int filter_seal_passing(const struct envelope *e, const struct filter_judgement *judgement, const struct filter_settings *settings,
                        const uint8_t secret[32], struct slice sealer_fact, struct slice header, struct slice body, struct arena *arena,
                        struct buf *out, struct error *err);

/*
 * A letter of a stranger that somebody here passes on to the outside (redirects, and forwards whose author would not be believed).
 *
 * Its DKIM signatures are all that speaks for the author there: SPF speaks for us. Where DMARC fails without it and the author's domain asks to put such
 * mail aside or to refuse it, the letter goes on in the name of who passes it on, who is named in it; the author stands in Reply-To.
 */
struct filter_passage {
	const struct envelope *e;
	const struct filter_judgement *judgement;
	const struct filter_settings *settings;
	const uint8_t *secret;
	struct facts *facts;         /* with all answers that judging had */
	struct slice sealer;         /* fact of who passes it on; empty: nothing is sealed or signed */
	struct slice by;             /* his address; empty: the letter keeps its reverse-path and its author */
};
/* Would DMARC of its author's domain have it put aside or refused, as it is now? */
bool filter_author_lost(struct facts *facts, struct slice letter, struct arena *arena);
/* Appends the header with another author: the first From says "name via by" <by>. */
void filter_author_replace(struct slice header, struct slice by, struct arena *arena, struct buf *out);
/* Appends the letter as it goes on. 0 or a negative code. */
int filter_pass_on(const struct filter_passage *p, struct slice letter, struct arena *arena, struct buf *out, struct error *err);
/* Loop and header checks of mail from outside. */
bool filter_check_message(struct slice header, struct filter_result *ret);
/* Is there one way only to read From (RFC 5322 3.6.2), within the limits of mime/limits.h and trust/dmarc.h? Without From: true. */
bool filter_author_clear(struct slice header);

/* RFC 6409 8: the From (and Sender) of a submission belong to the sender; the Sender may also be the delegate who sends it. */
bool filter_check_submission(struct slice header, const struct sender_fact *sender, struct arena *arena, struct filter_result *ret);
/* Appends the header of a submission: missing Date and Message-ID are added in front, Bcc is left out. A delegate stands in Sender, whatever stood
 * there (RFC 5322 3.6.2). */
void filter_mend_submission(const struct envelope *e, const struct sender_fact *sender, struct slice header, struct buf *out);

/* What becomes a record. */
struct filter_letter {
	struct slice blob;
	struct slice language;             /* of the organisation (mime/raw_header.h) */
	bool opaque;
	struct sealer *sealer;
	const struct envelope *envelope;   /* reverse_path, options, times; for APPEND the filing */
	const struct filter_facts *facts;
	const struct filter_judgement *judgement; /* of a letter from outside; NULL: none */
	const struct digest_secret *secret; /* of a confidential letter: goes into its digest */
	struct slice mailbox;              /* of all local recipients, whatever their facts say; empty: as they say */
	const struct filter_sorted *sorted; /* what their scripts made of it, for each recipient; NULL: none ran */
	bool is_dsn;
	bool any_tls;                      /* as in struct job */
	struct slice held;                 /* why it goes into quarantine; empty: it does not */
	const struct recipient_fact *reviewer; /* with held: who may look at it; NULL: nobody */
};
/* Digest, readers, job, record. 0 with ret->code 250, or a negative code. */
int filter_seal(const struct filter_letter *letter, const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena,
                struct filter_result *ret, struct error *err);
/* Is it for anybody, after their scripts? A record without readers is none. */
bool filter_letter_has_readers(const struct filter_letter *letter);
/* The header as it arrived, less what is forged; nothing else is changed. */
void filter_append_header(struct slice header, struct slice hostname, struct buf *out);
/* NOTIFY of a fact as job.h bits. */
uint8_t filter_notify(struct slice notify);
bool filter_fact_needs_epoch(const struct recipient_fact *fact);

#endif
