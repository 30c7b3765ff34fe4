/*
 * What the reader teaches the account about junk (policy/bayes.h). A letter that is moved into Junk or out of it is noted in the same
 * transaction; the table learns from it later, in batches of one transaction each, so that after a crash nothing is learnt
 * twice or forgotten. What was learnt of a letter is kept under its EMAILID: with that it is taken back exactly.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypt/crypt.h"
#include "policy/bayes.h"
#include "store/account_learn.h"

#define WAITING_MAX 20000          /* letters that wait to be learnt; of more the rest is not */
#define AGE_S (180 * 86400)        /* an epoch of the table; what is older than two is forgotten */
#define GOOD_MAX 500               /* letters that count as good because they were read and left where they are */
#define POINTS 60                  /* of the reader's own table, as those of the check `bayes` */
#define MARKER_MAX 700

/* Stored; the values never change. */
enum want { WANT_GOOD = 0, WANT_JUNK = 1, WANT_NOTHING = 2 };

struct learning {
	struct bayes table;
	int64_t begun;             /* unix seconds: when its epoch began */
};

/* ---- what is to be learnt ---- */

static bool learns(const struct store_account *a)
{
	return a->host.learns != NULL && a->host.learns(a->host.arg);
}

static const struct bayes *house_table(const struct store_account *a)
{
	return a->host.house != NULL ? a->host.house(a->host.arg) : NULL;
}

static bool is_special(const struct store_mailbox *m, uint32_t use, struct slice name)
{
	return m != NULL && ((m->special & use) != 0 || slice_eq(m->name, name));
}

static bool is_junk(const struct store_mailbox *m)
{
	return is_special(m, USE_JUNK, SLICE("Junk"));
}

static int number(struct store_account *a, enum account_sql id, uint64_t *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, id, err);
	int rc = s == NULL ? ERR_IO : 0;
	if (rc == 0 && sqlite3_step(s) == SQLITE_ROW)
		*ret = column_u64(s, 0);
	else if (rc == 0)
		rc = account_db_error(&a->db, err);
	if (s != NULL)
		account_db_done(s);
	return rc;
}

static int note(struct store_account *a, const uint8_t email[16], uint64_t body, enum want want, struct error *err)
{
	uint64_t waiting = 0;
	int rc = number(a, SQL_LESSON_COUNT, &waiting, err);
	sqlite3_stmt *s = rc == 0 && waiting < WAITING_MAX ? account_db_statement(&a->db, SQL_TODO_PUT, err) : NULL;
	if (s == NULL)
		return rc == 0 && waiting < WAITING_MAX ? ERR_IO : rc;
	bind_blob(s, 1, slice_make(email, 16));
	bind_u64(s, 2, body);
	bind_u64(s, 3, want);
	rc = account_db_run(&a->db, s, err);
	a->learn_due = true;
	return rc;
}

int learn_placed(struct store_account *a, const struct store_mailbox *from, const struct store_mailbox *to, const uint8_t email[16],
                 uint64_t body, struct error *err)
{
	if (is_junk(from) == is_junk(to) || is_special(to, USE_TRASH, SLICE("Trash")) || !learns(a))
		return 0;
	return note(a, email, body, is_junk(to) ? WANT_JUNK : WANT_GOOD, err);
}

static uint64_t keyword_bit(struct store_account *a, struct slice name)
{
	unsigned index;
	return keyword_find(a, name, false, &index, NULL) == 0 ? UINT64_C(1) << index : 0;
}

int learn_flagged(struct store_account *a, uint64_t before, uint64_t after, const uint8_t email[16], uint64_t body, struct error *err)
{
	uint64_t junk, good;
	if (before == after || !learns(a))
		return 0;
	junk = keyword_bit(a, SLICE("$Junk"));
	good = keyword_bit(a, SLICE("$NotJunk"));
	if ((~before & after & junk) != 0)
		return note(a, email, body, WANT_JUNK, err);
	if ((~before & after & good) != 0)
		return note(a, email, body, WANT_GOOD, err);
	return (before & ~after & (junk | good)) != 0 ? note(a, email, body, WANT_NOTHING, err) : 0;
}

