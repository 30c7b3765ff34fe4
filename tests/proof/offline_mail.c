#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "auth/secrets.h"
#include "base/memory.h"
#include "crypt/kx.h"
#include "offline.h"
#include "queue/entry.h"
#include "role/role.h"
#include "store/pack.h"
#include "store/seal.h"
#include "sys/file.h"

#define HEADER_SHOWN 65536

/* ---- records ---- */

struct record {
	struct offline *o;
	struct pack_reader *reader;
	struct place place;
	uint64_t size;
	bool waiting, read;
};

static int read_record(void *arg, uint64_t offset, void *p, size_t n)
{
	struct record *r = arg;
	return pack_read(r->reader, &r->place, offset, p, n, NULL);
}

static struct slice subject_of(struct slice header)
{
	struct slice line;
	while (slice_split(&header, '\n', &line))
		if (slice_starts_nocase(line, SLICE("subject:")))
			return slice_trim(slice_from(line, 8));
	return SLICE_NONE;
}

/* It opened: shows that its text can really be read. */
static void show(struct record *r, struct sealed *sealed, enum reader_kind kind, const char *how)
{
	struct buf text = BUF_INIT(HEADER_SHOWN);
	struct offline *o = r->o;
	if (sealed_read(sealed, 0, sealed_header_size(sealed) < HEADER_SHOWN ? sealed_header_size(sealed) : HEADER_SHOWN, &text, NULL) != 0)
		offline_die("pack %u record %u opens, but cannot be read", r->place.pack, r->place.ordinal);
	struct slice subject = offline_hex(o, subject_of(buf_slice(&text)));
	printf("{\"pack\":%u,\"ordinal\":%u,\"kind\":%d,\"waiting\":%s,\"how\":\"%s\",\"subject\":\"%.*s\"}\n", r->place.pack, r->place.ordinal,
	       (int)kind, r->waiting ? "true" : "false", how, SLICE_ARG(subject));
	r->read = true;
	buf_free(&text);
}

static void try_pair(struct record *r, const struct seal_face_reader *reader, const uint8_t secret[32], const char *how)
{
	struct seal_source source = {.read = read_record, .arg = r, .size = r->size};
	struct seal_reader_key key = {.generation = reader->generation, .secret_key = secret};
	struct arena arena = ARENA_INIT;
	struct filing_note note;
	struct sealed *sealed = NULL;
	kx_public(secret, key.public_key);
	if (sealed_open(&source, reader->kind, reader->account, &key, 1, &arena, &note, &sealed, NULL) == 0)
		show(r, sealed, reader->kind, how);
	sealed_close(&sealed);
	arena_free(&arena);
}

static void try_data_key(struct record *r, const struct offline_key *key)
{
	struct seal_source source = {.read = read_record, .arg = r, .size = r->size};
	struct sealed *sealed = NULL;
	if (sealed_open_with_key(&source, key->bytes, &sealed, NULL) == 0)
		show(r, sealed, READER_OUTBOUND, key->name);
	sealed_close(&sealed);
}

static void try_reader(struct record *r, const struct seal_face_reader *reader)
{
	struct offline *o = r->o;
	for (size_t i = 0; i < o->key_count; i++)
		try_pair(r, reader, o->keys[i].bytes, o->keys[i].name);
	for (size_t i = 0; i < o->opened_count; i++)
		for (size_t g = 0; g < o->opened[i].secrets.count; g++) {
			uint8_t public_key[32], secret[32];
			secrets_pair(&o->opened[i].secrets.items[g], public_key, secret);
			if (o->opened[i].secrets.items[g].generation == reader->generation && memcmp(o->opened[i].account, reader->account, 16) == 0)
				try_pair(r, reader, secret, o->opened[i].how);
		}
}

static bool is_waiting(struct offline *o, const struct place *place)
{
	sqlite3_stmt *s = NULL;
	bool found = false;
	if (sqlite3_prepare_v2(o->spool, "SELECT 1 FROM outbound WHERE record = ? AND state = 0", -1, &s, NULL) != SQLITE_OK)
		offline_die("%s", sqlite3_errmsg(o->spool));
	sqlite3_bind_int64(s, 1, (int64_t)((uint64_t)place->pack << 32 | place->ordinal));
	found = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_finalize(s);
	return found;
}

