#include "auth/dns.h"

#include <string.h>

#include "auth/sts.h"
#include "auth/tls.h"
#include "base/ensure.h"
#include "base/memory.h"

#define KEY_RECORD_MAX 4096
#define TOLD_MAX 900 /* bytes of what is told at once */

struct auth_dns {
	struct directory *directory;
	const struct auth_host *host;
	const struct auth_dkim *dkim;
	struct auth_dns_settings settings;
	unsigned busy; /* checks under way */
	bool sweeping;
};

struct auth_dns *auth_dns_create(struct directory *directory, const struct auth_host *host, const struct auth_dkim *dkim,
	const struct auth_dns_settings *settings)
{
	struct auth_dns *d = memory_alloc(sizeof *d);
	*d = (struct auth_dns){.directory = directory, .host = host, .dkim = dkim, .settings = *settings};
	return d;
}

void auth_dns_configure(struct auth_dns *d, const struct auth_dns_settings *settings)
{
	d->settings = *settings;
}

void auth_dns_free(struct auth_dns **d)
{
	ENSURE(*d == NULL || (*d)->busy == 0);
	MEMORY_FREE(d);
}

const struct auth_dns_settings *auth_dns_settings_of(const struct auth_dns *d)
{
	return &d->settings;
}

static int64_t now_of(const struct auth_dns *d)
{
	return moment_unix(d->host->now(d->host->arg));
}

/* ---- what must be there ---- */

static void add_key(struct dns_facts *facts, const struct dkim_key_row *key, struct arena *arena)
{
	ENSURE(facts->key_count < DNS_RECORDS_KEYS_MAX); /* DKIM_KEYS_OF_DOMAIN_MAX */
	struct buf text = BUF_INIT(KEY_RECORD_MAX);
	auth_dkim_record(key, &text);
	facts->keys[facts->key_count++] = (struct dns_facts_key){.selector = key->selector, .text = arena_dup(arena, buf_slice(&text)),
		.retired = key->state == DKIM_KEY_RETIRED};
	buf_free(&text);
}

/* Of the policy that is served; empty: none. */
static struct slice sts_id_of(struct auth_dns *d, struct slice domain, struct arena *arena)
{
	struct buf policy = BUF_INIT(STS_FILE_MAX);
	char id[STS_POLICY_ID_SIZE] = "";
	if (auth_sts_policy(d->directory, domain, d->settings.facts.host, &policy) == 0)
		sts_policy_id(buf_slice(&policy), id);
	buf_free(&policy);
	return arena_dup(arena, slice_str(id));
}

int auth_dns_records(struct auth_dns *d, struct slice domain, struct arena *arena, struct dns_record ret[DNS_RECORDS_MAX])
{
	struct dns_facts facts = d->settings.facts;
	struct dkim_key_row *keys = arena_alloc_array(arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *keys);
	int count = directory_dkim_list(d->directory, domain, arena, keys, DKIM_KEYS_OF_DOMAIN_MAX);
	if (count < 0)
		return count;
	facts.domain = domain;
	facts.key_count = 0;
	uint8_t hashes[DNS_RECORDS_TLSA_MAX][32];
	size_t shown = auth_tls_key_hashes(d->directory, facts.host, now_of(d), hashes, DNS_RECORDS_TLSA_MAX);
	if (shown > 0) { /* they go before that of the configuration */
		memcpy(facts.tlsa, hashes, sizeof hashes);
		facts.tlsa_count = shown;
	}
	facts.sts_id = facts.autoconfig ? sts_id_of(d, domain, arena) : SLICE_NONE;
	for (int i = 0; i < count; i++)
		if (keys[i].state != DKIM_KEY_RETIRED || now_of(d) < auth_dkim_remove_at(d->dkim, &keys[i]))
			add_key(&facts, &keys[i], arena);
	return (int)dns_records_make(&facts, arena, ret);
}

void auth_dns_setup(const struct auth_dns *d, struct slice domain, struct client_setup *ret)
{
	*ret = (struct client_setup){.domain = domain, .host = d->settings.facts.host, .oauth = d->settings.oauth};
	for (size_t i = 0; i < d->settings.facts.service_count; i++) {
		enum client_service service;
		if (client_service_find(d->settings.facts.services[i].name, &service))
			ret->ports[service] = d->settings.facts.services[i].port;
	}
}

/* ---- one check ---- */

struct check {
	struct auth_dns *d;
	struct arena arena;
	struct slice domain;
	struct auth_dns_result results[DNS_RECORDS_MAX];
	struct question {
		struct check *check;
		size_t index;
	} questions[DNS_RECORDS_MAX];
	size_t count, open;
	auth_dns_checked_fn *fn;
	void *arg;
};

static void finish(struct check *c, int rc)
{
	c->fn(c->arg, rc, c->results, rc == 0 ? c->count : 0);
	c->d->busy--;
	arena_free(&c->arena);
	memory_free(c);
}

