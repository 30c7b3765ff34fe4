#include "filter/sort_internal.h"

#include <string.h>

#include "base/codec.h"
#include "base/utf8.h"
#include "crypt/hash.h"
#include "mime/header.h"
#include "smtp/xtext.h"

#define ADDED_MAX 32768
#define COMPILE_WORK 10 /* of a byte of script */
#define DAY_S 86400u
#define REFUSAL_MAX 400 /* bytes of a recipient's words in an SMTP reply */

/* ---- what is gathered ---- */

struct filter_offspring *sort_offspring_add(struct sorter *s, enum sort_kind kind)
{
	if (s->out->offspring_count == SORT_OFFSPRING_MAX)
		return NULL;
	struct filter_offspring *o = ARENA_NEW(s->arena, struct filter_offspring);
	o->kind = kind;
	*s->last = o;
	s->last = &o->next;
	s->out->offspring_count++;
	return o;
}

void sort_act_add(struct sorter *s, const char *what, struct slice address, struct slice to, uint32_t line)
{
	struct sort_act *a = ARENA_NEW(s->arena, struct sort_act);
	*a = (struct sort_act){.next = s->out->acts, .what = what, .address = address, .to = to, .line = line};
	s->out->acts = a;
}

struct slice sort_key(struct arena *arena, const char *kind, const uint8_t account[16], struct slice a, struct slice b)
{
	struct hash_state state;
	uint8_t hash[HASH_SIZE];
	struct buf out = BUF_INIT(200);
	hash_start(&state, NULL);
	hash_update_field(&state, a);
	hash_update_field(&state, b);
	hash_finish(&state, hash);
	buf_printf(&out, "sieve %s ", kind);
	hex_encode(slice_make(account, 16), &out);
	buf_append_byte(&out, ' ');
	hex_encode(slice_make(hash, 20), &out);
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

void sort_tell_owner(struct sort_run *r, enum notice notice, struct slice args)
{
	struct buf fact = BUF_INIT(8192);
	struct filter_offspring *o = sort_offspring_add(r->s, SORT_NOTICE);
	struct recipient_fact own = *r->fact;
	if (o == NULL)
		return;
	own.mailbox = own.profile = own.original = own.notify = SLICE_NONE;
	fact_write_recipient(&fact, &own, r->s->secret);
	o->fact = arena_dup(r->s->arena, buf_slice(&fact));
	o->notice = notice;
	o->args = args;
	o->language = r->profile->language;
	o->once = sort_key(r->s->arena, "told", r->fact->account, slice_str(notice_name(notice)), SLICE_NONE);
	o->once_keep_s = DAY_S;
	buf_free(&fact);
}

/* ---- profiles ---- */

static const struct delivery_profile *profile_of(const struct sorter *s, const uint8_t account[16])
{
	for (size_t i = 0; i < s->profile_count; i++)
		if (memcmp(s->profiles[i].account, account, 16) == 0)
			return &s->profiles[i];
	return NULL;
}

int sort_profiles_add(struct sorter *s, struct slice list, struct error *err)
{
	while (list.n > 0) {
		if (s->profile_count == s->profile_room) {
			size_t room = s->profile_room > 0 ? 2 * s->profile_room : 8;
			struct delivery_profile *more = arena_alloc_array(s->arena, room, sizeof *more);
			if (s->profile_count > 0)
				memcpy(more, s->profiles, s->profile_count * sizeof *more);
			s->profiles = more;
			s->profile_room = room;
		}
		int rc = profile_read(&list, s->secret, s->arena, &s->profiles[s->profile_count]);
		if (rc < 0)
			return error_set(err, rc, "a delivery profile does not verify");
		s->profile_count++;
	}
	return 0;
}

/* ---- a run ---- */

static bool source(void *arg, struct slice name, bool global, struct slice *ret)
{
	const struct sort_run *r = arg;
	for (size_t i = 0; !global && i < r->profile->script_count; i++)
		if (slice_eq(r->profile->scripts[i].name, name)) {
			*ret = r->profile->scripts[i].text;
			return true;
		}
	return false;
}

static struct slice duplicate_key(const struct sort_run *r, struct slice key)
{
	return sort_key(r->s->arena, "dup", r->fact->account, key, SLICE_NONE);
}

static enum sieve_known seen(void *arg, struct slice key)
{
	struct sort_run *r = arg;
	struct slice value;
	switch (facts_memory(r->s->facts, duplicate_key(r, key), &value)) {
	case DNS_WANTED: return SIEVE_WAIT;
	case DNS_FOUND: return SIEVE_SEEN;
	case DNS_NODATA: case DNS_NXDOMAIN: case DNS_FAILED: case DNS_BOGUS: break;
	}
	return SIEVE_NEW;
}

/* The address as it was given at RCPT. */
static struct slice given_to(struct sorter *s, const struct recipient_fact *fact)
{
	struct buf out = BUF_INIT(2048);
	ptrdiff_t at = slice_find(fact->original, ';');
	struct slice ret = fact->address;
	if (at >= 0 && xtext_decode(slice_from(fact->original, (size_t)at + 1), &out) == 0 && slice_find(buf_slice(&out), '@') >= 0)
		ret = arena_dup(s->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static void fill_mailboxes(const struct delivery_profile *p, struct arena *arena, struct sieve_letter *letter)
{
	struct sieve_mailbox *to = arena_alloc_array(arena, p->mailbox_count + 1, sizeof *to);
	for (size_t i = 0; i < p->mailbox_count; i++)
		to[i] = (struct sieve_mailbox){p->mailboxes[i].name, p->mailboxes[i].special_use};
	letter->mailboxes = to;
	letter->mailbox_count = p->mailbox_count;
}

static void run(struct sort_run *r, struct sieve_outcome *ret)
{
	struct sorter *s = r->s;
	struct sieve_letter letter = {
		.from = s->e->reverse_path, .to = given_to(s, r->fact), .address = r->profile->address, .addresses = r->profile->addresses,
		.address_count = r->profile->address_count, .host = s->settings->hostname, .remote_ip = s->e->client_address,
		.now_s = s->e->received_ms / 1000, .source = source, .seen = seen, .arg = r, .work = &s->work,
	};
	struct buf whole = BUF_INIT(r->prefix.n + s->view.n);
	struct sieve_program *program;
	struct slice text = r->profile->scripts[0].text;
	letter.message = s->view;
	if (r->prefix.n > 0) {
		buf_append(&whole, r->prefix);
		buf_append(&whole, s->view);
		letter.message = buf_slice(&whole);
	}
	fill_mailboxes(r->profile, s->arena, &letter);
	s->work -= s->work < COMPILE_WORK * text.n ? s->work : COMPILE_WORK * text.n;
	*ret = (struct sieve_outcome){0};
	if (sieve_compile(text, s->arena, &program, &ret->error) < 0)
		ret->failed = true;
	else
		sieve_run(program, &letter, s->arena, ret);
	/* What points into the letter is kept: it may be gone before the letters that come of it are made. */
	for (struct sieve_action *a = ret->actions; a != NULL && whole.data != NULL; a = a->next) {
		a->mailbox = arena_dup(s->arena, a->mailbox);
		a->text = arena_dup(s->arena, a->text);
		a->subject = arena_dup(s->arena, a->subject);
		a->flags = arena_dup(s->arena, a->flags);
		a->special_use = arena_dup(s->arena, a->special_use);
		a->from = arena_dup(s->arena, a->from);
	}
	buf_free(&whole);
}

/* ---- what it wants ---- */

static void file_add(struct sort_run *r, const struct sieve_action *a, struct buf *filings)
{
	bool is_default = a->keep || slice_eq(a->mailbox, SLICE("INBOX"));
	filing_encode(&(struct filing){.mailbox = is_default && a->keep ? r->fact->mailbox : is_default ? SLICE_NONE : a->mailbox,
		.special_use = a->special_use, .flags = a->flags, .create = a->create}, filings);
}

static void keep(struct sort_run *r, struct slice flags, struct buf *filings)
{
	filing_encode(&(struct filing){.mailbox = r->fact->mailbox, .flags = flags}, filings);
}

static void claims_add(struct sort_run *r, const struct sieve_duplicate *d)
{
	for (; d != NULL; d = d->next) {
		struct sort_claim *c = ARENA_NEW(r->s->arena, struct sort_claim);
		if (d->was_seen && !d->last)
			continue;
		*c = (struct sort_claim){.next = r->s->out->claims, .key = duplicate_key(r, d->key), .keep_s = d->seconds, .fresh = !d->was_seen};
		r->s->out->claims = c;
	}
}

static void tell_failure(struct sort_run *r, const struct sieve_outcome *o)
{
	struct buf what = BUF_INIT(1000);
	sort_act_add(r->s, "failed", r->profile->address, SLICE_NONE, o->error.place.line);
	utf8_append_clean(&what, slice_str(o->error.text));
	for (size_t i = what.start; i < what.end; i++)
		if (what.data[i] < ' ')
			what.data[i] = ' ';
	sort_tell_owner(r, NOTICE_SIEVE_FAILED, arena_printf(r->s->arena, "time=%lld\nline=%u\nwhat=%.*s\n",
		(long long)(r->s->e->received_ms / 1000),
	                                                     o->error.place.line, SLICE_ARG(buf_slice(&what))));
	buf_free(&what);
}

/* Refused to the sender: by the reply when everybody refuses, else by a letter. */
static void reject(struct sort_run *r, const struct sieve_action *a, struct filter_sorted *out)
{
	struct sorter *s = r->s;
	struct filter_offspring *o;
	out->rejected = true;
	sort_act_add(s, "refused", r->profile->address, SLICE_NONE, 0);
	if (s->facts_read.dsn_fact.n == 0 || (o = sort_offspring_add(s, SORT_REFUSAL)) == NULL)
		return;
	o->fact = s->facts_read.dsn_fact;
	o->text = a->text;
	o->address = given_to(s, r->fact);
	o->signer = r->profile->signer;
}

/* Mail that must not leave stays, and its owner is told. */
static bool act(struct sort_run *r, const struct sieve_action *a, struct filter_sorted *out, struct buf *filings)
{
	switch (a->kind) {
	case SIEVE_DO_FILE: file_add(r, a, filings); return true;
	case SIEVE_DO_REJECT: reject(r, a, out); return true;
	case SIEVE_DO_VACATION: sort_answer(r, a); return true;
	case SIEVE_DO_REDIRECT: return sort_redirect(r, a);
	}
	return true;
}

static void sort_one(struct sort_run *r, struct filter_sorted *out)
{
	struct sorter *s = r->s;
	struct sieve_outcome o;
	struct buf filings = BUF_INIT(60000);
	bool withheld = false;
	run(r, &o);
	s->waits = s->waits || o.waits;
	s->out->active = out->ran = true;
	if (o.failed) {
		keep(r, SLICE_NONE, &filings);
		tell_failure(r, &o);
	}
	for (const struct sieve_action *a = o.actions; a != NULL && !o.failed && !o.waits; a = a->next)
		withheld |= !act(r, a, out, &filings);
	if (withheld && buf_len(&filings) == 0)
		keep(r, SLICE_NONE, &filings);
	if (filings.failed) { /* names and flags that are too long all together */
		buf_clear(&filings);
		keep(r, SLICE_NONE, &filings);
	}
	claims_add(r, o.duplicates);
	if (o.actions == NULL && !o.waits && !o.failed)
		sort_act_add(s, "discarded", r->profile->address, SLICE_NONE, 0);
	out->filings = arena_dup(s->arena, buf_slice(&filings));
	buf_free(&filings);
}

/* ---- all recipients ---- */

static bool is_repeated(const struct recipient_fact *facts, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (facts[i].kind == FACT_LOCAL && memcmp(facts[i].account, facts[at].account, 16) == 0)
			return true;
	return false;
}

static void sort_list(struct sorter *s, const struct recipient_fact *facts, size_t count, struct slice prefix, unsigned hops,
	struct filter_sorted *out)
{
	for (size_t i = 0; i < count; i++) {
		struct sort_run r = {.s = s, .fact = &facts[i], .prefix = prefix, .hops = hops};
		if (facts[i].kind == FACT_REMOTE)
			s->out->needs_epoch = true;
		if (facts[i].kind != FACT_LOCAL || profile_marked(facts[i].profile) == 0 || is_repeated(facts, i))
			continue;
		r.profile = profile_of(s, facts[i].account);
		if (r.profile != NULL && hops <= SORT_HOPS_MAX)
			sort_one(&r, &out[i]);
	}
}

/* The letters that are redirected within the house meet scripts there; those come behind in the list. */
static void sort_redirected(struct sorter *s)
{
	for (struct filter_offspring *o = s->out->offspring; o != NULL; o = o->next)
		if (o->kind == SORT_REDIRECT && !s->waits && !s->temporary)
			sort_list(s, o->recipients, o->recipient_count, o->prefix, o->hops, o->sorted);
}

static bool all_refuse(const struct filter_sorting *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!out->recipients[i].ran || !out->recipients[i].rejected)
			return false;
	return count > 0;
}

/* The words go into the reply when it can carry them (RFC 5429 2.1.1): one line of ASCII. */
static struct slice reply_text(struct sorter *s)
{
	for (const struct filter_offspring *o = s->out->offspring; o != NULL; o = o->next) {
		struct slice text = slice_trim(o->text);
		if (o->kind != SORT_REFUSAL || text.n == 0 || !slice_is_ascii(text))
			continue;
		uint8_t *line = arena_alloc(s->arena, REFUSAL_MAX);
		size_t n = text.n < REFUSAL_MAX ? text.n : REFUSAL_MAX;
		for (size_t i = 0; i < n; i++)
			line[i] = text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i];
		return slice_make(line, n);
	}
	return SLICE("The recipient does not take this message");
}

static void finish(struct sorter *s)
{
	if (!all_refuse(s->out, s->facts_read.count)) {
		for (const struct filter_offspring *o = s->out->offspring; o != NULL; o = o->next)
			s->out->needs_epoch = s->out->needs_epoch || o->kind == SORT_ANSWER || o->kind == SORT_REFUSAL;
		return;
	}
	s->out->code = 550;
	s->out->enhanced = SLICE("5.7.1");
	s->out->text = reply_text(s);
}

void sort_view_make(const struct envelope *e, const struct filter_facts *facts, struct slice message, const struct filter_judgement *judgement,
	struct buf *out)
{
	struct slice header = slice_sub(message, 0, mime_header_length(message));
	buf_init(out, message.n + judgement->header.n + ADDED_MAX);
	filter_trace(e, out);
	buf_append(out, judgement->header);
	if (envelope_is_ours(e))
		filter_mend_submission(e, &facts->sender, header, out);
	else
		filter_append_header(header, e->hostname, out);
	buf_append(out, slice_from(message, header.n));
}

static void view_make(struct sorter *s, struct slice message, const struct filter_judgement *judgement)
{
	sort_view_make(s->e, &s->facts_read, message, judgement, &s->out->view);
	s->view = buf_slice(&s->out->view);
	s->header = slice_sub(s->view, 0, mime_header_length(s->view));
}

/* What is judged junk, or refused, goes its way without scripts: it is neither answered nor sent on. */
bool filter_sort_wanted(const struct envelope *e, const struct filter_judgement *judgement)
{
	struct slice list = e->recipients, whole;
	struct recipient_fact fact;
	if (e->opaque || e->source == ENVELOPE_APPEND || judgement->code != 0 || judgement->mailbox.n > 0 || judgement->held.n > 0)
		return false;
	while (list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		if (fact.kind == FACT_LOCAL && profile_marked(fact.profile) > 0)
			return true;
	return false;
}

void filter_sorting_free(struct filter_sorting *s)
{
	buf_free(&s->view);
}

int filter_sort(const struct envelope *e, struct slice message, const struct filter_judgement *judgement,
	const struct filter_settings *settings,
                const uint8_t secret[32], struct slice profiles, struct facts *facts, struct arena *arena, struct filter_sorting *ret,
                struct error *err)
{
	struct sorter s = {.e = e, .settings = settings, .secret = secret, .facts = facts, .arena = arena, .out = ret, .work = SORT_WORK_MAX};
	buf_free(&ret->view);
	*ret = (struct filter_sorting){.judgement = judgement, .facts = facts};
	s.last = &ret->offspring;
	int rc = filter_facts_read(e, secret, arena, &s.facts_read, err);
	if (rc == 0)
		rc = sort_profiles_add(&s, profiles, err);
	if (rc < 0)
		return rc;
	view_make(&s, message, judgement);
	ret->count = s.facts_read.count;
	ret->recipients = arena_alloc_array(arena, ret->count + 1, sizeof *ret->recipients);
	sort_list(&s, s.facts_read.recipients, s.facts_read.count, SLICE_NONE, 0, ret->recipients);
	sort_redirected(&s);
	if (s.temporary)
		return error_set(err, ERR_TEMPORARY, "where a redirect leads cannot be found out now");
	if (s.waits || facts_wanted(facts) > 0)
		return 0;
	finish(&s);
	return 1;
}
