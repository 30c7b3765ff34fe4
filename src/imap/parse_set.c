#include "imap/parser.h"

#include <string.h>

/* seq-number: nz-number or "*". */
static bool parse_element(struct imap_parser *p, uint32_t *ret)
{
	if (imap_take(p, '*')) {
		*ret = 0;
		return true;
	}
	return imap_parse_nz_number(p, ret);
}

static bool parse_range(struct imap_parser *p, struct imap_range *ret)
{
	if (!parse_element(p, &ret->first))
		return false;
	ret->last = ret->first;
	return !imap_take(p, ':') || parse_element(p, &ret->last);
}

static void range_push(struct imap_parser *p, struct imap_set *set, struct imap_range range, size_t *capacity)
{
	if (set->count == *capacity) {
		*capacity = *capacity == 0 ? 4 : *capacity * 4;
		struct imap_range *grown = arena_alloc_array(p->arena, *capacity, sizeof *grown);
		if (set->count > 0)
			memcpy(grown, set->ranges, set->count * sizeof *grown);
		set->ranges = grown;
	}
	set->ranges[set->count++] = range;
}

bool imap_parse_set(struct imap_parser *p, struct imap_set *ret)
{
	size_t capacity = 0;

	*ret = (struct imap_set){0};
	if (imap_take(p, '$')) {
		ret->saved = true;
		return true;
	}
	do {
		struct imap_range range;

		if (ret->count == IMAP_SET_RANGES_MAX)
			return imap_parse_fail(p, "Too many elements in a set");
		if (!parse_range(p, &range))
			return imap_parse_fail(p, "Bad sequence set");
		range_push(p, ret, range, &capacity);
	} while (imap_take(p, ','));
	return true;
}

bool imap_parse_uid_set(struct imap_parser *p, struct uid_set *ret)
{
	struct imap_set set;

	if (!imap_parse_set(p, &set))
		return false;
	if (set.saved)
		return imap_parse_fail(p, "$ is not allowed here");
	for (size_t i = 0; i < set.count; i++) {
		struct imap_range r = set.ranges[i];
		if (r.first == 0 || r.last == 0)
			return imap_parse_fail(p, "* is not allowed here");
		uid_set_add_range(ret, r.first < r.last ? r.first : r.last, r.first < r.last ? r.last : r.first);
	}
	return true;
}
