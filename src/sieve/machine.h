/* A run of a script. Shared by the files of commands and tests. */
#ifndef SIEVE_MACHINE_H
#define SIEVE_MACHINE_H

#include "base/map.h"
#include "mime/address.h"
#include "mime/header.h"
#include "sieve/script.h"

struct sieve_variable { struct slice value; };
struct machine_scope {          /* of one script: include gives each its own (RFC 6609 3.4) */
	struct machine_scope *outer;
	const struct sieve_program *program;
	struct map variables;       /* of struct sieve_variable; those that `global` names are in machine.globals */
	struct map imported;
	unsigned variable_count;
	bool returned;              /* `return` */
};
struct included {
	struct included *next;
	struct slice name;
	bool global;
	struct sieve_program *program;
	bool ran, running;
};

struct machine {
	const struct sieve_letter *letter;
	struct arena *arena, scratch; /* scratch: of one comparison */
	struct sieve_outcome *out;
	struct machine_scope *scope;
	struct map globals;
	struct included *included;
	unsigned include_count, depth;
	uint64_t own_work, *work;
	bool stopped;               /* stop, or an error */
	bool implicit_keep;
	struct slice matches[SIEVE_MATCHES_MAX];
	size_t match_count;
	bool no_matches;            /* the test leaves no match variables */
	struct slice flags;         /* the internal variable of RFC 5232 */
	struct sieve_action **last_action;
	unsigned actions, redirects, duplicates;
	const struct mime_part *root; /* NULL until a test looks at the body */
	struct slice header;
	bool if_taken;              /* an earlier branch of if … elsif … was taken */
};

/* False, and the script ends. */
__attribute__((format(printf, 3, 4))) bool machine_error(struct machine *m, struct sieve_place place, const char *format, ...);
/* False when there is no work left: the script ends. */
bool machine_charge(struct machine *m, struct sieve_place place, uint64_t work);
bool machine_block(struct machine *m, const struct sieve_node *block);
bool machine_test(struct machine *m, const struct sieve_node *test);

/* ---- values ---- */
/* A string with its variables put in. */
struct slice machine_string(struct machine *m, const struct sieve_string *s);
/* The first string of an argument. */
struct slice machine_arg(struct machine *m, const struct sieve_node *node, size_t i);
struct slice machine_tag_string(struct machine *m, const struct sieve_bound *tag);
/* Variables: names in any case; a name that was never set is empty. */
struct slice machine_variable(struct machine *m, struct slice name);
bool machine_variable_set(struct machine *m, struct sieve_place place, struct slice name, struct slice value);

/* ---- matching (match.c) ---- */
/* Collects values and compares them with keys in the way that the test says. */
struct matching {
	struct machine *m;
	const struct sieve_node *node;
	const struct sieve_arg *keys;
	uint64_t count;             /* values seen */
	bool found;
};
void matching_begin(struct matching *x, struct machine *m, const struct sieve_node *node, const struct sieve_arg *keys);
/* True: it is decided, no more values are needed. */
bool matching_value(struct matching *x, struct slice value);
bool matching_end(struct matching *x);

/* ---- the letter ---- */
/* Values of header fields of one name, in their order, :index obeyed: fn for each; it says true to stop. Undecoded. */
typedef bool header_fn(void *arg, struct slice value);
bool machine_headers(struct machine *m, const struct sieve_node *node, struct slice name, header_fn *fn, void *arg);
/* Unfolded, trimmed, encoded words decoded, UTF-8. */
struct slice machine_header_text(struct machine *m, struct slice value);
/* A part of an address by the tag of the test; false: the address has no such part. */
bool machine_address_part(struct machine *m, const struct sieve_node *node, struct slice local, struct slice domain, struct slice *ret);
const struct sieve_mailbox *machine_mailbox(const struct machine *m, struct slice name);
const struct sieve_mailbox *machine_special_use(const struct machine *m, struct slice attribute);

/* ---- actions ---- */
/* Appends; an equal one is not repeated. NULL: an error is set. */
struct sieve_action *machine_action(struct machine *m, struct sieve_place place, const struct sieve_action *action);
/* Flags that a keep or fileinto gives (RFC 5232 3). */
struct slice machine_flags_of(struct machine *m, const struct sieve_node *node);

/* Rows of the table, one per command or test. */
extern const struct sieve_def sieve_cmd_if, sieve_cmd_elsif, sieve_cmd_else, sieve_cmd_stop, sieve_cmd_require, sieve_cmd_keep, sieve_cmd_discard,
	sieve_cmd_fileinto, sieve_cmd_redirect, sieve_cmd_reject, sieve_cmd_ereject, sieve_cmd_vacation, sieve_cmd_setflag, sieve_cmd_addflag,
	sieve_cmd_removeflag, sieve_cmd_set, sieve_cmd_include, sieve_cmd_return, sieve_cmd_global, sieve_cmd_error;
extern const struct sieve_def sieve_test_address, sieve_test_allof, sieve_test_anyof, sieve_test_envelope, sieve_test_exists, sieve_test_false,
	sieve_test_header, sieve_test_not, sieve_test_size, sieve_test_true, sieve_test_body, sieve_test_hasflag, sieve_test_date,
	sieve_test_currentdate, sieve_test_string, sieve_test_duplicate, sieve_test_mailboxexists, sieve_test_specialuse_exists,
	sieve_test_environment, sieve_test_ihave;

#endif
