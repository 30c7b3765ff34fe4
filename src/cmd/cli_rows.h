/* Files with one row a line, of which each becomes a request: all problems are said, with their lines, and what is wrong with one stops no other. */
#ifndef CMD_CLI_ROWS_H
#define CMD_CLI_ROWS_H

#include "base/arena.h"
#include "cmd/cli.h"

struct cli_rows {
	struct cli *cli;
	bool dry_run;
	unsigned long line;          /* that is read, from 1 on */
	unsigned long good, bad;     /* counted by cli_rows_ask and cli_rows_bad */
	/* 0, or an exit code that ends it. The line has no white space at its ends; first: nor a byte order mark. Empty lines behind the first are passed over. */
	int (*first)(struct cli_rows *rows, struct slice line);
	int (*row)(struct cli_rows *rows, struct slice line);
	void *arg;                   /* of the functions */
};

/* Asks op with args (with dry_run when that was wanted), which go to it. 0, or an exit code that ends it: what the server says of this row ends nothing. */
int cli_rows_ask(struct cli_rows *rows, const char *op, json_t *args);
/* The row makes no sense, because of `why`. */
void cli_rows_bad(struct cli_rows *rows, const char *why);
/* Reads args.file. word: "imported". Returns the exit code: ADMIN_PARTIAL when some rows were refused, ADMIN_FAILED when all were. */
int cli_rows_run(struct cli_rows *rows, const struct cli_command *command, const json_t *args, const char *word);

#endif
