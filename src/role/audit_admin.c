/* AUDIT_ADMIN: heads, lists, proofs, exports, traces. Every look is recorded. */
#include "role/audit_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/redact.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/timestamp.h"

#define EXPORT_PAGE_BYTES 120000 /* of canonical text; as JSON string it may grow */
#define FILTERS_SHOWN 400

/* ---- arguments and results ---- */

void audit_op_fail(struct audit_op *op, enum admin_status status, const char *text)
{
	op->status = status;
	json_object_clear(op->result);
	json_object_set_new(op->result, "error", json_string(text));
}

struct slice audit_op_text(const struct audit_op *op, const char *name)
{
	const json_t *value = json_object_get(op->args, name);
	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

uint64_t audit_op_number(const struct audit_op *op, const char *name, uint64_t missing)
{
	const json_t *value = json_object_get(op->args, name);
	return json_is_integer(value) && json_integer_value(value) >= 0 ? (uint64_t)json_integer_value(value) : missing;
}

void audit_op_set_text(struct audit_op *op, const char *name, struct slice text)
{
	json_object_set_new(op->result, name, json_stringn(text.n > 0 ? (const char *)text.p : "", text.n));
}

void audit_op_set_number(struct audit_op *op, const char *name, uint64_t value)
{
	json_object_set_new(op->result, name, json_integer((json_int_t)value));
}

/* ---- the head and the state ---- */

static void set_witnesses(struct audit_op *op)
{
	struct slice texts[AUDIT_WITNESSES_MAX];
	struct audit_key keys[AUDIT_WITNESSES_MAX];
	size_t count = audit_witness_keys(op->role, texts, keys);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_stringn((const char *)texts[i].p, texts[i].n));
	json_object_set_new(op->result, "witnesses", list);
}

static void finish_head(struct audit_op *op)
{
	const struct audit_role *a = op->role;
	struct buf root = BUF_INIT(64);
	base64_encode(slice_make(op->head->root.b, AUDIT_HASH_SIZE), &root);
	audit_op_set_number(op, "size", op->head->size);
	audit_op_set_number(op, "time", (uint64_t)op->head->time);
	audit_op_set_text(op, "root", buf_slice(&root));
	audit_op_set_text(op, "key", buf_slice(&a->key_text));
	audit_op_set_text(op, "note", buf_len(&op->head->cosigned) > 0 ? buf_slice(&op->head->cosigned) : buf_slice(&op->head->note));
	set_witnesses(op);
	buf_free(&root);
}

static void finish_status(struct audit_op *op)
{
	const struct audit_role *a = op->role;
	const struct config *c = a->ctx->config;
	const struct audit_signed *head = a->head_count > 0 ? &a->heads[a->head_count - 1] : NULL;
	audit_op_set_number(op, "size", audit_store_size(a->store));
	audit_op_set_text(op, "key", buf_slice(&a->key_text));
	json_object_set_new(op->result, "writable", json_boolean(a->failing_since == 0 && !a->broken));
	json_object_set_new(op->result, "trusted", json_boolean(!a->broken));
	audit_op_set_text(op, "problem", slice_str(a->why));
	audit_op_set_number(op, "head_size", head != NULL ? head->size : 0);
	audit_op_set_number(op, "head_time", head != NULL ? (uint64_t)head->time : 0);
	json_object_set_new(op->result, "outside", json_boolean(audit_has_outside(a)));
	if (!audit_has_outside(a))
		audit_op_set_text(op, "warning", SLICE("Nobody outside knows this log: who has the disk and the master key can rewrite it unseen. "
			"Set audit.cosigners, audit.timestamp_url or audit.sinks."));
	audit_op_set_number(op, "cosigned_size", a->cosigned_size);
	audit_op_set_number(op, "cosigned_time", (uint64_t)a->cosigned_time);
	audit_op_set_number(op, "stamped_size", a->stamped_size);
	audit_op_set_number(op, "stamped_time", (uint64_t)a->stamped_time);
	audit_op_set_number(op, "keep_days", (uint64_t)(c->audit_keep / HOURS_MS(24)));
	audit_op_set_number(op, "keep_mail_days", (uint64_t)(c->audit_keep_mail / HOURS_MS(24)));
	struct buf sinks = BUF_INIT(ADMIN_JSON_MAX);
	buf_append_str(&sinks, "{\"x\":0");
	audit_feed_status(a, &sinks);
	buf_append_str(&sinks, "}");
	json_t *parsed = json_loadb((const char *)buf_slice(&sinks).p, buf_len(&sinks), 0, NULL);
	json_object_set(op->result, "sinks", json_object_get(parsed, "sinks"));
	json_decref(parsed);
	buf_free(&sinks);
}

