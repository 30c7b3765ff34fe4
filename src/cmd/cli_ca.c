/* The own authority for certificates of devices. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "cmd/cli.h"
#include "cmd/cli_file.h"
#include "crypt/mail_ca.h"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "authorities"), "ID:id KIND:kind STATE:state NAME:name ALGORITHM:algorithm ENDS:ends@ GOOD:good REVOKED:revoked "
		"LIST:crl_number UNTIL:crl_ends@ DOMAINS:domains");
}

static void show_one(const json_t *result)
{
	cli_fields(result, "id:id kind:kind state:state name:name algorithm:algorithm domains:domains sha256:fingerprint made:created@ ends:ends@ by:author "
		"approved-by:approver good:good revoked:revoked list:crl_number list-ends:crl_ends@");
	fputs(json_string_value(json_object_get(result, "certificate")), stdout);
}

static void show_ledger(const json_t *result)
{
	cli_table(json_object_get(result, "certificates"),
		"SERIAL:serial ADDRESS:address LABEL:label STATE:state ISSUED:issued@ ENDS:ends@ APPROVED:approver REVOKED:revoked@ REASON:reason BY:revoker");
}

/* All parts of one list: when a newer one comes between, from the start. */
static int read_list(struct cli *cli, const char *op, json_t *args, struct buf *out)
{
	json_t *part = NULL;
	json_int_t number = 0;
	bool more = true;
	int code = 0;

	while (code == 0 && more) {
		json_object_set_new(args, "at", json_integer((json_int_t)buf_len(out)));
		code = cli_ask(cli, op, args, &part);
		json_int_t this = json_integer_value(json_object_get(part, "number"));
		more = json_is_true(json_object_get(part, "more"));
		if (code == 0 && number != 0 && this != number) {
			buf_clear(out);
			number = 0;
			more = true;
		} else if (code == 0) {
			number = this;
			if (base64_decode_strict(slice_str(json_string_value(json_object_get(part, "crl"))), out) != 0)
				code = ADMIN_FAILED;
		}
		json_decref(part);
		part = NULL;
	}
	return code;
}

static int run_crl(struct cli *cli, const struct cli_command *command, json_t *args)
{
	struct buf der = BUF_INIT(MAIL_CA_CRL_MAX), pem = BUF_INIT(2 * MAIL_CA_CRL_MAX);
	json_t *file = json_incref(json_object_get(args, "out"));
	bool as_der = json_is_true(json_object_get(args, "der"));

	json_object_del(args, "out");
	json_object_del(args, "der");
	int code = read_list(cli, command->op, args, &der);
	if (code == 0)
		mail_ca_pem("X509 CRL", buf_slice(&der), &pem);
	struct slice text = buf_slice(as_der ? &der : &pem);
	if (code == 0 && file != NULL)
		code = cli_file_replace(json_string_value(file), text) ? 0 : ADMIN_FAILED;
	else if (code == 0)
		(void)fwrite(text.p, 1, text.n, stdout);
	json_decref(file);
	buf_free(&der);
	buf_free(&pem);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "ca create", .op = "ca.create", .positional = "name", .options = "algorithm replace! reason",
		.help = "makes the authority for certificates of devices; a second person approves. --algorithm ecdsa-p256 or rsa-3072; --replace ends "
			"the one there is"},
	{.words = "ca renew", .op = "ca.renew", .options = "reason",
		.help = "a new issuing authority below the root, for the domains of now; a second person approves"},
	{.words = "ca list", .op = "ca.list", .show = show_list, .help = "the authorities, newest first"},
	{.words = "ca show", .op = "ca.show", .options = "id#", .show = show_one,
		.help = "one authority and its certificate (PEM), by default the one that issues"},
	{.words = "ca crl", .op = "ca.crl", .options = "id# out der!", .run = run_crl,
		.help = "the list of revoked certificates (PEM, or with --der DER), to --out FILE"},
	{.words = "ca ledger", .op = "ca.ledger", .options = "state", .show = show_ledger, .list = "certificates",
		.help = "every certificate that was asked for; --state requested, good, revoked, withdrawn"},
};
const struct cli_noun cli_ca = {"ca", commands, ARRAY_LEN(commands)};
