#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "trust/arc.h"
#include "trust/dkim.h"
#include "trust/dkim_key.h"
#include "trust/dkim_sign.h"

#define NOW 1700000000
#define MESSAGE "From: ann@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\nX-Other: 1\r\n\r\nHello.\r\n"

static struct mail_key *ed, *rsa;

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	return mail_key_sign(arg, digest, out, err);
}

static struct dkim_signer signer_of(struct mail_key *key)
{
	return (struct dkim_signer){.domain = SLICE("example.org"), .selector = key == ed ? SLICE("e") : SLICE("r"),
		.algorithm = mail_key_algorithm(key),
		.sign = sign, .arg = key};
}

/* A message in the making and the world it is verified in. */
struct rig {
	struct arena arena;
	struct facts facts;
	struct buf mail;
	struct trust_message message;
	struct dkim_report report;
	struct dkim_policy policy;
};

static void rig_open(struct rig *r)
{
	*r = (struct rig){.arena = ARENA_INIT, .mail = BUF_INIT(1 << 20)};
	facts_init(&r->facts, &r->arena, NOW);
}

static void rig_close(struct rig *r)
{
	facts_free(&r->facts);
	buf_free(&r->mail);
	arena_free(&r->arena);
}

static void put_txt(struct buf *records, struct slice text)
{
	struct buf rdata = BUF_INIT(4096);
	while (text.n > 0) {
		struct slice piece = slice_sub(text, 0, 255);
		buf_put_u8(&rdata, (uint8_t)piece.n);
		buf_append(&rdata, piece);
		text = slice_from(text, piece.n);
	}
	buf_put_bytes(records, buf_slice(&rdata));
	buf_free(&rdata);
}

static struct slice record_of(struct rig *r, struct mail_key *key, const char *before)
{
	struct buf public_key = BUF_INIT(MAIL_PUBLIC_MAX), text = BUF_INIT(4096);
	assert_int_equal(mail_key_public(key, &public_key, NULL), 0);
	buf_append_str(&text, before);
	buf_append_str(&text, key == ed ? "k=ed25519; p=" : "k=rsa; p=");
	base64_encode(buf_slice(&public_key), &text);
	struct slice made = arena_dup(&r->arena, buf_slice(&text));
	buf_free(&public_key);
	buf_free(&text);
	return made;
}

static void answer_texts(struct rig *r, const char *name, const struct slice *texts, size_t count)
{
	struct buf records = BUF_INIT(65536);
	for (size_t i = 0; i < count; i++)
		put_txt(&records, texts[i]);
	facts_answer(&r->facts, slice_str(name), DNS_TXT, &(struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&records)});
	buf_free(&records);
}

static void answer(struct rig *r, const char *name, struct slice text)
{
	answer_texts(r, name, &text, 1);
}

static void answer_key(struct rig *r, const char *before)
{
	answer(r, "e._domainkey.example.org", record_of(r, ed, before));
}

static void answer_status(struct rig *r, enum dns_status status)
{
	facts_answer(&r->facts, SLICE("e._domainkey.example.org"), DNS_TXT, &(struct dns_answer){.status = status});
}

/* The rig's mail is this message, signed. */
static void make(struct rig *r, struct slice message, const struct dkim_signing *how)
{
	struct trust_message m;
	struct dkim_signer signer = signer_of(ed);
	message_init(&m, message, &r->arena);
	assert_int_equal(dkim_sign(&m, &signer, 1, how, &r->mail, NULL), 0);
	buf_append(&r->mail, message);
}

static void make_plain(struct rig *r)
{
	make(r, SLICE(MESSAGE), &(struct dkim_signing){.now_s = NOW});
}

static const struct dkim_signature *verify(struct rig *r)
{
	message_init(&r->message, buf_slice(&r->mail), &r->arena);
	facts_rerun(&r->facts);
	dkim_verify(&r->facts, &r->message, &r->policy, &r->report);
	return &r->report.signatures[0];
}

static enum dkim_result result(struct rig *r)
{
	const struct dkim_signature *s = verify(r);
	assert_false(r->report.waiting);
	assert_true(r->report.count > 0);
	return s->result;
}

/* ---- cases ---- */

