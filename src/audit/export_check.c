/* The check of exports and proofs: every line is read, made anew and compared, so that no byte of a file that verifies is without meaning. */
#include "audit/export.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "audit/export_in.h"
#include "audit/record.h"
#include "audit/redact.h"
#include "base/codec.h"
#include "base/memory.h"

enum stage { STAGE_BEGIN, STAGE_RECORDS, STAGE_RIGHT, STAGE_HEAD, STAGE_END, STAGE_DONE };

struct audit_check {
	struct arena arena;
	struct audit_trust trust;
	enum stage stage;
	uint64_t line;
	struct audit_export export;
	struct audit_key key, witnesses[AUDIT_WITNESSES_MAX];
	struct audit_frontier frontier;
	struct {
		struct audit_head head;
		bool proven;
	} old[AUDIT_OLD_HEADS_MAX];
	struct audit_report report;
};

static int refuse(const struct audit_check *c, struct error *err, const char *why)
{
	return error_set(err, ERR_DAMAGED, "line %llu: %s", (unsigned long long)c->line, why);
}

struct audit_check *audit_check_create(const struct audit_trust *trust)
{
	struct audit_check *c = memory_alloc(sizeof *c);
	c->trust = *trust;
	return c;
}

void audit_check_free(struct audit_check **check)
{
	if (*check == NULL)
		return;
	arena_free(&(*check)->arena);
	MEMORY_FREE(check);
}

/* ---- values ---- */

static struct slice text_of(struct audit_check *c, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? arena_dup(&c->arena, slice_make(json_string_value(value), json_string_length(value))) : SLICE_NONE;
}

static bool number_of(const json_t *object, const char *name, uint64_t *ret)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

static bool hash_of(const json_t *value, struct audit_hash *ret)
{
	struct buf b = BUF_INIT(AUDIT_HASH_SIZE);
	bool ok = json_is_string(value) && base64_decode_strict(slice_make(json_string_value(value), json_string_length(value)), &b) == 0
		&& buf_len(&b) == AUDIT_HASH_SIZE;
	if (ok)
		memcpy(ret->b, buf_slice(&b).p, AUDIT_HASH_SIZE);
	buf_free(&b);
	return ok;
}

static bool hashes_of(const json_t *object, const char *name, struct audit_proof *ret)
{
	const json_t *list = json_object_get(object, name);
	ret->count = 0;
	if (!json_is_array(list) || json_array_size(list) > AUDIT_PROOF_MAX)
		return false;
	for (; ret->count < json_array_size(list); ret->count++)
		if (!hash_of(json_array_get(list, ret->count), &ret->hashes[ret->count]))
			return false;
	return true;
}

static bool same(struct buf *made, struct slice line)
{
	struct slice text = buf_slice(made);
	bool equal = !made->failed && text.n == line.n + 1 && slice_eq(slice_sub(text, 0, line.n), line);
	buf_free(made);
	return equal;
}

