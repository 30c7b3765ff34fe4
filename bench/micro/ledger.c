/* bench_ledger [messages] [group]: acceptances in groups; prints CPU and syncs for each message. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include "base/slice.h"
#include "crypt/crypt.h"
#include "queue/test_record.h"

#define VARIANTS 64
#define GROUP_MAX 512

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

int main(int argc, char **argv)
{
	uint32_t messages = argument(argc, argv, 1, 100000), group = argument(argc, argv, 2, 20);
	static struct ledger_op ops[GROUP_MAX];
	struct ledger_op *list[GROUP_MAX];
	struct buf records[VARIANTS];
	struct test_spool spool;
	uint64_t refused = 0;
	crypt_init();
	if (group == 0 || group > GROUP_MAX)
		return 2;
	test_spool_create(&spool);
	struct ledger *ledger = test_spool_open(&spool, 1800000000000, NULL);
	pack_spare_make(spool.packs, NULL);
	for (int i = 0; i < VARIANTS; i++)
		test_record_make(&spool, &(struct test_record){.locals = 1, .size = 4096}, &records[i]);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t done = 0; done < messages; done += group) {
		for (uint32_t i = 0; i < group; i++) {
			ops[i] = (struct ledger_op){.kind = LEDGER_ACCEPT};
			ops[i].accept.record = buf_slice(&records[(done + i) % VARIANTS]);
			list[i] = &ops[i];
		}
		ledger_run(ledger, list, group, 1800000000000 + done, NULL);
		for (uint32_t i = 0; i < group; i++) {
			refused += ops[i].result != QUEUE_OK;
			ledger_op_free(&ops[i]);
		}
	}
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%u messages in groups of %u: %.1f us CPU, %.1f us wall each; %llu refused\n", messages, group, cpu / messages * 1e6,
	       wall / messages * 1e6, (unsigned long long)refused);
	ledger_close(&ledger);
	test_spool_remove(&spool);
	return refused > 0;
}
