/* SEARCH: candidates by the index where there is one, confirmed on the text; the rest is scanned. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "mime/digest.h"
#include "mime/text.h"
#include "store/account_internal.h"
#include "store/search.h"

#define SCAN_PIECE 65536
#define EXPRESSION_MAX (256u << 10)

struct candidate {
	uint32_t uid;
	uint64_t body;
	bool cut;              /* its text goes on in the record */
};

struct search {
	struct store_account *a;
	struct store_mailbox *m;
	const struct uid_set *uids;
	const struct search_words *what;
	struct candidate *list;
	size_t count, capacity;
	struct buf texts;
	struct error *err;
};

static void candidate_add(struct search *s, uint32_t uid, uint64_t body, bool cut)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity == 0 ? 256 : s->capacity * 2;
		s->list = memory_grow(s->list, s->capacity * sizeof *s->list);
	}
	s->list[s->count++] = (struct candidate){uid, body, cut};
}

/* Adds the rows (uid, body) of a prepared statement that are asked for. */
static int candidates_from(struct search *s, sqlite3_stmt *stmt, bool cut)
{
	int step, rc = 0;

	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		uint32_t uid = (uint32_t)column_u64(stmt, 0);

		if (uid_set_has(s->uids, uid))
			candidate_add(s, uid, column_u64(stmt, 1), cut);
	}
	if (step != SQLITE_DONE)
		rc = account_db_error(&s->a->db, s->err);
	account_db_done(stmt);
	return rc;
}

/* The tokens of the needle in one of these parts. False: they tell nothing. */
static bool expression_of_parts(struct slice needle, const enum search_part *parts, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_str(out, " OR ");
		if (!search_expression(parts[i], needle, out))
			return false;
	}
	return true;
}

/* A field that is there has the tokens of its name; nearly every letter has a subject and a sender, whose names narrow nothing. */
static bool expression_of_field(struct slice field, struct slice needle, struct buf *out)
{
	enum search_part part = search_part_of(field);
	struct buf name = BUF_INIT(1024);
	bool ret = false;
	size_t at;

	if (needle.n == 0 || (part != SEARCH_PART_SUBJECT && part != SEARCH_PART_FROM)) {
		for (size_t i = 0; i < field.n; i++)
			buf_append_byte(&name, ascii_lower(field.p[i]));
		buf_append_byte(&name, ':');
		ret = search_expression(part, buf_slice(&name), out);
	}
	buf_free(&name);
	if (needle.n == 0)
		return ret;
	at = buf_len(out);
	if (ret)
		buf_append_str(out, " AND ");
	if (search_expression(part, needle, out))
		return true;
	buf_truncate(out, at);
	return ret;
}

static bool expression_of_needle(const struct search_words *what, struct slice needle, struct buf *out)
{
	static const enum search_part PARTS[] = {
		SEARCH_PART_TEXT, SEARCH_PART_SUBJECT, SEARCH_PART_FROM, SEARCH_PART_TO, SEARCH_PART_HEADER,
	};

	switch (what->scope) {
	case SEARCH_BODY:
		return search_expression(SEARCH_PART_TEXT, needle, out);
	case SEARCH_TEXT: /* what goes over the end of a field is in none of the parts */
		return slice_find(needle, '\n') < 0 && expression_of_parts(needle, PARTS, ARRAY_LEN(PARTS), out);
	case SEARCH_LETTER:
		return expression_of_parts(needle, PARTS, ARRAY_LEN(PARTS) - 1, out);
	case SEARCH_HEADER:
		return expression_of_field(what->field, needle, out);
	}
	return false;
}

/* What all needles that tell something narrow. False: none does. */
static bool expression_for(const struct search *s, struct buf *out)
{
	for (size_t i = 0; i < s->what->count; i++) {
		size_t start = buf_len(out), before;

		buf_append_str(out, start > 0 ? " AND (" : "(");
		before = buf_len(out);
		if (!expression_of_needle(s->what, s->what->needles[i], out) || buf_len(out) == before)
			buf_truncate(out, start);
		else
			buf_append_byte(out, ')');
	}
	return buf_len(out) > 0;
}

/* Numbers of the bodies among which the UIDs are: a question about a part of the mailbox must not cost what one about all of it does. */
static int body_range(struct search *s, uint64_t *ret_first, uint64_t *ret_last)
{
	const struct uid_set *uids = s->uids;
	sqlite3_stmt *stmt;
	int rc = 0;

	*ret_first = 0;
	*ret_last = INT64_MAX;
	if (uids->count == 0 || uid_set_size(uids) * 2 > s->m->messages)
		return 0;
	stmt = account_db_statement(&s->a->db, SQL_INDEX_RANGE, s->err);
	if (stmt == NULL)
		return ERR_IO;
	bind_u64(stmt, 1, (uint64_t)s->m->number);
	bind_u64(stmt, 2, uids->ranges[0].first);
	bind_u64(stmt, 3, uids->ranges[uids->count - 1].last);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*ret_first = column_u64(stmt, 0);
		*ret_last = column_u64(stmt, 1);
	} else {
		rc = account_db_error(&s->a->db, s->err);
	}
	account_db_done(stmt);
	return rc;
}

