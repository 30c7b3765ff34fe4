#include "auth/clearance.h"

static const char *const levels[CLEARANCE_COUNT] = {"public", "internal", "confidential", "secret"};
static const char *const kinds[] = {NULL, "user", "group", "domain"};

const char *clearance_name(unsigned level)
{
	return level < CLEARANCE_COUNT ? levels[level] : NULL;
}

bool clearance_parse(struct slice name, unsigned *ret)
{
	for (unsigned i = 0; i < CLEARANCE_COUNT; i++) {
		if (slice_eq(name, slice_str(levels[i]))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

const char *clearance_kind_name(enum clearance_kind kind)
{
	return kinds[kind];
}

bool clearance_kind_parse(struct slice name, enum clearance_kind *ret)
{
	for (unsigned i = CLEARANCE_USER; i <= CLEARANCE_DOMAIN; i++) {
		if (slice_eq(name, slice_str(kinds[i]))) {
			*ret = (enum clearance_kind)i;
			return true;
		}
	}
	return false;
}

static int found(unsigned *ret, unsigned level, const char **ret_why, const char *why)
{
	*ret = level;
	if (ret_why != NULL)
		*ret_why = why;
	return 0;
}

/* The domain itself, then those above it, the nearest first. */
static int of_domain(struct directory *d, struct slice domain, unsigned *ret)
{
	int rc = ERR_NOT_FOUND;
	while (domain.n > 0 && rc == ERR_NOT_FOUND) {
		rc = directory_clearance_get(d, CLEARANCE_DOMAIN, domain, ret);
		ptrdiff_t dot = slice_find(domain, '.');
		domain = dot < 0 ? SLICE_NONE : slice_from(domain, (size_t)dot + 1);
	}
	return rc;
}

int auth_clearance(struct directory *d, struct slice address, bool local, unsigned *ret_level, const char **ret_why)
{
	unsigned level = 0;
	int rc = directory_clearance_get(d, CLEARANCE_USER, address, &level);
	if (rc != ERR_NOT_FOUND)
		return rc == 0 ? found(ret_level, level, ret_why, "own") : rc;
	if (local)
		rc = directory_clearance_of_groups(d, address, &level);
	else
		rc = of_domain(d, address_domain_of(address), &level);
	if (rc != ERR_NOT_FOUND)
		return rc == 0 ? found(ret_level, level, ret_why, local ? "group" : "domain") : rc;
	return found(ret_level, local ? CLEARANCE_INTERNAL : CLEARANCE_PUBLIC, ret_why, "default");
}
