/*
 * The command line tool of the administrator: tables of commands (one file per noun), a client of the admin socket, output for people
 * and as JSON. Exit codes are those of enum admin_status (ipc/admin.h).
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include <jansson.h>
#include "base/slice.h"
#include "ipc/admin.h"

struct config;

struct cli {
	const char *config_path;
	struct config *config;  /* read on first use */
	int socket;             /* -1: not connected */
	bool json, quiet, yes;
	bool secrets_on_stdin;
	bool anonymous;         /* the token of the session is not sent */
	bool expects_factor;    /* a refusal for want of a second factor is no error yet */
	const char *reason;     /* of an emergency access; NULL: none */
	char **words;           /* arguments behind the command's own words */
	int word_count;
};

/*
 * A command that asks one operation of ipc/operations.h, or runs a function of its own.
 * positional and options: names of members of args, separated by spaces; a '?' behind a positional: may be missing; '#' behind
 * an option or positional: a size or number; ',': a list with commas; '!': no value; '+' behind a positional: one or more, a list; '*': none or more. An option of member x_y is --x-y.
 * secrets: members read from standard input or the terminal, never from the arguments; a '?' asks for nothing when empty.
 */
struct cli_command {
	const char *words;
	const char *op;
	const char *positional, *options, *secrets;
	const char *help;
	void (*show)(const json_t *result);   /* for people; NULL prints "done" */
	int (*run)(struct cli *cli, const struct cli_command *command, json_t *args); /* instead of asking op */
	const char *list;                     /* member of the result that comes in pages */
	bool needs_option;                    /* without any option there is nothing to do */
};
struct cli_noun {
	const char *name;
	const struct cli_command *commands;
	size_t count;
};
extern const struct cli_noun cli_device, cli_condition, cli_review, cli_party;
extern const struct cli_noun cli_ca, cli_contact, cli_device_certificate;
extern const struct cli_noun cli_audit, cli_trace, cli_access;
extern const struct cli_noun cli_factor, cli_import, cli_policy;
extern const struct cli_noun cli_oauth, cli_identity, cli_certificate, cli_ldap;
extern const struct cli_noun cli_domain, cli_user, cli_alias, cli_group, cli_queue, cli_quarantine, cli_junk, cli_server, cli_config, cli_login, cli_logout, cli_session,
	cli_token, cli_role, cli_grant, cli_approval;

extern const struct cli_noun cli_tls, cli_signatures;
/* How old our own signature files are: {"signatures","problems","warnings"}; the caller's. Only with malware.signature_key. */
json_t *cli_signatures_state(const struct config *c);
extern const struct cli_noun cli_department;
extern const struct cli_noun cli_user_sieve, cli_trust, cli_forward, cli_firewall;
/* Says which listeners of the configuration nobody serves; how many. */
size_t cli_listeners_check(struct cli *cli, json_t *problems);
extern const struct cli_noun cli_escrow, cli_recovery, cli_delegate, cli_clearance, cli_account;

/* The token of the session that this user is signed in with; NULL: none. */
json_t *cli_session_token(void);
/* Asks the server; *ret_result is the caller's (NULL when there is none). Prints the error. Returns the exit code. */
int cli_ask(struct cli *cli, const char *op, const json_t *args, json_t **ret_result);
/* As cli_ask, following the pages of the list member of the result. */
int cli_ask_all(struct cli *cli, const char *op, json_t *args, const char *list, json_t **ret_result);
/* The configuration; prints all its problems. 0 or ADMIN_CONFIG. */
int cli_config_load(struct cli *cli);
/* Reads the secrets of a command into args. 0 or an exit code. */
int cli_secrets(struct cli *cli, const char *names, json_t *args);
/* Asks "<question> Go on? [y/N]" unless --yes; false also when there is no terminal. */
bool cli_confirm(const struct cli *cli, const char *question);
/* Asks the person the question, then the server; "done" when it did. ADMIN_DENIED without a yes. */
int cli_run_confirmed(struct cli *cli, const struct cli_command *command, json_t *args, const char *question);

void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_print_json(const char *op, const json_t *result);
/* With --json: the errors that were said, as an object, unless a result was printed. */
void cli_print_failure(int code);
/* A table: columns "title:member title:member …"; rows is an array of objects. A '@' behind a member: unix seconds, shown as a time. */
void cli_table(const json_t *rows, const char *columns);
/* "title: value" lines of the named members, when they are there. */
void cli_fields(const json_t *object, const char *columns);
/* "2026-11-22" or "2026-11-22T01:02:03Z", as unix seconds. */
bool cli_date_parse(const char *text, int64_t *ret);
bool cli_is_plain(void); /* no colours: NO_COLOR, or no terminal */

#endif
