/* directory.db: people of the address book, and the words by which they are found. */
#include <string.h>

#include "base/name_words.h"
#include "auth/directory_book.h"
#include "auth/directory_sql.h"
#include "base/ensure.h"
#include "base/utf8.h"

#define WORDS_VERSION 1 /* another one: all words are made anew when the directory is opened */
#define TERMS_MAX 3

static void read_person(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct book_person *ret = into;

	*ret = (struct book_person){.address = sql_get(s, 1, arena), .name = sql_get(s, 2, arena), .department = sql_get(s, 3, arena),
		.state = (enum account_state)sqlite3_column_int(s, 4), .role = (enum auth_role)sqlite3_column_int(s, 5), .place = sqlite3_column_int64(s, 6),
		.sort = sql_get(s, 7, arena), .hidden = sqlite3_column_int(s, 8) != 0, .position = sql_get(s, 9, arena), .phone = sql_get(s, 10, arena),
		.mobile = sql_get(s, 11, arena), .staff_number = sql_get(s, 12, arena), .reading = sql_get(s, 13, arena)};
	if (sqlite3_column_count(s) > 14)
		ret->word = sql_get(s, 14, arena);
	sql_get_fixed(s, 0, ret->account, sizeof ret->account);
}

int directory_book_person_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct book_person *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_PERSON_GET);

	sql_blob(s, 1, account, 16);
	return sql_one(s, read_person, arena, ret);
}

/* ---- words ---- */

static struct slice named_text(const struct book_person *p, struct arena *arena)
{
	const struct slice parts[] = {p->name, p->address, p->department, p->staff_number, p->phone, p->mobile, p->reading};
	struct buf out = BUF_INIT(4000);

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_append(&out, parts[i]);
		buf_append(&out, SLICE("\n"));
	}
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static int put_row(struct directory *d, const struct book_person *p, struct slice named, struct arena *arena, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_PERSON_PUT);

	sql_blob(s, 1, p->account, sizeof p->account);
	sql_text(s, 2, p->department);
	sql_int(s, 3, p->place);
	sql_text(s, 4, name_sort_key(p->name.n > 0 ? p->name : p->address, p->reading, arena));
	sql_int(s, 5, p->hidden);
	sql_text(s, 6, p->position);
	sql_text(s, 7, p->phone);
	sql_text(s, 8, p->mobile);
	sql_text(s, 9, p->staff_number);
	sql_text(s, 10, p->reading);
	sql_text(s, 11, named);
	return sql_run(d, s, err);
}

static int put_words(struct directory *d, const struct book_person *p, struct arena *arena, struct error *err)
{
	struct name_texts names = {p->name, p->reading, p->address, p->department, p->staff_number, p->phone, p->mobile};
	struct name_words_found words;
	size_t named;
	sqlite3_stmt *s = sql_query(d, Q_BOOK_WORDS_FORGET);
	int rc;

	sql_blob(s, 1, p->account, sizeof p->account);
	rc = sql_run(d, s, err);
	name_words_of(&names, arena, &words, &named);
	for (size_t i = 0; rc == 0 && i < words.count; i++) {
		s = sql_query(d, Q_BOOK_WORD_ADD);
		sql_text(s, 1, words.list[i]);
		sql_blob(s, 2, p->account, sizeof p->account);
		rc = sql_run(d, s, err);
	}
	return rc;
}

static int former_words(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_PERSON_NAMED);
	int rc;

	sql_blob(s, 1, account, 16);
	rc = sql_step(s);
	*ret = rc == 1 ? sql_get(s, 0, arena) : SLICE_NONE;
	sql_done(s);
	return rc < 0 ? rc : 0;
}

static int put(struct directory *d, const struct book_person *p, struct arena *arena, struct error *err)
{
	struct slice named = named_text(p, arena), former;
	int rc = former_words(d, p->account, arena, &former);

	if (rc == 0)
		rc = put_row(d, p, named, arena, err);
	if (rc == 0 && !slice_eq(named, former))
		rc = put_words(d, p, arena, err);
	if (rc == 0 && p->department.n > 0)
		rc = directory_book_department_keep(d, p->department, err);
	return rc;
}

int directory_book_person_set(struct directory *d, const struct book_person *person, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = put(d, person, &arena, err);

	arena_free(&arena);
	return rc;
}

int directory_book_refresh(struct directory *d, const uint8_t account[16], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct account a;
	struct book_person p = {0};
	struct slice former = SLICE_NONE;
	int rc = directory_account_get(d, account, &arena, &a);

	if (rc != 0)
		goto out;
	rc = directory_book_person_get(d, account, &arena, &p);
	if (rc == 0)
		rc = former_words(d, account, &arena, &former);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	memcpy(p.account, account, sizeof p.account);
	p.name = a.name;
	p.address = a.address;
	p.department = book_path(a.department, &arena);
	if (rc == 0 && !slice_eq(former, named_text(&p, &arena)))
		rc = put(d, &p, &arena, err);
out:
	arena_free(&arena);
	return rc;
}

