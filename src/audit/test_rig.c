#include "audit/test_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/record.h"
#include "audit/redact.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"

#define WALL_MS INT64_C(1763772736000)

void audit_rig_create(struct audit_rig *rig)
{
	*rig = (struct audit_rig){.log_key_text = BUF_INIT(AUDIT_KEY_TEXT_MAX), .witness_text = BUF_INIT(AUDIT_KEY_TEXT_MAX)};
	crypt_init();
	snprintf(rig->directory, sizeof rig->directory, "/tmp/letterlock-audit-XXXXXX");
	ENSURE(mkdtemp(rig->directory) != NULL);
	memset(rig->key, 7, sizeof rig->key);
	memset(rig->seed, 8, sizeof rig->seed);
	memset(rig->witness_seed, 9, sizeof rig->witness_seed);
	rig->log_key = (struct audit_key){.name = SLICE("mail.example.org/audit"), .kind = AUDIT_KEY_LOG};
	rig->witness = (struct audit_key){.name = SLICE("witness.example.net"), .kind = AUDIT_KEY_WITNESS};
	ed25519_public(rig->seed, rig->log_key.public_key);
	ed25519_public(rig->witness_seed, rig->witness.public_key);
	audit_key_print(&rig->log_key, &rig->log_key_text);
	audit_key_print(&rig->witness, &rig->witness_text);
	ENSURE(audit_rig_open(rig, NULL, NULL, NULL) == 0);
}

int audit_rig_open(struct audit_rig *rig, audit_item_fn *fn, void *arg, struct audit_opened *ret)
{
	struct audit_opened opened;
	struct error err = {0};
	audit_store_close(&rig->store);
	return audit_store_open(rig->directory, rig->key, fn, arg, &rig->store, ret != NULL ? ret : &opened, &err);
}

void audit_rig_free(struct audit_rig *rig)
{
	char path[400];
	audit_store_close(&rig->store);
	DIR *dir = opendir(rig->directory);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		snprintf(path, sizeof path, "%s/%s", rig->directory, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(dir);
	rmdir(rig->directory);
	buf_free(&rig->log_key_text);
	buf_free(&rig->witness_text);
}

void audit_rig_record(uint64_t n, struct buf *out)
{
	static const struct audit_origin origin = {"client", 0, 1};
	uint8_t salt[AUDIT_SALT_SIZE] = {0};
	struct buf wire = BUF_INIT(AUDIT_WIRE_MAX);
	struct audit_event e;
	bool mail = n % 2 == 1;
	memcpy(salt, &n, sizeof n);
	audit_event_encode(n, WALL_MS + (int64_t)n, mail ? EV_SMTP_ACCEPTED : EV_LOGIN_OK,
		mail ? (const struct log_field[]){LOG_STR("from", "amy@example.org"), LOG_STR("to", "bob@example.net"), LOG_NUM("size", n), LOG_END}
		     : (const struct log_field[]){LOG_STR("user", "amy@example.org"), LOG_STR("ip", "192.0.2.1"), LOG_END}, &wire);
	struct slice in = buf_slice(&wire);
	ENSURE(audit_event_decode(&in, &e) == 0);
	audit_record_print(n, &origin, salt, &e, out);
	buf_free(&wire);
}

void audit_rig_append(struct audit_rig *rig, unsigned count)
{
	struct audit_group g;
	struct error err = {0};
	audit_group_init(&g);
	for (unsigned i = 0; i < count; i++) {
		struct buf record = BUF_INIT(AUDIT_TEXT_MAX);
		uint64_t n = audit_store_size(rig->store) + i;
		audit_rig_record(n, &record);
		audit_group_add(&g, buf_slice(&record), WALL_MS + (int64_t)n);
		buf_free(&record);
	}
	ENSURE(audit_store_append(rig->store, &g, &err) == 0);
	audit_store_publish(rig->store, &g);
	audit_group_free(&g);
}

void audit_rig_head(struct audit_rig *rig, bool cosigned, struct buf *out)
{
	struct audit_head head = {.origin = rig->log_key.name, .size = audit_store_size(rig->store), .time = WALL_MS / 1000};
	struct buf body = BUF_INIT(AUDIT_NOTE_MAX);
	audit_store_root(rig->store, &head.root);
	audit_head_print(&head, &body);
	buf_append(out, buf_slice(&body));
	buf_append_byte(out, '\n');
	audit_note_sign(buf_slice(&body), &rig->log_key, rig->seed, 0, out);
	if (cosigned)
		audit_note_sign(buf_slice(&body), &rig->witness, rig->witness_seed, WALL_MS / 1000 + 5, out);
	buf_free(&body);
}

static int export_item(void *arg, const struct audit_item *item)
{
	void **args = arg;
	if (item->n >= *(uint64_t *)args[1])
		return 1;
	struct buf redacted = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	if (args[2] != NULL && item->text.n > 0 && audit_redact(item->text, args[2], &redacted))
		audit_export_redacted(item, buf_slice(&redacted), args[0]);
	else
		audit_export_item(item, args[0]);
	buf_free(&redacted);
	return 0;
}

static void export_run(struct audit_rig *rig, uint64_t first, uint64_t end, const uint8_t *key, struct buf *out)
{
	struct slice witness = buf_slice(&rig->witness_text);
	struct audit_export e = {.origin = rig->log_key.name, .key = buf_slice(&rig->log_key_text), .witnesses = &witness, .witness_count = 1,
		.first = first, .end = end, .size = audit_store_size(rig->store), .anonymised = key != NULL};
	struct audit_view *v = audit_view_create(rig->store);
	struct audit_nodes nodes = audit_view_nodes(v);
	struct audit_frontier left;
	struct audit_proof right;
	struct buf head = BUF_INIT(AUDIT_NOTE_MAX);
	void *args[] = {out, &end, (void *)(uintptr_t)key};
	ENSURE(audit_frontier_load(&nodes, first, &left) == 0);
	ENSURE(audit_prove_right(&nodes, end, e.size, &right) == 0);
	audit_rig_head(rig, true, &head);
	audit_export_begin(&e, &left, out);
	ENSURE(audit_view_walk(v, first, false, export_item, args, NULL) >= 0);
	audit_export_finish(&e, &right, buf_slice(&head), SLICE("stamp"), out);
	audit_view_free(&v);
	buf_free(&head);
}

void audit_rig_export(struct audit_rig *rig, uint64_t first, uint64_t end, struct buf *out)
{
	export_run(rig, first, end, NULL, out);
}

void audit_rig_export_anonymised(struct audit_rig *rig, uint64_t first, uint64_t end, struct buf *out)
{
	static const uint8_t key[AUDIT_REDACT_KEY_SIZE] = "a key of pseudonyms";
	export_run(rig, first, end, key, out);
}
