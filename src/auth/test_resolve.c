#include "auth/test_host.h"

#include <stdio.h>
#include <string.h>

#include "auth/recipient.h"
#include "crypt/crypt.h"

struct fixture {
	struct test_auth *t;
	struct arena arena;
	struct resolve_result r;
};

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){.t = test_auth_create(false)};
	assert_int_equal(test_admin(f.t, "policy.set", "{\"name\":\"forward\",\"value\":{\"outside\":true}}"), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	arena_free(&f->arena);
	test_auth_free(&f->t);
	return 0;
}

static void ok(struct fixture *f, const char *op, const char *args)
{
	assert_int_equal(test_admin(f->t, op, args), 0);
}

static unsigned resolve(struct fixture *f, const char *recipient, bool signed_in)
{
	resolve_recipient(f->t->directory, slice_str(recipient), signed_in, SLICE("mail.example.org"), moment_unix(f->t->now), &f->arena, &f->r);
	return f->r.status == AUTH_OK ? 0 : f->r.code;
}

static void assert_target(struct fixture *f, size_t i, bool local, const char *address, const char *mailbox)
{
	assert_true(i < f->r.count);
	assert_int_equal(f->r.targets[i].local, local);
	assert_true(slice_eq(f->r.targets[i].address, slice_str(address)));
	assert_true(slice_eq(f->r.targets[i].mailbox, slice_str(mailbox)));
}

static void test_accounts_without_regard_to_case(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(resolve(f, "ANN@Example.Org", false), 0);
	assert_int_equal(f->r.count, 1);
	assert_target(f, 0, true, "ann@example.org", "");
	assert_int_equal(resolve(f, "\"ann\"@example.org", false), 0);
	assert_int_equal(resolve(f, "ann@example.org.", false), 0);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(resolve(f, "nobody@example.org", false), 550);
	assert_string_equal(f->r.enhanced, "5.1.1");
	assert_int_equal(resolve(f, "someone@elsewhere.net", false), 550);
	assert_string_equal(f->r.enhanced, "5.7.1");
	assert_int_equal(resolve(f, "ann", false), 553);
	assert_int_equal(resolve(f, "a b@example.org", false), 553);
	assert_int_equal(resolve(f, "ann@example.org..", false), 553);
	assert_int_equal(resolve(f, "ann@.example.org", false), 553);
	assert_int_equal(resolve(f, "ann@-example.org", false), 553);
	ok(f, "user.disable", "{\"address\":\"ann@example.org\"}");
	assert_int_equal(resolve(f, "ann@example.org", false), 550);
	assert_string_equal(f->r.enhanced, "5.2.1");
}

static void test_relay_attempts_in_disguise(void **state)
{
	struct fixture *f = *state;
	assert_int_not_equal(resolve(f, "victim%elsewhere.net@example.org", false), 0);
	assert_int_not_equal(resolve(f, "\"victim@elsewhere.net\"@example.org", false), 0);
	assert_int_not_equal(resolve(f, "elsewhere.net!victim@example.org", false), 0);
	assert_int_not_equal(resolve(f, "victim@[192.0.2.1]", false), 0);
	assert_int_not_equal(resolve(f, "@elsewhere.net:ann@example.org", false), 0);
}

static void test_signed_in_senders_may_send_outside(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(resolve(f, "Some.One@Elsewhere.NET", true), 0);
	assert_target(f, 0, false, "Some.One@elsewhere.net", "");
	assert_int_equal(resolve(f, "a@[192.0.2.1]", true), 0);
	assert_int_equal(resolve(f, "nobody@example.org", true), 550);
}