static void finish_metrics(struct audit_op *op)
{
	struct buf text = BUF_INIT(AUDIT_ANSWER_BYTES);
	audit_metrics_print(op->role->metrics, &text);
	buf_printf(&text, "# HELP letterlock_audit_chain_ok the log is the one that was signed and can be written\n# TYPE letterlock_audit_chain_ok gauge\n"
		"letterlock_audit_chain_ok %d\n", op->role->failing_since == 0 && !op->role->broken);
	audit_op_set_text(op, "text", buf_slice(&text));
	buf_free(&text);
}

bool audit_has_outside(const struct audit_role *a)
{
	const struct config *c = a->ctx->config;
	return c->audit_sinks.count > 0 || c->audit_cosigners.count > 0 || c->audit_timestamp_url.n > 0;
}

/* ---- proofs ---- */

struct fetch {
	struct arena *arena;
	struct slice text;
	bool found;
};

static int take_one(void *arg, const struct audit_item *item)
{
	struct fetch *f = arg;
	f->found = item->text.n > 0;
	f->text = arena_dup(f->arena, item->text);
	return 1;
}

static void print_proof(struct audit_op *op, enum audit_proof_kind kind, uint64_t index, const struct audit_proof *proof, struct slice record)
{
	struct buf text = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	audit_proof_print(kind, buf_slice(&op->role->key_text), index, op->head->size, proof, record, buf_slice(&op->head->note), &text);
	audit_op_set_text(op, "text", buf_slice(&text));
	audit_op_set_number(op, "size", op->head->size);
	buf_free(&text);
}

static void prove_record(struct audit_op *op, uint64_t index)
{
	struct audit_nodes nodes = audit_view_nodes(op->view);
	struct fetch f = {.arena = &op->arena};
	struct audit_proof proof;
	if (index >= op->head->size || audit_prove_inclusion(&nodes, index, op->head->size, &proof) < 0) {
		audit_op_fail(op, ADMIN_NOT_FOUND, "There is no such record.");
	} else if (audit_view_walk(op->view, index, false, take_one, &f, &op->err) < 0) {
		audit_op_fail(op, ADMIN_FAILED, op->err.private_text);
	} else if (!f.found) {
		audit_op_fail(op, ADMIN_NOT_FOUND, "This record was removed at the end of its retention; its hash stays in the log.");
	} else {
		print_proof(op, AUDIT_INCLUSION, index, &proof, f.text);
	}
}

static void work_prove(struct audit_op *op)
{
	struct audit_nodes nodes = audit_view_nodes(op->view);
	struct audit_proof proof;
	uint64_t old = audit_op_number(op, "old_size", UINT64_MAX);
	if (json_object_get(op->args, "record") != NULL)
		prove_record(op, audit_op_number(op, "record", 0));
	else if (old > op->head->size || audit_prove_consistency(&nodes, old, op->head->size, &proof) < 0)
		audit_op_fail(op, ADMIN_INVALID, "Name a record, or the size of an older head.");
	else
		print_proof(op, AUDIT_CONSISTENCY, old, &proof, SLICE_NONE);
}

/* ---- export ---- */

#define PSEUDONYMS_SIZE 16 /* random bytes and as many of a MAC over them */

struct page {
	struct audit_op *op;
	struct buf text;
	uint64_t end;
	bool anonymised;
	uint8_t key[AUDIT_REDACT_KEY_SIZE];
};

/* The name of an export's pseudonyms: its key is made from it by a secret of this run, so that the name tells nobody anything. */
static void pseudonyms_print(const struct audit_role *a, const uint8_t random[PSEUDONYMS_SIZE], struct buf *out)
{
	uint8_t both[2 * PSEUDONYMS_SIZE], mac[HASH_SIZE];
	memcpy(both, random, PSEUDONYMS_SIZE);
	hash_keyed(slice_make(random, PSEUDONYMS_SIZE), a->pseudonyms, mac);
	memcpy(both + PSEUDONYMS_SIZE, mac, PSEUDONYMS_SIZE);
	hex_encode(slice_make(both, sizeof both), out);
}

