/* letterlock trust sign */
#include <stdio.h>
#include <string.h>

#include "cmd/cli_trust.h"
#include "sys/file.h"
#include "trust/arc.h"
#include "trust/idn.h"

#define KEY_FILE_MAX 65536
#define OUTPUT_MAX 65536

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	return mail_key_sign(arg, digest, out, err);
}

static struct mail_key *load_key(const struct cli_trust *t)
{
	const char *path = cli_trust_option(t, "key"), *wanted = cli_trust_option(t, "algorithm");
	struct buf pem = BUF_INIT(KEY_FILE_MAX);
	struct mail_key *key = NULL;
	struct error err = {0};
	if (path == NULL || file_read(path, &pem, &err) < 0 || mail_key_load(buf_slice(&pem), &key, &err) < 0)
		cli_error("--key: %s", path == NULL ? "the PEM file of a private key is missing" : err.private_text);
	buf_free_secret(&pem);
	if (key != NULL && wanted != NULL && !slice_eq_nocase(slice_str(wanted), slice_str(mail_algorithm_name(mail_key_algorithm(key))))) {
		cli_error("--algorithm: the key is for %s", mail_algorithm_name(mail_key_algorithm(key)));
		mail_key_free(&key);
	}
	return key;
}

/* RFC 6376 3.1: labels of a domain. */
static bool selector_usable(struct slice selector)
{
	for (size_t i = 0; i < selector.n; i++)
		if (!ascii_is_alnum(selector.p[i]) && slice_find(SLICE("-_."), selector.p[i]) < 0)
			return false;
	return true;
}

static bool take_signer(struct cli_trust *t, struct mail_key *key, struct dkim_signer *ret)
{
	const char *domain = cli_trust_option(t, "domain"), *selector = cli_trust_option(t, "selector");
	if (domain == NULL || selector == NULL) {
		cli_error("missing: --%s", domain == NULL ? "domain" : "selector");
		return false;
	}
	struct slice host, record;
	if (!trust_domain_ascii(&t->arena, slice_str(domain), &host) || !trust_domain_is_fqdn(host)) {
		cli_error("--domain: \"%s\" is no domain", domain);
		return false;
	}
	record = arena_printf(&t->arena, "%s._domainkey.%.*s", selector, SLICE_ARG(host));
	if (!selector_usable(slice_str(selector)) || !trust_domain_is_fqdn(record)) {
		cli_error("--selector: no record of DNS can have the name %.*s", SLICE_ARG(record));
		return false;
	}
	*ret = (struct dkim_signer){.domain = host, .selector = slice_str(selector), .algorithm = mail_key_algorithm(key),
		.sign = sign,
		.arg = key};
	return true;
}

/* Waits for the keys of the chain that is there. */
static int seal(struct cli_trust *t, struct trust_message *m, const struct dkim_signer *signer, struct buf *out, struct error *err)
{
	struct arc_report chain;
	struct buf results = BUF_INIT(ARC_RESULTS_MAX);
	struct arc_sealing how = {.signer = *signer, .now_s = t->facts.now_s, .authserv_id = slice_str(cli_trust_option(t, "arc"))};
	int rc = 0;
	arc_verify(&t->facts, m, &chain);
	arc_collect_results(m, how.authserv_id, &results);
	how.results = buf_slice(&results);
	if (!chain.waiting)
		rc = arc_seal(&chain, m, &how, out, err);
	buf_free(&results);
	return rc;
}

static json_t *run_with(struct cli_trust *t, const struct dkim_signer *signer)
{
	struct trust_message m;
	struct buf out = BUF_INIT(OUTPUT_MAX);
	struct error err = {0};
	struct dkim_signing how = {.now_s = t->facts.now_s};
	json_t *result = NULL;
	message_init(&m, cli_trust_wire(t), &t->arena);
	int rc = cli_trust_option(t, "arc") != NULL ? seal(t, &m, signer, &out, &err) : dkim_sign(&m, signer, 1, &how, &out, &err);
	if (rc == 0) {
		result = json_object();
		cli_json_text(result, "fields", buf_slice(&out));
	} else {
		cli_error("%s", err.private_text);
	}
	buf_free(&out);
	return result;
}

static json_t *run(struct cli_trust *t)
{
	struct dkim_signer signer;
	struct mail_key *key = load_key(t);
	json_t *result = key != NULL && take_signer(t, key, &signer) ? run_with(t, &signer) : NULL;
	mail_key_free(&key);
	return result;
}

/* The message with the new fields in front, its line ends as they were. */
static void show(const struct cli_trust *t, const json_t *result)
{
	struct slice fields = slice_str(json_string_value(json_object_get(result, "fields")));
	bool wire = slice_search(t->message, SLICE("\r\n")) >= 0;
	for (size_t i = 0; i < fields.n; i++)
		if (wire || fields.p[i] != '\r')
			putchar(fields.p[i]);
	(void)fwrite(t->message.p, 1, t->message.n, stdout);
}

const struct cli_trust_check cli_trust_sign = {.name = "sign", .needs_message = true, .run = run, .show = show};
