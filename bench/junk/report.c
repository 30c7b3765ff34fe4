/*
 * How well the checks tell a corpus apart (make_corpus.py): junk_report DIR [--learn train|test|mixed] [--csv FILE] [--table FILE]
 * [--alarms yes]. Learns from one half and judges the other one three times: Bayes alone, the other checks alone, all together. Prints ROC
 * curves, what each threshold costs, and the time per letter. No DNS: lists are not part of it. The halves are those of the corpus, which
 * share no text; with "mixed" they are every second pair of letters, so that the texts are known and only senders, links, words filled in
 * and disguises are new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "policy/bayes.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/verdict.h"
#include "policy/warm.h"
#include "sys/file.h"

#define NOW 1795000000
#define DAY 86400
#define FIELDS 15
#define LETTERS_MAX 100000
#define FILE_MAX (64 * 1024 * 1024)
#define FALSE_ALARM_COST 100 /* a good letter in the junk folder against a bad one in the inbox */

enum kind { HAM, JUNK, PHISH, KINDS };
enum run { BAYES_ALONE, CHECKS_ALONE, ALL, RUNS };
static const char *const kind_names[] = {"ham", "junk", "phish"}, *const run_names[] = {"Bayes alone", "checks without Bayes",
	"all checks"};

struct row {
	struct slice fields[FIELDS];
	enum kind kind;
	bool test;
	int score[RUNS];
};

struct report {
	const char *folder, *learn;
	struct arena arena;
	struct row *rows;
	size_t count;
	struct bayes table;
	struct targets targets;
	struct names names;
	struct policy_known known;
	bool alarms;
	int64_t spent_us, judged, slowest_us;
	unsigned hits[CHECK_ID_COUNT][KINDS];
};

static struct slice read_all(struct arena *arena, const char *folder, struct slice name)
{
	struct buf b = BUF_INIT(FILE_MAX);
	struct error err = {0};
	const char *path = (const char *)arena_printf(arena, "%s/%.*s", folder, SLICE_ARG(name)).p;
	if (file_read(path, &b, &err) != 0) {
		fprintf(stderr, "%s\n", err.private_text);
		exit(1);
	}
	struct slice ret = arena_dup(arena, buf_slice(&b));
	buf_free(&b);
	return ret;
}

static bool is_judged(const struct report *r, const struct row *row)
{
	if (strcmp(r->learn, "mixed") == 0)
		return r->count / 2 % 2 == 0;
	return !slice_eq(row->fields[1], slice_str(r->learn));
}

static void read_index(struct report *r)
{
	struct slice text = read_all(&r->arena, r->folder, SLICE("index.tsv")), line;
	r->rows = memory_alloc_array(LETTERS_MAX, sizeof *r->rows);
	while (slice_split(&text, '\n', &line) && r->count < LETTERS_MAX) {
		struct row *row = &r->rows[r->count++];
		for (size_t i = 0; i < FIELDS; i++)
			slice_split(&line, '\t', &row->fields[i]);
		row->test = is_judged(r, row);
		while (row->kind < KINDS && !slice_eq(row->fields[3], slice_str(kind_names[row->kind])))
			row->kind++;
		ENSURE(row->kind < KINDS);
	}
}

static void read_directory(struct report *r)
{
	struct slice text = read_all(&r->arena, r->folder, SLICE("directory.tsv")), line, what, a, b;
	targets_init(&r->targets, &r->arena);
	names_init(&r->names, &r->arena);
	while (slice_split(&text, '\n', &line)) {
		slice_split(&line, '\t', &what);
		slice_split(&line, '\t', &a);
		slice_split(&line, '\t', &b);
		struct person p = {.name = a, .address = b};
		if (slice_eq(what, SLICE("person")))
			names_add(&r->names, &p);
		else
			targets_add(&r->targets, a, slice_eq(what, SLICE("own")));
	}
	r->known.domains = &r->targets;
	r->known.names = &r->names;
}

static uint32_t number(struct slice s)
{
	uint32_t v = 0;
	slice_to_u32(s, &v);
	return v;
}

