/* Commands about the records of a domain in DNS; rows of cli_domain.c. */
#ifndef CMD_CLI_DNS_H
#define CMD_CLI_DNS_H

#include "cmd/cli.h"

/* --bind: a zone file; --provider NAME: fields of its console, relative to --zone; without both the table with what is there. */
int cli_dns_records(struct cli *cli, const struct cli_command *command, json_t *args);
/* ADMIN_PARTIAL when a record is wrong that is not muted. */
int cli_dns_check(struct cli *cli, const struct cli_command *command, json_t *args);
int cli_dns_unmute(struct cli *cli, const struct cli_command *command, json_t *args);
void cli_dns_show_setup(const json_t *result);

#endif
