/* What leaves for other systems by way of the role ship: records behind the cursor of each receiver, heads for co-signers. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/hash.h"
#include "crypt/timestamp.h"
#include "role/audit.h"
#include "sys/file.h"

#define CURSORS_NAME "cursors"
#define CURSORS_MAX 65536      /* bytes of the file */
#define SINKS_MAX 32
#define LINES_BYTES 200000
#define NEVER_ASKED UINT64_MAX
#define STAMP_AGE_S 3600

enum feed_status { FEED_OK = 0, FEED_REFUSED = 1, FEED_NOTHING = 2 };
enum note_kind { NOTE_WITNESS = 0, NOTE_STAMP = 1 };

/* Everything below `next` is at the receiver. */
struct audit_cursor {
	uint64_t next;
	int64_t moved_ms;      /* mono, of the last answer */
};

/* ---- the file: lines of name, space, number ---- */

static void cursors_path(const struct audit_role *a, char path[AUDIT_PATH_SIZE + 64])
{
	snprintf(path, AUDIT_PATH_SIZE + 64, "%s/" CURSORS_NAME, a->directory);
}

static int save(const struct audit_role *a, struct error *err)
{
	char path[AUDIT_PATH_SIZE + 64];
	struct buf text = BUF_INIT(CURSORS_MAX);
	MAP_FOREACH(entry, (struct map *)(uintptr_t)&a->cursors) {
		const struct audit_cursor *c = entry->value;
		buf_append(&text, map_entry_key(entry));
		buf_printf(&text, " %llu\n", (unsigned long long)c->next);
	}
	cursors_path(a, path);
	int rc = text.failed ? error_set(err, ERR_LIMIT, "too many receivers") : file_write_atomic(path, buf_slice(&text), 0600, err);
	buf_free(&text);
	return rc;
}

