/* CAS: addresses, tickets, and answers of all kinds; the flow over a server that is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/cas.h"
#include "sso/provider.h"

#define HEAD "<?xml version=\"1.0\"?><cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>"
#define TAIL "</cas:serviceResponse>"
#define SUCCESS(inside) HEAD "<cas:authenticationSuccess>" inside "</cas:authenticationSuccess>" TAIL
#define SERVER "https://cas.test/cas"
#define BACK "https://mail.test/signin/back"

static void addresses_carry_state_and_ticket(void **state)
{
	struct buf url = BUF_INIT(4000);

	cas_login_url(SLICE(SERVER), SLICE(BACK), SLICE("abc"), &url);
	assert_true(slice_eq(buf_slice(&url), SLICE(SERVER "/login?service=https%3A%2F%2Fmail.test%2Fsignin%2Fback%3Fstate%3Dabc")));
	buf_clear(&url);
	cas_validate_url(SLICE(SERVER), SLICE(BACK "?x=1"), SLICE("abc"), SLICE("ST-1"), &url);
	assert_true(slice_eq(buf_slice(&url), SLICE(SERVER "/p3/serviceValidate?service=https%3A%2F%2Fmail.test%2Fsignin%2Fback%3Fx%3D1%26state%3Dabc&ticket=ST-1")));
	buf_free(&url);
}

static void tickets_are_of_few_characters(void **state)
{
	assert_true(cas_ticket_valid(SLICE("ST-1856339-aA5Yuvrxzpv8Tau1cYQ7.node_1")));
	assert_false(cas_ticket_valid(SLICE_NONE));
	assert_false(cas_ticket_valid(SLICE("ST-")));
	assert_false(cas_ticket_valid(SLICE("PT-1")));
	assert_false(cas_ticket_valid(SLICE("ST-1&service=x")));
	assert_false(cas_ticket_valid(SLICE("ST-1\r\nHost: x")));
}

static int parse(const char *text, struct cas_person *ret, struct arena *arena)
{
	struct error err = {0};

	return cas_answer_parse(slice_str(text), arena, ret, &err);
}

static void an_answer_names_its_person(void **state)
{
	struct arena arena = ARENA_INIT;
	struct cas_person p;

	assert_int_equal(parse(SUCCESS("\n <cas:user>zhang.wei</cas:user> <cas:attributes><cas:mail>zhang.wei@demo.test</cas:mail><cas:displayName>张伟</cas:displayName>"
		"<cas:user>admin</cas:user><cas:mail>second@demo.test</cas:mail></cas:attributes>"), &p, &arena), 0);
	assert_true(slice_eq(p.user, SLICE("zhang.wei")));
	assert_true(slice_eq(p.email, SLICE("zhang.wei@demo.test")));
	assert_true(slice_eq(p.name, SLICE("张伟")));
	arena_free(&arena);
}

static void comments_do_not_cut_a_name(void **state)
{
	struct arena arena = ARENA_INIT;
	struct cas_person p;

	assert_int_equal(parse(SUCCESS("<cas:user>admin<!-- -->.evil</cas:user>"), &p, &arena), 0);
	assert_true(slice_eq(p.user, SLICE("admin.evil")));
	arena_free(&arena);
}

static void what_is_no_answer_is_nobody(void **state)
{
	static const struct { const char *text; int rc; } rows[] = {
		{HEAD "<cas:authenticationFailure code=\"INVALID_TICKET\">no</cas:authenticationFailure>" TAIL, ERR_DENIED},
		{HEAD "<cas:authenticationSuccess><cas:user>a</cas:user></cas:authenticationSuccess><cas:authenticationFailure/>" TAIL, ERR_DENIED},
		{"", ERR_INVALID}, {"no\n", ERR_INVALID}, {"yes\nadmin\n", ERR_INVALID}, {HEAD TAIL, ERR_INVALID},
		{SUCCESS(""), ERR_INVALID}, {SUCCESS("<cas:user></cas:user>"), ERR_INVALID}, {SUCCESS("<cas:user>a</cas:user><cas:user>b</cas:user>"), ERR_INVALID},
		{SUCCESS("<cas:user>a<b/>admin</cas:user>"), ERR_INVALID}, {SUCCESS("<x><cas:user>a</cas:user></x>"), ERR_INVALID},
		{SUCCESS("<cas:attributes><cas:user>a</cas:user></cas:attributes>"), ERR_INVALID},
		{HEAD "<x><cas:authenticationSuccess><cas:user>a</cas:user></cas:authenticationSuccess></x>" TAIL, ERR_INVALID},
		{HEAD "<cas:authenticationSuccess><cas:user>a</cas:user></cas:authenticationSuccess>", ERR_INVALID},
		{"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" SUCCESS("<cas:user>&x;</cas:user>"), ERR_INVALID},
		{SUCCESS("<cas:user>&unknown;</cas:user>"), ERR_INVALID}, {"<serviceResponse><user>a</user></serviceResponse>", ERR_INVALID},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = ARENA_INIT;
		struct cas_person p;

		assert_int_equal(parse(rows[i].text, &p, &arena), rows[i].rc);
		arena_free(&arena);
	}
}

/* ---- the flow ---- */