static void all_keys_are_asked_for_at_once_and_nothing_is_hashed_before(void **state)
{
	struct rig r;
	struct dkim_signer signers[2] = {signer_of(ed), signer_of(rsa)};
	struct trust_message m;
	rig_open(&r);
	message_init(&m, SLICE(MESSAGE), &r.arena);
	assert_int_equal(dkim_sign(&m, signers, 2, &(struct dkim_signing){.now_s = NOW}, &r.mail, NULL), 0);
	buf_append_str(&r.mail, MESSAGE);
	verify(&r);
	assert_true(r.report.waiting);
	assert_int_equal(facts_wanted(&r.facts), 2);
	assert_int_equal(r.message.variant_count, 0);
	answer_key(&r, "v=DKIM1; ");
	answer(&r, "r._domainkey.example.org", record_of(&r, rsa, ""));
	assert_int_equal(result(&r), DKIM_PASS);
	assert_int_equal(r.report.signatures[0].bits, 256);
	assert_int_equal(r.report.signatures[1].result, DKIM_PASS);
	assert_int_equal(r.report.signatures[1].bits, 2048);
	assert_true(r.report.signatures[1].aligned);
	assert_true(slice_eq(r.report.signatures[0].identity, SLICE("@example.org")));
	assert_int_equal(r.report.signatures[0].b.n, 8);
	/* One way to hash the body serves both. */
	assert_int_equal(r.message.variant_count, 1);
	rig_close(&r);
}

static void what_is_added_or_changed_breaks_the_signature(void **state)
{
	static const char *const before[] = {"From: eve@example.org\r\n", "Subject: again\r\n", "Reply-To: eve@example.com\r\n",
		"Cc: c@example.org\r\n",
		"Content-Type: text/html\r\n"};
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		struct rig r;
		rig_open(&r);
		answer_key(&r, "");
		buf_append_str(&r.mail, before[i]);
		make_plain(&r);
		assert_int_equal(result(&r), DKIM_FAIL);
		rig_close(&r);
	}
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	buf_append_str(&r.mail, "Received: by list\r\nSender: list@example.com\r\nList-Id: <l.example.com>\r\n");
	make_plain(&r);
	assert_int_equal(result(&r), DKIM_PASS);
	buf_append_str(&r.mail, "\r\n\r\n");
	assert_int_equal(result(&r), DKIM_PASS);
	buf_append_str(&r.mail, "x");
	assert_int_equal(result(&r), DKIM_FAIL);
	rig_close(&r);
}

/* A signature of somebody who names each field once: it verifies still, but readers show the field on top. */
static void a_field_on_top_of_a_signed_one_is_not_covered(void **state)
{
	static const char *const before[] = {"Subject: again\r\n", "subject : again\r\n", "From: eve@example.org\r\n", "To: eve@example.org\r\n"};
	static const struct dkim_signing how = {.now_s = NOW, .headers = SLICE_INIT("from:to:subject:x-other")};
	struct rig r;
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		rig_open(&r);
		answer_key(&r, "");
		buf_append_str(&r.mail, before[i]);
		make(&r, SLICE(MESSAGE), &how);
		assert_int_equal(result(&r), DKIM_POLICY);
		rig_close(&r);
	}
	/* What may be there several times, and what was not signed at all, is left alone. */
	rig_open(&r);
	answer_key(&r, "");
	buf_append_str(&r.mail, "X-Other: 2\r\nReply-To: list@example.com\r\n");
	make(&r, SLICE(MESSAGE), &how);
	assert_int_equal(result(&r), DKIM_PASS);
	rig_close(&r);
}

static void keys_say_how_they_may_be_used(void **state)
{
	static const struct {
		const char *before;
		enum dkim_result result;
	} rows[] = {
		{"v=DKIM1; ", DKIM_PASS}, {"v=DKIM2; ", DKIM_PERMERROR}, {"n=note; v=DKIM1; ", DKIM_PERMERROR}, {"h=sha256; ", DKIM_PASS},
		{"h=sha1; ", DKIM_PERMERROR}, {"h= sha1 : sha256 ; ", DKIM_PASS}, {"s=email; ", DKIM_PASS}, {"s=*; ", DKIM_PASS},
		{"s=tlsrpt; ", DKIM_PERMERROR}, {"t=s; ", DKIM_PASS}, {"t=y:s; ", DKIM_PASS}, {"g=*; x_unknown=1; ", DKIM_PASS}, {"n; ", DKIM_PERMERROR},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct rig r;
		rig_open(&r);
		answer_key(&r, rows[i].before);
		make_plain(&r);
		assert_int_equal(result(&r), rows[i].result);
		rig_close(&r);
	}
}

