/* Filters of Email/query and SearchSnippet/get (RFC 8621 4.4.1), evaluated over what an account holds. */
#ifndef JMAP_EMAIL_FILTER_H
#define JMAP_EMAIL_FILTER_H

#include "jmap/mail.h"

#define JMAP_NEEDLES_MAX 32       /* words and phrases of one text */

/* jmap_condition_check_fn of one FilterCondition. */
const char *jmap_email_condition_check(struct jmap_call *call, const json_t *condition);

/* The words and "phrases" of a text that is looked for, folded (mime/text.h); all must be there. Returns how many. */
size_t jmap_needles(struct slice text, struct arena *arena, struct slice needles[JMAP_NEEDLES_MAX]);

/* One bit for each email. */
struct jmap_bits { uint64_t *words; };

/* The emails of an account, or of one mailbox, as rows and flags; each email once. */
struct jmap_corpus_row { uint32_t uid, email; };
struct jmap_corpus_email {
	uint8_t id[16], thread_id[16];
	int64_t received;
	uint64_t size;
	struct flag_set flags;
	uint32_t mailbox, uid; /* of one of its rows */
	uint32_t thread;       /* after jmap_corpus_threads */
};
struct jmap_corpus_box {
	struct mailbox_ref ref;
	struct jmap_corpus_row *rows; /* by UID */
	size_t count, room;
};
struct jmap_corpus {
	struct account *mail;
	struct arena *arena;
	struct jmap_corpus_box *boxes;
	size_t box_count;
	struct jmap_corpus_email *emails;
	size_t email_count, email_room;
	uint32_t *slots;              /* hash of ids: email + 1 */
	size_t mask;
	struct jmap_corpus_thread { struct flag_set any, all; } *threads; /* flags of its emails; NULL: not asked for */
	size_t thread_count;
	int error;
	struct arena scratch;         /* of one slice */
	/* Long work goes in slices: what is done of it is kept, and done again it goes on there. */
	uint64_t budget;              /* rows that may still be looked at in this slice */
	bool busy;                    /* the slice is over, what came out is not it: once more */
	size_t load_box;              /* of jmap_corpus_load */
	uint64_t load_uid;
	struct jmap_leaf { struct jmap_bits *out; size_t box, row; bool done; } **leaves; /* conditions in the order in which they are evaluated */
	size_t leaf_count, leaf_room, leaf_at;
};

#define JMAP_SLICE 4000           /* rows with their digests that are looked at in one slice: some milliseconds */
#define JMAP_SLICE_CHEAP 32       /* so many rows without them cost as much as one */

/* Loads what the filter needs: all mailboxes, or the one that it is restricted to. 0 or negative; c->busy: call jmap_corpus_load on. */
int jmap_corpus_open(struct account *mail, const json_t *filter, bool whole, struct arena *arena, struct jmap_corpus *ret);
int jmap_corpus_load(struct jmap_corpus *c);
void jmap_corpus_free(struct jmap_corpus *c);
/* A new slice begins. */
void jmap_corpus_slice(struct jmap_corpus *c, uint64_t budget);
/* Takes `rows` off the budget; false: there is nothing left, the corpus is busy. */
bool jmap_corpus_spend(struct jmap_corpus *c, uint64_t rows);
/* Numbers the threads and gathers their flags. The corpus has to be whole. */
void jmap_corpus_threads(struct jmap_corpus *c);

static inline bool jmap_bit(const struct jmap_bits *b, size_t i)
{
	return (b->words[i / 64] >> (i % 64) & 1) != 0;
}
/* The emails that the filter (NULL: any) holds for; in the corpus's arena. corpus->error says when it failed, corpus->busy that it has to be run again. */
struct jmap_bits jmap_filter_run(struct jmap_corpus *c, const json_t *filter);

/* Rows of the emails in `set`, box by box; fn gets an email's number with its digest (without texts). */
typedef void jmap_corpus_digest_fn(void *arg, uint32_t email, struct slice digest);
/* From where the leaf stands; leaf->done when all were given. */
void jmap_corpus_digests(struct jmap_corpus *c, const struct jmap_bits *set, struct jmap_leaf *leaf, jmap_corpus_digest_fn *fn, void *arg);
/* UIDs of the next rows of the leaf's box that stand for emails in `set`: as many as the budget allows. False: the box has no more. */
bool jmap_corpus_next(struct jmap_corpus *c, const struct jmap_bits *set, struct jmap_leaf *leaf, struct uid_set *uids);

/* The mailbox that all results are in, because the filter says so; NULL: it does not. */
const json_t *jmap_filter_mailbox(const json_t *filter);
/* It wants a keyword that nothing in the account has ever had: nothing needs to be looked at. */
bool jmap_filter_never(struct account *mail, const json_t *filter);
/* Conditions on threads, or keywords, occur somewhere. */
bool jmap_filter_has(const json_t *filter, const char *const *properties);

#endif
