/*
 * A master file (RFC 1035 5, RFC 2308 4, RFC 3597 5, RFC 4592) that answers the questions of checks: for trying a policy without network,
 * and for tests. What does not stand in it does not exist.
 */
#ifndef TRUST_DNS_ZONE_H
#define TRUST_DNS_ZONE_H

#include "base/error.h"
#include "trust/facts.h"

#define DNS_ZONE_BYTES_MAX (8 * 1024 * 1024) /* of a file */
#define DNS_ZONE_RECORDS_MAX 100000
#define DNS_ZONE_ENTRY_MAX 65535             /* bytes of one entry, its continued lines together */
#define DNS_ZONE_CNAMES_MAX 8                /* aliases that are followed */

struct dns_zone {
	struct arena *arena;
	struct map nodes;
	size_t count;
};

void dns_zone_init(struct dns_zone *z, struct arena *arena);
void dns_zone_free(struct dns_zone *z);
/*
 * Adds the records of a file: quoted and unquoted strings, \DDD and \X, parentheses, comments, $ORIGIN, $TTL, relative and repeated
 * owners, TTLs with units, class IN; types A AAAA CAA CNAME MX NS PTR SRV TXT TLSA, and any other as TYPEn \# length hex. Records of types
 * that no check asks for only make their name exist. Instead of a type may stand TIMEOUT, SERVFAIL or BOGUS: what the name does not have
 * otherwise fails in this way. A text over 255 bytes becomes several strings. ERR_INVALID, ERR_LIMIT; private text with the line.
 */
int dns_zone_parse(struct dns_zone *z, struct slice text, struct error *err);
/* One record; name and rdata are copied. False: the name is none, or too many. */
bool dns_zone_add(struct dns_zone *z, struct slice name, uint16_t type, uint32_t ttl, struct slice rdata);
/* What is not there fails with this status (DNS_FAILED, DNS_BOGUS). */
bool dns_zone_add_failure(struct dns_zone *z, struct slice name, enum dns_status status);
/* Follows aliases. The answer lives in the zone's arena. */
struct dns_answer dns_zone_answer(struct dns_zone *z, struct slice name, uint16_t type);
/* Answers all that is wanted; then the checks run again. */
void dns_zone_answer_wanted(struct dns_zone *z, struct facts *f);

/* Takes one character off *s (not empty), \DDD and \X resolved (RFC 1035 5.1). False: a bad escape. */
bool dns_char_read(struct slice *s, uint8_t *ret);
/* "example.test" as labels with lengths, in lower case; \DDD and \X inside labels. At most 255 bytes. False: no name. */
bool dns_name_write(struct slice text, struct buf *out);

#endif