static void keys_that_are_none(void **state)
{
	static const char *const records[] = {"", "v=DKIM1; k=ed25519; p=", "v=DKIM1; k=ed25519", "k=ed25519; p=AAAA", "k=ed25519; p=####",
		"v=spf1 -all", "k=other; p=AAAA", "p=AAAA", "k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAIWmlg=="};
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		struct rig r;
		rig_open(&r);
		answer(&r, "e._domainkey.example.org", slice_str(records[i]));
		make_plain(&r);
		assert_int_equal(result(&r), DKIM_PERMERROR);
		rig_close(&r);
	}
}

static void answers_that_do_not_come_are_temporary(void **state)
{
	static const enum dns_status status[] = {DNS_FAILED, DNS_BOGUS, DNS_NXDOMAIN, DNS_NODATA};
	for (size_t i = 0; i < 4; i++) {
		struct rig r;
		rig_open(&r);
		answer_status(&r, status[i]);
		make_plain(&r);
		assert_int_equal(result(&r), i < 2 ? DKIM_TEMPERROR : DKIM_PERMERROR);
		rig_close(&r);
	}
}

static void one_of_several_records_is_enough(void **state)
{
	struct rig r;
	rig_open(&r);
	struct slice texts[] = {SLICE("v=spf1 -all"), record_of(&r, rsa, ""), record_of(&r, ed, "")};
	answer_texts(&r, "e._domainkey.example.org", texts, 3);
	make_plain(&r);
	assert_int_equal(result(&r), DKIM_PASS);
	rig_close(&r);
}

static void a_key_in_testing_fails_as_no_signature(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "t=y; ");
	make_plain(&r);
	assert_int_equal(result(&r), DKIM_PASS);
	assert_true(r.report.signatures[0].testing);
	buf_append_str(&r.mail, "more\r\n");
	assert_int_equal(result(&r), DKIM_NEUTRAL);
	rig_close(&r);
}

static void signatures_end(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	make(&r, SLICE(MESSAGE), &(struct dkim_signing){.now_s = NOW - 100, .lifetime_s = 100});
	assert_int_equal(result(&r), DKIM_PASS);
	assert_int_equal(r.report.signatures[0].expires_s, NOW);
	r.facts.now_s = NOW + 1;
	assert_int_equal(result(&r), DKIM_PERMERROR);
	r.facts.now_s = NOW - 100 - DKIM_CLOCK_SKEW_S - 1;
	assert_int_equal(result(&r), DKIM_PERMERROR);
	rig_close(&r);
}

/* A signature field with the tags as given instead of a right one. */
static enum dkim_result tags_give(const char *tags)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	buf_printf(&r.mail, "DKIM-Signature: %s\r\n%s", tags, MESSAGE);
	enum dkim_result got = result(&r);
	rig_close(&r);
	return got;
}

#define BH "bh=lB0bUWXoXWXeE6xbcWjaxpnDkbBxQJy9Yy0sXJ8CpWc=; "
#define B "b=AAAA"
#define REST "v=1; a=ed25519-sha256; d=example.org; s=e; "

