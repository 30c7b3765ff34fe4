#include "auth/tls_private.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "smtp/path.h"

#define DAY_S 86400
#define TELL_LONG_S (60 * DAY_S)   /* before the end of a certificate that lives a year */
#define TELL_SHORT_S (30 * DAY_S)  /* … of one that lives shorter: never before two thirds of its life are over */
#define PEM_LINE 64

struct auth_certificates *auth_tls_create(struct directory *directory, const struct auth_host *host, const struct auth_tls_host *tls,
	const struct auth_tls_settings *settings)
{
	struct auth_certificates *t = memory_alloc(sizeof *t);
	*t = (struct auth_certificates){.directory = directory, .host = host, .tls = *tls, .settings = *settings};
	t->generation = (uint64_t)host->now(host->arg).wall_ms; /* another one than that of a process before */
	return t;
}

void auth_tls_configure(struct auth_certificates *t, const struct auth_tls_settings *settings)
{
	t->settings = *settings;
}

const struct auth_tls_settings *auth_tls_settings_of(const struct auth_certificates *t)
{
	return &t->settings;
}

void auth_tls_free(struct auth_certificates **t)
{
	ENSURE(*t == NULL || ((*t)->ordering == 0 && (*t)->stapling == 0));
	MEMORY_FREE(t);
}

uint64_t auth_tls_generation(const struct auth_certificates *t)
{
	return t->generation;
}

int64_t auth_tls_now(const struct auth_certificates *t)
{
	return moment_unix(t->host->now(t->host->arg));
}

void auth_tls_changed(struct auth_certificates *t)
{
	t->generation++;
	t->tls.changed(t->tls.arg);
}

/* ---- rows ---- */

int auth_tls_save(struct auth_certificates *t, const struct tls_row *row, int64_t *ret_id, struct error *err)
{
	int rc = directory_begin(t->directory, err);
	if (rc == 0)
		rc = directory_tls_set(t->directory, row, ret_id, err);
	if (rc == 0)
		rc = directory_commit(t->directory, err);
	if (rc != 0)
		directory_rollback(t->directory);
	return rc;
}

static struct slice first_name(struct slice names)
{
	struct slice first = SLICE_NONE;
	(void)slice_split(&names, ' ', &first);
	return first;
}

void auth_tls_tell(const struct auth_certificates *t, enum log_event event, const struct tls_row *row, struct slice why, struct slice what)
{
	if (t->host->record != NULL)
		t->host->record(t->host->arg, event, (const struct log_field[]){LOG_NUM("id", row->id), LOG_TEXT("host", first_name(row->names)),
			LOG_NUM("until", row->ends), LOG_TEXT("why", why), LOG_TEXT("what", what), LOG_END});
}

size_t auth_tls_names(struct slice text, struct slice names[ACME_NAMES_MAX])
{
	size_t count = 0;
	while (count < ACME_NAMES_MAX && slice_split(&text, ' ', &names[count]))
		count += names[count].n > 0;
	return count;
}

static struct slice join(const struct slice *names, size_t count, struct arena *arena)
{
	struct buf text = BUF_INIT(TLS_NAMES_BYTES);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%.*s", i > 0 ? " " : "", SLICE_ARG(names[i]));
	struct slice copy = text.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return copy;
}

bool auth_tls_name_valid(struct slice name)
{
	struct slice plain = slice_starts(name, SLICE("*.")) ? slice_from(name, 2) : name;
	for (size_t i = 0; i < plain.n; i++)
		if (plain.p[i] != ascii_lower(plain.p[i]))
			return false;
	return smtp_domain_valid(plain, false) && slice_find(plain, '.') >= 0 && plain.n <= 253;
}

/* At two thirds of its life. */
static int64_t renew_at(const struct tls_row *row)
{
	return row->ends - (row->ends - row->starts) / 3;
}

int auth_tls_install(struct auth_certificates *t, struct tls_row *row, struct slice chain_pem, int64_t *ret_id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct chain chain;
	struct buf pem = BUF_INIT(CHAIN_PEM_MAX);
	int rc = chain_read(chain_pem, auth_tls_now(t), &arena, &chain, &pem, err);
	if (rc == 0 && memcmp(chain.key_hash, row->key_hash, sizeof chain.key_hash) != 0)
		rc = error_set(err, ERR_INVALID, "the certificate is for another key");
	if (rc == 0) {
		row->chain = buf_slice(&pem);
		row->starts = chain.not_before;
		row->ends = chain.not_after;
		row->names = join(chain.names, chain.name_count, &arena);
		row->attempt = row->source == TLS_ORDERED ? renew_at(row) : 0;
		row->failures = 0;
		row->error = row->ocsp = SLICE_NONE;
		row->ocsp_next = row->told = 0;
		row->must_staple = chain.must_staple;
		rc = auth_tls_save(t, row, ret_id, err);
	}
	if (rc == 0) {
		row->id = *ret_id;
		auth_tls_tell(t, EV_TLS_CERTIFICATE, row, SLICE_NONE, chain.issuer);
		auth_tls_changed(t);
	}
	row->names = row->chain = SLICE_NONE; /* they are gone with the arena */
	buf_free(&pem);
	arena_free(&arena);
	return rc;
}

