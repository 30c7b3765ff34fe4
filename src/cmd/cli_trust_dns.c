/* Answers for the checks: a zone file, a server, or the resolvers of this machine. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unbound.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "cmd/cli_trust.h"
#include "conf/config.h"
#include "sys/file.h"
#include "trust/dns_zone.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define SERVER_TEXT_MAX 80
#define RCODE_SERVFAIL 2
#define RCODE_NXDOMAIN 3
#define CLASS_IN 1
#define RECORD_TEXT_MAX 2000

struct cli_trust_dns {
	struct arena arena;
	struct dns_zone zone;
	struct ub_ctx *ub;  /* NULL: the zone answers */
	int64_t ends_ms;    /* of the monotonic clock */
};

struct query {
	const struct dns_question *question;
	struct facts *facts;
	size_t *open;
	bool done;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- opening ---- */

static bool server_of(const char *where, char server[SERVER_TEXT_MAX])
{
	struct slice host = slice_str(where);
	struct trust_ip ip;
	uint16_t port = 53;
	struct buf b = BUF_INIT(SERVER_TEXT_MAX - 1);
	config_parse_host_port(slice_str(where), &host, &port);
	if (slice_eq_nocase(host, SLICE("localhost")))
		host = SLICE("127.0.0.1");
	bool ok = trust_ip_parse(host, &ip);
	trust_ip_append(&ip, &b);
	buf_printf(&b, "@%u", port);
	if (ok)
		snprintf(server, SERVER_TEXT_MAX, "%.*s", SLICE_ARG(buf_slice(&b)));
	buf_free(&b);
	return ok;
}

static int open_zone(struct cli_trust_dns *d, const char *path)
{
	struct buf text = BUF_INIT(DNS_ZONE_BYTES_MAX);
	struct error err = {0};
	int rc = file_read(path, &text, &err);
	if (rc == 0)
		rc = dns_zone_parse(&d->zone, arena_dup(&d->arena, buf_slice(&text)), &err);
	if (rc != 0)
		cli_error("--dns %s: neither ADDRESS:PORT nor a zone file that can be read: %s", path, err.private_text);
	buf_free(&text);
	return rc;
}

/* Names that resolvers answer themselves by default are asked here: tests and policies live in them. */
static void allow_special_names(struct ub_ctx *ub)
{
	static const char *const names[] = {"test.", "invalid.", "localhost.", "onion.", "home.arpa.", "127.in-addr.arpa.",
		"2.0.192.in-addr.arpa.",
		"100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ub_ctx_zone_add(ub, names[i], "transparent");
}

static int open_server(struct cli_trust_dns *d, const char *server)
{
	static const char *const options[][2] = {
		{"do-not-query-localhost:", "no"}, {"unblock-lan-zones:", "yes"}, {"insecure-lan-zones:", "yes"}, {"infra-keep-probing:", "yes"},
		{"infra-host-ttl:", "1"}, {"edns-buffer-size:", "1232"}, {"use-syslog:", "no"}, {"verbosity:", "0"}, {"outbound-msg-retry:", "4"},
	};
	d->ub = ub_ctx_create();
	if (d->ub == NULL)
		return ERR_IO;
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		ub_ctx_set_option(d->ub, options[i][0], options[i][1]);
	/* Without that file libunbound asks the root servers itself. */
	int rc = server != NULL ? ub_ctx_set_fwd(d->ub, server) : 0;
	if (server == NULL)
		ub_ctx_resolvconf(d->ub, RESOLV_CONF);
	if (rc == 0)
		rc = ub_ctx_async(d->ub, 1);
	/* Zones end the settings of libunbound. */
	if (rc == 0)
		allow_special_names(d->ub);
	else
		cli_error("--dns: %s", ub_strerror(rc));
	return rc;
}

struct cli_trust_dns *cli_trust_dns_open(const char *where, int timeout_ms)
{
	struct cli_trust_dns *d = memory_alloc(sizeof *d);
	char server[SERVER_TEXT_MAX];
	d->ends_ms = now_ms() + timeout_ms;
	dns_zone_init(&d->zone, &d->arena);
	bool is_server = where == NULL || server_of(where, server);
	int rc = is_server ? open_server(d, where != NULL ? server : NULL) : open_zone(d, where);
	if (rc != 0)
		cli_trust_dns_close(&d);
	return d;
}

void cli_trust_dns_close(struct cli_trust_dns **d)
{
	if (*d == NULL)
		return;
	if ((*d)->ub != NULL)
		ub_ctx_delete((*d)->ub);
	dns_zone_free(&(*d)->zone);
	arena_free(&(*d)->arena);
	memory_free(*d);
	*d = NULL;
}

/* ---- asking a server ---- */

static enum dns_status status_of(int rc, const struct ub_result *r)
{
	if (rc != 0 || r == NULL || (r->rcode != 0 && r->rcode != RCODE_NXDOMAIN))
		return DNS_FAILED;
	if (r->bogus)
		return DNS_BOGUS;
	if (r->havedata)
		return DNS_FOUND;
	return r->nxdomain || r->rcode == RCODE_NXDOMAIN ? DNS_NXDOMAIN : DNS_NODATA;
}

static void on_answer(void *arg, int rc, struct ub_result *r)
{
	struct query *q = arg;
	struct dns_answer a = {.status = status_of(rc, r)};
	struct buf records = BUF_INIT(FACTS_ANSWERS_BYTES);
	for (int i = 0; a.status == DNS_FOUND && r->data[i] != NULL; i++)
		buf_put_bytes(&records, slice_make(r->data[i], (size_t)r->len[i]));
	if (a.status == DNS_FOUND) {
		a.secure = r->secure != 0;
		a.ttl = (uint32_t)r->ttl;
		a.records = buf_slice(&records);
	}
	if (records.failed)
		a = (struct dns_answer){.status = DNS_FAILED};
	facts_answer(q->facts, q->question->name, q->question->type, &a);
	q->done = true;
	--*q->open;
	buf_free(&records);
	ub_resolve_free(r);
}

static void start(struct cli_trust_dns *d, struct query *q, int *ret_id)
{
	char *name = memory_dup_str(q->question->name);
	if (ub_resolve_async(d->ub, name, q->question->type, CLASS_IN, q, on_answer, ret_id) != 0)
		q->done = true;
	else
		++*q->open;
	memory_free(name);
}

static void ask_server(struct cli_trust_dns *d, struct facts *f)
{
	size_t open = 0, count = f->wanted_count;
	struct query *queries = arena_alloc_array(&d->arena, count, sizeof *queries);
	int *ids = arena_alloc_array(&d->arena, count, sizeof *ids);
	for (size_t i = 0; i < count; i++) {
		queries[i] = (struct query){.question = &f->wanted[i], .facts = f, .open = &open};
		start(d, &queries[i], &ids[i]);
	}
	for (int64_t left = d->ends_ms - now_ms(); open > 0 && left > 0; left = d->ends_ms - now_ms()) {
		struct pollfd p = {.fd = ub_fd(d->ub), .events = POLLIN};
		if (poll(&p, 1, (int)left) > 0)
			ub_process(d->ub);
	}
	for (size_t i = 0; i < count; i++)
		if (!queries[i].done)
			ub_cancel(d->ub, ids[i]);
}

/* ---- telling what was asked ---- */

static const char *type_name(uint16_t type)
{
	static const struct { uint16_t type; const char *name; } types[] = {
		{DNS_A, "A"}, {DNS_CNAME, "CNAME"}, {DNS_PTR, "PTR"}, {DNS_MX, "MX"}, {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"}, {DNS_TLSA, "TLSA"},
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "other";
}

static void append_txt(struct arena *arena, struct slice rdata, struct buf *out)
{
	struct slice text;
	if (!dns_txt_join(arena, rdata, &text))
		return;
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			buf_printf(out, "\\%03u", text.p[i]);
		else if (text.p[i] == '"' || text.p[i] == '\\')
			buf_printf(out, "\\%c", text.p[i]);
		else
			buf_append_byte(out, text.p[i]);
	}
	buf_append_byte(out, '"');
}

static void append_record(struct arena *arena, uint16_t type, struct slice rdata, struct buf *out)
{
	struct trust_ip ip = {.v6 = type == DNS_AAAA};
	struct slice name;
	uint16_t preference;
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (rdata.n == (ip.v6 ? 16 : 4) && slice_get_fixed(&rdata, ip.bytes, rdata.n))
			trust_ip_append(&ip, out);
		break;
	case DNS_MX:
		if (slice_get_u16(&rdata, &preference) && dns_name_read(arena, &rdata, &name))
			buf_printf(out, "%u %.*s.", preference, SLICE_ARG(name));
		break;
	case DNS_PTR:
	case DNS_CNAME:
		if (dns_name_read(arena, &rdata, &name))
			buf_printf(out, "%.*s.", SLICE_ARG(name));
		break;
	case DNS_TXT: append_txt(arena, rdata, out); break;
	default: buf_printf(out, "%zu bytes", rdata.n);
	}
}

static void tell(const struct dns_question *q, const struct dns_answer *a, struct arena *arena, json_t *lookups)
{
	json_t *row = json_object(), *records = json_array();
	struct slice list = a->records, rdata;
	struct buf all = BUF_INIT(FACTS_ANSWERS_BYTES);
	while (a->status == DNS_FOUND && dns_record_next(&list, &rdata)) {
		struct buf one = BUF_INIT(FACTS_ANSWERS_BYTES);
		append_record(arena, q->type, rdata, &one);
		json_array_append_new(records, json_stringn((const char *)buf_slice(&one).p, buf_len(&one)));
		if (buf_len(&all) > 0)
			buf_append_byte(&all, ' ');
		buf_append(&all, slice_sub(buf_slice(&one), 0, RECORD_TEXT_MAX));
		buf_free(&one);
	}
	cli_json_text(row, "name", q->name);
	json_object_set_new(row, "type", json_string(type_name(q->type)));
	json_object_set_new(row, "status", json_string(dns_status_name(a->status)));
	json_object_set_new(row, "secure", json_boolean(a->secure));
	json_object_set_new(row, "ttl", json_integer(a->ttl));
	json_object_set_new(row, "records", records);
	cli_json_text(row, "text", buf_slice(&all));
	json_array_append_new(lookups, row);
	buf_free(&all);
}

void cli_trust_dns_answer(struct cli_trust_dns *d, struct facts *f, json_t *lookups)
{
	size_t count = f->wanted_count;
	struct dns_question *asked = arena_alloc_array(&d->arena, count, sizeof *asked);
	memcpy(asked, f->wanted, count * sizeof *asked);
	if (d->ub != NULL)
		ask_server(d, f);
	else
		dns_zone_answer_wanted(&d->zone, f);
	if (d->ub != NULL)
		facts_give_up(f);
	for (size_t i = 0; i < count; i++)
		tell(&asked[i], facts_dns(f, asked[i].name, asked[i].type), &d->arena, lookups);
}
