#include "trust/tlsrpt.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"

/* Members of a failure, in the order they are written. */
#define F(name, field) {name, offsetof(struct tlsrpt_failure, field)}
static const struct {
	const char *name;
	size_t offset;
} members[] = {
	F("result-type", result_type), F("sending-mta-ip", sending_mta_ip), F("receiving-mx-hostname", receiving_mx_hostname),
	F("receiving-mx-helo", receiving_mx_helo), F("receiving-ip", receiving_ip), F("additional-information", additional_information),
	F("failure-reason-code", failure_reason_code),
};

/* ---- writing ---- */

static json_t *text_of(struct slice s)
{
	struct buf clean = BUF_INIT(4 * TLSRPT_TEXT_MAX);
	utf8_append_clean(&clean, slice_sub(s, 0, TLSRPT_TEXT_MAX));
	json_t *text = buf_len(&clean) > 0 ? json_stringn((const char *)buf_slice(&clean).p, buf_len(&clean)) : json_string("");
	buf_free(&clean);
	return text;
}

static void set_text(json_t *object, const char *name, struct slice s)
{
	if (s.n > 0)
		json_object_set_new(object, name, text_of(s));
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value)));
}

static void set_time(json_t *object, const char *name, int64_t seconds)
{
	struct calendar c = calendar_from_unix(seconds);
	struct buf text = BUF_INIT(40);
	buf_printf(&text, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	set_text(object, name, buf_slice(&text));
	buf_free(&text);
}

static json_t *list_of(const struct slice *items, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, text_of(items[i]));
	return list;
}

static json_t *failure_json(const struct tlsrpt_failure *f)
{
	json_t *object = json_object();
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		set_text(object, members[i].name, *(const struct slice *)(const void *)((const uint8_t *)f + members[i].offset));
	set_number(object, "failed-session-count", f->count);
	return object;
}

static json_t *policy_json(const struct tlsrpt_policy *p)
{
	json_t *object = json_object(), *policy = json_object(), *summary = json_object(), *failures = json_array();
	set_text(policy, "policy-type", p->type);
	if (p->string_count > 0)
		json_object_set_new(policy, "policy-string", list_of(p->strings, p->string_count));
	set_text(policy, "policy-domain", p->domain);
	if (p->mx_host_count > 0)
		json_object_set_new(policy, "mx-host", list_of(p->mx_hosts, p->mx_host_count));
	json_object_set_new(object, "policy", policy);
	set_number(summary, "total-successful-session-count", p->succeeded);
	set_number(summary, "total-failure-session-count", p->failed);
	json_object_set_new(object, "summary", summary);
	for (size_t i = 0; i < p->failure_count; i++)
		json_array_append_new(failures, failure_json(&p->failures[i]));
	if (p->failure_count > 0)
		json_object_set(object, "failure-details", failures);
	json_decref(failures);
	return object;
}

static int append(const char *text, size_t n, void *arg)
{
	buf_append_bytes(arg, text, n);
	return 0;
}

void tlsrpt_write(const struct tlsrpt_report *r, struct buf *out)
{
	json_t *object = json_object(), *range = json_object(), *policies = json_array();
	set_text(object, "organization-name", r->organization);
	set_time(range, "start-datetime", r->start_s);
	set_time(range, "end-datetime", r->end_s);
	json_object_set_new(object, "date-range", range);
	set_text(object, "contact-info", r->contact);
	set_text(object, "report-id", r->report_id);
	for (size_t i = 0; i < r->policy_count; i++)
		json_array_append_new(policies, policy_json(&r->policies[i]));
	json_object_set_new(object, "policies", policies);
	json_dump_callback(object, append, out, JSON_COMPACT);
	json_decref(object);
}

void tlsrpt_filename(const struct tlsrpt_report *r, struct slice sender, struct slice domain, struct slice id, struct buf *out)
{
	buf_printf(out, "%.*s!%.*s!%lld!%lld%s%.*s.json.gz", SLICE_ARG(sender), SLICE_ARG(domain), (long long)r->start_s, (long long)r->end_s,
		id.n > 0 ? "!" : "", SLICE_ARG(id));
}