/* ---- the table of the edges ---- */

static void put_entry(struct buf *out, uint32_t key, uint8_t flags, struct slice chain, struct slice ocsp)
{
	buf_put_u32(out, key);
	buf_put_u8(out, flags);
	buf_put_bytes(out, chain);
	buf_put_bytes(out, ocsp);
}

int auth_tls_table(struct auth_certificates *t, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct tls_row *rows = arena_alloc_array(&arena, TLS_ROWS_MAX, sizeof *rows);
	int count = directory_tls_list(t->directory, &arena, rows);
	for (int i = 0; i < count; i++)
		if (rows[i].chain.n > 0 && (rows[i].ocsp.n > 0 || !rows[i].must_staple))
			put_entry(out, rows[i].key, 0, rows[i].chain, rows[i].ocsp);
	for (const struct tls_challenge *c = t->challenges; c != NULL; c = c->next)
		if (c->kind == ACME_TLS_ALPN_01)
			put_entry(out, t->ordering_key, 1, c->text, SLICE_NONE);
	arena_free(&arena);
	return count < 0 ? count : out->failed ? ERR_LIMIT : 0;
}

struct slice auth_tls_challenge(const struct auth_certificates *t, struct slice host, struct slice token)
{
	for (const struct tls_challenge *c = t->challenges; c != NULL; c = c->next)
		if (c->kind == ACME_HTTP_01 && slice_eq(c->token, token) && slice_eq_nocase(c->name, host))
			return c->text;
	return SLICE_NONE;
}

/* ---- by command ---- */

static int check_new(struct auth_certificates *t, const struct slice *names, size_t count, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tls_row *rows = arena_alloc_array(&arena, TLS_ROWS_MAX, sizeof *rows);
	int have = directory_tls_list(t->directory, &arena, rows);
	arena_free(&arena);
	if (have < 0)
		return error_set(err, (enum error_code)have, "the directory cannot be read now");
	if (have == TLS_ROWS_MAX)
		return error_set(err, ERR_LIMIT, "there are %d certificates; remove some", TLS_ROWS_MAX);
	if (names != NULL && (count == 0 || count > ACME_NAMES_MAX))
		return error_set(err, ERR_INVALID, "a certificate is for 1 to %d names", ACME_NAMES_MAX);
	for (size_t i = 0; names != NULL && i < count; i++)
		if (!auth_tls_name_valid(names[i]))
			return error_set(err, ERR_INVALID, "\"%.*s\" is no host name", SLICE_ARG(names[i]));
	return 0;
}

static int make_key(struct auth_certificates *t, struct slice pem, struct tls_row *row, struct error *err)
{
	int rc = t->tls.make(t->tls.arg, false, pem, &row->key, row->key_hash);
	return rc == 0 ? 0 : error_set(err, (enum error_code)rc, pem.n > 0 ? "the private key is malformed, has a passphrase, or is weak" : "the key could not be made now");
}

int auth_tls_order(struct auth_certificates *t, const struct slice *names, size_t count, int64_t *ret_id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tls_row row = {.source = TLS_ORDERED, .created = auth_tls_now(t), .attempt = auth_tls_now(t), .names = join(names, count, &arena),
		.must_staple = t->settings.must_staple};
	int rc = t->settings.directory.n > 0 ? check_new(t, names, count, err) : error_set(err, ERR_UNSUPPORTED, "tls.acme names no authority");
	if (rc == 0)
		rc = make_key(t, SLICE_NONE, &row, err);
	if (rc == 0 && (rc = auth_tls_save(t, &row, ret_id, err)) != 0)
		t->tls.drop(t->tls.arg, row.key);
	arena_free(&arena);
	return rc;
}

