/*
 * A message with signatures and a chain, and the key record that DNS gives for all of them: input is the record, an empty line, the
 * message. Verifies, signs what came, verifies that.
 */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "trust/arc.h"
#include "trust/dkim.h"
#include "trust/dkim_key.h"

#define ROUNDS_MAX 4

static struct slice take_record(struct slice *data)
{
	ptrdiff_t end = slice_search(*data, SLICE("\n\n"));
	struct slice record = slice_sub(*data, 0, end < 0 ? 0 : (size_t)end);
	*data = slice_from(*data, end < 0 ? 0 : (size_t)end + 2);
	return slice_sub(record, 0, 255);
}

static void answer(struct facts *f, struct slice record)
{
	struct buf rdata = BUF_INIT(300), records = BUF_INIT(400);
	struct dns_question *wanted = f->wanted;
	buf_put_u8(&rdata, (uint8_t)record.n);
	buf_append(&rdata, record);
	buf_put_bytes(&records, buf_slice(&rdata));
	for (size_t i = 0, n = f->wanted_count; i < n; i++)
		facts_answer(f, wanted[i].name, wanted[i].type, &(struct dns_answer){.status = DNS_FOUND, .records = buf_slice(&records)});
	facts_rerun(f);
	buf_free(&rdata);
	buf_free(&records);
}

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	buf_append_bytes(out, digest, MAIL_DIGEST_SIZE);
	return 0;
}

static void sign_and_seal(struct trust_message *m, const struct arc_report *chain)
{
	struct buf out = BUF_INIT(1 << 20);
	struct arc_sealing how = {.signer = {.domain = SLICE("example.org"), .selector = SLICE("s"), .algorithm = MAIL_RSA_SHA256, .sign = sign},
		.now_s = 1,
		.authserv_id = SLICE("mx.example.org")};
	struct buf results = BUF_INIT(ARC_RESULTS_MAX);
	arc_collect_results(m, how.authserv_id, &results);
	how.results = buf_slice(&results);
	(void)dkim_sign(m, &how.signer, 1, &(struct dkim_signing){.now_s = 1}, &out, NULL);
	(void)arc_seal(chain, m, &how, &out, NULL);
	buf_free(&out);
	buf_free(&results);
}

static void check(struct facts *f, struct trust_message *m, struct slice record)
{
	struct dkim_report dkim = {.waiting = true};
	struct arc_report chain = {.waiting = true};
	for (int i = 0; i < ROUNDS_MAX && (dkim.waiting || chain.waiting); i++) {
		dkim_verify(f, m, NULL, &dkim);
		arc_verify(f, m, &chain);
		answer(f, record);
	}
	ENSURE(!dkim.waiting && !chain.waiting);
	for (size_t i = 0; i < dkim.count; i++)
		ENSURE(dkim.signatures[i].result != DKIM_NONE && dkim.signatures[i].reason != NULL);
	sign_and_seal(m, &chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_make(data, size), record = take_record(&message);
	struct arena arena = ARENA_INIT;
	struct facts facts;
	struct trust_message m;
	crypt_init();
	facts_init(&facts, &arena, 1700000000);
	message_init(&m, message, &arena);
	check(&facts, &m, record);
	facts_free(&facts);
	arena_free(&arena);
	return 0;
}
