#include "store/test_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "mime/make.h"
#include "mime/text.h"
#include "store/seal.h"
#include "sys/file.h"

static const uint8_t BOOT[32] = {42};

static int64_t host_now(void *arg)
{
	return ((struct rig *)arg)->now;
}

static void host_append(void *arg, struct store_append *append)
{
	struct rig *r = arg;

	ENSURE(r->append_count < ARRAY_LEN(r->appends));
	r->appends[r->append_count++] = append;
}

static void host_catch_up(void *arg, struct store_account *a, void (*done)(void *arg), void *done_arg)
{
	struct rig *r = arg;

	ENSURE(r->done_count < ARRAY_LEN(r->done));
	r->done[r->done_count] = done;
	r->done_arg[r->done_count++] = done_arg;
}

static void host_soon(void *arg, struct store_account *a)
{
	((struct rig *)arg)->soon = true;
}

static void host_nothing(void *arg, struct store_account *a)
{
}

static void host_profile(void *arg, struct store_account *a)
{
	((struct rig *)arg)->profiles++;
}

static int host_database_key(void *arg, struct store_account *a, size_t index, uint8_t ret_key[32])
{
	memcpy(ret_key, ((struct rig *)arg)->database_key, 32);
	return 0;
}

static void host_damaged(void *arg, struct store_account *a, const struct error *err)
{
	((struct rig *)arg)->damaged++;
	if (getenv("RIG_VERBOSE") != NULL)
		fprintf(stderr, "# damaged: %s\n", err->private_text);
}

static void host_recovered(void *arg, struct store_account *a, size_t count)
{
	((struct rig *)arg)->recovered += (unsigned)count;
}

static void host_salvaged(void *arg, struct store_account *a, const struct store_salvage *found)
{
	struct rig *r = arg;

	r->salvaged = *found;
	r->salvages++;
}

static void host_broken(void *arg, struct store_account *a)
{
	((struct rig *)arg)->broken++;
}

static void host_alive(void *arg)
{
	((struct rig *)arg)->alive++;
}

static bool host_learns(void *arg)
{
	return ((struct rig *)arg)->learns;
}

static void host_learn(void *arg, struct store_account *a)
{
	((struct rig *)arg)->lessons++;
}

static const struct bayes *host_house(void *arg)
{
	return ((struct rig *)arg)->house;
}

static void host_teach(void *arg, const uint8_t email[16], unsigned want, const struct tokens *tokens)
{
	struct rig *r = arg;

	ENSURE(want < 3 && tokens->count > 0);
	r->taught[want]++;
}

static int64_t host_bin(void *arg)
{
	return ((struct rig *)arg)->bin_seconds;
}

static void host_keep(void *arg, struct store_account *a, uint64_t seq, void (*done)(void *arg, int code), void *done_arg)
{
	struct rig *r = arg;

	ENSURE(r->keep_count < ARRAY_LEN(r->keeps));
	r->kept = seq;
	r->keeps[r->keep_count].fn = done;
	r->keeps[r->keep_count++].arg = done_arg;
}

static void host_later(void *arg, void (*fn)(void *arg), void *fn_arg)
{
	struct rig *r = arg;

	ENSURE(r->later_count < ARRAY_LEN(r->later));
	r->later[r->later_count].fn = fn;
	r->later[r->later_count++].arg = fn_arg;
}

void rig_open(struct rig *r)
{
	char path[128];
	struct error err = {0};
	struct store_account_config config = {
		.directory = path, .keys = &r->key, .key_count = 1, .database_keys = (const uint8_t (*)[32])&r->database_key, .database_key_count = 1,
		.packs = r->reader,
		.host = {.arg = r, .now = host_now, .append = host_append, .catch_up = host_catch_up, .soon = host_soon, .unref = host_nothing,
		         .profile = host_profile, .database_key = host_database_key, .damaged = host_damaged, .recovered = host_recovered,
		         .salvaged = host_salvaged, .alive = host_alive, .broken = host_broken, .learns = host_learns, .house = host_house, .teach = host_teach,
		         .learn = host_learn, .bin = host_bin, .keep = host_keep, .later = host_later},
	};

	snprintf(path, sizeof path, "%s/account", r->directory);
	memcpy(config.id, r->id, sizeof r->id);
	if (store_account_open(&config, &r->account, &r->aside, &err) < 0) {
		fprintf(stderr, "# %s\n", err.private_text);
		abort();
	}
	r->mailboxes = store_account_mailboxes(r->account);
}

