/*
 * directory.db: clients and grants of our authorization server, identities at other providers, certificates of devices, people and
 * groups of an LDAP directory. Tables: auth/directory_schema.h. Texts lie in the arena that was given.
 */
#ifndef AUTH_DIRECTORY_SSO_H
#define AUTH_DIRECTORY_SSO_H

#include "auth/directory.h"
#include "sso/ldap_plan.h"
#include "sso/oauth.h"

/* ---- our authorization server ---- */

int directory_oauth_client_add(struct directory *d, const struct oauth_client *client, int64_t now, struct error *err);
int directory_oauth_client_get(struct directory *d, struct slice id, struct arena *arena, struct oauth_client *ret);
int directory_oauth_client_list(struct directory *d, struct slice after, struct arena *arena, struct oauth_client *ret, size_t max);
int directory_oauth_client_remove(struct directory *d, struct slice id, struct error *err); /* ERR_NOT_FOUND */

/* What a person allowed a client: its tokens are sessions that are bound to it, and mail sessions are opened in its name. */
struct directory_oauth {
	uint32_t id;            /* from the numbers of credentials */
	uint8_t account[16];
	struct slice client, scope;
	unsigned proven;        /* AUTH_PROVEN_…, of the session that allowed it */
	int64_t created;
};
int directory_oauth_add(struct directory *d, const struct directory_oauth *g, struct error *err);
int directory_oauth_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_oauth *ret);
/* With the scope of that token, which may be less than the grant's. */
int directory_oauth_of_session(struct directory *d, uint32_t session, struct arena *arena, struct directory_oauth *ret);
int directory_oauth_bind(struct directory *d, uint32_t id, uint32_t session, struct slice scope, struct error *err);
int directory_oauth_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_oauth *ret, size_t max);
int directory_oauth_of_client(struct directory *d, struct slice client, struct arena *arena, struct directory_oauth *ret, size_t max);
/* Its tokens end; the grant stays. */
int directory_oauth_drop_tokens(struct directory *d, uint32_t id, struct error *err);
/* With its tokens. ERR_NOT_FOUND. */
int directory_oauth_remove(struct directory *d, uint32_t id, struct error *err);
/* A refresh token that was used: whoever shows it again is not the one who got the next. */
int directory_oauth_spend(struct directory *d, struct slice token, uint32_t id, int64_t ends, struct error *err);
int directory_oauth_spent(struct directory *d, struct slice token, uint32_t *ret_id); /* 0, ERR_NOT_FOUND, ERR_IO */
/* Removes what has ended. Changes of their own. */
void directory_oauth_expire(struct directory *d, int64_t now);

/* ---- identities at other providers ---- */

#define IDENTITIES_MAX 20 /* of one account */
struct directory_identity {
	struct slice issuer, subject, email;
	uint8_t account[16];
	int64_t created;
};
int directory_identity_add(struct directory *d, const struct directory_identity *i, struct error *err);
int directory_identity_get(struct directory *d, struct slice issuer, struct slice subject, struct arena *arena,
	struct directory_identity *ret);
int directory_identity_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_identity *ret,
	size_t max);
int directory_identity_remove(struct directory *d, const uint8_t account[16], struct slice issuer, struct slice subject, struct error *err);

/* ---- certificates of devices; gone with their credential ---- */

#define CERTIFICATES_MAX 20 /* of one account */
struct directory_certificate {
	uint8_t fingerprint[32]; /* SHA-256 of the certificate */
	uint32_t credential;
	uint8_t account[16];
	struct slice label;
	int64_t not_after, created;
};
int directory_certificate_add(struct directory *d, const struct directory_certificate *c, struct error *err);
int directory_certificate_get(struct directory *d, const uint8_t fingerprint[32], struct arena *arena, struct directory_certificate *ret);
int directory_certificate_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct directory_certificate *ret,
	size_t max);

/* ---- LDAP ---- */

int directory_ldap_put(struct directory *d, struct slice key, const uint8_t account[16], struct slice dn, bool disabled_here, int64_t now,
	struct error *err);
/* Everybody known, in the arena; the count or negative. */
int directory_ldap_list(struct directory *d, struct arena *arena, struct ldap_known **ret);
/* The account of a person. 0, ERR_NOT_FOUND, ERR_IO. */
int directory_ldap_find(struct directory *d, struct slice key, uint8_t ret_account[16]);
/* Does the account come from LDAP? 1, 0 or negative. */
int directory_ldap_has(struct directory *d, const uint8_t account[16]);
int directory_ldap_group_put(struct directory *d, struct slice key, const struct address *address, struct error *err);
int directory_ldap_group_get(struct directory *d, struct slice key, struct arena *arena, struct address *ret);
/* Takes all members out of a group. */
int directory_members_clear(struct directory *d, const struct address *group, struct error *err);

#endif