static int next_accounts(struct directory *d, const uint8_t after[16], uint8_t (*ret)[16], int max)
{
	sqlite3_stmt *s = sql_query(d, Q_BOOK_ACCOUNTS);
	int rc, n = 0;

	sql_blob(s, 1, after, 16);
	sql_int(s, 2, max);
	while ((rc = sql_step(s)) == 1)
		sql_get_fixed(s, 0, ret[n++], 16);
	sql_done(s);
	return rc < 0 ? rc : n;
}

int directory_book_prepare(struct directory *d, struct error *err)
{
	uint8_t ids[100][16], last[16] = {0};
	uint32_t version = 0;
	int rc = directory_setting_u32(d, "book", &version), n = ARRAY_LEN(ids);

	if ((rc != 0 && rc != ERR_NOT_FOUND) || version == WORDS_VERSION)
		return rc;
	if ((rc = directory_begin(d, err)) != 0)
		return rc;
	rc = sqlite3_exec(d->db, "DELETE FROM book_word; UPDATE book_person SET named = '', sort = ''", NULL, NULL, NULL) == SQLITE_OK ? 0 : ERR_IO;
	while (rc == 0 && n == (int)ARRAY_LEN(ids)) {
		n = next_accounts(d, last, ids, ARRAY_LEN(ids));
		rc = n < 0 ? n : 0;
		for (int i = 0; rc == 0 && i < n; i++) {
			memcpy(last, ids[i], sizeof last);
			rc = directory_book_refresh(d, ids[i], err);
		}
	}
	if (rc == 0)
		rc = directory_setting_set_u32(d, "book", WORDS_VERSION, err);
	if (rc == 0)
		return directory_commit(d, err);
	directory_rollback(d);
	return rc;
}

/* ---- lists ---- */

struct book_after book_after_of(const struct book_person *last, bool search)
{
	struct book_after ret = {.given = true, .place = last->place, .text = search ? last->word : last->sort};

	memcpy(ret.account, last->account, sizeof ret.account);
	return ret;
}

static void bind_account(sqlite3_stmt *s, int at, const struct book_after *after)
{
	sql_blob(s, at, after->account, after->given ? sizeof after->account : 0);
}

int directory_book_people(struct directory *d, struct slice department, const struct book_after *after, struct arena *arena,
	struct book_person *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, department.n > 0 ? Q_BOOK_PEOPLE_OF : Q_BOOK_PEOPLE_ALL);
	int at = 1;

	if (department.n > 0) {
		sql_text(s, at++, department);
		sql_int(s, at++, after->given ? after->place : INT64_MIN);
	}
	sql_text(s, at++, after->text);
	bind_account(s, at++, after);
	sql_int(s, at, (int64_t)max);
	return sql_all(s, read_person, arena, ret, sizeof *ret);
}

/* Behind every text that begins with `word`. */
static struct slice behind(struct slice word, struct arena *arena)
{
	return arena_printf(arena, "%.*s\xf4\x8f\xbf\xbf", SLICE_ARG(word));
}

static size_t terms_of(struct slice text, struct arena *arena, struct slice ret[TERMS_MAX])
{
	struct slice rest = name_fold(utf8_prefix(text, DIRECTORY_NAME_MAX), arena), word;
	size_t n = 0;

	while (rest.n > 0 && n < TERMS_MAX && slice_split(&rest, ' ', &word))
		if (word.n > 0)
			ret[n++] = utf8_prefix(word, NAME_WORD_BYTES_MAX);
	return n;
}

int directory_book_find(struct directory *d, struct slice text, const struct book_after *after, struct arena *arena,
	struct book_person *ret, size_t max)
{
	struct slice terms[TERMS_MAX] = {0};
	size_t n = terms_of(text, arena, terms);
	sqlite3_stmt *s;

	if (n == 0)
		return 0;
	s = sql_query(d, Q_BOOK_FIND);
	sql_text(s, 1, terms[0]);
	sql_text(s, 2, behind(terms[0], arena));
	sql_text(s, 3, after->text);
	bind_account(s, 4, after);
	sql_int(s, 5, (int64_t)max);
	for (int i = 1; i < TERMS_MAX; i++) {
		sql_text(s, 4 + 2 * i, terms[i]);
		sql_text(s, 5 + 2 * i, behind(terms[i], arena));
	}
	return sql_all(s, read_person, arena, ret, sizeof *ret);
}
