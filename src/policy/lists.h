/* DNS lists of bad (and good) addresses and domains: RFC 5782. */
#ifndef POLICY_LISTS_H
#define POLICY_LISTS_H

#include "policy/ip.h"
#include "trust/facts.h"

#define LIST_ZONES_MAX 16
#define LIST_CODES_MAX 8
#define LIST_HOSTS_MAX 20   /* hosts of one letter that are asked about */

enum list_kind { LIST_ADDRESSES = 1, LIST_DOMAINS = 2 }; /* what a zone can be asked for; both may be set */

/*
 * A row of the configuration. An answer counts when it lies in 127.0.0.0/8 but not in 127.255.255.0/24 (there operators tell errors:
 * refused, open resolver, too many questions), and, where codes are named, when one of them matches.
 */
struct list_zone {
	struct slice name;       /* "zone.example" */
	unsigned kinds;
	int points;              /* of any answer; negative for lists of good ones */
	struct list_code { uint32_t address, mask; int points; } codes[LIST_CODES_MAX]; /* (answer & mask) == address */
	size_t code_count;       /* 0: every answer counts with `points` */
};

struct list_hit {
	const struct list_zone *zone; /* NULL: not listed */
	uint32_t code;                /* the answer */
	int points;
	bool waits, failed;
};

/* Points of the answer of a zone; of several records those with the most. */
struct list_hit list_address(const struct list_zone *zone, struct policy_ip ip, struct facts *facts);
/* `domain`: A-labels. */
struct list_hit list_domain(const struct list_zone *zone, struct slice domain, struct facts *facts);
/* Meaning of one answer (host byte order) in a zone: its points, 0 when it does not count. */
int list_code_points(const struct list_zone *zone, uint32_t answer);

#endif