static void page_anonymise(struct page *p)
{
	struct audit_op *op = p->op;
	struct slice given = audit_op_text(op, "pseudonyms");
	uint8_t random[PSEUDONYMS_SIZE];
	struct buf bytes = BUF_INIT(2 * PSEUDONYMS_SIZE), text = BUF_INIT(4 * PSEUDONYMS_SIZE);
	p->anonymised = given.n > 0 || json_is_true(json_object_get(op->args, "anonymise"));
	if (!p->anonymised)
		return;
	random_bytes(random, sizeof random);
	if (given.n > 0 && hex_decode(given, &bytes) == 0 && buf_len(&bytes) == 2 * PSEUDONYMS_SIZE)
		memcpy(random, buf_slice(&bytes).p, sizeof random);
	pseudonyms_print(op->role, random, &text);
	if (given.n > 0 && !slice_eq(given, buf_slice(&text)))
		audit_op_fail(op, ADMIN_INVALID, "The pseudonyms of this export are not known any more: begin it anew.");
	audit_op_set_text(op, "pseudonyms", buf_slice(&text));
	hash_keyed(buf_slice(&text), op->role->pseudonyms, p->key);
	buf_free(&bytes);
	buf_free(&text);
}

static void page_put(struct page *p, const struct audit_item *item)
{
	struct buf redacted = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	if (p->anonymised && item->text.n > 0 && audit_redact(item->text, p->key, &redacted))
		audit_export_redacted(item, buf_slice(&redacted), &p->text);
	else
		audit_export_item(item, &p->text);
	buf_free(&redacted);
}

static int page_item(void *arg, const struct audit_item *item)
{
	struct page *p = arg;
	if (item->n >= p->end || buf_len(&p->text) > EXPORT_PAGE_BYTES)
		return 1;
	page_put(p, item);
	p->op->next = item->n + 1;
	return 0;
}

/* The beginning of the first page, the end of the last one; everything refers to the head of the size that the first page named. */
static int page_fill(struct page *p, const struct audit_export *e, uint64_t at)
{
	struct audit_op *op = p->op;
	struct audit_nodes nodes = audit_view_nodes(op->view);
	struct audit_frontier left;
	struct audit_proof right;
	const struct audit_signed *h = op->head;
	int rc = 0;
	if (at == e->first && (rc = audit_frontier_load(&nodes, e->first, &left)) == 0)
		audit_export_begin(e, &left, &p->text);
	op->next = at;
	if (rc == 0 && at < e->end)
		rc = audit_view_walk(op->view, at, false, page_item, p, &op->err);
	if (rc >= 0 && op->next == e->end && (rc = audit_prove_right(&nodes, e->end, e->size, &right)) == 0)
		audit_export_finish(e, &right, buf_len(&h->cosigned) > 0 ? buf_slice(&h->cosigned) : buf_slice(&h->note),
			op->stamp, &p->text);
	return rc < 0 ? rc : 0;
}

static void work_export(struct audit_op *op)
{
	struct slice witnesses[AUDIT_WITNESSES_MAX];
	struct audit_key keys[AUDIT_WITNESSES_MAX];
	struct audit_export e = {.origin = buf_slice(&op->role->origin), .key = buf_slice(&op->role->key_text), .witnesses = witnesses,
		.witness_count = audit_witness_keys(op->role, witnesses, keys), .size = op->head->size};
	struct page p = {.op = op, .text = BUF_INIT(AUDIT_ANSWER_BYTES * 2)};
	e.first = audit_op_number(op, "first", 0);
	if (json_object_get(op->args, "since") != NULL)
		e.first = audit_view_since(op->view, (int64_t)audit_op_number(op, "since", 0) * 1000);
	e.end = audit_op_number(op, "end", e.size);
	p.end = e.end;
	page_anonymise(&p);
	e.anonymised = p.anonymised;
	uint64_t at = audit_op_number(op, "at", e.first);
	if (op->status != ADMIN_OK)
		goto out;
	if (e.first > e.end || e.end > e.size || at < e.first || at > e.end)
		audit_op_fail(op, ADMIN_INVALID, "There are no such records.");
	else if (page_fill(&p, &e, at) < 0 || p.text.failed)
		audit_op_fail(op, ADMIN_FAILED, "The audit log cannot be read.");
	if (op->status == ADMIN_OK) {
		audit_op_set_text(op, "text", buf_slice(&p.text));
		audit_op_set_number(op, "first", e.first);
		audit_op_set_number(op, "end", e.end);
		audit_op_set_number(op, "size", e.size);
		audit_op_set_number(op, "next", op->next);
		json_object_set_new(op->result, "more", json_boolean(op->next < e.end));
	}
out:
	secret_wipe(p.key, sizeof p.key);
	buf_free(&p.text);
}

