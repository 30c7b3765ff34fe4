/* Operations about the records of a domain in DNS, and what mail programs are told. */
#include "auth/admin_job.h"
#include "auth/dns.h"

static json_t *record_json(const struct dns_record *r)
{
	json_t *o = json_object();
	json_object_set_new(o, "name", job_json(r->name));
	json_object_set_new(o, "type", json_string(dns_type_name(r->type)));
	if (r->has_priority)
		json_object_set_new(o, "priority", json_integer(r->priority));
	json_object_set_new(o, "value", job_json(r->value));
	json_object_set_new(o, "ttl", json_integer(DNS_RECORDS_TTL));
	json_object_set_new(o, "purpose", json_string(dns_purpose_name(r->purpose)));
	return o;
}

static void set_place(struct admin_job *job, struct slice domain)
{
	job_set(job, "domain", job_json(domain));
	job_set(job, "zone", job_json(dns_zone_of(domain, &job->arena)));
}

static int domain_dns(struct admin_job *job)
{
	struct dns_record *records = arena_alloc_array(&job->arena, DNS_RECORDS_MAX, sizeof *records);
	struct slice domain;
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	int count = auth_dns_records(job_dns(job), domain, &job->arena, records);
	if (count < 0)
		return job_refuse_error(job, count, "domain");
	json_t *list = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(list, record_json(&records[i]));
	set_place(job, domain);
	job_set(job, "records", list);
	return 0;
}

/* ---- the check ---- */

static void checked(void *arg, int rc, const struct auth_dns_result *results, size_t count)
{
	struct admin_job *job = arg;
	json_t *list = json_array();
	json_int_t bad = 0;
	for (size_t i = 0; i < count; i++) {
		json_t *o = record_json(&results[i].record);
		json_object_set_new(o, "current", job_json(results[i].current));
		json_object_set_new(o, "state", json_string(dns_state_name(results[i].state)));
		json_object_set_new(o, "muted", json_boolean(results[i].muted));
		json_array_append_new(list, o);
		bad += auth_dns_is_bad(&results[i]);
	}
	job_set(job, "records", list);
	job_set(job, "bad", json_integer(bad));
	job_conclude(job, rc == 0 ? 0 : job_refuse_error(job, rc, "domain"));
}

struct checking {
	struct admin_job *job;
	struct slice domain;
};

static void check_now(void *arg)
{
	const struct checking *c = arg;
	auth_dns_check(job_dns(c->job), c->domain, checked, c->job);
}

static int domain_check(struct admin_job *job)
{
	struct checking *c = arena_alloc(&job->arena, sizeof *c);
	*c = (struct checking){.job = job};
	int rc = job_our_domain(job, &c->domain);
	if (rc != 0)
		return rc;
	set_place(job, c->domain);
	job->later = true;
	/* Not from inside of apply, which looks at the job once more. */
	job_host(job)->after(job_host(job)->arg, 0, check_now, c);
	return 0;
}

static int domain_mute(struct admin_job *job)
{
	struct slice domain;
	struct error err = {0};
	uint16_t type;
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	if (!dns_type_find(job_text(job, "type"), &type))
		return job_refuse(job, ADMIN_INVALID, "invalid", "That type of record is none that a domain needs.");
	struct slice name = job_text(job, "name");
	if (slice_ends(name, SLICE(".")))
		name = slice_sub(name, 0, name.n - 1);
	rc = auth_dns_mute(job_dns(job), domain, name, type, !json_is_true(json_object_get(job->args, "off")), &err);
	if (rc == ERR_NOT_FOUND)
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "The domain needs no record of this name and type.");
	return rc == 0 ? 0 : job_refuse_error(job, rc, "record");
}

/* ---- mail programs ---- */

static int read_setup(struct admin_job *job, struct client_setup *ret)
{
	struct slice domain;
	struct address address;
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	auth_dns_setup(job_dns(job), domain, ret);
	if (!job_has(job, "address"))
		return 0;
	rc = job_address(job, "address", &address);
	if (rc == 0 && !slice_eq(address.domain, domain))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The address is not in this domain.");
	if (rc == 0)
		ret->address = address_text(&address, &job->arena);
	return rc;
}

static int domain_client_setup(struct admin_job *job)
{
	struct client_setup setup;
	enum client_setup_format format;
	struct buf out = BUF_INIT(CLIENT_SETUP_MAX);
	if (!client_setup_format_find(job_text(job, "format"), &format))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The format is autoconfig, autodiscover, autodiscover-json or mobileconfig.");
	int rc = read_setup(job, &setup);
	if (rc != 0)
		return rc;
	rc = client_setup_write(&setup, format, &out);
	if (rc == 0 && !out.failed) {
		job_set(job, "media_type", json_string(client_setup_media_type(format)));
		job_set(job, "text", job_json(buf_slice(&out)));
	} else {
		rc = rc == ERR_INVALID ? job_refuse(job, ADMIN_INVALID, "address", "This format is for one person: name the address.")
		                       : job_refuse(job, ADMIN_FAILED, "services", "The server listens for nothing that this format can tell of.");
	}
	buf_free(&out);
	return rc;
}

const struct admin_operation_row admin_dns_rows[] = {
	{"domain.dns", OBJECT_NAMED, NULL, domain_dns},
	{"domain.check", OBJECT_NAMED, NULL, domain_check},
	{"domain.mute", OBJECT_NAMED, NULL, domain_mute},
	{"domain.client_setup", OBJECT_NAMED, NULL, domain_client_setup},
	{0},
};
