/* The compiled form: a tree of commands and tests, each bound to its row of the table, its arguments sorted by meaning. Shared by src/sieve. */
#ifndef SIEVE_SCRIPT_H
#define SIEVE_SCRIPT_H

#include "sieve/sieve.h"

enum sieve_extension {
#define SIEVE_EXTENSION(id, name) SIEVE_##id,
#include "sieve/extensions.h"
#undef SIEVE_EXTENSION
	SIEVE_EXTENSION_COUNT,
	SIEVE_CORE = SIEVE_EXTENSION_COUNT /* no extension is needed */
};
typedef uint64_t sieve_set;
#define SIEVE_BIT(e) ((sieve_set)1 << (e))

struct sieve_string {
	struct slice text;          /* encoded characters resolved */
	bool dynamic;               /* variables stand in it */
	struct sieve_place place;
};

enum sieve_arg_kind { SIEVE_ARG_NUMBER, SIEVE_ARG_STRINGS, SIEVE_ARG_TAG };
struct sieve_arg {
	struct sieve_arg *next;
	enum sieve_arg_kind kind;
	bool list;                  /* written in brackets */
	struct sieve_place place;
	uint64_t number;
	struct slice tag;           /* without the colon */
	struct sieve_string *strings;
	size_t count;
};

/* Meanings of tagged arguments. Two tags with one slot exclude each other. */
enum sieve_slot {
	SLOT_MATCH, SLOT_COMPARATOR, SLOT_PART, SLOT_INDEX, SLOT_LAST, SLOT_ZONE, SLOT_COPY, SLOT_CREATE, SLOT_SPECIAL_USE, SLOT_FLAGS, SLOT_TRANSFORM,
	SLOT_DAYS, SLOT_SUBJECT, SLOT_FROM, SLOT_ADDRESSES, SLOT_MIME, SLOT_HANDLE, SLOT_KEY, SLOT_SECONDS, SLOT_CASE, SLOT_FIRST, SLOT_QUOTE, SLOT_LENGTH,
	SLOT_PLACE, SLOT_ONCE, SLOT_OPTIONAL, SLOT_OVER, SLOT_QUOTE_REGEX, SLOT_COUNT
};

struct sieve_tag {
	const char *name;           /* NULL ends a table */
	enum sieve_slot slot;
	char argument;              /* 0 none, 'n' number, 's' string, 'l' list */
	enum sieve_extension extension;
	int code;                   /* what the tag means to its command */
};

enum match_type { MATCH_IS, MATCH_CONTAINS, MATCH_MATCHES, MATCH_REGEX, MATCH_VALUE, MATCH_COUNT };
enum match_relation { RELATION_GT, RELATION_GE, RELATION_LT, RELATION_LE, RELATION_EQ, RELATION_NE };
struct sieve_comparator;
struct sieve_match {
	enum match_type type;
	enum match_relation relation;
	const struct sieve_comparator *comparator;
};

struct sieve_def;
struct sieve_bound { const struct sieve_tag *tag; const struct sieve_arg *arg; /* its argument, or NULL */ };
#define SIEVE_TAGS_MAX 10 /* of one command */

struct sieve_node {
	struct sieve_node *next;    /* in the block or test list */
	struct sieve_place place;
	struct slice name;
	const struct sieve_def *def;
	struct sieve_arg *args;     /* as written; after binding only the positional ones */
	size_t arg_count;
	struct sieve_bound tags[SIEVE_TAGS_MAX];
	size_t tag_count;
	struct sieve_match match;   /* when the row has match tags */
	struct sieve_node *tests;
	size_t test_count;
	bool test_list;             /* written in parentheses */
	struct sieve_node *block;
	bool has_block;
	bool constant, constant_value; /* ihave: known when compiled; a block behind a false one is not compiled */
};