void learn_tell(struct store_account *a)
{
	if (a->learn_due && a->host.learn != NULL)
		a->host.learn(a->host.arg, a);
}

/* ---- the table ---- */

void learn_rest(struct store_account *a)
{
	if (a->learning != NULL)
		bayes_free(&a->learning->table);
	MEMORY_FREE(&a->learning);
	a->learn_looked = false;
}

static void table_new(struct store_account *a, struct learning *l)
{
	uint8_t key[TOKEN_KEY];
	random_bytes(key, sizeof key);
	bayes_init(&l->table, key, BAYES_TOKENS_USER, BAYES_LEARNT_USER);
	l->begun = a->host.now(a->host.arg);
}

/* One that cannot be read begins anew: it is no mail. */
static int table_read(struct store_account *a, struct learning *l, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TABLE_GET, err);
	int step, rc = s == NULL ? ERR_IO : ERR_NOT_FOUND;
	if (s == NULL)
		return rc;
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		l->begun = (int64_t)column_u64(s, 1);
		rc = bayes_decode(column_blob(s, 2), BAYES_TOKENS_USER, BAYES_LEARNT_USER, &l->table) == 0 ? 0 : ERR_NOT_FOUND;
	} else if (step != SQLITE_DONE) {
		rc = account_db_error(&a->db, err);
	}
	account_db_done(s);
	return rc;
}

static int table_load(struct store_account *a, struct error *err)
{
	struct learning *l;
	int rc;
	if (a->learning != NULL)
		return 0;
	l = memory_alloc(sizeof *l);
	rc = table_read(a, l, err);
	if (rc == ERR_NOT_FOUND) {
		table_new(a, l);
		rc = 0;
	}
	if (rc == 0)
		a->learning = l;
	else
		memory_free(l);
	return rc;
}

static int table_save(struct store_account *a, struct error *err)
{
	struct buf data = BUF_INIT(BAYES_ENCODED_MAX);
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TABLE_PUT, err);
	int rc = ERR_IO;
	bayes_encode(&a->learning->table, &data);
	if (s != NULL) {
		bind_u64(s, 1, bayes_learnt(&a->learning->table));
		bind_u64(s, 2, (uint64_t)a->learning->begun);
		bind_blob(s, 3, buf_slice(&data));
		rc = account_db_run(&a->db, s, err);
	}
	buf_free(&data);
	return rc;
}

/* Receipts of epochs that are forgotten go with them. */
static int table_aged(struct store_account *a, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_LEARNT_TRIM, err);
	a->learning->begun = a->host.now(a->host.arg);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, a->learning->table.epoch - 1);
	return account_db_run(&a->db, s, err);
}

static int table_age(struct store_account *a, struct error *err)
{
	if (a->host.now(a->host.arg) - a->learning->begun < AGE_S)
		return 0;
	bayes_age(&a->learning->table);
	return table_aged(a, err);
}

/* ---- one letter ---- */

struct lesson {
	uint64_t number, body;
	uint8_t email[16];
	enum want want;
};

static int receipt_get(struct store_account *a, const uint8_t email[16], struct bayes_receipt *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_LEARNT_GET, err);
	int step, rc = ERR_NOT_FOUND;
	if (s == NULL)
		return ERR_IO;
	bind_blob(s, 1, slice_make(email, 16));
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		*ret = (struct bayes_receipt){.epoch = (uint32_t)column_u64(s, 0), .class = column_u64(s, 1) == WANT_JUNK ? BAYES_JUNK : BAYES_HAM};
		rc = 0;
	} else if (step != SQLITE_DONE) {
		rc = account_db_error(&a->db, err);
	}
	account_db_done(s);
	return rc;
}

static int receipt_set(struct store_account *a, const uint8_t email[16], const struct bayes_receipt *receipt, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, receipt != NULL ? SQL_LEARNT_PUT : SQL_LEARNT_DELETE, err);
	if (s == NULL)
		return ERR_IO;
	bind_blob(s, 1, slice_make(email, 16));
	if (receipt != NULL) {
		bind_u64(s, 2, receipt->epoch);
		bind_u64(s, 3, receipt->class == BAYES_JUNK ? WANT_JUNK : WANT_GOOD);
	}
	return account_db_run(&a->db, s, err);
}