static void answered(void *arg, bool ok, struct slice records)
{
	const struct question *q = arg;
	struct check *c = q->check;
	struct auth_dns_result *r = &c->results[q->index];
	if (ok)
		r->state = dns_record_check(&r->record, records, &c->arena, &r->current);
	if (--c->open == 0)
		finish(c, 0);
}

static struct dns_note *note_of(struct dns_note *notes, int count, const struct dns_record *record)
{
	for (int i = 0; i < count; i++)
		if (notes[i].type == record->type && slice_eq(notes[i].name, record->name))
			return &notes[i];
	return NULL;
}

static int prepare(struct check *c)
{
	struct dns_record *records = arena_alloc_array(&c->arena, DNS_RECORDS_MAX, sizeof *records);
	struct dns_note *notes = arena_alloc_array(&c->arena, DNS_NOTES_MAX, sizeof *notes);
	int count = auth_dns_records(c->d, c->domain, &c->arena, records);
	int noted = count >= 0 ? directory_dns_list(c->d->directory, c->domain, &c->arena, notes) : count;
	if (noted < 0)
		return noted;
	for (int i = 0; i < count; i++) {
		const struct dns_note *note = note_of(notes, noted, &records[i]);
		c->results[i] = (struct auth_dns_result){.record = records[i], .state = DNS_STATE_UNKNOWN, .muted = note != NULL && note->muted};
	}
	c->count = (size_t)count;
	return 0;
}

void auth_dns_check(struct auth_dns *d, struct slice domain, auth_dns_checked_fn *fn, void *arg)
{
	struct check *c = memory_alloc(sizeof *c);
	*c = (struct check){.d = d, .arena = ARENA_INIT, .fn = fn, .arg = arg};
	c->domain = arena_dup(&c->arena, domain);
	d->busy++;
	int rc = prepare(c);
	if (rc != 0) {
		finish(c, rc);
		return;
	}
	/* One more than the questions: answers may come before the last one is asked. */
	c->open = c->count + 1;
	for (size_t i = 0; i < c->count; i++) {
		c->questions[i] = (struct question){c, i};
		d->host->look_up(d->host->arg, c->results[i].record.name, c->results[i].record.type, answered, &c->questions[i]);
	}
	if (--c->open == 0)
		finish(c, 0);
}

/* ---- muting ---- */

static int set_muted(struct auth_dns *d, struct slice domain, const struct dns_record *record, bool muted, struct arena *arena,
	struct error *err)
{
	struct dns_note *notes = arena_alloc_array(arena, DNS_NOTES_MAX, sizeof *notes);
	int count = directory_dns_list(d->directory, domain, arena, notes);
	if (count < 0)
		return count;
	const struct dns_note *old = note_of(notes, count, record);
	/* What is looked at again begins anew. */
	struct dns_note note = {.name = record->name, .type = record->type, .muted = muted};
	if (old != NULL && old->muted == muted)
		return 0;
	int rc = directory_begin(d->directory, err);
	if (rc == 0)
		rc = directory_dns_set(d->directory, domain, &note, err);
	if (rc == 0)
		rc = directory_commit(d->directory, err);
	if (rc != 0)
		directory_rollback(d->directory);
	return rc;
}

int auth_dns_mute(struct auth_dns *d, struct slice domain, struct slice name, uint16_t type, bool muted, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct dns_record records[DNS_RECORDS_MAX];
	int count = auth_dns_records(d, domain, &arena, records), rc = count < 0 ? count : ERR_NOT_FOUND;
	for (int i = 0; i < count; i++)
		if (records[i].type == type && slice_eq_nocase(records[i].name, name)) {
			rc = set_muted(d, domain, &records[i], muted, &arena, err);
			break;
		}
	arena_free(&arena);
	return rc;
}

/* ---- the check of all domains ---- */

struct sweep {
	struct auth_dns *d;
	struct arena arena;
	struct slice domain;        /* the present one; then the names behind it follow */
	struct slice address;       /* of its postmaster */
	struct buf wrong, right;    /* "TYPE name state, …" */
};

static void tell(struct auth_dns *d, enum log_event event, const struct sweep *s, const struct buf *what)
{
	if (buf_len(what) > 0 && d->host->record != NULL)
		d->host->record(d->host->arg, event, (const struct log_field[]){LOG_TEXT("domain", s->domain), LOG_TEXT("address", s->address),
			LOG_TEXT("what", buf_slice(what)), LOG_END});
}

static void put_told(struct buf *out, const struct auth_dns_result *r)
{
	struct buf one = BUF_INIT(TOLD_MAX);
	buf_printf(&one, "%s%s %.*s (%s)", buf_len(out) > 0 ? ", " : "", dns_type_name(r->record.type), SLICE_ARG(r->record.name),
		dns_state_name(r->state));
	if (!one.failed && buf_len(out) + buf_len(&one) <= out->max)
		buf_append(out, buf_slice(&one));
	buf_free(&one);
}