struct played {
	struct provider_flow flow;
	struct buf url, asked;
	unsigned status;
	const char *answer;
	int rc;
	char subject[100], email[100];
};

static struct moment now(void *arg)
{
	return (struct moment){0};
}

static void fetch(void *arg, const struct sso_request *request, sso_response_fn *fn, void *fn_arg)
{
	struct played *p = arg;

	buf_clear(&p->asked);
	buf_append(&p->asked, request->url);
	assert_int_equal(request->body.n, 0);
	fn(fn_arg, p->status, slice_str(p->answer));
}

static void begun(void *arg, int rc, struct slice url, const struct provider_flow *flow, const struct error *err)
{
	struct played *p = arg;

	assert_int_equal(rc, 0);
	p->flow = *flow;
	buf_clear(&p->url);
	buf_append(&p->url, url);
}

static void copy(char *to, size_t room, struct slice text)
{
	assert_true(text.n < room);
	for (size_t i = 0; i < text.n; i++)
		to[i] = (char)text.p[i];
	to[text.n] = '\0';
}

static void ended(void *arg, int rc, const struct jwt_claims *claims, const struct error *err)
{
	struct played *p = arg;

	p->rc = rc;
	if (rc != 0)
		return;
	assert_true(slice_eq(claims->issuer, SLICE(SERVER)));
	copy(p->subject, sizeof p->subject, claims->subject);
	copy(p->email, sizeof p->email, claims->email);
}

static void go(struct provider *p, struct played *played, const char *form)
{
	struct buf query = BUF_INIT(1000);

	played->rc = 1;
	buf_clear(&played->asked);
	buf_printf(&query, form, played->flow.state);
	provider_finish(p, &played->flow, buf_slice(&query), ended, played);
	buf_free(&query);
	assert_true(provider_idle(p));
}

static void a_ticket_comes_back_and_is_asked_about(void **state)
{
	struct played played = {.url = BUF_INIT(4000), .asked = BUF_INIT(4000), .status = 200, .answer = SUCCESS("<cas:user>ann</cas:user>")};
	struct sso_host host = {&played, now, fetch};
	struct provider_settings settings = {.name = SLICE("school"), .issuer = SLICE(SERVER), .redirect = SLICE(BACK), .domain = SLICE("demo.test"), .cas = true};
	struct provider *p = provider_create(&host, &settings);

	provider_begin(p, begun, &played);
	assert_int_equal(slice_search(buf_slice(&played.url), SLICE(SERVER "/login?service=")), 0);
	go(p, &played, "state=%s&ticket=ST-1-x");
	assert_int_equal(played.rc, 0);
	assert_string_equal(played.subject, "ann");
	assert_string_equal(played.email, "ann@demo.test");
	assert_true(slice_search(buf_slice(&played.asked), SLICE("&ticket=ST-1-x")) > 0);
	/* Another browser's state, no ticket, one that would be more than a ticket: the server is not even asked. */
	static const char *const forms[] = {"state=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx&ticket=ST-1%.0s", "state=%s", "state=%s&ticket=ST-1%%26service=x",
		"state=%s&ticket=ST-1&ticket=ST-2", "ticket=ST-1%.0s"};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		go(p, &played, forms[i]);
		assert_int_equal(played.rc, ERR_DENIED);
		assert_int_equal(buf_len(&played.asked), 0);
	}
	played.answer = HEAD "<cas:authenticationFailure code='INVALID_TICKET'/>" TAIL;
	go(p, &played, "state=%s&ticket=ST-1");
	assert_int_equal(played.rc, ERR_DENIED);
	played.status = 503;
	go(p, &played, "state=%s&ticket=ST-1");
	assert_int_equal(played.rc, ERR_TEMPORARY);
	provider_verify(p, SLICE("a.b.c"), JWT_ACCESS_TOKEN, SLICE_NONE, ended, &played);
	assert_int_not_equal(played.rc, 0);
	provider_destroy(&p);
	buf_free(&played.url);
	buf_free(&played.asked);
}

static void rows_of_the_configuration(void **state)
{
	struct provider_row row;
	struct error err = {0};

	assert_int_equal(provider_row_parse(SLICE("school cas=" SERVER " domains=demo.test link_email provision"), &row, &err), 0);
	assert_true(row.cas && row.link_email && row.provision && slice_eq(row.issuer, SLICE(SERVER)));
	static const char *const wrong[] = {"s cas=http://cas.test", "s cas=", "s cas=" SERVER "/", "s cas=" SERVER " issuer=https://x.test", "s cas=" SERVER " link_email",
		"s cas=" SERVER " provision", "s cas=" SERVER " client=x", "s cas=" SERVER " trusted_factors", "s issuer=https://x.test client=x provision"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(provider_row_parse(slice_str(wrong[i]), &row, &err), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_carry_state_and_ticket), cmocka_unit_test(tickets_are_of_few_characters), cmocka_unit_test(an_answer_names_its_person),
		cmocka_unit_test(comments_do_not_cut_a_name), cmocka_unit_test(what_is_no_answer_is_nobody), cmocka_unit_test(a_ticket_comes_back_and_is_asked_about),
		cmocka_unit_test(rows_of_the_configuration),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cas", tests, NULL, NULL);
}
