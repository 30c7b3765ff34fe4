/* When an authority wants a certificate to be renewed (RFC 9773): asked every few hours; what it says takes the place of our own two thirds. */
#include "auth/tls_private.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define DAY_S 86400

struct asking {
	struct auth_certificates *t;
	int64_t id;
	struct arena arena;
	struct slice certificate; /* its id there */
};

static int64_t *again_of(struct auth_certificates *t, int64_t id)
{
	struct tls_asked *free_one = NULL;
	for (size_t i = 0; i < TLS_ROWS_MAX; i++) {
		if (t->asked[i].id == id)
			return &t->asked[i].again;
		if (free_one == NULL || t->asked[i].again < free_one->again)
			free_one = &t->asked[i];
	}
	*free_one = (struct tls_asked){.id = id};
	return &free_one->again;
}

bool auth_tls_renewal_due(struct auth_certificates *t, const struct tls_row *row)
{
	return t->asking == 0 && row->source == TLS_ORDERED && row->chain.n > 0 && row->failures == 0 && t->settings.directory.n > 0
	       && auth_tls_now(t) >= *again_of(t, row->id);
}

static void end(struct asking *a, int64_t again_s)
{
	a->t->asking = 0;
	*again_of(a->t, a->id) = auth_tls_now(a->t) + again_s;
	arena_free(&a->arena);
	memory_free(a);
}

/* 4.2: some moment of the window, so that not everybody comes at once; what is over is now. */
static int64_t moment_of(const struct acme_renewal *r, int64_t now)
{
	uint64_t random;
	random_bytes(&random, sizeof random);
	int64_t at = r->start + (int64_t)(random % (uint64_t)(r->end - r->start));
	return at < now ? now : at;
}

/* A window that the former moment lies in changes nothing. One behind the end of the certificate does not count: then ours stays. */
static void take(struct auth_certificates *t, struct tls_row *row, const struct acme_renewal *r)
{
	struct error err = {0};
	int64_t now = auth_tls_now(t);
	if (r->start >= row->ends || (row->attempt >= r->start && row->attempt <= r->end))
		return;
	row->attempt = moment_of(r, now);
	if (row->attempt >= row->ends)
		row->attempt = r->start < now ? now : r->start;
	(void)auth_tls_save(t, row, &row->id, &err);
}

static void told(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct asking *a = arg;
	struct auth_certificates *t = a->t;
	struct acme_renewal r = {.again_s = ACME_RENEWAL_S};
	struct tls_row row;
	if (status == 200 && acme_renewal_parse(fields, body, &r) == 0 && directory_tls_get(t->directory, a->id, &a->arena, &row) == 0
	    && row.chain.n > 0 && t->ordering != row.id)
		take(t, &row, &r);
	end(a, r.again_s);
	auth_tls_step(t); /* a window that has begun long ago: it was revoked, or will be */
}

static void got_directory(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct asking *a = arg;
	struct buf url = BUF_INIT(ACME_URL_MAX);
	if (status == 200 && acme_renewal_address(body, a->certificate, &url))
		a->t->tls.fetch(a->t->tls.arg, SLICE("GET"), buf_slice(&url), SLICE_NONE, told, a);
	else
		end(a, status == 200 ? DAY_S : ACME_RENEWAL_S);
	buf_free(&url);
}

struct slice auth_tls_renewal_id(const struct tls_row *row, struct arena *arena)
{
	struct buf id = BUF_INIT(200);
	struct slice text = row->chain.n > 0 && chain_renewal_id(row->chain, &id) ? arena_dup(arena, buf_slice(&id)) : SLICE_NONE;
	buf_free(&id);
	return text;
}

void auth_tls_renewal_ask(struct auth_certificates *t, const struct tls_row *row)
{
	struct asking *a = memory_alloc(sizeof *a);
	*a = (struct asking){.t = t, .id = row->id};
	a->certificate = auth_tls_renewal_id(row, &a->arena);
	t->asking = row->id;
	if (a->certificate.n > 0)
		t->tls.fetch(t->tls.arg, SLICE("GET"), t->settings.directory, SLICE_NONE, got_directory, a);
	else
		end(a, DAY_S);
}
