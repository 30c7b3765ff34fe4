/* Redirects (RFC 5228 4.2): auth says whether mail may go there and who that is; letters that come round again stay. */
#include "base/codec.h"
#include "filter/sort_internal.h"
#include "mime/address.h"
#include "mime/header.h"

#define TARGET_MAX 200
#define NAME_MAX 253

/* Was it here before? Each of our redirects leaves the owner's address in Delivered-To. */
static bool came_round(struct slice header, struct slice address)
{
	struct mime_field field;
	while (mime_field_next(&header, &field))
		if (slice_eq_nocase(field.name, SLICE("Delivered-To")) && slice_eq_nocase(slice_trim(field.value), address))
			return true;
	return false;
}

static struct slice question(struct sort_run *r, struct slice target)
{
	struct buf name = BUF_INIT(NAME_MAX);
	hex_encode(slice_make(r->fact->account, 16), &name);
	buf_append_byte(&name, ' ');
	buf_append(&name, target);
	struct slice ret = name.failed ? SLICE_NONE : arena_dup(r->s->arena, buf_slice(&name));
	buf_free(&name);
	return ret;
}

static size_t count_facts(struct slice list)
{
	struct recipient_fact fact;
	struct slice whole;
	size_t n = 0;
	while (list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		n++;
	return n;
}

static bool send_to(struct sort_run *r, struct slice facts, struct slice sealer, struct slice target)
{
	struct sorter *s = r->s;
	struct filter_offspring *o = sort_offspring_add(s, SORT_REDIRECT);
	if (o == NULL)
		return false;
	o->fact = facts;
	o->sealer = sealer;
	o->recipient_count = count_facts(facts);
	o->recipients = arena_alloc_array(s->arena, o->recipient_count + 1, sizeof *o->recipients);
	o->sorted = arena_alloc_array(s->arena, o->recipient_count + 1, sizeof *o->sorted);
	o->hops = r->hops + 1;
	o->prefix = arena_printf(s->arena, "Delivered-To: %.*s\r\n%.*s", SLICE_ARG(r->profile->address), SLICE_ARG(r->prefix));
	for (size_t i = 0; i < o->recipient_count; i++) {
		if (fact_read_recipient(&facts, s->secret, &o->recipients[i]) < 0 || o->recipients[i].kind == FACT_OWN) {
			s->temporary = true;
			o->recipient_count = i;
			return true;
		}
		s->out->needs_epoch = s->out->needs_epoch || o->recipients[i].kind == FACT_REMOTE;
	}
	sort_act_add(s, "redirected", r->profile->address, target, 0);
	return true;
}

/* FACT_REDIRECT: three records. */
static bool answered(struct sort_run *r, struct slice records, struct slice target)
{
	struct slice facts, profiles, sealer = SLICE_NONE;
	if (!dns_record_next(&records, &facts) || facts.n == 0)
		return false;
	if (dns_record_next(&records, &profiles) && sort_profiles_add(r->s, profiles, NULL) < 0) {
		r->s->temporary = true;
		return true;
	}
	(void)dns_record_next(&records, &sealer);
	return send_to(r, facts, sealer, target);
}

static void tell(struct sort_run *r, struct slice target)
{
	sort_act_add(r->s, "withheld", r->profile->address, target, 0);
	sort_tell_owner(r, NOTICE_SIEVE_REDIRECT, arena_printf(r->s->arena, "time=%lld\nto=%.*s\n",
	                                                       (long long)(r->s->e->received_ms / 1000), SLICE_ARG(target)));
}

bool sort_redirect(struct sort_run *r, const struct sieve_action *a)
{
	struct sorter *s = r->s;
	struct slice target = a->address, name = target.n <= TARGET_MAX ? question(r, target) : SLICE_NONE;
	if (name.n == 0 || came_round(r->prefix, r->profile->address) || came_round(s->header, r->profile->address) ||
	    ++s->redirects > SORT_REDIRECTS_MAX || r->hops >= SORT_HOPS_MAX) {
		sort_act_add(s, "loop", r->profile->address, target, 0);
		return false;
	}
	const struct dns_answer *answer = facts_dns(s->facts, name, FACT_REDIRECT);
	switch (answer->status) {
	case DNS_WANTED: s->waits = true; return true;
	case DNS_FOUND: return answered(r, answer->records, target);
	case DNS_FAILED: s->temporary = true; return true;
	case DNS_NODATA: case DNS_NXDOMAIN: case DNS_BOGUS: break;
	}
	tell(r, target);
	return false;
}