static int train(struct store_account *a, const struct lesson *l, const struct tokens *tokens, enum bayes_class class, struct error *err)
{
	struct bayes *b = &a->learning->table;
	uint32_t before = b->epoch;
	struct bayes_receipt receipt = bayes_train(b, tokens, class);
	int rc = receipt_set(a, l->email, &receipt, err);
	return rc == 0 && b->epoch != before ? table_aged(a, err) : rc;
}

/* What was learnt as the other thing is taken back, and that is all: the reader has undone it. Known is known. */
static int learn_tokens(struct store_account *a, const struct lesson *l, const struct tokens *tokens, struct error *err)
{
	struct bayes_receipt receipt;
	int rc = receipt_get(a, l->email, &receipt, err);
	if (rc == ERR_NOT_FOUND)
		return l->want == WANT_NOTHING ? 0 : train(a, l, tokens, l->want == WANT_JUNK ? BAYES_JUNK : BAYES_HAM, err);
	if (rc < 0 || (l->want != WANT_NOTHING && (receipt.class == BAYES_JUNK) == (l->want == WANT_JUNK)))
		return rc;
	bayes_untrain(&a->learning->table, tokens, receipt);
	rc = receipt_set(a, l->email, NULL, err);
	/* What only seemed good because it was left where it was is junk. */
	return rc == 0 && l->want == WANT_JUNK ? train(a, l, tokens, BAYES_JUNK, err) : rc;
}

/* The values of enum want are those of enum lesson_want. */
static void teach_house(struct store_account *a, const struct lesson *l, struct slice header, struct slice text, struct arena *arena)
{
	const struct bayes *house = house_table(a);
	struct tokens tokens;
	if (house == NULL || a->host.teach == NULL)
		return;
	tokens_make_texts(header, text, house->key, arena, &tokens);
	a->host.teach(a->host.arg, l->email, (unsigned)l->want, &tokens);
}

static int learn_one(struct store_account *a, const struct lesson *l, struct error *err)
{
	struct buf texts = BUF_INIT(SIZE_MAX);
	struct arena arena = ARENA_INIT;
	struct slice header, text;
	struct tokens tokens;
	bool stored;
	int rc = text_get(a, l->body, &texts, &stored, err);
	if (rc == 0 && text_split(buf_slice(&texts), &header, &text)) {
		tokens_make_texts(header, text, a->learning->table.key, &arena, &tokens);
		rc = learn_tokens(a, l, &tokens, err);
		if (rc == 0)
			teach_house(a, l, header, text, &arena);
	}
	buf_free_secret(&texts);
	arena_free(&arena);
	/* A letter that is gone or damaged teaches nothing. */
	return rc == ERR_NOT_FOUND || rc == ERR_DAMAGED ? 0 : rc;
}

/* ---- batches ---- */

static int todo_next(struct store_account *a, struct lesson *ret, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TODO_NEXT, err);
	struct slice email;
	int step, rc = ERR_NOT_FOUND;
	if (s == NULL)
		return ERR_IO;
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		*ret = (struct lesson){.number = column_u64(s, 0), .body = column_u64(s, 2), .want = (enum want)column_u64(s, 3)};
		email = column_blob(s, 1);
		if (email.n == sizeof ret->email)
			memcpy(ret->email, email.p, email.n);
		rc = 0;
	} else if (step != SQLITE_DONE) {
		rc = account_db_error(&a->db, err);
	}
	account_db_done(s);
	return rc;
}

static int todo_done(struct store_account *a, uint64_t row, struct error *err)
{
	sqlite3_stmt *s = account_db_statement(&a->db, SQL_TODO_DELETE, err);
	if (s == NULL)
		return ERR_IO;
	bind_u64(s, 1, row);
	return account_db_run(&a->db, s, err);
}