static enum letter_auth auth(struct slice s)
{
	static const struct { const char *name; enum letter_auth value; } rows[] = {
		{"pass", LETTER_PASS}, {"fail", LETTER_FAIL}, {"softfail", LETTER_SOFT_FAIL}, {"neutral", LETTER_NEUTRAL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(s, slice_str(rows[i].name)))
			return rows[i].value;
	return LETTER_NONE;
}

static void take_letter(struct report *r, const struct row *row, struct arena *arena, struct policy_letter *l)
{
	ptrdiff_t at = slice_rfind(row->fields[8], '@');
	*l = (struct policy_letter){.helo = row->fields[7], .reverse_path = row->fields[8], .trust.given = true};
	policy_ip_parse(row->fields[5], &l->client);
	if (!slice_eq(row->fields[6], SLICE("-")))
		l->ptr = row->fields[6];
	l->trust.spf = auth(row->fields[9]);
	l->trust.dkim = auth(row->fields[10]);
	l->trust.dmarc = auth(row->fields[11]);
	l->trust.dkim_domain = slice_from(row->fields[8], (size_t)at + 1);
	r->known.sender = (struct known_sender){.given = true, .letters_in = number(row->fields[12]), .letters_out = number(row->fields[13]),
		.domain_first_s = NOW - (int64_t)number(row->fields[14]) * DAY};
	policy_letter_read(l, read_all(arena, r->folder, row->fields[0]), NULL, NULL, arena);
}

static void learn(struct report *r)
{
	static const uint8_t key[TOKEN_KEY] = "key of a measure";
	bayes_init(&r->table, key, BAYES_TOKENS_ORGANISATION, BAYES_LEARNT_ORGANISATION);
	for (size_t i = 0; i < r->count; i++) {
		struct arena arena = ARENA_INIT;
		struct policy_letter l;
		struct tokens tokens;
		if (r->rows[i].test)
			continue;
		take_letter(r, &r->rows[i], &arena, &l);
		tokens_make(&l, key, &arena, &tokens);
		bayes_train(&r->table, &tokens, r->rows[i].kind == HAM ? BAYES_HAM : BAYES_JUNK);
		arena_free(&arena);
	}
}

static int64_t now_us(void *arg)
{
	struct timespec t;
	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void alarm_print(const struct row *row, const struct policy_verdict *v)
{
	struct buf out = BUF_INIT(65536);
	verdict_header(v, &out);
	printf("%.*s %.*s: %.*s", SLICE_ARG(row->fields[0]), SLICE_ARG(row->fields[4]), SLICE_ARG(buf_slice(&out)));
	buf_free(&out);
}

static void judge(struct report *r, struct row *row)
{
	struct arena arena = ARENA_INIT;
	struct facts facts;
	struct policy_letter l;
	struct policy_verdict v;
	r->known.organisation = &r->table;
	facts_init(&facts, &arena, NOW);
	int64_t start = now_us(NULL);
	take_letter(r, row, &arena, &l);
	policy_run(&l, &r->known, &facts, NULL, NULL, NULL, &v);
	int64_t took = now_us(NULL) - start;
	r->spent_us += took;
	r->slowest_us = took > r->slowest_us ? took : r->slowest_us;
	r->judged++;
	row->score[ALL] = v.score;
	row->score[BAYES_ALONE] = v.results[CHECK_ID_bayes].score;
	row->score[CHECKS_ALONE] = v.score - v.results[CHECK_ID_bayes].score;
	if (r->alarms && row->kind == HAM && v.verdict != VERDICT_PASS)
		alarm_print(row, &v);
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++)
		r->hits[id][row->kind] += v.results[id].state == CHECK_HIT && v.results[id].score != 0;
	facts_free(&facts);
	arena_free(&arena);
}

struct counts {
	unsigned total[KINDS], caught[KINDS];
};

static struct counts count_at(const struct report *r, enum run run, int threshold)
{
	struct counts c = {0};
	for (size_t i = 0; i < r->count; i++) {
		const struct row *row = &r->rows[i];
		if (!row->test)
			continue;
		c.total[row->kind]++;
		c.caught[row->kind] += row->score[run] >= threshold;
	}
	return c;
}

static double share(unsigned part, unsigned whole)
{
	return whole > 0 ? 100.0 * part / whole : 0;
}

static void costs_print(const struct report *r, enum run run, const int *thresholds, size_t count)
{
	printf("\n%s\n  points   good in junk        junk caught  phishing caught  cost per 1000 (a false alarm counts %d)\n", run_names[run],
		FALSE_ALARM_COST);
	for (size_t i = 0; i < count; i++) {
		struct counts c = count_at(r, run, thresholds[i]);
		unsigned bad = c.total[JUNK] + c.total[PHISH], missed = bad - c.caught[JUNK] - c.caught[PHISH];
		printf("  %6d   %4u of %4u %6.2f%%      %6.2f%%          %6.2f%%   %8.1f\n", thresholds[i], c.caught[HAM], c.total[HAM],
			share(c.caught[HAM], c.total[HAM]), share(c.caught[JUNK], c.total[JUNK]), share(c.caught[PHISH], c.total[PHISH]),
			1000.0 * (c.caught[HAM] * FALSE_ALARM_COST + missed) / (c.total[HAM] + bad));
	}
}

/* x: good letters that are caught, 0 to 10 %; y: bad ones that are caught, 50 to 100 %. */
static void curve_print(const struct report *r)
{
	enum { WIDTH = 61, HEIGHT = 21 };
	char grid[HEIGHT][WIDTH + 1];
	memset(grid, ' ', sizeof grid);
	for (enum run run = 0; run < RUNS; run++)
		for (int t = -150; t <= 400; t++) {
			struct counts c = count_at(r, run, t);
			double x = share(c.caught[HAM], c.total[HAM]), y = share(c.caught[JUNK] + c.caught[PHISH], c.total[JUNK] + c.total[PHISH]);
			int column = (int)(x / 10 * (WIDTH - 1) + 0.5), line = HEIGHT - 1 - (int)((y - 50) / 50 * (HEIGHT - 1) + 0.5);
			if (column >= 0 && column < WIDTH && line >= 0 && line < HEIGHT)
				grid[line][column] = "bca"[run];
		}
	printf("\nROC: a all checks, b Bayes alone, c checks without Bayes\n");
	for (int line = 0; line < HEIGHT; line++) {
		grid[line][WIDTH] = '\0';
		printf("%4d%% |%s\n", 100 - line * 50 / (HEIGHT - 1), grid[line]);
	}
	printf("      +");
	for (int i = 0; i < WIDTH; i++)
		putchar(i % 6 == 0 ? '+' : '-');
	printf("\n       0 to 10 %% of good letters taken for junk\n");
}

static void csv_write(const struct report *r, const char *path)
{
	FILE *f = fopen(path, "w");
	if (f == NULL)
		return;
	fprintf(f, "run,points,ham_percent,junk_percent,phish_percent\n");
	for (enum run run = 0; run < RUNS; run++)
		for (int t = -100; t <= 300; t++) {
			struct counts c = count_at(r, run, t);
			fprintf(f, "%s,%d,%.3f,%.3f,%.3f\n", run_names[run], t, share(c.caught[HAM], c.total[HAM]), share(c.caught[JUNK], c.total[JUNK]),
				share(c.caught[PHISH], c.total[PHISH]));
		}
	(void)fclose(f);
}

static void languages_print(const struct report *r)
{
	static const char *const languages[] = {"en", "zh", "ja"};
	printf("\nAll checks at 50 points, by language\n");
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		struct counts c = {0};
		for (size_t i = 0; i < r->count; i++) {
			const struct row *row = &r->rows[i];
			if (!row->test || !slice_eq(row->fields[2], slice_str(languages[k])))
				continue;
			c.total[row->kind]++;
			c.caught[row->kind] += row->score[ALL] >= 50;
		}
		printf("  %s   good %.2f%%   junk %.2f%%   phishing %.2f%%\n", languages[k], share(c.caught[HAM], c.total[HAM]),
			share(c.caught[JUNK], c.total[JUNK]), share(c.caught[PHISH], c.total[PHISH]));
	}
}