static void finish_export(struct audit_op *op)
{
	const json_t *more = json_object_get(op->result, "more");
	if (op->status == ADMIN_OK && !json_is_true(more))
		log_event(EV_AUDIT_EXPORTED, LOG_TEXT("actor", op->subject), LOG_NUM("first", json_integer_value(json_object_get(op->result, "first"))),
			LOG_NUM("last", op->next), LOG_STR("kind", json_object_get(op->result, "pseudonyms") != NULL ? "anonymised" : "file"));
}

/* ---- the check ---- */

static void work_verify(struct audit_op *op)
{
	uint64_t records = 0, bad = 0;
	if (audit_view_verify(op->view, &records, &bad, &op->err) < 0) {
		op->status = ADMIN_PARTIAL;
		audit_op_set_number(op, "bad", bad);
	}
	audit_op_set_number(op, "records", records);
	json_object_set_new(op->result, "ok", json_boolean(op->status == ADMIN_OK));
}

/* ---- co-signatures and time stamps by hand ---- */

static void work_cosign_request(struct audit_op *op)
{
	struct audit_nodes nodes = audit_view_nodes(op->view);
	struct audit_proof proof;
	uint64_t old = audit_op_number(op, "old_size", op->role->cosigned_size);
	struct buf text = BUF_INIT(AUDIT_ANSWER_BYTES);
	if (old > op->head->size || audit_prove_consistency(&nodes, old, op->head->size, &proof) < 0) {
		audit_op_fail(op, ADMIN_INVALID, "The log is not as long as that.");
		return;
	}
	buf_printf(&text, "old %llu\n", (unsigned long long)old);
	for (unsigned i = 0; i < proof.count; i++) {
		base64_encode(slice_make(proof.hashes[i].b, AUDIT_HASH_SIZE), &text);
		buf_append_byte(&text, '\n');
	}
	buf_append_byte(&text, '\n');
	buf_append(&text, buf_slice(&op->head->note));
	audit_op_set_text(op, "text", buf_slice(&text));
	audit_op_set_number(op, "size", op->head->size);
	buf_free(&text);
}

static void finish_cosign(struct audit_op *op)
{
	struct slice name;
	if (audit_head_cosign(op->role, audit_op_text(op, "lines"), audit_op_number(op, "size", 0), &name, &op->err) < 0)
		audit_op_fail(op, op->err.code == ERR_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_DENIED, op->err.public_text[0] != 0 ? op->err.public_text
			: "The co-signature could not be kept.");
	else
		audit_op_set_text(op, "name", name);
}

static void finish_timestamp_request(struct audit_op *op)
{
	struct buf request = BUF_INIT(1024), text = BUF_INIT(2048);
	struct audit_note n;
	uint8_t digest[HASH_SIZE];
	ENSURE(audit_note_parse(buf_slice(&op->head->note), &n) == 0);
	hash_sha256(n.body, digest);
	if (timestamp_request(digest, &request, &op->err) < 0) {
		audit_op_fail(op, ADMIN_FAILED, op->err.private_text);
	} else {
		base64_encode(buf_slice(&request), &text);
		audit_op_set_text(op, "request", buf_slice(&text));
		audit_op_set_number(op, "size", op->head->size);
	}
	buf_free(&request);
	buf_free(&text);
}

static void finish_timestamp(struct audit_op *op)
{
	struct buf answer = BUF_INIT(TIMESTAMP_ANSWER_MAX);
	if (base64_decode_strict(audit_op_text(op, "answer"), &answer) < 0)
		audit_op_fail(op, ADMIN_INVALID, "The answer is not base64.");
	else if (audit_head_stamp(op->role, buf_slice(&answer), audit_op_number(op, "size", 0), &op->err) < 0)
		audit_op_fail(op, op->err.code == ERR_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_DENIED, op->err.public_text[0] != 0 ? op->err.public_text
			: "The time stamp could not be kept.");
	else
		audit_op_set_number(op, "time", (uint64_t)op->role->stamped_time);
	buf_free(&answer);
}

/* ---- the table ---- */

static const struct audit_operation operations[] = {
	{"audit.head", false, true, NULL, finish_head},
	{"audit.status", false, false, NULL, finish_status},
	{"audit.metrics", false, false, NULL, finish_metrics},
	{"audit.list", true, false, audit_op_list, NULL},
	{"audit.prove", true, true, work_prove, NULL},
	{"audit.export", true, true, work_export, finish_export},
	{"audit.verify", true, false, work_verify, NULL},
	{"audit.cosign_request", false, true, work_cosign_request, NULL},
	{"audit.cosign", false, false, NULL, finish_cosign},
	{"audit.timestamp_request", false, true, NULL, finish_timestamp_request},
	{"audit.timestamp", false, false, NULL, finish_timestamp},
	{"trace", true, false, audit_op_trace, NULL},
	{"trace.own", true, false, audit_op_own, NULL},
	{"access.list", true, false, audit_op_access, NULL},
};

