/* Who vouches for a letter that DMARC fails: chains of ARC as an attacker would build them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/mail_key.h"
#include "filter/judge.h"
#include "store/fact.h"
#include "trust/arc.h"

#define NOW 1700000000
#define MESSAGE "From: ceo@bank.example\r\nSubject: hello\r\n\r\nHello.\r\n"
#define PASSED "dmarc=pass header.from=bank.example"

static struct mail_key *key;

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	return mail_key_sign(arg, digest, out, err);
}

static void put_text(struct facts *facts, const struct dns_question *q, struct slice text)
{
	struct buf rdata = BUF_INIT(300), records = BUF_INIT(400);
	buf_put_u8(&rdata, (uint8_t)text.n);
	buf_append(&rdata, text);
	buf_put_bytes(&records, buf_slice(&rdata));
	facts_answer(facts, q->name, q->type, &(struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&records)});
	buf_free(&rdata);
	buf_free(&records);
}

/* Every selector has the key; the bank wants forgeries refused; nothing else exists. */
static void answer_all(struct facts *facts)
{
	struct buf public_key = BUF_INIT(MAIL_PUBLIC_MAX), record = BUF_INIT(250);
	mail_key_public(key, &public_key, NULL);
	buf_append_str(&record, "k=ed25519; p=");
	base64_encode(buf_slice(&public_key), &record);
	for (size_t i = 0; i < facts->wanted_count; i++) {
		const struct dns_question *q = &facts->wanted[i];
		if (slice_starts(q->name, SLICE("s._domainkey.")))
			put_text(facts, q, buf_slice(&record));
		else if (slice_eq(q->name, SLICE("_dmarc.bank.example")))
			put_text(facts, q, SLICE("v=DMARC1; p=reject"));
		else
			facts_answer(facts, q->name, q->type, &(struct dns_answer){.status = DNS_NXDOMAIN});
	}
	buf_free(&public_key);
	buf_free(&record);
}

/* Puts the set of one more host on top. */
static void seal(struct buf *mail, const char *domain, const char *results)
{
	struct arena arena = ARENA_INIT;
	struct facts facts;
	struct trust_message m;
	struct arc_report chain;
	struct buf set = BUF_INIT(65536);
	struct arc_sealing how = {.signer = {.domain = slice_str(domain), .selector = SLICE("s"), .algorithm = mail_key_algorithm(key), .sign = sign, .arg = key},
		.now_s = NOW, .authserv_id = slice_str(domain), .results = slice_str(results)};
	facts_init(&facts, &arena, NOW);
	message_init(&m, buf_slice(mail), &arena);
	for (arc_verify(&facts, &m, &chain); chain.waiting; arc_verify(&facts, &m, &chain)) {
		answer_all(&facts);
		facts_rerun(&facts);
	}
	assert_int_equal(arc_seal(&chain, &m, &how, &set, NULL), 0);
	buf_append(&set, buf_slice(mail));
	buf_clear(mail);
	buf_append(mail, buf_slice(&set));
	buf_free(&set);
	facts_free(&facts);
	arena_free(&arena);
}

struct host {
	const char *domain, *results;
};

/* The code of the judgement of a letter that these hosts sealed, in this order; list.example and relay.example are trusted. */
static unsigned judged(const char *message, const struct host *hosts, size_t count)
{
	static const struct slice trusted[] = {SLICE_INIT("list.example"), SLICE_INIT("relay.example")};
	static const struct filter_settings settings = {.hostname = SLICE_INIT("mx.example.org"), .dmarc_enforce = true, .arc_trusted = {trusted, 2}};
	static const uint8_t secret[32] = {7};
	const struct recipient_fact reader = {.kind = FACT_LOCAL, .account = {1}, .generation = 1, .address = SLICE("ann@example.org")};
	struct arena arena = ARENA_INIT;
	struct facts facts;
	struct filter_judgement ret;
	struct buf mail = BUF_INIT(1 << 20), recipients = BUF_INIT(4096);
	fact_write_recipient(&recipients, &reader, secret);
	buf_append_str(&mail, message);
	for (size_t i = 0; i < count; i++)
		seal(&mail, hosts[i].domain, hosts[i].results);
	const struct envelope e = {.source = ENVELOPE_SMTP, .cid = SLICE("c1"), .client_address = SLICE("127.0.0.1"), .helo = SLICE("x.list.example"),
		.hostname = SLICE("mx.example.org"), .reverse_path = SLICE("bounce@list.example"), .recipients = buf_slice(&recipients), .recipient_count = 1};
	facts_init(&facts, &arena, NOW);
	for (unsigned round = 0; !filter_judge(&e, buf_slice(&mail), &settings, &facts, &arena, &ret); round++) {
		assert_true(round < 20);
		answer_all(&facts);
		facts_rerun(&facts);
	}
	unsigned code = ret.code;
	facts_free(&facts);
	buf_free(&mail);
	buf_free(&recipients);
	arena_free(&arena);
	return code;
}

#define JUDGED(...) judged(MESSAGE, (const struct host[]){__VA_ARGS__}, sizeof((const struct host[]){__VA_ARGS__}) / sizeof(struct host))

static void trusted_hosts_vouch_for_what_they_saw(void **state)
{
	assert_int_equal(JUDGED({"list.example", PASSED}), 0);
	assert_int_equal(JUDGED({"relay.example", PASSED}, {"list.example", "dmarc=fail header.from=bank.example"}), 0);
	assert_int_equal(JUDGED({"other.example", "arc=none"}, {"relay.example", "dmarc=pass (p=reject) header.from=BANK.example; arc=pass"}), 0);
}

static void what_a_stranger_says_below_their_seal_stays_his_word(void **state)
{
	assert_int_equal(JUDGED({"list.example", "dmarc=fail header.from=bank.example"}), 550);
	assert_int_equal(JUDGED({"evil.example", PASSED}), 550);
	assert_int_equal(JUDGED({"evil.example", PASSED}, {"list.example", "dmarc=fail header.from=bank.example; arc=pass"}), 550);
	assert_int_equal(JUDGED({"list.example", PASSED}, {"evil.example", PASSED}), 550);
	assert_int_equal(JUDGED({"list.example", PASSED}, {"evil.example", "arc=pass"}, {"relay.example", "arc=pass"}), 550);
	assert_int_equal(JUDGED({"list.example", "dmarc=pass header.from=evil.example"}), 550);
	assert_int_equal(JUDGED({"list.example", "dmarc=pass"}), 550);
	assert_int_equal(JUDGED({"list.example", "spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=bank.example\""}), 550);
}

static int make_key(void **state)
{
	crypt_init();
	return mail_key_generate(MAIL_ED25519_SHA256, &key, NULL);
}

static int free_key(void **state)
{
	mail_key_free(&key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted_hosts_vouch_for_what_they_saw),
		cmocka_unit_test(what_a_stranger_says_below_their_seal_stays_his_word),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("judge", tests, make_key, free_key);
}