static void checks_print(const struct report *r, const struct counts *c)
{
	printf("\nHow often a check gave points (%% of good, junk, phishing)\n");
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		const unsigned *h = r->hits[id];
		if (h[HAM] + h[JUNK] + h[PHISH] > 0)
			printf("  %-20s %6.1f %6.1f %6.1f\n", check_name(id), share(h[HAM], c->total[HAM]), share(h[JUNK], c->total[JUNK]),
				share(h[PHISH], c->total[PHISH]));
	}
}

static void table_write(const struct report *r, const char *path)
{
	struct buf b = BUF_INIT(BAYES_ENCODED_MAX);
	FILE *f = fopen(path, "wb");
	bayes_encode(&r->table, &b);
	if (f != NULL) {
		fwrite(buf_slice(&b).p, 1, buf_len(&b), f);
		(void)fclose(f);
	}
	buf_free(&b);
}

static void report_print(const struct report *r)
{
	static const int bayes[] = {1, 5, 10, 20, 30, 40}, all[] = {20, 30, 40, 50, 60, 70, 90, 120};
	struct counts c = count_at(r, ALL, 0);
	printf("%zu letters; judged half: %u good, %u junk, %u phishing; table: %zu tokens\n", r->count, c.total[HAM], c.total[JUNK],
		c.total[PHISH], r->table.count);
	printf("%.2f ms per letter with reading it, slowest %.2f ms\n", r->spent_us / 1000.0 / (double)r->judged, r->slowest_us / 1000.0);
	costs_print(r, BAYES_ALONE, bayes, ARRAY_LEN(bayes));
	costs_print(r, CHECKS_ALONE, all, ARRAY_LEN(all));
	costs_print(r, ALL, all, ARRAY_LEN(all));
	curve_print(r);
	languages_print(r);
	checks_print(r, &c);
}

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 2; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return NULL;
}

int main(int argc, char **argv)
{
	struct report r = {.arena = ARENA_INIT};
	if (argc < 2) {
		fprintf(stderr, "junk_report DIR [--learn train|test|mixed] [--csv FILE] [--table FILE] [--alarms yes]\n");
		return 2;
	}
	r.folder = argv[1];
	/* Points are tuned on what is learnt from "test", and reported for "train". */
	r.learn = option(argc, argv, "--learn") != NULL ? option(argc, argv, "--learn") : "train";
	r.alarms = option(argc, argv, "--alarms") != NULL;
	crypt_init();
	policy_warm();
	read_index(&r);
	read_directory(&r);
	learn(&r);
	for (size_t i = 0; i < r.count; i++)
		if (r.rows[i].test)
			judge(&r, &r.rows[i]);
	report_print(&r);
	if (option(argc, argv, "--csv") != NULL)
		csv_write(&r, option(argc, argv, "--csv"));
	if (option(argc, argv, "--table") != NULL)
		table_write(&r, option(argc, argv, "--table"));
	bayes_free(&r.table);
	names_free(&r.names);
	targets_free(&r.targets);
	memory_free(r.rows);
	arena_free(&r.arena);
	return 0;
}
