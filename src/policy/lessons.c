#include "policy/lessons.h"

#include <string.h>

#include "base/memory.h"

#define VERSION 1
#define KEY_SIZE 32u /* account, letter */

struct person {
	uint32_t epoch;
	unsigned counts[2];
};

static struct slice key_of(const uint8_t account[16], const uint8_t letter[16], uint8_t room[KEY_SIZE])
{
	memcpy(room, account, 16);
	memcpy(room + 16, letter, 16);
	return slice_make(room, KEY_SIZE);
}

void lessons_init(struct lessons *l, const uint8_t key[TOKEN_KEY], uint64_t series, int64_t now_s)
{
	*l = (struct lessons){.series = series, .version = 1, .begun_s = now_s};
	bayes_init(&l->table, key, BAYES_TOKENS_ORGANISATION, BAYES_LEARNT_ORGANISATION);
}

static void free_values(struct map *m)
{
	MAP_FOREACH(e, m)
		memory_free(e->value);
	map_free(m);
}

void lessons_free(struct lessons *l)
{
	bayes_free(&l->table);
	free_values(&l->said);
	free_values(&l->persons);
	*l = (struct lessons){0};
}

/* What he taught in this epoch. */
static struct person *person_of(struct lessons *l, const uint8_t account[16])
{
	struct slice key = slice_make(account, 16);
	struct person *p = map_get(&l->persons, key);
	if (p == NULL) {
		p = memory_alloc(sizeof *p);
		map_put(&l->persons, key, p);
	}
	if (p->epoch != l->table.epoch)
		*p = (struct person){.epoch = l->table.epoch};
	return p;
}

static void keep(struct lessons *l, struct slice key, struct bayes_receipt receipt)
{
	struct bayes_receipt *kept = memory_alloc(sizeof *kept);
	*kept = receipt;
	memory_free(map_put(&l->said, key, kept));
}

/* Receipts that are worth nothing any more, and people who taught nothing since. */
static void forget_old(struct lessons *l)
{
	MAP_FOREACH(e, &l->said) {
		const struct bayes_receipt *r = e->value;
		if (r->epoch + 1 < l->table.epoch)
			memory_free(map_remove(&l->said, map_entry_key(e)));
	}
	MAP_FOREACH(e, &l->persons) {
		const struct person *p = e->value;
		if (p->epoch != l->table.epoch)
			memory_free(map_remove(&l->persons, map_entry_key(e)));
	}
}

static bool learn(struct lessons *l, struct slice key, enum bayes_class class, const struct tokens *tokens)
{
	struct person *p = person_of(l, key.p);
	uint32_t epoch = l->table.epoch;
	if (p->counts[class] >= LESSONS_PERSON_MAX || l->said.count >= LESSONS_KEPT_MAX)
		return false;
	struct bayes_receipt receipt = bayes_train(&l->table, tokens, class);
	person_of(l, key.p)->counts[class]++;
	keep(l, key, receipt);
	if (l->table.epoch != epoch)
		forget_old(l);
	return true;
}

/* He may teach another one instead. */
static void unlearn(struct lessons *l, struct slice key, const struct bayes_receipt *receipt, const struct tokens *tokens)
{
	struct person *p = person_of(l, key.p);
	if (bayes_untrain(&l->table, tokens, *receipt) == 0 && receipt->epoch == l->table.epoch && p->counts[receipt->class] > 0)
		p->counts[receipt->class]--;
	memory_free(map_remove(&l->said, key));
}

bool lessons_teach(struct lessons *l, const uint8_t account[16], const uint8_t letter[16], enum lesson_want want, const struct tokens *tokens)
{
	uint8_t room[KEY_SIZE];
	struct slice key = key_of(account, letter, room);
	const struct bayes_receipt *before = map_get(&l->said, key);
	enum bayes_class class = want == LESSON_JUNK ? BAYES_JUNK : BAYES_HAM;
	bool changed = before != NULL && (want == LESSON_NOTHING || before->class != class);
	if (before != NULL && !changed)
		return false; /* known */
	if (changed)
		unlearn(l, key, before, tokens);
	if (want != LESSON_NOTHING)
		changed |= learn(l, key, class, tokens);
	l->version += changed;
	return changed;
}

bool lessons_age(struct lessons *l, int64_t now_s)
{
	if (now_s - l->begun_s < LESSONS_AGE_S)
		return false;
	bayes_age(&l->table);
	l->begun_s = now_s;
	l->version++;
	forget_old(l);
	return true;
}

uint32_t lessons_count(const struct lessons *l, enum bayes_class class)
{
	return l->table.letters[0][class] + l->table.letters[1][class];
}

/* ---- stored ---- */

void lessons_encode(const struct lessons *l, struct buf *out)
{
	struct buf table = BUF_INIT(BAYES_ENCODED_MAX);
	bayes_encode(&l->table, &table);
	buf_put_u8(out, VERSION);
	buf_put_u64(out, l->series);
	buf_put_u64(out, l->version);
	buf_put_u64(out, (uint64_t)l->begun_s);
	buf_put_bytes(out, buf_slice(&table));
	MAP_FOREACH(e, &l->said) {
		const struct bayes_receipt *r = e->value;
		buf_append(out, map_entry_key(e));
		buf_put_u32(out, r->epoch);
		buf_put_u8(out, (uint8_t)r->class);
	}
	buf_free(&table);
}

static int said_read(struct slice list, struct lessons *l)
{
	struct bayes_receipt r;
	uint8_t key[KEY_SIZE], class;
	while (list.n > 0) {
		if (!slice_get_fixed(&list, key, sizeof key) || !slice_get_u32(&list, &r.epoch) || !slice_get_u8(&list, &class) || class > BAYES_JUNK ||
		    r.epoch > l->table.epoch || l->said.count >= LESSONS_KEPT_MAX)
			return ERR_DAMAGED;
		r.class = (enum bayes_class)class;
		keep(l, slice_make(key, sizeof key), r);
		if (r.epoch == l->table.epoch)
			person_of(l, key)->counts[r.class]++;
	}
	return 0;
}

int lessons_decode(struct slice data, struct lessons *ret)
{
	struct lessons l = {0};
	struct slice table;
	uint64_t begun;
	uint8_t version;
	if (!slice_get_u8(&data, &version))
		return ERR_DAMAGED;
	if (version != VERSION)
		return ERR_UNSUPPORTED;
	if (!slice_get_u64(&data, &l.series) || !slice_get_u64(&data, &l.version) || !slice_get_u64(&data, &begun) || !slice_get_bytes(&data, &table))
		return ERR_DAMAGED;
	l.begun_s = (int64_t)begun;
	int rc = bayes_decode(table, BAYES_TOKENS_ORGANISATION, BAYES_LEARNT_ORGANISATION, &l.table);
	if (rc < 0)
		return rc;
	rc = said_read(data, &l);
	if (rc < 0)
		lessons_free(&l);
	else
		*ret = l;
	return rc;
}
