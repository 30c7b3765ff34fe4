/* Answers of OCSP to the certificates of the server: asked for, checked, kept until others come. */
#include "auth/tls_private.h"
#include "base/memory.h"
#include "crypt/ocsp.h"

#define NEVER INT64_MAX
#define AGAIN_S 3600
#define AGAIN_MIN_S 300
#define AGAIN_MAX_S (3 * 86400)

struct stapling {
	struct auth_certificates *t;
	int64_t id;
};

static void save(struct auth_certificates *t, struct tls_row *row)
{
	struct error err = {0};
	(void)auth_tls_save(t, row, &row->id, &err);
}

/* What was stapled before is shown on as long as it holds. */
static void failed(struct auth_certificates *t, struct tls_row *row, const char *why)
{
	enum ocsp_verdict verdict;
	int64_t until;
	bool had = row->ocsp.n > 0;
	if (had && ocsp_check(row->ocsp, row->chain, auth_tls_now(t), &verdict, &until, NULL) != 0)
		row->ocsp = SLICE_NONE;
	row->ocsp_next = auth_tls_now(t) + AGAIN_S;
	save(t, row);
	auth_tls_tell(t, EV_TLS_STAPLE_FAILED, row, slice_str(why), SLICE_NONE);
	if (had && row->ocsp.n == 0)
		auth_tls_changed(t);
}

static void take(struct auth_certificates *t, struct tls_row *row, struct slice answer)
{
	enum ocsp_verdict verdict;
	int64_t until, wait, now = auth_tls_now(t);
	if (ocsp_check(answer, row->chain, now, &verdict, &until, NULL) != 0) {
		failed(t, row, "the answer is not valid");
		return;
	}
	wait = (until - now) / 2;
	wait = wait < AGAIN_MIN_S ? AGAIN_MIN_S : wait > AGAIN_MAX_S ? AGAIN_MAX_S : wait;
	row->ocsp = answer;
	row->ocsp_next = now + wait;
	save(t, row);
	if (verdict == OCSP_REVOKED)
		auth_tls_tell(t, EV_TLS_STAPLE_FAILED, row, SLICE("the certificate is revoked"), SLICE_NONE);
	auth_tls_changed(t);
}

static void answered(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct stapling *s = arg;
	struct arena arena = ARENA_INIT;
	struct tls_row row;
	s->t->stapling = 0;
	if (directory_tls_get(s->t->directory, s->id, &arena, &row) == 0 && row.chain.n > 0) {
		if (status == 200)
			take(s->t, &row, body);
		else
			failed(s->t, &row, "the authority does not answer");
	}
	arena_free(&arena);
	memory_free(s);
}

void auth_tls_staple(struct auth_certificates *t, struct tls_row *row)
{
	struct arena arena = ARENA_INIT;
	struct chain chain;
	struct buf pem = BUF_INIT(CHAIN_PEM_MAX), request = BUF_INIT(OCSP_ANSWER_MAX);
	struct error err = {0};
	int rc = chain_read(row->chain, auth_tls_now(t), &arena, &chain, &pem, &err);
	if (rc != 0 || chain.ocsp_url.n == 0 || chain.ocsp_url.n > ACME_URL_MAX || ocsp_request(row->chain, &request, &err) != 0) {
		row->ocsp_next = NEVER;
		save(t, row);
	} else {
		struct stapling *s = memory_alloc(sizeof *s);
		*s = (struct stapling){t, row->id};
		t->stapling = row->id;
		t->tls.ask_ocsp(t->tls.arg, chain.ocsp_url, buf_slice(&request), answered, s);
	}
	buf_free(&pem);
	buf_free(&request);
	arena_free(&arena);
}