void rig_start(struct rig *r)
{
	char path[128];
	struct error err = {0};

	*r = (struct rig){.now = 1700000000, .seq = 1};
	snprintf(r->directory, sizeof r->directory, "%s/ll-store-XXXXXX", getenv("RIG_DIR") != NULL ? getenv("RIG_DIR") : "/tmp");
	ENSURE(mkdtemp(r->directory) != NULL);
	snprintf(path, sizeof path, "%s/packs", r->directory);
	ENSURE(mkdir(path, 0700) == 0);
	memset(r->id, 3, sizeof r->id);
	random_bytes(r->database_key, sizeof r->database_key);
	kx_keypair(r->key.public_key, r->secret_key);
	r->key.secret_key = r->secret_key;
	r->key.generation = 1;
	r->writer = pack_writer_open(path, 0, 0, 0, &err);
	r->reader = pack_reader_open(path, 0, &err);
	if (r->writer == NULL || r->reader == NULL) {
		fprintf(stderr, "# %s\n", err.private_text);
		abort();
	}
	rig_open(r);
}

static void remove_tree(const char *path)
{
	struct buf command = BUF_INIT(256);

	ENSURE(strstr(path, "ll-store-") != NULL);
	buf_printf(&command, "rm -rf '%s'", path);
	buf_append_byte(&command, 0);
	ENSURE(system((const char *)buf_slice(&command).p) == 0);
	buf_free(&command);
}

void rig_stop(struct rig *r)
{
	store_account_close(&r->account);
	pack_writer_close(&r->writer);
	pack_reader_close(&r->reader);
	remove_tree(r->directory);
	memory_free(r->ledger);
}

void rig_reopen(struct rig *r)
{
	store_account_close(&r->account);
	rig_open(r);
}

/* Copies the files while the account is open, closes it, and puts the copies back. */
void rig_crash(struct rig *r)
{
	char command[600];

	snprintf(command, sizeof command, "rm -rf '%s/saved' && cp -r '%s/account' '%s/saved'", r->directory, r->directory, r->directory);
	ENSURE(system(command) == 0);
	store_account_close(&r->account);
	snprintf(command, sizeof command, "rm -rf '%s/account' && mv '%s/saved' '%s/account'", r->directory, r->directory, r->directory);
	ENSURE(system(command) == 0);
	rig_open(r);
}

static struct place pack_put(struct rig *r, uint64_t seq, struct slice disk)
{
	struct pack_append append = {.seq = seq, .entry = SLICE("entry"), .record = disk};
	struct error err = {0};

	if (pack_writer_place(r->writer, append.entry.n, disk.n, &append.place, &err) < 0)
		abort();
	pack_writer_add(r->writer, &append);
	if (pack_writer_flush(r->writer, &err) < 0) {
		fprintf(stderr, "# %s\n", err.private_text);
		abort();
	}
	pack_writer_commit(r->writer);
	return append.place;
}

static struct store_arrival *accept(struct rig *r, struct slice message, const struct seal_reader *reader)
{
	struct arena arena = ARENA_INIT;
	struct buf record = BUF_INIT(SIZE_MAX), digest = BUF_INIT(SIZE_MAX);
	struct digest d;
	uint8_t email_id[16];
	struct slice header;
	struct seal_input in = {.header = &header, .header_pieces = 1, .readers = reader, .reader_count = 1, .job = SLICE("job")};
	struct store_arrival *arrival;

