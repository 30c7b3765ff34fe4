#include "store/search.h"

#include <string.h>
#include "base/ensure.h"
#include "base/utf8.h"

#define TOKEN_MAX 16 /* the mark and three characters of up to 4 bytes */

/* Texts come to FTS5 with their part as first byte; so do the pieces of an expression. */

static const char MARKS[SEARCH_PARTS] = {
	[SEARCH_PART_HEADER] = 'h', [SEARCH_PART_TEXT] = 't', [SEARCH_PART_SUBJECT] = 's', [SEARCH_PART_FROM] = 'f', [SEARCH_PART_TO] = 'r',
};

static bool is_part(uint8_t c)
{
	return c > 0 && c < SEARCH_PARTS;
}

struct character {
	uint32_t code;
	size_t start, end;
};

/* Scripts without spaces between words: their characters carry meaning one by one. */
static bool is_syllabic(uint32_t c)
{
	static const struct { uint32_t first, last; } RANGES[] = {
		{0x1100, 0x11ff}, {0x2e80, 0x2fdf}, {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3038, 0x303b}, {0x3040, 0x30ff}, {0x3130, 0x318f},
		{0x31f0, 0x31ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa960, 0xa97f}, {0xac00, 0xd7ff}, {0xf900, 0xfaff}, {0x1aff0, 0x1b16f},
		{0x20000, 0x3ffff},
	};

	if (c < RANGES[0].first)
		return false;
	for (size_t i = 0; i < sizeof RANGES / sizeof RANGES[0]; i++) {
		if (c >= RANGES[i].first && c <= RANGES[i].last)
			return true;
	}
	return false;
}

static bool is_space(uint32_t c)
{
	return c <= 0x20 || c == 0x7f || c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029;
}

static bool in_word(uint32_t c)
{
	return !is_space(c) && !is_syllabic(c);
}

static int emit(enum search_part part, struct slice text, size_t start, size_t end, search_token_fn *fn, void *arg)
{
	uint8_t token[TOKEN_MAX];
	size_t n = end - start;

	if (n + 1 > sizeof token)
		return 0;
	token[0] = (uint8_t)MARKS[part];
	memcpy(token + 1, text.p + start, n);
	return fn(arg, slice_make(token, n + 1), start, end);
}

/* The tokens that end with the newest of the last three characters. */
static int emit_window(enum search_part part, struct slice text, const struct character *c, size_t have, search_token_fn *fn, void *arg)
{
	int rc = 0;

	if (is_syllabic(c[2].code)) {
		if (have >= 2 && is_syllabic(c[1].code))
			rc = emit(part, text, c[1].start, c[2].end, fn, arg);
		return rc != 0 ? rc : emit(part, text, c[2].start, c[2].end, fn, arg);
	}
	if (have >= 3 && in_word(c[0].code) && in_word(c[1].code) && in_word(c[2].code))
		rc = emit(part, text, c[0].start, c[2].end, fn, arg);
	return rc;
}

int search_tokens(enum search_part part, struct slice text, search_token_fn *fn, void *arg)
{
	struct character c[3] = {{0}};
	struct slice rest = text;
	size_t have = 0;
	int rc = 0;

	while (rc == 0 && rest.n != 0) {
		c[0] = c[1];
		c[1] = c[2];
		c[2].start = text.n - rest.n;
		c[2].code = utf8_next(&rest);
		c[2].end = text.n - rest.n;
		if (have < 3)
			have++;
		rc = emit_window(part, text, c, have, fn, arg);
	}
	return rc;
}

/* ---- what is indexed ---- */

enum search_part search_part_of(struct slice field)
{
	static const struct { struct slice name; enum search_part part; } FIELDS[] = {
		{SLICE_INIT("subject"), SEARCH_PART_SUBJECT}, {SLICE_INIT("from"), SEARCH_PART_FROM}, {SLICE_INIT("to"), SEARCH_PART_TO},
		{SLICE_INIT("cc"), SEARCH_PART_TO}, {SLICE_INIT("bcc"), SEARCH_PART_TO},
	};

