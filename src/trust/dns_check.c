/* What DNS has, against what it should have. */
#include "base/codec.h"
#include "base/ensure.h"
#include "trust/dkim_key.h"
#include "trust/dmarc.h"
#include "trust/dns_records.h"
#include "trust/tlsrpt.h"

#define VALUE_MAX 4096 /* of one record as text */
#define SPF_TERMS_MAX 200

const char *dns_state_name(enum dns_state state)
{
	static const char *const names[] = {[DNS_STATE_OK] = "ok", [DNS_STATE_MISSING] = "missing", [DNS_STATE_DIFFERENT] = "different",
		[DNS_STATE_UNKNOWN] = "not checked"};
	return names[state];
}

/* ---- rdata as struct dns_record has it; false: malformed ---- */

static bool read_mx(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	struct slice name;
	bool ok = slice_get_u16(&rdata, &ret->priority) && dns_name_read(arena, &rdata, &name);
	if (ok)
		ret->value = arena_printf(arena, "%.*s.", SLICE_ARG(name));
	return ok;
}

static bool read_srv(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	struct slice name;
	uint16_t weight, port;
	bool ok = slice_get_u16(&rdata, &ret->priority) && slice_get_u16(&rdata, &weight) && slice_get_u16(&rdata, &port) &&
		dns_name_read(arena, &rdata, &name);
	if (ok)
		ret->value = arena_printf(arena, "%u %u %.*s.", weight, port, SLICE_ARG(name));
	return ok;
}

static bool read_cname(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	struct slice name;
	bool ok = dns_name_read(arena, &rdata, &name);
	if (ok)
		ret->value = arena_printf(arena, "%.*s.", SLICE_ARG(name));
	return ok;
}

static bool read_txt(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	return dns_txt_join(arena, rdata, &ret->value) && ret->value.n <= VALUE_MAX;
}

static bool read_tlsa(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	uint8_t usage, selector, matching;
	if (!slice_get_u8(&rdata, &usage) || !slice_get_u8(&rdata, &selector) || !slice_get_u8(&rdata, &matching))
		return false;
	struct buf hex = BUF_INIT(VALUE_MAX);
	hex_encode(rdata, &hex);
	bool ok = !hex.failed;
	ret->value = arena_printf(arena, "%u %u %u %.*s", usage, selector, matching, SLICE_ARG(buf_slice(&hex)));
	buf_free(&hex);
	return ok;
}

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n <= VALUE_MAX;
}

static bool read_caa(struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	uint8_t flags, n;
	if (!slice_get_u8(&rdata, &flags) || !slice_get_u8(&rdata, &n) || n > rdata.n || !is_plain(rdata))
		return false;
	ret->value = arena_printf(arena, "%u %.*s \"%.*s\"", flags, SLICE_ARG(slice_sub(rdata, 0, n)), SLICE_ARG(slice_from(rdata, n)));
	return true;
}

static bool read_rdata(uint16_t type, struct slice rdata, struct arena *arena, struct dns_record *ret)
{
	static const struct {
		uint16_t type;
		bool priority;
		bool (*read)(struct slice rdata, struct arena *arena, struct dns_record *ret);
	} rows[] = {
		{DNS_MX, true, read_mx}, {DNS_SRV, true, read_srv}, {DNS_CNAME, false, read_cname}, {DNS_TXT, false, read_txt},
		{DNS_TLSA, false, read_tlsa}, {DNS_CAA, false, read_caa},
	};
	*ret = (struct dns_record){.type = type};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == type) {
			ret->has_priority = rows[i].priority;
			return rows[i].read(rdata, arena, ret);
		}
	return false;
}

/* ---- comparing, by purpose ---- */

static bool same_value(struct slice wanted, struct slice found, struct arena *arena)
{
	return slice_eq_nocase(wanted, found);
}

/* Behind the weight, which is the domain's own choice. */
static bool same_server(struct slice wanted, struct slice found, struct arena *arena)
{
	struct slice weight;
	if (!slice_split(&wanted, ' ', &weight) || !slice_split(&found, ' ', &weight))
		return false;
	return slice_eq_nocase(wanted, found);
}

