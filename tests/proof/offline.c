#include "offline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"
#include "role/role.h"
#include "sys/file.h"

#define STDIN_MAX 65536
#define DAY_MS INT64_C(86400000)

void offline_die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("offline: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

const char *offline_path(struct offline *o, const char *below)
{
	return (const char *)arena_printf(&o->arena, "%s/%s", o->data, below).p;
}

struct slice offline_hex(struct offline *o, struct slice bytes)
{
	struct slice out = arena_printf(&o->arena, "%*s", (int)bytes.n * 2, "");
	for (size_t i = 0; i < bytes.n; i++)
		snprintf((char *)out.p + 2 * i, 3, "%02x", bytes.p[i]);
	return out;
}

sqlite3 *offline_database(const char *path, const uint8_t key[32])
{
	char text[128] = "PRAGMA cipher = 'aegis'; PRAGMA key = 'raw:";
	sqlite3 *db = NULL;
	size_t n = strlen(text);
	for (size_t i = 0; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%02x", key[i]);
	snprintf(text + n, sizeof text - n, "';");
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

struct slice offline_column(sqlite3_stmt *s, int column)
{
	const void *p = sqlite3_column_blob(s, column);
	return p == NULL ? SLICE_NONE : slice_make(p, (size_t)sqlite3_column_bytes(s, column));
}

static struct slice read_file(struct offline *o, const char *path, size_t max)
{
	struct buf b = BUF_INIT(max);
	struct error err = {0};
	if (file_read(path, &b, &err) != 0)
		offline_die("%s: %s", path, err.private_text);
	struct slice copy = arena_dup(&o->arena, buf_slice(&b));
	buf_free(&b);
	return copy;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void open_server(struct offline *o, const char *config, const char *data)
{
	struct config_problems problems = {.arena = ARENA_INIT};
	struct error err = {0};
	bool created = false;
	o->config = config_read(config, &problems);
	if (o->config == NULL)
		offline_die("%s cannot be read", config);
	o->data = data != NULL ? data : (const char *)o->config->data_dir.p;
	struct slice master = read_file(o, o->config->key_file.n > 0 ? (const char *)o->config->key_file.p : offline_path(o, "master.key"), 1024);
	if (master.n != sizeof o->master)
		offline_die("the master key has %zu bytes", master.n);
	memcpy(o->master, master.p, sizeof o->master);
	if (keystore_open(offline_path(o, ROLE_DIR_KEY), o->master, now_ms(), &created, &o->keystore, &err) != 0 || created)
		offline_die("key store: %s", err.private_text);
	const uint8_t *key = keystore_key(o->keystore, SLICE("database directory"));
	o->directory = offline_database(offline_path(o, ROLE_DIR_DIRECTORY "/directory.db"), key);
	o->spool = offline_database(offline_path(o, ROLE_DIR_SPOOL "/spool.db"), keystore_key(o->keystore, SLICE("database spool")));
	if (o->directory == NULL || o->spool == NULL)
		offline_die("directory.db or spool.db does not open");
	struct slice tls = read_file(o, (const char *)o->config->tls_key.p, 65536);
	for (size_t i = 0; i + 32 <= tls.n; i++)
		if (i % 16 == 0)
			offline_key_add(o, tls.p + i, "tls.key, byte %zu", i);
}

static uint64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		offline_die("%s: %s", sql, sqlite3_errmsg(db));
	uint64_t n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* What queue and key do when the last job of an epoch is done: a new pair, and the old private halves are destroyed. */
static void end_epochs(struct offline *o)
{
	uint32_t epoch = 0, dropped = 0;
	uint8_t public_key[32];
	struct error err = {0};
	uint64_t oldest = number(o->spool, "SELECT coalesce(min(epoch), 0) FROM message WHERE epoch > 0");
	if (keystore_epoch(o->keystore, true, now_ms() + 2 * DAY_MS, &epoch, public_key, &err) != 0 ||
	    keystore_epoch_drop(o->keystore, 0, oldest > 0 && oldest < epoch ? (uint32_t)oldest : epoch, &dropped, &err) != 0)
		offline_die("epochs: %s", err.private_text);
	printf("{\"dropped\":%u,\"epoch\":%u}\n", dropped, epoch);
}

static struct slice read_stdin(struct offline *o)
{
	uint8_t *room = arena_alloc(&o->arena, STDIN_MAX);
	size_t n = fread(room, 1, STDIN_MAX, stdin);
	return slice_make(room, n);
}

static void print_summary(struct offline *o)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"accounts", number(o->directory, "SELECT count(*) FROM account")}, {"keys", o->key_count}, {"wraps", o->wraps},
		{"wraps_open", o->wraps_open}, {"records", o->records}, {"entries", o->entries}, {"readable", o->readable},
		{"databases", o->databases}, {"databases_open", o->databases_open}, {"waiting", o->waiting},
		{"sessions", o->sessions}, {"sessions_open", o->sessions_open}, {"factors", o->factors}, {"factors_open", o->factors_open},
		{"shares", o->shares}, {"shares_open", o->shares_open},
	};
	printf("{\"summary\":true");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		printf(",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].value);
	puts("}");
}

static void attack(struct offline *o)
{
	o->passwords = read_stdin(o);
	offline_take_keys(o);
	offline_try_wraps(o);
	offline_try_auth(o);
	offline_try_packs(o);
	offline_try_databases(o);
	o->waiting = number(o->spool, "SELECT count(DISTINCT record) FROM outbound WHERE state = 0");
	print_summary(o);
}

/* offline CONFIG [DATA] reads passwords from stdin; offline --end-epochs CONFIG [DATA]. */
int main(int argc, char **argv)
{
	struct offline o = {.arena = ARENA_INIT};
	bool ending = argc > 1 && strcmp(argv[1], "--end-epochs") == 0;
	argv += ending;
	argc -= ending;
	if (argc < 2 || argc > 3)
		offline_die("usage: offline [--end-epochs] CONFIG [DATA]");
	crypt_init();
	slab_setup(OFFLINE_WRAPS_MAX);
	o.keys = memory_alloc(OFFLINE_KEYS_MAX * sizeof *o.keys);
	o.opened = memory_alloc(OFFLINE_WRAPS_MAX * sizeof *o.opened);
	open_server(&o, argv[1], argc > 2 ? argv[2] : NULL);
	if (ending)
		end_epochs(&o);
	else
		attack(&o);
	return 0;
}
