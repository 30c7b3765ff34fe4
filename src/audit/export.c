/* Writing exports and proofs. The check is export_check.c. */
#include "audit/export.h"

#include "audit/export_in.h"
#include "audit/record.h"
#include "base/codec.h"

void audit_put_hashes(struct buf *out, const struct audit_hash *hashes, size_t count)
{
	buf_append_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		buf_append_str(out, i > 0 ? ",\"" : "\"");
		base64_encode(slice_make(hashes[i].b, AUDIT_HASH_SIZE), out);
		buf_append_byte(out, '"');
	}
	buf_append_byte(out, ']');
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	buf_append_str(out, ",\"");
	buf_append_str(out, name);
	buf_append_str(out, "\":");
	buf_append_u64(out, value);
}

void audit_export_begin(const struct audit_export *e, const struct audit_frontier *left, struct buf *out)
{
	buf_append_str(out, "{\"letterlock_audit_export\":1,\"origin\":");
	audit_json_text(out, e->origin);
	buf_append_str(out, ",\"key\":");
	audit_json_text(out, e->key);
	buf_append_str(out, ",\"witnesses\":[");
	for (size_t i = 0; i < e->witness_count; i++) {
		buf_append_str(out, i > 0 ? "," : "");
		audit_json_text(out, e->witnesses[i]);
	}
	buf_append_str(out, "]");
	put_number(out, "first", e->first);
	put_number(out, "end", e->end);
	put_number(out, "size", e->size);
	buf_append_str(out, ",\"left\":");
	audit_put_hashes(out, left->nodes, left->count);
	buf_append_str(out, e->anonymised ? ",\"anonymised\":true}\n" : "}\n");
}

void audit_export_item(const struct audit_item *item, struct buf *out)
{
	if (item->text.n > 0) {
		buf_append(out, item->text);
	} else {
		buf_append_str(out, "{\"gone\":");
		buf_append_u64(out, item->n);
		buf_append_str(out, ",\"leaf\":\"");
		base64_encode(slice_make(item->leaf.b, AUDIT_HASH_SIZE), out);
		buf_append_str(out, "\"}");
	}
	buf_append_byte(out, '\n');
}

void audit_export_redacted(const struct audit_item *item, struct slice redacted, struct buf *out)
{
	struct audit_hash leaf = item->leaf;
	struct audit_item gone = {.n = item->n};
	if (item->text.n > 0)
		audit_leaf_hash(item->text, &leaf);
	if (redacted.n == 0) {
		gone.leaf = leaf;
		audit_export_item(&gone, out);
		return;
	}
	audit_put_redacted(out, item->n, &leaf, redacted);
}

void audit_put_redacted(struct buf *out, uint64_t n, const struct audit_hash *leaf, struct slice record)
{
	buf_append_str(out, "{\"redacted\":");
	buf_append_u64(out, n);
	buf_append_str(out, ",\"leaf\":\"");
	base64_encode(slice_make(leaf->b, AUDIT_HASH_SIZE), out);
	buf_append_str(out, "\",\"record\":");
	buf_append(out, record);
	buf_append_str(out, "}\n");
}

void audit_put_head(struct buf *out, struct slice note)
{
	buf_append_str(out, "{\"head\":");
	audit_json_text(out, note);
	buf_append_str(out, "}\n");
}

void audit_export_finish(const struct audit_export *e, const struct audit_proof *right, struct slice head_note, struct slice stamp, struct buf *out)
{
	buf_append_str(out, "{\"right\":");
	audit_put_hashes(out, right->hashes, right->count);
	buf_append_str(out, "}\n");
	audit_put_head(out, head_note);
	if (stamp.n > 0) {
		buf_append_str(out, "{\"stamp\":\"");
		base64_encode(stamp, out);
		buf_append_str(out, "\"}\n");
	}
	buf_append_str(out, "{\"end\":");
	buf_append_u64(out, e->end);
	buf_append_str(out, "}\n");
}

void audit_proof_print(enum audit_proof_kind kind, struct slice key, uint64_t index, uint64_t size, const struct audit_proof *proof,
	struct slice record, struct slice head_note, struct buf *out)
{
	buf_append_str(out, "{\"letterlock_audit_proof\":1,\"kind\":\"");
	buf_append_str(out, kind == AUDIT_INCLUSION ? "inclusion" : "consistency");
	buf_append_str(out, "\",\"key\":");
	audit_json_text(out, key);
	put_number(out, "index", index);
	put_number(out, "size", size);
	buf_append_str(out, ",\"hashes\":");
	audit_put_hashes(out, proof->hashes, proof->count);
	buf_append_str(out, ",\"record\":");
	audit_json_text(out, record);
	buf_append_str(out, ",\"head\":");
	audit_json_text(out, head_note);
	buf_append_str(out, "}\n");
}