	for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
		if (slice_eq_nocase(field, FIELDS[i].name))
			return FIELDS[i].part;
	}
	return SEARCH_PART_HEADER;
}

/* White space is no part of any token, so the marks of the parts can be told from the text. */
static void document_append(struct buf *out, enum search_part part, struct slice text)
{
	uint8_t *p;

	buf_append_byte(out, (uint8_t)part);
	buf_append(out, text);
	if (out->failed)
		return;
	p = out->data + out->end - text.n;
	for (size_t i = 0; i < text.n; i++) {
		if (p[i] < 0x20)
			p[i] = ' ';
	}
}

void search_document(struct slice header, struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_split(&header, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		document_append(out, colon < 0 ? SEARCH_PART_HEADER : search_part_of(slice_sub(line, 0, (size_t)colon)), line);
	}
	document_append(out, SEARCH_PART_TEXT, text);
}

/* ---- FTS5 ---- */

struct fts_bridge {
	void *context;
	int (*token)(void *, int, const char *, int, int, int);
};

static int fts_emit(void *arg, struct slice token, size_t start, size_t end)
{
	struct fts_bridge *b = arg;

	return b->token(b->context, 0, (const char *)token.p, (int)token.n, (int)start, (int)end);
}

static int fts_create(void *context, const char **args, int count, Fts5Tokenizer **ret)
{
	*ret = (Fts5Tokenizer *)sqlite3_malloc(1);
	return *ret == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static void fts_delete(Fts5Tokenizer *t)
{
	sqlite3_free(t);
}

static int fts_tokenize(Fts5Tokenizer *t, void *context, int flags, const char *p, int n,
                        int (*token)(void *, int, const char *, int, int, int))
{
	struct fts_bridge bridge = {context, token};
	struct slice text = slice_make(p, n < 0 ? 0 : (size_t)n), piece;
	int rc = SQLITE_OK;

	/* Each part is its mark and its text; a text has no control characters. */
	while (rc == SQLITE_OK && text.n != 0 && is_part(text.p[0])) {
		enum search_part part = (enum search_part)text.p[0];
		size_t end = 1;

		if (flags & FTS5_TOKENIZE_QUERY) /* an expression is made of whole tokens */
			return emit(part, text, 1, text.n, fts_emit, &bridge);
		while (end < text.n && !is_part(text.p[end]))
			end++;
		piece = slice_sub(text, 1, end);
		text = slice_from(text, end);
		rc = search_tokens(part, piece, fts_emit, &bridge);
	}
	return rc;
}

int search_register(sqlite3 *db)
{
	static fts5_tokenizer tokenizer = {fts_create, fts_delete, fts_tokenize};
	fts5_api *api = NULL;
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &s, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(s);
	sqlite3_finalize(s);
	if (api != NULL)
		rc = api->xCreateTokenizer(api, "letterlock", NULL, &tokenizer, NULL) == SQLITE_OK ? 0 : -1;
	return rc;
}

/* ---- expressions ---- */

#define EXPRESSION_TOKENS_MAX 40 /* more do not narrow the candidates */

struct expression {
	struct buf *out;
	enum search_part part;
	size_t count;
};

static int expression_add(void *arg, struct slice token, size_t start, size_t end)
{
	struct expression *e = arg;

	if (e->count++ != 0)
		buf_append_str(e->out, " AND ");
	buf_append_byte(e->out, '"');
	buf_append_byte(e->out, (uint8_t)e->part);
	for (size_t i = 1; i < token.n; i++) {
		if (token.p[i] == '"')
			buf_append_byte(e->out, '"');
		buf_append_byte(e->out, token.p[i]);
	}
	buf_append_byte(e->out, '"');
	return e->count == EXPRESSION_TOKENS_MAX;
}

bool search_expression(enum search_part part, struct slice needle, struct buf *out)
{
	struct expression e = {.out = out, .part = part};
	size_t start = buf_len(out);

	buf_append_byte(out, '(');
	search_tokens(part, needle, expression_add, &e);
	buf_append_byte(out, ')');
	if (e.count == 0)
		buf_truncate(out, start);
	return e.count != 0;
}