static bool has_term(struct slice list, struct slice term)
{
	struct slice one;
	for (int i = 0; i < SPF_TERMS_MAX && slice_split(&list, ' ', &one); i++)
		if (slice_eq_nocase(one, term))
			return true;
	return false;
}

/* Who else may send and how hard it ends is the domain's own choice; that our host may send is not. */
static bool good_spf(struct slice wanted, struct slice found, struct arena *arena)
{
	struct slice end = slice_from(wanted, (size_t)slice_rfind(wanted, ' ') + 1);
	bool mx = has_term(found, SLICE("mx")) || has_term(found, SLICE("+mx"));
	if (slice_eq_nocase(wanted, found))
		return true;
	return mx && (has_term(found, end) || has_term(found, SLICE("~all")) || has_term(found, SLICE("-all"))) && !has_term(found, SLICE("+all"));
}

static bool good_key(struct slice wanted, struct slice found, struct arena *arena)
{
	struct dkim_key ours, theirs;
	return dkim_key_parse(wanted, arena, &ours).result == DKIM_NONE && dkim_key_parse(found, arena, &theirs).result == DKIM_NONE &&
		ours.algorithm == theirs.algorithm && slice_eq(ours.public_key, theirs.public_key);
}

static bool good_dmarc(struct slice wanted, struct slice found, struct arena *arena)
{
	struct dmarc_record record;
	return dmarc_record_parse(found, arena, &record) && record.has_p && !record.broken;
}

static bool good_tlsrpt(struct slice wanted, struct slice found, struct arena *arena)
{
	struct tlsrpt_record record;
	return tlsrpt_record_parse(found, &record);
}

static const struct rule {
	const char *starts; /* only records that start so are of this purpose; the name may have others */
	bool alone;         /* a second one of the purpose makes both useless */
	bool (*good)(struct slice wanted, struct slice found, struct arena *arena);
} rules[] = {
	[DNS_FOR_MAIL] = {"", false, same_value},
	[DNS_FOR_SPF] = {"v=spf1", true, good_spf}, /* RFC 7208 4.5 */
	[DNS_FOR_DKIM] = {"", false, good_key},
	[DNS_FOR_DKIM_OLD] = {"", false, good_key},
	[DNS_FOR_DMARC] = {"v=DMARC1", true, good_dmarc}, /* RFC 7489 6.6.3 */
	[DNS_FOR_TLSRPT] = {"v=TLSRPTv1", true, good_tlsrpt}, /* RFC 8460 3 */
	[DNS_FOR_STS] = {"", false, same_value},
	[DNS_FOR_DANE] = {"", false, same_value},
	[DNS_FOR_CERTIFICATES] = {"", false, same_value},
	[DNS_FOR_CLIENTS] = {"", false, same_value},
};

static void show(const struct dns_record *r, struct buf *out)
{
	if (buf_len(out) > 0)
		buf_append_str(out, " | ");
	if (r->has_priority)
		buf_printf(out, "%u ", r->priority);
	for (size_t i = 0; i < r->value.n; i++)
		buf_append_byte(out, r->value.p[i] < 0x20 || r->value.p[i] > 0x7e ? '?' : r->value.p[i]);
}

enum dns_state dns_record_check(const struct dns_record *record, struct slice records, struct arena *arena, struct slice *ret_current)
{
	const struct rule *rule = &rules[record->purpose];
	bool (*good)(struct slice, struct slice, struct arena *) = record->type == DNS_SRV ? same_server : rule->good;
	struct buf current = BUF_INIT(FACTS_ANSWERS_BYTES * 2);
	struct slice rdata;
	size_t count = 0, right = 0;
	while (dns_record_next(&records, &rdata)) {
		struct dns_record found;
		if (!read_rdata(record->type, rdata, arena, &found) || !slice_starts_nocase(found.value, slice_str(rule->starts)))
			continue;
		count++;
		right += good(record->value, found.value, arena);
		show(&found, &current);
	}
	*ret_current = arena_dup(arena, slice_sub(buf_slice(&current), 0, DNS_RECORDS_CURRENT_MAX));
	buf_free(&current);
	if (count == 0)
		return DNS_STATE_MISSING;
	return right > 0 && (count == 1 || !rule->alone) ? DNS_STATE_OK : DNS_STATE_DIFFERENT;
}