static void malformed_signatures_are_permanent_errors(void **state)
{
	static const char *const tags[] = {
		"", ";", "nonsense", "v=1", REST BH "h=from", REST "h=from; " B, REST BH B, "v=2; a=ed25519-sha256; d=example.org; s=e; h=from; " BH B,
		REST BH "h=to:subject; " B, REST BH "h=from:; " B, REST BH "h=; " B, REST BH "h=from; " B "; " B, REST BH "h=from; b=*",
			REST BH "h=from; b=",
		REST "h=from; bh=AAAA; " B, REST "h=from; bh=; " B, REST BH "h=from; l=-1; " B, REST BH "h=from; l=; " B, REST BH "h=from; l=99; " B,
		REST BH "h=from; l=99999999999999999999999999; " B, REST BH "h=from; t=x; " B, REST BH "h=from; t=5; x=5; " B, REST BH "h=from; x=1; " B,
		REST BH "h=from; i=@example.com; " B, REST BH "h=from; i=@badexample.org; " B, REST BH "h=from; i=x; " B,
		"v=1; a=ed25519-sha256; d=org; s=e; h=from; " BH B, "v=1; a=ed25519-sha256; d=a..org; s=e; h=from; " BH B,
		"v=1; a=ed25519-sha256; d=a b.org; s=e; h=from; " BH B, "v=1; a=ed25519-sha256; d=example.org; s=; h=from; " BH B,
		"v=1; a=ed25519-sha256; d=example.org; s=e e; h=from; " BH B, "v=1; a=rsa-sha1; d=example.org; s=e; h=from; " BH B,
		REST BH "h=from; " B ";;", "V=1; a=ed25519-sha256; d=example.org; s=e; h=from; " BH B, REST BH "h=from; 1x=1; " B,
	};
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
		assert_int_equal(tags_give(tags[i]), DKIM_PERMERROR);
	assert_int_equal(tags_give("v=1; a=x-sha256; d=example.org; s=e; h=from; " BH B), DKIM_NEUTRAL);
	assert_int_equal(tags_give(REST BH "h=from; c=other; " B), DKIM_NEUTRAL);
	assert_int_equal(tags_give(REST BH "h=from; c=simple/other; " B), DKIM_NEUTRAL);
	assert_int_equal(tags_give(REST BH "h=from; q=http; " B), DKIM_NEUTRAL);
	assert_int_equal(tags_give(REST BH "h=from; q=http:dns/txt; c=relaxed; i=x@sub.example.org; z=a|b; " B), DKIM_FAIL);
}

static void of_many_signatures_those_of_the_author_are_checked(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	facts_answer(&r.facts, SLICE("e._domainkey.example.com"), DNS_TXT, &(struct dns_answer){.status = DNS_NXDOMAIN});
	for (int i = 0; i < 30; i++)
		buf_append_str(&r.mail, "DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=e; h=from; " BH B "\r\n");
	make_plain(&r);
	assert_int_equal(result(&r), DKIM_PASS);
	assert_int_equal(r.report.count, DKIM_SIGNATURES_MAX);
	assert_int_equal(r.report.skipped, 31 - DKIM_SIGNATURES_MAX);
	assert_int_equal(r.report.signatures[1].result, DKIM_PERMERROR);
	assert_false(r.report.signatures[1].aligned);
	rig_close(&r);
}

static void short_keys_are_refused_and_policy_wants_longer_ones(void **state)
{
	struct rig r;
	struct trust_message m;
	struct dkim_signer signer = signer_of(rsa);
	rig_open(&r);
	message_init(&m, SLICE(MESSAGE), &r.arena);
	assert_int_equal(dkim_sign(&m, &signer, 1, &(struct dkim_signing){.now_s = NOW}, &r.mail, NULL), 0);
	buf_append_str(&r.mail, MESSAGE);
	answer(&r, "r._domainkey.example.org", record_of(&r, rsa, ""));
	r.policy.rsa_bits_min = 3072;
	assert_int_equal(result(&r), DKIM_POLICY);
	rig_close(&r);
	rig_open(&r);
	message_init(&m, SLICE(MESSAGE), &r.arena);
	assert_int_equal(dkim_sign(&m, &signer, 1, &(struct dkim_signing){.now_s = NOW}, &r.mail, NULL), 0);
	buf_append_str(&r.mail, MESSAGE);
	answer(&r, "r._domainkey.example.org", SLICE("k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANiqxJfADcbtxmLjnVdIqkTsdGylrmtq"
		"7heDl0vbFSxRN3Ml9X0pA4A/Ll0P7ttXWE+wlPs10bintnDWeKTDaC0CAwEAAQ=="));
	assert_int_equal(result(&r), DKIM_PERMERROR);
	assert_string_equal(r.report.signatures[0].reason, "the key is too short");
	rig_close(&r);
}

static void domains_in_unicode_are_asked_for_by_their_a_labels(void **state)
{
	struct rig r;
	rig_open(&r);
	buf_append_str(&r.mail, "DKIM-Signature: v=1; a=ed25519-sha256; d=例子.example; s=选; h=from; i=用户@邮.例子.example; " BH B
		"\r\nFrom: 用户@例子.example\r\n\r\n");
	verify(&r);
	assert_true(r.report.waiting);
	assert_true(slice_eq(r.facts.wanted[0].name, SLICE("xn--483a._domainkey.xn--fsqu00a.example")));
	assert_true(r.report.signatures[0].aligned);
	rig_close(&r);
}

