/* For tests and benchmarks of the queue: records as filter makes them, and a spool in a temporary directory. */
#ifndef QUEUE_TEST_RECORD_H
#define QUEUE_TEST_RECORD_H

#include "queue/ledger.h"

struct test_spool {
	char top[64], spool[80], packs[80];
	uint8_t database_key[32], jobs_key[32], secret[32];
	struct ledger_config config;
};
void test_spool_create(struct test_spool *t);
void test_spool_remove(struct test_spool *t);
struct ledger *test_spool_open(struct test_spool *t, int64_t now_ms, struct ledger_opened *ret_opened);

/* One message of `size` bytes of body for local accounts 1 … `locals` and for remote addresses rN@`domain`. */
struct test_record {
	size_t locals, remotes, size;
	const char *domain, *reverse_path;
	uint8_t notify;
	bool own; /* local 1 stores it itself */
	unsigned sender;  /* the local who sends it; 0: somebody outside */
	const char *held; /* why it goes into quarantine; the last local is the reviewer, and no recipient */
};
void test_record_make(const struct test_spool *t, const struct test_record *r, struct buf *out);
/* The account id of local n. */
void test_account(unsigned n, uint8_t out[16]);

#endif