static void answer(struct audit_op *op)
{
	char *text = json_dumps(op->result, JSON_COMPACT);
	struct ipc_audit_admin_reply reply = {.status = (uint8_t)op->status, .result = slice_str(text != NULL ? text : "{}")};
	ipc_reply(op->call, &reply);
	free(text);
	audit_view_free(&op->view);
	json_decref(op->args);
	json_decref(op->result);
	arena_free(&op->arena);
	memory_free(op);
}

static void finish(struct audit_op *op)
{
	if (op->operation->finish != NULL && op->status == ADMIN_OK)
		op->operation->finish(op);
	answer(op);
}

static void on_work(void *arg)
{
	struct audit_op *op = arg;
	op->operation->work(op);
}

static void on_worked(void *arg)
{
	struct audit_op *op = arg;
	op->role->jobs--;
	finish(op);
}

static void run(struct audit_op *op)
{
	if (op->operation->work == NULL) {
		finish(op);
		return;
	}
	op->view = audit_view_create(op->role->store);
	op->role->jobs++;
	loop_work(op->role->ctx->loop, on_work, on_worked, op);
}

static struct buf copy_buf(struct arena *arena, const struct buf *from)
{
	struct slice s = arena_dup(arena, buf_slice(from));
	return (struct buf){.data = (uint8_t *)(uintptr_t)s.p, .end = s.n, .capacity = s.n, .max = s.n};
}

/* A copy that the pool may read while the ring of heads moves on. */
static void keep_head(struct audit_op *op, const struct audit_signed *head)
{
	struct audit_signed *copy = ARENA_NEW(&op->arena, struct audit_signed);
	*copy = (struct audit_signed){.size = head->size, .time = head->time, .root = head->root};
	copy->note = copy_buf(&op->arena, &head->note);
	copy->cosigned = copy_buf(&op->arena, &head->cosigned);
	op->head = copy;
	if (op->role->stamped_size == head->size)
		op->stamp = arena_dup(&op->arena, buf_slice(&op->role->stamp));
}

static void on_head(void *arg, const struct audit_signed *head)
{
	struct audit_op *op = arg;
	if (head == NULL) {
		audit_op_fail(op, ADMIN_UNAVAILABLE, "The head of the log cannot be signed now.");
		answer(op);
		return;
	}
	keep_head(op, head);
	run(op);
}

static void get_head(struct audit_op *op)
{
	const struct audit_signed *head = NULL;
	if (json_object_get(op->args, "size") == NULL) {
		audit_head_get(op->role, on_head, op);
		return;
	}
	head = audit_head_find(op->role, audit_op_number(op, "size", 0));
	if (head == NULL) {
		audit_op_fail(op, ADMIN_NOT_FOUND, "The head of that size is not known any more.");
		answer(op);
		return;
	}
	keep_head(op, head);
	run(op);
}

static const struct audit_operation *find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(name, slice_str(operations[i].name)))
			return &operations[i];
	return NULL;
}

static void on_admin(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_audit_admin *m = message;
	struct audit_op *op = memory_alloc(sizeof *op);
	op->role = arg;
	op->call = call;
	op->subject = arena_dup(&op->arena, m->subject);
	op->operation = find(m->op);
	op->result = json_object();
	op->args = json_loadb(m->args.n > 0 ? (const char *)m->args.p : "{}", m->args.n > 0 ? m->args.n : 2, JSON_REJECT_DUPLICATES, NULL);
	if (op->operation == NULL || !json_is_object(op->args) || op->role->stopping) {
		audit_op_fail(op, op->role->stopping ? ADMIN_UNAVAILABLE : ADMIN_INVALID, op->role->stopping ? "The server is stopping." : "There is no such operation.");
		answer(op);
		return;
	}
	if (op->operation->look && json_object_get(op->args, "at") == NULL) /* further pages of an export are the same look */
		log_event(EV_AUDIT_READ, LOG_TEXT("actor", op->subject), LOG_TEXT("op", m->op), LOG_TEXT("filters", slice_sub(m->args, 0, FILTERS_SHOWN)));
	if (op->operation->wants_head)
		get_head(op);
	else
		run(op);
}

void audit_admin_setup(struct audit_role *a)
{
	random_bytes(a->pseudonyms, sizeof a->pseudonyms);
	ipc_handle(a->ctx->ipc, IPC_AUDIT_ADMIN, on_admin, a);
}