static void a_header_too_large_is_no_ground_for_anything(void **state)
{
	struct rig r;
	rig_open(&r);
	r.mail.max = 4 << 20;
	buf_append_str(&r.mail, "DKIM-Signature: " REST BH "h=from; " B "\r\n");
	for (int i = 0; i < 2100; i++)
		buf_append_str(&r.mail, "X: y\r\n");
	buf_append_str(&r.mail, MESSAGE);
	assert_int_equal(result(&r), DKIM_PERMERROR);
	rig_close(&r);
}

static void without_from_nothing_is_signed(void **state)
{
	struct rig r;
	struct trust_message m;
	struct dkim_signer signer = signer_of(ed);
	rig_open(&r);
	message_init(&m, SLICE("To: b@example.org\r\n\r\nx\r\n"), &r.arena);
	assert_int_equal(dkim_sign(&m, &signer, 1, &(struct dkim_signing){.now_s = NOW}, &r.mail, NULL), ERR_INVALID);
	message_init(&m, SLICE(MESSAGE), &r.arena);
	assert_int_equal(dkim_sign(&m, &signer, 1, &(struct dkim_signing){.now_s = NOW, .headers = SLICE("to:subject")}, &r.mail, NULL),
		ERR_INVALID);
	assert_int_equal(buf_len(&r.mail), 0);
	rig_close(&r);
}

/* ---- chains ---- */

static void seal(struct rig *r, struct buf *mail)
{
	struct trust_message m;
	struct arc_report chain;
	struct arc_sealing how = {.signer = signer_of(ed), .now_s = NOW, .authserv_id = SLICE("mx.example.org"), .results = SLICE("spf=pass")};
	struct buf set = BUF_INIT(65536);
	message_init(&m, buf_slice(mail), &r->arena);
	arc_verify(&r->facts, &m, &chain);
	assert_false(chain.waiting);
	assert_int_equal(arc_seal(&chain, &m, &how, &set, NULL), 0);
	buf_append(&set, buf_slice(mail));
	buf_clear(mail);
	buf_append(mail, buf_slice(&set));
	buf_free(&set);
}

static struct arc_report chain_of(struct rig *r, struct slice mail)
{
	struct trust_message m;
	struct arc_report chain;
	message_init(&m, mail, &r->arena);
	arc_verify(&r->facts, &m, &chain);
	return chain;
}

static void a_chain_grows_and_tells_since_when_the_message_is_unchanged(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	buf_append_str(&r.mail, MESSAGE);
	assert_int_equal(chain_of(&r, buf_slice(&r.mail)).result, ARC_NONE);
	seal(&r, &r.mail);
	seal(&r, &r.mail);
	struct arc_report c = chain_of(&r, buf_slice(&r.mail));
	assert_int_equal(c.result, ARC_PASS);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.oldest_pass, 0);
	assert_true(slice_eq(c.sets[1].domain, SLICE("example.org")) && c.sets[0].signature_valid);
	buf_append_str(&r.mail, "a footer\r\n");
	assert_int_equal(chain_of(&r, buf_slice(&r.mail)).result, ARC_FAIL);
	rig_close(&r);
}

static void a_list_seals_its_own_change(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	buf_append_str(&r.mail, MESSAGE);
	seal(&r, &r.mail);
	/* The list takes the chain as it came, changes the body, and seals what it sends. */
	struct arc_report came = chain_of(&r, buf_slice(&r.mail));
	struct buf set = BUF_INIT(65536);
	struct trust_message m;
	struct arc_sealing how = {.signer = signer_of(ed), .now_s = NOW, .authserv_id = SLICE("lists.example.org"), .results = SLICE("arc=pass")};
	buf_append_str(&r.mail, "a footer\r\n");
	message_init(&m, buf_slice(&r.mail), &r.arena);
	assert_int_equal(arc_seal(&came, &m, &how, &set, NULL), 0);
	buf_append(&set, buf_slice(&r.mail));
	struct arc_report c = chain_of(&r, buf_slice(&set));
	assert_int_equal(c.result, ARC_PASS);
	assert_int_equal(c.oldest_pass, 2);
	assert_false(c.sets[0].signature_valid);
	buf_free(&set);
	rig_close(&r);
}

