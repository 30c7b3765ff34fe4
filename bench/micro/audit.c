/* bench_audit [records] [group]: records through the wire form into the store, in groups; prints CPU and wall for each record. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "audit/record.h"
#include "audit/test_rig.h"
#include "base/ensure.h"
#include "crypt/crypt.h"

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t argument(int argc, char **argv, int i, uint32_t missing)
{
	uint32_t value;
	return i < argc && slice_to_u32(slice_str(argv[i]), &value) == 0 ? value : missing;
}

/* What the sender does, and what audit does with it. */
static void add_record(struct audit_group *g, uint64_t n)
{
	static const struct audit_origin origin = {"client", 0, 1};
	uint8_t salt[AUDIT_SALT_SIZE];
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX), text = BUF_INIT(AUDIT_TEXT_MAX);
	struct audit_event e;
	audit_event_encode(n, 1763772736000, EV_SMTP_ACCEPTED,
		(const struct log_field[]){LOG_STR("cid", "c0ffee00000001"), LOG_STR("mid", "1-2a"), LOG_STR("service", "submission"), LOG_STR("ip", "192.0.2.1"),
			LOG_STR("from", "anna.schmidt@example.org"), LOG_STR("to", "bob@example.net"), LOG_NUM("size", n), LOG_END}, &wire);
	struct slice in = buf_slice(&wire);
	ENSURE(audit_event_decode(&in, &e) == 0);
	random_bytes(salt, sizeof salt);
	audit_record_print(n, &origin, salt, &e, &text);
	audit_group_add(g, buf_slice(&text), e.wall_ms);
	buf_free(&wire);
	buf_free(&text);
}

int main(int argc, char **argv)
{
	uint32_t records = argument(argc, argv, 1, 200000), size = argument(argc, argv, 2, 50);
	struct audit_rig rig;
	if (records == 0 || size == 0 || size > 5000)
		return 2;
	audit_rig_create(&rig);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t done = 0; done < records; done += size) {
		struct audit_group g;
		audit_group_init(&g);
		for (uint32_t i = 0; i < size; i++)
			add_record(&g, done + i);
		ENSURE(audit_store_append(rig.store, &g, NULL) == 0);
		audit_store_publish(rig.store, &g);
		audit_group_free(&g);
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	printf("%u records in groups of %u: %.1f us CPU, %.1f us wall each\n", records, size, cpu / records * 1e6, wall / records * 1e6);
	audit_rig_free(&rig);
	return 0;
}
