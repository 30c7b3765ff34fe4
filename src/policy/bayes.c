#include "policy/bayes.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

#define ROOM_MIN 64

void bayes_init(struct bayes *b, const uint8_t key[TOKEN_KEY], uint32_t capacity, uint32_t learnt_min)
{
	ENSURE(learnt_min > 0 && capacity >= TOKENS_MAX && capacity <= BAYES_TOKENS_MAX);
	*b = (struct bayes){.epoch = 1, .capacity = capacity, .learnt_min = learnt_min, .room = ROOM_MIN};
	memcpy(b->key, key, TOKEN_KEY);
	b->cells = memory_alloc_array(b->room, sizeof *b->cells);
}

void bayes_free(struct bayes *b)
{
	MEMORY_FREE(&b->cells);
	b->count = b->room = 0;
}

/* ---- the table: open addressing with linear probing ---- */

/* The cell of a token, or the free one where it would stand. */
static struct bayes_cell *cell_at(const struct bayes *b, uint64_t token)
{
	size_t i = token & (b->room - 1);
	while (b->cells[i].token != 0 && b->cells[i].token != token)
		i = (i + 1) & (b->room - 1);
	return &b->cells[i];
}

static void resize(struct bayes *b, size_t room)
{
	struct bayes_cell *old = b->cells;
	size_t old_room = b->room;
	b->room = room;
	b->cells = memory_alloc_array(room, sizeof *b->cells);
	for (size_t i = 0; i < old_room; i++)
		if (old[i].token != 0)
			*cell_at(b, old[i].token) = old[i];
	memory_free(old);
}

static bool cell_is_empty(const struct bayes_cell *c)
{
	static const uint16_t none[2][2];
	return memcmp(c->counts, none, sizeof none) == 0;
}

/* Takes a cell out and moves up those that stand behind it because of it. */
static void cell_remove(struct bayes *b, struct bayes_cell *cell)
{
	size_t mask = b->room - 1, hole = (size_t)(cell - b->cells), i = hole;
	b->count--;
	for (;;) {
		i = (i + 1) & mask;
		if (b->cells[i].token == 0)
			break;
		size_t home = b->cells[i].token & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			b->cells[hole] = b->cells[i];
			hole = i;
		}
	}
	b->cells[hole] = (struct bayes_cell){0};
}

void bayes_age(struct bayes *b)
{
	size_t left = 0;
	b->epoch++;
	memcpy(b->letters[1], b->letters[0], sizeof b->letters[1]);
	memset(b->letters[0], 0, sizeof b->letters[0]);
	for (size_t i = 0; i < b->room; i++) {
		struct bayes_cell *c = &b->cells[i];
		memcpy(c->counts[1], c->counts[0], sizeof c->counts[1]);
		memset(c->counts[0], 0, sizeof c->counts[0]);
		if (cell_is_empty(c))
			c->token = 0;
		left += c->token != 0;
	}
	b->count = left;
	/* Puts those that remain where they are found. */
	resize(b, b->room);
}

/* ---- training ---- */

static bool has_room(const struct bayes *b, const struct tokens *tokens, enum bayes_class class)
{
	size_t fresh = 0;
	if (b->letters[0][class] >= BAYES_LETTERS_MAX)
		return false;
	for (size_t i = 0; i < tokens->count; i++)
		fresh += cell_at(b, tokens->hashes[i])->token == 0;
	return b->count + fresh <= b->capacity;
}

struct bayes_receipt bayes_train(struct bayes *b, const struct tokens *tokens, enum bayes_class class)
{
	ENSURE(tokens->count <= TOKENS_MAX);
	while (!has_room(b, tokens, class))
		bayes_age(b);
	b->letters[0][class]++;
	for (size_t i = 0; i < tokens->count; i++) {
		if ((b->count + 1) * 4 > b->room * 3)
			resize(b, b->room * 2);
		struct bayes_cell *c = cell_at(b, tokens->hashes[i]);
		b->count += c->token == 0;
		c->token = tokens->hashes[i];
		c->counts[0][class]++;
	}
	return (struct bayes_receipt){.epoch = b->epoch, .class = class};
}

int bayes_untrain(struct bayes *b, const struct tokens *tokens, struct bayes_receipt receipt)
{
	if (receipt.epoch > b->epoch)
		return ERR_CONFLICT;
	if (b->epoch - receipt.epoch > 1)
		return ERR_NOT_FOUND;
	unsigned age = b->epoch - receipt.epoch, class = receipt.class;
	if (b->letters[age][class] == 0)
		return ERR_CONFLICT;
	for (size_t i = 0; i < tokens->count; i++) {
		const struct bayes_cell *c = cell_at(b, tokens->hashes[i]);
		if (c->token == 0 || c->counts[age][class] == 0)
			return ERR_CONFLICT;
	}
	b->letters[age][class]--;
	for (size_t i = 0; i < tokens->count; i++) {
		struct bayes_cell *c = cell_at(b, tokens->hashes[i]);
		c->counts[age][class]--;
		if (cell_is_empty(c))
			cell_remove(b, c);
	}
	return 0;
}

bool bayes_learnt(const struct bayes *b)
{
	return b->letters[0][BAYES_HAM] + b->letters[1][BAYES_HAM] >= b->learnt_min &&
		b->letters[0][BAYES_JUNK] + b->letters[1][BAYES_JUNK] >= b->learnt_min;
}

const struct bayes_cell *bayes_find(const struct bayes *b, uint64_t token)
{
	const struct bayes_cell *c = cell_at(b, token);
	return c->token != 0 ? c : NULL;
}
