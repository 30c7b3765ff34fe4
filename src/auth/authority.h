/*
 * The organisation's own authority for certificates of devices. Its keys are made and used in `key`; here is its life: a root with one issuing
 * authority at a time below it, the ledger, the lists of revoked certificates, and what of it the audit log and the owners are told.
 *
 * A certificate signs in (SASL EXTERNAL) while the ledger calls it good; the lists are for others, who do not see the ledger.
 */
#ifndef AUTH_AUTHORITY_H
#define AUTH_AUTHORITY_H

#include "auth/directory_ca.h"
#include "auth/host.h"

#define AUTHORITY_ROOT_DAYS 7300
#define AUTHORITY_ISSUING_DAYS 3650
#define AUTHORITY_WARN_DAYS 30        /* before its end a certificate is named, and its owner told */
#define AUTHORITY_OPEN_MAX 20         /* requests and good certificates of one account */
#define AUTHORITY_TRUST_MAX 250000    /* bytes of authority_trust */

struct authority;

struct authority_settings {
	unsigned days;           /* that a certificate of a device lasts, at most, and unless less is asked for; up to MAIL_CA_DEVICE_DAYS_MAX */
	int64_t crl_s;           /* a list of revoked ones is good for so long; a new one is made at half of it */
	struct slice crl_url;    /* where it can be had; must stay; empty: certificates do not say */
};

/* Keeps directory and host by pointer. */
struct authority *authority_create(struct directory *directory, const struct auth_host *host, const struct authority_settings *settings);
void authority_configure(struct authority *a, const struct authority_settings *settings);
void authority_free(struct authority **a); /* nothing may be under way */

struct authority_plan { /* borrowed */
	struct slice organisation;           /* of a new root; at most 40 bytes */
	enum mail_ca_algorithm algorithm;    /* of a new root */
	bool renew;                          /* only a new issuing authority, below the root that is there */
	struct slice author, approver;
};
typedef void authority_fn(void *arg, int rc);
/*
 * A new root with its issuing authority, which ends every certificate there was before; or, renewing, only the latter. It is named for the domains
 * of now. fn is called once, never from inside: 0; ERR_NOT_FOUND: no root to renew below; ERR_CONFLICT: one is being made; ERR_TEMPORARY: `key`.
 */
void authority_make(struct authority *a, const struct authority_plan *plan, authority_fn *fn, void *arg);

/*
 * Inside a change: certifies a request of the ledger, with `approver` as who let its device in. *row becomes good. ERR_NOT_FOUND: there is no
 * authority; ERR_UNSUPPORTED: the authority is not for the domain of the address; ERR_TEMPORARY: `key`.
 */
int authority_issue(struct authority *a, struct issued *row, struct slice approver, struct error *err);
/* Inside a change: all requests of a device that was let in. */
int authority_issue_device(struct authority *a, uint32_t device, struct slice approver, struct error *err);
/* Inside a change: it is revoked, or, when it was not issued yet, withdrawn; its credential is gone. */
int authority_revoke(struct authority *a, const struct issued *row, enum mail_ca_reason reason, struct slice revoker, struct error *err);
/* Behind a change, and about once a second: what the ledger has new is recorded, sessions of what was revoked end, lists of revoked ones are made. */
void authority_sweep(struct authority *a);
/* About once a minute: lists and authorities that come near their end, owners of certificates that do. */
void authority_step(struct authority *a);

/* Why a certificate that the ledger knows does not sign in for this account; NULL: it does. */
const char *authority_problem(struct directory *d, const struct issued *row, const uint8_t account[16], uint32_t credential, int64_t now);
/* Appends the certificates (PEM) of all authorities whose certificates may be good. */
int authority_trust(struct authority *a, struct buf *out);
/* The newest list of revoked certificates of an authority in DER, as HTTP would serve it; empty: none yet. In the arena. */
int authority_crl(const struct authority *a, uint32_t id, struct arena *arena, struct slice *ret_der);
/* Appends a certificate and those above it (PEM), as a client shows them. */
int authority_chain(const struct authority *a, const struct issued *row, struct buf *out);
/* Is the authority for addresses of this domain? */
bool authority_covers(const struct authority_row *row, struct slice domain);

#endif