int auth_tls_renew(struct auth_certificates *t, int64_t id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tls_row row;
	int rc = directory_tls_get(t->directory, id, &arena, &row);
	if (rc != 0)
		error_set(err, (enum error_code)rc, "there is no such certificate");
	else if (row.source != TLS_ORDERED)
		rc = error_set(err, ERR_UNSUPPORTED, "it was not ordered by ACME; bring a new one");
	row.attempt = auth_tls_now(t);
	row.failures = 0;
	if (rc == 0)
		rc = auth_tls_save(t, &row, &id, err);
	arena_free(&arena);
	return rc;
}

/* The row whose key the chain is for. */
static int find_by_key(struct auth_certificates *t, struct slice chain_pem, struct arena *arena, struct tls_row *ret, struct error *err)
{
	struct tls_row *rows = arena_alloc_array(arena, TLS_ROWS_MAX, sizeof *rows);
	struct buf pem = BUF_INIT(CHAIN_PEM_MAX);
	struct chain chain;
	int rc = chain_read(chain_pem, auth_tls_now(t), arena, &chain, &pem, err), count = rc == 0 ? directory_tls_list(t->directory, arena, rows) : 0;
	buf_free(&pem);
	for (int i = 0; i < count; i++)
		if (memcmp(rows[i].key_hash, chain.key_hash, sizeof chain.key_hash) == 0) {
			*ret = rows[i];
			return 0;
		}
	return rc != 0 ? rc : error_set(err, ERR_NOT_FOUND, "there is no key for this certificate; bring it too");
}

int auth_tls_import(struct auth_certificates *t, struct slice chain_pem, struct slice key_pem, int64_t *ret_id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tls_row row = {.source = TLS_IMPORTED, .created = auth_tls_now(t)};
	int rc = key_pem.n > 0 ? check_new(t, NULL, 0, err) : find_by_key(t, chain_pem, &arena, &row, err);
	if (rc == 0 && key_pem.n > 0)
		rc = make_key(t, key_pem, &row, err);
	if (rc == 0 && (rc = auth_tls_install(t, &row, chain_pem, ret_id, err)) != 0 && key_pem.n > 0)
		t->tls.drop(t->tls.arg, row.key);
	arena_free(&arena);
	return rc;
}

static void put_pem(struct slice der, struct buf *out)
{
	struct buf text = BUF_INIT(4 * TLS_NAMES_BYTES);
	base64_encode(der, &text);
	buf_append_str(out, "-----BEGIN CERTIFICATE REQUEST-----\n");
	for (struct slice rest = buf_slice(&text); rest.n > 0; rest = slice_from(rest, PEM_LINE))
		buf_printf(out, "%.*s\n", SLICE_ARG(slice_sub(rest, 0, PEM_LINE)));
	buf_append_str(out, "-----END CERTIFICATE REQUEST-----\n");
	buf_free(&text);
}

int auth_tls_request(struct auth_certificates *t, const struct slice *names, size_t count, int64_t *ret_id, struct buf *out, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct buf der = BUF_INIT(2 * TLS_NAMES_BYTES);
	struct tls_row row = {.source = TLS_REQUESTED, .created = auth_tls_now(t), .names = join(names, count, &arena)};
	int rc = check_new(t, names, count, err);
	if (rc == 0)
		rc = make_key(t, SLICE_NONE, &row, err);
	if (rc == 0 && (t->tls.request(t->tls.arg, row.key, names, count, t->settings.must_staple, &der) != 0 || der.failed))
		rc = error_set(err, ERR_TEMPORARY, "the request could not be made now");
	if (rc == 0)
		rc = auth_tls_save(t, &row, ret_id, err);
	if (rc == 0)
		put_pem(buf_slice(&der), out);
	else if (row.key != 0)
		t->tls.drop(t->tls.arg, row.key);
	buf_free(&der);
	arena_free(&arena);
	return rc;
}

static int remove_row(struct auth_certificates *t, int64_t id, struct error *err)
{
	int rc = directory_begin(t->directory, err);
	if (rc == 0)
		rc = directory_tls_remove(t->directory, id, err);
	if (rc == 0)
		rc = directory_commit(t->directory, err);
	if (rc != 0)
		directory_rollback(t->directory);
	return rc;
}

int auth_tls_remove(struct auth_certificates *t, int64_t id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tls_row row;
	int rc = directory_tls_get(t->directory, id, &arena, &row);
	if (rc != 0)
		error_set(err, (enum error_code)rc, "there is no such certificate");
	else if (t->ordering == id)
		rc = error_set(err, ERR_CONFLICT, "it is being ordered; try again later");
	else
		rc = remove_row(t, id, err);
	if (rc == 0) {
		auth_tls_tell(t, EV_TLS_REMOVED, &row, SLICE_NONE, SLICE_NONE);
		auth_tls_changed(t);
		t->tls.drop(t->tls.arg, row.key);
	}
	arena_free(&arena);
	return rc;
}