/* Of records with the same name and type the worst counts, at the place of the first. */
static bool is_first(const struct auth_dns_result *results, size_t at, size_t count, struct auth_dns_result *ret)
{
	*ret = results[at];
	for (size_t i = 0; i < count; i++) {
		if (i == at || results[i].record.type != ret->record.type || !slice_eq(results[i].record.name, ret->record.name))
			continue;
		if (i < at)
			return false;
		if (auth_dns_is_bad(&results[i]))
			ret->state = results[i].state;
	}
	return true;
}

/* What is to be remembered of it; bad 0: nothing. */
static struct dns_note next_note(struct sweep *s, const struct auth_dns_result *r, const struct dns_note *old)
{
	int64_t now = now_of(s->d);
	struct dns_note note = {.name = r->record.name, .type = r->record.type, .checked = now};
	unsigned before = old != NULL ? old->bad : 0;
	if (r->state == DNS_STATE_OK) {
		if (before >= AUTH_DNS_BAD_ENOUGH)
			put_told(&s->right, r);
		return note;
	}
	if (before > 0 && (r->state == DNS_STATE_UNKNOWN || now - old->checked < s->d->settings.interval_s / 2)) {
		note = *old;
		return note;
	}
	if (r->state == DNS_STATE_UNKNOWN)
		return note;
	note.bad = before < AUTH_DNS_BAD_ENOUGH ? before + 1 : before;
	if (note.bad == AUTH_DNS_BAD_ENOUGH && before < AUTH_DNS_BAD_ENOUGH)
		put_told(&s->wrong, r);
	return note;
}

static int remember(struct sweep *s, const struct auth_dns_result *results, size_t count, struct arena *arena, struct error *err)
{
	struct directory *dir = s->d->directory;
	struct dns_note *notes = arena_alloc_array(arena, DNS_NOTES_MAX, sizeof *notes);
	int noted = directory_dns_list(dir, s->domain, arena, notes), rc = noted < 0 ? noted : directory_dns_clear(dir, s->domain, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct auth_dns_result r;
		if (results[i].muted || !is_first(results, i, count, &r))
			continue;
		struct dns_note note = next_note(s, &r, note_of(notes, noted, &r.record));
		if (note.bad > 0)
			rc = directory_dns_set(dir, s->domain, &note, err);
	}
	return rc;
}

static void keep(struct sweep *s, const struct auth_dns_result *results, size_t count)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	buf_clear(&s->wrong);
	buf_clear(&s->right);
	int rc = directory_begin(s->d->directory, &err);
	if (rc == 0)
		rc = remember(s, results, count, &arena, &err);
	if (rc == 0)
		rc = directory_commit(s->d->directory, &err);
	if (rc != 0)
		directory_rollback(s->d->directory);
	arena_free(&arena);
	if (rc == 0) {
		tell(s->d, EV_DNS_WRONG, s, &s->wrong);
		tell(s->d, EV_DNS_RIGHT, s, &s->right);
	}
}

static void sweep_next(void *arg);

static void swept(void *arg, int rc, const struct auth_dns_result *results, size_t count)
{
	struct sweep *s = arg;
	struct directory_domain domain;
	struct arena arena = ARENA_INIT;
	/* It may have been removed meanwhile. */
	if (rc == 0 && directory_domain_get(s->d->directory, s->domain, &arena, &domain) == 0)
		keep(s, results, count);
	arena_free(&arena);
	s->d->host->after(s->d->host->arg, 0, sweep_next, s);
}

static void sweep_end(struct sweep *s)
{
	s->d->sweeping = false;
	s->d->busy--;
	buf_free(&s->wrong);
	buf_free(&s->right);
	arena_free(&s->arena);
	memory_free(s);
}

static void sweep_next(void *arg)
{
	struct sweep *s = arg;
	struct directory_domain domain;
	struct arena arena = ARENA_INIT;
	int count = directory_domain_list(s->d->directory, s->domain, &arena, &domain, 1);
	arena_reset(&s->arena);
	if (count == 1) {
		s->domain = arena_dup(&s->arena, domain.name);
		s->address = arena_dup(&s->arena, domain.postmaster);
	}
	arena_free(&arena);
	if (count == 1)
		auth_dns_check(s->d, s->domain, swept, s);
	else
		sweep_end(s);
}

void auth_dns_step(struct auth_dns *d)
{
	if (d->sweeping)
		return;
	struct sweep *s = memory_alloc(sizeof *s);
	*s = (struct sweep){.d = d, .arena = ARENA_INIT, .wrong = BUF_INIT(TOLD_MAX), .right = BUF_INIT(TOLD_MAX)};
	d->sweeping = true;
	d->busy++;
	sweep_next(s);
}
