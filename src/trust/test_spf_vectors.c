/* The test suite of RFC 7208 (openspf.org), when it is there: argument 1 is its file. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/ensure.h"
#include "trust/dns_zone.h"
#include "trust/spf.h"

#define ROUNDS_MAX 40

struct suite {
	yaml_document_t doc;
	unsigned number, failed, rounds;
};

static struct slice scalar(const yaml_node_t *n)
{
	return n != NULL && n->type == YAML_SCALAR_NODE ? slice_make(n->data.scalar.value, n->data.scalar.length) : SLICE_NONE;
}

static yaml_node_t *member(struct suite *s, const yaml_node_t *map, const char *name)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (slice_eq(scalar(yaml_document_get_node(&s->doc, p->key)), slice_str(name)))
			return yaml_document_get_node(&s->doc, p->value);
	return NULL;
}

static yaml_node_t *item(struct suite *s, const yaml_node_t *list, size_t i)
{
	if (list == NULL || list->type != YAML_SEQUENCE_NODE || list->data.sequence.items.start + i >= list->data.sequence.items.top)
		return NULL;
	return yaml_document_get_node(&s->doc, list->data.sequence.items.start[i]);
}

/* ---- zones ---- */

static void put_string(struct buf *out, struct slice s)
{
	do {
		struct slice piece = slice_sub(s, 0, 255);
		buf_put_u8(out, (uint8_t)piece.n);
		buf_append(out, piece);
		s = slice_from(s, piece.n);
	} while (s.n > 0);
}

/* YAML has characters, DNS has bytes: the suite means ISO 8859-1. */
static struct slice bytes_of(struct slice utf8, uint8_t *room)
{
	size_t n = 0;
	for (size_t i = 0; i < utf8.n; i++)
		if (utf8.p[i] >= 0xc2 && utf8.p[i] <= 0xc3 && i + 1 < utf8.n) {
			room[n++] = (uint8_t)((utf8.p[i] & 3) << 6 | (utf8.p[i + 1] & 63));
			i++;
		} else {
			room[n++] = utf8.p[i];
		}
	return slice_make(room, n);
}

static void put_txt(struct suite *s, const yaml_node_t *value, struct buf *out)
{
	uint8_t room[5000];
	if (value->type == YAML_SCALAR_NODE) {
		put_string(out, bytes_of(scalar(value), room));
		return;
	}
	for (size_t i = 0; item(s, value, i) != NULL; i++)
		put_string(out, bytes_of(scalar(item(s, value, i)), room));
}

static void add_record(struct suite *s, struct dns_zone *z, struct slice name, struct slice type, const yaml_node_t *value)
{
	struct buf rdata = BUF_INIT(65535);
	struct trust_ip ip;
	uint16_t number = 0;
	if (slice_eq(type, SLICE("TXT")) || slice_eq(type, SLICE("SPF"))) {
		number = DNS_TXT;
		put_txt(s, value, &rdata);
	} else if (slice_eq(type, SLICE("A")) || slice_eq(type, SLICE("AAAA"))) {
		number = slice_eq(type, SLICE("A")) ? DNS_A : DNS_AAAA;
		ENSURE(trust_ip_parse(scalar(value), &ip));
		buf_append_bytes(&rdata, ip.bytes, ip.v6 ? 16 : 4);
	} else if (slice_eq(type, SLICE("MX"))) {
		number = DNS_MX;
		buf_put_u16(&rdata, 10);
		ENSURE(dns_name_write(scalar(item(s, value, 1)), &rdata));
	} else {
		number = slice_eq(type, SLICE("PTR")) ? DNS_PTR : DNS_CNAME;
		ENSURE(dns_name_write(scalar(value), &rdata));
	}
	ENSURE(dns_zone_add(z, name, number, 60, buf_slice(&rdata)));
	buf_free(&rdata);
}

/* "SPF" records of a name are its TXT records, unless it has some under that type or says "TXT: NONE". */
static void add_name(struct suite *s, struct dns_zone *z, struct slice name, const yaml_node_t *list)
{
	bool has_txt = false;
	for (size_t i = 0; item(s, list, i) != NULL; i++)
		has_txt = has_txt || member(s, item(s, list, i), "TXT") != NULL;
	for (size_t i = 0; item(s, list, i) != NULL; i++) {
		yaml_node_t *entry = item(s, list, i);
		if (entry->type == YAML_SCALAR_NODE) {
			ENSURE(slice_eq(scalar(entry), SLICE("TIMEOUT")) && dns_zone_add_failure(z, name, DNS_FAILED));
			continue;
		}
		struct slice type = scalar(yaml_document_get_node(&s->doc, entry->data.mapping.pairs.start->key));
		yaml_node_t *value = yaml_document_get_node(&s->doc, entry->data.mapping.pairs.start->value);
		if (slice_eq(scalar(value), SLICE("NONE")) || (slice_eq(type, SLICE("SPF")) && has_txt))
			continue;
		if (slice_eq(scalar(value), SLICE("TIMEOUT")))
			ENSURE(dns_zone_add_failure(z, name, DNS_FAILED));
		else
			add_record(s, z, name, type, value);
	}
}

