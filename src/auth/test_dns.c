/* Records of our domains in DNS: what is asked, what is remembered, who is told. */
#include "auth/test_host.h"

#include <string.h>

#include "auth/dns.h"

#define HOUR 3600
#define RIGHT "example.org. MX 10 mail.example.org.\nexample.org. TXT \"v=spf1 mx -all\"\n_dmarc.example.org. TXT \"v=DMARC1; p=none\"\n" \
	"_smtp._tls.example.org. TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\"\n_imaps._tcp.example.org. SRV 0 1 993 mail.example.org.\n"
#define WITHOUT_MX "example.org. TXT \"v=spf1 mx -all\"\n_dmarc.example.org. TXT \"v=DMARC1; p=none\"\n" \
	"_smtp._tls.example.org. TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\"\n_imaps._tcp.example.org. SRV 0 1 993 mail.example.org.\n"

static const struct auth_dkim_settings dkim_settings = {.keep_s = 7 * 24 * HOUR};
static const struct auth_dns_settings settings = {.facts = {.host = SLICE_INIT("mail.example.org"),
	.services = {{SLICE_INIT("imaps"), 993}}, .service_count = 1}, .interval_s = 24 * HOUR};

struct rig {
	struct test_auth *t;
	struct auth_dkim *dkim;
	struct auth_dns *dns;
	struct arena arena;
	struct dns_zone zone;
};

static void set_zone(struct rig *r, const char *text)
{
	struct error err = {0};
	if (r->t->zone != NULL)
		dns_zone_free(&r->zone);
	dns_zone_init(&r->zone, &r->arena);
	if (dns_zone_parse(&r->zone, slice_str(text), &err) != 0)
		fail_msg("%s", err.private_text);
	r->t->zone = &r->zone;
}

static void make_rig(struct rig *r)
{
	*r = (struct rig){.t = test_auth_create(false), .arena = ARENA_INIT};
	r->dkim = auth_dkim_create(r->t->directory, &r->t->host, &dkim_settings);
	r->dns = auth_dns_create(r->t->directory, &r->t->host, r->dkim, &settings);
	auth_admin_dkim(r->t->admin, r->dkim);
	auth_admin_dns(r->t->admin, r->dns);
	set_zone(r, RIGHT);
}

static void free_rig(struct rig *r)
{
	auth_dns_free(&r->dns);
	auth_dkim_free(&r->dkim);
	dns_zone_free(&r->zone);
	test_auth_free(&r->t);
	arena_free(&r->arena);
}

static void pass(struct rig *r, int64_t seconds)
{
	r->t->now.wall_ms += seconds * 1000;
	r->t->now.mono_ms += seconds * 1000;
}

static void step(struct rig *r)
{
	auth_dns_step(r->dns);
	test_host_run(r->t);
}

static bool result_has(const struct rig *r, const char *text)
{
	return slice_search(buf_slice(&r->t->result), slice_str(text)) >= 0;
}

static void a_domain_has_its_records_and_keys(void **state)
{
	struct rig r;
	make_rig(&r);
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_admin(r.t, "domain.dns", "{\"domain\":\"example.org\"}"), 0);
	assert_string_equal(test_member(r.t, "zone"), "example.org");
	assert_true(result_has(&r, "r20231114._domainkey.example.org") && result_has(&r, "e20231114._domainkey.example.org"));
	assert_true(result_has(&r, "\"value\":\"1 993 mail.example.org.\"") || result_has(&r, "\"value\": \"1 993 mail.example.org.\""));
	assert_int_equal(r.t->looked_up, 0);
	assert_int_not_equal(test_admin(r.t, "domain.dns", "{\"domain\":\"example.net\"}"), 0);
	assert_int_not_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.net\"}"), 0);
	free_rig(&r);
}

static void retired_keys_stay_until_mail_has_arrived(void **state)
{
	struct rig r;
	make_rig(&r);
	assert_int_equal(test_admin(r.t, "dkim.add", "{\"domain\":\"example.org\",\"algorithm\":\"ed25519-sha256\"}"), 0);
	assert_int_equal(test_admin(r.t, "dkim.retire", "{\"domain\":\"example.org\",\"selector\":\"e20231114\"}"), 0);
	assert_int_equal(test_admin(r.t, "domain.dns", "{\"domain\":\"example.org\"}"), 0);
	assert_true(result_has(&r, "e20231114._domainkey") && result_has(&r, "dkim (retired)"));
	pass(&r, 8 * 24 * HOUR);
	assert_int_equal(test_admin(r.t, "domain.dns", "{\"domain\":\"example.org\"}"), 0);
	assert_false(result_has(&r, "e20231114._domainkey"));
	free_rig(&r);
}

static void the_check_tells_each_record(void **state)
{
	struct rig r;
	make_rig(&r);
	assert_int_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_number(r.t, "bad"), 0);
	assert_false(result_has(&r, "missing") || result_has(&r, "different") || result_has(&r, "not checked"));
	set_zone(&r, "example.org. MX 5 old.test.\n_imaps._tcp.example.org. TIMEOUT\n");
	assert_int_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_number(r.t, "bad"), 4);
	assert_true(result_has(&r, "5 old.test.") && result_has(&r, "different") && result_has(&r, "missing") && result_has(&r, "not checked"));
	r.t->dns_away = true;
	assert_int_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_number(r.t, "bad"), 0);
	free_rig(&r);
}

