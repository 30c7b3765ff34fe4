/*
 * "letterlock trust": runs one check of mail alone, without server and configuration. A check is a row of the table in cli_trust.c and a function over
 * facts; what it asks of DNS is answered here, from a server or a zone file, and every look-up is told.
 */
#ifndef CMD_CLI_TRUST_H
#define CMD_CLI_TRUST_H

#include "base/arena.h"
#include "base/error.h"
#include "cmd/cli.h"
#include "trust/dkim.h"
#include "trust/facts.h"
#include "trust/spf.h"

#define CLI_TRUST_MESSAGE_MAX (256 * 1024 * 1024)

struct cli_trust {
	struct cli *cli;
	const json_t *args;          /* options and "file" as given */
	struct arena arena;
	struct facts facts;          /* its now_s is --now */
	struct slice message;        /* of FILE; empty without one */
	struct spf_request request;  /* of --ip, --helo, --mail-from, --host */
	bool has_client;             /* --ip was given */
};

struct cli_trust_check {
	const char *name;            /* second word of the command, and of the schema "letterlock.trust.<name>.1" */
	bool needs_client, needs_message;
	/*
	 * Runs the check over t->facts from its beginning: called again until nothing is wanted; only the last result counts. An object of the caller
	 * with at least "result" and "reason"; the frame adds "lookups". NULL: an error was said (cli_error), exit code 2.
	 */
	json_t *(*run)(struct cli_trust *t);
	const char *fields;          /* shown to people, as for cli_fields */
	const char *list, *columns;  /* then a table of this member, as for cli_table; NULL: none */
	void (*show)(const struct cli_trust *t, const json_t *result); /* instead of all that, for output that is no report */
};
extern const struct cli_trust_check cli_trust_spf, cli_trust_dmarc, cli_trust_dkim, cli_trust_arc, cli_trust_sign, cli_trust_phish, cli_trust_junk,
	cli_trust_report, cli_trust_content;

/* For cli_command.run of all rows. */
int cli_trust_run(struct cli *cli, const struct cli_command *command, json_t *args);
/* The value of an option, NULL when it was not given. */
const char *cli_trust_option(const struct cli_trust *t, const char *name);
/* Sets a string from bytes that may not be UTF-8 (those are shown as U+FFFD). */
void cli_json_text(json_t *object, const char *name, struct slice text);

/* The message as it would be on the wire: a file with LF alone gets CRLF. */
struct slice cli_trust_wire(struct cli_trust *t);
/* The members of one DKIM check. */
json_t *cli_trust_dkim_json(const struct dkim_report *r);
/* The members of one SPF check. */
json_t *cli_trust_spf_json(const struct spf_check *c);

/* ---- who answers ---- */

struct cli_trust_dns;
/* `where`: HOST:PORT of a server, or a zone file; NULL: the resolvers of this machine. NULL: an error was said. */
struct cli_trust_dns *cli_trust_dns_open(const char *where, int timeout_ms);
/* Answers all that is wanted, at most at the end of the time (DNS_FAILED then), and lists it in `lookups`. */
void cli_trust_dns_answer(struct cli_trust_dns *d, struct facts *f, json_t *lookups);
void cli_trust_dns_close(struct cli_trust_dns **d);

#endif
