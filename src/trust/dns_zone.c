#include "trust/dns_zone.h"

#include "base/ensure.h"

#define LABEL_MAX 63

struct record {
	struct record *next;
	uint16_t type;
	uint32_t ttl;
	struct slice rdata;
};

struct node {
	struct record *first, **end;
	enum dns_status failure; /* DNS_WANTED: none */
};

void dns_zone_init(struct dns_zone *z, struct arena *arena)
{
	*z = (struct dns_zone){.arena = arena, .nodes = MAP_INIT};
}

void dns_zone_free(struct dns_zone *z)
{
	map_free(&z->nodes);
}

bool dns_char_read(struct slice *s, uint8_t *ret)
{
	uint32_t code;
	*ret = s->p[0];
	*s = slice_from(*s, 1);
	if (*ret != '\\')
		return true;
	if (s->n == 0)
		return false;
	if (!ascii_is_digit(s->p[0])) {
		*ret = s->p[0];
		*s = slice_from(*s, 1);
		return true;
	}
	if (s->n < 3 || slice_to_u32(slice_sub(*s, 0, 3), &code) < 0 || code > 255)
		return false;
	*ret = (uint8_t)code;
	*s = slice_from(*s, 3);
	return true;
}

static bool take_label(struct slice *s, uint8_t label[LABEL_MAX], uint8_t *ret_n)
{
	*ret_n = 0;
	while (s->n > 0 && s->p[0] != '.') {
		uint8_t c;
		if (*ret_n == LABEL_MAX || !dns_char_read(s, &c))
			return false;
		label[(*ret_n)++] = ascii_lower(c);
	}
	return *ret_n > 0;
}

bool dns_name_write(struct slice text, struct buf *out)
{
	uint8_t label[LABEL_MAX], n;
	size_t start = buf_len(out);
	if (slice_eq(text, SLICE(".")))
		text = SLICE_NONE;
	while (text.n > 0) {
		if (!take_label(&text, label, &n))
			return false;
		buf_put_u8(out, n);
		buf_append_bytes(out, label, n);
		text = slice_from(text, 1);
	}
	buf_put_u8(out, 0);
	return !out->failed && buf_len(out) - start <= FACTS_NAME_MAX;
}

static struct node *node_at(struct dns_zone *z, struct slice wire)
{
	struct node *n = map_get(&z->nodes, wire);
	if (n == NULL) {
		n = ARENA_NEW(z->arena, struct node);
		n->end = &n->first;
		map_put(&z->nodes, wire, n);
	}
	return n;
}

static struct slice parent_of(struct slice wire)
{
	return slice_from(wire, (size_t)wire.p[0] + 1);
}

/* The node of a name; those above it exist with it. */
static struct node *node_make(struct dns_zone *z, struct slice name)
{
	struct buf wire = BUF_INIT(FACTS_NAME_MAX);
	struct node *n = NULL;
	if (dns_name_write(name, &wire) && z->count < DNS_ZONE_RECORDS_MAX) {
		z->count++;
		n = node_at(z, buf_slice(&wire));
		for (struct slice up = buf_slice(&wire); up.p[0] != 0 && map_get(&z->nodes, parent_of(up)) == NULL; up = parent_of(up))
			node_at(z, parent_of(up));
	}
	buf_free(&wire);
	return n;
}

bool dns_zone_add(struct dns_zone *z, struct slice name, uint16_t type, uint32_t ttl, struct slice rdata)
{
	struct node *n = node_make(z, name);
	if (n == NULL)
		return false;
	struct record *r = ARENA_NEW(z->arena, struct record);
	*r = (struct record){.type = type, .ttl = ttl, .rdata = arena_dup(z->arena, rdata)};
	*n->end = r;
	n->end = &r->next;
	return true;
}

bool dns_zone_add_failure(struct dns_zone *z, struct slice name, enum dns_status status)
{
	struct node *n = node_make(z, name);
	if (n == NULL)
		return false;
	n->failure = status;
	return true;
}

/* ---- answering ---- */

/* RFC 4592 3.3: below the closest name that exists only its "*" counts. */
static struct node *node_find(struct dns_zone *z, struct slice wire)
{
	struct node *n = map_get(&z->nodes, wire);
	struct buf star = BUF_INIT(FACTS_NAME_MAX + 2);
	for (struct slice up = wire; n == NULL && up.p[0] != 0;) {
		up = parent_of(up);
		if (map_get(&z->nodes, up) == NULL)
			continue;
		buf_append(&star, SLICE("\1*"));
		buf_append(&star, up);
		n = map_get(&z->nodes, buf_slice(&star));
		break;
	}
	buf_free(&star);
	return n;
}

static const struct record *find_record(const struct node *n, uint16_t type)
{
	const struct record *r = n->first;
	while (r != NULL && r->type != type)
		r = r->next;
	return r;
}

static struct dns_answer answer_of(struct dns_zone *z, const struct node *n, uint16_t type)
{
	struct buf records = BUF_INIT(FACTS_ANSWERS_BYTES);
	struct dns_answer a = {.status = DNS_NODATA, .ttl = UINT32_MAX};
	for (const struct record *r = n->first; r != NULL; r = r->next)
		if (r->type == type) {
			a.status = DNS_FOUND;
			a.ttl = r->ttl < a.ttl ? r->ttl : a.ttl;
			buf_put_bytes(&records, r->rdata);
		}
	if (a.status != DNS_FOUND || records.failed)
		a = (struct dns_answer){.status = records.failed ? DNS_FAILED : n->failure != DNS_WANTED ? n->failure : DNS_NODATA};
	else
		a.records = arena_dup(z->arena, buf_slice(&records));
	buf_free(&records);
	return a;
}

struct dns_answer dns_zone_answer(struct dns_zone *z, struct slice name, uint16_t type)
{
	struct dns_answer a = {.status = DNS_NXDOMAIN};
	struct buf room = BUF_INIT(FACTS_NAME_MAX);
	struct slice wire;
	bool valid = dns_name_write(name, &room);
	wire = valid ? arena_dup(z->arena, buf_slice(&room)) : SLICE_NONE;
	buf_free(&room);
	for (unsigned i = 0; valid && i <= DNS_ZONE_CNAMES_MAX; i++) {
		const struct node *n = node_find(z, wire);
		const struct record *alias = n != NULL && type != DNS_CNAME && find_record(n, type) == NULL ? find_record(n, DNS_CNAME) : NULL;
		if (n == NULL)
			return a;
		if (alias == NULL)
			return answer_of(z, n, type);
		wire = alias->rdata;
	}
	/* Too many aliases, or a ring of them. */
	a.status = valid ? DNS_FAILED : DNS_NXDOMAIN;
	return a;
}

void dns_zone_answer_wanted(struct dns_zone *z, struct facts *f)
{
	for (size_t i = 0; i < f->wanted_count; i++) {
		struct dns_answer a = dns_zone_answer(z, f->wanted[i].name, f->wanted[i].type);
		facts_answer(f, f->wanted[i].name, f->wanted[i].type, &a);
	}
	facts_rerun(f);
}