static void test_aliases_chains_and_outside_targets(void **state)
{
	struct fixture *f = *state;
	ok(f, "alias.add", "{\"address\":\"one@example.org\",\"target\":\"ann@example.org\"}");
	ok(f, "alias.add", "{\"address\":\"two@example.org\",\"target\":\"one@example.org\"}");
	ok(f, "alias.add", "{\"address\":\"out@example.org\",\"target\":\"Me@Elsewhere.net\"}");
	assert_int_equal(resolve(f, "two@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	assert_true(f->r.changed);
	assert_int_equal(resolve(f, "out@example.org", false), 0);
	assert_target(f, 0, false, "Me@elsewhere.net", "");
}

static void test_alias_loops_end(void **state)
{
	struct fixture *f = *state;
	ok(f, "alias.add", "{\"address\":\"a@example.org\",\"target\":\"ann@example.org\"}");
	ok(f, "alias.add", "{\"address\":\"b@example.org\",\"target\":\"a@example.org\"}");
	ok(f, "alias.remove", "{\"address\":\"a@example.org\"}");
	ok(f, "alias.add", "{\"address\":\"a@example.org\",\"target\":\"b@example.org\"}");
	assert_int_equal(resolve(f, "a@example.org", false), 550);
}

static void test_groups_nest_and_loop(void **state)
{
	struct fixture *f = *state;
	ok(f, "group.add", "{\"address\":\"inner@example.org\",\"members\":[\"ann@example.org\",\"out@elsewhere.net\"]}");
	ok(f, "group.add", "{\"address\":\"outer@example.org\",\"members\":[\"inner@example.org\",\"ann@example.org\",\"bob@example.org\"]}");
	ok(f, "group.member.add", "{\"address\":\"inner@example.org\",\"member\":\"outer@example.org\"}");
	assert_int_equal(resolve(f, "outer@example.org", false), 0);
	assert_int_equal(f->r.count, 3);
	assert_int_equal(resolve(f, "inner@example.org", false), 0);
	assert_int_equal(f->r.count, 3);
}

static void test_too_deep_groups_are_refused_for_now(void **state)
{
	struct fixture *f = *state;
	char args[200];
	ok(f, "alias.add", "{\"address\":\"l0@example.org\",\"target\":\"ann@example.org\"}");
	for (int i = 1; i < 15; i++) {
		(void)snprintf(args, sizeof args, "{\"address\":\"l%d@example.org\",\"target\":\"l%d@example.org\"}", i, i - 1);
		ok(f, "alias.add", args);
	}
	assert_int_equal(resolve(f, "l9@example.org", false), 0);
	assert_int_equal(resolve(f, "l14@example.org", false), 451);
}

static void test_large_groups_reach_everybody_once(void **state)
{
	struct fixture *f = *state;
	struct address group = {.local = SLICE("big"), .given = SLICE("big"), .domain = SLICE("example.org")};
	struct buf facts = BUF_INIT(RECIPIENT_FACTS_MAX);
	char member[64];
	ok(f, "group.add", "{\"address\":\"big@example.org\"}");
	assert_int_equal(directory_begin(f->t->directory, NULL), 0);
	for (int i = 0; i < GROUP_MEMBERS_MAX; i++) {
		(void)snprintf(member, sizeof member, "member%d@elsewhere.net", i);
		assert_int_equal(directory_member_add(f->t->directory, &group, slice_str(member), NULL), 0);
	}
	assert_int_equal(directory_member_add(f->t->directory, &group, SLICE("more@elsewhere.net"), NULL), ERR_LIMIT);
	assert_int_equal(directory_commit(f->t->directory, NULL), 0);
	assert_int_equal(resolve(f, "big@example.org", false), 0);
	assert_int_equal(f->r.count, GROUP_MEMBERS_MAX);
	assert_int_equal(recipient_facts(&f->r, SLICE("big@example.org"), SLICE_NONE, &(struct recipient_forward){0}, &f->t->settings, &facts), 0);
	buf_free(&facts);
}

static void test_subaddress_reaches_the_mailbox_that_exists(void **state)
{
	struct fixture *f = *state;
	struct buf profile = BUF_INIT(1000);
	assert_int_equal(resolve(f, "ann@example.org", false), 0);
	auth_profile_begin(&profile);
	auth_profile_mailbox(&profile, SLICE("Lists"), SLICE_NONE);
	assert_int_equal(directory_profile_set(f->t->directory, f->r.targets[0].account.id, buf_slice(&profile), NULL), 0);
	assert_int_equal(resolve(f, "ann+Lists@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "Lists");
	assert_int_equal(resolve(f, "ann+lists@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "Lists");
	assert_int_equal(resolve(f, "ann+none@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	assert_int_equal(resolve(f, "ann+inbox@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	ok(f, "alias.add", "{\"address\":\"al@example.org\",\"target\":\"ann@example.org\"}");
	assert_int_equal(resolve(f, "al+Lists@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "Lists");
	assert_int_equal(resolve(f, "nobody+Lists@example.org", false), 550);
	buf_free(&profile);
}

static void test_catch_all_takes_the_rest(void **state)
{
	struct fixture *f = *state;
	ok(f, "domain.set", "{\"domain\":\"example.org\",\"catch_all\":\"bob@example.org\"}");
	assert_int_equal(resolve(f, "anything@example.org", false), 0);
	assert_target(f, 0, true, "bob@example.org", "");
	assert_int_equal(resolve(f, "ann@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	ok(f, "domain.set", "{\"domain\":\"example.org\",\"catch_all\":\"\"}");
	assert_int_equal(resolve(f, "anything@example.org", false), 550);
}

static void outside(struct fixture *f, bool allowed)
{
	ok(f, "policy.set", allowed ? "{\"name\":\"forward\",\"value\":{\"outside\":true}}" : "{\"name\":\"forward\",\"value\":{\"outside\":false}}");
}

static void test_nothing_leaves_by_itself_unless_it_is_allowed(void **state)
{
	struct fixture *f = *state;
	ok(f, "alias.add", "{\"address\":\"away@example.org\",\"target\":\"ann@elsewhere.net\"}");
	ok(f, "group.add", "{\"address\":\"mixed@example.org\",\"members\":[\"bob@example.org\",\"ann@elsewhere.net\"]}");
	ok(f, "domain.set", "{\"domain\":\"example.org\",\"catch_all\":\"all@elsewhere.net\",\"postmaster\":\"post@elsewhere.net\"}");
	outside(f, false);
	assert_int_equal(resolve(f, "away@example.org", false), 550);
	assert_int_equal(resolve(f, "away@example.org", true), 550);
	assert_true(slice_eq(f->r.withheld_from, SLICE("away@example.org")));
	assert_int_equal(resolve(f, "mixed@example.org", true), 0);
	assert_int_equal(f->r.count, 1);
	assert_int_equal(f->r.withheld, 1);
	assert_int_equal(resolve(f, "anything@example.org", false), 550);
	assert_true(slice_eq(f->r.withheld_from, SLICE("@example.org")));
	assert_int_equal(resolve(f, "postmaster@example.org", false), 550);
	/* A person who writes outside is no forwarding. */
	assert_int_equal(resolve(f, "ann@elsewhere.net", true), 0);
	outside(f, true);
	assert_int_equal(resolve(f, "away@example.org", false), 0);
}

static void test_what_would_leave_cannot_be_set_up(void **state)
{
	struct fixture *f = *state;
	outside(f, false);
	assert_int_equal(test_admin(f->t, "alias.add", "{\"address\":\"a@example.org\",\"target\":\"x@elsewhere.net\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin(f->t, "group.add", "{\"address\":\"g@example.org\",\"members\":[\"x@elsewhere.net\"]}"), ADMIN_DENIED);
	assert_int_equal(test_admin(f->t, "domain.set", "{\"domain\":\"example.org\",\"catch_all\":\"x@elsewhere.net\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin(f->t, "user.leave", "{\"address\":\"ann@example.org\",\"target\":\"x@elsewhere.net\",\"reason\":\"left\"}"), ADMIN_DENIED);
	assert_int_equal(resolve(f, "a@example.org", false), 550);
}

static void test_an_exception_ends_by_itself(void **state)
{
	struct fixture *f = *state;
	outside(f, false);
	assert_int_equal(test_admin(f->t, "forward.allow",
		"{\"source\":\"a@example.org\",\"target\":\"x@elsewhere.net\",\"days\":0,\"reason\":\"project\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(f->t, "forward.allow",
		"{\"source\":\"a@example.org\",\"target\":\"bob@example.org\",\"days\":3,\"reason\":\"project\"}"), ADMIN_INVALID);
	assert_int_equal(test_admin(f->t, "forward.allow",
		"{\"source\":\"a@elsewhere.net\",\"target\":\"x@elsewhere.net\",\"days\":3,\"reason\":\"project\"}"), ADMIN_NOT_FOUND);
	ok(f, "forward.allow", "{\"source\":\"a@example.org\",\"target\":\"@elsewhere.net\",\"days\":3,\"reason\":\"project\"}");
	int64_t id = test_number(f->t, "id");
	ok(f, "alias.add", "{\"address\":\"a@example.org\",\"target\":\"X@Elsewhere.net\"}");
	assert_int_equal(test_admin(f->t, "alias.add", "{\"address\":\"b@example.org\",\"target\":\"x@elsewhere.net\"}"), ADMIN_DENIED);
	assert_int_equal(test_admin(f->t, "alias.add", "{\"address\":\"b@example.org\",\"target\":\"x@sub.elsewhere.net\"}"), ADMIN_DENIED);
	assert_int_equal(resolve(f, "a@example.org", false), 0);
	f->t->now.wall_ms += HOURS_MS(24 * 3);
	assert_int_equal(resolve(f, "a@example.org", false), 550);
	f->t->now.wall_ms -= HOURS_MS(1);
	assert_int_equal(resolve(f, "a@example.org", false), 0);
	ok(f, "forward.end", test_args("{\"id\":%lld}", (long long)id));
	assert_int_equal(resolve(f, "a@example.org", false), 550);
	assert_int_equal(test_admin(f->t, "forward.end", test_args("{\"id\":%lld}", (long long)id)), ADMIN_NOT_FOUND);
}

static void test_postmaster_is_always_reachable(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(resolve(f, "Postmaster", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	assert_int_equal(resolve(f, "postmaster@example.org", false), 0);
	assert_int_equal(resolve(f, "abuse@example.org", false), 0);
	ok(f, "domain.set", "{\"domain\":\"example.org\",\"postmaster\":\"bob@example.org\"}");
	assert_int_equal(resolve(f, "POSTMASTER@example.org", false), 0);
	assert_target(f, 0, true, "bob@example.org", "");
	/* A domain without accounts: the oldest account of all. */
	ok(f, "domain.add", "{\"domain\":\"empty.example\"}");
	assert_int_equal(resolve(f, "postmaster@empty.example", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	ok(f, "alias.add", "{\"address\":\"postmaster@empty.example\",\"target\":\"bob@example.org\"}");
	assert_int_equal(resolve(f, "postmaster@empty.example", false), 0);
	assert_target(f, 0, true, "bob@example.org", "");
}

static void test_unicode_domains_are_one_with_their_a_labels(void **state)
{
	struct fixture *f = *state;
	ok(f, "domain.add", "{\"domain\":\"例え.example\"}");
	ok(f, "user.add", "{\"address\":\"x@例え.example\",\"password\":\"something\"}");
	assert_int_equal(resolve(f, "x@xn--r8jz45g.example", false), 0);
	assert_int_equal(resolve(f, "x@例え.example", false), 0);
	assert_int_equal(resolve(f, "x@\xff.example", false), 553);
}

static int sender(struct fixture *f, const char *account, const char *reverse_path)
{
	assert_int_equal(resolve(f, account, false), 0);
	struct account a = f->r.targets[0].account;
	return resolve_sender_allowed(f->t->directory, &a, slice_str(reverse_path), &f->arena);
}

static void test_senders_own_what_leads_to_them_alone(void **state)
{
	struct fixture *f = *state;
	ok(f, "alias.add", "{\"address\":\"al@example.org\",\"target\":\"ann@example.org\"}");
	ok(f, "group.add", "{\"address\":\"team@example.org\",\"members\":[\"ann@example.org\"]}");
	assert_int_equal(sender(f, "ann@example.org", "Ann@example.org"), 1);
	assert_int_equal(sender(f, "ann@example.org", "ann+x@example.org"), 1);
	assert_int_equal(sender(f, "ann@example.org", "al@example.org"), 1);
	assert_int_equal(sender(f, "ann@example.org", ""), 1);
	assert_int_equal(sender(f, "bob@example.org", "al@example.org"), 0);
	assert_int_equal(sender(f, "ann@example.org", "bob@example.org"), 0);
	assert_int_equal(sender(f, "ann@example.org", "team@example.org"), 0);
	assert_int_equal(sender(f, "ann@example.org", "ann@elsewhere.net"), 0);
	assert_int_equal(sender(f, "ann@example.org", "nonsense"), 0);
}

static void test_facts_carry_dsn_and_original(void **state)
{
	struct fixture *f = *state;
	struct buf facts = BUF_INIT(10000), dsn = BUF_INIT(1000);
	struct recipient_fact fact;
	ok(f, "alias.add", "{\"address\":\"al@example.org\",\"target\":\"ann@example.org\"}");
	assert_int_equal(resolve(f, "al@example.org", false), 0);
	auth_dsn_encode(SLICE("NEVER"), SLICE_NONE, &dsn);
	assert_int_equal(recipient_facts(&f->r, SLICE("al@example.org"), buf_slice(&dsn), &(struct recipient_forward){0}, &f->t->settings, &facts), 0);
	struct slice list = buf_slice(&facts);
	assert_int_equal(fact_read_recipient(&list, f->t->settings.boot_secret, &fact), 0);
	assert_int_equal(fact.kind, FACT_LOCAL);
	assert_true(slice_eq(fact.address, SLICE("ann@example.org")));
	assert_true(slice_eq(fact.original, SLICE("rfc822;al@example.org")));
	assert_true(slice_eq(fact.notify, SLICE("NEVER")));
	assert_int_equal(fact.generation, 1);
	assert_int_equal(recipient_facts(&f->r, SLICE("al@example.org"), SLICE("bad"), &(struct recipient_forward){0}, &f->t->settings, &facts), ERR_INVALID);
	buf_free(&facts), buf_free(&dsn);
}

static void test_relay_domains(void **state)
{
	struct fixture *f = *state;
	ok(f, "domain.add", "{\"domain\":\"behind.example\",\"relay\":\"[127.0.0.1]:2525\"}");
	assert_int_equal(resolve(f, "Some.One+x@Behind.EXAMPLE", false), 0);
	assert_int_equal(f->r.count, 1);
	assert_target(f, 0, false, "Some.One+x@behind.example", "");
	assert_int_equal(resolve(f, "abuse@behind.example.", false), 0);
	/* Never further than to the server behind. */
	static const char *const others[] = {
		"a@sub.behind.example", "a@example", "a@notbehind.example", "a@behind.example.net", "a%elsewhere.net@behind.example",
		"elsewhere.net!a@behind.example", "\"a@elsewhere.net\"@behind.example", "\"a%elsewhere.net\"@behind.example",
		"@elsewhere.net:a@behind.example", "\"@elsewhere.net:a\"@behind.example", "a@behind.example@elsewhere.net", "a@[127.0.0.1]",
		"a@elsewhere.net",
	};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_not_equal(resolve(f, others[i], false), 0);
	assert_int_not_equal(resolve(f, "a%elsewhere.net@behind.example", true), 0);
	ok(f, "domain.add", "{\"domain\":\"例え.example\",\"relay\":\"mail.behind.example:25\"}");
	assert_int_equal(resolve(f, "a@例え.example", false), 0);
	assert_target(f, 0, false, "a@xn--r8jz45g.example", "");
	assert_int_equal(resolve(f, "a@XN--R8JZ45G.example", false), 0);
}

static void test_relay_domains_with_a_list(void **state)
{
	struct fixture *f = *state;
	ok(f, "domain.add", "{\"domain\":\"behind.example\",\"relay\":\"mail.behind.example:25\",\"verify\":\"list\"}");
	assert_int_equal(resolve(f, "carl@behind.example", false), 550);
	assert_string_equal(f->r.enhanced, "5.1.1");
	ok(f, "recipient.add", "{\"address\":\"Carl@behind.example\"}");
	assert_int_equal(resolve(f, "CARL+x@behind.example", false), 0);
	assert_target(f, 0, false, "CARL+x@behind.example", "");
	assert_int_equal(resolve(f, "carla@behind.example", true), 550);
	assert_int_equal(resolve(f, "postmaster@behind.example", false), 0);
	ok(f, "alias.add", "{\"address\":\"info@behind.example\",\"target\":\"ann@example.org\"}");
	ok(f, "alias.add", "{\"address\":\"carl@example.org\",\"target\":\"Carl@behind.example\"}");
	assert_int_equal(resolve(f, "info@behind.example", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	assert_int_equal(resolve(f, "carl@example.org", false), 0);
	assert_target(f, 0, false, "Carl@behind.example", "");
	ok(f, "domain.set", "{\"domain\":\"behind.example\",\"verify\":\"none\"}");
	assert_int_equal(resolve(f, "carla@behind.example", false), 0);
	ok(f, "recipient.remove", "{\"address\":\"carl@behind.example\"}");
	ok(f, "domain.set", "{\"domain\":\"behind.example\",\"verify\":\"list\"}");
	assert_int_equal(resolve(f, "carl@behind.example", false), 550);
	ok(f, "domain.set", "{\"domain\":\"behind.example\",\"relay\":\"\"}");
	assert_int_equal(resolve(f, "carla@behind.example", false), 550);
	assert_string_equal(f->r.enhanced, "5.1.1");
}

static void refused(struct fixture *f, const char *op, const char *args)
{
	assert_int_not_equal(test_admin(f->t, op, args), 0);
}

static unsigned asking(struct fixture *f, const char *recipient, enum resolve_behind behind)
{
	resolve_recipient_asking(f->t->directory, slice_str(recipient), false, SLICE("mail.example.org"), 0, behind, &f->arena, &f->r);
	return f->r.status == AUTH_OK ? 0 : f->r.code;
}

static void test_relay_domains_that_are_asked(void **state)
{
	struct fixture *f = *state;
	ok(f, "domain.add", "{\"domain\":\"behind.example\",\"relay\":\"mail.behind.example:25\",\"verify\":\"call\"}");
	ok(f, "recipient.add", "{\"address\":\"carl@behind.example\"}");
	ok(f, "alias.add", "{\"address\":\"al@example.org\",\"target\":\"other@behind.example\"}");
	assert_int_equal(asking(f, "Some.One@Behind.example", RESOLVE_ASK), 0);
	assert_true(f->r.ask && slice_eq(f->r.asked, SLICE("Some.One@behind.example")) && slice_eq(f->r.relay.host, SLICE("mail.behind.example")));
	assert_int_equal(asking(f, "Some.One@Behind.example", RESOLVE_KNOWN), 0);
	assert_false(f->r.ask);
	assert_target(f, 0, false, "Some.One@behind.example", "");
	assert_int_equal(asking(f, "Some.One@Behind.example", RESOLVE_UNKNOWN), 550);
	assert_string_equal(f->r.enhanced, "5.1.1");
	/* Nobody is asked about these. */
	static const char *const settled[] = {"carl+x@behind.example", "postmaster@behind.example", "al@example.org"};
	for (size_t i = 0; i < sizeof settled / sizeof settled[0]; i++) {
		assert_int_equal(asking(f, settled[i], RESOLVE_ASK), 0);
		assert_true(!f->r.ask && f->r.count == 1);
	}
	assert_int_equal(asking(f, "a%elsewhere.net@behind.example", RESOLVE_ASK), 550);
	assert_false(f->r.ask);
	ok(f, "domain.set", "{\"domain\":\"behind.example\",\"catch_all\":\"ann@example.org\"}");
	assert_int_equal(asking(f, "nobody@behind.example", RESOLVE_ASK), 0);
	assert_true(f->r.ask);
	assert_int_equal(asking(f, "nobody@behind.example", RESOLVE_UNKNOWN), 0);
	assert_target(f, 0, true, "ann@example.org", "");
}

static void test_relay_domains_have_no_mailboxes(void **state)
{
	struct fixture *f = *state;
	refused(f, "domain.set", "{\"domain\":\"example.org\",\"relay\":\"mail.example.org:25\"}");
	refused(f, "domain.set", "{\"domain\":\"example.org\",\"verify\":\"list\"}");
	refused(f, "recipient.add", "{\"address\":\"carl@example.org\"}");
	assert_int_equal(resolve(f, "ann@example.org", false), 0);
	assert_target(f, 0, true, "ann@example.org", "");
	static const char *const hosts[] = {"mail.behind.example", "mail.behind.example:0", "a b:25", "::1:25", "-x:25", ":25"};
	char args[200];
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		(void)snprintf(args, sizeof args, "{\"domain\":\"behind.example\",\"relay\":\"%s\"}", hosts[i]);
		refused(f, "domain.add", args);
	}
	refused(f, "domain.add", "{\"domain\":\"behind.example\",\"relay\":\"[::1]:25\",\"verify\":\"perhaps\"}");
	ok(f, "domain.add", "{\"domain\":\"behind.example\",\"relay\":\"[::1]:25\",\"tls\":\"verified\"}");
	refused(f, "user.add", "{\"address\":\"carl@behind.example\",\"password\":\"zaun-trichter-quelle-birke\"}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accounts_without_regard_to_case, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relay_attempts_in_disguise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signed_in_senders_may_send_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aliases_chains_and_outside_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias_loops_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups_nest_and_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_deep_groups_are_refused_for_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_groups_reach_everybody_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subaddress_reaches_the_mailbox_that_exists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_catch_all_takes_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_leaves_by_itself_unless_it_is_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_would_leave_cannot_be_set_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_exception_ends_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_postmaster_is_always_reachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unicode_domains_are_one_with_their_a_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_senders_own_what_leads_to_them_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_facts_carry_dsn_and_original, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relay_domains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relay_domains_with_a_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relay_domains_that_are_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relay_domains_have_no_mailboxes, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