/* ---- what is due ---- */

int64_t auth_tls_first_end(struct auth_certificates *t)
{
	struct arena arena = ARENA_INIT;
	struct tls_row *rows = arena_alloc_array(&arena, TLS_ROWS_MAX, sizeof *rows);
	int64_t first = 0;
	for (int i = 0, count = directory_tls_list(t->directory, &arena, rows); i < count; i++)
		if (rows[i].ends > 0 && (first == 0 || rows[i].ends < first))
			first = rows[i].ends;
	arena_free(&arena);
	return first;
}

static bool covers(struct slice names, struct slice host)
{
	ptrdiff_t dot = slice_find(host, '.');
	struct slice name, rest = slice_from(host, (size_t)(dot >= 0 ? dot : 0));
	while (slice_split(&names, ' ', &name))
		if (slice_eq_nocase(name, host) || (dot > 0 && slice_starts(name, SLICE("*")) && slice_eq_nocase(slice_from(name, 1), rest)))
			return true;
	return false;
}

size_t auth_tls_key_hashes(struct directory *d, struct slice host, int64_t now, uint8_t ret[][32], size_t room)
{
	struct arena arena = ARENA_INIT;
	struct tls_row *rows = arena_alloc_array(&arena, TLS_ROWS_MAX, sizeof *rows);
	int64_t newest = 0;
	size_t count = 0;
	for (int i = 0, n = directory_tls_list(d, &arena, rows); i < n; i++) {
		if (rows[i].ends <= now || !covers(rows[i].names, host) || count == room)
			continue;
		size_t at = rows[i].ends > newest ? 0 : count;
		memmove(ret[at] + 32, ret[at], (count - at) * 32);
		memcpy(ret[at], rows[i].key_hash, 32);
		newest = rows[i].ends > newest ? rows[i].ends : newest;
		count++;
	}
	arena_free(&arena);
	return count;
}

/* The postmaster of our domain that the host is in; empty: it is in none. */
static struct slice whom_to_tell(struct auth_certificates *t, struct slice host, struct arena *arena)
{
	struct directory_domain domain;
	for (struct slice name = host; name.n > 0;) {
		ptrdiff_t dot = slice_find(name, '.');
		if (directory_domain_get(t->directory, name, arena, &domain) == 0)
			return domain.postmaster.n > 0 ? domain.postmaster : arena_printf(arena, "postmaster@%.*s", SLICE_ARG(name));
		name = dot >= 0 ? slice_from(name, (size_t)dot + 1) : SLICE_NONE;
	}
	return SLICE_NONE;
}

/* One that is renewed by itself is told of only when that has failed for long. */
static int64_t tell_from(const struct tls_row *row)
{
	int64_t life = row->ends - row->starts, late = row->ends - life / 6;
	int64_t at = row->ends - (life > 200 * DAY_S ? TELL_LONG_S : TELL_SHORT_S);
	if (row->source == TLS_ORDERED)
		return late;
	return at < row->starts + life * 2 / 3 ? row->starts + life * 2 / 3 : at;
}

static void tell_end(struct auth_certificates *t, struct tls_row *row, struct arena *arena)
{
	struct slice host = first_name(row->names), address = whom_to_tell(t, host, arena);
	struct error err = {0};
	row->told = auth_tls_now(t);
	if (auth_tls_save(t, row, &row->id, &err) == 0 && t->host->record != NULL)
		t->host->record(t->host->arg, EV_TLS_EXPIRES, (const struct log_field[]){LOG_TEXT("host", host), LOG_TEXT("address", address),
			LOG_NUM("until", row->ends), LOG_END});
}

void auth_tls_step(struct auth_certificates *t)
{
	struct arena arena = ARENA_INIT;
	struct tls_row *rows = arena_alloc_array(&arena, TLS_ROWS_MAX, sizeof *rows);
	int64_t now = auth_tls_now(t);
	for (int i = 0, count = directory_tls_list(t->directory, &arena, rows); i < count; i++) {
		struct tls_row *row = &rows[i];
		if (row->ends > 0 && row->told == 0 && now >= tell_from(row))
			tell_end(t, row, &arena);
		if (t->stapling == 0 && row->ends > now && now >= row->ocsp_next)
			auth_tls_staple(t, row);
		if (auth_tls_renewal_due(t, row))
			auth_tls_renewal_ask(t, row);
		if (t->ordering == 0 && row->attempt > 0 && now >= row->attempt && t->settings.directory.n > 0)
			auth_tls_order_begin(t, row);
	}
	arena_free(&arena);
}
