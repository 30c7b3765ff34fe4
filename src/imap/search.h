/* SEARCH, SORT and THREAD share the program (compiled search keys) and its evaluation. Not for others. */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "imap/session_internal.h"

#define SEARCH_KEYS_MAX 1000     /* keys of one program */
#define SEARCH_TEXT_KEYS_MAX 50  /* of them those that look at texts */

enum search_op {
	/* Inner nodes. */
	OP_AND, OP_OR, OP_NOT,
	/* Answered by the row of a message. */
	OP_ALL, OP_NONE, OP_SET, OP_FLAG, OP_KEYWORD, OP_BEFORE, OP_ON, OP_SINCE, OP_SAVED_BEFORE, OP_SAVED_ON, OP_SAVED_SINCE,
	OP_LARGER, OP_SMALLER, OP_MODSEQ, OP_EMAILID, OP_THREADID, OP_OLDER, OP_YOUNGER,
	/* By its digest. */
	OP_SENT_BEFORE, OP_SENT_ON, OP_SENT_SINCE,
	/* By the account's search. */
	OP_TEXT, OP_BODY, OP_HEADER,
};

/* What a node costs; an inner node costs what its dearest child costs. */
enum search_cost { COST_ROW, COST_DIGEST, COST_TEXT };

struct search_node {
	enum search_op op;
	enum search_cost cost;
	struct search_node *children, *next;
	struct imap_set set;        /* OP_SET until the search begins */
	bool set_is_uid;
	struct uid_set uids;        /* OP_SET while it runs; heap */
	uint64_t number;            /* flag bit, keyword bit, size, modseq, seconds */
	int64_t day;
	uint8_t id[16];
	struct slice field, needle; /* needle folded */
};

struct search_program {
	struct search_node *root;
	size_t keys, text_keys;
	bool bad_charset;
	bool modseq;                /* a MODSEQ key: the answer carries the highest modseq found */
	bool uses_saved;
};

/* [CHARSET name] and keys, up to the end of the command. */
bool search_parse(struct imap_session *s, struct imap_parser *p, struct search_program *ret);
/* The keys alone, charset given apart (SORT, THREAD). */
bool search_parse_charset(struct imap_parser *p, struct search_program *program);
bool search_parse_keys(struct imap_session *s, struct imap_parser *p, struct search_program *ret);
/* UIDs of the view that match. 0 or an error of the account. */
int search_run(struct imap_session *s, struct search_program *program, struct uid_set *ret, uint64_t *ret_highest_modseq);
/* The highest modseq of these messages, 0 when there is none. */
int search_modseq(struct imap_session *s, const struct uid_set *uids, uint64_t *ret);
void search_free(struct search_program *program);

/* RETURN (...): RFC 4731, RFC 5182, RFC 5267 (ESORT), RFC 9394. */
enum { SEARCH_MIN = 1, SEARCH_MAX = 2, SEARCH_ALL = 4, SEARCH_COUNT = 8, SEARCH_SAVE = 16, SEARCH_PARTIAL = 32 };
struct search_return {
	bool given;
	unsigned options;
	bool from_end;
	uint32_t first, last;       /* PARTIAL */
};
bool search_parse_return(struct imap_session *s, struct imap_parser *p, struct search_return *ret);
/* One ESEARCH response; numbers in the order of the answer. */
void search_write_esearch(struct imap_session *s, const struct search_return *ret, const uint32_t *numbers, size_t count,
                          uint64_t modseq);
/* UIDs, or sequence numbers unless the command has its UID form. */
uint32_t *search_numbers(struct imap_session *s, const struct uid_set *uids, size_t *ret_count);
void search_save(struct imap_session *s, const struct search_return *ret, const struct uid_set *found);
/* The command ends with NO: what it was to save is empty then (RFC 5182 2.1). */
void search_not_saved(struct imap_session *s, const struct search_return *ret);

#endif