static int candidates_indexed(struct search *s, struct slice expression)
{
	static const struct { enum account_sql id; bool cut; } OTHERS[] = {{SQL_INDEX_ABOVE, true}, {SQL_INDEX_CUT, true}};
	uint64_t first, last;
	int rc = body_range(s, &first, &last);
	sqlite3_stmt *stmt = rc < 0 ? NULL : account_db_statement(&s->a->db, SQL_INDEX_MATCH, s->err);

	if (stmt == NULL)
		return rc < 0 ? rc : ERR_IO;
	bind_text(stmt, 1, expression);
	bind_u64(stmt, 2, (uint64_t)s->m->number);
	bind_u64(stmt, 3, first);
	bind_u64(stmt, 4, last);
	rc = candidates_from(s, stmt, false);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(OTHERS); i++) {
		stmt = account_db_statement(&s->a->db, OTHERS[i].id, s->err);
		if (stmt == NULL)
			return ERR_IO;
		bind_u64(stmt, 1, (uint64_t)s->m->number);
		bind_u64(stmt, 2, s->a->indexed);
		rc = candidates_from(s, stmt, OTHERS[i].cut);
	}
	return rc;
}

static int candidates_all(struct search *s)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->uids->count; i++) {
		sqlite3_stmt *stmt = account_db_statement(&s->a->db, SQL_SEARCH_ROWS, s->err);

		if (stmt == NULL)
			return ERR_IO;
		bind_u64(stmt, 1, (uint64_t)s->m->number);
		bind_u64(stmt, 2, s->uids->ranges[i].first);
		bind_u64(stmt, 3, s->uids->ranges[i].last);
		rc = candidates_from(s, stmt, true);
	}
	return rc;
}

/* ---- confirming ---- */

static bool texts_match(const struct search_words *what, struct slice needle, struct slice texts)
{
	struct slice header, text;

	if (!text_split(texts, &header, &text))
		return false;
	return search_header_matches(what->scope, what->field, needle, header) || (what->scope != SEARCH_HEADER && slice_search(text, needle) >= 0);
}

/* The next part after `p` in the order of the message, not leaving `root`. */
static const struct mime_part *part_next(const struct mime_part *p)
{
	if (p->children != NULL)
		return p->children;
	while (p != NULL && p->next == NULL)
		p = p->parent;
	return p == NULL ? NULL : p->next;
}

static int part_scan(struct search *s, struct slice needle, struct sealed *sealed, const struct mime_part *part, struct arena *arena, struct buf *window, bool *ret_found)
{
	struct mime_text *t = mime_text_open(part, true, arena);
	struct buf piece = BUF_INIT(SCAN_PIECE);
	int rc = 0;

	for (uint64_t at = part->body_start; rc == 0 && !*ret_found; at += SCAN_PIECE) {
		uint64_t n = part->body_end - at < SCAN_PIECE ? part->body_end - at : SCAN_PIECE;
		bool last = at + n == part->body_end;

		buf_clear(&piece);
		rc = sealed_read(sealed, at, n, &piece, s->err);
		if (rc < 0)
			break;
		mime_text_feed(t, buf_slice(&piece), last, window);
		*ret_found = slice_search(buf_slice(window), needle) >= 0;
		if (buf_len(window) >= needle.n)
			buf_consume(window, buf_len(window) - needle.n + 1);
		if (last)
			break;
	}
	mime_text_close(&t);
	buf_free(&piece);
	return rc;
}

/* The text that did not fit into the digest: all text parts of the record itself. */
static int record_scan(struct search *s, const struct candidate *c, struct slice needle, struct slice listing, bool *ret_found)
{
	struct arena arena = ARENA_INIT;
	struct buf window = BUF_INIT(SIZE_MAX);
	struct digest d;
	struct slice prefix;
	struct sealed *sealed;
	int rc = digest_decode_structure(listing, &arena, &d);

	if (rc == 0 && d.search_text_cut)
		rc = body_open(s->a, s->m, c->uid, &arena, &prefix, &sealed, s->err);
	else
		d.root = NULL;
	for (const struct mime_part *p = rc == 0 ? d.root : NULL; rc == 0 && p != NULL && !*ret_found; p = part_next(p)) {
		if (slice_eq(p->type, SLICE("text")))
			rc = part_scan(s, needle, sealed, p, &arena, &window, ret_found);
	}
	buf_free(&window);
	arena_free(&arena);
	return rc;
}

static int cut_scan(struct search *s, const struct candidate *c, struct slice needle, bool *ret_found)
{
	struct arena arena = ARENA_INIT;
	struct mailbox_ref ref;
	struct slice listing;
	uint32_t prefix;
	int rc;

	memcpy(ref.id, s->m->id, sizeof ref.id);
	rc = op_digest(&s->a->base, &ref, c->uid, false, &arena, &listing, &prefix, s->err);
	if (rc == 0)
		rc = record_scan(s, c, needle, listing, ret_found);
	arena_free(&arena);
	return rc;
}

