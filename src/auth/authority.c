/* The life of authorities: made, renewed, replaced, ended. */
#include "auth/authority_private.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"

#define DOMAINS_BATCH 100

struct authority *authority_create(struct directory *directory, const struct auth_host *host, const struct authority_settings *settings)
{
	struct authority *a = memory_alloc(sizeof *a);
	*a = (struct authority){.directory = directory, .host = host, .settings = *settings, .lists_due = true};
	return a;
}

void authority_configure(struct authority *a, const struct authority_settings *settings)
{
	a->settings = *settings;
}

void authority_free(struct authority **a)
{
	ENSURE(*a == NULL || (!(*a)->making && (*a)->listing == 0));
	MEMORY_FREE(a);
}

int64_t authority_now(const struct authority *a)
{
	return moment_unix(a->host->now(a->host->arg));
}

void authority_record(const struct authority *a, enum log_event event, const struct log_field *fields)
{
	if (a->host->record != NULL)
		a->host->record(a->host->arg, event, fields);
}

struct slice authority_serial(const uint8_t serial[MAIL_CA_SERIAL_SIZE], struct arena *arena)
{
	struct buf hex = BUF_INIT(2 * MAIL_CA_SERIAL_SIZE);
	hex_encode(slice_make(serial, MAIL_CA_SERIAL_SIZE), &hex);
	struct slice text = arena_dup(arena, buf_slice(&hex));
	buf_free(&hex);
	return text;
}

/* ---- making ---- */

struct making {
	struct authority *a;
	struct arena arena;
	struct authority_plan plan;     /* texts in the arena */
	struct authority_row root, issuing;
	authority_fn *fn;
	void *arg;
};

static void finish(struct making *m, int rc)
{
	const struct auth_host *host = m->a->host;
	m->a->making = false;
	/* What was not kept has certified nothing. */
	if (rc != 0 && m->issuing.has_key)
		host->ca_drop(host->arg, m->issuing.key);
	if (rc != 0 && m->root.has_key && !m->plan.renew)
		host->ca_drop(host->arg, m->root.key);
	m->fn(m->arg, rc);
	arena_free(&m->arena);
	memory_free(m);
}

/* Those whose mail is here, while they have room in a certificate; else none: then addresses are not limited by it. */
static int list_domains(struct directory *d, struct arena *arena, struct slice *ret)
{
	struct directory_domain *page = arena_alloc_array(arena, DOMAINS_BATCH, sizeof *page);
	struct buf text = BUF_INIT(MAIL_CA_DOMAINS_MAX);
	struct slice after = SLICE_NONE;
	int count;
	do {
		count = directory_domain_list(d, after, arena, page, DOMAINS_BATCH);
		for (int i = 0; i < count; i++)
			if (page[i].relay.host.n == 0) {
				if (buf_len(&text) > 0)
					buf_append_byte(&text, ' ');
				buf_append(&text, page[i].name);
			}
		after = count > 0 ? page[count - 1].name : SLICE_NONE;
	} while (count == DOMAINS_BATCH);
	*ret = text.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return count < 0 ? count : 0;
}

static void tell_made(const struct making *m, const struct authority_row *row)
{
	authority_event(m->a, EV_CA_MADE, LOG_TEXT("actor", m->plan.author), LOG_TEXT("approver", m->plan.approver), LOG_NUM("id", row->id),
		LOG_STR("kind", row->kind == AUTHORITY_ROOT ? "root" : "issuing"), LOG_TEXT("name", row->organisation), LOG_NUM("until", row->not_after));
}

/* The ones there were: retired by a renewal, ended by a new root. */
static int end_former(struct making *m, struct error *err)
{
	struct directory *d = m->a->directory;
	struct authority_row *rows = arena_alloc_array(&m->arena, AUTHORITIES_MAX, sizeof *rows);
	int count = directory_authority_list(d, &m->arena, rows, AUTHORITIES_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; i < count && rc == 0; i++) {
		if (!m->plan.renew && rows[i].state != AUTHORITY_ENDED)
			rc = directory_authority_state(d, rows[i].id, AUTHORITY_ENDED, err);
		else if (m->plan.renew && rows[i].kind == AUTHORITY_ISSUING && rows[i].state == AUTHORITY_ACTIVE)
			rc = directory_authority_state(d, rows[i].id, AUTHORITY_RETIRED, err);
	}
	return rc == 0 && !m->plan.renew ? directory_authority_end_all(d, MAIL_CA_SUPERSEDED, m->plan.author, err) : rc;
}

static int save_in_change(struct making *m, struct error *err)
{
	int rc = end_former(m, err);
	if (rc == 0 && !m->plan.renew)
		rc = directory_authority_add(m->a->directory, &m->root, err);
	m->issuing.parent = m->root.id;
	return rc == 0 ? directory_authority_add(m->a->directory, &m->issuing, err) : rc;
}

static void save(struct making *m)
{
	struct error err = {0};
	struct authority *a = m->a;
	int rc = directory_begin(a->directory, &err);
	if (rc == 0)
		rc = save_in_change(m, &err);
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc == 0) {
		if (!m->plan.renew)
			tell_made(m, &m->root);
		tell_made(m, &m->issuing);
		a->lists_due = true;
		a->host->ca_changed(a->host->arg);
		authority_sweep(a);
	}
	finish(m, rc);
}

