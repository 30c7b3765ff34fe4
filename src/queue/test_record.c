#include "queue/test_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "store/seal.h"

void test_spool_create(struct test_spool *t)
{
	const char *base = getenv("TMPDIR");
	*t = (struct test_spool){0};
	snprintf(t->top, sizeof t->top, "%.30s/test_queue.XXXXXX", base != NULL ? base : "/tmp");
	ENSURE(mkdtemp(t->top) != NULL);
	snprintf(t->spool, sizeof t->spool, "%s/spool", t->top);
	snprintf(t->packs, sizeof t->packs, "%s/packs", t->top);
	ENSURE(mkdir(t->spool, 0700) == 0 && mkdir(t->packs, 0700) == 0);
	memset(t->database_key, 1, 32);
	memset(t->jobs_key, 2, 32);
	memset(t->secret, 3, 32);
	t->config = (struct ledger_config){
		.directory = t->spool, .packs = t->packs, .database_key = t->database_key, .jobs_key = t->jobs_key, .boot_secret = t->secret,
		.undelete_ms = 1000, .expire_ms = 1000000,
	};
}

void test_spool_remove(struct test_spool *t)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", t->top);
	ENSURE(system(command) == 0);
}

struct ledger *test_spool_open(struct test_spool *t, int64_t now_ms, struct ledger_opened *ret_opened)
{
	struct ledger *l = NULL;
	struct ledger_opened opened;
	struct error err = {0};
	if (ledger_open(&t->config, now_ms, &l, ret_opened != NULL ? ret_opened : &opened, &err) < 0) {
		fprintf(stderr, "ledger_open: %s\n", err.private_text);
		return NULL;
	}
	return l;
}

void test_account(unsigned n, uint8_t out[16])
{
	memset(out, 0xa0, 16);
	out[0] = (uint8_t)n;
	out[1] = (uint8_t)(n >> 8);
}

static void make_job(const struct test_record *r, struct arena *arena, struct buf *out)
{
	struct job job = {
		.reverse_path = slice_str(r->reverse_path ? r->reverse_path : "sender@example.net"), .cid = SLICE("cid"), .received_ms = 1,
		.dsn_fact = SLICE("fact"), .recipient_count = r->locals + r->remotes,
	};
	if (r->held != NULL) {
		job.held = slice_str(r->held);
		job.has_reviewer = true;
		test_account((unsigned)r->locals, job.reviewer);
		job.recipient_count--;
	}
	if (r->sender > 0)
		test_account(r->sender, job.sender_account);
	job.recipients = arena_alloc_array(arena, job.recipient_count, sizeof *job.recipients);
	for (size_t i = 0; i < job.recipient_count; i++) {
		struct job_recipient *to = &job.recipients[i];
		bool local = i < r->locals - (r->held != NULL);
		to->local = local;
		to->notify = r->notify;
		if (local)
			test_account((unsigned)i + 1, to->account);
		to->address = local ? arena_printf(arena, "user%zu@example.org", i + 1) :
			arena_printf(arena, "r%zu@%s", i - (r->locals - (r->held != NULL)), r->domain ? r->domain : "Example.COM");
	}
	job_encode(&job, out);
}

void test_record_make(const struct test_spool *t, const struct test_record *r, struct buf *out)
{
	static uint8_t public_key[32], secret_key[32];
	struct arena arena = ARENA_INIT;
	struct buf job = BUF_INIT(1 << 20), body = BUF_INIT(1 << 28);
	size_t count = r->locals + (r->remotes > 0);
	struct seal_reader *readers = arena_alloc_array(&arena, count, sizeof *readers);
	struct slice header = SLICE("Subject: test\r\n\r\n");
	struct error err = {0};
	if (public_key[0] == 0)
		kx_keypair(public_key, secret_key);
	for (size_t i = 0; i < count; i++) {
		readers[i].kind = i >= r->locals ? READER_OUTBOUND : i == 0 && r->own ? READER_OWN : READER_ARRIVAL;
		readers[i].generation = i >= r->locals ? 7 : 1;
		if (i < r->locals)
			test_account((unsigned)i + 1, readers[i].account);
		memcpy(readers[i].public_key, public_key, 32);
	}
	make_job(r, &arena, &job);
	random_bytes(buf_reserve(&body, r->size), r->size);
	buf_commit(&body, r->size);
	struct seal_input input = {
		.header = &header, .header_pieces = 1, .body = buf_slice(&body), .digest = SLICE("digest"), .readers = readers, .reader_count = count,
		.job = buf_slice(&job),
	};
	buf_init(out, 1 << 28);
	ENSURE(seal_write(&input, t->secret, out, &err) == 0);
	buf_free(&job);
	buf_free(&body);
	arena_free(&arena);
}
