/* The administrative operations that auth does: AUTH_ADMIN. Names and members: ipc/operations.h; statuses: ipc/admin.h. */
#ifndef AUTH_ADMIN_H
#define AUTH_ADMIN_H

#include "auth/directory.h"
#include "auth/host.h"
#include "auth/kek.h"
#include "auth/subject.h"
#include "auth/throttle.h"
#include "factor/policy.h"
#include "ipc/admin.h"

struct auth_admin;

/* When the web wants a proof of work before it looks at a password (web.work). */
enum auth_work_when { AUTH_WORK_NEVER, AUTH_WORK_AFTER_FAILURES, AUTH_WORK_ALWAYS };

struct auth_admin_settings {
	enum auth_work_when work;
	unsigned work_bits;        /* its difficulty */
	bool links;                /* one-time links may be made (web.links) */
	struct auth_local local;   /* who may administer on this machine without a session, until it is set up */
	int64_t external_session_s; /* of a session that an identity provider vouched for; 0: session_s */
	int64_t confirm_s;         /* new conditions come back after so long without being confirmed */
	int64_t session_idle_s, session_s; /* a person's session ends after so long without use, and anyway */
	struct password_cost cost; /* of new passwords */
	uint64_t password_min;     /* characters of a new password */
	int64_t failure_delay_ms;  /* a refused password is answered after this time */
	bool scram_passwords;      /* new passwords get SCRAM keys (auth.scram) */
	/* Web addresses where keys may be used (WebAuthn); none: https:// and the host name. rp_id empty: the host name. */
	struct slice hostname, rp_id;
	const struct slice *web_origins;
	size_t web_origin_count;
	struct password_policy policy;        /* of new passwords; length_min at least password_min */
	bool gateway_only;                    /* no account may have a mailbox (gateway.only) */
	unsigned sends;                       /* FACTOR_BIT of the kinds whose codes can be sent */
	const struct breached_list *breached; /* NULL: no list */
};

/* Keeps directory, queue and throttle by pointer. */
struct auth_admin *auth_admin_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue, struct throttle *throttle,
                                     const struct auth_admin_settings *settings);
void auth_admin_configure(struct auth_admin *admin, const struct auth_admin_settings *settings);
struct auth_oauth;
/* Our authorization server (auth/oauth.h); kept by pointer, before the first operation. */
void auth_admin_oauth(struct auth_admin *admin, struct auth_oauth *oauth);
struct auth_ldap;
/* LDAP (auth/ldap.h); likewise. */
void auth_admin_ldap(struct auth_admin *admin, struct auth_ldap *ldap);
struct external;
/* The identity provider (auth/external.h); likewise. */
void auth_admin_external(struct auth_admin *admin, struct external *external);
struct access;
/* What decides over sign-ins (auth/access.h); likewise. */
void auth_admin_access(struct auth_admin *admin, struct access *access);
struct auth_dkim;
/* Keys of DKIM (auth/dkim.h); likewise. */
void auth_admin_dkim(struct auth_admin *admin, struct auth_dkim *dkim);
struct auth_certificates;
/* Certificates of the server (auth/tls.h); likewise. */
void auth_admin_tls(struct auth_admin *admin, struct auth_certificates *tls);
struct auth_dns;
/* Records in DNS (auth/dns.h); likewise. */
void auth_admin_dns(struct auth_admin *admin, struct auth_dns *dns);
struct authority;
/* The own authority (auth/authority.h); likewise. */
void auth_admin_authority(struct auth_admin *admin, struct authority *authority);
void auth_admin_destroy(struct auth_admin **admin); /* nothing may be running */

/* Ends what ends by time; about once a minute. */
void auth_admin_tick(struct auth_admin *admin);

/* result: a JSON object, borrowed; status: enum admin_status. */
typedef void auth_admin_fn(void *arg, unsigned status, struct slice result);
/* fn is called exactly once, perhaps before this returns. */
void auth_admin_run(struct auth_admin *admin, const struct auth_evidence *evidence, struct slice op, struct slice args, auth_admin_fn *fn, void *arg);

/*
 * The same decision for an operation that another role does. ADMIN_OK: *ret_subject names who acts, for the record; otherwise *ret_result
 * is the answer (JSON). Texts in the arena.
 */
enum admin_status auth_admin_authorize(struct auth_admin *admin, const struct auth_evidence *evidence, struct slice op, struct slice args,
	struct arena *arena, struct slice *ret_subject, struct slice *ret_result);

#endif
