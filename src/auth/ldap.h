/*
 * People of an LDAP directory as accounts of ours: their passwords are asked about there, and who is there is taken over. What is known
 * of them is the directory's; their secrets are `managed` (auth/managed.h), because no password of theirs is ever kept here.
 */
#ifndef AUTH_LDAP_H
#define AUTH_LDAP_H

#include <jansson.h>

#include "auth/directory_sso.h"
#include "auth/host.h"

struct auth_ldap;

/* The role ldap as functions. */
enum ldap_verdict { LDAP_RIGHT = 0, LDAP_WRONG = 1, LDAP_DISABLED = 2, LDAP_LATER = 3 };
/* record: sso/ldap_record.h, borrowed; why: for the log. */
typedef void ldap_verdict_fn(void *arg, enum ldap_verdict verdict, struct slice record, struct slice why);
/* ok: `data` is the next piece, `more` says whether there is another one at `cursor`. Otherwise data says why not. */
typedef void ldap_piece_fn(void *arg, bool ok, bool more, uint64_t cursor, unsigned left_out, struct slice data);
struct ldap_host {
	void *arg;
	void (*verify)(void *arg, struct slice name, struct slice password, ldap_verdict_fn *fn, void *fn_arg);
	void (*collect)(void *arg, uint64_t cursor, uint64_t offset, ldap_piece_fn *fn, void *fn_arg);
};

struct auth_ldap_settings {
	bool used;                /* ldap.url is set */
	bool adopt;               /* accounts made by hand belong to the person of the same address */
	unsigned vanish_percent;
};

/* Keeps directory and auth host by pointer. */
struct auth_ldap *auth_ldap_create(struct directory *d, const struct auth_host *auth, const struct ldap_host *ldap);
void auth_ldap_configure(struct auth_ldap *l, const struct auth_ldap_settings *settings);
void auth_ldap_destroy(struct auth_ldap **l); /* nothing may be running */

/* Is this account's password the LDAP directory's business? */
bool auth_ldap_owns(struct auth_ldap *l, const uint8_t account[16]);
/*
 * rc 0, ERR_DENIED (wrong password, another person, or disabled there: then the account is disabled here at once and its sessions end),
 * ERR_TEMPORARY. secrets: the callee's; NULL unless rc is 0. why: for the log.
 */
typedef void auth_ldap_fn(void *arg, int rc, struct secrets *secrets, uint32_t credential, const char *why);
void auth_ldap_verify(struct auth_ldap *l, const uint8_t account[16], struct slice name, struct slice password, auth_ldap_fn *fn,
	void *arg);

/* Does the service work, and (with a name) does this person sign in? result is the callee's. */
typedef void auth_ldap_report_fn(void *arg, int rc, json_t *result, const char *why);
void auth_ldap_test(struct auth_ldap *l, struct slice name, struct slice password, auth_ldap_report_fn *fn, void *arg);
/*
 * Takes people and groups over; dry: only says what would be done. vanish_percent: 0: that of the settings. ERR_LIMIT: too many would
 * vanish, nothing was done; ERR_EXISTS: one is running. One account at a time, each a change of its own.
 */
void auth_ldap_sync(struct auth_ldap *l, bool dry, unsigned vanish_percent, struct slice actor, auth_ldap_report_fn *fn, void *arg);

#endif
