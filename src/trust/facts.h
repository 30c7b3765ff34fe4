/*
 * What the checks of mail ask of the world, as a pure interface. A check asks; where the answer is not there yet the question is noted, and the
 * check says that it waits. Whoever runs the checks (filter, with an edge that asks resolver; a command with a zone file) gets all answers that
 * are wanted and runs the checks again from their beginning. So a check has no state, no clock and no socket, and asks early for all it may need.
 */
#ifndef TRUST_FACTS_H
#define TRUST_FACTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

#define FACTS_QUESTIONS_MAX 400      /* of one message, all checks together; what is asked beyond is answered as DNS_FAILED */
#define FACTS_ANSWERS_BYTES (256 * 1024) /* of all answers; a further one counts as DNS_FAILED */
#define FACTS_DOCUMENTS_BYTES (12u << 20) /* of all documents among them (FACT_CONVERTED), beside the others */
#define FACTS_NAME_MAX 255

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_TLSA = 52, DNS_CAA = 257 };

/*
 * What is remembered from earlier letters is asked in the same way, under a private type (RFC 6895 3.1): the name is any text, the answer DNS_FOUND
 * with one record, or DNS_NODATA.
 */
#define FACT_MEMORY 65280u
#define FACT_REVIEWER 65283u /* who reviews what is held in quarantine: the name is "reviewer", the record a fact of auth (store/fact.h) */
#define FACT_REDIRECT 65284u /* "account address": where a redirect of its script leads; records: recipient facts, delivery profiles, sealer */
#define FACT_CONVERTED 65285u /* a part as a document of pictures: the name is a scan_target; records: its media type, the document */
#define FACT_SCAN 65282u   /* what scanners say of the letter (scan/verdict.h) */
#define FACT_PERSON 65281u /* whom a name shows (policy/person.h), asked of the directory */

enum dns_status {
	DNS_WANTED,   /* not known yet: the question is noted */
	DNS_FOUND,    /* at least one record */
	DNS_NODATA,   /* the name exists, not with this type */
	DNS_NXDOMAIN,
	DNS_FAILED,   /* server failure, timeout, too many questions: temporary */
	DNS_BOGUS,    /* does not validate (RFC 4035 5.5): temporary for most, but never a reason to trust */
};

struct dns_answer {
	enum dns_status status;
	bool secure;          /* validated by DNSSEC */
	uint32_t ttl;
	struct slice records; /* dns_record_next walks over them */
};

struct dns_question {
	struct slice name;    /* lower case, without the last dot */
	uint16_t type;
};

struct facts {
	struct arena *arena;  /* of the caller: questions and answers live there */
	int64_t now_s;        /* unix time of the check */
	struct map answers;
	struct dns_question *wanted;
	size_t wanted_count, asked_count, bytes, documents; /* documents: bytes of them */
};

void facts_init(struct facts *f, struct arena *arena, int64_t now_s);
void facts_free(struct facts *f);

/* Never NULL, valid as long as the arena. A name that no query can carry (empty label, over 63 or 255 bytes) is DNS_NXDOMAIN. */
const struct dns_answer *facts_dns(struct facts *f, struct slice name, uint16_t type);
/* The value that is remembered under a text of at most FACTS_NAME_MAX - 2 bytes: DNS_FOUND, DNS_NODATA, DNS_FAILED or DNS_WANTED. */
enum dns_status facts_memory(struct facts *f, struct slice key, struct slice *ret_value);
/* What is wanted in this run. */
static inline size_t facts_wanted(const struct facts *f)
{
	return f->wanted_count;
}
/* Copies. The first answer to a question stays. */
void facts_answer(struct facts *f, struct slice name, uint16_t type, const struct dns_answer *answer);
/* What is still wanted will not be known: DNS_FAILED. For the end of the time. */
void facts_give_up(struct facts *f);
/* Forgets what was wanted, before the next run. Questions that got no answer are asked anew by their check. */
void facts_rerun(struct facts *f);

/* The next record's rdata as on the wire, names in it uncompressed. False at the end or when malformed. */
bool dns_record_next(struct slice *records, struct slice *ret_rdata);
/* A TXT record's strings, joined without spaces (RFC 7208 3.3). In the arena when there are several. False: malformed. */
bool dns_txt_join(struct arena *arena, struct slice rdata, struct slice *ret_text);
/* A name inside rdata, as text without the last dot; dots and others inside labels as \DDD. *rdata moves on. */
bool dns_name_read(struct arena *arena, struct slice *rdata, struct slice *ret_name);
const char *dns_status_name(enum dns_status status);

/* For the way between processes. Questions: of all that is wanted. Answers: of everything known. Decoding adds; ERR_INVALID. */
void facts_encode_questions(const struct facts *f, struct buf *out);
void facts_encode_question(const struct dns_question *q, struct buf *out);
bool facts_question_next(struct slice *list, struct dns_question *ret);
void facts_encode_answer(const struct dns_question *question, const struct dns_answer *answer, struct buf *out);
int facts_decode_answers(struct facts *f, struct slice list);

#endif