struct compiler;
struct machine;
enum sieve_tests { TESTS_NONE, TESTS_ONE, TESTS_LIST };
enum sieve_block { BLOCK_NONE, BLOCK_NEEDED };
struct sieve_def {
	const char *name;
	enum sieve_extension extension;
	const struct sieve_tag *tags[6]; /* tables, NULL ends */
	const char *arguments;      /* positional: 's' 'l' 'n', behind '?' those that may be left out from the front ("?sl": list, or string and list) */
	enum sieve_tests tests;
	enum sieve_block block;
	bool matches;               /* has match type and comparator */
	/* Further checks; NULL: none. */
	bool (*check)(struct compiler *c, struct sieve_node *node);
	/* One of them. run: false ends the script (an error, or stop). */
	bool (*run)(struct machine *m, const struct sieve_node *node);
	bool (*test)(struct machine *m, const struct sieve_node *node);
};
/* Rows; NULL: none of that name. */
const struct sieve_def *sieve_command_find(struct slice name);
const struct sieve_def *sieve_test_find(struct slice name);

struct sieve_program {
	struct slice text;
	struct slice name;          /* of an included one */
	struct sieve_node *block;
	sieve_set required;
};

/* ---- compiling ---- */
struct compiler {
	struct arena *arena;
	struct sieve_program *program;
	struct sieve_error *err;
	unsigned nodes;
	int code;                   /* 0, or the failure */
};
__attribute__((format(printf, 3, 4))) bool compile_error(struct compiler *c, struct sieve_place place, const char *format, ...);
bool compile_limit(struct compiler *c, struct sieve_place place, const char *what);
bool compile_has(const struct compiler *c, enum sieve_extension e);
/* parse.c: the tree as written, unbound. False: an error is set. */
bool sieve_parse(struct compiler *c, struct slice text, struct sieve_node **ret);
/* bind.c: a block of commands, and what is in it. */
bool sieve_bind(struct compiler *c, struct sieve_node *block);
/* encoded.c: ${hex:…} and ${unicode:…} (RFC 5228 2.4.2.4) of every string of an argument; checks variable references. */
bool sieve_strings_bind(struct compiler *c, struct sieve_arg *arg);
int sieve_extension_find(struct slice name); /* or -1 */
const char *sieve_extension_name(enum sieve_extension e);
/* A variable (or namespace.name) reference as it stands between "${" and "}"; a number is a match variable. */
bool sieve_variable_name(struct slice text);

/* ---- shared tables of tags ---- */
extern const struct sieve_tag sieve_tags_match[], sieve_tags_comparator[], sieve_tags_part[], sieve_tags_index[], sieve_tags_zone[], sieve_tags_flags[],
	sieve_tags_copy[];
/* The tag in that slot; NULL: not given. */
static inline const struct sieve_bound *node_tag(const struct sieve_node *node, enum sieve_slot slot)
{
	for (size_t i = 0; i < node->tag_count; i++)
		if (node->tags[i].tag->slot == slot)
			return &node->tags[i];
	return NULL;
}
static inline const struct sieve_arg *node_arg(const struct sieve_node *node, size_t i)
{
	const struct sieve_arg *a = node->args;
	while (i-- > 0 && a != NULL)
		a = a->next;
	return a;
}

/* ---- comparators (RFC 4790) ---- */
struct sieve_comparator {
	const char *name;
	enum sieve_extension extension; /* to be required; SIEVE_CORE: not needed */
	bool substring;             /* has :contains and :matches */
	/* In that form equal is equal byte for byte. origin: for every byte of it, and its end, where it comes from; NULL: as is. In the arena. */
	struct slice (*fold)(struct slice text, struct arena *arena, uint32_t **ret_origin);
	int (*order)(struct slice a, struct slice b, struct arena *arena);
};
const struct sieve_comparator *sieve_comparator_find(struct slice name);
struct slice sieve_unicode_fold(struct slice text, struct arena *arena, uint32_t **ret_origin);

/* ---- regular expressions (regex.c) ---- */
struct sieve_regex;
/* Extended ones of POSIX. NULL: *ret_why says what is wrong. nocase: ASCII letters. */
struct sieve_regex *sieve_regex_compile(struct slice pattern, bool nocase, struct arena *arena, const char **ret_why);
/* groups: start and end of ${0} …, (size_t)-1 where it took no part; room for SIEVE_MATCHES_MAX pairs. Linear in text and machine; *work is charged and
 * the search given up (false) when it is used up. */
bool sieve_regex_search(const struct sieve_regex *r, struct slice text, size_t (*groups)[2], size_t *ret_count, uint64_t *work, struct arena *arena);

#endif
