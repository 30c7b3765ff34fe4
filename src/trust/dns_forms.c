/* Records in the forms that people need: a master file, and the fields of the consoles of providers. */
#include "base/ensure.h"
#include "trust/dns_records.h"

#define STRING_MAX 255 /* RFC 1035 3.3 */

/* The text as strings of a master file. The limit counts bytes on the wire, before anything is escaped. */
static void put_strings(struct slice text, struct buf *out)
{
	for (size_t at = 0; at == 0 || at < text.n; at += STRING_MAX) {
		struct slice one = slice_sub(text, at, at + STRING_MAX);
		buf_append_str(out, at > 0 ? " \"" : "\"");
		for (size_t i = 0; i < one.n; i++) {
			if (one.p[i] == '"' || one.p[i] == '\\')
				buf_append_byte(out, '\\');
			if (one.p[i] < 0x20 || one.p[i] > 0x7e)
				buf_printf(out, "\\%03u", one.p[i]);
			else
				buf_append_byte(out, one.p[i]);
		}
		buf_append_byte(out, '"');
	}
}

/* *ret_host: what is before the zone, without the dot; empty for the zone itself. */
static bool within(struct slice name, struct slice zone, struct slice *ret_host)
{
	*ret_host = SLICE_NONE;
	if (slice_eq_nocase(name, zone))
		return true;
	if (name.n <= zone.n || !slice_ends_nocase(name, zone) || name.p[name.n - zone.n - 1] != '.')
		return false;
	*ret_host = slice_sub(name, 0, name.n - zone.n - 1);
	return true;
}

static void put_line(const struct dns_record *r, struct buf *out)
{
	buf_printf(out, "%.*s.\t%d\tIN\t%s\t", SLICE_ARG(r->name), DNS_RECORDS_TTL, dns_type_name(r->type));
	if (r->has_priority)
		buf_printf(out, "%u ", r->priority);
	if (r->type == DNS_TXT)
		put_strings(r->value, out);
	else
		buf_append(out, r->value);
	buf_append_byte(out, '\n');
}

void dns_records_bind(const struct dns_record *records, size_t count, struct slice zone, struct buf *out)
{
	struct slice host;
	size_t others = 0;
	for (size_t i = 0; i < count; i++) {
		if (within(records[i].name, zone, &host))
			put_line(&records[i], out);
		else
			others++;
	}
	if (others > 0)
		buf_append_str(out, "; in another zone:\n");
	for (size_t i = 0; i < count; i++)
		if (!within(records[i].name, zone, &host)) {
			buf_append_str(out, "; ");
			put_line(&records[i], out);
		}
}

/* ---- consoles ---- */

static const struct dns_provider providers[] = {
	{.name = "aliyun", .types = "A AAAA CAA CNAME MX SRV TXT", .apex = "@", .ttl = "600", .mx_apart = true},
	{.name = "tencent", .types = "A AAAA CAA CNAME MX SRV TXT", .apex = "@", .ttl = "600", .mx_apart = true, .dots = true},
	/* Its TXT fields want quotes, several strings with one space between. */
	{.name = "huawei", .types = "A AAAA CAA CNAME MX SRV TXT", .apex = "", .ttl = "300", .quotes = true, .dots = true},
	{.name = "cloudflare", .types = "A AAAA CAA CNAME MX SRV TLSA TXT", .apex = "@", .ttl = "Auto", .mx_apart = true, .srv_apart = true},
};
const char dns_provider_names[] = "aliyun, tencent (dnspod), huawei, cloudflare";

const struct dns_provider *dns_provider_find(struct slice name)
{
	if (slice_eq(name, SLICE("dnspod")))
		name = SLICE("tencent"); /* as its users call it */
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (slice_eq(slice_str(providers[i].name), name))
			return &providers[i];
	return NULL;
}

static bool has_type(const struct dns_provider *p, uint16_t type)
{
	struct slice list = slice_str(p->types), one;
	while (slice_split(&list, ' ', &one))
		if (slice_eq(one, slice_str(dns_type_name(type))))
			return true;
	return false;
}

/* A value that ends with a name. */
static bool ends_with_name(uint16_t type)
{
	return type == DNS_MX || type == DNS_SRV || type == DNS_CNAME;
}

static struct slice value_of(const struct dns_provider *p, const struct dns_record *r, bool apart, struct arena *arena)
{
	struct buf out = BUF_INIT(FACTS_ANSWERS_BYTES);
	struct slice value = r->value;
	if (ends_with_name(r->type) && !p->dots && slice_ends(value, SLICE(".")))
		value = slice_sub(value, 0, value.n - 1);
	if (r->has_priority && !apart)
		buf_printf(&out, "%u ", r->priority);
	if (r->type == DNS_TXT && p->quotes)
		put_strings(value, &out);
	else
		buf_append(&out, value);
	struct slice ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

enum dns_form_result dns_provider_form(const struct dns_provider *provider, const struct dns_record *record, struct slice zone,
	struct arena *arena, struct dns_form *ret)
{
	struct slice host;
	bool apart = record->type == DNS_MX ? provider->mx_apart : provider->srv_apart;
	if (!within(record->name, zone, &host))
		return DNS_FORM_OTHER_ZONE;
	if (!has_type(provider, record->type))
		return DNS_FORM_NO_TYPE;
	*ret = (struct dns_form){.host = host.n > 0 ? host : slice_str(provider->apex), .type = dns_type_name(record->type), .ttl = provider->ttl,
		.value = value_of(provider, record, apart, arena), .has_priority = record->has_priority && apart, .priority = record->priority};
	return DNS_FORM_OK;
}
