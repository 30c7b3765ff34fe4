/* For unit tests: an auth without process. Calls are put in order of their fake time and run by test_host_run. */
#ifndef AUTH_TEST_HOST_H
#define AUTH_TEST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/admin.h"
#include "auth/factors.h"
#include "auth/login.h"
#include "auth/oauth.h"
#include "trust/dns_zone.h"


struct test_auth {
	struct auth_host host;
	struct directory *directory;
	struct kek_queue *keks;
	struct auth_login *login;
	struct auth_admin *admin;
	struct auth_oauth *oauth; /* issuer "https://mail.example.org" */
	struct auth_login_settings settings;
	struct moment now;
	struct test_event {
		int64_t at;
		uint64_t order;
		auth_call_fn *fn;
		void *arg;
	} events[4096];
	size_t event_count;
	uint64_t order;
	unsigned dkim_made, dkim_dropped, looked_up;
	const char *dns_name;       /* names that begin so have these records; NULL: all */
	struct slice dns_records;
	struct dns_zone *zone;      /* answers instead; NULL: none */
	bool dns_away;
	bool key_away, mail_away, queue_away;
	unsigned contained[4];      /* calls by enum contain_held */
	const char *held;           /* why the letter of quarantine.show is held; NULL: there is none */
	unsigned released;
	unsigned hashes; /* Argon2id runs */
	/* what the mail process got */
	unsigned tickets, revokes;
	struct buf last_secrets, last_own;
	uint32_t last_credential, last_revoked;
	char last_actor[330], last_owner[330];
	uint64_t last_rights;
	struct auth_factor_send sent; /* the last code */
	/* the last answers */
	unsigned answers;
	enum auth_status status;
	uint64_t session;
	int64_t answered_at;
	struct buf data, sender, result;
	uint8_t account[16];
	unsigned admin_status;
	const char *reason;         /* of an emergency access; NULL: none */
	enum log_event last_event;  /* that was recorded */
	unsigned recorded[EV_COUNT]; /* how many of each */
};

/* scram: passwords get SCRAM keys, which takes its time. */
struct test_auth *test_auth_create(bool scram); /* domain example.org, ann@ and bob@ with the passwords "ann password", "bob password" */
void test_auth_free(struct test_auth **t);
/* As if the process began anew: the directory stays. */
void test_auth_restart(struct test_auth *t);
void test_host_run(struct test_auth *t);  /* until nothing waits */

/* One operation as local root; the JSON text is in t->result. Returns the status. */
unsigned test_admin(struct test_auth *t, const char *op, const char *args);
unsigned test_admin_as(struct test_auth *t, const char *subject, const char *op, const char *args);
/* A text member of the last result; copied into a static buffer. */
const char *test_member(struct test_auth *t, const char *name);
int64_t test_number(struct test_auth *t, const char *name);
/* Stays valid for four calls. */
__attribute__((format(printf, 1, 2))) const char *test_args(const char *format, ...);
/* The account LOCAL@example.org, which must be there. */
struct account test_account(struct test_auth *t, struct arena *arena, const char *local);
/* LOCAL@example.org with the password "LOCAL password". */
void test_add(struct test_auth *t, const char *local, const char *role);
/* boss (administrator), rules (officer), second (approver), audit (auditor), c1, c2, c3 (custodians); from now on the machine is set up. */
void test_staff(struct test_auth *t);
/* The token of a new session; stays valid for sixteen calls. */
const char *test_sign_in(struct test_auth *t, const char *local);
/* As if it had shown a second factor: what that takes is tested with the factors. */
const char *test_sign_in_second(struct test_auth *t, const char *local);
enum auth_status test_run_step(struct test_auth *t, const struct auth_step *step);
enum auth_status test_plain(struct test_auth *t, const char *name, const char *password, enum auth_protocol protocol);
enum auth_status test_step(struct test_auth *t, const char *mechanism, uint64_t session, struct slice data, const char *binding_type,
	const char *binding);

#endif
