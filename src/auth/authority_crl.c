/* Lists of revoked certificates, and what ends by time. */
#include "auth/authority_private.h"

#include "base/memory.h"

#define ENDING_MAX 500

struct listing {
	struct authority *a;
	uint32_t id;
	uint64_t number;
	int64_t made, ends;
	struct slice issuer;
	struct arena arena;
};

static int keep(struct listing *l, struct slice crl, struct error *err)
{
	struct directory *d = l->a->directory;
	int rc = directory_begin(d, err);
	if (rc == 0)
		rc = directory_authority_crl_set(d, l->id, crl, l->number, l->made, l->ends, err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	return rc;
}

/* It is due again: at the next step, not at once. */
static void again(struct listing *l, const char *why)
{
	struct error err = {0};
	authority_event(l->a, EV_INTERNAL, LOG_STR("what", "list of revoked certificates"), LOG_STR("why", why));
	if (directory_begin(l->a->directory, &err) == 0 && directory_authority_due(l->a->directory, l->id, &err) == 0)
		(void)directory_commit(l->a->directory, &err);
	directory_rollback(l->a->directory);
}

static void listed(void *arg, struct slice crl)
{
	struct listing *l = arg;
	struct error err = {0};
	l->a->listing--;
	if (!mail_ca_crl_is(crl, l->issuer, l->number))
		again(l, "key signed none");
	else if (keep(l, crl, &err) != 0)
		again(l, err.private_text);
	else
		authority_event(l->a, EV_CA_LIST, LOG_NUM("id", l->id), LOG_NUM("count", (int64_t)l->number), LOG_NUM("until", l->ends));
	arena_free(&l->arena);
	memory_free(l);
}

static int begin_list(struct authority *a, uint32_t id, struct error *err)
{
	int rc = directory_begin(a->directory, err);
	if (rc == 0)
		rc = directory_authority_crl_begun(a->directory, id, err);
	if (rc == 0)
		rc = directory_commit(a->directory, err);
	directory_rollback(a->directory);
	return rc;
}

static void make_list(struct authority *a, const struct authority_row *row)
{
	struct buf revoked = BUF_INIT((MAIL_CA_REVOKED_MAX + 1) * (size_t)MAIL_CA_REVOKED_SIZE);
	struct error err = {0};
	int64_t now = authority_now(a);
	int rc = begin_list(a, row->id, &err);
	if (rc == 0)
		rc = directory_authority_revoked(a->directory, row->id, now, &revoked);
	if (rc == 0) {
		struct listing *l = memory_alloc(sizeof *l);
		*l = (struct listing){.a = a, .id = row->id, .number = row->crl_number + 1, .made = now, .ends = now + a->settings.crl_s, .arena = ARENA_INIT};
		l->issuer = arena_dup(&l->arena, row->certificate);
		a->listing++;
		a->host->ca_crl(a->host->arg, row->key, &(struct mail_ca_crl){.number = l->number, .this_update = now - AUTHORITY_SKEW_S,
			.next_update = l->ends, .revoked = buf_slice(&revoked)}, listed, l);
	} else {
		authority_event(a, EV_INTERNAL, LOG_STR("what", "list of revoked certificates"), LOG_STR("why", error_code_name((enum error_code)rc)));
	}
	buf_free(&revoked);
}

static bool is_due(const struct authority *a, const struct authority_row *row, int64_t now)
{
	return row->has_key && row->not_after > now
	    && (row->crl_due || row->crl_number == 0 || now >= row->crl_made + a->settings.crl_s / 2 || row->crl_made > now);
}

/* One round at a time: what is revoked meanwhile waits for the next. */
void authority_lists(struct authority *a)
{
	struct arena arena = ARENA_INIT;
	if (a->listing > 0)
		return;
	struct authority_row *rows = arena_alloc_array(&arena, AUTHORITIES_MAX, sizeof *rows);
	int count = directory_authority_list(a->directory, &arena, rows, AUTHORITIES_MAX);
	a->lists_due = count < 0;
	for (int i = 0; i < count; i++)
		if (is_due(a, &rows[i], authority_now(a)))
			make_list(a, &rows[i]);
	arena_free(&arena);
}

/* ---- by time ---- */

/* Nothing of it can be good any more: its key has no use. */
static void forget_ended(struct authority *a, const struct authority_row *row)
{
	struct error err = {0};
	int rc = directory_begin(a->directory, &err);
	if (rc == 0)
		rc = directory_authority_state(a->directory, row->id, AUTHORITY_ENDED, &err);
	if (rc == 0)
		rc = directory_authority_forget_key(a->directory, row->id, &err);
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc != 0)
		return;
	a->host->ca_drop(a->host->arg, row->key);
	a->host->ca_changed(a->host->arg);
	authority_event(a, EV_CA_ENDED, LOG_NUM("id", row->id), LOG_STR("kind", row->kind == AUTHORITY_ROOT ? "root" : "issuing"),
		LOG_TEXT("name", row->organisation));
}

static void warn_owner(struct authority *a, const struct issued *row, struct arena *arena)
{
	struct error err = {0};
	int rc = directory_begin(a->directory, &err);
	if (rc == 0)
		rc = directory_issued_warned(a->directory, row->id, &err);
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc == 0)
		authority_event(a, EV_CERTIFICATE_EXPIRES, LOG_TEXT("address", row->address), LOG_TEXT("id", authority_serial(row->serial, arena)),
			LOG_TEXT("device", row->label), LOG_NUM("until", row->not_after));
}

void authority_step(struct authority *a)
{
	struct arena arena = ARENA_INIT;
	int64_t now = authority_now(a);
	struct authority_row *rows = arena_alloc_array(&arena, AUTHORITIES_MAX, sizeof *rows);
	struct issued *ending = arena_alloc_array(&arena, ENDING_MAX, sizeof *ending);
	int count = directory_authority_list(a->directory, &arena, rows, AUTHORITIES_MAX);
	for (int i = 0; i < count && a->listing == 0; i++)
		if (rows[i].has_key && rows[i].not_after <= now)
			forget_ended(a, &rows[i]);
	count = directory_issued_ends(a->directory, now, now + AUTHORITY_WARN_DAYS * AUTHORITY_DAY_S, false, &arena, ending, ENDING_MAX);
	for (int i = 0; i < count; i++)
		warn_owner(a, &ending[i], &arena);
	arena_free(&arena);
	authority_lists(a);
}
