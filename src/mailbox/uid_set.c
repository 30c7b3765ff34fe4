#include "mailbox/mailbox.h"

#include <string.h>
#include "base/memory.h"

void uid_set_free(struct uid_set *set)
{
	memory_free(set->ranges);
	*set = (struct uid_set){0};
}

void uid_set_move(struct uid_set *to, struct uid_set *from)
{
	uid_set_free(to);
	*to = *from;
	*from = (struct uid_set){0};
}

/* Index of the first range whose end is >= uid. */
static size_t find(const struct uid_set *set, uint32_t uid)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->ranges[middle].last < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void reserve_one(struct uid_set *set)
{
	if (set->count < set->capacity)
		return;
	set->capacity = set->capacity == 0 ? 4 : set->capacity * 2;
	set->ranges = memory_grow(set->ranges, set->capacity * sizeof *set->ranges);
}

static void insert(struct uid_set *set, size_t at, struct uid_range range)
{
	reserve_one(set);
	memmove(set->ranges + at + 1, set->ranges + at, (set->count - at) * sizeof *set->ranges);
	set->ranges[at] = range;
	set->count++;
}

static void cut(struct uid_set *set, size_t from, size_t to)
{
	memmove(set->ranges + from, set->ranges + to, (set->count - to) * sizeof *set->ranges);
	set->count -= to - from;
}

/* Joins with every range that it overlaps or touches. */
void uid_set_add_range(struct uid_set *set, uint32_t first, uint32_t last)
{
	size_t from = first == 0 ? 0 : find(set, first - 1), to = from;

	if (first > last)
		return;
	while (to < set->count && (last == UINT32_MAX || set->ranges[to].first <= last + 1)) {
		if (set->ranges[to].first < first)
			first = set->ranges[to].first;
		if (set->ranges[to].last > last)
			last = set->ranges[to].last;
		to++;
	}
	if (to == from) {
		insert(set, from, (struct uid_range){first, last});
		return;
	}
	set->ranges[from] = (struct uid_range){first, last};
	cut(set, from + 1, to);
}

void uid_set_add(struct uid_set *set, uint32_t uid)
{
	struct uid_range *tail = set->count > 0 ? &set->ranges[set->count - 1] : NULL;

	if (tail != NULL && tail->last < UINT32_MAX && uid == tail->last + 1) {
		tail->last = uid;
	} else if (tail == NULL || uid > tail->last) {
		reserve_one(set);
		set->ranges[set->count++] = (struct uid_range){uid, uid};
	} else {
		uid_set_add_range(set, uid, uid);
	}
}

bool uid_set_has(const struct uid_set *set, uint32_t uid)
{
	size_t at = find(set, uid);

	return at < set->count && set->ranges[at].first <= uid;
}

uint64_t uid_set_size(const struct uid_set *set)
{
	uint64_t size = 0;

	for (size_t i = 0; i < set->count; i++)
		size += (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;
	return size;
}

void uid_set_remove(struct uid_set *set, uint32_t uid)
{
	size_t at = find(set, uid);

	if (at == set->count || set->ranges[at].first > uid)
		return;
	struct uid_range r = set->ranges[at];
	if (r.first == r.last) {
		cut(set, at, at + 1);
	} else if (r.first == uid) {
		set->ranges[at].first++;
	} else if (r.last == uid) {
		set->ranges[at].last--;
	} else {
		set->ranges[at].last = uid - 1;
		insert(set, at + 1, (struct uid_range){uid + 1, r.last});
	}
}

void uid_set_print(const struct uid_set *set, struct buf *out)
{
	for (size_t i = 0; i < set->count; i++) {
		struct uid_range r = set->ranges[i];
		if (i > 0)
			buf_append_byte(out, ',');
		buf_append_u64(out, r.first);
		if (r.last == r.first)
			continue;
		buf_append_byte(out, ':');
		buf_append_u64(out, r.last);
	}
}

void uid_set_add_set(struct uid_set *set, const struct uid_set *other)
{
	for (size_t i = 0; i < other->count; i++)
		uid_set_add_range(set, other->ranges[i].first, other->ranges[i].last);
}

void uid_set_intersect(struct uid_set *set, const struct uid_set *other)
{
	struct uid_set both = {0};

	for (size_t i = 0, j = 0; i < set->count && j < other->count;) {
		struct uid_range a = set->ranges[i], b = other->ranges[j];
		uint32_t first = a.first > b.first ? a.first : b.first, last = a.last < b.last ? a.last : b.last;
		if (first <= last)
			uid_set_add_range(&both, first, last);
		if (a.last < b.last)
			i++;
		else
			j++;
	}
	uid_set_move(set, &both);
}
