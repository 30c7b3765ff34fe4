/* What is remembered of the records of our domains in DNS: which are muted, which were wrong how often. Part of auth/directory.h. */
#ifndef AUTH_DIRECTORY_DNS_H
#define AUTH_DIRECTORY_DNS_H

#include "auth/directory.h"

#define DNS_NOTES_MAX 200 /* of one domain */

struct dns_note {
	struct slice name;
	uint16_t type;
	bool muted;       /* it counts for nothing */
	unsigned bad;     /* checks in a row that found it wrong */
	int64_t checked;  /* unix seconds of the last of them */
};

int directory_dns_set(struct directory *d, struct slice domain, const struct dns_note *note, struct error *err); /* adds or replaces */
/* Forgets all that are not muted. */
int directory_dns_clear(struct directory *d, struct slice domain, struct error *err);
/* The number found. */
int directory_dns_list(struct directory *d, struct slice domain, struct arena *arena, struct dns_note ret[DNS_NOTES_MAX]);

#endif