static void try_record(struct record *r, uint64_t seq)
{
	struct offline *o = r->o;
	struct buf sealed = BUF_INIT(PACK_ENTRY_MAX);
	struct arena arena = ARENA_INIT;
	struct entry entry;
	struct error err = {0};
	r->waiting = is_waiting(o, &r->place);
	if (pack_read_entry(r->reader, &r->place, &sealed, &err) != 0 ||
	    entry_open(buf_slice(&sealed), &r->place, seq, keystore_key(o->keystore, SLICE("database jobs")), &arena, &entry, &err) != 0)
		offline_die("entry: %s", err.private_text);
	o->entries++;
	for (size_t i = 0; i < entry.reader_count; i++)
		try_reader(r, &entry.readers[i]);
	for (size_t i = 0; i < o->key_count; i++)
		try_data_key(r, &o->keys[i]);
	o->records++;
	o->readable += r->read;
	buf_free(&sealed);
	arena_free(&arena);
}

struct scan {
	struct offline *o;
	struct pack_reader *reader;
};

static int on_record(void *arg, enum pack_finding finding, const struct pack_record *found)
{
	struct scan *scan = arg;
	struct record r = {.o = scan->o, .reader = scan->reader, .size = found->record_size,
		.place = {.pack = found->pack, .ordinal = found->ordinal, .offset = found->offset}};
	if (finding == PACK_FINDING_RECORD)
		try_record(&r, found->seq);
	return 0;
}

void offline_try_packs(struct offline *o)
{
	const char *directory = offline_path(o, ROLE_DIR_PACKS);
	struct error err = {0};
	struct scan scan = {.o = o, .reader = pack_reader_open(directory, 0, &err)};
	uint32_t *packs = NULL;
	size_t count = 0;
	if (scan.reader == NULL || pack_list(directory, &packs, &count, &err) != 0)
		offline_die("packs: %s", err.private_text);
	for (size_t i = 0; i < count; i++) {
		char name[PACK_NAME_SIZE];
		pack_name(packs[i], name);
		int fd = open((const char *)arena_printf(&o->arena, "%s/%s", directory, name).p, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || pack_scan(fd, packs[i], 0, true, on_record, &scan, NULL, &err) != 0)
			offline_die("pack %u: %s", packs[i], err.private_text);
		file_close(&fd);
	}
	memory_free(packs);
	pack_reader_close(&scan.reader);
}

/* ---- databases of accounts ---- */

static bool database_opens(const char *path, const uint8_t key[32])
{
	sqlite3 *db = offline_database(path, key);
	bool open = db != NULL;
	sqlite3_close(db);
	return open;
}

static const char *database_key(struct offline *o, const char *path, struct slice account)
{
	for (size_t i = 0; i < o->key_count; i++)
		if (database_opens(path, o->keys[i].bytes))
			return o->keys[i].name;
	for (size_t i = 0; i < o->opened_count; i++)
		for (size_t g = 0; g < o->opened[i].secrets.count; g++) {
			uint8_t key[32];
			secrets_database_key(&o->opened[i].secrets.items[g], key);
			if (slice_eq(offline_hex(o, slice_make(o->opened[i].account, 16)), account) && database_opens(path, key))
				return o->opened[i].how;
		}
	return NULL;
}

static void try_database(struct offline *o, const char *path, struct slice account)
{
	const char *how = database_key(o, path, account);
	o->databases++;
	if (how == NULL)
		return;
	o->databases_open++;
	printf("{\"database\":\"%.*s\",\"how\":\"%s\"}\n", SLICE_ARG(account), how);
}

static void try_bucket(struct offline *o, unsigned bucket)
{
	struct slice folder = arena_printf(&o->arena, "%s/" ROLE_DIR_ACCOUNTS "/%02x", o->data, bucket);
	DIR *dir = opendir((const char *)folder.p);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.')
			try_database(o, (const char *)arena_printf(&o->arena, "%.*s/%s/account.db", SLICE_ARG(folder), e->d_name).p,
			             arena_dup(&o->arena, slice_str(e->d_name)));
	if (dir != NULL)
		closedir(dir);
}

void offline_try_databases(struct offline *o)
{
	for (unsigned bucket = 0; bucket < 256; bucket++)
		try_bucket(o, bucket);
}