	random_bytes(email_id, sizeof email_id);
	mime_digest_make(message, email_id, &arena, &d);
	digest_encode(&d, &digest);
	header = slice_sub(message, 0, d.header_size);
	in.body = slice_from(message, d.header_size);
	in.digest = buf_slice(&digest);
	ENSURE(seal_write(&in, BOOT, &record, NULL) == 0);
	r->ledger = memory_grow(r->ledger, (r->ledger_count + 1) * sizeof *r->ledger);
	arrival = &r->ledger[r->ledger_count++];
	*arrival = (struct store_arrival){.seq = r->seq++, .kind = reader->kind, .size = message.n};
	arrival->place = pack_put(r, arrival->seq, seal_disk_form(buf_slice(&record), NULL));
	buf_free(&record);
	buf_free(&digest);
	arena_free(&arena);
	return arrival;
}

struct store_arrival *rig_deliver(struct rig *r, struct slice mailbox, struct slice message)
{
	struct seal_reader reader = {.kind = READER_ARRIVAL, .generation = 1,
	                             .note = {.return_path = SLICE("s@example.org"), .has_return_path = true, .delivered_to = SLICE("r@example.org"),
	                                      .mailbox = mailbox, .internal_date = r->now}};

	memcpy(reader.account, r->id, 16);
	memcpy(reader.public_key, r->key.public_key, 32);
	return accept(r, message, &reader);
}

struct store_arrival *rig_deliver_wanted(struct rig *r, const struct filing *filings, size_t count, struct slice message)
{
	struct buf list = BUF_INIT(65536);
	struct seal_reader reader = {.kind = READER_ARRIVAL, .generation = 1,
	                             .note = {.return_path = SLICE("s@example.org"), .has_return_path = true, .delivered_to = SLICE("r@example.org"),
	                                      .internal_date = r->now}};
	struct store_arrival *arrival;

	for (size_t i = 0; i < count; i++)
		filing_encode(&filings[i], &list);
	reader.note.filings = buf_slice(&list);
	memcpy(reader.account, r->id, 16);
	memcpy(reader.public_key, r->key.public_key, 32);
	arrival = accept(r, message, &reader);
	buf_free(&list);
	return arrival;
}

uint64_t rig_recall(struct rig *r, uint64_t letter, bool read_too)
{
	uint64_t seq = r->seq;

	r->ledger = memory_grow(r->ledger, (r->ledger_count + 1) * sizeof *r->ledger);
	r->ledger[r->ledger_count++] = (struct store_arrival){.seq = seq, .recalls = letter, .read_too = read_too};
	r->seq += 8;
	return seq;
}

unsigned rig_answer(struct rig *r, uint64_t order)
{
	uint64_t seqs[100];
	size_t n = store_account_unrefs(r->account, false, seqs, ARRAY_LEN(seqs));

	for (size_t i = 0; i < n; i++) {
		if (seqs[i] > order && seqs[i] < order + 8)
			return (unsigned)(seqs[i] - order);
	}
	return 0;
}

void rig_deliver_many(struct rig *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena arena = ARENA_INIT;

		rig_deliver(r, SLICE_NONE, rig_letter(&arena, i));
		arena_free(&arena);
	}
}

void rig_file(struct rig *r)
{
	struct error err = {0};
	size_t taken = 1;

	while (taken != 0) {
		size_t i = 0;

		while (i < r->ledger_count && r->ledger[i].seq <= store_account_cursor(r->account))
			i++;
		if (store_account_file(r->account, r->ledger + i, r->ledger_count - i, &taken, &err) < 0) {
			fprintf(stderr, "# %s\n", err.private_text);
			abort();
		}
	}
}

static void append_finish(struct rig *r, struct store_append *append)
{
	for (size_t i = 0; i < append->count; i++) {
		struct store_append_item *item = &append->items[i];
		struct seal_reader reader = {.kind = READER_OWN, .generation = 1};
		struct buf message = BUF_INIT(SIZE_MAX);

		if (r->append_fails && i + 1 == append->count) {
			item->code = ERR_NO_SPACE;
			continue;
		}
		memcpy(reader.account, r->id, 16);
		memcpy(reader.public_key, r->key.public_key, 32);
		reader.note.mailbox_id = slice_make(item->mailbox_id, 16);
		reader.note.internal_date = item->internal_date;
		ENSURE(file_read_fd(item->fd, &message, NULL) == 0);
		item->arrival = *accept(r, buf_slice(&message), &reader);
		buf_free(&message);
	}
	store_account_appended(append);
}