static void muted_records_count_no_more(void **state)
{
	struct rig r;
	make_rig(&r);
	set_zone(&r, WITHOUT_MX);
	assert_int_equal(test_admin(r.t, "domain.mute", "{\"domain\":\"example.org\",\"name\":\"Example.org.\",\"type\":\"mx\"}"), 0);
	assert_int_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_number(r.t, "bad"), 0);
	step(&r);
	pass(&r, 24 * HOUR);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 0);
	assert_int_equal(test_admin(r.t, "domain.mute", "{\"domain\":\"example.org\",\"name\":\"example.org\",\"type\":\"MX\",\"off\":true}"), 0);
	assert_int_equal(test_admin(r.t, "domain.check", "{\"domain\":\"example.org\"}"), 0);
	assert_int_equal(test_number(r.t, "bad"), 1);
	assert_int_equal(test_admin(r.t, "domain.mute", "{\"domain\":\"example.org\",\"name\":\"www.example.org\",\"type\":\"MX\"}"),
		ADMIN_NOT_FOUND);
	assert_int_equal(test_admin(r.t, "domain.mute", "{\"domain\":\"example.org\",\"name\":\"example.org\",\"type\":\"SOA\"}"), ADMIN_INVALID);
	free_rig(&r);
}

static void twice_wrong_is_told_once(void **state)
{
	struct rig r;
	make_rig(&r);
	set_zone(&r, WITHOUT_MX);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 0);
	pass(&r, HOUR); /* as after a restart: too soon to be the second time */
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 0);
	pass(&r, 24 * HOUR);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 1);
	for (int day = 0; day < 3; day++) {
		pass(&r, 24 * HOUR);
		step(&r);
	}
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 1);
	set_zone(&r, RIGHT);
	step(&r);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_RIGHT], 1);
	free_rig(&r);
}

static void one_bad_day_is_not_told(void **state)
{
	struct rig r;
	make_rig(&r);
	for (int day = 0; day < 6; day++) {
		set_zone(&r, day % 2 == 0 ? WITHOUT_MX : RIGHT);
		step(&r);
		pass(&r, 24 * HOUR);
	}
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 0);
	assert_int_equal(r.t->recorded[EV_DNS_RIGHT], 0);
	/* Days without an answer are neither good nor bad. */
	set_zone(&r, WITHOUT_MX);
	step(&r);
	pass(&r, 24 * HOUR);
	r.t->dns_away = true;
	step(&r);
	pass(&r, 24 * HOUR);
	r.t->dns_away = false;
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 1);
	free_rig(&r);
}

static void every_domain_is_looked_at(void **state)
{
	struct rig r;
	make_rig(&r);
	assert_int_equal(test_admin(r.t, "domain.add", "{\"domain\":\"example.net\"}"), 0);
	step(&r);
	pass(&r, 24 * HOUR);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_WRONG], 1);
	assert_int_equal(test_admin(r.t, "domain.remove", "{\"domain\":\"example.net\"}"), 0);
	step(&r);
	assert_int_equal(r.t->recorded[EV_DNS_RIGHT], 0);
	free_rig(&r);
}

static void programs_are_set_up(void **state)
{
	struct rig r;
	struct auth_dns_settings more = settings;
	make_rig(&r);
	assert_int_equal(test_admin(r.t, "domain.client_setup", "{\"domain\":\"example.org\",\"format\":\"mobileconfig\"}"), ADMIN_FAILED);
	more.facts.services[1] = (struct dns_facts_service){SLICE("submissions"), 465};
	more.facts.service_count = 2;
	auth_dns_configure(r.dns, &more);
	assert_int_equal(test_admin(r.t, "domain.client_setup", "{\"domain\":\"example.org\",\"format\":\"mobileconfig\"}"), 0);
	assert_string_equal(test_member(r.t, "media_type"), "application/x-apple-aspen-config");
	assert_true(result_has(&r, "<integer>465</integer>"));
	assert_int_equal(test_admin(r.t, "domain.client_setup", "{\"domain\":\"example.org\",\"format\":\"autodiscover\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(r.t, "domain.client_setup",
		"{\"domain\":\"example.org\",\"format\":\"autodiscover\",\"address\":\"Ann@example.org\"}"), 0);
	assert_true(result_has(&r, "<LoginName>"));
	assert_int_equal(test_admin(r.t, "domain.client_setup",
		"{\"domain\":\"example.org\",\"format\":\"autoconfig\",\"address\":\"a@example.net\"}"),
		ADMIN_INVALID);
	assert_int_equal(test_admin(r.t, "domain.client_setup", "{\"domain\":\"example.org\",\"format\":\"paper\"}"), ADMIN_INVALID);
	free_rig(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_its_records_and_keys), cmocka_unit_test(retired_keys_stay_until_mail_has_arrived),
		cmocka_unit_test(the_check_tells_each_record), cmocka_unit_test(muted_records_count_no_more),
		cmocka_unit_test(twice_wrong_is_told_once), cmocka_unit_test(one_bad_day_is_not_told),
		cmocka_unit_test(every_domain_is_looked_at), cmocka_unit_test(programs_are_set_up),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
