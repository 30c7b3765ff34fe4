/* Inside auth: an exchange and what its mechanism (one file each) calls to go on or to end it. */
#ifndef AUTH_MECHANISM_H
#define AUTH_MECHANISM_H

#include "auth/login.h"
#include "auth/session.h"
#include "auth/scram.h"

struct exchange;

struct mechanism {
	const char *name;
	/* One client message. Ends in exactly one exchange_challenge, exchange_verified or exchange_failed, now or later. */
	void (*step)(struct exchange *x, struct slice data);
};
extern const struct mechanism mechanism_plain, mechanism_scram, mechanism_scram_plus, mechanism_oauthbearer, mechanism_xoauth2,
	mechanism_external, mechanism_session, mechanism_other;

struct exchange {
	uint32_t magic;
	struct auth_login *login;
	uint64_t id;
	uint32_t sender;
	enum auth_protocol protocol;
	enum auth_tls tls;
	struct arena arena;
	struct slice address, binding_type, binding;
	const struct mechanism *mechanism;
	int64_t began_ms;    /* of the exchange */
	int64_t step_ms;     /* of this step */
	bool running;        /* a step is in work */
	auth_step_fn *fn;    /* of this step */
	void *fn_arg;

	unsigned steps;      /* done before this one */
	struct slice name;   /* sign-in name in normal form, or as given when it is none */
	bool known;          /* the account exists */
	struct account account;
	struct scram scram;
	struct slice password; /* PLAIN: wiped at the end */
	struct credential credential;
	struct slice imported; /* hash of another system that verifies the password */
	struct session session; /* of the web, id 0: it signs in by something else */
	struct secrets secrets; /* of an imported account, while its password is taken over */

	const struct auth_other *other; /* of AUTH_MECHANISM_OTHER, during its step */
	struct slice owner;  /* whose mailbox is wanted, as given; empty: one's own */
	struct slice actor;  /* the delegate who acts for `account`; empty: nobody */
	uint8_t delegate[16]; /* the actor's account */
	uint32_t proof;      /* the actor's credential */
	auth_rights rights;  /* of the actor */
	struct slice final_data;
	uint32_t used_credential;
	uint8_t ticket[16];
	struct buf sender_facts;
	const char *reason;
	enum auth_status status;
	bool read_only;      /* by policy */
	bool refused_by_policy;
	bool refused;        /* exchange_refused was answered: the next message ends it */
};

/* The own name of what the client calls itself; the owner of "owner*delegate" goes to x->owner. */
struct slice exchange_split_name(struct exchange *x, struct slice name);
/*
 * The proof of the delegate was right: x->account becomes the owner, the secrets the owner's, as far as the delegation and its grant allow. 0,
 * ERR_DENIED (no such owner, no right, no key; nobody is told which), ERR_IO.
 */
int exchange_act_for_owner(struct exchange *x, struct secrets *secrets);
/* Sets name, known and account from what the client calls itself. 0 or ERR_TEMPORARY. */
int exchange_identify(struct exchange *x, struct slice name);
/* May this name be tried from this address now? Ends the exchange with AUTH_THROTTLED when not. */
bool exchange_allowed(struct exchange *x);
void exchange_challenge(struct exchange *x, struct slice data);
/* data: what the mechanism says at success, in the arena. Takes the secrets over. */
void exchange_verified(struct exchange *x, struct secrets *secrets, uint32_t credential, struct slice data);
/* AUTH_BAD_CREDENTIALS counts as a failure and is answered after the delay; reason: for the log. */
void exchange_failed(struct exchange *x, enum auth_status status, const char *reason);
/* As a failure with AUTH_BAD_CREDENTIALS, but the client first gets `data` as a challenge and answers it (RFC 7628 3.2.3); then exchange_ended. */
void exchange_refused(struct exchange *x, struct slice data, const char *reason);
void exchange_ended(struct exchange *x, enum auth_status status);

/* Parts of the login that mechanisms use. */
struct directory *login_directory(struct auth_login *login);
struct kek_queue *login_keks(struct auth_login *login);
struct remember *login_remember(struct auth_login *login);
const struct auth_host *login_host(const struct auth_login *login);
/* SCRAM keys for a credential that just opened the secrets, when it should have some and has none. */
void exchange_renew_scram(struct exchange *x, uint32_t credential, const struct slice *texts, size_t count, const struct secrets *secrets);
bool login_scram_passwords(const struct auth_login *login);
/* Are certificates of others taken (auth.client_ca)? */
bool login_takes_certificates(const struct auth_login *login);
bool login_takes_tokens(const struct auth_login *login);
struct slice login_oauth_issuer(const struct auth_login *login); /* empty: tokens come from elsewhere */
struct auth_ldap *login_ldap(const struct auth_login *login); /* NULL: none */
struct external *login_external(const struct auth_login *login); /* NULL: none */
/* Is the account's password too old to sign in with? Changing it is still possible elsewhere. */
bool login_password_expired(const struct auth_login *login, const struct credential *password);
struct password_cost login_cost(const struct auth_login *login);

#endif