static void keep_answer(struct rig *r)
{
	r->keep_count--;
	r->keeps[r->keep_count].fn(r->keeps[r->keep_count].arg, r->keep_code);
}

static void later_run(struct rig *r)
{
	r->later_count--;
	r->later[r->later_count].fn(r->later[r->later_count].arg);
}

void rig_run(struct rig *r)
{
	while (r->keep_count != 0)
		keep_answer(r);
	while (r->later_count != 0)
		later_run(r);
	while (r->append_count != 0 || r->done_count != 0 || r->soon) {
		size_t appends = r->append_count, done = r->done_count;

		for (size_t i = 0; i < appends; i++)
			append_finish(r, r->appends[i]);
		memmove(r->appends, r->appends + appends, (r->append_count -= appends) * sizeof r->appends[0]);
		if (done != 0)
			rig_file(r);
		for (size_t i = 0; i < done; i++)
			r->done[i](r->done_arg[i]);
		r->done_count = 0;
		if (r->soon) {
			r->soon = false;
			r->told++;
			store_account_tell(r->account);
		}
	}
}

struct mailbox_ref rig_mailbox(struct rig *r, const char *name)
{
	struct mailbox_ref ref = {{0}};

	ENSURE(r->mailboxes->ops->find(r->mailboxes, slice_str(name), &ref, NULL) == 0);
	return ref;
}

struct mailbox_status rig_status(struct rig *r, const char *name)
{
	struct mailbox_ref ref = rig_mailbox(r, name);
	struct mailbox_status status = {0};

	ENSURE(r->mailboxes->ops->status(r->mailboxes, &ref, &status, NULL) == 0);
	return status;
}

static void print_finding(void *arg, const char *text)
{
	fprintf(stderr, "# check: %s\n", text);
}

unsigned rig_check(struct rig *r)
{
	return store_account_check(r->account, true, print_finding, NULL);
}

/* ---- letters ---- */

static const char *const ENGLISH[] = {"the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "meeting", "tomorrow", "invoice", "budget",
	"please", "find", "attached", "regards", "quarter", "delivery", "schedule", "warehouse"};
static const char *const CHINESE[] = {"会议", "明天", "请查收", "附件", "预算", "季度", "报告", "客户", "合同", "发票", "北京", "上海", "系统", "邮件",
	"安全", "审批", "部门", "负责人", "仓库", "交货"};
static const char *const JAPANESE[] = {"会議", "お世話になって", "おります", "資料", "を", "添付", "しました", "ご確認", "ください", "よろしく", "カタカナ",
	"メール", "東京", "大阪", "納品", "請求書", "の", "は", "予定", "です"};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

struct slice rig_letter(struct arena *arena, size_t number)
{
	const char *const *words = number % 4 == 1 ? CHINESE : number % 4 == 3 ? JAPANESE : ENGLISH;
	uint32_t state = (uint32_t)number * 2654435761u + 7;
	struct buf b = BUF_INIT(65536);
	struct slice text;

	buf_printf(&b, "From: Sender %zu <s%zu@example.org>\r\nTo: r@example.org\r\nSubject: letter number %zu\r\n", number % 50, number % 50, number);
	buf_printf(&b, "Date: Mon, 1 Jan 2024 %02zu:%02zu:00 +0000\r\nMessage-ID: <m%zu@example.org>\r\n", number / 60 % 24, number % 60, number);
	if (number % 5 == 4)
		buf_printf(&b, "In-Reply-To: <m%zu@example.org>\r\n", number - 1);
	buf_append_str(&b, "Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n\r\n");
	while (buf_len(&b) < 3600) {
		for (unsigned i = 0; i < 9; i++) {
			buf_append_str(&b, words[next_random(&state) % 20]);
			if (words == ENGLISH)
				buf_append_byte(&b, ' ');
		}
		buf_printf(&b, " x%u\r\n", next_random(&state) % 100000);
	}
	text = arena_dup(arena, buf_slice(&b));
	buf_free(&b);
	return text;
}