int audit_feed_open(struct audit_role *a, struct error *err)
{
	char path[AUDIT_PATH_SIZE + 64];
	struct buf text = BUF_INIT(CURSORS_MAX);
	cursors_path(a, path);
	int rc = file_read(path, &text, err);
	struct slice rest = buf_slice(&text), line, name;
	uint64_t next;
	while (rc == 0 && slice_split(&rest, '\n', &line)) {
		slice_split(&line, ' ', &name);
		if (slice_to_u64(line, &next) < 0 || a->cursors.count >= SINKS_MAX)
			continue;
		struct audit_cursor *c = memory_alloc(sizeof *c);
		c->next = next < audit_store_size(a->store) ? next : audit_store_size(a->store);
		memory_free(map_put(&a->cursors, name, c));
	}
	buf_free(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Is it one of the configuration? The name is its first word. */
static bool is_sink(const struct audit_role *a, struct slice wanted)
{
	const struct config *c = a->ctx->config;
	for (size_t i = 0; i < c->audit_sinks.count; i++) {
		struct slice rest = c->audit_sinks.items[i], name;
		if (slice_split(&rest, ' ', &name) && slice_eq(name, wanted))
			return true;
	}
	return false;
}

/* A receiver that is new begins with what comes now. */
static struct audit_cursor *cursor_get(struct audit_role *a, struct slice sink)
{
	struct audit_cursor *c = map_get(&a->cursors, sink);
	if (c != NULL || !is_sink(a, sink) || a->cursors.count >= SINKS_MAX)
		return c;
	c = memory_alloc(sizeof *c);
	c->next = audit_store_size(a->store);
	map_put(&a->cursors, sink, c);
	(void)save(a, NULL);
	return c;
}

/* ---- records ---- */

struct reading {
	struct audit_role *role;
	struct ipc_call *call;
	struct audit_view *view;
	struct buf lines;
	uint64_t next, limit;
	int rc;
};

static int take(void *arg, const struct audit_item *item)
{
	struct reading *r = arg;
	if (r->limit == 0 || (buf_len(&r->lines) > 0 && buf_len(&r->lines) + item->text.n + 1 > LINES_BYTES))
		return 1;
	r->limit--;
	r->next = item->n + 1;
	if (item->text.n == 0)
		return 0;
	buf_append(&r->lines, item->text);
	buf_append_byte(&r->lines, '\n');
	return 0;
}

static void read_work(void *arg)
{
	struct reading *r = arg;
	r->rc = audit_view_walk(r->view, r->next, false, take, r, NULL);
}

static void read_done(void *arg)
{
	struct reading *r = arg;
	r->role->jobs--;
	ipc_reply(r->call, &(struct ipc_audit_read_reply){.status = r->rc < 0 ? FEED_REFUSED : FEED_OK, .next = r->next, .lines = buf_slice(&r->lines)});
	audit_view_free(&r->view);
	buf_free(&r->lines);
	memory_free(r);
}

static void on_read(void *arg, struct ipc_call *call, const void *message)
{
	struct audit_role *a = arg;
	const struct ipc_audit_read *m = message;
	struct audit_cursor *c = cursor_get(a, m->sink);
	if (c == NULL || a->stopping || c->next >= audit_store_size(a->store)) {
		ipc_reply(call, &(struct ipc_audit_read_reply){.status = c == NULL || a->stopping ? FEED_REFUSED : FEED_NOTHING});
		return;
	}
	struct reading *r = memory_alloc(sizeof *r);
	*r = (struct reading){.role = a, .call = call, .view = audit_view_create(a->store), .lines = BUF_INIT(LINES_BYTES + AUDIT_EXPORT_LINE_MAX),
		.next = c->next, .limit = m->limit};
	a->jobs++;
	loop_work(a->ctx->loop, read_work, read_done, r);
}

static void on_cursor(void *arg, struct ipc_call *call, const void *message)
{
	struct audit_role *a = arg;
	const struct ipc_audit_cursor *m = message;
	struct audit_cursor *c = map_get(&a->cursors, m->sink);
	uint8_t status = FEED_REFUSED;
	if (c != NULL && m->next >= c->next && m->next <= audit_store_size(a->store)) {
		c->next = m->next;
		c->moved_ms = audit_now_ms(a);
		status = save(a, NULL) == 0 ? FEED_OK : FEED_REFUSED;
	}
	ipc_reply(call, &(struct ipc_audit_cursor_reply){.status = status});
}

/* ---- heads ---- */

struct asking {
	struct audit_role *role;
	struct ipc_call *call;
	uint8_t kind;
	uint64_t have;
};

static void put_checkpoint(const struct audit_role *a, const struct audit_signed *head, uint64_t old, struct buf *out)
{
	struct audit_view *v = audit_view_create(a->store);
	struct audit_nodes nodes = audit_view_nodes(v);
	struct audit_proof proof;
	if (old <= head->size && audit_prove_consistency(&nodes, old, head->size, &proof) == 0) {
		buf_printf(out, "old %llu\n", (unsigned long long)old);
		for (unsigned i = 0; i < proof.count; i++) {
			base64_encode(slice_make(proof.hashes[i].b, AUDIT_HASH_SIZE), out);
			buf_append_byte(out, '\n');
		}
		buf_append_byte(out, '\n');
		buf_append(out, buf_slice(&head->note));
	}
	audit_view_free(&v);
}

static void put_stamp_request(const struct audit_signed *head, struct buf *out)
{
	struct audit_note n;
	uint8_t digest[HASH_SIZE];
	ENSURE(audit_note_parse(buf_slice(&head->note), &n) == 0);
	hash_sha256(n.body, digest);
	(void)timestamp_request(digest, out, NULL);
}

static void on_head(void *arg, const struct audit_signed *head)
{
	struct asking *s = arg;
	const struct audit_role *a = s->role;
	struct buf body = BUF_INIT(AUDIT_NOTE_MAX * 2);
	bool fresh_stamp = moment_unix(loop_now(a->ctx->loop)) - a->stamped_time < STAMP_AGE_S;
	bool nothing = head == NULL || (s->kind == NOTE_STAMP ? fresh_stamp || a->stamped_size == head->size
		: s->have == NEVER_ASKED && a->cosigned_size == head->size);
	if (!nothing && s->kind == NOTE_STAMP)
		put_stamp_request(head, &body);
	else if (!nothing)
		put_checkpoint(a, head, s->have == NEVER_ASKED ? a->cosigned_size : s->have, &body);
	ipc_reply(s->call, &(struct ipc_audit_note_reply){.status = nothing || buf_len(&body) == 0 ? FEED_NOTHING : FEED_OK,
		.size = head != NULL ? head->size : 0, .body = buf_slice(&body)});
	buf_free(&body);
	memory_free(s);
}

static void on_note(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_audit_note *m = message;
	struct asking *s = memory_alloc(sizeof *s);
	*s = (struct asking){arg, call, m->kind, m->have};
	audit_head_get(s->role, on_head, s);
}

static void on_cosign(void *arg, struct ipc_call *call, const void *message)
{
	struct audit_role *a = arg;
	const struct ipc_audit_cosign *m = message;
	struct error err = {0};
	struct slice name;
	int rc = m->kind == NOTE_STAMP ? audit_head_stamp(a, m->answer, m->size, &err) : audit_head_cosign(a, m->answer, m->size, &name, &err);
	if (rc < 0)
		log_event(EV_AUDIT_SINK, LOG_TEXT("name", m->name), LOG_STR("result", "refused"), LOG_STR("error", err.private_text));
	ipc_reply(call, &(struct ipc_audit_cosign_reply){.status = rc == 0 ? FEED_OK : FEED_REFUSED});
}

void audit_feed_setup(struct audit_role *a)
{
	struct ipc *ipc = a->ctx->ipc;
	ipc_handle(ipc, IPC_AUDIT_READ, on_read, a);
	ipc_handle(ipc, IPC_AUDIT_CURSOR, on_cursor, a);
	ipc_handle(ipc, IPC_AUDIT_NOTE, on_note, a);
	ipc_handle(ipc, IPC_AUDIT_COSIGN, on_cosign, a);
}

/* Names come from the configuration; what could break the JSON is left out. */
static void put_name(struct slice name, struct buf *out)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != '"' && name.p[i] != '\\')
			buf_append_byte(out, name.p[i]);
}

void audit_feed_status(const struct audit_role *a, struct buf *out)
{
	const char *comma = "";
	buf_append_str(out, ",\"sinks\":[");
	MAP_FOREACH(entry, (struct map *)(uintptr_t)&a->cursors) {
		const struct audit_cursor *c = entry->value;
		if (!is_sink(a, map_entry_key(entry)))
			continue;
		buf_printf(out, "%s{\"name\":\"", comma);
		put_name(map_entry_key(entry), out);
		buf_printf(out, "\",\"behind\":%llu}", (unsigned long long)(audit_store_size(a->store) - c->next));
		comma = ",";
	}
	buf_append_str(out, "]");
}
