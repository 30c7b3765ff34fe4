/*
 * What the organisation's people teach about junk: one table (policy/bayes.h), and who said what of which letter. A letter counts once for each person;
 * what he takes back is taken back exactly. No person teaches more than LESSONS_PERSON_MAX letters of a class in an epoch, which is less than
 * half of what the table needs before it says anything: so nobody turns it alone.
 */
#ifndef POLICY_LESSONS_H
#define POLICY_LESSONS_H

#include "base/map.h"
#include "policy/bayes.h"

#define LESSONS_PERSON_MAX 20
#define LESSONS_KEPT_MAX 200000          /* letters of all people of which it is known who said what; of more nothing is learnt */
#define LESSONS_AGE_S (180 * 86400)      /* an epoch */
#define LESSONS_ENCODED_MAX (BAYES_ENCODED_MAX + 100u + LESSONS_KEPT_MAX * 37u)

/* Travels in QUEUE_TEACH. NOTHING: what was said is taken back. */
enum lesson_want { LESSON_GOOD = 0, LESSON_JUNK = 1, LESSON_NOTHING = 2 };

struct lessons {
	struct bayes table;
	uint64_t series;         /* random: another table has another key for its tokens */
	uint64_t version;        /* rises with every change; begins with 1 */
	int64_t begun_s;         /* of the epoch */
	struct map said;         /* account and letter -> what was learnt */
	struct map persons;      /* account -> how many of each class in this epoch */
};

/* An empty one. key: random, of the table. */
void lessons_init(struct lessons *l, const uint8_t key[TOKEN_KEY], uint64_t series, int64_t now_s);
void lessons_free(struct lessons *l);
/* True: something was learnt or taken back. tokens: under the key of the table. */
bool lessons_teach(struct lessons *l, const uint8_t account[16], const uint8_t letter[16], enum lesson_want want, const struct tokens *tokens);
/* An epoch that is old enough ends; what is known of the one before the last goes. True: it did. */
bool lessons_age(struct lessons *l, int64_t now_s);
/* Letters of a class that the table rests on. */
uint32_t lessons_count(const struct lessons *l, enum bayes_class class);

/* Version u8 (1), series, version and begun u64, table as bytes, then account, letter, epoch u32, class u8 of each. Big-endian. */
void lessons_encode(const struct lessons *l, struct buf *out);
/* ERR_DAMAGED, ERR_UNSUPPORTED, ERR_LIMIT; `ret` is initialised only with 0. */
int lessons_decode(struct slice data, struct lessons *ret);

#endif