void tlsrpt_subject(const struct tlsrpt_report *r, struct slice sender, struct slice domain, struct buf *out)
{
	buf_printf(out, "Report Domain: %.*s Submitter: %.*s Report-ID: <%.*s>", SLICE_ARG(domain), SLICE_ARG(sender), SLICE_ARG(r->report_id));
}

/* ---- reading ---- */

static struct slice take_text(const json_t *object, const char *name, struct arena *arena)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value))
		return SLICE_NONE;
	return arena_dup(arena, utf8_prefix(slice_make(json_string_value(value), json_string_length(value)), TLSRPT_TEXT_MAX));
}

static uint64_t take_number(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));
	return value > 0 ? (uint64_t)value : 0;
}

static bool two_digits(struct slice s, size_t at, int *ret)
{
	uint32_t value;
	if (slice_to_u32(slice_sub(s, at, at + 2), &value) < 0)
		return false;
	*ret = (int)value;
	return true;
}

/* RFC 3339 date-time: "2016-04-01T00:00:00Z", with fractions and zones. */
static bool read_time(struct slice s, int64_t *ret)
{
	struct calendar c = {0};
	uint32_t year;
	int hours = 0, minutes = 0;
	if (s.n < 20 || slice_to_u32(slice_sub(s, 0, 4), &year) < 0 || !two_digits(s, 5, &c.month) || !two_digits(s, 8, &c.day) ||
	    !two_digits(s, 11, &c.hour) || !two_digits(s, 14, &c.minute) || !two_digits(s, 17, &c.second))
		return false;
	c.year = (int)year;
	if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour > 23 || c.minute > 59 || c.second > 60)
		return false;
	struct slice zone = slice_from(s, 19);
	while (zone.n > 0 && (zone.p[0] == '.' || ascii_is_digit(zone.p[0])))
		zone = slice_from(zone, 1);
	if (zone.n == 0 || (ascii_lower(zone.p[0]) != 'z' && (zone.n != 6 || !two_digits(zone, 1, &hours) || !two_digits(zone, 4, &minutes))))
		return false;
	*ret = calendar_to_unix(&c) - (zone.p[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

/* A list of strings; one string counts as a list of it (RFC 8460 says array, many senders do not). */
static size_t take_list(const json_t *object, const char *name, struct arena *arena, struct slice ret[TLSRPT_STRINGS_MAX])
{
	const json_t *list = json_object_get(object, name), *item;
	size_t i, count = 0;
	if (json_is_string(list))
		ret[count++] = take_text(object, name, arena);
	json_array_foreach(list, i, item)
		if (json_is_string(item) && count < TLSRPT_STRINGS_MAX)
			ret[count++] = arena_dup(arena, utf8_prefix(slice_make(json_string_value(item), json_string_length(item)), TLSRPT_TEXT_MAX));
	return count;
}

static void take_failure(const json_t *object, struct arena *arena, struct tlsrpt_failure *f)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		*(struct slice *)(void *)((uint8_t *)f + members[i].offset) = take_text(object, members[i].name, arena);
	f->count = take_number(object, "failed-session-count");
}

static void take_policy(const json_t *object, struct arena *arena, struct tlsrpt_policy *p)
{
	const json_t *policy = json_object_get(object, "policy"), *summary = json_object_get(object, "summary");
	const json_t *failures = json_object_get(object, "failure-details"), *item;
	size_t i, count = json_array_size(failures);
	p->type = take_text(policy, "policy-type", arena);
	p->domain = take_text(policy, "policy-domain", arena);
	p->string_count = take_list(policy, "policy-string", arena, p->strings);
	p->mx_host_count = take_list(policy, "mx-host", arena, p->mx_hosts);
	p->succeeded = take_number(summary, "total-successful-session-count");
	p->failed = take_number(summary, "total-failure-session-count");
	if (count > TLSRPT_FAILURES_MAX)
		count = TLSRPT_FAILURES_MAX;
	p->failures = arena_alloc_array(arena, count + 1, sizeof *p->failures);
	json_array_foreach(failures, i, item)
		if (p->failure_count < count && json_is_object(item))
			take_failure(item, arena, &p->failures[p->failure_count++]);
}

static int take_report(const json_t *root, struct arena *arena, struct tlsrpt_report *r)
{
	const json_t *range = json_object_get(root, "date-range"), *policies = json_object_get(root, "policies"), *item;
	size_t i, count = json_array_size(policies);
	if (!json_is_array(policies) || !read_time(take_text(range, "start-datetime", arena), &r->start_s) ||
	    !read_time(take_text(range, "end-datetime", arena), &r->end_s))
		return ERR_INVALID;
	r->organization = take_text(root, "organization-name", arena);
	r->contact = take_text(root, "contact-info", arena);
	r->report_id = take_text(root, "report-id", arena);
	if (count > TLSRPT_POLICIES_MAX)
		count = TLSRPT_POLICIES_MAX;
	r->policies = arena_alloc_array(arena, count + 1, sizeof *r->policies);
	json_array_foreach(policies, i, item)
		if (r->policy_count < count && json_is_object(item))
			take_policy(item, arena, &r->policies[r->policy_count++]);
	return 0;
}

int tlsrpt_parse(struct slice json, struct arena *arena, struct tlsrpt_report *ret)
{
	json_error_t error;
	*ret = (struct tlsrpt_report){0};
	if (json.n > TLSRPT_JSON_MAX)
		return ERR_LIMIT;
	json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &error);
	int rc = json_is_object(root) ? take_report(root, arena, ret) : ERR_INVALID;
	json_decref(root);
	return rc;
}