/* Names of authorities differ by their time, so that lists and issuers are never mixed up. */
static void ask(struct making *m, struct authority_row *row, const char *kind, int days, auth_ca_made_fn *fn)
{
	struct calendar c = calendar_from_unix(m->a->host->now(m->a->host->arg).wall_ms / 1000);
	struct auth_ca_make make = {.algorithm = row->algorithm, .issuing = row->kind == AUTHORITY_ISSUING};
	row->created = authority_now(m->a);
	row->not_before = row->created - AUTHORITY_SKEW_S;
	row->not_after = row->created + days * AUTHORITY_DAY_S;
	if (make.issuing && row->not_after > m->root.not_after)
		row->not_after = m->root.not_after;
	row->author = m->plan.author;
	row->approver = m->plan.approver;
	memcpy(make.root, m->root.key, sizeof make.root);
	make.what = (struct mail_ca_authority){.organisation = row->organisation, .domains = row->domains, .not_before = row->not_before,
		.not_after = row->not_after, .common_name = arena_printf(&m->arena, "Mail %s %04d%02d%02d%02d%02d%02d", kind, c.year, c.month, c.day,
			c.hour, c.minute, c.second)};
	m->a->host->ca_make(m->a->host->arg, &make, fn, m);
}

static bool take_made(struct making *m, struct authority_row *row, const uint8_t *id, struct slice certificate)
{
	if (id == NULL)
		return false;
	memcpy(row->key, id, sizeof row->key);
	row->has_key = true;
	row->certificate = arena_dup(&m->arena, certificate);
	return true;
}

static void issuing_made(void *arg, const uint8_t *id, struct slice certificate)
{
	struct making *m = arg;
	if (take_made(m, &m->issuing, id, certificate))
		save(m);
	else
		finish(m, ERR_TEMPORARY);
}

static void make_issuing(struct making *m)
{
	m->issuing = (struct authority_row){.kind = AUTHORITY_ISSUING, .state = AUTHORITY_ACTIVE, .algorithm = m->root.algorithm,
		.organisation = m->root.organisation};
	int rc = list_domains(m->a->directory, &m->arena, &m->issuing.domains);
	if (rc != 0)
		finish(m, rc);
	else
		ask(m, &m->issuing, "devices", AUTHORITY_ISSUING_DAYS, issuing_made);
}

static void root_made(void *arg, const uint8_t *id, struct slice certificate)
{
	struct making *m = arg;
	if (take_made(m, &m->root, id, certificate))
		make_issuing(m);
	else
		finish(m, ERR_TEMPORARY);
}

static void begin(void *arg)
{
	struct making *m = arg;
	struct authority *a = m->a;
	if (a->making) {
		m->fn(m->arg, ERR_CONFLICT);
		arena_free(&m->arena);
		memory_free(m);
		return;
	}
	a->making = true;
	if (m->plan.renew) {
		int rc = directory_authority_active(a->directory, AUTHORITY_ROOT, &m->arena, &m->root);
		if (rc != 0 || !m->root.has_key)
			finish(m, rc != 0 ? rc : ERR_NOT_FOUND);
		else
			make_issuing(m);
		return;
	}
	m->root = (struct authority_row){.kind = AUTHORITY_ROOT, .state = AUTHORITY_ACTIVE, .algorithm = m->plan.algorithm,
		.organisation = m->plan.organisation};
	ask(m, &m->root, "root", AUTHORITY_ROOT_DAYS, root_made);
}

void authority_make(struct authority *a, const struct authority_plan *plan, authority_fn *fn, void *arg)
{
	struct making *m = memory_alloc(sizeof *m);
	*m = (struct making){.a = a, .arena = ARENA_INIT, .plan = *plan, .fn = fn, .arg = arg};
	m->plan.organisation = arena_dup(&m->arena, plan->organisation);
	m->plan.author = arena_dup(&m->arena, plan->author);
	m->plan.approver = arena_dup(&m->arena, plan->approver);
	a->host->after(a->host->arg, 0, begin, m);
}

/* ---- who asks about it ---- */

bool authority_covers(const struct authority_row *row, struct slice domain)
{
	struct slice rest = row->domains, one;
	if (rest.n == 0)
		return true;
	while (slice_split(&rest, ' ', &one))
		if (slice_eq(one, domain))
			return true;
	return false;
}

int authority_trust(struct authority *a, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct authority_row *rows = arena_alloc_array(&arena, AUTHORITIES_MAX, sizeof *rows);
	int count = directory_authority_list(a->directory, &arena, rows, AUTHORITIES_MAX);
	int64_t now = authority_now(a);
	for (int i = 0; i < count; i++)
		if (rows[i].state != AUTHORITY_ENDED && rows[i].not_after > now)
			mail_ca_pem("CERTIFICATE", rows[i].certificate, out);
	arena_free(&arena);
	return count < 0 ? count : out->failed ? ERR_LIMIT : 0;
}

int authority_crl(const struct authority *a, uint32_t id, struct arena *arena, struct slice *ret_der)
{
	return directory_authority_crl(a->directory, id, arena, ret_der);
}

int authority_chain(const struct authority *a, const struct issued *row, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct authority_row above;
	mail_ca_pem("CERTIFICATE", row->certificate, out);
	int rc = directory_authority_get(a->directory, row->authority, &arena, &above);
	if (rc == 0) {
		mail_ca_pem("CERTIFICATE", above.certificate, out);
		rc = directory_authority_get(a->directory, above.parent, &arena, &above);
	}
	if (rc == 0)
		mail_ca_pem("CERTIFICATE", above.certificate, out);
	arena_free(&arena);
	return rc == 0 && out->failed ? ERR_LIMIT : rc;
}
