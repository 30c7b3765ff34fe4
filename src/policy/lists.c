#include "policy/lists.h"

#include "base/endian.h"
#include "policy/host.h"

#define LOOPBACK 0x7f000000u
#define LOOPBACK_MASK 0xff000000u
#define ERRORS 0x7fffff00u /* 127.255.255.0/24 */
#define ERRORS_MASK 0xffffff00u

int list_code_points(const struct list_zone *zone, uint32_t answer)
{
	if ((answer & LOOPBACK_MASK) != LOOPBACK || (answer & ERRORS_MASK) == ERRORS)
		return 0;
	for (size_t i = 0; i < zone->code_count && i < LIST_CODES_MAX; i++)
		if ((answer & zone->codes[i].mask) == zone->codes[i].address)
			return zone->codes[i].points;
	return zone->code_count == 0 ? zone->points : 0;
}

static int absolute(int v)
{
	return v < 0 ? -v : v;
}

static struct list_hit ask(const struct list_zone *zone, struct slice front, struct facts *facts)
{
	struct list_hit hit = {0};
	struct slice rdata, records;
	if (front.n == 0)
		return hit;
	const struct dns_answer *a = facts_dns(facts, arena_printf(facts->arena, "%.*s.%.*s", SLICE_ARG(front), SLICE_ARG(zone->name)), DNS_A);
	hit.waits = a->status == DNS_WANTED;
	hit.failed = a->status == DNS_FAILED || a->status == DNS_BOGUS;
	records = a->status == DNS_FOUND ? a->records : SLICE_NONE;
	while (dns_record_next(&records, &rdata)) {
		int points = rdata.n == 4 ? list_code_points(zone, get_u32(rdata.p)) : 0;
		if (absolute(points) > absolute(hit.points)) {
			hit.zone = zone;
			hit.points = points;
			hit.code = get_u32(rdata.p);
		}
	}
	return hit;
}

struct list_hit list_address(const struct list_zone *zone, struct policy_ip ip, struct facts *facts)
{
	return (zone->kinds & LIST_ADDRESSES) != 0 ? ask(zone, policy_ip_reversed(ip, facts->arena), facts) : (struct list_hit){0};
}

struct list_hit list_domain(const struct list_zone *zone, struct slice domain, struct facts *facts)
{
	return (zone->kinds & LIST_DOMAINS) != 0 ? ask(zone, domain, facts) : (struct list_hit){0};
}