void tlsrpt_summarise(const struct tlsrpt_report *r, struct tlsrpt_summary *ret)
{
	*ret = (struct tlsrpt_summary){0};
	for (size_t i = 0; i < r->policy_count; i++) {
		ret->succeeded += r->policies[i].succeeded;
		ret->failed += r->policies[i].failed;
	}
}

/* ---- the record ---- */

bool tlsrpt_record_parse(struct slice text, struct tlsrpt_record *ret)
{
	struct slice rest = text, piece, uri;
	*ret = (struct tlsrpt_record){0};
	if (!slice_split(&rest, ';', &piece) || !slice_eq(slice_trim(piece), SLICE("v=TLSRPTv1")))
		return false;
	while (slice_split(&rest, ';', &piece)) {
		piece = slice_trim(piece);
		if (!slice_starts(piece, SLICE("rua=")) || ret->count > 0)
			continue;
		piece = slice_from(piece, 4);
		while (slice_split(&piece, ',', &uri)) {
			uri = slice_trim(uri);
			if (ret->count < TLSRPT_URIS_MAX && (slice_starts_nocase(uri, SLICE("mailto:")) || slice_starts_nocase(uri, SLICE("https:"))))
				ret->uris[ret->count++] = uri;
		}
	}
	return ret->count > 0;
}

enum dns_status tlsrpt_find(struct facts *f, struct slice domain, struct tlsrpt_record *ret)
{
	const struct dns_answer *a = facts_dns(f, arena_printf(f->arena, "_smtp._tls.%.*s", SLICE_ARG(domain)), DNS_TXT);
	struct slice records = a->records, rdata, text, found = SLICE_NONE;
	unsigned versions = 0;
	if (a->status != DNS_FOUND)
		return a->status == DNS_NXDOMAIN ? DNS_NODATA : a->status == DNS_BOGUS ? DNS_FAILED : a->status;
	while (dns_record_next(&records, &rdata))
		if (dns_txt_join(f->arena, rdata, &text) && slice_starts(text, SLICE("v=TLSRPTv1")) &&
			(text.n == 10 || text.p[10] == ';' || text.p[10] == ' ')) {
			versions++;
			found = text;
		}
	/* RFC 8460 3: with several there is none. */
	return versions == 1 && tlsrpt_record_parse(found, ret) ? DNS_FOUND : DNS_NODATA;
}
