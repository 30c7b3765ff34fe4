/* Certificates of the own devices: the key is made here and stays here. */
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "cmd/cli.h"
#include "cmd/cli_file.h"
#include "crypt/csr.h"

#define PEM_MAX 65536
#define PREFIX "letterlock-device"
#define COLUMNS "SERIAL:serial LABEL:label DEVICE:device STATE:state ENDS:ends@ APPROVED:approver REVOKED:revoked@ REASON:reason"

static void show_list(const json_t *result)
{
	cli_table(json_object_get(result, "certificates"), COLUMNS);
}

static void show_one(const json_t *result)
{
	cli_fields(result, "serial:serial address:address label:label device:device state:state fingerprint:fingerprint requested:requested@ "
		"issued:issued@ ends:ends@ approved-by:approver revoked:revoked@ reason:reason revoked-by:revoker");
}

/* An option that is not for the server. */
static const char *take_option(json_t *args, json_t *kept, const char *name)
{
	json_t *value = json_object_get(args, name);
	if (value == NULL)
		return NULL;
	json_object_set(kept, name, value);
	json_object_del(args, name);
	return json_string_value(json_object_get(kept, name));
}

static int write_p12(struct cli *cli, const char *prefix, const char *name, struct slice chain)
{
	struct buf key = BUF_INIT(PEM_MAX), p12 = BUF_INIT(PEM_MAX);
	struct error err = {0};
	json_t *secrets = json_object();
	int code = cli_file_read(prefix, ".key", &key) ? cli_secrets(cli, "p12_password", secrets) : ADMIN_FAILED;

	if (code == 0 && csr_pkcs12(buf_slice(&key), chain, json_string_value(json_object_get(secrets, "p12_password")), name, &p12, &err) != 0) {
		cli_error("%s.key: %s", prefix, err.private_text);
		code = ADMIN_FAILED;
	}
	if (code == 0 && !cli_file_write(prefix, ".p12", buf_slice(&p12)))
		code = ADMIN_FAILED;
	json_decref(secrets);
	buf_free_secret(&key);
	buf_free_secret(&p12);
	return code;
}

/* What came: into files when it is there. */
static int keep_result(struct cli *cli, const json_t *result, const char *prefix, bool p12)
{
	const char *chain = json_string_value(json_object_get(result, "certificate")), *address = json_string_value(json_object_get(result, "address"));

	if (chain == NULL || prefix == NULL)
		return 0;
	if (!cli_file_exists(prefix, ".pem") && !cli_file_write(prefix, ".pem", slice_str(chain)))
		return ADMIN_FAILED;
	return p12 ? write_p12(cli, prefix, address != NULL ? address : "", slice_str(chain)) : 0;
}

static void print_result(struct cli *cli, const char *op, const json_t *result, const char *prefix)
{
	if (cli->json) {
		cli_print_json(op, result);
		return;
	}
	if (cli->quiet)
		return;
	show_one(result);
	if (json_object_get(result, "certificate") == NULL && prefix != NULL)
		printf("The device waits for approval. Then: letterlock device certificate show %s --out %s\n",
			json_string_value(json_object_get(result, "serial")), prefix);
}

static int make_request(const char *prefix, json_t *args)
{
	struct buf key = BUF_INIT(PEM_MAX), csr = BUF_INIT(CSR_MAX);
	struct error err = {0};
	int code = 0;

	if (csr_make(&key, &csr, &err) != 0) {
		cli_error("%s", err.private_text);
		code = ADMIN_FAILED;
	} else if (!cli_file_write(prefix, ".key", buf_slice(&key))) {
		code = ADMIN_FAILED;
	} else {
		json_object_set_new(args, "csr", json_stringn((const char *)buf_slice(&csr).p, buf_len(&csr)));
	}
	buf_free_secret(&key);
	buf_free(&csr);
	return code;
}

static int read_request(const char *path, json_t *args)
{
	struct buf csr = BUF_INIT(CSR_MAX);
	json_t *text = cli_file_read(path, "", &csr) ? json_stringn((const char *)buf_slice(&csr).p, buf_len(&csr)) : NULL;

	buf_free(&csr);
	if (text == NULL)
		return ADMIN_INVALID;
	json_object_set_new(args, "csr", text);
	return 0;
}

static int run_request(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *kept = json_object(), *result = NULL;
	const char *given = take_option(args, kept, "csr"), *out = take_option(args, kept, "out");
	bool p12 = json_is_true(json_object_get(args, "p12"));
	const char *prefix = out != NULL ? out : PREFIX;

	json_object_del(args, "p12");
	int code = given != NULL ? read_request(given, args) : make_request(prefix, args);
	if (code == 0) {
		code = cli_ask(cli, command->op, args, &result);
		if (code != 0 && given == NULL)
			cli_file_remove(prefix, ".key");
	}
	if (code == 0) {
		code = keep_result(cli, result, prefix, p12 && given == NULL);
		print_result(cli, command->op, result, prefix);
	}
	json_decref(result);
	json_decref(kept);
	return code;
}

static int run_show(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *kept = json_object(), *result = NULL;
	const char *prefix = take_option(args, kept, "out");
	bool p12 = json_is_true(json_object_get(args, "p12"));

	json_object_del(args, "p12");
	int code = cli_ask(cli, command->op, args, &result);
	if (code == 0) {
		code = keep_result(cli, result, prefix, p12);
		print_result(cli, command->op, result, NULL);
	}
	json_decref(result);
	json_decref(kept);
	return code;
}

static const struct cli_command commands[] = {
	{.words = "device certificate request", .op = "device.certificate.request", .options = "label protocols, networks, days# csr out p12!",
		.run = run_request, .help = "a certificate for this device; makes its key here: --out PREFIX writes PREFIX.key, .pem, with --p12 also .p12"},
	{.words = "device certificate list", .op = "device.certificate.list", .positional = "address", .show = show_list,
		.help = "certificates of a user"},
	{.words = "device certificate show", .op = "device.certificate.show", .positional = "serial", .options = "out p12!", .run = run_show,
		.help = "one certificate; --out PREFIX writes PREFIX.pem; --p12: with PREFIX.key also PREFIX.p12"},
	{.words = "device certificate revoke", .op = "device.certificate.revoke", .positional = "serial", .options = "reason", .show = show_one,
		.help = "it signs in no more; --reason key_compromise, superseded, cessation, affiliation_changed"},
};
const struct cli_noun cli_device_certificate = {"device", commands, ARRAY_LEN(commands)};
