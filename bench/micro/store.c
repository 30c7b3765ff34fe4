/* What sealing, filing, listing and searching cost: `store [messages]`, own CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "mime/make.h"
#include "mime/text.h"
#include "store/test_rig.h"

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void report(const char *what, double us, size_t count)
{
	printf("%-46s %10.2f us each, %9.1f ms in all\n", what, us / (double)count, us / 1000);
}

static void bench_exchange(void)
{
	uint8_t public[32], secret[32], shared[32];
	double start;

	kx_keypair(public, secret);
	start = cpu_us();
	for (int i = 0; i < 2000; i++)
		kx_shared(secret, public, shared);
	report("one exchange", cpu_us() - start, 2000);
}

static void bench_seal(size_t readers_count)
{
	struct arena arena = ARENA_INIT;
	struct slice letter = rig_letter(&arena, 2), header;
	struct buf digest = BUF_INIT(SIZE_MAX), record = BUF_INIT(SIZE_MAX);
	struct seal_reader *readers = arena_alloc_array(&arena, readers_count, sizeof *readers);
	struct seal_input in = {.header = &header, .header_pieces = 1, .readers = readers, .reader_count = readers_count, .job = SLICE("job")};
	uint8_t secret[32], id[16] = {0};
	struct digest d;
	char name[80];
	double start;

	mime_digest_make(letter, id, &arena, &d);
	digest_encode(&d, &digest);
	header = slice_sub(letter, 0, d.header_size);
	in.body = slice_from(letter, d.header_size);
	in.digest = buf_slice(&digest);
	for (size_t i = 0; i < readers_count; i++) {
		readers[i].kind = READER_ARRIVAL;
		kx_keypair(readers[i].public_key, secret);
		readers[i].note.delivered_to = SLICE("someone@example.org");
	}
	start = cpu_us();
	for (int i = 0; i < 1000; i++) {
		buf_clear(&record);
		seal_write(&in, secret, &record, NULL);
	}
	snprintf(name, sizeof name, "seal a letter of %zu bytes, %zu reader(s)", letter.n, readers_count);
	report(name, cpu_us() - start, 1000);
	buf_free(&digest);
	buf_free(&record);
	arena_free(&arena);
}

static int look(void *arg, const struct message_row *row, struct slice digest, uint32_t prefix)
{
	struct arena *arena = arg;
	struct digest d;

	digest_decode_envelope(digest, arena, &d);
	arena_reset(arena);
	return 0;
}

static int count_row(void *arg, const struct message_row *row)
{
	(*(size_t *)arg)++;
	return 0;
}

static void bench_search(struct rig *r, size_t messages, const char *needle, const char *when)
{
	struct mailbox_ref inbox = rig_mailbox(r, "INBOX");
	struct uid_set all = {0}, got = {0};
	char name[120];
	double start = cpu_us();

	uid_set_add_range(&all, 1, (uint32_t)messages);
	r->mailboxes->ops->search(r->mailboxes, &inbox, &all, SEARCH_BODY, SLICE_NONE, slice_str(needle), &got, NULL);
	snprintf(name, sizeof name, "SEARCH BODY \"%s\" %s, %llu hits", needle, when, (unsigned long long)uid_set_size(&got));
	report(name, cpu_us() - start, 1);
	uid_set_free(&all);
	uid_set_free(&got);
}

int main(int argc, char **argv)
{
	size_t messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000, rows = 0;
	struct rig *r = calloc(1, sizeof *r);
	struct arena arena = ARENA_INIT;
	struct mailbox_ref inbox;
	struct uid_set all = {0};
	struct error err;
	bool more = true;
	double start;

	crypt_init();
	mime_warm();
	bench_exchange();
	bench_seal(1);
	bench_seal(1);
	bench_seal(20);
	rig_start(r);
	rig_deliver_many(r, messages);
	inbox = rig_mailbox(r, "INBOX");
	start = cpu_us();
	rig_file(r);
	report("file an arrival (with its exchange)", cpu_us() - start, messages);
	start = cpu_us();
	for (int i = 0; i < 20; i++) {
		store_account_park(r->account);
		rig_deliver_many(r, 1);
		rig_file(r);
	}
	report("wake, seal and file one, park", cpu_us() - start, 20);
	start = cpu_us();
	r->mailboxes->ops->messages(r->mailboxes, &inbox, 1, UINT32_MAX, 0, count_row, &rows, NULL);
	report("list a row", cpu_us() - start, rows);
	uid_set_add_range(&all, 1, UINT32_MAX);
	start = cpu_us();
	r->mailboxes->ops->messages_with_digest(r->mailboxes, &inbox, &all, false, look, &arena, NULL);
	report("list an envelope", cpu_us() - start, rows);
	bench_search(r, messages, "warehouse x1234", "unindexed");
	start = cpu_us();
	while (more)
		store_account_index(r->account, 25, &more, &err);
	report("index a letter", cpu_us() - start, messages);
	bench_search(r, messages, "warehouse x1234", "indexed");
	bench_search(r, messages, "x12345", "indexed");
	bench_search(r, messages, "请查收附件预算", "indexed");
	bench_search(r, messages, "quick brown", "indexed");
	bench_search(r, messages, "zzzz", "indexed");
	rig_stop(r);
	free(r);
	return 0;
}