static void add_zone(struct suite *s, struct dns_zone *z, const yaml_node_t *map)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		add_name(s, z, scalar(yaml_document_get_node(&s->doc, p->key)), yaml_document_get_node(&s->doc, p->value));
}

/* ---- cases ---- */

static bool result_matches(struct suite *s, const yaml_node_t *wanted, struct slice got)
{
	if (wanted->type == YAML_SCALAR_NODE)
		return slice_eq(scalar(wanted), got);
	for (size_t i = 0; item(s, wanted, i) != NULL; i++)
		if (slice_eq(scalar(item(s, wanted, i)), got))
			return true;
	return false;
}

static void run_case(struct suite *s, struct dns_zone *z, struct slice name, const yaml_node_t *test)
{
	struct arena arena = ARENA_INIT;
	struct facts f;
	struct spf_check c;
	unsigned rounds = 0;
	struct spf_request q = {.helo = scalar(member(s, test, "helo")), .mail_from = scalar(member(s, test, "mailfrom")),
		.host = SLICE("receiver.test")};
	ENSURE(trust_ip_parse(scalar(member(s, test, "host")), &q.client));
	facts_init(&f, &arena, 1000000000);
	for (spf_check_mail_from(&f, &q, &c); c.waits && rounds < ROUNDS_MAX; rounds++) {
		dns_zone_answer_wanted(z, &f);
		spf_check_mail_from(&f, &q, &c);
	}
	struct slice explanation = scalar(member(s, test, "explanation")), got = slice_str(spf_result_name(c.result));
	if (slice_eq(explanation, SLICE("DEFAULT")))
		explanation = SLICE_NONE;
	bool ok = !c.waits && result_matches(s, member(s, test, "result"), got) &&
		(c.result != SPF_FAIL || member(s, test, "explanation") == NULL || slice_eq(explanation, c.explanation));
	s->failed += !ok;
	s->rounds += rounds;
	printf("%s %u - %.*s\n", ok ? "ok" : "not ok", ++s->number, SLICE_ARG(name));
	if (!ok)
		printf("# got %.*s (%.*s), explanation \"%.*s\"; wanted %.*s, \"%.*s\"\n", SLICE_ARG(got), SLICE_ARG(c.reason), SLICE_ARG(c.explanation),
			SLICE_ARG(scalar(member(s, test, "result"))), SLICE_ARG(explanation));
	facts_free(&f);
	arena_free(&arena);
}

static void run_document(struct suite *s)
{
	yaml_node_t *root = yaml_document_get_root_node(&s->doc), *tests = member(s, root, "tests");
	struct arena arena = ARENA_INIT;
	struct dns_zone z;
	dns_zone_init(&z, &arena);
	add_zone(s, &z, member(s, root, "zonedata"));
	for (yaml_node_pair_t *p = tests->data.mapping.pairs.start; p < tests->data.mapping.pairs.top; p++)
		run_case(s, &z, scalar(yaml_document_get_node(&s->doc, p->key)), yaml_document_get_node(&s->doc, p->value));
	dns_zone_free(&z);
	arena_free(&arena);
}

int main(int argc, char **argv)
{
	struct suite s = {0};
	yaml_parser_t parser;
	FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
	if (file == NULL) {
		printf("1..0 # skip the test suite of RFC 7208 is not here: %s\n", argc > 1 ? argv[1] : "no file given");
		return 0;
	}
	ENSURE(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, file);
	for (bool more = true; more;) {
		more = yaml_parser_load(&parser, &s.doc) && yaml_document_get_root_node(&s.doc) != NULL;
		if (more)
			run_document(&s);
		yaml_document_delete(&s.doc);
	}
	bool broken = parser.error != YAML_NO_ERROR;
	yaml_parser_delete(&parser);
	fclose(file);
	printf("1..%u\n# %u rounds\n", s.number, s.rounds);
	return s.failed > 0 || s.number == 0 || broken;
}