static int candidate_check(struct search *s, const struct candidate *c, bool *ret_found)
{
	struct error err = {0};
	bool stored;
	int rc;

	*ret_found = false;
	buf_clear(&s->texts);
	rc = text_get(s->a, c->body, &s->texts, &stored, &err);
	if (rc == ERR_NOT_FOUND)
		return 0;
	if (rc < 0) { /* one damaged row does not spoil the others */
		s->a->host.damaged(s->a->host.arg, s->a, &err);
		return 0;
	}
	*ret_found = true;
	for (size_t i = 0; *ret_found && i < s->what->count; i++) {
		*ret_found = texts_match(s->what, s->what->needles[i], buf_slice(&s->texts));
		if (!*ret_found && c->cut && s->what->scope != SEARCH_HEADER && cut_scan(s, c, s->what->needles[i], ret_found) == ERR_IO)
			return ERR_IO;
	}
	return 0;
}

static int by_uid(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	return (a->uid > b->uid) - (a->uid < b->uid);
}

int op_search(struct account *base, const struct mailbox_ref *ref, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
              struct error *err)
{
	struct search s = {.a = account_of(base), .uids = uids, .what = what, .texts = BUF_INIT(SIZE_MAX), .err = err};
	struct buf expression = BUF_INIT(EXPRESSION_MAX);
	bool found;
	int rc;

	s.m = mailbox_by_ref(s.a, ref, err);
	if (s.m == NULL)
		return ERR_NOT_FOUND;
	rc = s.a->indexed != 0 && expression_for(&s, &expression) && !expression.failed ? candidates_indexed(&s, buf_slice(&expression))
		: candidates_all(&s);
	if (rc == 0 && s.count != 0)
		qsort(s.list, s.count, sizeof *s.list, by_uid);
	for (size_t i = 0; rc == 0 && i < s.count; i++) {
		rc = candidate_check(&s, &s.list[i], &found);
		if (rc == 0 && found)
			uid_set_add(ret, s.list[i].uid);
	}
	buf_free(&expression);
	buf_free(&s.texts);
	memory_free(s.list);
	return rc;
}

/* ---- indexing ---- */

#define INDEX_BYTES 131072 /* of text after which a batch ends: a few long letters must not hold the loop */

static int index_one(struct store_account *a, uint64_t body, struct slice texts, struct buf *scratch, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_INDEX_PUT, err);
	struct slice header, text;

	if (s == NULL)
		return ERR_IO;
	if (!text_split(texts, &header, &text))
		return 0;
	buf_clear(scratch);
	search_document(header, text, scratch);
	bind_u64(s, 1, body);
	bind_text(s, 2, buf_slice(scratch));
	return account_db_run(&a->db, s, err);
}

/* What cannot be read is left out, as a search would not find it there either; a disk that fails is asked again. */
static int index_body(struct store_account *a, uint64_t body, struct buf *texts, struct buf *scratch, struct error *err)
{
	bool stored;
	int rc;

	buf_clear(texts);
	rc = text_get(a, body, texts, &stored, err);
	if (rc == ERR_IO || rc == ERR_TEMPORARY)
		return rc;
	if (rc == ERR_DAMAGED)
		a->host.damaged(a->host.arg, a, err);
	if (rc < 0)
		return 0;
	rc = stored ? 0 : text_put(a, body, buf_slice(texts), err);
	return rc == 0 ? index_one(a, body, buf_slice(texts), scratch, err) : rc;
}

/* *ret_more: it ended at one of the two limits, not at the last body. */
static int index_batch(struct store_account *a, unsigned max, bool *ret_more, struct error *err)
{
	unsigned count = 0;
	size_t bytes = 0;
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_BODY_NEXT, err);
	struct buf texts = BUF_INIT(SIZE_MAX), scratch = BUF_INIT(SIZE_MAX);
	int step = SQLITE_DONE, rc = s == NULL ? ERR_IO : 0;

	if (rc == 0) {
		bind_u64(s, 1, a->indexed);
		bind_u64(s, 2, max);
	}
	while (rc == 0 && !*ret_more && (step = sqlite3_step(s)) == SQLITE_ROW) {
		uint64_t body = column_u64(s, 0);

		rc = index_body(a, body, &texts, &scratch, err);
		a->indexed = body;
		bytes += buf_len(&texts);
		*ret_more = ++count == max || bytes >= INDEX_BYTES;
	}
	if (rc == 0 && step != SQLITE_DONE && !*ret_more)
		rc = account_db_error(&a->db, err);
	if (s != NULL)
		account_db_done(s);
	buf_free(&texts);
	buf_free(&scratch);
	return rc;
}

int store_account_index(struct store_account *a, unsigned max, bool *ret_more, struct error *err)
{
	sqlite3_stmt *s;
	int rc = txn_begin(a, false, err);

	*ret_more = false;
	if (rc < 0)
		return rc;
	rc = index_batch(a, max, ret_more, err);
	s = rc == 0 ? account_db_statement(&a->db, SQL_INDEXED_SET, err) : NULL;
	if (s != NULL) {
		bind_u64(s, 1, a->indexed);
		rc = account_db_run(&a->db, s, err);
	}
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	return txn_commit(a, err);
}
