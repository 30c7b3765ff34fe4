/*
 * What somebody with the disk and the master key can do to the audit log: he reads it, changes, removes, turns round or drops records, builds
 * a new tree, and signs its head with the log's own key. Used by tests/system/test_audit.py to show that only what left the machine tells.
 *
 *   rewrite MASTER-KEY-FILE DATA-DIRECTORY ORIGIN change TEXT REPLACEMENT   (of the same length, in every record; the server is stopped)
 *   rewrite … remove RECORD | swap RECORD (with the next one) | cut RECORD (this one and all behind it)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/record.h"
#include "audit/store.h"
#include "auth/keystore.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "sys/file.h"

#define GROUP 100

struct rewrite {
	struct audit_store *to;
	struct audit_group group;
	const char *text, *replacement; /* of CHANGE */
	enum { CHANGE, REMOVE, SWAP, CUT } how;
	uint64_t record, at;            /* the one that is removed, …; where we are */
	struct buf kept;                /* one that goes behind the next */
	unsigned changed;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "rewrite: %s\n", what);
	exit(1);
}

static void flush(struct rewrite *w)
{
	if (w->group.count == 0)
		return;
	if (audit_store_append(w->to, &w->group, NULL) != 0)
		die("the new log cannot be written");
	audit_store_publish(w->to, &w->group);
	audit_group_free(&w->group);
	audit_group_init(&w->group);
}

static void add(struct rewrite *w, struct slice record)
{
	audit_group_add(&w->group, record, 0);
	if (w->group.count == GROUP)
		flush(w);
}

static void change(struct rewrite *w, struct buf *record)
{
	ptrdiff_t at;
	while ((at = slice_search(buf_slice(record), slice_str(w->text))) >= 0) {
		memcpy(record->data + record->start + at, w->replacement, strlen(w->replacement));
		w->changed++;
	}
}

static int take(void *arg, const struct audit_item *item)
{
	struct rewrite *w = arg;
	struct buf record = BUF_INIT(AUDIT_TEXT_MAX);
	uint64_t at = w->at++;
	bool here = w->how != CHANGE && at == w->record, left_out = here || (w->how == CUT && at > w->record);
	buf_append(&record, item->text);
	if (w->how == CHANGE)
		change(w, &record);
	if (here && w->how == SWAP)
		buf_append(&w->kept, item->text);
	w->changed += left_out;
	if (!left_out)
		add(w, buf_slice(&record));
	if (w->how == SWAP && at == w->record + 1)
		add(w, buf_slice(&w->kept));
	buf_free(&record);
	return 0;
}

static void choose(struct rewrite *w, int argc, char **argv)
{
	static const char *const names[] = {"change", "remove", "swap", "cut"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (argc > 5 && strcmp(argv[4], names[i]) == 0)
			w->how = i;
	if (argc != (w->how == CHANGE ? 7 : 6) || (w->how == CHANGE && strlen(argv[5]) != strlen(argv[6])))
		die("arguments");
	if (w->how != CHANGE && slice_to_u64(slice_str(argv[5]), &w->record) != 0)
		die("not a number");
	w->text = argv[5];
	w->replacement = w->how == CHANGE ? argv[6] : NULL;
}

static void write_head(const struct audit_store *store, const char *directory, const char *origin, const uint8_t *seed)
{
	struct audit_head head = {.origin = slice_str(origin), .size = audit_store_size(store), .time = (int64_t)time(NULL)};
	struct audit_key key = {.name = slice_str(origin), .kind = AUDIT_KEY_LOG};
	struct buf body = BUF_INIT(AUDIT_NOTE_MAX), note = BUF_INIT(AUDIT_NOTE_MAX);
	char path[4300];
	audit_store_root(store, &head.root);
	ed25519_public(seed, key.public_key);
	audit_head_print(&head, &body);
	buf_append(&note, buf_slice(&body));
	buf_append_byte(&note, '\n');
	audit_note_sign(buf_slice(&body), &key, seed, 0, &note);
	buf_append_byte(&note, '\n');
	snprintf(path, sizeof path, "%s/heads", directory);
	if (file_write_atomic(path, buf_slice(&note), 0600, NULL) != 0)
		die("the new head cannot be written");
	buf_free(&body);
	buf_free(&note);
}

static struct keystore *open_keys(const char *master_file, const char *data)
{
	struct buf master = BUF_INIT(64);
	struct keystore *keys = NULL;
	struct error err = {0};
	char path[4300];
	bool created;
	snprintf(path, sizeof path, "%s/key", data);
	if (file_read(master_file, &master, &err) != 0 || buf_len(&master) != KEYSTORE_KEY_SIZE
	    || keystore_open(path, buf_slice(&master).p, 0, &created, &keys, &err) != 0)
		die(err.private_text);
	return keys;
}

int main(int argc, char **argv)
{
	struct audit_store *from;
	struct audit_opened opened;
	struct error err = {0};
	char old[4200], fresh[4200];
	struct rewrite w = {.kept = BUF_INIT(AUDIT_TEXT_MAX)};
	choose(&w, argc, argv);
	crypt_init();
	struct keystore *keys = open_keys(argv[1], argv[2]);
	const uint8_t *key = keystore_key(keys, SLICE("database audit")), *seed = keystore_key(keys, SLICE("audit head"));
	snprintf(old, sizeof old, "%s/audit", argv[2]);
	snprintf(fresh, sizeof fresh, "%s/audit.new", argv[2]);
	audit_group_init(&w.group);
	if (file_make_dir(fresh, 0700, &err) != 0 || audit_store_open(old, key, NULL, NULL, &from, &opened, &err) != 0
	    || audit_store_open(fresh, key, NULL, NULL, &w.to, &opened, &err) != 0)
		die(err.private_text);
	struct audit_view *view = audit_view_create(from);
	if (audit_view_walk(view, 0, false, take, &w, &err) != 0)
		die(err.private_text);
	flush(&w);
	write_head(w.to, fresh, argv[3], seed);
	buf_free(&w.kept);
	printf("%llu records, %u places changed\n", (unsigned long long)audit_store_size(w.to), w.changed);
	audit_view_free(&view);
	audit_store_close(&from);
	audit_store_close(&w.to);
	keystore_close(&keys);
	return 0;
}