static void a_failed_chain_is_sealed_once_as_failed(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	buf_append_str(&r.mail, MESSAGE);
	seal(&r, &r.mail);
	buf_append_str(&r.mail, "a footer\r\n");
	seal(&r, &r.mail);
	struct arc_report c = chain_of(&r, buf_slice(&r.mail));
	struct trust_message m;
	struct arc_sealing how = {.signer = signer_of(ed), .now_s = NOW, .authserv_id = SLICE("mx")};
	struct buf set = BUF_INIT(65536);
	assert_int_equal(c.result, ARC_FAIL);
	assert_true(c.sealed_fail);
	message_init(&m, buf_slice(&r.mail), &r.arena);
	assert_int_equal(arc_seal(&c, &m, &how, &set, NULL), ERR_EXISTS);
	buf_free(&set);
	rig_close(&r);
}

static void fifty_sets_are_the_end(void **state)
{
	struct rig r;
	rig_open(&r);
	answer_key(&r, "");
	r.mail.max = 4 << 20;
	buf_append_str(&r.mail, MESSAGE);
	for (int i = 0; i < ARC_SETS_MAX; i++)
		seal(&r, &r.mail);
	struct arc_report c = chain_of(&r, buf_slice(&r.mail));
	struct trust_message m;
	struct arc_sealing how = {.signer = signer_of(ed), .now_s = NOW, .authserv_id = SLICE("mx")};
	struct buf set = BUF_INIT(65536);
	assert_int_equal(c.result, ARC_PASS);
	assert_int_equal(c.count, ARC_SETS_MAX);
	message_init(&m, buf_slice(&r.mail), &r.arena);
	assert_int_equal(arc_seal(&c, &m, &how, &set, NULL), ERR_EXISTS);
	buf_free(&set);
	rig_close(&r);
}

static void keys_of_a_chain_are_asked_for_at_once(void **state)
{
	struct rig r, other;
	rig_open(&r);
	rig_open(&other);
	answer_key(&r, "");
	buf_append_str(&r.mail, MESSAGE);
	seal(&r, &r.mail);
	struct arc_report c = chain_of(&other, buf_slice(&r.mail));
	assert_true(c.waiting);
	assert_int_equal(facts_wanted(&other.facts), 1);
	facts_give_up(&other.facts);
	c = chain_of(&other, buf_slice(&r.mail));
	assert_int_equal(c.result, ARC_FAIL);
	assert_true(c.temporary);
	rig_close(&r);
	rig_close(&other);
}

static int make_keys(void **state)
{
	crypt_init();
	return mail_key_generate(MAIL_ED25519_SHA256, &ed, NULL) + mail_key_generate(MAIL_RSA_SHA256, &rsa, NULL);
}

static int free_keys(void **state)
{
	mail_key_free(&ed);
	mail_key_free(&rsa);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_keys_are_asked_for_at_once_and_nothing_is_hashed_before),
		cmocka_unit_test(what_is_added_or_changed_breaks_the_signature),
		cmocka_unit_test(a_field_on_top_of_a_signed_one_is_not_covered),
		cmocka_unit_test(keys_say_how_they_may_be_used),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(answers_that_do_not_come_are_temporary),
		cmocka_unit_test(one_of_several_records_is_enough),
		cmocka_unit_test(a_key_in_testing_fails_as_no_signature),
		cmocka_unit_test(signatures_end),
		cmocka_unit_test(malformed_signatures_are_permanent_errors),
		cmocka_unit_test(of_many_signatures_those_of_the_author_are_checked),
		cmocka_unit_test(short_keys_are_refused_and_policy_wants_longer_ones),
		cmocka_unit_test(domains_in_unicode_are_asked_for_by_their_a_labels),
		cmocka_unit_test(a_header_too_large_is_no_ground_for_anything),
		cmocka_unit_test(without_from_nothing_is_signed),
		cmocka_unit_test(a_chain_grows_and_tells_since_when_the_message_is_unchanged),
		cmocka_unit_test(a_list_seals_its_own_change),
		cmocka_unit_test(a_failed_chain_is_sealed_once_as_failed),
		cmocka_unit_test(fifty_sets_are_the_end),
		cmocka_unit_test(keys_of_a_chain_are_asked_for_at_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
