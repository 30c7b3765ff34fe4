/*
 * What the organisation knows, given to the checks as facts: its domains and people, its tables, and what is remembered of one sender.
 * Whoever runs the checks gathers it; a member that is NULL, empty or not `given` makes the checks that need it be skipped.
 */
#ifndef POLICY_KNOWN_H
#define POLICY_KNOWN_H

#include "policy/habit.h"
#include "policy/lists.h"
#include "policy/reputation.h"

struct names;
struct bayes;
struct targets;

/* Of the address in From, its domain, and the client's network. */
struct known_sender {
	bool given;
	bool signed_partner;         /* a person decided: what this partner signs is trusted */
	bool reply;                  /* In-Reply-To or References name a letter that we sent to this address */
	uint32_t letters_in;         /* from this address, before this one */
	uint32_t letters_out;        /* our people wrote to this address */
	int64_t domain_first_s;      /* when the domain was first seen here, unix time; 0: never */
	struct reputation domain, network;
	struct habit habit;
};

struct policy_known {
	const struct targets *domains;   /* our own and our partners' (policy/lookalike.h) */
	const struct names *names;       /* our people (policy/names.h) */
	bool names_asked;                /* or: the directory is asked by way of facts (policy/person.h) */
	const struct list_zone *zones;   /* DNS lists */
	size_t zone_count;
	const struct bayes *organisation, *user; /* policy/bayes.h; user only where a letter is filed for one */
	struct known_sender sender;
};

#endif