static int learn_todo(struct store_account *a, unsigned max, unsigned *ret_count, struct error *err)
{
	struct lesson l;
	int rc = 0;
	while (*ret_count < max && (rc = todo_next(a, &l, err)) == 0) {
		rc = learn_one(a, &l, err);
		if (rc == 0)
			rc = todo_done(a, l.number, err);
		if (rc < 0)
			return rc;
		a->learn_good |= l.want == WANT_JUNK;
		++*ret_count;
	}
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static uint32_t letters(const struct bayes *b, enum bayes_class class)
{
	return b->letters[0][class] + b->letters[1][class];
}

/* Letters of INBOX that were read and left there, the newest first, of which nothing was learnt yet. */
static int good_pick(struct store_account *a, unsigned max, struct lesson *ret, unsigned *ret_count, struct error *err)
{
	struct store_mailbox *inbox = mailbox_by_name(a, SLICE("INBOX"));
	sqlite3_stmt *s = inbox != NULL ? account_db_statement(&a->db, SQL_LEARN_GOOD, err) : NULL;
	int step, rc = 0;
	if (s == NULL)
		return inbox != NULL ? ERR_IO : 0;
	bind_u64(s, 1, (uint64_t)inbox->number);
	bind_u64(s, 2, max);
	bind_u64(s, 3, keyword_bit(a, SLICE("$Junk")));
	while ((step = sqlite3_step(s)) == SQLITE_ROW && *ret_count < max) {
		struct slice email = column_blob(s, 0);
		struct lesson *l = &ret[*ret_count];
		*l = (struct lesson){.body = column_u64(s, 1), .want = WANT_GOOD};
		if (email.n != sizeof l->email)
			continue;
		memcpy(l->email, email.p, email.n);
		++*ret_count;
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = account_db_error(&a->db, err);
	account_db_done(s);
	return rc;
}

/* A table needs letters of both kinds: as many good ones as junk. */
static int learn_good(struct store_account *a, unsigned max, struct error *err)
{
	const struct bayes *b = &a->learning->table;
	uint32_t good = letters(b, BAYES_HAM), junk = letters(b, BAYES_JUNK);
	unsigned room = good < junk && good < GOOD_MAX ? junk - good : 0, count = 0;
	struct lesson *list;
	int rc;
	if (room > max)
		room = max;
	if (room == 0) {
		a->learn_good = false;
		return 0;
	}
	list = memory_alloc_array(room, sizeof *list);
	rc = good_pick(a, room, list, &count, err);
	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = learn_one(a, &list[i], err);
	a->learn_good = rc == 0 && count == room;
	memory_free(list);
	return rc;
}

static int learn_batch(struct store_account *a, unsigned max, struct error *err)
{
	unsigned count = 0;
	int rc = table_age(a, err);
	if (rc == 0)
		rc = learn_todo(a, max, &count, err);
	a->learn_due = count == max;
	if (rc == 0 && count < max && a->learn_good)
		rc = learn_good(a, max - count, err);
	return rc == 0 ? table_save(a, err) : rc;
}

int store_account_learn(struct store_account *a, unsigned max, bool *ret_more, struct error *err)
{
	int rc;
	*ret_more = false;
	if ((!a->learn_due && !a->learn_good) || !learns(a))
		return 0;
	rc = txn_begin(a, false, err);
	if (rc < 0)
		return rc;
	rc = table_load(a, err);
	if (rc == 0)
		rc = learn_batch(a, max, err);
	if (rc < 0)
		txn_rollback(a);
	else
		rc = txn_commit(a, err);
	if (rc < 0) {
		learn_rest(a); /* what is in memory has not happened */
		a->learn_due = true;
		return rc;
	}
	*ret_more = a->learn_due || a->learn_good;
	return 0;
}

/* ---- forgetting ---- */

static void marker_path(const struct store_account *a, char path[MARKER_MAX])
{
	snprintf(path, MARKER_MAX, "%s/" STORE_UNLEARN, a->directory);
}

int store_account_unlearn(struct store_account *a, struct error *err)
{
	char path[MARKER_MAX];
	sqlite3_stmt *s;
	int rc = txn_begin(a, true, err);
	if (rc < 0)
		return rc;
	s = account_db_statement(&a->db, SQL_JUNK_CLEAR, err);
	rc = s == NULL ? ERR_IO : account_db_run(&a->db, s, err);
	if (rc < 0)
		txn_rollback(a);
	else
		rc = txn_commit(a, err);
	learn_rest(a);
	a->learn_due = a->learn_good = false;
	marker_path(a, path);
	if (rc == 0)
		(void)unlink(path);
	return rc;
}

void learn_open(struct store_account *a)
{
	uint64_t waiting = 0;
	char path[MARKER_MAX];
	marker_path(a, path);
	if (access(path, F_OK) == 0)
		store_account_unlearn(a, NULL);
	number(a, SQL_LESSON_COUNT, &waiting, NULL);
	a->learn_due = waiting > 0;
}

/* ---- filing ---- */

/* NULL: it has too little to say anything. */
static const struct bayes *own_table(const struct store_account *a)
{
	return learns(a) && a->learning != NULL && bayes_learnt(&a->learning->table) ? &a->learning->table : NULL;
}

/* Loads the own table when it has learnt enough to say something. */
bool learn_speaks(struct store_account *a)
{
	const struct bayes *house = house_table(a);
	uint64_t learnt = 0;
	if (!learns(a))
		return house != NULL && bayes_learnt(house);
	if (a->learning == NULL && !a->learn_looked && number(a, SQL_TABLE_LEARNT, &learnt, NULL) == 0 && learnt > 0)
		table_load(a, NULL);
	a->learn_looked = true;
	return own_table(a) != NULL || (house != NULL && bayes_learnt(house));
}

static int verdict_number(struct slice line, struct slice name)
{
	ptrdiff_t at = slice_search(line, name);
	struct slice digits = at < 0 ? SLICE_NONE : slice_from(line, (size_t)at + name.n);
	bool minus = digits.n > 0 && digits.p[0] == '-';
	int value = 0;
	for (size_t i = minus; i < digits.n && ascii_is_digit(digits.p[i]) && value < 100000; i++)
		value = value * 10 + (digits.p[i] - '0');
	return minus ? -value : value;
}

/* The line of ours (policy/verdict.h), folded as all header text for SEARCH is. Nobody else's gets in. */
static bool verdict_find(struct slice header, struct slice *ret)
{
	while (slice_split(&header, '\n', ret))
		if (slice_starts(*ret, SLICE("x-letterlock-verdict: v1;")))
			return true;
	return false;
}

static void say(const struct bayes_result *b, int judged, const char *whose, int points, bool junk, struct buf *out)
{
	buf_printf(out, "X-Letterlock-Filed: v1; mailbox=%s; score=%d; judged=%d; %s=%d/%s percent=%d tokens=%u\r\n", junk ? "junk" : "inbox",
	           judged + points, judged, whose, points, points > 0 ? "learnt_junk" : "learnt_good", b->percent, b->used);
}

void learn_file(struct store_account *a, struct slice texts, struct slice *mailbox, struct buf *out)
{
	struct slice header, text, line;
	const struct bayes *own = own_table(a);
	struct arena arena = ARENA_INIT;
	struct bayes_result result;
	bool was_junk = slice_eq(*mailbox, SLICE("Junk"));
	/* What goes to a mailbox of its own by its address, or what nothing was judged of, stays where it is. */
	if ((mailbox->n > 0 && !was_junk) || !text_split(texts, &header, &text) || !verdict_find(header, &line))
		return;
	int judged = verdict_number(line, SLICE("score=")), junk = verdict_number(line, SLICE("junk="));
	int phishing = verdict_number(line, SLICE("phishing="));
	bayes_score_texts(house_table(a), own, header, text, &arena, &result);
	arena_free(&arena);
	int points = bayes_points(&result, POINTS);
	/* Deceit, and what its domain wants put aside, is not for what people teach. */
	if (points == 0 || junk == 0 || (was_junk && (judged < junk || phishing >= junk)))
		return;
	bool now_junk = judged + points >= junk;
	*mailbox = now_junk ? SLICE("Junk") : SLICE_NONE;
	say(&result, judged, own != NULL ? "own" : "house", points, now_junk, out);
}
