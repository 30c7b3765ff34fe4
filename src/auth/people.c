#include "auth/people.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypt/hash.h"
#include "policy/names.h"
#include "policy/person.h"
#include "trust/facts.h"

#define PAGE 500

struct people {
	struct directory *directory;
	struct names names;
	struct arena arena;          /* of names */
	uint8_t digest[HASH_SIZE];   /* of what names was made from */
	bool made;
	int64_t looked_ms;
	struct buf executives;       /* "address\n…" */
};

struct people *people_new(struct directory *directory)
{
	struct people *p = memory_alloc(sizeof *p);
	p->directory = directory;
	buf_init(&p->executives, 1u << 20);
	names_init(&p->names, &p->arena);
	return p;
}

void people_free(struct people **people)
{
	struct people *p = *people;
	if (p == NULL)
		return;
	names_free(&p->names);
	arena_free(&p->arena);
	buf_free(&p->executives);
	MEMORY_FREE(people);
}

void people_configure(struct people *p, const struct slice *executives, size_t count)
{
	buf_clear(&p->executives);
	for (size_t i = 0; i < count; i++) {
		buf_append(&p->executives, executives[i]);
		buf_append_byte(&p->executives, '\n');
	}
	p->made = false;
}

static bool is_executive(const struct people *p, struct slice address)
{
	struct slice list = buf_slice(&p->executives), item;
	while (slice_split(&list, '\n', &item))
		if (slice_eq_nocase(item, address))
			return true;
	return false;
}

typedef void account_fn(struct people *p, const struct account *account, void *arg);

static int each_account(struct people *p, account_fn *fn, void *arg)
{
	struct arena page = ARENA_INIT, last = ARENA_INIT;
	struct slice after = SLICE_NONE;
	int count;
	do {
		struct account *list = arena_alloc_array(&page, PAGE, sizeof *list);
		count = directory_account_list(p->directory, SLICE_NONE, after, &page, list, PAGE);
		for (int i = 0; i < count; i++)
			fn(p, &list[i], arg);
		if (count > 0) {
			arena_reset(&last);
			after = arena_dup(&last, list[count - 1].address);
		}
		arena_reset(&page);
	} while (count == PAGE);
	arena_free(&page);
	arena_free(&last);
	return count;
}

static void hash_one(struct people *p, const struct account *account, void *arg)
{
	hash_update_field(arg, account->address);
	hash_update_field(arg, account->name);
}

static void add_one(struct people *p, const struct account *account, void *arg)
{
	names_add(&p->names, &(struct person){.name = account->name, .address = account->address, .executive = is_executive(p, account->address)});
}

/* Making the index takes a tenth of a millisecond for each person; reading the list hardly anything. */
static void look(struct people *p, int64_t now_ms)
{
	struct hash_state state;
	uint8_t digest[HASH_SIZE];
	if (p->made && now_ms - p->looked_ms < PEOPLE_FRESH_MS)
		return;
	hash_start(&state, NULL);
	if (each_account(p, hash_one, &state) < 0)
		return;
	hash_finish(&state, digest);
	p->looked_ms = now_ms;
	if (p->made && memcmp(digest, p->digest, sizeof digest) == 0)
		return;
	names_free(&p->names);
	arena_free(&p->arena);
	names_init(&p->names, &p->arena);
	each_account(p, add_one, NULL);
	memcpy(p->digest, digest, sizeof digest);
	p->made = true;
}

void people_answer(struct people *p, struct slice questions, int64_t now_ms, struct buf *answers)
{
	struct arena arena = ARENA_INIT;
	struct dns_question q;
	look(p, now_ms);
	while (facts_question_next(&questions, &q)) {
		struct buf record = BUF_INIT(PERSON_ANSWER_MAX);
		struct slice address, display;
		if (person_question_read(q.name, &address, &display)) {
			struct name_found found = {0};
			enum name_match match = names_find(&p->names, display, address, &arena, &found);
			person_answer_write(match, &found, &record);
		}
		facts_encode_answer(&q, &(struct dns_answer){.status = buf_len(&record) > 0 ? DNS_FOUND : DNS_NODATA, .records = buf_slice(&record)}, answers);
		buf_free(&record);
	}
	arena_free(&arena);
}
