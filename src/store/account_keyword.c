#include "store/account_internal.h"

#include <string.h>
#include "base/memory.h"

static const struct { struct slice name; uint32_t flag; } SYSTEM_FLAGS[] = {
	{SLICE_INIT("\\Seen"), FLAG_SEEN}, {SLICE_INIT("\\Answered"), FLAG_ANSWERED}, {SLICE_INIT("\\Flagged"), FLAG_FLAGGED},
	{SLICE_INIT("\\Deleted"), FLAG_DELETED}, {SLICE_INIT("\\Draft"), FLAG_DRAFT},
};

void keyword_free_all(struct store_account *a)
{
	for (unsigned i = 0; i < a->keyword_count; i++)
		memory_free((void *)(uintptr_t)a->keywords[i].p);
	a->keyword_count = 0;
}

static void keyword_add(struct store_account *a, struct slice name)
{
	a->keywords[a->keyword_count++] = slice_make(memory_dup_str(name), name.n);
}

int keyword_load_all(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_KEYWORD_ALL, err);
	int step;

	if (s == NULL)
		return ERR_IO;
	keyword_free_all(a);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && a->keyword_count < KEYWORD_COUNT_MAX)
		keyword_add(a, column_blob(s, 1));
	if (step != SQLITE_DONE && step != SQLITE_ROW) {
		account_db_error(&a->db, err);
		account_db_done(s);
		return ERR_DAMAGED;
	}
	account_db_done(s);
	return 0;
}

static bool fits(const struct store_account *a, struct slice name)
{
	return a->keyword_count < KEYWORD_COUNT_MAX && name.n > 0 && name.n <= KEYWORD_NAME_MAX;
}

int keyword_find(struct store_account *a, struct slice name, bool create, unsigned *ret, struct error *err)
{
	sqlite3_stmt *s;
	int rc;

	for (unsigned i = 0; i < a->keyword_count; i++) {
		if (slice_eq_nocase(a->keywords[i], name)) {
			*ret = i;
			return 0;
		}
	}
	if (!create)
		return error_set(err, ERR_NOT_FOUND, "no such keyword");
	if (!fits(a, name))
		return error_set(err, ERR_LIMIT, "too many or too long keywords");
	s = account_db_statement(&a->db, SQL_KEYWORD_PUT, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, a->keyword_count);
	bind_text(s, 2, name);
	rc = account_db_run(&a->db, s, err);
	if (rc < 0)
		return rc;
	*ret = a->keyword_count;
	keyword_add(a, name);
	return 0;
}

int op_keyword(struct account *base, struct slice name, bool create, unsigned *ret_index, struct error *err)
{
	struct store_account *a = account_of(base);
	int rc = keyword_find(a, name, false, ret_index, err);

	if (rc == 0 || !create)
		return rc;
	if (!fits(a, name))
		return error_set(err, ERR_LIMIT, "too many or too long keywords");
	rc = txn_begin(a, false, err);
	if (rc < 0)
		return rc;
	rc = keyword_find(a, name, true, ret_index, err);
	if (rc < 0) {
		txn_rollback(a);
		return rc;
	}
	return txn_commit(a, err);
}

struct slice op_keyword_name(struct account *base, unsigned index)
{
	struct store_account *a = account_of(base);

	return index < a->keyword_count ? a->keywords[index] : SLICE_NONE;
}

static uint32_t system_flag(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(SYSTEM_FLAGS); i++) {
		if (slice_eq_nocase(SYSTEM_FLAGS[i].name, name))
			return SYSTEM_FLAGS[i].flag;
	}
	return 0;
}

struct flag_set flags_parse(struct store_account *a, struct slice text)
{
	struct flag_set flags = {0};
	struct slice name;
	unsigned index;

	while (slice_split(&text, ' ', &name)) {
		flags.system |= system_flag(name);
		if (name.n != 0 && name.p[0] != '\\' && keyword_find(a, name, true, &index, NULL) == 0)
			flags.keywords |= UINT64_C(1) << index;
	}
	return flags;
}

void store_flags_print(struct store_account *a, struct flag_set flags, struct buf *out)
{
	size_t start = buf_len(out);

	for (size_t i = 0; i < ARRAY_LEN(SYSTEM_FLAGS); i++) {
		if (!(flags.system & SYSTEM_FLAGS[i].flag))
			continue;
		if (buf_len(out) != start)
			buf_append_byte(out, ' ');
		buf_append(out, SYSTEM_FLAGS[i].name);
	}
	for (unsigned i = 0; i < a->keyword_count; i++) {
		if (!(flags.keywords >> i & 1))
			continue;
		if (buf_len(out) != start)
			buf_append_byte(out, ' ');
		buf_append(out, a->keywords[i]);
	}
}
