/* Inside the auth role: its state, shared by wiring (auth.c) and request handlers (auth_requests.c). */
#ifndef ROLE_AUTH_H
#define ROLE_AUTH_H

#include "auth/admin.h"
#include "auth/behind.h"
#include "auth/external.h"
#include "auth/ldap.h"
#include "auth/login.h"
#include "auth/meter.h"
#include "auth/notice.h"
#include "auth/oauth.h"
#include "auth/people.h"
#include "auth/place.h"
#include "auth/recipient.h"
#include "auth/resolve.h"
#include "net/familiar.h"
#include "net/limiter.h"
#include "role/role.h"

struct auth_process {
	struct role_context *ctx;
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct auth_login *login;
	struct auth_admin *admin;
	struct auth_oauth *oauth;
	struct external *external;
	struct notices *notices;
	struct auth_ldap *ldap;
	struct timer *ldap_sync;
	struct auth_login_settings settings;
	struct place_base *places; /* opened before the jail closes; NULL: none */
	struct people *people; /* for the checks of letters */
	struct behind *behind; /* what exists behind relay domains (auth_recipient.c) */
	struct auth_dkim *dkim;
	struct timer *dkim_timer;
	struct auth_dns *dns;
	struct auth_certificates *tls;
	struct timer *dns_timer;
	struct authority *authority;
	struct timer *authority_timer;
	struct timer *digest; /* of the quarantine */
	struct timer *reports; /* of others about our domains */
	struct buf reports_after; /* the last domain that was asked about */
	struct timer *daily; /* looks every hour whether the day's hygiene is done */
	struct limiter *limits; /* of users and domains */
	struct familiar *familiar; /* addresses that edges were told of within the hour */
	struct meter *meter;
	struct timer *meter_timer;
	struct sieve_sessions *sieve; /* auth_sieve.c */
	uint64_t sign_ins, failures;
	struct auth_factor_files { /* auth_factor.c: opened before the jail closes */
		int breached_fd;
		struct breached_list breached;
		struct slice sms_key, mail_key;
		char sms_room[2000], mail_room[2000];
	} factor;
};

/* Letters to persons (auth_notice.c): once, when everything else is there; and again after a reload. */
void auth_notice_start(struct auth_process *a);
void auth_notice_configure(struct auth_process *a);

/* What users send (auth_meter.c): may this account send one more message, to one more recipient? LIMIT_COUNT, or the limit it is over. */
void auth_meter_start(struct auth_process *a);
void auth_meter_configure(struct auth_process *a);
void auth_meter_host(struct auth_host *host);
/* All client edges learn that the address is known. */
void auth_meter_signed_in(struct auth_process *a, struct slice address);
enum limit auth_meter_sender(struct auth_process *a, const struct account *account);
enum limit auth_meter_recipients(struct auth_process *a, const struct account *account);
/* What became of a recipient that the account gave. */
void auth_meter_recipient(struct auth_process *a, const uint8_t account[16], const struct resolve_result *result);
/* What waits to leave is held, released, dropped (auth_contain.c). */
void auth_contain_host(struct auth_host *host);

void auth_factor_start(struct auth_process *a);
void auth_factor_settings(struct auth_process *a, struct auth_admin_settings *settings);

void auth_register(struct auth_process *a);
void auth_recipient_register(struct auth_process *a); /* auth_recipient.c */
void auth_recipient_configure(struct auth_process *a);
/* Single sign-on: once, when everything else is there; and again after a reload. */
void auth_sso_start(struct auth_process *a);
void auth_sso_configure(struct auth_process *a);
void auth_dkim_host(struct auth_host *host); /* auth_dkim.c */
void auth_dkim_start(struct auth_process *a);
void auth_dkim_reload(struct auth_process *a);
void auth_dns_start(struct auth_process *a); /* auth_dns.c; behind auth_dkim_start */
void auth_dns_reload(struct auth_process *a);
void auth_tls_start(struct auth_process *a); /* auth_tls.c */
void auth_tls_reload(struct auth_process *a);
void auth_web_register(struct auth_process *a); /* auth_web.c: what the class web asks */
void auth_ca_host(struct auth_host *host); /* auth_ca.c */
void auth_ca_start(struct auth_process *a);
void auth_ca_reload(struct auth_process *a);
/* Letters that are passed on to somebody outside (auth_passing.c). by: our address that does it. */
bool auth_leads_outside(const struct resolve_result *result);
/* Nothing for letters of our own domains, and without forward.rewrite. */
struct recipient_forward auth_forward(struct auth_process *a, const struct resolve_result *result, struct slice by, struct slice reverse_path,
	struct arena *arena);
/* Appends the fact of the keys that seal it (ARC); nothing when it stays in the house. 0 or an error of the directory. */
int auth_passing_sealer(struct auth_process *a, const struct resolve_result *result, struct slice by, struct arena *arena, struct buf *out);
/* Where a bounce to an address of our making leads. ERR_NOT_FOUND: it is none; else as srs_reverse. */
int auth_returned(struct auth_process *a, struct slice recipient, struct slice reverse_path, struct arena *arena, struct slice *ret);
void auth_quarantine_host(struct auth_host *host); /* auth_quarantine.c */
void auth_quarantine_start(struct auth_process *a);
void auth_quarantine_reload(struct auth_process *a);
void auth_reports_start(struct auth_process *a); /* auth_reports.c */
void auth_reports_reload(struct auth_process *a);
/* Scripts: what edges ask for letters, and the sessions of their owners (auth_sieve.c). */
void auth_sieve_register(struct auth_process *a);
void auth_sieve_signed_in(struct auth_process *a, const struct auth_step_result *r);
void auth_once_register(struct auth_process *a); /* auth_once.c */
void auth_other_register(struct auth_process *a); /* auth_other.c */

#endif