static json_t *object_of(struct slice line)
{
	json_t *object = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

/* ---- heads ---- */

/* The signature lines; a flipped bit in any of them makes it one of nobody. */
static int check_signatures(const struct audit_note *n, const struct audit_key *key, const struct audit_key *witnesses, size_t count,
	size_t *ret_cosigned, struct error *err)
{
	bool signed_by_log = false, seen[AUDIT_WITNESSES_MAX] = {false};
	*ret_cosigned = 0;
	for (size_t i = 0; i < n->count; i++) {
		const struct audit_signature *s = &n->signatures[i];
		bool known = false;
		if (!signed_by_log && audit_signature_check(n->body, s, key) == AUDIT_SIGNED)
			known = signed_by_log = true;
		for (size_t w = 0; w < count && !known; w++)
			if (!seen[w] && audit_signature_check(n->body, s, &witnesses[w]) == AUDIT_SIGNED)
				known = seen[w] = true;
		if (!known)
			return error_set(err, ERR_DAMAGED, "a signature of the head is wrong or of nobody who is known");
	}
	if (!signed_by_log)
		return error_set(err, ERR_DAMAGED, "the head is not signed by the key of the log");
	for (size_t w = 0; w < count; w++)
		*ret_cosigned += seen[w];
	return 0;
}

int audit_check_note(struct slice note, const struct audit_key *key, const struct audit_key *witnesses, size_t count, struct audit_head *ret,
	size_t *ret_cosigned, struct error *err)
{
	struct audit_note n;
	if (audit_note_parse(note, &n) < 0 || audit_head_parse(n.body, ret) < 0)
		return error_set(err, ERR_DAMAGED, "the head is malformed");
	if (!slice_eq(ret->origin, key->name))
		return error_set(err, ERR_DAMAGED, "the head is of another log");
	return check_signatures(&n, key, witnesses, count, ret_cosigned, err);
}

/* A head that was kept: the log must have signed it; co-signatures of anybody are not looked at. */
static int read_old_head(struct audit_check *c, size_t i, struct error *err)
{
	struct audit_note n;
	if (audit_note_parse(c->trust.heads[i], &n) < 0 || audit_head_parse(n.body, &c->old[i].head) < 0)
		return error_set(err, ERR_DAMAGED, "an old head is malformed");
	for (size_t k = 0; k < n.count; k++)
		if (audit_signature_check(n.body, &n.signatures[k], &c->key) == AUDIT_SIGNED)
			return 0;
	return error_set(err, ERR_DAMAGED, "an old head is not signed by the key of this log");
}

static int take_key(struct audit_check *c, struct slice text, struct error *err)
{
	if (audit_key_parse(text, &c->key) < 0 || c->key.kind != AUDIT_KEY_LOG)
		return refuse(c, err, "the key of the log is malformed");
	if (c->trust.key.n > 0 && !slice_eq(c->trust.key, text))
		return refuse(c, err, "the log was signed with another key than the one you trust");
	c->report.key = text;
	for (size_t i = 0; i < c->trust.head_count; i++) {
		int rc = read_old_head(c, i, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int require_witnesses(struct audit_check *c, struct slice note, struct error *err)
{
	struct audit_note n;
	if (audit_note_parse(note, &n) < 0)
		return refuse(c, err, "the head is malformed");
	for (size_t w = 0; w < c->trust.witness_count; w++) {
		struct audit_key key;
		bool found = false;
		if (audit_key_parse(c->trust.witnesses[w], &key) < 0)
			return refuse(c, err, "the key of a witness that you gave is malformed");
		for (size_t i = 0; i < n.count && !found; i++)
			found = audit_signature_check(n.body, &n.signatures[i], &key) == AUDIT_SIGNED;
		if (!found)
			return refuse(c, err, "a witness that you trust has not co-signed the head");
	}
	return 0;
}

static int take_head(struct audit_check *c, struct slice note, size_t witnesses, struct error *err)
{
	int rc = audit_check_note(note, &c->key, c->witnesses, witnesses, &c->report.head, &c->report.cosigned, err);
	c->report.head_note = note;
	return rc < 0 ? rc : require_witnesses(c, note, err);
}

/* ---- the export ---- */

static bool take_witnesses(struct audit_check *c, const json_t *object)
{
	const json_t *list = json_object_get(object, "witnesses");
	struct slice *texts = arena_alloc_array(&c->arena, AUDIT_WITNESSES_MAX, sizeof *texts);
	if (!json_is_array(list) || json_array_size(list) > AUDIT_WITNESSES_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		if (!json_is_string(value))
			return false;
		texts[i] = arena_dup(&c->arena, slice_make(json_string_value(value), json_string_length(value)));
		if (audit_key_parse(texts[i], &c->witnesses[i]) < 0 || c->witnesses[i].kind != AUDIT_KEY_WITNESS)
			return false;
	}
	c->export.witnesses = texts;
	c->export.witness_count = json_array_size(list);
	return true;
}

/* The tree that was there before a size is known: is it the one that somebody has kept? */
static int compare_old(struct audit_check *c, struct error *err)
{
	struct audit_hash root;
	for (size_t i = 0; i < c->trust.head_count; i++) {
		if (c->old[i].head.size != c->frontier.size)
			continue;
		audit_frontier_root(&c->frontier, &root);
		if (!audit_hash_equal(&root, &c->old[i].head.root))
			return refuse(c, err, "the records differ from what a head that you kept says: the log was rewritten");
		c->old[i].proven = true;
	}
	return 0;
}

static bool read_begin(struct audit_check *c, const json_t *object, struct audit_proof *left)
{
	struct audit_export *e = &c->export;
	e->origin = text_of(c, object, "origin");
	e->key = text_of(c, object, "key");
	e->anonymised = json_is_true(json_object_get(object, "anonymised"));
	return number_of(object, "first", &e->first) && number_of(object, "end", &e->end) && number_of(object, "size", &e->size)
		&& e->first <= e->end && e->end <= e->size && take_witnesses(c, object) && hashes_of(object, "left", left)
		&& left->count == (unsigned)__builtin_popcountll(e->first);
}

static int line_begin(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	struct audit_proof left;
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	if (!read_begin(c, object, &left))
		return refuse(c, err, "the first line of the export is malformed");
	c->frontier = (struct audit_frontier){.size = c->export.first, .count = left.count};
	memcpy(c->frontier.nodes, left.hashes, left.count * sizeof left.hashes[0]);
	audit_export_begin(&c->export, &c->frontier, &again);
	if (!same(&again, line))
		return refuse(c, err, "the first line of the export is not in its one form");
	int rc = take_key(c, c->export.key, err);
	if (rc == 0 && !slice_eq(c->export.origin, c->key.name))
		rc = refuse(c, err, "the key is of another log");
	c->report.first = c->export.first;
	c->report.end = c->export.end;
	c->report.anonymised = c->export.anonymised;
	c->stage = c->export.first < c->export.end ? STAGE_RECORDS : STAGE_RIGHT;
	return rc == 0 ? compare_old(c, err) : rc;
}

static int line_gone(struct audit_check *c, struct slice line, struct error *err)
{
	struct audit_item item = {.text = SLICE_NONE};
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	json_t *object = object_of(line);
	bool ok = object != NULL && number_of(object, "gone", &item.n) && hash_of(json_object_get(object, "leaf"), &item.leaf);
	json_decref(object);
	if (!ok || item.n != c->frontier.size)
		return refuse(c, err, "a record is missing, doubled or out of its place");
	audit_export_item(&item, &again);
	if (!same(&again, line))
		return refuse(c, err, "the place of a retired record is not in its one form");
	audit_frontier_add(&c->frontier, 0, &item.leaf, NULL, NULL);
	c->report.retired++;
	return 0;
}

/* The hash is that of a record which is not here: it proves the place, not the words. */
static int line_redacted(struct audit_check *c, struct slice line, struct error *err)
{
	static const struct slice before = SLICE_INIT("\",\"record\":");
	struct arena arena = ARENA_INIT;
	struct audit_record record;
	struct audit_hash leaf;
	uint64_t n = 0;
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	json_t *object = object_of(line);
	ptrdiff_t at = slice_search(line, before);
	struct slice text = at > 0 ? slice_sub(slice_from(line, (size_t)at + before.n), 0, line.n - (size_t)at - before.n - 1) : SLICE_NONE;
	bool ok = object != NULL && number_of(object, "redacted", &n) && hash_of(json_object_get(object, "leaf"), &leaf)
		&& audit_record_parse(text, &arena, &record) == 0 && record.n == n && slice_eq(record.salt, SLICE(AUDIT_NO_SALT));
	json_decref(object);
	arena_free(&arena);
	if (!c->export.anonymised || !ok || n != c->frontier.size)
		return refuse(c, err, "a redacted record is malformed, out of its place or in an export that is not anonymised");
	audit_put_redacted(&again, n, &leaf, text);
	if (!same(&again, line))
		return refuse(c, err, "a redacted record is not in its one form");
	audit_frontier_add(&c->frontier, 0, &leaf, NULL, NULL);
	c->report.redacted++;
	return 0;
}

static int line_record(struct audit_check *c, struct slice line, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct audit_record record;
	struct audit_hash leaf;
	int rc = 0;
	if (slice_starts(line, SLICE("{\"gone\":"))) {
		rc = line_gone(c, line, err);
	} else if (slice_starts(line, SLICE("{\"redacted\":"))) {
		rc = line_redacted(c, line, err);
	} else if (audit_record_parse(line, &arena, &record) < 0) {
		rc = refuse(c, err, "this is no record");
	} else if (record.n != c->frontier.size) {
		rc = refuse(c, err, "a record is missing, doubled or out of its place");
	} else {
		audit_leaf_hash(line, &leaf);
		audit_frontier_add(&c->frontier, 0, &leaf, NULL, NULL);
	}
	arena_free(&arena);
	if (c->frontier.size == c->export.end)
		c->stage = STAGE_RIGHT;
	return rc == 0 ? compare_old(c, err) : rc;
}

static int line_right(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	struct audit_proof right;
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	if (!hashes_of(object, "right", &right))
		return refuse(c, err, "the hashes of what follows are malformed");
	buf_append_str(&again, "{\"right\":");
	audit_put_hashes(&again, right.hashes, right.count);
	buf_append_str(&again, "}\n");
	if (!same(&again, line))
		return refuse(c, err, "the hashes of what follows are not in their one form");
	for (unsigned i = 0; i < right.count; i++) {
		if (c->frontier.size >= c->export.size)
			return refuse(c, err, "there are too many hashes of what follows");
		audit_frontier_add(&c->frontier, audit_right_level(c->frontier.size, c->export.size), &right.hashes[i], NULL, NULL);
	}
	c->stage = STAGE_HEAD;
	if (c->frontier.size != c->export.size)
		return refuse(c, err, "hashes of what follows are missing");
	return compare_old(c, err);
}

static int line_head(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	struct audit_hash root;
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	struct slice note = text_of(c, object, "head");
	audit_put_head(&again, note);
	if (!same(&again, line))
		return refuse(c, err, "the head is not in its one form");
	int rc = take_head(c, note, c->export.witness_count, err);
	if (rc < 0)
		return rc;
	audit_frontier_root(&c->frontier, &root);
	if (c->report.head.size != c->export.size || !audit_hash_equal(&root, &c->report.head.root))
		return refuse(c, err, "the records are not those of the signed head: something was changed, removed or added");
	c->stage = STAGE_END;
	return 0;
}

static int line_stamp(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	struct slice text = text_of(c, object, "stamp");
	struct buf bytes = BUF_INIT(AUDIT_EXPORT_LINE_MAX), again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	bool ok = text.n > 0 && c->report.stamp.n == 0 && base64_decode_strict(text, &bytes) == 0;
	buf_append_str(&again, "{\"stamp\":\"");
	base64_encode(buf_slice(&bytes), &again);
	buf_append_str(&again, "\"}\n");
	ok = same(&again, line) && ok;
	if (ok)
		c->report.stamp = arena_dup(&c->arena, buf_slice(&bytes));
	buf_free(&bytes);
	return ok ? 0 : refuse(c, err, "the time stamp is malformed");
}

static int line_end(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	uint64_t end;
	struct buf again = BUF_INIT(100);
	if (json_object_get(object, "stamp") != NULL)
		return line_stamp(c, object, line, err);
	if (!number_of(object, "end", &end) || end != c->export.end)
		return refuse(c, err, "the last line is malformed");
	buf_append_str(&again, "{\"end\":");
	buf_append_u64(&again, end);
	buf_append_str(&again, "}\n");
	c->stage = STAGE_DONE;
	return same(&again, line) ? 0 : refuse(c, err, "the last line is not in its one form");
}

/* ---- the small form ---- */

static int prove_inclusion(struct audit_check *c, uint64_t index, struct slice record, const struct audit_proof *proof, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	struct audit_hash leaf;
	bool ok = audit_record_parse(record, &arena, &r) == 0 && r.n == index;
	arena_free(&arena);
	audit_leaf_hash(record, &leaf);
	if (!ok || !audit_verify_inclusion(&leaf, index, c->report.head.size, proof, &c->report.head.root))
		return refuse(c, err, "the record is not in the log of the signed head");
	c->report.first = index;
	c->report.end = index + 1;
	return 0;
}

static int prove_consistency(struct audit_check *c, uint64_t first, const struct audit_proof *proof, struct error *err)
{
	for (size_t i = 0; i < c->trust.head_count; i++) {
		if (c->old[i].head.size != first)
			continue;
		if (!audit_verify_consistency(first, &c->old[i].head.root, c->report.head.size, &c->report.head.root, proof))
			return refuse(c, err, "the log of the signed head does not begin with that of the head that you kept: it was rewritten");
		c->old[i].proven = true;
	}
	return c->trust.head_count > 0 ? 0 : refuse(c, err, "a proof of consistency says nothing without the head that you kept");
}

static int line_proof(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	struct audit_proof proof;
	struct buf again = BUF_INIT(AUDIT_EXPORT_LINE_MAX);
	struct slice kind = text_of(c, object, "kind"), record = text_of(c, object, "record"), note = text_of(c, object, "head");
	struct slice key = text_of(c, object, "key");
	bool inclusion = slice_eq(kind, SLICE("inclusion"));
	uint64_t index, size;
	if (!number_of(object, "index", &index) || !number_of(object, "size", &size) || !hashes_of(object, "hashes", &proof))
		return refuse(c, err, "the proof is malformed");
	audit_proof_print(inclusion ? AUDIT_INCLUSION : AUDIT_CONSISTENCY, key, index, size, &proof, record, note, &again);
	if (!same(&again, line))
		return refuse(c, err, "the proof is not in its one form");
	int rc = take_key(c, key, err);
	if (rc == 0)
		rc = take_head(c, note, 0, err);
	if (rc == 0 && c->report.head.size != size)
		rc = refuse(c, err, "the head is of another size");
	if (rc == 0 && !inclusion && record.n > 0)
		rc = refuse(c, err, "the proof is malformed");
	if (rc == 0)
		rc = inclusion ? prove_inclusion(c, index, record, &proof, err) : prove_consistency(c, index, &proof, err);
	c->report.proof = true;
	c->stage = STAGE_DONE;
	return rc;
}

/* ---- lines ---- */

static int line_first(struct audit_check *c, const json_t *object, struct slice line, struct error *err)
{
	return json_object_get(object, "letterlock_audit_proof") != NULL ? line_proof(c, object, line, err) : line_begin(c, object, line, err);
}

static int line_object(struct audit_check *c, struct slice line, struct error *err)
{
	static int (*const stages[])(struct audit_check *c, const json_t *object, struct slice line, struct error *err) = {
		[STAGE_BEGIN] = line_first, [STAGE_RIGHT] = line_right, [STAGE_HEAD] = line_head, [STAGE_END] = line_end};
	json_t *object = object_of(line);
	int rc = object != NULL ? stages[c->stage](c, object, line, err) : refuse(c, err, "this is no line of an export");
	json_decref(object);
	return rc;
}

int audit_check_line(struct audit_check *c, struct slice line, struct error *err)
{
	c->line++;
	if (line.n > AUDIT_EXPORT_LINE_MAX)
		return refuse(c, err, "the line is too long");
	if (c->stage == STAGE_DONE)
		return refuse(c, err, "there is something behind the end");
	return c->stage == STAGE_RECORDS ? line_record(c, line, err) : line_object(c, line, err);
}

int audit_check_text(struct audit_check *c, struct slice text, struct error *err)
{
	while (text.n > 0) {
		ptrdiff_t end = slice_find(text, '\n');
		if (end < 0)
			return refuse(c, err, "the last line has no end");
		int rc = audit_check_line(c, slice_sub(text, 0, (size_t)end), err);
		if (rc < 0)
			return rc;
		text = slice_from(text, (size_t)end + 1);
	}
	return 0;
}

int audit_check_end(struct audit_check *c, struct audit_report *ret, struct error *err)
{
	if (c->stage != STAGE_DONE)
		return refuse(c, err, "the file is cut off");
	for (size_t i = 0; i < c->trust.head_count; i++) {
		if (c->old[i].head.size > c->report.head.size)
			return error_set(err, ERR_DAMAGED, "a head that you kept has %llu records, the log has only %llu: records were removed",
				(unsigned long long)c->old[i].head.size, (unsigned long long)c->report.head.size);
		if (!c->old[i].proven)
			return error_set(err, ERR_DAMAGED, "this file does not prove the head of %llu records: ask for an export that begins there or "
				"earlier, or for a proof of consistency", (unsigned long long)c->old[i].head.size);
		c->report.old_heads += c->old[i].proven;
	}
	*ret = c->report;
	return 0;
}
